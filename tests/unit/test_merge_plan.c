/* SPDX-License-Identifier: MIT */
/* test_merge_plan.c - the columns of a merged file: each has a name and an ID of its own, and they are not more than
 * can be read; and its row groups, which are of about the same size */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merge_plan.h"
#include "segment_maker.h"
#include "store_merge.h"

enum { WIDE = 30000 };

static char folder[64];
static const int64_t later_us = 2100000000000000; /* every hour is over */

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weir-merge-plan-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove_store(folder);
    return 0;
}

/* A file of one row, in which only the first column has a value. */
static void make_file(const char *path, const struct file_column *columns, uint32_t count)
{
    static const uint8_t octets[16] = {1};
    struct store_values *values = calloc(count, sizeof *values);
    struct file_writer writer;
    struct store_error error;
    const struct file_note notes[] = {{"weir.format", "1"}, {"weir.kind", "flows"}, {"weir.rows", "1"}};
    uint64_t bytes;
    assert_non_null(values);
    for (uint32_t i = 0; i < count; i++)
        values[i].row_count = 1;
    values[0].data = octets;
    values[0].width_bytes = chunk_width(columns[0].type);
    values[0].item_count = 1;
    if (file_writer_init(&writer, PARQUET_ZSTD, 1) != 0 || file_writer_begin(&writer, path, columns, count, &error) != 0 ||
        file_writer_row_group(&writer, values, NULL, -1, &error) != 0 ||
        file_writer_finish(&writer, notes, 3, false, &bytes, &error) != 0)
        fail_msg("cannot make a file");
    file_writer_done(&writer);
    free(values);
}

/* The plan of two files of these columns; the first of each is of numbers. */
struct pair {
    struct file_reader files[2];
    struct chunk_reader reader;
    struct merge_plan plan;
    char paths[2][96];
};

static void plan_pair(struct pair *pair, const struct file_column *first, uint32_t first_count, const struct file_column *second,
                      uint32_t second_count)
{
    struct store_error error;
    int bad;
    for (int i = 0; i < 2; i++) {
        snprintf(pair->paths[i], sizeof pair->paths[i], "%s/%d.parquet", folder, i);
        make_file(pair->paths[i], i == 0 ? first : second, i == 0 ? first_count : second_count);
        assert_int_equal(file_reader_open(&pair->files[i], pair->paths[i], &error), 0);
    }
    assert_int_equal(chunk_reader_init(&pair->reader), 0);
    if (merge_plan_make(&pair->plan, pair->files, 2, &pair->reader, NULL, 1 << 20, 1 << 20, &bad, &error) != 0)
        fail_msg("%s", error.text);
}

static void pair_done(struct pair *pair)
{
    merge_plan_done(&pair->plan);
    chunk_reader_done(&pair->reader);
    for (int i = 0; i < 2; i++)
        file_reader_close(&pair->files[i]);
}

static void expect_column(const struct merge_plan *plan, uint32_t index, const char *name, int32_t field_id, enum store_type type)
{
    assert_string_equal(plan->columns[index].name, name);
    assert_int_equal(plan->columns[index].field_id, field_id);
    assert_int_equal(plan->columns[index].type, type);
}

/* A column whose name is another's of another type has a name of its own, and with it another ID: who goes by IDs
 * would take it for the other. */
static void a_tail_has_an_id_of_its_own(void **state)
{
    static const struct file_column first[] = {{.name = "received", .field_id = 1, .type = STORE_TIME_US},
                                               {.name = "speed", .field_id = 1073741900, .type = STORE_U32}},
                                    second[] = {{.name = "received", .field_id = 1, .type = STORE_TIME_US},
                                                {.name = "Speed", .field_id = 1073741900, .type = STORE_STRING},
                                                {.name = "plain", .field_id = 65700, .type = STORE_U8}};
    struct pair pair;
    (void)state;
    plan_pair(&pair, first, 2, second, 3);
    assert_int_equal(pair.plan.column_count, 4);
    expect_column(&pair.plan, 0, "received", 1, STORE_TIME_US);
    expect_column(&pair.plan, 1, "speed", 1073741900, STORE_U32);
    expect_column(&pair.plan, 2, "Speed_STRING", store_name_id("Speed_STRING"), STORE_STRING);
    expect_column(&pair.plan, 3, "plain", 65700, STORE_U8);
    pair_done(&pair);
}

/* Found by trying: their hashes have the same 30 bits. */
static void an_id_is_there_once(void **state)
{
    static const char name[] = "ie_2_10649", other[] = "ie_4_32431";
    const struct file_column first[] = {{.name = "received", .field_id = 1, .type = STORE_TIME_US},
                                        {.name = name, .field_id = store_name_id(name), .type = STORE_U32}},
                             second[] = {{.name = "received", .field_id = 1, .type = STORE_TIME_US},
                                         {.name = other, .field_id = store_name_id(other), .type = STORE_U32}};
    struct pair pair;
    (void)state;
    plan_pair(&pair, first, 2, second, 2);
    expect_column(&pair.plan, 1, name, store_name_id(name), STORE_U32);
    expect_column(&pair.plan, 2, other, 0, STORE_U32);
    const uint64_t seed = pair.plan.seed;
    pair_done(&pair);
    unlink(pair.paths[0]);
    unlink(pair.paths[1]);
    plan_pair(&pair, first, 2, second, 2);
    assert_true(pair.plan.seed != seed); /* who makes up names does not know which of them collide */
    pair_done(&pair);
}

