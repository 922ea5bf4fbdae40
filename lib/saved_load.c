/* SPDX-License-Identifier: MIT */
/*
 * saved_load.c - takes what was saved; saved.h has the form
 *
 * What is within an element, a template or a set is checked as if it had come from the network.
 */
#include "decoder.h"
#include "element.h"
#include "limits.h"
#include "saved.h"
#include "type_information.h"

#include <stdlib.h>
#include <string.h>

enum {
    ADDRESS_BYTES = 17,
    TEMPLATE_ID_FIRST = 256,
    VERSION_9 = 9,
    VERSION_IPFIX = 10,
    ELEMENT_ID_MAX = 0x7fff
};

uint64_t loading_u64(struct loading *loading)
{
    const uint64_t high = wire_u32(&loading->wire);
    return high << 32 | wire_u32(&loading->wire);
}

int64_t loading_time(struct loading *loading)
{
    const int64_t time_us = (int64_t)loading_u64(loading);
    if (time_us > LIFETIME_ENDLESS_US || time_us < -INT64_MAX / 4)
        loading->wire.error = true;
    return time_us;
}

struct weir_address loading_address(struct loading *loading)
{
    struct weir_address address = {.family = wire_u8(&loading->wire)};
    const uint8_t *octets = wire_take(&loading->wire, ADDRESS_BYTES - 1);
    if (octets != NULL)
        memcpy(address.octets, octets, ADDRESS_BYTES - 1);
    if (address.family != 0 && address.family != 4 && address.family != 6)
        loading->wire.error = true;
    return address;
}

bool loading_has_more(struct loading *loading)
{
    const uint8_t more = wire_u8(&loading->wire);
    if (more != SAVED_MORE && more != SAVED_NO_MORE)
        loading->wire.error = true;
    return more == SAVED_MORE && !loading->wire.error;
}

bool loading_wants(const struct loading *loading, const struct weir_address *address)
{
    return loading->want == NULL || loading->want(loading->context, address);
}

/* -------------------------------------------------------------------------------------------------- elements */

static void note_shown(struct loading *loading)
{
    if (loading->element_count <= LIMIT_ELEMENTS_LEARNED)
        loading->shown[loading->element_count] = taught_element_count(&loading->decoder->taught);
}

/* Elements that are registered by now, or that the user has added, are known better. */
static void load_element(struct loading *loading)
{
    struct weir_decoder *decoder = loading->decoder;
    struct wire *wire = &loading->wire;
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
    note_shown(loading);
    loading->element_count++;
    if (taught_or_registered(&decoder->taught, element.pen, element.id) == NULL &&
        taught_add(&decoder->taught, &element, name_bytes, false) == TAUGHT)
        decoder->ledger.elements_loaded++;
}

/* ---------------------------------------------------------------------------------------------------- states */

static void load_entry(struct loading *loading, struct state *state)
{
    struct wire *wire = &loading->wire;
    struct state_told told = {.kind = wire_u8(wire)};
    told.id = loading_u64(loading);
    told.rate = wire_u32(wire);
    told.algorithm = wire_u16(wire);
    told.totals[0] = loading_u64(loading);
    told.totals[1] = loading_u64(loading);
    told.name_bytes = wire_u8(wire);
    told.name = wire_take(wire, told.name_bytes);
    told.description_bytes = wire_u8(wire);
    told.description = wire_take(wire, told.description_bytes);
    if (!wire->error && (told.kind >= STATE_KINDS || memchr(told.name, 0, told.name_bytes) != NULL ||
                         memchr(told.description, 0, told.description_bytes) != NULL))
        wire->error = true;
    if (!wire->error && state != NULL)
        state_put(&loading->decoder->states, state, &told);
}

/* The state to be filled, or NULL. One that another load brought gives way when it was told before. */
static struct state *state_to_fill(struct loading *loading, const struct weir_address *address, uint32_t domain,
                                   int64_t told_us)
{
    struct state_table *states = &loading->decoder->states;
    if (!loading_wants(loading, address))
        return NULL;
    struct state *there = state_of(states, address, domain);
    if (there != NULL && loading->decoder->load_count > 1) {
        if (told_us <= there->told_us)
            return NULL;
        state_forget(states, there);
    }
    struct state *state = state_get(states, address, domain);
    if (state != NULL)
        state->told_us = told_us;
    return state;
}

