/* SPDX-License-Identifier: MIT */
/*
 * graph_query.c - what flows carried in each step of time
 *
 * A flow that is in several steps has a part in its first one, a part in its last one, and the same in each between.
 * All three can be added up for all flows of a group that begin in the same step and end in the same step, so DuckDB
 * gives these sums and they are spread here.
 */
#define _GNU_SOURCE
#include "graph_query.h"

#include "filter_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS_USUAL = 100 };
#define SECOND_US ((int64_t)1000000)
#define DAY_US (86400 * SECOND_US)

struct builder {
    const struct flow_source *source;
    const struct graph_request *request;
    bool is_mapped;
    struct time_bins bins;
    bool is_local; /* steps are of what the local clock shows, as days are */
    int64_t start_us; /* of the first step; where is_local, what the local clock shows then */
    struct text_buffer sql;
};

/* "k0_0, k0_1", or whether they are the same as those of a band. */
static void put_parts(struct builder *builder, const char *between, bool are_compared)
{
    struct text_buffer *sql = &builder->sql;
    const char *joint = "";
    for (size_t i = 0; i < builder->request->key_count; i++) {
        for (unsigned part = 0; part < flow_key_parts(&builder->request->keys[i]); part++, joint = between) {
            if (are_compared)
                text_print(sql, "%sk%zu_%u IS NOT DISTINCT FROM g%zu_%u", joint, i, part, i, part);
            else
                text_print(sql, "%sk%zu_%u", joint, i, part);
        }
    }
}

/* A moment as it is counted for steps. */
static void put_moment(struct builder *builder, const char *us)
{
    text_print(&builder->sql, "%s", us);
    if (!builder->is_local)
        return;
    text_put(&builder->sql, " + ");
    time_bins_put_offset(&builder->sql, &builder->bins, us);
}

/* "(SELECT src_ipv4 AS k0_0, ..., bytes AS n, ... FROM ...)" */
static void put_rows(struct builder *builder, bool has_times)
{
    struct text_buffer *sql = &builder->sql;
    const char *between = "";
    text_put(sql, "(SELECT ");
    for (size_t i = 0; i < builder->request->key_count; i++) {
        for (unsigned part = 0; part < flow_key_parts(&builder->request->keys[i]); part++, between = ", ") {
            text_put(sql, between);
            flow_key_put_part(sql, &builder->request->keys[i], part, false, builder->is_mapped);
            text_print(sql, " AS k%zu_%u", i, part);
        }
    }
    text_put(sql, ", CAST(");
    flow_source_put_amount(sql, builder->source, builder->request->amount);
    text_put(sql, " AS DOUBLE) AS n");
    if (has_times) {
        text_put(sql, ", ");
        put_moment(builder, "epoch_us(" FLOW_START_SQL ")");
        text_put(sql, " AS s, greatest(");
        put_moment(builder, "epoch_us(" FLOW_END_SQL ")");
        text_put(sql, ", s) AS e");
    }
    flow_source_put(sql, builder->source, builder->request->keys, builder->request->key_count);
    text_put(sql, ")");
}

/* Runs what was built, and begins anew. */
static int run(struct builder *builder, struct query_result **ret_result, struct query_error *error)
{
    struct text_buffer *sql = &builder->sql;
    int result = -1;
    if (builder->sql.failed)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else
        result = query_run(builder->source->query, builder->sql.data, NULL, 0, ret_result, error);
    text_done(sql);
    return result;
}

/* ------------------------------------------------------------------------------------------------------------ bands */

/* The largest groups go to a table of their own. */
static int make_bands(struct builder *builder, struct query_error *error)
{
    struct text_buffer *sql = &builder->sql;
    text_put(sql, "CREATE OR REPLACE TEMP TABLE graph_bands AS SELECT ");
    for (size_t i = 0; i < builder->request->key_count; i++) {
        for (unsigned part = 0; part < flow_key_parts(&builder->request->keys[i]); part++)
            text_print(sql, "k%zu_%u AS g%zu_%u, ", i, part, i, part);
    }
    text_put(sql, "row_number() OVER (ORDER BY a DESC, ");
    put_parts(builder, ", ", false);
    text_put(sql, ") AS band FROM (SELECT ");
    put_parts(builder, ", ", false);
    text_print(sql, ", sum(n) AS a FROM ");
    put_rows(builder, false);
    text_put(sql, " GROUP BY ");
    put_parts(builder, ", ", false);
    text_put(sql, " ORDER BY a DESC, ");
    put_parts(builder, ", ", false);
    text_print(sql, " LIMIT %u)", builder->request->band_count);
    int result = -1;
    if (builder->sql.failed)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else
        result = query_do(builder->source->query, builder->sql.data, error);
    text_done(sql);
    return result;
}

