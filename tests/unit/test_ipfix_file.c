/* SPDX-License-Identifier: MIT */
/*
 * test_ipfix_file.c - IPFIX files, whole, cut at every place and damaged, and how they are told from captures
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipfix_file.h"
#include "source.h"

/* Three messages: of 16, 24 and 20 octets, exported at 1,000,000,000 s, 4,294,967,295 s, 1 s. */
static const uint8_t good[] = {
    0, 10, 0, 16, 0x3b, 0x9a, 0xca, 0,    0, 0, 0, 1, 0, 0, 0, 7,
    0, 10, 0, 24, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0, 0, 0, 7, 0, 2, 0, 8, 1, 2, 0, 0,
    0, 10, 0, 20, 0,    0,    0,    1,    0, 0, 0, 3, 0, 0, 0, 7, 1, 0, 0, 4,
};

static FILE *stream_of(const uint8_t *data, size_t size)
{
    FILE *stream = tmpfile();
    assert_non_null(stream);
    assert_int_equal(fwrite(data, 1, size, stream), size);
    rewind(stream);
    return stream;
}

/* Reads to the end. Returns the number of messages; `ret_last` is what ended it. */
static int read_all(struct ipfix_file *file, int *ret_last, struct sink_error *error)
{
    struct weir_datagram datagram;
    int count = 0, got;
    while ((got = ipfix_file_next(file, &datagram, error)) == 1) {
        assert_true(datagram.reliable && datagram.source.family == 0);
        assert_true(datagram.size_bytes >= 16);
        count++;
    }
    *ret_last = got;
    assert_int_equal(ipfix_file_next(file, &datagram, error), 0);
    return count;
}

static void test_messages_are_framed_by_their_length(void **state)
{
    static const int64_t times_s[] = {1000000000, 4294967295, 1};
    static const size_t sizes[] = {16, 24, 20};
    struct sink_error error = {0};
    struct weir_datagram datagram;
    uint64_t done, total;
    size_t offset = 0;
    (void)state;
    struct ipfix_file *file = ipfix_file_open_stream(stream_of(good, sizeof good), "f.ipfix", &error);
    assert_non_null(file);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ipfix_file_next(file, &datagram, &error), 1);
        assert_int_equal(datagram.size_bytes, sizes[i]);
        assert_memory_equal(datagram.data, good + offset, sizes[i]);
        assert_int_equal(datagram.received_us, times_s[i] * 1000000);
        offset += sizes[i];
        assert_true(ipfix_file_progress(file, &done, &total));
        assert_int_equal(done, offset);
        assert_int_equal(total, sizeof good);
    }
    assert_int_equal(ipfix_file_next(file, &datagram, &error), 0);
    assert_string_equal(error.text, "");
    ipfix_file_close(file);
}

static void test_cut_at_every_place(void **state)
{
    (void)state;
    for (size_t size = 2; size <= sizeof good; size++) {
        struct sink_error error = {0};
        struct ipfix_file *file = ipfix_file_open_stream(stream_of(good, size), "f.ipfix", &error);
        int last;
        assert_non_null(file);
        const int count = read_all(file, &last, &error);
        const bool whole = size == 16 || size == 40 || size == 60;
        assert_int_equal(count, (size >= 16) + (size >= 40) + (size >= 60));
        assert_int_equal(last, whole ? 0 : -1);
        assert_int_equal(strstr(error.text, "is cut off") != NULL, !whole);
        if (size == 39)
            assert_string_equal(error.text, "f.ipfix is cut off in the message that begins at octet 16; the 1 message "
                                            "before it was read");
        ipfix_file_close(file);
    }
}

static void check_damage(size_t at, uint8_t octet, int count, const char *text)
{
    uint8_t data[sizeof good];
    struct sink_error error = {0};
    int last;
    memcpy(data, good, sizeof good);
    data[at] = octet;
    struct ipfix_file *file = ipfix_file_open_stream(stream_of(data, sizeof data), "f.ipfix", &error);
    assert_non_null(file);
    assert_int_equal(read_all(file, &last, &error), count);
    assert_int_equal(last, -1);
    assert_string_equal(error.text, text);
    ipfix_file_close(file);
}

