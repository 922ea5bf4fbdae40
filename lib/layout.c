/* SPDX-License-Identifier: MIT */
/*
 * layout.c - the table of layouts, by what their templates say
 */
#include "layout.h"

#include "compile.h"
#include "hash.h"
#include "limits.h"
#include "taught.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_PLACES = LIMIT_TEMPLATE_FIELDS * 2 };

int layout_table_init(struct layout_table *table, uint32_t count_max, uint64_t seed, struct layout_core core,
                      const struct taught *taught)
{
    uint32_t bucket_count = 64;
    while (bucket_count < count_max && bucket_count < 1u << 20)
        bucket_count *= 2;
    *table = (struct layout_table){
        .bucket_count = bucket_count,
        .count_max = count_max,
        .bytes_max = DEFAULT_TEMPLATES_BYTES,
        .seed = seed,
        .next_serial = 1,
        .core = core,
        .taught = taught,
        .window_kernels = window_kernels_pick(),
        .buckets = calloc(bucket_count, sizeof *table->buckets),
        .free_slots = calloc(count_max, sizeof *table->free_slots),
        .name_count = calloc(NAME_PLACES, sizeof *table->name_count),
        .name_seen = calloc(NAME_PLACES, sizeof *table->name_seen),
        .specifiers = calloc(LIMIT_TEMPLATE_FIELDS, sizeof *table->specifiers),
    };
    if (table->buckets == NULL || table->free_slots == NULL || table->name_count == NULL ||
        table->name_seen == NULL || table->specifiers == NULL) {
        layout_table_done(table);
        return -1;
    }
    return 0;
}

void layout_table_done(struct layout_table *table)
{
    for (uint32_t i = 0; table->buckets != NULL && i < table->bucket_count; i++) {
        for (struct layout *layout = table->buckets[i], *next; layout != NULL; layout = next) {
            next = layout->hash_next;
            free(layout);
        }
    }
    free(table->buckets);
    free(table->free_slots);
    free(table->name_count);
    free(table->name_seen);
    free(table->specifiers);
    *table = (struct layout_table){0};
}

static uint64_t specification_hash(const struct layout_table *table, const struct specification *specification)
{
    const uint64_t head = (uint64_t)specification->scope_count << 32 | (uint64_t)specification->version << 1 |
                          specification->options;
    return hash_bytes(table->seed ^ head, specification->fields, specification->size_bytes);
}

bool layout_matches(const struct layout *layout, const struct specification *specification)
{
    return layout->specification_bytes == specification->size_bytes &&
           layout->view.version == specification->version && layout->view.options == specification->options &&
           layout->view.scope_count == specification->scope_count &&
           memcmp(layout->specification, specification->fields, specification->size_bytes) == 0;
}

bool layout_is_current(const struct layout_table *table, struct layout *layout)
{
    const uint32_t taught_count = taught_element_count(table->taught);
    if (layout->taught_count == taught_count)
        return true;
    for (uint32_t i = 0; i < layout->view.field_count; i++) {
        const struct weir_field *field = &layout->view.fields[i];
        const struct weir_element *element =
            taught_find(table->taught, field->pen == WEIR_PEN_REVERSE ? WEIR_PEN_IANA : field->pen, field->id);
        if ((element != NULL && element != field->element) || taught_is_hidden(table->taught, field->element))
            return false;
    }
    layout->taught_count = taught_count;
    return true;
}

static void insert(struct layout_table *table, struct layout *layout, uint64_t hash)
{
    struct layout **bucket = &table->buckets[hash & (table->bucket_count - 1)];
    layout->hash = hash;
    layout->taught_count = taught_element_count(table->taught);
    layout->hash_next = *bucket;
    *bucket = layout;
    layout->view.serial = table->next_serial++;
    layout->view.slot = table->free_slot_count > 0 ? table->free_slots[--table->free_slot_count] : table->slots_used++;
    table->count++;
    table->bytes += layout->block_bytes;
}

struct layout *layout_get(struct layout_table *table, const struct specification *specification,
                          enum weir_reason *ret_reason)
{
    const uint64_t hash = specification_hash(table, specification);
    struct layout *layout = table->buckets[hash & (table->bucket_count - 1)];
    while (layout != NULL && !(layout->hash == hash && layout_matches(layout, specification) &&
                               layout_is_current(table, layout)))
        layout = layout->hash_next;
    if (layout == NULL) {
        layout = compile(table, specification, ret_reason);
        if (layout == NULL)
            return NULL;
        insert(table, layout, hash);
    }
    layout->reference_count++;
    return layout;
}

void layout_unref(struct layout_table *table, struct layout *layout)
{
    if (--layout->reference_count > 0)
        return;
    struct layout **at = &table->buckets[layout->hash & (table->bucket_count - 1)];
    while (*at != layout)
        at = &(*at)->hash_next;
    *at = layout->hash_next;
    table->free_slots[table->free_slot_count++] = layout->view.slot;
    table->count--;
    table->bytes -= layout->block_bytes;
    free(layout);
}
