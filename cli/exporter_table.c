/* SPDX-License-Identifier: MIT */
/*
 * exporter_table.c - sums up sessions by the address of their exporter
 */
#include "exporter_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 10 };

/* What is told of an exporter below its row, where it is not 0. */
#define DETAILS(X)                                                                                              \
    X(reordered, "late by sequence number")                                                                     \
    X(duplicates, "duplicates")                                                                                 \
    X(restarts, "restarts")                                                                                     \
    X(sets_waiting, "sets waiting for their template")                                                          \
    X(sets_given_up, "sets given up without template")                                                          \
    X(reported_flows, "flows that it tells it lost")                                                            \
    X(reported_packets, "packets that it tells it did not look at")

struct exporter {
    struct weir_address address;
    uint64_t sessions, datagrams, flows, lost, lost_records, refused;
#define DETAIL(name, text) uint64_t name;
    DETAILS(DETAIL)
#undef DETAIL
};

struct table {
    struct exporter *exporters;
    size_t count, room;
    bool short_of_memory;
};

/* What could not be decoded: datagrams, and sets that were skipped. */
static uint64_t refused_of(const struct weir_session_view *session)
{
    return session->datagrams_refused + session->sets_skipped;
}

static void add_session(void *context, const struct weir_session_view *session)
{
    struct table *table = context;
    if (session->datagrams == 0)
        return; /* known from the run before */
    if (table->count == table->room) {
        const size_t room = table->room * 2 + 64;
        struct exporter *grown = realloc(table->exporters, room * sizeof *grown);
        if (grown == NULL) {
            table->short_of_memory = true;
            return;
        }
        table->exporters = grown;
        table->room = room;
    }
    table->exporters[table->count++] = (struct exporter){
        .address = session->address,
        .sessions = 1,
        .datagrams = session->datagrams,
        .flows = session->flows,
        .lost = session->lost,
        .lost_records = session->lost_records,
        .refused = refused_of(session),
#define DETAIL(name, text) .name = session->name,
        DETAILS(DETAIL)
#undef DETAIL
    };
}

static int by_address(const void *a, const void *b)
{
    const struct exporter *left = a, *right = b;
    if (left->address.family != right->address.family)
        return left->address.family < right->address.family ? -1 : 1;
    return memcmp(left->address.octets, right->address.octets, sizeof left->address.octets);
}

static bool has_details(const struct exporter *exporter)
{
#define DETAIL(name, text) exporter->name > 0 ||
    return DETAILS(DETAIL) false;
#undef DETAIL
}

static bool is_amiss(const struct exporter *exporter)
{
    return exporter->lost > 0 || exporter->lost_records > 0 || exporter->refused > 0 || has_details(exporter);
}

/* Those with something amiss first, then those that sent most. */
static int by_interest(const void *a, const void *b)
{
    const struct exporter *left = a, *right = b;
    if (is_amiss(left) != is_amiss(right))
        return is_amiss(left) ? -1 : 1;
    if (left->datagrams != right->datagrams)
        return left->datagrams > right->datagrams ? -1 : 1;
    return by_address(a, b);
}

static void merge(struct table *table)
{
    size_t count = 0;
    if (table->count > 0)
        qsort(table->exporters, table->count, sizeof *table->exporters, by_address);
    for (size_t i = 0; i < table->count; i++) {
        const struct exporter *from = &table->exporters[i];
        struct exporter *to = count == 0 ? NULL : &table->exporters[count - 1];
        if (to == NULL || by_address(to, from) != 0) {
            table->exporters[count++] = *from;
            continue;
        }
        to->sessions++;
        to->datagrams += from->datagrams;
        to->flows += from->flows;
        to->lost += from->lost;
        to->lost_records += from->lost_records;
        to->refused += from->refused;
#define DETAIL(name, text) to->name += from->name;
        DETAILS(DETAIL)
#undef DETAIL
    }
    table->count = count;
}

static void print_details(const struct exporter *exporter, FILE *out)
{
    const char *separator = "    ";
#define DETAIL(name, text)                                                                                      \
    if (exporter->name > 0) {                                                                                   \
        fprintf(out, "%s" text ": %" PRIu64, separator, exporter->name);                                        \
        separator = ", ";                                                                                       \
    }
    DETAILS(DETAIL)
#undef DETAIL
    fputc('\n', out);
}

static void print_rows(const struct table *table, size_t count, FILE *out)
{
    fprintf(out, "  %-39s %8s %12s %14s %10s %12s %10s\n", "exporter", "sessions", "datagrams", "flows", "lost",
            "lost records", "refused");
    for (size_t i = 0; i < count; i++) {
        const struct exporter *exporter = &table->exporters[i];
        char text[WEIR_ADDRESS_TEXT_SIZE];
        weir_address_text(&exporter->address, text);
        fprintf(out, "  %-39s %8" PRIu64 " %12" PRIu64 " %14" PRIu64 " %10" PRIu64 " %12" PRIu64 " %10" PRIu64 "\n",
                text[0] == '\0' ? "-" : text, exporter->sessions, exporter->datagrams, exporter->flows,
                exporter->lost, exporter->lost_records, exporter->refused);
        if (has_details(exporter))
            print_details(exporter, out);
    }
    if (count < table->count)
        fprintf(out, "  and %zu more exporters; --debug names them all\n", table->count - count);
}

void exporter_table_print(struct weir_decoder *const *decoders, size_t decoder_count, bool all, FILE *out)
{
    struct table table = {0};
    for (size_t i = 0; i < decoder_count; i++)
        weir_decoder_sessions(decoders[i], add_session, &table);
    merge(&table);
    if (table.count > 0 && !table.short_of_memory)
        qsort(table.exporters, table.count, sizeof *table.exporters, by_interest);
    const bool alone_is_told = all && table.count == 1 && (is_amiss(table.exporters) || table.exporters->sessions > 1);
    if (!table.short_of_memory && (table.count > 1 || alone_is_told))
        print_rows(&table, all || table.count < ROWS_MAX ? table.count : ROWS_MAX, out);
    free(table.exporters);
}
