/* SPDX-License-Identifier: MIT */
/*
 * doctor_exporters.c - weir doctor: what the store tells of exporters in its last day: loss, templates, sampling,
 * clocks
 *
 * The ledger has the counts of each (docs/schema.md); flows of the last hour tell sampling rates and clocks. "Last" is
 * counted from when something came last, so that a store of before can be asked as well.
 */
#define _GNU_SOURCE
#include "doctor_findings.h"
#include "query_store.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, HOUR_S = 3600, SILENCE_S = 3600, TOLD_MAX = 10, TEMPLATE_S = 1800 };

static void tell_fault(struct doctor_findings *findings, const char *text)
{
    doctor_add(findings, "exporters", DOCTOR_WARN, "the store cannot be asked of its exporters: %.*s",
               (int)strcspn(text, "\n"), text);
    doctor_advise(findings, "'weir sql' asks it as well, and tells more of what is wrong.");
}

/* One row an exporter, domain and version apart no more: what one box is. */
static const char ledger_sql[] =
    "WITH last AS (SELECT max(received) AS newest FROM ledger), "
    "     day AS (SELECT * FROM ledger, last WHERE received > last.newest - INTERVAL 1 DAY "
    "             AND (exporter_ipv4 IS NOT NULL OR exporter_ipv6 IS NOT NULL)) "
    "SELECT addr(exporter_ipv4, exporter_ipv6), sum(datagrams)::DOUBLE, sum(flows)::DOUBLE, sum(lost)::DOUBLE, "
    "       sum(lost_records)::DOUBLE, sum(sets_given_up)::DOUBLE, sum(sets_template)::DOUBLE, "
    "       epoch(max(received) - min(received))::DOUBLE, epoch(any_value(newest) - max(received))::DOUBLE, "
    "       max(version)::DOUBLE, sum(datagrams_refused)::DOUBLE, sum(reported_flows)::DOUBLE "
    "FROM day GROUP BY 1 ORDER BY 1";

static const char flows_sql[] =
    "WITH last AS (SELECT max(received) AS newest FROM flows) "
    "SELECT addr(exporter_ipv4, exporter_ipv6), count(*)::DOUBLE, count_if(sampling_rate > 0)::DOUBLE, "
    "       median(epoch(received) - epoch(export_time))::DOUBLE "
    "FROM flows, last WHERE received > last.newest - INTERVAL 1 HOUR GROUP BY 1 ORDER BY 1";

/* Findings of one kind: the first few are told one by one, the others counted. */
struct kind {
    const char *check;
    size_t told, more;
};

static bool is_told(struct kind *kind)
{
    if (kind->told < TOLD_MAX) {
        kind->told++;
        return true;
    }
    kind->more++;
    return false;
}

enum { KIND_LOSS, KIND_NO_TEMPLATE, KIND_OLD_TEMPLATE, KIND_SILENT, KIND_REFUSED, KIND_REPORTED, KIND_SAMPLING,
      KIND_CLOCK, KIND_COUNT };

struct look {
    struct doctor_findings *findings;
    struct kind kinds[KIND_COUNT];
    size_t exporters;
};

/* NULL is 0. */
static double number_at(const struct query_chunk *chunk, size_t column, size_t row)
{
    const struct query_vector *vector = &chunk->vectors[column];
    return query_is_null(vector, row) ? 0 : ((const double *)vector->data)[row];
}

static void name_at(const struct query_chunk *chunk, size_t row, char name[64])
{
    name[0] = '\0';
    if (query_is_null(&chunk->vectors[0], row))
        return;
    const struct query_octets text = query_octets_at(&chunk->vectors[0], row);
    snprintf(name, 64, "%.*s", (int)text.size_bytes, (const char *)text.data);
}

