/* SPDX-License-Identifier: MIT */
/*
 * test_taught.c - elements that a decoder is taught by its user, and how many by exporters
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limits.h"
#include "taught.h"

/* Decodes one v9 template of one field with its one record, and looks at the field and its value. */
static void check_field(struct weir_decoder *decoder, unsigned template_id, unsigned field_type, const char *name,
                        const char *value)
{
    const uint8_t data[] = {0, 9, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                            0, 0, 0, 12, (uint8_t)(template_id >> 8), (uint8_t)template_id, 0, 1,
                            (uint8_t)(field_type >> 8), (uint8_t)field_type, 0, 4,
                            (uint8_t)(template_id >> 8), (uint8_t)template_id, 0, 8, 192, 0, 2, 1};
    const struct weir_datagram datagram = {.data = data, .size_bytes = sizeof data};
    char text[256];
    weir_decoder_feed(decoder, &datagram);
    weir_decoder_flush(decoder);
    struct weir_batch *batch = weir_decoder_next(decoder);
    assert_non_null(batch);
    assert_string_equal(batch->layout->fields[0].name, name);
    assert_string_equal(batch->layout->fields[0].v9_name, name);
    text[weir_value_json(&batch->layout->fields[0], batch->columns[0], text)] = '\0';
    assert_string_equal(text, value);
    weir_batch_release(batch);
    assert_null(weir_decoder_next(decoder));
}

static void test_added_go_before_registered(void **state)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    (void)state;
    check_field(decoder, 256, 50000, "ie_0_50000", "\"0xc0000201\"");
    assert_int_equal(weir_decoder_add_element(decoder, 0, 50000, "myAddress", WEIR_TYPE_IPV4_ADDRESS), 0);
    assert_int_equal(weir_decoder_add_element(decoder, 0, 1, "octets", WEIR_TYPE_OCTET_ARRAY), 0);
    check_field(decoder, 258, 50000, "myAddress", "\"192.0.2.1\"");
    check_field(decoder, 257, 1, "octets", "\"0xc0000201\"");
    weir_decoder_free(decoder);
}

static void test_wrong_ones_are_refused(void **state)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    char long_name[66];
    (void)state;
    memset(long_name, 'a', 65);
    long_name[65] = '\0';
    assert_int_equal(weir_decoder_add_element(decoder, 9, 1, "", WEIR_TYPE_STRING), WEIR_ELEMENT_NAME);
    assert_int_equal(weir_decoder_add_element(decoder, 9, 1, "a b", WEIR_TYPE_STRING), WEIR_ELEMENT_NAME);
    assert_int_equal(weir_decoder_add_element(decoder, 9, 1, "\xc3\xa4", WEIR_TYPE_STRING), WEIR_ELEMENT_NAME);
    assert_int_equal(weir_decoder_add_element(decoder, 9, 1, long_name, WEIR_TYPE_STRING), WEIR_ELEMENT_NAME);
    assert_int_equal(weir_decoder_add_element(decoder, 9, 1, long_name + 1, WEIR_TYPE_STRING), WEIR_ELEMENT_ADDED);
    assert_int_equal(weir_decoder_add_element(decoder, 9, 1, "again", WEIR_TYPE_STRING), WEIR_ELEMENT_TWICE);
    assert_int_equal(weir_decoder_add_element(decoder, 9, 2, "a", WEIR_TYPE_COUNT), WEIR_ELEMENT_TYPE);
    assert_int_equal(weir_decoder_add_element(decoder, 9, 32768, "a", WEIR_TYPE_STRING), WEIR_ELEMENT_NUMBER);
    assert_int_equal(weir_decoder_add_element(decoder, WEIR_PEN_REVERSE, 1, "a", WEIR_TYPE_STRING),
                     WEIR_ELEMENT_NUMBER);
    assert_int_equal(weir_decoder_add_element(decoder, WEIR_PEN_V9, 1, "a", WEIR_TYPE_STRING), WEIR_ELEMENT_NUMBER);
    weir_decoder_free(decoder);
}

static enum taught_result add(struct taught *taught, uint32_t pen, uint16_t id, const char *name, bool by_user)
{
    const struct weir_element element = {.pen = pen, .id = id, .name = name};
    return taught_add(taught, &element, strlen(name), by_user);
}

