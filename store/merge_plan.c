/* SPDX-License-Identifier: MIT */
/*
 * merge_plan.c - which columns a merged file has, and which row groups become one
 *
 * Reading order: merge_plan_make() at the end; then columns; forms; chains.
 */
#define _GNU_SOURCE
#include "merge_plan.h"

#include "seeded_hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

static int no_memory(struct store_error *error)
{
    return store_error_set(error, "not enough memory to merge segments");
}

static int too_wide(struct store_error *error)
{
    store_error_set(error, "the segments have too many columns together for one file");
    error->number = E2BIG;
    return -1;
}

/* ---------------------------------------------------------------------------------------------------------- columns */

/* Where the search for a name begins, whatever the case of its letters. Peers choose names, and do not know the
 * seed. */
static uint32_t hash_name(const struct merge_plan *plan, const char *name)
{
    uint64_t hash = plan->seed;
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ ((uint8_t)*p | 0x20u)) * 1099511628211u;
    return (uint32_t)(hash >> 32) % plan->hash_size;
}

/* The ID, or 0 (none) where another column of the output has it. */
static int32_t take_field_id(struct merge_plan *plan, int32_t field_id)
{
    const uint64_t hash = ((uint64_t)(uint32_t)field_id ^ plan->seed) * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(hash >> 32) % plan->hash_size;
    if (field_id == 0)
        return 0;
    for (; plan->hashed_ids[at] != 0; at = (at + 1) % plan->hash_size) {
        if (plan->columns[plan->hashed_ids[at] - 1].field_id == field_id)
            return 0;
    }
    plan->hashed_ids[at] = plan->column_count + 1;
    return field_id;
}

static int add_column(struct merge_plan *plan, uint32_t file, const struct file_column *column, char *name)
{
    if (plan->column_count == plan->column_capacity) {
        const uint32_t capacity = plan->column_capacity == 0 ? 128 : plan->column_capacity * 2;
        struct file_column *columns = realloc(plan->columns, capacity * sizeof *columns);
        if (columns != NULL)
            plan->columns = columns;
        char **names = realloc(plan->names, capacity * sizeof *names);
        if (names != NULL)
            plan->names = names;
        uint32_t *users = realloc(plan->users, capacity * sizeof *users);
        if (users != NULL)
            plan->users = users;
        if (columns == NULL || names == NULL || users == NULL) {
            free(name);
            return -1;
        }
        plan->column_capacity = capacity;
    }
    plan->names[plan->column_count] = name;
    plan->users[plan->column_count] = file;
    struct file_column *added = &plan->columns[plan->column_count];
    *added = *column;
    added->name = name == NULL ? column->name : name;
    added->field_id = take_field_id(plan, name == NULL ? column->field_id : store_name_id(name));
    plan->column_count++;
    return 0;
}

/* Names are told apart whatever the case of their letters, as SQL does; one that is taken by a column of another type,
 * or of the same file, gets a tail. Returns the column of the output, NONE without memory. */
static uint32_t place_column(struct merge_plan *plan, uint32_t file, const struct file_column *column)
{
    char *name = NULL;
    const char *wanted = column->name;
    for (uint32_t at = hash_name(plan, wanted);; at = (at + 1) % plan->hash_size) {
        if (plan->hashed[at] == 0) {
            plan->hashed[at] = plan->column_count + 1;
            return add_column(plan, file, column, name) == 0 ? plan->column_count - 1 : NONE;
        }
        const uint32_t found = plan->hashed[at] - 1;
        struct file_column *other = &plan->columns[found];
        if (strcasecmp(other->name, wanted) != 0)
            continue;
        if (strcmp(other->name, wanted) == 0 && store_types_agree(other->type, column->type) &&
            plan->users[found] != file) {
            other->type = column->type > other->type ? column->type : other->type;
            plan->users[found] = file;
            free(name);
            return found;
        }
        char *tailed = NULL;
        if (asprintf(&tailed, "%s_%s", wanted, store_type_parquet(column->type)->text) < 0)
            tailed = NULL;
        free(name);
        if (tailed == NULL)
            return NONE;
        wanted = name = tailed;
        at = (hash_name(plan, wanted) + plan->hash_size - 1) % plan->hash_size;
    }
}

