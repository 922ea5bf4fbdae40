/* SPDX-License-Identifier: MIT */
/*
 * saved.h - the form of what is saved
 *
 * All numbers big endian:
 *
 *     +------------+---------+-------+----------------+-----------------------------------------------------------+
 *     | "weirsave" | version | CRC32 | size of what   | now 8 | sweep 8 | elements, a 0 octet, sessions,          |
 *     | 8 octets   | 4       | 4     | follows, 8     | a 0 octet, states, a 0 octet, waiting sets, a 0 octet     |
 *     +------------+---------+-------+----------------+-----------------------------------------------------------+
 *
 *     element  1 | PEN 4 | ID 2 | type 1 | semantics 1 | units 1 | name 1 + octets
 *     session  1 | address 17 | port 2 | domain 4 | useful 1 | turn 8 | sequences | template count 4 | place count 4 |
 *              templates, with the places of those that are no more
 *     sequences    heard 8 | which 1 | 1, of datagrams: next 4, uptime 4, boot 8, seen 8, known 1 | 2, of records:
 *                  next 4, last 4, place of the next gap 1, which gaps 1, of each first 4 and length 4, count of
 *                  numbers 1, place of the next 1, numbers 4 |
 *                  with 4, numbers are those after a datagram, with 8 before; with 16 the last was ahead of all
 *                  (record_sequence.h); with 32 no datagram came since a pause
 *     template     ID 2 | version 2 (0: it is no more, and nothing follows) | flags 1 (1: options, 2: taken over) |
 *                  scope fields 2 | octets 4 | seen 8 | elements that it was compiled with 2 (65,535: all) | octets
 *     state    1 | address 17 | domain 4 | told 8 | system init 8 | rate 4 | 8 totals 8 | entry count 4 | entries
 *     entry        kind 1 | ID 8 | rate 4 | algorithm 2 | totals 8, 8 | name 1 + octets | description 1 + octets
 *     waiting  1 | address 17 | port 2 | domain 4 | arrived 8 | received 8 | datagram less the next one's number 8 |
 *              version 2 | template ID 2 | export time 4 | uptime 4 | sequence 4 | header's count 2 | octets 2 | octets
 *
 * Sessions and states that were useful least recently come first, elements as they were learned, sets as they came. The
 * CRC is over the version and all behind the CRC.
 *
 * Version 2 has neither now nor sweep, nor waiting sets with the 0 octet behind them, nor turn, seen, known, told,
 * elements of a template, or places; of records next only, of `which` 1, 2 and 4. Version 1 has neither elements, nor
 * the 0 octet behind them, nor sequences, and its CRC leaves out the version.
 */
#ifndef WEIR_SAVED_H
#define WEIR_SAVED_H

#include "limits.h"
#include "wire.h"

#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

#define SAVED_MAGIC "weirsave"

enum {
    SAVED_FORMAT_1 = 1,
    SAVED_FORMAT_2 = 2,
    SAVED_FORMAT = 3,
    SAVED_MAGIC_BYTES = 8,
    SAVED_CRC_AT = 12,
    SAVED_CRC_FROM = 16,
    SAVED_HEADER_BYTES = 24
};

/* What comes: one more, or the end of its kind. */
enum { SAVED_NO_MORE, SAVED_MORE };

/* Flags of a template; which sequences there are; a template that is no more, and one that knows all elements. */
enum { SAVED_OPTIONS = 1, SAVED_SHARED = 2 };
enum {
    SAVED_DATAGRAMS = 1,
    SAVED_RECORDS = 2,
    SAVED_AFTER = 4,
    SAVED_BEFORE = 8,
    SAVED_LAST = 16,
    SAVED_RESUMED = 32,
    SAVED_WHICH_2 = SAVED_DATAGRAMS | SAVED_RECORDS | SAVED_AFTER,
    SAVED_WHICH = SAVED_WHICH_2 | SAVED_BEFORE | SAVED_LAST | SAVED_RESUMED
};
enum { SAVED_NO_TEMPLATE = 0, SAVED_ELEMENTS_ALL = 0xffff };

/* What the CRC of all this is to be: `data` from the first octet on, at least SAVED_HEADER_BYTES. */
uint32_t saved_crc32(const uint8_t *data, size_t size_bytes, uint32_t format);

/* One that is being loaded. What is within it is checked as if it had come from the network: `wire` is in error when it
 * is not as it was written. */
struct loading {
    struct weir_decoder *decoder;
    struct wire wire;
    uint32_t format;
    bool whole; /* the form tells all that is to be known, and there is no pause */
    bool (*want)(void *context, const struct weir_address *address); /* or NULL */
    void *context;
    int64_t now_us;          /* of who saved it */
    uint64_t turn_first;     /* turns of sessions count on from here */
    uint64_t turn_last;
    uint32_t element_count;
    uint32_t shown[LIMIT_ELEMENTS_LEARNED + 1]; /* how many elements the decoder knew before this one */
};

bool loading_wants(const struct loading *loading, const struct weir_address *address);

/* For all of them: numbers; an address; whether one more comes. */
uint64_t loading_u64(struct loading *loading);
int64_t loading_time(struct loading *loading);
struct weir_address loading_address(struct loading *loading);
bool loading_has_more(struct loading *loading);

/* saved_session.c: takes the next session. False without memory. */
bool loading_session(struct loading *loading);

/* saved_session.c: what each session's datagrams count on from is that of before a pause. */
void loading_pause(struct weir_decoder *decoder);

#endif
