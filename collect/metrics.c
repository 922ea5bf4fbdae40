/* SPDX-License-Identifier: MIT */
/*
 * metrics.c - the account of a running engine, as Prometheus reads it, and whether it is well
 */
#define _GNU_SOURCE
#include "metrics.h"

#include "metric_text.h"
#include "process_metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BEAT_LATE_US 30000000  /* the main thread is gone, and not only late */
#define LANE_LATE_US 120000000 /* so long a disk may take before somebody should start us anew */
#define LANE_SLOW_US 10000000

enum { LABELS_SIZE = 256, SINK_COUNTS_MAX = 64 };

struct metrics {
    struct engine *engine;
    struct exporter_watch *watch;
    _Atomic int64_t beat_us; /* monotonic */
    _Atomic bool ending;
};

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct metrics *metrics_create(struct engine *engine, struct exporter_watch *watch)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL)
        return NULL;
    metrics->engine = engine;
    metrics->watch = watch;
    metrics_beat(metrics);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    free(metrics);
}

void metrics_beat(struct metrics *metrics)
{
    atomic_store_explicit(&metrics->beat_us, monotonic_us(), memory_order_relaxed);
}

void metrics_end(struct metrics *metrics)
{
    atomic_store(&metrics->ending, true);
}

/* ------------------------------------------------------------------------------------------------------ the account */

/* Reasons for which a whole datagram is refused. */
static const enum weir_reason datagram_reasons[] = {WEIR_REASON_HEADER_SHORT, WEIR_REASON_VERSION_UNKNOWN,
                                                    WEIR_REASON_VERSION_UNSUPPORTED, WEIR_REASON_MESSAGE_LENGTH};
enum { DATAGRAM_REASON_COUNT = sizeof datagram_reasons / sizeof *datagram_reasons };

static void put_labelled(struct metric_text *text, const char *name, const char *label, const char *is, uint64_t value)
{
    char labels[LABELS_SIZE] = "";
    metric_label(labels, sizeof labels, label, is);
    metric_value(text, name, labels, value);
}

/* Others than these, as for want of memory, are told as a sum. */
static void put_refused(struct metric_text *text, const struct weir_ledger *ledger, uint64_t not_allowed)
{
    const char *name = "weir_datagrams_refused_total";
    uint64_t others = ledger->datagrams_refused;
    metric_begin(text, name, METRIC_COUNTER, "Datagrams that were not decoded");
    for (int i = 0; i < DATAGRAM_REASON_COUNT; i++) {
        const uint64_t count = ledger->reasons[datagram_reasons[i]];
        put_labelled(text, name, "reason", weir_reason_label(datagram_reasons[i]), count);
        others = others > count ? others - count : 0;
    }
    put_labelled(text, name, "reason", "other", others);
    put_labelled(text, name, "reason", "not_allowed", not_allowed); /* at the lane, before decoding */
}

static void put_datagrams(struct metric_text *text, const struct engine_counts *counts)
{
    const struct weir_ledger *ledger = &counts->ledger;
    metric_counter(text, "weir_datagrams_received_total", "Datagrams that came by sockets", counts->receiver.received);
    metric_counter(text, "weir_datagrams_recovered_total",
                   "Datagrams that an earlier process had received, and not kept", counts->recovered);
    metric_begin(text, "weir_datagrams_dropped_total", METRIC_COUNTER,
                 "Datagrams that the kernel dropped: its buffer was full (kernel), or nothing was taken as the journal "
                 "was full (journal)");
    put_labelled(text, "weir_datagrams_dropped_total", "where", "kernel", counts->receiver.dropped_kernel);
    put_labelled(text, "weir_datagrams_dropped_total", "where", "journal", counts->receiver.dropped_journal);
    metric_counter(text, "weir_datagrams_decoded_total", "Datagrams that were decoded", ledger->datagrams_decoded);
    put_refused(text, ledger, counts->refused);
    metric_counter(text, "weir_datagrams_cut_off_total", "Datagrams that were longer than there was room for",
                   counts->cut_off);
    metric_counter(text, "weir_datagram_bytes_total", "Octets of datagrams decoded or refused", ledger->bytes);
    metric_gauge(text, "weir_journal_waiting_datagrams", "Datagrams in the journal, to be decoded", counts->waiting);
    metric_gauge(text, "weir_journal_held_datagrams", "Datagrams in the journal that are decoded and not kept yet",
                 counts->held);
    metric_counter(text, "weir_journal_commits_total", "Times that what was received was kept for good", counts->cuts);
}

