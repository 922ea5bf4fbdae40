/* SPDX-License-Identifier: MIT */
/* json_entry.c - the flows of one entry of a JSON file */
#include "json_entry.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow_builder.h"

const char json_entry_damaged[] = "JSON that is damaged";

int json_entry_time(const char *key, int64_t *ret_time_us)
{
    size_t whole = strspn(key, "0123456789");
    if (whole == 0 || whole > 10)
        return -1;
    int64_t seconds = strtoll(key, NULL, 10);
    int64_t microseconds = 0;
    const char *rest = key + whole;
    if (*rest == '.') {
        rest++;
        size_t digits = strspn(rest, "0123456789");
        for (size_t i = 0; i < 6; i++)
            microseconds = microseconds * 10 + (i < digits ? rest[i] - '0' : 0);
        rest += digits;
    }
    if (*rest != '\0' || seconds > 7258118400) /* 2200-01-01 */
        return -1;
    *ret_time_us = seconds * 1000000 + microseconds;
    return 0;
}

void json_note_skipped(struct json_reader_result *result, const char *what, const char *why, const char *place)
{
    if (result->skipped_first[0] == '\0')
        snprintf(result->skipped_first, sizeof result->skipped_first, "%s with %s, %s", what, why, place);
}

static int real_number(double real, uint64_t *ret_number)
{
    if (!(real >= 0 && real < 18446744073709549568.0))
        return -1;
    *ret_number = (uint64_t)real;
    return 0;
}

/* A number that is none below 0, however it is written: 5, 5.0, "5". */
static int read_number(const json_t *value, uint64_t *ret_number)
{
    if (json_is_integer(value)) {
        json_int_t integer = json_integer_value(value);
        if (integer < 0)
            return -1;
        *ret_number = (uint64_t)integer;
        return 0;
    }
    if (json_is_real(value))
        return real_number(json_real_value(value), ret_number);
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        char *end;
        errno = 0;
        if (text[0] < '0' || text[0] > '9')
            return -1;
        unsigned long long number = strtoull(text, &end, 10);
        if (*end != '\0')
            return real_number(strtod(text, &end), ret_number) != 0 || *end != '\0' ? -1 : 0;
        if (errno != 0)
            return -1;
        *ret_number = number;
        return 0;
    }
    return -1;
}

static int read_address(const json_t *value, enum flow_field field, struct weir_address *ret_address)
{
    int family = field == FLOW_FIELD_SOURCE_IPV4 || field == FLOW_FIELD_DESTINATION_IPV4 ? 4 : 6;
    char digits[24];
    if (json_is_string(value))
        return address_parse(json_string_value(value), family, ret_address);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return -1;
    snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
    return address_parse(digits, family, ret_address);
}

/* Returns NULL, or why it is no flow. */
static const char *read_flow(const json_t *object, const struct flow_origin *origin, struct flow *ret_flow)
{
    struct flow_builder builder;
    void *iterator;

    if (!json_is_object(object))
        return "something that is no object in its place";
    flow_builder_clear(&builder);
    /* jansson's iterators take no const, and change nothing. */
    union {
        const json_t *in;
        json_t *out;
    } mutable = {.in = object};
    for (iterator = json_object_iter(mutable.out); iterator != NULL;
         iterator = json_object_iter_next(mutable.out, iterator)) {
        int field = flow_field_find(json_object_iter_key(iterator));
        const json_t *value = json_object_iter_value(iterator);
        uint64_t number;
        struct weir_address address;
        if (field < 0 || json_is_null(value))
            continue;
        if (flow_field_is_address((enum flow_field)field)) {
            if (read_address(value, (enum flow_field)field, &address) != 0)
                return "an address that is none";
            flow_builder_address(&builder, (enum flow_field)field, &address);
        } else {
            if (read_number(value, &number) != 0)
                return "a number that is none, or out of range";
            flow_builder_set(&builder, (enum flow_field)field, number);
        }
    }
    return flow_builder_finish(&builder, origin, ret_flow);
}

