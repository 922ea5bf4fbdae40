/* SPDX-License-Identifier: MIT */
/*
 * test_traffic.c - made traffic, decoded: each flow is there once, sums and losses are those that were told
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <weir/weir.h>

#include "case_ledger.h"
#include "traffic.h"

enum { DATAGRAMS_MAX = 100000 };

#define NOW_US INT64_C(1700000000000000)
#define STEP_US 1000 /* the clock moves so much with each datagram */
#define END_US (NOW_US + (int64_t)DATAGRAMS_MAX * STEP_US)

static const uint16_t versions[] = {5, 9, 10};

/* What a decoder found. */
struct found {
    uint64_t datagrams, flows, bytes, packets;
    uint64_t times_wrong; /* flows that end before they begin, or not around now */
    uint8_t *seen;        /* by number: how often */
    uint64_t seen_room;
    uint64_t sizes_max;
    uint64_t octets_hash;
    struct weir_decoder *decoder;
};

static uint64_t value_at(const struct weir_batch *batch, const struct weir_field *field, uint32_t row)
{
    const uint8_t *column = batch->columns[field - batch->layout->fields];
    const uint8_t *value = column + (size_t)row * field->width_bytes;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (field->width_bytes) {
    case 2: memcpy(&u16, value, 2); return u16;
    case 4: memcpy(&u32, value, 4); return u32;
    default: assert_int_equal(field->width_bytes, 8); memcpy(&u64, value, 8); return u64;
    }
}

static const struct weir_field *field_of(const struct weir_batch *batch, uint16_t id)
{
    for (uint32_t i = 0; i < batch->layout->field_count; i++) {
        if (batch->layout->fields[i].id == id && batch->layout->fields[i].pen == 0)
            return &batch->layout->fields[i];
    }
    return NULL;
}

static uint64_t number_of(const struct weir_batch *batch, uint32_t row)
{
    const struct weir_field *number = field_of(batch, 148);
    if (number != NULL)
        return value_at(batch, number, row);
    return value_at(batch, field_of(batch, 15), row) + (value_at(batch, field_of(batch, 16), row) << 32);
}

static int64_t time_at(const struct weir_batch *batch, enum weir_core core, uint32_t row)
{
    const struct weir_core_column *column = &batch->layout->core[core];
    int64_t time;
    assert_true(column->how == WEIR_CORE_COMPUTED);
    memcpy(&time, (const uint8_t *)batch->columns[column->column] + (size_t)row * 8, 8);
    return time;
}

static void take_batch(struct found *found, const struct weir_batch *batch)
{
    for (uint32_t row = 0; row < batch->row_count; row++) {
        const uint64_t number = number_of(batch, row);
        const int64_t start = time_at(batch, WEIR_CORE_TIME_START, row), end = time_at(batch, WEIR_CORE_TIME_END, row);
        if (number < found->seen_room)
            found->seen[number]++;
        found->bytes += value_at(batch, field_of(batch, 1), row);
        found->packets += value_at(batch, field_of(batch, 2), row);
        found->times_wrong += start > end || start < NOW_US - 70000000 || end > END_US;
        found->flows++;
    }
}

/* What a decoder does not mind: the lengths that headers tell, and that sets of v9 are padded. */
static void check_lengths(const struct traffic_datagram *one)
{
    const uint8_t *octets = one->octets;
    if (one->kind == TRAFFIC_HOSTILE)
        return;
    const uint32_t second = (uint32_t)octets[2] << 8 | octets[3];
    switch (octets[1]) {
    case 5: assert_int_equal(one->size_bytes, 24 + 48 * second); break;
    case 9: assert_int_equal(one->size_bytes % 4, 0); break;
    default: assert_int_equal(one->size_bytes, second); break;
    }
}

static void feed(struct found *found, const struct traffic_datagram *one, int64_t now_us)
{
    const struct weir_datagram datagram = {
        .data = one->octets,
        .size_bytes = one->size_bytes,
        .source = {.family = 4, .octets = {127, 1, (uint8_t)(one->source >> 8), (uint8_t)one->source}},
        .source_port = 2055,
        .received_us = now_us,
    };
    check_lengths(one);
    found->datagrams++;
    found->sizes_max = one->size_bytes > found->sizes_max ? one->size_bytes : found->sizes_max;
    for (uint32_t i = 0; i < one->size_bytes; i++)
        found->octets_hash = (found->octets_hash ^ one->octets[i]) * 0x100000001b3u;
    weir_decoder_feed(found->decoder, &datagram);
    weir_decoder_flush(found->decoder);
    for (struct weir_batch *batch; (batch = weir_decoder_next(found->decoder)) != NULL; weir_batch_release(batch))
        take_batch(found, batch);
}

