/* SPDX-License-Identifier: MIT */
/*
 * replay_file.c - sends the datagrams of a capture or an IPFIX file
 *
 * They are decoded besides, to know how many flows they have; and each goes when its time has come: as far from the
 * first one as there, divided by the speed; or when the rate allows it.
 */
#define _GNU_SOURCE
#include "replay_file.h"

#include "exit_code.h"
#include "replay_report.h"
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay {
    struct replay_run *run;
    struct weir_decoder *decoder;
    struct replay_file_counts counts;
    struct replay_exporter *exporters; /* in the order of their first datagrams */
    uint32_t *places;                  /* a hash table: index + 1 into them; room_for a power of two, half of it used */
    uint32_t room;
    bool short_of_memory;
    bool begun;         /* in this loop */
    int64_t first_us;   /* in the file, of its first datagram */
    int64_t begin_ns;   /* when that was sent */
};

static uint32_t hash_of(const struct weir_address *address)
{
    uint64_t hash = address->family;
    for (size_t i = 0; i < sizeof address->octets; i++)
        hash = (hash ^ address->octets[i]) * 0x100000001b3u;
    return (uint32_t)(hash >> 32 ^ hash);
}

/* Where the address is in the table, or would be. */
static uint32_t *find_place(const struct replay *replay, const struct weir_address *address)
{
    uint32_t at = hash_of(address) & (replay->room - 1);
    while (replay->places[at] != 0 &&
           (replay->exporters[replay->places[at] - 1].address.family != address->family ||
            memcmp(replay->exporters[replay->places[at] - 1].address.octets, address->octets, 16) != 0))
        at = (at + 1) & (replay->room - 1);
    return &replay->places[at];
}

static bool grow(struct replay *replay)
{
    const uint32_t room = replay->room == 0 ? 64 : replay->room * 2;
    struct replay_exporter *exporters = realloc(replay->exporters, room / 2 * sizeof *exporters);
    if (exporters == NULL)
        return false;
    replay->exporters = exporters;
    uint32_t *places = calloc(room, sizeof *places);
    if (places == NULL)
        return false;
    free(replay->places);
    replay->places = places;
    replay->room = room;
    for (uint32_t i = 0; i < replay->counts.exporter_count; i++)
        *find_place(replay, &replay->exporters[i].address) = i + 1;
    return true;
}

/* The exporter's entry; NULL when memory is short. */
static struct replay_exporter *find_exporter(struct replay *replay, const struct weir_address *address)
{
    if (replay->counts.exporter_count >= replay->room / 2 && !grow(replay))
        return NULL;
    uint32_t *place = find_place(replay, address);
    if (*place == 0) {
        const uint32_t number = replay->counts.exporter_count++;
        replay->exporters[number] = (struct replay_exporter){
            .address = *address,
            .source = replay->run->options->map_sources ? number % SENDER_SOURCES_MAX : 0,
        };
        *place = number + 1;
    }
    return &replay->exporters[*place - 1];
}

/* How many flows the datagram has, those of data that waited for its templates too. */
static uint32_t count_flows(struct replay *replay, const struct weir_datagram *datagram)
{
    const struct weir_ledger *ledger = weir_decoder_ledger(replay->decoder);
    const uint64_t before = ledger->flows;
    weir_decoder_feed(replay->decoder, datagram);
    for (struct weir_batch *batch; (batch = weir_decoder_next(replay->decoder)) != NULL;)
        weir_batch_release(batch);
    return (uint32_t)(ledger->flows - before);
}

/* Waits for its time, or for the rate. False when it is over. */
static bool wait_for(struct replay *replay, const struct weir_datagram *datagram)
{
    struct replay_run *run = replay->run;
    if (run->options->speed > 0) {
        if (!replay->begun) {
            replay->begun = true;
            replay->first_us = datagram->received_us;
            replay->begin_ns = pace_clock_ns();
        }
        const double since_us = (double)(datagram->received_us - replay->first_us) / run->options->speed;
        if (since_us > 0 && !replay_run_wait_until(run, replay->begin_ns + (int64_t)(since_us * 1000)))
            return false;
    }
    return run->due > 0 || replay_run_wait_due(run);
}

static bool is_over(const struct replay *replay)
{
    const uint64_t max = replay->run->options->datagrams_max;
    return max > 0 && replay->counts.datagrams >= max;
}

/* False when memory is short, or it is over. */
static bool send_datagram(struct replay *replay, const struct weir_datagram *datagram)
{
    struct replay_run *run = replay->run;
    struct replay_exporter *exporter = find_exporter(replay, &datagram->source);
    replay->short_of_memory = exporter == NULL;
    if (exporter == NULL || !wait_for(replay, datagram))
        return false;
    const size_t max_bytes = SENDER_DATAGRAM_BYTES; /* of a datagram over IPv6 with more the end is left out */
    const size_t size_bytes = datagram->size_bytes < max_bytes ? datagram->size_bytes : max_bytes;
    uint8_t *room = sender_room(run->sender, size_bytes);
    if (room == NULL) {
        sender_flush(run->sender);
        room = sender_room(run->sender, size_bytes);
    }
    if (size_bytes > 0)
        memcpy(room, datagram->data, size_bytes);
    sender_add(run->sender, exporter->source, room, size_bytes);
    const uint32_t flows = count_flows(replay, datagram);
    replay_run_spend(run, flows);
    replay->counts.datagrams++;
    replay->counts.flows += flows;
    exporter->datagrams++;
    exporter->flows += flows;
    return true;
}

/* Sends the file once. False when that went wrong, which was said. */
static bool send_once(struct replay *replay)
{
    const struct replay_options *options = replay->run->options;
    struct sink_error error = {0};
    struct weir_datagram datagram;
    struct source *source = source_open(options->file, options->ports, options->port_count, &error);
    int got = source == NULL ? -1 : 1;
    replay->begun = false;
    replay->counts.loops++;
    while (got > 0 && replay_run_goes_on(replay->run) && !is_over(replay) &&
           (got = source_next(source, &datagram, &error)) == 1) {
        if (!send_datagram(replay, &datagram))
            break;
    }
    if (got < 0)
        fprintf(stderr, "weir replay: %s\n", error.text);
    if (replay->short_of_memory)
        fprintf(stderr, "weir replay: not enough memory for the exporters of %s\n", options->file);
    source_close(source);
    return got >= 0 && !replay->short_of_memory;
}

int replay_file(struct replay_run *run)
{
    struct replay replay = {.run = run, .decoder = weir_decoder_create(NULL)};
    if (replay.decoder == NULL || !grow(&replay)) {
        fputs("weir replay: not enough memory to read the file\n", stderr);
        weir_decoder_free(replay.decoder);
        free(replay.exporters);
        return EXIT_FAILURE;
    }
    bool good = true;
    uint64_t before = 0;
    while (good && replay.counts.loops < run->options->loops && replay_run_goes_on(run) && !is_over(&replay)) {
        good = send_once(&replay);
        if (replay.counts.datagrams == before)
            break; /* there is nothing in it */
        before = replay.counts.datagrams;
    }
    replay_run_end(run);
    replay.counts.exporters = replay.exporters;
    const int code = replay_report_file(run, &replay.counts);
    weir_decoder_free(replay.decoder);
    free(replay.exporters);
    free(replay.places);
    return good ? code : EXIT_FAILURE;
}
