/* SPDX-License-Identifier: MIT */
/* test_store_account.c - what is missing of a store is found, whatever was merged, killed or expired; and what is not
 * missing is not */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "form_maker.h"
#include "ledger_log.h"
#include "segment_maker.h"
#include "store_account.h"
#include "store_check.h"
#include "store_expire.h"
#include "store_format.h"
#include "store_merge.h"
#include "store_writer.h"

enum { ROWS = 50, COMMITS = 12, LEDGER_EACH = 4 };

#define HOUR_US 3600000000
#define BEGIN_US (1700000000 / 3600 * HOUR_US)

static char folder[64];
static uint8_t numbers[ROWS];
static char told[256]; /* what was told last */
static struct store_damaged damaged;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weir-store-account-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove_store(folder);
    return 0;
}

static struct store_writer *create(uint32_t workers)
{
    struct store_writer_options options;
    struct store_error error = {0};
    store_writer_options_init(&options, folder);
    options.wait = true;
    options.merge = false;
    options.segment_bytes = 1; /* each batch is a commit */
    options.workers = workers;
    struct store_writer *writer = store_writer_create(&options, &error);
    if (writer == NULL)
        fail_msg("%s", error.text);
    return writer;
}

static void feed(struct store_writer *writer, int64_t received_us, bool options)
{
    struct made_form form;
    struct store_error error = {0};
    form_init(&form, options ? 2 : 1);
    form.layout.options = options;
    form.run.received_us = received_us;
    form_field(&form, "number", WEIR_KIND_U8, 1, numbers);
    if (store_writer_batch(writer, form_batch(&form, ROWS), &error) != 0)
        fail_msg("%s", error.text);
}

static void end(struct store_writer *writer)
{
    struct store_error error = {0};
    if (store_writer_close(writer, NULL, &error) != 0)
        fail_msg("%s", error.text);
}

/* A run of COMMITS commits from this hour on, an hour each LEDGER_EACH of them, which has a page of the ledger then.
 * Where `killed` so many of the last ones have none. */
static void run(int64_t begin_us, uint32_t killed)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct store_writer *writer = create(1);
    for (uint32_t i = 0; i < COMMITS; i++) {
        const int64_t received_us = begin_us + i / LEDGER_EACH * HOUR_US + i;
        feed(writer, received_us, i % LEDGER_EACH == 2);
        if ((i + 1) % LEDGER_EACH == 0 && i + killed < COMMITS) {
            store_writer_drain(writer);
            store_writer_ledger(writer, decoder, received_us);
        }
    }
    end(writer);
    weir_decoder_free(decoder);
}

static void tell(void *context, bool wrong, const char *text)
{
    (void)context;
    assert_true(wrong);
    snprintf(told, sizeof told, "%s", text);
}

static struct store_account_counts look(void)
{
    struct store_account_counts counts;
    struct store_error error = {0};
    told[0] = '\0';
    if (store_account(folder, &damaged, tell, NULL, &counts, &error) != 0)
        fail_msg("%s", error.text);
    return counts;
}

static void expect(uint64_t all, uint64_t untold, uint64_t unknown)
{
    const struct store_account_counts counts = look();
    assert_string_equal(told, "");
    assert_int_equal(counts.told, all);
    assert_int_equal(counts.untold, untold);
    assert_int_equal(counts.unknown, unknown);
    assert_int_equal(counts.wrong, 0);
}

static void list(struct segment_list lists[SEGMENT_KIND_COUNT])
{
    struct store_error error;
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
        lists[kind] = (struct segment_list){0};
        assert_int_equal(segment_list_read(&lists[kind], folder, (enum segment_kind)kind, NULL, NULL, NULL, &error), 0);
    }
}

static void merge(bool all)
{
    struct store_merge_options options;
    struct store_merge_counts counts = {0};
    struct store_error error;
    store_merge_options_init(&options, folder);
    options.grace_us = 0;
    options.all = all;
    struct store_merger *merger = store_merger_create(&options, &error);
    assert_non_null(merger);
    if (store_merger_pass(merger, BEGIN_US + 100 * HOUR_US, INT64_MIN, &counts, &error) != 0)
        fail_msg("%s", error.text);
    assert_true(counts.merges > 0);
    store_merger_free(merger);
}

