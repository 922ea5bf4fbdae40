/* SPDX-License-Identifier: MIT */
/*
 * time_text.c - times as people type them
 */
#include "time_text.h"

#include "filter_time.h"
#include "quantity.h"

#include <string.h>

int time_text_parse(const char *text, int64_t now_us, int64_t *ret_time_us)
{
    int64_t ago_us, first_us, last_us;
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
    if (!filter_time_parse(text, strlen(text), false, now_us / 1000000, &first_us, &last_us))
        return -1;
    *ret_time_us = first_us;
    return 0;
}
