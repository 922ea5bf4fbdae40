/* SPDX-License-Identifier: MIT */
/*
 * pairing.h - from flows to connections
 *
 * An exporter reports the two directions of a connection as two flows. They belong together when the one's
 * addresses and ports are the other's reversed, the protocol and the exporter are the same, and their times
 * overlap. A long connection is exported in several records, and each pair of them is a connection of its own.
 *
 *     A → B  |----1----|----2----|--3--|
 *     B → A    |----1----|----2----|-3-|        1 with 1 and so on, although 2 and 1 touch as well
 *
 * Two flows that overlap by more than half are joined at once. Others wait for a better partner until their
 * time is over, and then take the best there is. A flow that finds none is a connection with one side.
 */
#ifndef REPORT_PAIRING_H
#define REPORT_PAIRING_H

#include "flow.h"

struct connection {
    struct flow from;  /* the side that sent more; of equals the one that began */
    struct flow to;    /* the other side, when paired */
    bool paired;
    int64_t time_us;   /* when the flow that completed it was received */
    uint64_t sequence; /* number of that flow: orders connections of one datagram */
};

uint64_t connection_size_bytes(const struct connection *connection);   /* of the larger direction */
uint64_t connection_packets(const struct connection *connection);      /* of both directions */
uint64_t connection_bytes(const struct connection *connection);        /* of both directions */
int64_t connection_duration_ms(const struct connection *connection);   /* of the larger direction */

struct pairing_options {
    int64_t horizon_us;  /* how long a flow waits for its other side, in receive time */
    uint32_t flows_max;  /* flows that wait, at the most: beyond, the oldest stops waiting */
    void (*found)(void *context, const struct connection *connection); /* must not call the pairing */
    void *context;
};

struct pairing_counts {
    uint64_t flows;
    uint64_t flows_paired;
    uint64_t flows_alone;   /* gave up waiting */
    uint64_t flows_crowded; /* of those: because too many waited */
};

struct pairing;

/* NULL when memory is short. The options need not outlive the call. */
struct pairing *pairing_create(const struct pairing_options *options);
void pairing_free(struct pairing *pairing); /* without telling what still waits; NULL is fine */

/* Takes a flow; `found` may be called several times. Returns 0, or -1 when memory is short (the flow is then told
 * as a connection with one side). Flows may come slightly out of order. */
int pairing_add(struct pairing *pairing, const struct flow *flow);

/* Tells the time: flows received more than the horizon before it stop waiting. */
void pairing_advance(struct pairing *pairing, int64_t now_us);

/* The input has ended: nobody waits any longer. */
void pairing_finish(struct pairing *pairing);

/* The receive time before which nothing more will be told, unless flows come out of order. */
int64_t pairing_settled_us(const struct pairing *pairing);

const struct pairing_counts *pairing_counts(const struct pairing *pairing);

#endif
