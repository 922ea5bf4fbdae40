/* SPDX-License-Identifier: MIT */
/*
 * fuzz_ipfix_file.c - IPFIX files, with a decoder behind
 *
 * Messages are handed out back to back until the end or the first that is damaged, and the decoder takes them as what
 * came reliably.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#include "batch_reader.h"
#include "case_ledger.h"
#include "input_stream.h"
#include "ipfix_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct weir_decoder *decoder, uint64_t *row_count)
{
    for (struct weir_batch *batch; (batch = weir_decoder_next(decoder)) != NULL; weir_batch_release(batch)) {
        check_runs(batch);
        require(batch_sum(batch) == batch_sum(batch));
        *row_count += batch->row_count;
    }
    require(ledger_fault(weir_decoder_ledger(decoder)) == NULL);
    require(ledger_sessions_fault(decoder) == NULL);
}

static void decode(struct ipfix_file *file, struct weir_decoder *decoder, size_t size)
{
    struct sink_error error = {0};
    struct weir_datagram datagram;
    uint64_t row_count = 0, byte_count = 0;
    int got;
    while ((got = ipfix_file_next(file, &datagram, &error)) == 1) {
        require(datagram.size_bytes >= 16 && datagram.reliable && datagram.received_us >= 0);
        byte_count += datagram.size_bytes;
        weir_decoder_feed(decoder, &datagram);
        drain(decoder, &row_count);
    }
    require((got == 0) == (error.text[0] == '\0') && (got == 0) == (byte_count == size));
    require(ipfix_file_next(file, &datagram, &error) == 0);
    weir_decoder_finish(decoder);
    drain(decoder, &row_count);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    require(row_count == ledger->flows + ledger->options && byte_count == ledger->bytes);
    require(ledger->datagrams_refused == 0 && ledger->reasons[WEIR_REASON_TEMPLATE_WITHDRAWN] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sink_error error = {0};
    struct weir_options options;
    if (size == 0)
        return 0;
    uint8_t *copy;
    FILE *stream = input_stream(data, size, &copy);
    struct ipfix_file *file = ipfix_file_open_stream(stream, "input", &error);
    if (file == NULL) {
        require(error.text[0] != '\0');
        free(copy);
        return 0;
    }
    weir_options_init(&options);
    options.templates_max = 100; /* the tables of more cost a fuzzer its time */
    options.batch_count = 3;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    require(decoder != NULL);
    decode(file, decoder, size);
    weir_decoder_free(decoder);
    ipfix_file_close(file);
    free(copy);
    return 0;
}
