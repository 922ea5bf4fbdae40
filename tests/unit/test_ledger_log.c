/* SPDX-License-Identifier: MIT */
/* test_ledger_log.c - what is new since the last look, and that all looks together are what the decoder counted */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chunk_reader.h"
#include "ledger_log.h"
#include "v9_maker.h"

static struct weir_decoder *decoder;
static struct ledger_log *the_log;

static int set_up(void **state)
{
    (void)state;
    decoder = weir_decoder_create(NULL);
    the_log = ledger_log_create();
    return decoder == NULL || the_log == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    weir_decoder_free(decoder);
    ledger_log_free(the_log);
    return 0;
}

static void feed(uint32_t exporter, uint32_t domain, int datagrams)
{
    static struct v9_maker maker;
    static const uint16_t fields[] = {1, 4};
    for (int i = 0; i < datagrams; i++) {
        make_header(&maker, domain);
        make_template(&maker, 256, 1, fields);
        struct weir_datagram datagram = make_datagram(&maker, 2055, 1700000000000000 + i);
        datagram.source = (struct weir_address){
            .octets = {10, (uint8_t)(exporter >> 16), (uint8_t)(exporter >> 8), (uint8_t)exporter}, .family = 4};
        assert_int_equal(weir_decoder_feed(decoder, &datagram), 0);
        drain_rows(decoder);
    }
}

static struct ledger_page *look_at(uint64_t rows_stored, uint64_t commit_last, uint64_t rows_dropped)
{
    const struct commit_told told = {.first = 7, .last = commit_last, .rows = rows_stored};
    const struct ledger_collector collector = {.rows_dropped = rows_dropped};
    return ledger_log_take(the_log, decoder, &told, &collector, 1700000000000000);
}

static struct ledger_page *look(uint64_t rows_stored)
{
    return look_at(rows_stored, 9, 0);
}

static void news_alone(void **state)
{
    (void)state;
    feed(1, 7, 3);
    feed(1, 8, 1);
    struct ledger_page *page = look(0);
    assert_non_null(page);
    assert_int_equal(page->row_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(page->rows[i].counts.datagrams, page->rows[i].domain == 7 ? 3 : 1);
        assert_int_equal(page->rows[i].port, 2055);
        assert_int_equal(page->rows[i].version, 9);
    }
    assert_false(page->has_collector);
    ledger_page_free(page);
    assert_null(look(0));
    feed(1, 8, 2);
    page = look(5);
    assert_int_equal(page->row_count, 1);
    assert_int_equal(page->rows[0].domain, 8);
    assert_int_equal(page->rows[0].counts.datagrams, 2);
    assert_true(page->has_collector);
    assert_int_equal(page->collector.rows_stored, 5);
    ledger_page_free(page);
    page = look(9);
    assert_int_equal(page->row_count, 0);
    assert_int_equal(page->collector.rows_stored, 4);
    ledger_page_free(page);
}

static void expect_collector(struct ledger_page *page, uint64_t stored, uint64_t dropped, uint64_t first, uint64_t last)
{
    assert_non_null(page);
    assert_true(page->has_collector);
    assert_int_equal(page->collector.rows_stored, stored);
    assert_int_equal(page->collector.rows_dropped, dropped);
    assert_int_equal(page->commit_first, first);
    assert_int_equal(page->commit_last, last);
    ledger_page_free(page);
}

/* Each commit is told of once, in the order of their numbers, with the rows that came by those told of at once. */
static void commits_follow_each_other(void **state)
{
    (void)state;
    assert_null(look_at(0, 6, 0)); /* none is done */
    expect_collector(look_at(50, 8, 0), 50, 0, 7, 8);
    assert_null(look_at(50, 9, 0)); /* of another kind */
    expect_collector(look_at(120, 12, 0), 70, 0, 9, 12);
    expect_collector(look_at(120, 12, 5), 0, 5, 13, 12); /* none */
    expect_collector(look_at(121, 13, 5), 1, 0, 13, 13);
}

