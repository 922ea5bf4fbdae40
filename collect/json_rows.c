/* SPDX-License-Identifier: MIT */
/*
 * json_rows.c - rows of a batch as JSON objects
 *
 * This is the loop in which a collector that writes JSON spends its time. What is the same for all rows of a
 * layout is made once, when the layout is first seen: for each field, `, "NAME": ` and the way its values are
 * written. A row is then a copy and a number for each field. Room is made once for a row, for its longest form.
 *
 * Fields of length 0 hold nothing, and are null. A record of one octet may have thousands of them, and one datagram has
 * room for 65,000 such records, which would fill a disk: where they are out of proportion they are left out.
 *
 * A sampling rate that the record has no field for, as options or the header tell it, stands behind the fields as
 * "sampling_rate": who reads the file cannot know it otherwise.
 */
#include "json_rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Labels are copied in one piece of this size, which is longer than nearly all of them: quicker than counting. */
#define LABEL_HEAD 32

/* The text of a row's nulls may have so many octets for each octet that the record has in its datagram. */
#define NULLS_PER_OCTET 64u

/* How a value is written. All but the last are done here; the last asks the library. */
enum way { WAY_U8, WAY_U16, WAY_U32, WAY_U64, WAY_IPV4, WAY_OTHER };

struct label {
    char head[LABEL_HEAD];
    const char *text; /* the whole of it */
    uint32_t length_bytes;
    uint32_t width_bytes;
    uint32_t column;
    enum way way;
};

/* What is kept for a layout. One block of memory, with the labels' text behind the labels. */
struct row_form {
    const struct weir_layout *layout;
    uint64_t serial;
    size_t row_bytes_max;
    const struct weir_core_column *rate; /* that is to be told, or NULL */
    uint32_t label_count;
    struct label labels[];
};

struct json_rows {
    struct row_form **forms; /* by layout->slot */
    size_t form_count;
};

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                  "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

struct json_rows *json_rows_create(void)
{
    return calloc(1, sizeof(struct json_rows));
}

void json_rows_free(struct json_rows *rows)
{
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < rows->form_count; i++) {
        free(rows->forms[i]);
    }
    free(rows->forms);
    free(rows);
}

/* ------------------------------------------------------------------------------------------------ a layout */

/* Times in the NTP format and whatever else has a meaning beyond its number are left to the library. */
static enum way way_of(const struct weir_field *field)
{
    if (field->type == WEIR_TYPE_DATE_TIME_MICROSECONDS || field->type == WEIR_TYPE_DATE_TIME_NANOSECONDS) {
        return WAY_OTHER;
    }
    switch (field->kind) {
    case WEIR_KIND_U8: return WAY_U8;
    case WEIR_KIND_U16: return WAY_U16;
    case WEIR_KIND_U32: return WAY_U32;
    case WEIR_KIND_U64: return WAY_U64;
    case WEIR_KIND_IPV4: return WAY_IPV4;
    default: return WAY_OTHER;
    }
}

#define LABEL_EXTRA (sizeof ", {\"\": " - 1)

/* Writes `, "NAME": ` or, for the first field, `, {"NAME": `; a name comes from a registry, and needs no escapes
 * but where somebody put a quote into it. */
static char *label_write(char *at, const char *name, bool first)
{
    *at++ = ',';
    *at++ = ' ';
    if (first) {
        *at++ = '{';
    }
    *at++ = '"';
    for (; *name != '\0'; name++) {
        *at++ = (unsigned char)*name < 0x20 || *name == '"' || *name == '\\' ? '_' : *name;
    }
    *at++ = '"';
    *at++ = ':';
    *at++ = ' ';
    return at;
}

/* Whether the fields of length 0 are written. */
static bool has_nulls(const struct weir_layout *layout)
{
    size_t text_bytes = 0;

    for (uint32_t i = 0; i < layout->field_count; i++) {
        if (layout->fields[i].kind == WEIR_KIND_NULL) {
            text_bytes += LABEL_EXTRA + strlen(layout->fields[i].v9_name) + sizeof "null" - 1;
        }
    }
    return text_bytes <= (size_t)NULLS_PER_OCTET * layout->record_bytes;
}

static const char rate_label[] = ", \"sampling_rate\": ";

enum { RATE_BYTES_MAX = sizeof rate_label + 10 };

