/* SPDX-License-Identifier: MIT */
/* test_exporter_list.c - sessions of one address and domain are one row, with what the exporter tells of its
 * sampling */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "exporter_list.h"
#include "export_maker.h"
#include "null_sink.h"

enum { WAIT_MS = 20000 };

static struct export export;
static struct engine *engine;
static struct exporter_watch *watch;
static int to;

static void send_from(int from)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    assert_int_equal(getsockname(to, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(sendto(from, export.data, export.size_bytes, 0, (struct sockaddr *)&address, length),
                     export.size_bytes);
}

static int open_socket(void)
{
    const int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int start(void **state)
{
    (void)state;
    struct sink_error error;
    const struct engine_options options = {.worker_count = 1, .journal_bytes = 4 << 20, .commit_us = 1000000};
    engine = engine_create(&options, &error);
    assert_non_null(engine);
    collector_add(engine_collector(engine, 0), null_sink_create(&error));
    to = open_socket();
    const struct receiver_socket socket = {.fd = to}, *const sockets[] = {&socket};
    assert_int_equal(engine_start(engine, sockets, (size_t[]){1}, &error), 0);
    watch = exporter_watch_create(engine);
    return watch == NULL;
}

static int end(void **state)
{
    (void)state;
    struct sink_error error;
    uint64_t left;
    exporter_watch_free(watch);
    assert_int_equal(engine_end(engine, true, NULL, &left, &error), 0);
    engine_free(engine);
    close(to);
    return 0;
}

/* The row of a domain, once the engine has this many datagrams of it. */
static struct exporter_row row_of(uint32_t domain, uint64_t datagrams, size_t *ret_count)
{
    const struct timespec a_while = {.tv_nsec = 10000000};
    for (int i = 0; i < WAIT_MS / 10; i++, nanosleep(&a_while, NULL)) {
        const struct exporter_list *list = exporter_watch_take(watch);
        struct exporter_row row = {0};
        assert_non_null(list);
        assert_int_equal(list->silent_workers, 0);
        for (size_t k = 0; k < list->count; k++) {
            if (list->rows[k].domain == domain)
                row = list->rows[k];
            assert_true(k == 0 || list->rows[k - 1].datagrams >= list->rows[k].datagrams);
        }
        *ret_count = list->count;
        exporter_watch_give(watch);
        if (row.datagrams == datagrams)
            return row;
    }
    fail_msg("the datagrams did not come");
    return (struct exporter_row){0};
}

static void make_sampler(uint32_t domain, uint32_t rate)
{
    static const uint16_t fields[][2] = {{1, 4}, {34, 4}}; /* scope: system; samplingInterval */
    export_begin(&export, domain);
    export_template(&export, 300, fields, 2, 1);
    export_set(&export, 300);
    export_put(&export, 0, 4);
    export_put(&export, rate, 4);
    export_set_end(&export);
}

static void make_rows(uint32_t domain, int count)
{
    static const uint16_t fields[][2] = {{8, 4}, {1, 4}};
    export_begin(&export, domain);
    export_template(&export, 256, fields, 2, 0);
    export_set(&export, 256);
    export_put(&export, 1, (size_t)count * 8);
    export_set_end(&export);
}

static void test_rows(void **state)
{
    (void)state;
    const int one = open_socket(), two = open_socket();
    size_t count;
    export.sequence = 0;
    make_rows(7, 3);
    send_from(one);
    export.sequence = 0;
    make_rows(7, 4); /* of another port */
    send_from(two);
    export.sequence = 4;
    make_rows(7, 1); /* three are missing */
    send_from(two);
    export.sequence = 0;
    make_sampler(0, 100);
    send_from(one);
    export.sequence = 0;
    make_sampler(9, 50);
    send_from(one);
    const struct exporter_row nine = row_of(9, 1, &count), zero = row_of(0, 1, &count), seven = row_of(7, 3, &count);
    assert_int_equal(count, 3);
    assert_int_equal(seven.sessions, 2);
    assert_int_equal(seven.flows, 8);
    assert_int_equal(seven.lost, 3);
    assert_int_equal(seven.templates, 2);
    assert_int_equal(seven.version, 9);
    assert_true(seven.first_us > 0 && seven.last_us >= seven.first_us && seven.template_oldest_us >= seven.first_us);
    assert_int_equal(seven.exported_us, 1700000000000000);
    assert_true(exporter_row_loss(&seven) > 0.499 && exporter_row_loss(&seven) < 0.501);
    assert_int_equal(seven.sampling_rate, 100); /* told for all domains, as that of domain 0 */
    assert_int_equal(zero.sampling_rate, 100);
    assert_int_equal(nine.sampling_rate, 50);
    close(one);
    close(two);
}

static void test_rates(void **state)
{
    (void)state;
    struct exporter_row row = {.flows = 100, .options = 0, .lost_records = 25, .first_us = 1000000,
                               .last_us = 11000000};
    assert_true(exporter_row_loss(&row) == 0.2);
    assert_true(exporter_row_flow_rate(&row) == 10);
    row = (struct exporter_row){0};
    assert_true(exporter_row_loss(&row) == 0 && exporter_row_flow_rate(&row) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, start, end),
        cmocka_unit_test(test_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
