/* SPDX-License-Identifier: MIT */
/*
 * test_layout.c - templates become layouts: shared, named, counted, within their limits
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layout.h"
#include "limits.h"
#include "taught.h"

enum { FIELDS_MAX = LIMIT_TEMPLATE_FIELDS + 1 };

static uint8_t octets[FIELDS_MAX * 4];
static enum weir_reason reason;

static void table_init(struct layout_table *table, uint32_t count_max)
{
    static const struct taught nothing;
    assert_int_equal(layout_table_init(table, count_max, 42, (struct layout_core){0}, &nothing), 0);
    reason = WEIR_REASON_COUNT;
}

/* fields: type, length, type, length, ... */
static struct layout *get(struct layout_table *table, const uint16_t *fields, uint32_t count, uint32_t scope_count,
                          bool options)
{
    for (uint32_t i = 0; i < 2 * count; i++) {
        octets[2 * i] = (uint8_t)(fields[i] >> 8);
        octets[2 * i + 1] = (uint8_t)fields[i];
    }
    const struct specification specification = {
        .fields = octets, .size_bytes = 4 * (size_t)count, .field_count = count, .scope_count = scope_count,
        .version = 9, .options = options};
    return layout_get(table, &specification, &reason);
}

static const uint16_t PLAIN[] = {1, 4, 2, 4}, OTHER[] = {2, 4, 1, 4}, SHORT[] = {1, 4};

static void test_same_fields_share(void **state)
{
    struct layout_table table;
    (void)state;
    table_init(&table, 10);
    struct layout *first = get(&table, PLAIN, 2, 0, false), *second = get(&table, PLAIN, 2, 0, false);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_int_equal(first->reference_count, 2);
    assert_ptr_not_equal(first, get(&table, OTHER, 2, 0, false));
    assert_ptr_not_equal(first, get(&table, PLAIN, 2, 0, true));
    assert_ptr_not_equal(first, get(&table, PLAIN, 2, 1, true));
    assert_ptr_not_equal(first, get(&table, SHORT, 1, 0, false));
    assert_int_equal(table.count, 5);
    layout_table_done(&table);
}

static void test_slots_are_reused_serials_are_not(void **state)
{
    struct layout_table table;
    (void)state;
    table_init(&table, 2);
    struct layout *first = get(&table, PLAIN, 2, 0, false);
    struct layout *second = get(&table, OTHER, 2, 0, false);
    const uint32_t slot = first->view.slot;
    const uint64_t serial = first->view.serial;
    assert_true(slot < 2 && second->view.slot < 2 && slot != second->view.slot);
    assert_null(get(&table, SHORT, 1, 0, false));
    assert_int_equal(reason, WEIR_REASON_TEMPLATES_FULL);
    get(&table, PLAIN, 2, 0, false);
    layout_unref(&table, first);
    assert_int_equal(table.count, 2); /* one is left who means it */
    layout_unref(&table, first);
    assert_int_equal(table.count, 1);
    struct layout *third = get(&table, SHORT, 1, 0, false);
    assert_non_null(third);
    assert_int_equal(third->view.slot, slot);
    assert_true(third->view.serial > serial && third->view.serial > second->view.serial);
    layout_unref(&table, second);
    layout_unref(&table, third);
    assert_int_equal(table.bytes, 0);
    layout_table_done(&table);
}

static void test_names(void **state)
{
    static const uint16_t fields[] = {1, 4, 9999, 3, 1, 8, 0xc000, 1, 9999, 2, 1, 1, 100, 1};
    static const char *const names[] = {"octetDeltaCount",   "ie_0_9999",   "octetDeltaCount_2", "ie_0_49152",
                                        "ie_0_9999_2", "octetDeltaCount_3"};
    static const char *const v9_names[] = {"IN_BYTES",   "ie_0_9999",   "IN_BYTES_2",
                                           "ie_0_49152", "ie_0_9999_2", "IN_BYTES_3"};
    struct layout_table table;
    (void)state;
    table_init(&table, 10);
    const struct layout *layout = get(&table, fields, 7, 0, false);
    for (uint32_t i = 0; i < 6; i++) {
        assert_string_equal(layout->view.fields[i].name, names[i]);
        assert_string_equal(layout->view.fields[i].v9_name, v9_names[i]);
    }
    assert_null(layout->view.fields[1].element);
    assert_int_equal(layout->view.fields[1].id, 9999);
    assert_int_equal(layout->view.fields[1].kind, WEIR_KIND_OCTETS);
    layout_table_done(&table);
}

static void test_scope_fields(void **state)
{
    static const uint16_t fields[] = {1, 4, 2, 2, 77, 3, 1, 4};
    struct layout_table table;
    (void)state;
    table_init(&table, 10);
    const struct weir_layout *view = &get(&table, fields, 4, 3, true)->view;
    assert_true(view->options);
    assert_int_equal(view->scope_count, 3);
    assert_string_equal(view->fields[0].name, "scopeSystem");
    assert_string_equal(view->fields[1].name, "scopeInterface");
    assert_string_equal(view->fields[2].name, "ie_4294967293_77");
    assert_string_equal(view->fields[3].name, "octetDeltaCount");
    assert_true(view->fields[2].scope);
    assert_false(view->fields[3].scope);
    assert_int_equal(view->fields[0].pen, WEIR_PEN_V9_SCOPE);
    layout_table_done(&table);
}

