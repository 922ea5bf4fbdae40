/* SPDX-License-Identifier: MIT */
/*
 * store_footers.c - what the footers of the files of a store tell, for queries
 *
 * Reading order: store_footers_read() at the end; read_files(), which each thread runs, above it.
 */
#define _GNU_SOURCE
#include "store_footers.h"

#include "footer_columns.h"
#include "footer_facts.h"
#include "value_search.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 16, FILES_A_THREAD = 64 };

/* Values of which each flow that is asked for has one. */
struct sought {
    struct sought_value values[FILTER_ADDRESSES_MAX];
    uint32_t count;
};

enum { SOUGHT_MAX = 4 }; /* of them, each of which a file must have */

/* What all threads share. */
struct work {
    const struct store_files *files;
    const struct flow_span *span;
    struct sought sought[SOUGHT_MAX];
    uint32_t sought_count;
    bool *is_known, *is_damaged;
    uint64_t *rows; /* of each file that has nothing of what is sought; 0: it may have */
    atomic_size_t next;
};

/* What one of them finds. */
struct share {
    struct work *work;
    pthread_t thread;
    bool is_started;
    struct footer_columns columns;
    struct flow_facts facts;
    struct octet_buffer buffer;
};

/* ----------------------------------------------------------------------------------------------------------- sought */

static struct sought_value value_of(const struct filter_address *address)
{
    struct sought_value value = {.column = address->column, .type = STORE_FIXED_16};
    if (address->type == FILTER_IPV4) {
        const uint8_t *octets = address->octets;
        value.type = STORE_U32;
        value.as.number = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
    } else {
        memcpy(value.as.octets, address->octets, sizeof value.as.octets);
    }
    return value;
}

static void take_sought(struct work *work, const struct filter *filter)
{
    struct filter_address addresses[FILTER_ADDRESSES_MAX];
    for (uint32_t count; work->sought_count < SOUGHT_MAX; work->sought_count++) {
        struct sought *sought = &work->sought[work->sought_count];
        if ((count = filter_addresses(filter, work->sought_count, addresses)) == 0)
            return;
        for (uint32_t i = 0; i < count; i++)
            sought->values[i] = value_of(&addresses[i]);
        sought->count = count;
    }
}

static bool may_match(struct share *share, const struct file_reader *file)
{
    for (uint32_t i = 0; i < share->work->sought_count; i++) {
        const struct sought *sought = &share->work->sought[i];
        bool any = false;
        for (uint32_t k = 0; k < sought->count && !any; k++)
            any = file_may_have(file, &sought->values[k], &share->buffer);
        if (!any)
            return false;
    }
    return true;
}

/* The smallest of the files that have nothing of it, and are not asked. */
static size_t smallest(const struct work *work)
{
    size_t found = work->files->count;
    for (size_t i = 0; i < work->files->count; i++) {
        if (work->rows[i] > 0 && (found == work->files->count || work->rows[i] < work->rows[found]))
            found = i;
    }
    return found;
}

