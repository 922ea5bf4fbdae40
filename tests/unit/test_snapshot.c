/* SPDX-License-Identifier: MIT */
/* test_snapshot.c - what several decoders saved, in one; who is wanted; what has no room; what is after a pause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "case_ledger.h"
#include "decoder.h"
#include "export_maker.h"
#include "saved.h"

#define SECOND_US INT64_C(1000000)

static const uint16_t fields[][2] = {{8, 4}, {1, 4}};
static const uint16_t name_fields[][2] = {{1, 4}, {10, 4}, {82, 8}};
static struct export export;

struct saved {
    uint8_t *data;
    size_t size;
};

static struct weir_decoder *create_with(uint32_t sessions_max, size_t waiting_bytes)
{
    struct weir_options options;
    weir_options_init(&options);
    options.sessions_max = sessions_max;
    options.waiting_bytes = waiting_bytes;
    options.templates_max = 100;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
    return decoder;
}

static struct weir_decoder *create(void)
{
    return create_with(1000, 100000);
}

static struct saved save(const struct weir_decoder *decoder)
{
    struct saved saved = {.size = weir_decoder_save(decoder, NULL, 0)};
    saved.data = malloc(saved.size);
    assert_non_null(saved.data);
    assert_int_equal(weir_decoder_save(decoder, saved.data, saved.size), saved.size);
    return saved;
}

/* What the decoder is, which goes. */
static struct saved save_and_free(struct weir_decoder *decoder)
{
    const struct saved saved = save(decoder);
    weir_decoder_free(decoder);
    return saved;
}

static void load(struct weir_decoder *decoder, const struct saved *saved)
{
    assert_int_equal(weir_decoder_load_where(decoder, saved->data, saved->size, NULL, NULL), WEIR_SAVED_OK);
    assert_null(ledger_fault(weir_decoder_ledger(decoder)));
    assert_null(ledger_sessions_fault(decoder));
}

/* Loads it and lets it go. */
static void load_and_free(struct weir_decoder *decoder, struct saved saved)
{
    load(decoder, &saved);
    free(saved.data);
}

static void set_crc(struct saved *saved)
{
    const uint32_t crc = saved_crc32(saved->data, saved->size, SAVED_FORMAT);
    for (int i = 0; i < 4; i++)
        saved->data[SAVED_CRC_AT + i] = (uint8_t)(crc >> (24 - 8 * i));
}

static void assert_same(const struct weir_decoder *decoder, const struct saved *saved)
{
    const struct saved now = save(decoder);
    assert_int_equal(now.size, saved->size);
    assert_memory_equal(now.data, saved->data, now.size);
    free(now.data);
}

static uint64_t feed_template(struct weir_decoder *decoder, uint32_t address, uint16_t id, int64_t now_us)
{
    export_begin(&export, 7);
    export_template(&export, id, fields, 2, 0);
    return export_feed(decoder, &export, address, 2055, now_us);
}

static uint64_t feed_row(struct weir_decoder *decoder, uint32_t address, uint16_t port, uint16_t id, int64_t now_us)
{
    export_begin(&export, 7);
    export_set(&export, id);
    export_put(&export, 1, 8);
    export_set_end(&export);
    return export_feed(decoder, &export, address, port, now_us);
}

static void feed_name(struct weir_decoder *decoder, uint32_t address, uint32_t interface, const char *name,
                      int64_t now_us)
{
    export_begin(&export, 7);
    export_template(&export, 300, name_fields, 3, 1);
    export_set(&export, 300);
    export_put(&export, 1, 4);
    export_put(&export, interface, 4);
    export_text(&export, name, 8);
    export_set_end(&export);
    assert_int_equal(export_feed(decoder, &export, address, 2055, now_us), 1);
}

static const char *name_of(const struct weir_decoder *decoder, uint32_t address)
{
    const struct weir_address from = export_address(address);
    return weir_decoder_interface_name(decoder, &from, 7, 5);
}

static bool is_even(void *context, const struct weir_address *address)
{
    return address->octets[3] % 2 == *(const int *)context;
}

