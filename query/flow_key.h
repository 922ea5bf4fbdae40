/* SPDX-License-Identifier: MIT */
/*
 * flow_key.h - words for what flows are grouped by and shown with: src, dstport, srcnet/24, vlan, octetDeltaCount
 *
 * A key is read from one or two columns as they are stored, its raw parts, and turned to text only where it is shown.
 */
#ifndef WEIR_QUERY_FLOW_KEY_H
#define WEIR_QUERY_FLOW_KEY_H

#include "flow_columns.h"
#include "text_buffer.h"

#define FLOW_KEYS_MAX 8u

enum flow_key_shape {
    FLOW_KEY_NUMBER,   /* shown as it is stored; also text */
    FLOW_KEY_ADDRESS,  /* two parts: IPv4, IPv6 */
    FLOW_KEY_NETWORK,  /* the same, of which the first bits count */
    FLOW_KEY_IPV4,     /* one part: an element of that type */
    FLOW_KEY_IPV6,
    FLOW_KEY_MAC,
    FLOW_KEY_PROTOCOL,
    FLOW_KEY_FLAGS,
    FLOW_KEY_APPLICATION,
    FLOW_KEY_DSCP,     /* the upper six bits of the column */
    FLOW_KEY_ICMP,     /* of ICMP alone */
    FLOW_KEY_ENDPOINT, /* address and port: three parts, for showing only */
    FLOW_KEY_END,      /* the same, with a port where the protocol has any; behind a destination ICMP's type and code */
    FLOW_KEY_COMPUTED, /* an expression, for showing only */
};

struct flow_key {
    char name[FILTER_NAME_MAX + 1]; /* of the column that is shown */
    char column[2 * FILTER_NAME_MAX]; /* of addresses without _ipv4; of a computed one its expression */
    char other[FILTER_NAME_MAX + 1]; /* the column of the flow's other end, where either counts; else "" */
    enum flow_key_shape shape;
    uint8_t bits_ipv4, bits_ipv6;   /* FLOW_KEY_NETWORK */
    enum filter_type type;          /* of what is_made */
    bool is_made;                   /* an element: the column is made by flow_source_put() */
};

/* Reads a word, which need not end in NUL. `to_show`: also what cannot be grouped by. 0, or -1 with a text that offers
 * the nearest word. */
int flow_key_parse(const char *word, size_t length, bool to_show, const struct flow_columns *columns,
                   struct flow_key *ret_key, struct query_error *error);

/* Words with commas between. */
int flow_keys_parse(const char *words, const struct flow_columns *columns, struct flow_key keys[FLOW_KEYS_MAX],
                    size_t *ret_count, struct query_error *error);

unsigned flow_key_parts(const struct flow_key *key);

/* An expression for a raw part of the column (or the `other` one). `mapped`: IPv4 addresses in IPv6 have to become
 * IPv4. */
int flow_key_put_part(struct text_buffer *sql, const struct flow_key *key, unsigned part, bool other, bool mapped);

/* An expression for the text, from expressions for its parts. */
int flow_key_put_text(struct text_buffer *sql, const struct flow_key *key, const char *const parts[3]);

/* Behind a column of IPv6: whether its addresses are of IPv4, ::ffff:a.b.c.d. */
#define FLOW_KEY_MAPPED_RANGE                                                                                          \
    " BETWEEN '\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xFF\\xFF\\x00\\x00\\x00\\x00'::BLOB AND "      \
    "'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xFF\\xFF\\xFF\\xFF\\xFF\\xFF'::BLOB"

/* A name between double quotes. */
int flow_put_name(struct text_buffer *sql, const char *name);

/* Calls `each` for all words but columns and elements. */
void flow_key_words(bool to_show, void (*each)(void *context, const char *word), void *context);

#endif
