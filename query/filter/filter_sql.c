/* SPDX-License-Identifier: MIT */
/*
 * filter_sql.c - a filter as a predicate of SQL
 *
 * NULL is what SQL makes of a comparison with a value that is not there. AND and OR of such parts are true exactly when
 * they are with false in its place, so only what is negated needs care: `(...) IS NOT TRUE` is true where the inside
 * is false or NULL. A term alone is left plain, `"dst_port" = $1::USMALLINT`, which DuckDB compares with the
 * statistics of files and row groups before it reads them. Addresses in one of several columns are asked for in parts,
 * column by column.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "filter_parts.h"
#include "filter_sql_value.h"

static struct sql_operand operand_of(const struct filter_source *source, const struct filter_term *term)
{
    return (struct sql_operand){source->column, (enum filter_type)source->type, filter_class_of(source), term->flows};
}

/* Copies of those of a term's addresses that a column of this type may have. How many; -1 when memory is short. */
static int64_t addresses_for(struct sql_writer *writer, const struct filter_term *term, enum filter_type type,
                             bool pair, struct filter_value **ret_values)
{
    const struct filter_value *values = writer->filter->values + term->first_value;
    struct filter_value *own = malloc(term->value_count * sizeof *own);
    int64_t count = 0;
    if (own == NULL) {
        writer->text.failed = true;
        return -1;
    }
    for (uint32_t i = 0; i < term->value_count; i++) {
        if (filter_part_may_have(&values[i], type, pair, writer->options.unmapped))
            own[count++] = filter_part_value(&values[i], type);
    }
    *ret_values = own;
    return count;
}

static void put_addresses(struct sql_writer *writer, const char *column, enum filter_type type, bool pair,
                          const struct filter_term *term, unsigned *parts)
{
    struct filter_value *values;
    const struct sql_operand operand = {column, type, FILTER_CLASS_ADDRESS, false};
    const int64_t count = addresses_for(writer, term, type, pair, &values);
    if (count < 0)
        return;
    if (count > 0) {
        const bool range = count == 1 && !filter_value_single(&values[0], FILTER_CLASS_ADDRESS);
        sql_put(writer, (*parts)++ > 0 ? " OR " : "");
        sql_put(writer, range ? "(" : "");
        sql_put_equal(writer, &operand, values, (uint32_t)count);
        sql_put(writer, range ? ")" : "");
    }
    free(values);
}

/* Whether a source has any of the term's values; of an address in either of its columns. */
static void put_source_equal(struct sql_writer *writer, const struct filter_term *term,
                             const struct filter_source *source)
{
    const struct sql_operand operand = operand_of(source, term);
    const bool pair = source->column_ipv6 != NULL;
    unsigned parts = 0;
    if (operand.class != FILTER_CLASS_ADDRESS) {
        sql_put_equal(writer, &operand, writer->filter->values + term->first_value, term->value_count);
        return;
    }
    put_addresses(writer, source->column, operand.type, pair, term, &parts);
    if (pair)
        put_addresses(writer, source->column_ipv6, FILTER_IPV6, true, term, &parts);
    if (parts == 0)
        sql_put(writer, "FALSE"); /* addresses of IPv6 in a column for IPv4 */
}

/* Whether a source has a value that can be compared. */
static void put_present(struct sql_writer *writer, const struct filter_term *term, const struct filter_source *source)
{
    const struct sql_operand operand = operand_of(source, term);
    if (operand.class == FILTER_CLASS_REAL)
        sql_put(writer, "NOT isnan("); /* null where there is none */
    sql_put_operand(writer, &operand);
    sql_put(writer, operand.class == FILTER_CLASS_REAL ? ")" : " IS NOT NULL");
    if (source->column_ipv6 != NULL) {
        sql_put(writer, " OR ");
        sql_put_name(writer, source->column_ipv6);
        sql_put(writer, " IS NOT NULL");
    }
}

/* -------------------------------------------------------------------------------------------------- terms of values */

static const struct filter_source *source_at(const struct sql_writer *writer, const struct filter_term *term,
                                             unsigned i)
{
    return &writer->filter->sources[term->sources[i]];
}