/* Makes all of the traffic and decodes it. */
static struct found decode(struct traffic *traffic, uint64_t first_number, uint64_t flows_max)
{
    struct weir_options options;
    weir_options_init(&options);
    options.batch_rows = TRAFFIC_FLOWS_MAX; /* many decoders are made, and each batch is asked for at once */
    options.batch_count = 4;
    struct found found = {.seen_room = first_number + flows_max, .seen = calloc(first_number + flows_max, 1),
                          .decoder = weir_decoder_create(&options)};
    const size_t room_bytes = traffic_room_bytes(traffic);
    uint8_t *room = malloc(room_bytes);
    struct traffic_datagram datagrams[TRAFFIC_STEP_MAX];
    int64_t now_us = NOW_US;
    assert_true(found.seen != NULL && room != NULL && found.decoder != NULL);
    for (size_t count; (count = traffic_next(traffic, now_us, room, datagrams)) > 0; now_us += STEP_US) {
        const bool late = count == 2 && datagrams[1].kind != TRAFFIC_DUPLICATE;
        assert_ptr_equal(datagrams[late ? 1 : 0].octets, room);
        for (size_t i = 0; i < count; i++) {
            assert_true(datagrams[i].octets >= room);
            assert_true(datagrams[i].octets + datagrams[i].size_bytes <= room + room_bytes);
            feed(&found, &datagrams[i], now_us);
        }
        assert_true(found.datagrams < DATAGRAMS_MAX);
    }
    free(room);
    return found;
}

static void found_done(struct found *found)
{
    weir_decoder_free(found->decoder);
    free(found->seen);
}

/* Flows are there, each once, or twice where it was in a duplicate. */
static void check_flows(const struct found *found, const struct traffic_counts *counts, uint64_t first_number)
{
    uint64_t once = 0, twice = 0, wrong = 0;
    for (uint64_t number = 0; number < found->seen_room; number++) {
        const bool sent = number >= first_number && number < first_number + counts->flows;
        wrong += found->seen[number] > 2 || (found->seen[number] > 0) != sent;
        once += found->seen[number] > 0;
        twice += found->seen[number] > 1;
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(once, counts->flows);
    assert_int_equal(twice, counts->duplicate_flows);
    assert_int_equal(found->datagrams, counts->datagrams);
    assert_int_equal(found->bytes, counts->bytes + counts->duplicate_bytes);
    assert_int_equal(found->packets, counts->packets + counts->duplicate_packets);
    assert_int_equal(found->times_wrong, 0);
}

static void check_ledger(const struct found *found, const struct traffic_counts *counts, bool is_v9)
{
    const struct weir_ledger *ledger = weir_decoder_ledger(found->decoder);
    assert_null(ledger_fault(ledger));
    assert_int_equal(ledger->flows, counts->flows + counts->duplicate_flows);
    assert_int_equal(ledger->lost, is_v9 ? counts->lost_datagrams : 0);
    assert_int_equal(ledger->lost_records, is_v9 ? 0 : counts->lost_flows);
    assert_int_equal(ledger->reordered, counts->reordered);
    assert_int_equal(ledger->duplicates, counts->duplicates);
    assert_int_equal(ledger->restarts, counts->restarts);
    assert_int_equal(ledger->sets_waited, 0);
    if (counts->hostile == 0)
        assert_int_equal(ledger->count_mismatches, 0);
}

static struct traffic_options options_of(uint16_t version)
{
    return (struct traffic_options){.version = version, .exporters = 1, .sources = 1, .templates = 2, .turn = 16,
                                    .template_interval = 500, .seed = 1, .first_number = 1, .flows_max = 6000};
}

static void check(const struct traffic_options *options)
{
    struct traffic *traffic = traffic_create(options, NOW_US);
    assert_non_null(traffic);
    struct found found = decode(traffic, options->first_number, options->flows_max);
    const struct traffic_counts *counts = traffic_counts(traffic);
    const struct weir_ledger *ledger = weir_decoder_ledger(found.decoder);
    check_flows(&found, counts, options->first_number);
    check_ledger(&found, counts, options->version == 9);
    assert_int_equal(counts->flows, options->flows_max);
    assert_int_equal(ledger->datagrams_refused == 0, options->hostile == 0);
    struct traffic_exporter exporter;
    uint64_t flows = 0, lost_flows = 0, lost_datagrams = 0, restarts = 0;
    for (uint32_t i = 0; i < options->exporters; i++) {
        traffic_exporter(traffic, i, &exporter);
        flows += exporter.flows;
        lost_flows += exporter.lost_flows;
        lost_datagrams += exporter.lost_datagrams;
        restarts += exporter.restarts;
        if (options->restart_interval == 0)
            assert_int_equal(exporter.sequence_next, options->version == 9
                                                         ? exporter.datagrams + exporter.lost_datagrams
                                                         : exporter.flows + exporter.lost_flows);
    }
    assert_int_equal(flows, counts->flows);
    assert_int_equal(lost_flows, counts->lost_flows);
    assert_int_equal(lost_datagrams, counts->lost_datagrams);
    assert_int_equal(restarts, counts->restarts);
    found_done(&found);
    traffic_free(traffic);
}

static void test_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct traffic_options options = options_of(versions[i]);
        check(&options);
        options.first_number = 5000;
        options.exporters = options.sources = 7;
        options.turn = 1;
        check(&options);
        options.exporters = 1000; /* some of which share an address */
        options.sources = 3;
        options.template_interval = 0;
        check(&options);
    }
}

