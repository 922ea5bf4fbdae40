/* SPDX-License-Identifier: MIT */
/* stored_form.c - what the metadata of row groups tells of the rows in them */
#define _GNU_SOURCE
#include "stored_form.h"

#include <stdio.h>
#include <stdlib.h>

/* A group has a column wholly or not at all. "weir.from" is the element that a column was made of. */
#define GROUPS_SQL                                                                                                     \
    "SELECT file_name, row_group_id, any_value(row_group_num_rows)::UBIGINT AS row_count,"                             \
    " bool_or(path = 'sys_uptime_ms' AND is_there) AS has_uptime,"                                                     \
    " bool_or(path = 'time_start' AND origin = 'flowStartSysUpTime'::BLOB) AS starts_by_uptime,"                       \
    " bool_or(path = 'time_end' AND origin = 'flowEndSysUpTime'::BLOB) AS ends_by_uptime,"                             \
    " bool_or(path = 'time_end' AND is_there AND origin IS NULL AND has_origins) AS has_no_times,"                     \
    " bool_or(path = 'src_ipv6' AND is_there) AS has_ipv6,"                                                            \
    " bool_or(path = 'src_ipv6' AND is_there AND coalesce(origin = 'sourceIPv4Address'::BLOB, true)) AS both_families" \
    " FROM (SELECT *, bool_or(origin IS NOT NULL) OVER (PARTITION BY file_name, row_group_id) AS has_origins"          \
    " FROM (SELECT file_name, row_group_id, row_group_num_rows, path_in_schema AS path,"                               \
    " key_value_metadata['weir.from'::BLOB] AS origin, stats_null_count IS DISTINCT FROM row_group_num_rows AS is_there" \
    " FROM stored.flow_groups() WHERE path_in_schema IN ('sys_uptime_ms', 'time_start', 'time_end', 'src_ipv4',"       \
    " 'src_ipv6', 'protocol', 'bytes')))"                                                                              \
    " GROUP BY file_name, row_group_id"

/* Groups without IPv6, or without an uptime in the header, are of any form in that respect. */
static const char groups_sql[] =
    "CREATE OR REPLACE TEMP TABLE form_groups AS SELECT file_name, row_group_id, row_count,"
    " CASE WHEN coalesce(has_uptime AND starts_by_uptime AND ends_by_uptime, false) THEN 1"
    " WHEN coalesce(has_no_times, false) THEN 2 ELSE 0 END::UTINYINT AS clock,"
    " coalesce(both_families, false) AS both_families, coalesce(has_ipv6, false) AS has_ipv6"
    " FROM (" GROUPS_SQL ")";

static const char common_sql[] =
    "SELECT count(DISTINCT clock)::UBIGINT, min(clock), count(DISTINCT both_families) FILTER (has_ipv6)::UBIGINT,"
    " coalesce(bool_or(both_families) FILTER (has_ipv6), false) FROM form_groups";

static const char files_sql[] =
    "SELECT file_index::UBIGINT, (sum(row_count) OVER (PARTITION BY file_index ORDER BY row_group_id))::UBIGINT, clock,"
    " both_families FROM form_groups JOIN"
    " (SELECT file_index, any_value(filename) AS filename FROM stored.flow_files() GROUP BY file_index)"
    " ON filename = file_name ORDER BY file_index, row_group_id";

static int no_memory(struct query_error *error)
{
    snprintf(error->text, sizeof error->text, "not enough memory");
    return -1;
}

static uint64_t u64_at(const struct query_chunk *chunk, size_t column, size_t row)
{
    return ((const uint64_t *)chunk->vectors[column].data)[row];
}

static int run(struct query *query, const char *sql, struct query_error *error,
               int (*take)(struct stored_forms *forms, const struct query_chunk *chunk, size_t row),
               struct stored_forms *forms)
{
    struct query_result *result;
    struct query_chunk chunk;
    int got;
    if (query_run(query, sql, NULL, 0, &result, error) != 0)
        return -1;
    while ((got = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count && got == 1 && take != NULL; row++) {
            if (take(forms, &chunk, row) != 0)
                got = no_memory(error);
        }
        if (got < 0)
            break;
    }
    query_result_free(result);
    return got;
}

static int take_common(struct stored_forms *forms, const struct query_chunk *chunk, size_t row)
{
    forms->is_mixed = u64_at(chunk, 0, row) > 1 || u64_at(chunk, 2, row) > 1;
    forms->common.clock = query_is_null(&chunk->vectors[1], row) ? STORED_CLOCK_TIMES
                                                                 : ((const uint8_t *)chunk->vectors[1].data)[row];
    forms->common.both_families = ((const bool *)chunk->vectors[3].data)[row];
    return 0;
}

static int take_group(struct stored_forms *forms, const struct query_chunk *chunk, size_t row)
{
    const uint64_t index = u64_at(chunk, 0, row);
    if (index >= forms->file_count) {
        struct stored_file *files = realloc(forms->files, (index + 1) * sizeof *files);
        if (files == NULL)
            return -1;
        memset(files + forms->file_count, 0, (index + 1 - forms->file_count) * sizeof *files);
        forms->files = files;
        forms->file_count = index + 1;
    }
    struct stored_file *file = &forms->files[index];
    struct stored_form *grown = realloc(file->forms, (file->count + 1) * sizeof *grown);
    if (grown == NULL)
        return -1;
    file->forms = grown;
    grown[file->count++] = (struct stored_form){
        .end_row = u64_at(chunk, 1, row), .clock = ((const uint8_t *)chunk->vectors[2].data)[row],
        .both_families = ((const bool *)chunk->vectors[3].data)[row]};
    return 0;
}

int stored_forms_read(struct stored_forms *forms, struct query *query, struct query_error *error)
{
    *forms = (struct stored_forms){.is_mixed = false};
    if (run(query, groups_sql, error, NULL, NULL) == 0 && run(query, common_sql, error, take_common, forms) == 0 &&
        (!forms->is_mixed || run(query, files_sql, error, take_group, forms) == 0))
        return 0;
    stored_forms_done(forms);
    return -1;
}

void stored_forms_done(struct stored_forms *forms)
{
    for (size_t i = 0; i < forms->file_count; i++)
        free(forms->files[i].forms);
    free(forms->files);
    *forms = (struct stored_forms){.is_mixed = false};
}

const struct stored_form *stored_forms_find(const struct stored_forms *forms, uint64_t file_index, uint64_t row)
{
    if (!forms->is_mixed || file_index >= forms->file_count || forms->files[file_index].count == 0)
        return &forms->common;
    const struct stored_file *file = &forms->files[file_index];
    size_t low = 0, high = file->count - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (row < file->forms[middle].end_row)
            high = middle;
        else
            low = middle + 1;
    }
    return &file->forms[low];
}
