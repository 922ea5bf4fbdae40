/* SPDX-License-Identifier: MIT */
/*
 * footer_facts.c - the facts of flow_facts.h, from the statistics of row groups
 *
 * A column is wholly there in a row group or wholly absent. Where statistics leave open what is asked, as that all rows
 * are in the span, nothing is counted.
 */
#include "footer_facts.h"

#include <string.h>

static const enum store_column_index address_columns[FLOW_FACTS_ADDRESS_COUNT] = {
#define COLUMN(upper, lower) [FLOW_FACTS_##upper] = STORE_COLUMN_##upper##_IPV6,
    FLOW_FACTS_ADDRESSES(COLUMN)
#undef COLUMN
};

void footer_facts_init(struct flow_facts *facts)
{
    *facts = (struct flow_facts){.is_counted = true};
}

/* A column of a row group: its chunk and type. NULL where it is absent. */
static const struct file_reader_chunk *find_chunk(const struct file_reader *file, uint32_t group,
                                                  enum store_column_index index, enum store_type *ret_type)
{
    const int32_t field_id = store_column(index)->field_id;
    uint32_t at = (uint32_t)index; /* which is where Weir writes it */
    if (at >= file->column_count || file->columns[at].field_id != field_id) {
        for (at = 0; at < file->column_count && file->columns[at].field_id != field_id; at++)
            continue;
    }
    if (at == file->column_count || file->groups[group].chunks[at].is_null)
        return NULL;
    *ret_type = file->columns[at].type;
    return &file->groups[group].chunks[at];
}

/* --------------------------------------------------------------------------------------------------------- numbers */

enum presence { ABSENT, UNBOUNDED, BOUNDED };

static uint64_t unsigned_of(const struct chunk_bound *bound)
{
    uint64_t wide;
    uint32_t narrow;
    memcpy(&wide, bound->octets, sizeof wide);
    memcpy(&narrow, bound->octets, sizeof narrow);
    return bound->size_bytes == sizeof wide ? wide : narrow;
}

static enum presence bounds_of(const struct file_reader *file, uint32_t group, enum store_column_index index,
                               uint64_t *ret_least, uint64_t *ret_greatest)
{
    enum store_type type;
    const struct file_reader_chunk *chunk = find_chunk(file, group, index, &type);
    const uint8_t size_bytes = chunk == NULL ? 0 : type == STORE_U64 ? 8 : 4;
    if (chunk == NULL)
        return ABSENT;
    if (type > STORE_U64 || !chunk->is_bounded || chunk->least.size_bytes != size_bytes ||
        chunk->greatest.size_bytes != size_bytes)
        return UNBOUNDED;
    *ret_least = unsigned_of(&chunk->least);
    *ret_greatest = unsigned_of(&chunk->greatest);
    return BOUNDED;
}

static enum presence times_of(const struct file_reader *file, uint32_t group, enum store_column_index index,
                              int64_t *ret_least, int64_t *ret_greatest)
{
    enum store_type type;
    const struct file_reader_chunk *chunk = find_chunk(file, group, index, &type);
    if (chunk == NULL)
        return ABSENT;
    if (type != STORE_TIME_US || !chunk->is_bounded || chunk->least.size_bytes != sizeof *ret_least ||
        chunk->greatest.size_bytes != sizeof *ret_greatest)
        return UNBOUNDED;
    memcpy(ret_least, chunk->least.octets, sizeof *ret_least);
    memcpy(ret_greatest, chunk->greatest.octets, sizeof *ret_greatest);
    return BOUNDED;
}

