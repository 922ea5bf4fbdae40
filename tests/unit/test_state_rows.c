/* SPDX-License-Identifier: MIT */
/*
 * test_state_rows.c - what a record of options tells, by which elements, of which length, about what
 *
 * A record is told as its template, a list of ID:LENGTH, or PEN/ID:LENGTH, and its octets: core_decode.h.
 */
#include "core_decode.h"

#include <weir/weir.h>

static const struct weir_address address = {.family = 4};

/* IPFIX, one scope field. */
static void tell(const char *fields, const char *record)
{
    core_continue(10, 1, fields, record);
}

static struct weir_exporter_view exporter(void)
{
    struct weir_exporter_view view;
    assert_true(weir_decoder_exporter(core_decoder, &address, 0, &view));
    return view;
}

static const struct rate_case {
    const char *fields, *record;
    uint32_t rate;
} rates[] = {
    {"302:8 34:4", "0000000000000005 00000064", 100},
    {"302:8 50:4", "0000000000000005 00000064", 100},
    {"302:8 34:4 50:4", "0000000000000005 00000000 00000064", 100}, /* 0: not told */
    {"302:8 34:8", "0000000000000005 00000000ffffffff", UINT32_MAX},
    {"302:8 34:8", "0000000000000005 0000000100000000", 0}, /* no rate has more than 32 bits */
    {"302:8 34:2 50:4", "0000000000000005 0064 000000c8", 100}, /* the first of them */
    {"302:8 305:4 306:4", "0000000000000005 00000001 00000063", 100},
    {"302:8 305:4 306:4", "0000000000000005 00000002 00000003", 3}, /* 2.5, rounded */
    {"302:8 305:4 306:4", "0000000000000005 00000000 00000003", 0},
    {"302:8 305:4 306:4", "0000000000000005 00000001 ffffffff", 0},
    {"302:8 305:4", "0000000000000005 00000001", 0}, /* half of it says nothing */
    {"302:8 309:4 310:4", "0000000000000005 00000002 000003e8", 500},
    {"302:8 309:4 310:4", "0000000000000005 00000003 00000002", 0}, /* more than there are */
    {"302:8 311:8", "0000000000000005 3f847ae147ae147b", 100},
    {"302:8 311:4", "0000000000000005 3c23d70a", 100},
    {"302:8 311:4", "0000000000000005 3f800000", 1},
    {"302:8 311:4", "0000000000000005 40000000", 0}, /* 2: no probability */
    {"302:8 311:8", "0000000000000005 bff0000000000000", 0},
    {"302:8 311:2", "0000000000000005 3c23", 0},
    {"302:8 307:4 308:4", "0000000000000005 0000000a 0000005a", 10},
    {"302:1 34:4", "05 00000064", 100},
    {"48:65535 34:4", "02 0005 00000064", 100}, /* an ID of variable length */
    {"48:9 34:4", "000000000000000005 00000064", 0}, /* one that is too long */
    {"149:4 34:4 302:8", "00000000 00000064 0000000000000005", 100}, /* the ID need not be the scope */
};

static void test_rates(void **state)
{
    struct weir_fact fact;
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        core_done();
        tell(rates[i].fields, rates[i].record);
        const bool told = weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_SAMPLER, 5, &fact);
        if (told != (rates[i].rate != 0) || (told && fact.sampling_rate != rates[i].rate))
            fail_msg("%s, %s: rate %u", rates[i].fields, rates[i].record, told ? fact.sampling_rate : 0);
    }
}

/* The sampling algorithm by its three names. */
static void test_algorithms(void **state)
{
    static const char *const fields[] = {"302:8 34:4 35:1", "302:8 34:4 49:1", "302:8 34:4 304:1"};
    struct weir_fact fact;
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        core_done();
        tell(fields[i], "0000000000000005 00000064 02");
        assert_true(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_SAMPLER, 5, &fact));
        assert_int_equal(fact.sampling_algorithm, 2);
    }
}

