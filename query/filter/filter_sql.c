/* SPDX-License-Identifier: MIT */
/*
 * filter_sql.c - a filter as a predicate of SQL
 *
 * NULL is what SQL makes of a comparison with a value that is not there. AND and OR of such parts are true exactly when
 * they are with false in its place, so only what is negated needs care: `(...) IS NOT TRUE` is true where the inside
 * is false or NULL. A term alone is left plain, `"dst_port" = $1::USMALLINT`, which DuckDB compares with the
 * statistics of files and row groups before it reads them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter_ast.h"
#include "filter_text.h"
#include "filter_time.h"

struct writer {
    const struct filter *filter;
    struct filter_sql_options options;
    struct filter_text text;
    struct filter_text octets; /* of all parameters, in their order */
    struct filter_parameter *parameters;
    uint32_t count, room;
};

static void put(struct writer *writer, const char *text)
{
    filter_text_put(&writer->text, text, strlen(text));
}

/* A name in double quotes. Those of callers may have any octet; a quote is written twice. */
static void put_name(struct writer *writer, const char *name)
{
    put(writer, "\"");
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '"')
            put(writer, "\"");
        filter_text_put(&writer->text, c, 1);
    }
    put(writer, "\"");
}

/* ---------------------------------------------------------------------------------------------------------- values */

static bool is_octets(enum filter_type type)
{
    return type == FILTER_IPV6 || type == FILTER_MAC || type == FILTER_OCTETS || type == FILTER_TEXT;
}

static void put_literal_octets(struct writer *writer, const struct filter_parameter *value)
{
    put(writer, "'");
    for (size_t i = 0; i < value->value.octets.size_bytes; i++) {
        const char c = (char)value->value.octets.data[i];
        if (value->type != FILTER_TEXT)
            filter_text_add(&writer->text, "\\x%02X", (unsigned char)c);
        else if (c == '\'')
            put(writer, "''");
        else
            filter_text_put(&writer->text, &c, 1);
    }
    put(writer, "'");
}

static void put_literal(struct writer *writer, const struct filter_parameter *value)
{
    char time[FILTER_TIME_TEXT_SIZE];
    if (is_octets(value->type))
        put_literal_octets(writer, value);
    else if (value->type == FILTER_TIME)
        filter_text_add(&writer->text, "'%s+00'", filter_time_text(value->value.i, time));
    else if (value->type == FILTER_DOUBLE)
        filter_text_add(&writer->text, "'%.17g'", value->value.d);
    else if (value->type == FILTER_BOOL)
        put(writer, value->value.u != 0 ? "true" : "false");
    else if (value->type >= FILTER_I8 && value->type <= FILTER_I64)
        filter_text_add(&writer->text, "'%lld'", (long long)value->value.i);
    else
        filter_text_add(&writer->text, "%llu", (unsigned long long)value->value.u);
}

/* A value, as a literal or as a parameter, cast to its type. */
static void put_value(struct writer *writer, const struct filter_parameter *value)
{
    if (writer->options.literals) {
        put_literal(writer, value);
    } else {
        if (!filter_reserve((void **)&writer->parameters, &writer->room, writer->count, sizeof *value)) {
            writer->text.failed = true;
            return;
        }
        filter_text_add(&writer->text, "$%u", writer->options.first_parameter + writer->count);
        writer->parameters[writer->count++] = *value;
        if (is_octets(value->type))
            filter_text_put(&writer->octets, (const char *)value->value.octets.data, value->value.octets.size_bytes);
    }
    filter_text_add(&writer->text, "::%s", filter_type_sql(value->type));
}

/* A column whose values are compared: what it is called, and how one of its values is written. */
struct operand {
    const char *column;
    enum filter_type type;
    enum filter_class class;
    bool one; /* absent: 1 */
};

static void put_operand(struct writer *writer, const struct operand *operand)
{
    if (operand->one)
        put(writer, "coalesce(");
    else if (operand->type == FILTER_TIME_NS)
        put(writer, "epoch_ns(");
    else if (operand->type == FILTER_FLOAT)
        put(writer, "CAST(");
    put_name(writer, operand->column);
    if (operand->one)
        put(writer, ", 1::UBIGINT)");
    else if (operand->type == FILTER_TIME_NS)
        put(writer, ")");
    else if (operand->type == FILTER_FLOAT)
        put(writer, " AS DOUBLE)");
}

