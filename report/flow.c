/* SPDX-License-Identifier: MIT */
/* flow.c - what an analysis needs of one flow record: times, ICMP, addresses, hashes */
#define _GNU_SOURCE
#include "flow.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

bool flow_is_icmp(const struct flow *flow)
{
    return flow->protocol == PROTOCOL_ICMP || flow->protocol == PROTOCOL_ICMP6;
}

void flow_normalize(struct flow *flow)
{
    if (!flow_is_icmp(flow))
        return;
    /* Cisco and softflowd write type * 256 + code into the destination port. Some write it into a field of its own
     * and leave the port 0; where both are there and differ, the one that is not 0 is right. */
    if ((!flow->has_icmp || (flow->icmp_type == 0 && flow->icmp_code == 0)) && flow->destination_port != 0) {
        flow->icmp_type = (uint8_t)(flow->destination_port >> 8);
        flow->icmp_code = (uint8_t)(flow->destination_port & 0xff);
        flow->has_icmp = true;
    }
}

static uint64_t multiply_saturated(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

bool flow_scale(struct flow *flow)
{
    if (flow->sampling_rate <= 1)
        return false;
    flow->bytes = multiply_saturated(flow->bytes, flow->sampling_rate);
    flow->packets = multiply_saturated(flow->packets, flow->sampling_rate);
    flow->sampling_rate = 1;
    return true;
}

int64_t flow_duration_ms(const struct flow *flow)
{
    if (flow->clock == FLOW_CLOCK_UPTIME) {
        uint32_t duration = (uint32_t)flow->last_ms - (uint32_t)flow->first_ms;
        /* More than 24.8 days is rather a last that lies before its first. */
        return duration <= INT32_MAX ? (int64_t)duration : 0;
    }
    if (flow->clock == FLOW_CLOCK_ABSOLUTE && flow->last_ms > flow->first_ms)
        return flow->last_ms - flow->first_ms;
    return 0;
}

uint64_t flow_exporter_key(const struct weir_address *address, uint16_t port)
{
    if (address->family == 0)
        return 0;
    uint64_t key = hash_bytes(address->octets, sizeof address->octets, 0x9e3779b97f4a7c15u ^ port);
    return key == 0 ? 1 : key;
}

/* The digits of an integer of up to 128 bits, into 16 octets. Returns -1 when there is anything else, or too much. */
static int parse_integer(const char *text, uint8_t octets[16])
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 39 || text[length] != '\0')
        return -1;
    uint32_t words[4] = {0}; /* most significant first */
    for (size_t i = 0; i < length; i++) {
        uint64_t carry = (uint64_t)(text[i] - '0');
        for (int w = 3; w >= 0; w--) {
            carry += (uint64_t)words[w] * 10;
            words[w] = (uint32_t)carry;
            carry >>= 32;
        }
        if (carry != 0)
            return -1;
    }
    for (int w = 0; w < 4; w++) {
        uint32_t big_endian = htonl(words[w]);
        memcpy(octets + 4 * w, &big_endian, 4);
    }
    return 0;
}

int address_parse(const char *text, int family, struct weir_address *ret_address)
{
    struct weir_address address = {0};
    uint8_t integer[16];

    if (family != 6 && inet_pton(AF_INET, text, address.octets) == 1) {
        address.family = 4;
    } else if (family != 4 && inet_pton(AF_INET6, text, address.octets) == 1) {
        address.family = 6;
    } else if (parse_integer(text, integer) == 0) {
        static const uint8_t zeros[12];
        bool fits_ipv4 = memcmp(integer, zeros, sizeof zeros) == 0;
        memset(&address, 0, sizeof address);
        if (family == 4 && !fits_ipv4)
            return -1;
        if (family == 4 || (family == 0 && fits_ipv4)) {
            address.family = 4;
            memcpy(address.octets, integer + 12, 4);
        } else {
            address.family = 6;
            memcpy(address.octets, integer, 16);
        }
    } else {
        return -1;
    }
    *ret_address = address;
    return 0;
}

int address_compare(const struct weir_address *a, const struct weir_address *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->octets, b->octets, sizeof a->octets);
}

bool address_equal(const struct weir_address *a, const struct weir_address *b)
{
    return address_compare(a, b) == 0;
}

uint64_t hash_bytes(const void *data, size_t size_bytes, uint64_t seed)
{
    const uint8_t *bytes = data;
    uint64_t hash = seed ^ (size_bytes * 0x9e3779b97f4a7c15u);
    while (size_bytes > 0) {
        uint64_t word = 0;
        size_t taken = size_bytes < 8 ? size_bytes : 8;
        memcpy(&word, bytes, taken);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
        bytes += taken;
        size_bytes -= taken;
    }
    hash *= 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 29);
}

uint64_t hash_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
        return seed;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
}
