/* SPDX-License-Identifier: MIT */
/*
 * test_from_batch.c - flows from the rows of a batch, and layouts that take the place of others
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "batch_maker.h"
#include "from_batch.h"

static struct flow flows[MADE_ROWS];
static unsigned flow_count;
static struct from_batch *from;
static struct made_batch made;

static void on_flow(void *context, const struct flow *flow)
{
    (void)context;
    flows[flow_count++] = *flow;
}

static int set_up(void **state)
{
    (void)state;
    flow_count = 0;
    from = from_batch_create();
    make_batch(&made, 1509225421 * SECOND_US);
    make_row(&made, 0xc0000207, 22, 0xc0000209, 40000, 4456448);
    make_row(&made, 0xc0000209, 40000, 0xc0000207, 22, 1000);
    return from == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    from_batch_free(from);
    return 0;
}

static void test_rows_are_flows(void **state)
{
    struct weir_address source = make_address("192.0.2.7"), destination = make_address("192.0.2.9");
    (void)state;
    assert_int_equal(from_batch_read(from, &made.batch, on_flow, NULL), 0);
    assert_int_equal(flow_count, 2);
    assert_true(address_equal(&flows[0].source, &source));
    assert_true(address_equal(&flows[0].destination, &destination));
    assert_true(flows[0].bytes == 4456448);
    assert_true(flows[0].packets == 4457);
    assert_int_equal(flows[0].source_port, 22);
    assert_int_equal(flows[0].destination_port, 40000);
    assert_int_equal(flows[0].protocol, PROTOCOL_TCP);
    assert_int_equal(flows[0].clock, FLOW_CLOCK_UPTIME);
    assert_int_equal(flow_duration_ms(&flows[0]), 4000);
    assert_true(flows[0].received_us - flows[0].ended_us == 5 * SECOND_US);
    assert_true(flows[0].exporter == flow_exporter_key(&made.run.exporter, 2055));
    assert_int_equal(flows[1].source_port, 40000);
}

static void test_options_are_left_out(void **state)
{
    (void)state;
    made.layout.options = true;
    assert_int_equal(from_batch_read(from, &made.batch, on_flow, NULL), 0);
    assert_int_equal(flow_count, 0);
}

static void test_another_layout_in_the_same_place(void **state)
{
    (void)state;
    assert_int_equal(from_batch_read(from, &made.batch, on_flow, NULL), 0);
    made.fields[2].id = 2; /* packets and bytes change places */
    made.fields[3].id = 85;
    made.layout.serial = 2;
    assert_int_equal(from_batch_read(from, &made.batch, on_flow, NULL), 0);
    assert_int_equal(flow_count, 4);
    assert_true(flows[2].packets == 4456448);
    assert_true(flows[2].bytes == 4457);
    made.layout.slot = 500; /* a third one, further away */
    made.layout.serial = 3;
    assert_int_equal(from_batch_read(from, &made.batch, on_flow, NULL), 0);
    assert_int_equal(flow_count, 6);
}

static void test_fields_that_do_not_fit(void **state)
{
    (void)state;
    made.fields[2].kind = WEIR_KIND_OCTETS; /* bytes of nine octets */
    made.fields[3].pen = 9;                 /* a vendor's field of the same number */
    made.fields[4].scope = true;
    made.columns[6] = NULL;
    assert_int_equal(from_batch_read(from, &made.batch, on_flow, NULL), 0);
    assert_int_equal(flow_count, 2);
    assert_true(flows[0].bytes == 0 && flows[0].packets == 0 && flows[0].source_port == 0);
    assert_int_equal(flows[0].protocol, 0);
}

static void test_no_addresses_no_flow(void **state)
{
    (void)state;
    made.fields[0].id = 225;
    assert_int_equal(from_batch_read(from, &made.batch, on_flow, NULL), 0);
    assert_int_equal(flow_count, 0);
}

static void test_both_families_in_one_template(void **state)
{
    static uint8_t six[2][16] = {{0}, {0x20, 0x01, 0x0d, 0xb8}};
    static uint8_t version[2] = {4, 6};
    (void)state;
    made.fields[3] = (struct weir_field){.id = 27, .kind = WEIR_KIND_IPV6, .width_bytes = 16};
    made.fields[7] = (struct weir_field){.id = 28, .kind = WEIR_KIND_IPV6, .width_bytes = 16};
    made.fields[8] = (struct weir_field){.id = 60, .kind = WEIR_KIND_U8, .width_bytes = 1};
    made.columns[3] = made.columns[7] = six;
    made.columns[8] = version;
    made.source[1] = made.destination[1] = 0;
    assert_int_equal(from_batch_read(from, &made.batch, on_flow, NULL), 0);
    assert_int_equal(flow_count, 2);
    assert_int_equal(flows[0].source.family, 4);
    assert_int_equal(flows[1].source.family, 6);
    assert_int_equal(flows[1].source.octets[1], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
        TEST(rows_are_flows),
        TEST(options_are_left_out),
        TEST(another_layout_in_the_same_place),
        TEST(fields_that_do_not_fit),
        TEST(no_addresses_no_flow),
        TEST(both_families_in_one_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
