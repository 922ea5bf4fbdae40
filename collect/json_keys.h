/* SPDX-License-Identifier: MIT */
/*
 * json_keys.h - receive times as keys of one JSON object
 *
 * A key is the receive time: seconds, a point, six digits of microseconds. Several datagrams can share a
 * microsecond, clocks are set back, captures hold packets out of order, and rows that waited for their template are
 * older than what was written last; no key may ever come twice in a file. A time later than all before it is a key
 * as it is. To any other, a number that is used once in the file is added as further digits. The key stays within
 * the microsecond, two numbers are enough to remember however large the file is, and both can be had back from the
 * keys in the file.
 *
 *     received   17.000005  17.000005  17.000005  16.000000  17.000006
 *     key        17.000005  17.0000051 17.0000052 16.0000003 17.000006
 *
 * So that keys with the same six digits sort as text in the order they came in, a number is written with a nine in
 * front for each digit after its first, whose own first digit is no nine: 1 ... 8, 900 ... 989, 99000 ... 99899.
 */
#ifndef WEIR_JSON_KEYS_H
#define WEIR_JSON_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for a key: 20 digits of seconds, a point, 6, and a number of up to 39 digits. */
#define JSON_KEY_SIZE 80

/* The keys of one object. Begin with zero, and give it the keys that are there. */
struct json_keys {
    bool any;
    int64_t latest_us; /* the latest time among the keys */
    uint64_t number;   /* the highest that was added to a key */
};

/* Writes a new key for a time, without quotes or a terminating NUL, and returns its length. */
size_t json_keys_next(struct json_keys *keys, int64_t received_us, char text[JSON_KEY_SIZE]);

/* Takes note of a key that is in the object. Returns false when it is no time: digits, maybe a point and digits. */
bool json_keys_seen(struct json_keys *keys, const char *text, size_t length);

/* Writes a time as seconds with six digits, without a terminating NUL, and returns its length. */
size_t json_time_write(int64_t time_us, char text[JSON_KEY_SIZE]);

#endif
