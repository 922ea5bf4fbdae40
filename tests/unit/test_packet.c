/* SPDX-License-Identifier: MIT */
/*
 * test_packet.c - link layers, IP and UDP headers
 *
 * Every packet lies flush against a page that cannot be read, and is tried again cut at every length: as if the
 * snap length had cut it, and as if it had come that short.
 */
#define _GNU_SOURCE

#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "linklayer.h"
#include "packet.h"
#include "packet_maker.h"

#define ROOM_BYTES 131072u

static uint8_t *guarded_end; /* the octet behind the last one that can be read */

static int make_guard(void **state)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *room = mmap(NULL, ROOM_BYTES + page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    if (room == MAP_FAILED || mprotect(room + ROOM_BYTES, page_bytes, PROT_NONE) != 0) {
        return -1;
    }
    guarded_end = room + ROOM_BYTES;
    return 0;
}

/* Parses the first `captured_bytes` of a packet against the guard page. */
static enum packet_verdict parse(int link_type, const struct made *made, size_t captured_bytes, size_t length_bytes,
                                 struct packet *packet)
{
    uint8_t *start = guarded_end - captured_bytes;

    memcpy(start, made->octets, captured_bytes);
    memset(packet, 0xee, sizeof(*packet));
    return packet_parse(link_type, start, captured_bytes, length_bytes, packet);
}

static enum packet_verdict parse_all(int link_type, const struct made *made, struct packet *packet)
{
    return parse(link_type, made, made->size_bytes, made->size_bytes, packet);
}

static void check_payload(const struct packet *packet, size_t size_bytes)
{
    assert_int_equal(packet->size_bytes, size_bytes);
    for (size_t i = 0; i < size_bytes; i++) {
        assert_int_equal(packet->data[i], payload_octet(i));
    }
}

