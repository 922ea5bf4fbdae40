/* SPDX-License-Identifier: MIT */
/*
 * file_check.h - whether a file of the store is as it was written
 */
#ifndef WEIR_STORE_FILE_CHECK_H
#define WEIR_STORE_FILE_CHECK_H

#include "chunk_reader.h"

/* Reads each page of an open file and compares its checksum, and that of the bloom filters: 0, or -1 with `error` filled.
 * With `values` what is inside of pages is read as well, which takes several times as long; it finds what is wrong in
 * their headers, which have no checksum. */
int file_check_pages(struct chunk_reader *reader, const struct file_reader *file, bool values,
                     struct store_error *error);

/* Opens a file, checks its notes and its pages, and closes it. A number in `error` that is not 0 tells that the file
 * could not be looked at; ENOTSUP, that it is of another format (file_reader.h). */
int file_check(struct chunk_reader *reader, const char *path, bool values, struct store_error *error);

#endif
