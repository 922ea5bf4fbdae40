/* SPDX-License-Identifier: MIT */
/*
 * quantity.c - reads numbers with units
 */
#include "quantity.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DURATION_MAX_S (10.0 * 366 * 86400)

int quantity_parse_count(const char *text, uint64_t *ret_count)
{
    char *end;
    errno = 0;
    const unsigned long long count = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0)
        return -1;
    *ret_count = count;
    return 0;
}

/* A decimal number, and what stands behind it. */
static int parse_number(const char *text, double *ret_number, const char **ret_unit)
{
    char *end;
    if (!isdigit((unsigned char)text[0]) || strspn(text, "0123456789.") > 20)
        return -1;
    const double number = strtod(text, &end);
    if (end != text + strspn(text, "0123456789."))
        return -1;
    *ret_number = number;
    *ret_unit = end;
    return 0;
}

int quantity_parse_size(const char *text, uint64_t *ret_bytes)
{
    static const char units[] = "KMGT";
    double number;
    const char *unit;
    if (parse_number(text, &number, &unit) != 0)
        return -1;
    if (*unit != '\0' && toupper((unsigned char)*unit) != 'B') {
        const char *found = strchr(units, toupper((unsigned char)*unit));
        if (found == NULL)
            return -1;
        for (const char *u = units; u <= found; u++)
            number *= 1024;
        unit++;
    }
    if (toupper((unsigned char)*unit) == 'B')
        unit++;
    if (*unit != '\0' || number >= 9e18)
        return -1;
    *ret_bytes = (uint64_t)number;
    return 0;
}

/* Seconds of a unit; 0 when it is none. */
static double seconds_of(const char *unit, size_t length)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 7 * 86400}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].name) == length && strncmp(units[i].name, unit, length) == 0)
            return units[i].seconds;
    }
    return 0;
}

int quantity_parse_duration(const char *text, int64_t *ret_us)
{
    double sum = 0, number;
    const char *unit;
    if (parse_number(text, &number, &unit) != 0)
        return -1;
    if (*unit == '\0')
        sum = number;
    for (const char *at = text; *unit != '\0'; at = unit) {
        if (parse_number(at, &number, &unit) != 0)
            return -1;
        const size_t length = strcspn(unit, "0123456789.");
        const double seconds = seconds_of(unit, length);
        if (seconds <= 0)
            return -1;
        sum += number * seconds;
        unit += length;
    }
    if (sum <= 0 || sum > DURATION_MAX_S)
        return -1;
    *ret_us = (int64_t)(sum * 1e6);
    return *ret_us > 0 ? 0 : -1;
}
