/* SPDX-License-Identifier: MIT */
/*
 * test_capture.c - capture files: formats, times, ports, fragments, files that are cut off, files that are none
 */
#define _GNU_SOURCE

#include <pcap/dlt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "capture_maker.h"

static char folder[] = "/tmp/test_capture_XXXXXX";
static char path[sizeof(folder) + 16];
static struct made file;
static struct sink_error error;
static struct weir_datagram datagram;
static uint16_t port;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/flows.pcap", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int start_file(void **state)
{
    (void)state;
    file.size_bytes = 0;
    memset(&error, 0, sizeof(error));
    return 0;
}

static void write_file(size_t size_bytes)
{
    FILE *stream = fopen(path, "wb");

    assert_non_null(stream);
    assert_int_equal(fwrite(file.octets, 1, size_bytes, stream), size_bytes);
    assert_int_equal(fclose(stream), 0);
}

static struct capture *open_file(void)
{
    struct capture *capture;

    write_file(file.size_bytes);
    capture = capture_open(path, NULL, 0, &error);
    if (capture == NULL) {
        fail_msg("%s", error.text);
    }
    return capture;
}

static int next(struct capture *capture)
{
    return capture_next(capture, &datagram, &port, &error);
}

static void check_datagram(size_t size_bytes, uint8_t family)
{
    assert_int_equal(datagram.size_bytes, size_bytes);
    for (size_t i = 0; i < size_bytes; i++) {
        assert_int_equal(datagram.data[i], payload_octet(i));
    }
    assert_int_equal(datagram.source.family, family);
    assert_int_equal(datagram.source.octets[0], family == 4 ? 192 : 0x20);
    assert_int_equal(datagram.source_port, SOURCE_PORT);
}

static void check_sum(const struct capture *capture)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < PACKET_VERDICT_COUNT; i++) {
        sum += capture_counts(capture)->buckets[i];
    }
    assert_int_equal(sum, capture_counts(capture)->packets);
}

static uint64_t bucket(const struct capture *capture, enum packet_verdict verdict)
{
    return capture_counts(capture)->buckets[verdict];
}

/* The numbers that files have for link types differ from libpcap's own for some. */
static void every_link_type(void **state)
{
    static const struct {
        uint32_t in_file;
        size_t header_bytes;
        uint8_t header[20];
        uint8_t family;
    } links[] = {
        {0, 4, {2, 0, 0, 0}, 4},
        {LINKTYPE_ETHERNET, 14, {[12] = 0x08}, 4},
        {9, 4, {0xff, 0x03, 0x00, 0x57}, 6},
        {LINKTYPE_RAW, 0, {0}, 4},
        {108, 4, {0, 0, 0, 24}, 6},
        {113, 16, {[14] = 0x86, [15] = 0xdd}, 6},
        {228, 0, {0}, 4},
        {229, 0, {0}, 6},
        {276, 20, {0x08, 0x00}, 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct made packet = {0};
        struct capture *capture;

        file.size_bytes = 0;
        put(&packet, links[i].header, links[i].header_bytes);
        if (links[i].family == 4) {
            put_ipv4_datagram(&packet, EXPORT_PORT, 100);
        } else {
            put_ipv6_datagram(&packet, EXPORT_PORT, 100);
        }
        put_pcap_header(&file, MAGIC_US, links[i].in_file);
        put_whole_record(&file, &packet);
        capture = open_file();
        assert_int_equal(next(capture), 1);
        check_datagram(100, links[i].family);
        assert_int_equal(port, EXPORT_PORT);
        assert_int_equal(next(capture), 0);
        assert_int_equal(next(capture), 0);
        check_sum(capture);
        capture_close(capture);
    }
}

static void check_time(int64_t time_us)
{
    struct capture *capture = open_file();

    assert_int_equal(next(capture), 1);
    check_datagram(10, 4);
    assert_int_equal(datagram.received_us, time_us);
    assert_int_equal(next(capture), 0);
    capture_close(capture);
    file.size_bytes = 0;
}

static void times(void **state)
{
    struct made packet = {0};

    (void)state;
    put_ipv4_datagram(&packet, EXPORT_PORT, 10);
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    put_record(&file, TIME_S, 123456, &packet, packet.size_bytes);
    check_time(INT64_C(1700000000123456));
    put_pcap_header(&file, MAGIC_NS, LINKTYPE_RAW);
    put_record(&file, TIME_S, 123456789, &packet, packet.size_bytes);
    check_time(INT64_C(1700000000123456));
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    put_record(&file, UINT32_MAX, 999999, &packet, packet.size_bytes); /* in 2106 */
    check_time(INT64_C(4294967295999999));
    put_pcapng_header(&file);
    put_interface(&file, LINKTYPE_RAW);
    put_enhanced_packet(&file, UINT64_C(1700000000123456789), &packet);
    check_time(INT64_C(1700000000123456));
}

/* The same file in the octet order of the other kind of machine. */
static void little_endian(void **state)
{
    static const uint8_t header[] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
                                     0,    0,    0,    0,    0, 0, 4, 0, 101, 0, 0, 0};
    static const uint8_t record[] = {1, 0, 0, 0, 2, 0, 0, 0, 38, 0, 0, 0, 38, 0, 0, 0};

    (void)state;
    put(&file, header, sizeof(header));
    put(&file, record, sizeof(record));
    put_ipv4_datagram(&file, EXPORT_PORT, 10);
    check_time(1000002);
}

