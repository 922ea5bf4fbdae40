/* SPDX-License-Identifier: MIT */
/*
 * lifetime.c - templates that are not sent again go
 */
#include "lifetime.h"

#include "decoder.h"

/* Looked at so often in a lifetime, but not more than once a minute. */
enum { SWEEPS_PER_LIFETIME = 4, SWEEP_LEAST_US = 60000000 };

void lifetime_init(struct lifetime *lifetime, int64_t length_us)
{
    *lifetime = (struct lifetime){.length_us = length_us == 0 ? INT64_MAX : length_us, .sweep_at_us = INT64_MIN};
}

void lifetime_end(struct weir_decoder *decoder, struct session *session, struct template_entry *entry)
{
    if (entry->shared) {
        struct layout *layout = sharing_find(decoder, session, entry->id, entry->layout->view.version);
        if (layout == entry->layout)
            entry->seen_us = decoder->now_us;
        else
            sharing_set_entry(decoder, session, entry, NULL, false);
        return;
    }
    const struct weir_run run = {
        .datagram = decoder->ledger.datagrams,
        .exporter = session->address,
        .exporter_port = session->port,
        .domain = session->domain,
        .version = entry->layout->view.version,
    };
    sharing_set_entry(decoder, session, entry, NULL, false);
    sharing_settle(decoder, session, entry->id, run.version);
    decoder_refuse(decoder, WEIR_EVENT_TEMPLATE_EXPIRED, WEIR_REASON_TEMPLATE_EXPIRED, &run, entry->id);
}

static void sweep_session(struct weir_decoder *decoder, struct session *session)
{
    for (uint32_t i = 0; i < session->template_places; i++) {
        struct template_entry *entry = &session->templates[i];
        if (entry->layout != NULL && lifetime_is_over(&decoder->lifetime, entry, decoder->now_us))
            lifetime_end(decoder, session, entry);
    }
}

static void sweep(struct weir_decoder *decoder)
{
    for (uint32_t i = 0; i < decoder->sessions.bucket_count; i++) {
        for (struct session *session = decoder->sessions.by_key[i]; session != NULL; session = session->key_next)
            sweep_session(decoder, session);
    }
}

static int64_t next_sweep(const struct lifetime *lifetime, int64_t now_us)
{
    const int64_t part_us = lifetime->length_us / SWEEPS_PER_LIFETIME;
    return now_us + (part_us < SWEEP_LEAST_US ? SWEEP_LEAST_US : part_us);
}

void lifetime_tick(struct weir_decoder *decoder)
{
    struct lifetime *lifetime = &decoder->lifetime;
    if (lifetime->length_us == INT64_MAX || decoder->now_us < lifetime->sweep_at_us)
        return;
    if (lifetime->sweep_at_us != INT64_MIN)
        sweep(decoder);
    lifetime->sweep_at_us = next_sweep(lifetime, decoder->now_us);
}

void lifetime_go_on(struct lifetime *lifetime, int64_t now_us, int64_t sweep_at_us)
{
    if (lifetime->length_us == INT64_MAX || sweep_at_us == INT64_MIN)
        return;
    const int64_t latest_us = next_sweep(lifetime, now_us), at_us = sweep_at_us < latest_us ? sweep_at_us : latest_us;
    if (lifetime->sweep_at_us == INT64_MIN || at_us < lifetime->sweep_at_us)
        lifetime->sweep_at_us = at_us;
}

void lifetime_rewind(struct lifetime *lifetime)
{
    lifetime->sweep_at_us = INT64_MIN;
}