static void check_addresses(const struct packet *packet, uint8_t family)
{
    struct weir_address source = {{192, 0, 2, 1}, 4};
    struct weir_address destination = {{192, 0, 2, 2}, 4};

    if (family == 6) {
        source = (struct weir_address){{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, 6};
        destination = (struct weir_address){{0x20, 0x01, 0x0d, 0xb8, [15] = 2}, 6};
    }
    assert_memory_equal(&packet->source, &source, sizeof(source));
    assert_memory_equal(&packet->destination, &destination, sizeof(destination));
}

/* The packet is a datagram with `size_bytes` of payload at its end, and is told to be short at every length. */
static void check_datagram(int link_type, const struct made *made, uint8_t family, size_t size_bytes)
{
    struct packet packet;

    assert_int_equal(parse_all(link_type, made, &packet), PACKET_DATAGRAM);
    check_payload(&packet, size_bytes);
    check_addresses(&packet, family);
    assert_true(packet.has_ports);
    assert_int_equal(packet.source_port, SOURCE_PORT);
    assert_int_equal(packet.destination_port, EXPORT_PORT);
    for (size_t i = 0; i < made->size_bytes; i++) {
        assert_int_equal(parse(link_type, made, i, made->size_bytes, &packet), PACKET_CUT_SHORT);
        assert_int_equal(packet.has_ports, i >= made->size_bytes - size_bytes);
        assert_int_equal(parse(link_type, made, i, i, &packet), PACKET_MALFORMED);
    }
}

static void check_both_versions(int link_type, const struct made *link_ipv4, const struct made *link_ipv6)
{
    struct made made = *link_ipv4;

    put_ipv4_datagram(&made, EXPORT_PORT, 40);
    check_datagram(link_type, &made, 4, 40);
    made = *link_ipv6;
    put_ipv6_datagram(&made, EXPORT_PORT, 40);
    check_datagram(link_type, &made, 6, 40);
}

static void ethernet_with_any_tags(void **state)
{
    static const uint16_t tags[] = {0x8100, 0x88a8, 0x9100};

    (void)state;
    for (size_t tag_count = 0; tag_count <= 9; tag_count++) {
        struct made links[2] = {0};

        for (size_t version = 0; version < 2; version++) {
            put_ethernet(&links[version], tag_count == 0 ? (version == 0 ? 0x0800 : 0x86dd) : tags[0]);
            for (size_t i = 1; i <= tag_count; i++) {
                put_number(&links[version], 0x0123, 2);
                put_number(&links[version], i < tag_count ? tags[i % 3] : version == 0 ? 0x0800 : 0x86dd, 2);
            }
        }
        if (tag_count <= 8) {
            check_both_versions(DLT_EN10MB, &links[0], &links[1]);
        } else {
            struct packet packet;

            put_ipv4_datagram(&links[0], EXPORT_PORT, 40);
            assert_int_equal(parse_all(DLT_EN10MB, &links[0], &packet), PACKET_MALFORMED);
        }
    }
}

static void ethernet_with_llc(void **state)
{
    struct made made = {0};
    struct packet packet;

    (void)state;
    put_ethernet(&made, 8 + 28 + 40);
    put_number(&made, 0xaaaa03000000, 6);
    put_number(&made, 0x0800, 2);
    put_ipv4_datagram(&made, EXPORT_PORT, 40);
    check_datagram(DLT_EN10MB, &made, 4, 40);
    made.octets[14] = 0x42; /* spanning tree */
    assert_int_equal(parse_all(DLT_EN10MB, &made, &packet), PACKET_NOT_IP);
}

static void cooked(void **state)
{
    struct made v1[2] = {0}, v2[2] = {0}, tagged[2] = {0};

    (void)state;
    for (size_t version = 0; version < 2; version++) {
        uint16_t type = version == 0 ? 0x0800 : 0x86dd;

        put_number(&v1[version], 0x000400010006, 6);
        put_zeros(&v1[version], 8);
        tagged[version] = v1[version];
        put_number(&v1[version], type, 2);
        put_number(&tagged[version], 0x81000005, 4);
        put_number(&tagged[version], type, 2);
        put_number(&v2[version], type, 2);
        put_number(&v2[version], 0, 2);
        put_number(&v2[version], 2, 4);
        put_number(&v2[version], 0x00010406, 4);
        put_zeros(&v2[version], 8);
    }
    check_both_versions(DLT_LINUX_SLL, &v1[0], &v1[1]);
    check_both_versions(DLT_LINUX_SLL, &tagged[0], &tagged[1]);
    check_both_versions(DLT_LINUX_SLL2, &v2[0], &v2[1]);
}

static void raw(void **state)
{
    struct made nothing = {0};
    struct packet packet;

    (void)state;
    check_both_versions(DLT_RAW, &nothing, &nothing);
    put_ipv4_datagram(&nothing, EXPORT_PORT, 40);
    check_datagram(DLT_IPV4, &nothing, 4, 40);
    assert_int_equal(parse_all(DLT_IPV6, &nothing, &packet), PACKET_MALFORMED);
    nothing.octets[0] = 0x55;
    assert_int_equal(parse_all(DLT_RAW, &nothing, &packet), PACKET_NOT_IP);
    assert_int_equal(parse_all(DLT_IPV4, &nothing, &packet), PACKET_MALFORMED);
    nothing.size_bytes = 0;
    put_ipv6_datagram(&nothing, EXPORT_PORT, 40);
    check_datagram(DLT_IPV6, &nothing, 6, 40);
}

static void loopback_in_both_orders(void **state)
{
    static const uint8_t families[] = {10, 23, 24, 28, 30};
    struct made ipv4 = {0};
    struct packet packet;

    (void)state;
    for (size_t i = 0; i < sizeof(families); i++) {
        struct made big[2] = {0}, little[2] = {0};

        put_number(&big[0], 2, 4);
        put_number(&big[1], families[i], 4);
        put_number(&little[0], 0x02000000, 4);
        put_number(&little[1], (uint32_t)families[i] << 24, 4);
        check_both_versions(DLT_LOOP, &big[0], &big[1]);
        check_both_versions(DLT_NULL, &big[0], &big[1]);
        check_both_versions(DLT_NULL, &little[0], &little[1]);
    }
    put_number(&ipv4, 7, 4);
    put_ipv4_datagram(&ipv4, EXPORT_PORT, 40);
    assert_int_equal(parse_all(DLT_NULL, &ipv4, &packet), PACKET_NOT_IP);
}

static void ppp(void **state)
{
    struct made framed[2] = {0}, bare[2] = {0}, compressed[2] = {0};

    (void)state;
    put_number(&framed[0], 0xff030021, 4);
    put_number(&framed[1], 0xff030057, 4);
    put_number(&bare[0], 0x0021, 2);
    put_number(&bare[1], 0x0057, 2);
    put_number(&compressed[0], 0x21, 1);
    put_number(&compressed[1], 0x57, 1);
    check_both_versions(DLT_PPP, &framed[0], &framed[1]);
    check_both_versions(DLT_PPP, &bare[0], &bare[1]);
    check_both_versions(DLT_PPP, &compressed[0], &compressed[1]);
}

static void what_is_not_a_datagram(void **state)
{
    struct made made = {0};
    struct packet packet;

    (void)state;
    put_ethernet(&made, 0x0806);
    put_zeros(&made, 46);
    assert_int_equal(parse_all(DLT_EN10MB, &made, &packet), PACKET_NOT_IP);
    made.size_bytes = 0;
    put_ipv4(&made, 40, 1, 0, 6);
    put_zeros(&made, 20);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_NOT_UDP);
    made.size_bytes = 0;
    put_ipv6(&made, 20, 6);
    put_zeros(&made, 20);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_NOT_UDP);
    assert_false(linklayer_known(DLT_IEEE802_11));
    assert_int_equal(parse_all(DLT_IEEE802_11, &made, &packet), PACKET_NOT_IP);
}