static void ports_are_chosen(void **state)
{
    static const uint16_t wanted[] = {2055, 65535, 0};
    static const uint16_t sent[] = {2055, 2056, 0, 65535, 53, 2055};
    struct capture *capture;
    struct made packet = {0};

    (void)state;
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    for (size_t i = 0; i < 6; i++) {
        packet.size_bytes = 0;
        put_ipv4_datagram(&packet, sent[i], 10);
        put_whole_record(&file, &packet);
    }
    put_record(&file, TIME_S, 0, &packet, 30); /* cut, and wanted */
    packet.size_bytes = 0;
    put_ipv4_datagram(&packet, 53, 10);
    put_record(&file, TIME_S, 0, &packet, 30); /* cut, but nobody asked for it */
    write_file(file.size_bytes);
    capture = capture_open(path, wanted, 3, &error);
    assert_non_null(capture);
    for (size_t i = 0; i < 6; i++) {
        if (sent[i] != 2056 && sent[i] != 53) {
            assert_int_equal(next(capture), 1);
            assert_int_equal(port, sent[i]);
        }
    }
    assert_int_equal(capture_next(capture, &datagram, NULL, &error), 0);
    assert_int_equal(bucket(capture, PACKET_DATAGRAM), 4);
    assert_int_equal(bucket(capture, PACKET_OTHER_PORT), 3);
    assert_int_equal(bucket(capture, PACKET_CUT_SHORT), 1);
    check_sum(capture);
    capture_close(capture);
}

/* Octets first to first + size_bytes of what follows the IP header: UDP header and 3000 octets of payload. */
static void put_fragment(int version, uint32_t id, uint16_t to_port, size_t first, size_t size_bytes)
{
    struct made all = {0}, packet = {0};
    size_t all_bytes = 3008;

    put_udp(&all, to_port, all_bytes);
    put_payload(&all, 0, all_bytes - 8);
    put_ethernet(&packet, version == 4 ? 0x0800 : 0x86dd);
    if (version == 4) {
        put_ipv4(&packet, 20 + size_bytes, (uint16_t)id,
                 (uint16_t)(first / 8 | (first + size_bytes < all_bytes ? MORE_FRAGMENTS : 0)), 17);
    } else {
        put_ipv6(&packet, 8 + size_bytes, 44);
        put_fragment_header(&packet, 17, first, first + size_bytes < all_bytes, id);
    }
    put(&packet, all.octets + first, size_bytes);
    put_zeros(&packet, 6); /* padding */
    put_whole_record(&file, &packet);
}

