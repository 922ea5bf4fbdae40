/* SPDX-License-Identifier: MIT */
/* host_filter.c - which hosts a report is about */
#include "host_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX 32

static int append(struct host_filter *filter, const struct weir_address *address, uint8_t prefix_bits)
{
    struct host_network *networks = realloc(filter->networks, (filter->count + 1) * sizeof *networks);
    if (networks == NULL)
        return -1;
    networks[filter->count++] = (struct host_network){*address, prefix_bits};
    filter->networks = networks;
    return 0;
}

int host_filter_add(struct host_filter *filter, const char *text, struct names *names, char error[512])
{
    struct weir_address addresses[ADDRESSES_MAX];
    char host[256];
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    bool integer = strspn(text, "0123456789") == strlen(text);

    if (length == 0 || length >= sizeof host) {
        snprintf(error, 512, "'%.100s' is no host; give an address, a network such as 192.0.2.0/24, or a name", text);
        return -1;
    }
    memcpy(host, text, length);
    host[length] = '\0';
    if (!integer && address_parse(host, 0, &addresses[0]) == 0) {
        unsigned long width = addresses[0].family == 4 ? 32 : 128, bits = width;
        if (slash != NULL) {
            char *end;
            bits = strtoul(slash + 1, &end, 10);
            if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits > width) {
                snprintf(error, 512, "'%.100s' is no network: the part behind the slash is a number from 0 to %lu",
                         text, width);
                return -1;
            }
        }
        if (append(filter, &addresses[0], (uint8_t)bits) == 0)
            return 0;
        snprintf(error, 512, "out of memory");
        return -1;
    }
    uint32_t count = slash == NULL && names != NULL ? names_lookup(names, host, addresses, ADDRESSES_MAX) : 0;
    if (count == 0) {
        snprintf(error, 512, "'%.100s' is neither an address nor a network nor a name that can be resolved; give its "
                             "address", text);
        return -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (append(filter, &addresses[i], addresses[i].family == 4 ? 32 : 128) != 0) {
            snprintf(error, 512, "out of memory");
            return -1;
        }
    }
    return 0;
}

void host_filter_done(struct host_filter *filter)
{
    free(filter->networks);
    memset(filter, 0, sizeof *filter);
}

static bool contains(const struct host_network *network, const struct weir_address *address)
{
    unsigned whole = network->prefix_bits / 8, rest = network->prefix_bits % 8;
    if (network->address.family != address->family || memcmp(network->address.octets, address->octets, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    unsigned mask = 0xff00u >> rest & 0xff;
    return ((unsigned)(network->address.octets[whole] ^ address->octets[whole]) & mask) == 0;
}

bool host_filter_match(const struct host_filter *filter, const struct flow *flow)
{
    for (uint32_t i = 0; i < filter->count; i++)
        if (contains(&filter->networks[i], &flow->source) || contains(&filter->networks[i], &flow->destination))
            return true;
    return filter->count == 0;
}