/* A field says it by itself. */
static const struct weir_core_column *rate_of(const struct weir_layout *layout)
{
    const struct weir_core_column *rate = layout->core == NULL ? NULL : &layout->core[WEIR_CORE_SAMPLING_RATE];
    return rate != NULL && (rate->how == WEIR_CORE_COMPUTED || rate->how == WEIR_CORE_CONSTANT) ? rate : NULL;
}

static struct row_form *form_create(const struct weir_layout *layout)
{
    const bool nulls = has_nulls(layout);
    size_t text_bytes = LABEL_HEAD;
    /* what the fields of variable length hold is as much as one datagram can hold */
    const size_t variable_bytes_max = (layout->variable_count > 0 ? WEIR_VALUE_JSON_SIZE(UINT16_MAX) : 0) +
                                      (layout->list_count > 0 ? WEIR_RECORD_LISTS_SIZE : 0);
    size_t row_bytes_max = sizeof ", {}" + LABEL_HEAD + RATE_BYTES_MAX + variable_bytes_max;

    for (uint32_t i = 0; i < layout->field_count; i++) {
        if (layout->fields[i].kind == WEIR_KIND_NULL && !nulls) {
            continue;
        }
        size_t label_bytes = strlen(layout->fields[i].v9_name) + LABEL_EXTRA;
        text_bytes += label_bytes;
        row_bytes_max += label_bytes + WEIR_VALUE_JSON_SIZE(layout->fields[i].width_bytes);
    }

    size_t head_bytes = sizeof(struct row_form) + layout->field_count * sizeof(struct label);
    struct row_form *form = calloc(1, head_bytes + text_bytes);
    if (form == NULL) {
        return NULL;
    }
    form->layout = layout;
    form->serial = layout->serial;
    form->row_bytes_max = row_bytes_max;
    form->rate = rate_of(layout);

    char *text = (char *)form + head_bytes;
    for (uint32_t i = 0; i < layout->field_count; i++) {
        if (layout->fields[i].kind == WEIR_KIND_NULL && !nulls) {
            continue;
        }
        struct label *label = &form->labels[form->label_count];
        char *end = label_write(text, layout->fields[i].v9_name, form->label_count == 0);
        form->label_count++;
        label->column = i;
        label->text = text;
        label->length_bytes = (uint32_t)(end - text);
        label->width_bytes = layout->fields[i].width_bytes;
        label->way = way_of(&layout->fields[i]);
        text = end;
    }
    for (uint32_t i = 0; i < form->label_count; i++) {
        memcpy(form->labels[i].head, form->labels[i].text, LABEL_HEAD);
    }
    return form;
}

/* The form of a layout, made when it is not there. A slot is used anew when its layout is gone. */
static const struct row_form *form_of(struct json_rows *rows, const struct weir_layout *layout)
{
    size_t slot = layout->slot;

    if (slot >= rows->form_count) {
        size_t count = (slot + 1) * 2;
        struct row_form **forms = realloc(rows->forms, count * sizeof *forms);
        if (forms == NULL) {
            return NULL;
        }
        for (size_t i = rows->form_count; i < count; i++) {
            forms[i] = NULL;
        }
        rows->forms = forms;
        rows->form_count = count;
    }

    struct row_form *form = rows->forms[slot];
    if (form == NULL || form->serial != layout->serial || form->layout != layout) {
        free(form);
        form = form_create(layout);
        rows->forms[slot] = form;
    }
    return form;
}

/* -------------------------------------------------------------------------------------------------- values */

static char *pair_write(char *at, uint32_t below_100)
{
    memcpy(at, &digit_pairs[below_100 * 2], 2);
    return at + 2;
}

static uint32_t digit_count(uint32_t number)
{
    uint32_t count = 1;

    for (;;) {
        if (number < 10) {
            return count;
        }
        if (number < 100) {
            return count + 1;
        }
        if (number < 1000) {
            return count + 2;
        }
        if (number < 10000) {
            return count + 3;
        }
        number /= 10000;
        count += 4;
    }
}

static char *u32_write(char *at, uint32_t number)
{
    char *end = at + digit_count(number);
    char *to = end;

    while (number >= 100) {
        to -= 2;
        pair_write(to, number % 100);
        number /= 100;
    }
    if (number >= 10) {
        pair_write(to - 2, number);
    } else {
        to[-1] = (char)('0' + number);
    }
    return end;
}

