/* SPDX-License-Identifier: MIT */
/*
 * allow_gate.h - which exporters a thread lets in: a list that others may change between two of its datagrams
 *
 * The thread never waits. One that does not come to it, as its output is stuck, has the new list when it goes on.
 */
#ifndef WEIR_COLLECT_ALLOW_GATE_H
#define WEIR_COLLECT_ALLOW_GATE_H

#include "address_list.h"

#include <stdatomic.h>

struct allow_gate {
    struct address_list *list;           /* of the thread; NULL: all */
    _Atomic(struct address_list *) next; /* NULL: nothing new */
};

/* Holds the list; NULL lets all in. */
void allow_gate_init(struct allow_gate *gate, struct address_list *list);
void allow_gate_done(struct allow_gate *gate);

/* From any thread: `list`, which is not NULL and is held, is to take the place of what there is. */
void allow_gate_change(struct allow_gate *gate, struct address_list *list);

/* On the thread, now and then: takes the list that was changed to. */
void allow_gate_turn(struct allow_gate *gate);

/* On the thread. */
static inline bool allow_gate_lets_in(const struct allow_gate *gate, const struct weir_address *exporter)
{
    return gate->list == NULL || address_list_has(gate->list, exporter);
}

#endif
