/* SPDX-License-Identifier: MIT */
/*
 * saved.c - templates, and what exporters told of themselves, as octets that outlive the process; saved.h has the form
 */
#include "saved.h"

#include "decoder.h"
#include "type_information.h"

#include <string.h>

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
static uint32_t crc32_more(uint32_t crc, const uint8_t *data, size_t size_bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    for (size_t i = 0; i < size_bytes; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

uint32_t saved_crc32(const uint8_t *data, size_t size_bytes, uint32_t format)
{
    uint32_t crc = 0xffffffff;
    if (format != SAVED_FORMAT_1)
        crc = crc32_more(crc, data + SAVED_MAGIC_BYTES, SAVED_CRC_AT - SAVED_MAGIC_BYTES);
    return ~crc32_more(crc, data + SAVED_CRC_FROM, size_bytes - SAVED_CRC_FROM);
}

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
    put_number(writer, (layout->view.options ? SAVED_OPTIONS : 0) | (entry->shared ? SAVED_SHARED : 0), 1);
    put_number(writer, layout->view.scope_count, 2);
    put_number(writer, layout->specification_bytes, 4);
    put_number(writer, (uint64_t)entry->seen_us, 8);
    put(writer, layout->specification, layout->specification_bytes);
}

static void put_element(struct writer *writer, const struct weir_element *element)
{
    const size_t name_bytes = strlen(element->name);
    put_number(writer, SAVED_MORE, 1);
    put_number(writer, element->pen, 4);
    put_number(writer, element->id, 2);
    put_number(writer, element->type, 1);
    put_number(writer, type_information_semantics_number(element->semantics), 1);
    put_number(writer, type_information_units_number(element->units), 1);
    put_number(writer, name_bytes, 1);
    put(writer, element->name, name_bytes);
}

/* Those of the user he will add again, and where he did, what an exporter told is of no use any more. */
static void put_elements(struct writer *writer, const struct taught *taught)
{
    for (const struct taught_element *told = taught->all; told != NULL; told = told->next) {
        if (!told->by_user && taught_find(taught, told->element.pen, told->element.id) == &told->element)
            put_element(writer, &told->element);
    }
}

static void put_sequences(struct writer *writer, const struct session *session)
{
    const struct sequence *sequence = &session->sequence;
    const struct record_sequence *records = &session->records;
    put_number(writer, (uint64_t)session->heard_us, 8);
    const bool after = records->started && records->manner == RECORD_MANNER_AFTER;
    put_number(writer,
               (sequence->started ? SAVED_DATAGRAMS : 0u) | (records->started ? SAVED_RECORDS : 0u) |
                   (after ? SAVED_AFTER : 0u),
               1);
    if (sequence->started) {
        put_number(writer, sequence->next, 4);
        put_number(writer, sequence->uptime_ms, 4);
        put_number(writer, (uint64_t)sequence->boot_ms, 8);
    }
    if (records->started)
        put_number(writer, records->next, 4);
}

/* One that has neither templates nor data whose numbers count has nothing to go on with. */
static void put_session(struct writer *writer, const struct session *session)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->template_places; i++)
        count += session->templates[i].layout != NULL;
    if (count == 0 && !(session->useful && (session->sequence.started || session->records.started)))
        return;
    put_number(writer, SAVED_MORE, 1);
    put_address(writer, &session->address);
    put_number(writer, session->port, 2);
    put_number(writer, session->domain, 4);
    put_number(writer, session->useful, 1);
    put_sequences(writer, session);
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
    put_number(writer, SAVED_MORE, 1);
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
    struct writer writer = {data, data == NULL ? 0 : room_bytes, SAVED_HEADER_BYTES};
    put_elements(&writer, &decoder->taught);
    put_number(&writer, SAVED_NO_MORE, 1);
    for (int useful = 0; useful <= 1; useful++) {
        for (const struct session *s = decoder->sessions.used[useful].oldest; s != NULL; s = s->used_newer)
            put_session(&writer, s);
    }
    put_number(&writer, SAVED_NO_MORE, 1);
    for (const struct state *state = decoder->states.oldest; state != NULL; state = state->newer)
        put_state(&writer, state);
    put_number(&writer, SAVED_NO_MORE, 1);
    if (writer.size_bytes > writer.room_bytes)
        return writer.size_bytes;
    struct writer header = {data, SAVED_HEADER_BYTES, 0};
    put(&header, SAVED_MAGIC, SAVED_MAGIC_BYTES);
    put_number(&header, SAVED_FORMAT, 4);
    put_number(&header, 0, 4);
    put_number(&header, writer.size_bytes - SAVED_HEADER_BYTES, 8);
    header.size_bytes = SAVED_CRC_AT;
    put_number(&header, saved_crc32(data, writer.size_bytes, SAVED_FORMAT), 4);
    return writer.size_bytes;
}
