/* SPDX-License-Identifier: MIT */
/*
 * fuzz_saved.c - what is loaded as saved state
 *
 * The input is taken as it is, and as what follows a sound header of each version. What is taken must save to what is taken again;
 * what is refused must leave nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#include "case_ledger.h"
#include "state_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_BYTES = 24, CRC_FROM = 16, EMPTY_BYTES = HEADER_BYTES + 3, FORMAT_LAST = 2 };

static struct weir_decoder *create(void)
{
    struct weir_options options;
    weir_options_init(&options);
    options.batch_count = 3;
    options.templates_max = 100; /* the tables of more cost a fuzzer its time */
    options.sessions_max = 20;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    require(decoder != NULL);
    return decoder;
}

static void feed(struct weir_decoder *decoder)
{
    static const uint8_t data[] = {0, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0, 0, 16, 1, 2, 3, 4,
                                   5, 6, 7, 8, 9, 10, 11, 12};
    const struct weir_datagram datagram = {
        .data = data, .size_bytes = sizeof data, .source = {.octets = {192, 0, 2, 1}, .family = 4}, .source_port = 2055};
    weir_decoder_feed(decoder, &datagram);
    weir_decoder_finish(decoder);
    struct weir_batch *batch;
    while ((batch = weir_decoder_next(decoder)) != NULL)
        weir_batch_release(batch);
    require(ledger_fault(weir_decoder_ledger(decoder)) == NULL);
    require(ledger_sessions_fault(decoder) == NULL);
}

static void load(const uint8_t *data, size_t size)
{
    struct weir_decoder *first = create(), *second = create();
    const enum weir_saved fault = weir_decoder_load(first, data, size);
    require(strlen(weir_saved_text(fault)) > 0);
    const size_t saved_size = weir_decoder_save(first, NULL, 0);
    require(fault == WEIR_SAVED_OK || saved_size == EMPTY_BYTES);
    uint8_t *saved = malloc(saved_size);
    require(saved != NULL && weir_decoder_save(first, saved, saved_size) == saved_size);
    require(weir_decoder_load(second, saved, saved_size) == WEIR_SAVED_OK);
    require(weir_decoder_save(second, NULL, 0) == saved_size);
    require(state_sum(second) == state_sum(first));
    feed(first);
    feed(second);
    require(weir_decoder_load(second, saved, saved_size) == WEIR_SAVED_IN_USE);
    free(saved);
    weir_decoder_free(first);
    weir_decoder_free(second);
}

static void put(uint8_t *to, uint64_t number, int size_bytes)
{
    while (size_bytes-- > 0) {
        to[size_bytes] = (uint8_t)number;
        number >>= 8;
    }
}

static uint32_t crc32_of(const uint8_t *data, size_t size, int format)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = format == 1 ? CRC_FROM : 8; i < size; i++) {
        if (i >= 12 && i < CRC_FROM)
            continue;
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    load(data, size);
    uint8_t *with_header = malloc(HEADER_BYTES + size);
    require(with_header != NULL);
    memcpy(with_header, "weirsave", 8);
    put(with_header + 16, size, 8);
    if (size > 0)
        memcpy(with_header + HEADER_BYTES, data, size);
    for (int format = 1; format <= FORMAT_LAST; format++) {
        put(with_header + 8, (uint64_t)format, 4);
        put(with_header + 12, crc32_of(with_header, HEADER_BYTES + size, format), 4);
        load(with_header, HEADER_BYTES + size);
    }
    free(with_header);
    return 0;
}
