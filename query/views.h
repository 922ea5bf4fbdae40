/* SPDX-License-Identifier: MIT */
/*
 * views.h - the files of a store as tables; query.h tells which
 */
#ifndef WEIR_QUERY_VIEWS_H
#define WEIR_QUERY_VIEWS_H

#include "connection.h"

/* 0, or -1 where a file cannot be read. */
int views_create(struct query *query, const struct query_files *files, struct query_error *error);

/* The columns of one of the files' kinds, which are there without any file too. */
struct view_column {
    const char *name;
    const char *type; /* as SQL names it */
};

#endif
