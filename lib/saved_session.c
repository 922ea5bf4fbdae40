/* SPDX-License-Identifier: MIT */
/*
 * saved_session.c - takes sessions that were saved, with their templates and sequences; saved.h has the form
 */
#include "decoder.h"
#include "limits.h"
#include "saved.h"

enum {
    TEMPLATE_ID_FIRST = 256,
    VERSION_9 = 9,
    VERSION_IPFIX = 10,
    SEQUENCE_KNOWN_MAX = 64,
    PLACE_BYTES = 4 /* of the shortest template */
};

/* More turns than that no decoder has taken; together with those of others they do not overflow. */
#define TURN_MAX (UINT64_C(1) << 48)

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

/* What was saved whole had its place before, and none has a share to keep to. */
static bool has_place(const struct loading *loading, const struct session *session, uint16_t id)
{
    const struct weir_decoder *decoder = loading->decoder;
    if (!loading->whole)
        return eviction_has_place(decoder, session, id);
    return decoder->sessions.place_count < (size_t)decoder->options.templates_max * LIMIT_PLACES_PER_TEMPLATE;
}

/* A template as it stands there. */
struct template_saved {
    struct specification specification;
    int64_t seen_us;
    uint32_t element_count; /* that it was compiled with */
    uint16_t id;
    bool shared;
};

static void read_specification(struct loading *loading, struct template_saved *saved)
{
    struct wire *wire = &loading->wire;
    struct specification *specification = &saved->specification;
    const uint8_t flags = wire_u8(wire);
    specification->options = (flags & SAVED_OPTIONS) != 0;
    saved->shared = (flags & SAVED_SHARED) != 0;
    specification->scope_count = wire_u16(wire);
    specification->size_bytes = wire_u32(wire);
    saved->seen_us = loading_time(loading);
    saved->element_count = loading->format >= SAVED_FORMAT ? wire_u16(wire) : SAVED_ELEMENTS_ALL;
    specification->fields = wire_take(wire, specification->size_bytes);
    if (wire->error)
        return;
    specification->field_count = count_fields(specification);
    if (!is_sound(specification, saved->id) || flags > (SAVED_OPTIONS | SAVED_SHARED) ||
        (saved->element_count != SAVED_ELEMENTS_ALL &&
         (saved->element_count > loading->element_count || saved->element_count > LIMIT_ELEMENTS_LEARNED)))
        wire->error = true;
}

static struct template_saved read_template(struct loading *loading)
{
    struct template_saved saved = {.id = wire_u16(&loading->wire)};
    saved.specification.version = wire_u16(&loading->wire);
    if (loading->format < SAVED_FORMAT || saved.specification.version != SAVED_NO_TEMPLATE)
        read_specification(loading, &saved);
    else if (saved.id < TEMPLATE_ID_FIRST)
        loading->wire.error = true;
    return saved;
}

/* The layout that the template had: without what was told of elements after it came. After a pause it has all names. */
static struct layout *get_layout(struct loading *loading, const struct template_saved *saved)
{
    struct weir_decoder *decoder = loading->decoder;
    enum weir_reason reason;
    if (loading->whole && saved->element_count < loading->element_count)
        taught_hide(&decoder->taught, loading->shown[saved->element_count]);
    struct layout *layout = layout_get(&decoder->layouts, &saved->specification, &reason);
    taught_hide(&decoder->taught, UINT32_MAX);
    return layout;
}

/* Templates beyond the limits of this decoder are left out, as they would be when they came. */
static void load_template(struct loading *loading, struct session *session)
{
    struct weir_decoder *decoder = loading->decoder;
    const struct template_saved saved = read_template(loading);
    if (loading->wire.error || session == NULL)
        return;
    if (session_template(session, saved.id) != NULL) {
        loading->wire.error = true;
        return;
    }
    if (!has_place(loading, session, saved.id))
        return;
    if (saved.specification.version == SAVED_NO_TEMPLATE) {
        if (loading->whole)
            session_template_add(&decoder->sessions, session, saved.id, decoder->options.templates_session_max);
        return;
    }
    if (!saved.shared && decoder->ledger.templates >= decoder->options.templates_max)
        return;
    struct layout *layout = get_layout(loading, &saved);
    if (layout == NULL)
        return;
    struct template_entry *entry =
        session_template_add(&decoder->sessions, session, saved.id, decoder->options.templates_session_max);
    if (entry == NULL) {
        layout_unref(&decoder->layouts, layout);
        return;
    }
    sharing_set_entry(decoder, session, entry, layout, saved.shared);
    entry->seen_us = saved.seen_us;
    decoder->ledger.templates_loaded += !saved.shared;
}

