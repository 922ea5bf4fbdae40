/* SPDX-License-Identifier: MIT */
/*
 * saved_load.c - takes what was saved; saved.h has the form
 *
 * What is within a template or an element is checked as if it had come from the network.
 */
#include "saved.h"

#include "decoder.h"
#include "element.h"
#include "limits.h"
#include "type_information.h"

#include <string.h>

enum {
    ADDRESS_BYTES = 17,
    TEMPLATE_ID_FIRST = 256,
    VERSION_9 = 9,
    VERSION_IPFIX = 10,
    ELEMENT_ID_MAX = 0x7fff
};

static uint64_t take_u64(struct wire *wire)
{
    const uint64_t high = wire_u32(wire);
    return high << 32 | wire_u32(wire);
}

static struct weir_address take_address(struct wire *wire)
{
    struct weir_address address = {.family = wire_u8(wire)};
    const uint8_t *octets = wire_take(wire, ADDRESS_BYTES - 1);
    if (octets != NULL)
        memcpy(address.octets, octets, ADDRESS_BYTES - 1);
    if (address.family != 0 && address.family != 4 && address.family != 6)
        wire->error = true;
    return address;
}

/* Counts the fields; UINT32_MAX when the octets do not end with one. */
static uint32_t count_fields(const struct specification *specification)
{
    struct wire wire = wire_init(specification->fields, specification->size_bytes);
    uint32_t count = 0;
    for (; wire_left(&wire) > 0 && !wire.error; count++) {
        wire_take(&wire, 2 + 2);
        if (!wire.error && specification->version == VERSION_IPFIX && (wire.at[-4] & 0x80) != 0)
            wire_take(&wire, 4);
    }
    return wire.error ? UINT32_MAX : count;
}

static bool is_sound(const struct specification *specification, uint16_t id)
{
    const bool ipfix = specification->version == VERSION_IPFIX;
    return id >= TEMPLATE_ID_FIRST && (ipfix || specification->version == VERSION_9) &&
           specification->field_count != UINT32_MAX && specification->field_count > 0 &&
           specification->scope_count <= specification->field_count &&
           (specification->options || specification->scope_count == 0) &&
           !(specification->options && ipfix && specification->scope_count == 0);
}

static bool is_time(int64_t time_us)
{
    return time_us <= INT64_MAX / 2 && time_us >= -INT64_MAX / 4;
}

/* Templates beyond the limits of this decoder are left out, as they would be when they came. */
static void load_template(struct weir_decoder *decoder, struct session *session, struct wire *wire)
{
    const uint16_t id = wire_u16(wire);
    struct specification specification = {.version = wire_u16(wire)};
    const uint8_t flags = wire_u8(wire);
    specification.options = (flags & SAVED_OPTIONS) != 0;
    specification.scope_count = wire_u16(wire);
    specification.size_bytes = wire_u32(wire);
    const int64_t seen_us = (int64_t)take_u64(wire);
    specification.fields = wire_take(wire, specification.size_bytes);
    if (wire->error)
        return;
    specification.field_count = count_fields(&specification);
    if (!is_sound(&specification, id) || flags > (SAVED_OPTIONS | SAVED_SHARED) || !is_time(seen_us) ||
        session_template(session, id) != NULL) {
        wire->error = true;
        return;
    }
    const bool shared = (flags & SAVED_SHARED) != 0;
    enum weir_reason reason;
    if ((!shared && decoder->ledger.templates >= decoder->options.templates_max) ||
        !eviction_has_place(decoder, session, id))
        return;
    struct layout *layout = layout_get(&decoder->layouts, &specification, &reason);
    if (layout == NULL)
        return;
    struct template_entry *entry =
        session_template_add(&decoder->sessions, session, id, decoder->options.templates_session_max);
    if (entry == NULL) {
        layout_unref(&decoder->layouts, layout);
        return;
    }
    sharing_set_entry(decoder, session, entry, layout, shared);
    entry->seen_us = seen_us;
    decoder->ledger.templates_loaded += !shared;
}

