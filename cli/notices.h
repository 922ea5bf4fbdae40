/* SPDX-License-Identifier: MIT */
/*
 * notices.h - what somebody who waits for traffic wants to be told, once each
 */
#ifndef WEIR_CLI_NOTICES_H
#define WEIR_CLI_NOTICES_H

#include <stdbool.h>
#include <stdint.h>
#include <weir/weir.h>

struct notices {
    int64_t start_us;
    bool told_silence, told_version, told_waiting;
};

void notices_init(struct notices *notices, int64_t now_us);

/* Looks at the counts, each second or so, and says on standard error what is worth it. */
void notices_tick(struct notices *notices, const struct weir_ledger *ledger, int64_t now_us);

#endif
