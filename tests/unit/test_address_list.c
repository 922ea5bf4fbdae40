/* SPDX-License-Identifier: MIT */
/*
 * test_address_list.c - networks as text, and a list of them against comparing with each one; and who was refused
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "address_list.h"
#include "refusals.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 200000, LOOKS = 2000000 };

static uint64_t seed = 1;

static uint64_t number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static struct weir_address address_of(const char *text)
{
    struct weir_address address = {.family = strchr(text, ':') != NULL ? 6 : 4};
    assert_int_equal(inet_pton(address.family == 6 ? AF_INET6 : AF_INET, text, address.octets), 1);
    return address;
}

static struct address_list *make(const char *const *entries, size_t count)
{
    struct sink_error error = {0};
    struct address_list *list = address_list_create(entries, count, &error);
    if (list == NULL)
        fail_msg("%s", error.text);
    return list;
}

static bool has(const struct address_list *list, const char *text)
{
    const struct weir_address address = address_of(text);
    return address_list_has(list, &address);
}

static void test_networks(void **state)
{
    (void)state;
    static const char *const entries[] = {"192.0.2.7", "198.51.100.0/24", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16",
                                          "255.255.255.255", "2001:db8::/32", "::1", "::ffff:203.0.113.0/120", "::ffff:1.2.3.4"};
    struct address_list *list = make(entries, sizeof entries / sizeof *entries);
    static const char *const in[] = {"192.0.2.7", "198.51.100.0", "198.51.100.255", "10.0.0.0", "10.127.255.255", "10.128.0.0",
                                     "10.255.255.255", "255.255.255.255", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                                     "::1", "203.0.113.99", "1.2.3.4"};
    static const char *const out[] = {"192.0.2.6", "192.0.2.8", "198.51.99.255", "198.51.101.0", "9.255.255.255", "11.0.0.0",
                                      "0.0.0.0", "255.255.255.254", "2001:db7:ffff::", "2001:db9::", "::", "::2", "ffff::",
                                      "203.0.114.0", "1.2.3.5", "::ffff:1.2.3.4"};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        assert_true(has(list, in[i]));
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        assert_false(has(list, out[i]));
    const struct weir_address none = {0};
    assert_false(address_list_has(list, &none));
    address_list_free(list);
}

static void test_all_and_none(void **state)
{
    (void)state;
    static const char *const all[] = {"0.0.0.0/0", "255.255.255.255", "::/0", "ffff::"};
    struct address_list *list = make(all, 4);
    assert_true(has(list, "0.0.0.0") && has(list, "255.255.255.255") && has(list, "::") && has(list, "ffff:ffff::1"));
    address_list_free(list);
    list = make(all, 0);
    assert_false(has(list, "0.0.0.0") || has(list, "::"));
    address_list_free(list);
    list = make(all, 1);
    assert_true(has(list, "1.2.3.4"));
    assert_false(has(list, "::"));
    address_list_free(list);
    address_list_free(NULL);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "/", "/8", "x", "10.0.0", "10.0.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                                        "10.0.0.0/+8", "10.0.0.0/8x", "10.0.0.0/8/8", "10.0.0.0/ 8", "10.0.0.0/0008", "10.0.0.1/8",
                                        "10.0.0.1/31", "256.0.0.0", "010.0.0.0/8", " 10.0.0.0", "10.0.0.0 ", "::/129", "::1/64",
                                        "2001:db8::/", "1::2::3", "fe80::1%eth0", "::ffff:0:0/95", "example.net",
                                        "0000:0000:0000:0000:0000:ffff:255.255.255.2555", "::/999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *const entries[] = {"192.0.2.0/24", wrong[i]};
        struct sink_error error = {0};
        char quoted[80];
        if (address_list_create(entries, 2, &error) != NULL)
            fail_msg("'%s' was taken", wrong[i]);
        snprintf(quoted, sizeof quoted, "'%s' is no network", wrong[i]);
        assert_non_null(strstr(error.text, quoted)); /* the entry is named */
    }
}

/* Each beginning of an entry is an entry of its own or is refused, and never read behind its end. */
static void test_truncated(void **state)
{
    (void)state;
    static const char *const whole[] = {"198.51.100.128/25", "2001:db8:1111:2222:3333:4444:5555:8000/113",
                                        "::ffff:198.51.100.128/121", "1111:2222:3333:4444:5555:6666:255.255.255.255/128"};
    size_t taken = 0;
    for (size_t i = 0; i < 4; i++) {
        for (size_t length = 0; length <= strlen(whole[i]); length++) {
            char *copy = malloc(length + 1);
            assert_non_null(copy);
            memcpy(copy, whole[i], length);
            copy[length] = '\0';
            const char *const entries[] = {copy};
            struct sink_error error = {0};
            struct address_list *list = address_list_create(entries, 1, &error);
            assert_int_equal(list == NULL, error.text[0] != '\0');
            taken += list != NULL;
            assert_true(length < strlen(whole[i]) || list != NULL);
            address_list_free(list);
            free(copy);
        }
    }
    assert_in_range(taken, 8, 40);
}

struct network {
    uint8_t octets[16];
    int length;
    uint8_t family;
};

