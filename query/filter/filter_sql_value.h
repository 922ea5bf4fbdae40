/* SPDX-License-Identifier: MIT */
/*
 * filter_sql_value.h - what SQL is written with: names, values, comparisons of one column
 */
#ifndef WEIR_QUERY_FILTER_SQL_VALUE_H
#define WEIR_QUERY_FILTER_SQL_VALUE_H

#include "filter_ast.h"
#include "filter_text.h"

/* SQL under way. Where memory is short text.failed or octets.failed is set, and the rest is done for nothing. */
struct sql_writer {
    const struct filter *filter;
    struct filter_sql_options options;
    uint32_t parted; /* the term that is asked in parts, or FILTER_NONE */
    struct filter_text text;
    struct filter_text octets; /* of all parameters, in their order */
    struct filter_parameter *parameters;
    uint32_t count, room;
};

/* A column whose values are compared: what it is called, and how one of its values is written. */
struct sql_operand {
    const char *column;
    enum filter_type type;
    enum filter_class class;
    bool one; /* absent: 1 */
};

void sql_put(struct sql_writer *writer, const char *text);

/* A name between double quotes. */
void sql_put_name(struct sql_writer *writer, const char *name);

/* A value, as a literal or as a parameter, cast to its type. */
void sql_put_value(struct sql_writer *writer, const struct filter_parameter *value);

/* Whether parameters of this type have octets. */
bool sql_is_octets(enum filter_type type);

void sql_put_operand(struct sql_writer *writer, const struct sql_operand *operand);

/* One end of a value's range, for this operand. */
void sql_put_end(struct sql_writer *writer, const struct sql_operand *operand, const struct filter_value *value,
                 bool high);

/* Whether the operand has any of the values. More than one part stand between parentheses, but for one range. */
void sql_put_equal(struct sql_writer *writer, const struct sql_operand *operand, const struct filter_value *values,
                   uint32_t count);

/* FILTER_LT to FILTER_GE. */
void sql_put_order(struct sql_writer *writer, const struct sql_operand *operand, enum filter_compare compare,
                   const struct filter_value *value);

#endif
