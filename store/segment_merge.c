/* SPDX-License-Identifier: MIT */
/*
 * segment_merge.c - several files of the store become one
 *
 * Reading order: segment_merge_files() at the end; write_output() and write_column() above it.
 */
#define _GNU_SOURCE
#include "segment_merge.h"

#include "bloom.h"
#include "commit_notes.h"
#include "footer_sum.h"
#include "merge_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_NOTES_MAX = 32 };

int segment_merge_init(struct segment_merge *merge, int level, const atomic_bool *stop)
{
    *merge = (struct segment_merge){.stop = stop, .group_rows = MERGE_GROUP_ROWS};
    if (file_writer_init(&merge->writer, PARQUET_ZSTD, level) != 0)
        return -1;
    merge->writer.chunks.thorough = true;
    if (chunk_reader_init(&merge->reader) == 0)
        return 0;
    file_writer_done(&merge->writer);
    return -1;
}

void segment_merge_done(struct segment_merge *merge)
{
    file_writer_done(&merge->writer);
    chunk_reader_done(&merge->reader);
    column_data_done(&merge->column);
}

static bool is_stopped(const struct segment_merge *merge, struct store_error *error)
{
    if (merge->stop == NULL || !atomic_load_explicit(merge->stop, memory_order_relaxed))
        return false;
    store_error_set(error, "the merge was ended");
    error->number = ECANCELED;
    return true;
}

/* Those whose failures say nothing of the file that was read. */
static bool is_ours(const struct store_error *error)
{
    return error->number == ENOMEM || error->number == EMFILE || error->number == ENFILE || error->number == ECANCELED;
}

/* -------------------------------------------------------------------------------------------------------- row groups */

/* What is the same in all rows needs no value for each. */
static bool is_constant(const struct store_values *values)
{
    const uint8_t *data = values->data;
    return values->width_bytes > 0 && values->item_count > 1 &&
           memcmp(data, data + values->width_bytes, (size_t)(values->item_count - 1) * values->width_bytes) == 0;
}

static bool is_ascending(const struct store_values *values)
{
    const int64_t *times = values->data;
    for (uint32_t i = 1; i < values->item_count; i++) {
        if (times[i] < times[i - 1])
            return false;
    }
    return true;
}

/* Reads a column of all inputs of an output, one behind the other. */
static int read_column(struct segment_merge *merge, const struct merge_plan *plan, const struct merge_output *output,
                       uint32_t column, const char **ret_origin, int *ret_bad, struct store_error *error)
{
    column_data_clear(&merge->column);
    for (uint32_t i = output->first; i != UINT32_MAX; i = plan->inputs[i].next) {
        const struct merge_input *input = &plan->inputs[i];
        uint32_t source;
        const struct file_reader_chunk *chunk = merge_plan_chunk(plan, input, column, &source);
        if (is_stopped(merge, error))
            return -1;
        if (chunk == NULL)
            return 0; /* absent in this one, and so in all */
        *ret_origin = chunk->origin;
        const uint32_t first = merge->column.item_count;
        const size_t first_byte = merge->column.data.size_bytes;
        if (chunk_reader_read(&merge->reader, &plan->files[input->file], input->group, source, plan->columns[column].type,
                              SIZE_MAX, &merge->column, error) != 0) {
            *ret_bad = is_ours(error) ? -1 : (int)input->file;
            return -1;
        }
        if (merge->progress != NULL)
            merge->progress(merge->context, chunk->size_bytes);
        if (input->keep != NULL)
            merge_window_compact(&merge->column, chunk_width(plan->columns[column].type), first, first_byte, input->keep);
    }
    return 0;
}

