/* SPDX-License-Identifier: MIT */
/*
 * saved.c - templates, and what exporters told of themselves, as octets that outlive the process
 *
 * All numbers big endian:
 *
 *     +--------------------+---------+-------+----------------+---------------------------------+
 *     | "weirsave"         | version | CRC32 | size of what   | sessions, a 0 octet, states,    |
 *     | 8 octets           | 4       | 4     | follows, 8     | a 0 octet                       |
 *     +--------------------+---------+-------+----------------+---------------------------------+
 *
 *     session  1 | address 17 | port 2 | domain 4 | useful 1 | template count 4 | templates
 *     template     ID 2 | version 2 | flags 1 (1: options, 2: taken over) | scope fields 2 | octets 4 | seen 8 | octets
 *     state    1 | address 17 | domain 4 | system init 8 | rate 4 | 8 totals 8 | entry count 4 | entries
 *     entry        kind 1 | ID 8 | rate 4 | algorithm 2 | totals 8, 8 | name 1 + octets | description 1 + octets
 *
 * Those that were useful least recently come first. The CRC is over all behind it. What is within a template is
 * checked as if it had come from the network.
 */
#include "decoder.h"
#include "limits.h"

#include <string.h>

enum {
    FORMAT = 1,
    MAGIC_BYTES = 8,
    HEADER_BYTES = 24,
    CRC_AT = 12,
    CRC_FROM = 16,
    ADDRESS_BYTES = 17,
    FLAG_OPTIONS = 1,
    FLAG_SHARED = 2,
    MORE = 1,
    NO_MORE = 0,
    TEMPLATE_ID_FIRST = 256,
    VERSION_9 = 9,
    VERSION_IPFIX = 10
};

static const uint8_t magic[MAGIC_BYTES] = {'w', 'e', 'i', 'r', 's', 'a', 'v', 'e'};

const char *weir_saved_text(enum weir_saved fault)
{
    switch (fault) {
    case WEIR_SAVED_OK:
        return "it is sound";
    case WEIR_SAVED_FOREIGN:
        return "it was not written by this library";
    case WEIR_SAVED_NEWER:
        return "it is of a newer version";
    case WEIR_SAVED_CUT:
        return "it is not whole";
    case WEIR_SAVED_DAMAGED:
        return "it is damaged";
    case WEIR_SAVED_IN_USE:
        return "the decoder is in use already";
    case WEIR_SAVED_MEMORY:
        return "there is not enough memory";
    }
    return "unknown fault";
}

/* The CRC of Ethernet and zip, four bits at a time. */
static uint32_t crc32_of(const uint8_t *data, size_t size_bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size_bytes; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* -------------------------------------------------------------------------------------------------- writing */

/* Counts on when there is no room. */
struct writer {
    uint8_t *data;
    size_t room_bytes;
    size_t size_bytes;
};

static void put(struct writer *writer, const void *data, size_t size_bytes)
{
    if (size_bytes > 0 && writer->size_bytes <= writer->room_bytes &&
        size_bytes <= writer->room_bytes - writer->size_bytes)
        memcpy(writer->data + writer->size_bytes, data, size_bytes);
    writer->size_bytes += size_bytes;
}

static void put_number(struct writer *writer, uint64_t number, size_t size_bytes)
{
    uint8_t octets[8];
    for (size_t i = 0; i < size_bytes; i++)
        octets[i] = (uint8_t)(number >> 8 * (size_bytes - 1 - i));
    put(writer, octets, size_bytes);
}

static void put_address(struct writer *writer, const struct weir_address *address)
{
    put_number(writer, address->family, 1);
    put(writer, address->octets, sizeof address->octets);
}

static void put_template(struct writer *writer, const struct template_entry *entry)
{
    const struct layout *layout = entry->layout;
    put_number(writer, entry->id, 2);
    put_number(writer, layout->view.version, 2);
    put_number(writer, (layout->view.options ? FLAG_OPTIONS : 0) | (entry->shared ? FLAG_SHARED : 0), 1);
    put_number(writer, layout->view.scope_count, 2);
    put_number(writer, layout->specification_bytes, 4);
    put_number(writer, (uint64_t)entry->seen_us, 8);
    put(writer, layout->specification, layout->specification_bytes);
}

/* One that has no templates has nothing to go on with. */
static void put_session(struct writer *writer, const struct session *session)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->template_places; i++)
        count += session->templates[i].layout != NULL;
    if (count == 0)
        return;
    put_number(writer, MORE, 1);
    put_address(writer, &session->address);
    put_number(writer, session->port, 2);
    put_number(writer, session->domain, 4);
    put_number(writer, session->useful, 1);
    put_number(writer, count, 4);
    for (uint32_t i = 0; i < session->template_places; i++) {
        if (session->templates[i].layout != NULL)
            put_template(writer, &session->templates[i]);
    }
}