static void fragments_are_joined(void **state)
{
    static const uint16_t wanted[] = {EXPORT_PORT};
    struct capture *capture;
    struct made other = {0};

    (void)state;
    put_pcap_header(&file, MAGIC_US, LINKTYPE_ETHERNET);
    put_fragment(4, 7, EXPORT_PORT, 0, 1480);
    put_fragment(6, 7, EXPORT_PORT, 2896, 112);
    put_fragment(4, 8, 53, 0, 1480);
    put_fragment(4, 7, EXPORT_PORT, 1480, 1480);
    put_fragment(6, 7, EXPORT_PORT, 1448, 1448);
    put_fragment(4, 8, 53, 1480, 1528);
    put_fragment(4, 7, EXPORT_PORT, 2960, 48); /* 4 is whole */
    put_fragment(4, 9, EXPORT_PORT, 0, 1480);  /* stays alone */
    put_fragment(6, 7, EXPORT_PORT, 0, 1448);  /* 6 is whole */
    put_ethernet(&other, 0x0800);
    put_ipv4_datagram(&other, EXPORT_PORT, 10);
    put_whole_record(&file, &other);
    write_file(file.size_bytes);
    capture = capture_open(path, wanted, 1, &error);
    assert_non_null(capture);
    assert_int_equal(next(capture), 1);
    check_datagram(3000, 4);
    assert_int_equal(next(capture), 1);
    check_datagram(3000, 6);
    assert_int_equal(next(capture), 1);
    check_datagram(10, 4);
    assert_int_equal(next(capture), 0);
    assert_int_equal(bucket(capture, PACKET_DATAGRAM), 3);
    assert_int_equal(bucket(capture, PACKET_OTHER_PORT), 1);
    assert_int_equal(bucket(capture, PACKET_FRAGMENT), 6);
    assert_int_equal(capture_counts(capture)->reassembly.begun, 4);
    assert_int_equal(capture_counts(capture)->reassembly.whole, 3);
    assert_int_equal(capture_counts(capture)->reassembly.incomplete, 1);
    check_sum(capture);
    capture_close(capture);
}

/* The fragment of which the snap length left too little is missing; nothing is made up for it. */
static void a_cut_fragment_is_missing(void **state)
{
    struct made packet = {0};
    struct capture *capture;

    (void)state;
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    put_ipv4(&packet, 20 + 16, 1, MORE_FRAGMENTS, 17);
    put_udp(&packet, EXPORT_PORT, 24);
    put_payload(&packet, 0, 8);
    put_record(&file, TIME_S, 0, &packet, 35);
    packet.size_bytes = 0;
    put_ipv4(&packet, 20 + 8, 1, 2, 17);
    put_payload(&packet, 8, 8);
    put_whole_record(&file, &packet);
    capture = open_file();
    assert_int_equal(next(capture), 0);
    assert_int_equal(bucket(capture, PACKET_CUT_SHORT), 1);
    assert_int_equal(bucket(capture, PACKET_FRAGMENT), 1);
    assert_int_equal(capture_counts(capture)->reassembly.incomplete, 1);
    capture_close(capture);
}

static void cut_off_at_every_length(void **state)
{
    size_t ends[4]; /* of the header and of each record */
    char text[64];

    (void)state;
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    ends[0] = file.size_bytes;
    for (size_t i = 1; i < 4; i++) {
        struct made packet = {0};

        put_ipv4_datagram(&packet, EXPORT_PORT, 10 * i);
        put_whole_record(&file, &packet);
        ends[i] = file.size_bytes;
    }
    for (size_t size_bytes = 0; size_bytes <= file.size_bytes; size_bytes++) {
        struct capture *capture;
        size_t count = 0;

        write_file(size_bytes);
        capture = capture_open(path, NULL, 0, &error);
        assert_int_equal(capture != NULL, size_bytes >= ends[0]);
        if (capture == NULL) {
            assert_non_null(strstr(error.text, size_bytes == 0 ? "is empty" : "is not a capture"));
            continue;
        }
        while (count < 3 && size_bytes >= ends[count + 1]) {
            count++;
            assert_int_equal(next(capture), 1);
            check_datagram(10 * count, 4);
        }
        assert_int_equal(next(capture), size_bytes == ends[count] ? 0 : -1);
        if (size_bytes != ends[count]) {
            snprintf(text, sizeof(text), "flows.pcap is cut off in packet %zu; ", count + 1);
            assert_non_null(strstr(error.text, text));
            assert_non_null(strstr(error.text, count == 0   ? "no packet was read"
                                               : count == 1 ? "the 1 before it was read"
                                                            : "the 2 before it were read"));
        }
        assert_int_equal(next(capture), 0); /* told once */
        assert_int_equal(capture_counts(capture)->packets, count);
        capture_close(capture);
    }
}

