/* SPDX-License-Identifier: MIT */
/*
 * replay_report.h - tells what weir replay has sent
 */
#ifndef WEIR_CLI_REPLAY_REPORT_H
#define WEIR_CLI_REPLAY_REPORT_H

#include "replay_run.h"
#include "traffic.h"

#include <stdint.h>
#include <weir/weir.h>

/* An exporter of a file. */
struct replay_exporter {
    struct weir_address address; /* as it is there */
    uint32_t source;             /* what it was sent from */
    uint64_t datagrams;
    uint64_t flows;
};

/* What was sent of a file. */
struct replay_file_counts {
    uint64_t datagrams;
    uint64_t flows;
    uint64_t loops; /* of which the last may be not whole */
    const struct replay_exporter *exporters;
    uint32_t exporter_count;
};

/* Prints it to standard output. Returns the exit code, and says what is wrong. */
int replay_report_made(const struct replay_run *run, const struct traffic *traffic);
int replay_report_file(const struct replay_run *run, const struct replay_file_counts *counts);

#endif
