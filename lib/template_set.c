/* SPDX-License-Identifier: MIT */
/*
 * template_set.c - reads template sets and options template sets (RFC 3954 sections 5.2 and 6.1, RFC 7011 section 3.4)
 *
 *     template                          options template, v9
 *     +-------------+-------------+     +-------------+--------------+---------------+
 *     | Template ID | Field count |     | Template ID | Scope length | Option length |   lengths in octets
 *     +-------------+-------------+     +-------------+--------------+---------------+
 *     | Type        | Length      |     | Scope type  | Length       |  ...
 *     | Type        | Length      |     | Type        | Length       |  ...
 *     |  ...                      |     |  ...                       |
 *
 *     withdrawal, IPFIX                 options template, IPFIX
 *     +-------------+-------------+     +-------------+-------------+-------------------+
 *     | Template ID | 0           |     | Template ID | Field count | Scope field count |
 *     +-------------+-------------+     +-------------+-------------+-------------------+
 *
 * A set holds any number of them, and ends with up to three octets of padding, or with zeros. A withdrawal whose
 * template ID is that of the set withdraws all templates of the domain that such sets bring (RFC 7011 section 8.1).
 * Over UDP nobody may withdraw a template, and a collector does not obey it (section 8.4).
 */
#include "decoder.h"

enum {
    VERSION_IPFIX = 10,
    SET_TEMPLATE = 2,
    SET_OPTIONS_TEMPLATE = 3,
    TEMPLATE_ID_FIRST = 256,
    SPECIFIER_BYTES = 4,
    ENTERPRISE_BYTES = 4,
    ENTERPRISE_BIT = 0x80
};

static void refuse(struct weir_decoder *decoder, enum weir_reason reason, uint16_t id)
{
    decoder_refuse(decoder, WEIR_EVENT_TEMPLATE_REFUSED, reason, &decoder->message.run, id);
}

/* What the ID meant before, it does not mean any more. Returns the version in which this session had been sent a
 * meaning, 0 for none; siblings are to be told. */
static uint16_t forget(struct weir_decoder *decoder, uint16_t id)
{
    struct template_entry *entry = session_template(decoder->message.session, id);
    if (entry == NULL || entry->layout == NULL || entry->shared)
        return 0;
    const uint16_t version = entry->layout->view.version;
    sharing_set_entry(decoder, decoder->message.session, entry, NULL, false);
    return version;
}

/* The same, and nothing else comes in its place. False when there was none. */
static bool drop(struct weir_decoder *decoder, uint16_t id)
{
    const uint16_t version = forget(decoder, id);
    if (version != 0)
        sharing_settle(decoder, decoder->message.session, id, version);
    return version != 0;
}

/* The layout of a new template; others may have to give up theirs for it. */
static struct layout *layout_for(struct weir_decoder *decoder, uint16_t id, const struct specification *specification,
                                 bool instead, enum weir_reason *ret_reason)
{
    const struct session *session = decoder->message.session;
    *ret_reason = WEIR_REASON_TEMPLATES_FULL;
    if (!eviction_may_have_template(decoder, session, instead))
        return NULL;
    for (uint32_t done = 0;; done++) {
        struct layout *layout = NULL;
        if (decoder->ledger.templates < decoder->options.templates_max && eviction_has_place(decoder, session, id))
            layout = layout_get(&decoder->layouts, specification, ret_reason);
        if (layout != NULL || *ret_reason != WEIR_REASON_TEMPLATES_FULL ||
            !eviction_for_template(decoder, session, done))
            return layout;
    }
}

static void mark_seen(const struct weir_decoder *decoder, struct template_entry *entry)
{
    entry->seen_us = decoder->message.reliable ? LIFETIME_ENDLESS_US : decoder->now_us;
}

/* Puts a new template, or one that is not what it was, in its place. False when it was refused. */
static bool put(struct weir_decoder *decoder, uint16_t id, const struct specification *specification, bool instead)
{
    struct session *session = decoder->message.session;
    enum weir_reason reason;
    struct layout *layout = layout_for(decoder, id, specification, instead, &reason);
    if (layout == NULL) {
        refuse(decoder, reason, id);
        return false;
    }
    struct template_entry *entry =
        session_template_add(&decoder->sessions, session, id, decoder->options.templates_session_max);
    if (entry == NULL) {
        layout_unref(&decoder->layouts, layout);
        refuse(decoder, WEIR_REASON_TEMPLATES_FULL, id);
        return false;
    }
    sharing_set_entry(decoder, session, entry, layout, false);
    return true;
}

static void learn(struct weir_decoder *decoder, uint16_t id, const struct specification *specification)
{
    struct session *session = decoder->message.session;
    struct template_entry *entry = session_template(session, id);
    if (entry != NULL && entry->layout != NULL && !entry->shared && layout_matches(entry->layout, specification) &&
        layout_is_current(&decoder->layouts, entry->layout)) {
        mark_seen(decoder, entry);
        return;
    }
    const uint16_t before = forget(decoder, id);
    const bool known = before != 0;
    if (!put(decoder, id, specification, known)) {
        if (known)
            sharing_settle(decoder, session, id, before);
        return;
    }
    if (known && before != specification->version)
        sharing_settle(decoder, session, id, before);
    entry = session_template(session, id);
    mark_seen(decoder, entry);
    if (known)
        decoder->ledger.templates_changed++;
    else
        decoder->ledger.templates_learned++;
    decoder_tell(decoder, known ? WEIR_EVENT_TEMPLATE_CHANGED : WEIR_EVENT_TEMPLATE_LEARNED, &decoder->message.run, id,
                 entry->layout, 0);
    sharing_settle(decoder, session, id, specification->version);
    data_set_template_came(decoder, session, id);
}

