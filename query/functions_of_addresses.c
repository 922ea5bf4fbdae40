/* SPDX-License-Identifier: MIT */
/* functions_of_addresses.c - addr(), ipv4(), ipv6(), network(), in_net(), mac() */
#define _GNU_SOURCE
#include "functions.h"

#include "network.h"

#include <stdio.h>

/* ---------------------------------------------------------------------------------------------- from an argument */

/* false where the row has none. An address in IPv6 has 16 octets; other numbers of them are no address. */
static bool take_ipv4(const struct argument *argument, size_t row, struct weir_address *ret_address)
{
    if (argument_is_null(argument, row))
        return false;
    address_from_ipv4(((const uint32_t *)argument->data)[row], ret_address);
    return true;
}

static bool take_ipv6(const struct argument *argument, size_t row, struct weir_address *ret_address)
{
    if (argument_is_null(argument, row))
        return false;
    const struct query_octets octets = argument_octets(argument, row);
    if (octets.size_bytes != 16)
        return false;
    address_from_ipv6(octets.data, ret_address);
    return true;
}

static bool take_text(const struct argument *argument, size_t row, struct weir_address *ret_address)
{
    if (argument_is_null(argument, row))
        return false;
    const struct query_octets octets = argument_octets(argument, row);
    return address_from_text((const char *)octets.data, octets.size_bytes, ret_address) == 0;
}

/* ---------------------------------------------------------------------------------------------------------- addr */

static void put_address(struct call *call, size_t row, bool is_there, const struct weir_address *address)
{
    char text[WEIR_ADDRESS_TEXT_SIZE];
    if (is_there)
        call_put_text(call, row, text, weir_address_text(address, text));
    else
        call_put_null(call, row);
}

/* The text of an IPv4 address is most of what is asked for. */
static size_t ipv4_text(uint32_t ipv4, char *text)
{
    char *end = text;
    for (int shift = 24; shift >= 0; shift -= 8) {
        const unsigned octet = ipv4 >> shift & 0xff;
        if (octet >= 100)
            *end++ = (char)('0' + octet / 100);
        if (octet >= 10)
            *end++ = (char)('0' + octet / 10 % 10);
        *end++ = (char)('0' + octet % 10);
        *end++ = '.';
    }
    return (size_t)(end - text) - 1;
}

static void put_ipv4(struct call *call, size_t row)
{
    char text[16];
    call_put_text(call, row, text, ipv4_text(((const uint32_t *)call->arguments[0].data)[row], text));
}

static void addr_ipv4(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++) {
        if (argument_is_null(&call.arguments[0], row))
            call_put_null(&call, row);
        else
            put_ipv4(&call, row);
    }
}

static void addr_ipv6(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    struct weir_address address;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++)
        put_address(&call, row, take_ipv6(&call.arguments[0], row, &address), &address);
}

static void addr_pair(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    struct weir_address address;
    call_init(&call, info, input, output, 2);
    for (size_t row = 0; row < call.row_count; row++) {
        if (!argument_is_null(&call.arguments[0], row))
            put_ipv4(&call, row);
        else
            put_address(&call, row, take_ipv6(&call.arguments[1], row, &address), &address);
    }
}

static void addr_text(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    struct weir_address address;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++)
        put_address(&call, row, take_text(&call.arguments[0], row, &address), &address);
}

/* ---------------------------------------------------------------------------------------------------- ipv4, ipv6 */

static void ipv4(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    struct weir_address address;
    call_init(&call, info, input, output, 1);
    uint32_t *values = call.output.data;
    for (size_t row = 0; row < call.row_count; row++) {
        if (take_text(&call.arguments[0], row, &address) && address.family == 4)
            values[row] = (uint32_t)address.octets[0] << 24 | (uint32_t)address.octets[1] << 16 |
                          (uint32_t)address.octets[2] << 8 | address.octets[3];
        else
            call_put_null(&call, row);
    }
}

static void ipv6(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    struct weir_address address;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++) {
        if (take_text(&call.arguments[0], row, &address) && address.family == 6)
            call_put_text(&call, row, (const char *)address.octets, 16);
        else
            call_put_null(&call, row);
    }
}

/* ------------------------------------------------------------------------------------------------------- network */

/* The first address of the network of so many bits that an address is in, as stored. */
static void network_ipv4(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    call_init(&call, info, input, output, 2);
    const uint32_t *from = call.arguments[0].data;
    const uint8_t *bits = call.arguments[1].data;
    uint32_t *values = call.output.data;
    for (size_t row = 0; row < call.row_count; row++) {
        if (argument_is_null(&call.arguments[0], row) || argument_is_null(&call.arguments[1], row) || bits[row] > 32)
            call_put_null(&call, row);
        else
            values[row] = bits[row] == 0 ? 0 : from[row] & UINT32_MAX << (32 - bits[row]);
    }
}

static void network_ipv6(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    call_init(&call, info, input, output, 2);
    const uint8_t *bits = call.arguments[1].data;
    for (size_t row = 0; row < call.row_count; row++) {
        uint8_t octets[16];
        const bool is_null = argument_is_null(&call.arguments[0], row) || argument_is_null(&call.arguments[1], row);
        const struct query_octets from =
            is_null ? (struct query_octets){.size_bytes = 0} : argument_octets(&call.arguments[0], row);
        if (from.size_bytes != sizeof octets || bits[row] > 128) {
            call_put_null(&call, row);
            continue;
        }
        for (unsigned i = 0; i < sizeof octets; i++) {
            const int left = (int)bits[row] - (int)i * 8; /* bits of this octet that stay */
            octets[i] = left >= 8 ? from.data[i] : left <= 0 ? 0 : (uint8_t)(from.data[i] & 0xff00 >> left);
        }
        call_put_text(&call, row, (const char *)octets, sizeof octets);
    }
}

