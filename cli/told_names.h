/* SPDX-License-Identifier: MIT */
/*
 * told_names.h - looks up, for filters, what exporters call their interfaces and applications, in the options records
 * of a store
 */
#ifndef WEIR_CLI_TOLD_NAMES_H
#define WEIR_CLI_TOLD_NAMES_H

#include "filter.h"
#include "query_options.h"

/* Starts as {.options = ...}. The store's options records are opened at the first name. */
struct told_names {
    const struct query_options *options;
    struct query_store store;
    bool is_open;
};

/* filter_options.told; the context is a struct told_names. */
bool told_names_find(void *context, enum filter_told_kind kind, const char *name, size_t length,
                     struct filter_told **ret_told, size_t *ret_count, char message[FILTER_ERROR_MESSAGE_SIZE]);

void told_names_done(struct told_names *names);

#endif
