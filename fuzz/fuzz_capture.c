/* SPDX-License-Identifier: MIT */
/*
 * fuzz_capture.c - the reader of captures
 *
 * Input that begins with 0xff is packets for packet_parse() and the reassembly: link type 1 (an index), what the
 * snap length cut off 1, size 2, octets, and so on. All other input is a capture file; of those of odd size only what
 * was sent to two ports is asked for.
 */
#define _GNU_SOURCE

#include <pcap/dlt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "packet.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink; /* so that the reading of each octet is not left out */

static void read_all(const uint8_t *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        sink += data[i];
    }
}

static void feed_file(const uint8_t *data, size_t size)
{
    static const uint16_t ports[] = {2055, 4739};
    struct sink_error error = {""};
    struct weir_datagram datagram;
    const struct capture_counts *counts;
    struct capture *capture;
    char *copy = malloc(size); /* fmemopen wants to be allowed to write */
    FILE *stream;
    uint16_t destination_port = 0;
    uint64_t sum = 0;

    require(copy != NULL);
    memcpy(copy, data, size);
    stream = fmemopen(copy, size, "rb");
    require(stream != NULL);
    capture = capture_open_stream(stream, "input", ports, size % 2 == 0 ? 0 : 2, &error);
    if (capture == NULL) {
        require(error.text[0] != '\0');
        free(copy);
        return;
    }
    while (capture_next(capture, &datagram, &destination_port, &error) == 1) {
        require(datagram.size_bytes <= 65527);
        require(size % 2 == 0 || destination_port == ports[0] || destination_port == ports[1]);
        read_all(datagram.data, datagram.size_bytes);
    }
    counts = capture_counts(capture);
    for (size_t i = 0; i < PACKET_VERDICT_COUNT; i++) {
        sum += counts->buckets[i];
    }
    require(sum == counts->packets);
    require(counts->reassembly.begun == counts->reassembly.whole + counts->reassembly.incomplete +
                                            counts->reassembly.evicted + counts->reassembly.contradicting);
    capture_close(capture);
    free(copy);
}

static void feed_packet(struct reassembly *reassembly, int link_type, const uint8_t *data, size_t size_bytes,
                        size_t cut_bytes, int64_t now_us)
{
    uint8_t *copy = malloc(size_bytes == 0 ? 1 : size_bytes); /* of just this size, for the sanitizer */
    enum packet_verdict verdict;
    struct packet packet;

    require(copy != NULL);
    memcpy(copy, data, size_bytes);
    verdict = packet_parse(link_type, copy, size_bytes, size_bytes + cut_bytes, &packet);
    require(verdict != PACKET_CUT_SHORT || cut_bytes > 0);
    if (verdict == PACKET_FRAGMENT) {
        const uint8_t *whole;
        size_t whole_bytes;
        uint8_t next_header;

        read_all(packet.data, packet.size_bytes);
        if (reassembly_add(reassembly, &packet, now_us, &whole, &whole_bytes, &next_header)) {
            verdict = packet_parse_whole(next_header, whole, whole_bytes, &packet);
            require(verdict != PACKET_FRAGMENT && verdict != PACKET_CUT_SHORT);
        }
    }
    if (verdict == PACKET_DATAGRAM) {
        require(packet.has_ports && (packet.source.family == 4 || packet.source.family == 6));
        read_all(packet.data, packet.size_bytes);
    }
    free(copy);
}

static void feed_packets(const uint8_t *data, size_t size)
{
    static const int link_types[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW, DLT_IPV4,
                                     DLT_IPV6,   DLT_NULL,      DLT_LOOP,       DLT_PPP};
    struct reassembly *reassembly = reassembly_create();
    int64_t now_us = 0;

    require(reassembly != NULL);
    while (size >= 4) {
        int link_type = link_types[data[0] % (sizeof(link_types) / sizeof(link_types[0]))];
        size_t cut_bytes = data[1];
        size_t size_bytes = (size_t)(data[2] << 8 | data[3]);

        data += 4;
        size -= 4;
        if (size_bytes > size) {
            size_bytes = size;
        }
        feed_packet(reassembly, link_type, data, size_bytes, cut_bytes, now_us);
        data += size_bytes;
        size -= size_bytes;
        now_us += 1000000;
    }
    reassembly_free(reassembly);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 0xff) {
        feed_packets(data + 1, size - 1);
    } else if (size > 0) {
        feed_file(data, size);
    }
    return 0;
}
