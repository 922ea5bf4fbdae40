/* SPDX-License-Identifier: MIT */
/*
 * account.c - keeps the counts of each session, and shows them
 */
#include "decoder.h"

#include <string.h>

static struct account *whose(struct weir_decoder *decoder)
{
    struct session *session = decoder->book.session;
    return session == NULL ? &decoder->book.remainder : &session->account;
}

/* Gives what was counted since to whom it is the turn of. */
static void settle(struct weir_decoder *decoder)
{
    const struct weir_ledger *ledger = &decoder->ledger;
    struct weir_ledger *mark = &decoder->book.mark;
    struct account *account = whose(decoder);
    uint64_t changed = 0;
#define SETTLE(name)                                                                                            \
    account->name += ledger->name - mark->name;                                                                   \
    mark->name = ledger->name;
#define COMPARE(name) changed |= ledger->name ^ mark->name;
    ACCOUNT_COUNTS_EACH(SETTLE)
    ACCOUNT_COUNTS_OTHER(COMPARE)
    if (changed != 0) {
        ACCOUNT_COUNTS_OTHER(SETTLE)
    }
#undef COMPARE
#undef SETTLE
}

void account_turn_to(struct weir_decoder *decoder, struct session *session)
{
    if (decoder->book.session == session)
        return;
    settle(decoder);
    decoder->book.session = session;
}

void account_turn_to_run(struct weir_decoder *decoder, const struct weir_run *run)
{
    account_turn_to(decoder, session_find(&decoder->sessions, &run->exporter, run->exporter_port, run->domain));
}

static void count_datagram(struct weir_decoder *decoder)
{
    decoder->ledger.datagrams++;
    decoder->ledger.bytes += decoder->message.size_bytes;
}

void account_datagram(struct weir_decoder *decoder)
{
    const struct weir_run *run = &decoder->message.run;
    struct account *account = &decoder->message.session->account;
    account_turn_to(decoder, decoder->message.session);
    count_datagram(decoder);
    if (account->version == 0)
        account->first_us = run->received_us;
    account->last_us = run->received_us;
    account->version = run->version;
}

void account_datagram_refused(struct weir_decoder *decoder)
{
    const struct peer *peer = peer_find(&decoder->sessions.peers, &decoder->message.run.exporter);
    account_turn_to(decoder, peer == NULL ? NULL : peer->newest);
    count_datagram(decoder);
}

void account_reason(struct weir_decoder *decoder, enum weir_reason reason)
{
    struct session *session = decoder->book.session;
    uint32_t *count = session == NULL ? NULL : &session->account.reasons[reason];
    if (count == NULL || *count == UINT32_MAX)
        decoder->book.reasons[reason]++;
    else
        ++*count;
}

void account_retire(struct weir_decoder *decoder, struct session *session)
{
    struct account *remainder = &decoder->book.remainder;
    if (decoder->book.session == session)
        account_turn_to(decoder, NULL);
#define ADD(name) remainder->name += session->account.name;
    ACCOUNT_COUNTS(ADD)
#undef ADD
    for (int i = 0; i < WEIR_REASON_COUNT; i++)
        decoder->book.reasons[i] += session->account.reasons[i];
}

static void show(const struct account *account, struct weir_session_view *view)
{
#define SHOW(name) view->name = account->name;
    ACCOUNT_COUNTS(SHOW)
#undef SHOW
    view->version = account->version;
    view->first_us = account->first_us;
    view->last_us = account->last_us;
}

void weir_decoder_sessions(struct weir_decoder *decoder,
                           void (*each)(void *context, const struct weir_session_view *session), void *context)
{
    settle(decoder);
    for (int useful = 1; useful >= 0; useful--) {
        for (const struct session *s = decoder->sessions.used[useful].newest; s != NULL; s = s->used_older) {
            struct weir_session_view view = {
                .address = s->address,
                .port = s->port,
                .domain = s->domain,
                .templates = s->own_count,
                .bytes_waiting = s->waiting_bytes,
            };
            show(&s->account, &view);
            for (int i = 0; i < WEIR_REASON_COUNT; i++)
                view.reasons[i] = s->account.reasons[i];
            view.sets_waiting = view.sets_waited + view.sets_loaded - view.sets_late - view.sets_given_up;
            each(context, &view);
        }
    }
}

void weir_decoder_remainder(struct weir_decoder *decoder, struct weir_session_view *ret_view)
{
    settle(decoder);
    *ret_view = (struct weir_session_view){0};
    show(&decoder->book.remainder, ret_view);
    memcpy(ret_view->reasons, decoder->book.reasons, sizeof ret_view->reasons);
}