/* A rate is of the sampler that is named, else of the interface, else of the exporter; a part of it is not all. */
static void test_rate_of_what(void **state)
{
    struct weir_fact fact;
    (void)state;
    tell("141:4 34:4", "00000001 0000000a"); /* a line card */
    tell("145:2 34:4", "0100 0000000b");     /* a template */
    assert_int_equal(exporter().sampling_rate, 0);
    tell("144:4 34:4", "00000001 00000014");
    assert_int_equal(exporter().sampling_rate, 20);
    tell("10:4 302:8 34:4", "00000003 0000000000000005 0000001e");
    assert_int_equal(exporter().sampling_rate, 20);
    assert_false(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_INTERFACE, 3, &fact));
    tell("14:4 34:4", "00000003 00000028"); /* where packets go out */
    assert_true(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_INTERFACE, 3, &fact));
    assert_int_equal(fact.sampling_rate, 40);
    assert_true(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_SAMPLER, 5, &fact));
    assert_int_equal(fact.sampling_rate, 30);
    /* Version 9: scopes of its own; and those who write numbers of elements there. */
    core_continue(9, 1, "5:2 34:4", "0100 0000000c");
    core_continue(9, 1, "4:2 34:4", "0001 0000000c");
    assert_int_equal(exporter().sampling_rate, 20);
    core_continue(9, 1, "2:4 34:4", "00000009 00000032");
    assert_true(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_INTERFACE, 9, &fact));
    core_continue(9, 1, "48:1 34:4", "07 0000003c");
    assert_true(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_SAMPLER, 7, &fact));
    assert_int_equal(fact.sampling_rate, 60);
}

/* What a record tells of another domain than the message's is of that domain; 0 is none in particular. */
static void test_domain_of_the_record(void **state)
{
    struct weir_exporter_view view;
    (void)state;
    tell("149:4 34:4", "00000005 00000064 00000006 000000c8 00000005 0000006e");
    assert_false(weir_decoder_exporter(core_decoder, &address, 0, &view));
    assert_true(weir_decoder_exporter(core_decoder, &address, 5, &view));
    assert_int_equal(view.sampling_rate, 110);
    assert_true(weir_decoder_exporter(core_decoder, &address, 6, &view));
    assert_int_equal(view.sampling_rate, 200);
    assert_false(weir_decoder_exporter(core_decoder, &address, 7, &view));
    core_header.domain = 6;
    tell("149:4 34:4", "00000000 0000012c");
    tell("149:8 50:4", "0000000100000005 0000012d"); /* no domain has such a number */
    assert_true(weir_decoder_exporter(core_decoder, &address, 6, &view));
    assert_int_equal(view.sampling_rate, 301);
    assert_true(weir_decoder_exporter(core_decoder, &address, 5, &view));
    assert_int_equal(view.sampling_rate, 110);
}

static const struct {
    const char *fields, *record;
    enum weir_fact_kind kind;
    uint64_t id;
    const char *name, *description;
} names[] = {
    {"10:4 82:65535", "00000003 04 65746830", WEIR_FACT_INTERFACE, 3, "eth0", ""},
    {"10:4 82:65535 83:65535", "00000003 04 65746830 06 75706c696e6b", WEIR_FACT_INTERFACE, 3, "eth0", "uplink"},
    {"14:2 82:8", "0003 6574683000000000", WEIR_FACT_INTERFACE, 3, "eth0", ""},
    {"10:4 82:4", "00000003 65746830", WEIR_FACT_INTERFACE, 3, "eth0", ""},
    {"10:4 83:8", "00000003 75706c696e6b0000", WEIR_FACT_INTERFACE, 3, "", "uplink"},
    {"95:4 96:65535 94:65535", "0d000050 04 68747470 03 776562", WEIR_FACT_APPLICATION, 0x0d000050, "http", "web"},
    {"95:65535 96:8", "03 030050 6874747000000000", WEIR_FACT_APPLICATION, 0x030050, "http", ""},
    {"95:8 94:3", "1400002c00000101 776562", WEIR_FACT_APPLICATION, 0x1400002c00000101, "", "web"},
    {"234:4 236:65535", "00000005 04 626c7565", WEIR_FACT_VRF, 5, "blue", ""},
    {"235:4 236:65535", "00000005 04 626c7565", WEIR_FACT_VRF, 5, "blue", ""},
    {"302:8 335:65535", "0000000000000005 03 6f6e65", WEIR_FACT_SAMPLER, 5, "one", ""},
    {"48:1 84:6", "05 6f6e65000000", WEIR_FACT_SAMPLER, 5, "one", ""},
    {"10:4 82:3 82:3", "00000003 616263 646566", WEIR_FACT_INTERFACE, 3, "abc", ""}, /* the first */
};