/* The text of a key of a band, of the columns of graph_bands. */
static void put_key_text(struct builder *builder, size_t key)
{
    char names[3][24];
    for (unsigned part = 0; part < 3; part++)
        snprintf(names[part], sizeof names[part], "g%zu_%u", key, part);
    flow_key_put_text(&builder->sql, &builder->request->keys[key], (const char *const[]){names[0], names[1], names[2]});
}

/* What the bands are called, in their order: the texts of their keys. */
static int read_labels(struct builder *builder, struct graph_steps *steps, struct query_error *error)
{
    struct text_buffer *sql = &builder->sql;
    struct query_result *result = NULL;
    struct query_chunk chunk;
    bool failed = false;
    int got;
    text_put(sql, "SELECT ");
    for (size_t i = 0; i < builder->request->key_count; i++) {
        text_print(sql, "%scoalesce(CAST(", i > 0 ? " || ' ' || " : "");
        put_key_text(builder, i);
        text_put(sql, " AS VARCHAR), '-')");
    }
    text_put(sql, " FROM graph_bands ORDER BY band");
    if (run(builder, &result, error) != 0)
        return -1;
    while ((got = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count && steps->band_count < GRAPH_BANDS_MAX; row++) {
            const struct query_octets text = query_octets_at(&chunk.vectors[0], row);
            steps->labels[steps->band_count] = strndup((const char *)text.data, text.size_bytes);
            if (steps->labels[steps->band_count++] == NULL)
                failed = true;
        }
    }
    query_result_free(result);
    steps->labels[steps->band_count++] = strdup("other");
    if (got == 0 && (failed || steps->labels[steps->band_count - 1] == NULL)) {
        snprintf(error->text, sizeof error->text, "not enough memory");
        return -1;
    }
    return got;
}

/* ------------------------------------------------------------------------------------------------------------ steps */

/* The shortest round step of which no more than the usual number are needed. */
static int64_t choose_step(int64_t span_us)
{
    static const int64_t steps_s[] = {1,   2,   5,   10,   15,   30,   60,    120,  300,
                                      600, 900, 1800, 3600, 7200, 10800, 21600, 43200};
    for (size_t i = 0; i < sizeof steps_s / sizeof *steps_s; i++) {
        if (span_us / (steps_s[i] * SECOND_US) < STEPS_USUAL)
            return steps_s[i] * SECOND_US;
    }
    return (span_us / STEPS_USUAL / DAY_US + 1) * DAY_US;
}

/* From the first flow to the last, as far as they are in the span. */
static int choose_steps(struct builder *builder, const struct flow_totals *totals, struct graph_steps *steps,
                        struct query_error *error)
{
    const struct flow_span *span = &builder->source->span;
    const int64_t first_us = totals->first_us > span->from_us ? totals->first_us : span->from_us;
    const int64_t last_us = totals->last_us < span->to_us - 1 ? totals->last_us : span->to_us - 1;
    const int64_t length_us = last_us > first_us ? last_us - first_us : 0;
    steps->step_us = builder->request->step_us > 0 ? builder->request->step_us : choose_step(length_us);
    const int64_t step_us = steps->step_us;
    if (flow_source_bins(builder->source, totals, step_us, &builder->bins, error) != 0)
        return -1;
    builder->is_local = step_us % DAY_US == 0;
    const int64_t offset_us = time_bins_offset(&builder->bins, first_us);
    const int64_t local_us = first_us + offset_us, into_us = (local_us % step_us + step_us) % step_us;
    builder->start_us = local_us - into_us - (builder->is_local ? 0 : offset_us);
    const int64_t end_us = first_us + length_us;
    const int64_t count =
        (end_us + (builder->is_local ? time_bins_offset(&builder->bins, end_us) : 0) - builder->start_us) / step_us + 1;
    if (count > (int64_t)GRAPH_STEPS_MAX) {
        snprintf(error->text, sizeof error->text,
                 "the flows span %" PRId64 " steps, and there may be %u; --group-time makes them longer, --from and "
                 "--to the span shorter", count, GRAPH_STEPS_MAX);
        return -1;
    }
    steps->count = (size_t)count;
    steps->amounts = calloc(steps->count * steps->band_count, sizeof *steps->amounts);
    steps->moments = calloc(steps->count + 1, sizeof *steps->moments);
    if (steps->amounts == NULL || steps->moments == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory");
        return -1;
    }
    for (size_t i = 0; i <= steps->count; i++) {
        const int64_t us = builder->start_us + (int64_t)i * step_us;
        steps->moments[i] = builder->is_local ? filter_time_of_local_s(us / SECOND_US) * SECOND_US : us;
    }
    return 0;
}