/* Elements that are registered by now, or that the user has added, are known better. */
static void load_element(struct weir_decoder *decoder, struct wire *wire)
{
    struct weir_element element = {.pen = wire_u32(wire)};
    element.id = wire_u16(wire);
    element.type = wire_u8(wire);
    element.semantics = type_information_semantics(wire_u8(wire));
    element.units = type_information_units(wire_u8(wire));
    const size_t name_bytes = wire_u8(wire);
    element.name = (const char *)wire_take(wire, name_bytes);
    if (wire->error || !type_information_is_enterprise(element.pen) || element.id > ELEMENT_ID_MAX ||
        element.type >= WEIR_TYPE_COUNT || !element_is_name(element.name, name_bytes)) {
        wire->error = true;
        return;
    }
    if (taught_or_registered(&decoder->taught, element.pen, element.id) == NULL &&
        taught_add(&decoder->taught, &element, name_bytes, false) == TAUGHT)
        decoder->ledger.elements_loaded++;
}

/* Where numbers stood; what came before is not known any more, so what comes late can only be told as that. */
static void load_sequences(struct session *session, struct wire *wire)
{
    const int64_t heard_us = (int64_t)take_u64(wire);
    const uint8_t which = wire_u8(wire);
    struct sequence datagrams = {.started = (which & SAVED_DATAGRAMS) != 0};
    struct record_sequence records = {.started = (which & SAVED_RECORDS) != 0};
    if (datagrams.started) {
        datagrams.next = wire_u32(wire);
        datagrams.uptime_ms = wire_u32(wire);
        datagrams.boot_ms = (int64_t)take_u64(wire);
    }
    if (records.started)
        records.next = wire_u32(wire);
    if ((which & SAVED_AFTER) != 0)
        records.manner = RECORD_MANNER_AFTER;
    if (wire->error || !is_time(heard_us) || which > (SAVED_DATAGRAMS | SAVED_RECORDS | SAVED_AFTER) ||
        (!records.started && records.manner != RECORD_MANNER_UNKNOWN) ||
        datagrams.boot_ms > INT64_C(1000) * UINT32_MAX || datagrams.boot_ms < -(int64_t)UINT32_MAX) {
        wire->error = true;
        return;
    }
    session->heard_us = heard_us;
    session->sequence = datagrams;
    session->records = records;
    session->resumed = which != 0;
}

/* False without memory. */
static bool load_session(struct weir_decoder *decoder, struct wire *wire, uint32_t format)
{
    const struct weir_address address = take_address(wire);
    const uint16_t port = wire_u16(wire);
    const uint32_t domain = wire_u32(wire);
    const uint8_t useful = wire_u8(wire);
    if (wire->error || useful > 1 || session_find(&decoder->sessions, &address, port, domain) != NULL) {
        wire->error = true;
        return true;
    }
    /* Those that were useful most recently come last. */
    if (decoder->sessions.count >= decoder->sessions.count_max)
        eviction_for_session(decoder, &address);
    struct session *session = session_create(&decoder->sessions, &address, port, domain);
    if (session == NULL)
        return false;
    if (useful == 1) {
        session->returned = true;
        session_prove_useful(&decoder->sessions, session);
    }
    decoder->ledger.sessions_loaded++;
    if (format != SAVED_FORMAT_1)
        load_sequences(session, wire);
    const uint32_t count = wire_u32(wire);
    for (uint32_t i = 0; i < count && !wire->error; i++)
        load_template(decoder, session, wire);
    return true;
}

static void load_entry(struct weir_decoder *decoder, struct state *state, struct wire *wire)
{
    struct state_told told = {.kind = wire_u8(wire)};
    told.id = take_u64(wire);
    told.rate = wire_u32(wire);
    told.algorithm = wire_u16(wire);
    told.totals[0] = take_u64(wire);
    told.totals[1] = take_u64(wire);
    told.name_bytes = wire_u8(wire);
    told.name = wire_take(wire, told.name_bytes);
    told.description_bytes = wire_u8(wire);
    told.description = wire_take(wire, told.description_bytes);
    if (!wire->error && (told.kind >= STATE_KINDS || memchr(told.name, 0, told.name_bytes) != NULL ||
                         memchr(told.description, 0, told.description_bytes) != NULL))
        wire->error = true;
    if (!wire->error && state != NULL)
        state_put(&decoder->states, state, &told);
}