static void test_names(void **state)
{
    struct weir_fact fact;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        core_done();
        tell(names[i].fields, names[i].record);
        if (!weir_decoder_fact(core_decoder, &address, 0, names[i].kind, names[i].id, &fact))
            fail_msg("%s: nothing is told", names[i].fields);
        assert_string_equal(fact.name, names[i].name);
        assert_string_equal(fact.description, names[i].description);
        assert_int_equal(fact.kind, names[i].kind);
    }
}

/* Texts of no octets, or of NULs alone, tell nothing; nor does an ID that is none, or a name that nobody asked for. */
static void test_nothing_is_told(void **state)
{
    struct weir_fact fact;
    struct weir_exporter_view view;
    (void)state;
    tell("10:4 82:65535", "00000003 00");
    tell("10:4 82:4", "00000003 00000000");
    tell("10:0 82:4", "65746830");
    tell("10:4", "00000003");
    tell("95:65535 96:4", "00 68747470");
    tell("95:9 96:4", "0d0000500000000001 68747470");
    assert_false(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_INTERFACE, 3, &fact));
    assert_false(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_INTERFACE, 0, &fact));
    assert_false(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_APPLICATION, 0, &fact));
    assert_null(weir_decoder_interface_name(core_decoder, &address, 0, 3));
    core_done();
    tell("149:4 8:4", "00000001 c0000201"); /* nothing that anybody keeps */
    assert_false(weir_decoder_exporter(core_decoder, &address, 0, &view));
    core_continue(10, 0, "10:4 82:65535", "00000003 04 65746830"); /* a flow tells nothing of its exporter */
    assert_false(weir_decoder_exporter(core_decoder, &address, 0, &view));
}

/* RFC 7012 section 5.2: all totals; what an exporter says that it lost enters the ledger, for each process. */
static void test_totals(void **state)
{
    static const char fields[] = "144:4 40:8 41:8 42:8 164:8 165:8 166:8 167:8 168:8 160:8";
#define NUMBER(digit) "000000000000000" #digit
    (void)state;
    tell(fields, "00000001" NUMBER(1) NUMBER(2) NUMBER(3) NUMBER(4) NUMBER(5) NUMBER(6) NUMBER(7) NUMBER(8) NUMBER(9));
    const struct weir_exporter_view view = exporter();
    assert_int_equal(view.exported_octets, 1);
    assert_int_equal(view.exported_messages, 2);
    assert_int_equal(view.exported_flows, 3);
    assert_int_equal(view.ignored_packets, 4);
    assert_int_equal(view.ignored_octets, 5);
    assert_int_equal(view.not_sent_flows, 6);
    assert_int_equal(view.not_sent_packets, 7);
    assert_int_equal(view.not_sent_octets, 8);
    assert_int_equal(view.system_init_ms, 9);
    const struct weir_ledger *ledger = weir_decoder_ledger(core_decoder);
    assert_int_equal(ledger->reported_flows + ledger->reported_packets, 0);
    tell("144:4 166:8", "00000002" NUMBER(9)); /* another process, which has its own total */
    assert_int_equal(ledger->reported_flows, 0);
    tell("144:4 166:8", "00000001" NUMBER(8));
    assert_int_equal(ledger->reported_flows, 2);
    tell("143:4 164:8", "00000003" NUMBER(1)); /* a metering process */
    tell("143:4 164:8", "00000003" NUMBER(5));
    assert_int_equal(ledger->reported_packets, 4);
    tell("149:4 166:8", "00000000" NUMBER(1)); /* no process is named */
    tell("149:4 166:8", "00000000" NUMBER(2));
    assert_int_equal(ledger->reported_flows, 3);
    tell("1:4 40:8", "00000001" NUMBER(7));
    assert_int_equal(exporter().exported_octets, 7);
    assert_int_equal(exporter().exported_messages, 2); /* stays */
}