static void load_state(struct loading *loading)
{
    struct wire *wire = &loading->wire;
    const struct weir_address address = loading_address(loading);
    const uint32_t domain = wire_u32(wire);
    const int64_t told_us = loading->format >= SAVED_FORMAT ? loading_time(loading) : 0;
    const uint64_t system_init_ms = loading_u64(loading);
    const uint32_t rate = wire_u32(wire);
    if (wire->error)
        return;
    struct state *state = state_to_fill(loading, &address, domain, told_us);
    for (int i = 0; i < STATE_TOTALS; i++) {
        const uint64_t total = loading_u64(loading);
        if (state != NULL)
            state->totals[i] = total;
    }
    if (state != NULL) {
        state->system_init_ms = system_init_ms;
        state->rate_of_all = rate;
    }
    const uint32_t count = wire_u32(wire);
    for (uint32_t i = 0; i < count && !wire->error; i++)
        load_entry(loading, state);
}

/* ---------------------------------------------------------------------------------------------- what waits */

/* Of a session that was not taken nothing is: what there is of it came with another load, which has heard it later. */
static void load_waiting(struct loading *loading, int64_t *before_us)
{
    struct weir_decoder *decoder = loading->decoder;
    struct wire *wire = &loading->wire;
    struct weir_run run = {.exporter = loading_address(loading)};
    run.exporter_port = wire_u16(wire);
    run.domain = wire_u32(wire);
    const int64_t arrived_us = loading_time(loading);
    run.received_us = (int64_t)loading_u64(loading);
    run.datagram = loading_u64(loading);
    run.version = wire_u16(wire);
    run.template_id = wire_u16(wire);
    run.export_time_s = wire_u32(wire);
    run.sys_uptime_ms = wire_u32(wire);
    run.sequence = wire_u32(wire);
    run.header_count = wire_u16(wire);
    const size_t size_bytes = wire_u16(wire);
    const uint8_t *data = wire_take(wire, size_bytes);
    if (wire->error || (run.version != VERSION_9 && run.version != VERSION_IPFIX) ||
        run.template_id < TEMPLATE_ID_FIRST || arrived_us < *before_us || arrived_us > loading->now_us) {
        wire->error = true;
        return;
    }
    *before_us = arrived_us;
    if (!loading->whole || !loading_wants(loading, &run.exporter))
        return;
    struct session *session = session_find(&decoder->sessions, &run.exporter, run.exporter_port, run.domain);
    if (session == NULL || session->load == decoder->load_count)
        data_set_wait_on(decoder, session, &run, data, size_bytes, arrived_us);
}

/* ------------------------------------------------------------------------------------------------------- all */

static enum weir_saved check(const uint8_t *data, size_t size_bytes, uint32_t *ret_format)
{
    struct wire wire = wire_init(data, size_bytes);
    const uint8_t *begin = wire_take(&wire, SAVED_MAGIC_BYTES);
    if (begin == NULL || memcmp(begin, SAVED_MAGIC, SAVED_MAGIC_BYTES) != 0)
        return WEIR_SAVED_FOREIGN;
    const uint32_t format = wire_u32(&wire), crc = wire_u32(&wire);
    const uint64_t follows = (uint64_t)wire_u32(&wire) << 32;
    const uint64_t follows_low = wire_u32(&wire);
    if (wire.error)
        return WEIR_SAVED_CUT;
    if (format > SAVED_FORMAT)
        return WEIR_SAVED_NEWER;
    if ((follows | follows_low) > wire_left(&wire))
        return WEIR_SAVED_CUT;
    if (format < SAVED_FORMAT_1 || (follows | follows_low) != wire_left(&wire) ||
        crc != saved_crc32(data, size_bytes, format))
        return WEIR_SAVED_DAMAGED;
    *ret_format = format;
    return WEIR_SAVED_OK;
}

static void go_on(struct loading *loading, int64_t sweep_at_us)
{
    struct weir_decoder *decoder = loading->decoder;
    if (!loading->whole)
        return;
    if (loading->now_us > decoder->now_us || decoder->now_us == 0)
        decoder->now_us = loading->now_us;
    lifetime_go_on(&decoder->lifetime, loading->now_us, sweep_at_us);
}

/* Elements come first, as templates are compiled with them. */
static enum weir_saved load_all(struct loading *loading)
{
    int64_t before_us = INT64_MIN, sweep_at_us = INT64_MIN;
    if (loading->format >= SAVED_FORMAT) {
        loading->now_us = loading_time(loading);
        sweep_at_us = (int64_t)loading_u64(loading);
        go_on(loading, sweep_at_us);
    }
    while (loading->format != SAVED_FORMAT_1 && loading_has_more(loading))
        load_element(loading);
    note_shown(loading);
    while (loading_has_more(loading)) {
        if (!loading_session(loading))
            return WEIR_SAVED_MEMORY;
    }
    while (loading_has_more(loading))
        load_state(loading);
    while (loading->format >= SAVED_FORMAT && loading_has_more(loading))
        load_waiting(loading, &before_us);
    if (loading->wire.error || wire_left(&loading->wire) > 0)
        return WEIR_SAVED_DAMAGED;
    return session_order(&loading->decoder->sessions, loading->decoder->load_count) == 0 ? WEIR_SAVED_OK
                                                                                        : WEIR_SAVED_MEMORY;
}

