/* SPDX-License-Identifier: MIT */
/*
 * sharing.c - one port of an exporter takes over the template of another
 *
 * Allowed only where just one meaning is known: when the siblings that were sent a template with this ID (same
 * address, same domain, other ports) all have the same. Two exporters behind one address must not decode each
 * other's data. A template of the session's own always goes before. NetFlow v9 and IPFIX have nothing to do with each
 * other here.
 */
#include "decoder.h"
#include "limits.h"

void sharing_set_entry(struct weir_decoder *decoder, struct session *session, struct template_entry *entry,
                       struct layout *layout, bool shared)
{
    struct layout *old = entry->layout;
    struct peer *peer = session->peer;
    if (old != NULL && !entry->shared) {
        decoder->ledger.templates--;
        session->own_count--;
        peer->template_count--;
        peer->template_bytes -= old->block_bytes;
        decoder->ledger.layouts -= --old->template_count == 0;
    }
    if (layout != NULL && !shared) {
        decoder->ledger.templates++;
        session->own_count++;
        peer->template_count++;
        peer->template_bytes += layout->block_bytes;
        decoder->ledger.layouts += layout->template_count++ == 0;
    }
    entry->layout = layout;
    entry->shared = shared;
    entry->seen_us = decoder->now_us;
    if (old != NULL)
        layout_unref(&decoder->layouts, old);
}

struct layout *sharing_find(struct weir_decoder *decoder, const struct session *session, uint16_t id, uint16_t version)
{
    struct layout *found = NULL;
    uint32_t looked_at = 0;
    for (const struct session *sibling = session_sibling(&decoder->sessions, session, NULL); sibling != NULL;
         sibling = session_sibling(&decoder->sessions, session, sibling)) {
        if (looked_at++ == LIMIT_SIBLINGS)
            return NULL;
        const struct template_entry *entry = session_template(sibling, id);
        if (entry == NULL || entry->layout == NULL || entry->shared || entry->layout == found ||
            entry->layout->view.version != version || lifetime_is_over(&decoder->lifetime, entry, decoder->now_us))
            continue;
        if (found != NULL)
            return NULL;
        found = entry->layout;
    }
    return found;
}

void sharing_settle(struct weir_decoder *decoder, const struct session *session, uint16_t id, uint16_t version)
{
    struct layout *only = NULL; /* the same for all who have none of their own: looked for once */
    bool only_known = false;
    uint32_t looked_at = 0;
    for (struct session *sibling = session_sibling(&decoder->sessions, session, NULL); sibling != NULL;
         sibling = session_sibling(&decoder->sessions, session, sibling)) {
        if (looked_at++ == LIMIT_SIBLINGS)
            return;
        struct template_entry *entry = session_template(sibling, id);
        if (entry == NULL || entry->layout == NULL || !entry->shared || entry->layout->view.version != version)
            continue;
        if (!only_known)
            only = sharing_find(decoder, sibling, id, version);
        only_known = true;
        if (entry->layout == only)
            continue;
        if (only != NULL)
            only->reference_count++;
        sharing_set_entry(decoder, sibling, entry, only, only != NULL);
    }
}