/* Padding behind a short packet, or a trailer behind any, is none of its payload. */
static void padding_is_left_out(void **state)
{
    struct made made = {0};
    struct packet packet;

    (void)state;
    put_ethernet(&made, 0x0800);
    put_ipv4_datagram(&made, EXPORT_PORT, 3);
    put_zeros(&made, 15);
    assert_int_equal(parse_all(DLT_EN10MB, &made, &packet), PACKET_DATAGRAM);
    check_payload(&packet, 3);
    assert_int_equal(parse(DLT_EN10MB, &made, made.size_bytes - 15, made.size_bytes, &packet), PACKET_DATAGRAM);
    check_payload(&packet, 3);
    /* A length on the wire below what was captured: the octets count. */
    assert_int_equal(parse(DLT_EN10MB, &made, made.size_bytes, 0, &packet), PACKET_DATAGRAM);
    check_payload(&packet, 3);

    made.size_bytes = 0;
    put_ipv4(&made, 28 + 20, 1, 0, 17); /* IP longer than UDP says */
    put_udp(&made, EXPORT_PORT, 8 + 12);
    put_payload(&made, 0, 20);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_DATAGRAM);
    check_payload(&packet, 12);
}

static void lengths_that_lie(void **state)
{
    struct made made;
    struct packet packet;

    (void)state;
    for (size_t udp_bytes = 0; udp_bytes <= 60; udp_bytes++) {
        enum packet_verdict right = udp_bytes < 8 || udp_bytes > 48 ? PACKET_MALFORMED : PACKET_DATAGRAM;

        made.size_bytes = 0;
        put_ipv4(&made, 20 + 48, 1, 0, 17);
        put_udp(&made, EXPORT_PORT, udp_bytes);
        put_payload(&made, 0, 40);
        put_zeros(&made, 20); /* behind the IP packet, so out of reach of UDP */
        assert_int_equal(parse_all(DLT_RAW, &made, &packet), right);
        if (right == PACKET_DATAGRAM) {
            check_payload(&packet, udp_bytes - 8);
        }
    }
    for (size_t total_bytes = 1; total_bytes <= 80; total_bytes++) {
        made.size_bytes = 0;
        put_ipv4(&made, total_bytes, 1, 0, 17);
        put_udp(&made, EXPORT_PORT, 48);
        put_payload(&made, 0, 40);
        assert_int_equal(parse_all(DLT_RAW, &made, &packet), total_bytes == 68 ? PACKET_DATAGRAM : PACKET_MALFORMED);
        if (total_bytes < 48) {
            made.size_bytes = 0;
            put_ipv6(&made, total_bytes, 17);
            put_udp(&made, EXPORT_PORT, 48);
            put_payload(&made, 0, 40);
            assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_MALFORMED);
        }
    }
}

