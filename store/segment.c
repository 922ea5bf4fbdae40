/* SPDX-License-Identifier: MIT */
/*
 * segment.c - rows on their way to one file of the store
 *
 * Reading order: segment_write() at the end; above it how the columns of the file are found.
 */
#define _GNU_SOURCE
#include "segment.h"

#include "seeded_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 4096 }; /* of a template, as in lib/limits.h */

struct segment *segment_create(enum segment_kind kind)
{
    struct segment *segment = calloc(1, sizeof *segment);
    if (segment != NULL)
        segment->kind = kind;
    return segment;
}

void segment_free(struct segment *segment)
{
    if (segment == NULL)
        return;
    for (uint32_t i = 0; i < segment->gather_count; i++)
        gather_free(segment->gathers[i]);
    ledger_page_free(segment->ledger);
    free(segment->gathers);
    free(segment);
}

void segment_clear(struct segment *segment)
{
    uint32_t kept = 0;
    segment->field_count = 0;
    for (uint32_t g = 0; g < segment->gather_count; g++) {
        struct gather *gather = segment->gathers[g];
        if (gather->row_count == 0) {
            gather_free(gather);
            continue;
        }
        gather_clear(gather);
        for (uint32_t i = 0; i < gather->column_count; i++)
            segment->field_count += gather->columns[i].index < 0;
        segment->gathers[kept++] = gather;
    }
    segment->gather_count = kept;
    segment->row_count = 0;
    segment->size_bytes = 0;
}

/* An empty one of the same form. */
static struct gather *copy_form(const struct gather *like)
{
    struct gather *gather = calloc(1, sizeof *gather);
    if (gather == NULL)
        return NULL;
    gather->columns = calloc((size_t)like->column_count + 1, sizeof *gather->columns);
    bool whole = gather->columns != NULL;
    gather->key = like->key;
    gather->family = like->family;
    gather->options = like->options;
    gather->version = like->version;
    for (uint32_t i = 0; i < like->column_count && whole; i++) {
        struct gather_column *column = &gather->columns[gather->column_count++];
        *column = like->columns[i];
        column->data = column->lengths = (struct octet_buffer){0};
        column->name = like->columns[i].name == NULL ? NULL : strdup(like->columns[i].name);
        column->origin = like->columns[i].origin == NULL ? NULL : strdup(like->columns[i].origin);
        whole = (column->name == NULL) == (like->columns[i].name == NULL) &&
                (column->origin == NULL) == (like->columns[i].origin == NULL);
    }
    if (whole)
        return gather;
    gather_free(gather);
    return NULL;
}

struct gather *segment_gather(struct segment *segment, const struct gather *like)
{
    for (uint32_t i = 0; i < segment->gather_count; i++) {
        if (gather_fits(segment->gathers[i], like))
            return segment->gathers[i];
    }
    if (segment->gather_count == segment->gather_capacity) {
        const uint32_t capacity = segment->gather_capacity == 0 ? 8 : segment->gather_capacity * 2;
        struct gather **gathers = realloc(segment->gathers, capacity * sizeof *gathers);
        if (gathers == NULL)
            return NULL;
        segment->gathers = gathers;
        segment->gather_capacity = capacity;
    }
    struct gather *gather = copy_form(like);
    if (gather == NULL)
        return NULL;
    for (uint32_t i = 0; i < gather->column_count; i++)
        segment->field_count += gather->columns[i].index < 0;
    return segment->gathers[segment->gather_count++] = gather;
}

void segment_added(struct segment *segment, const struct weir_run *runs, uint32_t run_count, uint64_t rows,
                   size_t size_bytes)
{
    for (uint32_t i = 0; i < run_count; i++) {
        const int64_t received_us = runs[i].received_us;
        if ((segment->row_count == 0 && i == 0) || received_us < segment->first_received_us)
            segment->first_received_us = received_us;
        if ((segment->row_count == 0 && i == 0) || received_us > segment->last_received_us)
            segment->last_received_us = received_us;
    }
    segment->row_count += rows;
    segment->size_bytes += size_bytes;
}

static int64_t down(int64_t time_us)
{
    return time_us / 1000000 - (time_us % 1000000 < 0);
}