/* ------------------------------------------------------------------------------------------------- sequences */

/* Where the numbers of a session stood. */
struct sequences {
    int64_t heard_us;
    struct sequence datagrams;
    struct record_sequence records;
    bool resumed;
};

static void read_datagrams(struct loading *loading, struct sequence *sequence)
{
    struct wire *wire = &loading->wire;
    sequence->next = wire_u32(wire);
    sequence->uptime_ms = wire_u32(wire);
    sequence->boot_ms = (int64_t)loading_u64(loading);
    if (loading->format >= SAVED_FORMAT) {
        sequence->seen = loading_u64(loading);
        sequence->known = wire_u8(wire);
    }
    if (sequence->boot_ms > INT64_C(1000) * UINT32_MAX || sequence->boot_ms < -(int64_t)UINT32_MAX ||
        sequence->known > SEQUENCE_KNOWN_MAX)
        wire->error = true;
}

static void read_records(struct loading *loading, struct record_sequence *records)
{
    struct wire *wire = &loading->wire;
    records->next = wire_u32(wire);
    if (loading->format < SAVED_FORMAT)
        return;
    records->last = wire_u32(wire);
    records->gap_at = wire_u8(wire);
    const uint8_t which_gaps = wire_u8(wire);
    for (int i = 0; i < RECORD_SEQUENCE_GAPS; i++) {
        if ((which_gaps >> i & 1) == 0)
            continue;
        records->gaps[i].first = wire_u32(wire);
        records->gaps[i].length = wire_u32(wire);
        if (records->gaps[i].length == 0)
            wire->error = true;
    }
    const uint8_t number_count = wire_u8(wire), number_at = wire_u8(wire);
    if (records->gap_at >= RECORD_SEQUENCE_GAPS || number_count > RECORD_SEQUENCE_NUMBERS ||
        number_at >= RECORD_SEQUENCE_NUMBERS || (number_count < RECORD_SEQUENCE_NUMBERS && number_at != number_count)) {
        wire->error = true;
        return;
    }
    records->number_count = number_count;
    records->number_at = number_at;
    for (int i = 0; i < number_count; i++)
        records->numbers[i] = wire_u32(wire);
}

static struct sequences read_sequences(struct loading *loading)
{
    struct wire *wire = &loading->wire;
    struct sequences read = {.heard_us = loading_time(loading)};
    const uint8_t which = wire_u8(wire), may = loading->format >= SAVED_FORMAT ? SAVED_WHICH : SAVED_WHICH_2;
    read.datagrams.started = (which & SAVED_DATAGRAMS) != 0;
    read.records.started = (which & SAVED_RECORDS) != 0;
    read.records.has_last = (which & SAVED_LAST) != 0;
    read.resumed = (which & SAVED_RESUMED) != 0;
    if (read.datagrams.started)
        read_datagrams(loading, &read.datagrams);
    if (read.records.started)
        read_records(loading, &read.records);
    read.records.manner = (which & SAVED_AFTER) != 0    ? RECORD_MANNER_AFTER
                          : (which & SAVED_BEFORE) != 0 ? RECORD_MANNER_BEFORE
                                                        : RECORD_MANNER_UNKNOWN;
    if ((which & ~may) != 0 || (which & (SAVED_AFTER | SAVED_BEFORE)) == (SAVED_AFTER | SAVED_BEFORE) ||
        (!read.records.started && (which & (SAVED_AFTER | SAVED_LAST)) != 0))
        wire->error = true;
    return read;
}

static void mark_pause(struct session *session)
{
    session->resumed = session->sequence.started || session->records.started;
}

/* What came before a pause is not known to be all, so what comes late can only be told as that. */
static void put_sequences(const struct loading *loading, struct session *session, const struct sequences *read)
{
    session->heard_us = read->heard_us;
    if (loading->whole) {
        session->sequence = read->datagrams;
        session->records = read->records;
        session->resumed = read->resumed;
        return;
    }
    session->sequence = (struct sequence){
        .started = read->datagrams.started,
        .next = read->datagrams.next,
        .uptime_ms = read->datagrams.uptime_ms,
        .boot_ms = read->datagrams.boot_ms,
    };
    session->records = (struct record_sequence){.started = read->records.started, .next = read->records.next};
    if (read->records.manner == RECORD_MANNER_AFTER)
        session->records.manner = RECORD_MANNER_AFTER;
    mark_pause(session);
}