/* One end of a value as a parameter for this operand. */
static void put_end(struct writer *writer, const struct operand *operand, const struct filter_value *value, bool high)
{
    struct filter_parameter parameter = {.type = operand->type};
    switch (operand->class) {
    case FILTER_CLASS_U:
        parameter.value.u = high ? value->as.u.high : value->as.u.low;
        break;
    case FILTER_CLASS_I:
        parameter.type = operand->type == FILTER_TIME_NS ? FILTER_I64 : operand->type;
        parameter.value.i = high ? value->as.i.high : value->as.i.low;
        break;
    case FILTER_CLASS_REAL:
        parameter.type = FILTER_DOUBLE;
        parameter.value.d = high ? value->as.real.high : value->as.real.low;
        break;
    case FILTER_CLASS_ADDRESS: {
        const uint8_t *octets = high ? value->as.address.high : value->as.address.low;
        if (operand->type == FILTER_IPV4)
            parameter.value.u = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
        else
            parameter.value.octets.data = octets, parameter.value.octets.size_bytes = 16;
        break;
    }
    case FILTER_CLASS_OCTETS:
        parameter.value.octets.data = writer->filter->octets + (high ? value->as.octets.high : value->as.octets.low);
        parameter.value.octets.size_bytes = high ? value->as.octets.high_bytes : value->as.octets.low_bytes;
        if (parameter.value.octets.size_bytes == 0)
            parameter.value.octets.data = (const uint8_t *)"";
        break;
    }
    put_value(writer, &parameter);
}

/* ---------------------------------------------------------------------------------------------- one column's part */

/* The part of a term that asks one column whether it has any of the values, single ones and ranges. */
static void put_equal(struct writer *writer, const struct operand *operand, const struct filter_value *values,
                      uint32_t count)
{
    uint32_t singles = 0, parts = 0;
    for (uint32_t i = 0; i < count; i++)
        singles += filter_value_single(&values[i], operand->class);
    if (singles > 0) {
        const char *between = singles > 1 ? " IN (" : " = ";
        parts++;
        if (count > singles)
            put(writer, "(");
        put_operand(writer, operand);
        for (uint32_t i = 0; i < count; i++) {
            if (!filter_value_single(&values[i], operand->class))
                continue;
            put(writer, between);
            put_end(writer, operand, &values[i], false);
            between = ", ";
        }
        put(writer, singles > 1 ? ")" : "");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (filter_value_single(&values[i], operand->class))
            continue;
        put(writer, parts++ > 0 ? " OR " : count > 1 ? "(" : "");
        put(writer, count > 1 ? "(" : "");
        put_operand(writer, operand);
        put(writer, " >= ");
        put_end(writer, operand, &values[i], false);
        put(writer, " AND ");
        put_operand(writer, operand);
        put(writer, " <= ");
        put_end(writer, operand, &values[i], true);
        put(writer, count > 1 ? ")" : "");
    }
    if (count > singles && count > 1)
        put(writer, ")");
}

static void put_order(struct writer *writer, const struct operand *operand, enum filter_compare compare,
                      const struct filter_value *value)
{
    static const char *const signs[] = {[FILTER_LT] = " < ", [FILTER_LE] = " <= ", [FILTER_GT] = " > ", [FILTER_GE] = " >= "};
    put_operand(writer, operand);
    put(writer, signs[compare]);
    put_end(writer, operand, value, compare == FILTER_LE || compare == FILTER_GT);
}

static struct operand operand_of(const struct filter_source *source, const struct filter_term *term)
{
    return (struct operand){source->column, (enum filter_type)source->type, filter_class_of(source), term->flows};
}

/* ::ffff:a.b.c.d, as a column for IPv6 has it. */
static void map(struct filter_value *value)
{
    for (int end = 0; end < 2; end++) {
        uint8_t *octets = end == 0 ? value->as.address.low : value->as.address.high;
        memmove(octets + 12, octets, 4);
        memset(octets, 0, 10);
        octets[10] = octets[11] = 0xff;
    }
}

