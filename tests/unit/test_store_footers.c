/* SPDX-License-Identifier: MIT */
/*
 * test_store_footers.c - what footers tell of columns, of numbers in a span of time, and of addresses
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

#include "file_writer.h"
#include "store_footers.h"

enum { ROWS = 3, COLUMNS_MAX = 12, FILES_MAX = 300 };

static char folder[] = "/tmp/test_store_footers_XXXXXX";
static char *paths[FILES_MAX];
static struct store_files files = {.paths = paths};
static struct store_footers footers;

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int forget_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < files.count; i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    files.count = 0;
    store_footers_done(&footers);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* A column of the one row group of a file; `values` NULL: absent. */
struct made {
    struct file_column column;
    const void *values;
};

static struct made core(enum store_column_index index, const void *values)
{
    const struct store_column *column = store_column(index);
    return (struct made){{column->name, column->field_id, column->type, false}, values};
}

static struct made other(const char *name, int32_t field_id, enum store_type type)
{
    static const uint64_t zeros[2 * ROWS];
    return (struct made){{name, field_id, (uint8_t)type, false}, zeros};
}

static struct made absent(const char *name, int32_t field_id, enum store_type type)
{
    return (struct made){{name, field_id, (uint8_t)type, false}, NULL};
}

static uint32_t width_of(enum store_type type)
{
    static const uint32_t widths[STORE_TYPE_COUNT] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 8, 6, 16};
    return widths[type];
}

/* Adds a file of so many rows in one row group. */
static void add_file(const struct made *made, uint32_t count)
{
    struct file_column columns[COLUMNS_MAX];
    struct store_values values[COLUMNS_MAX] = {{0}};
    static const char *const origins[COLUMNS_MAX];
    const struct file_note notes[] = {{"weir.format", "1"}, {"weir.rows", "3"}};
    struct file_writer writer;
    struct store_error error;
    uint64_t bytes;
    char *path;
    assert_true(asprintf(&path, "%s/%zu", folder, files.count) > 0);
    for (uint32_t i = 0; i < count; i++) {
        columns[i] = made[i].column;
        values[i] = (struct store_values){.data = made[i].values, .item_count = made[i].values != NULL ? ROWS : 0,
                                          .width_bytes = width_of(made[i].column.type), .row_count = ROWS};
    }
    assert_int_equal(file_writer_init(&writer, PARQUET_ZSTD, 1), 0);
    assert_int_equal(file_writer_begin(&writer, path, columns, count, &error), 0);
    assert_int_equal(file_writer_row_group(&writer, values, origins, -1, &error), 0);
    assert_int_equal(file_writer_finish(&writer, notes, 2, false, &bytes, &error), 0);
    file_writer_done(&writer);
    paths[files.count++] = path;
}

static const struct flow_facts *read_all(int64_t from_us, int64_t to_us)
{
    const struct flow_span span = {from_us, to_us};
    store_footers_done(&footers);
    assert_int_equal(store_footers_read(&footers, &files, &span, NULL, 3), 0);
    return &footers.facts;
}

/* "name ID type;..." */
static const char *columns_text(void)
{
    static char text[1000];
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < footers.column_count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %d %s", i > 0 ? ";" : "",
                                   footers.columns[i].name, (int)footers.columns[i].field_id, footers.columns[i].type);
    return text;
}

/* ---------------------------------------------------------------------------------------------------------- columns */

static void columns_are_joined(void **state)
{
    const struct made first[] = {other("a", 1007, STORE_U8), other("b", 1008, STORE_I16)};
    const struct made second[] = {other("c", 1009, STORE_TIME_US), other("a", 1007, STORE_U32),
                                  other("b", 1008, STORE_I8)};
    const struct made third[] = {other("d", 1010, STORE_FIXED_16), other("a", 1007, STORE_U16)};
    (void)state;
    add_file(first, 2);
    for (int i = 0; i < 250; i++) /* so that there are several threads */
        add_file(i % 2 == 0 ? first : second, i % 2 == 0 ? 2 : 3);
    add_file(third, 2);
    read_all(INT64_MIN, INT64_MAX);
    assert_string_equal(columns_text(), "a 1007 UINTEGER;b 1008 SMALLINT;c 1009 TIMESTAMP WITH TIME ZONE;d 1010 BLOB");
    for (size_t i = 0; i < files.count; i++)
        assert_true(footers.is_known[i]);
    assert_true(footers.facts.is_counted);
    assert_int_equal(footers.facts.rows, 252 * ROWS);
}

