/* SPDX-License-Identifier: MIT */
/*
 * traffic.c - makes the export of routers that do not exist
 *
 * The exporters take turns. In each of its turns an exporter sends a few datagrams of one form, which is drawn: so
 * datagrams of the same source and length follow each other, as sender.h likes it, and as those do that export all that
 * has ended since the last time.
 */
#include "traffic.h"

#include "traffic_hostile.h"
#include "traffic_version.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    ETHERNET_BYTES = 1452,         /* of a datagram, with the headers of IPv6 and UDP */
    RING_RECORDS = 32768,          /* of all forms together */
    LOSSES_MAX = 16,               /* datagrams in a row */
    UPTIME_FIRST_MS = 2000000000,  /* 23 days: less than what 32 bits hold */
    RESTART_MS = 10000,            /* so much later an exporter has started when it starts anew */
    RESTARTS_MAX = 199999,         /* of an exporter; then its uptime would be used up */
};

struct exporter {
    uint32_t sequence; /* from 0 on, since it started last */
    uint32_t template_at;     /* the next one to be sent; all have been: template_count */
    uint32_t since_templates; /* datagrams with flows */
    uint32_t since_start;     /* the same */
    uint32_t restarts;
    uint64_t datagrams, flows, lost_datagrams, lost_flows;
};

struct traffic {
    struct traffic_options options;
    const struct traffic_version *version;
    struct chance chance;
    struct hostile hostile;
    struct traffic_counts counts;
    int64_t start_us;
    uint64_t next_number;
    uint32_t turn_of;   /* exporter */
    uint32_t turn_left; /* datagrams */
    uint32_t turn_form;
    uint32_t form_count;
    size_t datagram_bytes_max;
    struct form *forms;
    struct exporter *exporters;
};

/* ------------------------------------------------------------------------------------------------- making it */

static const struct traffic_version *find_version(uint16_t version)
{
    return version == 5 ? &traffic_v5 : version == 9 ? &traffic_v9 : &traffic_ipfix;
}

/* Four forms of five are of IPv4. */
static bool is_ipv6_form(const struct traffic *traffic, uint32_t form)
{
    return traffic->version->has_templates && form % 5 == 1;
}

static uint32_t flows_of(const struct traffic *traffic, bool ipv6)
{
    const struct traffic_version *version = traffic->version;
    if (traffic->options.flows > 0)
        return traffic->options.flows;
    if (!version->has_templates)
        return TRAFFIC_FLOWS_MAX_V5;
    return (ETHERNET_BYTES - version->overhead_bytes) / form_record_bytes(version->fields, version->field_count, ipv6);
}

static int make_forms(struct traffic *traffic)
{
    const struct traffic_version *version = traffic->version;
    traffic->datagram_bytes_max = HOSTILE_BYTES_MAX;
    for (; traffic->form_count < (version->has_templates ? traffic->options.templates : 1); traffic->form_count++) {
        const uint32_t number = traffic->form_count;
        const bool ipv6 = is_ipv6_form(traffic, number);
        const struct form_plan plan = {
            .fields = version->fields,
            .field_count = version->field_count,
            .order = number,
            .template_id = (uint16_t)(256 + number),
            .ipv6 = ipv6,
            .flows = flows_of(traffic, ipv6),
            .ring_records = RING_RECORDS / (version->has_templates ? traffic->options.templates : 1),
        };
        struct form *form = &traffic->forms[number];
        if (form_init(form, &plan, &traffic->chance) != 0)
            return -1;
        const size_t size_bytes = version->overhead_bytes + (size_t)form->flows * form->record_bytes;
        if (size_bytes > traffic->datagram_bytes_max)
            traffic->datagram_bytes_max = size_bytes;
    }
    return 0;
}

