/* SPDX-License-Identifier: MIT */
/* functions_of_names.c - service(), proto_name(), tcp_flags(), human_bytes() */
#define _GNU_SOURCE
#include "functions.h"

#include "format.h"

#include <math.h>
#include <stdio.h>

/* services(5) is read once, when it is first asked for: most queries do without. */
static const struct services *find_services(struct functions *functions)
{
    pthread_mutex_lock(&functions->lock);
    if (functions->services == NULL)
        functions->services = services_create();
    const struct services *services = functions->services;
    pthread_mutex_unlock(&functions->lock);
    return services;
}

/* A whole number up to `most`; false where there is none, or where it is something else. */
static bool take_number(const struct argument *argument, size_t row, int64_t most, int64_t *ret_number)
{
    if (argument_is_null(argument, row))
        return false;
    *ret_number = ((const int64_t *)argument->data)[row];
    return *ret_number >= 0 && *ret_number <= most;
}

/* Null where the port has no name. */
static void service(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    call_init(&call, info, input, output, 2);
    const struct services *services = find_services(call.functions);
    if (services == NULL) {
        call_fail(&call, "service: not enough memory for the names");
        return;
    }
    for (size_t row = 0; row < call.row_count; row++) {
        int64_t port, protocol;
        const char *name = NULL;
        if (take_number(&call.arguments[0], row, UINT16_MAX, &port) &&
            take_number(&call.arguments[1], row, UINT8_MAX, &protocol))
            name = services_find(services, (uint16_t)port, (uint8_t)protocol);
        if (name != NULL)
            call_put_text(&call, row, name, strlen(name));
        else
            call_put_null(&call, row);
    }
}

static void proto_name(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    char text[SERVICE_TEXT_SIZE];
    int64_t protocol;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++) {
        if (!take_number(&call.arguments[0], row, UINT8_MAX, &protocol)) {
            call_put_null(&call, row);
            continue;
        }
        protocol_text((uint8_t)protocol, text);
        call_put_text(&call, row, text, strlen(text));
    }
}

/* "...AP.SF": the flags CWR, ECE, URG, ACK, PSH, RST, SYN, FIN, each a letter or a dot; before them N for the one of
 * RFC 3540 where it is set. */
static void tcp_flags(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    static const char letters[] = "CEUAPRSF";
    struct call call;
    int64_t flags;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++) {
        char text[9] = "N";
        if (!take_number(&call.arguments[0], row, UINT16_MAX, &flags)) {
            call_put_null(&call, row);
            continue;
        }
        for (int i = 0; i < 8; i++)
            text[1 + i] = flags & 0x80 >> i ? letters[i] : '.';
        const size_t first = flags & 0x100 ? 0 : 1;
        call_put_text(&call, row, text + first, sizeof text - first);
    }
}

static void put_size(struct call *call, size_t row, double bytes)
{
    char text[1 + FORMAT_TEXT_SIZE] = "-";
    const bool negative = bytes < 0;
    format_amount(fabs(bytes), text + 1);
    call_put_text(call, row, text + !negative, strlen(text + !negative));
}

/* 4.25M: the sum of a column is 128 bits wide. */
static void human_bytes(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++) {
        if (argument_is_null(&call.arguments[0], row)) {
            call_put_null(&call, row);
            continue;
        }
        __extension__ __int128 bytes;
        memcpy(&bytes, (const char *)call.arguments[0].data + row * sizeof bytes, sizeof bytes);
        put_size(&call, row, (double)bytes);
    }
}

static void human_bytes_of_double(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call call;
    call_init(&call, info, input, output, 1);
    for (size_t row = 0; row < call.row_count; row++) {
        const double bytes = ((const double *)call.arguments[0].data)[row];
        if (argument_is_null(&call.arguments[0], row) || isnan(bytes))
            call_put_null(&call, row);
        else
            put_size(&call, row, bytes);
    }
}

const struct function_form functions_of_names[] = {
    {"service", {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BIGINT}, DUCKDB_TYPE_VARCHAR, service, false},
    {"proto_name", {DUCKDB_TYPE_BIGINT}, DUCKDB_TYPE_VARCHAR, proto_name, false},
    {"tcp_flags", {DUCKDB_TYPE_BIGINT}, DUCKDB_TYPE_VARCHAR, tcp_flags, false},
    {"human_bytes", {DUCKDB_TYPE_HUGEINT}, DUCKDB_TYPE_VARCHAR, human_bytes, false},
    {"human_bytes", {DUCKDB_TYPE_DOUBLE}, DUCKDB_TYPE_VARCHAR, human_bytes_of_double, false},
};
const size_t functions_of_names_count = sizeof functions_of_names / sizeof *functions_of_names;
