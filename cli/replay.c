/* SPDX-License-Identifier: MIT */
/*
 * replay.c - weir replay: sends a capture, or made traffic, to a collector
 */
#define _GNU_SOURCE
#include "replay.h"

#include "exit_code.h"
#include "replay_file.h"
#include "replay_options.h"
#include "replay_report.h"
#include "replay_run.h"
#include "stop_signal.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Makes and adds as much as the sender has room for and the rate allows. False at the end. */
static bool fill(struct replay_run *run, struct traffic *traffic)
{
    const size_t room_bytes = traffic_room_bytes(traffic);
    const uint32_t source_last = run->options->source_count - 1;
    const int64_t now_us = clock_us();
    for (uint8_t *room; run->due > 0 && (room = sender_room(run->sender, room_bytes)) != NULL;) {
        struct traffic_datagram datagrams[TRAFFIC_STEP_MAX];
        const size_t count = traffic_next(traffic, now_us, room, datagrams);
        if (count == 0)
            return false;
        for (size_t i = 0; i < count; i++) {
            const struct traffic_datagram *one = &datagrams[i];
            /* hostile ones have an address of their own only where there are many */
            const uint32_t source = one->source < source_last ? one->source : source_last;
            sender_add(run->sender, source, one->octets, one->size_bytes);
            replay_run_spend(run, one->flows);
        }
    }
    return true;
}

static int send_made(struct replay_run *run)
{
    struct traffic *traffic = traffic_create(&run->options->traffic, clock_us());
    if (traffic == NULL) {
        fputs("weir replay: not enough memory to make traffic\n", stderr);
        return EXIT_FAILURE;
    }
    bool more = true;
    while (more && replay_run_goes_on(run) && (run->due > 0 || replay_run_wait_due(run))) {
        more = fill(run, traffic);
        sender_flush(run->sender);
    }
    replay_run_end(run);
    const int code = replay_report_made(run, traffic);
    traffic_free(traffic);
    return code;
}

int cmd_replay(int argc, char **argv)
{
    struct replay_options options;
    struct replay_run run;
    const int done = replay_options_parse(argc, argv, &options);
    if (done >= 0)
        return done;
    stop_signal_init(false);
    if (!replay_run_begin(&run, &options))
        return EXIT_FAILURE;
    const int code = options.file != NULL ? replay_file(&run) : send_made(&run);
    sender_close(run.sender);
    return code;
}
