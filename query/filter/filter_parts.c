/* SPDX-License-Identifier: MIT */
/* filter_parts.c - terms that ask for single addresses, column by column */
#include "filter_parts.h"

#include <string.h>

bool filter_part_may_have(const struct filter_value *value, enum filter_type type, bool pair, bool unmapped)
{
    const bool v4 = value->as.address.family == 4;
    return type == FILTER_IPV4 ? v4 : !(v4 && pair && unmapped);
}

/* ::ffff:a.b.c.d, as a column for IPv6 has it. */
static void map(uint8_t octets[16])
{
    memmove(octets + 12, octets, 4);
    memset(octets, 0, 10);
    octets[10] = octets[11] = 0xff;
}

struct filter_value filter_part_value(const struct filter_value *value, enum filter_type type)
{
    struct filter_value own = *value;
    if (own.as.address.family == 4 && type == FILTER_IPV6) {
        map(own.as.address.low);
        map(own.as.address.high);
    }
    return own;
}

uint32_t filter_parts_list(const struct filter *filter, const struct filter_term *term, bool unmapped,
                           struct filter_part parts[FILTER_PARTS_MAX])
{
    const struct filter_value *values = filter->values + term->first_value;
    uint32_t count = 0;
    for (unsigned i = 0; i < term->source_count; i++) {
        const struct filter_source *source = &filter->sources[term->sources[i]];
        const bool pair = source->column_ipv6 != NULL;
        for (int second = 0; second < (pair ? 2 : 1); second++) {
            const struct filter_part part = {second ? source->column_ipv6 : source->column,
                                             second ? FILTER_IPV6 : (enum filter_type)source->type, pair};
            bool any = false;
            for (uint32_t k = 0; k < term->value_count; k++)
                any |= filter_part_may_have(&values[k], part.type, pair, unmapped);
            if (any)
                parts[count++] = part;
        }
    }
    return count;
}

/* Of many an address is found nearly everywhere. */
static bool has_parts(const struct filter *filter, const struct filter_term *term)
{
    bool is_single = true;
    if (term->kind != FILTER_TERM_VALUE || term->compare != FILTER_EQ || term->protocols != FILTER_PROTOCOLS_ALL ||
        term->value_count > FILTER_PART_VALUES_MAX || (term->all && term->source_count > 1) ||
        filter_class_of(&filter->sources[term->sources[0]]) != FILTER_CLASS_ADDRESS)
        return false;
    for (uint32_t i = 0; i < term->value_count; i++)
        is_single &= filter_value_single(&filter->values[term->first_value + i], FILTER_CLASS_ADDRESS);
    return is_single;
}

/* As deep as FILTER_DEPTH_MAX allows. Terms stand in the filter in the order in which they were written. */
static uint32_t find_term(const struct filter *filter, uint32_t index, uint32_t from, uint32_t depth)
{
    const struct filter_node *node = &filter->nodes[index];
    uint32_t found = FILTER_NONE;
    if (node->kind == FILTER_NODE_TERM && node->first >= from && has_parts(filter, &filter->terms[node->first]))
        return node->first;
    if (node->kind != FILTER_NODE_AND || depth == 0)
        return FILTER_NONE;
    for (uint32_t child = node->first; child != FILTER_NONE && found == FILTER_NONE; child = filter->nodes[child].next)
        found = find_term(filter, child, from, depth - 1);
    return found;
}

uint32_t filter_parts_term(const struct filter *filter, uint32_t from, uint32_t depth)
{
    return filter->root == FILTER_NONE ? FILTER_NONE : find_term(filter, filter->root, from, depth);
}

/* Whether every file has the columns. Others may also lie in a column of the core, from which they are made for a query: a
 * file that lacks them may have their values. */
static bool are_always(const struct filter *filter, const struct filter_term *term)
{
    bool always = true;
    for (unsigned i = 0; i < term->source_count; i++)
        always &= filter->sources[term->sources[i]].always;
    return always;
}

/* The term of the set of that index; FILTER_NONE where there is none. */
static uint32_t find_set(const struct filter *filter, uint32_t index)
{
    uint32_t found = filter_parts_term(filter, 0, FILTER_DEPTH_MAX);
    for (; found != FILTER_NONE; found = filter_parts_term(filter, found + 1, FILTER_DEPTH_MAX)) {
        if (are_always(filter, &filter->terms[found]) && index-- == 0)
            break;
    }
    return found;
}

/* Of each of the parts all values: eight times eight at the most. */
_Static_assert(FILTER_ADDRESSES_MAX >= FILTER_PARTS_MAX * FILTER_PART_VALUES_MAX, "there is room for all");

uint32_t filter_addresses(const struct filter *filter, uint32_t index,
                          struct filter_address ret_addresses[FILTER_ADDRESSES_MAX])
{
    struct filter_part parts[FILTER_PARTS_MAX];
    const uint32_t found = find_set(filter, index);
    uint32_t count = 0;
    if (found == FILTER_NONE)
        return 0;
    const struct filter_term *term = &filter->terms[found];
    const uint32_t part_count = filter_parts_list(filter, term, false, parts);
    for (uint32_t i = 0; i < part_count; i++) {
        for (uint32_t k = 0; k < term->value_count; k++) {
            const struct filter_value *value = &filter->values[term->first_value + k];
            if (!filter_part_may_have(value, parts[i].type, parts[i].pair, false))
                continue;
            const struct filter_value own = filter_part_value(value, parts[i].type);
            ret_addresses[count] = (struct filter_address){.column = parts[i].column, .type = parts[i].type};
            memcpy(ret_addresses[count++].octets, own.as.address.low, 16);
        }
    }
    return count;
}