static void add(struct graph_steps *steps, size_t band, int64_t step, double amount)
{
    if (step >= 0 && step < (int64_t)steps->count)
        steps->amounts[band * steps->count + (size_t)step] += amount;
}

/* Columns: band, first and last step, what is in the first, the last, and each between. */
static void add_chunk(struct graph_steps *steps, const struct query_chunk *chunk)
{
    for (size_t row = 0; row < chunk->row_count; row++) {
        const double number = query_number_at(&chunk->vectors[0], row);
        const size_t band = number >= 1 && number < (double)steps->band_count ? (size_t)number - 1
                                                                                : steps->band_count - 1;
        const int64_t first = (int64_t)query_number_at(&chunk->vectors[1], row);
        const int64_t last = (int64_t)query_number_at(&chunk->vectors[2], row);
        add(steps, band, first, query_number_at(&chunk->vectors[3], row));
        add(steps, band, last, query_number_at(&chunk->vectors[4], row));
        for (int64_t step = first + 1; step < last; step++)
            add(steps, band, step, query_number_at(&chunk->vectors[5], row));
    }
}

/* Steps are counted from the first one drawn; what lies outside counts as one before, or one behind. */
static int read_steps(struct builder *builder, struct graph_steps *steps, struct query_error *error)
{
    struct text_buffer *sql = &builder->sql;
    struct query_result *result = NULL;
    struct query_chunk chunk;
    const int64_t start_us = builder->start_us, step_us = steps->step_us;
    int got;
    text_print(sql, "SELECT band, b0, b1,"
                    " sum(CASE WHEN b0 = b1 THEN n ELSE n * (%" PRId64 " + (b0 + 1) * %" PRId64 " - s) / (e - s) END),"
                    " sum(CASE WHEN b0 = b1 THEN 0 ELSE n * (e - %" PRId64 " - b1 * %" PRId64 ") / (e - s) END),"
                    " sum(CASE WHEN b0 = b1 THEN 0 ELSE n * %" PRId64 ".0 / (e - s) END) FROM (SELECT *, ",
               start_us, step_us, start_us, step_us, step_us);
    text_print(sql, "CASE WHEN s < %" PRId64 " THEN -1 ELSE least((s - %" PRId64 ") // %" PRId64 ", %zu) END AS b0, ",
               start_us, start_us, step_us, steps->count);
    text_print(sql, "CASE WHEN e < %" PRId64 " THEN -1 ELSE least((e - %" PRId64 ") // %" PRId64 ", %zu) END AS b1 "
                    "FROM ", start_us, start_us, step_us, steps->count);
    put_rows(builder, true);
    text_put(sql, ") LEFT JOIN graph_bands ON ");
    put_parts(builder, " AND ", true);
    text_put(sql, " GROUP BY band, b0, b1");
    if (run(builder, &result, error) != 0)
        return -1;
    while ((got = query_next(result, &chunk, error)) == 1)
        add_chunk(steps, &chunk);
    query_result_free(result);
    return got;
}

