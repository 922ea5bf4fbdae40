/* SPDX-License-Identifier: MIT */
/*
 * fuzz_datagrams.c - streams of datagrams from several exporters, in the form of stream.h
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#include "batch_reader.h"
#include "case_ledger.h"
#include "state_reader.h"
#include "stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct weir_decoder *decoder;
    struct weir_options options;
    uint64_t row_count;
    struct weir_batch *held; /* one is kept while decoding goes on */
    uint64_t held_sum;
    struct weir_decoder *twin; /* loaded what the decoder saved, and is fed the same since; or NULL */
    struct weir_ledger saved_ledger;
};

static void release_held(struct run *run)
{
    if (run->held != NULL)
        require(batch_sum(run->held) == run->held_sum);
    weir_batch_release(run->held);
    run->held = NULL;
}

static void drain(struct run *run)
{
    struct weir_batch *batch;
    while (run->twin != NULL && (batch = weir_decoder_next(run->twin)) != NULL)
        weir_batch_release(batch);
    while ((batch = weir_decoder_next(run->decoder)) != NULL) {
        check_runs(batch);
        run->row_count += batch->row_count;
        const uint64_t sum = batch_sum(batch);
        if (run->held == NULL || sum % 3 == 0) {
            release_held(run);
            run->held = batch;
            run->held_sum = sum;
        } else {
            weir_batch_release(batch);
        }
    }
    require(ledger_fault(weir_decoder_ledger(run->decoder)) == NULL);
    require(ledger_sessions_fault(run->decoder) == NULL);
}

static void feed(struct run *run, const struct operation *operation)
{
    struct weir_datagram datagram = operation->datagram;
    uint8_t *copy = malloc(datagram.size_bytes + (datagram.size_bytes == 0)); /* of just this size, for the sanitizer */
    require(copy != NULL);
    memcpy(copy, datagram.data, datagram.size_bytes);
    datagram.data = copy;
    weir_decoder_feed(run->decoder, &datagram);
    if (run->twin != NULL)
        weir_decoder_feed(run->twin, &datagram);
    if (operation->flush)
        weir_decoder_flush(run->decoder);
    drain(run);
    free(copy);
}

static uint8_t *save(const struct weir_decoder *decoder, size_t *ret_size)
{
    *ret_size = weir_decoder_save(decoder, NULL, 0);
    uint8_t *data = malloc(*ret_size);
    require(data != NULL && weir_decoder_save(decoder, data, *ret_size) == *ret_size);
    return data;
}

/* The twin has come to the same as the decoder, which was there all the time. */
static void check_twin(struct run *run)
{
    if (run->twin == NULL)
        return;
    size_t size, twin_size;
    uint8_t *data = save(run->decoder, &size), *twin_data = save(run->twin, &twin_size);
    require(size == twin_size && memcmp(data, twin_data, size) == 0);
    require(state_sum(run->twin) == state_sum(run->decoder));
    require(ledger_fault(weir_decoder_ledger(run->twin)) == NULL && ledger_sessions_fault(run->twin) == NULL);
    require(ledger_sums_fault(&run->saved_ledger, weir_decoder_ledger(run->twin), weir_decoder_ledger(run->decoder)) ==
            NULL);
    weir_decoder_free(run->twin);
    run->twin = NULL;
    free(data);
    free(twin_data);
}

/* What one decoder saves, another with the same limits takes whole. */
static void save_and_load(struct run *run)
{
    struct weir_options options = run->options;
    options.event = NULL;
    check_twin(run);
    size_t size;
    uint8_t *data = save(run->decoder, &size);
    struct weir_decoder *paused = weir_decoder_create(&options);
    run->twin = weir_decoder_create(&options);
    require(run->twin != NULL && paused != NULL);
    require(weir_decoder_load(paused, data, size) == WEIR_SAVED_OK);
    require(weir_decoder_ledger(paused)->templates_loaded == weir_decoder_ledger(run->decoder)->templates);
    require(state_sum(paused) == state_sum(run->decoder));
    require(ledger_fault(weir_decoder_ledger(paused)) == NULL && ledger_sessions_fault(paused) == NULL);
    require(weir_decoder_load_where(run->twin, data, size, NULL, NULL) == WEIR_SAVED_OK);
    run->saved_ledger = *weir_decoder_ledger(run->decoder);
    weir_decoder_free(paused);
    free(data);
}

static void take(struct run *run, const struct operation *operation, int64_t now_us)
{
    switch (operation->kind) {
    case OPERATION_DATAGRAM:
        feed(run, operation);
        return;
    case OPERATION_TICK:
        weir_decoder_tick(run->decoder, now_us);
        if (run->twin != NULL)
            weir_decoder_tick(run->twin, now_us);
        break;
    case OPERATION_FINISH:
        weir_decoder_finish(run->decoder);
        if (run->twin != NULL)
            weir_decoder_finish(run->twin);
        break;
    case OPERATION_SAVE:
        save_and_load(run);
    }
    drain(run);
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
    struct operation operation;
    struct run run = {0};
    struct stream stream = stream_begin(data, size, &run.options);
    run.options.event = count_event;
    run.options.context = &told;
    run.decoder = weir_decoder_create(&run.options);
    require(run.decoder != NULL);
    while (stream_next(&stream, &operation))
        take(&run, &operation, stream.now_us);
    take(&run, &(struct operation){.kind = OPERATION_FINISH}, stream.now_us);
    release_held(&run);
    check_twin(&run);
    const struct weir_ledger *ledger = weir_decoder_ledger(run.decoder);
    require(run.row_count == ledger->flows + ledger->options);
    require(ledger->sets_waiting == 0 && ledger->bytes_waiting == 0);
    check_told(&told, ledger);
    weir_decoder_free(run.decoder);
    return 0;
}
