/* SPDX-License-Identifier: MIT */
/*
 * waiting.h - data sets that came before their template
 *
 * A set is copied, with what its datagram's header said, and waits in the order of arrival, bounded in bytes
 * for all and for each session, and in time. Each is in two lists: the one of all, by which time
 * runs out, and the one of its session, by which a template finds it.
 */
#ifndef WEIR_WAITING_H
#define WEIR_WAITING_H

#include <weir/weir.h>

struct session;

struct waiting_set {
    struct waiting_set *next, *previous;                 /* of all, oldest first */
    struct waiting_set *session_next, *session_previous; /* of its session */
    struct session *session; /* NULL once it is out of the lists */
    struct layout *layout;   /* then: what it is to be decoded with; holds a reference */
    int64_t arrived_us;      /* by the decoder's time */
    struct weir_run run; /* all but the rows */
    size_t size_bytes;
    uint8_t data[]; /* the set without its header */
};

struct waiting {
    struct waiting_set *first, *last;
    size_t bytes; /* what the sets take, with their own structures */
    size_t bytes_max;
    size_t session_bytes_max;
    uint64_t count;
};

/* Copies a set. Returns it, or NULL when there is no room or no memory. */
struct waiting_set *waiting_add(struct waiting *waiting, struct session *session, const struct weir_run *run,
                                const uint8_t *data, size_t size_bytes, int64_t now_us);

/* What a set of so many octets takes. */
static inline size_t waiting_bytes_of(size_t size_bytes)
{
    return sizeof(struct waiting_set) + size_bytes;
}

/* Takes a set out of the lists; the caller then owns it and frees it with free(). */
void waiting_remove(struct waiting *waiting, struct waiting_set *set);

/* No set arrived later than `now_us`: time was set back. */
void waiting_rewind(struct waiting *waiting, int64_t now_us);

/* Puts all into the order in which they arrived, where those of several decoders were added one behind the other. */
void waiting_settle(struct waiting *waiting);

void waiting_done(struct waiting *waiting);

#endif
