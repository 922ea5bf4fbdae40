/* SPDX-License-Identifier: MIT */
/*
 * test_core_sampling.c - sampling rates from records, options, headers and the user; system start from options
 */
#include "core_decode.h"

#define RATE(row) core_number_at(WEIR_CORE_SAMPLING_RATE, row)

static const struct {
    const char *fields, *record;
    uint32_t rate;
    int how;
    uint16_t from_id;
} records[] = {
    {"34:4", "000003e8", 1000, WEIR_CORE_FIELD, 34},
    {"34:2", "03e8", 1000, WEIR_CORE_FIELD, 34},
    {"50:4", "00000064", 100, WEIR_CORE_FIELD, 50},
    {"50:4 34:4", "00000064 000003e8", 1000, WEIR_CORE_FIELD, 34},
    {"305:4 306:4", "00000001 000003e7", 1000, WEIR_CORE_COMPUTED, 305},
    {"305:4 306:4", "00000064 00002648", 99, WEIR_CORE_COMPUTED, 305}, /* 9,900 of 100, 98 left out for each */
    {"305:4 306:4", "00000002 00000003", 3, WEIR_CORE_COMPUTED, 305}, /* 2.5, rounded */
    {"305:4 306:4", "00000000 00000003", 0, WEIR_CORE_COMPUTED, 305},
    {"305:4 306:4", "00000001 ffffffff", UINT32_MAX, WEIR_CORE_COMPUTED, 305},
    {"309:4 310:4", "00000002 000003e8", 500, WEIR_CORE_COMPUTED, 309},
    {"309:4 310:4", "00000000 000003e8", 0, WEIR_CORE_COMPUTED, 309},
    {"305:1 306:2", "01 03e7", 1000, WEIR_CORE_COMPUTED, 305}, /* shorter than their type, RFC 7011 section 6.2 */
    {"305:2 306:1", "0002 03", 3, WEIR_CORE_COMPUTED, 305},
    {"309:1 310:4", "02 000003e8", 500, WEIR_CORE_COMPUTED, 309},
    {"309:4 310:2", "00000002 03e8", 500, WEIR_CORE_COMPUTED, 309},
    {"309:2 310:1", "0002 05", 3, WEIR_CORE_COMPUTED, 309},
    {"311:4", "3a83126f", 1000, WEIR_CORE_COMPUTED, 311},
    {"311:8", "3f50624dd2f1a9fc", 1000, WEIR_CORE_COMPUTED, 311}, /* 0.001 */
    {"311:8", "3ff0000000000000", 1, WEIR_CORE_COMPUTED, 311},
    {"311:8", "7ff8000000000000", 0, WEIR_CORE_COMPUTED, 311}, /* not a number */
    {"311:8", "0000000000000000", 0, WEIR_CORE_COMPUTED, 311},
    {"311:8", "4000000000000000", 0, WEIR_CORE_COMPUTED, 311}, /* 2: no probability */
    {"305:4", "00000001", 0, WEIR_CORE_COMPUTED, 0},
    {"8:4", "01020304", 0, WEIR_CORE_COMPUTED, 0},
    {"48:1", "05", 0, WEIR_CORE_COMPUTED, 48},
};

static void test_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        core_decode(10, records[i].fields, records[i].record);
        const struct weir_core_column *column = core_of(WEIR_CORE_SAMPLING_RATE);
        if (RATE(0) != records[i].rate || column->how != records[i].how || column->from_id != records[i].from_id)
            fail_msg("%s: rate %lld, how %d, from %u", records[i].fields, (long long)RATE(0), column->how,
                     column->from_id);
    }
}

/* The mode in the upper 2 bits is no part of it. */
static void test_header(void **state)
{
    static const char record[] = "01020304 05060708 00000000 0001 0002 00000003 00000004 0000c350 00015f90 0102 0304"
                                 "00 12 06 00 0000 0000 00 00 0000";
    (void)state;
    core_header.sampling = 0x4064;
    core_decode_fixed(5, 1, record);
    assert_int_equal(RATE(0), 100);
    assert_int_equal(core_of(WEIR_CORE_SAMPLING_RATE)->note, WEIR_CORE_NOTE_STATE);
    core_header.sampling = 0;
    core_decode_fixed(5, 1, record);
    assert_int_equal(RATE(0), 0);
}

static void test_user(void **state)
{
    (void)state;
    core_options.sampling_rate = 512;
    core_decode(9, "34:4", "000003e8");
    assert_int_equal(core_of(WEIR_CORE_SAMPLING_RATE)->how, WEIR_CORE_CONSTANT);
    assert_int_equal(core_of(WEIR_CORE_SAMPLING_RATE)->note, WEIR_CORE_NOTE_OPTION);
    assert_int_equal(RATE(0), 512);
    assert_int_equal(*(const uint32_t *)core_batch->columns[0], 1000); /* what the exporter says stays */
}

