/* SPDX-License-Identifier: MIT */
/*
 * store_account.c - whether as many rows are there as were stored
 *
 * Segments come and go while this looks. Whatever a segment tells was there before it. So the store is listed twice:
 * what is told comes from segments that are in both lists, what is there from the second one, which has all that those
 * can tell of, unless it expired: that is read last. Where something was merged between the lists, or is gone before it
 * is opened, all is done again.
 *
 * Reading order: store_account() at the end; collecting; comparing above that.
 */
#define _GNU_SOURCE
#include "store_account.h"

#include "chunk_reader.h"
#include "commit_notes.h"
#include "expired.h"
#include "segment_list.h"
#include "store_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TRIES_MAX = 10, COMMIT_FIRST_ID = 133, COMMIT_LAST_ID = 134, ROWS_STORED_ID = 131 };

/* A commit, and the rows that are there of it. */
struct there {
    uint64_t sequence;
    uint32_t writer, rows;
};

/* Commits from the first to the last, and how many rows came by them; or of which nothing is known. */
struct range {
    uint64_t first, last, rows;
    uint64_t by; /* of the ledger: the last commit of the segment that tells it */
    uint32_t writer;
};

struct ranges {
    struct range *ranges;
    uint32_t count, capacity;
};

struct account {
    void (*tell)(void *context, bool wrong, const char *text);
    void *context;
    struct store_error *error;
    const struct store_damaged *damaged;
    struct chunk_reader reader;
    struct there *there;
    uint32_t there_count, there_capacity;
    struct ranges ledger;  /* what rows of the ledger tell */
    struct ranges notes;   /* what segments tell, from the first commit of a run on */
    struct ranges unknown; /* commits of segments that do not tell of them, or cannot be read */
    struct expired expired;
    struct store_account_counts counts;
    bool again; /* it changed meanwhile */
};

static int no_memory(struct account *account)
{
    return store_error_set(account->error, "not enough memory to check the store");
}

/* Room for one more; false without memory. */
static bool grow(void **array, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count < *capacity)
        return true;
    const uint32_t next = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = realloc(*array, next * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = next;
    return true;
}

static int add_range(struct account *account, struct ranges *ranges, const struct range *range)
{
    if (!grow((void **)&ranges->ranges, &ranges->capacity, ranges->count, sizeof *ranges->ranges))
        return no_memory(account);
    ranges->ranges[ranges->count++] = *range;
    return 0;
}

/* ---------------------------------------------------------------------------------------------------------- comparing
 * */

__attribute__((format(printf, 2, 3))) static void wrong(struct account *account, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    account->counts.wrong++;
    account->tell(account->context, true, text);
}

