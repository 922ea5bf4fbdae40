/* SPDX-License-Identifier: MIT */
/*
 * filter_explain.c - what a filter means, as an outline for people
 */
#include <stdio.h>
#include <string.h>

#include "filter_ast.h"
#include "filter_text.h"
#include "filter_time.h"

static const char *const SIGNS[] = {"=", "!=", "<", "<=", ">", ">="};

static void put_octets(struct filter_text *text, const uint8_t *data, size_t size_bytes, const char *between)
{
    for (size_t i = 0; i < size_bytes; i++)
        filter_text_add(text, "%s%02x", i > 0 ? between : "", data[i]);
}

static void put_string(struct filter_text *text, const uint8_t *data, size_t size_bytes)
{
    filter_text_add(text, "'");
    for (size_t i = 0; i < size_bytes; i++)
        filter_text_add(text, "%c", data[i] >= ' ' && data[i] <= '~' ? data[i] : '?');
    filter_text_add(text, "'");
}

static void put_end(struct filter_text *text, const struct filter *filter, const struct filter_source *source,
                    enum filter_form form, const struct filter_value *value, bool high)
{
    char shown[FILTER_TIME_TEXT_SIZE > WEIR_ADDRESS_TEXT_SIZE ? FILTER_TIME_TEXT_SIZE : WEIR_ADDRESS_TEXT_SIZE];
    const uint32_t at = high ? value->as.octets.high : value->as.octets.low;
    const uint32_t bytes = high ? value->as.octets.high_bytes : value->as.octets.low_bytes;
    const int64_t number = high ? value->as.i.high : value->as.i.low;
    struct weir_address address = {.family = value->as.address.family};
    switch (filter_class_of(source)) {
    case FILTER_CLASS_U:
        if (form == FILTER_FORM_APPLICATION)
            break;
        filter_text_add(text, "%llu", (unsigned long long)(high ? value->as.u.high : value->as.u.low));
        break;
    case FILTER_CLASS_I:
        if (source->type == FILTER_TIME || source->type == FILTER_TIME_NS)
            filter_text_add(text, "%s", filter_time_text(source->type == FILTER_TIME ? number : number / 1000, shown));
        else
            filter_text_add(text, "%lld", (long long)number);
        break;
    case FILTER_CLASS_REAL: filter_text_add(text, "%.15g", value->as.real.low); break;
    case FILTER_CLASS_ADDRESS:
        memcpy(address.octets, high ? value->as.address.high : value->as.address.low, address.family == 4 ? 4 : 16);
        weir_address_text(&address, shown);
        filter_text_add(text, "%s", shown);
        break;
    case FILTER_CLASS_OCTETS:
        if (source->type == FILTER_TEXT)
            put_string(text, filter->octets + at, bytes);
        else if (form == FILTER_FORM_LABEL) /* the upper 20 bits */
            filter_text_add(text, "%u", (unsigned)(filter->octets[at] << 12 | filter->octets[at + 1] << 4 |
                                                   filter->octets[at + 2] >> 4));
        else
            put_octets(text, filter->octets + at, bytes, form == FILTER_FORM_MAC ? ":" : "");
        break;
    }
}

/* The range of a label is one number where both ends are. */
static bool is_single(const struct filter *filter, const struct filter_source *source, enum filter_form form,
                      const struct filter_value *value)
{
    if (form != FILTER_FORM_LABEL)
        return filter_value_single(value, filter_class_of(source));
    const uint8_t *low = filter->octets + value->as.octets.low, *high = filter->octets + value->as.octets.high;
    return memcmp(low, high, 2) == 0 && low[2] >> 4 == high[2] >> 4;
}