/* Two decoders become three that share the exporters anew, by what is wanted; then one again. */
static void test_wanted(void **state)
{
    (void)state;
    struct weir_decoder *one = create();
    for (uint32_t address = 1; address <= 10; address++) {
        export.sequence = 0;
        feed_template(one, address, 256, SECOND_US);
        feed_name(one, address, 5, "eth5", SECOND_US);
        feed_row(one, address, 2055, 400, SECOND_US); /* which waits */
    }
    const struct saved saved = save(one);
    struct weir_decoder *all = create();
    for (int odd = 0; odd <= 1; odd++) {
        struct weir_decoder *half = create();
        assert_int_equal(weir_decoder_load_where(half, saved.data, saved.size, is_even, &odd), WEIR_SAVED_OK);
        const struct weir_ledger *ledger = weir_decoder_ledger(half);
        assert_int_equal(ledger->sessions, 5);
        assert_int_equal(ledger->sessions_loaded, 5);
        assert_int_equal(ledger->templates_loaded, 10);
        assert_int_equal(ledger->sets_loaded, 5);
        assert_int_equal(ledger->sets_waiting, 5);
        assert_null(name_of(half, odd ? 2 : 1));
        assert_string_equal(name_of(half, odd ? 1 : 2), "eth5");
        load_and_free(all, save_and_free(half));
    }
    assert_int_equal(weir_decoder_ledger(all)->sessions, 10);
    assert_int_equal(weir_decoder_ledger(all)->sets_waiting, 10);
    for (uint32_t address = 1; address <= 10; address++) {
        assert_string_equal(name_of(all, address), "eth5");
        export.sequence = 3;
        assert_int_equal(feed_row(all, address, 2055, 256, SECOND_US), 1);
        assert_int_equal(feed_template(all, address, 400, SECOND_US), 1); /* what waited */
    }
    assert_int_equal(weir_decoder_ledger(all)->lost, 0);
    free(saved.data);
    weir_decoder_free(all);
    weir_decoder_free(one);
}

/* Of what two have of one exporter, what was heard and told later is taken, in whichever order they come. */
static void test_later_stays(void **state)
{
    (void)state;
    struct weir_decoder *early = create(), *late = create();
    feed_template(early, 1, 256, SECOND_US);
    feed_name(early, 1, 5, "early", SECOND_US);
    feed_row(early, 1, 2055, 400, SECOND_US);
    feed_template(late, 1, 257, 2 * SECOND_US);
    feed_name(late, 1, 5, "late", 2 * SECOND_US);
    feed_row(late, 1, 2055, 400, 2 * SECOND_US);
    const struct saved saved[] = {save_and_free(early), save_and_free(late)};
    for (int first = 0; first <= 1; first++) {
        struct weir_decoder *both = create();
        load(both, &saved[first]);
        load(both, &saved[!first]);
        const struct weir_ledger *ledger = weir_decoder_ledger(both);
        assert_int_equal(ledger->sessions, 1);
        assert_int_equal(ledger->sets_waiting, 1);
        assert_int_equal(ledger->evictions, first == 0); /* the early one, which was there */
        assert_string_equal(name_of(both, 1), "late");
        assert_int_equal(feed_row(both, 1, 2055, 257, 2 * SECOND_US), 1);
        assert_int_equal(feed_row(both, 1, 2055, 256, 2 * SECOND_US), 0);
        weir_decoder_free(both);
    }
    free(saved[0].data);
    free(saved[1].data);
}

/* Sets of two wait in the order in which they came, so that the time of each is over when it is over. */
static void test_waiting_in_order(void **state)
{
    (void)state;
    struct weir_decoder *first = create(), *second = create(), *both = create();
    for (int64_t i = 0; i < 6; i += 2) {
        feed_row(first, 1, 2055, 256, (10 + i) * SECOND_US);
        feed_row(second, 2, 2055, 256, (11 + i) * SECOND_US);
    }
    load_and_free(both, save_and_free(first));
    load_and_free(both, save_and_free(second));
    const struct weir_ledger *ledger = weir_decoder_ledger(both);
    assert_int_equal(ledger->sets_loaded, 6);
    for (uint64_t i = 0; i < 6; i++) {
        weir_decoder_tick(both, (int64_t)(40 + i) * SECOND_US);
        assert_int_equal(ledger->sets_given_up, i);
    }
    assert_int_equal(ledger->sets_waiting, 1);
    weir_decoder_free(both);
}

static unsigned event_count;

static void count_event(void *context, const struct weir_event *event)
{
    (void)context;
    (void)event;
    event_count++;
}

