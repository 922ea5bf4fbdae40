/* SPDX-License-Identifier: MIT */
/*
 * decoder_options.c - reads what the command line says of decoding
 */
#include "decoder_options.h"

#include "quantity.h"

const char *decoder_options_lifetime(struct weir_options *options, const char *value)
{
    uint64_t count;
    if (quantity_parse_count(value, &count) == 0 && count == 0) {
        options->template_lifetime_us = 0;
        return NULL;
    }
    return quantity_parse_duration(value, &options->template_lifetime_us) == 0
               ? NULL
               : "not a duration such as 90s, 30m, 1h or 1d, nor 0 for no end: ";
}

const char *decoder_options_sampling_rate(struct weir_options *options, const char *value)
{
    uint64_t rate;
    if (quantity_parse_count(value, &rate) != 0 || rate == 0 || rate > UINT32_MAX)
        return "not a number of packets of which one was looked at, 1 to 4294967295: ";
    options->sampling_rate = (uint32_t)rate;
    return NULL;
}