static void put_sets(struct metric_text *text, const struct weir_ledger *ledger)
{
    const char *name = "weir_sets_total";
    metric_begin(text, name, METRIC_COUNTER,
                 "Sets of decoded datagrams: templates, data decoded at once, kept until their template came, or "
                 "skipped");
    put_labelled(text, name, "fate", "template", ledger->sets_template);
    put_labelled(text, name, "fate", "data", ledger->sets_data);
    put_labelled(text, name, "fate", "waited", ledger->sets_waited);
    put_labelled(text, name, "fate", "skipped", ledger->sets_skipped);
    name = "weir_waited_sets_total";
    metric_begin(text, name, METRIC_COUNTER, "What became of sets that waited for their template");
    put_labelled(text, name, "fate", "decoded", ledger->sets_late);
    put_labelled(text, name, "fate", "given_up", ledger->sets_given_up);
    metric_gauge(text, "weir_waiting_sets", "Sets that wait for their template", ledger->sets_waiting);
    metric_gauge(text, "weir_waiting_bytes", "Octets of these", ledger->bytes_waiting);
    name = "weir_faults_total";
    metric_begin(text, name, METRIC_COUNTER, "What was wrong with datagrams, sets, templates or values");
    for (int i = 0; i < WEIR_REASON_COUNT; i++)
        put_labelled(text, name, "reason", weir_reason_label((enum weir_reason)i), ledger->reasons[i]);
}

static void put_records(struct metric_text *text, const struct weir_ledger *ledger)
{
    metric_counter(text, "weir_flows_total", "Records of data templates", ledger->flows);
    metric_counter(text, "weir_options_total", "Records of options templates", ledger->options);
    metric_gauge(text, "weir_templates", "Templates known", ledger->templates);
    metric_gauge(text, "weir_layouts", "Different ones among these", ledger->layouts);
    metric_gauge(text, "weir_sessions", "Address, port and domain of exporters known", ledger->sessions);
    metric_counter(text, "weir_templates_learned_total", "New templates", ledger->templates_learned);
    metric_counter(text, "weir_templates_changed_total", "Templates that changed", ledger->templates_changed);
    metric_counter(text, "weir_session_evictions_total", "Exporters forgotten to make room for others",
                   ledger->evictions);
    metric_gauge(text, "weir_missing_datagrams",
                 "Datagrams missing by sequence number (v9) so far; one that comes late is taken off", ledger->lost);
    metric_gauge(text, "weir_missing_records",
                 "Records missing by sequence number (v5, v7, IPFIX) so far; one that comes late is taken off",
                 ledger->lost_records);
    metric_counter(text, "weir_datagrams_reordered_total", "Datagrams that came late by their sequence number",
                   ledger->reordered);
    metric_counter(text, "weir_datagrams_duplicate_total", "Datagrams that came twice by their sequence number",
                   ledger->duplicates);
    metric_counter(text, "weir_exporter_restarts_total", "Restarts of exporters", ledger->restarts);
    metric_counter(text, "weir_exporter_reported_flows_total", "Flows that exporters tell they lost themselves",
                   ledger->reported_flows);
    metric_counter(text, "weir_exporter_reported_packets_total", "Packets that exporters tell they did not look at",
                   ledger->reported_packets);
}

