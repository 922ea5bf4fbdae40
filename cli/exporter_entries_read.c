/* SPDX-License-Identifier: MIT */
/*
 * exporter_entries_read.c - exporters from the ledger of a store
 *
 * The ledger has sums of counts. Templates, clocks and sampling are known to a running collector only.
 */
#define _GNU_SOURCE
#include "exporter_entries.h"

#include "query.h"
#include "store_files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The exporter, then numbers in the order of enum sum. */
static const char exporters_sql[] =
    "SELECT exporter, domain::DOUBLE, max_by(version, received)::DOUBLE, epoch_us(min(received))::DOUBLE,"
    " epoch_us(max(received))::DOUBLE, sum(datagrams)::DOUBLE, sum(flows)::DOUBLE, sum(options)::DOUBLE,"
    " sum(lost)::DOUBLE, sum(lost_records)::DOUBLE,"
    " sum(coalesce(datagrams_refused, 0) + coalesce(sets_skipped, 0) + coalesce(sets_given_up, 0))::DOUBLE,"
    " epoch_us(max(max(received)) OVER ())::DOUBLE"
    " FROM ledger WHERE exporter IS NOT NULL GROUP BY exporter, domain";

static const char account_sql[] = "SELECT sum(rows_stored)::DOUBLE, sum(rows_dropped)::DOUBLE,"
                                  " sum(dropped_kernel)::DOUBLE, sum(dropped_journal)::DOUBLE FROM ledger";

enum sum { DOMAIN, VERSION, FIRST, LAST, DATAGRAMS, FLOWS, OPTIONS, LOST, LOST_RECORDS, REFUSED, NEWEST, SUM_COUNT };

static double number_at(const struct query_vector *vector, size_t row)
{
    return query_is_null(vector, row) ? NAN : ((const double *)vector->data)[row];
}

static int add_row(struct exporter_entries *entries, const char *folder, const struct query_chunk *chunk, size_t row)
{
    struct exporter_entry entry = {.templates = NAN, .sampling_rate = NAN, .clock_skew_s = NAN, .waiting = NAN,
                                   .oldest_template_s = NAN};
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
    entry.flows_per_s = span_s >= 1 ? sums[FLOWS] / span_s : NAN;
    entry.loss_percent =
        exporter_entries_loss(sums[DATAGRAMS], sums[LOST], sums[FLOWS] + sums[OPTIONS], sums[LOST_RECORDS]);
    entry.refused = sums[REFUSED];
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
    if (more == 1 && chunk.row_count == 1 && !query_is_null(&chunk.vectors[0], 0))
        snprintf(account, EXPORTER_TEXT_SIZE,
                 "%.0f records stored, %.0f dropped for want of room; %.0f datagrams dropped by the kernel, %.0f "
                 "dropped as the journal was full", number_at(&chunk.vectors[0],
                                                              0), fmax(number_at(&chunk.vectors[1], 0), 0),
                 fmax(number_at(&chunk.vectors[2], 0), 0), fmax(number_at(&chunk.vectors[3], 0), 0));
    query_result_free(result);
    return more < 0 ? -1 : 0;
}

static int read_store(struct exporter_entries *entries, const char *folder, const struct store_files *ledger,
                      char *account, struct query_error *error)
{
    const struct query_files files = {.ledger = {(const char *const *)ledger->paths, ledger->count}};
    struct query *query = query_open(&files, NULL, error);
    struct query_result *result = NULL;
    if (query == NULL)
        return -1;
    int code = query_run(query, exporters_sql, NULL, 0, &result, error);
    if (code == 0) {
        code = read_rows(entries, folder, result, error);
        query_result_free(result);
    }
    if (code == 0)
        code = read_account(query, account, error);
    query_close(query);
    return code;
}

int exporter_entries_read(struct exporter_entries *entries, const char *folder, char ret_account[EXPORTER_TEXT_SIZE],
                          char error[EXPORTER_TEXT_SIZE])
{
    struct store_files ledger = {0};
    static struct query_error why;
    int result = 0;
    ret_account[0] = '\0';
    if (store_files_find(&ledger, folder, "ledger", NULL) != 0) {
        snprintf(error, EXPORTER_TEXT_SIZE, "cannot read the store %.300s: %m", folder);
        result = -1;
    } else if (ledger.count == 0) {
        snprintf(error, EXPORTER_TEXT_SIZE, "there is no ledger in %.300s: 'weir collect -o store:DIR' keeps one",
                 folder);
        result = -1;
    } else if ((result = read_store(entries, folder, &ledger, ret_account, &why)) != 0) {
        snprintf(error, EXPORTER_TEXT_SIZE, "%.500s", why.text);
    }
    store_files_done(&ledger);
    return result;
}
