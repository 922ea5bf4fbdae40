/* SPDX-License-Identifier: MIT */
/*
 * allow_gate.c - which exporters a thread lets in
 */
#include "allow_gate.h"

#include <assert.h>

void allow_gate_init(struct allow_gate *gate, struct address_list *list)
{
    gate->list = list == NULL ? NULL : address_list_hold(list);
    atomic_store(&gate->next, NULL);
}

void allow_gate_done(struct allow_gate *gate)
{
    address_list_free(gate->list);
    address_list_free(atomic_exchange(&gate->next, NULL));
    gate->list = NULL;
}

void allow_gate_change(struct allow_gate *gate, struct address_list *list)
{
    assert(list != NULL);
    address_list_free(atomic_exchange(&gate->next, address_list_hold(list))); /* one that was never taken */
}

void allow_gate_turn(struct allow_gate *gate)
{
    if (atomic_load_explicit(&gate->next, memory_order_relaxed) == NULL)
        return;
    address_list_free(gate->list);
    gate->list = atomic_exchange(&gate->next, NULL);
}
