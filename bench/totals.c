/* SPDX-License-Identifier: MIT */
/*
 * totals.c - adds up what the decoder makes of a capture, for comparing with what is stored of it
 *
 * A line for each core column of numbers: its name, how many records tell it, their sum modulo 2^64, the least, the
 * greatest, and how many distinct ones there are ("-": more than DISTINCT_MAX). Times are signed, all else is not;
 * addresses of IPv6 and MACs count as their first 8 octets (the 6 octets of a MAC) in network byte order. At the end
 * "flows" and the number of records.
 */
#define _GNU_SOURCE
#include "capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISTINCT_MAX = 1 << 21, SET_SIZE = DISTINCT_MAX * 2, ADDRESSES = 2, TOTALS_MAX = WEIR_CORE_COUNT * ADDRESSES };

struct totals {
    uint64_t count, sum, least, greatest;
    uint64_t *set; /* values plus 1, by hash; 0 is free, and the greatest number is not in it */
    uint32_t distinct;
    bool is_signed, has_greatest, is_full;
};

static bool is_less(const struct totals *totals, uint64_t a, uint64_t b)
{
    return totals->is_signed ? (int64_t)a < (int64_t)b : a < b;
}

static void note_distinct(struct totals *totals, uint64_t value)
{
    if (value == UINT64_MAX) {
        totals->distinct += !totals->has_greatest;
        totals->has_greatest = true;
        return;
    }
    uint64_t at = (value * 0x9e3779b97f4a7c15u) >> 42; /* 22 bits: SET_SIZE */
    while (totals->set[at] != 0 && totals->set[at] != value + 1)
        at = (at + 1) % SET_SIZE;
    totals->distinct += totals->set[at] == 0;
    totals->set[at] = value + 1;
    totals->is_full = totals->distinct > DISTINCT_MAX;
}

static bool add(struct totals *totals, uint64_t value, uint64_t times)
{
    if (totals->set == NULL && (totals->set = calloc(SET_SIZE, sizeof *totals->set)) == NULL)
        return false;
    if (totals->count == 0 || is_less(totals, value, totals->least))
        totals->least = value;
    if (totals->count == 0 || is_less(totals, totals->greatest, value))
        totals->greatest = value;
    totals->count += times;
    totals->sum += value * times;
    if (!totals->is_full)
        note_distinct(totals, value);
    return true;
}

/* The number of a value; false where it is none. */
static bool number_of(uint8_t kind, const uint8_t *value, uint64_t *ret_number)
{
    uint16_t u16;
    uint32_t u32;
    *ret_number = 0;
    switch (kind) {
    case WEIR_KIND_U8: *ret_number = *value; return true;
    case WEIR_KIND_U16: memcpy(&u16, value, sizeof u16); *ret_number = u16; return true;
    case WEIR_KIND_IPV4:
    case WEIR_KIND_U32: memcpy(&u32, value, sizeof u32); *ret_number = u32; return true;
    case WEIR_KIND_I64:
    case WEIR_KIND_U64: memcpy(ret_number, value, sizeof *ret_number); return true;
    case WEIR_KIND_MAC:
    case WEIR_KIND_IPV6:
        for (int i = 0; i < (kind == WEIR_KIND_MAC ? 6 : 8); i++)
            *ret_number = *ret_number << 8 | value[i];
        return true;
    default: return false;
    }
}

static bool add_column(struct totals *totals, const struct weir_batch *batch, const struct weir_core_column *core)
{
    uint64_t number;
    if (core->how == WEIR_CORE_CONSTANT)
        return add(totals, core->value, batch->row_count);
    totals->is_signed |= core->kind == WEIR_KIND_I64;
    for (uint32_t row = 0; row < batch->row_count; row++) {
        const uint8_t *value = (const uint8_t *)batch->columns[core->column] + (size_t)row * core->width_bytes;
        if (number_of(core->kind, value, &number) && !add(totals, number, 1))
            return false;
    }
    return true;
}

static bool add_batch(struct totals *totals, const struct weir_batch *batch, uint64_t *flows)
{
    if (batch->layout->options)
        return true;
    *flows += batch->row_count;
    for (int i = 0; i < WEIR_CORE_COUNT; i++) {
        const struct weir_core_column *core = &batch->layout->core[i];
        if (core->how != WEIR_CORE_ABSENT && !add_column(&totals[2 * i + (core->kind == WEIR_KIND_IPV6)], batch, core))
            return false;
    }
    return true;
}

static void print_totals(const struct totals *totals, int i)
{
    char distinct[24] = "-";
    if (totals->count == 0)
        return;
    if (!totals->is_full)
        snprintf(distinct, sizeof distinct, "%" PRIu32, totals->distinct);
    printf(totals->is_signed ? "%s%s %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %s\n"
                             : "%s%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
           weir_core_name((enum weir_core)(i / 2)), i % 2 == 1 ? "6" : "", totals->count, totals->sum, totals->least,
           totals->greatest, distinct);
}

static int add_up(struct capture *capture, struct weir_decoder *decoder, struct totals *totals, uint64_t *flows)
{
    struct sink_error error = {0};
    struct weir_datagram datagram;
    int got;
    do {
        got = capture_next(capture, &datagram, NULL, &error);
        if (got == 1)
            weir_decoder_feed(decoder, &datagram);
        else
            weir_decoder_finish(decoder);
        for (struct weir_batch *batch; (batch = weir_decoder_next(decoder)) != NULL; weir_batch_release(batch)) {
            if (!add_batch(totals, batch, flows)) {
                fputs("totals: not enough memory\n", stderr);
                return -1;
            }
        }
    } while (got == 1);
    if (got < 0)
        fprintf(stderr, "totals: %s\n", error.text);
    return got;
}

int main(int argc, char **argv)
{
    static struct totals totals[TOTALS_MAX];
    struct sink_error error = {0};
    uint64_t flows = 0;
    if (argc != 2) {
        fputs("usage: totals FILE\n\nAdds up what the decoder makes of a capture.\n", stderr);
        return 2;
    }
    struct capture *capture = capture_open(argv[1], NULL, 0, &error);
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    if (capture == NULL || decoder == NULL) {
        fprintf(stderr, "totals: %s\n", capture == NULL ? error.text : "not enough memory");
        return 1;
    }
    const int result = add_up(capture, decoder, totals, &flows);
    for (int i = 0; i < TOTALS_MAX; i++) {
        print_totals(&totals[i], i);
        free(totals[i].set);
    }
    printf("flows %" PRIu64 "\n", flows);
    weir_decoder_free(decoder);
    capture_close(capture);
    return result == 0 ? 0 : 1;
}
