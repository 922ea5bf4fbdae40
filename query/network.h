/* SPDX-License-Identifier: MIT */
/*
 * network.h - addresses as the store has them, and the networks that they are in
 *
 * An IPv4 address that stands in IPv6 (::ffff:a.b.c.d) is the same as that IPv4 address.
 */
#ifndef WEIR_QUERY_NETWORK_H
#define WEIR_QUERY_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

struct network {
    struct weir_address address; /* its first */
    uint8_t prefix_bits;
};

/* Both give an address with its family. `octets` has 16. */
void address_from_ipv4(uint32_t ipv4, struct weir_address *ret_address);
void address_from_ipv6(const uint8_t *octets, struct weir_address *ret_address);

/* Text that need not end in NUL; nothing around it. 0, or -1. */
int address_from_text(const char *text, size_t size_bytes, struct weir_address *ret_address);

/* "10.0.0.0/8", "2001:db8::/32", or an address, which is a network of one. 0, or -1. */
int network_from_text(const char *text, size_t size_bytes, struct network *ret_network);

bool network_has(const struct network *network, const struct weir_address *address);

#endif