static void put_value(struct filter_text *text, const struct filter *filter, const struct filter_term *term,
                      const struct filter_value *value)
{
    const struct filter_source *source = &filter->sources[term->sources[0]];
    const enum filter_form form = (enum filter_form)term->form;
    if (term->kind >= FILTER_TERM_DURATION) {
        if (term->kind == FILTER_TERM_DURATION)
            filter_text_add(text, "%.15gs", value->as.real.low / 1e6);
        else
            filter_text_add(text, "%.15g", value->as.real.low);
    } else if (form == FILTER_FORM_APPLICATION) {
        filter_text_add(text, "%llu:%llu", (unsigned long long)value->as.u.low, (unsigned long long)value->as.u.high);
    } else if (term->kind != FILTER_TERM_VALUE || form == FILTER_FORM_FLAGS) {
        filter_text_add(text, "0x%02llx", (unsigned long long)value->as.u.low);
    } else {
        const bool above = term->compare == FILTER_LE || term->compare == FILTER_GT; /* the range's end counts */
        put_end(text, filter, source, form, value, above);
        if (term->compare <= FILTER_NE && !is_single(filter, source, form, value)) {
            filter_text_add(text, "-");
            put_end(text, filter, source, form, value, true);
        }
    }
}

static void put_sources(struct filter_text *text, const struct filter *filter, const struct filter_term *term)
{
    for (unsigned i = 0; i < term->source_count; i++)
        filter_text_add(text, "%s%.128s", i == 0 ? "" : term->all ? " and " : " or ",
                        filter->sources[term->sources[i]].name);
}

static void put_term(struct filter_text *text, const struct filter *filter, const struct filter_term *term)
{
    if (term->protocols == FILTER_PROTOCOLS_TCP)
        filter_text_add(text, "protocol = 6, and ");
    else if (term->protocols == FILTER_PROTOCOLS_ICMP)
        filter_text_add(text, "protocol = 1, 58, and ");
    switch ((enum filter_term_kind)term->kind) {
    case FILTER_TERM_ANY: filter_text_add(text, "all records\n"); return;
    case FILTER_TERM_VALUE:
    case FILTER_TERM_APPLICATION: put_sources(text, filter, term); break;
    case FILTER_TERM_FLAGS_ALL: filter_text_add(text, "all bits in tcp_flags of"); break;
    case FILTER_TERM_FLAGS_ANY: filter_text_add(text, "any bit in tcp_flags of"); break;
    case FILTER_TERM_DURATION: filter_text_add(text, "time_end - time_start"); break;
    case FILTER_TERM_RATE: filter_text_add(text, term->factor == 8 ? "bits a second" : "packets a second"); break;
    case FILTER_TERM_RATIO: filter_text_add(text, "bytes a packet"); break;
    }
    if (term->kind != FILTER_TERM_FLAGS_ALL && term->kind != FILTER_TERM_FLAGS_ANY)
        filter_text_add(text, " %s", SIGNS[term->compare]);
    for (uint32_t i = 0; i < term->value_count; i++) {
        filter_text_add(text, i > 0 ? ", " : " ");
        put_value(text, filter, term, &filter->values[term->first_value + i]);
    }
    filter_text_add(text, "\n");
}

static void put_node(struct filter_text *text, const struct filter *filter, uint32_t index, int depth)
{
    const struct filter_node *node = &filter->nodes[index];
    filter_text_add(text, "%*s", 2 * depth, "");
    if (node->kind == FILTER_NODE_TERM) {
        put_term(text, filter, &filter->terms[node->first]);
        return;
    }
    static const char *const kinds[] = {"all of", "any of", "not"};
    filter_text_add(text, "%s\n", kinds[node->kind]);
    for (uint32_t child = node->first; child != FILTER_NONE; child = filter->nodes[child].next)
        put_node(text, filter, child, depth + 1);
}

char *filter_explain(const struct filter *filter)
{
    struct filter_text text = {0};
    if (filter->root == FILTER_NONE)
        filter_text_add(&text, "all records\n");
    else
        put_node(&text, filter, filter->root, 0);
    return filter_text_take(&text);
}
