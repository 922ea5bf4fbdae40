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

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 16, FILES_A_THREAD = 64 };

/* What all threads share. */
struct work {
    const struct store_files *files;
    const struct flow_span *span;
    bool *is_known, *is_damaged;
    atomic_size_t next;
};

/* What one of them finds. */
struct share {
    struct work *work;
    pthread_t thread;
    bool is_started;
    struct footer_columns columns;
    struct flow_facts facts;
};

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

int store_footers_read(struct store_footers *footers, const struct store_files *files, const struct flow_span *span,
                       unsigned threads)
{
    static const struct flow_span always = {INT64_MIN, INT64_MAX};
    struct share shares[THREADS_MAX];
    struct work work = {.files = files, .span = span != NULL ? span : &always};
    const size_t count = thread_count(files->count, threads);
    *footers = (struct store_footers){.is_known = calloc(files->count + 1, sizeof *footers->is_known),
                                      .is_damaged = calloc(files->count + 1, sizeof *footers->is_damaged)};
    if (footers->is_known == NULL || footers->is_damaged == NULL) {
        store_footers_done(footers);
        return -1;
    }
    work.is_known = footers->is_known;
    work.is_damaged = footers->is_damaged;
    read_all(shares, count, &work);
    footers->facts = shares[0].facts;
    for (size_t i = 1; i < count; i++) {
        footer_columns_join(&shares[0].columns, &shares[i].columns);
        footer_facts_join(&footers->facts, &shares[i].facts);
        footer_columns_done(&shares[i].columns);
    }
    const int result = footer_columns_take(&shares[0].columns, &footers->columns, &footers->column_count);
    for (size_t i = 0; i < files->count; i++) {
        footers->is_known[i] = footers->is_known[i] && footers->columns != NULL;
        footers->damaged_count += footers->is_damaged[i];
    }
    footers->facts.columns = footers->columns;
    footers->facts.column_count = footers->column_count;
    footer_columns_done(&shares[0].columns);
    if (result != 0)
        store_footers_done(footers);
    return result;
}

void store_footers_done(struct store_footers *footers)
{
    free(footers->columns);
    free(footers->is_known);
    free(footers->is_damaged);
    *footers = (struct store_footers){0};
}

struct query_paths store_footers_paths(const struct store_footers *footers, const struct store_files *files)
{
    return (struct query_paths){
        .paths = (const char *const *)files->paths, .count = files->count, .is_known = footers->is_known,
        .columns = footers->columns, .column_count = footers->column_count,
    };
}
