/* SPDX-License-Identifier: MIT */
/* Rows as JSON: every kind of value as the library writes it, names of any length, layouts that take a slot over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "json_rows.h"

#include <stdio.h>
#include <string.h>

static const char *render(struct json_rows *rows, const struct weir_batch *batch, uint32_t first, uint32_t count)
{
    static struct json_buffer out;

    out.used = 0;
    assert_int_equal(json_rows_write(rows, batch, first, count, &out), 0);
    assert_int_equal(json_buffer_add(&out, "", 1), 0);
    return out.bytes;
}

/* One column of eight octets a value, as far as it is wide, against what the library says. */
static void check_kind(uint8_t kind, uint8_t type, uint32_t width_bytes, const uint64_t *values, uint32_t count)
{
    const struct weir_field field = {.name = "x", .v9_name = "X", .kind = kind, .type = type,
                                     .width_bytes = width_bytes};
    const struct weir_layout layout = {.fields = &field, .field_count = 1};
    uint8_t column[256];
    const void *const columns[] = {column};
    const struct weir_batch batch = {.layout = &layout, .columns = columns, .row_count = count};
    struct json_rows *rows = json_rows_create();

    assert_non_null(rows);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(column + i * width_bytes, &values[i], width_bytes);
    }
    for (uint32_t i = 0; i < count; i++) {
        char expected[256] = ", {\"X\": ";
        size_t length = strlen(expected);
        length += weir_value_json(&field, column + i * width_bytes, expected + length);
        strcpy(expected + length, "}");
        assert_string_equal(render(rows, &batch, i, 1), expected);
    }
    json_rows_free(rows);
}

