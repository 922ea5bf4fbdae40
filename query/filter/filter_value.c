/* SPDX-License-Identifier: MIT */
/*
 * filter_value.c - numbers and names; addresses are read in filter_address.c, times in filter_time.c
 */
#include "filter_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "filter_address.h"
#include "filter_number.h"
#include "filter_time.h"
#include "filter_words.h"

#define SHOWN(word, length) ((int)((length) < 60 ? (length) : 60)), (word)

bool filter_complain(char message[FILTER_MESSAGE_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, FILTER_MESSAGE_SIZE, format, arguments);
    va_end(arguments);
    for (char *c = message; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
    return false;
}

static bool push(struct filter *filter, const struct filter_value *value, char message[FILTER_MESSAGE_SIZE])
{
    if (filter->value_count >= FILTER_VALUES_MAX)
        return filter_complain(message, "the filter has more than %u values", FILTER_VALUES_MAX);
    if (!filter_reserve((void **)&filter->values, &filter->value_room, filter->value_count, sizeof *value))
        return filter_complain(message, "out of memory");
    filter->values[filter->value_count++] = *value;
    return true;
}

static bool push_number(struct filter *filter, uint64_t low, uint64_t high, char message[FILTER_MESSAGE_SIZE])
{
    const struct filter_value value = {.as.u = {low, high}};
    return push(filter, &value, message);
}

/* Keeps octets; FILTER_NONE when memory is short. */
static uint32_t keep(struct filter *filter, const void *data, size_t size_bytes)
{
    const uint32_t at = filter->octets_bytes;
    /* the text's length bounds all that is kept; one octet more, so that none at all have a place too */
    if (!filter_reserve((void **)&filter->octets, &filter->octets_room, at + (uint32_t)size_bytes, 1))
        return FILTER_NONE;
    if (size_bytes > 0)
        memcpy(filter->octets + at, data, size_bytes);
    filter->octets_bytes += (uint32_t)size_bytes;
    return at;
}

static bool push_octets(struct filter *filter, const void *low, const void *high, size_t size_bytes,
                        char message[FILTER_MESSAGE_SIZE])
{
    struct filter_value value = {.as.octets = {.low_bytes = (uint32_t)size_bytes, .high_bytes = (uint32_t)size_bytes}};
    value.as.octets.low = value.as.octets.high = keep(filter, low, size_bytes);
    if (value.as.octets.low != FILTER_NONE && high != NULL)
        value.as.octets.high = keep(filter, high, size_bytes);
    if (value.as.octets.low == FILTER_NONE || value.as.octets.high == FILTER_NONE)
        return filter_complain(message, "out of memory");
    return push(filter, &value, message);
}

/* ------------------------------------------------------------------------------------------- numbers and their names
 * */

/* The list of names for numbers of a form, or -1. */
static int names_of(enum filter_form form)
{
    switch (form) {
    case FILTER_FORM_PORT: return FILTER_NAMES_SERVICES;
    case FILTER_FORM_PROTOCOL: return FILTER_NAMES_PROTOCOLS;
    case FILTER_FORM_DSCP: return FILTER_NAMES_DSCP;
    case FILTER_FORM_DIRECTION: return FILTER_NAMES_DIRECTIONS;
    case FILTER_FORM_NAT_EVENT: return FILTER_NAMES_NAT_EVENTS;
    case FILTER_FORM_FIREWALL_EVENT: return FILTER_NAMES_FIREWALL_EVENTS;
    default: return -1;
    }
}

/* What a number of this form is called in messages. */
static const char *noun_of(enum filter_form form)
{
    switch (form) {
    case FILTER_FORM_PORT: return "port";
    case FILTER_FORM_PROTOCOL: return "protocol";
    case FILTER_FORM_AS: return "AS number";
    case FILTER_FORM_DSCP: return "DSCP";
    case FILTER_FORM_DIRECTION: return "direction";
    case FILTER_FORM_NAT_EVENT:
    case FILTER_FORM_FIREWALL_EVENT: return "event";
    case FILTER_FORM_LABEL: return "label";
    default: return "number";
    }
}

static uint64_t max_of(const struct filter_source *source, enum filter_form form)
{
    return form == FILTER_FORM_DSCP    ? 63
           : form == FILTER_FORM_LABEL ? 0xfffff
                                       : filter_type_max((enum filter_type)source->type);
}

static bool no_number(const struct filter_source *source, enum filter_form form, const char *word, size_t length,
                      char message[FILTER_MESSAGE_SIZE])
{
    const int names = names_of(form);
    struct filter_nearest nearest;
    filter_nearest_init(&nearest, word, length);
    if (names >= 0)
        filter_name_each((enum filter_names)names, filter_nearest_offer, &nearest);
    if (nearest.best != NULL)
        return filter_complain(message, "'%.*s' is no %s; did you mean '%s'?", SHOWN(word, length), noun_of(form),
                               nearest.best);
    if (source->core == WEIR_CORE_IN_INTERFACE || source->core == WEIR_CORE_OUT_INTERFACE)
        return filter_complain(message, "'%.*s' is no number, and names are not known here; weir sql 'from interfaces' "
                               "tells their numbers", SHOWN(word, length));
    return filter_complain(message, "'%.*s' is no %s", SHOWN(word, length), noun_of(form));
}

/* One number without a range. */
static bool read_number(const struct filter_source *source, enum filter_form form, const char *word, size_t length,
                        uint64_t *ret_number, char message[FILTER_MESSAGE_SIZE])
{
    const uint64_t max = max_of(source, form);
    enum filter_number_fault fault;
    if (form == FILTER_FORM_AS)
        fault = filter_number_as(word, length, ret_number);
    else
        fault = filter_number_unsigned(word, length, ret_number);
    if (fault == FILTER_NUMBER_NONE)
        return no_number(source, form, word, length, message);
    if (fault == FILTER_NUMBER_FRACTION)
        return filter_complain(message, "'%.*s' is no whole number", SHOWN(word, length));
    if (fault == FILTER_NUMBER_LARGE || *ret_number > max)
        return filter_complain(message, "'%.*s' is too large; the largest %s%s%s is %llu", SHOWN(word, length),
                               noun_of(form),
                               form == FILTER_FORM_NUMBER ? " of " : "", form == FILTER_FORM_NUMBER ? source->name : "",
                               (unsigned long long)max);
    return true;
}

static bool add_range(struct filter *filter, enum filter_form form, uint64_t low, uint64_t high,
                      char message[FILTER_MESSAGE_SIZE])
{
    if (form == FILTER_FORM_DSCP) /* the upper six bits of the octet */
        return push_number(filter, low << 2, high << 2 | 3, message);
    if (form == FILTER_FORM_LABEL) { /* the upper 20 bits of three octets: as octets they have the numbers' order */
        const uint64_t first = low << 4, last = high << 4 | 15;
        const uint8_t from[3] = {(uint8_t)(first >> 16), (uint8_t)(first >> 8), (uint8_t)first};
        const uint8_t to[3] = {(uint8_t)(last >> 16), (uint8_t)(last >> 8), (uint8_t)last};
        return push_octets(filter, from, to, 3, message);
    }
    return push_number(filter, low, high, message);
}

static bool add_number(struct filter *filter, const struct filter_source *source, enum filter_form form,
                       const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    const int names = names_of(form);
    size_t position = 0;
    uint64_t low, high;
    int number;
    bool named = false;
    while (names >= 0 && (number = filter_name_number((enum filter_names)names, word, length, &position)) >= 0) {
        if (!add_range(filter, form, (uint64_t)number, (uint64_t)number, message))
            return false;
        named = true;
    }
    if (named)
        return true;
    if (form == FILTER_FORM_FLAGS && (number = filter_flags_mask(word, length)) >= 0)
        return push_number(filter, (uint64_t)number, (uint64_t)number, message);
    const char *dash = length > 0 && word[0] >= '0' && word[0] <= '9' ? memchr(word, '-', length) : NULL;
    if (dash == NULL)
        return read_number(source, form, word, length, &low, message) && add_range(filter, form, low, low, message);
    const size_t low_length = (size_t)(dash - word);
    if (low_length + 1 == length)
        return filter_complain(message, "the range '%.*s' has no end; for %.*s and above write '>= %.*s'",
                               SHOWN(word, length), SHOWN(word, low_length), SHOWN(word, low_length));
    if (!read_number(source, form, word, low_length, &low, message) ||
        !read_number(source, form, dash + 1, length - low_length - 1, &high, message))
        return false;
    if (low > high)
        return filter_complain(message, "the range '%.*s' ends before it begins", SHOWN(word, length));
    return add_range(filter, form, low, high, message);
}

static bool add_signed(struct filter *filter, const struct filter_source *source, const char *word, size_t length,
                       char message[FILTER_MESSAGE_SIZE])
{
    const bool negative = length > 0 && word[0] == '-';
    const uint64_t max = filter_type_max((enum filter_type)source->type);
    uint64_t number;
    if (filter_number_unsigned(word + negative, length - negative, &number) != FILTER_NUMBER_OK)
        return filter_complain(message, "'%.*s' is no whole number", SHOWN(word, length));
    if (number > max + negative)
        return filter_complain(message, "'%.*s' is out of range; %s is from %lld to %lld", SHOWN(word, length),
                               source->name, -(long long)max - 1, (long long)max);
    const int64_t is = negative ? -(int64_t)(number - (number > 0)) - (number > 0) : (int64_t)number;
    const struct filter_value value = {.as.i = {is, is}};
    return push(filter, &value, message);
}

static bool add_real(struct filter *filter, const struct filter_source *source, enum filter_form form,
                     const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    double number;
    const bool is = form == FILTER_FORM_DURATION ? filter_number_duration(word, length, &number)
                                                 : filter_number_real(word, length, &number);
    if (!is && form == FILTER_FORM_DURATION)
        return filter_complain(message,
                               "'%.*s' is no duration; write 500ms, 3s, 1.5m or 2h (without unit: milliseconds)",
                               SHOWN(word, length));
    if (!is)
        return filter_complain(message, "'%.*s' is no number", SHOWN(word, length));
    if (source != NULL && source->type == FILTER_FLOAT)
        number = (double)(float)number;
    const struct filter_value value = {.as.real = {number, number}};
    return push(filter, &value, message);
}

/* -------------------------------------------------------------------------------------------------------- octets */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Pairs of hexadecimal digits, with none of `between` or any of it between the pairs. Octets, or -1. */
static int read_hex(const char *word, size_t length, const char *between, uint8_t *octets, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < length;) {
        if (count > 0 && strchr(between, word[i]) != NULL)
            i++;
        const int high = i < length ? hex_digit(word[i]) : -1, low = i + 1 < length ? hex_digit(word[i + 1]) : -1;
        if (high < 0 || low < 0 || count == room)
            return -1;
        octets[count++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return (int)count;
}

static bool add_mac(struct filter *filter, const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    uint8_t octets[6];
    if (read_hex(word, length, ":-.", octets, sizeof octets) != 6)
        return filter_complain(message, "'%.*s' is no MAC address; write it as 00:1b:54:aa:0c:01", SHOWN(word, length));
    return push_octets(filter, octets, NULL, sizeof octets, message);
}

static bool add_octets(struct filter *filter, const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    uint8_t octets[1024];
    const int count = length >= 2 && strncasecmp(word, "0x", 2) == 0
                          ? read_hex(word + 2, length - 2, "", octets, sizeof octets) : -1;
    if (count < 0)
        return filter_complain(message, "'%.*s' are no octets; write them as 0x0a1b, at most %zu of them",
                               SHOWN(word, length), sizeof octets);
    return push_octets(filter, octets, NULL, (size_t)count, message);
}

/* ENGINE:NUMBER, or the octets; RFC 6759 section 4. */
static bool add_application(struct filter *filter, const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    const char *colon = memchr(word, ':', length);
    uint8_t octets[9];
    uint64_t engine = 0, number = 0;
    if (colon != NULL) {
        const size_t engine_length = (size_t)(colon - word);
        if (filter_number_unsigned(word, engine_length, &engine) == FILTER_NUMBER_OK && engine <= 255 &&
            filter_number_unsigned(colon + 1, length - engine_length - 1, &number) == FILTER_NUMBER_OK)
            return push_number(filter, engine, number, message);
    } else if (length > 2 && strncasecmp(word, "0x", 2) == 0) {
        const int count = read_hex(word + 2, length - 2, "", octets, sizeof octets);
        for (int i = 1; i < count; i++)
            number = number << 8 | octets[i];
        if (count > 1)
            return push_number(filter, octets[0], number, message);
    }
    return filter_complain(message, "'%.*s' is no application; write its engine and number as 13:453, or as 0x0d0001c5; "
                           "names are not known here, and weir sql 'from applications' tells those that they have",
                           SHOWN(word, length));
}

/* ---------------------------------------------------------------------------------------------------------- others */

static bool add_address(struct filter *filter, const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    struct filter_value values[2];
    const int count = filter_address_parse(word, length, values, message);
    for (int i = 0; i < count; i++) {
        if (!push(filter, &values[i], message))
            return false;
    }
    return count > 0;
}

static bool add_time(struct filter *filter, const struct filter_source *source, const char *word, size_t length,
                     char message[FILTER_MESSAGE_SIZE])
{
    struct filter_value value = {0};
    if (!filter_time_parse(word, length, source->type == FILTER_TIME_NS, time(NULL), &value.as.i.low, &value.as.i.high))
        return filter_complain(message, "'%.*s' is no time; write it as 2026-11-23T14:05, or the day alone",
                               SHOWN(word, length));
    return push(filter, &value, message);
}

static bool add_bool(struct filter *filter, const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    static const char *const words[] = {"false", "true", "no", "yes", "0", "1"};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == length && strncasecmp(words[i], word, length) == 0)
            return push_number(filter, i & 1, i & 1, message);
    }
    return filter_complain(message, "'%.*s' is neither true nor false", SHOWN(word, length));
}