/* A network card that cuts up what is sent writes the lengths itself, behind the place where captures are taken. */
static void ipv4_total_length_of_zero(void **state)
{
    struct made made = {0};

    (void)state;
    put_ipv4(&made, 0, 1, 0, 17);
    put_udp(&made, EXPORT_PORT, 48);
    put_payload(&made, 0, 40);
    check_datagram(DLT_RAW, &made, 4, 40);
}

static void ipv4_options(void **state)
{
    (void)state;
    for (uint8_t words = 0; words <= 15; words++) {
        struct made made = {0};
        struct packet packet;

        put_ipv4(&made, 20 + (words > 5 ? (size_t)(words - 5) * 4 : 0) + 48, 1, 0, 17);
        made.octets[0] = (uint8_t)(0x40 | words);
        put_zeros(&made, words > 5 ? (size_t)(words - 5) * 4 : 0);
        put_udp(&made, EXPORT_PORT, 48);
        put_payload(&made, 0, 40);
        if (words < 5) {
            assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_MALFORMED);
        } else {
            check_datagram(DLT_RAW, &made, 4, 40);
        }
    }
}

static void ipv6_extensions(void **state)
{
    struct made made = {0};
    struct packet packet;

    (void)state;
    put_ipv6(&made, 8 + 24 + 16 + 8 + 12 + 4 + 48, 0);
    put_extension(&made, 43, 0);
    put_extension(&made, 60, 2);
    put_extension(&made, 44, 1);
    put_fragment_header(&made, 51, 0, 0, 9); /* a fragment that is all there is */
    put_number(&made, 17, 1);                /* authentication: 4 + 2 words of 4 octets, less 2 */
    put_number(&made, 2, 1);
    put_zeros(&made, 14);
    put_udp(&made, EXPORT_PORT, 48);
    put_payload(&made, 0, 40);
    check_datagram(DLT_RAW, &made, 6, 40);

    for (size_t count = 1; count <= 20; count++) {
        made.size_bytes = 0;
        put_ipv6(&made, count * 8 + 48, 60);
        for (size_t i = 1; i <= count; i++) {
            put_extension(&made, i == count ? 17 : 60, 0);
        }
        put_udp(&made, EXPORT_PORT, 48);
        put_payload(&made, 0, 40);
        assert_int_equal(parse_all(DLT_RAW, &made, &packet), count <= 16 ? PACKET_DATAGRAM : PACKET_MALFORMED);
    }

    made.size_bytes = 0; /* a jumbogram: no payload length, no UDP length */
    put_ipv6(&made, 0, 0);
    put_number(&made, 0x1100c20400010000, 8);
    put_udp(&made, EXPORT_PORT, 0);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_MALFORMED);
}