static void test_mishaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t seed = 1; seed <= 14; seed++) {
            struct traffic_options options = options_of(versions[i]);
            options.seed = seed;
            options.exporters = options.sources = 1 + (uint32_t)seed % 3;
            options.turn = 1 + (uint32_t)seed % 5;
            options.template_interval = 20;
            options.loss = seed % 2 == 0 ? 0.05 : 0;
            options.reorder = seed % 3 == 0 ? 0.2 : 0;
            options.duplicate = seed % 5 == 0 ? 0.1 : 0;
            options.restart_interval = seed % 7 == 0 ? TRAFFIC_RESTART_MIN : 0;
            options.flows = seed % 4 == 0 ? 10 : 0;
            check(&options);
            options.loss = options.reorder = options.duplicate = 0.1;
            options.restart_interval = TRAFFIC_RESTART_MIN + (uint32_t)seed;
            options.hostile = seed % 2 == 0 ? 0.1 : 0;
            check(&options);
        }
    }
}

/* That the tests above are of something. */
static void test_shares(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct traffic_options options = options_of(versions[i]);
        options.flows_max = 0;
        options.datagrams_max = 20000;
        options.loss = 0.1;
        options.reorder = 0.05;
        options.duplicate = 0.02;
        options.hostile = 0.2;
        options.restart_interval = 100;
        struct traffic *traffic = traffic_create(&options, NOW_US);
        struct found found = decode(traffic, 1, 1000000);
        const struct traffic_counts *counts = traffic_counts(traffic);
        const uint64_t others = counts->hostile + counts->template_datagrams + counts->duplicates;
        const uint64_t with_flows = counts->datagrams - others;
        assert_int_equal(counts->datagrams, 20000);
        assert_in_range(counts->hostile, 3999, 4000);
        assert_in_range(counts->lost_datagrams, with_flows / 10, with_flows / 8);
        assert_in_range(counts->reordered, with_flows * 4 / 100, with_flows * 6 / 100);
        assert_in_range(counts->duplicates, with_flows * 15 / 1000, with_flows * 25 / 1000);
        assert_in_range(counts->restarts, with_flows / 102 - 1, with_flows / 100);
        assert_int_equal(counts->template_datagrams, versions[i] == 5 ? 0 : counts->restarts * 1 + 1);
        check_ledger(&found, counts, versions[i] == 9);
        found_done(&found);
        traffic_free(traffic);
    }
}

static void test_all_templates_differ(void **state)
{
    (void)state;
    for (size_t i = 1; i < 3; i++) {
        struct traffic_options options = options_of(versions[i]);
        options.templates = TRAFFIC_TEMPLATES_MAX;
        options.turn = 1;
        options.flows_max = 30000;
        struct traffic *traffic = traffic_create(&options, NOW_US);
        struct found found = decode(traffic, 1, options.flows_max);
        const struct weir_ledger *ledger = weir_decoder_ledger(found.decoder);
        assert_int_equal(ledger->templates, TRAFFIC_TEMPLATES_MAX);
        assert_int_equal(ledger->layouts, TRAFFIC_TEMPLATES_MAX);
        assert_int_equal(ledger->templates_changed, 0);
        assert_int_equal(ledger->sets_waited, 0);
        check_flows(&found, traffic_counts(traffic), 1);
        found_done(&found);
        traffic_free(traffic);
    }
}