/* What has no room is given up, session by session in the ledger; of a session that has none itself too. */
static void test_no_room(void **state)
{
    (void)state;
    struct weir_decoder *first = create();
    for (uint32_t address = 1; address <= 4; address++) {
        for (int i = 0; i < 3; i++)
            feed_row(first, address, 2055, 256, SECOND_US);
    }
    const struct saved saved = save_and_free(first);
    struct weir_decoder *small = create_with(2, 4 * waiting_bytes_of(8)); /* of which one may have half */
    small->options.event = count_event;
    load_and_free(small, saved);
    const struct weir_ledger *ledger = weir_decoder_ledger(small);
    assert_int_equal(event_count, 0);
    assert_int_equal(ledger->sessions, 2);
    assert_int_equal(ledger->evictions, 2);
    assert_int_equal(ledger->sets_loaded, 12);
    assert_int_equal(ledger->sets_waiting, 3);
    assert_int_equal(ledger->reasons[WEIR_REASON_WAITING_FULL], 3);
    assert_int_equal(ledger->reasons[WEIR_REASON_SESSION_EVICTED], 6);
    assert_int_equal(ledger->sets, 0);
    assert_int_equal(feed_template(small, 3, 256, SECOND_US) + feed_template(small, 4, 256, SECOND_US), 3);
    assert_null(ledger_fault(ledger));
    weir_decoder_free(small);
}

/* One that cannot be taken leaves what was there, and a decoder that has begun takes none. */
static void test_damaged_second(void **state)
{
    (void)state;
    struct weir_decoder *first = create(), *second = create(), *both = create();
    feed_template(first, 1, 256, SECOND_US);
    feed_name(first, 1, 5, "eth5", SECOND_US);
    feed_row(first, 1, 2055, 400, SECOND_US);
    feed_template(second, 2, 256, 5 * SECOND_US);
    const struct saved one = save_and_free(first);
    struct saved two = save_and_free(second);
    load(both, &one);
    const struct weir_ledger before = *weir_decoder_ledger(both);
    two.data[two.size - 1] = 2; /* neither more nor no more */
    set_crc(&two);
    assert_int_equal(weir_decoder_load_where(both, two.data, two.size, NULL, NULL), WEIR_SAVED_DAMAGED);
    assert_memory_equal(weir_decoder_ledger(both), &before, sizeof before);
    assert_same(both, &one);
    assert_null(ledger_sessions_fault(both));
    assert_int_equal(weir_decoder_load(both, one.data, one.size), WEIR_SAVED_IN_USE);
    assert_int_equal(feed_template(both, 1, 400, SECOND_US), 1);
    assert_int_equal(weir_decoder_load_where(both, one.data, one.size, NULL, NULL), WEIR_SAVED_IN_USE);
    free(one.data);
    free(two.data);
    weir_decoder_free(both);
}

/* Numbers that no decoder writes: a set that came after all, or before the one before it; more numbers seen than there
 * are bits. */
static void test_odd(void **state)
{
    enum {
        SET_BYTES = 1 + 17 + 2 + 4 + 8 + 8 + 8 + 2 + 2 + 4 + 4 + 4 + 2 + 2 + 8,
        NOW_LAST = SAVED_HEADER_BYTES + 7,
        SESSION = SAVED_HEADER_BYTES + 16 + 1,
        KNOWN = SESSION + 1 + 17 + 2 + 4 + 1 + 8 + 8 + 1 + 4 + 4 + 8 + 8
    };
    (void)state;
    struct weir_decoder *decoder = create();
    feed_row(decoder, 1, 2055, 256, 100);
    feed_row(decoder, 1, 2055, 256, 110);
    struct saved saved = save_and_free(decoder);
    const struct {
        size_t at;
        uint8_t is, odd;
    } changes[] = {
        {saved.size - 1 - SET_BYTES + 1 + 17 + 2 + 4 + 7, 110, 111},
        {saved.size - 1 - SET_BYTES + 1 + 17 + 2 + 4 + 7, 110, 99},
        {NOW_LAST, 110, 109},
        {KNOWN, 2, 65},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        decoder = create();
        assert_int_equal(saved.data[changes[i].at], changes[i].is);
        saved.data[changes[i].at] = changes[i].odd;
        set_crc(&saved);
        assert_int_equal(weir_decoder_load_where(decoder, saved.data, saved.size, NULL, NULL), WEIR_SAVED_DAMAGED);
        saved.data[changes[i].at] = changes[i].is;
        set_crc(&saved);
        load(decoder, &saved);
        assert_int_equal(weir_decoder_ledger(decoder)->sets_waiting, 2);
        weir_decoder_free(decoder);
    }
    free(saved.data);
}

