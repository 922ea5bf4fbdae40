/* SPDX-License-Identifier: MIT */
/*
 * saved.h - the form of what is saved
 *
 * All numbers big endian:
 *
 *     +------------+---------+-------+----------------+-----------------------------------------------------------+
 *     | "weirsave" | version | CRC32 | size of what   | elements, a 0 octet, sessions, a 0 octet, states,         |
 *     | 8 octets   | 4       | 4     | follows, 8     | a 0 octet                                                 |
 *     +------------+---------+-------+----------------+-----------------------------------------------------------+
 *
 *     element  1 | PEN 4 | ID 2 | type 1 | semantics 1 | units 1 | name 1 + octets
 *     session  1 | address 17 | port 2 | domain 4 | useful 1 | sequences | template count 4 | templates
 *     sequences    heard 8 | which 1 | 1, of datagrams: next 4, uptime 4, boot 8 | 2, of records: next 4;
 *                  with 4, numbers are those after a datagram (record_sequence.h)
 *     template     ID 2 | version 2 | flags 1 (1: options, 2: taken over) | scope fields 2 | octets 4 | seen 8 | octets
 *     state    1 | address 17 | domain 4 | system init 8 | rate 4 | 8 totals 8 | entry count 4 | entries
 *     entry        kind 1 | ID 8 | rate 4 | algorithm 2 | totals 8, 8 | name 1 + octets | description 1 + octets
 *
 * Sessions and states that were useful least recently come first, elements as they were learned. The CRC is over the
 * version and all behind the CRC. Version 1 has neither elements, nor the 0 octet behind them, nor sequences, and its
 * CRC leaves out the version.
 */
#ifndef WEIR_SAVED_H
#define WEIR_SAVED_H

#include <stddef.h>
#include <stdint.h>

#define SAVED_MAGIC "weirsave"

enum {
    SAVED_FORMAT_1 = 1,
    SAVED_FORMAT = 2,
    SAVED_MAGIC_BYTES = 8,
    SAVED_CRC_AT = 12,
    SAVED_CRC_FROM = 16,
    SAVED_HEADER_BYTES = 24
};

/* What comes: one more, or the end of its kind. */
enum { SAVED_NO_MORE, SAVED_MORE };

/* Flags of a template; which sequences there are. */
enum { SAVED_OPTIONS = 1, SAVED_SHARED = 2 };
enum { SAVED_DATAGRAMS = 1, SAVED_RECORDS = 2, SAVED_AFTER = 4 };

/* What the CRC of all this is to be: `data` from the first octet on, at least SAVED_HEADER_BYTES. */
uint32_t saved_crc32(const uint8_t *data, size_t size_bytes, uint32_t format);

#endif
