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

static bool take_word(const char **text, const char *word)
{
    if (strncmp(*text, word, strlen(word)) != 0)
        return false;
    *text += strlen(word);
    return true;
}

/* YYYY-MM-DD, YYYY/MM/DD */
static bool take_date(const char **text, struct tm *when)
{
    if (!take_digits(text, 4, 1970, 2200, &when->tm_year))
        return false;
    const char between = **text;
    if (!take(text, between) || !take_digits(text, 2, 1, 12, &when->tm_mon) || !take(text, between) ||
        !take_digits(text, 2, 1, 31, &when->tm_mday))
        return false;
    when->tm_year -= 1900;
    when->tm_mon -= 1;
    return true;
}

/* HH:MM, HH:MM:SS, HH:MM:SS.f, and with a point before the seconds. */
static bool take_clock(const char **text, struct tm *when, int64_t *ret_fraction_us)
{
    int64_t unit = SECOND_US;
    if (!take_digits(text, 2, 0, 23, &when->tm_hour) || !take(text, ':') || !take_digits(text, 2, 0, 59, &when->tm_min))
        return false;
    if (!take(text, ':') && !take(text, '.'))
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

/* The date of today or, with days_ago, before it. */
static int set_day(struct tm *when, int64_t now_us, int days_ago, bool utc)
{
    const time_t now = (time_t)(now_us / SECOND_US);
    struct tm day;
    if ((utc ? gmtime_r(&now, &day) : localtime_r(&now, &day)) == NULL)
        return -1;
    day.tm_mday -= days_ago;
    day.tm_hour = 12; /* which every day has */
    day.tm_isdst = -1;
    if ((utc ? timegm(&day) : mktime(&day)) == (time_t)-1)
        return -1;
    when->tm_year = day.tm_year;
    when->tm_mon = day.tm_mon;
    when->tm_mday = day.tm_mday;
    return 0;
}

static int parse_seconds(const char *digits, int64_t *ret_time_us)
{
    uint64_t seconds;
    if (quantity_parse_count(digits, &seconds) != 0 || seconds > INT64_MAX / (uint64_t)SECOND_US)
        return -1;
    *ret_time_us = (int64_t)seconds * SECOND_US;
    return 0;
}

/* A day, a day and a clock, or a clock. */
static int parse_day(const char *text, int64_t now_us, int64_t *ret_time_us)
{
    struct tm when = {0};
    int64_t fraction_us = 0;
    const bool is_named = take_word(&text, "today"), is_before = !is_named && take_word(&text, "yesterday");
    const bool is_dated = !is_named && !is_before && strlen(text) > 4 && (text[4] == '-' || text[4] == '/');
    if (is_dated && !take_date(&text, &when))
        return -1;
    const bool has_day = is_named || is_before || is_dated;
    const bool is_day = has_day && (*text == '\0' || strcmp(text, "Z") == 0);
    if (has_day && !is_day && !take(&text, ' ') && !take(&text, 'T') && !take(&text, '.'))
        return -1;
    if (!is_day && !take_clock(&text, &when, &fraction_us))
        return -1;
    const bool utc = take(&text, 'Z');
    if (*text != '\0' || (!is_dated && set_day(&when, now_us, is_before, utc) != 0))
        return -1;
    return make(&when, utc, fraction_us, ret_time_us);
}

int time_text_parse(const char *text, int64_t now_us, int64_t *ret_time_us)
{
    const size_t digits = strspn(text, "0123456789");
    int64_t ago_us;
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
    if (text[0] == '@')
        return parse_seconds(text + 1, ret_time_us);
    if ((digits == 9 || digits == 10) && text[digits] == '\0')
        return parse_seconds(text, ret_time_us);
    return parse_day(text, now_us, ret_time_us);
}