static bool is_in_range(const struct traffic_options *options)
{
    return (options->version == 5 || options->version == 9 || options->version == 10) && options->exporters >= 1 &&
           options->exporters <= TRAFFIC_EXPORTERS_MAX && options->sources >= 1 &&
           options->sources <= options->exporters && options->templates >= 1 &&
           options->templates <= TRAFFIC_TEMPLATES_MAX && options->turn >= 1 &&
           options->flows <= (options->version == 5 ? TRAFFIC_FLOWS_MAX_V5 : TRAFFIC_FLOWS_MAX) &&
           (options->restart_interval == 0 || options->restart_interval >= TRAFFIC_RESTART_MIN);
}

struct traffic *traffic_create(const struct traffic_options *options, int64_t now_us)
{
    assert(is_in_range(options));
    struct traffic *traffic = calloc(1, sizeof *traffic);
    if (traffic == NULL)
        return NULL;
    traffic->options = *options;
    traffic->version = find_version(options->version);
    traffic->chance.state = options->seed;
    traffic->start_us = now_us;
    traffic->next_number = options->first_number;
    traffic->turn_of = options->exporters - 1;
    traffic->forms = calloc(options->templates, sizeof *traffic->forms);
    traffic->exporters = calloc(options->exporters, sizeof *traffic->exporters);
    if (traffic->forms == NULL || traffic->exporters == NULL || make_forms(traffic) != 0) {
        traffic_free(traffic);
        return NULL;
    }
    return traffic;
}

void traffic_free(struct traffic *traffic)
{
    if (traffic == NULL)
        return;
    for (uint32_t i = 0; i < traffic->form_count; i++)
        form_done(&traffic->forms[i]);
    free(traffic->forms);
    free(traffic->exporters);
    free(traffic);
}

size_t traffic_room_bytes(const struct traffic *traffic)
{
    return 2 * (traffic->datagram_bytes_max + 64);
}

/* ------------------------------------------------------------------------------------------------ datagrams */

static uint32_t domain_of(const struct traffic *traffic, uint32_t number)
{
    return traffic->options.version == 5 ? number & 0xffff : number;
}

static struct traffic_header header_of(const struct traffic *traffic, uint32_t number, int64_t now_us)
{
    const struct exporter *exporter = &traffic->exporters[number];
    const int64_t running_ms = (now_us - traffic->start_us) / 1000;
    return (struct traffic_header){
        .sequence = exporter->sequence,
        .domain = domain_of(traffic, number),
        .uptime_ms = (uint32_t)(UPTIME_FIRST_MS + running_ms - (int64_t)exporter->restarts * RESTART_MS),
        .now_us = now_us,
    };
}

static struct traffic_datagram datagram_of(const struct traffic *traffic, uint32_t number, enum traffic_kind kind,
                                           const uint8_t *octets, size_t size_bytes, uint32_t flows)
{
    return (struct traffic_datagram){
        .octets = octets,
        .size_bytes = (uint32_t)size_bytes,
        .source = number % traffic->options.sources,
        .flows = flows,
        .kind = kind,
    };
}

/* As many templates as fit, of those that the exporter has to send. */
static struct traffic_datagram make_templates(struct traffic *traffic, uint32_t number, int64_t now_us, uint8_t *room)
{
    struct exporter *exporter = &traffic->exporters[number];
    const struct traffic_header header = header_of(traffic, number, now_us);
    const struct form *forms = traffic->forms + exporter->template_at;
    const uint32_t room_for = (ETHERNET_BYTES - traffic->version->overhead_bytes) / form_template_bytes(forms);
    const uint32_t left = traffic->form_count - exporter->template_at, count = left < room_for ? left : room_for;
    const size_t size_bytes = traffic->version->write_templates(&header, forms, count, room);
    exporter->template_at += count;
    exporter->since_templates = 0;
    exporter->sequence += traffic->version->counts_flows ? 0 : 1;
    exporter->datagrams++;
    traffic->counts.datagrams++;
    traffic->counts.template_datagrams++;
    return datagram_of(traffic, number, TRAFFIC_TEMPLATES, room, size_bytes, 0);
}