/* The length of the character of UTF-8 at a place, RFC 3629 section 4; 0 when it is none, or NUL. */
static size_t utf8_length(const uint8_t *at, size_t left)
{
    const size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] == 0 || length == 0 || length > left || at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f))
        return 0; /* longer than need be, a surrogate, beyond U+10FFFF */
    return length;
}

/* Text is what the store's columns of text can have. */
static bool add_text(struct filter *filter, const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    for (size_t i = 0, step; i < length; i += step) {
        step = utf8_length((const uint8_t *)word + i, length - i);
        if (step == 0)
            return filter_complain(message, "a text is UTF-8 without NUL; this is not");
    }
    return push_octets(filter, word, NULL, length, message);
}

bool filter_value_add(struct filter *filter, const struct filter_source *source, enum filter_form form,
                      const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    switch (form) {
    case FILTER_FORM_SIGNED: return add_signed(filter, source, word, length, message);
    case FILTER_FORM_REAL:
    case FILTER_FORM_DURATION: return add_real(filter, source, form, word, length, message);
    case FILTER_FORM_BOOL: return add_bool(filter, word, length, message);
    case FILTER_FORM_TIME: return add_time(filter, source, word, length, message);
    case FILTER_FORM_ADDRESS: return add_address(filter, word, length, message);
    case FILTER_FORM_MAC: return add_mac(filter, word, length, message);
    case FILTER_FORM_OCTETS: return add_octets(filter, word, length, message);
    case FILTER_FORM_TEXT: return add_text(filter, word, length, message);
    case FILTER_FORM_APPLICATION: return add_application(filter, word, length, message);
    case FILTER_FORM_LIST: return filter_complain(message, "%s is a list, which cannot be compared", source->name);
    case FILTER_FORM_NUMBER:
    case FILTER_FORM_PORT:
    case FILTER_FORM_PROTOCOL:
    case FILTER_FORM_AS:
    case FILTER_FORM_DSCP:
    case FILTER_FORM_FLAGS:
    case FILTER_FORM_DIRECTION:
    case FILTER_FORM_NAT_EVENT:
    case FILTER_FORM_FIREWALL_EVENT:
    case FILTER_FORM_LABEL: break;
    }
    return add_number(filter, source, form, word, length, message);
}
