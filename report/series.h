/* SPDX-License-Identifier: MIT */
/*
 * series.h - bytes over time by label, in fixed memory
 */
#ifndef REPORT_SERIES_H
#define REPORT_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#define SERIES_BUCKETS 1024
#define SERIES_SLOTS 64 /* the last one is for all that has no slot of its own */
#define SERIES_LABEL_SIZE 40

struct series_slot {
    char label[SERIES_LABEL_SIZE];
    double total;
    double bytes[SERIES_BUCKETS];
};

struct series {
    struct series_slot slots[SERIES_SLOTS];
    int slot_count; /* beside the last one */
    int64_t origin_us;
    int64_t bucket_us; /* how much time a bucket spans: grows by doubling */
    int64_t first_us;  /* what was seen; last_us is not before first_us */
    int64_t last_us;
    bool any;
};

struct series *series_create(void); /* NULL when memory is short */
void series_free(struct series *series);

/* Spreads bytes evenly from start to end, which is not before start. */
void series_add(struct series *series, const char *label, int64_t start_us, int64_t end_us, double bytes);

/* Bytes of a slot between two times; parts of buckets count in proportion. */
double series_sum(const struct series *series, int slot, double from_us, double to_us);

/* Slots by their totals, largest first, without empty ones and without the last. Returns how many. */
int series_top(const struct series *series, int ret_slots[SERIES_SLOTS]);

#endif
