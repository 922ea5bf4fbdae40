/* SPDX-License-Identifier: MIT */
/*
 * template_set.c - reads template sets and options template sets (RFC 3954 sections 5.2 and 6.1)
 *
 *     template                          options template
 *     +-------------+-------------+     +-------------+--------------+---------------+
 *     | Template ID | Field count |     | Template ID | Scope length | Option length |   lengths in octets
 *     +-------------+-------------+     +-------------+--------------+---------------+
 *     | Type        | Length      |     | Scope type  | Length       |  ...
 *     | Type        | Length      |     | Type        | Length       |  ...
 *     |  ...                      |     |  ...                       |
 *
 * A set holds any number of them, and ends with up to three octets of padding, or with zeros.
 */
#include "decoder.h"

enum { TEMPLATE_ID_FIRST = 256, SPECIFIER_BYTES = 4 };

static void refuse(struct weir_decoder *decoder, enum weir_reason reason, uint16_t id)
{
    decoder_refuse(decoder, WEIR_EVENT_TEMPLATE_REFUSED, reason, &decoder->message.run, id);
}

/* What the ID meant before, it does not mean any more. True when this session had been sent a meaning. */
static bool forget(struct weir_decoder *decoder, uint16_t id)
{
    struct template_entry *entry = session_template(decoder->message.session, id);
    if (entry == NULL || entry->layout == NULL || entry->shared)
        return false;
    sharing_set_entry(decoder, entry, NULL, false);
    return true;
}

static void learn(struct weir_decoder *decoder, uint16_t id, const struct specification *specification)
{
    struct session *session = decoder->message.session;
    struct template_entry *entry = session_template(session, id);
    if (entry != NULL && entry->layout != NULL && !entry->shared && layout_matches(entry->layout, specification))
        return;
    const bool known = forget(decoder, id);
    enum weir_reason reason = WEIR_REASON_TEMPLATES_FULL;
    struct layout *layout = NULL;
    if (decoder->ledger.templates < decoder->options.templates_max)
        layout = layout_get(&decoder->layouts, specification, &reason);
    if (layout == NULL) {
        refuse(decoder, reason, id);
        return;
    }
    entry = session_template_add(session, id, decoder->options.templates_session_max);
    if (entry == NULL) {
        layout_unref(&decoder->layouts, layout);
        refuse(decoder, WEIR_REASON_TEMPLATES_FULL, id);
        return;
    }
    sharing_set_entry(decoder, entry, layout, false);
    if (known)
        decoder->ledger.templates_changed++;
    else
        decoder->ledger.templates_learned++;
    decoder_tell(decoder, known ? WEIR_EVENT_TEMPLATE_CHANGED : WEIR_EVENT_TEMPLATE_LEARNED, &decoder->message.run, id,
                 layout, 0);
    sharing_learned(decoder, session, id, layout);
    data_set_template_came(decoder, session, id);
}

/* Reads the head of the next template. False when there is none: the rest is padding, or cannot be read. */
static bool read_head(struct weir_decoder *decoder, struct wire *set, bool options, uint16_t *ret_id,
                      struct specification *ret_specification)
{
    if (wire_left(set) < 4)
        return false;
    const uint16_t id = wire_u16(set);
    const uint32_t first = wire_u16(set), second = options ? wire_u16(set) : 0;
    const uint32_t bytes = options ? first + second : first * SPECIFIER_BYTES;
    if (set->error || (id == 0 && bytes == 0))
        return false;
    const uint8_t *fields = wire_take(set, bytes);
    if (fields == NULL) {
        refuse(decoder, WEIR_REASON_TEMPLATE_OVERRUN, id);
        return false;
    }
    *ret_id = id;
    *ret_specification = (struct specification){
        .fields = fields,
        .field_count = bytes / SPECIFIER_BYTES,
        .scope_count = options ? first / SPECIFIER_BYTES : 0,
        .options = options,
    };
    return true;
}

/* Lengths of an options template that are no multiple of 4 do not say where a field ends. */
static bool has_whole_fields(const struct specification *specification)
{
    const uint8_t *head = specification->fields - 4; /* scope length, option length */
    return !specification->options || (head[1] % SPECIFIER_BYTES == 0 && head[3] % SPECIFIER_BYTES == 0);
}

static void refuse_lengths(struct weir_decoder *decoder, uint16_t id)
{
    forget(decoder, id);
    refuse(decoder, WEIR_REASON_TEMPLATE_OPTIONS_LENGTH, id);
}

void template_set_take(struct weir_decoder *decoder, struct wire set, bool options)
{
    uint16_t id;
    struct specification specification;
    while (read_head(decoder, &set, options, &id, &specification)) {
        decoder->message.record_count++;
        if (id < TEMPLATE_ID_FIRST)
            refuse(decoder, WEIR_REASON_TEMPLATE_ID_LOW, id);
        else if (!has_whole_fields(&specification))
            refuse_lengths(decoder, id);
        else
            learn(decoder, id, &specification);
    }
}