/* The first total is of before, for each process of each kind in each domain by itself, and for each of the totals. */
static void test_losses_are_told_apart(void **state)
{
    static const struct {
        const char *fields, *record;
        uint64_t flows, packets; /* reported more than before */
    } told[] = {
        {"144:4 166:8", "00000001" NUMBER(9), 0, 0},
        {"143:4 164:8", "00000001" NUMBER(9), 0, 0}, /* another kind of process, of the same number */
        {"144:4 164:8", "00000001" NUMBER(4), 0, 0}, /* another total */
        {"144:2 166:4", "0001 0000000b", 2, 0},      /* the first, in fewer octets */
        {"149:4 143:4 164:8", "00000005 00000001" NUMBER(3), 0, 0},
        {"149:4 143:4 164:8", "00000006 00000001" NUMBER(1), 0, 0},
        {"149:4 143:4 164:8", "00000005 00000001" NUMBER(4), 0, 1},
        {"149:4 143:4 164:8", "00000006 00000001" NUMBER(7), 0, 6},
        {"143:4 164:8", "00000001" NUMBER(9), 0, 0}, /* as it was in the domain of the message */
        {"149:4 166:8 164:8", "00000005" NUMBER(1) NUMBER(1), 0, 0},
        {"149:4 166:8 164:8", "00000005" NUMBER(3) NUMBER(2), 2, 1},
    };
    uint64_t flows = 0, packets = 0;
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        tell(told[i].fields, told[i].record);
        const struct weir_ledger *ledger = weir_decoder_ledger(core_decoder);
        if (ledger->reported_flows - flows != told[i].flows || ledger->reported_packets - packets != told[i].packets)
            fail_msg("%zu, %s: %llu flows, %llu packets more", i, told[i].fields,
                     (unsigned long long)(ledger->reported_flows - flows),
                     (unsigned long long)(ledger->reported_packets - packets));
        flows = ledger->reported_flows;
        packets = ledger->reported_packets;
    }
}

struct facts {
    unsigned kinds[WEIR_FACT_COUNT];
    unsigned exporters;
};

static void take_fact(void *context, const struct weir_fact *fact)
{
    struct facts *facts = context;
    assert_in_range(fact->kind, 0, WEIR_FACT_COUNT - 1);
    facts->kinds[fact->kind]++;
}

static void take_exporter(void *context, const struct weir_exporter_view *view)
{
    struct facts *facts = context;
    facts->exporters++;
    weir_exporter_facts(view, take_fact, facts);
}

/* What is shown to users: each thing once, and nothing that is for the ledger alone. */
static void test_views(void **state)
{
    struct facts facts = {.exporters = 0};
    struct weir_fact fact;
    const struct weir_address other = {.octets = {1}, .family = 4};
    struct weir_exporter_view view;
    (void)state;
    tell("10:4 82:4", "00000003 65746830 00000004 65746831");
    tell("10:4 82:4", "00000003 65746830");
    tell("234:4 236:4", "00000005 626c7565");
    tell("144:4 166:8", "00000001 0000000000000001");
    core_header.domain = 9;
    tell("302:8 34:4", "0000000000000005 00000064");
    weir_decoder_exporters(core_decoder, take_exporter, &facts);
    assert_int_equal(facts.exporters, 2);
    assert_int_equal(facts.kinds[WEIR_FACT_INTERFACE], 2);
    assert_int_equal(facts.kinds[WEIR_FACT_VRF], 1);
    assert_int_equal(facts.kinds[WEIR_FACT_SAMPLER], 1);
    assert_int_equal(facts.kinds[WEIR_FACT_APPLICATION], 0);
    assert_false(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_COUNT, 1, &fact)); /* no kind of fact */
    assert_false(weir_decoder_fact(core_decoder, &address, 0, WEIR_FACT_SAMPLER, 5, &fact)); /* another domain's */
    assert_true(weir_decoder_fact(core_decoder, &address, 9, WEIR_FACT_INTERFACE, 3, &fact)); /* of all domains */
    assert_string_equal(weir_decoder_vrf_name(core_decoder, &address, 9, 5), "blue");
    assert_false(weir_decoder_exporter(core_decoder, &other, 0, &view));
    assert_null(weir_decoder_vrf_name(core_decoder, &other, 0, 5));
    assert_null(weir_decoder_application_name(core_decoder, &address, 0, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rates, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_algorithms, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_rate_of_what, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_domain_of_the_record, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_names, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_told, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_totals, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_losses_are_told_apart, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_views, core_setup, core_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
