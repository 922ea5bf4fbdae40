/* SPDX-License-Identifier: MIT */
/*
 * test_from_batch.c - flows from the core columns of rows
 */
#include "core_decode.h"

#include "flow_maker.h"
#include "from_batch.h"

#define EXPORT_US (1600000000 * SECOND_US)

static struct flow flows[16];
static const struct weir_run *runs[16];
static unsigned flow_count;

static void on_flow(void *context, const struct flow *flow, const struct weir_run *run)
{
    assert_ptr_equal(context, &flow_count);
    runs[flow_count] = run;
    flows[flow_count++] = *flow;
}

static void read_flows(void)
{
    flow_count = 0;
    from_batch_read(core_batch, on_flow, &flow_count);
}

static void decode(int version, const char *fields, const char *records)
{
    core_decode(version, fields, records);
    read_flows();
}

static void expect_hosts(const struct flow *flow, const char *source, const char *destination)
{
    struct weir_address from = make_address(source), to = make_address(destination);
    assert_true(address_equal(&flow->source, &from));
    assert_true(address_equal(&flow->destination, &to));
}

/* As softflowd has them: times by the uptime stay so, as those of two datagrams then are exact among each other. */
static void test_rows_are_flows(void **state)
{
    (void)state;
    core_header.uptime_ms = 10000;
    decode(9, "8:4 12:4 1:4 2:8 7:2 11:2 4:1 22:4 21:4",
           "c0000207 c0000209 00440000 0000000000001169 0016 9c40 06 000003e8 00001388"
           "c0000209 c0000207 000003e8 0000000000000002 9c40 0016 06 000003e8 00001389");
    assert_int_equal(flow_count, 2);
    expect_hosts(&flows[0], "192.0.2.7", "192.0.2.9");
    assert_true(flows[0].bytes == 4456448);
    assert_true(flows[0].packets == 4457);
    assert_int_equal(flows[0].source_port, 22);
    assert_int_equal(flows[0].destination_port, 40000);
    assert_int_equal(flows[0].protocol, PROTOCOL_TCP);
    assert_int_equal(flows[0].clock, FLOW_CLOCK_UPTIME);
    assert_int_equal(flows[0].first_ms, 1000);
    assert_int_equal(flow_duration_ms(&flows[0]), 4000);
    assert_true(flows[0].ended_us == EXPORT_US - 5 * SECOND_US);
    assert_true(flows[0].exporter == flow_exporter_key(&core_batch->runs[0].exporter, 2055));
    assert_int_equal(flows[0].sampling_rate, 0);
    assert_ptr_equal(runs[0], &core_batch->runs[0]);
    expect_hosts(&flows[1], "192.0.2.9", "192.0.2.7");
    assert_int_equal(flows[1].source_port, 40000);
    assert_int_equal(flow_duration_ms(&flows[1]), 4001);
}

static void test_options_are_left_out(void **state)
{
    (void)state;
    core_decode(9, "8:4 12:4", "c0000207 c0000209");
    struct weir_layout layout = *core_batch->layout;
    struct weir_batch batch = *core_batch;
    batch.layout = &layout;
    layout.options = true;
    layout.core = NULL;
    flow_count = 0;
    from_batch_read(&batch, on_flow, &flow_count);
    assert_int_equal(flow_count, 0);
    layout.options = false;
    layout.core = core_batch->layout->core;
    from_batch_read(&batch, on_flow, &flow_count);
    assert_int_equal(flow_count, 1);
}

static void test_what_exporters_call_otherwise(void **state)
{
    (void)state;
    decode(10, "27:16 28:16 231:8 298:8 152:8 153:8 193:1 182:2 183:2",
           "20010db8000000000000000000000001 20010db8000000000000000000000002 0000000000000064 0000000000000003"
           "000001748766fb00 000001748766fee8 06 01bb c350");
    assert_int_equal(flow_count, 1);
    expect_hosts(&flows[0], "2001:db8::1", "2001:db8::2");
    assert_true(flows[0].bytes == 100 && flows[0].packets == 3);
    assert_int_equal(flows[0].clock, FLOW_CLOCK_ABSOLUTE);
    assert_true(flows[0].first_ms == 0x1748766fb00 && flow_duration_ms(&flows[0]) == 1000);
    assert_true(flows[0].ended_us == INT64_C(0x1748766fee8) * 1000);
    assert_int_equal(flows[0].source_port, 443);
    assert_int_equal(flows[0].protocol, PROTOCOL_TCP);
}

