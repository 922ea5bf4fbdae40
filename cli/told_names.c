/* SPDX-License-Identifier: MIT */
/* told_names.c - looks up what exporters call their interfaces and applications */
#define _GNU_SOURCE
#include "told_names.h"

#include "text_buffer.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *view, *number, *one, *those;
} kinds[] = {
    [FILTER_TOLD_INTERFACES] = {"interfaces", "interface::UBIGINT", "interface", "interfaces"},
    [FILTER_TOLD_APPLICATIONS] = {"applications", "application_id", "application", "applications"},
};

/* What is made of the rows of a statement; 0, or -1 when memory is short. */
typedef int take_row(void *context, const struct query_chunk *chunk, size_t row);

/* Runs a statement that has the name as its $1. 0, or -1. */
static int ask_once(struct told_names *names, const char *sql, const struct query_value *name, take_row *take,
                    void *context, struct query_error *error)
{
    struct query_result *result;
    struct query_chunk chunk;
    int got, taken = 0;
    if (query_run(names->store.query, sql, name, 1, &result, error) != 0)
        return -1;
    while (taken == 0 && (got = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count && taken == 0; row++)
            taken = take(context, &chunk, row);
    }
    query_result_free(result);
    if (taken != 0)
        snprintf(error->text, sizeof error->text, "not enough memory");
    return taken != 0 ? -1 : got;
}

/* The same, without files that are damaged or gone. */
static int ask(struct told_names *names, const char *sql, const struct query_value *name, take_row *take, void *context,
               struct query_error *error)
{
    int result = ask_once(names, sql, name, take, context, error);
    while (result != 0 && query_store_mend(&names->store, error) == 1)
        result = ask_once(names, sql, name, take, context, error);
    return result;
}

static int open_store(struct told_names *names, struct query_error *error)
{
    if (names->is_open)
        return 0;
    names->store = (struct query_store){.command = names->options->command, .settings = names->options->settings,
                                        .wants_options = true, .wants_options_only = true,
                                        .verify = names->options->verify};
    if (query_store_find(&names->store, names->options->store, false) != 0) {
        snprintf(error->text, sizeof error->text, "there is no store");
        return -1;
    }
    names->is_open = true;
    return query_store_open(&names->store, error);
}

/* --------------------------------------------------------------------------------------------------------- numbers */

struct found {
    struct filter_told *told;
    size_t count;
};

/* An application is an octet of engine, then a number; RFC 6759 section 4. */
static bool read_number(const struct query_vector *vector, size_t row, struct filter_told *told)
{
    if (vector->type->kind != QUERY_OCTETS) {
        told->low = told->high = ((const uint64_t *)vector->data)[row];
        return true;
    }
    const struct query_octets octets = query_octets_at(vector, row);
    if (octets.size_bytes < 2 || octets.size_bytes > 9)
        return false;
    told->low = octets.data[0];
    for (uint32_t i = 1; i < octets.size_bytes; i++)
        told->high = told->high << 8 | octets.data[i];
    return true;
}

static int take_number(void *context, const struct query_chunk *chunk, size_t row)
{
    struct found *found = context;
    struct filter_told told = {.exporter = ""};
    if (query_is_null(&chunk->vectors[0], row) || query_is_null(&chunk->vectors[1], row) ||
        !read_number(&chunk->vectors[1], row, &told))
        return 0;
    const struct query_octets exporter = query_octets_at(&chunk->vectors[0], row);
    snprintf(told.exporter, sizeof told.exporter, "%.*s", (int)exporter.size_bytes, (const char *)exporter.data);
    struct filter_told *more = realloc(found->told, (found->count + 1) * sizeof *more);
    if (more == NULL)
        return -1;
    found->told = more;
    found->told[found->count++] = told;
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------ near */

static int take_near(void *context, const struct query_chunk *chunk, size_t row)
{
    struct text_buffer *text = context;
    const struct query_octets name = query_octets_at(&chunk->vectors[0], row);
    return text_print(text, "%s'%.*s'", text->size_bytes > 0 ? ", " : "",
                      (int)(name.size_bytes < 40 ? name.size_bytes : 40), (const char *)name.data);
}

/* Why a name is none. */
static void tell_near(struct told_names *names, enum filter_told_kind kind, const struct query_value *name,
                      char message[FILTER_ERROR_MESSAGE_SIZE])
{
    char sql[512];
    struct text_buffer near = {0};
    struct query_error error;
    snprintf(sql, sizeof sql,
             "SELECT name FROM (SELECT name FROM %s UNION SELECT description FROM %s) WHERE name <> '' ORDER BY "
             "contains(lower(name), lower($1)) DESC, damerau_levenshtein(lower(name), lower($1)), name LIMIT 3",
             kinds[kind].view, kinds[kind].view);
    const int asked = ask(names, sql, name, take_near, &near, &error);
    const int length = name->octets.size_bytes < 60 ? (int)name->octets.size_bytes : 60;
    if (asked != 0 || near.size_bytes == 0)
        snprintf(message, FILTER_ERROR_MESSAGE_SIZE, "'%.*s' is no %s: no exporter tells names of %s", length,
                 (const char *)name->octets.data, kinds[kind].one, kinds[kind].those);
    else
        snprintf(message, FILTER_ERROR_MESSAGE_SIZE, "no exporter calls an %s '%.*s'; the nearest names are %s",
                 kinds[kind].one, length, (const char *)name->octets.data, near.data);
    text_done(&near);
}

bool told_names_find(void *context, enum filter_told_kind kind, const char *text, size_t length,
                     struct filter_told **ret_told, size_t *ret_count, char message[FILTER_ERROR_MESSAGE_SIZE])
{
    struct told_names *names = context;
    const struct query_value name = {.kind = QUERY_VALUE_TEXT, .octets = {text, length}};
    struct found found = {.told = NULL};
    struct query_error error = {.text = ""};
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT exporter, %s FROM %s WHERE lower(name) = lower($1) OR lower(description) = lower($1)",
             kinds[kind].number, kinds[kind].view);
    if (open_store(names, &error) != 0 || ask(names, sql, &name, take_number, &found, &error) != 0)
        snprintf(message, FILTER_ERROR_MESSAGE_SIZE, "names cannot be looked up: %.180s", error.text);
    else if (found.count == 0)
        tell_near(names, kind, &name, message);
    if (message[0] == '\0') {
        *ret_told = found.told;
        *ret_count = found.count;
        return true;
    }
    free(found.told);
    return false;
}

void told_names_done(struct told_names *names)
{
    if (!names->is_open)
        return;
    query_store_tell(&names->store);
    query_store_done(&names->store);
    names->is_open = false;
}