/* -------------------------------------------------------------------------------------------------------- exporters */

struct exporter_metric {
    const char *name, *help;
    enum metric_type type;
    size_t offset; /* of a count in struct exporter_row */
};

#define OF(member) offsetof(struct exporter_row, member)
static const struct exporter_metric exporter_metrics[] = {
    {"weir_exporter_datagrams_total", "Datagrams of an exporter", METRIC_COUNTER, OF(datagrams)},
    {"weir_exporter_bytes_total", "Octets of its datagrams", METRIC_COUNTER, OF(bytes)},
    {"weir_exporter_flows_total", "Its records of data templates", METRIC_COUNTER, OF(flows)},
    {"weir_exporter_refused_datagrams_total", "Of its datagrams: refused", METRIC_COUNTER, OF(datagrams_refused)},
    {"weir_exporter_skipped_sets_total", "Its sets that were skipped", METRIC_COUNTER, OF(sets_skipped)},
    {"weir_exporter_given_up_sets_total", "Its sets whose template did not come", METRIC_COUNTER, OF(sets_given_up)},
    {"weir_exporter_waiting_sets", "Its sets that wait for their template", METRIC_GAUGE, OF(sets_waiting)},
    {"weir_exporter_missing_datagrams", "Its datagrams missing by sequence number so far", METRIC_GAUGE, OF(lost)},
    {"weir_exporter_missing_records", "Its records missing by sequence number so far", METRIC_GAUGE, OF(lost_records)},
    {"weir_exporter_templates", "Its templates", METRIC_GAUGE, OF(templates)},
};
#undef OF

static void label_exporter(const struct exporter_row *row, char labels[LABELS_SIZE])
{
    char address[WEIR_ADDRESS_TEXT_SIZE], domain[16];
    weir_address_text(&row->address, address);
    snprintf(domain, sizeof domain, "%" PRIu32, row->domain);
    labels[0] = '\0';
    metric_label(labels, LABELS_SIZE, "exporter", address);
    metric_label(labels, LABELS_SIZE, "domain", domain);
}

static uint64_t count_of(const struct exporter_row *row, const struct exporter_metric *metric)
{
    return *(const uint64_t *)((const char *)row + metric->offset);
}

static void put_exporter_counts(struct metric_text *text, const struct exporter_list *list, size_t own)
{
    char labels[LABELS_SIZE];
    for (size_t k = 0; k < sizeof exporter_metrics / sizeof *exporter_metrics; k++) {
        const struct exporter_metric *metric = &exporter_metrics[k];
        uint64_t others = count_of(&list->rest, metric);
        metric_begin(text, metric->name, metric->type, metric->help);
        for (size_t i = 0; i < list->count; i++) {
            if (i >= own) {
                others += count_of(&list->rows[i], metric);
                continue;
            }
            label_exporter(&list->rows[i], labels);
            metric_value(text, metric->name, labels, count_of(&list->rows[i], metric));
        }
        metric_value(text, metric->name, "exporter=\"other\",domain=\"\"", others);
    }
}

/* Of those that have sent something. */
static void put_exporter_times(struct metric_text *text, const struct exporter_list *list, size_t own)
{
    static const struct {
        const char *name, *help;
    } times[] = {
        {"weir_exporter_last_seen_timestamp_seconds", "When its last datagram came, seconds since 1970"},
        {"weir_exporter_clock_skew_seconds", "How far its clock was ahead of ours then, to the second"},
        {"weir_exporter_oldest_template_timestamp_seconds",
         "When that of its templates that was not sent again for longest was sent, seconds since 1970"},
    };
    char labels[LABELS_SIZE];
    for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
        metric_begin(text, times[k].name, METRIC_GAUGE, times[k].help);
        for (size_t i = 0; i < own; i++) {
            const struct exporter_row *row = &list->rows[i];
            const int64_t time_us = k == 0   ? row->last_us
                                    : k == 1 ? row->exported_us - row->last_us
                                             : row->template_oldest_us;
            if (row->last_us == 0 || (k == 2 && time_us == 0))
                continue;
            label_exporter(row, labels);
            metric_real(text, times[k].name, labels, (double)time_us * 1e-6);
        }
    }
}