/* A value anywhere is one. */
static void columns_have_values(void **state)
{
    const struct made usual[] = {other("a", 1007, STORE_U8), absent("b", 1008, STORE_U8), absent("c", 1009, STORE_U8)};
    const struct made last[] = {absent("a", 1007, STORE_U8), absent("b", 1008, STORE_U8), other("c", 1009, STORE_U8)};
    const bool expected[] = {true, false, true};
    (void)state;
    for (int i = 0; i < 250; i++)
        add_file(usual, 3);
    add_file(last, 3);
    const struct flow_facts *facts = read_all(1000, 1001); /* whatever the span */
    assert_int_equal(facts->column_count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(facts->columns[i].has_values, expected[i]);
}

/* What does not go together by ID, to the letter of the name, makes nothing known. */
static void columns_differ(void **state)
{
    const struct made usual = other("a", 1007, STORE_U8);
    const struct made strange[][2] = {
        {usual, other("b", 0, STORE_U8)}, {other("b", 1007, STORE_U8), other("c", 1008, STORE_U8)},
        {usual, other("A", 1008, STORE_U8)}, {other("a", 1007, STORE_I8), other("c", 1008, STORE_U8)},
        {other("c", 1008, STORE_U8), other("a", 1007, STORE_TIME_US)}, {usual, absent("list", 1008, STORE_JSON)},
    };
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        for (int before = 0; before < 2; before++) {
            if (before == 1)
                add_file(strange[i], 2);
            add_file(&usual, 1);
            if (before == 0)
                add_file(strange[i], 2);
            read_all(INT64_MIN, INT64_MAX);
            assert_null(footers.columns);
            assert_null(footers.facts.columns);
            assert_false(footers.is_known[0]);
            assert_false(footers.is_known[1]);
            forget_files(state);
        }
    }
}

static void what_cannot_be_read_is_not_known(void **state)
{
    const struct made usual = other("a", 1007, STORE_U8);
    FILE *file;
    (void)state;
    add_file(&usual, 1);
    add_file(&usual, 1);
    add_file(&usual, 1);
    assert_non_null(file = fopen(paths[1], "r+"));
    assert_int_equal(ftruncate(fileno(file), 100), 0);
    fclose(file);
    unlink(paths[2]);
    read_all(INT64_MIN, INT64_MAX);
    assert_string_equal(columns_text(), "a 1007 UTINYINT");
    assert_true(footers.is_known[0]);
    assert_false(footers.is_known[1]);
    assert_false(footers.is_known[2]);
    assert_int_equal(footers.facts.rows, ROWS);
    const struct query_paths known = store_footers_paths(&footers);
    assert_int_equal(known.count, 3);
    assert_int_equal(known.column_count, 1);
    assert_memory_equal(known.is_known, footers.is_known, 3 * sizeof(bool));
    assert_false(known.are_part);
}

static void no_files(void **state)
{
    (void)state;
    const struct flow_facts *facts = read_all(INT64_MIN, INT64_MAX);
    assert_true(facts->is_counted);
    assert_int_equal(facts->rows, 0);
    assert_false(facts->has_first);
}

/* ------------------------------------------------------------------------------------------------------------ facts */

struct flows {
    const int64_t *received, *start, *end;
    const uint64_t *flows;
    const uint32_t *rate;
    const uint8_t (*src)[16];
};

static void add_flows(const struct flows *flows)
{
    const struct made made[] = {
        core(STORE_COLUMN_RECEIVED, flows->received), core(STORE_COLUMN_TIME_START, flows->start),
        core(STORE_COLUMN_TIME_END, flows->end), core(STORE_COLUMN_FLOWS, flows->flows),
        core(STORE_COLUMN_SAMPLING_RATE, flows->rate), core(STORE_COLUMN_SRC_IPV6, flows->src),
    };
    add_file(made, sizeof made / sizeof *made);
}

