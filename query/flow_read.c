/* SPDX-License-Identifier: MIT */
/*
 * flow_read.c - the flows of a store one by one, in the order of receipt
 *
 *     [ all the time ] → bins → slices of neighbouring bins   each is read, sorted and told
 *                             → a bin with too many rows      is cut into bins itself; one of a microsecond, all of
 *                                                             whose rows are of one time, is told as it is read
 *
 * Reading order: flow_read() at the end; read_range() cuts, read_slice() reads.
 */
#define _GNU_SOURCE
#include "flow_read.h"

#include "flow_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BINS = 512 };

struct place {
    int64_t received_us;
    uint32_t flow;
};

struct reading {
    const struct flow_source *source;
    const struct flow_read_options *options;
    struct stored_forms forms;
    struct flow_read_counts counts;
    struct flow *flows;   /* of a slice, as they were read */
    struct place *places; /* of them, in order; and as much room again to merge in */
    struct place *spare;
    size_t flow_count, flow_room;
    uint64_t rows_total, rows_done;
    uint32_t slice_rows;
    bool stopped;
};

static int no_memory(struct query_error *error)
{
    snprintf(error->text, sizeof error->text, "not enough memory");
    return -1;
}

/* ---------------------------------------------------------------------------------------------------------- statements */

/* " FROM ... WHERE ..." for what was received from `from_us` on and before `to_us`. */
static int put_range(struct text_buffer *sql, const struct reading *reading, int64_t from_us, int64_t to_us)
{
    /* not flow_source_put(), which may ask for the parts of a filter one after the other, out of order */
    return flow_source_put_unfiltered(sql, reading->source, NULL, 0) == 0 && text_put(sql, " AND ") == 0 &&
                   flow_source_put_filter(sql, reading->source) == 0
               ? text_print(sql, " AND received >= make_timestamptz(%" PRId64 ") AND received < "
                                 "make_timestamptz(%" PRId64
                            ")", from_us, to_us) : -1;
}

static int run(const struct reading *reading, struct text_buffer *sql, int made, struct query_result **ret_result,
               struct query_error *error)
{
    const int result = made != 0 ? no_memory(error)
                                 : query_run(reading->source->query, sql->data, NULL, 0, ret_result, error);
    text_done(sql);
    return result;
}

static uint64_t u64_at(const struct query_chunk *chunk, size_t column, size_t row)
{
    return ((const uint64_t *)chunk->vectors[column].data)[row];
}

static int64_t i64_at(const struct query_chunk *chunk, size_t column, size_t row)
{
    return ((const int64_t *)chunk->vectors[column].data)[row];
}

/* ------------------------------------------------------------------------------------------------------------- sorting */

/* Merges two runs that follow each other, from one place into another. */
static void merge(const struct place *from, struct place *to, size_t begin, size_t middle, size_t end)
{
    size_t a = begin, b = middle;
    for (size_t i = begin; i < end; i++) {
        if (a < middle && (b == end || from[a].received_us <= from[b].received_us))
            to[i] = from[a++];
        else
            to[i] = from[b++];
    }
}

static size_t run_end(const struct place *places, size_t begin, size_t count)
{
    size_t end = begin + 1;
    while (end < count && places[end - 1].received_us <= places[end].received_us)
        end++;
    return end;
}

/* By when they were received, those of the same time as they stand: what is stored is made of few runs that are in
 * order, which are merged two by two. */
static void sort(struct reading *reading)
{
    const size_t count = reading->flow_count;
    while (count > 1 && run_end(reading->places, 0, count) < count) {
        for (size_t begin = 0; begin < count;) {
            const size_t middle = run_end(reading->places, begin, count);
            const size_t end = middle < count ? run_end(reading->places, middle, count) : count;
            merge(reading->places, reading->spare, begin, middle, end);
            begin = end;
        }
        struct place *merged = reading->spare;
        reading->spare = reading->places;
        reading->places = merged;
    }
}

/* -------------------------------------------------------------------------------------------------------------- slices */

static void tell(struct reading *reading, const struct flow *flow)
{
    if (reading->stopped)
        return;
    reading->counts.flows++;
    reading->stopped = !reading->options->flow(reading->options->context, flow);
}

static int keep(struct reading *reading, const struct flow *flow, struct query_error *error)
{
    if (reading->flow_count == reading->flow_room) {
        const size_t room = reading->flow_room == 0 ? 4096 : reading->flow_room * 2;
        struct flow *flows = realloc(reading->flows, room * sizeof *flows);
        if (flows != NULL)
            reading->flows = flows;
        struct place *places = realloc(reading->places, room * sizeof *places);
        if (places != NULL)
            reading->places = places;
        struct place *spare = realloc(reading->spare, room * sizeof *spare);
        if (spare != NULL)
            reading->spare = spare;
        if (flows == NULL || places == NULL || spare == NULL)
            return no_memory(error);
        reading->flow_room = room;
    }
    reading->places[reading->flow_count] = (struct place){flow->received_us, (uint32_t)reading->flow_count};
    reading->flows[reading->flow_count++] = *flow;
    return 0;
}

static void tell_progress(const struct reading *reading)
{
    if (reading->options->progress != NULL)
        reading->options->progress(reading->options->context, reading->rows_done, reading->rows_total);
}

