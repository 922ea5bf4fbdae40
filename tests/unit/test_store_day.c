/* SPDX-License-Identifier: MIT */
/* test_store_day.c - the day of a home router, told by a clock of the test's own: never many files, and small ones in
 * the end */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>

#include "export_maker.h"
#include "segment_maker.h"
#include "store_check.h"
#include "store_merge.h"
#include "store_writer.h"

enum { COMMIT_S = 5, DAY_S = 86400, DATAGRAMS = 5, FLOWS = 10, LEDGER_S = 60, FILES_MAX = 100, FLOW_BYTES_MAX = 30 };

static const int64_t day_s = 1704844800; /* 2024-01-10, UTC */

static char folder[64];
static uint64_t random_state = 1;

static uint32_t pick(uint32_t count)
{
    return (uint32_t)(made_random(&random_state) % count);
}

/* Small numbers are more likely than large ones. */
static uint32_t pick_uneven(uint32_t count)
{
    return (uint32_t)((uint64_t)pick(count) * pick(count) / count);
}

static void put_flow(struct export *export, uint32_t uptime_ms)
{
    static const uint16_t ports[] = {443, 443, 443, 443, 443, 443, 53, 53, 53, 80, 123, 993, 8443};
    const uint16_t port = ports[pick(sizeof ports / sizeof ports[0])], other = (uint16_t)(32768 + pick(28000));
    const bool udp = port == 53 || port == 123, out = pick(2) == 0;
    const uint32_t host = 0xc0a80100 + 10 + pick_uneven(12), peer = 0x5db8d800 + pick_uneven(600) * 7919;
    const uint32_t packets = udp ? 1 : 4 + pick_uneven(60), bytes = udp ? 60 + pick(200) : packets * (60 + pick(1200));
    const uint32_t duration_ms = udp ? pick(100) : pick_uneven(60000);
    export_put(export, out ? host : peer, 4);
    export_put(export, out ? peer : host, 4);
    export_put(export, uptime_ms - 200, 4);
    export_put(export, uptime_ms - 200 - duration_ms, 4);
    export_put(export, bytes, 4);
    export_put(export, packets, 4);
    export_put(export, out ? 1 : 2, 4);
    export_put(export, out ? 2 : 1, 4);
    export_put(export, out ? other : port, 2);
    export_put(export, out ? port : other, 2);
    export_put(export, udp ? 17 : 6, 1);
    export_put(export, udp ? 0 : 27, 1);
    export_put(export, 4, 1);
    export_put(export, 0, 1);
}

static void feed(struct weir_decoder *decoder, struct store_writer *writer, struct export *export, int64_t now_us)
{
    static const uint16_t fields[][2] = {{8, 4}, {12, 4}, {21, 4}, {22, 4}, {1, 4}, {2, 4}, {10, 4}, {14, 4}, {7, 2},
                                         {11, 2}, {4, 1},
                                         {6, 1}, {60, 1}, {5, 1}};
    const uint32_t uptime_ms = (uint32_t)((now_us - day_s * 1000000) / 1000) + 10000000;
    const uint32_t time_s = (uint32_t)(now_us / 1000000);
    struct store_error error;
    export_begin(export, 0);
    for (int i = 0; i < 4; i++) {
        export->data[4 + i] = (uint8_t)(uptime_ms >> (24 - 8 * i));
        export->data[8 + i] = (uint8_t)(time_s >> (24 - 8 * i));
    }
    export_template(export, 1024, fields, sizeof fields / sizeof fields[0], 0);
    export_set(export, 1024);
    for (int i = 0; i < FLOWS; i++)
        put_flow(export, uptime_ms);
    export_set_end(export);
    const struct weir_datagram datagram = {.data = export->data, .size_bytes = export->size_bytes,
                                           .source = export_address(1),
                                           .source_port = 40000, .received_us = now_us};
    weir_decoder_feed(decoder, &datagram);
    weir_decoder_finish(decoder);
    struct weir_batch *batch;
    while ((batch = weir_decoder_next(decoder)) != NULL) {
        assert_int_equal(store_writer_batch(writer, batch, &error), 0);
        weir_batch_release(batch);
    }
}

