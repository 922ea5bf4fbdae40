/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the input of fuzzers that decode: one octet that chooses the limits, then operations
 *
 *     | op | length (2, big endian) | that many octets |     a datagram
 *     | op |                                                 with bit 6: no datagram, the time goes on;
 *                                                            with bit 0 too: the input ends; else with
 *                                                            bit 1: saved; another one goes on beside it
 *
 * op: bits 0 to 2 choose the exporter (two addresses, four ports each), bits 3 and 4 how time goes on, bit 5
 * whether the batches are closed behind it, bit 7 whether it came from a file.
 */
#ifndef FUZZ_STREAM_H
#define FUZZ_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

enum operation_kind { OPERATION_DATAGRAM, OPERATION_TICK, OPERATION_FINISH, OPERATION_SAVE };

struct operation {
    enum operation_kind kind;
    bool flush;
    struct weir_datagram datagram; /* its octets are the input's */
};

struct stream {
    const uint8_t *data;
    size_t size_bytes;
    int64_t now_us;
};

/* Fills in what the first octet chooses of the limits. */
static inline struct stream stream_begin(const uint8_t *data, size_t size_bytes, struct weir_options *ret_options)
{
    static const uint32_t rows[] = {64, 1, 7, 8192};
    const uint8_t choice = size_bytes > 0 ? data[0] : 0;
    weir_options_init(ret_options);
    ret_options->batch_rows = rows[choice & 3];
    ret_options->batch_count = choice & 4 ? 4 : 3;
    ret_options->templates_max = 100; /* the tables of more cost a fuzzer its time */
    if (choice & 8) {
        ret_options->waiting_bytes = 2000;
        ret_options->waiting_session_bytes = 900;
    }
    if (choice & 16)
        ret_options->sessions_max = 2;
    if (choice & 32) {
        ret_options->templates_session_max = 2;
        ret_options->templates_max = 3;
    }
    if (choice & 64)
        ret_options->waiting_us = 0;
    if (choice & 128)
        ret_options->template_lifetime_us = 500000;
    ret_options->core = (choice & 96) != 96;
    ret_options->sampling_rate = (choice & 40) == 40 ? 100 : 0;
    return (struct stream){.data = data + (size_bytes > 0), .size_bytes = size_bytes - (size_bytes > 0)};
}

static inline uint8_t stream_octet(struct stream *stream)
{
    stream->size_bytes--;
    return *stream->data++;
}

/* The next operation; false when there is no more. */
static inline bool stream_next(struct stream *stream, struct operation *ret_operation)
{
    enum { PORT = 3, ADDRESS = 4, FLUSH = 0x20, NO_DATAGRAM = 0x40, RELIABLE = 0x80 };
    static const int64_t steps_us[] = {0, 1000000, 31000000, -60000000};
    if (stream->size_bytes == 0)
        return false;
    const uint8_t op = stream_octet(stream);
    stream->now_us += steps_us[op >> 3 & 3];
    if (op & NO_DATAGRAM) {
        *ret_operation = (struct operation){.kind = op & 1   ? OPERATION_FINISH
                                                    : op & 2 ? OPERATION_SAVE
                                                             : OPERATION_TICK};
        return true;
    }
    if (stream->size_bytes < 2)
        return false;
    size_t size_bytes = stream_octet(stream);
    size_bytes = size_bytes << 8 | stream_octet(stream);
    if (size_bytes > stream->size_bytes)
        size_bytes = stream->size_bytes;
    *ret_operation = (struct operation){
        .kind = OPERATION_DATAGRAM,
        .flush = (op & FLUSH) != 0,
        .datagram = {.data = stream->data,
                     .size_bytes = size_bytes,
                     .source_port = (uint16_t)(2055 + (op & PORT)),
                     .received_us = stream->now_us,
                     .reliable = (op & RELIABLE) != 0,
                     .source = {.octets = {192, 0, 2, 1}, .family = 4}},
    };
    if (op & ADDRESS)
        ret_operation->datagram.source = (struct weir_address){.octets = {0x20, 1, 0x0d, 0xb8}, .family = 6};
    stream->data += size_bytes;
    stream->size_bytes -= size_bytes;
    return true;
}

#endif
