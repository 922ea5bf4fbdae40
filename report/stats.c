/* SPDX-License-Identifier: MIT */
/* stats.c - what a collection of flows adds up to */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "tally.h"

#define KEYS_MAX 65536
#define TOP_ROWS 10
#define BAR_WIDTH_MAX 24
#define LABEL_SIZE 160

struct stats {
    const struct services *services;
    struct tally *hosts, *service_names, *protocols, *conversations;
    uint64_t flows, flows_paired, connections, bytes, packets;
    int64_t received_first_us, received_last_us;
};

struct conversation {
    struct weir_address low, high;
};
_Static_assert(sizeof(struct conversation) <= TALLY_KEY_MAX, "a conversation is a key");
_Static_assert(SERVICE_TEXT_SIZE <= TALLY_KEY_MAX, "a service is a key");

struct stats *stats_create(const struct services *services)
{
    struct stats *stats = calloc(1, sizeof *stats);
    if (stats == NULL)
        return NULL;
    stats->services = services;
    stats->hosts = tally_create(KEYS_MAX);
    stats->service_names = tally_create(KEYS_MAX);
    stats->protocols = tally_create(256);
    stats->conversations = tally_create(KEYS_MAX);
    if (stats->hosts == NULL || stats->service_names == NULL || stats->protocols == NULL ||
        stats->conversations == NULL) {
        stats_free(stats);
        return NULL;
    }
    return stats;
}

void stats_free(struct stats *stats)
{
    if (stats == NULL)
        return;
    tally_free(stats->hosts);
    tally_free(stats->service_names);
    tally_free(stats->protocols);
    tally_free(stats->conversations);
    free(stats);
}

static void note_received(struct stats *stats, int64_t received_us)
{
    if (stats->flows == 0 || received_us < stats->received_first_us)
        stats->received_first_us = received_us;
    if (stats->flows == 0 || received_us > stats->received_last_us)
        stats->received_last_us = received_us;
    stats->flows++;
}

void stats_add(struct stats *stats, const struct connection *connection)
{
    const struct flow *flow = &connection->from;
    uint64_t bytes = connection_bytes(connection), packets = connection_packets(connection);
    char service[SERVICE_TEXT_SIZE];

    note_received(stats, flow->received_us);
    if (connection->paired) {
        note_received(stats, connection->to.received_us);
        stats->flows_paired += 2;
    }
    stats->connections++;
    stats->bytes = stats->bytes > UINT64_MAX - bytes ? UINT64_MAX : stats->bytes + bytes;
    stats->packets = stats->packets > UINT64_MAX - packets ? UINT64_MAX : stats->packets + packets;

    tally_add(stats->hosts, &flow->source, sizeof flow->source, bytes, packets);
    if (!address_equal(&flow->source, &flow->destination))
        tally_add(stats->hosts, &flow->destination, sizeof flow->destination, bytes, packets);
    services_label(stats->services, connection, service);
    tally_add(stats->service_names, service, strlen(service), bytes, packets);
    tally_add(stats->protocols, &flow->protocol, 1, bytes, packets);
    bool in_order = address_compare(&flow->source, &flow->destination) <= 0;
    struct conversation conversation = {in_order ? flow->source : flow->destination,
                                        in_order ? flow->destination : flow->source};
    tally_add(stats->conversations, &conversation, sizeof conversation, bytes, packets);
}

/* ----------------------------------------------------------------------------------------------------- printing */

/* What the printing functions share. */
struct page {
    const struct stats *stats;
    FILE *out;
    const struct terminal *terminal;
    struct names *names;
};

static void host_label(const struct page *page, const struct weir_address *address, bool with_address, char *text,
                       size_t size)
{
    char numbers[WEIR_ADDRESS_TEXT_SIZE];
    const char *name = page->names != NULL ? names_get(page->names, address) : NULL;
    weir_address_text(address, numbers);
    if (name == NULL)
        snprintf(text, size, "%s", numbers);
    else if (with_address)
        snprintf(text, size, "%.*s (%s)", (int)(size - 4 - strlen(numbers)), name, numbers);
    else
        snprintf(text, size, "%s", name);
}

static void label_host(const struct page *page, const struct tally_row *row, char text[LABEL_SIZE])
{
    struct weir_address address;
    memcpy(&address, row->key, sizeof address);
    host_label(page, &address, true, text, LABEL_SIZE);
}

static void label_service(const struct page *page, const struct tally_row *row, char text[LABEL_SIZE])
{
    (void)page;
    snprintf(text, LABEL_SIZE, "%.*s", TALLY_KEY_MAX, (const char *)row->key);
}

static void label_protocol(const struct page *page, const struct tally_row *row, char text[LABEL_SIZE])
{
    char protocol[SERVICE_TEXT_SIZE];
    (void)page;
    snprintf(text, LABEL_SIZE, "%s", protocol_text(row->key[0], protocol));
}

