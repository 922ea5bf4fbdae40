/* SPDX-License-Identifier: MIT */
/*
 * limits.h - the bounds of everything that a peer can make grow
 *
 * Those that a user may set are defaults of struct weir_options; the others are fixed. At a limit the decoder
 * refuses or evicts, counts it, and goes on.
 *
 * What a decoder takes at its defaults when all of them are reached, in MiB, with what malloc() takes besides:
 *
 *     batches         32   touched only as they are used
 *     layouts         48   10,000 of 20 fields; exporters that send the same template share one
 *     their places    12   in the sessions: 131,072, in tables that are a quarter full or more
 *     sessions        61   65,536, each with its peer and a few templates
 *     waiting         17
 *     state           34   300,000 interfaces with a name each
 *     tables           3
 *     ---------------------
 *                    207   test_hostile.c holds it to that
 */
#ifndef WEIR_LIMITS_H
#define WEIR_LIMITS_H

/* The largest UDP payload over IPv4 (65,535 - 20 - 8), so also the longest record there can be. */
#define LIMIT_DATAGRAM_BYTES 65507u

/* Fields of one template. The longest template that fits into a datagram has about 16,000. */
#define LIMIT_TEMPLATE_FIELDS 4096u

/* Batches. */
#define LIMIT_BATCH_ROWS 65536u
#define LIMIT_BATCH_BYTES_MIN (1u << 20)
#define DEFAULT_BATCH_ROWS 8192u
#define DEFAULT_BATCH_COUNT 32u
#define DEFAULT_BATCH_BYTES (1u << 20)

/* Data that waits for its template. */
#define DEFAULT_WAITING_BYTES (16u << 20)
#define DEFAULT_WAITING_SESSION_BYTES (4u << 20)
#define DEFAULT_WAITING_US 30000000 /* 30 s */

/* What malloc() takes for itself of each piece, about; counted where there are many of them. */
#define LIMIT_PIECE_BYTES 16u

/* Exporters and templates. */
#define DEFAULT_TEMPLATE_LIFETIME_US 86400000000 /* 24 h */
#define DEFAULT_SESSIONS 65536u
#define DEFAULT_TEMPLATES_SESSION 1024u
#define DEFAULT_TEMPLATES 65536u
#define DEFAULT_TEMPLATES_BYTES (48u << 20)

/* Places for templates in all sessions together, for each template there may be: those forgotten or taken over have one
 * too. */
#define LIMIT_PLACES_PER_TEMPLATE 2u

/* Above half of a limit, an exporter address that has so much of it gets no more: see peer.h. */
#define LIMIT_SHARES 16u
#define LIMIT_SHARE_MIN 16u

/* What exporters tell of themselves, all of it; a name or a description; and states that are passed over in search of
 * one that may go. */
#define LIMIT_STATE_BYTES (32u << 20)
#define LIMIT_STATE_TEXT_BYTES 255u
#define LIMIT_STATES_PASSED 64u

/* Sessions that may be given up to make room for one template. */
#define LIMIT_EVICTIONS_TEMPLATE 64u

/* Elements: that a user may add, that exporters may tell of (RFC 5610), and the octets of their names. */
#define LIMIT_ELEMENTS_ADDED 65536u
#define LIMIT_ELEMENTS_LEARNED 4096u
#define LIMIT_ELEMENT_NAME_BYTES 64u

/* Lists (RFC 6313): how deep they may be nested, and the text of one: so much, and so much for each octet. All of a
 * record together: WEIR_RECORD_LISTS_SIZE, which has room for each list's octets as text, 2 digits each. */
#define LIMIT_LIST_DEPTH 8u
#define LIMIT_LIST_TEXT_BYTES 2048u
#define LIMIT_LIST_TEXT_PER_OCTET 64u

/* Sessions of one address and domain that are looked at when one of them lacks a template. */
#define LIMIT_SIBLINGS 1024u

/* A sequence number that leaps further than this is a restart of the exporter, not a loss. */
#define LIMIT_SEQUENCE_GAP 100000u
#define LIMIT_SEQUENCE_GAP_RECORDS 10000000u

/* Sequence numbers of the run before serve for so long after the session's last datagram. A restart takes less; who
 * does not listen for longer knows that he misses something, and how much that is says nothing about the network. */
#define LIMIT_RESUME_US 600000000 /* 10 min */

#endif