static void test_options_of_all(void **state)
{
    (void)state;
    core_continue(9, 1, "1:4 34:4 35:1", "00000000 000003e8 02");
    core_continue(9, 0, "8:4 10:2", "01020304 0001");
    assert_int_equal(RATE(0), 1000);
    core_continue(9, 1, "1:4 34:4 35:1", "00000000 000007d0 02"); /* told anew */
    core_continue(9, 0, "8:4 10:2", "01020304 0001");
    assert_int_equal(RATE(0), 2000);
}

/* The sampler of a record goes before its interface, and that before the exporter as a whole. */
static void test_options_by_sampler(void **state)
{
    (void)state;
    core_continue(9, 1, "1:4 34:4 35:1", "00000000 000003e8 02");
    core_continue(9, 1, "1:4 48:1 49:1 50:4", "00000000 05 02 00000064 00000000 06 02 000000c8");
    core_continue(9, 0, "48:1 10:4", "05 00000001 06 00000001 07 00000001 06 00000002 06 00000001");
    assert_int_equal(core_batch->row_count, 5);
    assert_int_equal(RATE(0), 100);
    assert_int_equal(RATE(1), 200);
    assert_int_equal(RATE(2), 1000);
    assert_int_equal(RATE(3), 200);
    assert_int_equal(RATE(4), 200);
}

static void test_options_by_selector(void **state)
{
    (void)state;
    core_continue(10, 1, "302:8 304:2 305:4 306:4", "0000000000000009 0001 00000001 00000063");
    core_continue(10, 0, "302:8", "0000000000000009 0000000000000008");
    assert_int_equal(RATE(0), 100);
    assert_int_equal(RATE(1), 0);
}

/* The ID may have any length that a number has, in options as in records. */
static void test_options_by_id_of_any_length(void **state)
{
    static const struct {
        const char *options, *option, *fields, *record;
    } lengths[] = {
        {"302:1 34:4", "05 0000000a", "302:1", "05 05 06"},
        {"302:2 34:4", "0105 0000000a", "302:2", "0105 0105 0106"},
        {"302:4 34:4", "01000005 0000000a", "302:4", "01000005 01000005 01000006"},
        {"302:8 34:4", "0100000000000005 0000000a", "302:8", "0100000000000005 0100000000000005 0100000000000006"},
        {"48:2 50:4", "0105 0000000a", "48:2", "0105 0105 0106"},
        {"10:1 34:4", "05 0000000a", "10:1", "05 05 06"},
        {"10:2 34:4", "0005 0000000a", "10:4", "00000005 00000005 00000006"},
        {"10:4 34:4", "00000005 0000000a", "10:8", "0000000000000005 0000000000000005 0000000100000005"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        core_done();
        core_continue(10, 0, lengths[i].fields, lengths[i].record);
        assert_int_equal(RATE(0), 0);
        core_continue(10, 1, lengths[i].options, lengths[i].option);
        core_continue(10, 0, lengths[i].fields, lengths[i].record);
        assert_int_equal(core_batch->row_count, 3);
        if (RATE(0) != 10 || RATE(1) != 10 || RATE(2) != 0)
            fail_msg("%s: rates %lld, %lld, %lld", lengths[i].fields, (long long)RATE(0), (long long)RATE(1),
                     (long long)RATE(2));
    }
}

static void test_options_by_interface(void **state)
{
    (void)state;
    core_continue(9, 1, "2:4 34:4", "00000003 00000064");
    core_continue(9, 0, "10:2 14:2", "0003 0001 0001 0003");
    assert_int_equal(RATE(0), 100);
    assert_int_equal(RATE(1), 0);
}

/* The rate of an interface is told for the whole exporter, its name for the domain. */
static void test_options_of_two_domains(void **state)
{
    (void)state;
    core_continue(9, 1, "10:2 34:4", "0003 00000064");
    core_header.domain = 7;
    core_continue(9, 1, "10:2 82:4", "0003 65746830");
    core_continue(9, 0, "10:2", "0003 0001");
    assert_int_equal(RATE(0), 100);
    assert_int_equal(RATE(1), 0);
    core_continue(9, 1, "10:2 34:4", "0003 000000c8");
    core_continue(9, 0, "10:2", "0003");
    assert_int_equal(RATE(0), 200);
}

/* What IPFIX tells of the exporter's start in options is what its uptimes count from. */
static void test_system_init_time(void **state)
{
    (void)state;
    core_continue(10, 0, "22:4 21:4", "0000c350 00015f90");
    assert_true(core_batch->runs[0].time_estimated);
    core_continue(10, 1, "149:4 160:8", "00000000 00000174876cf960"); /* 100 s before the export time */
    core_continue(10, 0, "22:4 21:4", "0000c350 00015f90");
    assert_false(core_batch->runs[0].time_estimated);
    assert_true(core_number(WEIR_CORE_TIME_START) == 1600000000000000 - 50000000);
    assert_true(core_number(WEIR_CORE_TIME_END) == 1600000000000000 - 10000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_records, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_header, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_user, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_options_of_all, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_options_by_sampler, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_options_by_selector, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_options_by_id_of_any_length, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_options_by_interface, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_options_of_two_domains, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_system_init_time, core_setup, core_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
