/* SPDX-License-Identifier: MIT */
/*
 * ordering.h - connections in the order in which they are shown, in bounded memory
 *
 * Connections become known out of order, since some wait for their other side. By time, they are held until no
 * earlier one can come; by anything else, or with a limit, the best ones are held to the end.
 */
#ifndef REPORT_ORDERING_H
#define REPORT_ORDERING_H

#include "pairing.h"

enum ordering_key { ORDER_TIME, ORDER_SIZE, ORDER_DURATION, ORDER_PACKETS };

struct ordering;

/* A heap of connections. By time the earliest comes first, by the others the largest. `limit` bounds how many
 * are kept: 0 for no limit; beyond it, the last in order are dropped. NULL when memory is short. */
struct ordering *ordering_create(enum ordering_key key, uint64_t limit);
void ordering_free(struct ordering *ordering);

/* Takes a connection. Returns -1 when memory is short; the connection is then not taken. */
int ordering_add(struct ordering *ordering, const struct connection *connection);

size_t ordering_count(const struct ordering *ordering);

/* Of an ordering without limit: takes out the first connection in order whose time is before `time_us`. */
bool ordering_take_before(struct ordering *ordering, int64_t time_us, struct connection *ret_connection);

/* All in order, at the end: sorts what there is and returns it. Nothing may be added after that. */
const struct connection *ordering_all(struct ordering *ordering, size_t *ret_count);

#endif
