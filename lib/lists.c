/* SPDX-License-Identifier: MIT */
/*
 * lists.c - the lists of records that were walked over
 */
#include "lists.h"

#include "decoder.h"
#include "limits.h"
#include "structured.h"

#include <stdlib.h>

/* Enough for one record at least, and for many as they are. */
enum { TEXTS_BYTES = 2 * WEIR_RECORD_LISTS_SIZE };

_Static_assert(2 * 65535 + 4 * LIMIT_TEMPLATE_FIELDS <= WEIR_RECORD_LISTS_SIZE, "octets as text have room");

int lists_init(struct lists *lists)
{
    lists->texts = malloc(TEXTS_BYTES + STRUCTURED_SLACK_BYTES);
    return lists->texts == NULL ? -1 : 0;
}

void lists_done(struct lists *lists)
{
    free(lists->texts);
    lists->texts = NULL;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* What the lists of a record need when all are shown as octets. */
static uint32_t octets_text_bytes(const struct layout *layout, const struct walked *walked, uint32_t record)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < walked->variable_count; i++) {
        if (layout->variable[i].list)
            bytes += (uint32_t)structured_octets_text_bytes(walk_lengths(walked, i)[record]);
    }
    return bytes;
}

/* Writes the lists of one record behind `used` octets of texts. Returns the octets of all its values then. */
static uint32_t write_record(const struct lists *lists, const struct structured_context *context,
                             const struct rows *rows, struct walked *walked, uint32_t record, uint32_t used,
                             struct structured_faults *faults)
{
    const struct layout *layout = rows->layout;
    uint32_t octets = octets_text_bytes(layout, walked, record), room = WEIR_RECORD_LISTS_SIZE, content = 0;
    for (uint32_t i = 0; i < walked->variable_count; i++) {
        const struct variable *variable = &layout->variable[i];
        uint32_t *start = &walk_values(walked, i)[record], *length = &walk_lengths(walked, i)[record];
        if (variable->list) {
            octets -= (uint32_t)structured_octets_text_bytes(*length);
            const uint32_t fair = LIMIT_LIST_TEXT_BYTES + LIMIT_LIST_TEXT_PER_OCTET * *length;
            const enum weir_type type = layout->view.fields[variable->column].type;
            const uint32_t written =
                (uint32_t)structured_write(context, type, rows->records + *start, *length,
                                           smaller(room - octets, fair), lists->texts + used, faults);
            *start = used;
            *length = written;
            used += written;
            room -= written;
        }
        content += *length;
    }
    return content;
}

static void tell_faults(struct weir_decoder *decoder, uint32_t count, enum weir_reason reason)
{
    const struct weir_run *run = &decoder->rows.run;
    for (; count > 0; count--)
        decoder_refuse(decoder, WEIR_EVENT_LIST_KEPT_RAW, reason, run, run->template_id);
}

/* How much of the texts a record's lists have taken. */
static uint32_t text_bytes(const struct layout *layout, const struct walked *walked, uint32_t record)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < walked->variable_count; i++)
        bytes += layout->variable[i].list ? walk_lengths(walked, i)[record] : 0;
    return bytes;
}

bool lists_write(struct weir_decoder *decoder, uint32_t content_max)
{
    const struct rows *rows = &decoder->rows;
    struct walked *walked = &decoder->walked;
    /* The session of a late set may have gone. */
    const struct structured_context context = {
        .session = session_find(&decoder->sessions, &rows->run.exporter, rows->run.exporter_port, rows->run.domain),
        .taught = &decoder->taught,
    };
    uint32_t used = 0, content = 0, record = 0;
    for (; record < walked->record_count && TEXTS_BYTES - used >= WEIR_RECORD_LISTS_SIZE; record++) {
        struct structured_faults faults = {0};
        const uint32_t bytes = write_record(&decoder->lists, &context, rows, walked, record, used, &faults);
        if (bytes > content_max - content)
            break;
        content += bytes;
        used += text_bytes(rows->layout, walked, record);
        tell_faults(decoder, faults.malformed, WEIR_REASON_LIST_MALFORMED);
        tell_faults(decoder, faults.template_unknown, WEIR_REASON_LIST_TEMPLATE_UNKNOWN);
        tell_faults(decoder, faults.too_long, WEIR_REASON_LIST_TOO_LONG);
    }
    const bool whole = record == walked->record_count;
    if (!whole)
        walked->size_bytes = walk_starts(walked, 0)[record];
    walked->record_count = record;
    walked->content_bytes = content;
    return whole;
}
