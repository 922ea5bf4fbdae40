/* SPDX-License-Identifier: MIT */
/* test_gather.c - rows of batches, column by column: what is kept of them, what is left out, what goes together */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "form_maker.h"
#include "gather.h"

static const uint32_t seconds[] = {1700000000, 1700000007, 1};
static const uint8_t bytes[] = {1, 2, 3};

static size_t take(struct gather *gather, struct made_form *form, uint32_t rows)
{
    struct gather *like = gather_create(&form->layout, form->run.exporter.family);
    const size_t added = gather_append(gather, like, form_batch(form, rows), 0, 1);
    gather_free(like);
    return added;
}

static void texts_are_text(void **state)
{
    (void)state;
    static const struct weir_octets texts[] = {{(const uint8_t *)"abc\0\0", 5}, {(const uint8_t *)"\xc3\xa9", 2},
                                               {(const uint8_t *)"\xff\x00z", 3}, {(const uint8_t *)"\0\0", 2}};
    static const uint32_t lengths[] = {3, 2, 8, 0};
    struct made_form form;
    form_init(&form, 1);
    form_field(&form, "text", WEIR_KIND_VARIABLE, 16, texts);
    form.fields[0].type = WEIR_TYPE_STRING;
    struct gather *gather = gather_create(&form.layout, 4);
    assert_true(take(gather, &form, 4) > 0);
    const struct store_values values = gather_values(gather, &gather->columns[0]);
    assert_int_equal(values.item_count, 4);
    assert_memory_equal(values.lengths, lengths, sizeof lengths);
    assert_memory_equal(values.data, "abc\xc3\xa9" "0xff007a", 13);
    gather_free(gather);
}

static void octets_are_as_they_are(void **state)
{
    (void)state;
    static const uint8_t fixed[] = {1, 0, 0, 4, 5, 0};
    static const uint32_t lengths[] = {3, 3};
    struct made_form form;
    form_init(&form, 1);
    form_field(&form, "ie_9_1", WEIR_KIND_OCTETS, 3, fixed);
    struct gather *gather = gather_create(&form.layout, 4);
    assert_true(take(gather, &form, 2) > 0);
    const struct store_values values = gather_values(gather, &gather->columns[0]);
    assert_memory_equal(values.lengths, lengths, sizeof lengths);
    assert_memory_equal(values.data, fixed, sizeof fixed);
    gather_free(gather);
}

static void runs_stand_for_their_rows(void **state)
{
    (void)state;
    struct made_form form;
    form_init(&form, 1);
    form_field(&form, "number", WEIR_KIND_U8, 1, bytes);
    struct gather *gather = gather_create(&form.layout, 4);
    assert_true(take(gather, &form, 3) > 0);
    form.run.received_us = 8;
    assert_true(take(gather, &form, 2) > 0);
    const struct store_values received = gather_run_values(gather, STORE_COLUMN_RECEIVED);
    assert_int_equal(received.item_count, 2);
    assert_int_equal(received.row_count, 5);
    assert_int_equal(received.repeats[0], 3);
    assert_int_equal(received.repeats[1], 2);
    assert_int_equal(((const int64_t *)received.data)[1], 8);
    const struct store_values address = gather_run_values(gather, STORE_COLUMN_EXPORTER_IPV4);
    assert_int_equal(((const uint32_t *)address.data)[0], 0xc0000201);
    assert_int_equal(gather_run_values(gather, STORE_COLUMN_EXPORTER_IPV6).item_count, 0);
    assert_int_equal(((const uint32_t *)gather_run_values(gather, STORE_COLUMN_SYS_UPTIME_MS).data)[0], 99);
    const struct store_values numbers = gather_values(gather, &gather->columns[0]);
    assert_memory_equal(numbers.data, "\1\2\3\1\2", 5);
    gather_clear(gather);
    assert_int_equal(gather_run_values(gather, STORE_COLUMN_RECEIVED).item_count, 0);
    gather_free(gather);
}

/* From any run on: the columns of what comes before are not taken. */
static void a_part_of_a_batch(void **state)
{
    (void)state;
    struct made_form form;
    form_init(&form, 1);
    form_field(&form, "number", WEIR_KIND_U8, 1, bytes);
    struct weir_run runs[] = {form.run, form.run};
    runs[0].row_count = 1;
    runs[1].first_row = 1;
    runs[1].row_count = 2;
    form_batch(&form, 3);
    form.batch.runs = runs;
    form.batch.run_count = 2;
    struct gather *gather = gather_create(&form.layout, 4);
    assert_true(gather_append(gather, gather, &form.batch, 1, 1) > 0);
    assert_int_equal(gather->row_count, 2);
    assert_memory_equal(gather_values(gather, &gather->columns[0]).data, "\2\3", 2);
    gather_free(gather);
}

static void ipfix_has_no_uptime(void **state)
{
    (void)state;
    struct made_form form, other;
    form_init(&form, 1);
    form_field(&form, "number", WEIR_KIND_U8, 1, bytes);
    other = form;
    other.layout.fields = other.fields;
    other.layout.version = 10;
    struct gather *v9 = gather_create(&form.layout, 4), *ipfix = gather_create(&other.layout, 4);
    assert_false(gather_fits(v9, ipfix));
    ipfix->key = v9->key; /* also where their hashes are the same */
    assert_false(gather_fits(v9, ipfix));
    form.layout.version = 10;
    assert_true(take(ipfix, &form, 3) > 0);
    assert_int_equal(gather_run_values(ipfix, STORE_COLUMN_SYS_UPTIME_MS).item_count, 0);
    gather_free(v9);
    gather_free(ipfix);
}