/* A template that was compiled with more elements than there are. */
static void test_odd_elements(void **state)
{
    (void)state;
    struct weir_decoder *decoder = create();
    feed_template(decoder, 1, 256, 100);
    struct saved saved = save_and_free(decoder);
    uint8_t *elements = saved.data + saved.size - 3 - sizeof fields - 2;
    assert_memory_equal(elements, "\xff\xff\x00\x08", 4);
    decoder = create();
    for (uint8_t count = 0; count <= 1; count++) {
        elements[0] = 0;
        elements[1] = 1 - count;
        set_crc(&saved);
        assert_int_equal(weir_decoder_load_where(decoder, saved.data, saved.size, NULL, NULL),
                         count == 0 ? WEIR_SAVED_DAMAGED : WEIR_SAVED_OK);
    }
    assert_int_equal(weir_decoder_ledger(decoder)->templates, 1);
    weir_decoder_free(decoder);
    free(saved.data);
}

/* An address above its share gives up the session that it used least recently, which is not the one that was useful
 * least recently. */
static void test_order_of_use(void **state)
{
    (void)state;
    struct weir_decoder *decoder = create_with(40, 100000);
    for (uint16_t port = 1; port <= 17; port++)
        feed_row(decoder, 1, port, 256, SECOND_US);
    feed_template(decoder, 1, 256, SECOND_US);
    assert_int_equal(feed_row(decoder, 1, 2055, 256, SECOND_US), 1); /* useful */
    for (uint16_t port = 17; port >= 1; port--)
        feed_row(decoder, 1, port, 256, SECOND_US);
    assert_int_equal(weir_decoder_ledger(decoder)->evictions, 0);
    const struct saved saved = save(decoder);
    struct weir_decoder *other = create_with(40, 100000);
    load(other, &saved);
    for (uint16_t port = 21; port <= 25; port++) { /* up to half of all, and three more */
        export.sequence = 5;
        feed_row(decoder, 1, port, 256, SECOND_US);
        export.sequence = 5;
        feed_row(other, 1, port, 256, SECOND_US);
    }
    const struct weir_address from = export_address(1);
    assert_null(session_find(&decoder->sessions, &from, 2055, 7));
    assert_null(session_find(&other->sessions, &from, 2055, 7));
    assert_null(session_find(&other->sessions, &from, 16, 7));
    assert_non_null(session_find(&other->sessions, &from, 15, 7));
    const struct saved after = save(decoder);
    assert_same(other, &after);
    free(saved.data);
    free(after.data);
    weir_decoder_free(other);
    weir_decoder_free(decoder);
}

/* Who came first may have more than a share; what is saved is not cut down to shares by the order in which it
 * stands. */
static void test_more_than_a_share(void **state)
{
    (void)state;
    struct weir_decoder *decoder = create(), *other = create();
    for (uint16_t id = 256; id < 256 + 90; id++) { /* of 200 places, while nobody has any */
        feed_template(decoder, 1, id, SECOND_US);
        if (id % 2 == 0)
            continue;
        export_begin(&export, 7);
        export_template(&export, id, fields, 0, 0); /* which keeps its place */
        export_feed(decoder, &export, 1, 2055, SECOND_US);
    }
    for (uint32_t address = 2; address < 20; address++)
        feed_template(decoder, address, 256, SECOND_US);
    for (uint32_t interface = 0; interface < 150000; interface++) {
        if (decoder->states.bytes >= decoder->states.bytes_max / 2 - 100000)
            break;
        feed_name(decoder, 1, interface, "name", SECOND_US);
    }
    feed_name(decoder, 2, 5, "eth5", SECOND_US);
    for (uint32_t interface = 100; decoder->states.bytes < decoder->states.bytes_max / 2 + 10000; interface++)
        feed_name(decoder, 2, interface, "name", SECOND_US);
    feed_row(decoder, 1, 2055, 256, SECOND_US); /* useful: comes last */
    feed_row(decoder, 1, 2055, 256, SECOND_US);
    feed_name(decoder, 1, 5, "eth5", SECOND_US);
    const struct saved saved = save(decoder);
    load(other, &saved);
    assert_true(decoder->sessions.place_count > 105);
    assert_int_equal(weir_decoder_ledger(other)->templates, weir_decoder_ledger(decoder)->templates);
    assert_same(other, &saved);
    free(saved.data);
    weir_decoder_free(other);
    weir_decoder_free(decoder);
}

