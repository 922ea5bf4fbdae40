/* SPDX-License-Identifier: MIT */
/* series.c - bytes over time by label, in fixed memory */
#include "series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_START_US 50000
#define OTHER (SERIES_SLOTS - 1)

struct series *series_create(void)
{
    struct series *series = calloc(1, sizeof *series);
    if (series != NULL) {
        series->bucket_us = BUCKET_START_US;
        snprintf(series->slots[OTHER].label, SERIES_LABEL_SIZE, "other");
    }
    return series;
}

void series_free(struct series *series)
{
    free(series);
}

/* A bucket now spans what two did; the old ones end up in the right half when time is to grow to the left. */
static void widen(struct series *series, bool to_the_left)
{
    int slot_count = SERIES_SLOTS;
    for (int s = 0; s < slot_count; s++) {
        double *bytes = series->slots[s].bytes;
        double merged[SERIES_BUCKETS] = {0};
        int shift = to_the_left ? SERIES_BUCKETS / 2 : 0;
        for (int i = 0; i < SERIES_BUCKETS; i++)
            merged[shift + i / 2] += bytes[i];
        memcpy(bytes, merged, sizeof merged);
    }
    if (to_the_left)
        series->origin_us -= series->bucket_us * SERIES_BUCKETS;
    series->bucket_us *= 2;
}

static int slot_find(struct series *series, const char *label)
{
    int smallest = 0;
    for (int s = 0; s < series->slot_count; s++) {
        if (strcmp(series->slots[s].label, label) == 0)
            return s;
        if (series->slots[s].total < series->slots[smallest].total)
            smallest = s;
    }
    int slot = smallest;
    if (series->slot_count < OTHER) {
        slot = series->slot_count++;
    } else { /* the smallest so far joins the others */
        for (int i = 0; i < SERIES_BUCKETS; i++)
            series->slots[OTHER].bytes[i] += series->slots[slot].bytes[i];
        series->slots[OTHER].total += series->slots[slot].total;
    }
    memset(&series->slots[slot], 0, sizeof series->slots[slot]);
    snprintf(series->slots[slot].label, SERIES_LABEL_SIZE, "%s", label);
    return slot;
}

void series_add(struct series *series, const char *label, int64_t start_us, int64_t end_us, double bytes)
{
    if (!series->any) {
        series->any = true;
        series->origin_us = start_us - start_us % 1000000;
        series->first_us = start_us;
        series->last_us = end_us;
    }
    if (start_us < series->first_us)
        series->first_us = start_us;
    if (end_us > series->last_us)
        series->last_us = end_us;
    while (start_us < series->origin_us)
        widen(series, true);
    while (end_us >= series->origin_us + series->bucket_us * SERIES_BUCKETS)
        widen(series, false);

    struct series_slot *slot = &series->slots[slot_find(series, label)];
    int first = (int)((start_us - series->origin_us) / series->bucket_us);
    int last = (int)((end_us - series->origin_us) / series->bucket_us);
    slot->total += bytes;
    if (first == last) {
        slot->bytes[first] += bytes;
        return;
    }
    double per_us = bytes / (double)(end_us - start_us);
    for (int i = first; i <= last; i++) {
        int64_t from = series->origin_us + i * series->bucket_us, to = from + series->bucket_us;
        from = from < start_us ? start_us : from;
        to = to > end_us ? end_us : to;
        slot->bytes[i] += per_us * (double)(to - from);
    }
}

double series_sum(const struct series *series, int slot, double from_us, double to_us)
{
    double first = (from_us - (double)series->origin_us) / (double)series->bucket_us;
    double last = (to_us - (double)series->origin_us) / (double)series->bucket_us;
    double sum = 0;
    first = first < 0 ? 0 : first;
    last = last > SERIES_BUCKETS ? SERIES_BUCKETS : last;
    for (int i = (int)first; i < last; i++) {
        double from = first > i ? first : i, to = last < i + 1 ? last : i + 1;
        sum += series->slots[slot].bytes[i] * (to - from);
    }
    return sum;
}

int series_top(const struct series *series, int ret_slots[SERIES_SLOTS])
{
    int count = 0;
    for (int s = 0; s < series->slot_count; s++) {
        if (!(series->slots[s].total > 0))
            continue;
        int place = count++;
        for (; place > 0 && series->slots[s].total > series->slots[ret_slots[place - 1]].total; place--)
            ret_slots[place] = ret_slots[place - 1];
        ret_slots[place] = s;
    }
    return count;
}
