/* SPDX-License-Identifier: MIT */
/* value_text.c - a value of a result as text */
#define _GNU_SOURCE
#include "value_text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum { DATE_ROOM = 32 }; /* for a date: any year of 64 bits */

/* ------------------------------------------------------------------------------------------------------ integers */

static const char two_digits[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                                 "34353637383940414243444546474849505152535455565758596061626364656667"
                                 "6869707172737475767778798081828384858687888990919293949596979899";

/* A number below 100. */
static void put_pair(char *to, uint64_t value)
{
    memcpy(to, two_digits + value * 2, 2);
}

static int digit_count(uint64_t value)
{
    for (int count = 1;; count += 4, value /= 10000) {
        if (value < 100)
            return count + (value >= 10);
        if (value < 10000)
            return count + 2 + (value >= 1000);
    }
}

static char *put_u64(char *to, uint64_t value)
{
    char *end = to + digit_count(value), *at = end;
    for (; value >= 100; value /= 100)
        put_pair(at -= 2, value % 100);
    if (value >= 10)
        put_pair(at - 2, value);
    else
        at[-1] = (char)('0' + value);
    return end;
}

static char *put_i64(char *to, int64_t value)
{
    if (value >= 0)
        return put_u64(to, (uint64_t)value);
    *to = '-';
    return put_u64(to + 1, -(uint64_t)value);
}

/* With at least `least` digits. */
static char *put_u128(char *to, uint128 value, int least)
{
    char digits[40];
    int at = 40;
    while (value > 0 || 40 - at < least) {
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    }
    memcpy(to, digits + at, (size_t)(40 - at));
    return to + 40 - at;
}

static char *put_i128(char *to, int128 value)
{
    if (value >= 0)
        return put_u128(to, (uint128)value, 1);
    *to = '-';
    return put_u128(to + 1, -(uint128)value, 1);
}

/* A whole number of the kinds up to QUERY_UINT128 but for that itself. */
static int128 integer_at(enum query_kind kind, const void *data, size_t row)
{
    switch (kind) {
    case QUERY_INT8: return ((const int8_t *)data)[row];
    case QUERY_INT16: return ((const int16_t *)data)[row];
    case QUERY_INT32: return ((const int32_t *)data)[row];
    case QUERY_INT64: return ((const int64_t *)data)[row];
    case QUERY_UINT8: return ((const uint8_t *)data)[row];
    case QUERY_UINT16: return ((const uint16_t *)data)[row];
    case QUERY_UINT32: return ((const uint32_t *)data)[row];
    case QUERY_UINT64: return ((const uint64_t *)data)[row];
    default: {
        int128 value;
        memcpy(&value, (const char *)data + row * sizeof value, sizeof value);
        return value;
    }
    }
}

static char *put_decimal(char *to, int128 value, int scale)
{
    uint128 size = value < 0 ? -(uint128)value : (uint128)value, unit = 1;
    if (value < 0)
        *to++ = '-';
    for (int i = 0; i < scale; i++)
        unit *= 10;
    to = put_u128(to, size / unit, 1);
    if (scale > 0) {
        *to++ = '.';
        to = put_u128(to, size % unit, scale);
    }
    return to;
}

/* The shortest text that is read as the same number. JSON has no word for what is no number. */
static char *put_double(char *to, double value, bool single, enum value_style style)
{
    if (!isfinite(value)) {
        const char *word = style == VALUE_JSON ? "null" : isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
        return stpcpy(to, word);
    }
    for (int digits = single ? 6 : 15;; digits++) {
        const int length = snprintf(to, VALUE_ROOM, "%.*g", digits, value);
        double again = 0;
        again = strtod(to, NULL);
        if (digits >= (single ? 9 : 17) || (single ? (float)again == (float)value : again == value))
            return to + length;
    }
}

/* --------------------------------------------------------------------------------------------------------- times */

static char *put_digits(char *to, unsigned value, int count)
{
    char *at = to + count;
    for (; at - to >= 2; value /= 100)
        put_pair(at -= 2, value % 100);
    if (at > to)
        *to = (char)('0' + value % 10);
    return to + count;
}

/* Days since 1970 as 2026-11-23, in the calendar of today for all times. */
static char *make_date(char *to, int64_t days)
{
    const int64_t shifted = days + 719468; /* since 0000-03-01, so that the leap day comes last in its year */
    const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const unsigned day_of_era = (unsigned)(shifted - era * 146097);
    const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned month_from_march = (5 * day_of_year + 2) / 153;
    const unsigned day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    const unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    const int64_t year = (int64_t)year_of_era + era * 400 + (month <= 2);
    if (year >= 0 && year <= 9999)
        to = put_digits(to, (unsigned)year, 4);
    else
        to = put_i64(to, year);
    *to++ = '-';
    to = put_digits(to, month, 2);
    *to++ = '-';
    return put_digits(to, day, 2);
}

/* The same; most are of the day of the one before. */
static char *put_date(char *to, int64_t days)
{
    static _Thread_local struct {
        int64_t days;
        size_t length;
        char text[DATE_ROOM];
    } last = {0, 10, "1970-01-01"};
    if (last.days != days) {
        last.length = (size_t)(make_date(last.text, days) - last.text);
        last.days = days;
    }
    memcpy(to, last.text, sizeof last.text); /* all of it, as that is faster */
    return to + last.length;
}

/* The part of a second: of people's times only what is not zero, in steps of three digits. */
static char *put_fraction(char *to, unsigned value, int digits, bool whole)
{
    while (!whole && digits > 0 && value % 1000 == 0) {
        value /= 1000;
        digits -= 3;
    }
    if (digits == 0)
        return to;
    *to++ = '.';
    return put_digits(to, value, digits);
}

static char *put_clock(char *to, unsigned seconds)
{
    to = put_digits(to, seconds / 3600, 2);
    *to++ = ':';
    to = put_digits(to, seconds / 60 % 60, 2);
    *to++ = ':';
    return put_digits(to, seconds % 60, 2);
}

/* A second since 1970 as programs read it: most of them come again and again, in several columns of the same rows. */
static char *put_second(char *to, int64_t seconds)
{
    enum { KEPT = 64 };
    static _Thread_local struct {
        int64_t seconds;
        size_t length; /* 0: nothing is kept yet */
        char text[DATE_ROOM + 16];
    } kept[KEPT];
    const size_t place = (uint64_t)seconds % KEPT;
    if (kept[place].seconds != seconds || kept[place].length == 0) {
        const int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
        char *end = put_date(kept[place].text, days);
        *end++ = 'T';
        end = put_clock(end, (unsigned)(seconds - days * 86400));
        kept[place].seconds = seconds;
        kept[place].length = (size_t)(end - kept[place].text);
    }
    memcpy(to, kept[place].text, DATE_ROOM); /* all of it, as that is faster */
    return to + kept[place].length;
}

/* `units` are `digits` digits of a second: 1000000 and 6. */
static char *put_timestamp(char *to, int64_t value, int64_t units, int digits, bool utc, enum value_style style)
{
    if (value == INT64_MAX)
        return stpcpy(to, "infinity");
    if (value == -INT64_MAX)
        return stpcpy(to, "-infinity");
    int64_t seconds = value / units, fraction = value % units;
    if (fraction < 0) {
        fraction += units;
        seconds--;
    }
    if (style != VALUE_PEOPLE) {
        to = put_fraction(put_second(to, seconds), (unsigned)fraction, digits, true);
        if (utc)
            *to++ = 'Z';
        return to;
    }
    if (utc) {
        struct tm local;
        const time_t moment = (time_t)seconds;
        if (localtime_r(&moment, &local) != NULL)
            seconds += local.tm_gmtoff;
    }
    const int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
    to = put_date(to, days);
    *to++ = ' ';
    to = put_clock(to, (unsigned)(seconds - days * 86400));
    return put_fraction(to, (unsigned)fraction, digits, false);
}

static char *put_time(char *to, const struct query_vector *vector, size_t row, enum value_style style)
{
    const int64_t value = vector->type->kind == QUERY_DATE ? ((const int32_t *)vector->data)[row]
                                                          : ((const int64_t *)vector->data)[row];
    const bool quote = style == VALUE_JSON;
    if (quote)
        *to++ = '"';
    switch (vector->type->kind) {
    case QUERY_DATE:
        to = value == INT32_MAX ? stpcpy(to, "infinity") : value == -INT32_MAX ? stpcpy(to, "-infinity")
                                                                              : put_date(to, value);
        break;
    case QUERY_TIME:
        to = put_clock(to, (unsigned)(value / 1000000));
        to = put_fraction(to, (unsigned)(value % 1000000), 6, style != VALUE_PEOPLE);
        break;
    case QUERY_TIMESTAMP_S:
        to = put_timestamp(to, value, 1, 0, false, style);
        break;
    case QUERY_TIMESTAMP_MS:
        to = put_timestamp(to, value, 1000, 3, false, style);
        break;
    case QUERY_TIMESTAMP_NS:
        to = put_timestamp(to, value, 1000000000, 9, false, style);
        break;
    default:
        to = put_timestamp(to, value, 1000000, 6, vector->type->kind == QUERY_TIMESTAMP_TZ, style);
        break;
    }
    if (quote)
        *to++ = '"';
    return to;
}

static char *put_uuid(char *to, const struct query_vector *vector, size_t row, enum value_style style)
{
    uint128 value;
    memcpy(&value, (const char *)vector->data + row * sizeof value, sizeof value);
    const uint64_t high = (uint64_t)(value >> 64) ^ (uint64_t)1 << 63, low = (uint64_t)value;
    const char *quote = style == VALUE_JSON ? "\"" : "";
    return to + snprintf(to, VALUE_ROOM, "%s%08x-%04x-%04x-%04x-%012llx%s", quote, (unsigned)(high >> 32),
                         (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff), (unsigned)(low >> 48),
                         (unsigned long long)(low & 0xffffffffffff), quote);
}

char *value_put_short(char *to, const struct query_vector *vector, size_t row, enum value_style style)
{
    const struct query_type *type = vector->type;
    const void *data = vector->data;
    switch (type->kind) {
    case QUERY_UINT8: return put_u64(to, ((const uint8_t *)data)[row]);
    case QUERY_UINT16: return put_u64(to, ((const uint16_t *)data)[row]);
    case QUERY_UINT32: return put_u64(to, ((const uint32_t *)data)[row]);
    case QUERY_UINT64: return put_u64(to, ((const uint64_t *)data)[row]);
    case QUERY_INT8: return put_i64(to, ((const int8_t *)data)[row]);
    case QUERY_INT16: return put_i64(to, ((const int16_t *)data)[row]);
    case QUERY_INT32: return put_i64(to, ((const int32_t *)data)[row]);
    case QUERY_INT64: return put_i64(to, ((const int64_t *)data)[row]);
    case QUERY_BOOLEAN: return stpcpy(to, ((const bool *)data)[row] ? "true" : "false");
    case QUERY_INT128: return put_i128(to, integer_at(QUERY_INT128, data, row));
    case QUERY_UINT128: return put_u128(to, (uint128)integer_at(QUERY_UINT128, data, row), 1);
    case QUERY_FLOAT: return put_double(to, (double)((const float *)data)[row], true, style);
    case QUERY_DOUBLE: return put_double(to, ((const double *)data)[row], false, style);
    case QUERY_DECIMAL: return put_decimal(to, integer_at(type->stored, data, row), type->scale);
    case QUERY_UUID: return put_uuid(to, vector, row, style);
    default: return put_time(to, vector, row, style);
    }
}

/* ------------------------------------------------------------------------------------------------------- strings */

/* Whether all of 8 octets stand for themselves in a string of JSON: none has its high bit, or is a control character or
 * one of `"` and `\`. Each term has that bit where there is one, or behind one. */
static bool are_plain(const uint8_t data[8])
{
    const uint64_t ones = 0x0101010101010101, high = ones * 0x80;
    uint64_t octets;
    memcpy(&octets, data, sizeof octets);
    const uint64_t quote = octets ^ ones * '"', slash = octets ^ ones * '\\', delete = octets ^ ones * 0x7f;
    return ((octets | (octets - ones * 0x20) | (quote - ones) | (slash - ones) | (delete - ones)) & high) == 0;
}

int value_put_json_string(struct text_buffer *text, const uint8_t *data, size_t size_bytes)
{
    static const char hex[] = "0123456789abcdef";
    if (size_bytes > SIZE_MAX / 8 || text_reserve(text, size_bytes * 6 + 2) != 0)
        return -1;
    char *to = text->data + text->size_bytes;
    *to++ = '"';
    size_t plain = 0;
    for (; size_bytes - plain >= 8 && are_plain(data + plain); plain += 8, to += 8)
        memcpy(to, data + plain, 8);
    for (size_t i = plain; i < size_bytes; i++) {
        const uint8_t c = data[i];
        if (c == '"' || c == '\\') {
            *to++ = '\\';
            *to++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            to = stpcpy(to, "\\u00");
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        } else if (c == 0xc2 && i + 1 < size_bytes && data[i + 1] >= 0x80 && data[i + 1] < 0xa0) {
            to = stpcpy(to, "\\u00"); /* a control character that some terminals obey */
            *to++ = hex[data[++i] >> 4];
            *to++ = hex[data[i] & 15];
        } else {
            *to++ = (char)c;
        }
    }
    *to++ = '"';
    *to = '\0';
    text->size_bytes = (size_t)(to - text->data);
    return 0;
}

int value_put_printable(struct text_buffer *text, const uint8_t *data, size_t size_bytes)
{
    int result = size_bytes <= SIZE_MAX / 8 ? text_reserve(text, size_bytes) : -1;
    for (size_t i = 0; i < size_bytes && result == 0; i++) {
        const uint8_t c = data[i];
        if (c == '\n')
            result = text_put(text, "\\n");
        else if (c < 0x20 || c == 0x7f)
            result = text_print(text, "\\x%02x", c);
        else if (c == 0xc2 && i + 1 < size_bytes && data[i + 1] >= 0x80 && data[i + 1] < 0xa0)
            result = text_print(text, "\\x%02x", data[++i]);
        else
            result = text_put_char(text, (char)c);
    }
    return result;
}

static int put_string(struct text_buffer *text, const uint8_t *data, size_t size_bytes, enum value_style style)
{
    if (style == VALUE_JSON)
        return value_put_json_string(text, data, size_bytes);
    return style == VALUE_PEOPLE ? value_put_printable(text, data, size_bytes)
                                 : text_put_octets(text, data, size_bytes);
}

static int put_octets(struct text_buffer *text, struct query_octets octets, enum value_style style)
{
    static const char hex[] = "0123456789abcdef";
    if (text_reserve(text, (size_t)octets.size_bytes * 2 + 4) != 0)
        return -1;
    char *to = text->data + text->size_bytes;
    to = stpcpy(to, style == VALUE_JSON ? "\"0x" : "0x");
    for (uint32_t i = 0; i < octets.size_bytes; i++) {
        *to++ = hex[octets.data[i] >> 4];
        *to++ = hex[octets.data[i] & 15];
    }
    if (style == VALUE_JSON)
        *to++ = '"';
    *to = '\0';
    text->size_bytes = (size_t)(to - text->data);
    return 0;
}

static int put_interval(struct text_buffer *text, const struct query_vector *vector, size_t row, enum value_style style)
{
    const struct query_interval *interval = (const struct query_interval *)vector->data + row;
    const char *quote = style == VALUE_JSON ? "\"" : "";
    const uint64_t size = interval->micros < 0 ? -(uint64_t)interval->micros : (uint64_t)interval->micros;
    int result = text_put(text, quote);
    if (interval->months != 0 && result == 0)
        result = text_print(text, "%d months ", interval->months);
    if (interval->days != 0 && result == 0)
        result = text_print(text, "%d days ", interval->days);
    if (result == 0)
        result = text_print(text, "%s%02llu:%02llu:%02llu", interval->micros < 0 ? "-" : "",
                            (unsigned long long)(size / 3600000000), (unsigned long long)(size / 60000000 % 60),
                            (unsigned long long)(size / 1000000 % 60));
    if (size % 1000000 != 0 && result == 0)
        result = text_print(text, ".%06u", (unsigned)(size % 1000000));
    return result == 0 ? text_put(text, quote) : -1;
}

/* ------------------------------------------------------------------------------------------------ made of others */

/* What is in a list or struct: as JSON, but that people's times stay theirs. */
static int put_within(struct text_buffer *text, const struct query_vector *vector, size_t row, enum value_style style)
{
    if (query_is_null(vector, row))
        return text_put(text, "null");
    if (style == VALUE_CSV)
        style = VALUE_JSON;
    return value_put(text, vector, row, style);
}

static int put_list(struct text_buffer *text, const struct query_vector *child, uint64_t offset, uint64_t length,
                    enum value_style style)
{
    int result = text_put_char(text, '[');
    for (uint64_t i = 0; i < length && result == 0; i++) {
        if (i > 0)
            result = text_put(text, ", ");
        if (result == 0)
            result = put_within(text, child, offset + i, style);
    }
    return result == 0 ? text_put_char(text, ']') : -1;
}

static int put_struct(struct text_buffer *text, const struct query_vector *vector, size_t row, enum value_style style)
{
    const struct query_type *type = vector->type;
    int result = text_put_char(text, '{');
    for (size_t i = 0; i < type->child_count && result == 0; i++) {
        if (i > 0)
            result = text_put(text, ", ");
        if (result == 0)
            result = put_string(text, (const uint8_t *)type->names[i], strlen(type->names[i]),
                                style == VALUE_CSV ? VALUE_JSON : style);
        if (result == 0)
            result = text_put(text, ": ");
        if (result == 0)
            result = put_within(text, &vector->children[i], row, style);
    }
    return result == 0 ? text_put_char(text, '}') : -1;
}

int value_put(struct text_buffer *text, const struct query_vector *vector, size_t row, enum value_style style)
{
    const struct query_type *type = vector->type;
    if (query_is_null(vector, row) || type->kind == QUERY_OTHER)
        return style == VALUE_JSON ? text_put(text, "null") : text_reserve(text, 0);
    if (value_is_short(type->kind)) {
        if (text_reserve(text, VALUE_ROOM) != 0)
            return -1;
        char *end = value_put_short(text->data + text->size_bytes, vector, row, style);
        *end = '\0';
        text->size_bytes = (size_t)(end - text->data);
        return 0;
    }
    switch (type->kind) {
    case QUERY_TEXT: {
        const struct query_octets octets = query_octets_at(vector, row);
        return put_string(text, octets.data, octets.size_bytes, style);
    }
    case QUERY_OCTETS:
        return put_octets(text, query_octets_at(vector, row), style);
    case QUERY_INTERVAL:
        return put_interval(text, vector, row, style);
    case QUERY_ENUM: {
        const size_t index = (size_t)integer_at(type->stored, vector->data, row);
        const char *name = index < type->name_count ? type->names[index] : "";
        return put_string(text, (const uint8_t *)name, strlen(name), style);
    }
    case QUERY_LIST:
    case QUERY_MAP: {
        const struct query_list list = ((const struct query_list *)vector->data)[row];
        return put_list(text, &vector->children[0], list.offset, list.length, style);
    }
    case QUERY_ARRAY:
        return put_list(text, &vector->children[0], row * type->size, type->size, style);
    default:
        return put_struct(text, vector, row, style);
    }
}
