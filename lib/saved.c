/* SPDX-License-Identifier: MIT */
/*
 * saved.c - all that a decoder knows, as octets that outlive the process; saved.h has the form
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
static bool is_to_be_saved(const struct taught *taught, const struct taught_element *told)
{
    return !told->by_user && taught_find(taught, told->element.pen, told->element.id) == &told->element;
}

static void put_elements(struct writer *writer, const struct taught *taught)
{
    for (const struct taught_element *told = taught->all; told != NULL; told = told->next) {
        if (is_to_be_saved(taught, told))
            put_element(writer, &told->element);
    }
}

/* Exporters may have told of elements since the template came: its fields have names as they were then. So many of the
 * elements saved are older. */
static uint32_t count_elements(const struct weir_decoder *decoder, struct layout *layout)
{
    uint32_t count = 0;
    if (layout_is_current(&decoder->layouts, layout))
        return SAVED_ELEMENTS_ALL;
    for (const struct taught_element *told = decoder->taught.all;
         told != NULL && told->number < layout->taught_count; told = told->next)
        count += is_to_be_saved(&decoder->taught, told);
    return count;
}

static void put_template(struct writer *writer, const struct weir_decoder *decoder, const struct template_entry *entry)
{
    const struct layout *layout = entry->layout;
    put_number(writer, entry->id, 2);
    if (layout == NULL) {
        put_number(writer, SAVED_NO_TEMPLATE, 2);
        return;
    }
    put_number(writer, layout->view.version, 2);
    put_number(writer, (layout->view.options ? SAVED_OPTIONS : 0) | (entry->shared ? SAVED_SHARED : 0), 1);
    put_number(writer, layout->view.scope_count, 2);
    put_number(writer, layout->specification_bytes, 4);
    put_number(writer, (uint64_t)entry->seen_us, 8);
    put_number(writer, count_elements(decoder, entry->layout), 2);
    put(writer, layout->specification, layout->specification_bytes);
}

static uint32_t which_sequences(const struct session *session)
{
    const struct record_sequence *records = &session->records;
    const uint32_t manner = records->manner == RECORD_MANNER_AFTER    ? SAVED_AFTER
                            : records->manner == RECORD_MANNER_BEFORE ? SAVED_BEFORE
                                                                      : 0;
    return (session->sequence.started ? SAVED_DATAGRAMS : 0u) | (records->started ? SAVED_RECORDS : 0u) | manner |
           (records->started && records->has_last ? SAVED_LAST : 0u) | (session->resumed ? SAVED_RESUMED : 0u);
}

static void put_records(struct writer *writer, const struct record_sequence *records)
{
    uint32_t which_gaps = 0;
    for (int i = 0; i < RECORD_SEQUENCE_GAPS; i++)
        which_gaps |= (uint32_t)(records->gaps[i].length > 0) << i;
    put_number(writer, records->next, 4);
    put_number(writer, records->last, 4);
    put_number(writer, records->gap_at % RECORD_SEQUENCE_GAPS, 1);
    put_number(writer, which_gaps, 1);
    for (int i = 0; i < RECORD_SEQUENCE_GAPS; i++) {
        if (records->gaps[i].length > 0) {
            put_number(writer, records->gaps[i].first, 4);
            put_number(writer, records->gaps[i].length, 4);
        }
    }
    put_number(writer, records->number_count, 1);
    put_number(writer, records->number_at, 1);
    for (int i = 0; i < records->number_count; i++)
        put_number(writer, records->numbers[i], 4);
}

static void put_sequences(struct writer *writer, const struct session *session)
{
    const struct sequence *sequence = &session->sequence;
    put_number(writer, (uint64_t)session->heard_us, 8);
    put_number(writer, which_sequences(session), 1);
    if (sequence->started) {
        put_number(writer, sequence->next, 4);
        put_number(writer, sequence->uptime_ms, 4);
        put_number(writer, (uint64_t)sequence->boot_ms, 8);
        put_number(writer, sequence->seen, 8);
        put_number(writer, sequence->known, 1);
    }
    if (session->records.started)
        put_records(writer, &session->records);
}

