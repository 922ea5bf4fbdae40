/* SPDX-License-Identifier: MIT */
/*
 * structured.c - reads lists (RFC 6313 section 4.5) and writes them as JSON text
 *
 *     basicList                         subTemplateList                subTemplateMultiList
 *     +----------+---------+--------+   +----------+-------------+     +----------+-------------+--------+
 *     | Semantic | Element | Length |   | Semantic | Template ID |     | Semantic | Template ID | Length |
 *     +----------+---------+--------+   +----------+-------------+     +----------+-------------+--------+
 *     | enterprise number, if E     |   | records ...            |     | records ...                     |
 *     +-----------------------------+   +------------------------+     +-------------+--------+----------+
 *     | values ...                  |                                  | Template ID | Length |   ...
 *     +-----------------------------+                                  +-------------+--------+
 *
 * A length has its own template ID and length in it. Zeros behind the last whole value or record are padding, as a
 * list in a field of fixed length may need it.
 *
 * A peer may send few octets that mean much text: a record of one octet whose template has a thousand fields of length
 * 0. So the text is bounded, and so is what is written in vain. Once `full` is set nothing more is written, and all
 * that is under way comes to its end.
 */
#include "structured.h"

#include "compile.h"
#include "limits.h"
#include "specifier.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

enum { VERSION_IPFIX = 10, LENGTH_FOLLOWS = 255, GROUP_HEADER_BYTES = 4, NAME_BYTES = 128 };

/* How the reading of a list ended. */
enum outcome { OUTCOME_GOOD, OUTCOME_MALFORMED, OUTCOME_TEMPLATE_UNKNOWN, OUTCOME_TOO_DEEP };

struct writer {
    char *text;
    size_t size;
    size_t size_max;
    size_t wasted; /* octets of text that were taken back */
    bool full;
    unsigned depth;
    const struct structured_context *context;
    struct structured_faults faults;
};

/* ------------------------------------------------------------------------------------------------------ text */

static void put_bytes(struct writer *to, const char *bytes, size_t count)
{
    if (to->full || count > to->size_max - to->size) {
        to->full = true;
        return;
    }
    memcpy(to->text + to->size, bytes, count);
    to->size += count;
}

static void put(struct writer *to, const char *text)
{
    put_bytes(to, text, strlen(text));
}

static void put_number(struct writer *to, unsigned number)
{
    char text[16];
    put_bytes(to, text, (size_t)sprintf(text, "%u", number));
}

/* A value as its column would hold it. The slack takes it even where the bound does not. */
static void put_json(struct writer *to, const struct weir_field *field, const void *value)
{
    if (to->full)
        return;
    to->size += weir_value_json(field, value, to->text + to->size);
    to->full = to->size > to->size_max;
}

static void put_octets(struct writer *to, enum weir_type type, const uint8_t *data, size_t size_bytes)
{
    const struct weir_field field = {.kind = WEIR_KIND_VARIABLE, .type = (uint8_t)type};
    put_json(to, &field, &(struct weir_octets){data, size_bytes});
}

/* ---------------------------------------------------------------------------------------------------- values */

static void put_list(struct writer *to, enum weir_type type, const uint8_t *data, size_t size_bytes);

/* A value of a field of `length` octets in its template; `size_bytes` are there. */
static void put_value(struct writer *to, enum weir_type type, uint32_t length, const uint8_t *data, size_t size_bytes)
{
    const enum weir_kind kind = specifier_kind(type, length);
    const struct weir_field field = {.kind = (uint8_t)kind, .type = (uint8_t)type};
    _Alignas(16) uint8_t value[16];
    switch (kind) {
    case WEIR_KIND_JSON:
        put_list(to, type, data, size_bytes);
        break;
    case WEIR_KIND_OCTETS:
    case WEIR_KIND_VARIABLE:
        put_octets(to, type, data, size_bytes);
        break;
    case WEIR_KIND_NULL:
        put_json(to, &field, NULL);
        break;
    default:
        compile_kernel(kind, length)(value, data, 0, 1, length);
        put_json(to, &field, value);
    }
}