void segment_times(struct segment *segment, int64_t *ret_first_s, int64_t *ret_last_s)
{
    int64_t first_us = segment->first_received_us, last_us = segment->last_received_us;
    bool any = false;
    for (uint32_t g = 0; g < segment->gather_count; g++) {
        struct gather *gather = segment->gathers[g];
        for (uint32_t i = 0; i < gather->column_count && gather->row_count > 0; i++) {
            const struct gather_column *column = &gather->columns[i];
            if (column->index != STORE_COLUMN_TIME_START && column->index != STORE_COLUMN_TIME_END)
                continue;
            int64_t least, greatest;
            const struct store_values values = gather_values(gather, column);
            values_range(&values, true, 0, values.item_count, &least, &greatest);
            first_us = !any || least < first_us ? least : first_us;
            last_us = !any || greatest > last_us ? greatest : last_us;
            any = true;
        }
    }
    *ret_first_s = down(first_us);
    *ret_last_s = down(last_us) + (last_us % 1000000 != 0);
}

/* ------------------------------------------------------------------------------------------- columns of the file */

/* The columns of the file, and which column of a form each of them is: place[column of the form]. */
struct plan {
    struct file_column *columns;
    char **names; /* owned: of fields whose own name was taken */
    uint32_t *users; /* of each column: the form that has it, of those looked at the last; counted from 1 */
    uint32_t *places; /* of the columns of all forms, one form after the other; UINT32_MAX: left out */
    uint32_t *hashed; /* indices of fields among the columns, by name; plus 1 */
    uint32_t *hashed_ids; /* the same by field ID */
    uint32_t count, fixed_count, hash_size;
    uint64_t seed; /* peers choose names, and do not know it */
};

static void plan_done(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->count && plan->names != NULL; i++)
        free(plan->names[i]);
    free(plan->columns);
    free(plan->names);
    free(plan->users);
    free(plan->places);
    free(plan->hashed);
    free(plan->hashed_ids);
}

/* Where the column of this name stands in `hashed`, whatever the case of its letters; or would. */
static uint32_t find_name(const struct plan *plan, const char *name)
{
    uint64_t hash = plan->seed;
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ ((uint8_t)*p | 0x20u)) * 1099511628211u;
    uint32_t at = (uint32_t)(hash >> 32) % plan->hash_size;
    while (plan->hashed[at] != 0 && strcasecmp(plan->columns[plan->hashed[at] - 1].name, name) != 0)
        at = (at + 1) % plan->hash_size;
    return at;
}

/* The ID, or 0 (none) where another column has it: those of names are hashes, which are the same now and then. */
static int32_t take_field_id(struct plan *plan, int32_t field_id)
{
    const uint64_t hash = ((uint64_t)(uint32_t)field_id ^ plan->seed) * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(hash >> 32) % plan->hash_size;
    for (; plan->hashed_ids[at] != 0; at = (at + 1) % plan->hash_size) {
        if (plan->columns[plan->hashed_ids[at] - 1].field_id == field_id)
            return 0;
    }
    plan->hashed_ids[at] = plan->count + 1;
    return field_id;
}

/* The name for a field whose own is taken: with its type and, where that is taken too, with its number in the
 * template. */
static char *other_name(const struct gather_column *column, uint32_t tries)
{
    const char *type = store_type_parquet(column->type)->text;
    char *name = NULL;
    const int length = tries == 1 ? asprintf(&name, "%s_%s", column->name, type)
                                  : asprintf(&name, "%s_%s_%u", column->name, type, column->column + (tries - 2) * FIELDS_MAX);
    return length < 0 ? NULL : name;
}

/*
 * The place of a field's column. A name gets a tail where others use it with another type or write it otherwise, and
 * where the same form has it for another field. UINT32_MAX without memory.
 */
static uint32_t place_field(struct plan *plan, const struct gather_column *column, uint32_t form)
{
    char *owned = NULL;
    const char *name = column->name;
    for (uint32_t tries = 1;; tries++) {
        const uint32_t at = find_name(plan, name);
        if (plan->hashed[at] == 0) {
            const int32_t field_id = owned == NULL ? column->field_id : store_name_id(owned);
            plan->names[plan->count] = owned;
            plan->users[plan->count] = form;
            plan->columns[plan->count] = (struct file_column){
                .name = name, .field_id = take_field_id(plan, field_id), .type = column->type};
            plan->hashed[at] = plan->count + 1;
            return plan->count++;
        }
        const uint32_t index = plan->hashed[at] - 1;
        struct file_column *other = &plan->columns[index];
        if (strcmp(other->name, name) == 0 && store_types_agree(other->type, column->type) &&
            plan->users[index] != form) {
            other->type = column->type > other->type ? column->type : other->type;
            plan->users[index] = form;
            free(owned);
            return index;
        }
        free(owned);
        name = owned = other_name(column, tries);
        if (owned == NULL)
            return UINT32_MAX;
    }
}

