/* SPDX-License-Identifier: MIT */
/*
 * record_names.c - finds the names of a record's interfaces, application and VRFs
 *
 * They are what the exporter has told in options records until now, which may be after the record came: names change
 * seldom, and a name told late serves better than none.
 */
#include "record_names.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_BYTES = 32, NAME_BYTES_MAX = 255 };

static const struct {
    uint8_t core; /* enum weir_core: what has the name */
    uint8_t kind; /* enum weir_fact_kind */
    const char *label;
} named[] = {
    {WEIR_CORE_APPLICATION_ID, WEIR_FACT_APPLICATION, "application_name"},
    {WEIR_CORE_IN_INTERFACE, WEIR_FACT_INTERFACE, "in_interface_name"},
    {WEIR_CORE_OUT_INTERFACE, WEIR_FACT_INTERFACE, "out_interface_name"},
    {WEIR_CORE_IN_VRF, WEIR_FACT_VRF, "in_vrf_name"},
    {WEIR_CORE_OUT_VRF, WEIR_FACT_VRF, "out_vrf_name"},
};

enum { NAMED_COUNT = sizeof named / sizeof *named };

size_t record_names_size(void)
{
    return NAMED_COUNT * (LABEL_BYTES + WEIR_VALUE_JSON_SIZE(NAME_BYTES_MAX));
}

/* Octets as a number, the first the highest. */
static bool read_octets(const uint8_t *octets, size_t size_bytes, uint64_t *ret_number)
{
    if (size_bytes == 0 || size_bytes > sizeof *ret_number)
        return false;
    *ret_number = 0;
    for (size_t i = 0; i < size_bytes; i++)
        *ret_number = *ret_number << 8 | octets[i];
    return true;
}

/* False when there is no number, or none that could have a name. */
static bool read_number(const struct weir_batch *batch, const struct weir_core_column *core, uint32_t row,
                        uint64_t *ret_number)
{
    if (core->how != WEIR_CORE_FIELD && core->how != WEIR_CORE_COMPUTED)
        return false;
    const void *column = batch->columns[core->column];
    const struct weir_octets *octets;
    switch (core->kind) {
    case WEIR_KIND_U8:
        *ret_number = ((const uint8_t *)column)[row];
        return true;
    case WEIR_KIND_U16:
        *ret_number = ((const uint16_t *)column)[row];
        return true;
    case WEIR_KIND_U32:
        *ret_number = ((const uint32_t *)column)[row];
        return true;
    case WEIR_KIND_U64:
        *ret_number = ((const uint64_t *)column)[row];
        return true;
    case WEIR_KIND_OCTETS:
        return read_octets((const uint8_t *)column + (size_t)row * core->width_bytes, core->width_bytes, ret_number);
    case WEIR_KIND_VARIABLE:
        octets = &((const struct weir_octets *)column)[row];
        return read_octets(octets->data, octets->size_bytes, ret_number);
    default:
        return false;
    }
}

static char *put_text(char *to, const char *label, const char *text)
{
    const struct weir_field like = {
        .kind = WEIR_KIND_OCTETS, .type = WEIR_TYPE_STRING, .width_bytes = (uint32_t)strlen(text)};
    to += sprintf(to, ",\"%s\":", label);
    return to + weir_value_json(&like, text, to);
}

char *record_names_put(char *to, const struct weir_decoder *decoder, const struct weir_batch *batch,
                       const struct weir_run *run, uint32_t row)
{
    for (int i = 0; i < NAMED_COUNT; i++) {
        struct weir_fact fact;
        uint64_t id;
        if (read_number(batch, &batch->layout->core[named[i].core], row, &id) &&
            weir_decoder_fact(decoder, &run->exporter, run->domain, (enum weir_fact_kind)named[i].kind, id, &fact) &&
            fact.name[0] != '\0')
            to = put_text(to, named[i].label, fact.name);
    }
    return to;
}
