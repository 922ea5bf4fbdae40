/* SPDX-License-Identifier: MIT */
/*
 * expired.h - up to which of its commits each writer's segments may have been removed because of their age
 *
 * DIR/.expired has a line for each writer of which something was: "0123abcd 17 15", its number and those of the last
 * such commit, and of the last one of flows or options records. It is written before what it tells of goes. So what is
 * missing without being told there is lost; and no writer gives a number again to another commit when its last segment
 * is gone.
 */
#ifndef WEIR_STORE_EXPIRED_H
#define WEIR_STORE_EXPIRED_H

#include "store_error.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeros are empty. */
struct expired {
    struct expired_writer {
        uint64_t last;      /* of any kind */
        uint64_t last_rows; /* of flows or options records; 0: none */
        uint32_t writer;
    } *writers;
    uint32_t count, capacity;
};

/* Reads what a store tells; nothing where there is no such file. 0, or -1 with `error` filled. */
int expired_read(struct expired *expired, const char *folder, struct store_error *error);
int expired_write(const struct expired *expired, const char *folder, struct store_error *error);
void expired_done(struct expired *expired);

/* Notes that segments of the writer go, up to this commit, which `has_rows` of flows or options records. 0, or -1
 * without memory. */
int expired_note(struct expired *expired, uint32_t writer, uint64_t sequence, bool has_rows);

/* The last commits of the writer whose segments may be gone. */
struct expired_writer expired_of(const struct expired *expired, uint32_t writer);

#endif