static void put_positive(struct sql_writer *writer, const struct filter_term *term)
{
    for (unsigned i = 0; i < term->source_count; i++) {
        const struct filter_source *source = source_at(writer, term, i);
        const struct sql_operand operand = operand_of(source, term);
        if (i > 0)
            sql_put(writer, term->all ? " AND " : " OR ");
        sql_put(writer, "(");
        if (operand.class == FILTER_CLASS_REAL) { /* DuckDB takes what is no number for the largest one */
            put_present(writer, term, source);
            sql_put(writer, " AND ");
        }
        if (term->compare == FILTER_EQ)
            put_source_equal(writer, term, source);
        else
            sql_put_order(writer, &operand, (enum filter_compare)term->compare,
                          &writer->filter->values[term->first_value]);
        sql_put(writer, ")");
    }
}

/* One of the sources has a value (of `src and dst` all have), and none has one that is given. */
static void put_unequal(struct sql_writer *writer, const struct filter_term *term)
{
    sql_put(writer, "(");
    for (unsigned i = 0; i < term->source_count; i++) {
        sql_put(writer, i == 0 ? "(" : term->all ? " AND (" : " OR (");
        put_present(writer, term, source_at(writer, term, i));
        sql_put(writer, ")");
    }
    sql_put(writer, ")");
    for (unsigned i = 0; i < term->source_count; i++) {
        sql_put(writer, " AND (");
        put_source_equal(writer, term, source_at(writer, term, i));
        sql_put(writer, ") IS NOT TRUE");
    }
}

/* One column and one value: plain SQL says the same. */
static bool is_plain(const struct sql_writer *writer, const struct filter_term *term)
{
    const enum filter_class class = filter_class_of(source_at(writer, term, 0));
    return term->source_count == 1 && term->value_count == 1 && class != FILTER_CLASS_REAL &&
           class != FILTER_CLASS_ADDRESS &&
           filter_value_single(&writer->filter->values[term->first_value], class);
}

static void put_values(struct sql_writer *writer, const struct filter_term *term)
{
    if (term->compare == FILTER_NE && is_plain(writer, term)) {
        const struct sql_operand operand = operand_of(source_at(writer, term, 0), term);
        sql_put_operand(writer, &operand);
        sql_put(writer, " <> ");
        sql_put_end(writer, &operand, &writer->filter->values[term->first_value], false);
    } else if (term->compare == FILTER_NE) {
        put_unequal(writer, term);
    } else {
        put_positive(writer, term);
    }
}

/* ----------------------------------------------------------------------------------------------------- other terms */

static void put_flags(struct sql_writer *writer, const struct filter_term *term)
{
    const uint64_t mask = writer->filter->values[term->first_value].as.u.low;
    const struct filter_parameter value = {.type = FILTER_U16, .value.u = mask}, zero = {.type = FILTER_U16};
    sql_put(writer, "(");
    sql_put_name(writer, source_at(writer, term, 0)->column);
    sql_put(writer, " & ");
    sql_put_value(writer, &value);
    sql_put(writer, term->kind == FILTER_TERM_FLAGS_ALL ? ") = " : ") <> ");
    sql_put_value(writer, term->kind == FILTER_TERM_FLAGS_ALL ? &value : &zero);
}

/* An application's number may have leading zeros: any length from 1 to 8 octets that it fits in. */
static void put_application(struct sql_writer *writer, const struct filter_term *term)
{
    const char *column = source_at(writer, term, 0)->column, *between = " IN (";
    if (term->compare == FILTER_NE) {
        sql_put_name(writer, column);
        sql_put(writer, " IS NOT NULL AND (");
    }
    sql_put_name(writer, column);
    for (uint32_t i = 0; i < term->value_count; i++) {
        const struct filter_value *value = &writer->filter->values[term->first_value + i];
        for (unsigned length = 1; length <= 8; length++) {
            uint8_t octets[9] = {(uint8_t)value->as.u.low};
            if (length < 8 && value->as.u.high >> (8 * length) != 0)
                continue;
            for (unsigned k = 0; k < length; k++)
                octets[1 + k] = (uint8_t)(value->as.u.high >> (8 * (length - 1 - k)));
            const struct filter_parameter parameter = {.type = FILTER_OCTETS, .value.octets = {octets, 1 + length}};
            sql_put(writer, between);
            sql_put_value(writer, &parameter);
            between = ", ";
        }
    }
    sql_put(writer, term->compare == FILTER_NE ? ")) IS NOT TRUE" : ")");
}