static void put_exporters(struct metric_text *text, const struct exporter_list *list)
{
    const size_t own = list->count < METRICS_EXPORTERS_MAX ? list->count : METRICS_EXPORTERS_MAX;
    metric_gauge(text, "weir_exporters", "Exporters (address and domain) known", list->count);
    metric_gauge(text, "weir_workers_silent",
                 "Workers that did not tell of their exporters, whose numbers are of before", list->silent_workers);
    put_exporter_counts(text, list, own);
    put_exporter_times(text, list, own);
}

/* ------------------------------------------------------------------------------------------------------------ sinks */

struct sink_sum {
    const char *class;
    struct sink_count count;
};

struct sink_sums {
    struct sink_sum sums[SINK_COUNTS_MAX];
    size_t count;
    const char *class; /* of the sink that is asked */
};

static void add_count(void *context, const struct sink_count *count)
{
    struct sink_sums *sums = context;
    for (size_t i = 0; i < sums->count; i++) {
        if (strcmp(sums->sums[i].class, sums->class) == 0 && strcmp(sums->sums[i].count.name, count->name) == 0) {
            sums->sums[i].count.value += count->value;
            return;
        }
    }
    if (sums->count < SINK_COUNTS_MAX)
        sums->sums[sums->count++] = (struct sink_sum){sums->class, *count};
}

static void ask_sinks(const struct collector *collector, struct sink_sums *sums)
{
    for (size_t i = 0; i < collector->sink_count; i++) {
        const struct sink_class *class = collector->sinks[i]->class;
        sums->class = class->name;
        if (class->counts != NULL)
            class->counts(collector->sinks[i], add_count, sums);
    }
}

/* Sums over all sinks of a kind, of all workers. */
static void sum_sinks(struct engine *engine, struct sink_sums *sums)
{
    const struct collector *side;
    sums->count = 0;
    for (uint32_t i = 0; i < engine_worker_count(engine); i++)
        ask_sinks(engine_collector(engine, i), sums);
    for (size_t i = 0; (side = engine_side(engine, i)) != NULL; i++)
        ask_sinks(side, sums);
}

static void put_sinks(struct metric_text *text, struct engine *engine)
{
    struct sink_sums sums;
    sum_sinks(engine, &sums);
    for (size_t i = 0; i < sums.count; i++) {
        const struct sink_count *count = &sums.sums[i].count;
        char name[128];
        snprintf(name, sizeof name, "weir_%s_%s%s", sums.sums[i].class, count->name, count->goes_down ? "" : "_total");
        metric_begin(text, name, count->goes_down ? METRIC_GAUGE : METRIC_COUNTER, count->help);
        metric_value(text, name, NULL, count->value);
    }
}

static void put_sides(struct metric_text *text, struct engine *engine)
{
    static const struct {
        const char *name, *help;
        enum metric_type type;
    } all[] = {
        {"weir_output_taken_datagrams_total", "Datagrams that an output beside the journal has taken", METRIC_COUNTER},
        {"weir_output_missed_datagrams_total", "Datagrams that it missed, as it was too slow", METRIC_COUNTER},
        {"weir_output_failed", "1 when it has failed and takes nothing any more", METRIC_GAUGE},
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        struct side_lane_counts counts;
        const char *name;
        metric_begin(text, all[k].name, all[k].type, all[k].help);
        for (size_t i = 0; (name = engine_side_counts(engine, i, &counts)) != NULL; i++) {
            char number[16], labels[LABELS_SIZE] = "";
            snprintf(number, sizeof number, "%zu", i);
            metric_label(labels, sizeof labels, "output", name);
            metric_label(labels, sizeof labels, "number", number); /* names may be the same */
            metric_value(text, all[k].name, labels, k == 0 ? counts.taken : k == 1 ? counts.missed : counts.failed);
        }
    }
}

