/* SPDX-License-Identifier: MIT */
/*
 * control_server.h - a socket beside the journal, where a running collector tells of its exporters
 *
 * A Unix socket of type stream, NAME.sock, that only the user who runs the collector may use. A client sends one line,
 * and gets lines of JSON; then the connection is closed. What can be asked:
 *
 *     exporters     the head, a line for each exporter (address and domain), the end
 *     account       the head, the end
 *
 *     {"weir":"0.1.0","protocol":1,"process":4711,"now_us":1764000000000000,"received":12,"recovered":0,
 *      "dropped_kernel":0,"dropped_journal":0,"waiting":0,"held":0,"cut_off":0,"datagrams_decoded":12,
 *      "datagrams_refused":0,"not_allowed":0,"flows":40}
 *     {"exporter":"192.0.2.1","domain":0,"version":9,"sessions":1,"sampling_rate":0,"first_us":1764000000000000,
 *      "last_us":...,"exported_us":...,"template_oldest_us":...,"datagrams":12,...}      as struct exporter_row has it
 *     {"end":1,"left_out":0}                                            lines between, and exporters without one
 *
 * Or {"error":"..."} alone. An answer without its end was cut off. Keys may be added; the protocol's number changes
 * when what is there means something else. Times are microseconds since 1970, 0 where there is none.
 *
 * One client is answered at a time, on a thread that the collector does not wait for; who sends or reads too slowly is
 * left.
 */
#ifndef WEIR_CLI_CONTROL_SERVER_H
#define WEIR_CLI_CONTROL_SERVER_H

#include "exporter_list.h"

enum { CONTROL_PROTOCOL = 1, CONTROL_ROWS_MAX = 65536 };

struct control_server;

/* Opens the socket, in the place of one that nobody listens on any more, and answers. NULL with `error` filled. */
struct control_server *control_server_start(const char *path, struct engine *engine, struct exporter_watch *exporters,
                                            struct sink_error *error);

/* Ends it, whoever is being answered, and removes the socket. NULL is fine. */
void control_server_free(struct control_server *server);

#endif
