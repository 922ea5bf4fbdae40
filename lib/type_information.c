/* SPDX-License-Identifier: MIT */
/*
 * type_information.c - learns elements from options records (RFC 5610 section 3)
 *
 * Only enterprises' elements that nobody knows are learned: what is registered, or was added by the user, is known
 * better. A name is written into files of many kinds, so it is made of letters, digits and '_' only.
 */
#include "type_information.h"

#include "decoder.h"
#include "element.h"
#include "limits.h"

#include <string.h>

enum {
    ELEMENT_ID = 303,
    ELEMENT_DATA_TYPE = 339,
    ELEMENT_NAME = 341,
    ELEMENT_SEMANTICS = 344,
    ELEMENT_UNITS = 345,
    ELEMENT_PEN = 346,
    ENTERPRISE_BIT = 0x8000
};

static const char *const semantics[] = {
    "default", "quantity", "totalCounter", "deltaCounter", "identifier", "flags", "list", "snmpCounter", "snmpGauge",
};
static const char *const units[] = {
    "none",         "bits",        "octets",       "packets",  "flows", "seconds", "milliseconds", "microseconds",
    "nanoseconds",  "4-octet words", "messages",   "hops",     "entries", "frames", "ports",       "inferred",
};

enum { SEMANTICS_COUNT = sizeof semantics / sizeof *semantics, UNITS_COUNT = sizeof units / sizeof *units };

const char *type_information_semantics(uint64_t number)
{
    return number < SEMANTICS_COUNT ? semantics[number] : "";
}

const char *type_information_units(uint64_t number)
{
    return number < UNITS_COUNT ? units[number] : "";
}

/* The first number without a word for none. */
static uint8_t number_of(const char *const *words, uint8_t count, const char *word)
{
    uint8_t number = 0;
    while (number < count && strcmp(words[number], word) != 0)
        number++;
    return number;
}

uint8_t type_information_semantics_number(const char *word)
{
    return number_of(semantics, SEMANTICS_COUNT, word);
}

uint8_t type_information_units_number(const char *word)
{
    return number_of(units, UNITS_COUNT, word);
}

static const struct weir_field *find_field(const struct weir_field *fields, uint32_t field_count, uint16_t id)
{
    for (uint32_t i = 0; i < field_count; i++) {
        if (fields[i].pen == WEIR_PEN_IANA && fields[i].id == id)
            return &fields[i];
    }
    return NULL;
}

bool type_information_is(const struct weir_field *fields, uint32_t field_count)
{
    return find_field(fields, field_count, ELEMENT_ID) != NULL && find_field(fields, field_count, ELEMENT_NAME) != NULL;
}

/* The value of an element in a row, as a number; `missing` when there is no such field, or it is no number. */
static uint64_t read_number(const struct weir_batch *batch, uint32_t row, uint16_t id, uint64_t missing)
{
    const struct weir_field *field = find_field(batch->layout->fields, batch->layout->field_count, id);
    if (field == NULL)
        return missing;
    const void *column = batch->columns[field - batch->layout->fields];
    switch (field->kind) {
    case WEIR_KIND_U8:
        return ((const uint8_t *)column)[row];
    case WEIR_KIND_U16:
        return ((const uint16_t *)column)[row];
    case WEIR_KIND_U32:
        return ((const uint32_t *)column)[row];
    case WEIR_KIND_U64:
        return ((const uint64_t *)column)[row];
    default:
        return missing;
    }
}

static struct weir_octets read_name(const struct weir_batch *batch, uint32_t row)
{
    const struct weir_field *field = find_field(batch->layout->fields, batch->layout->field_count, ELEMENT_NAME);
    const uint8_t *column = batch->columns[field - batch->layout->fields];
    if (field->kind == WEIR_KIND_VARIABLE)
        return ((const struct weir_octets *)(const void *)column)[row];
    if (field->kind == WEIR_KIND_OCTETS)
        return (struct weir_octets){column + (size_t)row * field->width_bytes, field->width_bytes};
    return (struct weir_octets){NULL, 0};
}

/* Returns the length; 0 when there is nothing to take. */
static size_t clean_name(struct weir_octets from, char name[LIMIT_ELEMENT_NAME_BYTES])
{
    size_t length = 0;
    for (; length < from.size_bytes && length < LIMIT_ELEMENT_NAME_BYTES && from.data[length] != 0; length++)
        name[length] = element_name_has((char)from.data[length]) ? (char)from.data[length] : '_';
    return length;
}

bool type_information_is_enterprise(uint64_t pen)
{
    return pen != WEIR_PEN_IANA && pen != WEIR_PEN_REVERSE && pen < WEIR_PEN_V9_SCOPE;
}

static void take_row(struct weir_decoder *decoder, const struct weir_batch *batch, const struct weir_run *run,
                     uint32_t row)
{
    char name[LIMIT_ELEMENT_NAME_BYTES];
    const uint64_t id = read_number(batch, row, ELEMENT_ID, UINT64_MAX);
    const uint64_t pen = read_number(batch, row, ELEMENT_PEN, WEIR_PEN_IANA);
    const uint64_t type = read_number(batch, row, ELEMENT_DATA_TYPE, WEIR_TYPE_OCTET_ARRAY);
    const uint64_t meaning = read_number(batch, row, ELEMENT_SEMANTICS, 0);
    const uint64_t unit = read_number(batch, row, ELEMENT_UNITS, 0);
    const size_t name_bytes = clean_name(read_name(batch, row), name);
    if (id > UINT16_MAX || name_bytes == 0 || !type_information_is_enterprise(pen))
        return;
    const struct weir_element element = {
        .pen = (uint32_t)pen,
        .id = (uint16_t)(id & ~(uint64_t)ENTERPRISE_BIT), /* some leave the bit in */
        .type = (uint8_t)(type < WEIR_TYPE_COUNT ? type : WEIR_TYPE_OCTET_ARRAY),
        .name = name,
        .semantics = type_information_semantics(meaning),
        .units = type_information_units(unit),
    };
    if (taught_or_registered(&decoder->taught, element.pen, element.id) != NULL)
        return;
    const enum taught_result result = taught_add(&decoder->taught, &element, name_bytes, false);
    if (result == TAUGHT)
        decoder->ledger.elements_learned++;
    else if (result != TAUGHT_KNOWN)
        decoder_refuse(decoder, WEIR_EVENT_ELEMENT_REFUSED, WEIR_REASON_ELEMENTS_FULL, run, run->template_id);
}

void type_information_take(struct weir_decoder *decoder, const struct batch *batch, const struct weir_run *run,
                           uint32_t first_row)
{
    for (uint32_t row = first_row; row < batch->view.row_count; row++)
        take_row(decoder, &batch->view, run, row);
}