static bool is_in(const struct network *network, const struct weir_address *address)
{
    if (network->family != address->family)
        return false;
    for (int bit = 0; bit < network->length; bit++) {
        if (((network->octets[bit / 8] ^ address->octets[bit / 8]) >> (7 - bit % 8) & 1) != 0)
            return false;
    }
    return true;
}

/* Octets of few values, so that networks lie in each other and side by side. */
static struct weir_address any_address(uint8_t family)
{
    struct weir_address address = {.family = family};
    for (int i = 0; i < (family == 4 ? 4 : 16); i++)
        address.octets[i] = (uint8_t[]){0, 1, 127, 128, 254, 255}[number() % 6];
    address.octets[0] |= family == 6; /* not those that are IPv4's */
    return address;
}

static struct network any_network(char text[64])
{
    struct network network = {.family = number() % 2 ? 4 : 6};
    struct weir_address address = any_address(network.family);
    const int bits = network.family == 4 ? 32 : 128;
    network.length = 1 + (int)(number() % (uint64_t)bits);
    memcpy(network.octets, address.octets, sizeof network.octets);
    for (int bit = network.length; bit < bits; bit++)
        network.octets[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
    char host[INET6_ADDRSTRLEN];
    inet_ntop(network.family == 4 ? AF_INET : AF_INET6, network.octets, host, sizeof host);
    snprintf(text, 64, "%s/%d", host, network.length);
    return network;
}

static void test_against_each(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        enum { MOST = 64 };
        static char texts[MOST][64];
        const char *entries[MOST];
        struct network networks[MOST];
        const size_t count = number() % (MOST + 1);
        for (size_t i = 0; i < count; i++) {
            networks[i] = any_network(texts[i]);
            entries[i] = texts[i];
        }
        struct address_list *list = make(entries, count);
        for (int i = 0; i < TRIES / 60; i++) {
            const struct weir_address address = any_address(number() % 2 ? 4 : 6);
            bool wanted = false;
            for (size_t k = 0; k < count && !wanted; k++)
                wanted = is_in(&networks[k], &address);
            assert_int_equal(address_list_has(list, &address), wanted);
        }
        address_list_free(list);
    }
}

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The longest list is taken, a longer one is not; and how long a look takes is told. */
static void test_longest(void **state)
{
    (void)state;
    static char texts[ADDRESS_LIST_MAX + 1][64];
    static struct weir_address looks[4096];
    const char *entries[ADDRESS_LIST_MAX + 1];
    struct sink_error error = {0};
    for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
        for (size_t i = 0; i <= ADDRESS_LIST_MAX; i++) {
            snprintf(texts[i], sizeof texts[i], family == 4 ? "10.%zu.%zu.%d/31" : "2001:db8:%zx:%zx::%x/120", i / 256, i % 256,
                     family == 4 ? 6 : 0);
            entries[i] = texts[i];
        }
        assert_null(address_list_create(entries, ADDRESS_LIST_MAX + 1, &error));
        assert_non_null(strstr(error.text, "4096"));
        struct address_list *list = make(entries, ADDRESS_LIST_MAX);
        for (size_t i = 0; i < 4096; i++) {
            char text[64];
            const unsigned k = (unsigned)(number() % ADDRESS_LIST_MAX);
            snprintf(text, sizeof text, family == 4 ? "10.%u.%u.%u" : "2001:db8:%x:%x::%x", k / 256, k % 256,
                     (unsigned)(number() % 16));
            looks[i] = address_of(text);
        }
        uint64_t found = 0;
        const double begin = cpu_ns();
        for (size_t i = 0; i < LOOKS; i++)
            found += address_list_has(list, &looks[i % 4096]);
        print_message("a look at %d networks of IPv%d: %.1f ns\n", ADDRESS_LIST_MAX, family, (cpu_ns() - begin) / LOOKS);
        assert_true(found > 0);
        address_list_free(list);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static struct refusals refusals;
    char text[320];
    assert_false(refusals_tell(&refusals, 5, text, sizeof text));
    for (unsigned i = 0; i < 3; i++) {
        char host[32];
        snprintf(host, sizeof host, "192.0.2.%u", i);
        const struct weir_address address = address_of(host);
        for (unsigned k = 0; k <= i; k++)
            refusals_note(&refusals, &address);
    }
    assert_true(refusals_tell(&refusals, 5, text, sizeof text)); /* the first time at once */
    assert_string_equal(text, "refused, as --allow does not name them: 3 datagrams from 192.0.2.2, 2 datagrams from 192.0.2.1, "
                              "1 datagrams from 192.0.2.0");
    for (unsigned i = 0; i < 10000; i++) {
        struct weir_address address = {.family = 6, .octets = {0x20, 1, (uint8_t)(i >> 8), (uint8_t)i}};
        refusals_note(&refusals, &address);
    }
    assert_false(refusals_tell(&refusals, 5 + REFUSALS_EACH_US - 1, text, sizeof text));
    assert_true(refusals_tell(&refusals, 5 + REFUSALS_EACH_US, text, sizeof text));
    assert_non_null(strstr(text, "9997 from more than 61 others"));
    assert_false(refusals_tell(&refusals, 5 + 3 * (int64_t)REFUSALS_EACH_US, text, sizeof text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks), cmocka_unit_test(test_all_and_none), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_against_each), cmocka_unit_test(test_longest),
        cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