static int write_column(struct segment_merge *merge, const struct merge_plan *plan, const struct merge_output *output,
                        uint32_t column, int32_t *sorted_by, int *ret_bad, struct store_error *error)
{
    const char *origin = NULL;
    if (read_column(merge, plan, output, column, &origin, ret_bad, error) != 0)
        return -1;
    struct store_values values = {
        .data = merge->column.data.data, .item_count = merge->column.item_count, .row_count = output->row_count,
        .width_bytes = chunk_width(plan->columns[column].type)};
    if (values.width_bytes == 0)
        values.lengths = (const uint32_t *)(const void *)merge->column.lengths.data;
    if (column == STORE_COLUMN_RECEIVED && plan->columns[column].type == STORE_TIME_US && values.item_count > 0 &&
        is_ascending(&values))
        *sorted_by = STORE_COLUMN_RECEIVED;
    if (is_constant(&values)) {
        values.item_count = 1;
        values.repeats = &output->row_count;
    }
    return file_writer_group_column(&merge->writer, &values, origin, error);
}

static int write_output(struct segment_merge *merge, const struct merge_plan *plan, const struct merge_output *output,
                        int *ret_bad, struct store_error *error)
{
    int32_t sorted_by = -1;
    int result = file_writer_group_begin(&merge->writer, output->row_count, error);
    for (uint32_t i = 0; i < plan->column_count && result == 0; i++)
        result = write_column(merge, plan, output, i, &sorted_by, ret_bad, error);
    return result == 0 ? file_writer_group_end(&merge->writer, sorted_by, error) : -1;
}

/* ------------------------------------------------------------------------------------------------------------- files */

/* Addresses are what single values of are looked for. */
static void choose_blooms(const struct merge_plan *plan)
{
    static const enum store_column_index indices[] = {STORE_COLUMN_SRC_IPV4, STORE_COLUMN_SRC_IPV6, STORE_COLUMN_DST_IPV4,
                                                      STORE_COLUMN_DST_IPV6};
    for (size_t k = 0; k < sizeof indices / sizeof indices[0]; k++) {
        const struct store_column *wanted = store_column(indices[k]);
        for (uint32_t i = 0; i < plan->column_count; i++) {
            struct file_column *column = &plan->columns[i];
            if (column->field_id == wanted->field_id && column->type == wanted->type)
                column->bloom = true;
        }
    }
}

/* What is told anew of the output. */
struct own_notes {
    char rows[24];
    char *commits, *told; /* owned; or NULL */
};

static void own_notes_done(struct own_notes *own)
{
    free(own->commits);
    free(own->told);
}

/* Reads what the inputs tell of their commits. */
static int join_commits(const struct file_reader *files, uint32_t file_count, struct own_notes *own, int *ret_bad,
                        struct store_error *error)
{
    struct commit_notes notes = {0};
    int result = 0;
    for (uint32_t f = 0; f < file_count && result == 0; f++) {
        const char *slash = strrchr(files[f].path, '/');
        struct segment_name name;
        if (segment_name_parse(slash == NULL ? files[f].path : slash + 1, &name))
            result = commit_notes_read(&notes, &files[f], &name, error);
        else
            notes.is_unknown = true;
        if (result != 0)
            *ret_bad = is_ours(error) ? -1 : (int)f;
    }
    if (result == 0 && commit_notes_write(&notes, &own->commits, &own->told) != 0)
        result = store_error_set(error, "not enough memory to merge segments");
    commit_notes_done(&notes);
    return result;
}

static bool is_of_one_file(const char *key)
{
    static const char *const keys[] = {NOTE_COMMITS, NOTE_TOLD, BLOOM_SUM_NOTE, FOOTER_SUM_NOTE};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}

