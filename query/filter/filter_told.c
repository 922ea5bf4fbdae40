/* SPDX-License-Identifier: MIT */
/* filter_told.c - names that exporters tell of their interfaces and applications */
#include "filter_told.h"

#include <stdlib.h>
#include <string.h>

#include "filter_value.h"

static bool is_interface(const struct filter_source *source)
{
    return source->core == WEIR_CORE_IN_INTERFACE || source->core == WEIR_CORE_OUT_INTERFACE;
}

bool filter_told_is(const struct filter_parser *parser, const struct filter_source *source, const char *word,
                    size_t length)
{
    bool is_number = true; /* or a range of them, whole or not */
    for (size_t i = 0; i < length; i++)
        is_number &= (word[i] >= '0' && word[i] <= '9') || word[i] == '-';
    return !is_number && parser->options != NULL && parser->options->told != NULL &&
           (is_interface(source) || source->form == FILTER_FORM_APPLICATION);
}

bool filter_told_add(struct filter_parser *parser, const struct filter_source *source, const struct filter_token *token,
                     const char *word, size_t length)
{
    char why[FILTER_MESSAGE_SIZE] = "", message[FILTER_MESSAGE_SIZE];
    struct filter_told *found = NULL;
    size_t count = 0;
    if (!parser->options->told(parser->options->told_context,
                               is_interface(source) ? FILTER_TOLD_INTERFACES : FILTER_TOLD_APPLICATIONS, word, length,
                               &found, &count, why)) {
        filter_complain(message, "%s", why);
        filter_parser_fail(parser, token, "%s", message);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!filter_reserve((void **)&parser->told, &parser->told_room, parser->told_count, sizeof *found)) {
            free(found);
            filter_parser_memory(parser);
            return false;
        }
        parser->told[parser->told_count++] = found[i];
    }
    free(found);
    return true;
}

/* --------------------------------------------------------------------------------------------------------- terms */

static int compare_told(const void *left, const void *right)
{
    const struct filter_told *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return strcmp(a->exporter, b->exporter);
}

/* Adds a value; false with the error. */
static bool add(struct filter_parser *parser, const struct filter_source *source, enum filter_form form,
                const char *word)
{
    char message[FILTER_MESSAGE_SIZE];
    if (filter_value_add(parser->filter, source, form, word, strlen(word), message))
        return true;
    filter_parser_fail(parser, &parser->token, "%s", message);
    return false;
}

/* A number, as it was told, where an exporter is one of these. */
static uint32_t put_group(struct filter_parser *parser, const struct filter_term *term, const struct filter_told *told,
                          uint32_t count)
{
    struct filter *filter = parser->filter;
    const struct filter_source *exporter = filter_source_core("exporter", strlen("exporter"));
    const uint32_t source = filter_add_source(filter, exporter);
    if (source == FILTER_NONE || source > UINT16_MAX)
        return filter_parser_memory(parser);
    if (filter->term_count + 2 > FILTER_TERMS_MAX)
        return filter_parser_fail(parser, &parser->token, "the names stand for more than %u terms; name exporters too",
                                  FILTER_TERMS_MAX);
    struct filter_term who = {.kind = FILTER_TERM_VALUE, .form = exporter->form, .source_count = 1,
                              .sources = {(uint16_t)source}, .first_value = filter->value_count};
    for (uint32_t i = 0; i < count; i++) {
        if ((i == 0 || strcmp(told[i].exporter, told[i - 1].exporter) != 0) &&
            !add(parser, exporter, (enum filter_form)exporter->form, told[i].exporter))
            return FILTER_NONE;
    }
    who.value_count = filter->value_count - who.first_value;
    struct filter_term what = *term;
    what.first_value = filter->value_count;
    what.value_count = 1;
    if (!filter_reserve((void **)&filter->values, &filter->value_room, filter->value_count, sizeof *filter->values))
        return filter_parser_memory(parser);
    filter->values[filter->value_count++] = (struct filter_value){.as.u = {told->low, told->high}};
    const uint32_t first = filter_parser_term(parser, &who);
    const uint32_t second = first != FILTER_NONE ? filter_parser_term(parser, &what) : FILTER_NONE;
    if (second == FILTER_NONE)
        return FILTER_NONE;
    filter->nodes[first].next = second;
    return filter_parser_node(parser, FILTER_NODE_AND, first);
}