static int compare_there(const void *left, const void *right)
{
    const struct there *a = left, *b = right;
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

static int compare_ranges(const void *left, const void *right)
{
    const struct range *a = left, *b = right;
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    if (a->last != b->last)
        return a->last < b->last ? -1 : 1;
    return (a->rows > b->rows) - (a->rows < b->rows);
}

static void sort(struct ranges *ranges)
{
    if (ranges->count > 0)
        qsort(ranges->ranges, ranges->count, sizeof *ranges->ranges, compare_ranges);
}

/* The first of what is there that is not before this commit. */
static uint32_t find(const struct account *account, uint32_t writer, uint64_t sequence)
{
    const struct there wanted = {.writer = writer, .sequence = sequence};
    uint32_t low = 0, high = account->there_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (compare_there(&account->there[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t rows_there(const struct account *account, const struct range *range)
{
    uint64_t rows = 0;
    for (uint32_t i = find(account, range->writer, range->first); i < account->there_count; i++) {
        const struct there *there = &account->there[i];
        if (there->writer != range->writer || there->sequence > range->last)
            break;
        rows += there->rows;
    }
    return rows;
}

static bool is_unknown(const struct account *account, const struct range *range)
{
    if (range->first <= expired_of(&account->expired, range->writer).last_rows)
        return true;
    for (uint32_t i = 0; i < account->unknown.count; i++) {
        const struct range *unknown = &account->unknown.ranges[i];
        if (unknown->writer == range->writer && unknown->first <= range->last && unknown->last >= range->first)
            return true;
    }
    return false;
}

static void tell_difference(struct account *account, const struct range *range, uint64_t rows, const char *who)
{
    wrong(account, "%" PRIu64 " records came by the commits %" PRIu64 " to %" PRIu64 " of the collector %08" PRIx32
          ", as %s, and %" PRIu64 " are there", range->rows, range->first, range->last, range->writer, who, rows);
}

/* Nobody tells rows of one commit twice. */
static void check_twice(struct account *account)
{
    for (uint32_t i = 1; i < account->there_count; i++) {
        const struct there *there = &account->there[i];
        if (compare_there(there - 1, there) == 0)
            wrong(account, "the commit %" PRIu64 " of the collector %08" PRIx32 " is in two files that count",
                  there->sequence, there->writer);
    }
}

/* Whether rows of the ledger before this one must be there: it is not the first of a run, and all commits before its
 * own are done. */
static bool has_before(const struct account *account, const struct range *range)
{
    bool done = false;
    for (uint32_t i = 0; i < account->notes.count; i++) {
        const struct range *told = &account->notes.ranges[i];
        if (told->writer != range->writer)
            continue;
        if (told->first == range->first)
            return false;
        done |= told->last + 1 >= range->by;
    }
    return done;
}

/* What rows of the ledger tell follows each other without a gap, but for the end of a run that was killed. */
static void check_order(struct account *account, const struct range *before, const struct range *range)
{
    const bool same = before != NULL && before->writer == range->writer;
    const uint64_t expired = expired_of(&account->expired, range->writer).last;
    const uint64_t known = same && before->last > expired ? before->last : expired;
    if (same && range->first <= before->last)
        wrong(account, "the ledger tells twice of the commit %" PRIu64 " of the collector %08" PRIx32, range->first,
              range->writer);
    else if (range->first > known + 1 && has_before(account, range))
        wrong(account,
              "the ledger tells nothing of the commits %" PRIu64 " to %" PRIu64 " of the collector %08" PRIx32,
              known + 1, range->first - 1, range->writer);
}

static void check_ledger(struct account *account)
{
    for (uint32_t i = 0; i < account->ledger.count; i++) {
        const struct range *range = &account->ledger.ranges[i];
        const uint64_t rows = rows_there(account, range);
        check_order(account, i == 0 ? NULL : range - 1, range);
        account->counts.untold -= rows < account->counts.untold ? rows : account->counts.untold;
        if (is_unknown(account, range))
            account->counts.unknown += range->rows;
        else if (rows == range->rows)
            account->counts.told += rows;
        else
            tell_difference(account, range, rows, "the ledger tells");
    }
}

/* What segments tell of one run goes on from each other: the difference of two of them is that of the commits between.
 * */
static void check_notes(struct account *account)
{
    for (uint32_t i = 0; i < account->notes.count; i++) {
        const struct range *range = &account->notes.ranges[i], *before = range - 1;
        struct range news = *range;
        if (i > 0 && before->writer == range->writer && before->first == range->first) {
            news.first = before->last + 1;
            news.rows -= before->rows;
            if (range->rows < before->rows || (range->last == before->last && news.rows != 0)) {
                wrong(account,
                      "two files do not agree on the commits %" PRIu64 " to %" PRIu64 " of the collector %08" PRIx32,
                      range->first, range->last, range->writer);
                continue;
            }
        }
        const uint64_t rows = news.first > news.last ? 0 : rows_there(account, &news);
        if (news.first <= news.last && rows != news.rows && !is_unknown(account, &news))
            tell_difference(account, &news, rows, "other files tell");
    }
}

static void compare(struct account *account)
{
    if (account->there_count > 0)
        qsort(account->there, account->there_count, sizeof *account->there, compare_there);
    sort(&account->ledger);
    sort(&account->notes);
    for (uint32_t i = 0; i < account->there_count; i++)
        account->counts.untold += account->there[i].rows;
    check_twice(account);
    check_ledger(account);
    check_notes(account);
}

/* --------------------------------------------------------------------------------------------------------- collecting
 * */

static int take_notes(struct account *account, const struct segment_file *segment, const struct commit_notes *notes,
                      bool is_told)
{
    for (uint32_t i = 0; i < notes->commit_count && segment->kind != SEGMENT_LEDGER; i++) {
        if (!grow((void **)&account->there, &account->there_capacity, account->there_count, sizeof *account->there))
            return no_memory(account);
        account->there[account->there_count++] = (struct there){
            .writer = segment->name.writer, .sequence = notes->commits[i].sequence,
            .rows = (uint32_t)notes->commits[i].rows};
    }
    for (uint32_t i = 0; i < notes->told_count && is_told; i++) {
        const struct commit_told *told = &notes->told[i];
        const struct range range = {.writer = segment->name.writer, .first = told->first, .last = told->last,
                                    .rows = told->rows};
        if (add_range(account, &account->notes, &range) != 0)
            return -1;
    }
    return 0;
}

/* The values of a column of the ledger; NULL where a row group has none, or they cannot be read. To be freed with
 * `data`. */
static const int64_t *read_column(struct account *account, const struct file_reader *file, uint32_t group,
                                  int32_t field_id, struct column_data *data)
{
    struct store_error error;
    for (uint32_t i = 0; i < file->column_count; i++) {
        if (file->columns[i].field_id != field_id || file->columns[i].type != STORE_I64 ||
            file->groups[group].chunks[i].is_null)
            continue;
        if (chunk_reader_read(&account->reader, file, group, i, STORE_I64, SIZE_MAX, data, &error) == 0 &&
            data->item_count == file->groups[group].row_count)
            return (const int64_t *)(const void *)data->data.data;
    }
    return NULL;
}

/* What rows of the collector tell. Those of an earlier version do not tell of which commits. */
static int take_ledger(struct account *account, const struct segment_file *segment, const struct file_reader *file)
{
    int result = 0;
    for (uint32_t g = 0; g < file->group_count && result == 0; g++) {
        struct column_data columns[3] = {0};
        const int64_t *first = read_column(account, file, g, COMMIT_FIRST_ID, &columns[0]);
        const int64_t *last = first == NULL ? NULL : read_column(account, file, g, COMMIT_LAST_ID, &columns[1]);
        const int64_t *rows = last == NULL ? NULL : read_column(account, file, g, ROWS_STORED_ID, &columns[2]);
        for (uint32_t i = 0; rows != NULL && i < file->groups[g].row_count && result == 0; i++) {
            const struct range range = {.writer = segment->name.writer, .first = (uint64_t)first[i],
                                        .last = (uint64_t)last[i],
                                        .rows = (uint64_t)rows[i], .by = segment->name.sequence_last};
            result = add_range(account, &account->ledger, &range);
        }
        for (int i = 0; i < 3; i++)
            column_data_done(&columns[i]);
    }
    return result;
}

/* Nothing is known of its commits. Those of the ledger bring no rows that count here. */
static int add_unknown(struct account *account, const struct segment_file *segment)
{
    const struct segment_name *name = &segment->name;
    const struct range unknown = {.writer = name->writer, .first = name->sequence_first, .last = name->sequence_last};
    return segment->kind == SEGMENT_LEDGER ? 0 : add_range(account, &account->unknown, &unknown);
}

static bool is_damaged(const struct account *account, const struct segment_file *segment)
{
    for (uint32_t i = 0; i < account->damaged->count; i++) {
        if (strcmp(account->damaged->paths[i], segment->path) == 0)
            return true;
    }
    return false;
}

/* What the ledger tells has a checksum of its own when it is read. */
static int take_file(struct account *account, const struct segment_file *segment, bool is_told)
{
    struct commit_notes notes = {0};
    struct file_reader file;
    struct stat status;
    if (segment->kind != SEGMENT_LEDGER && is_damaged(account, segment))
        return add_unknown(account, segment);
    if (file_reader_open(&file, segment->path, account->error) != 0) {
        if (account->error->number == ENOENT && stat(segment->path, &status) != 0) {
            account->again = true;
            return 0;
        }
        if (account->error->number == ENOMEM || account->error->number == EMFILE || account->error->number == ENFILE)
            return -1;
        return add_unknown(account, segment);
    }
    const char *format = file_reader_note(&file, "weir.format");
    if (format != NULL && strcmp(format, FILE_FORMAT) != 0) {
        file_reader_close(&file);
        return add_unknown(account, segment); /* a later version may count otherwise */
    }
    int result = commit_notes_read(&notes, &file, &segment->name, account->error);
    if (result != 0 && account->error->number != ENOMEM) {
        result = add_unknown(account, segment); /* it is damaged */
    } else if (result == 0) {
        result = take_notes(account, segment, &notes, is_told);
        if (result == 0 && notes.is_unknown)
            result = add_unknown(account, segment);
        if (result == 0 && is_told && segment->kind == SEGMENT_LEDGER)
            result = take_ledger(account, segment, &file);
    }
    commit_notes_done(&notes);
    file_reader_close(&file);
    return result;
}

/* Lists are in the order of hours, writers and commits. */
static int compare_files(const void *left, const void *right)
{
    const struct segment_file *a = left, *b = right;
    if (a->hour_s != b->hour_s)
        return a->hour_s < b->hour_s ? -1 : 1;
    if (a->name.writer != b->name.writer)
        return a->name.writer < b->name.writer ? -1 : 1;
    if (a->name.sequence_first != b->name.sequence_first)
        return a->name.sequence_first < b->name.sequence_first ? -1 : 1;
    return strcmp(a->path, b->path);
}

static int take_kind(struct account *account, const struct segment_files *now, struct segment_files *before)
{
    if (before->count > 0)
        qsort(before->files, before->count, sizeof *before->files, compare_files);
    for (uint32_t i = 0; i < now->count && !account->again; i++) {
        const struct segment_file *segment = &now->files[i];
        const bool is_told = before->count > 0 &&
                             bsearch(segment, before->files, before->count, sizeof *before->files,
                                     compare_files) != NULL;
        if (!is_told && segment->name.tier > 0)
            account->again = true; /* what it was made of may have told something */
        else if (take_file(account, segment, is_told) != 0)
            return -1;
    }
    return 0;
}

static int list_all(struct account *account, const char *folder, struct segment_list *lists)
{
    int result = 0;
    for (int kind = 0; kind < SEGMENT_KIND_COUNT && result == 0; kind++)
        result = segment_list_read(&lists[kind], folder, (enum segment_kind)kind, NULL, NULL, NULL, account->error);
    return result;
}

static int collect(struct account *account, const char *folder)
{
    struct segment_list before[SEGMENT_KIND_COUNT] = {0}, now[SEGMENT_KIND_COUNT] = {0};
    account->again = false;
    account->there_count = account->ledger.count = account->notes.count = 0;
    account->unknown.count = account->expired.count = 0;
    int result = list_all(account, folder, before) == 0 && list_all(account, folder, now) == 0 ? 0 : -1;
    for (int kind = 0; kind < SEGMENT_KIND_COUNT && result == 0; kind++)
        result = take_kind(account, &now[kind].current, &before[kind].current);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
        segment_list_done(&before[kind]);
        segment_list_done(&now[kind]);
    }
    return result == 0 ? expired_read(&account->expired, folder, account->error) : -1;
}

int store_account(const char *folder, const struct store_damaged *damaged,
                  void (*tell)(void *context, bool wrong, const char *text), void *context,
                  struct store_account_counts *ret_counts, struct store_error *error)
{
    struct account account = {.tell = tell, .context = context, .error = error, .damaged = damaged};
    if (chunk_reader_init(&account.reader) != 0)
        return no_memory(&account);
    int result = collect(&account, folder);
    for (int try = 1; result == 0 && account.again && try < TRIES_MAX; try++)
        result = collect(&account, folder);
    if (result == 0 && account.again)
        result = store_error_set(error, "the files of the store change faster than they can be looked at");
    if (result == 0)
        compare(&account);
    *ret_counts = account.counts;
    chunk_reader_done(&account.reader);
    free(account.there);
    free(account.ledger.ranges);
    free(account.notes.ranges);
    free(account.unknown.ranges);
    expired_done(&account.expired);
    return result;
}
