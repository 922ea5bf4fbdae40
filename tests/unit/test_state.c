/* SPDX-License-Identifier: MIT */
/* test_state.c - what options records tell of exporters is found under the right IDs, changed, and bounded */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoder.h"
#include "limits.h"

#include "export_maker.h"

static struct export export;
static struct weir_decoder *decoder;
static const struct weir_address address = {.octets = {10, 0, 0, 1}, .family = 4};

static int setup(void **test)
{
    (void)test;
    decoder = weir_decoder_create(NULL);
    return decoder == NULL ? -1 : 0;
}

static int teardown(void **test)
{
    (void)test;
    weir_decoder_free(decoder);
    return 0;
}

/* A template with one record, all numbers; lengths above 8 are texts and come from `text`. */
static void tell(uint32_t domain, uint32_t scope_count, uint32_t count, const uint16_t (*fields)[2],
                 const uint64_t *values, const char *text)
{
    export_begin(&export, domain);
    export_template(&export, 300, fields, count, scope_count);
    export_set(&export, 300);
    for (uint32_t i = 0; i < count; i++) {
        if (fields[i][1] > 8)
            export_text(&export, text, fields[i][1]);
        else
            export_put(&export, values[i], fields[i][1]);
    }
    export_set_end(&export);
    assert_int_equal(export_feed(decoder, &export, 1, 2055, 0), 1);
}

#define TELL(domain, scopes, fields, values, text) \
    tell(domain, scopes, sizeof(fields) / sizeof *(fields), fields, values, text)

static uint32_t rate_by_id(uint64_t id)
{
    return state_sampling_by_id(state_find(decoder, &address, 7), id);
}

static void test_samplers(void **test)
{
    (void)test;
    static const uint16_t sampler[][2] = {{1, 4}, {48, 1}, {49, 1}, {50, 4}, {84, 12}};
    assert_null(state_find(decoder, &address, 7));
    TELL(7, 1, sampler, ((const uint64_t[]){0, 3, 2, 128, 0}), "one-in-128");
    assert_int_equal(rate_by_id(3), 128);
    assert_int_equal(rate_by_id(4), 0);
    assert_int_equal(state_sampling_of_all(state_find(decoder, &address, 7)), 0);
    struct weir_fact fact;
    assert_true(weir_decoder_fact(decoder, &address, 7, WEIR_FACT_SAMPLER, 3, &fact));
    assert_string_equal(fact.name, "one-in-128");
    assert_int_equal(fact.sampling_algorithm, 2);
    static const uint16_t name[][2] = {{1, 4}, {48, 1}, {84, 12}};
    TELL(7, 1, name, ((const uint64_t[]){0, 3, 0}), "one of 128"); /* what is not told anew stays */
    assert_true(weir_decoder_fact(decoder, &address, 7, WEIR_FACT_SAMPLER, 3, &fact));
    assert_string_equal(fact.name, "one of 128");
    assert_int_equal(fact.sampling_rate, 128);
    assert_int_equal(fact.sampling_algorithm, 2);
    static const uint16_t pair[][2] = {{1, 4}, {302, 8}, {305, 4}, {306, 4}};
    TELL(7, 1, pair, ((const uint64_t[]){0, 900000000001, 1, 999}), "");
    assert_int_equal(rate_by_id(900000000001), 1000);
    static const uint16_t size[][2] = {{302, 8}, {309, 4}, {310, 4}};
    TELL(7, 1, size, ((const uint64_t[]){5, 10, 25}), "");
    assert_int_equal(rate_by_id(5), 3); /* 2.5, rounded */
    static const uint16_t probability[][2] = {{302, 8}, {311, 8}};
    TELL(7, 1, probability, ((const uint64_t[]){6, 0x3f847ae147ae147b}), ""); /* 0.01 */
    assert_int_equal(rate_by_id(6), 100);
    TELL(7, 1, probability, ((const uint64_t[]){8, 0x7ff8000000000000}), ""); /* no number */
    assert_int_equal(rate_by_id(8), 0);
    static const uint16_t time[][2] = {{302, 8}, {307, 4}, {308, 4}};
    TELL(7, 1, time, ((const uint64_t[]){9, 10, 90}), "");
    assert_int_equal(rate_by_id(9), 10);
    TELL(7, 1, time, ((const uint64_t[]){10, 0, 90}), "");
    assert_int_equal(rate_by_id(10), 0);
}

static void test_rate_of_what(void **test)
{
    (void)test;
    static const uint16_t system[][2] = {{1, 4}, {34, 4}, {35, 1}};
    static const uint16_t interface[][2] = {{2, 4}, {34, 4}};
    static const uint16_t line_card[][2] = {{3, 4}, {34, 4}};
    TELL(7, 1, line_card, ((const uint64_t[]){1, 50}), "");
    const struct state *state = state_find(decoder, &address, 7);
    assert_non_null(state);
    assert_int_equal(state_sampling_of_all(state), 0);
    TELL(7, 1, system, ((const uint64_t[]){0, 200, 1}), "");
    assert_int_equal(state_sampling_of_all(state), 200);
    TELL(7, 1, interface, ((const uint64_t[]){12, 400}), "");
    assert_int_equal(state_sampling_by_interface(state, 12), 400);
    assert_int_equal(state_sampling_by_interface(state, 13), 0);
    assert_int_equal(state_sampling_of_all(state), 200);
}

