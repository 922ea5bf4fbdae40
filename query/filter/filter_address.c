/* SPDX-License-Identifier: MIT */
/*
 * filter_address.c - reads addresses and networks
 */
#define _GNU_SOURCE
#include "filter_address.h"

#include <arpa/inet.h>
#include <string.h>

#define SHOWN(word, length) ((int)((length) < 60 ? (length) : 60)), (word)

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

bool filter_address_like(const char *word, size_t length)
{
    size_t digits = 0, points = 0, colons = 0, hex = 0;
    for (size_t i = 0; i < length && word[i] != '/' && word[i] != '-'; i++) {
        const char c = (char)(word[i] | 0x20);
        if (word[i] >= '0' && word[i] <= '9')
            digits++;
        else if (word[i] == '.')
            points++;
        else if (word[i] == ':')
            colons++;
        else if (c >= 'a' && c <= 'f')
            hex++;
        else
            return false;
    }
    return colons >= 2 || (points > 0 && digits > 0 && hex == 0 && colons == 0) ||
           (digits > 0 && hex == 0 && memchr(word, '/', length) != NULL);
}

/* An address alone. 4 or 6, or 0 when it is none. */
static int parse_one(const char *word, size_t length, uint8_t octets[16])
{
    char copy[WEIR_ADDRESS_TEXT_SIZE];
    if (length >= sizeof copy)
        return 0;
    memcpy(copy, word, length);
    copy[length] = '\0';
    memset(octets, 0, 16);
    if (inet_pton(AF_INET, copy, octets) == 1)
        return 4;
    return inet_pton(AF_INET6, copy, octets) == 1 ? 6 : 0;
}

/* The beginning of an IPv4 address, of 1 to 4 numbers. */
static bool parse_short(const char *word, size_t length, uint8_t octets[16])
{
    unsigned number = 0, count = 0, digits = 0;
    memset(octets, 0, 16);
    for (size_t i = 0; i <= length; i++) {
        if (i == length || word[i] == '.') {
            if (digits == 0 || count == 4)
                return false;
            octets[count++] = (uint8_t)number;
            number = digits = 0;
        } else if (word[i] >= '0' && word[i] <= '9' && digits < 3) {
            number = number * 10 + (unsigned)(word[i] - '0');
            digits++;
            if (number > 255)
                return false;
        } else {
            return false;
        }
    }
    return true;
}

/* What stands behind the slash: bits, or a mask of IPv4. -1 when it is neither. */
static int parse_bits(const char *word, size_t length, int family)
{
    uint8_t mask[16];
    int bits = 0;
    if (family == 4 && parse_one(word, length, mask) == 4) {
        const uint32_t all = (uint32_t)mask[0] << 24 | (uint32_t)mask[1] << 16 | (uint32_t)mask[2] << 8 | mask[3];
        while (bits < 32 && (all >> (31 - bits) & 1) != 0)
            bits++;
        return bits < 32 && all << bits != 0 ? -1 : bits;
    }
    for (size_t i = 0; i < length; i++) {
        if (word[i] < '0' || word[i] > '9' || length > 3)
            return -1;
        bits = bits * 10 + (word[i] - '0');
    }
    return length == 0 || bits > (family == 4 ? 32 : 128) ? -1 : bits;
}

static void set_bits(struct filter_value *value, int bits)
{
    for (int i = 0; i < (value->as.address.family == 4 ? 4 : 16); i++) {
        const int own = bits >= 8 * i + 8 ? 8 : bits > 8 * i ? bits - 8 * i : 0;
        const uint8_t mask = (uint8_t)(0xff00 >> own);
        value->as.address.low[i] &= mask;
        value->as.address.high[i] |= (uint8_t)~mask;
    }
}

/* Adds 1 to an address or takes 1 off. */
static void step(uint8_t octets[16], int by)
{
    for (int i = 15; i >= 0; i--) {
        octets[i] = (uint8_t)(octets[i] + by);
        if (octets[i] != (by > 0 ? 0 : 0xff))
            return;
    }
}