static int take_chunk(struct reading *reading, const struct query_chunk *chunk, bool at_once, struct query_error *error)
{
    struct flow flow;
    int result = 0;
    for (size_t row = 0; row < chunk->row_count && result == 0 && !reading->stopped; row++) {
        if (!flow_row_read(chunk, row, &reading->forms, &flow))
            reading->counts.skipped++;
        else if (at_once)
            tell(reading, &flow);
        else
            result = keep(reading, &flow, error);
    }
    reading->rows_done += chunk->row_count;
    tell_progress(reading);
    return result;
}

/* `at_once`: all of its rows are of one time. */
static int read_slice(struct reading *reading, int64_t from_us, int64_t to_us, bool at_once, struct query_error *error)
{
    struct text_buffer sql = {0};
    struct query_result *result;
    struct query_chunk chunk;
    int got = 1;
    int made = text_put(&sql, "SELECT ");
    if (made == 0)
        made = flow_row_put_columns(&sql, reading->source->columns, reading->forms.is_mixed);
    if (made == 0)
        made = put_range(&sql, reading, from_us, to_us);
    if (run(reading, &sql, made, &result, error) != 0)
        return -1;
    reading->flow_count = 0;
    while (got == 1 && !reading->stopped && (got = query_next(result, &chunk, error)) == 1) {
        if (take_chunk(reading, &chunk, at_once, error) != 0)
            got = -1;
    }
    query_result_free(result);
    if (got < 0)
        return -1;
    sort(reading);
    for (size_t i = 0; i < reading->flow_count && !reading->stopped; i++)
        tell(reading, &reading->flows[reading->places[i].flow]);
    return 0;
}

static int count_bins(const struct reading *reading, int64_t from_us, int64_t to_us, int64_t width_us,
                      uint64_t counts[BINS], struct query_error *error)
{
    struct text_buffer sql = {0};
    struct query_result *result;
    struct query_chunk chunk;
    int got;
    int made = text_print(&sql, "SELECT ((epoch_us(received) - %" PRId64 ") // %" PRId64 ")::UBIGINT, "
                                "count(*)::UBIGINT",
                          from_us, width_us);
    if (made == 0)
        made = put_range(&sql, reading, from_us, to_us);
    if (made == 0)
        made = text_put(&sql, " GROUP BY 1");
    if (run(reading, &sql, made, &result, error) != 0)
        return -1;
    while ((got = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count; row++) {
            if (u64_at(&chunk, 0, row) < BINS)
                counts[u64_at(&chunk, 0, row)] = u64_at(&chunk, 1, row);
        }
    }
    query_result_free(result);
    return got;
}

/* Each level has bins that are 512 times as short: there are at most seven. */
static int read_range(struct reading *reading, int64_t from_us, int64_t to_us, uint64_t rows,
                      struct query_error *error)
{
    const int64_t width_us = (to_us - from_us) / BINS + 1;
    uint64_t counts[BINS] = {0};
    if (rows == 0 || reading->stopped)
        return 0;
    if (rows <= reading->slice_rows || to_us - from_us == 1)
        return read_slice(reading, from_us, to_us, rows > reading->slice_rows, error);
    if (count_bins(reading, from_us, to_us, width_us, counts, error) != 0)
        return -1;
    for (unsigned bin = 0; bin < BINS;) {
        unsigned end = bin + 1;
        uint64_t sum = counts[bin];
        while (end < BINS && sum + counts[end] <= reading->slice_rows)
            sum += counts[end++];
        const int64_t begin_us = from_us + bin * width_us, end_us = from_us + end * width_us;
        if (begin_us < to_us && read_range(reading, begin_us, end_us < to_us ? end_us : to_us, sum, error) != 0)
            return -1;
        bin = end;
    }
    return 0;
}

/* ----------------------------------------------------------------------------------------------------------------- all */

static int read_all(struct reading *reading, struct query_error *error)
{
    struct text_buffer sql = {0};
    struct query_result *result;
    struct query_chunk chunk;
    int64_t first_us = 0, last_us = 0;
    uint64_t timed = 0;
    int got;
    int made = text_put(&sql, "SELECT count(*)::UBIGINT, count(received)::UBIGINT, coalesce(epoch_us(min(received)), "
                              "0), "
                              "coalesce(epoch_us(max(received)), 0)");
    if (made == 0)
        made = flow_source_put(&sql, reading->source, NULL, 0);
    if (run(reading, &sql, made, &result, error) != 0)
        return -1;
    if ((got = query_next(result, &chunk, error)) == 1) {
        reading->rows_total = u64_at(&chunk, 0, 0);
        timed = u64_at(&chunk, 1, 0);
        first_us = i64_at(&chunk, 2, 0);
        last_us = i64_at(&chunk, 3, 0);
    }
    query_result_free(result);
    if (got != 1)
        return -1;
    reading->counts.skipped = reading->rows_total - timed; /* files that are not of this program */
    return read_range(reading, first_us, last_us + 1, timed, error);
}

int flow_read(const struct flow_source *source, const struct flow_read_options *options,
              struct flow_read_counts *ret_counts, struct query_error *error)
{
    struct flow_source placed = *source;
    struct reading reading = {.source = source, .options = options,
                              .slice_rows = options->slice_rows > 0 ? options->slice_rows : FLOW_READ_SLICE};
    if (stored_forms_read(&reading.forms, source->query, error) != 0)
        return -1;
    if (reading.forms.is_mixed) { /* where a row stands tells its form */
        placed.table = "stored.flow_files()";
        reading.source = &placed;
    }
    const int result = read_all(&reading, error);
    stored_forms_done(&reading.forms);
    free(reading.flows);
    free(reading.places);
    free(reading.spare);
    if (result == 0)
        *ret_counts = reading.counts;
    return result;
}
