/* SPDX-License-Identifier: MIT */
/* test_time_text.c - times as people type them */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "time_text.h"

#define SECOND ((int64_t)1000000)
/* 2026-11-23 12:00:00 UTC, 13:00 in Rome */
#define NOW (1795435200 * SECOND + 250000)

static void expect_time(const char *text, int64_t us)
{
    int64_t got = 7;
    if (time_text_parse(text, NOW, &got) != 0 || got != us)
        fail_msg("%s: %lld, not %lld", text, (long long)got, (long long)us);
}

static void expect_none(const char *text)
{
    int64_t got = 7;
    if (time_text_parse(text, NOW, &got) == 0 || got != 7)
        fail_msg("%s is taken as %lld", text, (long long)got);
}

static void in_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static void test_relative(void **state)
{
    (void)state;
    expect_time("now", NOW);
    expect_time("-2h", NOW - 7200 * SECOND);
    expect_time("-90s", NOW - 90 * SECOND);
    expect_time("-90", NOW - 90 * SECOND);
    expect_time("-1.5m", NOW - 90 * SECOND);
    expect_time("@1764000000", 1764000000 * SECOND);
    expect_time("@0", 0);
    expect_time("1764000000", 1764000000 * SECOND);
    expect_time("999999999", 999999999 * SECOND);
    expect_time("-1h30m", NOW - 5400 * SECOND);
    expect_time("-2w", NOW - 14 * 86400 * SECOND);
}

static void test_absolute(void **state)
{
    (void)state;
    in_zone("UTC");
    expect_time("2026-11-23", 1795392000 * SECOND);
    expect_time("2026-11-23 14:05", 1795442700 * SECOND);
    expect_time("2026-11-23T14:05", 1795442700 * SECOND);
    expect_time("2026-11-23 14:05:07", 1795442707 * SECOND);
    expect_time("2026-11-23 14:05:07.25", 1795442707 * SECOND + 250000);
    expect_time("2026-11-23 14:05:07.000001Z", 1795442707 * SECOND + 1);
    expect_time("14:05", 1795442700 * SECOND);
    expect_time("14:05:07", 1795442707 * SECOND);
    expect_time("2024-02-29", 1709164800 * SECOND);
    expect_time("1970-01-01", 0);
    expect_time("1969-12-31", -86400 * SECOND);
    expect_time("0001-01-01", -62135596800 * SECOND);
    expect_time("9999-12-31", 253402214400 * SECOND);
    /* as Weir and nfdump write them */
    expect_time("2026-11-23 14:05.07", 1795442707 * SECOND);
    expect_time("2026-11-23 14:05.07.25", 1795442707 * SECOND + 250000);
    expect_time("14:05:07.089", 1795442707 * SECOND + 89000);
    expect_time("2026/11/23", 1795392000 * SECOND);
    expect_time("2026/11/23.14:05:07", 1795442707 * SECOND);
    expect_time("2026/11/23.14:05", 1795442700 * SECOND);
    expect_time("today", 1795392000 * SECOND);
    expect_time("yesterday", 1795305600 * SECOND);
    expect_time("today 14:05", 1795442700 * SECOND);
    expect_time("yesterdayT14:05:07", 1795356307 * SECOND);
    expect_time("Yesterday", 1795305600 * SECOND);
    expect_time("2026-11-23 14", 1795442400 * SECOND);
}

static void test_zones(void **state)
{
    (void)state;
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    expect_time("2026-11-23 14:05", 1795439100 * SECOND);
    expect_time("2026-11-23 14:05Z", 1795442700 * SECOND);
    expect_time("2026-11-23Z", 1795392000 * SECOND);
    expect_time("2026-07-01 02:00", 1782864000 * SECOND);
    expect_time("14:05", 1795439100 * SECOND);
    expect_time("14:05Z", 1795442700 * SECOND);
    expect_time("today", 1795388400 * SECOND);
    expect_time("todayZ", 1795392000 * SECOND);
    /* today is another day than in UTC */
    in_zone("AAA-14");
    expect_time("01:00", 1795431600 * SECOND);
    in_zone("UTC");
}

static void test_offsets(void **state)
{
    (void)state;
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    expect_time("2026-11-23 14:05+01", 1795439100 * SECOND);
    expect_time("2026-11-23T14:05:07.25+05:30", 1795422907 * SECOND + 250000);
    expect_time("2026-11-23 14:05-0500", 1795460700 * SECOND);
    expect_time("2026-11-23+00:00", 1795392000 * SECOND);
    expect_time("2026-11-23-05:00", 1795410000 * SECOND);
    expect_time("2026-11-23z", 1795392000 * SECOND);
    /* at noon, UTC, it is tomorrow there */
    expect_time("today+14:00", (1795392000 + 86400 - 14 * 3600) * SECOND);
    expect_time("01:00+14", (1795392000 + 86400 - 13 * 3600) * SECOND);
    in_zone("UTC");
}

static void test_changes_of_the_clock(void **state)
{
    (void)state;
    in_zone("EST5EDT,M3.2.0,M11.1.0");
    /* an hour that comes twice is the first one, whatever was asked before */
    for (int i = 0; i < 2; i++) {
        expect_time("2026-11-01 01:30", 1793511000 * SECOND);
        expect_time("2026-11-01 01:30-05:00", 1793514600 * SECOND);
        expect_time(i == 0 ? "2026-12-01" : "2026-07-01", (i == 0 ? 1796101200 : 1782878400) * SECOND);
    }
    expect_time("2026-11-01", 1793505600 * SECOND);
    expect_time("2026-11-02", 1793595600 * SECOND);
    /* one that there is not */
    expect_time("2026-03-08 02:30", 1772955000 * SECOND);
    expect_time("2026-03-08 03:30", 1772955000 * SECOND);
    expect_time("2026-03-08 01:59:59", 1772953199 * SECOND);
    /* a day without its midnight */
    in_zone("<-03>3<-02>,M10.3.0/0,M2.3.0/0");
    expect_time("2026-10-18", 1792292400 * SECOND);
    expect_time("2026-10-18 00:30", 1792294200 * SECOND);
    in_zone("UTC");
}

static void test_what_is_none(void **state)
{
    static const char *const wrong[] = {
        "", " ", "-", "-h", "-2y", "--2h", "-0s", "yesterday ", "today14:05", "today-1d", "now ", "now@5", "now1764000000", "@", "@-1", "@1x",
        "@99999999999999999999", "@18446744073709551615", "14", "14:5", "14:05+", "14:05+1",
        "14:05+01:", "14:05+15:00", "14:05+01:60", "14:05+010", "14:05 Z", "14:60", "24:00", "14:05:60", "14:05:07.",
        "14:05:07.1234567", "14:05 ",
        "2026", "20261123", "17640000001", "1764000000.5", "2026/11-23", "2026.11.23", "2026/11/23.", "14:05.", "14:05.1",
        "2026-11", "2026-11-", "2026-1-23", "2026-13-01", "2026-00-10", "2026-11-31", "2026-02-29",
        "2026-11-23 ", "2026-11-23T", "2026-11-23  14:05", "2026-11-23_14:05", "2026-11-23 14:05ZZ",
        "0000-01-01", "10000-01-01", "12026-11-23", "2026-11-23 -2h",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_none(wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relative),
        cmocka_unit_test(test_absolute),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_changes_of_the_clock),
        cmocka_unit_test(test_what_is_none),
    };
    in_zone("UTC");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