/* Takes each file away in turn. Nobody tells of the very last commit, which is one of the ledger. */
static uint32_t expect_each_is_missed(uint64_t last)
{
    struct segment_list lists[SEGMENT_KIND_COUNT];
    uint32_t files = 0;
    list(lists);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
        for (uint32_t i = 0; i < lists[kind].current.count; i++, files++) {
            const struct segment_file *file = &lists[kind].current.files[i];
            char away[128];
            snprintf(away, sizeof away, "%s/away", folder);
            assert_int_equal(rename(file->path, away), 0);
            const struct store_account_counts counts = look();
            assert_int_equal(rename(away, file->path), 0);
            if ((counts.wrong > 0) != (file->name.sequence_last < last))
                fail_msg("without %s: %s", file->path, told);
        }
        segment_list_done(&lists[kind]);
    }
    return files;
}

static void a_missing_file_is_missed(void **state)
{
    (void)state;
    run(BEGIN_US, 0);
    expect(COMMITS * ROWS, 0, 0);
    assert_int_equal(expect_each_is_missed(COMMITS + 3), COMMITS + 3);
}

static void a_missing_merged_file_is_missed(void **state)
{
    (void)state;
    run(BEGIN_US, 0);
    merge(true);
    expect(COMMITS * ROWS, 0, 0);
    assert_int_equal(expect_each_is_missed(COMMITS + 3), 2 * COMMITS / LEDGER_EACH + COMMITS / LEDGER_EACH);
}

/* What was there before the ledger could tell of it is told by files; of the last commit nobody tells. */
static void a_killed_run_is_exact(void **state)
{
    (void)state;
    run(BEGIN_US, COMMITS);
    expect(0, COMMITS * ROWS, 0);
    assert_int_equal(expect_each_is_missed(COMMITS), COMMITS);
    run(BEGIN_US + 10 * HOUR_US, LEDGER_EACH + 1);
    expect(LEDGER_EACH * ROWS, 2 * COMMITS * ROWS - LEDGER_EACH * ROWS, 0);
    run(BEGIN_US + 20 * HOUR_US, 0);
    expect((COMMITS + LEDGER_EACH) * ROWS, (2 * COMMITS - LEDGER_EACH) * ROWS, 0);
    merge(true);
    expect((COMMITS + LEDGER_EACH) * ROWS, (2 * COMMITS - LEDGER_EACH) * ROWS, 0);
}

/* Its rows, and those that the ledger tells with them in one sum, are not taken to be there. */
static void a_damaged_file_is_not_checkable(void **state)
{
    (void)state;
    struct segment_list lists[SEGMENT_KIND_COUNT];
    run(BEGIN_US, 0);
    list(lists);
    damaged = (struct store_damaged){&lists[SEGMENT_FLOWS].current.files[0].path, 1};
    expect((COMMITS - LEDGER_EACH) * ROWS, 0, LEDGER_EACH * ROWS);
    damaged.paths = &lists[SEGMENT_LEDGER].current.files[0].path; /* what can be read of it counts */
    expect(COMMITS * ROWS, 0, 0);
    damaged = (struct store_damaged){0};
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&lists[kind]);
}

/* Puts a file of one row less, which agrees with itself and tells that it is of this format, in the place of
 * another. */
static void make_anew(const char *format)
{
    struct segment_list lists[SEGMENT_KIND_COUNT];
    struct store_error error;
    struct file_writer writer;
    const struct file_column column = {.name = "received", .field_id = 1, .type = STORE_TIME_US};
    const int64_t times[ROWS] = {BEGIN_US};
    const struct store_values values = {.data = times, .item_count = ROWS - 1, .row_count = ROWS - 1, .width_bytes = 8};
    uint64_t bytes;
    list(lists);
    const struct segment_file *file = &lists[SEGMENT_FLOWS].current.files[4];
    char commits[32];
    snprintf(commits, sizeof commits, "%u:%d", (unsigned)file->name.sequence_first, ROWS - 1);
    const struct file_note notes[] = {{"weir.format", format}, {"weir.kind", "flows"}, {"weir.rows", "49"},
                                      {NOTE_COMMITS, commits}};
    unlink(file->path);
    if (file_writer_init(&writer, PARQUET_ZSTD, 1) != 0 || file_writer_begin(&writer, file->path, &column, 1,
                                                                             &error) != 0 ||
        file_writer_row_group(&writer, &values, NULL, 0, &error) != 0 ||
        file_writer_finish(&writer, notes, 4, false, &bytes, &error) != 0)
        fail_msg("%s", error.text);
    file_writer_done(&writer);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&lists[kind]);
}

