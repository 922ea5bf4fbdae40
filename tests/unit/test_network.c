/* SPDX-License-Identifier: MIT */
/*
 * test_network.c - addresses as stored and as text, and networks of every length
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "network.h"

static struct weir_address address_of(const char *text)
{
    struct weir_address address;
    assert_int_equal(address_from_text(text, strlen(text), &address), 0);
    return address;
}

static void test_stored(void **state)
{
    struct weir_address address;
    char text[WEIR_ADDRESS_TEXT_SIZE];
    (void)state;
    address_from_ipv4(0xc0000221, &address);
    weir_address_text(&address, text);
    assert_string_equal(text, "192.0.2.33");
    address_from_ipv6((const uint8_t[16]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 33}, &address);
    assert_int_equal(address.family, 4);
    weir_address_text(&address, text);
    assert_string_equal(text, "192.0.2.33");
    address_from_ipv6((const uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, [15] = 1}, &address);
    assert_int_equal(address.family, 6);
    weir_address_text(&address, text);
    assert_string_equal(text, "2001:db8::1");
}

/* Text goes as far as it is told, and no further. */
static void test_text_length(void **state)
{
    struct weir_address address;
    struct network network;
    (void)state;
    assert_int_equal(address_from_text("192.0.2.339", 10, &address), 0);
    assert_int_equal(address.octets[3], 33);
    assert_int_equal(address_from_text("192.0.2.33", 0, &address), -1);
    assert_int_equal(network_from_text("10.0.0.0/16", 10, &network), 0);
    assert_int_equal(network.prefix_bits, 1);
    assert_int_equal(network_from_text("10.0.0.0/16", 9, &network), -1);
}

/* Each length of both families: the last address of the network, and the first behind it. */
static void test_every_length(void **state)
{
    static const char *const addresses[] = {"170.85.170.85", "aaaa:5555:aaaa:5555:aaaa:5555:aaaa:5555"};
    (void)state;
    for (int family = 0; family < 2; family++) {
        const int width = family == 0 ? 32 : 128;
        for (int bits = 0; bits <= width; bits++) {
            char text[64];
            struct network network;
            struct weir_address inside = address_of(addresses[family]);
            snprintf(text, sizeof text, "%s/%d", addresses[family], bits);
            assert_int_equal(network_from_text(text, strlen(text), &network), 0);
            assert_int_equal(network.prefix_bits, bits);
            assert_true(network_has(&network, &inside));
            for (int bit = 0; bit < width; bit++) {
                struct weir_address other = inside;
                other.octets[bit / 8] = (uint8_t)(other.octets[bit / 8] ^ 0x80 >> bit % 8);
                assert_int_equal(network_has(&network, &other), bit >= bits);
            }
            for (int bit = bits; bit < width; bit++)
                assert_int_equal(network.address.octets[bit / 8] & 0x80 >> bit % 8, 0);
        }
    }
}

static void test_mapped(void **state)
{
    struct network network;
    const struct weir_address inside = address_of("10.200.0.1"), outside = address_of("11.0.0.1");
    (void)state;
    assert_int_equal(network_from_text("::ffff:10.0.0.0/104", 19, &network), 0);
    assert_int_equal(network.prefix_bits, 8);
    assert_true(network_has(&network, &inside));
    assert_false(network_has(&network, &outside));
    assert_int_equal(network_from_text("::ffff:10.0.0.0/95", 18, &network), -1);
    assert_int_equal(network_from_text("::ffff:10.0.0.0", 15, &network), 0);
    assert_int_equal(network.prefix_bits, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stored), cmocka_unit_test(test_text_length), cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