static void test_sizes(void **state)
{
    static const uint32_t flows[] = {0, 1, 30, TRAFFIC_FLOWS_MAX};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 4; k++) {
            struct traffic_options options = options_of(versions[i]);
            options.flows = flows[k];
            options.flows_max = 3001;
            if (versions[i] == 5 && flows[k] > TRAFFIC_FLOWS_MAX_V5)
                continue;
            struct traffic *traffic = traffic_create(&options, NOW_US);
            struct found found = decode(traffic, 1, options.flows_max);
            assert_in_range(found.sizes_max, 1, flows[k] == 0 ? 1472 : 65507);
            assert_int_equal(found.flows, 3001);
            found_done(&found);
            traffic_free(traffic);
        }
    }
}

static uint64_t hash_of(const struct traffic_options *options)
{
    struct traffic *traffic = traffic_create(options, NOW_US);
    struct found found = decode(traffic, options->first_number, options->flows_max);
    const uint64_t hash = found.octets_hash;
    found_done(&found);
    traffic_free(traffic);
    return hash;
}

static void test_seed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct traffic_options options = options_of(versions[i]);
        options.loss = options.reorder = options.duplicate = options.hostile = 0.1;
        const uint64_t hash = hash_of(&options);
        assert_true(hash_of(&options) == hash);
        options.seed = 2;
        assert_true(hash_of(&options) != hash);
    }
}

/* Numbers beyond 32 bits. */
static void test_great_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct traffic_options options = options_of(versions[i]);
        struct traffic_datagram datagrams[TRAFFIC_STEP_MAX];
        options.first_number = (UINT64_C(1) << 32) + 5;
        options.templates = 1;
        options.flows = 1;
        struct traffic *traffic = traffic_create(&options, NOW_US);
        uint8_t *room = malloc(traffic_room_bytes(traffic));
        struct weir_decoder *decoder = weir_decoder_create(NULL);
        struct weir_batch *batch = NULL;
        while (batch == NULL && traffic_next(traffic, NOW_US, room, datagrams) > 0) {
            const struct weir_datagram datagram = {.data = datagrams[0].octets, .size_bytes = datagrams[0].size_bytes};
            weir_decoder_feed(decoder, &datagram);
            weir_decoder_flush(decoder);
            batch = weir_decoder_next(decoder);
        }
        assert_non_null(batch);
        assert_true(number_of(batch, 0) == options.first_number);
        weir_batch_release(batch);
        weir_decoder_free(decoder);
        free(room);
        traffic_free(traffic);
    }
}

/* Whatever they are, nothing is decoded from them, and none is missed. */
static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct traffic_options options = options_of(versions[i]);
        options.hostile = 1;
        options.flows_max = 0;
        options.datagrams_max = 10000;
        struct traffic *traffic = traffic_create(&options, NOW_US);
        struct found found = decode(traffic, 1, 1);
        const struct weir_ledger *ledger = weir_decoder_ledger(found.decoder);
        assert_null(ledger_fault(ledger));
        assert_int_equal(traffic_counts(traffic)->hostile, 10000);
        assert_int_equal(ledger->flows, 0);
        assert_int_equal(ledger->lost + ledger->lost_records + ledger->restarts + ledger->duplicates, 0);
        assert_true(ledger->datagrams_refused > 2000 && ledger->sets_skipped > 1000 && ledger->templates > 1000);
        static const enum weir_reason reasons[] = {
            WEIR_REASON_VERSION_UNKNOWN, WEIR_REASON_HEADER_SHORT, WEIR_REASON_SET_OVERRUN,
            WEIR_REASON_SET_LENGTH_SHORT, WEIR_REASON_MESSAGE_LENGTH, WEIR_REASON_MESSAGE_OVERRUN,
            WEIR_REASON_TEMPLATE_OVERRUN,
            WEIR_REASON_TEMPLATE_RECORD_LONG, WEIR_REASON_TEMPLATES_FULL};
        for (size_t k = 0; k < sizeof reasons / sizeof *reasons; k++)
            assert_true(ledger->reasons[reasons[k]] > 0);
        found_done(&found);
        traffic_free(traffic);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_mishaps),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_all_templates_differ),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_great_numbers),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