static void check_loss(struct look *look, const char *name, double datagrams, double flows, double lost,
                       double lost_records)
{
    const double of_datagrams = lost > 0 ? lost / (datagrams + lost) : 0;
    const double of_records = lost_records > 0 ? lost_records / (flows + lost_records) : 0;
    const double share = 100 * fmax(of_datagrams, of_records);
    if (share < 0.1 || !is_told(&look->kinds[KIND_LOSS]))
        return;
    doctor_add(look->findings, "loss", share < 5 ? DOCTOR_WARN : DOCTOR_BAD,
               "%.1f %% of what exporter %s sent did not come", share, name);
    doctor_advise(look->findings, "If this machine dropped nothing (see above), it was lost on the way, or the "
                  "exporter did not get it out: "
                                  "look at the counters of both ends.");
}

static void check_templates(struct look *look, const char *name, double flows, double given_up, double templates,
                            double span_s, double version)
{
    struct doctor_findings *findings = look->findings;
    if (given_up > 0 && is_told(&look->kinds[KIND_NO_TEMPLATE])) {
        doctor_add(findings, "templates_missing", flows == 0 ? DOCTOR_BAD : DOCTOR_WARN,
                   "%.0f sets of data of exporter %s had no template when they came, nor within 30 seconds", given_up,
                   name);
        doctor_advise(findings, "Have it send its templates more often (each minute, or each 20 datagrams), and keep "
                      "--state.");
    }
    /* of versions 9 and 10 */
    const double each_s = templates > 0 ? span_s / templates : span_s;
    if (version < 9 || flows == 0 || span_s < 2 * TEMPLATE_S || each_s <= TEMPLATE_S ||
        !is_told(&look->kinds[KIND_OLD_TEMPLATE]))
        return;
    if (templates > 0)
        doctor_add(findings, "templates_old", DOCTOR_WARN, "exporter %s sends templates each %.0f minutes only", name,
                   each_s / 60);
    else
        doctor_add(findings, "templates_old", DOCTOR_WARN, "exporter %s has sent no template for %.0f hours", name,
                   span_s / HOUR_S);
    doctor_advise(findings, "A collector that does not know them yet loses what comes until then: have it send them "
                  "each minute.");
}

static void look_at_ledger(struct look *look, const struct query_chunk *chunk, size_t row)
{
    char name[64];
    double numbers[12];
    name_at(chunk, row, name);
    for (size_t i = 1; i < 12; i++)
        numbers[i] = number_at(chunk, i, row);
    look->exporters++;
    check_loss(look, name, numbers[1], numbers[2], numbers[3], numbers[4]);
    check_templates(look, name, numbers[2], numbers[5], numbers[6], numbers[7], numbers[9]);
    if (numbers[8] > SILENCE_S && is_told(&look->kinds[KIND_SILENT])) {
        doctor_add(look->findings, "silent", DOCTOR_WARN, "exporter %s was heard last %.0f minutes before the others",
                   name, numbers[8] / 60);
        doctor_advise(look->findings, "See whether it still runs, and sends here.");
    }
    if (numbers[10] > 0 && is_told(&look->kinds[KIND_REFUSED])) {
        doctor_add(look->findings, "refused", DOCTOR_WARN, "%.0f datagrams of %s were no NetFlow or IPFIX, or damaged",
                   numbers[10], name);
        doctor_advise(look->findings, "See with 'tcpdump -w FILE' and 'weir decode FILE' what it sends: sFlow, for "
                      "one, is another thing.");
    }
    if (numbers[11] > 0 && is_told(&look->kinds[KIND_REPORTED])) {
        doctor_add(look->findings, "reported", DOCTOR_WARN, "exporter %s tells that it lost %.0f flows itself", name,
                   numbers[11]);
        doctor_advise(look->findings, "Its cache is too small, or it has too much to do: have it sample, or give it "
                      "a larger cache.");
    }
}

