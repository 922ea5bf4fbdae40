/* SPDX-License-Identifier: MIT */
/*
 * text.c - addresses and values as text
 */
#include "digits.h"
#include "ntp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <weir/weir.h>

enum { ADDRESS_GROUPS = 8 };

/* ------------------------------------------------------------------------------------------------ addresses */

static char *put_ipv4(char *to, const uint8_t *octets)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            *to++ = '.';
        to = digits_u64(to, octets[i]);
    }
    return to;
}

static char *put_group(char *to, unsigned group)
{
    static const char hex[] = "0123456789abcdef";
    bool started = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
        const unsigned digit = group >> shift & 15;
        if (digit != 0 || started || shift == 0) {
            *to++ = hex[digit];
            started = true;
        }
    }
    return to;
}

/* The longest run of zero groups, two at least; the first of several (RFC 5952 section 4.2). */
static int longest_zeros(const unsigned *groups, int *ret_length)
{
    int best = -1, best_length = 1;
    for (int i = 0; i < ADDRESS_GROUPS;) {
        int length = 0;
        while (i + length < ADDRESS_GROUPS && groups[i + length] == 0)
            length++;
        if (length > best_length) {
            best = i;
            best_length = length;
        }
        i += length + 1;
    }
    *ret_length = best_length;
    return best;
}

static char *put_ipv6(char *to, const uint8_t *octets)
{
    unsigned groups[ADDRESS_GROUPS];
    for (int i = 0; i < ADDRESS_GROUPS; i++)
        groups[i] = (unsigned)octets[2 * i] << 8 | octets[2 * i + 1];
    int zeros_length;
    const int zeros = longest_zeros(groups, &zeros_length);
    if (zeros == 0 && zeros_length == 5 && groups[5] == 0xffff) { /* an IPv4 address in IPv6: section 5 */
        memcpy(to, "::ffff:", 7);
        return put_ipv4(to + 7, octets + 12);
    }
    for (int i = 0; i < ADDRESS_GROUPS; i++) {
        if (i == zeros) {
            *to++ = ':';
            i += zeros_length - 1;
            if (i == ADDRESS_GROUPS - 1)
                *to++ = ':';
            continue;
        }
        if (i > 0)
            *to++ = ':';
        to = put_group(to, groups[i]);
    }
    return to;
}

size_t weir_address_text(const struct weir_address *address, char text[WEIR_ADDRESS_TEXT_SIZE])
{
    char *end = text;
    if (address->family == 4)
        end = put_ipv4(text, address->octets);
    else if (address->family == 6)
        end = put_ipv6(text, address->octets);
    *end = '\0';
    return (size_t)(end - text);
}

/* --------------------------------------------------------------------------------------------------- strings */

/* The octets of the UTF-8 sequence at `p` (RFC 3629 section 4), or 0 when it is none. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    static const struct {
        uint8_t first_low, first_high, second_low, second_high, length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},          {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3},    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (p[0] < forms[i].first_low || p[0] > forms[i].first_high)
            continue;
        if (forms[i].length > left)
            return 0;
        if (forms[i].length > 1 && (p[1] < forms[i].second_low || p[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++) {
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

static bool is_utf8(const uint8_t *p, size_t left)
{
    while (left > 0) {
        const size_t length = utf8_length(p, left);
        if (length == 0)
            return false;
        p += length;
        left -= length;
    }
    return true;
}

static char *put_escaped(char *to, uint8_t octet)
{
    switch (octet) {
    case '"':
    case '\\':
        *to++ = '\\';
        *to++ = (char)octet;
        return to;
    case '\n':
        *to++ = '\\';
        *to++ = 'n';
        return to;
    case '\t':
        *to++ = '\\';
        *to++ = 't';
        return to;
    default:
        if (octet >= 0x20 && octet != 0x7f) {
            *to++ = (char)octet;
            return to;
        }
        memcpy(to, "\\u00", 4);
        return digits_hex(to + 4, octet);
    }
}

static char *put_octets(char *to, const uint8_t *octets, size_t count)
{
    memcpy(to, "\"0x", 3);
    to += 3;
    for (size_t i = 0; i < count; i++)
        to = digits_hex(to, octets[i]);
    *to++ = '"';
    return to;
}

/* A control character from U+0080 to U+009F, which some terminals obey like those of ASCII. */
static bool is_c1_control(const uint8_t *p, size_t left)
{
    return left > 1 && p[0] == 0xc2 && p[1] < 0xa0;
}

/* What is written is UTF-8 and harmless to a terminal. */
static char *put_string(char *to, const uint8_t *octets, size_t count)
{
    size_t length = count;
    while (length > 0 && octets[length - 1] == 0)
        length--;
    if (!is_utf8(octets, length))
        return put_octets(to, octets, count);
    *to++ = '"';
    for (size_t i = 0; i < length; i++) {
        if (is_c1_control(octets + i, length - i)) {
            memcpy(to, "\\u00", 4);
            to = digits_hex(to + 4, octets[++i]);
        } else {
            to = put_escaped(to, octets[i]);
        }
    }
    *to++ = '"';
    return to;
}

/* --------------------------------------------------------------------------------------------------- numbers */

