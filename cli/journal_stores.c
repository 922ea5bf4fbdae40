/* SPDX-License-Identifier: MIT */
/*
 * journal_stores.c - which stores a journal is for
 */
#define _GNU_SOURCE
#include "journal_stores.h"

#include "output_kind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The path of a folder, whatever name leads there, also of one that is not there any more. The caller frees it. NULL
 * where there is none. */
static char *resolve(const char *folder)
{
    char *path = realpath(folder, NULL), *above = NULL, *made = NULL;
    size_t length = strlen(folder);
    if (path != NULL || errno != ENOENT)
        return path;
    while (length > 1 && folder[length - 1] == '/')
        length--;
    const char *slash = memrchr(folder, '/', length), *name = slash == NULL ? folder : slash + 1;
    if (length <= 1)
        return NULL;
    above = slash == NULL ? strdup(".") : strndup(folder, slash == folder ? 1 : (size_t)(slash - folder));
    path = above == NULL ? NULL : resolve(above);
    if (path != NULL && asprintf(&made, "%s/%.*s", strcmp(path, "/") == 0 ? "" : path,
                                 (int)(length - (size_t)(name - folder)), name) < 0)
        made = NULL;
    free(above);
    free(path);
    return made;
}

/* Tells paths apart; 0 for NULL. FNV-1a. */
static uint64_t key_of(const char *path)
{
    uint64_t sum = 14695981039346656037u;
    for (const char *p = path; p != NULL && *p != '\0'; p++)
        sum = (sum ^ (uint8_t)*p) * 1099511628211u;
    return path == NULL ? 0 : sum;
}

uint32_t journal_stores_writer(const struct journal *journal, const char *folder)
{
    char *path = realpath(folder, NULL);
    const uint32_t writer = path == NULL ? 0 : journal_writer(journal, key_of(path));
    free(path);
    return writer;
}

void journal_stores_note(struct journal *journal, const char *folder, uint32_t writer)
{
    char *path = realpath(folder, NULL);
    if (path != NULL)
        journal_writer_set(journal, key_of(path), writer, path);
    free(path);
}

static bool is_output(const struct collect_options *options, uint64_t key)
{
    bool is = false;
    for (size_t i = 0; i < options->output_count && !is; i++) {
        const char *folder;
        if (output_kind_of(options->outputs[i], &folder) != OUTPUT_STORE)
            continue;
        char *path = resolve(folder);
        is = path != NULL && key_of(path) == key;
        free(path);
    }
    return is;
}

int journal_stores_check(const struct journal *journal, const struct collect_options *options,
                         struct sink_error *error)
{
    uint64_t key;
    char name[JOURNAL_WRITER_NAME];
    for (int i = 0; journal_is_recovered(journal) && i < JOURNAL_WRITERS; i++) {
        if (!journal_writer_at(journal, i, &key, name) || is_output(options, key))
            continue;
        snprintf(error->text, sizeof error->text,
                 "the journal %.150s is for store:%s, and a collector that did not end left %" PRIu64
                 " datagrams in it: start once with -o store:%s as well; or keep to another --journal, or none; or "
                 "remove that file and what is in it",
                 journal_path(journal), name, journal_head(journal) - journal_committed(journal).position, name);
        return -1;
    }
    return 0;
}