static void look_at_flows(struct look *look, const struct query_chunk *chunk, size_t row)
{
    char name[64];
    name_at(chunk, row, name);
    const double rates = number_at(chunk, 2, row), skew_s = number_at(chunk, 3, row);
    if (rates == 0 && is_told(&look->kinds[KIND_SAMPLING])) {
        doctor_add(look->findings, "sampling", DOCTOR_WARN, "exporter %s does not tell whether it samples, and its "
                   "numbers are taken as they are",
                   name);
        doctor_advise(look->findings, "If it looks at one packet in N, have it export that (options), or give weir "
                      "collect --sampling-rate N.");
    }
    if (fabs(skew_s) < 5 || !is_told(&look->kinds[KIND_CLOCK]))
        return;
    doctor_add(look->findings, "exporter_clock", fabs(skew_s) < 300 ? DOCTOR_WARN : DOCTOR_BAD,
               "the clock of exporter %s is %.0f s %s", name,
               fabs(skew_s), skew_s > 0 ? "behind" : "ahead");
    doctor_advise(look->findings, "Its flows are stored with wrong times: have it use NTP.");
}

static int ask(struct look *look, struct query *query, const char *sql,
               void (*take)(struct look *look, const struct query_chunk *chunk, size_t row), struct query_error *error)
{
    struct query_result *result;
    struct query_chunk chunk;
    int got = query_run(query, sql, NULL, 0, &result, error);
    if (got != 0)
        return -1;
    while ((got = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count; row++)
            take(look, &chunk, row);
    }
    query_result_free(result);
    return got;
}

static void tell_rest(struct look *look)
{
    static const char *const checks[KIND_COUNT] = {"loss", "templates_missing", "templates_old", "silent", "refused",
                                                   "reported", "sampling",
                                                   "exporter_clock"};
    size_t told = 0;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        told += look->kinds[i].told;
        if (look->kinds[i].more > 0)
            doctor_add(look->findings, checks[i], DOCTOR_WARN, "%zu more exporters are as those before",
                       look->kinds[i].more);
    }
    if (told == 0 && look->exporters > 0)
        doctor_add(look->findings, "exporters", DOCTOR_OK,
                   "%zu exporters: nothing lost, templates and sampling rates are known, and clocks are right",
                   look->exporters);
}

/* What a statement that fails found before is not told twice. */
static int ask_once(struct look *look, struct query *query, size_t findings_before, struct query_error *error)
{
    doctor_take_back(look->findings, findings_before);
    *look = (struct look){.findings = look->findings};
    return ask(look, query, ledger_sql, look_at_ledger, error) == 0 ? ask(look, query, flows_sql, look_at_flows, error)
                                                                    : -1;
}

static void tell_left_out(const struct query_store *store, struct doctor_findings *findings)
{
    const struct left_out *first = store->left_out;
    if (store->left_out_count == 0)
        return;
    doctor_add(findings, "exporters", DOCTOR_WARN, "%zu file%s left out of what is told of exporters, as: %s: %s",
               store->left_out_count, store->left_out_count == 1 ? " is" : "s are", first->path, first->why);
    doctor_advise(findings, "'weir store check --store %s' tells all of them. Look at the disk, and move them away.",
                  store->folder);
}

static void ask_all(struct query_store *store, struct doctor_findings *findings)
{
    struct look look = {.findings = findings};
    struct query_error error = {.text = ""};
    const size_t before = findings->count;
    int result = query_store_open(store, &error);
    if (result == 0) {
        while ((result = ask_once(&look, store->query, before, &error)) != 0 && query_store_mend(store, &error) == 1)
            ;
    }
    tell_left_out(store, findings);
    if (result == 0)
        tell_rest(&look);
    else
        tell_fault(findings, error.text);
}

void doctor_check_exporters(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    struct query_store store = {.command = "doctor", .flows_back_s = HOUR_S, .ledger_back_s = DAY_S};
    struct query_error error = {.text = "memory is short"};
    if (settings->folder == NULL)
        return;
    store.folder = strdup(settings->folder);
    if (store.folder == NULL || query_store_list(&store, &error) != 0)
        tell_fault(findings, error.text);
    else if (store.ledger.count > 0)
        ask_all(&store, findings);
    else if (store.flows.count > 0)
        doctor_add(findings, "exporters", DOCTOR_OK,
                   "the store does not tell of exporters yet: it does so each minute");
    query_store_done(&store);
}