static void pcapng_cut_off_at_every_length(void **state)
{
    struct made packet = {0};
    size_t header_bytes;

    (void)state;
    put_pcapng_header(&file);
    put_interface(&file, LINKTYPE_RAW);
    header_bytes = file.size_bytes;
    put_ipv4_datagram(&packet, EXPORT_PORT, 10);
    put_enhanced_packet(&file, 0, &packet);
    for (size_t size_bytes = 0; size_bytes <= file.size_bytes; size_bytes++) {
        struct capture *capture;

        write_file(size_bytes);
        capture = capture_open(path, NULL, 0, &error);
        assert_int_equal(capture != NULL, size_bytes >= header_bytes);
        if (capture != NULL) {
            assert_int_equal(next(capture), size_bytes == file.size_bytes ? 1 : size_bytes == header_bytes ? 0 : -1);
            assert_int_equal(next(capture), 0);
            capture_close(capture);
        }
    }
}

static void damaged_in_the_middle(void **state)
{
    struct made packet = {0};
    struct capture *capture;

    (void)state;
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    put_ipv4_datagram(&packet, EXPORT_PORT, 10);
    put_whole_record(&file, &packet);
    put_number(&file, 0, 8);
    put_number(&file, 0xffffffffffffffff, 8); /* a length that no packet has */
    put_whole_record(&file, &packet); /* nobody knows where the next one begins, even where it does here */
    capture = open_file();
    assert_int_equal(next(capture), 1);
    assert_int_equal(next(capture), -1);
    assert_non_null(strstr(error.text, "is damaged in packet 2; the 1 before it was read"));
    assert_int_equal(next(capture), 0);
    capture_close(capture);
}

static void refuse(const char *name, const char *text)
{
    assert_null(capture_open(name, NULL, 0, &error));
    assert_non_null(strstr(error.text, name));
    if (strstr(error.text, text) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, text);
    }
}

static void files_that_are_none(void **state)
{
    static const char *const contents[][2] = {
        {"\x1f\x8b\x08\x00", "gzip-compressed; unpack it on the way: gzip -dc"},
        {"\x28\xb5\x2f\xfd", "zstd-compressed"},
        {"\xfd"
         "7zXZ",
         "xz-compressed"},
        {"{\"flows\": []}, and more of it", "is not a capture"},
        {"x", "is not a capture"},
    };

    (void)state;
    refuse(folder, "is a folder");
    unlink(path);
    refuse(path, "No such file or directory");
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        file.size_bytes = 0;
        put(&file, contents[i][0], strlen(contents[i][0]));
        write_file(file.size_bytes);
        refuse(path, contents[i][1]);
    }
    if (geteuid() != 0) { /* root may read anything */
        assert_int_equal(chmod(path, 0), 0);
        refuse(path, "Permission denied");
        unlink(path);
    }
}

