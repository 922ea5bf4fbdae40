/* SPDX-License-Identifier: MIT */
/*
 * waiting.c - keeps data sets until their template comes
 */
#include "waiting.h"

#include "session.h"

#include <stdlib.h>
#include <string.h>

static void append(struct waiting *waiting, struct waiting_set *set)
{
    set->previous = waiting->last;
    if (waiting->last != NULL)
        waiting->last->next = set;
    else
        waiting->first = set;
    waiting->last = set;
}

struct waiting_set *waiting_add(struct waiting *waiting, struct session *session, const struct weir_run *run,
                                const uint8_t *data, size_t size_bytes, int64_t now_us)
{
    const size_t bytes = waiting_bytes_of(size_bytes);
    if (bytes > waiting->bytes_max - waiting->bytes || session->waiting_bytes + bytes > waiting->session_bytes_max)
        return NULL;
    struct waiting_set *set = malloc(bytes);
    if (set == NULL)
        return NULL;
    *set = (struct waiting_set){.session = session, .run = *run, .size_bytes = size_bytes, .arrived_us = now_us};
    memcpy(set->data, data, size_bytes);

    append(waiting, set);

    set->session_previous = session->waiting_last;
    if (session->waiting_last != NULL)
        session->waiting_last->session_next = set;
    else
        session->waiting_first = set;
    session->waiting_last = set;

    session->waiting_bytes += bytes;
    session->peer->waiting_bytes += bytes;
    waiting->bytes += bytes;
    waiting->count++;
    return set;
}

void waiting_remove(struct waiting *waiting, struct waiting_set *set)
{
    if (set->previous != NULL)
        set->previous->next = set->next;
    else
        waiting->first = set->next;
    if (set->next != NULL)
        set->next->previous = set->previous;
    else
        waiting->last = set->previous;

    struct session *session = set->session;
    if (set->session_previous != NULL)
        set->session_previous->session_next = set->session_next;
    else
        session->waiting_first = set->session_next;
    if (set->session_next != NULL)
        set->session_next->session_previous = set->session_previous;
    else
        session->waiting_last = set->session_previous;

    const size_t bytes = waiting_bytes_of(set->size_bytes);
    session->waiting_bytes -= bytes;
    session->peer->waiting_bytes -= bytes;
    waiting->bytes -= bytes;
    waiting->count--;
    set->next = set->previous = set->session_next = set->session_previous = NULL;
    set->session = NULL;
}

void waiting_rewind(struct waiting *waiting, int64_t now_us)
{
    for (struct waiting_set *set = waiting->first; set != NULL; set = set->next) {
        if (set->arrived_us > now_us)
            set->arrived_us = now_us;
    }
}

/* The first set that arrived before the one before it. */
static struct waiting_set *find_break(const struct waiting *waiting)
{
    struct waiting_set *set = waiting->first;
    while (set != NULL && (set->previous == NULL || set->previous->arrived_us <= set->arrived_us))
        set = set->next;
    return set;
}

void waiting_settle(struct waiting *waiting)
{
    struct waiting_set *more;
    while ((more = find_break(waiting)) != NULL) {
        struct waiting_set *set = waiting->first;
        more->previous->next = NULL;
        waiting->first = waiting->last = NULL;
        while (set != NULL || more != NULL) {
            struct waiting_set **from = more == NULL || (set != NULL && set->arrived_us <= more->arrived_us)
                                        ? &set : &more;
            struct waiting_set *taken = *from;
            *from = taken->next;
            append(waiting, taken);
        }
        waiting->last->next = NULL;
    }
}

void waiting_done(struct waiting *waiting)
{
    for (struct waiting_set *set = waiting->first, *next; set != NULL; set = next) {
        next = set->next;
        free(set);
    }
    *waiting = (struct waiting){0};
}