static bool plan_allocate(struct plan *plan, const struct segment *segment, size_t place_count)
{
    const size_t column_count = plan->fixed_count + (size_t)segment->field_count;
    plan->hash_size = 2 * segment->field_count + 1;
    plan->seed = random_seed();
    plan->columns = calloc(column_count, sizeof *plan->columns);
    plan->names = calloc(column_count, sizeof *plan->names);
    plan->users = calloc(column_count, sizeof *plan->users);
    plan->places = calloc(place_count + 1, sizeof *plan->places);
    plan->hashed = calloc(plan->hash_size, sizeof *plan->hashed);
    plan->hashed_ids = calloc(plan->hash_size, sizeof *plan->hashed_ids);
    return plan->columns != NULL && plan->names != NULL && plan->users != NULL && plan->places != NULL &&
           plan->hashed != NULL && plan->hashed_ids != NULL;
}

static int plan_make(struct plan *plan, struct segment *segment)
{
    size_t total = 0;
    for (uint32_t g = 0; g < segment->gather_count; g++)
        total += segment->gathers[g]->column_count;
    plan->fixed_count = segment->kind == SEGMENT_FLOWS ? STORE_COLUMN_COUNT : STORE_COLUMN_RUN_COUNT;
    if (!plan_allocate(plan, segment, total))
        return -1;
    for (; plan->count < plan->fixed_count; plan->count++) {
        const struct store_column *column = store_column((enum store_column_index)plan->count);
        plan->columns[plan->count] =
            (struct file_column){.name = column->name, .field_id = column->field_id, .type = column->type};
    }
    uint32_t *place = plan->places;
    for (uint32_t g = 0; g < segment->gather_count; g++) {
        struct gather *gather = segment->gathers[g];
        for (uint32_t i = 0; i < gather->column_count; i++, place++) {
            const struct gather_column *column = &gather->columns[i];
            if (column->index >= 0) {
                *place = (uint32_t)column->index;
                struct file_column *fixed = &plan->columns[*place];
                fixed->type = store_types_agree(fixed->type, column->type) && column->type > fixed->type
                              ? column->type : fixed->type;
            } else if (gather->row_count == 0 || gather_can_leave_out(gather, column)) {
                *place = UINT32_MAX;
            } else if ((*place = place_field(plan, column, g + 1)) == UINT32_MAX) {
                return -1;
            }
        }
    }
    return 0;
}

/* The column by which the rows are in order: `received`, or -1. */
static int32_t sorted_by(struct gather *gather)
{
    const int64_t *received = (const int64_t *)(const void *)gather->run_columns[STORE_COLUMN_RECEIVED].data;
    for (uint32_t i = 1; i < gather->run_count; i++) {
        if (received[i] < received[i - 1])
            return -1;
    }
    return STORE_COLUMN_RECEIVED;
}

static int write_group(struct gather *gather, const struct plan *plan, const uint32_t *places,
                       struct file_writer *writer, struct store_error *error)
{
    struct store_values *values = calloc(plan->count, sizeof *values);
    const char **origins = calloc(plan->count, sizeof *origins);
    int result = values == NULL || origins == NULL ? store_error_set(error, "not enough memory to write flows") : 0;
    for (uint32_t i = 0; i < plan->count && result == 0; i++)
        values[i] = i < STORE_COLUMN_RUN_COUNT ? gather_run_values(gather,
                                                                   (enum store_column_index)i) : gather_null(gather);
    for (uint32_t i = 0; i < gather->column_count && result == 0; i++) {
        if (places[i] == UINT32_MAX)
            continue;
        values[places[i]] = gather_values(gather, &gather->columns[i]);
        origins[places[i]] = gather->columns[i].origin;
    }
    if (result == 0)
        result = file_writer_row_group(writer, values, origins, sorted_by(gather), error);
    free(values);
    free(origins);
    return result;
}

int segment_write(struct segment *segment, struct file_writer *writer, const char *path, const struct file_note *notes,
                  uint32_t note_count, bool sync, uint64_t *ret_bytes, struct store_error *error)
{
    struct plan plan = {0};
    if (segment->ledger != NULL)
        return ledger_page_write(segment->ledger, writer, path, notes, note_count, sync, ret_bytes, error);
    int result = plan_make(&plan, segment);
    if (result != 0)
        store_error_set(error, "not enough memory to write %s", path);
    else
        result = file_writer_begin(writer, path, plan.columns, plan.count, error);
    const uint32_t *places = plan.places;
    for (uint32_t g = 0; g < segment->gather_count && result == 0; g++) {
        struct gather *gather = segment->gathers[g];
        if (gather->row_count > 0)
            result = write_group(gather, &plan, places, writer, error);
        places += gather->column_count;
    }
    if (result == 0)
        result = file_writer_finish(writer, notes, note_count, sync, ret_bytes, error);
    else
        file_writer_abandon(writer);
    plan_done(&plan);
    return result;
}