static const int64_t received[ROWS] = {900, 901, 902}, starts[ROWS] = {100, 90, 110}, ends[ROWS] = {200, 210, 220};

static void numbers_are_added(void **state)
{
    static const uint64_t two[ROWS] = {2, 2, 2}, several[ROWS] = {1, 2, 1}, zeros[ROWS] = {0}, mostly[ROWS] = {0, 0, 1};
    static const uint32_t none[ROWS] = {0, 1, 1}, all[ROWS] = {2, 10, 1000}, some[ROWS] = {1, 1, 2};
    const struct flows plain = {received, starts, ends, NULL, none, NULL};
    const struct flows sampled = {received, NULL, NULL, two, all, NULL};
    const struct flow_facts *facts;
    (void)state;
    add_flows(&plain);
    add_flows(&sampled);
    facts = read_all(INT64_MIN, INT64_MAX);
    assert_true(facts->is_counted);
    assert_int_equal(facts->rows, 2 * ROWS);
    assert_int_equal(facts->flows, ROWS + 2 * ROWS);
    assert_int_equal(facts->sampled_rows, ROWS);
    assert_true(facts->has_first && facts->has_last);
    assert_int_equal(facts->first_us, 90);
    assert_int_equal(facts->last_us, 220);
    add_flows(&(struct flows){received, starts, ends, several, NULL, NULL});
    assert_false(read_all(INT64_MIN, INT64_MAX)->is_counted);
    forget_files(state);
    add_flows(&(struct flows){received, starts, ends, NULL, some, NULL});
    assert_false(read_all(INT64_MIN, INT64_MAX)->is_counted);
    forget_files(state);
    add_flows(&sampled);
    facts = read_all(INT64_MIN, INT64_MAX);
    assert_true(facts->is_counted);
    assert_false(facts->has_first || facts->has_last);
    forget_files(state);
    add_flows(&(struct flows){received, starts, ends, zeros, NULL, NULL});
    add_flows(&(struct flows){received, starts, ends, mostly, NULL, NULL});
    facts = read_all(INT64_MIN, INT64_MAX);
    assert_true(facts->is_counted);
    assert_int_equal(facts->flows, 2 * ROWS);
}

/* Flows that began before the end of the span and ended at its start or later: all rows, none, or it is not known. */
static void spans_choose(void **state)
{
    static const struct {
        int64_t from_us, to_us;
        int rows; /* -1: not counted */
    } with_times[] = {
        {INT64_MIN, INT64_MAX, ROWS}, {200, INT64_MAX, ROWS}, {201, INT64_MAX, -1}, {220, INT64_MAX, -1},
        {221, INT64_MAX, 0}, {INT64_MIN, 111, ROWS}, {INT64_MIN, 110, -1}, {INT64_MIN, 91, -1}, {INT64_MIN, 90, 0},
        {200, 111, ROWS}, {200, 110, -1}, {201, 111, -1}, {201, 90, 0}, {221, 110, 0}, {900, 1000, 0},
    }, without[] = {
        {900, INT64_MAX, ROWS}, {901, INT64_MAX, -1}, {902, INT64_MAX, -1}, {903, INT64_MAX, 0},
        {INT64_MIN, 903, ROWS}, {INT64_MIN, 902, -1}, {INT64_MIN, 900, 0}, {100, 300, 0},
    };
    (void)state;
    add_flows(&(struct flows){received, starts, ends, NULL, NULL, NULL});
    for (size_t i = 0; i < sizeof with_times / sizeof *with_times; i++) {
        const struct flow_facts *facts = read_all(with_times[i].from_us, with_times[i].to_us);
        assert_int_equal(facts->is_counted ? (int)facts->rows : -1, with_times[i].rows);
        assert_int_equal(facts->has_first, with_times[i].rows > 0);
    }
    forget_files(state);
    add_flows(&(struct flows){received, NULL, NULL, NULL, NULL, NULL});
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        const struct flow_facts *facts = read_all(without[i].from_us, without[i].to_us);
        assert_int_equal(facts->is_counted ? (int)facts->rows : -1, without[i].rows);
    }
}

