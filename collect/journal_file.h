/* SPDX-License-Identifier: MIT */
/*
 * journal_file.h - the journal's file: opened, checked, made, mapped
 */
#ifndef WEIR_COLLECT_JOURNAL_FILE_H
#define WEIR_COLLECT_JOURNAL_FILE_H

#include "journal_layout.h"

struct journal_file {
    int fd;     /* -1: memory without a name */
    bool found; /* it was there, and is sound */
    struct journal_map map;
};

/* As journal_open(). The mapping is populated: the kernel writes to it without page faults. */
int journal_file_open(const struct journal_options *options, struct journal_file *ret_file,
                      void (*warn)(void *context, const char *text), void *context, struct sink_error *error);

/* How many workers those were who made a file that is there, is sound, and is nobody's now. Else 0. */
uint32_t journal_file_peek(const char *path);

/* Unmaps and closes. */
void journal_file_close(struct journal_file *file);

#endif