static void label_conversation(const struct page *page, const struct tally_row *row, char text[LABEL_SIZE])
{
    struct conversation conversation;
    char low[64], high[64];
    memcpy(&conversation, row->key, sizeof conversation);
    host_label(page, &conversation.low, false, low, sizeof low);
    host_label(page, &conversation.high, false, high, sizeof high);
    snprintf(text, LABEL_SIZE, "%s <-> %s", low, high);
}

static void request_names(const struct page *page, const struct tally *tally, uint32_t addresses_per_key)
{
    struct tally_row rows[TOP_ROWS];
    uint32_t count = tally_top(tally, rows, TOP_ROWS);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t a = 0; a < addresses_per_key; a++) {
            struct weir_address address;
            memcpy(&address, rows[i].key + a * sizeof address, sizeof address);
            names_request(page->names, &address);
        }
    }
}

static void print_rule(const struct page *page, const char *title, const char *note)
{
    fprintf(page->out, "\n%s%s%s%s\n", page->terminal->colour ? "\033[1m" : "", title,
            page->terminal->colour ? "\033[0m" : "", note);
}

static void print_top(const struct page *page, const char *title, const char *note, const struct tally *tally,
                      void (*label)(const struct page *, const struct tally_row *, char[LABEL_SIZE]))
{
    struct tally_row rows[TOP_ROWS];
    char text[LABEL_SIZE], size[FORMAT_TEXT_SIZE], bar[3 * BAR_WIDTH_MAX + 1];
    uint32_t count = tally_top(tally, rows, TOP_ROWS);
    int longest = 0;

    for (uint32_t i = 0; i < count; i++) {
        label(page, &rows[i], text);
        int length = (int)strlen(text);
        longest = length > longest ? length : longest;
    }
    /* The columns beside the label take 23; a bar shorter than 8 tells nothing, then rather a shorter label. */
    int label_width = longest < page->terminal->width - 32 ? longest : page->terminal->width - 32;
    int bar_width = page->terminal->width - 24 - label_width;
    if (bar_width > BAR_WIDTH_MAX)
        bar_width = BAR_WIDTH_MAX;
    print_rule(page, title, note);
    for (uint32_t i = 0; i < count; i++) {
        double share = page->stats->bytes > 0 ? (double)rows[i].bytes * 100 / (double)page->stats->bytes : 0;
        label(page, &rows[i], text);
        terminal_bar(page->terminal, (double)rows[i].bytes, (double)rows[0].bytes, bar_width, bar);
        fprintf(page->out, "  %-*.*s  %9s  %5.1f %%%s%s\n", label_width, label_width, text,
                format_size(rows[i].bytes, size), share, bar[0] != '\0' ? "  " : "", bar);
    }
    if (tally_count(tally) > count)
        fprintf(page->out, "  and %u more\n", tally_count(tally) - count);
    if (tally_error_bytes(tally) > 0)
        fprintf(page->out, "  more than can be held: each may be up to %s larger than told\n",
                format_size(tally_error_bytes(tally), size));
}

static void print_totals(const struct page *page, uint64_t skipped)
{
    const struct stats *stats = page->stats;
    char first[FORMAT_TEXT_SIZE], second[FORMAT_TEXT_SIZE], third[FORMAT_TEXT_SIZE];
    double complete = stats->flows > 0 ? (double)stats->flows_paired * 100 / (double)stats->flows : 0;

    fprintf(page->out, "%sTotals%s\n", page->terminal->colour ? "\033[1m" : "",
            page->terminal->colour ? "\033[0m" : "");
    fprintf(page->out, "  Flows         %s in %s connections\n", format_count(stats->flows, first),
            format_count(stats->connections, second));
    fprintf(page->out, "  Bytes         %s (%s), both directions\n", format_size(stats->bytes, first),
            format_count(stats->bytes, second));
    fprintf(page->out, "  Packets       %s\n", format_count(stats->packets, first));
    if (stats->flows > 0)
        fprintf(page->out, "  Received      %s to %s (%s)\n", format_time(stats->received_first_us, first),
                format_time(stats->received_last_us, second),
                format_duration((stats->received_last_us - stats->received_first_us) / 1000, third));
    fprintf(page->out, "  Completeness  %.1f %% of the flows found their other side, %s did not\n", complete,
            format_count(stats->flows - stats->flows_paired, first));
    if (skipped > 0)
        fprintf(page->out, "  Left out      %s that could not be read\n", format_count(skipped, first));
}

void stats_print(const struct stats *stats, FILE *out, const struct terminal *terminal, struct names *names,
                 uint64_t skipped)
{
    struct page page = {stats, out, terminal, names};
    print_totals(&page, skipped);
    if (stats->flows == 0)
        return;
    if (names != NULL) {
        request_names(&page, stats->hosts, 1);
        request_names(&page, stats->conversations, 2);
        fflush(out);
        names_wait(names, INT32_MAX);
    }
    print_top(&page, "Top hosts", " by bytes sent and received", stats->hosts, label_host);
    print_top(&page, "Top services", " by bytes", stats->service_names, label_service);
    print_top(&page, "Protocols", " by bytes", stats->protocols, label_protocol);
    print_top(&page, "Top conversations", " by bytes, both directions", stats->conversations, label_conversation);
}