static void forms_that_fit(void **state)
{
    (void)state;
    struct made_form forms[4];
    struct gather *gathers[4];
    for (uint64_t i = 0; i < 4; i++)
        form_init(&forms[i], i + 1);
    form_field(&forms[0], "number", WEIR_KIND_U8, 1, bytes);
    form_field(&forms[1], "number", WEIR_KIND_U8, 1, bytes);
    form_field(&forms[2], "number", WEIR_KIND_U32, 4, seconds);
    form_field(&forms[3], "other", WEIR_KIND_U8, 1, bytes);
    for (size_t i = 0; i < 4; i++)
        gathers[i] = gather_create(&forms[i].layout, 4);
    struct gather *of_ipv6 = gather_create(&forms[0].layout, 6);
    assert_true(gather_fits(gathers[0], gathers[1]));
    assert_false(gather_fits(gathers[0], gathers[2]));
    assert_false(gather_fits(gathers[0], gathers[3]));
    assert_false(gather_fits(gathers[0], of_ipv6));
    for (size_t i = 0; i < 4; i++)
        gather_free(gathers[i]);
    gather_free(of_ipv6);
}

/* -------------------------------------------------------------------------------------------------- core columns */

static struct weir_core_column core[WEIR_CORE_COUNT];

/* flowStartSeconds, which the time gives back, and a constant. */
static void form_with_times(struct made_form *form, const int64_t *start_us)
{
    memset(core, 0, sizeof core);
    form_init(form, 1);
    form_field(form, "flowStartSeconds", WEIR_KIND_U32, 4, seconds);
    form->fields[0].element = weir_element_find(WEIR_PEN_IANA, 150);
    form->fields[0].name = form->fields[0].element->name;
    form->fields[0].pen = WEIR_PEN_IANA;
    form->fields[0].id = 150;
    form->fields[0].type = WEIR_TYPE_DATE_TIME_SECONDS;
    form->columns[1] = start_us;
    form->layout.options = false;
    form->layout.core = core;
    form->layout.computed_count = 1;
    core[WEIR_CORE_TIME_START] = (struct weir_core_column){.how = WEIR_CORE_COMPUTED, .column = 1, .width_bytes = 8,
                                                           .kind = WEIR_KIND_I64, .from_id = 150};
    core[WEIR_CORE_IP_VERSION] = (struct weir_core_column){.how = WEIR_CORE_CONSTANT, .value = 4, .kind = WEIR_KIND_U32};
}

static const struct gather_column *column_of(const struct gather *gather, int32_t index)
{
    for (uint32_t i = 0; i < gather->column_count; i++) {
        if (gather->columns[i].index == index)
            return &gather->columns[i];
    }
    fail_msg("no column %d", (int)index);
    return NULL;
}

static void what_times_tell_is_left_out(void **state)
{
    (void)state;
    static const int64_t start_us[] = {1700000000000000, 1700000007000000, 1000000};
    static const uint32_t none[] = {0, 5, 6};
    struct made_form form;
    form_with_times(&form, start_us);
    struct gather *gather = gather_create(&form.layout, 4);
    assert_true(take(gather, &form, 3) > 0);
    const struct gather_column *field = column_of(gather, -1);
    assert_true(gather_can_leave_out(gather, field));
    assert_string_equal(column_of(gather, STORE_COLUMN_TIME_START)->origin, "flowStartSeconds");
    form.columns[0] = none; /* of one that is 0 nothing was told */
    assert_true(take(gather, &form, 3) > 0);
    assert_false(gather_can_leave_out(gather, field));
    gather_free(gather);
}

static void constants_stand_once(void **state)
{
    (void)state;
    static const int64_t start_us[] = {1700000000000000, 1700000007000000, 1000000};
    struct made_form form;
    form_with_times(&form, start_us);
    struct gather *gather = gather_create(&form.layout, 4);
    assert_true(take(gather, &form, 3) > 0);
    assert_true(take(gather, &form, 2) > 0);
    const struct store_values values = gather_values(gather, column_of(gather, STORE_COLUMN_IP_VERSION));
    assert_int_equal(values.item_count, 1);
    assert_int_equal(values.repeats[0], 5);
    assert_int_equal(*(const uint32_t *)values.data, 4);
    gather_free(gather);
}

/* A field that is called as a column is. */
static void names_of_columns_are_taken(void **state)
{
    (void)state;
    struct made_form form;
    form_init(&form, 1);
    form_field(&form, "SRC_Port", WEIR_KIND_U8, 1, bytes);
    struct gather *gather = gather_create(&form.layout, 4);
    assert_string_equal(gather->columns[0].name, "SRC_Port_field");
    assert_int_equal(gather->columns[0].field_id, store_name_id("SRC_Port_field"));
    gather_free(gather);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_text),            cmocka_unit_test(octets_are_as_they_are),
        cmocka_unit_test(runs_stand_for_their_rows), cmocka_unit_test(a_part_of_a_batch),
        cmocka_unit_test(ipfix_has_no_uptime),       cmocka_unit_test(forms_that_fit),
        cmocka_unit_test(what_times_tell_is_left_out), cmocka_unit_test(constants_stand_once),
        cmocka_unit_test(names_of_columns_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