static void put_entry(struct writer *writer, const struct state_entry *entry)
{
    put_number(writer, entry->kind, 1);
    put_number(writer, entry->id, 8);
    put_number(writer, entry->rate, 4);
    put_number(writer, entry->algorithm, 2);
    put_number(writer, entry->totals[0], 8);
    put_number(writer, entry->totals[1], 8);
    put_number(writer, entry->name_bytes, 1);
    put(writer, entry->text, entry->name_bytes);
    put_number(writer, entry->description_bytes, 1);
    put(writer, entry->text + entry->name_bytes + 1, entry->description_bytes);
}

static void put_state(struct writer *writer, const struct state *state)
{
    put_number(writer, MORE, 1);
    put_address(writer, &state->peer->address);
    put_number(writer, state->domain, 4);
    put_number(writer, state->system_init_ms, 8);
    put_number(writer, state->rate_of_all, 4);
    for (int i = 0; i < STATE_TOTALS; i++)
        put_number(writer, state->totals[i], 8);
    put_number(writer, state->count, 4);
    for (const struct state_entry *entry = state->oldest; entry != NULL; entry = entry->newer)
        put_entry(writer, entry);
}

size_t weir_decoder_save(const struct weir_decoder *decoder, uint8_t *data, size_t room_bytes)
{
    struct writer writer = {data, data == NULL ? 0 : room_bytes, HEADER_BYTES};
    for (int useful = 0; useful <= 1; useful++) {
        for (const struct session *s = decoder->sessions.used[useful].oldest; s != NULL; s = s->used_newer)
            put_session(&writer, s);
    }
    put_number(&writer, NO_MORE, 1);
    for (const struct state *state = decoder->states.oldest; state != NULL; state = state->newer)
        put_state(&writer, state);
    put_number(&writer, NO_MORE, 1);
    if (writer.size_bytes > writer.room_bytes)
        return writer.size_bytes;
    struct writer header = {data, HEADER_BYTES, 0};
    put(&header, magic, sizeof magic);
    put_number(&header, FORMAT, 4);
    put_number(&header, 0, 4);
    put_number(&header, writer.size_bytes - HEADER_BYTES, 8);
    header.size_bytes = CRC_AT;
    put_number(&header, crc32_of(data + CRC_FROM, writer.size_bytes - CRC_FROM), 4);
    return writer.size_bytes;
}

/* -------------------------------------------------------------------------------------------------- reading */

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
    return id >= TEMPLATE_ID_FIRST && (specification->version == VERSION_9 || specification->version == VERSION_IPFIX) &&
           specification->field_count != UINT32_MAX && specification->field_count > 0 &&
           specification->scope_count <= specification->field_count &&
           (specification->options || specification->scope_count == 0) &&
           !(specification->options && specification->version == VERSION_IPFIX && specification->scope_count == 0);
}

