/* SPDX-License-Identifier: MIT */
/*
 * metrics_server.h - HTTP for who watches a collector
 *
 *     GET /metrics    the account, as Prometheus reads it (metrics.h)
 *     GET /healthz    200 while the main thread and the lanes go on, else 503
 *     GET /readyz     200 while all that was asked for is done, else 503
 *
 * Who asks is not trusted: there are no other methods than GET and HEAD, no bodies are read, connections are few and
 * short.
 * It has a thread of its own; the collector never waits for it.
 */
#ifndef WEIR_CLI_METRICS_SERVER_H
#define WEIR_CLI_METRICS_SERVER_H

#include "metrics.h"

struct metrics_server;

/* Opens the socket, of metrics_address.h; with the port alone on the loopback device. NULL with `error` filled. */
struct metrics_server *metrics_server_open(const char *address, struct sink_error *error);

/* "http://127.0.0.1:9105/metrics", with the port that it has. Lives as long as the server. */
const char *metrics_server_url(const struct metrics_server *server);

/* Answers from now on. `metrics` stays the caller's. -1 with `error` filled. */
int metrics_server_start(struct metrics_server *server, struct metrics *metrics, struct sink_error *error);

/* Ends it, after the answers that are under way. NULL is fine. */
void metrics_server_free(struct metrics_server *server);

#endif