static bool may_be_mapped(const struct file_reader *file, uint32_t group, enum store_column_index index)
{
    static const uint8_t first[16] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t last[16] = {[10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    enum store_type type;
    const struct file_reader_chunk *chunk = find_chunk(file, group, index, &type);
    if (chunk == NULL)
        return false;
    return !chunk->is_bounded || chunk->least.size_bytes != sizeof first || chunk->greatest.size_bytes != sizeof last ||
           (memcmp(chunk->least.octets, last, sizeof last) <= 0 &&
            memcmp(chunk->greatest.octets, first, sizeof first) >= 0);
}

/* ---------------------------------------------------------------------------------------------------------- groups */

enum place { OUTSIDE, INSIDE, ACROSS };

/* Where the rows are, by the rule of flow_span: what does not tell its own time counts by when it came. */
static enum place place_of(const struct file_reader *file, uint32_t group, const struct flow_span *span)
{
    int64_t least, greatest;
    enum place place = INSIDE;
    if (span->from_us != INT64_MIN) {
        enum presence presence = times_of(file, group, STORE_COLUMN_TIME_END, &least, &greatest);
        if (presence == ABSENT)
            presence = times_of(file, group, STORE_COLUMN_RECEIVED, &least, &greatest);
        if (presence == ABSENT || (presence == BOUNDED && greatest < span->from_us))
            return OUTSIDE;
        if (presence == UNBOUNDED || least < span->from_us)
            place = ACROSS;
    }
    if (span->to_us != INT64_MAX) {
        enum presence presence = times_of(file, group, STORE_COLUMN_TIME_START, &least, &greatest);
        if (presence == ABSENT)
            presence = times_of(file, group, STORE_COLUMN_RECEIVED, &least, &greatest);
        if (presence == ABSENT || (presence == BOUNDED && least >= span->to_us))
            return OUTSIDE;
        if (presence == UNBOUNDED || greatest >= span->to_us)
            place = ACROSS;
    }
    return place;
}

static void add_times(struct flow_facts *facts, const struct file_reader *file, uint32_t group)
{
    int64_t least, greatest;
    const enum presence start = times_of(file, group, STORE_COLUMN_TIME_START, &least, &greatest);
    if (start == BOUNDED && (!facts->has_first || least < facts->first_us))
        facts->first_us = least;
    const enum presence end = times_of(file, group, STORE_COLUMN_TIME_END, &least, &greatest);
    if (end == BOUNDED && (!facts->has_last || greatest > facts->last_us))
        facts->last_us = greatest;
    facts->has_first |= start == BOUNDED;
    facts->has_last |= end == BOUNDED;
    facts->is_counted &= start != UNBOUNDED && end != UNBOUNDED;
}

static void count(struct flow_facts *facts, const struct file_reader *file, uint32_t group)
{
    const uint64_t rows = file->groups[group].row_count;
    uint64_t least = 1, greatest = 1, each;
    enum presence presence = bounds_of(file, group, STORE_COLUMN_FLOWS, &least, &greatest);
    least += least == 0; /* FLOW_COUNT_SQL */
    greatest += greatest == 0;
    if (presence == UNBOUNDED || least != greatest || __builtin_mul_overflow(rows, least, &each) ||
        __builtin_add_overflow(facts->flows, each, &facts->flows))
        facts->is_counted = false;
    presence = bounds_of(file, group, STORE_COLUMN_SAMPLING_RATE, &least, &greatest);
    if (presence == BOUNDED && least > 1)
        facts->sampled_rows += rows;
    else if (presence == UNBOUNDED || (presence == BOUNDED && greatest > 1))
        facts->is_counted = false;
    facts->rows += rows;
    add_times(facts, file, group);
}

void footer_facts_add(struct flow_facts *facts, const struct file_reader *file, const struct flow_span *span)
{
    for (uint32_t group = 0; group < file->group_count; group++) {
        const enum place place = place_of(file, group, span);
        for (int i = 0; i < FLOW_FACTS_ADDRESS_COUNT; i++)
            facts->may_be_mapped[i] |= may_be_mapped(file, group, address_columns[i]);
        if (place == ACROSS)
            facts->is_counted = false;
        else if (place == INSIDE)
            count(facts, file, group);
    }
}

void footer_facts_join(struct flow_facts *facts, const struct flow_facts *other)
{
    facts->is_counted &= other->is_counted && !__builtin_add_overflow(facts->flows, other->flows, &facts->flows);
    facts->rows += other->rows;
    facts->sampled_rows += other->sampled_rows;
    if (other->has_first && (!facts->has_first || other->first_us < facts->first_us))
        facts->first_us = other->first_us;
    if (other->has_last && (!facts->has_last || other->last_us > facts->last_us))
        facts->last_us = other->last_us;
    facts->has_first |= other->has_first;
    facts->has_last |= other->has_last;
    for (int i = 0; i < FLOW_FACTS_ADDRESS_COUNT; i++)
        facts->may_be_mapped[i] |= other->may_be_mapped[i];
}