char *metrics_text(struct metrics *metrics, size_t *ret_size_bytes)
{
    struct metric_text text = {0};
    struct engine_counts counts;
    char labels[LABELS_SIZE] = "";
    metric_label(labels, sizeof labels, "version", weir_version());
    metric_begin(&text, "weir_build_info", METRIC_GAUGE, "Which version this is");
    metric_value(&text, "weir_build_info", labels, 1);
    metric_gauge(&text, "weir_workers", "Workers that receive and decode", engine_worker_count(metrics->engine));
    engine_counts(metrics->engine, &counts);
    put_datagrams(&text, &counts);
    put_sets(&text, &counts.ledger);
    put_records(&text, &counts.ledger);
    put_sinks(&text, metrics->engine);
    put_sides(&text, metrics->engine);
    const struct exporter_list *list = exporter_watch_take(metrics->watch);
    if (list != NULL) {
        put_exporters(&text, list);
        exporter_watch_give(metrics->watch);
    }
    process_metrics_put(&text);
    if (text.short_of_memory || list == NULL) {
        free(text.data);
        return NULL;
    }
    *ret_size_bytes = text.size_bytes;
    return text.data;
}

/* ----------------------------------------------------------------------------------------------------------- health */

static bool say(char *text, size_t room_bytes, bool well, const char *what)
{
    snprintf(text, room_bytes, "%s\n", what);
    return well;
}

/* How long the lane that is furthest behind has not counted. */
static int64_t lane_silence_us(struct metrics *metrics)
{
    struct engine_counts counts;
    engine_counts(metrics->engine, &counts);
    return counts.counted_us == 0 ? 0 : monotonic_us() - counts.counted_us;
}

bool metrics_is_alive(struct metrics *metrics, char *text, size_t room_bytes)
{
    const int64_t silence_us = monotonic_us() - atomic_load_explicit(&metrics->beat_us, memory_order_relaxed);
    if (silence_us > BEAT_LATE_US)
        return say(text, room_bytes, false, "the main thread does not go on");
    if (lane_silence_us(metrics) > LANE_LATE_US)
        return say(text, room_bytes, false, "decoding does not go on");
    return say(text, room_bytes, true, "ok");
}

static const char *find_trouble(struct metrics *metrics)
{
    struct sink_sums sums;
    struct sink_error error;
    struct side_lane_counts side;
    struct engine_counts counts;
    if (atomic_load(&metrics->ending))
        return "it ends";
    if (engine_state(metrics->engine, &error) <= 0)
        return "receiving or decoding has ended";
    engine_counts(metrics->engine, &counts);
    if (counts.ledger.datagrams + counts.cut_off + counts.refused < counts.recovered)
        return "what the journal held is being decoded";
    if (lane_silence_us(metrics) > LANE_SLOW_US)
        return "decoding does not go on: is the disk slow?";
    sum_sinks(metrics->engine, &sums);
    for (size_t i = 0; i < sums.count; i++) {
        if (strcmp(sums.sums[i].count.name, "failing") == 0 && sums.sums[i].count.value > 0)
            return "what comes cannot be written";
    }
    for (size_t i = 0; engine_side_counts(metrics->engine, i, &side) != NULL; i++) {
        if (side.failed)
            return "an output has failed";
    }
    return NULL;
}

bool metrics_is_ready(struct metrics *metrics, char *text, size_t room_bytes)
{
    if (!metrics_is_alive(metrics, text, room_bytes))
        return false;
    const char *trouble = find_trouble(metrics);
    return say(text, room_bytes, trouble == NULL, trouble == NULL ? "ready" : trouble);
}