/* What is counted, what of sessions, states and sets was left out, is told by the ledger alone. */
static enum weir_saved load_quietly(struct weir_decoder *decoder, struct loading *loading)
{
    void (*const event)(void *context, const struct weir_event *event) = decoder->options.event;
    decoder->options.event = NULL;
    decoder->states.loading = loading->whole;
    decoder->load_count++;
    loading->decoder = decoder;
    loading->turn_first = loading->turn_last = decoder->sessions.turn;
    const enum weir_saved fault = load_all(loading);
    decoder->sessions.turn = loading->turn_last;
    waiting_settle(&decoder->waiting);
    account_turn_to(decoder, NULL);
    decoder->ledger.sessions = decoder->sessions.count;
    decoder->states.loading = false;
    decoder->options.event = event;
    return fault;
}

/* What a decoder was that had not taken anything. */
struct fresh {
    int64_t now_us, sweep_at_us;
};

static void forget_all(struct weir_decoder *decoder, const struct fresh *fresh)
{
    void (*const event)(void *context, const struct weir_event *event) = decoder->options.event;
    decoder->options.event = NULL;
    for (int useful = 0; useful <= 1; useful++) {
        while (decoder->sessions.used[useful].oldest != NULL)
            eviction_give_up(decoder, decoder->sessions.used[useful].oldest);
    }
    state_clear(&decoder->states);
    taught_forget_learned(&decoder->taught); /* no layout is left that has any */
    decoder->ledger = (struct weir_ledger){0};
    decoder->book = (struct account_book){0};
    decoder->sessions.turn = 0;
    decoder->load_count = 0;
    decoder->now_us = fresh->now_us;
    decoder->lifetime.sweep_at_us = fresh->sweep_at_us;
    decoder->options.event = event;
}

static bool holds_something(const struct weir_decoder *decoder)
{
    return decoder->sessions.count > 0 || decoder->states.count > 0 || decoder->taught.exporter_count > 0;
}

static struct loading begin(const uint8_t *data, size_t size_bytes, uint32_t format, bool whole)
{
    return (struct loading){
        .wire = wire_init(data + SAVED_HEADER_BYTES, size_bytes - SAVED_HEADER_BYTES),
        .format = format,
        .whole = whole && format >= SAVED_FORMAT,
    };
}

/* Takes what was saved; what the decoder held before is saved meanwhile, so that it can be had back. */
static enum weir_saved load_or_restore(struct weir_decoder *decoder, struct loading *loading)
{
    const struct fresh fresh = {decoder->now_us, decoder->lifetime.sweep_at_us};
    const size_t held_bytes = holds_something(decoder) ? weir_decoder_save(decoder, NULL, 0) : 0;
    uint8_t *held = held_bytes > 0 ? malloc(held_bytes) : NULL;
    if (held_bytes > 0 && held == NULL)
        return WEIR_SAVED_MEMORY;
    if (held != NULL)
        weir_decoder_save(decoder, held, held_bytes);
    enum weir_saved fault = load_quietly(decoder, loading);
    if (fault != WEIR_SAVED_OK)
        forget_all(decoder, &fresh);
    if (fault != WEIR_SAVED_OK && held != NULL) {
        struct loading again = begin(held, held_bytes, SAVED_FORMAT, true);
        if (load_quietly(decoder, &again) != WEIR_SAVED_OK) {
            forget_all(decoder, &fresh);
            fault = WEIR_SAVED_MEMORY;
        }
    }
    free(held);
    return fault;
}

enum weir_saved weir_decoder_load(struct weir_decoder *decoder, const uint8_t *data, size_t size_bytes)
{
    if (decoder->ledger.datagrams > 0 || holds_something(decoder))
        return WEIR_SAVED_IN_USE;
    uint32_t format = 0;
    const enum weir_saved fault = check(data, size_bytes, &format);
    if (fault != WEIR_SAVED_OK)
        return fault;
    struct loading loading = begin(data, size_bytes, format, false);
    return load_or_restore(decoder, &loading);
}

enum weir_saved weir_decoder_load_where(struct weir_decoder *decoder, const uint8_t *data, size_t size_bytes,
                                        bool (*want)(void *context, const struct weir_address *address), void *context)
{
    if (decoder->ledger.datagrams > 0)
        return WEIR_SAVED_IN_USE;
    uint32_t format = 0;
    const enum weir_saved fault = check(data, size_bytes, &format);
    if (fault != WEIR_SAVED_OK)
        return fault;
    struct loading loading = begin(data, size_bytes, format, true);
    loading.want = want;
    loading.context = context;
    return load_or_restore(decoder, &loading);
}

void weir_decoder_pause(struct weir_decoder *decoder)
{
    loading_pause(decoder);
}
