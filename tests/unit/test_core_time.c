/* SPDX-License-Identifier: MIT */
/*
 * test_core_time.c - when flows began and ended, for every way an exporter may tell it
 */
#include "core_decode.h"

#define EXPORT_S 1600000000
#define EXPORT_US ((int64_t)EXPORT_S * 1000000)
#define DAY_MS 86400000

/* The header, the template, the record; what is expected. Times are relative to the export time, microseconds. */
struct time_case {
    const char *what;
    int version;
    uint32_t uptime_ms;
    const char *fields, *record;
    int64_t start_us, end_us;
    uint8_t start_note, end_note;
    uint16_t start_id, end_id;
    bool estimated;
};

#define N WEIR_CORE_NOTE_NONE
#define UP WEIR_CORE_NOTE_UPTIME
#define ONE WEIR_CORE_NOTE_ONE_TIME
#define LONG WEIR_CORE_NOTE_DURATION
#define HEAD WEIR_CORE_NOTE_EXPORT_TIME

/* Seconds and fraction of 1600000000.5, NTP: 3808988800 = 0xe3088e80. */
static const struct time_case cases[] = {
    {"uptime", 9, 100000, "22:4 21:4", "0000c350 00015f90", -50000000, -10000000, UP, UP, 22, 21, false},
    {"uptime, version 9 with init time: header wins", 9, 100000, "160:8 22:4 21:4",
     "0000000000000000 0000c350 00015f90", -50000000, -10000000, UP, UP, 22, 21, false},
    {"uptime, header wrapped", 9, 1000, "22:4 21:4", "fffffc18 00000000", -2000000, -1000000, UP, UP, 22, 21, false},
    {"uptime, flow wrapped, header not", 9, 0xfffffc18u, "22:4 21:4", "fffff830 000003e8", -1000000, 2000000, UP, UP,
     22, 21, false},
    {"uptime, flow behind the header", 9, 1000, "22:4 21:4", "000003e8 000007d0", 0, 1000000, UP, UP, 22, 21, false},
    {"uptime, 30 days ago", 9, 30u * DAY_MS, "22:4 21:4", "00000000 9a7ec800", -30ll * DAY_MS * 1000, 0, UP, UP, 22, 21,
     false},
    {"uptime, a day ahead is ahead", 9, 0, "22:4 21:4", "05265c00 05265c00", DAY_MS * 1000ll, DAY_MS * 1000ll, UP, UP,
     22, 21, false},
    {"uptime, more than a day ahead is long ago", 9, 0, "22:4 21:4", "05265c01 05265c01",
     (DAY_MS + 1 - 4294967296ll) * 1000, (DAY_MS + 1 - 4294967296ll) * 1000, UP, UP, 22, 21, false},
    {"uptime of 3 octets", 9, 100000, "22:3 21:4", "00c350 00015f90", -50000000, -10000000, UP, UP, 22, 21, false},
    {"seconds", 9, 1, "150:4 151:4", "5f5e0ff6 5f5e0fff", -10000000, -1000000, N, N, 150, 151, false},
    {"seconds in 8 octets", 10, 1, "150:8 151:8", "000000005f5e0ff6 000000005f5e0fff", -10000000, -1000000, N, N, 150,
     151, false},
    {"milliseconds", 9, 1, "152:8 153:8", "00000174876e7de9 00000174876e7fff", -535000, -1000, N, N, 152, 153, false},
    {"microseconds", 10, 0, "154:8 155:8", "e3088e7f80000000 e3088e8040000000", -500000, 250000, N, N, 154, 155, false},
    {"microseconds, the nearest, bottom bits ignored", 10, 0, "154:8 155:8", "e3088e80000010c7 e3088e8000001000", 1, 1,
     N, N, 154, 155, false},
    {"nanoseconds", 10, 0, "156:8 157:8", "e3088e7fffffffff e3088e8000000000", -1, 0, N, N, 156, 157, false},
    {"NTP's second era", 10, 0, "154:8 155:8", "0000000080000000 0000000180000000",
     (2085978496ll - EXPORT_S) * 1000000 + 500000, (2085978497ll - EXPORT_S) * 1000000 + 500000, N, N, 154, 155, false},
    {"NTP's highest second", 10, 0, "154:8 155:8", "ffffffff00000000 ffffffff00000000",
     (2085978495ll - EXPORT_S) * 1000000, (2085978495ll - EXPORT_S) * 1000000, N, N, 154, 155, false},
    {"delta", 10, 0, "158:4 159:4", "000f4240 00000001", -1000000, -1, N, N, 158, 159, false},
    {"delta of 2 octets", 10, 0, "158:2 159:2", "ffff 0000", -65535, 0, N, N, 158, 159, false},
    {"milliseconds before uptime", 9, 100000, "22:4 21:4 152:8 153:8",
     "00000000 00000000 00000174876e7de9 00000174876e7fff", -535000, -1000, N, N, 152, 153, false},
    {"uptime before seconds", 9, 100000, "150:4 151:4 22:4 21:4", "00000001 00000001 0000c350 00015f90", -50000000,
     -10000000, UP, UP, 22, 21, false},
    {"seconds before uptime of unknown begin", 10, 0, "22:4 21:4 150:4 151:4", "00000001 00000002 5f5e0ff6 5f5e0fff",
     -10000000, -1000000, N, N, 150, 151, false},
    {"uptime with init time in the record", 10, 0, "160:8 22:4 21:4", "00000174876cf960 0000c350 00015f90", -50000000,
     -10000000, UP, UP, 22, 21, false},
    {"uptime with init time long ago", 10, 0, "160:8 22:4 21:4", "00000173876cf960 0000c350 00015f90", -50000000,
     -10000000, UP, UP, 22, 21, false},
    {"uptime of unknown begin", 10, 0, "22:4 21:4", "0000c350 00015f90", -40000000, 0, UP, UP, 22, 21, true},
    {"uptime of unknown begin, wrapped", 10, 0, "22:4 21:4", "fffffc18 000003e8", -2000000, 0, UP, UP, 22, 21, true},
    {"start and duration", 10, 0, "152:8 161:4", "00000174876e7de9 000001f4", -535000, -35000, N, LONG, 152, 152,
     false},
    {"start and a duration of 2 octets", 10, 0, "152:8 161:2", "00000174876e7de9 01f4", -535000, -35000, N, LONG, 152,
     152, false},
    {"end and a duration of 1 octet", 10, 0, "153:8 162:1", "00000174876e7fff 64", -1100, -1000, LONG, N, 153, 153,
     false},
    {"end and duration", 10, 0, "153:8 162:4", "00000174876e7fff 00000064", -1100, -1000, LONG, N, 153, 153, false},
    {"end and duration in milliseconds", 10, 0, "153:8 161:4", "00000174876e7fff 000001f4", -501000, -1000, LONG, N,
     153, 153, false},
    {"start and duration in microseconds", 10, 0, "152:8 162:4", "00000174876e7de9 000001f4", -535000, -534500, N, LONG,
     152, 152, false},
    {"a duration of odd length does not count", 10, 0, "153:8 161:5", "00000174876e7fff 00000001f4", -1000, -1000, ONE,
     ONE, 153, 153, false},
    {"both durations: the finer", 10, 0, "153:8 161:4 162:4", "00000174876e7fff 00000001 00000064", -1100, -1000,
     LONG, N,
     153, 153, false},
    {"both ends before the duration", 10, 0, "152:8 153:8 161:4", "00000174876e7de9 00000174876e7fff 00000001", -535000,
     -1000, N, N, 152, 153, false},
    {"uptime and duration", 9, 100000, "22:4 161:4", "0000c350 00000064", -50000000, -49900000, UP, LONG, 22, 22,
     false},
    {"a start only", 10, 0, "152:8", "00000174876e7de9", -535000, -535000, ONE, ONE, 152, 152, false},
    {"an end only", 10, 0, "151:4", "5f5e0fff", -1000000, -1000000, ONE, ONE, 151, 151, false},
    {"different clocks", 10, 0, "152:8 151:4", "00000174876e7de9 5f5e1000", -535000, 0, N, N, 152, 151, false},
    {"start and event", 9, 1, "152:8 323:8", "00000174876e7de9 00000174876e7fff", -535000, -1000, N, N, 152, 323,
     false},
    {"an event", 9, 1, "323:8", "00000174876e7de9", -535000, -535000, ONE, ONE, 323, 323, false},
    {"an observation, NTP", 10, 1, "324:8", "e3088e7f80000000", -500000, -500000, ONE, ONE, 324, 324, false},
    {"an observation, seconds", 10, 1, "322:4", "5f5e0fff", -1000000, -1000000, ONE, ONE, 322, 322, false},
    {"no time", 9, 1, "8:4", "01020304", 0, 0, HEAD, HEAD, 0, 0, false},
    {"milliseconds of 0", 9, 1, "152:8 153:8", "0000000000000000 00000174876e7fff", 0, -1000, N, N, 152, 153, false},
    {"seconds of 0", 9, 1, "150:4 151:4", "00000000 00000000", 0, 0, N, N, 150, 151, false},
    {"NTP of 0", 10, 1, "154:8 155:8", "0000000000000000 0000000000000000", 0, 0, N, N, 154, 155, false},
    {"milliseconds without bounds", 9, 1, "152:8 153:8", "ffffffffffffffff 00000174876e7fff",
     INT64_MAX / 2000 * 1000 - EXPORT_US, -1000, N, N, 152, 153, false},
    {"seconds of 1 and 2 octets", 9, 1, "150:1 151:2", "0a 0100", 10000000 - EXPORT_US, 256000000 - EXPORT_US, N, N,
     150, 151, false},
    {"milliseconds of 1 and 2 octets", 9, 1, "152:1 153:2", "0a 0100", 10000 - EXPORT_US, 256000 - EXPORT_US, N, N, 152,
     153, false},
    {"milliseconds of 4 octets", 9, 1, "152:4 153:4", "00000001 ffffffff", 1000 - EXPORT_US,
     4294967295ll * 1000 - EXPORT_US, N, N, 152, 153, false},
    {"delta of 1 and 8 octets", 10, 0, "158:1 159:8", "ff 0000000000000001", -255, -1, N, N, 158, 159, false},
    {"seconds without bounds", 9, 1, "150:8 151:4", "ffffffffffffffff 5f5e1000",
     INT64_MAX / 2000000 * 1000000 - EXPORT_US, 0, N, N, 150, 151, false},
    {"uptime of 2 octets", 9, 100000, "22:2 21:4", "c350 00015f90", -10000000, -10000000, ONE, ONE, 21, 21, false},
    {"a start by uptime, an end by seconds", 9, 100000, "22:4 151:4", "0000c350 5f5e0fff", -50000000, -1000000, UP, N,
     22, 151, false},
    {"a start by uptime of unknown begin", 10, 0, "22:4 153:8", "0000c350 00000174876e7fff", 0, -1000, UP, N, 22, 153,
     true},
    {"the monitoring interval", 10, 0, "359:8 360:8", "00000174876e7de9 00000174876e7fff", -535000, -1000, N, N, 359,
     360, false},
    {"an observation, NTP fraction", 10, 1, "325:8", "e3088e7f80000000", -500000, -500000, ONE, ONE, 325, 325, false},
    {"when it was collected", 10, 1, "258:8", "00000174876e7fff", -1000, -1000, ONE, ONE, 258, 258, false},
    {"a time of odd length does not count", 10, 0, "156:4 157:8 150:4 151:4",
     "5f5e0ff6 e3088e8000000000 5f5e0ff6 5f5e0fff", -10000000, -1000000, N, N, 150, 151, false},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct time_case *c = &cases[i];
        core_header.uptime_ms = c->uptime_ms;
        core_decode(c->version, c->fields, c->record);
        const int64_t start = core_number(WEIR_CORE_TIME_START) - EXPORT_US,
                      end = core_number(WEIR_CORE_TIME_END) - EXPORT_US;
        const struct weir_core_column *starts = core_of(WEIR_CORE_TIME_START), *ends = core_of(WEIR_CORE_TIME_END);
        if (start != c->start_us || end != c->end_us)
            fail_msg("%s: from %lld to %lld, not from %lld to %lld", c->what, (long long)start, (long long)end,
                     (long long)c->start_us, (long long)c->end_us);
        if (starts->note != c->start_note || ends->note != c->end_note || starts->from_id != c->start_id ||
            ends->from_id != c->end_id)
            fail_msg("%s: notes %d, %d from %d, %d", c->what, starts->note, ends->note, starts->from_id, ends->from_id);
        assert_int_equal(starts->column == ends->column, c->start_note == ONE || c->start_note == HEAD);
        assert_int_equal(starts->kind, WEIR_KIND_I64);
        assert_int_equal(starts->width_bytes, 8);
        assert_int_equal(core_batch->runs[0].time_estimated, c->estimated);
    }
}

