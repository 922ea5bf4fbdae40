/* SPDX-License-Identifier: MIT */
/*
 * commit_notes.h - what the footer of a segment tells of commits
 *
 *     weir.commits   "17:5000 2:20": which commits its rows came by, and how many with each; the first number is that
 *                    of a commit, each later one is how much greater the next is
 *     weir.told      "1-12:4500": when it was written, the commits 1 to 12 of its writer were done, and 4500 records of
 *                    flows and of options templates came by them; 1 is the first commit of the writer's run
 *
 * A merged segment has the commits of all its inputs and, of each run, what was told last. So whatever is merged, and
 * whenever somebody looks, it can be told whether all rows are there that were stored (store_account.h).
 */
#ifndef WEIR_STORE_COMMIT_NOTES_H
#define WEIR_STORE_COMMIT_NOTES_H

#include "file_reader.h"
#include "segment_name.h"

#define NOTE_COMMITS "weir.commits"
#define NOTE_TOLD "weir.told"

struct commit_rows {
    uint64_t sequence, rows;
};

/* From the first to the last commit; nothing where the last is less than the first. */
struct commit_told {
    uint64_t first, last, rows;
};

/* Of one or several segments of a writer. Zeros are empty. */
struct commit_notes {
    struct commit_rows *commits;
    struct commit_told *told;
    uint32_t commit_count, commit_capacity;
    uint32_t told_count, told_capacity;
    bool is_unknown; /* a merged segment of an earlier version is among them, which does not tell of its commits */
};

/* Adds what a segment tells, whose name is this. 0, or -1 with `error` filled: where memory is short (ENOMEM), or it
 * is damaged. */
int commit_notes_read(struct commit_notes *notes, const struct file_reader *file, const struct segment_name *name,
                      struct store_error *error);

/* The notes as texts, each to be freed; NULL where there is nothing to tell. Sorts them. 0, or -1 without memory. */
int commit_notes_write(struct commit_notes *notes, char **ret_commits, char **ret_told);

void commit_notes_done(struct commit_notes *notes);

#endif
