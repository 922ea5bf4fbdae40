/* SPDX-License-Identifier: MIT */
/* format.c - how numbers, times and connections are written for people */
#define _GNU_SOURCE
#include "format.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *format_size(uint64_t bytes, char text[FORMAT_TEXT_SIZE])
{
    double size = (double)bytes;
    if (bytes < 1024)
        snprintf(text, FORMAT_TEXT_SIZE, "%d", (int)bytes);
    else if (size / 1024. < 1024)
        snprintf(text, FORMAT_TEXT_SIZE, "%.2fK", size / 1024.);
    else if (size / (1024. * 1024.) < 1024)
        snprintf(text, FORMAT_TEXT_SIZE, "%.2fM", size / (1024. * 1024.));
    else
        snprintf(text, FORMAT_TEXT_SIZE, "%.2fG", size / (1024. * 1024. * 1024.));
    return text;
}

const char *format_amount(double amount, char text[FORMAT_TEXT_SIZE])
{
    static const char units[] = "KMGTPE";
    int unit = -1;
    while (amount >= (unit < 0 ? 999.5 : 999.995) && unit < 5) { /* not "1000" of something */
        amount /= 1000;
        unit++;
    }
    if (unit < 0)
        snprintf(text, FORMAT_TEXT_SIZE, amount < 10 && amount != floor(amount) ? "%.1f" : "%.0f", amount);
    else
        snprintf(text, FORMAT_TEXT_SIZE, "%.2f%c", amount < 1e15 ? amount : 1e15, units[unit]);
    return text;
}

const char *format_duration(int64_t duration_ms, char text[FORMAT_TEXT_SIZE])
{
    int64_t seconds = duration_ms < 0 ? 0 : duration_ms / 1000;
    if (seconds < 60)
        snprintf(text, FORMAT_TEXT_SIZE, "%d sec", (int)seconds);
    else if (seconds > 3600)
        snprintf(text, FORMAT_TEXT_SIZE, "%" PRId64 ":%02d.%02d hours", seconds / 3600, (int)(seconds % 3600 / 60),
                 (int)(seconds % 60));
    else
        snprintf(text, FORMAT_TEXT_SIZE, "%02d:%02d min", (int)(seconds / 60), (int)(seconds % 60));
    return text;
}

/* Whole seconds, towards the past also before 1970. */
static time_t whole_seconds(int64_t time_us)
{
    return (time_t)((time_us - (time_us % 1000000 + 1000000) % 1000000) / 1000000);
}

const char *format_time(int64_t time_us, char text[FORMAT_TEXT_SIZE])
{
    time_t seconds = whole_seconds(time_us);
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL || strftime(text, FORMAT_TEXT_SIZE, "%Y-%m-%d %H:%M.%S", &local) == 0)
        snprintf(text, FORMAT_TEXT_SIZE, "%" PRId64, (int64_t)seconds);
    return text;
}

const char *format_count(uint64_t count, char text[FORMAT_TEXT_SIZE])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ' ';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

int format_parse_size(const char *text, uint64_t *ret_bytes)
{
    char *end;
    double factor = 1;
    if (text[0] < '0' || text[0] > '9')
        return -1; /* no signs, no "inf", no hexadecimal behind it */
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return -1;
    double value = strtod(text, &end);
    switch (*end) {
    case 'k': case 'K': factor = 1024.; end++; break;
    case 'm': case 'M': factor = 1024. * 1024.; end++; break;
    case 'g': case 'G': factor = 1024. * 1024. * 1024.; end++; break;
    case 't': case 'T': factor = 1024. * 1024. * 1024. * 1024.; end++; break;
    default: break;
    }
    if (end[0] == 'i' && factor > 1)
        end++;
    if (end[0] == 'b' || end[0] == 'B')
        end++;
    if (*end != '\0' || !isfinite(value) || value * factor >= 9.2e18)
        return -1;
    *ret_bytes = (uint64_t)(value * factor);
    return 0;
}

/* The host's name, or its address where it has none. */
static const char *host(const char *name, const char *address)
{
    return name != NULL && name[0] != '\0' ? name : address;
}

void format_line(FILE *out, const struct connection *connection, const struct services *services,
                 const char *from_name, const char *to_name)
{
    char when[FORMAT_TEXT_SIZE], size[FORMAT_TEXT_SIZE], service_text[SERVICE_TEXT_SIZE];
    char from[WEIR_ADDRESS_TEXT_SIZE], to[WEIR_ADDRESS_TEXT_SIZE];
    const char *service = services_of_connection(services, connection, service_text);

    weir_address_text(&connection->from.source, from);
    weir_address_text(&connection->from.destination, to);
    fprintf(out, "%s: %s from %s (%s) to %s (%s) size %s\n", format_time(connection->time_us, when),
            service != NULL ? service : "UNKNOWN", host(from_name, from), from, host(to_name, to), to,
            format_size(connection_size_bytes(connection), size));
}

