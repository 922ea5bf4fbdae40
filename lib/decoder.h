/* SPDX-License-Identifier: MIT */
/*
 * decoder.h - the decoder and the work that it has under way
 *
 * weir_decoder_feed() only looks at the header. weir_decoder_next() then works in steps, one set or one piece
 * of a set each, until a batch is ready or nothing is left to do. What is under way stands in the decoder, so
 * that it can stop after any step:
 *
 *     rows     the rest of a data set whose template is known
 *     replay   sets that waited and have their template now; they go before
 *     message  the rest of the datagram
 */
#ifndef WEIR_DECODER_H
#define WEIR_DECODER_H

#include "account.h"
#include "batch.h"
#include "layout.h"
#include "lifetime.h"
#include "lists.h"
#include "session.h"
#include "state.h"
#include "taught.h"
#include "waiting.h"
#include "walk.h"
#include "wire.h"

#include <weir/weir.h>

/* The versions that have no templates. */
enum fixed_version { FIXED_1, FIXED_1_SHORT, FIXED_5, FIXED_7, FIXED_COUNT };

/* Records of a data set that are not in a batch yet. With fields of variable length nobody knows how many they are
 * before they are walked over. */
struct rows {
    const uint8_t *records;
    size_t left_bytes; /* 0: none */
    struct layout *layout;
    struct weir_run run;
};

/* A set that waited and is to be decoded now. */
struct replay {
    struct waiting_set *first, *last; /* by waiting_set.next */
    struct waiting_set *current;      /* the one whose rows are under way; freed after */
};

/* The datagram under way. */
struct message {
    struct wire wire;
    struct weir_run run; /* what the header said; template_id is set for each set */
    size_t size_bytes; /* of the datagram */
    struct session *session;
    uint32_t record_count; /* records of all kinds so far, to compare with the header's count */
    uint32_t data_count;   /* records of data sets so far, as IPFIX counts them in its sequence */
    uint32_t flow_count;   /* of these, not of options templates */
    bool count_known;      /* no set waited or was skipped, so that record_count is all */
    bool reliable;         /* see struct weir_datagram */
    bool active;
};

struct weir_decoder {
    struct weir_options options;
    struct weir_ledger ledger;
    struct account_book book; /* the ledger by sessions */
    struct layout_table layouts;
    struct batch_pool batches;
    struct session_table sessions;
    struct state_table states;
    struct waiting waiting;
    struct lifetime lifetime;
    struct taught taught;
    struct message message;
    struct replay replay;
    struct rows rows;
    struct walked walked; /* scratch */
    struct lists lists;   /* scratch */
    struct layout *fixed[FIXED_COUNT]; /* layouts of the versions that have no templates, made at first use */
    int64_t now_us;    /* latest time told, 0 at first */
    uint32_t load_count; /* how often something was loaded */
    bool flush_wanted; /* the open batches are to be closed when all that is under way is done */
};

/* Counts a reason and tells the callback; `template_id` 0 and `layout` NULL where there is none. */
void decoder_refuse(struct weir_decoder *decoder, enum weir_event_kind kind, enum weir_reason reason,
                    const struct weir_run *run, uint16_t template_id);
void decoder_tell(struct weir_decoder *decoder, enum weir_event_kind kind, const struct weir_run *run,
                  uint16_t template_id, const struct layout *layout, uint32_t count);

/* message.c: takes the header of a datagram; then takes the next set. False: nothing is left. */
int message_begin(struct weir_decoder *decoder, const struct weir_datagram *datagram);
bool message_step(struct weir_decoder *decoder);

/* template_set.c: takes the templates of one set; `options` tells which of the two forms. */
void template_set_take(struct weir_decoder *decoder, struct wire set, bool options);

/* fixed.c: takes the header and the records of version 1, 5 or 7. As message_begin(). */
int fixed_begin(struct weir_decoder *decoder, enum fixed_version version);

/* message.c: for fixed.c: refuses the datagram; makes it the one under way, of the session that its run names. */
int message_refuse(struct weir_decoder *decoder, enum weir_reason reason);
int message_start(struct weir_decoder *decoder);

/* data_set.c: sets up the rows of a set. False when it does not hold one whole record. */
bool data_set_begin_rows(struct weir_decoder *decoder, struct layout *layout, const struct weir_run *run,
                         const uint8_t *data, size_t size_bytes);

/* data_set.c: takes one data set; goes on with its rows, of which there are some; goes on with sets that waited.
 * False: there is nothing to do, or, with rows left, no batch for them until the user releases one. */
void data_set_take(struct weir_decoder *decoder, struct wire set, uint16_t id);
bool data_set_rows_step(struct weir_decoder *decoder);
bool data_set_replay_step(struct weir_decoder *decoder);

/* data_set.c: a set waits on that waited in another decoder; `session` NULL: there is no such session here. */
void data_set_wait_on(struct weir_decoder *decoder, struct session *session, const struct weir_run *run,
                      const uint8_t *data, size_t size_bytes, int64_t arrived_us);

/* data_set.c: a template has come: what waits for it in this session is to be replayed. */
void data_set_template_came(struct weir_decoder *decoder, struct session *session, uint16_t id);

/* data_set.c: decides about what came before `before_us` and still waits. */
void data_set_expire(struct weir_decoder *decoder, int64_t before_us);

/* sharing.c: the template of this version that a session may take over from its siblings, or NULL; and what is to be
 * done in the siblings when what an ID means to the session has changed, or nothing is meant any more: who has taken
 * over a template of this version takes over what there is now instead, or has none. */
struct layout *sharing_find(struct weir_decoder *decoder, const struct session *session, uint16_t id,
                            uint16_t version);
void sharing_settle(struct weir_decoder *decoder, const struct session *session, uint16_t id, uint16_t version);

/* sharing.c: puts a layout into a session's entry and takes the entry's old one out; counts. */
void sharing_set_entry(struct weir_decoder *decoder, struct session *session, struct template_entry *entry,
                       struct layout *layout, bool shared);

/* eviction.c: gives up a session, with its templates and what waits for them. */
void eviction_give_up(struct weir_decoder *decoder, struct session *session);

/* eviction.c: makes room for a session of this address. */
void eviction_for_session(struct weir_decoder *decoder, const struct weir_address *address);

/* eviction.c: whether the session's address may have one more template, or one instead of another. */
bool eviction_may_have_template(const struct weir_decoder *decoder, const struct session *session, bool instead);

/* eviction.c: whether there is a place for a template with this ID in the session, and its address may have it.
 * Templates that the session has forgotten, or taken over from a sibling, take a place as well, until the session
 * goes. */
bool eviction_has_place(const struct weir_decoder *decoder, const struct session *session, uint16_t id);

/* eviction.c: gives up the session that was least recently useful, to make room for a template. False: that did not
 * help, or it is not to be done any more. */
bool eviction_for_template(struct weir_decoder *decoder, const struct session *session, uint32_t done);

/* eviction.c: whether there is room for a set that waits. Sessions on trial give way to those that are useful. */
bool eviction_for_waiting(struct weir_decoder *decoder, struct session *session, size_t size_bytes);

#endif