/* Datagrams that the kernel dropped make a row of their own, with what is new, where nothing was stored. */
static void drops(void **state)
{
    (void)state;
    const struct commit_told none = {.first = 7, .last = 6};
    struct ledger_collector collector = {.dropped_kernel = 5, .dropped_journal = 2, .outputs_missed = 1};
    struct ledger_page *page = ledger_log_take(the_log, decoder, &none, &collector, 1700000000000000);
    assert_true(page != NULL && page->has_collector);
    ledger_page_free(page);
    collector.dropped_kernel = 8;
    page = ledger_log_take(the_log, decoder, &none, &collector, 1700000000000000);
    assert_true(page != NULL && page->has_collector);
    assert_int_equal(page->collector.dropped_kernel, 3);
    assert_int_equal(page->collector.dropped_journal, 0);
    assert_int_equal(page->collector.outputs_missed, 0);
    assert_true(page->commit_last < page->commit_first);
    ledger_page_free(page);
    assert_null(ledger_log_take(the_log, decoder, &none, &collector, 1700000000000000));
}

/* What was told of drops goes to the next process with the rest; without that, it is said. */
static void drops_of_an_earlier_process(void **state)
{
    (void)state;
    uint8_t saved[4096];
    const struct commit_told none = {.first = 7, .last = 6};
    const struct ledger_collector collector = {.dropped_kernel = 5, .dropped_journal = 2};
    const struct ledger_collector at_cut = {.not_allowed = 7, .cut_off = 3}; /* of which nothing was told */
    const struct ledger_collector later = {.dropped_kernel = 9, .dropped_journal = 2, .not_allowed = 1};
    ledger_page_free(ledger_log_take(the_log, decoder, &none, &collector, 1700000000000000));
    const size_t size_bytes = ledger_log_save(the_log, decoder, &at_cut, saved, sizeof saved);
    assert_in_range(size_bytes, 1, sizeof saved);
    for (int i = 0; i < 2; i++) {
        struct ledger_log *next = ledger_log_create();
        if (i == 0)
            assert_true(ledger_log_load(next, saved, size_bytes));
        else
            ledger_log_dropped(next, 5, 2);
        struct ledger_page *page = ledger_log_take(next, decoder, &none, &later, 1700000000000000);
        assert_non_null(page);
        assert_int_equal(page->collector.dropped_kernel, 4);
        assert_int_equal(page->collector.dropped_journal, 0);
        assert_int_equal(page->collector.not_allowed, i == 0 ? 8 : 1);
        assert_int_equal(page->collector.cut_off, i == 0 ? 3 : 0);
        ledger_page_free(page);
        ledger_log_free(next);
    }
}

/* Many sessions: the table grows between looks, and none is told twice or not at all. */
static void many_sessions(void **state)
{
    (void)state;
    uint64_t datagrams = 0;
    for (uint32_t round = 1; round <= 4; round++) {
        for (uint32_t i = 0; i < 500 * round; i++)
            feed(i, i % 3, 1);
        struct ledger_page *page = look(0);
        assert_int_equal(page->row_count, 500 * round);
        for (uint32_t i = 0; i < page->row_count; i++) {
            assert_int_equal(page->rows[i].counts.datagrams, 1);
            datagrams += page->rows[i].counts.datagrams;
        }
        ledger_page_free(page);
    }
    assert_int_equal(datagrams, 500 + 1000 + 1500 + 2000);
}

