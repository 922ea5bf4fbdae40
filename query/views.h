/* SPDX-License-Identifier: MIT */
/*
 * views.h - the files of a store as tables; query.h tells which
 */
#ifndef WEIR_QUERY_VIEWS_H
#define WEIR_QUERY_VIEWS_H

#include "connection.h"

/* Makes the views, or makes them anew. 0, or -1. Files that cannot be read are left out, and in query->skipped. */
int views_create(struct query *query, const struct query_files *files, struct query_error *error);

#endif