void loading_pause(struct weir_decoder *decoder)
{
    for (int useful = 0; useful <= 1; useful++) {
        for (struct session *s = decoder->sessions.used[useful].oldest; s != NULL; s = s->used_newer)
            mark_pause(s);
    }
}

/* -------------------------------------------------------------------------------------------------- sessions */

/* What stands before the templates of a session. */
struct session_saved {
    struct weir_address address;
    struct sequences sequences;
    uint64_t turn;
    uint32_t domain;
    uint32_t template_count;
    uint32_t place_count; /* of templates, with those that are no more */
    uint16_t port;
    bool useful;
};

static struct session_saved read_session(struct loading *loading)
{
    struct wire *wire = &loading->wire;
    struct session_saved saved = {.address = loading_address(loading)};
    saved.port = wire_u16(wire);
    saved.domain = wire_u32(wire);
    const uint8_t useful = wire_u8(wire);
    saved.useful = useful == 1;
    if (loading->format >= SAVED_FORMAT)
        saved.turn = loading_u64(loading);
    if (useful > 1 || saved.turn > TURN_MAX)
        wire->error = true;
    if (loading->format != SAVED_FORMAT_1)
        saved.sequences = read_sequences(loading);
    saved.template_count = wire_u32(wire);
    saved.place_count = loading->format >= SAVED_FORMAT ? wire_u32(wire) : saved.template_count;
    if (saved.place_count < saved.template_count)
        wire->error = true;
    return saved;
}

/* Whether the session is to be taken: one that is there already, from another load, gives way when it was heard before.
 * After a pause one that has neither templates nor data whose numbers count has nothing to go on with. */
static bool is_to_be_taken(struct loading *loading, const struct session_saved *saved)
{
    struct weir_decoder *decoder = loading->decoder;
    const struct sequences *sequences = &saved->sequences;
    struct session *there = session_find(&decoder->sessions, &saved->address, saved->port, saved->domain);
    if (there != NULL && there->load == decoder->load_count) {
        loading->wire.error = true;
        return false;
    }
    if (!loading_wants(loading, &saved->address) || (there != NULL && sequences->heard_us <= there->heard_us))
        return false;
    if (loading->format >= SAVED_FORMAT && !loading->whole && saved->template_count == 0 &&
        !(saved->useful && (sequences->datagrams.started || sequences->records.started)))
        return false;
    if (there != NULL)
        eviction_give_up(decoder, there);
    return true;
}

/* NULL without memory. */
static struct session *make_session(struct loading *loading, const struct session_saved *saved)
{
    struct weir_decoder *decoder = loading->decoder;
    /* Those that were useful most recently come last. */
    if (decoder->sessions.count >= decoder->sessions.count_max)
        eviction_for_session(decoder, &saved->address);
    struct session *session = session_create(&decoder->sessions, &saved->address, saved->port, saved->domain);
    if (session == NULL)
        return NULL;
    session->load = decoder->load_count;
    if (loading->format >= SAVED_FORMAT)
        session->turn = loading->turn_first + saved->turn;
    if (session->turn > loading->turn_last)
        loading->turn_last = session->turn;
    if (saved->useful) {
        session->returned = true;
        session_prove_useful(&decoder->sessions, session);
    }
    put_sequences(loading, session, &saved->sequences);
    decoder->ledger.sessions_loaded++;
    return session;
}

bool loading_session(struct loading *loading)
{
    struct session *session = NULL;
    const struct session_saved saved = read_session(loading);
    if (loading->wire.error)
        return true;
    if (is_to_be_taken(loading, &saved) && (session = make_session(loading, &saved)) == NULL)
        return false;
    const uint32_t count_max = loading->decoder->options.templates_session_max;
    if (session != NULL && saved.place_count <= wire_left(&loading->wire) / PLACE_BYTES)
        session_template_reserve(session, saved.place_count < count_max ? saved.place_count : count_max);
    for (uint32_t i = 0; i < saved.place_count && !loading->wire.error; i++)
        load_template(loading, session);
    return true;
}
