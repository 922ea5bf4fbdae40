/* SPDX-License-Identifier: MIT */
/*
 * sum_bytes.c - sums the octets that each IPv4 address sent, from the columns of a capture's flows
 *
 *     sum_bytes FILE.pcap                cc sum_bytes.c $(pkg-config --cflags --libs weir)
 */
#include "pcap_file.h"

#include <stdlib.h>

enum { PLACES = 1 << 21 };

/* Open addressing by address; 0.0.0.0 is not counted. */
static struct sum {
    uint32_t address;
    uint64_t bytes;
} sums[PLACES];

static uint32_t place_of(uint32_t address)
{
    uint32_t place = (address * 2654435761u) % PLACES;
    while (sums[place].address != 0 && sums[place].address != address)
        place = (place + 1) % PLACES;
    return place;
}

/* One pass over two columns. Counters are 64 or 32 bits wide, as the exporter sends them. */
static void add(const struct weir_batch *batch)
{
    const struct weir_core_column *core = batch->layout->core;
    if (core == NULL || core[WEIR_CORE_SRC_ADDRESS].kind != WEIR_KIND_IPV4 || core[WEIR_CORE_BYTES].width_bytes < 4)
        return; /* options, flows of IPv6, or no counter that is worth the name */
    const uint32_t *addresses = batch->columns[core[WEIR_CORE_SRC_ADDRESS].column];
    const void *bytes = batch->columns[core[WEIR_CORE_BYTES].column];
    const bool wide = core[WEIR_CORE_BYTES].width_bytes == 8;
    for (uint32_t row = 0; row < batch->row_count; row++) {
        const uint32_t place = place_of(addresses[row]);
        sums[place].address = addresses[row];
        sums[place].bytes += wide ? ((const uint64_t *)bytes)[row] : ((const uint32_t *)bytes)[row];
    }
}

static int compare(const void *a, const void *b)
{
    const struct sum *left = a, *right = b;
    return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

int main(int argc, char **argv)
{
    static unsigned char packet[PACKET_BYTES_MAX];
    FILE *file = argc == 2 ? pcap_open(argv[1]) : NULL;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct weir_datagram datagram;
    struct weir_batch *batch;
    if (file == NULL || decoder == NULL) {
        fputs("usage: sum_bytes FILE.pcap\n", stderr);
        return 1;
    }
    for (bool more = true; more;) {
        more = pcap_next(file, packet, &datagram);
        if (more)
            weir_decoder_feed(decoder, &datagram);
        else
            weir_decoder_finish(decoder);
        while ((batch = weir_decoder_next(decoder)) != NULL) {
            add(batch);
            weir_batch_release(batch);
        }
    }
    qsort(sums, PLACES, sizeof *sums, compare);
    for (int i = 0; i < 10 && sums[i].bytes > 0; i++)
        printf("%u.%u.%u.%u %llu\n", sums[i].address >> 24, sums[i].address >> 16 & 255, sums[i].address >> 8 & 255,
               sums[i].address & 255, (unsigned long long)sums[i].bytes);
    weir_decoder_free(decoder);
    fclose(file);
    return 0;
}
