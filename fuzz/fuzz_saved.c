/* SPDX-License-Identifier: MIT */
/*
 * fuzz_saved.c - what is loaded as saved state
 *
 * The input is taken as it is, and as what follows a sound header of each version, to go on after a pause and without
 * one.
 * What is taken must save to what is taken again, and both must go on alike; what is refused must leave nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#include "case_ledger.h"
#include "state_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_BYTES = 24, CRC_FROM = 16, EMPTY_BYTES = HEADER_BYTES + 16 + 4, FORMAT_LAST = 3 };

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
        .data = data, .size_bytes = sizeof data, .source = {.octets = {192, 0, 2, 1}, .family = 4},
        .source_port = 2055};
    weir_decoder_feed(decoder, &datagram);
    weir_decoder_finish(decoder);
    struct weir_batch *batch;
    while ((batch = weir_decoder_next(decoder)) != NULL)
        weir_batch_release(batch);
    require(ledger_fault(weir_decoder_ledger(decoder)) == NULL);
    require(ledger_sessions_fault(decoder) == NULL);
}

static uint8_t *save(const struct weir_decoder *decoder, size_t *ret_size)
{
    *ret_size = weir_decoder_save(decoder, NULL, 0);
    uint8_t *saved = malloc(*ret_size);
    require(saved != NULL && weir_decoder_save(decoder, saved, *ret_size) == *ret_size);
    return saved;
}

static void require_same(const struct weir_decoder *first, const struct weir_decoder *second)
{
    size_t first_size, second_size;
    uint8_t *first_saved = save(first, &first_size), *second_saved = save(second, &second_size);
    require(first_size == second_size && memcmp(first_saved, second_saved, first_size) == 0);
    require(state_sum(second) == state_sum(first));
    free(first_saved);
    free(second_saved);
}

static void check_ledger(struct weir_decoder *decoder)
{
    require(ledger_fault(weir_decoder_ledger(decoder)) == NULL);
    require(ledger_sessions_fault(decoder) == NULL);
}

/* By one of two, as it comes. */
static bool wants(void *context, const struct weir_address *address)
{
    return (address->octets[3] & 1) == *(const int *)context;
}

/* Two that have each a part of it, together in one again: it has what there is. */
static void load_parts(const uint8_t *data, size_t size, const struct weir_decoder *whole)
{
    struct weir_decoder *both = create();
    for (int part = 0; part <= 1; part++) {
        struct weir_decoder *one = create();
        size_t saved_size;
        require(weir_decoder_load_where(one, data, size, wants, &part) == WEIR_SAVED_OK);
        check_ledger(one);
        uint8_t *saved = save(one, &saved_size);
        require(weir_decoder_load_where(both, saved, saved_size, NULL, NULL) == WEIR_SAVED_OK);
        require(weir_decoder_load_where(both, saved, saved_size - 1, NULL, NULL) == WEIR_SAVED_CUT);
        check_ledger(both);
        free(saved);
        weir_decoder_free(one);
    }
    if (weir_decoder_ledger(whole)->evictions == 0 && weir_decoder_ledger(both)->evictions == 0)
        require(weir_decoder_ledger(both)->sessions == weir_decoder_ledger(whole)->sessions);
    feed(both);
    weir_decoder_free(both);
}

static void load(const uint8_t *data, size_t size, bool pause)
{
    struct weir_decoder *first = create(), *second = create();
    const enum weir_saved fault = pause ? weir_decoder_load(first, data, size)
                                        : weir_decoder_load_where(first, data, size, NULL, NULL);
    size_t saved_size;
    require(strlen(weir_saved_text(fault)) > 0);
    uint8_t *saved = save(first, &saved_size);
    require(fault == WEIR_SAVED_OK || saved_size == EMPTY_BYTES);
    check_ledger(first);
    require(weir_decoder_load_where(second, saved, saved_size, NULL, NULL) == WEIR_SAVED_OK);
    require_same(first, second);
    check_ledger(second);
    if (fault == WEIR_SAVED_OK && !pause)
        load_parts(data, size, first);
    feed(first);
    feed(second);
    require_same(first, second);
    require(weir_decoder_load(second, saved, saved_size) == WEIR_SAVED_IN_USE);
    require(weir_decoder_load_where(second, saved, saved_size, NULL, NULL) == WEIR_SAVED_IN_USE);
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
    load(data, size, size % 2 == 0);
    uint8_t *with_header = malloc(HEADER_BYTES + size);
    require(with_header != NULL);
    memcpy(with_header, "weirsave", 8);
    put(with_header + 16, size, 8);
    if (size > 0)
        memcpy(with_header + HEADER_BYTES, data, size);
    for (int format = 1; format <= FORMAT_LAST; format++) {
        put(with_header + 8, (uint64_t)format, 4);
        put(with_header + 12, crc32_of(with_header, HEADER_BYTES + size, format), 4);
        load(with_header, HEADER_BYTES + size, true);
        if (format == FORMAT_LAST) /* the others tell not enough to go on without a pause */
            load(with_header, HEADER_BYTES + size, false);
    }
    free(with_header);
    return 0;
}