static void test_no_times(void **state)
{
    (void)state;
    decode(9, "8:4 12:4 1:4", "c0000207 c0000209 00000064");
    assert_int_equal(flows[0].clock, FLOW_CLOCK_NONE);
    decode(10, "8:4 12:4 152:8 153:8", "c0000207 c0000209 00ffffffffffffff 00ffffffffffffff"); /* that is no time */
    assert_int_equal(flows[0].clock, FLOW_CLOCK_NONE);
    assert_true(flows[0].ended_us == flows[0].received_us);
}

static void test_no_pair_of_addresses_no_flow(void **state)
{
    (void)state;
    decode(9, "225:4 12:4 1:4", "c0000207 c0000209 00000064");
    assert_int_equal(flow_count, 0);
    decode(9, "8:4 28:16 1:4", "c0000207 20010db8000000000000000000000002 00000064");
    assert_int_equal(flow_count, 0);
}

static void test_both_families_in_one_template(void **state)
{
    (void)state;
    decode(9, "8:4 12:4 27:16 28:16 60:1",
           "c0000207 c0000209 00000000000000000000000000000000 00000000000000000000000000000000 04"
           "00000000 00000000 20010db8000000000000000000000001 20010db8000000000000000000000002 06");
    assert_int_equal(flow_count, 2);
    expect_hosts(&flows[0], "192.0.2.7", "192.0.2.9");
    expect_hosts(&flows[1], "2001:db8::1", "2001:db8::2");
    /* Where only one field is there, such an address is one of IPv6. */
    decode(9, "27:16 28:16", "00000000000000000000ffffc0000207 00000000000000000000ffffc0000209");
    assert_int_equal(flows[0].source.family, 6);
}

static void test_icmp(void **state)
{
    (void)state;
    decode(9, "8:4 12:4 4:1 7:2 11:2 32:2", "c0000207 c0000209 01 0000 0000 0800 c0000207 c0000209 06 0016 0017 0800");
    assert_true(flows[0].has_icmp && flows[0].icmp_type == 8 && flows[0].icmp_code == 0);
    assert_false(flows[1].has_icmp);
    decode(9, "8:4 12:4 4:1 11:2", "c0000207 c0000209 01 0303 c0000207 c0000209 01 0000");
    assert_true(flows[0].icmp_type == 3 && flows[0].icmp_code == 3);
    assert_true(flows[1].has_icmp && flows[1].icmp_type == 0); /* an echo reply */
    decode(9, "8:4 12:4 4:1", "c0000207 c0000209 01");
    assert_false(flows[0].has_icmp);
}

/* Counts are as the exporter counted; who shows them multiplies once. */
static void test_sampling(void **state)
{
    (void)state;
    decode(9, "8:4 12:4 1:4 2:4 34:4", "c0000207 c0000209 00000064 00000002 0000000a");
    assert_int_equal(flows[0].sampling_rate, 10);
    assert_true(flows[0].bytes == 100 && flows[0].packets == 2);
    core_options.sampling_rate = 7;
    decode(9, "8:4 12:4 1:4 2:4 34:4", "c0000207 c0000209 00000064 00000002 0000000a");
    assert_int_equal(flows[0].sampling_rate, 7);
    struct flow flow = flows[0];
    assert_true(flow_scale(&flow));
    assert_true(flow.bytes == 700 && flow.packets == 14);
    assert_false(flow_scale(&flow));
    assert_true(flow.bytes == 700 && flow.packets == 14);
    flow = (struct flow){.bytes = UINT64_MAX / 2, .packets = 5, .sampling_rate = 3};
    assert_true(flow_scale(&flow));
    assert_true(flow.bytes == UINT64_MAX && flow.packets == 15);
    flow = (struct flow){.bytes = 9, .packets = 5};
    assert_false(flow_scale(&flow));
    assert_true(flow.bytes == 9 && flow.packets == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, core_setup, core_teardown)
        TEST(rows_are_flows),
        TEST(options_are_left_out),
        TEST(what_exporters_call_otherwise),
        TEST(no_times),
        TEST(no_pair_of_addresses_no_flow),
        TEST(both_families_in_one_template),
        TEST(icmp),
        TEST(sampling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