static void test_padding_and_nulls(void **state)
{
    static const uint16_t fields[] = {210, 3, 8, 4, 82, 0, 210, 0, 4, 1};
    struct layout_table table;
    (void)state;
    table_init(&table, 10);
    const struct layout *layout = get(&table, fields, 5, 0, false);
    assert_int_equal(layout->view.field_count, 3);
    assert_int_equal(layout->view.record_bytes, 8);
    assert_int_equal(layout->view.fields[1].kind, WEIR_KIND_NULL);
    assert_int_equal(layout->view.fields[1].width_bytes, 0);
    assert_int_equal(layout->step_count, 2);
    assert_int_equal(layout->plan[0].offset, 3);
    assert_int_equal(layout->plan[1].offset, 7);
    assert_int_equal(layout->plan[1].column, 2);
    layout_table_done(&table);
}

static void test_kinds_of_all_lengths(void **state)
{
    static const struct {
        uint16_t type;
        uint16_t length;
        enum weir_kind kind;
        uint32_t width_bytes;
    } cases[] = {
        {1, 1, WEIR_KIND_U8, 1},     {1, 2, WEIR_KIND_U16, 2},    {1, 3, WEIR_KIND_U32, 4},    {1, 4, WEIR_KIND_U32, 4},
        {1, 5, WEIR_KIND_U64, 8},    {1, 8, WEIR_KIND_U64, 8},    {1, 9, WEIR_KIND_OCTETS, 9},
        {434, 1, WEIR_KIND_I8, 1},
        {434, 2, WEIR_KIND_I16, 2},  {434, 3, WEIR_KIND_I32, 4},  {434, 7, WEIR_KIND_I64, 8},
        {434, 9, WEIR_KIND_OCTETS, 9}, {8, 4, WEIR_KIND_IPV4, 4}, {8, 5, WEIR_KIND_OCTETS, 5},
        {27, 16, WEIR_KIND_IPV6, 16}, {27, 15, WEIR_KIND_OCTETS, 15}, {56, 6, WEIR_KIND_MAC, 6},
        {56, 7, WEIR_KIND_OCTETS, 7}, {276, 1, WEIR_KIND_BOOL, 1}, {276, 2, WEIR_KIND_OCTETS, 2},
        {320, 8, WEIR_KIND_F64, 8},  {320, 4, WEIR_KIND_F32, 4},  {320, 5, WEIR_KIND_OCTETS, 5},
        {154, 8, WEIR_KIND_U64, 8},  {154, 4, WEIR_KIND_OCTETS, 4}, {150, 4, WEIR_KIND_U32, 4},
        {82, 33, WEIR_KIND_OCTETS, 33}, {82, 0, WEIR_KIND_NULL, 0},
    };
    struct layout_table table;
    (void)state;
    table_init(&table, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint16_t fields[] = {cases[i].type, cases[i].length, 4, 1};
        const struct weir_field *field = get(&table, fields, 2, 0, false)->view.fields;
        assert_int_equal(field->kind, cases[i].kind);
        assert_int_equal(field->width_bytes, cases[i].width_bytes);
        assert_int_equal(field->wire_bytes, cases[i].length);
    }
    layout_table_done(&table);
}

static void refused(struct layout_table *table, const uint16_t *fields, uint32_t count, enum weir_reason expected)
{
    assert_null(get(table, fields, count, 0, false));
    assert_int_equal(reason, expected);
    assert_int_equal(table->count, 0);
    assert_int_equal(table->bytes, 0);
}

static void test_refusals(void **state)
{
    static const uint16_t empty[] = {1, 0, 2, 0}, variable[] = {1, 4, 82, 65535}, two_long[] = {82, 65500, 82, 8};
    static uint16_t many[FIELDS_MAX * 2];
    struct layout_table table;
    (void)state;
    table_init(&table, 10);
    for (uint32_t i = 0; i < FIELDS_MAX; i++)
        many[2 * i] = many[2 * i + 1] = 1;
    refused(&table, empty, 2, WEIR_REASON_TEMPLATE_EMPTY);
    refused(&table, empty, 0, WEIR_REASON_TEMPLATE_EMPTY);
    refused(&table, variable, 2, WEIR_REASON_TEMPLATE_LENGTH_VARIABLE);
    refused(&table, two_long, 2, WEIR_REASON_TEMPLATE_RECORD_LONG);
    refused(&table, many, FIELDS_MAX, WEIR_REASON_TEMPLATE_FIELDS_MANY);
    assert_non_null(get(&table, many, FIELDS_MAX - 1, 0, false));
    layout_table_done(&table);
}

/* More layouts than the table's lists are long: they come and go in any order, and each is found. */
static void test_many_come_and_go(void **state)
{
    enum { COUNT = 3000 };
    static struct layout *layouts[COUNT];
    struct layout_table table;
    (void)state;
    table_init(&table, COUNT);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = round; i < COUNT; i += round + 1) {
            const uint16_t fields[] = {(uint16_t)(5000 + i % 1000), (uint16_t)(i / 1000 + 1), 4, 1};
            if (layouts[i] == NULL)
                layouts[i] = get(&table, fields, 2, 0, false);
            else
                assert_ptr_equal(get(&table, fields, 2, 0, false), layouts[i]);
            assert_int_equal(layouts[i]->view.fields[0].wire_bytes, i / 1000 + 1);
            assert_true(layouts[i]->view.slot < COUNT);
        }
        for (uint32_t i = 0; i < COUNT; i += 2) {
            const uint32_t at = (i * 7919 + round) % COUNT;
            while (layouts[at] != NULL && layouts[at]->reference_count > 1)
                layout_unref(&table, layouts[at]);
            if (layouts[at] != NULL)
                layout_unref(&table, layouts[at]);
            layouts[at] = NULL;
        }
    }
    layout_table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_fields_share),
        cmocka_unit_test(test_slots_are_reused_serials_are_not),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_scope_fields),
        cmocka_unit_test(test_padding_and_nulls),
        cmocka_unit_test(test_kinds_of_all_lengths),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_many_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
