/* SPDX-License-Identifier: MIT */
/*
 * taught.h - elements that a decoder was taught: by its user, and by exporters (RFC 5610)
 *
 * Those of the user go before what is registered; exporters only tell of elements that nobody else knows, and the
 * first to tell of one is believed. What was taught lives as long as the decoder, as layouts refer to it.
 */
#ifndef WEIR_TAUGHT_H
#define WEIR_TAUGHT_H

#include <stdbool.h>
#include <weir/weir.h>

struct taught_element {
    struct weir_element element;
    struct taught_element *next; /* of all, the one taught after it */
    uint32_t number; /* so many were taught before */
    bool by_user;
    char name[];
};

struct taught {
    struct taught_element **places; /* open addressing by number; NULL: nothing was taught */
    uint32_t place_count;           /* a power of two */
    uint32_t taken_count;
    uint32_t user_count;
    uint32_t exporter_count;
    struct taught_element *all, *newest;
    uint32_t hidden_count; /* so many of the newest are not found: what is compiled was compiled before them */
    uint64_t seed;
};

enum taught_result { TAUGHT, TAUGHT_KNOWN, TAUGHT_FULL, TAUGHT_MEMORY };

void taught_done(struct taught *taught);

/* Forgets what exporters told; no layout refers to it any more. */
void taught_forget_learned(struct taught *taught);

/* How many were ever taught, and how many of these are not hidden: changes whenever one is taught. */
static inline uint32_t taught_element_count(const struct taught *taught)
{
    return taught->user_count + taught->exporter_count - taught->hidden_count;
}

/* The element with this number, or NULL when none was taught. */
const struct weir_element *taught_find(const struct taught *taught, uint32_t pen, uint16_t id);

/* Hides all but the first so many elements; UINT32_MAX: none. */
void taught_hide(struct taught *taught, uint32_t shown_count);

/* Whether an element is one that is hidden. */
bool taught_is_hidden(const struct taught *taught, const struct weir_element *element);

/* The element with this number, taught or registered, or NULL. */
const struct weir_element *taught_or_registered(const struct taught *taught, uint32_t pen, uint16_t id);

/* Adds an element; its name, of `name_bytes` octets, is copied. It is known already when the user has added one
 * with this number, or, when it is not the user's, when there is any. */
enum taught_result taught_add(struct taught *taught, const struct weir_element *element, size_t name_bytes,
                              bool by_user);

#endif