/* Where that is none, one is left for what is asked of columns. */
static int choose_asked(struct store_footers *footers, struct work *work)
{
    const size_t count = work->files->count;
    footers->asked = calloc(count + 1, sizeof *footers->asked);
    footers->asked_known = calloc(count + 1, sizeof *footers->asked_known);
    if (footers->asked == NULL || footers->asked_known == NULL)
        return -1;
    size_t asked = 0;
    for (size_t i = 0; i < count; i++)
        asked += work->rows[i] == 0;
    footers->asked_part = asked < count;
    footers->asked_vain = asked == 0 && count > 0;
    if (footers->asked_vain)
        work->rows[smallest(work)] = 0;
    for (size_t i = 0; i < count; i++) {
        if (work->rows[i] > 0)
            continue;
        footers->asked[footers->asked_count] = work->files->paths[i];
        footers->asked_known[footers->asked_count++] = footers->is_known[i];
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------ files */

/* Files are taken in their order, so that those of a share are in it too. */
static void *read_files(void *context)
{
    struct share *share = context;
    struct work *work = share->work;
    for (size_t i; (i = atomic_fetch_add(&work->next, 1)) < work->files->count;) {
        struct file_reader reader;
        struct store_error error;
        work->is_known[i] = file_reader_open(&reader, work->files->paths[i], &error) == 0 &&
                            file_reader_check_notes(&reader, &error) == 0;
        work->is_damaged[i] = !work->is_known[i] && error.number == 0;
        if (work->is_known[i]) {
            footer_columns_add(&share->columns, &reader, i);
            footer_facts_add(&share->facts, &reader, work->span);
            work->rows[i] = may_match(share, &reader) ? 0 : reader.row_count;
        }
        file_reader_close(&reader);
    }
    return NULL;
}

static size_t thread_count(size_t file_count, unsigned wanted)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = wanted > 0 ? wanted : processors > 0 ? (size_t)processors : 1;
    if (count > file_count / FILES_A_THREAD + 1)
        count = file_count / FILES_A_THREAD + 1;
    return count < THREADS_MAX ? count : THREADS_MAX;
}

/* A thread that cannot be had leaves its work to the others. */
static void read_all(struct share *shares, size_t count, struct work *work)
{
    for (size_t i = 0; i < count; i++) {
        shares[i] = (struct share){.work = work};
        footer_facts_init(&shares[i].facts);
        shares[i].is_started = i > 0 && pthread_create(&shares[i].thread, NULL, read_files, &shares[i]) == 0;
    }
    read_files(&shares[0]);
    for (size_t i = 1; i < count; i++) {
        if (shares[i].is_started)
            pthread_join(shares[i].thread, NULL);
    }
}

/* What they have found together. */
static int join_all(struct store_footers *footers, struct share *shares, size_t count)
{
    footers->facts = shares[0].facts;
    octet_buffer_done(&shares[0].buffer);
    for (size_t i = 1; i < count; i++) {
        footer_columns_join(&shares[0].columns, &shares[i].columns);
        footer_facts_join(&footers->facts, &shares[i].facts);
        footer_columns_done(&shares[i].columns);
        octet_buffer_done(&shares[i].buffer);
    }
    const int result = footer_columns_take(&shares[0].columns, &footers->columns, &footers->column_count);
    footers->facts.columns = footers->columns;
    footers->facts.column_count = footers->column_count;
    footer_columns_done(&shares[0].columns);
    return result;
}

int store_footers_read(struct store_footers *footers, const struct store_files *files, const struct flow_span *span,
                       const struct filter *sought, unsigned threads)
{
    static const struct flow_span always = {INT64_MIN, INT64_MAX};
    struct share shares[THREADS_MAX];
    const size_t count = thread_count(files->count, threads), file_count = files->count;
    *footers = (struct store_footers){.is_known = calloc(file_count + 1, sizeof *footers->is_known),
                                      .is_damaged = calloc(file_count + 1, sizeof *footers->is_damaged)};
    struct work work = {.files = files, .span = span != NULL ? span : &always, .is_known = footers->is_known,
                        .is_damaged = footers->is_damaged, .rows = calloc(file_count + 1, sizeof *work.rows)};
    int result = -1;
    if (sought != NULL)
        take_sought(&work, sought);
    if (work.is_known != NULL && work.is_damaged != NULL && work.rows != NULL) {
        read_all(shares, count, &work);
        result = join_all(footers, shares, count);
    }
    for (size_t i = 0; i < file_count && result == 0; i++) {
        footers->damaged_count += footers->is_damaged[i];
        footers->is_known[i] = footers->is_known[i] && footers->columns != NULL;
        work.rows[i] = footers->columns != NULL ? work.rows[i] : 0; /* else all are looked into for their columns */
    }
    if (result == 0)
        result = choose_asked(footers, &work);
    free(work.rows);
    if (result != 0)
        store_footers_done(footers);
    return result;
}

void store_footers_done(struct store_footers *footers)
{
    free(footers->columns);
    free(footers->is_known);
    free(footers->asked);
    free(footers->asked_known);
    free(footers->is_damaged);
    *footers = (struct store_footers){0};
}

struct query_paths store_footers_paths(const struct store_footers *footers)
{
    return (struct query_paths){
        .paths = footers->asked, .count = footers->asked_count, .is_known = footers->asked_known,
        .columns = footers->columns, .column_count = footers->column_count, .are_part = footers->asked_part,
        .are_vain = footers->asked_vain,
    };
}