/* Notes that all inputs have alike are the output's too, unless they are told anew. */
static uint32_t choose_notes(const struct merge_plan *plan, const struct own_notes *own, struct file_note *notes)
{
    uint32_t count = 0;
    notes[count++] = (struct file_note){"weir.version", WEIR_VERSION};
    notes[count++] = (struct file_note){"weir.rows", own->rows};
    if (own->commits != NULL)
        notes[count++] = (struct file_note){NOTE_COMMITS, own->commits};
    if (own->told != NULL)
        notes[count++] = (struct file_note){NOTE_TOLD, own->told};
    for (uint32_t i = 0; i < plan->files[0].note_count && count < OUTPUT_NOTES_MAX; i++) {
        const struct file_note *note = &plan->files[0].notes[i];
        bool alike = note->value != NULL && !is_of_one_file(note->key);
        for (uint32_t k = 0; k < count && alike; k++)
            alike = strcmp(notes[k].key, note->key) != 0;
        for (uint32_t f = 1; f < plan->file_count && alike; f++) {
            const char *other = file_reader_note(&plan->files[f], note->key);
            alike = other != NULL && strcmp(other, note->value) == 0;
        }
        if (alike)
            notes[count++] = *note;
    }
    return count;
}

static int write_groups(struct segment_merge *merge, struct merge_plan *plan, const char *path, struct segment_merged *merged,
                        int *ret_bad, struct store_error *error)
{
    choose_blooms(plan);
    int result = file_writer_begin(&merge->writer, path, plan->columns, plan->column_count, error);
    for (uint32_t i = 0; i < plan->output_count && result == 0; i++) {
        result = write_output(merge, plan, &plan->outputs[i], ret_bad, error);
        merged->row_count += plan->outputs[i].row_count;
    }
    if (result != 0)
        file_writer_abandon(&merge->writer);
    return result;
}

static int write_file(struct segment_merge *merge, struct merge_plan *plan, const char *path, bool sync,
                      struct segment_merged *ret_merged, int *ret_bad, struct store_error *error)
{
    struct segment_merged merged = {.group_count = plan->output_count};
    struct file_note notes[OUTPUT_NOTES_MAX];
    struct own_notes own = {0};
    int result = merge->commits ? join_commits(plan->files, plan->file_count, &own, ret_bad, error) : 0;
    if (result == 0)
        result = write_groups(merge, plan, path, &merged, ret_bad, error);
    if (result == 0) {
        snprintf(own.rows, sizeof own.rows, "%" PRIu64, merged.row_count);
        const uint32_t note_count = choose_notes(plan, &own, notes);
        result = file_writer_finish(&merge->writer, notes, note_count, sync, &merged.size_bytes, error);
    }
    own_notes_done(&own);
    if (result == 0)
        *ret_merged = merged;
    return result;
}

static int open_files(struct file_reader *files, const char *const *paths, uint32_t path_count, uint32_t *ret_count, int *ret_bad,
                      struct store_error *error)
{
    for (*ret_count = 0; *ret_count < path_count; (*ret_count)++) {
        struct file_reader *file = &files[*ret_count];
        if (file_reader_open(file, paths[*ret_count], error) == 0) {
            if (file_reader_check_notes(file, error) == 0)
                continue;
            file_reader_close(file);
        }
        *ret_bad = is_ours(error) ? -1 : (int)*ret_count;
        return -1;
    }
    return 0;
}

int segment_merge_files(struct segment_merge *merge, const char *const *paths, uint32_t path_count, const char *path, bool sync,
                        struct segment_merged *ret_merged, int *ret_bad, struct store_error *error)
{
    struct merge_plan plan = {0};
    uint32_t open_count = 0;
    struct file_reader *files = calloc(path_count, sizeof *files);
    *ret_bad = -1;
    int result = files == NULL ? store_error_set(error, "not enough memory to merge segments") : 0;
    if (result == 0)
        result = open_files(files, paths, path_count, &open_count, ret_bad, error);
    if (result == 0)
        result = merge_plan_make(&plan, files, path_count, &merge->reader, merge->window, merge->group_rows, MERGE_COLUMN_BYTES, ret_bad,
                                 error);
    if (result == 0)
        result = write_file(merge, &plan, path, sync, ret_merged, ret_bad, error);
    merge_plan_done(&plan);
    for (uint32_t i = 0; i < open_count; i++)
        file_reader_close(&files[i]);
    free(files);
    return result;
}