/* The octets of the next value, or NULL when they run over the end. */
static const uint8_t *take_value(struct wire *wire, uint32_t length, size_t *ret_size_bytes)
{
    if (length == SPECIFIER_VARIABLE_LENGTH) {
        length = wire_u8(wire);
        if (length == LENGTH_FOLLOWS)
            length = wire_u16(wire);
    }
    *ret_size_bytes = length;
    return wire_take(wire, length);
}

static bool is_padding(const struct wire *wire)
{
    for (const uint8_t *p = wire->at; p < wire->end; p++) {
        if (*p != 0)
            return false;
    }
    return true;
}

static void put_element_name(struct writer *to, const struct specifier *specifier)
{
    char name[NAME_BYTES];
    if (specifier->element == NULL)
        snprintf(name, sizeof name, "ie_%u_%u", specifier->pen, specifier->id);
    else if (!specifier->reverse)
        snprintf(name, sizeof name, "%s", specifier->element->name);
    else
        snprintf(name, sizeof name, "reverse%c%s",
                 specifier->element->name[0] - (specifier->element->name[0] >= 'a' ? 'a' - 'A' : 0),
                 specifier->element->name + 1);
    put(to, name);
}

static enum outcome put_basic_list(struct writer *to, struct wire wire)
{
    const uint8_t semantic = wire_u8(&wire);
    struct specifier specifier = specifier_next(&wire, VERSION_IPFIX, false);
    if (wire.error)
        return OUTCOME_MALFORMED;
    specifier_find_element(&specifier, VERSION_IPFIX, to->context->taught);
    const enum weir_type type = specifier.element != NULL ? specifier.element->type : WEIR_TYPE_OCTET_ARRAY;
    const size_t least_bytes = specifier.length == SPECIFIER_VARIABLE_LENGTH ? 1 : specifier.length;
    put(to, "{\"list\":\"basicList\",\"semantic\":");
    put_number(to, semantic);
    put(to, ",\"element\":\"");
    put_element_name(to, &specifier);
    put(to, "\",\"values\":[");
    const char *before = "";
    while (least_bytes > 0 && wire_left(&wire) >= least_bytes && !to->full) {
        size_t size_bytes;
        const uint8_t *data = take_value(&wire, specifier.length, &size_bytes);
        if (data == NULL)
            return OUTCOME_MALFORMED;
        put(to, before);
        put_value(to, type, specifier.length, data, size_bytes);
        before = ",";
    }
    put(to, "]}");
    return is_padding(&wire) ? OUTCOME_GOOD : OUTCOME_MALFORMED;
}

/* --------------------------------------------------------------------------------------------------- records */

static const struct layout *find_layout(const struct writer *to, uint16_t template_id)
{
    const struct session *session = to->context->session;
    const struct template_entry *entry = session == NULL ? NULL : session_template(session, template_id);
    return entry == NULL ? NULL : entry->layout;
}

/* The specifiers tell where the fields lie, paddingOctets too; the layout has the others, with their names. */
static enum outcome put_record(struct writer *to, const struct layout *layout, struct wire *wire)
{
    struct wire specifiers = wire_init(layout->specification, layout->specification_bytes);
    const struct weir_field *field = layout->view.fields;
    const char *before = "{\"";
    for (uint32_t i = 0; wire_left(&specifiers) > 0 && !to->full; i++) {
        const struct specifier specifier =
            specifier_next(&specifiers, layout->view.version, i < layout->view.scope_count);
        size_t size_bytes;
        const uint8_t *data = take_value(wire, specifier.length, &size_bytes);
        if (data == NULL)
            return OUTCOME_MALFORMED;
        if (specifier.padding)
            continue;
        put(to, before);
        put(to, field->name);
        put(to, "\":");
        put_value(to, field->type, specifier.length, data, size_bytes);
        before = ",\"";
        field++;
    }
    put(to, field == layout->view.fields ? "{}" : "}");
    return OUTCOME_GOOD;
}

static enum outcome put_records(struct writer *to, uint16_t template_id, struct wire wire)
{
    const struct layout *layout = find_layout(to, template_id);
    if (layout == NULL)
        return OUTCOME_TEMPLATE_UNKNOWN;
    put(to, "\"template_id\":");
    put_number(to, template_id);
    put(to, ",\"records\":[");
    const char *before = "";
    while (wire_left(&wire) >= layout->view.record_bytes && !to->full) {
        put(to, before);
        const enum outcome outcome = put_record(to, layout, &wire);
        if (outcome != OUTCOME_GOOD)
            return outcome;
        before = ",";
    }
    put(to, "]");
    return is_padding(&wire) ? OUTCOME_GOOD : OUTCOME_MALFORMED;
}

