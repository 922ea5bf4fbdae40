/* SPDX-License-Identifier: MIT */
/*
 * time_text.c - times as people type them
 */
#define _GNU_SOURCE
#include "time_text.h"

#include "quantity.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* "14:05" or "14:05:10", with nothing but an optional Z behind it. */
static bool parse_clock(const char *text, struct tm *parts, bool *ret_utc)
{
    int length = 0;
    parts->tm_sec = 0;
    if (sscanf(text, "%2d:%2d%n", &parts->tm_hour, &parts->tm_min, &length) != 2 || length < 4)
        return false;
    text += length;
    length = 0;
    if (*text == ':' && (sscanf(text, ":%2d%n", &parts->tm_sec, &length) != 1 || length == 0))
        return false;
    text += length;
    *ret_utc = *text == 'Z';
    text += *ret_utc;
    return *text == '\0' && parts->tm_hour >= 0 && parts->tm_hour < 24 && parts->tm_min >= 0 && parts->tm_min < 60 &&
           parts->tm_sec >= 0 && parts->tm_sec < 60;
}

static bool parse_date(const char *text, struct tm *parts, bool *ret_utc)
{
    int year, month, day, length = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &length) != 3 || length < 8 || month < 1 || month > 12 || day < 1 ||
        day > 31)
        return false;
    *parts = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    text += length;
    *ret_utc = strcmp(text, "Z") == 0;
    return *text == '\0' || *ret_utc || ((*text == ' ' || *text == 'T') && parse_clock(text + 1, parts, ret_utc));
}

int time_text_parse(const char *text, int64_t now_us, int64_t *ret_time_us)
{
    const time_t now_s = (time_t)(now_us / 1000000);
    struct tm parts;
    bool utc = false;
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
    if (!parse_date(text, &parts, &utc)) {
        const size_t length = strlen(text);
        if ((length > 0 && text[length - 1] == 'Z' ? gmtime_r(&now_s, &parts) : localtime_r(&now_s, &parts)) == NULL ||
            !parse_clock(text, &parts, &utc))
            return -1;
    }
    parts.tm_isdst = -1;
    *ret_time_us = (int64_t)(utc ? timegm(&parts) : mktime(&parts)) * 1000000;
    return 0;
}
