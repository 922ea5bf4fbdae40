/* SPDX-License-Identifier: MIT */
/*
 * filter_sql_value.c - names, values and comparisons of one column in SQL
 */
#include "filter_sql_value.h"

#include <string.h>

#include "filter_time.h"


void sql_put(struct sql_writer *writer, const char *text)
{
    filter_text_put(&writer->text, text, strlen(text));
}

/* A name in double quotes. Those of callers may have any octet; a quote is written twice. */
void sql_put_name(struct sql_writer *writer, const char *name)
{
    sql_put(writer, "\"");
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '"')
            sql_put(writer, "\"");
        filter_text_put(&writer->text, c, 1);
    }
    sql_put(writer, "\"");
}

/* ---------------------------------------------------------------------------------------------------------- values */

bool sql_is_octets(enum filter_type type)
{
    return type == FILTER_IPV6 || type == FILTER_MAC || type == FILTER_OCTETS || type == FILTER_TEXT;
}

static void put_literal_octets(struct sql_writer *writer, const struct filter_parameter *value)
{
    sql_put(writer, "'");
    for (size_t i = 0; i < value->value.octets.size_bytes; i++) {
        const char c = (char)value->value.octets.data[i];
        if (value->type != FILTER_TEXT)
            filter_text_add(&writer->text, "\\x%02X", (unsigned char)c);
        else if (c == '\'')
            sql_put(writer, "''");
        else
            filter_text_put(&writer->text, &c, 1);
    }
    sql_put(writer, "'");
}

static void put_literal(struct sql_writer *writer, const struct filter_parameter *value)
{
    char time[FILTER_TIME_TEXT_SIZE];
    if (sql_is_octets(value->type))
        put_literal_octets(writer, value);
    else if (value->type == FILTER_TIME)
        filter_text_add(&writer->text, "'%s+00'", filter_time_text(value->value.i, time));
    else if (value->type == FILTER_DOUBLE)
        filter_text_add(&writer->text, "'%.17g'", value->value.d);
    else if (value->type == FILTER_BOOL)
        sql_put(writer, value->value.u != 0 ? "true" : "false");
    else if (value->type >= FILTER_I8 && value->type <= FILTER_I64)
        filter_text_add(&writer->text, "'%lld'", (long long)value->value.i);
    else
        filter_text_add(&writer->text, "%llu", (unsigned long long)value->value.u);
}

/* A value, as a literal or as a parameter, cast to its type. */
void sql_put_value(struct sql_writer *writer, const struct filter_parameter *value)
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
        if (sql_is_octets(value->type))
            filter_text_put(&writer->octets, (const char *)value->value.octets.data, value->value.octets.size_bytes);
    }
    filter_text_add(&writer->text, "::%s", filter_type_sql(value->type));
}

void sql_put_operand(struct sql_writer *writer, const struct sql_operand *operand)
{
    if (operand->one)
        sql_put(writer, "coalesce(");
    else if (operand->type == FILTER_TIME_NS)
        sql_put(writer, "epoch_ns(");
    else if (operand->type == FILTER_FLOAT)
        sql_put(writer, "CAST(");
    sql_put_name(writer, operand->column);
    if (operand->one)
        sql_put(writer, ", 1::UBIGINT)");
    else if (operand->type == FILTER_TIME_NS)
        sql_put(writer, ")");
    else if (operand->type == FILTER_FLOAT)
        sql_put(writer, " AS DOUBLE)");
}

/* One end of a value as a parameter for this operand. */
void sql_put_end(struct sql_writer *writer, const struct sql_operand *operand, const struct filter_value *value,
                 bool high)
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
            parameter.value.u = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 |
                                octets[3];
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
    sql_put_value(writer, &parameter);
}

/* ---------------------------------------------------------------------------------------------- one column's part */

/* The part of a term that asks one column whether it has any of the values, single ones and ranges. */
void sql_put_equal(struct sql_writer *writer, const struct sql_operand *operand, const struct filter_value *values,
                      uint32_t count)
{
    uint32_t singles = 0, parts = 0;
    for (uint32_t i = 0; i < count; i++)
        singles += filter_value_single(&values[i], operand->class);
    if (singles > 0) {
        const char *between = singles > 1 ? " IN (" : " = ";
        parts++;
        if (count > singles)
            sql_put(writer, "(");
        sql_put_operand(writer, operand);
        for (uint32_t i = 0; i < count; i++) {
            if (!filter_value_single(&values[i], operand->class))
                continue;
            sql_put(writer, between);
            sql_put_end(writer, operand, &values[i], false);
            between = ", ";
        }
        sql_put(writer, singles > 1 ? ")" : "");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (filter_value_single(&values[i], operand->class))
            continue;
        sql_put(writer, parts++ > 0 ? " OR " : count > 1 ? "(" : "");
        sql_put(writer, count > 1 ? "(" : "");
        sql_put_operand(writer, operand);
        sql_put(writer, " >= ");
        sql_put_end(writer, operand, &values[i], false);
        sql_put(writer, " AND ");
        sql_put_operand(writer, operand);
        sql_put(writer, " <= ");
        sql_put_end(writer, operand, &values[i], true);
        sql_put(writer, count > 1 ? ")" : "");
    }
    if (count > singles && count > 1)
        sql_put(writer, ")");
}

void sql_put_order(struct sql_writer *writer, const struct sql_operand *operand, enum filter_compare compare,
                      const struct filter_value *value)
{
    static const char *const signs[] = {[FILTER_LT] = " < ", [FILTER_LE] = " <= ", [FILTER_GT] = " > ",
                                        [FILTER_GE] = " >= "};
    sql_put_operand(writer, operand);
    sql_put(writer, signs[compare]);
    sql_put_end(writer, operand, value, compare == FILTER_LE || compare == FILTER_GT);
}
