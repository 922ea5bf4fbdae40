/* SPDX-License-Identifier: MIT */
/*
 * test_specifier.c - field specifiers of each version, what they mean, and how a field of each type and length is kept
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guarded.h"
#include "specifier.h"

static struct taught taught;

static int teardown(void **state)
{
    (void)state;
    taught_done(&taught);
    taught = (struct taught){0};
    return 0;
}

static void teach(uint32_t pen, uint16_t id, const char *name, bool by_user)
{
    const struct weir_element element = {.pen = pen, .id = id, .type = WEIR_TYPE_UNSIGNED32, .name = name,
                                         .semantics = "", .units = ""};
    assert_int_equal(taught_add(&taught, &element, strlen(name), by_user), TAUGHT);
}

static struct specifier read_one(const uint8_t *octets, size_t size, uint16_t version, bool scope)
{
    struct wire wire = wire_init(octets, size);
    struct specifier specifier = specifier_next(&wire, version, scope);
    assert_false(wire.error);
    assert_int_equal(wire_left(&wire), 0);
    specifier_find_element(&specifier, version, &taught);
    return specifier;
}

#define READ(version, scope, ...) \
    read_one((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), version, scope)

/* `name` NULL: nobody knows it. */
static void expect(struct specifier specifier, uint32_t pen, uint16_t id, uint16_t length, const char *name)
{
    assert_int_equal(specifier.pen, pen);
    assert_int_equal(specifier.id, id);
    assert_int_equal(specifier.length, length);
    if (name == NULL)
        assert_null(specifier.element);
    else
        assert_string_equal(specifier.element->name, name);
}

static void test_ipfix(void **state)
{
    (void)state;
    expect(READ(10, false, 0, 1, 0, 8), 0, 1, 8, "octetDeltaCount");
    expect(READ(10, false, 0, 82, 255, 255), 0, 82, SPECIFIER_VARIABLE_LENGTH, "interfaceName");
    expect(READ(10, false, 0x7f, 0xff, 0, 8), 0, 32767, 8, NULL);
    expect(READ(10, false, 0x80, 1, 0, 2, 0, 0, 0x7e, 0xd9), 32473, 1, 2, NULL);
    expect(READ(10, false, 0x80, 14, 0, 1, 0, 0, 0x1a, 0xd7), 6871, 14, 1, "initialTCPFlags");
    expect(READ(10, true, 0, 1, 0, 8), 0, 1, 8, "octetDeltaCount"); /* scopes are elements as any */
    assert_true(READ(10, true, 0, 1, 0, 8).scope);
}

/* RFC 5103: IANA's elements of the other direction; one that IANA does not have is no reverse of anything. */
static void test_reverse(void **state)
{
    const struct specifier octets = READ(10, false, 0x80, 1, 0, 8, 0, 0, 0x72, 0x79),
                           unknown = READ(10, false, 0xff, 0xff, 0, 8, 0, 0, 0x72, 0x79);
    (void)state;
    expect(octets, WEIR_PEN_REVERSE, 1, 8, "octetDeltaCount");
    assert_true(octets.reverse);
    expect(unknown, WEIR_PEN_REVERSE, 32767, 8, NULL);
    assert_false(unknown.reverse);
    assert_false(READ(10, false, 0, 1, 0, 8).reverse);
}

/* Version 9 has no enterprise bit: types from 32,768 up are Cisco's own; those that IANA names are IANA's. */
static void test_version_9(void **state)
{
    (void)state;
    expect(READ(9, false, 0, 1, 0, 4), 0, 1, 4, "octetDeltaCount");
    const struct specifier high = READ(9, false, 0x9c, 0x40, 0, 20);
    assert_int_equal(high.pen, WEIR_PEN_V9_HIGH);
    assert_int_equal(high.id, 40000 - 32768);
    expect(READ(9, false, 0xff, 0xfe, 0, 2), 0, 65534, 2, NULL);
    expect(READ(9, true, 0, 1, 0, 4), WEIR_PEN_V9_SCOPE, 1, 4, "scopeSystem");
    expect(READ(9, true, 0, 210, 0, 4), WEIR_PEN_V9_SCOPE, 210, 4, NULL);
    expect(READ(5, false, 0, 8, 0, 4), 0, 8, 4, "sourceIPv4Address");
}