/* A file with fewer rows than were stored. */
static void a_file_that_was_made_anew_is_found(void **state)
{
    struct store_check_counts counts;
    struct store_error error;
    (void)state;
    run(BEGIN_US, 0);
    make_anew(FILE_FORMAT);
    assert_int_equal(store_check(folder, &(struct store_check_listener){.tell = tell}, &counts, &error), 0);
    assert_int_equal(counts.damaged, 0);
    assert_true(counts.account.wrong > 0);
    assert_non_null(strstr(told, "and "));
    merge(true); /* and afterwards no less */
    assert_true(look().wrong > 0);
}

/* What a later version wrote is not known to be less than was stored. */
static void a_file_of_another_format_is_unknown(void **state)
{
    struct store_check_counts counts;
    struct store_error error;
    (void)state;
    run(BEGIN_US, 0);
    make_anew("2");
    assert_int_equal(store_check(folder, &(struct store_check_listener){.tell = tell}, &counts, &error), 0);
    assert_non_null(strstr(told, "is of format 2"));
    assert_int_equal(counts.unknown, 1);
    assert_int_equal(counts.damaged, 0);
    expect((COMMITS - LEDGER_EACH) * ROWS, 0, LEDGER_EACH * ROWS); /* of its page of the ledger */
}

/* Another number in the ledger than what was stored. */
static void a_ledger_that_was_made_anew_is_found(void **state)
{
    struct segment_list lists[SEGMENT_KIND_COUNT];
    struct store_error error;
    struct file_writer writer;
    uint64_t bytes;
    (void)state;
    run(BEGIN_US, 0);
    list(lists);
    const struct segment_file *file = &lists[SEGMENT_LEDGER].current.files[0];
    const struct ledger_page page = {.time_us = BEGIN_US, .has_collector = true, .commit_first = 1,
                                     .commit_last = LEDGER_EACH,
                                     .collector = {.rows_stored = LEDGER_EACH * ROWS + 1}};
    unlink(file->path);
    if (file_writer_init(&writer, PARQUET_ZSTD, 1) != 0 || ledger_page_write(&page, &writer, file->path, NULL, 0,
                                                                             false, &bytes, &error) != 0)
        fail_msg("%s", error.text);
    file_writer_done(&writer);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&lists[kind]);
    const struct store_account_counts counts = look();
    assert_int_equal(counts.wrong, 1);
    assert_non_null(strstr(told, "201 records came by the commits 1 to 4"));
    assert_non_null(strstr(told, "and 200 are there"));
}

/* Not checkable is not wrong; and no commit has a number again. */
static void what_expired_is_not_missed(void **state)
{
    struct store_expire_counts counts = {0};
    struct store_error error;
    const struct store_expire_options days = {.folder = folder, .keep_days = 1};
    const struct store_expire_options bytes = {.folder = folder, .keep_bytes = 1};
    (void)state;
    run(BEGIN_US, 0);
    merge(true);
    assert_int_equal(store_expire(&days, BEGIN_US + 26 * HOUR_US, &counts, &error), 0);
    assert_int_equal(counts.segments, 2 * 3); /* of two hours, of each kind one */
    expect(LEDGER_EACH * ROWS, 0, 0); /* its row of the ledger is gone, too */
    run(BEGIN_US + 10 * HOUR_US, 0);
    expect((LEDGER_EACH + COMMITS) * ROWS, 0, 0);
    assert_int_equal(store_expire(&bytes, BEGIN_US + 26 * HOUR_US, &counts, &error), 0);
    expect(0, 0, 0);
    run(BEGIN_US + 20 * HOUR_US, 0);
    expect(COMMITS * ROWS, 0, 0);
    struct segment_list lists[SEGMENT_KIND_COUNT];
    list(lists);
    assert_int_equal(lists[SEGMENT_FLOWS].current.files[0].name.sequence_first, 2 * (COMMITS + 3) + 1);
    unlink(lists[SEGMENT_FLOWS].current.files[0].path); /* that it would go is not told, and so it is missed */
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&lists[kind]);
    assert_true(look().wrong > 0);
}

/* Flows of an hour go, and the row of the ledger that tells of them came in the next one. */
static void rows_of_the_ledger_outlive_what_they_tell_of(void **state)
{
    struct store_expire_counts counts = {0};
    struct store_error error;
    const struct store_expire_options days = {.folder = folder, .keep_days = 1};
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct store_writer *writer = create(1);
    (void)state;
    feed(writer, BEGIN_US, false);
    store_writer_drain(writer);
    feed(writer, BEGIN_US + HOUR_US, false);
    store_writer_drain(writer);
    store_writer_ledger(writer, decoder, BEGIN_US + HOUR_US);
    end(writer);
    weir_decoder_free(decoder);
    expect(2 * ROWS, 0, 0);
    assert_int_equal(store_expire(&days, BEGIN_US + 25 * HOUR_US, &counts, &error), 0);
    assert_int_equal(counts.segments, 1);
    expect(0, 0, 2 * ROWS);
}

