/* SPDX-License-Identifier: MIT */
/*
 * account.h - the counts of each session
 *
 * All code counts in the one ledger of the decoder. What is counted while a session's data is looked at is that
 * session's: when the decoder turns to another one, the difference since it turned to this one is added to it. So
 * the sessions' counts, with the remainder's, always sum up to the ledger's, and counting costs nothing as long as
 * the exporter does not change.
 */
#ifndef WEIR_ACCOUNT_H
#define WEIR_ACCOUNT_H

#include <weir/weir.h>

/* Counts of the ledger that sessions have as well, by the same name: those that every datagram changes, and others. */
#define ACCOUNT_COUNTS_EACH(X)                                                                                  \
    X(datagrams)                                                                                                \
    X(datagrams_decoded)                                                                                        \
    X(bytes)                                                                                                    \
    X(sets)                                                                                                     \
    X(sets_data)                                                                                                \
    X(flows)
#define ACCOUNT_COUNTS_OTHER(X)                                                                                 \
    X(datagrams_refused)                                                                                        \
    X(sets_template)                                                                                            \
    X(sets_waited)                                                                                              \
    X(sets_skipped)                                                                                             \
    X(sets_late)                                                                                                \
    X(sets_given_up)                                                                                            \
    X(sets_loaded)                                                                                              \
    X(options)                                                                                                  \
    X(templates_learned)                                                                                        \
    X(templates_changed)                                                                                        \
    X(lost)                                                                                                     \
    X(lost_records)                                                                                             \
    X(found)                                                                                                    \
    X(found_records)                                                                                            \
    X(reordered)                                                                                                \
    X(duplicates)                                                                                               \
    X(restarts)                                                                                                 \
    X(count_mismatches)                                                                                         \
    X(reported_flows)                                                                                           \
    X(reported_packets)
#define ACCOUNT_COUNTS(X) ACCOUNT_COUNTS_EACH(X) ACCOUNT_COUNTS_OTHER(X)

/* What every datagram changes stands first, in one line of the cache. */
struct account {
#define ACCOUNT_COUNT(name) uint64_t name;
    ACCOUNT_COUNTS_EACH(ACCOUNT_COUNT)
    int64_t last_us; /* when its last datagram came, and of which version that was */
    uint16_t version;
    int64_t first_us;
    ACCOUNT_COUNTS_OTHER(ACCOUNT_COUNT)
#undef ACCOUNT_COUNT
    uint32_t reasons[WEIR_REASON_COUNT]; /* counted by decoder_refuse() itself; at UINT32_MAX the remainder goes on */
};

struct session;
struct weir_decoder;

/* What of the ledger is somebody's already, and whose is the rest. */
struct account_book {
    struct weir_ledger mark;
    struct session *session; /* whose data is looked at; NULL: nobody's, the remainder's */
    struct account remainder;  /* of sessions that are gone, and of what belongs to none; but its reasons: */
    uint64_t reasons[WEIR_REASON_COUNT];
};

/* Turns to a session, or to none (NULL); to the one that a run came from, if it is still there. */
void account_turn_to(struct weir_decoder *decoder, struct session *session);
void account_turn_to_run(struct weir_decoder *decoder, const struct weir_run *run);

/* Turns to the session of the datagram under way and counts that; counts one that is refused, as that of the session
 * of its address that was last used, if there is one. */
void account_datagram(struct weir_decoder *decoder);
void account_datagram_refused(struct weir_decoder *decoder);

/* Counts a reason for whom it is the turn of. */
void account_reason(struct weir_decoder *decoder, enum weir_reason reason);

/* The session is to go: its counts go to the remainder. */
void account_retire(struct weir_decoder *decoder, struct session *session);

#endif