enum { FILES = 9 };

/* Each has a row of a form, `A` or `B`. The sizes of the row groups that they become, where four rows fill one. */
static void expect_groups(const char *forms, uint32_t file_count, const uint32_t *sizes, uint32_t group_count)
{
    static const struct file_column columns[] = {{.name = "received", .field_id = 1, .type = STORE_TIME_US},
                                                 {.name = "speed", .field_id = 2, .type = STORE_U64}};
    struct file_reader files[FILES];
    struct chunk_reader reader;
    struct merge_plan plan;
    struct store_error error;
    char path[96];
    int bad;
    for (uint32_t i = 0; i < file_count; i++) {
        snprintf(path, sizeof path, "%s/%u.parquet", folder, (unsigned)i);
        make_file(path, forms[i] == 'A' ? columns : columns + 1, 1);
        assert_int_equal(file_reader_open(&files[i], path, &error), 0);
        unlink(path);
    }
    assert_int_equal(chunk_reader_init(&reader), 0);
    if (merge_plan_make(&plan, files, file_count, &reader, NULL, 4, 1 << 20, &bad, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(plan.output_count, group_count);
    for (uint32_t i = 0; i < group_count; i++)
        assert_int_equal(plan.outputs[i].row_count, sizes[i]);
    merge_plan_done(&plan);
    chunk_reader_done(&reader);
    for (uint32_t i = 0; i < file_count; i++)
        file_reader_close(&files[i]);
}

/* No small one is left for the end. */
static void row_groups_are_of_one_size(void **state)
{
    (void)state;
    expect_groups("AAAA", 4, (const uint32_t[]){4}, 1);
    expect_groups("AAAAA", 5, (const uint32_t[]){3, 2}, 2);
    expect_groups("AAAAAAAAA", 9, (const uint32_t[]){3, 3, 3}, 3);
    expect_groups("AABABABAA", 9, (const uint32_t[]){3, 3, 3}, 3);
    expect_groups("BAAAAAB", 7, (const uint32_t[]){2, 3, 2}, 3);
}

/* A segment of many columns, which no other has. */
static void make_wide(uint64_t sequence, struct file_column *columns, char (*names)[24])
{
    const struct segment_name name = {.first_s = made_received_us(sequence) / 1000000, .last_s = made_received_us(sequence) / 1000000 + 1,
                                      .writer = MADE_WRITER, .sequence_first = sequence, .sequence_last = sequence};
    char path[512];
    columns[0] = (struct file_column){.name = "received", .field_id = 1, .type = STORE_TIME_US};
    for (int i = 1; i < WIDE; i++) {
        snprintf(names[i], sizeof names[i], "of_%u_%d", (unsigned)sequence, i);
        columns[i] = (struct file_column){.name = names[i], .type = STORE_U8};
    }
    made_name(folder, SEGMENT_FLOWS, &name, made_hour_s, path);
    make_file(path, columns, WIDE);
}

/* Five that would have more columns together than a file may have: two and two of them become one, which can be read.
 * */
static void what_is_too_wide_stays_apart(void **state)
{
    struct store_merge_options options;
    struct store_merge_counts counts = {0};
    struct store_error error;
    struct segment_list list = {0};
    struct file_column *columns = calloc(WIDE, sizeof *columns);
    char (*names)[24] = calloc(WIDE, sizeof *names);
    (void)state;
    assert_true(columns != NULL && names != NULL);
    for (uint64_t sequence = 1; sequence <= 5; sequence++)
        make_wide(sequence, columns, names);
    free(columns);
    free(names);
    store_merge_options_init(&options, folder);
    options.grace_us = 0;
    struct store_merger *merger = store_merger_create(&options, &error);
    for (int again = 0; again < 2; again++) {
        if (store_merger_pass(merger, later_us, INT64_MIN, &counts, &error) != 0)
            fail_msg("%s", error.text);
    }
    store_merger_free(merger);
    assert_int_equal(counts.merges, 2);
    assert_int_equal(counts.inputs, 4);
    assert_int_equal(counts.failures, 0);
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    assert_int_equal(list.current.count, 3);
    for (uint32_t i = 0; i < list.current.count; i++) {
        struct file_reader file;
        if (file_reader_open(&file, list.current.files[i].path, &error) != 0)
            fail_msg("%s", error.text);
        assert_int_equal(file.row_count, i < 2 ? 2 : 1);
        file_reader_close(&file);
    }
    segment_list_done(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tail_has_an_id_of_its_own, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_id_is_there_once, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(row_groups_are_of_one_size, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_too_wide_stays_apart, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