static void test_names(void **test)
{
    (void)test;
    static const uint16_t interface[][2] = {{1, 4}, {10, 2}, {82, 16}};
    static const uint16_t description[][2] = {{1, 4}, {10, 2}, {83, 16}};
    static const uint16_t application[][2] = {{1, 4}, {95, 4}, {96, 24}};
    static const uint16_t vrf[][2] = {{234, 4}, {236, 16}};
    TELL(7, 1, interface, ((const uint64_t[]){0, 12}), "Gi0/12");
    TELL(7, 1, description, ((const uint64_t[]){0, 12}), "to the core");
    struct weir_fact fact;
    assert_true(weir_decoder_fact(decoder, &address, 7, WEIR_FACT_INTERFACE, 12, &fact));
    assert_string_equal(fact.name, "Gi0/12"); /* stays */
    assert_string_equal(fact.description, "to the core");
    TELL(7, 1, interface, ((const uint64_t[]){0, 12}), "Gi1/12");
    assert_string_equal(weir_decoder_interface_name(decoder, &address, 7, 12), "Gi1/12");
    assert_null(weir_decoder_interface_name(decoder, &address, 7, 13));
    assert_null(weir_decoder_interface_name(decoder, &address, 8, 12));
    TELL(7, 1, application, ((const uint64_t[]){0, 0x03000050}), "http");
    assert_string_equal(weir_decoder_application_name(decoder, &address, 7, 0x03000050), "http");
    TELL(0, 1, vrf, ((const uint64_t[]){5}), "blue");
    assert_string_equal(weir_decoder_vrf_name(decoder, &address, 7, 5), "blue"); /* of the whole exporter */
    assert_string_equal(weir_decoder_vrf_name(decoder, &address, 9, 5), "blue");
    const struct weir_address other = export_address(2);
    assert_null(weir_decoder_vrf_name(decoder, &other, 7, 5));
}

static void test_process(void **test)
{
    (void)test;
    static const uint16_t scoped[][2] = {{1, 4}, {144, 4}, {40, 8}, {166, 8}, {164, 8}, {160, 8}};
    TELL(7, 1, scoped, ((const uint64_t[]){0, 1, 5000, 100, 10, 1700000000123}), "");
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    assert_int_equal(ledger->reported_flows, 0); /* from before */
    TELL(7, 1, scoped, ((const uint64_t[]){0, 1, 6000, 130, 11, 1700000000123}), "");
    assert_int_equal(ledger->reported_flows, 30);
    assert_int_equal(ledger->reported_packets, 1);
    TELL(7, 1, scoped, ((const uint64_t[]){0, 1, 10, 4, 0, 1700000000999}), ""); /* began anew */
    assert_int_equal(ledger->reported_flows, 34);
    assert_int_equal(state_system_init_ms(state_find(decoder, &address, 7)), 1700000000999);
    struct weir_exporter_view view;
    assert_true(weir_decoder_exporter(decoder, &address, 7, &view));
    assert_int_equal(view.exported_octets, 10);
    assert_int_equal(view.not_sent_flows, 4);
}

static void count_fact(void *context, const struct weir_fact *fact)
{
    (void)fact;
    ++*(uint32_t *)context;
}

static void count_facts(void *context, const struct weir_exporter_view *exporter)
{
    weir_exporter_facts(exporter, count_fact, context);
}

/* An exporter that tells of more than its share forgets what it told first; another one's state stays. */
static void test_bounded(void **test)
{
    (void)test;
    struct state_table *table = &decoder->states;
    table->bytes_max = 200000;
    const struct weir_address legitimate = export_address(2);
    struct state *kept = state_get(table, &legitimate, 1);
    struct state_told told = {.kind = WEIR_FACT_VRF, .id = 1, .name = (const uint8_t *)"red", .name_bytes = 3};
    assert_non_null(state_put(table, kept, &told));
    struct state *state = state_get(table, &address, 7);
    for (told.id = 0; told.id < 20000; told.id++) {
        assert_non_null(state_put(table, state, &told));
        assert_true(table->bytes <= table->bytes_max && state->peer->state_bytes <= table->bytes_max * 3 / 4);
    }
    assert_null(state_entry(state, WEIR_FACT_VRF, 0));
    assert_non_null(state_entry(state, WEIR_FACT_VRF, 19999));
    assert_string_equal(weir_decoder_vrf_name(decoder, &legitimate, 1, 1), "red");
    uint32_t count = 0;
    weir_decoder_exporters(decoder, count_facts, &count);
    assert_int_equal(count, state->count + 1);
    kept->peer->useful_count = 1; /* as if it sent flows */
    for (uint32_t i = 3; i < 20000; i++) {
        const struct weir_address invented = export_address(i);
        struct state *other = state_get(table, &invented, 1);
        if (other != NULL)
            state_put(table, other, &told);
        assert_true(table->bytes <= table->bytes_max);
    }
    assert_string_equal(weir_decoder_vrf_name(decoder, &legitimate, 1, 1), "red");
    kept->peer->useful_count = 0;
    size_t bytes = 0;
    for (const struct state *s = table->newest; s != NULL; s = s->older)
        bytes += s->bytes;
    assert_int_equal(bytes, table->bytes);
}

