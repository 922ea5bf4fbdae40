/* SPDX-License-Identifier: MIT */
/*
 * summary.c - tells what became of the datagrams
 */
#include "summary.h"

#include <inttypes.h>

static void print_decoded(const struct weir_ledger *ledger, FILE *out)
{
    fprintf(out, "weir: %" PRIu64 " datagrams, %" PRIu64 " flows, %" PRIu64 " templates, %" PRIu64 " lost\n",
            ledger->datagrams, ledger->flows, ledger->layouts, ledger->lost + ledger->lost_records);
    if (ledger->lost > 0)
        fprintf(out, "  lost: %" PRIu64 " datagrams are missing by sequence number\n", ledger->lost);
    if (ledger->lost_records > 0)
        fprintf(out, "  lost records: %" PRIu64 " are missing by sequence number\n", ledger->lost_records);
    if (ledger->reported_flows > 0 || ledger->reported_packets > 0)
        fprintf(out, "  lost by exporters, as they tell: %" PRIu64 " flows; %" PRIu64 " packets not looked at\n",
                ledger->reported_flows, ledger->reported_packets);
    if (ledger->reordered > 0 || ledger->duplicates > 0)
        fprintf(out, "  out of order: %" PRIu64 ", duplicates: %" PRIu64 "\n", ledger->reordered, ledger->duplicates);
    if (ledger->restarts > 0)
        fprintf(out, "  restarts of an exporter: %" PRIu64 "\n", ledger->restarts);
    if (ledger->options > 0)
        fprintf(out, "  options records: %" PRIu64 "\n", ledger->options);
    if (ledger->sets_waiting > 0)
        fprintf(out, "  waiting: %" PRIu64 " sets (%" PRIu64 " octets) have no template yet\n", ledger->sets_waiting,
                ledger->bytes_waiting);
    if (ledger->sets_late > 0)
        fprintf(out, "  late: %" PRIu64 " sets were decoded when their template came\n", ledger->sets_late);
    if (ledger->sets_given_up > 0)
        fprintf(out, "  given up: %" PRIu64 " sets without template; exporters send theirs every few minutes\n",
                ledger->sets_given_up);
}

static void print_reasons(const struct weir_ledger *ledger, FILE *out)
{
    for (int reason = 0; reason < WEIR_REASON_COUNT; reason++) {
        if (ledger->reasons[reason] > 0 && reason != WEIR_REASON_WAITING_EXPIRED)
            fprintf(out, "  %s: %" PRIu64 "\n", weir_reason_text((enum weir_reason)reason), ledger->reasons[reason]);
    }
}

static void print_capture(const struct capture_counts *counts, FILE *out)
{
    if (counts->packets == counts->buckets[PACKET_DATAGRAM])
        return;
    fprintf(out, "  in the capture: %" PRIu64 " packets", counts->packets);
    for (int verdict = 0; verdict < PACKET_VERDICT_COUNT; verdict++) {
        if (counts->buckets[verdict] > 0)
            fprintf(out, ", %" PRIu64 " %s", counts->buckets[verdict],
                    packet_verdict_text((enum packet_verdict)verdict));
    }
    fputc('\n', out);
}

void summary_print(const struct weir_ledger *ledger, const struct capture_counts *counts, FILE *out)
{
    print_decoded(ledger, out);
    print_reasons(ledger, out);
    if (counts != NULL)
        print_capture(counts, out);
}
