/* SPDX-License-Identifier: MIT */
/*
 * commit_notes.c - what the footer of a segment tells of commits
 */
#include "commit_notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMIT_TEXT_BYTES = 44, TOLD_TEXT_BYTES = 66 }; /* of one at the most, with what stands before the next */

/* Room for one more; false without memory. */
static bool grow(void **array, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count < *capacity)
        return true;
    const uint32_t next = *capacity == 0 ? 4 : *capacity * 2;
    void *grown = realloc(*array, next * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = next;
    return true;
}

static int no_memory(const struct file_reader *file, struct store_error *error)
{
    store_error_set(error, "not enough memory to read %s", file->path);
    error->number = ENOMEM; /* it says nothing of the file */
    return -1;
}

static bool add_commit(struct commit_notes *notes, uint64_t sequence, uint64_t rows)
{
    if (!grow((void **)&notes->commits, &notes->commit_capacity, notes->commit_count, sizeof *notes->commits))
        return false;
    notes->commits[notes->commit_count++] = (struct commit_rows){.sequence = sequence, .rows = rows};
    return true;
}

static bool add_told(struct commit_notes *notes, const struct commit_told *told)
{
    if (!grow((void **)&notes->told, &notes->told_capacity, notes->told_count, sizeof *notes->told))
        return false;
    notes->told[notes->told_count++] = *told;
    return true;
}

/* ------------------------------------------------------------------------------------------------------------ reading
 * */

/* A number at `*text`, with this character behind it, '\0' being the end or a space; false where there is none. */
static bool take_number(const char **text, char behind, uint64_t *ret_number)
{
    const char *p = *text;
    uint64_t number = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
            return false;
    }
    const bool at_end = behind == '\0' ? *p == '\0' || (*p == ' ' && p[1] != '\0') : *p == behind;
    if (p == *text || !at_end)
        return false;
    *text = *p == '\0' ? p : p + 1;
    *ret_number = number;
    return true;
}

static int damaged(const struct file_reader *file, const char *key, struct store_error *error)
{
    return store_error_set(error, "%s is damaged: what it tells in %s cannot be", file->path, key);
}

static int read_commits(struct commit_notes *notes, const struct file_reader *file, const struct segment_name *name,
                        const char *text, struct store_error *error)
{
    uint64_t sequence = 0, sum = 0;
    while (*text != '\0') {
        uint64_t distance, rows;
        if (!take_number(&text, ':', &distance) || !take_number(&text, '\0', &rows) || distance == 0 ||
            __builtin_add_overflow(sequence, distance, &sequence) || __builtin_add_overflow(sum, rows, &sum) ||
            sequence < name->sequence_first || sequence > name->sequence_last || rows > UINT32_MAX)
            return damaged(file, NOTE_COMMITS, error);
        if (!add_commit(notes, sequence, rows))
            return no_memory(file, error);
    }
    return sum == file->row_count ? 0 : damaged(file, NOTE_COMMITS, error);
}

static int read_told(struct commit_notes *notes, const struct file_reader *file, const char *text,
                     struct store_error *error)
{
    while (*text != '\0') {
        struct commit_told told;
        if (!take_number(&text, '-', &told.first) || !take_number(&text, ':', &told.last) ||
            !take_number(&text, '\0', &told.rows) ||
            told.first == 0 || told.last < told.first || told.last == UINT64_MAX)
            return damaged(file, NOTE_TOLD, error);
        if (!add_told(notes, &told))
            return no_memory(file, error);
    }
    return 0;
}

int commit_notes_read(struct commit_notes *notes, const struct file_reader *file, const struct segment_name *name,
                      struct store_error *error)
{
    const char *commits = file_reader_note(file, NOTE_COMMITS), *told = file_reader_note(file, NOTE_TOLD);
    if (commits == NULL && name->sequence_first == name->sequence_last && name->tier == 0 &&
        file->row_count <= UINT32_MAX) {
        if (!add_commit(notes, name->sequence_first, file->row_count))
            return no_memory(file, error);
    } else if (commits == NULL) {
        notes->is_unknown = true;
    } else if (read_commits(notes, file, name, commits, error) != 0) {
        return -1;
    }
    return told == NULL ? 0 : read_told(notes, file, told, error);
}

/* ------------------------------------------------------------------------------------------------------------ writing
 * */

static int compare_commits(const void *left, const void *right)
{
    const struct commit_rows *a = left, *b = right;
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* By runs; of each first what was told last. */
static int compare_told(const void *left, const void *right)
{
    const struct commit_told *a = left, *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->last < b->last) - (a->last > b->last);
}

static char *commits_text(const struct commit_notes *notes)
{
    char *text = malloc((size_t)notes->commit_count * COMMIT_TEXT_BYTES + 1);
    size_t at = 0;
    uint64_t before = 0;
    for (uint32_t i = 0; i < notes->commit_count && text != NULL; i++) {
        const struct commit_rows *commit = &notes->commits[i];
        at += (size_t)snprintf(text + at, COMMIT_TEXT_BYTES, "%s%" PRIu64 ":%" PRIu64, i == 0 ? "" : " ",
                               commit->sequence - before, commit->rows);
        before = commit->sequence;
    }
    return text;
}

static char *told_text(const struct commit_notes *notes)
{
    char *text = malloc((size_t)notes->told_count * TOLD_TEXT_BYTES + 1);
    size_t at = 0;
    for (uint32_t i = 0; i < notes->told_count && text != NULL; i++) {
        const struct commit_told *told = &notes->told[i];
        if (i > 0 && told->first == notes->told[i - 1].first)
            continue;
        at += (size_t)snprintf(text + at, TOLD_TEXT_BYTES, "%s%" PRIu64 "-%" PRIu64 ":%" PRIu64, i == 0 ? "" : " ",
                               told->first, told->last, told->rows);
    }
    return text;
}

int commit_notes_write(struct commit_notes *notes, char **ret_commits, char **ret_told)
{
    const bool commits = notes->commit_count > 0 && !notes->is_unknown, told = notes->told_count > 0;
    if (notes->commit_count > 0)
        qsort(notes->commits, notes->commit_count, sizeof *notes->commits, compare_commits);
    if (told)
        qsort(notes->told, notes->told_count, sizeof *notes->told, compare_told);
    char *commit_text = commits ? commits_text(notes) : NULL, *text = told ? told_text(notes) : NULL;
    if ((commits && commit_text == NULL) || (told && text == NULL)) {
        free(commit_text);
        free(text);
        return -1;
    }
    *ret_commits = commit_text;
    *ret_told = text;
    return 0;
}

void commit_notes_done(struct commit_notes *notes)
{
    free(notes->commits);
    free(notes->told);
    *notes = (struct commit_notes){0};
}
