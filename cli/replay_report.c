/* SPDX-License-Identifier: MIT */
/*
 * replay_report.c - tells what weir replay has sent
 *
 * As text a line for each name and value, as JSON one line that holds an object.
 */
#define _GNU_SOURCE
#include "replay_report.h"

#include "exit_code.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EXPORTERS_SHOWN = 10, NAME_WIDTH = 20 };

struct report {
    bool json;
    const char *separator;
};

static void begin_value(struct report *report, const char *name)
{
    if (report->json)
        printf("%s\"%s\":", report->separator, name);
    else
        printf("%-*s ", NAME_WIDTH, name);
    report->separator = ",";
}

static void put_number(struct report *report, const char *name, uint64_t number)
{
    begin_value(report, name);
    printf(report->json ? "%" PRIu64 : "%" PRIu64 "\n", number);
}

static void put_decimal(struct report *report, const char *name, double number)
{
    begin_value(report, name);
    printf(report->json ? "%.6f" : "%.3f\n", number);
}

/* Names of versions, and addresses: nothing that JSON would have to escape. */
static void put_text(struct report *report, const char *name, const char *text)
{
    begin_value(report, name);
    printf(report->json ? "\"%s\"" : "%s\n", text);
}

static struct report begin(const struct replay_run *run)
{
    struct report report = {.json = run->options->json, .separator = ""};
    if (report.json)
        putchar('{');
    put_text(&report, "target", sender_target(run->sender));
    return report;
}

/* What the kernel took, and how long it was. */
static void put_sent(struct report *report, const struct replay_run *run)
{
    const struct sender_counts *sent = sender_counts(run->sender);
    const double seconds = replay_run_seconds(run), divisor = seconds > 0 ? seconds : 1e-9;
    put_number(report, "sent_datagrams", sent->datagrams);
    put_number(report, "sent_octets", sent->octets);
    put_number(report, "send_errors", sent->failed);
    put_number(report, "refused", sent->refused);
    put_number(report, "waits", sent->waits);
    put_number(report, "send_calls", sent->calls);
    put_number(report, "segmented", sent->segmented);
    put_number(report, "forgiven", (uint64_t)run->pace.forgiven);
    put_decimal(report, "seconds", seconds);
    put_decimal(report, "datagrams_per_second", (double)sent->datagrams / divisor);
    put_decimal(report, "flows_per_second", (double)run->flows / divisor);
}

static void begin_exporters(const struct report *report)
{
    if (report->json)
        printf(",\"exporters\":[");
}

/* The beginning of an exporter, up to its numbers. */
static void begin_exporter(const struct report *report, uint32_t number, const struct replay_run *run, uint32_t source)
{
    char text[SENDER_ADDRESS_TEXT_BYTES];
    sender_source_text(run->sender, source, text);
    if (report->json)
        printf("%s{\"source\":\"%s\"", number == 0 ? "" : ",", text);
    else
        printf("exporter %s", text[0] == '\0' ? "of this machine's address" : text);
}

static void put_exporter_number(const struct report *report, const char *name, uint64_t number)
{
    printf(report->json ? ",\"%s\":%" PRIu64 : " %s %" PRIu64, name, number);
}

/* Flushes, and tells of what went wrong on the way. */
static int end(const struct report *report, const struct replay_run *run)
{
    const struct sender_counts *sent = sender_counts(run->sender);
    if (report->json)
        printf("]}\n");
    int code = EXIT_SUCCESS;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (errno != EPIPE)
            fprintf(stderr, "weir replay: cannot write to standard output: %s\n", strerror(errno));
        code = errno == EPIPE ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (sent->failed > 0) {
        fprintf(stderr, "weir replay: %" PRIu64 " datagrams could not be sent to %s: %s\n", sent->failed,
                sender_target(run->sender), strerror(sent->failed_errno));
        code = EXIT_FAILURE;
    }
    if (sent->refused > 0) {
        fprintf(stderr, "weir replay: %" PRIu64 " datagrams or more were refused: nobody listened on %s then\n",
                sent->refused, sender_target(run->sender));
        code = EXIT_FAILURE;
    }
    return code;
}

int replay_report_made(const struct replay_run *run, const struct traffic *traffic)
{
    const struct traffic_options *options = &run->options->traffic;
    const struct traffic_counts *counts = traffic_counts(traffic);
    struct report report = begin(run);
    put_text(&report, "version", options->version == 5 ? "v5" : options->version == 9 ? "v9" : "ipfix");
    put_number(&report, "seed", options->seed);
#define PUT(name, text) put_number(&report, #name, counts->name);
    TRAFFIC_COUNTS(PUT)
#undef PUT
    put_number(&report, "first_number", options->first_number);
    put_number(&report, "next_number", options->first_number + counts->flows);
    put_sent(&report, run);
    begin_exporters(&report);
    const uint32_t shown = report.json || options->exporters <= EXPORTERS_SHOWN ? options->exporters : EXPORTERS_SHOWN;
    for (uint32_t i = 0; i < shown; i++) {
        struct traffic_exporter exporter;
        traffic_exporter(traffic, i, &exporter);
        begin_exporter(&report, i, run, exporter.source);
        put_exporter_number(&report, "domain", exporter.domain);
        put_exporter_number(&report, "datagrams", exporter.datagrams);
        put_exporter_number(&report, "flows", exporter.flows);
        put_exporter_number(&report, "lost_datagrams", exporter.lost_datagrams);
        put_exporter_number(&report, "lost_flows", exporter.lost_flows);
        put_exporter_number(&report, "restarts", exporter.restarts);
        put_exporter_number(&report, "sequence_next", exporter.sequence_next);
        fputs(report.json ? "}" : "\n", stdout);
    }
    if (shown < options->exporters)
        printf("and %u more exporters, which -o json tells of\n", options->exporters - shown);
    return end(&report, run);
}

int replay_report_file(const struct replay_run *run, const struct replay_file_counts *counts)
{
    struct report report = begin(run);
    put_number(&report, "datagrams", counts->datagrams);
    put_number(&report, "flows", counts->flows);
    put_number(&report, "loops", counts->loops);
    put_sent(&report, run);
    begin_exporters(&report);
    const uint32_t count = counts->exporter_count;
    const uint32_t shown = report.json || count <= EXPORTERS_SHOWN ? count : EXPORTERS_SHOWN;
    for (uint32_t i = 0; i < shown; i++) {
        const struct replay_exporter *exporter = &counts->exporters[i];
        char text[WEIR_ADDRESS_TEXT_SIZE];
        weir_address_text(&exporter->address, text);
        begin_exporter(&report, i, run, exporter->source);
        printf(report.json ? ",\"address\":\"%s\"" : " for %s", text);
        put_exporter_number(&report, "datagrams", exporter->datagrams);
        put_exporter_number(&report, "flows", exporter->flows);
        fputs(report.json ? "}" : "\n", stdout);
    }
    if (shown < count)
        printf("and %u more exporters, which -o json tells of\n", count - shown);
    return end(&report, run);
}
