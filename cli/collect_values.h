/* SPDX-License-Identifier: MIT */
/*
 * collect_values.h - takes the values of weir collect's options
 *
 * Each puts a value into `options` and returns NULL, or returns what is wrong with it, the begin of a sentence that the
 * value ends; `options` is then untouched. Texts stay the caller's.
 */
#ifndef WEIR_CLI_COLLECT_VALUES_H
#define WEIR_CLI_COLLECT_VALUES_H

#include "collect_options.h"

#define COLLECT_VALUES(X) \
    X(port) X(host) X(device) X(rcvbuf) X(busy_poll) X(read) X(allow) X(count) X(elements) X(template_lifetime) \
    X(sampling_rate) \
    X(output) X(json_lines) X(rotate) X(min_size) X(raw_sizes) X(no_dns) \
    X(commit) X(segment_size) X(effort) X(compression) X(fsync) X(keep_days) X(keep_bytes) X(no_merge) \
    X(state) X(workers) X(cpu) X(journal) X(journal_size) X(metrics) X(log) X(user) X(no_sandbox) X(debug)

#define COLLECT_VALUE(name) const char *collect_take_##name(struct collect_options *options, const char *value);
COLLECT_VALUES(COLLECT_VALUE)
#undef COLLECT_VALUE

#endif