static void test_padding(void **state)
{
    (void)state;
    assert_true(READ(10, false, 0, 210, 0, 3).padding);
    assert_true(READ(9, false, 0, 210, 0, 3).padding);
    assert_false(READ(9, true, 0, 210, 0, 3).padding);
    assert_false(READ(10, true, 0, 210, 0, 3).padding);
    assert_false(READ(10, false, 0x80, 210, 0, 3, 0, 0, 0, 9).padding);
}

static void test_taught(void **state)
{
    (void)state;
    teach(0, 1, "myOctets", true);
    teach(0, 50001, "myType", true);
    teach(32473, 1, "siteCount", false);
    expect(READ(10, false, 0, 1, 0, 8), 0, 1, 8, "myOctets");
    expect(READ(9, false, 0, 1, 0, 8), 0, 1, 8, "myOctets");
    expect(READ(9, false, 0xc3, 0x51, 0, 2), 0, 50001, 2, "myType");
    expect(READ(9, true, 0, 1, 0, 4), WEIR_PEN_V9_SCOPE, 1, 4, "scopeSystem"); /* another name space */
    expect(READ(10, false, 0x80, 1, 0, 2, 0, 0, 0x7e, 0xd9), 32473, 1, 2, "siteCount");
    expect(READ(10, false, 0x80, 1, 0, 2, 0, 0, 0x72, 0x79), WEIR_PEN_REVERSE, 1, 2, "myOctets");
}

/* Flush against memory that cannot be read, at every length. */
static void test_cut_at_every_length(void **state)
{
    static const uint8_t octets[] = {0x80, 1, 0, 2, 0, 0, 0x7e, 0xd9};
    struct guarded guarded = guarded_create(sizeof octets);
    (void)state;
    for (size_t size = 0; size <= sizeof octets; size++) {
        struct wire wire = wire_init(guarded_at_end(&guarded, octets, size), size);
        specifier_next(&wire, 10, false);
        assert_int_equal(wire.error, size < 8);
        wire = wire_init(guarded_at_end(&guarded, octets, size), size);
        specifier_next(&wire, 9, false);
        assert_int_equal(wire.error, size < 4);
    }
    guarded_free(&guarded);
}

static void test_all_of_a_template(void **state)
{
    static const uint8_t octets[] = {0, 10, 0, 4, 0x80, 1, 0, 2, 0, 0, 0x7e, 0xd9, 0, 210, 0, 1};
    const struct specification specification = {.fields = octets, .size_bytes = sizeof octets, .field_count = 3,
                                                .scope_count = 2, .version = 10, .options = true};
    struct specifier specifiers[3];
    (void)state;
    specifier_read_all(&specification, &taught, specifiers);
    expect(specifiers[0], 0, 10, 4, "ingressInterface");
    expect(specifiers[1], 32473, 1, 2, NULL);
    expect(specifiers[2], 0, 210, 1, "paddingOctets");
    assert_true(specifiers[0].scope && specifiers[1].scope && !specifiers[2].scope);
    assert_true(specifiers[2].padding);
}

/* RFC 7011 sections 6.1 and 6.2: the lengths that a type may have, and the kind that each gives; any other length keeps
 * its octets. */
static const struct {
    enum weir_type first, last;
    uint32_t shortest, longest;
    enum weir_kind kind;
} KINDS[] = {
    {WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED64, 1, 1, WEIR_KIND_U8},
    {WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED64, 2, 2, WEIR_KIND_U16},
    {WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED64, 3, 4, WEIR_KIND_U32},
    {WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED64, 5, 8, WEIR_KIND_U64},
    {WEIR_TYPE_SIGNED8, WEIR_TYPE_SIGNED64, 1, 1, WEIR_KIND_I8},
    {WEIR_TYPE_SIGNED8, WEIR_TYPE_SIGNED64, 2, 2, WEIR_KIND_I16},
    {WEIR_TYPE_SIGNED8, WEIR_TYPE_SIGNED64, 3, 4, WEIR_KIND_I32},
    {WEIR_TYPE_SIGNED8, WEIR_TYPE_SIGNED64, 5, 8, WEIR_KIND_I64},
    {WEIR_TYPE_FLOAT32, WEIR_TYPE_FLOAT64, 4, 4, WEIR_KIND_F32},
    {WEIR_TYPE_FLOAT64, WEIR_TYPE_FLOAT64, 8, 8, WEIR_KIND_F64},
    {WEIR_TYPE_BOOLEAN, WEIR_TYPE_BOOLEAN, 1, 1, WEIR_KIND_BOOL},
    {WEIR_TYPE_MAC_ADDRESS, WEIR_TYPE_MAC_ADDRESS, 6, 6, WEIR_KIND_MAC},
    {WEIR_TYPE_DATE_TIME_SECONDS, WEIR_TYPE_DATE_TIME_MILLISECONDS, 1, 1, WEIR_KIND_U8},
    {WEIR_TYPE_DATE_TIME_SECONDS, WEIR_TYPE_DATE_TIME_MILLISECONDS, 2, 2, WEIR_KIND_U16},
    {WEIR_TYPE_DATE_TIME_SECONDS, WEIR_TYPE_DATE_TIME_MILLISECONDS, 3, 4, WEIR_KIND_U32},
    {WEIR_TYPE_DATE_TIME_SECONDS, WEIR_TYPE_DATE_TIME_MILLISECONDS, 5, 8, WEIR_KIND_U64},
    {WEIR_TYPE_DATE_TIME_MICROSECONDS, WEIR_TYPE_DATE_TIME_NANOSECONDS, 8, 8, WEIR_KIND_U64},
    {WEIR_TYPE_IPV4_ADDRESS, WEIR_TYPE_IPV4_ADDRESS, 4, 4, WEIR_KIND_IPV4},
    {WEIR_TYPE_IPV6_ADDRESS, WEIR_TYPE_IPV6_ADDRESS, 16, 16, WEIR_KIND_IPV6},
};