/* That there is a value at all. */
static uint32_t put_present(struct filter_parser *parser, const struct filter_term *term)
{
    const struct filter_source source = parser->filter->sources[term->sources[0]];
    struct filter_term present = *term;
    present.kind = FILTER_TERM_VALUE;
    present.compare = FILTER_GE;
    present.form = is_interface(&source) ? FILTER_FORM_NUMBER : FILTER_FORM_OCTETS;
    present.first_value = parser->filter->value_count;
    present.value_count = 1;
    return add(parser, &source, (enum filter_form)present.form, is_interface(&source) ? "0" : "0x")
               ? filter_parser_term(parser, &present) : FILTER_NONE;
}

/* Any of the numbers that were told, or of the term's values. */
static uint32_t put_any(struct filter_parser *parser, const struct filter_term *term)
{
    struct filter *filter = parser->filter;
    uint32_t first = FILTER_NONE, last = FILTER_NONE, count = 0;
    for (uint32_t i = 0, size; i < parser->told_count; i += size) {
        const struct filter_told *told = parser->told + i;
        for (size = 1; i + size < parser->told_count && told[size].low == told->low && told[size].high == told->high;)
            size++;
        const uint32_t node = put_group(parser, term, told, size);
        if (node == FILTER_NONE)
            return FILTER_NONE;
        if (first == FILTER_NONE)
            first = node;
        else
            filter->nodes[last].next = node;
        last = node;
        count++;
    }
    if (term->value_count > 0) {
        const uint32_t node = filter_parser_term(parser, term);
        if (node == FILTER_NONE)
            return FILTER_NONE;
        filter->nodes[last].next = node;
        count++;
    }
    return count == 1 ? first : filter_parser_node(parser, FILTER_NODE_OR, first);
}

/* Where all sources have to match, each of them has to have any. */
static uint32_t put_sources(struct filter_parser *parser, const struct filter_term *term)
{
    uint32_t first = FILTER_NONE, last = FILTER_NONE;
    if (!term->all || term->source_count == 1)
        return put_any(parser, term);
    for (unsigned i = 0; i < term->source_count; i++) {
        struct filter_term one = *term;
        one.sources[0] = term->sources[i];
        one.source_count = 1;
        const uint32_t node = put_any(parser, &one);
        if (node == FILTER_NONE)
            return FILTER_NONE;
        if (first == FILTER_NONE)
            first = node;
        else
            parser->filter->nodes[last].next = node;
        last = node;
    }
    return filter_parser_node(parser, FILTER_NODE_AND, first);
}

uint32_t filter_told_finish(struct filter_parser *parser, const struct filter_term *term)
{
    struct filter_term equal = *term;
    if (term->compare != FILTER_EQ && term->compare != FILTER_NE)
        return filter_parser_fail(parser, &parser->token, "names have no order; compare with = or !=, or with a list");
    qsort(parser->told, parser->told_count, sizeof *parser->told, compare_told);
    equal.compare = FILTER_EQ;
    equal.all &= term->compare == FILTER_EQ;
    const uint32_t any = put_sources(parser, &equal);
    parser->told_count = 0;
    if (any == FILTER_NONE || term->compare == FILTER_EQ)
        return any;
    const uint32_t present = put_present(parser, term);
    const uint32_t none = present != FILTER_NONE ? filter_parser_node(parser, FILTER_NODE_NOT, any) : FILTER_NONE;
    if (none == FILTER_NONE)
        return FILTER_NONE;
    parser->filter->nodes[present].next = none;
    return filter_parser_node(parser, FILTER_NODE_AND, present);
}