static void test_each_kind_has_its_limit(void **state)
{
    struct taught taught = {.seed = 7};
    char name[16];
    (void)state;
    for (uint32_t i = 0; i < LIMIT_ELEMENTS_LEARNED; i++) {
        snprintf(name, sizeof name, "e%u", i);
        assert_int_equal(add(&taught, 1000 + i % 10, (uint16_t)(i / 10), name, false), TAUGHT);
    }
    assert_int_equal(add(&taught, 5, 5, "one_more", false), TAUGHT_FULL);
    assert_int_equal(add(&taught, 1003, 400, "known", false), TAUGHT_KNOWN);
    assert_int_equal(add(&taught, 5, 5, "one_more", true), TAUGHT);
    for (uint32_t i = 0; i < LIMIT_ELEMENTS_LEARNED; i++) {
        snprintf(name, sizeof name, "e%u", i);
        assert_string_equal(taught_find(&taught, 1000 + i % 10, (uint16_t)(i / 10))->name, name);
    }
    for (uint32_t i = 1; i < LIMIT_ELEMENTS_ADDED; i++)
        assert_int_equal(add(&taught, 7 + i / 32768, (uint16_t)(i % 32768), "user", true), TAUGHT);
    assert_int_equal(add(&taught, 6, 6, "one_more", true), TAUGHT_FULL);
    assert_null(taught_find(&taught, 6, 6));
    taught_done(&taught);
    assert_null(taught_find(&taught, 5, 5));
}

/* The user's goes before what an exporter told, which stays for those who have it. */
static void test_user_goes_before_exporter(void **state)
{
    struct taught taught = {0};
    (void)state;
    assert_int_equal(add(&taught, 5, 5, "told", false), TAUGHT);
    const struct weir_element *told = taught_find(&taught, 5, 5);
    assert_int_equal(add(&taught, 5, 5, "mine", true), TAUGHT);
    assert_int_equal(add(&taught, 5, 5, "told_again", false), TAUGHT_KNOWN);
    assert_string_equal(taught_find(&taught, 5, 5)->name, "mine");
    assert_string_equal(told->name, "told");
    assert_ptr_equal(taught_or_registered(&taught, 0, 1), weir_element_find(0, 1));
    assert_null(taught_or_registered(&taught, 5, 6));
    taught_done(&taught);
}

/* Those of exporters go, also one that the user's has covered; the user's stay. */
static void test_learned_are_forgotten(void **state)
{
    struct taught taught = {0};
    (void)state;
    taught_forget_learned(&taught);
    for (uint16_t id = 0; id < 200; id++)
        assert_int_equal(add(&taught, 5, id, id % 2 ? "mine" : "told", id % 2), TAUGHT);
    assert_int_equal(add(&taught, 5, 4, "mine", true), TAUGHT);
    taught_forget_learned(&taught);
    for (uint16_t id = 0; id < 200; id++)
        assert_int_equal(taught_find(&taught, 5, id) != NULL, id % 2 == 1 || id == 4);
    assert_int_equal(taught.exporter_count, 0);
    assert_int_equal(taught.user_count, 101);
    for (uint16_t id = 0; id < 200; id++)
        assert_int_equal(add(&taught, 5, id, "told", false), id % 2 == 1 || id == 4 ? TAUGHT_KNOWN : TAUGHT);
    taught_done(&taught);
}

static void test_types_by_name(void **state)
{
    (void)state;
    for (int type = 0; type < WEIR_TYPE_COUNT; type++)
        assert_int_equal(weir_type_find(weir_type_name((enum weir_type)type)), type);
    assert_string_equal(weir_type_name(WEIR_TYPE_MAC_ADDRESS), "macAddress");
    assert_int_equal(weir_type_find("unsigned23"), -1);
    assert_int_equal(weir_type_find(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_added_go_before_registered), cmocka_unit_test(test_wrong_ones_are_refused),
        cmocka_unit_test(test_each_kind_has_its_limit),    cmocka_unit_test(test_user_goes_before_exporter),
        cmocka_unit_test(test_types_by_name),              cmocka_unit_test(test_learned_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
