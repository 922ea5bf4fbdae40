/* SPDX-License-Identifier: MIT */
/*
 * fuzz_datagrams.c - streams of datagrams from several exporters
 *
 * The input is one octet that chooses the limits, then operations:
 *
 *     | op | length (2, big endian) | that many octets |     a datagram
 *     | op |                                                 with bit 6: no datagram, the time goes on;
 *                                                            with bit 0 too: the input ends; else with
 *                                                            bit 1: saved, loaded and saved again
 *
 * op: bits 0 to 2 choose the exporter (two addresses, four ports each), bits 3 and 4 how time goes on, bit 5
 * whether the batches are closed behind it, bit 7 whether it came from a file.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#include "batch_reader.h"
#include "case_ledger.h"
#include "state_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OP_PORT = 3, OP_ADDRESS = 4, OP_FLUSH = 0x20, OP_NO_DATAGRAM = 0x40, OP_RELIABLE = 0x80 };

struct stream {
    struct weir_decoder *decoder;
    struct weir_options options;
    int64_t now_us;
    uint64_t row_count;
    struct weir_batch *held; /* one is kept while decoding goes on */
    uint64_t held_sum;
};

static void set_options(struct weir_options *options, uint8_t choice)
{
    static const uint32_t rows[] = {64, 1, 7, 8192};
    weir_options_init(options);
    options->batch_rows = rows[choice & 3];
    options->batch_count = choice & 4 ? 4 : 3;
    options->templates_max = 100; /* the tables of more cost a fuzzer its time */
    if (choice & 8) {
        options->waiting_bytes = 2000;
        options->waiting_session_bytes = 900;
    }
    if (choice & 16)
        options->sessions_max = 2;
    if (choice & 32) {
        options->templates_session_max = 2;
        options->templates_max = 3;
    }
    if (choice & 64)
        options->waiting_us = 0;
    if (choice & 128)
        options->template_lifetime_us = 500000;
    options->core = (choice & 96) != 96;
    options->sampling_rate = (choice & 40) == 40 ? 100 : 0;
}

static void release_held(struct stream *stream)
{
    if (stream->held != NULL)
        require(batch_sum(stream->held) == stream->held_sum);
    weir_batch_release(stream->held);
    stream->held = NULL;
}

static void drain(struct stream *stream)
{
    struct weir_batch *batch;
    while ((batch = weir_decoder_next(stream->decoder)) != NULL) {
        check_runs(batch);
        stream->row_count += batch->row_count;
        const uint64_t sum = batch_sum(batch);
        if (stream->held == NULL || sum % 3 == 0) {
            release_held(stream);
            stream->held = batch;
            stream->held_sum = sum;
        } else {
            weir_batch_release(batch);
        }
    }
    require(ledger_fault(weir_decoder_ledger(stream->decoder)) == NULL);
    require(ledger_sessions_fault(stream->decoder) == NULL);
}

static void feed(struct stream *stream, uint8_t op, const uint8_t *data, size_t size_bytes)
{
    uint8_t *copy = malloc(size_bytes == 0 ? 1 : size_bytes); /* of just this size, for the sanitizer */
    require(copy != NULL);
    if (size_bytes > 0)
        memcpy(copy, data, size_bytes);
    struct weir_datagram datagram = {
        .data = copy,
        .size_bytes = size_bytes,
        .source_port = (uint16_t)(2055 + (op & OP_PORT)),
        .received_us = stream->now_us,
        .reliable = (op & OP_RELIABLE) != 0,
        .source = {.octets = {192, 0, 2, 1}, .family = 4},
    };
    if (op & OP_ADDRESS)
        datagram.source = (struct weir_address){.octets = {0x20, 1, 0x0d, 0xb8}, .family = 6};
    weir_decoder_feed(stream->decoder, &datagram);
    if (op & OP_FLUSH)
        weir_decoder_flush(stream->decoder);
    drain(stream);
    free(copy);
}

