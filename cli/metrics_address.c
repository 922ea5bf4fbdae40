/* SPDX-License-Identifier: MIT */
/* metrics_address.c - "[ADDRESS:]PORT", as --metrics has it */
#include "metrics_address.h"

#include "quantity.h"

#include <stdio.h>
#include <string.h>

int metrics_address_parse(const char *text, char ret_host[METRICS_HOST_SIZE], char ret_port[METRICS_PORT_SIZE])
{
    uint64_t port;
    const char *colon = strrchr(text, ':');
    const char *port_text = colon == NULL ? text : colon + 1;
    size_t host_length = colon == NULL ? 0 : (size_t)(colon - text);
    if (quantity_parse_count(port_text, &port) != 0 || port > 65535)
        return -1;
    if (colon != NULL && host_length == 0)
        return -1; /* all addresses are named by one that means them */
    if (host_length > 0 && text[0] == '[') {
        if (host_length < 3 || text[host_length - 1] != ']')
            return -1;
        text++;
        host_length -= 2;
    } else if (memchr(text, ':', host_length) != NULL) {
        return -1; /* IPv6 without brackets: where its port begins cannot be told */
    }
    if (host_length >= METRICS_HOST_SIZE)
        return -1;
    memcpy(ret_host, text, host_length);
    ret_host[host_length] = '\0';
    snprintf(ret_port, METRICS_PORT_SIZE, "%u", (unsigned)port);
    return 0;
}