/* What was written just now was written when the test's clock says. Returns how many files there are. */
static unsigned set_times(const char *path, int64_t now_us)
{
    const struct timespec now = {.tv_sec = now_us / 1000000}, times[2] = {now, now};
    unsigned count = 0;
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char below[1024];
        struct stat status;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR) {
            count += set_times(below, now_us);
            continue;
        }
        count++;
        assert_int_equal(stat(below, &status), 0);
        if (status.st_mtim.tv_sec > day_s + 2 * DAY_S)
            assert_int_equal(utimensat(AT_FDCWD, below, times, 0), 0);
    }
    closedir(directory);
    return count;
}

/* The hours just past, as the collector's own thread does; once an hour, all there is. */
static void merge(struct store_merger *merger, int64_t now_us)
{
    const int64_t from_s = now_us / 1000000 % 3600 == 0 ? INT64_MIN : now_us / 1000000 - 3 * 3600;
    struct store_merge_counts counts = {0};
    struct store_error error;
    if (store_merger_pass(merger, now_us, from_s, &counts, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(counts.damaged, 0);
}

static void tell(void *context, bool wrong, const char *text)
{
    (void)context;
    (void)wrong;
    fail_msg("%s", text);
}

static void a_day(void **state)
{
    static struct export export;
    struct store_writer_options options;
    struct store_merge_options merge_options;
    struct store_error error;
    struct store_check_counts counts;
    unsigned most = 0;
    (void)state;
    strcpy(folder, "/tmp/weir-store-day-XXXXXX");
    assert_non_null(mkdtemp(folder));
    store_writer_options_init(&options, folder);
    options.sync = STORE_SYNC_NEVER;
    options.merge = false; /* it is done here, by the test's clock */
    store_merge_options_init(&merge_options, folder);
    merge_options.sync = false;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct store_writer *writer = store_writer_create(&options, &error);
    struct store_merger *merger = store_merger_create(&merge_options, &error);
    assert_true(decoder != NULL && writer != NULL && merger != NULL);
    for (int64_t at_s = COMMIT_S; at_s <= DAY_S; at_s += COMMIT_S) {
        const int64_t now_us = (day_s + at_s) * 1000000;
        for (int i = DATAGRAMS; i > 0; i--)
            feed(decoder, writer, &export, now_us - i * 1000000 + 500000);
        if (at_s % LEDGER_S == 0)
            store_writer_ledger(writer, decoder, now_us - 1);
        store_writer_drain(writer);
        const unsigned files = set_times(folder, now_us);
        most = files > most ? files : most;
        merge(merger, now_us);
        set_times(folder, now_us);
    }
    merge(merger, (day_s + DAY_S + 600) * 1000000);
    merge(merger, (day_s + DAY_S + 1200) * 1000000);
    set_times(folder, (day_s + DAY_S + 600) * 1000000);
    merge(merger, (day_s + DAY_S + 1200) * 1000000);
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
    assert_int_equal(store_check(folder, &(struct store_check_listener){.tell = tell}, &counts, &error), 0);
    struct segment_list list = {0};
    uint64_t bytes = 0;
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    for (uint32_t i = 0; i < list.current.count; i++)
        bytes += list.current.files[i].size_bytes;
    const double flows = (double)DAY_S / COMMIT_S * DATAGRAMS * FLOWS;
    print_message("%u files at the most; at the end %u of flows, %.1f octets a flow\n", most, list.current.count,
                  (double)bytes / flows);
    assert_int_equal(list.obsolete.count, 0);
    assert_true(most <= FILES_MAX);
    assert_true((double)bytes <= FLOW_BYTES_MAX * flows);
    assert_true(counts.rows >= (uint64_t)flows);
    assert_int_equal(list.current.count, 24);
    segment_list_done(&list);
    store_merger_free(merger);
    weir_decoder_free(decoder);
    remove_store(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_day)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
