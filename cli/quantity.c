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

int quantity_parse_duration(const char *text, int64_t *ret_us)
{
    double number;
    const char *unit;
    if (parse_number(text, &number, &unit) != 0)
        return -1;
    const double seconds = *unit == '\0' || strcmp(unit, "s") == 0 ? 1
                           : strcmp(unit, "m") == 0 || strcmp(unit, "min") == 0 ? 60
                           : strcmp(unit, "h") == 0 ? 3600
                           : strcmp(unit, "d") == 0 ? 86400
                                                    : 0;
    number *= seconds;
    if (number <= 0 || number > DURATION_MAX_S)
        return -1;
    *ret_us = (int64_t)(number * 1e6);
    return *ret_us > 0 ? 0 : -1;
}
