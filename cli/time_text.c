/* SPDX-License-Identifier: MIT */
/*
 * time_text.c - times as people type them
 */
#define _GNU_SOURCE
#include "time_text.h"

#include "quantity.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define SECOND_US ((int64_t)1000000)

/* A number of exactly so many digits, within bounds; moves behind it. */
static bool take_digits(const char **text, int digits, int low, int high, int *ret_number)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        const char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    *text += digits;
    *ret_number = number;
    return number >= low && number <= high;
}

static bool take(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

/* YYYY-MM-DD */
static bool take_date(const char **text, struct tm *when)
{
    if (!take_digits(text, 4, 1970, 2200, &when->tm_year) || !take(text, '-') ||
        !take_digits(text, 2, 1, 12, &when->tm_mon) || !take(text, '-') || !take_digits(text, 2, 1, 31, &when->tm_mday))
        return false;
    when->tm_year -= 1900;
    when->tm_mon -= 1;
    return true;
}

/* HH:MM, HH:MM:SS, HH:MM:SS.f; nothing else at the end. */
static bool take_clock(const char **text, struct tm *when, int64_t *ret_fraction_us)
{
    int64_t unit = SECOND_US;
    if (!take_digits(text, 2, 0, 23, &when->tm_hour) || !take(text, ':') || !take_digits(text, 2, 0, 59, &when->tm_min))
        return false;
    if (!take(text, ':'))
        return true;
    if (!take_digits(text, 2, 0, 59, &when->tm_sec))
        return false;
    if (!take(text, '.'))
        return true;
    for (int digit; **text >= '0' && **text <= '9' && unit > 1;) {
        take_digits(text, 1, 0, 9, &digit);
        unit /= 10;
        *ret_fraction_us += digit * unit;
    }
    return unit < SECOND_US;
}

/* The clock of a day; a day that the calendar does not have is none. */
static int make(struct tm *when, bool utc, int64_t fraction_us, int64_t *ret_time_us)
{
    const int day = when->tm_mday, month = when->tm_mon;
    when->tm_isdst = -1;
    const time_t seconds = utc ? timegm(when) : mktime(when);
    if (when->tm_mday != day || when->tm_mon != month)
        return -1;
    *ret_time_us = (int64_t)seconds * SECOND_US + fraction_us;
    return 0;
}

int time_text_parse(const char *text, int64_t now_us, int64_t *ret_time_us)
{
    struct tm when = {0};
    int64_t ago_us, fraction_us = 0;
    uint64_t seconds;
    if (strcmp(text, "now") == 0) {
        *ret_time_us = now_us;
        return 0;
    }
    if (text[0] == '-') {
        if (quantity_parse_duration(text + 1, &ago_us) != 0)
            return -1;
        *ret_time_us = now_us - ago_us;
        return 0;
    }
    if (text[0] == '@') {
        if (quantity_parse_count(text + 1, &seconds) != 0 || seconds > INT64_MAX / (uint64_t)SECOND_US)
            return -1;
        *ret_time_us = (int64_t)seconds * SECOND_US;
        return 0;
    }
    const bool is_dated = strlen(text) > 4 && text[4] == '-';
    if (is_dated && !take_date(&text, &when))
        return -1;
    if (is_dated && *text == '\0')
        return make(&when, false, 0, ret_time_us);
    if (is_dated && take(&text, 'Z'))
        return *text == '\0' ? make(&when, true, 0, ret_time_us) : -1;
    if (is_dated && !take(&text, ' ') && !take(&text, 'T'))
        return -1;
    if (!take_clock(&text, &when, &fraction_us))
        return -1;
    const bool utc = take(&text, 'Z');
    if (*text != '\0')
        return -1;
    if (!is_dated) {
        const time_t now = (time_t)(now_us / SECOND_US);
        struct tm today;
        if ((utc ? gmtime_r(&now, &today) : localtime_r(&now, &today)) == NULL)
            return -1;
        when.tm_year = today.tm_year;
        when.tm_mon = today.tm_mon;
        when.tm_mday = today.tm_mday;
    }
    return make(&when, utc, fraction_us, ret_time_us);
}