static void addresses_may_be_mapped(void **state)
{
    static const uint8_t low[16] = {[15] = 1}, high[16] = {0x20, 1}, mapped[16] = {[10] = 255, 255, 192, 0, 2, 1};
    static const uint8_t below[16] = {[10] = 255, 254, 255, 255, 255, 255}, above[16] = {[9] = 1};
    static const struct {
        const uint8_t *addresses[ROWS];
        bool may_be;
    } cases[] = {
        {{low, low, low}, false}, {{high, high, high}, false}, {{below, low, low}, false},
        {{above, high, above}, false},
        {{mapped, mapped, mapped}, true}, {{low, mapped, low}, true}, {{high, mapped, high}, true},
        {{low, high, low}, true}, /* they are on both sides, so it is not known */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t addresses[ROWS][16];
        for (int row = 0; row < ROWS; row++)
            memcpy(addresses[row], cases[i].addresses[row], 16);
        add_flows(&(struct flows){received, starts, ends, NULL, NULL, NULL});
        add_flows(&(struct flows){received, starts, ends, NULL, NULL, (const uint8_t(*)[16])addresses});
        const struct flow_facts *facts = read_all(1000, 1001); /* whatever the span */
        assert_int_equal(facts->may_be_mapped[FLOW_FACTS_SRC], cases[i].may_be);
        assert_false(facts->may_be_mapped[FLOW_FACTS_DST]);
        forget_files(state);
    }
}

/* ----------------------------------------------------------------------------------------------------------- sought */

/* The files that are asked, "0 2", with "!" when they are not read, by what is sought. */
static const char *asked_text(const char *text)
{
    static char shown[100];
    size_t length = 0;
    struct filter_error error;
    struct filter *filter = filter_parse(text, strlen(text), NULL, &error);
    assert_non_null(filter);
    store_footers_done(&footers);
    assert_int_equal(store_footers_read(&footers, &files, NULL, filter, 1), 0);
    filter_free(filter);
    const struct query_paths asked = store_footers_paths(&footers);
    assert_int_equal(asked.are_part, asked.count < files.count || asked.are_vain);
    shown[0] = '\0';
    for (size_t i = 0; i < asked.count; i++) {
        length += (size_t)snprintf(shown + length, sizeof shown - length, "%s%s", i > 0 ? " " : "",
                                   strrchr(asked.paths[i], '/') + 1);
    }
    return asked.are_vain ? strcat(shown, "!") : shown;
}

static void files_without_it_are_not_asked(void **state)
{
    uint8_t addresses[3][ROWS][16] = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        for (int row = 0; row < ROWS; row++) {
            addresses[i][row][0] = 0x20;
            addresses[i][row][15] = (uint8_t)(16 * (i + 1) + row);
        }
        add_flows(&(struct flows){received, starts, ends, NULL, NULL, (const uint8_t(*)[16])addresses[i]});
    }
    assert_string_equal(asked_text(""), "0 1 2");
    assert_string_equal(asked_text("dst port 1"), "0 1 2");
    assert_string_equal(asked_text("src ip 2000::11"), "0");
    assert_string_equal(asked_text("ip [2000::12 2000::30] and proto tcp"), "0 2");
    assert_string_equal(asked_text("src ip 2000::11 and dst ip 2000::11"), "0!");
    assert_string_equal(asked_text("src ip 2000::11 or dst port 1"), "0 1 2");
    assert_string_equal(asked_text("src ip 2000::40"), "0!");
    assert_int_equal(footers.facts.rows, 3 * ROWS); /* they are of all */
    const struct made differs[] = {other("received", 1, STORE_U8)};
    add_file(differs, 1);
    assert_string_equal(asked_text("src ip 2000::40"), "0 1 2 3"); /* their columns do not go together */
}

int main(void)
{
#define TEST(function) cmocka_unit_test_teardown(function, forget_files)
    const struct CMUnitTest tests[] = {
        TEST(columns_are_joined), TEST(columns_have_values), TEST(columns_differ),
        TEST(what_cannot_be_read_is_not_known), TEST(no_files), TEST(numbers_are_added), TEST(spans_choose),
        TEST(addresses_may_be_mapped), TEST(files_without_it_are_not_asked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
