/* SPDX-License-Identifier: MIT */
/* test_exporter_table.c - the ledger, summed up by exporter for people */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export_maker.h"
#include "exporter_table.h"

static const uint16_t flow_fields[][2] = {{8, 4}, {12, 4}, {1, 4}};
static const uint16_t process_fields[][2] = {{1, 4}, {166, 4}, {164, 4}}; /* of the system: not sent, ignored */

static struct weir_decoder *decoder;
static struct export export;
static char *text;

static int set_up(void **state)
{
    (void)state;
    decoder = weir_decoder_create(NULL);
    return decoder == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    weir_decoder_free(decoder);
    free(text);
    text = NULL;
    return 0;
}

static void feed(uint32_t address, uint16_t port)
{
    export_feed(decoder, &export, address, port, 1000000);
}

/* A datagram with a template and a flow, or what `what` says; numbers count for each port by themselves. */
static void send_flow(uint32_t address, uint16_t port, uint32_t sequence)
{
    export.sequence = sequence;
    export_begin(&export, 0);
    export_template(&export, 256, flow_fields, 3, 0);
    export_set(&export, 256);
    export_put(&export, 0, 8);
    export_put(&export, 0, 4);
    export_set_end(&export);
    feed(address, port);
}

static void send_process(uint32_t address, uint16_t port, uint32_t sequence, uint32_t not_sent, uint32_t ignored)
{
    export.sequence = sequence;
    export_begin(&export, 0);
    export_template(&export, 300, process_fields, 3, 1);
    export_set(&export, 300);
    export_put(&export, 1, 4);
    export_put(&export, not_sent, 4);
    export_put(&export, ignored, 4);
    export_set_end(&export);
    feed(address, port);
}

static void send_set(uint32_t address, uint16_t port, uint32_t sequence, uint16_t id)
{
    export.sequence = sequence;
    export_begin(&export, 0);
    export_set(&export, id);
    export_put(&export, 0, 4);
    export_set_end(&export);
    feed(address, port);
}

static void print(bool all)
{
    size_t size;
    free(text);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    exporter_table_print(&decoder, 1, all, out);
    fclose(out);
}

#define HEAD                                                                                                    \
    "  exporter                                sessions    datagrams          flows       lost lost records    refused\n"

static void test_all_that_can_be_amiss(void **state)
{
    (void)state;
    send_flow(1, 2055, 1);
    send_flow(2, 2055, 10);
    send_flow(2, 2055, 14); /* 3 are missing */
    send_flow(2, 2055, 12); /* one of them was late */
    send_flow(2, 2055, 12);
    send_set(2, 2055, 15, 5);    /* reserved: refused */
    send_set(2, 2055, 16, 1000); /* waits */
    send_process(2, 2055, 17, 100, 1000);
    send_process(2, 2055, 18, 107, 1020);
    send_flow(2, 2055, 900000); /* anew */
    print(false);
    assert_string_equal(
        text, HEAD
        "  10.0.0.2                                       1            9              5          2            0          1\n"
        "    late by sequence number: 1, duplicates: 1, restarts: 1, sets waiting for their template: 1, flows that it "
        "tells it lost: 7, packets that it tells it did not look at: 20\n"
        "  10.0.0.1                                       1            1              1          0            0        "
        "  0\n");
    weir_decoder_finish(decoder);
    while (weir_decoder_next(decoder) != NULL)
        continue;
    print(false);
    assert_non_null(strstr(text, "restarts: 1, sets given up without template: 1, flows"));
    assert_null(strstr(text, "waiting"));
}

/* Two programs on one machine are two sessions with numbers of their own, and not one with gaps. */
static void test_two_ports_of_one_exporter(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        send_flow(1, 40000, 100 + i);
        send_flow(1, 40001, 5000000 + i);
    }
    assert_int_equal(weir_decoder_ledger(decoder)->lost, 0);
    assert_int_equal(weir_decoder_ledger(decoder)->restarts, 0);
    print(false);
    assert_string_equal(text, ""); /* the summary says it all */
    print(true);
    assert_string_equal(
        text, HEAD
        "  10.0.0.1                                       2           10             10          0            0        "
        "  0\n");
    /* What is amiss with either is amiss with the exporter. */
    send_flow(1, 40000, 110);
    send_flow(1, 40001, 5000004);
    send_flow(1, 40001, 5000006);
    send_flow(1, 40000, 110);
    print(true);
    assert_string_equal(
        text, HEAD
        "  10.0.0.1                                       2           14             14          6            0          0\n"
        "    duplicates: 2\n");
}

static void test_only_a_few_are_named(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 13; i++)
        send_flow(i, 2055, 1);
    send_flow(13, 2055, 3);
    print(false);
    assert_non_null(strstr(text, "and 3 more exporters; --debug names them all\n"));
    assert_ptr_equal(strstr(text, "  10.0.0.13 "), text + strlen(HEAD)); /* with a loss, so first */
    print(true);
    assert_non_null(strstr(text, "  10.0.0.12 "));
    assert_null(strstr(text, "more exporters"));
}

static void test_one_with_nothing_amiss(void **state)
{
    (void)state;
    send_flow(1, 2055, 1);
    print(true);
    assert_string_equal(text, "");
    send_flow(1, 2055, 1); /* twice */
    print(true);
    assert_non_null(strstr(text, "\n    duplicates: 1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_that_can_be_amiss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_ports_of_one_exporter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_a_few_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_with_nothing_amiss, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
