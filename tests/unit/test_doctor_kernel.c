/* SPDX-License-Identifier: MIT */
/*
 * test_doctor_kernel.c - what files of /proc tell, and files that are none such
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doctor_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/weir-doctor-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void take_away(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    unlink(path);
}

static int set_up(void **state)
{
    char path[256];
    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/net", root);
    return mkdir(path, 0700);
}

static int tear_down(void **state)
{
    char path[256];
    (void)state;
    take_away("net/snmp");
    take_away("net/snmp6");
    take_away("net/udp");
    take_away("net/udp6");
    take_away("number");
    snprintf(path, sizeof path, "%s/net", root);
    rmdir(path);
    return rmdir(root);
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t number = 7;
    assert_false(doctor_read_number(root, "number", &number));
    put("number", "none\n");
    assert_false(doctor_read_number(root, "number", &number));
    assert_int_equal(number, 7);
    put("number", "212992\n");
    assert_true(doctor_read_number(root, "number", &number));
    assert_int_equal(number, 212992);
}

static void test_counts(void **state)
{
    (void)state;
    struct doctor_udp udp;
    assert_false(doctor_read_udp(root, &udp));
    put("net/snmp", "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
        "IgnoredMulti MemErrors\n"
                    "Udp: 100 2 30 400 20 0 9 0 0\nUdpLite: InDatagrams RcvbufErrors\nUdpLite: 1000 1000\n");
    assert_true(doctor_read_udp(root, &udp));
    assert_int_equal(udp.received, 100);
    assert_int_equal(udp.buffer_errors, 20);
    assert_int_equal(udp.checksum_errors, 9);
    put("net/snmp6", "Udp6InDatagrams                 \t1\nUdp6RcvbufErrors "
        "\t2\nUdp6InCsumErrors\t3\nUdpLite6RcvbufErrors\t100\n");
    assert_true(doctor_read_udp(root, &udp));
    assert_int_equal(udp.received, 101);
    assert_int_equal(udp.buffer_errors, 22);
    assert_int_equal(udp.checksum_errors, 12);
    take_away("net/snmp6");
    put("net/snmp", "Udp: InDatagrams RcvbufErrors\nUdp: 5\n"); /* fewer numbers than names */
    assert_true(doctor_read_udp(root, &udp));
    assert_int_equal(udp.received, 5);
    assert_int_equal(udp.buffer_errors, 0);
    put("net/snmp", "Udp: InDatagrams RcvbufErrors\n");
    assert_false(doctor_read_udp(root, &udp));
}

static void test_sockets(void **state)
{
    (void)state;
    struct doctor_port port;
    assert_false(doctor_read_port(root, 2055, &port));
    put("net/udp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode "
        "ref pointer drops\n"
                   "  617: 00000000:0807 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 "
                   "61442 2 ffff8880 5\n"
                   "  618: 0100007F:0808 00000000:0000 07 00000000:00000500 00:00000000 00000000     0        0 "
                   "61443 2 ffff8880 50 \n"
                   "nothing that makes sense\n\n"
                   "  619: 0100007F:0807 00000000:0000 07 00000000:00000001 00:00000000 00000000     0        0 "
                   "61443 2 ffff8880 6 ");
    assert_true(doctor_read_port(root, 2055, &port));
    assert_int_equal(port.sockets, 2);
    assert_int_equal(port.drops, 11);
    assert_int_equal(port.waiting_bytes, 0x301);
    put("net/udp6", "  sl  local_address                         remote_address                        st tx_queue "
        "rx_queue ... drops\n"
                    "  617: 00000000000000000000000000000000:0807 00000000000000000000000000000000:0000 07 "
                    "00000000:00000000 "
                    "00:00000000 00000000     0        0 61442 2 ffff8880 100\n");
    assert_true(doctor_read_port(root, 2055, &port));
    assert_int_equal(port.sockets, 3);
    assert_int_equal(port.drops, 111);
    assert_true(doctor_read_port(root, 9, &port));
    assert_int_equal(port.sockets, 0);
}

/* Those of this machine. */
static void test_real(void **state)
{
    (void)state;
    struct doctor_udp udp;
    assert_true(doctor_read_udp("/proc", &udp));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_real),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