static void link_types_that_are_not_understood(void **state)
{
    struct made packet = {0};
    struct capture *capture;

    (void)state;
    put_pcap_header(&file, MAGIC_US, 105);
    write_file(file.size_bytes);
    refuse(path, "type IEEE802_11 (number 105");
    assert_non_null(strstr(error.text, "Ethernet"));
    file.size_bytes = 0;
    put_pcap_header(&file, MAGIC_US, 60000);
    write_file(file.size_bytes);
    refuse(path, "type unknown (number 60000)");

    file.size_bytes = 0;
    put_pcapng_header(&file);
    put_interface(&file, LINKTYPE_RAW);
    put_ipv4_datagram(&packet, EXPORT_PORT, 10);
    put_enhanced_packet(&file, 0, &packet);
    put_interface(&file, LINKTYPE_ETHERNET);
    capture = open_file();
    assert_int_equal(next(capture), 1);
    assert_int_equal(next(capture), -1);
    assert_non_null(strstr(error.text, "interfaces of different kinds"));
    assert_non_null(strstr(error.text, "after packet 1"));
    capture_close(capture);
}

/* A pipe has no size and cannot be read twice. */
static void standard_input(void **state)
{
    struct made packet = {0};
    struct capture *capture;
    int ends[2], kept = dup(STDIN_FILENO);
    uint64_t done, total;

    (void)state;
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    put_ipv4_datagram(&packet, EXPORT_PORT, 10);
    put_whole_record(&file, &packet);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], file.octets, file.size_bytes), file.size_bytes);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    capture = capture_open("-", NULL, 0, &error);
    assert_non_null(capture);
    assert_int_equal(next(capture), 1);
    check_datagram(10, 4);
    assert_int_equal(next(capture), 0);
    assert_false(capture_progress(capture, &done, &total));
    capture_close(capture);
    if (kept >= 0) {
        dup2(kept, STDIN_FILENO);
        close(kept);
    }
    clearerr(stdin);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

/* Waiting for a pipe that stays silent ends with a signal, and nobody is told of a failure. */
static void interrupted(void **state)
{
    struct itimerval soon = {{0, 20000}, {0, 20000}}, never = {0}; /* repeated, lest the first comes before the wait */
    struct sigaction action = {.sa_handler = on_alarm}, before;
    struct capture *capture;
    struct made packet = {0};
    int ends[2];

    (void)state;
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    put_ipv4_datagram(&packet, EXPORT_PORT, 10);
    put_whole_record(&file, &packet);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], file.octets, file.size_bytes), file.size_bytes);
    capture = capture_open_stream(fdopen(ends[0], "rb"), "pipe", NULL, 0, &error);
    assert_non_null(capture);
    assert_int_equal(next(capture), 1);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(next(capture), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_string_equal(error.text, "");
    capture_close(capture);
    close(ends[1]);
}

static void progress(void **state)
{
    struct made packet = {0};
    struct capture *capture;
    uint64_t done = 0, total = 0;

    (void)state;
    put_pcap_header(&file, MAGIC_US, LINKTYPE_RAW);
    put_ipv4_datagram(&packet, EXPORT_PORT, 10);
    put_whole_record(&file, &packet);
    put_whole_record(&file, &packet);
    capture = open_file();
    assert_int_equal(next(capture), 1);
    assert_true(capture_progress(capture, &done, &total));
    assert_int_equal(total, file.size_bytes);
    assert_int_equal(done, (file.size_bytes - 24) / 2 + 24);
    capture_close(capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_link_type, start_file),
        cmocka_unit_test_setup(times, start_file),
        cmocka_unit_test_setup(little_endian, start_file),
        cmocka_unit_test_setup(ports_are_chosen, start_file),
        cmocka_unit_test_setup(fragments_are_joined, start_file),
        cmocka_unit_test_setup(a_cut_fragment_is_missing, start_file),
        cmocka_unit_test_setup(cut_off_at_every_length, start_file),
        cmocka_unit_test_setup(pcapng_cut_off_at_every_length, start_file),
        cmocka_unit_test_setup(damaged_in_the_middle, start_file),
        cmocka_unit_test_setup(files_that_are_none, start_file),
        cmocka_unit_test_setup(link_types_that_are_not_understood, start_file),
        cmocka_unit_test_setup(standard_input, start_file),
        cmocka_unit_test_setup(interrupted, start_file),
        cmocka_unit_test_setup(progress, start_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