/* Copies of those of a term's addresses that a column of this type may have. How many; -1 when memory is short. */
static int64_t addresses_for(struct writer *writer, const struct filter_term *term, enum filter_type type,
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
        const bool v4 = values[i].as.address.family == 4;
        if (type == FILTER_IPV4 ? !v4 : v4 && pair && writer->options.unmapped)
            continue;
        own[count] = values[i];
        if (v4 && type == FILTER_IPV6)
            map(&own[count]);
        count++;
    }
    *ret_values = own;
    return count;
}

static void put_addresses(struct writer *writer, const char *column, enum filter_type type, bool pair,
                          const struct filter_term *term, unsigned *parts)
{
    struct filter_value *values;
    const struct operand operand = {column, type, FILTER_CLASS_ADDRESS, false};
    const int64_t count = addresses_for(writer, term, type, pair, &values);
    if (count < 0)
        return;
    if (count > 0) {
        const bool range = count == 1 && !filter_value_single(&values[0], FILTER_CLASS_ADDRESS);
        put(writer, (*parts)++ > 0 ? " OR " : "");
        put(writer, range ? "(" : "");
        put_equal(writer, &operand, values, (uint32_t)count);
        put(writer, range ? ")" : "");
    }
    free(values);
}

/* Whether a source has any of the term's values; of an address in either of its columns. */
static void put_source_equal(struct writer *writer, const struct filter_term *term, const struct filter_source *source)
{
    const struct operand operand = operand_of(source, term);
    const bool pair = source->column_ipv6 != NULL;
    unsigned parts = 0;
    if (operand.class != FILTER_CLASS_ADDRESS) {
        put_equal(writer, &operand, writer->filter->values + term->first_value, term->value_count);
        return;
    }
    put_addresses(writer, source->column, operand.type, pair, term, &parts);
    if (pair)
        put_addresses(writer, source->column_ipv6, FILTER_IPV6, true, term, &parts);
    if (parts == 0)
        put(writer, "FALSE"); /* addresses of IPv6 in a column for IPv4 */
}

/* Whether a source has a value that can be compared. */
static void put_present(struct writer *writer, const struct filter_term *term, const struct filter_source *source)
{
    const struct operand operand = operand_of(source, term);
    if (operand.class == FILTER_CLASS_REAL)
        put(writer, "NOT isnan("); /* null where there is none */
    put_operand(writer, &operand);
    put(writer, operand.class == FILTER_CLASS_REAL ? ")" : " IS NOT NULL");
    if (source->column_ipv6 != NULL) {
        put(writer, " OR ");
        put_name(writer, source->column_ipv6);
        put(writer, " IS NOT NULL");
    }
}

/* -------------------------------------------------------------------------------------------------- terms of values */

static const struct filter_source *source_at(const struct writer *writer, const struct filter_term *term, unsigned i)
{
    return &writer->filter->sources[term->sources[i]];
}

static void put_positive(struct writer *writer, const struct filter_term *term)
{
    for (unsigned i = 0; i < term->source_count; i++) {
        const struct filter_source *source = source_at(writer, term, i);
        const struct operand operand = operand_of(source, term);
        if (i > 0)
            put(writer, term->all ? " AND " : " OR ");
        put(writer, "(");
        if (operand.class == FILTER_CLASS_REAL) { /* DuckDB takes what is no number for the largest one */
            put_present(writer, term, source);
            put(writer, " AND ");
        }
        if (term->compare == FILTER_EQ)
            put_source_equal(writer, term, source);
        else
            put_order(writer, &operand, (enum filter_compare)term->compare, &writer->filter->values[term->first_value]);
        put(writer, ")");
    }
}

/* One of the sources has a value (of `src and dst` all have), and none has one that is given. */
static void put_unequal(struct writer *writer, const struct filter_term *term)
{
    put(writer, "(");
    for (unsigned i = 0; i < term->source_count; i++) {
        put(writer, i == 0 ? "(" : term->all ? " AND (" : " OR (");
        put_present(writer, term, source_at(writer, term, i));
        put(writer, ")");
    }
    put(writer, ")");
    for (unsigned i = 0; i < term->source_count; i++) {
        put(writer, " AND (");
        put_source_equal(writer, term, source_at(writer, term, i));
        put(writer, ") IS NOT TRUE");
    }
}

