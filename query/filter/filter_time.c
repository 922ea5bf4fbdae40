/* SPDX-License-Identifier: MIT */
/*
 * filter_time.c - reads and writes times
 */
#define _GNU_SOURCE
#include "filter_time.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Days from 1970-01-01 to a day of the Gregorian calendar: years are counted from March, so that the day that a leap
 * year has more is its last. */
static int64_t days_of(int year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t month_from_march = (month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * month_from_march + 2) / 5 + day - 1 - 719468;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

struct reader {
    const char *word;
    size_t left;
};

/* A number of that many digits, from low to high. */
static bool read_digits(struct reader *reader, size_t digits, int low, int high, int *ret_number)
{
    int number = 0;
    if (reader->left < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (reader->word[i] < '0' || reader->word[i] > '9')
            return false;
        number = number * 10 + (reader->word[i] - '0');
    }
    reader->word += digits;
    reader->left -= digits;
    *ret_number = number;
    return number >= low && number <= high;
}

static bool take(struct reader *reader, char c)
{
    if (reader->left == 0 || *reader->word != c)
        return false;
    reader->word++;
    reader->left--;
    return true;
}

/* Digits behind the second's point, as parts of it. The unit becomes that of the last digit. */
static bool read_fraction(struct reader *reader, int64_t *time, int64_t *unit)
{
    int digit;
    if (reader->left == 0 || *reader->word < '0' || *reader->word > '9')
        return false;
    while (reader->left > 0 && *reader->word >= '0' && *reader->word <= '9') {
        if (*unit == 1 || !read_digits(reader, 1, 0, 9, &digit))
            return false;
        *unit /= 10;
        *time += digit * *unit;
    }
    return true;
}

static bool take_word(struct reader *reader, const char *word)
{
    const size_t length = strlen(word);
    if (reader->left < length || strncasecmp(reader->word, word, length) != 0)
        return false;
    reader->word += length;
    reader->left -= length;
    return true;
}

/* The seconds since 1970 that a word means by itself. */
static bool read_seconds(struct reader reader, int64_t now_s, int64_t *ret_seconds)
{
    const size_t digits_max = 10;
    struct reader at = reader;
    if (take_word(&at, "now") && at.left == 0) {
        *ret_seconds = now_s;
        return true;
    }
    const bool is_told = take(&reader, '@');
    if (reader.left == 0 || reader.left > digits_max || (!is_told && reader.left < digits_max - 1))
        return false;
    *ret_seconds = 0;
    for (int digit; reader.left > 0;) {
        if (!read_digits(&reader, 1, 0, 9, &digit))
            return false;
        *ret_seconds = *ret_seconds * 10 + digit;
    }
    return true;
}

enum day_kind { DAY_NONE, DAY_BEFORE_TODAY, DAY_OF_CALENDAR };

/* YYYY-MM-DD, YYYY/MM/DD, today or yesterday: days since 1970, or before today. Nothing is read when none stands
 * here. */
static enum day_kind read_day(struct reader *reader, bool nanoseconds, int64_t *ret_days)
{
    struct reader at = *reader;
    int year, month, day;
    const bool is_before = take_word(&at, "yesterday");
    if (is_before || take_word(&at, "today")) {
        *ret_days = is_before;
        *reader = at;
        return DAY_BEFORE_TODAY;
    }
    if (!read_digits(&at, 4, nanoseconds ? 1970 : 1, nanoseconds ? 2200 : 9999, &year) || at.left == 0)
        return DAY_NONE;
    const char between = *at.word;
    if ((between != '-' && between != '/') || !take(&at, between) || !read_digits(&at, 2, 1, 12, &month) ||
        !take(&at, between) || !read_digits(&at, 2, 1, days_in(year, month), &day))
        return DAY_NONE;
    *ret_days = days_of(year, month, day);
    *reader = at;
    return DAY_OF_CALENDAR;
}

/* HH, HH:MM, HH:MM:SS and HH:MM.SS with a fraction. */
static bool read_clock(struct reader *reader, int64_t second, int64_t *time, int64_t *unit)
{
    int number;
    if (!read_digits(reader, 2, 0, 23, &number))
        return false;
    *unit = 3600 * second;
    *time += number * *unit;
    for (int i = 0; i < 2 && (take(reader, ':') || (i == 1 && take(reader, '.'))); i++) {
        if (!read_digits(reader, 2, 0, 59, &number))
            return false;
        *unit /= 60;
        *time += number * *unit;
    }
    return *unit != second || !take(reader, '.') || read_fraction(reader, time, unit);
}

/* What is ahead of UTC. False with nothing read when it is not told here. */
static bool read_zone(struct reader *reader, int64_t *ret_offset_s)
{
    struct reader at = *reader;
    int hours, minutes = 0;
    if (take(&at, 'Z') || take(&at, 'z')) {
        *ret_offset_s = 0;
        *reader = at;
        return true;
    }
    const bool is_behind = take(&at, '-');
    if ((!is_behind && !take(&at, '+')) || !read_digits(&at, 2, 0, 14, &hours))
        return false;
    if ((take(&at, ':') || at.left > 0) && !read_digits(&at, 2, 0, 59, &minutes))
        return false;
    *ret_offset_s = (hours * 3600 + minutes * 60) * (is_behind ? -1 : 1);
    *reader = at;
    return true;
}

/* ------------------------------------------------------------------------------------------------- the local zone */

int64_t filter_time_offset_s(int64_t moment_s)
{
    const time_t moment = (time_t)moment_s;
    struct tm local;
    return localtime_r(&moment, &local) != NULL ? (int64_t)local.tm_gmtoff : 0;
}

int64_t filter_time_of_local_s(int64_t local_s)
{
    const int64_t before_s = filter_time_offset_s(local_s - 86400), after_s = filter_time_offset_s(local_s + 86400);
    const bool is_before = filter_time_offset_s(local_s - before_s) == before_s;
    const bool is_after = filter_time_offset_s(local_s - after_s) == after_s;
    return local_s - (!is_before && is_after ? after_s : before_s);
}

/* What a clock that is ahead so much, or the local one, shows `of_local`, parts of a second since 1970, at. */
static int64_t moment_of(int64_t of_local, int64_t second, const int64_t *offset_s)
{
    if (offset_s != NULL)
        return of_local - *offset_s * second;
    const int64_t rest = (of_local % second + second) % second;
    return filter_time_of_local_s((of_local - rest) / second) * second + rest;
}

static int64_t whole_days(int64_t seconds)
{
    return (seconds - (seconds % 86400 + 86400) % 86400) / 86400;
}

bool filter_time_parse(const char *word, size_t length, bool nanoseconds, int64_t now_s, int64_t *ret_low,
                       int64_t *ret_high)
{
    struct reader reader = {word, length};
    const int64_t second = nanoseconds ? 1000000000 : 1000000, day = 86400 * second;
    int64_t seconds, days = 0, offset_s, unit = day, clock = 0;
    if (read_seconds(reader, now_s, &seconds)) {
        if (seconds >= INT64_MAX / second)
            return false;
        *ret_low = seconds * second;
        *ret_high = *ret_low + second - 1;
        return true;
    }
    const enum day_kind kind = read_day(&reader, nanoseconds, &days);
    if (kind == DAY_NONE && (length < 5 || word[2] != ':'))
        return false;
    const bool has_clock = kind == DAY_NONE || take(&reader, 'T') || take(&reader, 't') || take(&reader, ' ') ||
                           take(&reader, '.');
    if (has_clock && !read_clock(&reader, second, &clock, &unit))
        return false;
    const bool has_zone = read_zone(&reader, &offset_s);
    if (reader.left > 0)
        return false;
    if (kind != DAY_OF_CALENDAR)
        days = whole_days(now_s + (has_zone ? offset_s : filter_time_offset_s(now_s))) - days;
    const int64_t when = days * day + clock, *offset = has_zone ? &offset_s : NULL;
    *ret_low = moment_of(when, second, offset);
    /* a local day has 23, 24 or 25 hours */
    *ret_high = (unit == day ? moment_of(when + day, second, offset) : *ret_low + unit) - 1;
    return true;
}

char *filter_time_text(int64_t us, char text[FILTER_TIME_TEXT_SIZE])
{
    const int64_t day_us = (int64_t)86400 * 1000000;
    const int64_t days = (us >= 0 ? us : us - day_us + 1) / day_us, rest = us - days * day_us;
    /* the way back of days_of() */
    const int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t march = (5 * of_year + 2) / 153;
    const int64_t month = march < 10 ? march + 3 : march - 9;
    const int64_t seconds = rest / 1000000;
    snprintf(text, FILTER_TIME_TEXT_SIZE, "%04u-%02u-%02u %02u:%02u:%02u.%06u",
             (unsigned)(year_of_era + era * 400 + (month <= 2)), (unsigned)month,
             (unsigned)(of_year - (153 * march + 2) / 5 + 1), (unsigned)(seconds / 3600), (unsigned)(seconds / 60 % 60),
             (unsigned)(seconds % 60), (unsigned)(rest % 1000000));
    return text;
}