/* Takes what is mapped out of a network of IPv6; see filter_address_parse(). */
static int without_mapped(struct filter_value values[2])
{
    struct filter_value *value = &values[0];
    uint8_t first[16] = {0}, last[16];
    memcpy(first, MAPPED, sizeof MAPPED);
    memset(last, 0xff, sizeof last);
    memcpy(last, MAPPED, sizeof MAPPED);
    if (memcmp(value->as.address.high, first, 16) < 0 || memcmp(value->as.address.low, last, 16) > 0)
        return 1;
    if (memcmp(value->as.address.low, first, 16) >= 0 && memcmp(value->as.address.high, last, 16) <= 0) {
        const struct filter_value mapped = *value;
        memset(value, 0, sizeof *value);
        memcpy(value->as.address.low, mapped.as.address.low + 12, 4);
        memcpy(value->as.address.high, mapped.as.address.high + 12, 4);
        value->as.address.family = 4;
        return 1;
    }
    values[1] = values[0]; /* a network holds all of it or nothing */
    step(first, -1);
    step(last, 1);
    memcpy(values[0].as.address.high, first, 16);
    memcpy(values[1].as.address.low, last, 16);
    return 2;
}

static int refuse(const char *word, size_t length, char message[FILTER_MESSAGE_SIZE])
{
    bool letters = false;
    for (size_t i = 0; i < length; i++)
        letters |= (word[i] | 0x20) >= 'a' && (word[i] | 0x20) <= 'z';
    if (letters && memchr(word, '.', length) == NULL && memchr(word, ':', length) == NULL)
        filter_complain(message, "'%.*s' is no address; names of hosts are not looked up here", SHOWN(word, length));
    else if (letters && memchr(word, ':', length) == NULL)
        filter_complain(message, "'%.*s' is a name; names of hosts are not looked up here, give the address",
                        SHOWN(word, length));
    else
        filter_complain(message, "'%.*s' is no address", SHOWN(word, length));
    return 0;
}

static int parse_range(const char *word, size_t length, size_t dash, struct filter_value *ret_value,
                       char message[FILTER_MESSAGE_SIZE])
{
    struct filter_value value = {.as.address.family = 4};
    if (parse_one(word, dash, value.as.address.low) != 4 ||
        parse_one(word + dash + 1, length - dash - 1, value.as.address.high) != 4)
        return refuse(word, length, message);
    if (memcmp(value.as.address.low, value.as.address.high, 4) > 0) {
        filter_complain(message, "the range '%.*s' ends before it begins", SHOWN(word, length));
        return 0;
    }
    *ret_value = value;
    return 1;
}

int filter_address_parse(const char *word, size_t length, struct filter_value ret_values[2],
                         char message[FILTER_MESSAGE_SIZE])
{
    const char *slash = memchr(word, '/', length), *dash = memchr(word, '-', length);
    const size_t address_length = slash != NULL ? (size_t)(slash - word) : length;
    struct filter_value values[2] = {0};
    if (slash == NULL && dash != NULL && word[0] >= '0' && word[0] <= '9')
        return parse_range(word, length, (size_t)(dash - word), ret_values, message);
    int family = parse_one(word, address_length, values[0].as.address.low);
    if (family == 0 && slash != NULL && parse_short(word, address_length, values[0].as.address.low))
        family = 4;
    if (family == 0)
        return refuse(word, length, message);
    const int bits = slash != NULL ? parse_bits(slash + 1, length - address_length - 1,
                                                family) : family == 4 ? 32 : 128;
    if (bits < 0) {
        filter_complain(message, "'%.*s' is no network: behind the slash stand 0 to %d bits%s", SHOWN(word, length),
                        family == 4 ? 32 : 128, family == 4 ? ", or a mask such as 255.255.0.0" : "");
        return 0;
    }
    values[0].as.address.family = (uint8_t)family;
    memcpy(values[0].as.address.high, values[0].as.address.low, 16);
    set_bits(&values[0], bits);
    const int count = family == 6 ? without_mapped(values) : 1;
    memcpy(ret_values, values, sizeof values);
    return count;
}