/* What malloc() has given out; nothing where that cannot be told, as under a sanitizer. */
static size_t allocated_bytes(void)
{
#if defined(__GLIBC__)
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static uint64_t datagrams_of(const struct ledger_page *page)
{
    uint64_t datagrams = 0;
    for (uint32_t i = 0; page != NULL && i < page->row_count; i++)
        datagrams += page->rows[i].counts.datagrams;
    return datagrams;
}

static void make_small_decoder(uint32_t sessions_max)
{
    struct weir_options options;
    weir_options_init(&options);
    options.sessions_max = sessions_max;
    weir_decoder_free(decoder);
    decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
}

/* More of them between two looks than there is room for: what those counted that are gone is told too, and nothing twice. */
static void sessions_that_nobody_looked_at(void **state)
{
    (void)state;
    uint8_t saved[65536];
    const struct ledger_collector none = {0};
    make_small_decoder(10);
    for (uint32_t i = 0; i < 100; i++)
        feed(i, 1, 2);
    struct ledger_log *next = ledger_log_create();
    const size_t size_bytes = ledger_log_save(the_log, decoder, &none, saved, sizeof saved);
    assert_true(ledger_log_load(next, saved, size_bytes));
    struct ledger_page *page = look(0);
    assert_int_equal(datagrams_of(page), 200);
    ledger_page_free(page);
    assert_null(look(0));
    for (uint32_t i = 0; i < 100; i++)
        feed(i, 1, 3); /* some of which were told of before */
    page = look(0);
    assert_int_equal(datagrams_of(page), 300);
    ledger_page_free(page);
    struct weir_decoder *other = weir_decoder_create(NULL); /* of the next process, which tells what was saved */
    const struct commit_told told = {.first = 7, .last = 6};
    page = ledger_log_take(next, other, &told, &none, 1700000000000000);
    assert_int_equal(datagrams_of(page), 200);
    ledger_page_free(page);
    weir_decoder_free(other);
    ledger_log_free(next);
}

/* Sessions come and go: each is told once, and the log has room for those that are there, not for all that were. */
static void sessions_take_turns(void **state)
{
    (void)state;
    enum { SESSIONS = 4000, ROUNDS = 12, BYTES_EACH = 512 };
    make_small_decoder(SESSIONS);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < SESSIONS; i++)
            feed(round * SESSIONS + i, 1, 1);
        struct ledger_page *page = look(0);
        assert_int_equal(datagrams_of(page), SESSIONS);
        ledger_page_free(page);
    }
    const size_t before_bytes = allocated_bytes();
    ledger_log_free(the_log);
    the_log = NULL;
    assert_true(before_bytes - allocated_bytes() < SESSIONS * BYTES_EACH);
}

static uint64_t sum_of(const struct file_reader *file, const char *name)
{
    struct chunk_reader reader;
    struct store_error error;
    uint64_t sum = 0;
    assert_int_equal(chunk_reader_init(&reader), 0);
    for (uint32_t g = 0; g < file->group_count; g++) {
        for (uint32_t i = 0; i < file->column_count; i++) {
            struct column_data read = {0};
            if (strcmp(file->columns[i].name, name) != 0)
                continue;
            if (chunk_reader_read(&reader, file, g, i, file->columns[i].type, SIZE_MAX, &read, &error) != 0)
                fail_msg("%s", error.text);
            for (uint32_t k = 0; k < read.item_count; k++)
                sum += ((const uint64_t *)(const void *)read.data.data)[k];
            column_data_done(&read);
        }
    }
    chunk_reader_done(&reader);
    return sum;
}

static void written_and_read(void **state)
{
    (void)state;
    char path[] = "/tmp/weir-ledger-XXXXXX";
    struct file_writer writer;
    struct file_reader file;
    struct store_error error = {0};
    uint64_t size_bytes;
    close(mkstemp(path));
    unlink(path);
    feed(1, 7, 3);
    feed(2, 7, 4);
    struct ledger_page *page = look(11);
    assert_int_equal(file_writer_init(&writer, PARQUET_ZSTD, 1), 0);
    if (ledger_page_write(page, &writer, path, NULL, 0, false, &size_bytes, &error) != 0 ||
        file_reader_open(&file, path, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(file.row_count, 3);
    assert_int_equal(sum_of(&file, "datagrams"), 7);
    assert_int_equal(sum_of(&file, "templates_learned"), 2);
    assert_int_equal(sum_of(&file, "rows_stored"), 11);
    assert_int_equal(sum_of(&file, "rows_dropped"), 0);
    assert_int_equal(sum_of(&file, "commit_first"), 7);
    assert_int_equal(sum_of(&file, "commit_last"), 9);
    assert_int_equal(sum_of(&file, "received"), 3 * 1700000000000000);
    file_reader_close(&file);
    file_writer_done(&writer);
    ledger_page_free(page);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(news_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commits_follow_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drops_of_an_earlier_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_sessions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sessions_that_nobody_looked_at, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sessions_take_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(written_and_read, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