/* One column and one value: plain SQL says the same. */
static bool is_plain(const struct writer *writer, const struct filter_term *term)
{
    const enum filter_class class = filter_class_of(source_at(writer, term, 0));
    return term->source_count == 1 && term->value_count == 1 && class != FILTER_CLASS_REAL && class != FILTER_CLASS_ADDRESS &&
           filter_value_single(&writer->filter->values[term->first_value], class);
}

static void put_values(struct writer *writer, const struct filter_term *term)
{
    if (term->compare == FILTER_NE && is_plain(writer, term)) {
        const struct operand operand = operand_of(source_at(writer, term, 0), term);
        put_operand(writer, &operand);
        put(writer, " <> ");
        put_end(writer, &operand, &writer->filter->values[term->first_value], false);
    } else if (term->compare == FILTER_NE) {
        put_unequal(writer, term);
    } else {
        put_positive(writer, term);
    }
}

/* ----------------------------------------------------------------------------------------------------- other terms */

static void put_flags(struct writer *writer, const struct filter_term *term)
{
    const uint64_t mask = writer->filter->values[term->first_value].as.u.low;
    const struct filter_parameter value = {.type = FILTER_U16, .value.u = mask}, zero = {.type = FILTER_U16};
    put(writer, "(");
    put_name(writer, source_at(writer, term, 0)->column);
    put(writer, " & ");
    put_value(writer, &value);
    put(writer, term->kind == FILTER_TERM_FLAGS_ALL ? ") = " : ") <> ");
    put_value(writer, term->kind == FILTER_TERM_FLAGS_ALL ? &value : &zero);
}

/* An application's number may have leading zeros: any length from 1 to 8 octets that it fits in. */
static void put_application(struct writer *writer, const struct filter_term *term)
{
    const char *column = source_at(writer, term, 0)->column, *between = " IN (";
    if (term->compare == FILTER_NE) {
        put_name(writer, column);
        put(writer, " IS NOT NULL AND (");
    }
    put_name(writer, column);
    for (uint32_t i = 0; i < term->value_count; i++) {
        const struct filter_value *value = &writer->filter->values[term->first_value + i];
        for (unsigned length = 1; length <= 8; length++) {
            uint8_t octets[9] = {(uint8_t)value->as.u.low};
            if (length < 8 && value->as.u.high >> (8 * length) != 0)
                continue;
            for (unsigned k = 0; k < length; k++)
                octets[1 + k] = (uint8_t)(value->as.u.high >> (8 * (length - 1 - k)));
            const struct filter_parameter parameter = {.type = FILTER_OCTETS, .value.octets = {octets, 1 + length}};
            put(writer, between);
            put_value(writer, &parameter);
            between = ", ";
        }
    }
    put(writer, term->compare == FILTER_NE ? ")) IS NOT TRUE" : ")");
}

static void put_double_of(struct writer *writer, const struct filter_term *term, unsigned source, bool time)
{
    put(writer, time ? "CAST(epoch_us(" : "CAST(");
    put_name(writer, source_at(writer, term, source)->column);
    put(writer, time ? ") AS DOUBLE)" : " AS DOUBLE)");
}

/* Microseconds from one source to the next. */
static void put_difference(struct writer *writer, const struct filter_term *term, unsigned start)
{
    put(writer, "(");
    put_double_of(writer, term, start + 1, true);
    put(writer, " - ");
    put_double_of(writer, term, start, true);
    put(writer, ")");
}