/* In the order of their places, from behind a free one on: who puts them into a table of this size in this order has
 * them in the same places. */
static void put_templates(struct writer *writer, const struct weir_decoder *decoder, const struct session *session)
{
    const uint32_t places = session->template_places;
    uint32_t first = 0;
    while (first < places && session->templates[first].id != 0)
        first++;
    for (uint32_t i = 0; i < places; i++) {
        const struct template_entry *entry = &session->templates[(first + i) & (places - 1)];
        if (entry->id != 0)
            put_template(writer, decoder, entry);
    }
}

static void put_session(struct writer *writer, const struct weir_decoder *decoder, const struct session *session)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->template_places; i++)
        count += session->templates[i].layout != NULL;
    put_number(writer, SAVED_MORE, 1);
    put_address(writer, &session->address);
    put_number(writer, session->port, 2);
    put_number(writer, session->domain, 4);
    put_number(writer, session->useful, 1);
    put_number(writer, session->turn, 8);
    put_sequences(writer, session);
    put_number(writer, count, 4);
    put_number(writer, session->place_count, 4);
    put_templates(writer, decoder, session);
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
    put_number(writer, (uint64_t)state->told_us, 8);
    put_number(writer, state->system_init_ms, 8);
    put_number(writer, state->rate_of_all, 4);
    for (int i = 0; i < STATE_TOTALS; i++)
        put_number(writer, state->totals[i], 8);
    put_number(writer, state->count, 4);
    for (const struct state_entry *entry = state->oldest; entry != NULL; entry = entry->newer)
        put_entry(writer, entry);
}

/* Only v9 and IPFIX have templates to wait for, so what other headers say is left out. Datagrams are counted back from
 * the next one. */
static void put_waiting(struct writer *writer, const struct weir_decoder *decoder, const struct waiting_set *set)
{
    const struct weir_run *run = &set->run;
    put_number(writer, SAVED_MORE, 1);
    put_address(writer, &run->exporter);
    put_number(writer, run->exporter_port, 2);
    put_number(writer, run->domain, 4);
    put_number(writer, (uint64_t)set->arrived_us, 8);
    put_number(writer, (uint64_t)run->received_us, 8);
    put_number(writer, run->datagram - decoder->ledger.datagrams, 8);
    put_number(writer, run->version, 2);
    put_number(writer, run->template_id, 2);
    put_number(writer, run->export_time_s, 4);
    put_number(writer, run->sys_uptime_ms, 4);
    put_number(writer, run->sequence, 4);
    put_number(writer, run->header_count, 2);
    put_number(writer, set->size_bytes, 2);
    put(writer, set->data, set->size_bytes);
}

static void put_all(struct writer *writer, const struct weir_decoder *decoder)
{
    put_number(writer, (uint64_t)decoder->now_us, 8);
    put_number(writer, (uint64_t)decoder->lifetime.sweep_at_us, 8);
    put_elements(writer, &decoder->taught);
    put_number(writer, SAVED_NO_MORE, 1);
    for (int useful = 0; useful <= 1; useful++) {
        for (const struct session *s = decoder->sessions.used[useful].oldest; s != NULL; s = s->used_newer)
            put_session(writer, decoder, s);
    }
    put_number(writer, SAVED_NO_MORE, 1);
    for (const struct state *state = decoder->states.oldest; state != NULL; state = state->newer)
        put_state(writer, state);
    put_number(writer, SAVED_NO_MORE, 1);
    for (const struct waiting_set *set = decoder->waiting.first; set != NULL; set = set->next)
        put_waiting(writer, decoder, set);
    put_number(writer, SAVED_NO_MORE, 1);
}

size_t weir_decoder_save(const struct weir_decoder *decoder, uint8_t *data, size_t room_bytes)
{
    struct writer writer = {data, data == NULL ? 0 : room_bytes, SAVED_HEADER_BYTES};
    put_all(&writer, decoder);
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