int graph_query(const struct flow_source *source, const struct graph_request *request, const struct flow_totals *totals,
                struct graph_steps *ret_steps, struct query_error *error)
{
    struct builder builder = {.source = source, .request = request};
    struct graph_steps steps = {.count = 0};
    const int is_mapped = flow_source_is_mapped(source, request->keys, request->key_count, error);
    if (is_mapped < 0)
        return -1;
    builder.is_mapped = is_mapped > 0;
    if (totals->has_span &&
        (make_bands(&builder, error) != 0 || read_labels(&builder, &steps, error) != 0 ||
         choose_steps(&builder, totals, &steps, error) != 0 || read_steps(&builder, &steps, error) != 0)) {
        graph_steps_done(&steps);
        text_done(&builder.sql);
        return -1;
    }
    *ret_steps = steps;
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------- rows */

/* "unnest(string_split('1 2 ...', ' ')::": for each step, of each band, what `put` puts. */
static void put_list(struct builder *builder, const struct graph_steps *steps, const struct graph_column *column,
                     void (*put)(struct text_buffer *sql, const struct graph_steps *steps,
                                 const struct graph_column *column, size_t step, size_t band))
{
    struct text_buffer *sql = &builder->sql;
    text_put(sql, "unnest(string_split('"); /* many times as fast to read as a list */
    for (size_t step = 0; step < steps->count; step++) {
        for (size_t band = 0; band < steps->band_count; band++) {
            text_put(sql, step + band > 0 ? " " : "");
            put(sql, steps, column, step, band);
        }
    }
    text_put(sql, "', ' ')::");
}

static void put_moment_of(struct text_buffer *sql, const struct graph_steps *steps, const struct graph_column *column,
                          size_t step, size_t band)
{
    (void)column;
    (void)band;
    text_print(sql, "%" PRId64, steps->moments[step]);
}

static void put_band_of(struct text_buffer *sql, const struct graph_steps *steps, const struct graph_column *column,
                        size_t step, size_t band)
{
    (void)steps;
    (void)column;
    (void)step;
    text_print(sql, "%zu", band + 1);
}

static void put_amount_of(struct text_buffer *sql, const struct graph_steps *steps, const struct graph_column *column,
                          size_t step, size_t band)
{
    const double seconds = (double)(steps->moments[step + 1] - steps->moments[step]) / (double)SECOND_US;
    const double amount = steps->amounts[band * steps->count + step] * column->factor;
    text_print(sql, "%.17g", column->by_second ? amount / seconds : amount);
}

static void put_key_column(struct builder *builder, size_t key, bool has_bands)
{
    struct text_buffer *sql = &builder->sql;
    text_put(sql, ", CASE WHEN band IS NULL THEN 'other' ELSE CAST(");
    if (has_bands)
        put_key_text(builder, key);
    else
        text_put(sql, "NULL");
    text_put(sql, " AS VARCHAR) END AS ");
    flow_put_name(sql, builder->request->keys[key].name);
}

int graph_rows(const struct flow_source *source, const struct graph_request *request, const struct graph_steps *steps,
               const struct graph_column *column, bool to_parquet, struct query_result **ret_result,
               struct query_error *error)
{
    struct builder builder = {.source = source, .request = request};
    struct text_buffer *sql = &builder.sql;
    text_put(sql, to_parquet ? QUERY_PARQUET_BEGIN : "");
    text_put(sql, "SELECT make_timestamptz(t) AS time");
    for (size_t i = 0; i < request->key_count; i++)
        put_key_column(&builder, i, steps->count > 0);
    text_print(sql, ", round(n, 3) AS %s FROM ", column->name);
    if (steps->count == 0) {
        text_put(sql, "(SELECT 0::BIGINT AS t, 0 AS band, 0::DOUBLE AS n) WHERE false");
    } else {
        text_put(sql, "(SELECT ");
        put_list(&builder, steps, column, put_moment_of);
        text_put(sql, "BIGINT[]) AS t, ");
        put_list(&builder, steps, column, put_band_of);
        text_put(sql, "INTEGER[]) AS b, ");
        put_list(&builder, steps, column, put_amount_of);
        text_put(sql, "DOUBLE[]) AS n) LEFT JOIN graph_bands ON b = band ORDER BY t, b");
    }
    text_put(sql, to_parquet ? QUERY_PARQUET_END : "");
    return run(&builder, ret_result, error);
}

void graph_steps_done(struct graph_steps *steps)
{
    for (size_t i = 0; i < steps->band_count; i++)
        free(steps->labels[i]);
    free(steps->amounts);
    free(steps->moments);
    *steps = (struct graph_steps){.count = 0};
}