static enum outcome put_sub_template_list(struct writer *to, struct wire wire)
{
    const uint8_t semantic = wire_u8(&wire);
    const uint16_t template_id = wire_u16(&wire);
    if (wire.error)
        return OUTCOME_MALFORMED;
    put(to, "{\"list\":\"subTemplateList\",\"semantic\":");
    put_number(to, semantic);
    put(to, ",");
    const enum outcome outcome = put_records(to, template_id, wire);
    put(to, "}");
    return outcome;
}

static enum outcome put_sub_template_multi_list(struct writer *to, struct wire wire)
{
    const uint8_t semantic = wire_u8(&wire);
    if (wire.error)
        return OUTCOME_MALFORMED;
    put(to, "{\"list\":\"subTemplateMultiList\",\"semantic\":");
    put_number(to, semantic);
    put(to, ",\"groups\":[");
    const char *before = "{";
    while (!is_padding(&wire) && !to->full) {
        const uint16_t template_id = wire_u16(&wire), length = wire_u16(&wire);
        const size_t size_bytes = length < GROUP_HEADER_BYTES ? SIZE_MAX : (size_t)length - GROUP_HEADER_BYTES;
        const uint8_t *data = wire_take(&wire, size_bytes);
        if (data == NULL)
            return OUTCOME_MALFORMED;
        put(to, before);
        const enum outcome outcome = put_records(to, template_id, wire_init(data, size_bytes));
        if (outcome != OUTCOME_GOOD)
            return outcome;
        put(to, "}");
        before = ",{";
    }
    put(to, "]}");
    return OUTCOME_GOOD;
}

/* ----------------------------------------------------------------------------------------------------- lists */

static void count_fault(struct structured_faults *faults, enum outcome outcome)
{
    faults->malformed += outcome == OUTCOME_MALFORMED;
    faults->template_unknown += outcome == OUTCOME_TEMPLATE_UNKNOWN;
    faults->too_long += outcome == OUTCOME_TOO_DEEP;
}

static enum outcome put_list_of_type(struct writer *to, enum weir_type type, struct wire wire)
{
    if (to->depth > LIMIT_LIST_DEPTH)
        return OUTCOME_TOO_DEEP;
    switch (type) {
    case WEIR_TYPE_BASIC_LIST:
        return put_basic_list(to, wire);
    case WEIR_TYPE_SUB_TEMPLATE_LIST:
        return put_sub_template_list(to, wire);
    default:
        return put_sub_template_multi_list(to, wire);
    }
}

/* What cannot be read is taken back, and its octets take its place. */
static void put_list(struct writer *to, enum weir_type type, const uint8_t *data, size_t size_bytes)
{
    const size_t begin = to->size;
    const struct structured_faults faults = to->faults;
    if (size_bytes == 0) {
        put(to, "null");
        return;
    }
    to->depth++;
    const enum outcome outcome = put_list_of_type(to, type, wire_init(data, size_bytes));
    to->depth--;
    if (outcome == OUTCOME_GOOD || to->full)
        return;
    to->wasted += to->size - begin;
    to->full = to->wasted > to->size_max;
    to->size = begin;
    to->faults = faults;
    count_fault(&to->faults, outcome);
    put_octets(to, WEIR_TYPE_OCTET_ARRAY, data, size_bytes);
}

size_t structured_write(const struct structured_context *context, enum weir_type type, const uint8_t *data,
                        size_t size_bytes, size_t text_max, char *text, struct structured_faults *faults)
{
    struct writer to = {.text = text, .size_max = text_max, .context = context};
    put_list(&to, type, data, size_bytes);
    if (to.full) {
        to.size = 0;
        to.full = false;
        to.faults = (struct structured_faults){.too_long = 1};
        put_octets(&to, WEIR_TYPE_OCTET_ARRAY, data, size_bytes);
    }
    faults->malformed += to.faults.malformed;
    faults->template_unknown += to.faults.template_unknown;
    faults->too_long += to.faults.too_long;
    return to.size;
}