static int plan_columns(struct merge_plan *plan, struct store_error *error)
{
    size_t total = 0;
    for (uint32_t f = 0; f < plan->file_count; f++)
        total += plan->files[f].column_count;
    plan->hash_size = (uint32_t)(2 * total + 1);
    plan->seed = random_seed();
    plan->hashed = calloc(plan->hash_size, sizeof *plan->hashed);
    plan->hashed_ids = calloc(plan->hash_size, sizeof *plan->hashed_ids);
    plan->places = calloc(plan->file_count, sizeof *plan->places);
    plan->sources = calloc(plan->file_count, sizeof *plan->sources);
    if (plan->hashed == NULL || plan->hashed_ids == NULL || plan->places == NULL || plan->sources == NULL)
        return no_memory(error);
    for (uint32_t f = 0; f < plan->file_count; f++) {
        const struct file_reader *file = &plan->files[f];
        plan->places[f] = calloc(file->column_count, sizeof *plan->places[f]);
        for (uint32_t i = 0; i < file->column_count; i++) {
            if (plan->places[f] == NULL || (plan->places[f][i] = place_column(plan, f, &file->columns[i])) == NONE)
                return no_memory(error);
        }
    }
    if (plan->column_count > MERGE_COLUMNS_MAX)
        return too_wide(error);
    for (uint32_t f = 0; f < plan->file_count; f++) {
        plan->sources[f] = malloc(plan->column_count * sizeof *plan->sources[f]);
        if (plan->sources[f] == NULL)
            return no_memory(error);
        memset(plan->sources[f], 0xff, plan->column_count * sizeof *plan->sources[f]);
        for (uint32_t i = 0; i < plan->files[f].column_count; i++)
            plan->sources[f][plan->places[f][i]] = i;
    }
    return 0;
}

const struct file_reader_chunk *merge_plan_chunk(const struct merge_plan *plan, const struct merge_input *input,
                                                 uint32_t column, uint32_t *ret_source)
{
    const uint32_t source = plan->sources[input->file][column];
    if (source == NONE)
        return NULL;
    const struct file_reader_chunk *chunk = &plan->files[input->file].groups[input->group].chunks[source];
    *ret_source = source;
    return chunk->is_null ? NULL : chunk;
}

/* ------------------------------------------------------------------------------------------------------------ forms */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_form(const struct merge_plan *plan, const struct merge_input *a, const struct merge_input *b)
{
    uint32_t source;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const struct file_reader_chunk *left = merge_plan_chunk(plan, a, i, &source);
        const struct file_reader_chunk *right = merge_plan_chunk(plan, b, i, &source);
        if ((left == NULL) != (right == NULL) || (left != NULL && !same_text(left->origin, right->origin)))
            return false;
    }
    return true;
}

/* Decoded octets of the largest column of texts. What has no dictionary is no larger than its pages. */
static int measure(const struct merge_plan *plan, struct merge_input *input, struct chunk_reader *reader,
                   struct store_error *error)
{
    const struct file_reader *file = &plan->files[input->file];
    struct column_data data = {0};
    int result = 0;
    for (uint32_t i = 0; i < file->column_count && result == 0; i++) {
        const struct file_reader_chunk *chunk = &file->groups[input->group].chunks[i];
        size_t octets = 0;
        if (chunk->is_null || chunk_width(file->columns[i].type) != 0)
            continue;
        if ((chunk->encodings >> PARQUET_RLE_DICTIONARY & 1) == 0) {
            octets = chunk->uncompressed_bytes;
        } else {
            result = chunk_reader_read(reader, file, input->group, i, file->columns[i].type, SIZE_MAX, &data, error);
            octets = data.data.size_bytes;
            column_data_clear(&data);
        }
        input->octets = octets > input->octets ? octets : input->octets;
    }
    column_data_done(&data);
    return result;
}

static int look_at(const struct merge_plan *plan, struct merge_input *input, const struct merge_window *window,
                   struct chunk_reader *reader, struct store_error *error)
{
    if (window != NULL && merge_window_rows(window, &plan->files[input->file], input->group, reader, &input->keep,
                                            &input->row_count, error) != 0)
        return -1;
    return input->row_count == 0 ? 0 : measure(plan, input, reader, error);
}

static int plan_forms(struct merge_plan *plan, const struct merge_window *window, struct chunk_reader *reader,
                      int *ret_bad, struct store_error *error)
{
    size_t total = 0;
    uint32_t form_count = 0;
    for (uint32_t f = 0; f < plan->file_count; f++)
        total += plan->files[f].group_count;
    plan->inputs = calloc(total + 1, sizeof *plan->inputs);
    uint32_t *forms = calloc(total + 1, sizeof *forms); /* of each form its first input */
    int result = plan->inputs == NULL || forms == NULL ? no_memory(error) : 0;
    for (uint32_t f = 0; f < plan->file_count && result == 0; f++) {
        for (uint32_t g = 0; g < plan->files[f].group_count && result == 0; g++) {
            struct merge_input *input = &plan->inputs[plan->input_count];
            *input = (struct merge_input){.file = f, .group = g, .row_count = plan->files[f].groups[g].row_count,
                                          .next = NONE};
            result = look_at(plan, input, window, reader, error);
            if (result != 0 && error->number != ENOMEM)
                *ret_bad = (int)f;
            if (input->row_count == 0)
                continue;
            while (input->form < form_count && !same_form(plan, &plan->inputs[forms[input->form]], input))
                input->form++;
            if (input->form == form_count)
                forms[form_count++] = plan->input_count;
            plan->input_count++;
        }
    }
    free(forms);
    return result;
}

