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

#include "case_ledger.h"

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

static void require(bool holds)
{
    if (!holds)
        abort();
}

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
}

static size_t value_room(const struct weir_field *field, const void *value)
{
    if (field->kind != WEIR_KIND_VARIABLE && field->kind != WEIR_KIND_JSON)
        return WEIR_VALUE_JSON_SIZE(field->width_bytes);
    const struct weir_octets *octets = value;
    require(field->kind == WEIR_KIND_VARIABLE ? octets->size_bytes <= 65535
                                              : octets->size_bytes > 0 && octets->size_bytes <= WEIR_RECORD_LISTS_SIZE);
    return WEIR_VALUE_JSON_SIZE(octets->size_bytes);
}

/* Reads each cell; the sum tells later whether any has changed. */
static uint64_t read_cells(const struct weir_batch *batch)
{
    uint64_t sum = batch->row_count;
    for (uint32_t i = 0; i < batch->layout->field_count; i++) {
        const struct weir_field *field = &batch->layout->fields[i];
        const uint8_t *column = batch->columns[i];
        require((column == NULL) == (field->kind == WEIR_KIND_NULL) && strlen(field->name) > 0);
        for (uint32_t row = 0; row < batch->row_count; row += 1 + row / 64) {
            const void *value = column == NULL ? NULL : column + (size_t)row * field->width_bytes;
            const size_t room = value_room(field, value);
            char *text = malloc(room); /* of just this size, for the sanitizer */
            require(text != NULL);
            const size_t length = weir_value_json(field, value, text);
            require(length > 0 && length <= room);
            for (size_t k = 0; k < length; k++)
                sum = sum * 31 + (uint8_t)text[k];
            free(text);
        }
    }
    return sum;
}

static void check_runs(const struct weir_batch *batch)
{
    uint32_t next_row = 0;
    for (uint32_t i = 0; i < batch->run_count; i++) {
        require(batch->runs[i].first_row == next_row && batch->runs[i].row_count > 0);
        next_row += batch->runs[i].row_count;
    }
    require(next_row == batch->row_count && next_row > 0);
}

static void release_held(struct stream *stream)
{
    if (stream->held != NULL)
        require(read_cells(stream->held) == stream->held_sum);
    weir_batch_release(stream->held);
    stream->held = NULL;
}

static void drain(struct stream *stream)
{
    struct weir_batch *batch;
    while ((batch = weir_decoder_next(stream->decoder)) != NULL) {
        check_runs(batch);
        stream->row_count += batch->row_count;
        const uint64_t sum = read_cells(batch);
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

static void count_event(void *context, const struct weir_event *event)
{
    uint64_t *reasons = context;
    require(event->kind <= WEIR_EVENT_EXPORTER_RESTART);
    if (event->reason < WEIR_REASON_COUNT)
        reasons[event->reason]++;
    if (event->layout != NULL)
        require(event->layout->field_count <= 4096 && event->layout->record_bytes > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t reasons[WEIR_REASON_COUNT] = {0};
    struct weir_options options;
    set_options(&options, size > 0 ? data[0] : 0);
    options.event = count_event;
    options.context = reasons;
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
    require(memcmp(reasons, ledger->reasons, sizeof reasons) == 0);
    weir_decoder_free(stream.decoder);
    return 0;
}
