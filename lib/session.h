/* SPDX-License-Identifier: MIT */
/*
 * session.h - what the decoder knows of each (exporter address, port, domain): templates and sequence number
 *
 * Sessions are found by the three; those of one address and domain are also linked, because one may lend a
 * template to another: exporters change ports when they restart, and some send templates from one port and
 * data from another.
 *
 * When there are too many, the one that was least recently useful makes room. A session has proved useful when
 * records were decoded of a later datagram than its first: a flood of datagrams with invented addresses does not get
 * so far. Those that have not are on trial and go first, by their last use; so at the most 7/8 of all may be useful,
 * or nobody new would last long enough.
 */
#ifndef WEIR_SESSION_H
#define WEIR_SESSION_H

#include "layout.h"
#include "peer.h"
#include "record_sequence.h"
#include "sequence.h"
#include "account.h"

#include <weir/weir.h>

struct waiting_set;

enum { SESSION_ALIGNMENT = 64 };

/* Templates of a session: open addressing by ID. */
struct template_entry {
    uint16_t id; /* 0: place is empty */
    bool shared; /* taken over from a sibling, not sent by this session */
    struct layout *layout; /* NULL: none at present */
    int64_t seen_us;       /* when it was last sent, or taken over; see lifetime.h */
};

/* What each datagram needs stands first: with a thousand exporters taking turns none of it is in the nearest cache, and
 * each line of it takes its time. */
struct session {
    _Alignas(SESSION_ALIGNMENT) struct weir_address address;
    bool returned; /* not only one datagram came */
    bool useful;
    bool resumed; /* the sequences are those of the run before: no datagram came since */
    uint16_t port;
    uint32_t domain;
    uint32_t template_places; /* a power of two, or 0 */
    struct session *key_next; /* same bucket by address, port, domain */
    struct template_entry *templates;
    struct session *used_newer, *used_older; /* of all that are useful, or of all on trial */
    struct session *peer_newer;              /* of its peer */
    struct peer *peer;
    struct sequence sequence; /* of versions that count datagrams */
    int64_t heard_us;         /* when its last datagram came */
    uint64_t turn;            /* which of all turns of sessions was its last */
    _Alignas(SESSION_ALIGNMENT) struct account account;
    struct record_sequence records; /* of versions that count records */
    struct session *peer_older;
    struct session *sibling_next;  /* same bucket by address, domain: one address may fill it with all its ports, */
    struct session **sibling_link; /* so what points at this one is known, and taking it out needs no search */
    uint32_t place_count;          /* places taken, also by templates that were taken over or are no more */
    uint32_t own_count;            /* templates that this session was sent */
    struct waiting_set *waiting_first, *waiting_last;
    size_t waiting_bytes;
    uint32_t load; /* with which it came, counted from 1; 0: with none */
};

/* Sessions by their last use. */
struct session_list {
    struct session *newest, *oldest;
    uint32_t count;
};

struct session_table {
    struct session **by_key;
    struct session **by_sibling;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;
    uint32_t count_max;
    uint32_t place_count; /* of all sessions */
    uint64_t turn;        /* counts what sessions were used */
    struct session_list used[2]; /* those on trial; those that have proved useful */
    struct peer_table peers;
    uint64_t seed;
};

int session_table_init(struct session_table *table, uint32_t count_max, uint64_t seed);

/* Frees the sessions, not the layouts that they refer to. */
void session_table_done(struct session_table *table);

/* The session with this key, or NULL. */
struct session *session_find(struct session_table *table, const struct weir_address *address, uint16_t port,
                             uint32_t domain);

/* Marks a session as used just now: a datagram came; records of one were decoded. */
void session_touch(struct session_table *table, struct session *session);
void session_prove_useful(struct session_table *table, struct session *session);

/* The session that is to make room for one of this address, NULL when there is room. */
struct session *session_victim(struct session_table *table, const struct weir_address *address);

/* Puts the sessions of each peer that came with this load in the order of their turns, behind the others. -1 when
 * memory is short. */
int session_order(struct session_table *table, uint32_t load);

/* Makes a session; NULL when memory is short. The caller has made room. */
struct session *session_create(struct session_table *table, const struct weir_address *address, uint16_t port,
                               uint32_t domain);

/* Takes a session out and frees it; its templates and waiting sets are gone already. */
void session_remove(struct session_table *table, struct session *session);

/* The first session of this address and domain in the chain from `from` on (NULL: from its begin). */
struct session *session_sibling(const struct session_table *table, const struct session *of,
                                const struct session *from);

/* The template with this ID, or NULL. */
struct template_entry *session_template(const struct session *session, uint16_t id);

/* Makes places for so many templates, if there is memory. */
void session_template_reserve(struct session *session, uint32_t count);

/* As session_template(), made with no layout when there is none. NULL when memory is short or there are `count_max`. */
struct template_entry *session_template_add(struct session_table *table, struct session *session, uint16_t id,
                                            uint32_t count_max);

#endif
