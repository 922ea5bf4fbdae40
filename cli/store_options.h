/* SPDX-License-Identifier: MIT */
/*
 * store_options.h - the options of weir collect that are for -o store:FOLDER
 */
#ifndef WEIR_CLI_STORE_OPTIONS_H
#define WEIR_CLI_STORE_OPTIONS_H

#include "store_writer.h"

/* Each takes the word behind its option; NULL when that is fine, else what is wrong with it, to stand before it. */
const char *store_options_commit(struct store_writer_options *options, const char *value);
const char *store_options_compression(struct store_writer_options *options, const char *value);
const char *store_options_effort(struct store_writer_options *options, const char *value);
const char *store_options_keep_bytes(struct store_writer_options *options, const char *value);
const char *store_options_keep_days(struct store_writer_options *options, const char *value);
const char *store_options_segment_size(struct store_writer_options *options, const char *value);
const char *store_options_sync(struct store_writer_options *options, const char *value);
const char *store_options_workers(struct store_writer_options *options, const char *value);

#endif
