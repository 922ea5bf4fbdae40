/* SPDX-License-Identifier: MIT */
/* services.c - names of ports and protocols: services(5), read once into a table of ports by protocol */
#define _GNU_SOURCE
#include "services.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 65535u
#define PORTS 65536

enum { TCP, UDP, SCTP, DCCP, TABLE_COUNT };

struct services {
    uint16_t name_of_port[TABLE_COUNT][PORTS]; /* index into names, 0 for none */
    char **names;
    uint32_t name_count; /* with the unused first */
    uint32_t name_capacity;
};

static const struct {
    uint16_t port;
    const char *name;
} well_known[] = {
    {20, "ftp-data"}, {21, "ftp"},   {22, "ssh"},     {23, "telnet"}, {25, "smtp"},   {53, "domain"}, {67, "bootps"},
    {68, "bootpc"},   {69, "tftp"},  {80, "http"},    {110, "pop3"},  {123, "ntp"},   {143, "imap2"}, {161, "snmp"},
    {179, "bgp"},     {389, "ldap"}, {443, "https"},  {514, "syslog"}, {587, "submission"}, {636, "ldaps"},
    {853, "domain-s"}, {873, "rsync"}, {993, "imaps"}, {995, "pop3s"}, {2049, "nfs"}, {3306, "mysql"},
    {5432, "postgresql"},
};

static int table_of_protocol(uint8_t protocol)
{
    switch (protocol) {
    case PROTOCOL_TCP: return TCP;
    case PROTOCOL_UDP:
    case PROTOCOL_UDPLITE: return UDP;
    case PROTOCOL_SCTP: return SCTP;
    case PROTOCOL_DCCP: return DCCP;
    default: return -1;
    }
}

/* The first name that services(5) gives to a port is its name, as getservbyport() has it. */
static int services_add(struct services *services, int table, uint16_t port, const char *name)
{
    if (services->name_of_port[table][port] != 0 || services->name_count >= NAMES_MAX)
        return 0;
    if (services->name_count == services->name_capacity) {
        uint32_t capacity = services->name_capacity == 0 ? 512 : services->name_capacity * 2;
        char **names = realloc(services->names, capacity * sizeof *names);
        if (names == NULL)
            return -1;
        services->names = names;
        services->name_capacity = capacity;
    }
    if (services->name_count == 0)
        services->names[services->name_count++] = NULL;
    char *copy = strndup(name, SERVICE_TEXT_SIZE - 1);
    if (copy == NULL)
        return -1;
    services->name_of_port[table][port] = (uint16_t)services->name_count;
    services->names[services->name_count++] = copy;
    return 0;
}

static int services_read(struct services *services)
{
    int result = 0;
    const struct servent *entry;
    setservent(1);
    while (result == 0 && (entry = getservent()) != NULL) {
        int table = strcmp(entry->s_proto, "tcp") == 0    ? TCP
                    : strcmp(entry->s_proto, "udp") == 0  ? UDP
                    : strcmp(entry->s_proto, "sctp") == 0 ? SCTP
                    : strcmp(entry->s_proto, "dccp") == 0 ? DCCP
                                                          : -1;
        if (table >= 0)
            result = services_add(services, table, ntohs((uint16_t)entry->s_port), entry->s_name);
    }
    endservent();
    if (services->name_count > 0)
        return result;
    for (size_t i = 0; result == 0 && i < sizeof well_known / sizeof well_known[0]; i++) {
        result = services_add(services, TCP, well_known[i].port, well_known[i].name);
        if (result == 0)
            result = services_add(services, UDP, well_known[i].port, well_known[i].name);
    }
    return result;
}

struct services *services_create(void)
{
    struct services *services = calloc(1, sizeof *services);
    if (services != NULL && services_read(services) != 0) {
        services_free(services);
        return NULL;
    }
    return services;
}

void services_free(struct services *services)
{
    if (services == NULL)
        return;
    for (uint32_t i = 1; i < services->name_count; i++)
        free(services->names[i]);
    free(services->names);
    free(services);
}

const char *services_find(const struct services *services, uint16_t port, uint8_t protocol)
{
    int table = table_of_protocol(protocol);
    if (table < 0)
        return NULL;
    uint16_t name = services->name_of_port[table][port];
    return name == 0 ? NULL : services->names[name];
}

const char *services_of_connection(const struct services *services, const struct connection *connection,
                                   char text[SERVICE_TEXT_SIZE])
{
    const struct flow *flow = &connection->from;
    const char *name = services_find(services, flow->source_port, flow->protocol);
    if (name == NULL)
        name = services_find(services, flow->destination_port, flow->protocol);
    if (name == NULL)
        return NULL;
    size_t i = 0;
    for (; name[i] != '\0' && i < SERVICE_TEXT_SIZE - 1; i++)
        text[i] = (char)toupper((unsigned char)name[i]);
    text[i] = '\0';
    return text;
}

const char *services_label(const struct services *services, const struct connection *connection,
                           char text[SERVICE_TEXT_SIZE])
{
    const struct flow *flow = &connection->from;
    if (services_of_connection(services, connection, text) != NULL)
        return text;
    char protocol[SERVICE_TEXT_SIZE];
    protocol_text(flow->protocol, protocol);
    uint16_t port = flow->source_port < flow->destination_port ? flow->source_port : flow->destination_port;
    if (table_of_protocol(flow->protocol) >= 0)
        snprintf(text, SERVICE_TEXT_SIZE, "%.20s/%u", protocol, port);
    else
        snprintf(text, SERVICE_TEXT_SIZE, "%s", protocol);
    return text;
}

const char *protocol_text(uint8_t protocol, char text[SERVICE_TEXT_SIZE])
{
    static const struct {
        uint8_t number;
        const char *name;
    } names[] = {
        {0, "HOPOPT"}, {1, "ICMP"},  {2, "IGMP"},  {4, "IPIP"},    {6, "TCP"},     {17, "UDP"},       {33, "DCCP"},
        {41, "IPv6"},  {47, "GRE"},  {50, "ESP"},  {51, "AH"},     {58, "ICMPv6"}, {88, "EIGRP"},     {89, "OSPF"},
        {103, "PIM"},  {112, "VRRP"}, {115, "L2TP"}, {132, "SCTP"}, {136, "UDPLite"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].number == protocol) {
            snprintf(text, SERVICE_TEXT_SIZE, "%s", names[i].name);
            return text;
        }
    }
    snprintf(text, SERVICE_TEXT_SIZE, "PROTO %u", protocol);
    return text;
}
