/* SPDX-License-Identifier: MIT */
/*
 * filter_number.c - reads numbers with units, exactly and whatever the locale
 */
#include "filter_number.h"

#include <string.h>
#include <strings.h>

/* A decimal number: digits / 10^fraction_digits, and where its unit begins. */
struct decimal {
    uint64_t digits;
    unsigned fraction_digits;
    size_t length;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum filter_number_fault read_decimal(const char *word, size_t length, struct decimal *ret_decimal)
{
    struct decimal decimal = {0};
    bool point = false;
    size_t i = 0;
    for (; i < length && (is_digit(word[i]) || (word[i] == '.' && !point)); i++) {
        if (word[i] == '.') {
            point = true;
            continue;
        }
        const unsigned digit = (unsigned)(word[i] - '0');
        if (decimal.digits > (UINT64_MAX - digit) / 10)
            return FILTER_NUMBER_LARGE;
        decimal.digits = decimal.digits * 10 + digit;
        decimal.fraction_digits += point;
    }
    decimal.length = i;
    if (i == 0 || !is_digit(word[0]) || word[i - 1] == '.' || decimal.fraction_digits > 18)
        return FILTER_NUMBER_NONE;
    *ret_decimal = decimal;
    return FILTER_NUMBER_OK;
}

/* The factor of a unit; 0 when it is none. */
static uint64_t factor_of(const char *unit, size_t length)
{
    static const char letters[] = "kmgtp", *const nouns[] = {"", "b", "bit", "bits", "bps", "pps"};
    uint64_t factor = 1;
    if (length > 0) {
        const char *letter = strchr(letters, unit[0] | 0x20);
        /* "pps" is a noun, "p" and "pb" are a unit */
        if (letter != NULL && !(length == 3 && strncasecmp(unit, "pps", 3) == 0)) {
            const bool binary = length > 1 && (unit[1] | 0x20) == 'i';
            for (const char *l = letters; l <= letter; l++)
                factor *= binary ? 1024 : 1000;
            unit += 1 + binary;
            length -= 1u + binary;
        }
    }
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
        if (strlen(nouns[i]) == length && strncasecmp(nouns[i], unit, length) == 0)
            return factor;
    }
    return 0;
}

static enum filter_number_fault read_hexadecimal(const char *word, size_t length, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        const char c = (char)(word[i] | 0x20);
        const int digit = is_digit(word[i]) ? word[i] - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return FILTER_NUMBER_NONE;
        if (number >> 60 != 0)
            return FILTER_NUMBER_LARGE;
        number = number << 4 | (unsigned)digit;
    }
    if (length == 0)
        return FILTER_NUMBER_NONE;
    *ret_number = number;
    return FILTER_NUMBER_OK;
}

enum filter_number_fault filter_number_unsigned(const char *word, size_t length, uint64_t *ret_number)
{
    struct decimal decimal;
    if (length > 2 && word[0] == '0' && (word[1] | 0x20) == 'x')
        return read_hexadecimal(word + 2, length - 2, ret_number);
    const enum filter_number_fault fault = read_decimal(word, length, &decimal);
    if (fault != FILTER_NUMBER_OK)
        return fault;
    const uint64_t factor = factor_of(word + decimal.length, length - decimal.length);
    if (factor == 0)
        return FILTER_NUMBER_NONE;
    unsigned __int128 number = (unsigned __int128)decimal.digits * factor;
    for (unsigned i = 0; i < decimal.fraction_digits; i++) {
        if (number % 10 != 0)
            return FILTER_NUMBER_FRACTION;
        number /= 10;
    }
    if (number > UINT64_MAX)
        return FILTER_NUMBER_LARGE;
    *ret_number = (uint64_t)number;
    return FILTER_NUMBER_OK;
}

static enum filter_number_fault read_plain(const char *word, size_t length, uint64_t *ret_number)
{
    struct decimal decimal;
    const enum filter_number_fault fault = read_decimal(word, length, &decimal);
    if (fault != FILTER_NUMBER_OK)
        return fault;
    if (decimal.length != length || decimal.fraction_digits > 0)
        return FILTER_NUMBER_NONE;
    *ret_number = decimal.digits;
    return FILTER_NUMBER_OK;
}

enum filter_number_fault filter_number_as(const char *word, size_t length, uint64_t *ret_number)
{
    if (length > 2 && strncasecmp(word, "as", 2) == 0) {
        word += 2;
        length -= 2;
    }
    const char *point = memchr(word, '.', length);
    uint64_t high, low;
    if (point == NULL)
        return read_plain(word, length, ret_number);
    const size_t high_length = (size_t)(point - word);
    if (read_plain(word, high_length, &high) != FILTER_NUMBER_OK ||
        read_plain(point + 1, length - high_length - 1, &low) != FILTER_NUMBER_OK)
        return FILTER_NUMBER_NONE;
    if (high > UINT16_MAX || low > UINT16_MAX)
        return FILTER_NUMBER_LARGE;
    *ret_number = high << 16 | low;
    return FILTER_NUMBER_OK;
}

/* Rounded once where digits and powers of ten have a double of their own, which is up to 2^53 and 10^22. */
static double as_real(const struct decimal *decimal)
{
    double divisor = 1;
    for (unsigned i = 0; i < decimal->fraction_digits; i++)
        divisor *= 10;
    return (double)decimal->digits / divisor;
}

bool filter_number_real(const char *word, size_t length, double *ret_number)
{
    struct decimal decimal;
    const bool negative = length > 0 && word[0] == '-';
    word += negative;
    length -= negative;
    if (read_decimal(word, length, &decimal) != FILTER_NUMBER_OK)
        return false;
    const uint64_t factor = factor_of(word + decimal.length, length - decimal.length);
    if (factor == 0)
        return false;
    const double number = as_real(&decimal) * (double)factor;
    *ret_number = negative ? -number : number;
    return true;
}

/* Microseconds of a unit; 0 when it is none. */
static double unit_us(const char *unit, size_t length)
{
    static const struct {
        const char *unit;
        double us;
    } units[] = {{"us", 1},    {"ms", 1e3},    {"s", 1e6},    {"sec", 1e6},       {"m", 60e6},
                 {"min", 60e6}, {"h", 3600e6}, {"d", 86400e6}, {"w", 7 * 86400e6}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].unit) == length && strncasecmp(units[i].unit, unit, length) == 0)
            return units[i].us;
    }
    return 0;
}

bool filter_number_duration(const char *word, size_t length, double *ret_us)
{
    struct decimal decimal;
    double sum_us = 0;
    for (size_t at = 0, end; at == 0 || at < length; at = end) {
        if (read_decimal(word + at, length - at, &decimal) != FILTER_NUMBER_OK)
            return false;
        const size_t unit = at + decimal.length;
        for (end = unit; end < length && !is_digit(word[end]);)
            end++;
        const double us = at == 0 && unit == length ? 1e3 : unit_us(word + unit, end - unit);
        if (us <= 0)
            return false;
        sum_us += as_real(&decimal) * us;
    }
    *ret_us = sum_us;
    return true;
}