/* The numbers of commits are no secret: whoever copies a file to another hour has its rows twice. */
static void a_commit_counts_once(void **state)
{
    struct segment_list lists[SEGMENT_KIND_COUNT];
    char path[512];
    (void)state;
    run(BEGIN_US, COMMITS);
    list(lists);
    const struct segment_file *file = &lists[SEGMENT_OPTIONS].current.files[lists[SEGMENT_OPTIONS].current.count - 1];
    assert_int_equal(file->name.sequence_first, COMMITS); /* of which nobody tells */
    made_name(folder, SEGMENT_OPTIONS, &file->name, file->hour_s + 50 * 3600, path);
    assert_int_equal(link(file->path, path), 0);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&lists[kind]);
    assert_int_equal(look().wrong, 1);
    assert_non_null(strstr(told, "the commit 12 of"));
}

/* Files of a version that had no notes of commits: single ones tell by their names, merged ones not at all. */
static void earlier_versions_are_not_wrong(void **state)
{
    (void)state;
    for (uint64_t sequence = 1; sequence <= 3; sequence++)
        make_segment(folder, sequence);
    expect(0, 3 * SEGMENT_ROWS, 0);
    merge(true);
    expect(0, 3 * SEGMENT_ROWS, 0);
}

/* Commits that end in another order than they began. */
static void many_workers(void **state)
{
    (void)state;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct store_writer *writer = create(8);
    for (int i = 0; i < 200; i++) {
        feed(writer, BEGIN_US + i, i % 3 == 0);
        if (i % 20 == 0)
            store_writer_ledger(writer, decoder, BEGIN_US + i);
    }
    store_writer_drain(writer);
    store_writer_ledger(writer, decoder, BEGIN_US + 300);
    end(writer);
    weir_decoder_free(decoder);
    expect(200 * ROWS, 0, 0);
}

/* Whatever of the cuts has its name: nobody tells of what is behind it. Here a file lies where a folder should be. */
static void cuts_get_their_names_in_order(void **state)
{
    struct store_writer_options options;
    struct store_error error = {0};
    char path[128];
    (void)state;
    store_writer_options_init(&options, folder);
    options.merge = false;
    options.segment_bytes = 1;
    options.cuts = true;
    options.id = 0xabc;
    options.queue_max = 8;
    struct store_writer *writer = store_writer_create(&options, &error);
    assert_non_null(writer);
    feed(writer, BEGIN_US, false);
    feed(writer, BEGIN_US, true);
    feed(writer, BEGIN_US, false);
    store_writer_cut(writer, 1);
    for (int i = 0; i < 5000 && store_writer_written(writer) < 1; i++)
        usleep(1000);
    feed(writer, BEGIN_US, false);
    store_writer_cut(writer, 2);
    for (int i = 0; i < 5000 && store_writer_written(writer) < 2; i++)
        usleep(1000);
    assert_int_equal(store_writer_written(writer), 2);
    expect(0, 0, 0); /* none has its name */
    snprintf(path, sizeof path, "%s/options", folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(store_writer_publish(writer, 2, &error), -1);
    unlink(path);
    expect(0, 2 * ROWS, 0);
    assert_int_equal(store_writer_publish(writer, 2, &error), 0);
    expect(0, 4 * ROWS, 0);
    assert_int_equal(expect_each_is_missed(4), 4);
    end(writer);
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_damaged_file_is_not_checkable),
        IN_A_FOLDER(a_missing_file_is_missed),
        IN_A_FOLDER(a_missing_merged_file_is_missed),
        IN_A_FOLDER(a_killed_run_is_exact),
        IN_A_FOLDER(a_file_that_was_made_anew_is_found),
        IN_A_FOLDER(a_file_of_another_format_is_unknown),
        IN_A_FOLDER(a_ledger_that_was_made_anew_is_found),
        IN_A_FOLDER(what_expired_is_not_missed),
        IN_A_FOLDER(rows_of_the_ledger_outlive_what_they_tell_of),
        IN_A_FOLDER(a_commit_counts_once),
        IN_A_FOLDER(earlier_versions_are_not_wrong),
        IN_A_FOLDER(many_workers),
        IN_A_FOLDER(cuts_get_their_names_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