static void put_double_of(struct sql_writer *writer, const struct filter_term *term, unsigned source, bool time)
{
    sql_put(writer, time ? "CAST(epoch_us(" : "CAST(");
    sql_put_name(writer, source_at(writer, term, source)->column);
    sql_put(writer, time ? ") AS DOUBLE)" : " AS DOUBLE)");
}

/* Microseconds from one source to the next. */
static void put_difference(struct sql_writer *writer, const struct filter_term *term, unsigned start)
{
    sql_put(writer, "(");
    put_double_of(writer, term, start + 1, true);
    sql_put(writer, " - ");
    put_double_of(writer, term, start, true);
    sql_put(writer, ")");
}

/* What a computed term compares: null where a part of it is. Of no time, or no packets, the rate is 0, as in nfdump. */
static void put_computed(struct sql_writer *writer, const struct filter_term *term)
{
    if (term->kind == FILTER_TERM_DURATION) {
        put_difference(writer, term, 0);
    } else if (term->kind == FILTER_TERM_RATE) {
        sql_put(writer, "(CASE WHEN ");
        put_difference(writer, term, 1);
        sql_put(writer, " > 0 THEN ");
        put_double_of(writer, term, 0, false);
        filter_text_add(&writer->text, " * %de6 / ", term->factor);
        put_difference(writer, term, 1);
        sql_put(writer, " WHEN ");
        put_difference(writer, term, 1);
        sql_put(writer, " <= 0 THEN ");
        put_double_of(writer, term, 0, false);
        sql_put(writer, " * 0e0 END)");
    } else {
        sql_put(writer, "(CASE WHEN ");
        put_double_of(writer, term, 1, false);
        sql_put(writer, " > 0 THEN ");
        put_double_of(writer, term, 0, false);
        sql_put(writer, " / ");
        put_double_of(writer, term, 1, false);
        sql_put(writer, " WHEN ");
        put_double_of(writer, term, 1, false);
        sql_put(writer, " <= 0 THEN ");
        put_double_of(writer, term, 0, false);
        sql_put(writer, " * 0e0 END)");
    }
}

static void put_computed_term(struct sql_writer *writer, const struct filter_term *term)
{
    static const char *const signs[] = {" = ", " <> ", " < ", " <= ", " > ", " >= "};
    const bool list = term->value_count > 1;
    put_computed(writer, term);
    sql_put(writer, !list ? signs[term->compare] : term->compare == FILTER_NE ? " NOT IN (" : " IN (");
    for (uint32_t i = 0; i < term->value_count; i++) {
        const struct filter_parameter value = {
            .type = FILTER_DOUBLE, .value.d = writer->filter->values[term->first_value + i].as.real.low};
        sql_put(writer, i > 0 ? ", " : "");
        sql_put_value(writer, &value);
    }
    sql_put(writer, list ? ")" : "");
}

static void put_term(struct sql_writer *writer, const struct filter_term *term)
{
    if (term->protocols == FILTER_PROTOCOLS_TCP)
        sql_put(writer, "\"protocol\" = 6::UTINYINT AND (");
    else if (term->protocols == FILTER_PROTOCOLS_ICMP)
        sql_put(writer, "\"protocol\" IN (1::UTINYINT, 58::UTINYINT) AND (");
    switch ((enum filter_term_kind)term->kind) {
    case FILTER_TERM_ANY: sql_put(writer, "TRUE"); break;
    case FILTER_TERM_VALUE: put_values(writer, term); break;
    case FILTER_TERM_FLAGS_ALL:
    case FILTER_TERM_FLAGS_ANY: put_flags(writer, term); break;
    case FILTER_TERM_APPLICATION: put_application(writer, term); break;
    case FILTER_TERM_DURATION:
    case FILTER_TERM_RATE:
    case FILTER_TERM_RATIO: put_computed_term(writer, term); break;
    }
    if (term->protocols != FILTER_PROTOCOLS_ALL)
        sql_put(writer, ")");
}

/* ----------------------------------------------------------------------------------------------------------- parts */

/* The first term of which each column is asked apart, where it has several; FILTER_NONE where there is none. Of what is
 * deeper DuckDB 1.4 leaves little to its reader of Parquet. */