/* ----------------------------------------------------------------------------------------------------------- chains */

/* The rows of one form. They become row groups of about the same size: a query has a thread for each of them. */
struct form_rows {
    uint64_t total, before; /* in all inputs, in those that have their place */
    uint32_t group_count;   /* of full ones, were none of them larger for its texts */
    uint32_t group;         /* which of them is open */
    uint32_t open;          /* the output that takes its rows; NONE */
};

static struct form_rows *count_rows(const struct merge_plan *plan, uint32_t group_rows)
{
    struct form_rows *forms = calloc((size_t)plan->input_count + 1, sizeof *forms);
    for (uint32_t i = 0; i < plan->input_count && forms != NULL; i++)
        forms[plan->inputs[i].form].total += plan->inputs[i].row_count;
    for (uint32_t i = 0; i < plan->input_count && forms != NULL; i++) {
        forms[i].group_count = (uint32_t)((forms[i].total + group_rows - 1) / group_rows);
        forms[i].open = NONE;
    }
    return forms;
}

/* The last output of each form takes what belongs to its group and fits; the first input of a form, and what does not,
 * begins another. */
static int plan_outputs(struct merge_plan *plan, uint32_t group_rows, size_t column_bytes, struct store_error *error)
{
    plan->outputs = calloc((size_t)plan->input_count + 1, sizeof *plan->outputs);
    struct form_rows *forms = count_rows(plan, group_rows);
    if (plan->outputs == NULL || forms == NULL) {
        free(forms);
        return no_memory(error);
    }
    for (uint32_t i = 0; i < plan->input_count; i++) {
        const struct merge_input *input = &plan->inputs[i];
        struct form_rows *form = &forms[input->form];
        struct merge_output *output = form->open == NONE ? NULL : &plan->outputs[form->open];
        const uint32_t group = (uint32_t)((form->before + input->row_count / 2) * form->group_count / form->total);
        const bool fits = output != NULL && group == form->group &&
                          output->row_count + (uint64_t)input->row_count <= group_rows + group_rows / 2 &&
                          output->octets <= column_bytes && input->octets <= column_bytes - output->octets;
        if (fits) {
            plan->inputs[output->last].next = i;
        } else {
            form->open = plan->output_count;
            form->group = group;
            output = &plan->outputs[plan->output_count++];
            output->first = i;
        }
        output->last = i;
        output->row_count += input->row_count;
        output->octets += input->octets;
        form->before += input->row_count;
    }
    free(forms);
    return 0;
}

int merge_plan_make(struct merge_plan *plan, struct file_reader *files, uint32_t file_count,
                    struct chunk_reader *reader,
                    const struct merge_window *window, uint32_t group_rows, size_t column_bytes, int *ret_bad,
                    struct store_error *error)
{
    *plan = (struct merge_plan){.files = files, .file_count = file_count};
    *ret_bad = -1;
    if (plan_columns(plan, error) != 0 || plan_forms(plan, window, reader, ret_bad, error) != 0)
        return -1;
    if (plan_outputs(plan, group_rows, column_bytes, error) != 0)
        return -1;
    return (uint64_t)plan->output_count * plan->column_count > MERGE_CHUNKS_MAX ? too_wide(error) : 0;
}

void merge_plan_done(struct merge_plan *plan)
{
    for (uint32_t i = 0; i < plan->column_count; i++)
        free(plan->names[i]);
    for (uint32_t f = 0; f < plan->file_count; f++) {
        if (plan->places != NULL)
            free(plan->places[f]);
        if (plan->sources != NULL)
            free(plan->sources[f]);
    }
    for (uint32_t i = 0; i < plan->input_count; i++)
        free(plan->inputs[i].keep);
    free(plan->columns);
    free(plan->names);
    free(plan->users);
    free(plan->places);
    free(plan->sources);
    free(plan->hashed);
    free(plan->hashed_ids);
    free(plan->inputs);
    free(plan->outputs);
    *plan = (struct merge_plan){0};
}
