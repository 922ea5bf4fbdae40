/* SPDX-License-Identifier: MIT */
/*
 * exporter_entries_read.c - exporters from the ledger of a store
 *
 * The ledger has sums of counts; templates, sampling and clocks are those of the newest flows. How old templates are is
 * known to a running collector only.
 */
#define _GNU_SOURCE
#include "exporter_entries.h"

#include "query_store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HOUR_S = 3600 };

/* The exporter, then numbers in the order of enum sum. Rates are of what came behind an exporter's first row, as
 * nothing tells when that time began. How things are now, the flows of the last hour tell. */
static const char exporters_sql[] =
    "WITH rows AS (SELECT *, received > min(received) OVER (PARTITION BY exporter, domain) AS is_later FROM ledger"
    " WHERE exporter IS NOT NULL),"
    " told AS (SELECT addr(exporter_ipv4, exporter_ipv6) AS exporter, domain,"
    " count(DISTINCT template_id)::DOUBLE AS templates,"
    " max(nullif(sampling_rate, 0))::DOUBLE AS sampling_rate,"
    " max_by(epoch_us(export_time) - epoch_us(received), received)::DOUBLE AS skew_us FROM stored.flows"
    " WHERE received > (SELECT max(received) FROM stored.flows) - INTERVAL 1 HOUR"
    " GROUP BY exporter_ipv4, exporter_ipv6, domain)"
    " SELECT exporter, domain::DOUBLE, max_by(version, received)::DOUBLE, epoch_us(min(received))::DOUBLE,"
    " epoch_us(max(received))::DOUBLE, sum(datagrams)::DOUBLE, sum(flows)::DOUBLE,"
    " (sum(flows) FILTER (is_later))::DOUBLE,"
    " sum(options)::DOUBLE, sum(lost)::DOUBLE, sum(lost_records)::DOUBLE, sum(datagrams_refused)::DOUBLE,"
    " sum(coalesce(sets_skipped, 0) + coalesce(sets_given_up, 0))::DOUBLE,"
    " sum(sets_waited - sets_late - sets_given_up)::DOUBLE,"
    " any_value(templates), any_value(sampling_rate), any_value(skew_us), epoch_us(max(max(received)) OVER ())::DOUBLE"
    " FROM rows LEFT JOIN told USING (exporter, domain) GROUP BY exporter, domain";

static const char account_sql[] =
    "WITH sums AS (SELECT coalesce(sum(datagrams), 0)::DOUBLE AS datagrams,"
    " coalesce(sum(dropped_kernel), 0)::DOUBLE AS kernel, coalesce(sum(dropped_journal), 0)::DOUBLE AS journal,"
    " coalesce(sum(datagrams_refused), 0)::DOUBLE AS refused,"
    " coalesce(sum(not_allowed), 0)::DOUBLE AS not_allowed, coalesce(sum(cut_off), 0)::DOUBLE AS cut_off,"
    " coalesce(sum(rows_dropped), 0)::DOUBLE AS rows_dropped FROM ledger)"
    " SELECT datagrams + not_allowed + cut_off, kernel, journal, refused, not_allowed, cut_off, rows_dropped FROM sums";

enum sum { DOMAIN, VERSION, FIRST, LAST, DATAGRAMS, FLOWS, LATER_FLOWS, OPTIONS, LOST, LOST_RECORDS, REFUSED, SKIPPED,
           WAITING, TEMPLATES, SAMPLING, SKEW, NEWEST, SUM_COUNT };

static double number_at(const struct query_vector *vector, size_t row)
{
    return query_is_null(vector, row) ? NAN : ((const double *)vector->data)[row];
}