static char *u64_write(char *at, uint64_t number)
{
    if (number <= UINT32_MAX) {
        return u32_write(at, (uint32_t)number);
    }
    uint32_t low = (uint32_t)(number % 100000000);
    at = u64_write(at, number / 100000000);
    at = pair_write(at, low / 1000000);
    at = pair_write(at, low / 10000 % 100);
    at = pair_write(at, low / 100 % 100);
    return pair_write(at, low % 100);
}

static char *octet_write(char *at, uint32_t octet)
{
    if (octet >= 100) {
        *at++ = (char)('0' + octet / 100);
        return pair_write(at, octet % 100);
    }
    if (octet >= 10) {
        return pair_write(at, octet);
    }
    *at++ = (char)('0' + octet);
    return at;
}

static char *ipv4_write(char *at, uint32_t address)
{
    *at++ = '"';
    at = octet_write(at, address >> 24);
    *at++ = '.';
    at = octet_write(at, address >> 16 & 255);
    *at++ = '.';
    at = octet_write(at, address >> 8 & 255);
    *at++ = '.';
    at = octet_write(at, address & 255);
    *at++ = '"';
    return at;
}

static char *value_write(char *at, const struct label *label, const struct weir_field *field, const uint8_t *value)
{
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (label->way) {
    case WAY_U8:
        return octet_write(at, *value);
    case WAY_U16:
        memcpy(&u16, value, sizeof u16);
        return u32_write(at, u16);
    case WAY_U32:
        memcpy(&u32, value, sizeof u32);
        return u32_write(at, u32);
    case WAY_U64:
        memcpy(&u64, value, sizeof u64);
        return u64_write(at, u64);
    case WAY_IPV4:
        memcpy(&u32, value, sizeof u32);
        return ipv4_write(at, u32);
    case WAY_OTHER:
        break;
    }
    return at + weir_value_json(field, value, at);
}

/* ---------------------------------------------------------------------------------------------------- rows */

/* One that is not known, or all packets, needs no telling; but what the user says goes before the fields. */
static char *rate_write(char *at, const struct row_form *form, const struct weir_batch *batch, size_t row)
{
    const struct weir_core_column *column = form->rate;
    uint32_t rate = column->value;

    if (column->how == WEIR_CORE_COMPUTED) {
        memcpy(&rate, (const uint8_t *)batch->columns[column->column] + row * sizeof rate, sizeof rate);
        if (rate <= 1) {
            return at;
        }
    }
    const char *label = form->label_count == 0 ? rate_label + 2 : rate_label;
    memcpy(at, label, strlen(label));
    return u32_write(at + strlen(label), rate);
}

static char *row_write(char *at, const struct row_form *form, const struct weir_batch *batch, size_t row)
{
    const struct weir_field *fields = batch->layout->fields;

    if (form->label_count == 0) {
        memcpy(at, ", {", 3);
        at += 3;
    }
    for (uint32_t i = 0; i < form->label_count; i++) {
        const struct label *label = &form->labels[i];
        const uint8_t *column = batch->columns[label->column];

        memcpy(at, label->head, LABEL_HEAD);
        if (label->length_bytes > LABEL_HEAD) {
            memcpy(at + LABEL_HEAD, label->text + LABEL_HEAD, label->length_bytes - LABEL_HEAD);
        }
        at += label->length_bytes;
        at = value_write(at, label, &fields[label->column],
                         column == NULL ? NULL : column + row * label->width_bytes);
    }
    if (form->rate != NULL) {
        at = rate_write(at, form, batch, row);
    }
    *at++ = '}';
    return at;
}

int json_rows_write(struct json_rows *rows, const struct weir_batch *batch, uint32_t first_row, uint32_t row_count,
                    struct json_buffer *out)
{
    const struct row_form *form = form_of(rows, batch->layout);

    if (form == NULL) {
        return -1;
    }
    for (size_t row = first_row; row < (size_t)first_row + row_count; row++) {
        if (json_buffer_reserve(out, form->row_bytes_max) < 0) {
            return -1;
        }
        char *at = out->bytes + out->used;
        out->used += (size_t)(row_write(at, form, batch, row) - at);
    }
    return 0;
}