static struct state_entry *put(struct state *state, uint64_t id, const char *name, const char *description)
{
    const struct state_told told = {
        .kind = WEIR_FACT_INTERFACE, .id = id,
        .name = (const uint8_t *)name, .name_bytes = strlen(name),
        .description = (const uint8_t *)description, .description_bytes = strlen(description)};
    return state_put(&decoder->states, state, &told);
}

/* Told again it is the newest, whatever stood where in the line; what is the same is not written anew. */
static void test_told_again(void **test)
{
    (void)test;
    struct state *state = state_get(&decoder->states, &address, 7);
    struct state_entry *first = put(state, 1, "eth1", "one"), *second = put(state, 2, "eth2", "two");
    put(state, 3, "eth3", "three");
    assert_ptr_equal(state->oldest, first);
    assert_ptr_equal(put(state, 2, "eth2", "two"), second); /* from the middle */
    assert_ptr_equal(state->newest, second);
    assert_ptr_equal(put(state, 1, "eth1", ""), first); /* the description stays, so it is the same */
    assert_ptr_equal(state->newest, first);
    const size_t bytes = state->bytes;
    put(state, 2, "eth2", "two!");  /* another description, from the middle: written anew */
    put(state, 3, "eth3!", "");
    assert_int_equal(state->bytes, bytes + 2);
    assert_int_equal(state->count, 3);
    static const uint64_t newest_first[] = {3, 2, 1};
    const struct state_entry *entry = state->newest;
    for (size_t i = 0; i < 3; i++, entry = entry->older)
        assert_int_equal(entry->id, newest_first[i]);
    assert_null(entry);
    entry = state->oldest;
    for (size_t i = 3; i-- > 0; entry = entry->newer)
        assert_int_equal(entry->id, newest_first[i]);
    assert_null(entry);
    struct weir_fact fact;
    assert_true(weir_decoder_fact(decoder, &address, 7, WEIR_FACT_INTERFACE, 3, &fact));
    assert_string_equal(fact.name, "eth3!");
    assert_string_equal(fact.description, "three");
}

/* Texts have their bound. */
static void test_long_texts_are_cut(void **test)
{
    (void)test;
    char text[LIMIT_STATE_TEXT_BYTES + 10] = "";
    memset(text, 'a', sizeof text - 1);
    put(state_get(&decoder->states, &address, 7), 1, text, text);
    struct weir_fact fact;
    assert_true(weir_decoder_fact(decoder, &address, 7, WEIR_FACT_INTERFACE, 1, &fact));
    assert_int_equal(strlen(fact.name), LIMIT_STATE_TEXT_BYTES);
    assert_int_equal(strlen(fact.description), LIMIT_STATE_TEXT_BYTES);
}

/* Without room the records are still given, and that nothing was kept is counted, once for the records of a set. */
static void test_no_room_is_counted(void **test)
{
    (void)test;
    static const uint16_t interface[][2] = {{1, 4}, {10, 2}, {82, 16}};
    decoder->states.bytes_max = 100;
    TELL(7, 1, interface, ((const uint64_t[]){0, 12}), "Gi0/12");
    assert_int_equal(weir_decoder_ledger(decoder)->reasons[WEIR_REASON_STATE_FULL], 1);
    assert_int_equal(weir_decoder_ledger(decoder)->options, 1);
    assert_null(state_find(decoder, &address, 7));
    assert_null(peer_find(&decoder->sessions.peers, &address)->states);
}

/* Where all states are of addresses that send flows, only another such address may take the place of one. */
static void test_useful_make_room_for_useful(void **test)
{
    (void)test;
    struct state_table *table = &decoder->states;
    enum { EXPORTERS = 40 };
    for (uint32_t i = 0; i < EXPORTERS; i++) {
        const struct weir_address of = export_address(i);
        struct state *state = state_get(table, &of, 7);
        assert_non_null(state);
        state->peer->useful_count = 1; /* as if it sent flows */
    }
    table->bytes_max = table->bytes;
    const struct weir_address stranger = export_address(1000);
    assert_null(state_get(table, &stranger, 7));
    assert_int_equal(table->count, EXPORTERS);
    struct peer *peer = peer_get(&decoder->sessions.peers, &stranger);
    peer->useful_count = 1;
    assert_non_null(state_get(table, &stranger, 7));
    assert_int_equal(table->count, EXPORTERS);
    for (uint32_t i = 0; i < EXPORTERS; i++) {
        const struct weir_address of = export_address(i);
        peer_get(&decoder->sessions.peers, &of)->useful_count = 0;
    }
    peer->useful_count = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_samplers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rate_of_what, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_process, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_told_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_texts_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_useful_make_room_for_useful, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
