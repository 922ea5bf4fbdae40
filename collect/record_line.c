/* SPDX-License-Identifier: MIT */
/*
 * record_line.c - writes records as lines of JSON
 *
 * What all records of a run have in common is written once, at the front of the buffer; each record then adds
 * its fields behind it.
 */
#include "record_line.h"

#include "record_core.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 512, QUOTES_BYTES = 8, VARIABLE_BYTES_MAX = 65535 /* of one record */ };

void record_line_init(struct record_line *line, bool v9_names)
{
    *line = (struct record_line){.v9_names = v9_names};
}

void record_line_done(struct record_line *line)
{
    free(line->text);
    *line = (struct record_line){0};
}

static const char *name_of(const struct record_line *line, const struct weir_field *field)
{
    return line->v9_names ? field->v9_name : field->name;
}

/* Makes room for the longest line that a layout can give. */
static int reserve(struct record_line *line, const struct weir_layout *layout)
{
    size_t need = HEAD_BYTES + (layout->variable_count > 0 ? WEIR_VALUE_JSON_SIZE(VARIABLE_BYTES_MAX) : 0) +
                  (layout->list_count > 0 ? WEIR_RECORD_LISTS_SIZE : 0);
    need += line->core ? record_core_size(layout) : 0;
    for (uint32_t i = 0; i < layout->field_count; i++) {
        const struct weir_field *field = &layout->fields[i];
        need += WEIR_VALUE_JSON_SIZE(field->width_bytes) + 2 * (strlen(name_of(line, field)) + QUOTES_BYTES);
    }
    if (need <= line->capacity)
        return 0;
    char *text = realloc(line->text, need);
    if (text == NULL) {
        errno = ENOMEM;
        return -1;
    }
    line->text = text;
    line->capacity = need;
    return 0;
}

static char *put_text(char *to, const char *text)
{
    const size_t length = strlen(text);
    memcpy(to, text, length);
    return to + length;
}

static char *put_scope(const struct record_line *line, char *to, const struct weir_layout *layout)
{
    to = put_text(to, "\"scope\":[");
    for (uint32_t i = 0; i < layout->scope_count; i++) {
        to = put_text(to, i == 0 ? "\"" : ",\"");
        to = put_text(to, name_of(line, &layout->fields[i]));
        *to++ = '"';
    }
    return put_text(to, "],");
}

static char *put_head(const struct record_line *line, const struct weir_layout *layout, const struct weir_run *run)
{
    char address[WEIR_ADDRESS_TEXT_SIZE];
    weir_address_text(&run->exporter, address);
    char *to = line->text;
    to += sprintf(to,
                  "{\"packet\":%" PRIu64 ",\"exporter\":\"%s\",\"exporter_port\":%u,\"version\":%u,"
                  "\"observation_domain\":%" PRIu32 ",\"export_time\":%" PRIu32 ",\"sys_uptime\":%" PRIu32
                  ",\"sequence\":%" PRIu32 ",\"template_id\":",
                  run->datagram, address, run->exporter_port, run->version, run->domain, run->export_time_s,
                  run->sys_uptime_ms, run->sequence);
    to += run->template_id == 0 ? sprintf(to, "null") : sprintf(to, "%u", run->template_id);
    to += sprintf(to, ",\"options\":%s,", layout->options ? "true" : "false");
    if (layout->options)
        to = put_scope(line, to, layout);
    if (run->late)
        to = put_text(to, "\"late_template\":true,");
    return put_text(to, "\"fields\":{");
}

static char *put_fields(const struct record_line *line, char *to, const struct weir_batch *batch,
                        const struct weir_run *run, uint32_t row)
{
    for (uint32_t i = 0; i < batch->layout->field_count; i++) {
        const struct weir_field *field = &batch->layout->fields[i];
        const uint8_t *column = batch->columns[i];
        to = put_text(to, i == 0 ? "\"" : ",\"");
        to = put_text(to, name_of(line, field));
        to = put_text(to, "\":");
        to += weir_value_json(field, column == NULL ? NULL : column + (size_t)row * field->width_bytes, to);
    }
    *to++ = '}';
    if (line->core)
        to = record_core_put(to, line->decoder, batch, run, row);
    return put_text(to, "}\n");
}

int record_line_print_run(struct record_line *line, const struct weir_batch *batch, const struct weir_run *run,
                          FILE *out)
{
    if (reserve(line, batch->layout) != 0)
        return -1;
    char *fields = put_head(line, batch->layout, run);
    for (uint32_t row = run->first_row; row < run->first_row + run->row_count; row++) {
        const char *end = put_fields(line, fields, batch, run, row);
        const size_t length = (size_t)(end - line->text);
        if (fwrite(line->text, 1, length, out) != length)
            return -1;
    }
    return 0;
}