static void read_flows(const json_t *flows, const struct flow_origin *origin,
                       const struct json_reader_options *options, const char *place,
                       struct json_reader_result *result)
{
    size_t count = json_array_size(flows);
    for (size_t i = 0; i < count && !result->stopped; i++) {
        struct flow flow;
        const char *problem = read_flow(json_array_get(flows, i), origin, &flow);
        if (problem != NULL) {
            result->flows_skipped++;
            json_note_skipped(result, "a flow", problem, place);
            continue;
        }
        result->flows++;
        result->stopped = !options->flow(options->flow_context, &flow);
    }
}

/* Who sent it and how long it had been up, where the entry tells. */
static void read_origin(const json_t *entry, struct flow_origin *origin)
{
    static const char *const uptime_names[] = {"uptime", "sys_uptime", "sysUptime", "sys_uptime_ms", "SysUptime"};
    const json_t *client = json_object_get(entry, "client");
    const json_t *header = json_object_get(entry, "header");
    const json_t *address_value = json_is_array(client) ? json_array_get(client, 0) : client;
    struct weir_address address;
    uint64_t number = 0;

    if (json_is_string(address_value)) {
        const char *text = json_string_value(address_value);
        /* A dual stack socket of the original tells IPv4 exporters as ::ffff:192.0.2.1. */
        if (strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.') != NULL)
            text += 7;
        if (address_parse(text, 0, &address) == 0) {
            uint16_t port = 0;
            if (json_is_array(client) && read_number(json_array_get(client, 1), &number) == 0)
                port = (uint16_t)number;
            origin->exporter = flow_exporter_key(&address, port);
        }
    }
    const json_t *version = json_object_get(header, "version");
    if (version != NULL && read_number(version, &number) == 0 && number >= 10)
        return; /* IPFIX has no uptime in its header, whatever stands in that of the entry */
    for (size_t i = 0; i < sizeof uptime_names / sizeof uptime_names[0]; i++) {
        const json_t *uptime = json_object_get(header, uptime_names[i]);
        if (uptime != NULL && read_number(uptime, &number) == 0 && number <= UINT32_MAX) {
            origin->uptime_ms = (uint32_t)number;
            origin->has_uptime = true;
            return;
        }
    }
}

/* An entry without a header, and one of IPFIX, does not tell how long the exporter had been up. It sends flows soon
 * after they end, so the end of the latest one, in the 32-bit uptime, is taken for it. */
static void guess_uptime(const json_t *flows, struct flow_origin *origin)
{
    size_t count = json_array_size(flows);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(json_array_get(flows, i), "LAST_SWITCHED");
        uint64_t last_ms = 0;
        if (value == NULL || read_number(value, &last_ms) != 0 || last_ms > UINT32_MAX)
            continue;
        if (!origin->has_uptime || (int32_t)((uint32_t)last_ms - origin->uptime_ms) > 0)
            origin->uptime_ms = (uint32_t)last_ms;
        origin->has_uptime = true;
    }
}

const char *json_entry_read(int64_t received_us, const char *value, size_t length_bytes,
                            const struct json_reader_options *options, const char *place,
                            struct json_reader_result *result)
{
    struct flow_origin origin = {.received_us = received_us};
    json_error_t error;
    const char *problem = NULL;
    json_t *entry = json_loadb(value, length_bytes, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);

    if (entry == NULL)
        return json_entry_damaged;
    if (json_is_array(entry)) {
        guess_uptime(entry, &origin);
        read_flows(entry, &origin, options, place, result);
    } else if (json_is_object(entry)) {
        const json_t *flows = json_object_get(entry, "flows");
        read_origin(entry, &origin);
        if (json_is_array(flows) && !origin.has_uptime)
            guess_uptime(flows, &origin);
        if (json_is_array(flows))
            read_flows(flows, &origin, options, place, result);
        else if (flows != NULL || json_object_get(entry, "header") == NULL)
            problem = "no array of \"flows\"";
    } else {
        problem = "neither an array nor an object as its value";
    }
    json_decref(entry);
    return problem;
}