static struct traffic_datagram make_flows(struct traffic *traffic, uint32_t number, int64_t now_us, uint8_t *room,
                                          struct form_sums *sums)
{
    struct exporter *exporter = &traffic->exporters[number];
    const struct traffic_header header = header_of(traffic, number, now_us);
    const struct form *form = &traffic->forms[traffic->turn_form];
    const uint64_t max = traffic->options.flows_max, left = max - traffic->counts.flows;
    const uint32_t count = max > 0 && left < form->flows ? (uint32_t)left : form->flows;
    const size_t size_bytes =
        traffic->version->write_flows(&header, form, count, traffic->next_number, &traffic->chance, room, sums);
    traffic->next_number += count;
    exporter->sequence += traffic->version->counts_flows ? count : 1;
    exporter->since_templates++;
    exporter->since_start++;
    exporter->datagrams++;
    exporter->flows += count;
    traffic->counts.datagrams++;
    traffic->counts.flows += count;
    return datagram_of(traffic, number, TRAFFIC_FLOWS, room, size_bytes, count);
}

static void count_sums(uint64_t *bytes, uint64_t *packets, const struct form_sums *sums)
{
    *bytes += sums->bytes;
    *packets += sums->packets;
}

/* Numbers go on as if some more had been sent. */
static void lose(struct traffic *traffic, struct exporter *exporter)
{
    const uint32_t flows = traffic->forms[traffic->turn_form].flows;
    for (int i = 0; i < LOSSES_MAX && chance_hits(&traffic->chance, traffic->options.loss); i++) {
        exporter->sequence += traffic->version->counts_flows ? flows : 1;
        exporter->lost_datagrams++;
        exporter->lost_flows += flows;
        traffic->counts.lost_datagrams++;
        traffic->counts.lost_flows += flows;
    }
}

static bool is_over(const struct traffic *traffic)
{
    const struct traffic_options *options = &traffic->options;
    return (options->datagrams_max > 0 && traffic->counts.datagrams >= options->datagrams_max) ||
           (options->flows_max > 0 && traffic->counts.flows >= options->flows_max);
}

static bool templates_are_due(const struct traffic *traffic, const struct exporter *exporter)
{
    return traffic->version->has_templates && traffic->options.template_interval > 0 &&
           exporter->since_templates >= traffic->options.template_interval;
}

static bool restart_is_due(const struct traffic *traffic, const struct exporter *exporter)
{
    return traffic->options.restart_interval > 0 && exporter->since_start >= traffic->options.restart_interval &&
           exporter->restarts < RESTARTS_MAX;
}

/* Whether another datagram with flows may be sent as the next one of its exporter. */
static bool may_go_on(const struct traffic *traffic, const struct exporter *exporter)
{
    return !is_over(traffic) && !templates_are_due(traffic, exporter) && !restart_is_due(traffic, exporter);
}

/* One with flows; and what befalls it. */
static size_t make_step(struct traffic *traffic, uint32_t number, int64_t now_us, uint8_t *room,
                        struct traffic_datagram *datagrams)
{
    struct exporter *exporter = &traffic->exporters[number];
    struct traffic_counts *counts = &traffic->counts;
    struct form_sums sums = {0};
    const bool first = exporter->since_start == 0; /* those before it would not be missed, nor would it be late */
    if (!first)
        lose(traffic, exporter);
    datagrams[0] = make_flows(traffic, number, now_us, room, &sums);
    count_sums(&counts->bytes, &counts->packets, &sums);
    if (chance_hits(&traffic->chance, traffic->options.duplicate) && !is_over(traffic)) {
        datagrams[1] = datagrams[0];
        datagrams[1].kind = TRAFFIC_DUPLICATE;
        counts->datagrams++;
        counts->duplicates++;
        counts->duplicate_flows += datagrams[0].flows;
        count_sums(&counts->duplicate_bytes, &counts->duplicate_packets, &sums);
        return 2;
    }
    if (!first && chance_hits(&traffic->chance, traffic->options.reorder) && may_go_on(traffic, exporter)) {
        sums = (struct form_sums){0};
        datagrams[1] = datagrams[0];
        datagrams[0] = make_flows(traffic, number, now_us, room + traffic_room_bytes(traffic) / 2, &sums);
        count_sums(&counts->bytes, &counts->packets, &sums);
        counts->reordered++;
        return 2;
    }
    return 1;
}