/* Templates beyond the limits of this decoder are left out, as they would be when they came. */
static void load_template(struct weir_decoder *decoder, struct session *session, struct wire *wire)
{
    const uint16_t id = wire_u16(wire);
    struct specification specification = {.version = wire_u16(wire)};
    const uint8_t flags = wire_u8(wire);
    specification.options = (flags & FLAG_OPTIONS) != 0;
    specification.scope_count = wire_u16(wire);
    specification.size_bytes = wire_u32(wire);
    const int64_t seen_us = (int64_t)take_u64(wire);
    specification.fields = wire_take(wire, specification.size_bytes);
    if (wire->error)
        return;
    specification.field_count = count_fields(&specification);
    if (!is_sound(&specification, id) || flags > (FLAG_OPTIONS | FLAG_SHARED) || seen_us > INT64_MAX / 2 ||
        seen_us < -INT64_MAX / 4 || session_template(session, id) != NULL) {
        wire->error = true;
        return;
    }
    const bool shared = (flags & FLAG_SHARED) != 0;
    enum weir_reason reason;
    if (!shared && decoder->ledger.templates >= decoder->options.templates_max)
        return;
    struct layout *layout = layout_get(&decoder->layouts, &specification, &reason);
    if (layout == NULL)
        return;
    struct template_entry *entry = session_template_add(session, id, decoder->options.templates_session_max);
    if (entry == NULL) {
        layout_unref(&decoder->layouts, layout);
        return;
    }
    sharing_set_entry(decoder, session, entry, layout, shared);
    entry->seen_us = seen_us;
    decoder->ledger.templates_loaded += !shared;
}

static void load_session(struct weir_decoder *decoder, struct wire *wire)
{
    const struct weir_address address = take_address(wire);
    const uint16_t port = wire_u16(wire);
    const uint32_t domain = wire_u32(wire);
    const uint8_t useful = wire_u8(wire);
    const uint32_t count = wire_u32(wire);
    if (wire->error || useful > 1 || session_find(&decoder->sessions, &address, port, domain) != NULL) {
        wire->error = true;
        return;
    }
    /* Those that were useful most recently come last. */
    if (decoder->sessions.count >= decoder->sessions.count_max)
        eviction_for_session(decoder, &address);
    struct session *session = session_create(&decoder->sessions, &address, port, domain);
    if (session == NULL) {
        wire->error = true;
        return;
    }
    if (useful == 1) {
        session->returned = true;
        session_prove_useful(&decoder->sessions, session);
    }
    decoder->ledger.sessions_loaded++;
    for (uint32_t i = 0; i < count && !wire->error; i++)
        load_template(decoder, session, wire);
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

static enum weir_saved check(const uint8_t *data, size_t size_bytes)
{
    struct wire wire = wire_init(data, size_bytes);
    const uint8_t *begin = wire_take(&wire, MAGIC_BYTES);
    if (begin == NULL || memcmp(begin, magic, sizeof magic) != 0)
        return WEIR_SAVED_FOREIGN;
    const uint32_t format = wire_u32(&wire), crc = wire_u32(&wire);
    const uint64_t follows = take_u64(&wire);
    if (wire.error)
        return WEIR_SAVED_CUT;
    if (format > FORMAT)
        return WEIR_SAVED_NEWER;
    if (follows > wire_left(&wire))
        return WEIR_SAVED_CUT;
    if (format != FORMAT || follows != wire_left(&wire) || crc != crc32_of(data + CRC_FROM, size_bytes - CRC_FROM))
        return WEIR_SAVED_DAMAGED;
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
    decoder->ledger = (struct weir_ledger){0};
    decoder->book = (struct account_book){0};
}

static bool load_all(struct weir_decoder *decoder, struct wire *wire)
{
    uint8_t more;
    while ((more = wire_u8(wire)) == MORE && !wire->error)
        load_session(decoder, wire);
    if (wire->error || more != NO_MORE)
        return false;
    while ((more = wire_u8(wire)) == MORE && !wire->error)
        load_state(decoder, wire);
    return !wire->error && more == NO_MORE && wire_left(wire) == 0;
}

enum weir_saved weir_decoder_load(struct weir_decoder *decoder, const uint8_t *data, size_t size_bytes)
{
    if (decoder->ledger.datagrams > 0 || decoder->sessions.count > 0 || decoder->states.count > 0)
        return WEIR_SAVED_IN_USE;
    const enum weir_saved fault = check(data, size_bytes);
    if (fault != WEIR_SAVED_OK)
        return fault;
    struct wire wire = wire_init(data + HEADER_BYTES, size_bytes - HEADER_BYTES);
    if (!load_all(decoder, &wire)) {
        forget_all(decoder);
        return WEIR_SAVED_DAMAGED;
    }
    decoder->ledger.sessions = decoder->sessions.count;
    return WEIR_SAVED_OK;
}