static int add_row(struct exporter_entries *entries, const char *folder, const struct query_chunk *chunk, size_t row)
{
    struct exporter_entry entry = {.oldest_template_s = NAN};
    double sums[SUM_COUNT];
    char exporter[WEIR_ADDRESS_TEXT_SIZE];
    const struct query_octets text = query_octets_at(&chunk->vectors[0], row);
    snprintf(exporter, sizeof exporter, "%.*s", text.size_bytes < sizeof exporter ? (int)text.size_bytes : 0,
             (const char *)text.data);
    for (size_t i = 0; i < SUM_COUNT; i++)
        sums[i] = number_at(&chunk->vectors[i + 1], row);
    exporter_entries_text(entry.collector, sizeof entry.collector, folder);
    exporter_entries_text(entry.exporter, sizeof entry.exporter, exporter);
    const double span_s = (sums[LAST] - sums[FIRST]) * 1e-6;
    entry.domain = sums[DOMAIN];
    entry.version = sums[VERSION] > 0 ? sums[VERSION] : NAN;
    entry.last_seen_s = sums[LAST] * 1e-6;
    entry.datagrams = sums[DATAGRAMS];
    entry.flows = sums[FLOWS];
    entry.flows_per_s = span_s >= 1 ? sums[LATER_FLOWS] / span_s : NAN;
    entry.loss_percent =
        exporter_entries_loss(sums[DATAGRAMS], sums[LOST], sums[FLOWS] + sums[OPTIONS], sums[LOST_RECORDS]);
    entry.refused = sums[REFUSED];
    entry.skipped = sums[SKIPPED];
    entry.waiting = fmax(sums[WAITING], 0); /* that they waited may have been told before the ledger's first row */
    entry.templates = sums[TEMPLATES];
    entry.sampling_rate = sums[SAMPLING];
    entry.clock_skew_s = sums[SKEW] * 1e-6;
    return exporter_entries_add(entries, &entry, sums[NEWEST] * 1e-6); /* silent is who was so when others were heard */
}

static int read_rows(struct exporter_entries *entries, const char *folder, struct query_result *result,
                     struct query_error *error)
{
    struct query_chunk chunk;
    int more;
    while ((more = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count; row++) {
            if (add_row(entries, folder, &chunk, row) != 0) {
                snprintf(error->text, sizeof error->text, "not enough memory");
                return -1;
            }
        }
    }
    return more;
}

static int read_account(struct query *query, char account[EXPORTER_TEXT_SIZE], struct query_error *error)
{
    struct query_result *result;
    struct query_chunk chunk;
    if (query_run(query, account_sql, NULL, 0, &result, error) != 0)
        return -1;
    const int more = query_next(result, &chunk, error);
    if (more == 1 && chunk.row_count == 1) {
        double sums[7];
        for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
            sums[i] = number_at(&chunk.vectors[i], 0);
        const struct exporter_account is = {.received = sums[0], .dropped_kernel = sums[1], .dropped_journal = sums[2],
                                            .refused = sums[3], .not_allowed = sums[4], .cut_off = sums[5]};
        exporter_entries_account(&is, account);
        const size_t length = strlen(account);
        if (sums[6] > 0)
            snprintf(account + length, EXPORTER_TEXT_SIZE - length, "; %.0f records dropped for want of room", sums[6]);
    }
    query_result_free(result);
    return more < 0 ? -1 : 0;
}

static int ask(struct exporter_entries *entries, struct query_store *store, char *account, struct query_error *error)
{
    struct query_result *result;
    entries->count = 0; /* a try before this one may have added some */
    if (query_run(store->query, exporters_sql, NULL, 0, &result, error) != 0)
        return -1;
    const int code = read_rows(entries, store->folder, result, error);
    query_result_free(result);
    return code == 0 ? read_account(store->query, account, error) : code;
}

static int read_store(struct exporter_entries *entries, struct query_store *store, char *account)
{
    struct query_error error = {.text = ""};
    int result = query_store_list(store, &error);
    if (result == 0 && store->ledger.count == 0) {
        snprintf(error.text, sizeof error.text,
                 "there is no ledger in %s: 'weir collect -o store:DIR' writes it each minute", store->folder);
        result = -1;
    } else if (result == 0 && (result = query_store_open(store, &error)) == 0) {
        while ((result = ask(entries, store, account, &error)) != 0 && query_store_mend(store, &error) == 1)
            ;
    }
    query_store_tell(store);
    if (result != 0)
        fprintf(stderr, "weir %s: %s\n", store->command, error.text);
    return result;
}

int exporter_entries_read(struct exporter_entries *entries, const char *folder, char ret_account[EXPORTER_TEXT_SIZE])
{
    struct query_store store = {.command = "exporters", .flows_back_s = HOUR_S};
    ret_account[0] = '\0';
    int result = query_store_find(&store, folder, false);
    if (result == 0)
        result = read_store(entries, &store, ret_account);
    query_store_done(&store);
    return result;
}
