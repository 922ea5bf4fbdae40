/* SPDX-License-Identifier: MIT */
/* test_time_bins.c - spans of time of the local clock follow each other without a gap */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "time_bins.h"

#define SECOND ((int64_t)1000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define MARCH (1772928000 * SECOND)    /* 2026-03-08 00:00 UTC; at 2:00 the clock is put forward in New York */
#define NOVEMBER (1793491200 * SECOND) /* 2026-11-01 00:00 UTC; at 2:00 it is put back */

static void in_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

/* Every moment is in the span whose begin and end are around it, and the next span begins where this one ends. */
static void expect_no_gaps(int64_t length_us, int64_t from_us)
{
    struct time_bins bins;
    time_bins_init(&bins, length_us, from_us, from_us + 400 * DAY);
    int64_t start_us = time_bins_start(&bins, from_us), end_us = time_bins_end(&bins, start_us);
    for (int64_t us = from_us; us < from_us + 400 * DAY; us += 5 * 60 * SECOND + 7) {
        while (us >= end_us) {
            assert_int_equal(time_bins_start(&bins, end_us), end_us);
            start_us = end_us;
            end_us = time_bins_end(&bins, start_us);
            assert_true(end_us > start_us);
        }
        assert_int_equal(time_bins_start(&bins, us), start_us);
        assert_int_equal(time_bins_start(&bins, end_us - 1), start_us);
    }
}

static void test_spans_follow_each_other(void **state)
{
    static const char *const zones[] = {"UTC", "EST5EDT,M3.2.0,M11.1.0", "IST-5:30",
                                        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "<-03>3<-02>,M10.3.0/0,M2.3.0/0"};
    static const int64_t lengths[] = {7 * 60 * SECOND, 10 * 60 * SECOND, 45 * 60 * SECOND, HOUR, 90 * 60 * SECOND,
                                      2 * HOUR, 5 * HOUR, 6 * HOUR, DAY, 7 * DAY, 300 * DAY};
    (void)state;
    for (size_t zone = 0; zone < sizeof zones / sizeof *zones; zone++) {
        in_zone(zones[zone]);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            expect_no_gaps(lengths[i], MARCH - 30 * DAY + 1);
            expect_no_gaps(lengths[i], NOVEMBER + 3 * HOUR);
        }
    }
}

static void expect_span(int64_t length_us, int64_t us, int64_t start_us, int64_t end_us)
{
    struct time_bins bins;
    time_bins_init(&bins, length_us, MARCH - DAY, NOVEMBER + 2 * DAY);
    assert_int_equal(time_bins_start(&bins, us), start_us);
    assert_int_equal(time_bins_end(&bins, start_us), end_us);
}

static void test_changes_of_the_clock(void **state)
{
    (void)state;
    in_zone("EST5EDT,M3.2.0,M11.1.0");
    /* the days */
    expect_span(DAY, MARCH + 12 * HOUR, MARCH + 5 * HOUR, MARCH + 28 * HOUR);
    expect_span(DAY, NOVEMBER + 12 * HOUR, NOVEMBER + 4 * HOUR, NOVEMBER + 29 * HOUR);
    /* from 0:00 to 6:00 */
    expect_span(6 * HOUR, MARCH + 9 * HOUR, MARCH + 5 * HOUR, MARCH + 10 * HOUR);
    expect_span(6 * HOUR, NOVEMBER + 10 * HOUR, NOVEMBER + 4 * HOUR, NOVEMBER + 11 * HOUR);
    /* 1:00 comes twice */
    expect_span(HOUR, NOVEMBER + 5 * HOUR + 1, NOVEMBER + 5 * HOUR, NOVEMBER + 6 * HOUR);
    expect_span(HOUR, NOVEMBER + 6 * HOUR + 1, NOVEMBER + 6 * HOUR, NOVEMBER + 7 * HOUR);
    /* from 2:00 to 4:00 is an hour that begins at 3:00 */
    expect_span(2 * HOUR, MARCH + 7 * HOUR + 1, MARCH + 7 * HOUR, MARCH + 8 * HOUR);
    in_zone("IST-5:30");
    expect_span(HOUR, MARCH, MARCH - HOUR / 2, MARCH + HOUR / 2);
}

/* Times that an exporter made up take neither long nor the changes from those that there are. */
static void test_times_far_away(void **state)
{
    struct time_bins bins;
    (void)state;
    in_zone("EST5EDT,M3.2.0,M11.1.0");
    time_bins_init(&bins, DAY, INT64_MIN, INT64_MAX);
    assert_int_equal(bins.change_count, TIME_CHANGES_MAX);
    const int64_t now = (int64_t)time(NULL) * SECOND, start = time_bins_start(&bins, now);
    assert_true(start <= now && now < time_bins_end(&bins, start));
    const time_t when = (time_t)(start / SECOND);
    struct tm local;
    assert_non_null(localtime_r(&when, &local));
    assert_int_equal(local.tm_hour, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans_follow_each_other),
        cmocka_unit_test(test_changes_of_the_clock),
        cmocka_unit_test(test_times_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
