/* SPDX-License-Identifier: MIT */
/*
 * notices.c - hints for the first minutes with a new exporter
 */
#include "notices.h"

#include <inttypes.h>
#include <stdio.h>

enum { SILENCE_S = 60, WAITING_S = 20 };

void notices_init(struct notices *notices, int64_t now_us)
{
    *notices = (struct notices){.start_us = now_us};
}

void notices_tick(struct notices *notices, const struct weir_ledger *ledger, int64_t now_us)
{
    const int64_t seconds = (now_us - notices->start_us) / 1000000;
    if (!notices->told_silence && ledger->datagrams == 0 && seconds >= SILENCE_S) {
        notices->told_silence = true;
        fprintf(stderr, "weir collect: nothing has come in %d s; is the exporter set to this address and port, and "
                        "does a firewall let it through?\n", SILENCE_S);
    }
    if (!notices->told_version && ledger->reasons[WEIR_REASON_VERSION_UNSUPPORTED] > 0) {
        notices->told_version = true;
        fputs("weir collect: an exporter sends a version that is not decoded; set it to NetFlow v9 or IPFIX (--debug "
              "names version and exporter)\n", stderr);
    }
    if (!notices->told_waiting && ledger->flows == 0 && ledger->sets_waiting > 0 && seconds >= WAITING_S) {
        notices->told_waiting = true;
        fprintf(stderr, "weir collect: %" PRIu64 " data sets wait for their template, which exporters send every few "
                        "minutes; it can often be set to one minute\n", ledger->sets_waiting);
    }
}
