/* SPDX-License-Identifier: MIT */
/*
 * filter_words.h - names that stand for numbers, and what a mistyped word may have meant
 *
 * Words are given with their length and compared whatever their case.
 */
#ifndef WEIR_QUERY_FILTER_WORDS_H
#define WEIR_QUERY_FILTER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum filter_names {
    FILTER_NAMES_PROTOCOLS,
    FILTER_NAMES_SERVICES,
    FILTER_NAMES_DSCP,
    FILTER_NAMES_DIRECTIONS,
    FILTER_NAMES_NAT_EVENTS,      /* several numbers for one name */
    FILTER_NAMES_FIREWALL_EVENTS,
    FILTER_NAMES_COUNT
};

/* The next number of that name from *position on, which begins at 0; -1 when there is none (more). */
int filter_name_number(enum filter_names names, const char *word, size_t length, size_t *position);

/* Calls `each` for all names of a list. */
void filter_name_each(enum filter_names names, void (*each)(void *context, const char *name), void *context);

/* The mask of TCP flags as letters (FSRPAUEC, W for C, X for the first six), or -1 when it is something else. */
int filter_flags_mask(const char *word, size_t length);

/* Finds the nearest of the words that it is offered. */
struct filter_nearest {
    const char *word;
    size_t length;
    const char *best; /* NULL when none is near */
    unsigned best_distance;
    size_t same;      /* letters that both begin with */
};
void filter_nearest_init(struct filter_nearest *nearest, const char *word, size_t length);
void filter_nearest_offer(void *nearest, const char *candidate);

#endif