/* Versions 1, 5 and 7 have nanoseconds in the header; 30 records of 48 octets would be too many to write down. */
static void test_residual_nanoseconds(void **state)
{
    static const char record[] = "01020304 05060708 00000000 0001 0002 00000003 00000004 0000c350 00015f90 0102 0304"
                                 "00 12 06 00 0000 0000 00 00 0000";
    (void)state;
    core_header.export_time_ns = 123456789;
    core_decode_fixed(5, 1, record);
    assert_true(core_number(WEIR_CORE_TIME_START) == EXPORT_US + 123456 - 50000000);
    assert_true(core_number(WEIR_CORE_TIME_END) == EXPORT_US + 123456 - 10000000);
    core_header.export_time_ns = 1000000000; /* no residual: some write anything there */
    core_decode_fixed(5, 1, record);
    assert_true(core_number(WEIR_CORE_TIME_START) == EXPORT_US - 50000000);
}

/* Rows of several datagrams lie in one batch, each with the constants of its own header. */
static void test_runs(void **state)
{
    (void)state;
    core_decode(9, "22:4 21:4", "0000c350 00015f90 0000c351 00015f91 0000c352 00015f92");
    assert_int_equal(core_batch->row_count, 3);
    for (uint32_t row = 0; row < 3; row++)
        assert_true(core_number_at(WEIR_CORE_TIME_START, row) == EXPORT_US - 50000000 + row * 1000);
}

/* The raw field stays as it was. */
static void test_fields_stay(void **state)
{
    (void)state;
    core_decode(9, "22:4 21:4", "0000c350 00015f90");
    assert_int_equal(core_batch->layout->field_count, 2);
    assert_int_equal(*(const uint32_t *)core_batch->columns[0], 50000);
    assert_int_equal(*(const uint32_t *)core_batch->columns[1], 90000);
    assert_true(core_of(WEIR_CORE_TIME_START)->column >= 2);
    assert_true(core_of(WEIR_CORE_TIME_START)->column < 2 + core_batch->layout->computed_count);
}

static void test_off(void **state)
{
    (void)state;
    core_options.core = false;
    core_decode(9, "22:4 21:4", "0000c350 00015f90");
    assert_null(core_batch->layout->core);
    assert_int_equal(core_batch->layout->computed_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cases, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_residual_nanoseconds, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_runs, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_fields_stay, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_off, core_setup, core_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