static uint32_t find_parted(const struct filter *filter, bool unmapped)
{
    struct filter_part parts[FILTER_PARTS_MAX];
    uint32_t term = filter_parts_term(filter, 0, 1);
    while (term != FILTER_NONE && filter_parts_list(filter, &filter->terms[term], unmapped, parts) <= 1)
        term = filter_parts_term(filter, term + 1, 1);
    return term;
}

uint32_t filter_sql_parts(const struct filter *filter, const struct filter_sql_options *options)
{
    struct filter_part parts[FILTER_PARTS_MAX];
    const bool unmapped = options != NULL && options->unmapped;
    const uint32_t term = find_parted(filter, unmapped);
    return term == FILTER_NONE ? 1 : filter_parts_list(filter, &filter->terms[term], unmapped, parts);
}

/* What is in the column of this part, and in none of the parts before. */
static void put_part(struct sql_writer *writer, const struct filter_term *term)
{
    struct filter_part parts[FILTER_PARTS_MAX];
    const uint32_t count = filter_parts_list(writer->filter, term, writer->options.unmapped, parts);
    unsigned none = 0;
    assert(writer->options.part <= count);
    put_addresses(writer, parts[writer->options.part - 1].column, parts[writer->options.part - 1].type,
                  parts[writer->options.part - 1].pair, term, &none);
    for (uint32_t i = 0; i + 1 < writer->options.part; i++) {
        sql_put(writer, " AND (");
        none = 0;
        put_addresses(writer, parts[i].column, parts[i].type, parts[i].pair, term, &none);
        sql_put(writer, ") IS NOT TRUE");
    }
}

/* ----------------------------------------------------------------------------------------------------------- nodes */

/* As deep as FILTER_DEPTH_MAX allows. */
static void put_node(struct sql_writer *writer, uint32_t index)
{
    const struct filter_node *node = &writer->filter->nodes[index];
    if (node->kind == FILTER_NODE_TERM) {
        if (node->first == writer->parted)
            put_part(writer, &writer->filter->terms[node->first]);
        else
            put_term(writer, &writer->filter->terms[node->first]);
        return;
    }
    if (node->kind == FILTER_NODE_NOT) {
        sql_put(writer, "(");
        put_node(writer, node->first);
        sql_put(writer, ") IS NOT TRUE");
        return;
    }
    for (uint32_t child = node->first; child != FILTER_NONE; child = writer->filter->nodes[child].next) {
        if (child != node->first)
            sql_put(writer, node->kind == FILTER_NODE_AND ? " AND " : " OR ");
        sql_put(writer, "(");
        put_node(writer, child);
        sql_put(writer, ")");
    }
}

/* Points parameters at their octets, which are all together by now. */
static void place_octets(struct sql_writer *writer)
{
    size_t at = 0;
    for (uint32_t i = 0; i < writer->count; i++) {
        if (!sql_is_octets(writer->parameters[i].type))
            continue;
        writer->parameters[i].value.octets.data = (const uint8_t *)writer->octets.data + at;
        at += writer->parameters[i].value.octets.size_bytes;
    }
}

struct filter_sql *filter_sql_create(const struct filter *filter, const struct filter_sql_options *options)
{
    struct sql_writer writer = {.filter = filter};
    writer.options = options != NULL ? *options : (struct filter_sql_options){.first_parameter = 1};
    writer.parted = writer.options.part > 0 ? find_parted(filter, writer.options.unmapped) : FILTER_NONE;
    struct filter_sql *sql = malloc(sizeof *sql);
    if (filter->root == FILTER_NONE)
        sql_put(&writer, "TRUE");
    else
        put_node(&writer, filter->root);
    if (sql == NULL || writer.text.failed || writer.octets.failed) {
        free(writer.text.data);
        free(writer.octets.data);
        free(writer.parameters);
        free(sql);
        return NULL;
    }
    place_octets(&writer);
    *sql = (struct filter_sql){writer.text.data, writer.parameters, writer.count, writer.octets.data};
    return sql;
}

void filter_sql_free(struct filter_sql *sql)
{
    if (sql == NULL)
        return;
    free(sql->text);
    free(sql->parameters);
    free(sql->octets);
    free(sql);
}