static void load_state(struct weir_decoder *decoder, struct wire *wire)
{
    const struct weir_address address = take_address(wire);
    const uint32_t domain = wire_u32(wire);
    const uint64_t system_init_ms = take_u64(wire);
    const uint32_t rate = wire_u32(wire);
    if (wire->error)
        return;
    struct state *state = state_get(&decoder->states, &address, domain);
    for (int i = 0; i < STATE_TOTALS; i++) {
        const uint64_t total = take_u64(wire);
        if (state != NULL)
            state->totals[i] = total;
    }
    if (state != NULL) {
        state->system_init_ms = system_init_ms;
        state->rate_of_all = rate;
    }
    const uint32_t count = wire_u32(wire);
    for (uint32_t i = 0; i < count && !wire->error; i++)
        load_entry(decoder, state, wire);
}

static enum weir_saved check(const uint8_t *data, size_t size_bytes, uint32_t *ret_format)
{
    struct wire wire = wire_init(data, size_bytes);
    const uint8_t *begin = wire_take(&wire, SAVED_MAGIC_BYTES);
    if (begin == NULL || memcmp(begin, SAVED_MAGIC, SAVED_MAGIC_BYTES) != 0)
        return WEIR_SAVED_FOREIGN;
    const uint32_t format = wire_u32(&wire), crc = wire_u32(&wire);
    const uint64_t follows = take_u64(&wire);
    if (wire.error)
        return WEIR_SAVED_CUT;
    if (format > SAVED_FORMAT)
        return WEIR_SAVED_NEWER;
    if (follows > wire_left(&wire))
        return WEIR_SAVED_CUT;
    if (format < SAVED_FORMAT_1 || follows != wire_left(&wire) || crc != saved_crc32(data, size_bytes, format))
        return WEIR_SAVED_DAMAGED;
    *ret_format = format;
    return WEIR_SAVED_OK;
}

/* As it was before loading began. */
static void forget_all(struct weir_decoder *decoder)
{
    for (int useful = 0; useful <= 1; useful++) {
        while (decoder->sessions.used[useful].oldest != NULL)
            eviction_give_up(decoder, decoder->sessions.used[useful].oldest);
    }
    state_clear(&decoder->states);
    taught_forget_learned(&decoder->taught); /* no layout is left that has any */
    decoder->ledger = (struct weir_ledger){0};
    decoder->book = (struct account_book){0};
}

static bool has_more(struct wire *wire)
{
    const uint8_t more = wire_u8(wire);
    if (more != SAVED_MORE && more != SAVED_NO_MORE)
        wire->error = true;
    return more == SAVED_MORE && !wire->error;
}

/* Elements come first, as templates are compiled with them. */
static enum weir_saved load_all(struct weir_decoder *decoder, struct wire *wire, uint32_t format)
{
    while (format != SAVED_FORMAT_1 && has_more(wire))
        load_element(decoder, wire);
    while (has_more(wire)) {
        if (!load_session(decoder, wire, format))
            return WEIR_SAVED_MEMORY;
    }
    while (has_more(wire))
        load_state(decoder, wire);
    return wire->error || wire_left(wire) > 0 ? WEIR_SAVED_DAMAGED : WEIR_SAVED_OK;
}

enum weir_saved weir_decoder_load(struct weir_decoder *decoder, const uint8_t *data, size_t size_bytes)
{
    if (decoder->ledger.datagrams > 0 || decoder->sessions.count > 0 || decoder->states.count > 0 ||
        decoder->taught.exporter_count > 0)
        return WEIR_SAVED_IN_USE;
    uint32_t format = 0;
    enum weir_saved fault = check(data, size_bytes, &format);
    if (fault != WEIR_SAVED_OK)
        return fault;
    struct wire wire = wire_init(data + SAVED_HEADER_BYTES, size_bytes - SAVED_HEADER_BYTES);
    fault = load_all(decoder, &wire, format);
    if (fault != WEIR_SAVED_OK) {
        forget_all(decoder);
        return fault;
    }
    decoder->ledger.sessions = decoder->sessions.count;
    return WEIR_SAVED_OK;
}
