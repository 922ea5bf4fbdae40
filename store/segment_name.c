/* SPDX-License-Identifier: MIT */
/*
 * segment_name.c - where a segment lies, and what its name tells
 */
#define _GNU_SOURCE
#include "segment_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t year_0_s = -62167219200, year_9999_s = 253402300799;

enum { TIME_TEXT = 16 }; /* "20261123T235105" and NUL */

const char *segment_kind_name(enum segment_kind kind)
{
    static const char *const names[SEGMENT_KIND_COUNT] = {"flows", "options", "ledger"};
    return names[kind];
}

static void format_time(int64_t time_s, const char *format, char *text, size_t size)
{
    const time_t bounded = (time_t)(time_s < year_0_s ? year_0_s : time_s > year_9999_s ? year_9999_s : time_s);
    struct tm parts;
    gmtime_r(&bounded, &parts);
    if (strftime(text, size, format, &parts) == 0)
        text[0] = '\0';
}

/* glibc writes years below 1000 with fewer digits: they get their zeros here. */
static void format_stamp(int64_t time_s, char text[TIME_TEXT])
{
    char year[TIME_TEXT], rest[TIME_TEXT];
    format_time(time_s, "%Y", year, sizeof year);
    format_time(time_s, "%m%dT%H%M%S", rest, sizeof rest);
    snprintf(text, TIME_TEXT, "%04d%.11s", atoi(year), rest);
}

void segment_name_format(const struct segment_name *name, char text[SEGMENT_NAME_SIZE])
{
    char first[TIME_TEXT], last[TIME_TEXT];
    format_stamp(name->first_s, first);
    format_stamp(name->last_s, last);
    snprintf(text, SEGMENT_NAME_SIZE, "%s-%s-%08" PRIx32 "-%" PRIu64 "-%" PRIu64 "-%u.parquet", first, last,
             name->writer, name->sequence_first, name->sequence_last, name->tier);
}

void segment_folder_format(int64_t received_us, char text[SEGMENT_FOLDER_SIZE])
{
    char date[TIME_TEXT], hour[TIME_TEXT];
    const int64_t received_s = received_us / 1000000 - (received_us % 1000000 < 0);
    format_time(received_s, "%Y-%m-%d", date, sizeof date);
    format_time(received_s, "%H", hour, sizeof hour);
    snprintf(text, SEGMENT_FOLDER_SIZE, "date=%.10s/hour=%.2s", date, hour);
}

static bool parse_stamp(const char **text, int64_t *ret_time_s)
{
    int year, month, day, hour, minute, second, length = 0;
    if (sscanf(*text, "%4d%2d%2dT%2d%2d%2d%n", &year, &month, &day, &hour, &minute, &second, &length) != 6 ||
        length != 15)
        return false;
    struct tm parts = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute,
                       .tm_sec = second};
    *ret_time_s = timegm(&parts);
    *text += length;
    return **text == '-' && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour >= 0 && hour < 24 &&
           minute >= 0 && minute < 60 && second >= 0 && second < 60;
}

bool segment_name_parse(const char *text, struct segment_name *ret_name)
{
    struct segment_name name = {0};
    char end[16] = "", again[SEGMENT_NAME_SIZE];
    const char *whole = text;
    if (!parse_stamp(&text, &name.first_s))
        return false;
    text++;
    if (!parse_stamp(&text, &name.last_s))
        return false;
    if (sscanf(text, "-%8" SCNx32 "-%" SCNu64 "-%" SCNu64 "-%u%15s", &name.writer, &name.sequence_first,
               &name.sequence_last, &name.tier, end) != 5 ||
        strcmp(end, ".parquet") != 0 || name.sequence_first > name.sequence_last)
        return false;
    segment_name_format(&name, again); /* what is not written just so is not ours */
    if (strcmp(again, whole) != 0)
        return false;
    *ret_name = name;
    return true;
}

bool segment_name_covers(const struct segment_name *name, const struct segment_name *other)
{
    return name->writer == other->writer && name->tier > other->tier && name->sequence_first <= other->sequence_first &&
           name->sequence_last >= other->sequence_last;
}
