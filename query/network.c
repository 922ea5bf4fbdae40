/* SPDX-License-Identifier: MIT */
/* network.c - addresses as the store has them, and the networks that they are in */
#define _GNU_SOURCE
#include "network.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void address_from_ipv4(uint32_t ipv4, struct weir_address *ret_address)
{
    *ret_address = (struct weir_address){.family = 4,
                                         .octets = {(uint8_t)(ipv4 >> 24), (uint8_t)(ipv4 >> 16), (uint8_t)(ipv4 >> 8),
                                                    (uint8_t)ipv4}};
}

void address_from_ipv6(const uint8_t *octets, struct weir_address *ret_address)
{
    *ret_address = (struct weir_address){.family = 6};
    if (memcmp(octets, mapped_prefix, sizeof mapped_prefix) == 0) {
        ret_address->family = 4;
        memcpy(ret_address->octets, octets + sizeof mapped_prefix, 4);
    } else {
        memcpy(ret_address->octets, octets, 16);
    }
}

/* `ret_mapped` tells that it was written as an address in IPv6. */
static int parse(const char *text, size_t size_bytes, struct weir_address *ret_address, bool *ret_mapped)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t octets[16];
    if (size_bytes == 0 || size_bytes >= sizeof copy || memchr(text, '\0', size_bytes) != NULL)
        return -1;
    memcpy(copy, text, size_bytes);
    copy[size_bytes] = '\0';
    *ret_mapped = false;
    if (inet_pton(AF_INET, copy, octets) == 1) {
        *ret_address = (struct weir_address){.family = 4};
        memcpy(ret_address->octets, octets, 4);
        return 0;
    }
    if (inet_pton(AF_INET6, copy, octets) != 1)
        return -1;
    address_from_ipv6(octets, ret_address);
    *ret_mapped = ret_address->family == 4;
    return 0;
}

int address_from_text(const char *text, size_t size_bytes, struct weir_address *ret_address)
{
    bool mapped;
    return parse(text, size_bytes, ret_address, &mapped);
}

static void clear_host_bits(struct network *network)
{
    const unsigned whole = network->prefix_bits / 8, rest = network->prefix_bits % 8;
    if (whole < 16) {
        network->address.octets[whole] = (uint8_t)(network->address.octets[whole] & (0xff00u >> rest));
        memset(network->address.octets + whole + 1, 0, 15 - whole);
    }
}

int network_from_text(const char *text, size_t size_bytes, struct network *ret_network)
{
    struct network network;
    bool mapped;
    const char *slash = memchr(text, '/', size_bytes);
    const size_t address_bytes = slash != NULL ? (size_t)(slash - text) : size_bytes;
    if (parse(text, address_bytes, &network.address, &mapped) != 0)
        return -1;
    const unsigned most = network.address.family == 4 && !mapped ? 32 : 128, least = mapped ? 96 : 0;
    unsigned bits = most;
    if (slash != NULL) {
        const size_t digits = size_bytes - address_bytes - 1;
        if (digits == 0 || digits > 3)
            return -1;
        bits = 0;
        for (size_t i = 1; i <= digits; i++) {
            if (slash[i] < '0' || slash[i] > '9')
                return -1;
            bits = bits * 10 + (unsigned)(slash[i] - '0');
        }
    }
    if (bits > most || bits < least)
        return -1;
    network.prefix_bits = (uint8_t)(bits - least);
    clear_host_bits(&network);
    *ret_network = network;
    return 0;
}

bool network_has(const struct network *network, const struct weir_address *address)
{
    const unsigned whole = network->prefix_bits / 8, rest = network->prefix_bits % 8;
    if (network->address.family != address->family ||
        memcmp(network->address.octets, address->octets, whole) != 0)
        return false;
    return rest == 0 || ((network->address.octets[whole] ^ address->octets[whole]) & (0xff00u >> rest) & 0xff) == 0;
}
