/* SPDX-License-Identifier: MIT */
/*
 * filter_parts.h - terms that ask for single addresses, column by column
 */
#ifndef WEIR_QUERY_FILTER_PARTS_H
#define WEIR_QUERY_FILTER_PARTS_H

#include "filter_ast.h"

/* A column that may have an address of a term. */
struct filter_part {
    const char *column;
    enum filter_type type;
    bool pair; /* it is one of two columns for the same addresses */
};

enum { FILTER_PARTS_MAX = 2 * FILTER_SIDES, FILTER_PART_VALUES_MAX = 8 };

/* Whether a column of this type may have an address. `unmapped` is that of struct filter_sql_options. */
bool filter_part_may_have(const struct filter_value *value, enum filter_type type, bool pair, bool unmapped);

/* The address as a column of this type has it. */
struct filter_value filter_part_value(const struct filter_value *value, enum filter_type type);

/* Which columns may have an address of the term, and how many those are. */
uint32_t filter_parts_list(const struct filter *filter, const struct filter_term *term, bool unmapped,
                           struct filter_part parts[FILTER_PARTS_MAX]);

/* The first term in FROM or behind it that asks for single addresses, and that all records have to match: one within
 * so many conjunctions at the most. FILTER_NONE where there is none. */
uint32_t filter_parts_term(const struct filter *filter, uint32_t from, uint32_t depth);

#endif