/* Before 1970: what some exporters write when they have no time, or have it in another form. Its octets. */
static char *put_not_a_time(char *to, uint64_t ntp)
{
    uint8_t octets[8];
    for (int i = 0; i < 8; i++)
        octets[i] = (uint8_t)(ntp >> (56 - 8 * i));
    return put_octets(to, octets, sizeof octets);
}

/* Units since 1970 of an NTP time: 32 bits of seconds, 32 of their fraction, which `fraction` is in units. */
static char *put_ntp(char *to, uint64_t ntp, uint64_t units_per_s, uint64_t fraction)
{
    if (ntp >> 32 < NTP_TO_UNIX_S)
        return put_not_a_time(to, ntp);
    return digits_u64(to, ((ntp >> 32) - NTP_TO_UNIX_S) * units_per_s + fraction);
}

/* RFC 7011 sections 6.1.9 and 6.1.10. */
static char *put_unsigned(char *to, uint8_t type, uint64_t value)
{
    if (type == WEIR_TYPE_DATE_TIME_MICROSECONDS)
        return put_ntp(to, value, 1000000, ntp_microseconds((uint32_t)value));
    if (type == WEIR_TYPE_DATE_TIME_NANOSECONDS)
        return put_ntp(to, value, 1000000000, ((value & 0xffffffff) * 1000000000) >> 32);
    return digits_u64(to, value);
}

/* JSON has no word for what is not finite. The program's locale may have its own decimal point, of several
 * octets even: the point is whatever sprintf() puts between the digits that is none of "-+e". */
static char *put_float(char *to, double value, int precision)
{
    if (!isfinite(value)) {
        memcpy(to, "null", 4);
        return to + 4;
    }
    char text[40];
    sprintf(text, "%.*g", precision, value);
    bool in_point = false;
    for (const char *at = text; *at != '\0'; at++) {
        const bool plain = (*at >= '0' && *at <= '9') || *at == '-' || *at == '+' || *at == 'e';
        if (plain || !in_point)
            *to++ = plain ? *at : '.';
        in_point = !plain;
    }
    return to;
}

static char *put_mac(char *to, const uint8_t *octets)
{
    *to++ = '"';
    for (int i = 0; i < 6; i++) {
        if (i > 0)
            *to++ = ':';
        to = digits_hex(to, octets[i]);
    }
    *to++ = '"';
    return to;
}

/* RFC 7011 section 6.1.5 has 1 for true and 2 for false; what others mean nobody says. */
static char *put_boolean(char *to, const uint8_t *value)
{
    if (*value != 1 && *value != 2)
        return put_octets(to, value, 1);
    return to + sprintf(to, "%s", *value == 1 ? "true" : "false");
}

static char *put_value(char *to, const struct weir_field *field, const void *value)
{
    switch ((enum weir_kind)field->kind) {
    case WEIR_KIND_U8:
        return put_unsigned(to, field->type, *(const uint8_t *)value);
    case WEIR_KIND_U16:
        return put_unsigned(to, field->type, *(const uint16_t *)value);
    case WEIR_KIND_U32:
        return put_unsigned(to, field->type, *(const uint32_t *)value);
    case WEIR_KIND_U64:
        return put_unsigned(to, field->type, *(const uint64_t *)value);
    case WEIR_KIND_I8:
        return digits_i64(to, *(const int8_t *)value);
    case WEIR_KIND_I16:
        return digits_i64(to, *(const int16_t *)value);
    case WEIR_KIND_I32:
        return digits_i64(to, *(const int32_t *)value);
    case WEIR_KIND_I64:
        return digits_i64(to, *(const int64_t *)value);
    case WEIR_KIND_F32:
        return put_float(to, (double)*(const float *)value, 9);
    case WEIR_KIND_F64:
        return put_float(to, *(const double *)value, 17);
    case WEIR_KIND_BOOL:
        return put_boolean(to, value);
    case WEIR_KIND_IPV4: {
        const uint32_t address = *(const uint32_t *)value;
        const uint8_t octets[4] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16), (uint8_t)(address >> 8),
                                   (uint8_t)address};
        *to++ = '"';
        to = put_ipv4(to, octets);
        *to++ = '"';
        return to;
    }
    case WEIR_KIND_IPV6:
        *to++ = '"';
        to = put_ipv6(to, value);
        *to++ = '"';
        return to;
    case WEIR_KIND_MAC:
        return put_mac(to, value);
    case WEIR_KIND_OCTETS:
        if (field->type == WEIR_TYPE_STRING)
            return put_string(to, value, field->width_bytes);
        return put_octets(to, value, field->width_bytes);
    case WEIR_KIND_VARIABLE: {
        const struct weir_octets *octets = value;
        if (field->type == WEIR_TYPE_STRING)
            return put_string(to, octets->data, octets->size_bytes);
        return put_octets(to, octets->data, octets->size_bytes);
    }
    case WEIR_KIND_JSON: {
        const struct weir_octets *octets = value;
        memcpy(to, octets->data, octets->size_bytes);
        return to + octets->size_bytes;
    }
    case WEIR_KIND_NULL:
        break;
    }
    memcpy(to, "null", 4);
    return to + 4;
}

size_t weir_value_json(const struct weir_field *field, const void *value, char *text)
{
    return (size_t)(put_value(text, field, value) - text);
}
