/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json_reader.c - the reader of JSON, and what is made of the flows it tells
 *
 * Whatever the input is, its flows are paired and written in every form: all of that is fed by strangers.
 */
#define _GNU_SOURCE

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "format.h"
#include "graph.h"
#include "json_reader.h"
#include "pairing.h"
#include "require.h"
#include "services.h"
#include "stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct services *services;
    struct pairing *pairing;
    struct stats *stats;
    struct graph *graph;
    FILE *out;
    uint64_t flows_in, flows_out;
};

static void on_connection(void *context, const struct connection *connection)
{
    struct run *run = context;
    run->flows_out += connection->paired ? 2 : 1;
    require(connection_bytes(connection) >= connection_size_bytes(connection));
    require(connection_duration_ms(connection) >= 0);
    require(!connection->paired || connection->from.protocol == connection->to.protocol);
    stats_add(run->stats, connection);
    graph_add(run->graph, connection);
    format_line(run->out, connection, run->services, NULL, NULL);
    format_table_row(run->out, connection, run->services, NULL, NULL);
    format_json(run->out, connection, run->services, NULL, NULL);
    if (!connection->paired)
        format_unpaired(run->out, &connection->from, NULL, NULL);
}

static bool on_flow(void *context, const struct flow *flow)
{
    struct run *run = context;
    run->flows_in++;
    require(flow->source.family == 4 || flow->source.family == 6);
    require(pairing_add(run->pairing, flow) == 0);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct services *services; /* reading services(5) anew each time would be most of the work */
    struct run run = {.out = fopen("/dev/null", "w")};
    struct pairing_options options = {
        .horizon_us = 120000000, .flows_max = 16, .found = on_connection, .context = &run};
    struct json_reader_result result;
    const struct terminal terminal = {.width = 40 + (int)(size % 201), .colour = size % 2 == 0, .utf8 = size % 3 == 0};

    if (services == NULL)
        services = services_create();
    run.services = services;
    run.pairing = pairing_create(&options);
    run.stats = stats_create(services);
    run.graph = graph_create(services);
    require(services != NULL && run.out != NULL && run.pairing != NULL && run.stats != NULL && run.graph != NULL);
    int status = json_read_memory(data, size, on_flow, &run, &result);
    require(status == 0 || result.error[0] != '\0');
    require(result.flows == run.flows_in);
    require(result.bytes <= size);
    pairing_finish(run.pairing);
    require(run.flows_out == run.flows_in);
    stats_print(run.stats, run.out, &terminal, NULL, result.flows_skipped);
    graph_print(run.graph, run.out, &terminal);
    pairing_free(run.pairing);
    stats_free(run.stats);
    graph_free(run.graph);
    fclose(run.out);
    return 0;
}