static uint32_t draw_form(struct traffic *traffic)
{
    const uint32_t count = traffic->form_count, ipv6_count = (count + 3) / 5;
    const bool ipv6 = ipv6_count > 0 && traffic->version->has_templates && chance_below(&traffic->chance, 5) == 0;
    if (ipv6)
        return 1 + 5 * chance_below(&traffic->chance, ipv6_count);
    const uint32_t place = chance_below(&traffic->chance, count - ipv6_count); /* among those that are not */
    return place + (place + 3) / 4;
}

static void next_turn(struct traffic *traffic)
{
    traffic->turn_of = (traffic->turn_of + 1) % traffic->options.exporters;
    traffic->turn_left = traffic->options.turn;
    traffic->turn_form = draw_form(traffic);
}

static void restart(struct traffic *traffic, struct exporter *exporter)
{
    exporter->restarts++;
    exporter->sequence = 0;
    exporter->since_start = 0;
    exporter->template_at = 0;
    traffic->counts.restarts++;
}

/* Evenly among the others, so that it is the share that was asked for, however many of them are made at once. */
static bool hostile_is_due(const struct traffic *traffic)
{
    const struct traffic_counts *counts = &traffic->counts;
    return (double)(counts->hostile + 1) <= traffic->options.hostile * (double)(counts->datagrams + 1);
}

size_t traffic_next(struct traffic *traffic, int64_t now_us, uint8_t *room,
                    struct traffic_datagram ret_datagrams[TRAFFIC_STEP_MAX])
{
    if (is_over(traffic))
        return 0;
    if (hostile_is_due(traffic)) {
        const size_t size_bytes = hostile_write(&traffic->hostile, &traffic->chance, now_us, room);
        ret_datagrams[0] = datagram_of(traffic, 0, TRAFFIC_HOSTILE, room, size_bytes, 0);
        ret_datagrams[0].source = traffic->options.sources;
        traffic->counts.datagrams++;
        traffic->counts.hostile++;
        return 1;
    }
    if (traffic->turn_left == 0)
        next_turn(traffic);
    struct exporter *exporter = &traffic->exporters[traffic->turn_of];
    if (restart_is_due(traffic, exporter))
        restart(traffic, exporter);
    else if (templates_are_due(traffic, exporter))
        exporter->template_at = 0;
    if (traffic->version->has_templates && exporter->template_at < traffic->form_count) {
        ret_datagrams[0] = make_templates(traffic, traffic->turn_of, now_us, room);
        return 1;
    }
    traffic->turn_left--;
    return make_step(traffic, traffic->turn_of, now_us, room, ret_datagrams);
}

const struct traffic_counts *traffic_counts(const struct traffic *traffic)
{
    return &traffic->counts;
}

void traffic_exporter(const struct traffic *traffic, uint32_t number, struct traffic_exporter *ret_exporter)
{
    assert(number < traffic->options.exporters);
    const struct exporter *exporter = &traffic->exporters[number];
    *ret_exporter = (struct traffic_exporter){
        .source = number % traffic->options.sources,
        .domain = domain_of(traffic, number),
        .sequence_next = exporter->sequence,
        .datagrams = exporter->datagrams,
        .flows = exporter->flows,
        .lost_datagrams = exporter->lost_datagrams,
        .lost_flows = exporter->lost_flows,
        .restarts = exporter->restarts,
    };
}
