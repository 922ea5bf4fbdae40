/* SPDX-License-Identifier: MIT */
/*
 * eviction.c - who makes room when a limit is reached
 *
 * An address that has its share gets no more (peer.h); for the others the session that was least recently useful
 * makes room (session.h).
 */
#include "decoder.h"
#include "limits.h"

#include <stdlib.h>

static void give_up_set(struct weir_decoder *decoder, struct waiting_set *set, enum weir_reason reason)
{
    decoder->ledger.sets_given_up++;
    decoder_refuse(decoder, WEIR_EVENT_SET_GIVEN_UP, reason, &set->run, set->run.template_id);
    waiting_remove(&decoder->waiting, set);
    free(set);
    decoder->ledger.sets_waiting = decoder->waiting.count;
    decoder->ledger.bytes_waiting = decoder->waiting.bytes;
}

void eviction_give_up(struct weir_decoder *decoder, struct session *session)
{
    struct session *turn = decoder->book.session == session ? NULL : decoder->book.session;
    account_turn_to(decoder, session);
    while (session->waiting_first != NULL)
        give_up_set(decoder, session->waiting_first, WEIR_REASON_SESSION_EVICTED);
    for (uint32_t i = 0; i < session->template_places; i++)
        sharing_set_entry(decoder, session, &session->templates[i], NULL, false);
    decoder->ledger.evictions++;
    account_turn_to(decoder, turn);
    account_retire(decoder, session);
    session_remove(&decoder->sessions, session);
    decoder->ledger.sessions = decoder->sessions.count;
}

void eviction_for_session(struct weir_decoder *decoder, const struct weir_address *address)
{
    struct session *victim = session_victim(&decoder->sessions, address);
    if (victim != NULL)
        eviction_give_up(decoder, victim);
}

bool eviction_may_have_template(const struct weir_decoder *decoder, const struct session *session, bool instead)
{
    const struct peer *peer = session->peer;
    const struct layout_table *layouts = &decoder->layouts;
    const uint32_t max = decoder->options.templates_max;
    return (instead || peer_may_take(peer->template_count, decoder->ledger.templates, max)) &&
           peer_may_take(peer->template_bytes, layouts->bytes, layouts->bytes_max);
}

bool eviction_has_place(const struct weir_decoder *decoder, const struct session *session, uint16_t id)
{
    const size_t taken = decoder->sessions.place_count;
    const size_t max = (size_t)decoder->options.templates_max * LIMIT_PLACES_PER_TEMPLATE;
    return session_template(session, id) != NULL ||
           (taken < max && peer_may_take(session->peer->place_count, taken, max));
}

/* Among the useful ones that were useful least recently, one that has templates. */
static struct session *useful_with_templates(const struct weir_decoder *decoder, const struct session *except)
{
    struct session *session = decoder->sessions.used[true].oldest;
    for (uint32_t looked_at = 0; session != NULL && looked_at < LIMIT_EVICTIONS_TEMPLATE; looked_at++) {
        if (session != except && session->own_count > 0)
            return session;
        session = session->used_newer;
    }
    return NULL;
}

/* One on trial, whatever it has: there are enough of those. Just one that is useful: who is new and asks for many
 * templates is not to take the place of many. */
bool eviction_for_template(struct weir_decoder *decoder, const struct session *session, uint32_t done)
{
    struct session *victim = decoder->sessions.used[false].oldest;
    if (victim == session)
        victim = victim->used_newer;
    if (victim == NULL && done == 0)
        victim = useful_with_templates(decoder, session);
    if (victim == NULL || done == LIMIT_EVICTIONS_TEMPLATE)
        return false;
    eviction_give_up(decoder, victim);
    return true;
}

static bool has_room(const struct waiting *waiting, size_t size_bytes)
{
    return waiting_bytes_of(size_bytes) <= waiting->bytes_max - waiting->bytes;
}

bool eviction_for_waiting(struct weir_decoder *decoder, struct session *session, size_t size_bytes)
{
    struct waiting *waiting = &decoder->waiting;
    if (!peer_may_take(session->peer->waiting_bytes, waiting->bytes, waiting->bytes_max))
        return false;
    while (!has_room(waiting, size_bytes) && session->useful && waiting->first != NULL &&
           !waiting->first->session->useful) {
        account_turn_to(decoder, waiting->first->session);
        give_up_set(decoder, waiting->first, WEIR_REASON_WAITING_FULL);
        account_turn_to(decoder, session);
    }
    return has_room(waiting, size_bytes);
}