/* What a computed term compares: null where a part of it is. Of no time, or no packets, the rate is 0, as in nfdump. */
static void put_computed(struct writer *writer, const struct filter_term *term)
{
    if (term->kind == FILTER_TERM_DURATION) {
        put_difference(writer, term, 0);
    } else if (term->kind == FILTER_TERM_RATE) {
        put(writer, "(CASE WHEN ");
        put_difference(writer, term, 1);
        put(writer, " > 0 THEN ");
        put_double_of(writer, term, 0, false);
        filter_text_add(&writer->text, " * %de6 / ", term->factor);
        put_difference(writer, term, 1);
        put(writer, " WHEN ");
        put_difference(writer, term, 1);
        put(writer, " <= 0 THEN ");
        put_double_of(writer, term, 0, false);
        put(writer, " * 0e0 END)");
    } else {
        put(writer, "(CASE WHEN ");
        put_double_of(writer, term, 1, false);
        put(writer, " > 0 THEN ");
        put_double_of(writer, term, 0, false);
        put(writer, " / ");
        put_double_of(writer, term, 1, false);
        put(writer, " WHEN ");
        put_double_of(writer, term, 1, false);
        put(writer, " <= 0 THEN ");
        put_double_of(writer, term, 0, false);
        put(writer, " * 0e0 END)");
    }
}

static void put_computed_term(struct writer *writer, const struct filter_term *term)
{
    static const char *const signs[] = {" = ", " <> ", " < ", " <= ", " > ", " >= "};
    const bool list = term->value_count > 1;
    put_computed(writer, term);
    put(writer, !list ? signs[term->compare] : term->compare == FILTER_NE ? " NOT IN (" : " IN (");
    for (uint32_t i = 0; i < term->value_count; i++) {
        const struct filter_parameter value = {
            .type = FILTER_DOUBLE, .value.d = writer->filter->values[term->first_value + i].as.real.low};
        put(writer, i > 0 ? ", " : "");
        put_value(writer, &value);
    }
    put(writer, list ? ")" : "");
}

static void put_term(struct writer *writer, const struct filter_term *term)
{
    if (term->protocols == FILTER_PROTOCOLS_TCP)
        put(writer, "\"protocol\" = 6::UTINYINT AND (");
    else if (term->protocols == FILTER_PROTOCOLS_ICMP)
        put(writer, "\"protocol\" IN (1::UTINYINT, 58::UTINYINT) AND (");
    switch ((enum filter_term_kind)term->kind) {
    case FILTER_TERM_ANY: put(writer, "TRUE"); break;
    case FILTER_TERM_VALUE: put_values(writer, term); break;
    case FILTER_TERM_FLAGS_ALL:
    case FILTER_TERM_FLAGS_ANY: put_flags(writer, term); break;
    case FILTER_TERM_APPLICATION: put_application(writer, term); break;
    case FILTER_TERM_DURATION:
    case FILTER_TERM_RATE:
    case FILTER_TERM_RATIO: put_computed_term(writer, term); break;
    }
    if (term->protocols != FILTER_PROTOCOLS_ALL)
        put(writer, ")");
}

/* ----------------------------------------------------------------------------------------------------------- nodes */

/* As deep as FILTER_DEPTH_MAX allows. */
static void put_node(struct writer *writer, uint32_t index)
{
    const struct filter_node *node = &writer->filter->nodes[index];
    if (node->kind == FILTER_NODE_TERM) {
        put_term(writer, &writer->filter->terms[node->first]);
        return;
    }
    if (node->kind == FILTER_NODE_NOT) {
        put(writer, "(");
        put_node(writer, node->first);
        put(writer, ") IS NOT TRUE");
        return;
    }
    for (uint32_t child = node->first; child != FILTER_NONE; child = writer->filter->nodes[child].next) {
        if (child != node->first)
            put(writer, node->kind == FILTER_NODE_AND ? " AND " : " OR ");
        put(writer, "(");
        put_node(writer, child);
        put(writer, ")");
    }
}

/* Points parameters at their octets, which are all together by now. */
static void place_octets(struct writer *writer)
{
    size_t at = 0;
    for (uint32_t i = 0; i < writer->count; i++) {
        if (!is_octets(writer->parameters[i].type))
            continue;
        writer->parameters[i].value.octets.data = (const uint8_t *)writer->octets.data + at;
        at += writer->parameters[i].value.octets.size_bytes;
    }
}

struct filter_sql *filter_sql_create(const struct filter *filter, const struct filter_sql_options *options)
{
    struct writer writer = {.filter = filter};
    writer.options = options != NULL ? *options : (struct filter_sql_options){.first_parameter = 1};
    struct filter_sql *sql = malloc(sizeof *sql);
    if (filter->root == FILTER_NONE)
        put(&writer, "TRUE");
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