static void test_damage_is_told_with_its_place(void **state)
{
    (void)state;
    check_damage(41, 9, 2, "f.ipfix is damaged at octet 40: no IPFIX message begins there; the 2 messages before it "
                           "were read");
    check_damage(19, 15, 1, "f.ipfix is damaged at octet 16: a message of 15 octets, and its header has 16; the 1 "
                            "message before it was read");
    check_damage(3, 0, 0, "f.ipfix is damaged at octet 0: a message of 0 octets, and its header has 16; no message was "
                          "read");
    check_damage(42, 255, 2, "f.ipfix is cut off in the message that begins at octet 40; the 2 messages before it were "
                             "read");
}

static void test_longest_message(void **state)
{
    uint8_t *data = calloc(2, 65535);
    struct sink_error error = {0};
    int last;
    (void)state;
    for (int i = 0; i < 2; i++)
        memcpy(data + (size_t)i * 65535, (const uint8_t[]){0, 10, 255, 255}, 4);
    struct ipfix_file *file = ipfix_file_open_stream(stream_of(data, 2 * 65535), "f.ipfix", &error);
    assert_int_equal(read_all(file, &last, &error), 2);
    assert_int_equal(last, 0);
    ipfix_file_close(file);
    free(data);
}

static void test_other_files_are_refused(void **state)
{
    static const uint8_t other[] = {0, 9, 0, 1};
    struct sink_error error = {0};
    (void)state;
    assert_null(ipfix_file_open_stream(stream_of(other, sizeof other), "f", &error));
    assert_non_null(strstr(error.text, "f is neither a capture, pcap or pcapng, nor an IPFIX file"));
    assert_null(ipfix_file_open_stream(stream_of(other, 1), "f", &error));
    assert_null(ipfix_file_open_stream(stream_of(other, 0), "f", &error));
}

static char *write_file(const void *data, size_t size)
{
    char *path = strdup("/tmp/test_ipfix_file.XXXXXX");
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, data, size), size);
    close(descriptor);
    return path;
}

static void test_kind_is_told_by_the_begin(void **state)
{
    static const uint8_t pcap[] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0};
    static const uint16_t port = 2055;
    struct sink_error error = {0};
    struct weir_datagram datagram;
    uint64_t done, total;
    (void)state;
    char *path = write_file(good, sizeof good);
    struct source *source = source_open(path, NULL, 0, &error);
    assert_non_null(source);
    assert_null(source_counts(source));
    assert_int_equal(source_next(source, &datagram, &error), 1);
    assert_int_equal(datagram.size_bytes, 16);
    assert_true(source_progress(source, &done, &total) && done == 16 && total == sizeof good);
    source_close(source);
    assert_null(source_open(path, &port, 1, &error));
    assert_non_null(strstr(error.text, "leave -p out"));
    unlink(path);
    free(path);
    path = write_file(pcap, sizeof pcap);
    source = source_open(path, &port, 1, &error);
    assert_non_null(source);
    assert_non_null(source_counts(source));
    assert_int_equal(source_next(source, &datagram, &error), 0);
    source_close(source);
    unlink(path);
    assert_null(source_open(path, NULL, 0, &error));
    assert_non_null(strstr(error.text, "cannot open"));
    free(path);
    path = write_file("", 0);
    assert_null(source_open(path, NULL, 0, &error));
    assert_non_null(strstr(error.text, "is empty"));
    unlink(path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_are_framed_by_their_length), cmocka_unit_test(test_cut_at_every_place),
        cmocka_unit_test(test_damage_is_told_with_its_place),       cmocka_unit_test(test_longest_message),
        cmocka_unit_test(test_other_files_are_refused),             cmocka_unit_test(test_kind_is_told_by_the_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