static void values_are_as_the_library_writes_them(void **state)
{
    static const uint64_t values[] = {0, 1, 9, 10, 42, 99, 100, 101, 199, 200, 255, 256, 999, 1000, 9999, 10000, 65535,
                                      99999, 100000, 1234567, 0xc0000201, 0xffffffff, 0x100000000, 99999999999999,
                                      100000000000000, 10000000000000000, 0x0a000a0a, UINT64_MAX};
    static const struct {
        uint8_t kind, type, width;
    } kinds[] = {
        {WEIR_KIND_U8, WEIR_TYPE_UNSIGNED8, 1},   {WEIR_KIND_U16, WEIR_TYPE_UNSIGNED16, 2},
        {WEIR_KIND_U32, WEIR_TYPE_UNSIGNED32, 4}, {WEIR_KIND_U64, WEIR_TYPE_UNSIGNED64, 8},
        {WEIR_KIND_I8, WEIR_TYPE_SIGNED8, 1},     {WEIR_KIND_I32, WEIR_TYPE_SIGNED32, 4},
        {WEIR_KIND_I64, WEIR_TYPE_SIGNED64, 8},   {WEIR_KIND_IPV4, WEIR_TYPE_IPV4_ADDRESS, 4},
        {WEIR_KIND_BOOL, WEIR_TYPE_BOOLEAN, 1},   {WEIR_KIND_OCTETS, WEIR_TYPE_OCTET_ARRAY, 7},
        {WEIR_KIND_MAC, WEIR_TYPE_MAC_ADDRESS, 6}, {WEIR_KIND_OCTETS, WEIR_TYPE_STRING, 5},
        {WEIR_KIND_U64, WEIR_TYPE_DATE_TIME_MILLISECONDS, 8}, {WEIR_KIND_U32, WEIR_TYPE_DATE_TIME_SECONDS, 4},
        {WEIR_KIND_U64, WEIR_TYPE_DATE_TIME_MICROSECONDS, 8}, {WEIR_KIND_U64, WEIR_TYPE_DATE_TIME_NANOSECONDS, 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        check_kind(kinds[i].kind, kinds[i].type, kinds[i].width, values, sizeof values / sizeof values[0]);
    }
}

static void numbers_are_right(void **state)
{
    static const uint64_t value = 18446744073709551615u;
    static const uint32_t address = 0xc0000207;
    const struct weir_field fields[] = {
        {.v9_name = "A", .kind = WEIR_KIND_U64, .type = WEIR_TYPE_UNSIGNED64, .width_bytes = 8},
        {.v9_name = "B", .kind = WEIR_KIND_IPV4, .type = WEIR_TYPE_IPV4_ADDRESS, .width_bytes = 4},
        {.v9_name = "C", .kind = WEIR_KIND_NULL, .type = WEIR_TYPE_UNSIGNED8},
    };
    const void *const columns[] = {&value, &address, NULL};
    const struct weir_layout layout = {.fields = fields, .field_count = 3, .record_bytes = 12};
    const struct weir_batch batch = {.layout = &layout, .columns = columns, .row_count = 1};
    struct json_rows *rows = json_rows_create();

    (void)state;
    assert_string_equal(render(rows, &batch, 0, 1),
                        ", {\"A\": 18446744073709551615, \"B\": \"192.0.2.7\", \"C\": null}");
    json_rows_free(rows);
}

/* Many nulls for few octets are left out, wherever they stand: a row is no longer for them. */
static void nulls_out_of_proportion_are_left_out(void **state)
{
    static const uint8_t octets[] = {6, 17};
    static struct weir_field fields[4096];
    static const void *columns[4096];
    const struct weir_layout layout = {.fields = fields, .field_count = 4096, .record_bytes = 2};
    const struct weir_layout nothing = {.fields = fields, .field_count = 1000, .serial = 1};
    const struct weir_batch batch = {.layout = &layout, .columns = columns, .row_count = 2};
    const struct weir_batch empty = {.layout = &nothing, .columns = columns, .row_count = 2};
    struct json_rows *rows = json_rows_create();

    (void)state;
    for (size_t i = 0; i < 4096; i++) {
        fields[i] = (struct weir_field){.v9_name = "N", .kind = WEIR_KIND_NULL, .type = WEIR_TYPE_UNSIGNED8};
    }
    fields[1000] = fields[4094] = (struct weir_field){.v9_name = "P", .kind = WEIR_KIND_U8,
                                                     .type = WEIR_TYPE_UNSIGNED8, .width_bytes = 1};
    fields[4094].v9_name = "Q";
    columns[1000] = columns[4094] = octets;
    assert_string_equal(render(rows, &batch, 0, 2), ", {\"P\": 6, \"Q\": 6}, {\"P\": 17, \"Q\": 17}");
    assert_string_equal(render(rows, &empty, 0, 2), ", {}, {}");
    json_rows_free(rows);
}

/* What no field tells is told behind the fields; a rate of a field is there as it is. */
static void sampling_rates_are_told(void **state)
{
    static const uint8_t octets[] = {6, 17, 6};
    static const uint32_t rates[] = {0, 1, UINT32_MAX};
    const struct weir_field field = {.v9_name = "P", .kind = WEIR_KIND_U8, .type = WEIR_TYPE_UNSIGNED8,
                                     .width_bytes = 1};
    struct weir_core_column core[WEIR_CORE_COUNT] = {{0}};
    struct weir_core_column *rate = &core[WEIR_CORE_SAMPLING_RATE];
    struct weir_layout layout = {.fields = &field, .field_count = 1, .record_bytes = 1, .core = core};
    const void *const columns[] = {octets, rates};
    const struct weir_batch batch = {.layout = &layout, .columns = columns, .row_count = 3};
    struct json_rows *rows = json_rows_create();

    (void)state;
    *rate = (struct weir_core_column){.how = WEIR_CORE_COMPUTED, .kind = WEIR_KIND_U32, .column = 1, .width_bytes = 4};
    assert_string_equal(render(rows, &batch, 0, 3),
                        ", {\"P\": 6}, {\"P\": 17}, {\"P\": 6, \"sampling_rate\": 4294967295}");
    *rate = (struct weir_core_column){.how = WEIR_CORE_CONSTANT, .kind = WEIR_KIND_U32, .value = 1};
    layout.serial++;
    assert_string_equal(render(rows, &batch, 0, 1), ", {\"P\": 6, \"sampling_rate\": 1}");
    layout.field_count = 0;
    layout.serial++;
    assert_string_equal(render(rows, &batch, 0, 1), ", {\"sampling_rate\": 1}");
    *rate = (struct weir_core_column){.how = WEIR_CORE_FIELD, .kind = WEIR_KIND_U8};
    layout.field_count = 1;
    layout.serial++;
    assert_string_equal(render(rows, &batch, 0, 1), ", {\"P\": 6}");
    json_rows_free(rows);
}

static void names_may_have_any_length(void **state)
{
    static const uint8_t octets[] = {1, 2};
    char name[200];
    const struct weir_field field = {.v9_name = name, .kind = WEIR_KIND_U8, .type = WEIR_TYPE_UNSIGNED8,
                                     .width_bytes = 1};
    const void *const columns[] = {octets};

    (void)state;
    for (size_t length = 1; length < sizeof name; length++) {
        const struct weir_layout layout = {.fields = &field, .field_count = 1, .serial = length};
        const struct weir_batch batch = {.layout = &layout, .columns = columns, .row_count = 2};
        struct json_rows *rows = json_rows_create();
        char expected[512];

        memset(name, 'n', length);
        name[length] = '\0';
        snprintf(expected, sizeof expected, ", {\"%s\": 1}, {\"%s\": 2}", name, name);
        assert_string_equal(render(rows, &batch, 0, 2), expected);
        json_rows_free(rows);
    }
}

static void a_name_cannot_break_the_text(void **state)
{
    static const uint8_t octet = 1;
    const struct weir_field field = {.v9_name = "a\"b\\c\nd", .kind = WEIR_KIND_U8, .type = WEIR_TYPE_UNSIGNED8,
                                     .width_bytes = 1};
    const struct weir_layout layout = {.fields = &field, .field_count = 1};
    const void *const columns[] = {&octet};
    const struct weir_batch batch = {.layout = &layout, .columns = columns, .row_count = 1};
    struct json_rows *rows = json_rows_create();

    (void)state;
    assert_string_equal(render(rows, &batch, 0, 1), ", {\"a_b_c_d\": 1}");
    json_rows_free(rows);
}

static void a_layout_without_fields_has_empty_rows(void **state)
{
    const struct weir_layout layout = {.field_count = 0};
    const struct weir_batch batch = {.layout = &layout, .row_count = 2};
    struct json_rows *rows = json_rows_create();

    (void)state;
    assert_string_equal(render(rows, &batch, 0, 2), ", {}, {}");
    json_rows_free(rows);
}

/* A layout that is gone leaves its slot, and maybe its memory, to another. */
static void a_slot_is_taken_over(void **state)
{
    static const uint8_t octet = 1;
    const void *const columns[] = {&octet};
    struct weir_field field = {.v9_name = "OLD", .kind = WEIR_KIND_U8, .type = WEIR_TYPE_UNSIGNED8, .width_bytes = 1};
    struct weir_layout layout = {.fields = &field, .field_count = 1, .slot = 5000, .serial = 1};
    const struct weir_batch batch = {.layout = &layout, .columns = columns, .row_count = 1};
    struct json_rows *rows = json_rows_create();

    (void)state;
    assert_string_equal(render(rows, &batch, 0, 1), ", {\"OLD\": 1}");
    field.v9_name = "NEW";
    layout.serial = 2;
    assert_string_equal(render(rows, &batch, 0, 1), ", {\"NEW\": 1}");
    json_rows_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_as_the_library_writes_them),
        cmocka_unit_test(numbers_are_right),
        cmocka_unit_test(nulls_out_of_proportion_are_left_out),
        cmocka_unit_test(sampling_rates_are_told),
        cmocka_unit_test(names_may_have_any_length),
        cmocka_unit_test(a_name_cannot_break_the_text),
        cmocka_unit_test(a_layout_without_fields_has_empty_rows),
        cmocka_unit_test(a_slot_is_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