/* What one decoder saves, another with the same limits takes whole. */
static void save_and_load(const struct stream *stream)
{
    struct weir_options options = stream->options;
    options.event = NULL;
    const size_t size = weir_decoder_save(stream->decoder, NULL, 0);
    uint8_t *data = malloc(size);
    struct weir_decoder *other = weir_decoder_create(&options);
    require(data != NULL && other != NULL);
    require(weir_decoder_save(stream->decoder, data, size) == size);
    require(weir_decoder_load(other, data, size) == WEIR_SAVED_OK);
    require(weir_decoder_ledger(other)->templates_loaded == weir_decoder_ledger(stream->decoder)->templates);
    require(weir_decoder_save(other, NULL, 0) == size);
    require(state_sum(other) == state_sum(stream->decoder));
    require(ledger_fault(weir_decoder_ledger(other)) == NULL && ledger_sessions_fault(other) == NULL);
    weir_decoder_free(other);
    free(data);
}

static void run(struct stream *stream, const uint8_t *data, size_t size)
{
    static const int64_t steps_us[] = {0, 1000000, 31000000, -60000000};
    while (size > 0) {
        const uint8_t op = data[0];
        data++;
        size--;
        stream->now_us += steps_us[op >> 3 & 3];
        if (op & OP_NO_DATAGRAM) {
            if (op & 1)
                weir_decoder_finish(stream->decoder);
            else if (op & 2)
                save_and_load(stream);
            else
                weir_decoder_tick(stream->decoder, stream->now_us);
            drain(stream);
            continue;
        }
        if (size < 2)
            return;
        size_t size_bytes = (size_t)(data[0] << 8 | data[1]);
        data += 2;
        size -= 2;
        if (size_bytes > size)
            size_bytes = size;
        feed(stream, op, data, size_bytes);
        data += size_bytes;
        size -= size_bytes;
    }
}

struct told {
    uint64_t kinds[WEIR_EVENT_EXPORTER_RESTART + 1];
    uint64_t reasons[WEIR_REASON_COUNT];
};

static void count_event(void *context, const struct weir_event *event)
{
    struct told *told = context;
    require(event->kind <= WEIR_EVENT_EXPORTER_RESTART);
    told->kinds[event->kind]++;
    if (event->reason < WEIR_REASON_COUNT)
        told->reasons[event->reason]++;
    if (event->layout != NULL)
        require(event->layout->field_count <= 4096 && event->layout->record_bytes > 0);
}

/* What was told of as it came is what the ledger counts: a reason each time, and just one for what is not decoded. */
static void check_told(const struct told *told, const struct weir_ledger *ledger)
{
    require(memcmp(told->reasons, ledger->reasons, sizeof told->reasons) == 0);
    require(told->kinds[WEIR_EVENT_DATAGRAM_REFUSED] == ledger->datagrams_refused);
    require(told->kinds[WEIR_EVENT_SET_WAITING] == ledger->sets_waited);
    require(told->kinds[WEIR_EVENT_SET_GIVEN_UP] == ledger->sets_given_up);
    require(told->kinds[WEIR_EVENT_SET_SKIPPED] == ledger->sets_skipped +
                                                       ledger->reasons[WEIR_REASON_MESSAGE_OVERRUN] +
                                                       ledger->reasons[WEIR_REASON_RECORD_OVERRUN]);
    require(told->kinds[WEIR_EVENT_TEMPLATE_LEARNED] == ledger->templates_learned);
    require(told->kinds[WEIR_EVENT_TEMPLATE_CHANGED] == ledger->templates_changed);
    require(told->kinds[WEIR_EVENT_EXPORTER_RESTART] == ledger->restarts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told told = {0};
    struct weir_options options;
    set_options(&options, size > 0 ? data[0] : 0);
    options.event = count_event;
    options.context = &told;
    struct stream stream = {.decoder = weir_decoder_create(&options), .options = options};
    require(stream.decoder != NULL);
    if (size > 0)
        run(&stream, data + 1, size - 1);
    weir_decoder_finish(stream.decoder);
    drain(&stream);
    release_held(&stream);
    const struct weir_ledger *ledger = weir_decoder_ledger(stream.decoder);
    require(stream.row_count == ledger->flows + ledger->options);
    require(ledger->sets_waiting == 0 && ledger->bytes_waiting == 0);
    check_told(&told, ledger);
    weir_decoder_free(stream.decoder);
    return 0;
}
