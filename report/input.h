/* SPDX-License-Identifier: MIT */
/*
 * input.h - a file or standard input, plain or gzip, as bytes for the JSON reader
 */
#ifndef REPORT_INPUT_H
#define REPORT_INPUT_H

#include <sys/types.h>

#include "progress.h"

struct input;

/* Opens a file, or standard input for "-". Returns NULL and fills `error` with what went wrong and what to do. */
struct input *input_open(const char *path, char error[512]);
void input_close(struct input *input);

/* For struct json_reader_options: `context` is the input. */
ssize_t input_read(void *context, void *buffer, size_t size_bytes, char error[256]);

/* Whether a gzip file ended before its time. */
bool input_truncated(const struct input *input);

/* The bar that shows how much was read: to be hidden before anything is printed. */
struct progress *input_progress(struct input *input);

#endif