/* The head of a template. */
struct head {
    uint16_t id;
    uint16_t scope_bytes;  /* v9 options templates: octets of scope fields, of other fields */
    uint16_t option_bytes;
    struct specification specification;
};

/* Finds where `field_count` specifiers of IPFIX end: those with the enterprise bit are longer. */
static void take_fields_ipfix(struct wire *set, struct specification *specification)
{
    specification->fields = set->at;
    for (uint32_t i = 0; i < specification->field_count && !set->error; i++) {
        const uint8_t *specifier = wire_take(set, SPECIFIER_BYTES);
        if (specifier != NULL && (specifier[0] & ENTERPRISE_BIT) != 0)
            wire_take(set, ENTERPRISE_BYTES);
    }
    specification->size_bytes = (size_t)(set->at - specification->fields);
}

static void take_fields_9(struct wire *set, size_t bytes, struct specification *specification)
{
    specification->fields = wire_take(set, bytes);
    specification->size_bytes = bytes;
    specification->field_count = (uint32_t)(bytes / SPECIFIER_BYTES);
}

static void read_options_9(struct wire *set, struct head *head)
{
    head->scope_bytes = wire_u16(set);
    head->option_bytes = wire_u16(set);
    head->specification.scope_count = head->scope_bytes / SPECIFIER_BYTES;
    take_fields_9(set, (size_t)head->scope_bytes + head->option_bytes, &head->specification);
}

/* Reads the next template. False when there is none: the rest is padding, or cannot be read. */
static bool read_template(struct weir_decoder *decoder, struct wire *set, bool options, struct head *ret_head)
{
    const uint16_t version = decoder->message.run.version;
    if (wire_left(set) < 4)
        return false;
    const struct wire begin = *set;
    struct head head = {.id = wire_u16(set), .specification = {.version = version, .options = options}};
    if (head.id == 0 && set->at[0] == 0 && set->at[1] == 0)
        return false;
    if (version != VERSION_IPFIX && options) {
        read_options_9(set, &head);
    } else if (version != VERSION_IPFIX) {
        take_fields_9(set, (size_t)wire_u16(set) * SPECIFIER_BYTES, &head.specification);
    } else {
        head.specification.field_count = wire_u16(set);
        if (options && head.specification.field_count > 0)
            head.specification.scope_count = wire_u16(set);
        take_fields_ipfix(set, &head.specification);
    }
    if (set->error) {
        /* A few octets that are not even a head are padding, whatever they hold. */
        if (wire_left(&begin) >= SPECIFIER_BYTES + 2)
            refuse(decoder, WEIR_REASON_TEMPLATE_OVERRUN, head.id);
        return false;
    }
    *ret_head = head;
    return true;
}

static bool is_withdrawal(const struct head *head)
{
    return head->specification.version == VERSION_IPFIX && head->specification.field_count == 0;
}

/* Forgets a template of the session that was sent in such a set. False when there is none. */
static bool withdraw_one(struct weir_decoder *decoder, uint16_t id, bool options)
{
    const struct template_entry *entry = session_template(decoder->message.session, id);
    if (entry == NULL || entry->layout == NULL || entry->layout->view.options != options || !drop(decoder, id))
        return false;
    decoder->ledger.templates_withdrawn++;
    decoder_tell(decoder, WEIR_EVENT_TEMPLATE_WITHDRAWN, &decoder->message.run, id, NULL, 0);
    return true;
}

static void withdraw(struct weir_decoder *decoder, uint16_t id, bool options)
{
    const struct session *session = decoder->message.session;
    if (!decoder->message.reliable) {
        refuse(decoder, WEIR_REASON_TEMPLATE_WITHDRAWN, id);
    } else if (id == (options ? SET_OPTIONS_TEMPLATE : SET_TEMPLATE)) {
        for (uint32_t i = 0; i < session->template_places; i++)
            withdraw_one(decoder, session->templates[i].id, options);
    } else if (!withdraw_one(decoder, id, options)) {
        refuse(decoder, WEIR_REASON_TEMPLATE_NOT_KNOWN, id);
    }
}

/* What is wrong with a template that could be read, or WEIR_REASON_COUNT. */
static enum weir_reason fault_of(const struct head *head)
{
    const struct specification *specification = &head->specification;
    if (head->id < TEMPLATE_ID_FIRST)
        return WEIR_REASON_TEMPLATE_ID_LOW;
    if (head->scope_bytes % SPECIFIER_BYTES != 0 || head->option_bytes % SPECIFIER_BYTES != 0)
        return WEIR_REASON_TEMPLATE_OPTIONS_LENGTH; /* does not say where a field ends */
    if (specification->field_count == 0)
        return WEIR_REASON_TEMPLATE_EMPTY;
    if (specification->scope_count > specification->field_count)
        return WEIR_REASON_TEMPLATE_SCOPE;
    if (specification->version == VERSION_IPFIX && specification->options && specification->scope_count == 0)
        return WEIR_REASON_TEMPLATE_SCOPE;
    return WEIR_REASON_COUNT;
}

void template_set_take(struct weir_decoder *decoder, struct wire set, bool options)
{
    struct head head;
    while (read_template(decoder, &set, options, &head)) {
        decoder->message.record_count++;
        if (is_withdrawal(&head)) {
            withdraw(decoder, head.id, options);
            continue;
        }
        const enum weir_reason fault = fault_of(&head);
        if (fault == WEIR_REASON_COUNT) {
            learn(decoder, head.id, &head.specification);
        } else {
            drop(decoder, head.id);
            refuse(decoder, fault, head.id);
        }
    }
}