/* Templates beyond the limits, which another decoder may have lower. */
static void test_fewer_templates(void **state)
{
    (void)state;
    struct weir_options options;
    struct weir_decoder *decoder = create();
    for (uint16_t id = 256; id < 256 + 20; id++)
        feed_template(decoder, 1, id, SECOND_US);
    const struct saved saved = save_and_free(decoder);
    weir_options_init(&options);
    options.templates_max = 7;
    decoder = weir_decoder_create(&options);
    load(decoder, &saved);
    assert_int_equal(weir_decoder_ledger(decoder)->templates, 7);
    assert_true(decoder->sessions.place_count <= 14);
    weir_decoder_free(decoder);
    weir_options_init(&options);
    options.templates_session_max = 5;
    decoder = weir_decoder_create(&options);
    load_and_free(decoder, saved);
    assert_int_equal(weir_decoder_ledger(decoder)->templates, 5);
    weir_decoder_free(decoder);
}

/* After a pause: what waited is left out, who sent one datagram only too, and a leap is no restart. Without one all is
 * as if nothing had happened. */
static void test_pause(void **state)
{
    (void)state;
    struct weir_decoder *decoder = create();
    export.sequence = 1000;
    feed_template(decoder, 1, 256, SECOND_US);
    feed_row(decoder, 1, 2055, 256, SECOND_US);
    feed_row(decoder, 1, 2055, 400, SECOND_US);
    feed_row(decoder, 2, 2055, 400, SECOND_US);
    const struct saved saved = save_and_free(decoder);
    for (int way = 0; way < 3; way++) {
        decoder = create();
        const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
        if (way == 0)
            assert_int_equal(weir_decoder_load(decoder, saved.data, saved.size), WEIR_SAVED_OK);
        else
            load(decoder, &saved);
        if (way == 1)
            weir_decoder_pause(decoder);
        assert_int_equal(ledger->sets_loaded, way == 0 ? 0 : 2);
        assert_int_equal(ledger->sessions_loaded, way == 0 ? 1 : 2);
        export.sequence = 500000000;
        assert_int_equal(feed_row(decoder, 1, 2055, 256, 2 * SECOND_US), 1);
        assert_int_equal(ledger->restarts, way == 2);
        assert_int_equal(ledger->lost, 0);
        weir_decoder_free(decoder);
    }
    free(saved.data);
}

/* What was told as lost by one decoder, and comes to the next one, is found; what both lost is told apart. */
static void test_found(void **state)
{
    (void)state;
    struct weir_decoder *decoder = create();
    export.sequence = 10;
    feed_template(decoder, 1, 256, SECOND_US);
    export.sequence = 14;
    feed_row(decoder, 1, 2055, 256, SECOND_US);
    assert_int_equal(weir_decoder_ledger(decoder)->lost, 3);
    const struct saved saved = save_and_free(decoder);
    decoder = create();
    load_and_free(decoder, saved);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    export.sequence = 12;
    feed_row(decoder, 1, 2055, 256, SECOND_US);
    assert_true(ledger->lost == 0 && ledger->found == 1 && ledger->reordered == 1);
    export.sequence = 12;
    feed_row(decoder, 1, 2055, 256, SECOND_US);
    assert_true(ledger->duplicates == 1 && ledger->found == 1);
    export.sequence = 16;
    feed_row(decoder, 1, 2055, 256, SECOND_US);
    assert_true(ledger->lost == 1);
    export.sequence = 11;
    feed_row(decoder, 1, 2055, 256, SECOND_US);
    assert_true(ledger->lost - ledger->found == UINT64_MAX && ledger->reordered == 2); /* 1 of 3 + 1 - 2 is left: 2 */
    assert_null(ledger_sessions_fault(decoder));
    weir_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_later_stays),
        cmocka_unit_test(test_waiting_in_order),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_damaged_second),
        cmocka_unit_test(test_odd),
        cmocka_unit_test(test_odd_elements),
        cmocka_unit_test(test_order_of_use),
        cmocka_unit_test(test_more_than_a_share),
        cmocka_unit_test(test_fewer_templates),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