static bool is_list(enum weir_type type)
{
    return type >= WEIR_TYPE_BASIC_LIST && type <= WEIR_TYPE_SUB_TEMPLATE_MULTI_LIST;
}

static enum weir_kind expected_kind(enum weir_type type, uint32_t length)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (type >= KINDS[i].first && type <= KINDS[i].last && length >= KINDS[i].shortest &&
            length <= KINDS[i].longest)
            return KINDS[i].kind;
    }
    return is_list(type) ? WEIR_KIND_JSON : WEIR_KIND_OCTETS;
}

static void test_kind_of_each_type_and_length(void **state)
{
    (void)state;
    for (enum weir_type type = WEIR_TYPE_OCTET_ARRAY; type < WEIR_TYPE_COUNT; type++) {
        assert_int_equal(specifier_kind(type, 0), WEIR_KIND_NULL);
        assert_int_equal(specifier_kind(type, SPECIFIER_VARIABLE_LENGTH),
                         is_list(type) ? WEIR_KIND_JSON : WEIR_KIND_VARIABLE);
        for (uint32_t length = 1; length <= 40; length++)
            assert_int_equal(specifier_kind(type, length), expected_kind(type, length));
        assert_int_equal(specifier_kind(type, 65534), expected_kind(type, 65534));
    }
}

/* A column has room for what a field has on the wire. */
static void test_width_of_each_kind(void **state)
{
    static const uint32_t widths[] = {[WEIR_KIND_U8] = 1, [WEIR_KIND_I8] = 1, [WEIR_KIND_BOOL] = 1, [WEIR_KIND_U16] = 2,
                                      [WEIR_KIND_I16] = 2, [WEIR_KIND_U32] = 4, [WEIR_KIND_I32] = 4,
                                      [WEIR_KIND_F32] = 4, [WEIR_KIND_IPV4] = 4, [WEIR_KIND_U64] = 8,
                                      [WEIR_KIND_I64] = 8, [WEIR_KIND_F64] = 8, [WEIR_KIND_MAC] = 6,
                                      [WEIR_KIND_IPV6] = 16, [WEIR_KIND_VARIABLE] = sizeof(struct weir_octets),
                                      [WEIR_KIND_JSON] = sizeof(struct weir_octets)};
    (void)state;
    for (enum weir_kind kind = WEIR_KIND_NULL; kind <= WEIR_KIND_JSON; kind++)
        assert_int_equal(specifier_width(kind, 33), kind == WEIR_KIND_OCTETS ? 33 : widths[kind]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_ipfix, teardown),
        cmocka_unit_test_teardown(test_reverse, teardown),
        cmocka_unit_test_teardown(test_version_9, teardown),
        cmocka_unit_test_teardown(test_padding, teardown),
        cmocka_unit_test_teardown(test_taught, teardown),
        cmocka_unit_test_teardown(test_cut_at_every_length, teardown),
        cmocka_unit_test_teardown(test_all_of_a_template, teardown),
        cmocka_unit_test(test_kind_of_each_type_and_length),
        cmocka_unit_test(test_width_of_each_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
