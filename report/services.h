/* SPDX-License-Identifier: MIT */
/*
 * services.h - names of ports and protocols
 *
 * The names are those of services(5), read once. Where the system has no such file a few of the best known ones
 * stand in.
 */
#ifndef REPORT_SERVICES_H
#define REPORT_SERVICES_H

#include "pairing.h"

/* Room for any service's name, with the terminating NUL. */
#define SERVICE_TEXT_SIZE 40

struct services;

struct services *services_create(void); /* NULL when memory is short */
void services_free(struct services *services);

/* The name of the service on this port, as services(5) writes it, or NULL. Protocols without ports have none. */
const char *services_find(const struct services *services, uint16_t port, uint8_t protocol);

/* The service of a connection in capitals, by the source port of its from side, else by its destination port.
 * Returns `text`, or NULL where neither has a name. */
const char *services_of_connection(const struct services *services, const struct connection *connection,
                                   char text[SERVICE_TEXT_SIZE]);

/* A word for the connection's traffic that is never missing: its service, or "TCP/8443" by the lower port, or the
 * protocol. For statistics and graphs. */
const char *services_label(const struct services *services, const struct connection *connection,
                           char text[SERVICE_TEXT_SIZE]);

/* "TCP", "ICMPv6", ..., or "PROTO 99". */
const char *protocol_text(uint8_t protocol, char text[SERVICE_TEXT_SIZE]);

#endif