/* A fragment must never be taken for a datagram, and none of its octets from behind it. */
static void fragments(void **state)
{
    struct made made = {0};
    struct packet packet;

    (void)state;
    put_ipv4(&made, 20 + 48, 0x1234, MORE_FRAGMENTS, 17);
    put_udp(&made, EXPORT_PORT, 48);
    put_payload(&made, 0, 40);
    put_zeros(&made, 9);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_FRAGMENT);
    assert_int_equal(packet.size_bytes, 48);
    assert_int_equal(packet.fragment_id, 0x1234);
    assert_int_equal(packet.fragment_offset_bytes, 0);
    assert_true(packet.fragment_more);
    assert_false(packet.has_ports);
    for (size_t i = 0; i < 68; i++) {
        assert_int_equal(parse(DLT_RAW, &made, i, made.size_bytes, &packet), PACKET_CUT_SHORT);
        assert_int_equal(parse(DLT_RAW, &made, i, i, &packet), PACKET_MALFORMED);
    }

    made.size_bytes = 0;
    put_ipv6(&made, 8 + 21, 44);
    put_fragment_header(&made, 17, 1448, 0, 0xdeadbeef);
    put_payload(&made, 0, 21);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_FRAGMENT);
    check_payload(&packet, 21);
    check_addresses(&packet, 6);
    assert_int_equal(packet.fragment_id, 0xdeadbeef);
    assert_int_equal(packet.fragment_offset_bytes, 1448);
    assert_int_equal(packet.next_header, 17);
    assert_false(packet.fragment_more);
}

static void fragments_that_cannot_be(void **state)
{
    struct made made = {0};
    struct packet packet;

    (void)state;
    put_ipv4(&made, 20 + 44, 1, MORE_FRAGMENTS, 17); /* not the last, and no multiple of 8 */
    put_zeros(&made, 44);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_MALFORMED);
    made.size_bytes = 0;
    put_ipv4(&made, 20 + 8, 1, 0x1fff, 17); /* ends behind 65,535 */
    put_zeros(&made, 8);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_MALFORMED);
    made.size_bytes = 0;
    put_ipv4(&made, 20, 1, 4, 17); /* carries nothing */
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_MALFORMED);
    made.size_bytes = 0;
    put_ipv4(&made, 0, 1, 4, 17); /* a length of 0 is the frame's for whole packets only */
    put_zeros(&made, 8);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_MALFORMED);
    made.size_bytes = 0;
    put_ipv4(&made, 28, 1, 4, 6);
    put_zeros(&made, 8);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_NOT_UDP);

    made.size_bytes = 0;
    put_ipv6(&made, 24, 44); /* a fragment of a datagram that was one fragment */
    put_fragment_header(&made, 44, 0, 0, 1);
    put_fragment_header(&made, 17, 8, 1, 1);
    put_zeros(&made, 8);
    assert_int_equal(parse_all(DLT_RAW, &made, &packet), PACKET_MALFORMED);
    made.size_bytes = 0;
    put_fragment_header(&made, 17, 8, 1, 1); /* or within one that is whole now */
    put_zeros(&made, 8);
    packet.source.family = 6;
    assert_int_equal(packet_parse_whole(44, made.octets, made.size_bytes, &packet), PACKET_MALFORMED);
}

static void verdicts_have_texts(void **state)
{
    (void)state;
    for (int verdict = 0; verdict < PACKET_VERDICT_COUNT; verdict++) {
        assert_true(strlen(packet_verdict_text((enum packet_verdict)verdict)) > 5);
    }
    assert_string_equal(packet_verdict_text(PACKET_MALFORMED), "malformed packets");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ethernet_with_any_tags),
        cmocka_unit_test(ethernet_with_llc),
        cmocka_unit_test(cooked),
        cmocka_unit_test(raw),
        cmocka_unit_test(loopback_in_both_orders),
        cmocka_unit_test(ppp),
        cmocka_unit_test(what_is_not_a_datagram),
        cmocka_unit_test(padding_is_left_out),
        cmocka_unit_test(lengths_that_lie),
        cmocka_unit_test(ipv4_total_length_of_zero),
        cmocka_unit_test(ipv4_options),
        cmocka_unit_test(ipv6_extensions),
        cmocka_unit_test(fragments),
        cmocka_unit_test(fragments_that_cannot_be),
        cmocka_unit_test(verdicts_have_texts),
    };

    return cmocka_run_group_tests(tests, make_guard, NULL);
}