void format_table_header(FILE *out)
{
    fprintf(out, "%-19s | %-14s | %-8s | %-9s | %-7s | Involved hosts\n", "Timestamp", "Service", "Size", "Duration",
            "Packets");
    for (int i = 0; i < 100; i++)
        fputc('-', out);
    fputc('\n', out);
}

void format_table_row(FILE *out, const struct connection *connection, const struct services *services,
                      const char *from_name, const char *to_name)
{
    char when[FORMAT_TEXT_SIZE], size[FORMAT_TEXT_SIZE], duration[FORMAT_TEXT_SIZE];
    char service[SERVICE_TEXT_SIZE], from[WEIR_ADDRESS_TEXT_SIZE], to[WEIR_ADDRESS_TEXT_SIZE];

    if (services_of_connection(services, connection, service) == NULL)
        snprintf(service, sizeof service, "(%u %u)", connection->from.source_port,
                 connection->from.destination_port);
    weir_address_text(&connection->from.source, from);
    weir_address_text(&connection->from.destination, to);
    fprintf(out, "%s | %-14s | %-8s | %-9s | %7" PRIu64 " | Between %s (%s) and %s (%s)\n",
            format_time(connection->time_us, when), service, format_size(connection_size_bytes(connection), size),
            format_duration(connection_duration_ms(connection), duration), connection_packets(connection),
            host(from_name, from), from, host(to_name, to), to);
}

/* A JSON string. Names are printable ASCII by now; only quotes and backslashes need care. */
static void json_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void json_host(FILE *out, const char *key, const struct weir_address *address, uint16_t port, const char *name)
{
    char text[WEIR_ADDRESS_TEXT_SIZE];
    weir_address_text(address, text);
    fprintf(out, ", \"%s\": {\"address\": \"%s\", \"name\": ", key, text);
    if (name != NULL && name[0] != '\0')
        json_string(out, name);
    else
        fputs("null", out);
    fprintf(out, ", \"port\": %u}", port);
}

void format_json(FILE *out, const struct connection *connection, const struct services *services,
                 const char *from_name, const char *to_name)
{
    const struct flow *flow = &connection->from;
    char service_text[SERVICE_TEXT_SIZE], protocol[SERVICE_TEXT_SIZE], when[FORMAT_TEXT_SIZE];
    const char *service = services_of_connection(services, connection, service_text);
    time_t seconds = whole_seconds(connection->time_us);
    int microseconds = (int)(connection->time_us - (int64_t)seconds * 1000000);
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL || strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        when[0] = '\0';
    fprintf(out, "{\"time\": \"%s.%06dZ\", \"service\": ", when, microseconds);
    if (service != NULL)
        json_string(out, service);
    else
        fputs("null", out);
    fprintf(out, ", \"protocol\": \"%s\", \"protocol_number\": %u", protocol_text(flow->protocol, protocol),
            flow->protocol);
    json_host(out, "from", &flow->source, flow->source_port, from_name);
    json_host(out, "to", &flow->destination, flow->destination_port, to_name);
    if (flow_is_icmp(flow) && flow->has_icmp)
        fprintf(out, ", \"icmp_type\": %u, \"icmp_code\": %u", flow->icmp_type, flow->icmp_code);
    fprintf(out, ", \"size\": %" PRIu64 ", \"size_back\": %" PRIu64 ", \"packets\": %" PRIu64,
            connection_size_bytes(connection), connection->paired ? connection->to.bytes : 0,
            connection_packets(connection));
    if (flow->clock != FLOW_CLOCK_NONE)
        fprintf(out, ", \"duration_ms\": %" PRId64, connection_duration_ms(connection));
    else
        fputs(", \"duration_ms\": null", out);
    fprintf(out, ", \"paired\": %s}\n", connection->paired ? "true" : "false");
}

static void unpaired_host(FILE *out, const struct weir_address *address, uint16_t port, const char *name)
{
    char text[WEIR_ADDRESS_TEXT_SIZE];
    weir_address_text(address, text);
    if (name != NULL && name[0] != '\0' && strcmp(name, text) != 0)
        fprintf(out, "%s (%s):%u", name, text, port);
    else if (address->family == 6)
        fprintf(out, "[%s]:%u", text, port);
    else
        fprintf(out, "%s:%u", text, port);
}

void format_unpaired(FILE *out, const struct flow *flow, const char *from_name, const char *to_name)
{
    char protocol[SERVICE_TEXT_SIZE], size[FORMAT_TEXT_SIZE];
    fputs("From ", out);
    unpaired_host(out, &flow->source, flow->source_port, from_name);
    fputs(" to ", out);
    unpaired_host(out, &flow->destination, flow->destination_port, to_name);
    fprintf(out, " with proto %s and size %s (%" PRIu64 " packets)\n", protocol_text(flow->protocol, protocol),
            format_size(flow->bytes, size), flow->packets);
}