/* -------------------------------------------------------------------------------------------------------- in_net */

/* The network is nearly always the same in all rows; it is read again where its entry differs from the one before. */
struct network_reader {
    struct network network;
    uint8_t entry[16];
    bool has;
};

/* 1, 0 where there is none, -1 when the statement has failed. */
static int read_network(struct call *call, const struct argument *argument, size_t row, struct network_reader *reader)
{
    if (argument_is_null(argument, row))
        return 0;
    const uint8_t *entry = (const uint8_t *)argument->data + row * 16;
    if (reader->has && memcmp(entry, reader->entry, 16) == 0)
        return 1;
    const struct query_octets octets = argument_octets(argument, row);
    if (network_from_text((const char *)octets.data, octets.size_bytes, &reader->network) != 0) {
        char text[200];
        snprintf(text, sizeof text, "in_net: '%.*s' is no network; one is written 10.0.0.0/8 or 2001:db8::/32",
                 (int)(octets.size_bytes < 60 ? octets.size_bytes : 60), (const char *)octets.data);
        call_fail(call, text);
        return -1;
    }
    memcpy(reader->entry, entry, 16);
    reader->has = true;
    return 1;
}

typedef bool take_function(const struct argument *argument, size_t row, struct weir_address *ret_address);

/* `take` reads the first argument; `take_second`, unless it is NULL, the second where the first has none. */
static void in_net(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output, take_function *take,
                   take_function *take_second)
{
    struct call call;
    struct weir_address address;
    struct network_reader reader = {.has = false};
    const size_t network_at = take_second != NULL ? 2 : 1;
    call_init(&call, info, input, output, network_at + 1);
    bool *values = call.output.data;
    for (size_t row = 0; row < call.row_count; row++) {
        const int got = read_network(&call, &call.arguments[network_at], row, &reader);
        if (got < 0)
            return;
        if (got > 0 && (take(&call.arguments[0], row, &address) ||
                        (take_second != NULL && take_second(&call.arguments[1], row, &address))))
            values[row] = network_has(&reader.network, &address);
        else
            call_put_null(&call, row);
    }
}

static void in_net_ipv4(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    in_net(info, input, output, take_ipv4, NULL);
}

static void in_net_ipv6(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    in_net(info, input, output, take_ipv6, NULL);
}

static void in_net_text(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    in_net(info, input, output, take_text, NULL);
}

static void in_net_pair(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    in_net(info, input, output, take_ipv4, take_ipv6);
}

/* ----------------------------------------------------------------------------------------------------------- mac */

/* "00:1b:21:3c:4d:5e"; octets of any other number the same way, up to 16 of them. */
static void mac(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    static const char digits[] = "0123456789abcdef";
    struct call call;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++) {
        char text[16 * 3];
        const struct query_octets octets = argument_is_null(&call.arguments[0], row)
                                               ? (struct query_octets){.size_bytes = 0}
                                               : argument_octets(&call.arguments[0], row);
        if (octets.size_bytes == 0 || octets.size_bytes > 16) {
            call_put_null(&call, row);
            continue;
        }
        for (size_t i = 0; i < octets.size_bytes; i++) {
            text[i * 3] = digits[octets.data[i] >> 4];
            text[i * 3 + 1] = digits[octets.data[i] & 15];
            text[i * 3 + 2] = ':';
        }
        call_put_text(&call, row, text, octets.size_bytes * 3 - 1);
    }
}

const struct function_form functions_of_addresses[] = {
    {"addr", {DUCKDB_TYPE_UINTEGER}, DUCKDB_TYPE_VARCHAR, addr_ipv4, false},
    {"addr", {DUCKDB_TYPE_BLOB}, DUCKDB_TYPE_VARCHAR, addr_ipv6, false},
    {"addr", {DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_VARCHAR, addr_text, false},
    {"addr", {DUCKDB_TYPE_UINTEGER, DUCKDB_TYPE_BLOB}, DUCKDB_TYPE_VARCHAR, addr_pair, true},
    {"ipv4", {DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_UINTEGER, ipv4, false},
    {"ipv6", {DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_BLOB, ipv6, false},
    {"network", {DUCKDB_TYPE_UINTEGER, DUCKDB_TYPE_UTINYINT}, DUCKDB_TYPE_UINTEGER, network_ipv4, false},
    {"network", {DUCKDB_TYPE_BLOB, DUCKDB_TYPE_UTINYINT}, DUCKDB_TYPE_BLOB, network_ipv6, false},
    {"in_net", {DUCKDB_TYPE_UINTEGER, DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_BOOLEAN, in_net_ipv4, false},
    {"in_net", {DUCKDB_TYPE_BLOB, DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_BOOLEAN, in_net_ipv6, false},
    {"in_net", {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_BOOLEAN, in_net_text, false},
    {"in_net", {DUCKDB_TYPE_UINTEGER, DUCKDB_TYPE_BLOB, DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_BOOLEAN, in_net_pair, true},
    {"mac", {DUCKDB_TYPE_BLOB}, DUCKDB_TYPE_VARCHAR, mac, false},
};
const size_t functions_of_addresses_count = sizeof functions_of_addresses / sizeof *functions_of_addresses;
