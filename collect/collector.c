/* SPDX-License-Identifier: MIT */
/*
 * collector.c - feeds the decoder and empties it into the sinks
 */
#define _GNU_SOURCE
#include "collector.h"

#include "debug_log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void on_event(void *context, const struct weir_event *event)
{
    debug_log_event(context, event);
}

int collector_init(struct collector *collector, const struct weir_options *given, FILE *debug,
                   struct sink_error *error)
{
    *collector = (struct collector){0};
    struct weir_options options;
    weir_options_init(&options);
    if (given != NULL)
        options = *given;
    if (getrandom(&options.seed, sizeof options.seed, GRND_NONBLOCK) < 0)
        options.seed = (uint64_t)(uintptr_t)&options;
    if (debug != NULL) {
        collector->debug = debug_log_create(debug);
        options.event = collector->debug == NULL ? NULL : on_event;
        options.context = collector->debug;
    }
    collector->decoder = weir_decoder_create(&options);
    if (collector->decoder == NULL || (debug != NULL && collector->debug == NULL)) {
        collector_done(collector);
        snprintf(error->text, sizeof error->text, "not enough memory to start");
        return -1;
    }
    return 0;
}

void collector_done(struct collector *collector)
{
    weir_decoder_free(collector->decoder);
    debug_log_free(collector->debug);
    *collector = (struct collector){0};
}

void collector_add(struct collector *collector, struct sink *sink)
{
    collector->sinks[collector->sink_count++] = sink;
    if (sink->class->per_datagram)
        collector->per_datagram = true;
    if (sink->class->raw != NULL)
        collector->raw = true;
}

/* Hands on what the decoder has ready. All batches are taken even after a sink has failed. */
static int drain(struct collector *collector, struct sink_error *error)
{
    int result = 0;
    for (struct weir_batch *batch; (batch = weir_decoder_next(collector->decoder)) != NULL;
         weir_batch_release(batch)) {
        if (collector->debug != NULL && batch->layout->options)
            debug_log_options(collector->debug, batch);
        for (size_t i = 0; i < collector->sink_count && result == 0; i++) {
            struct sink *sink = collector->sinks[i];
            if (sink->class->batch != NULL)
                result = sink->class->batch(sink, batch, error);
        }
    }
    return result;
}

static int rotate(struct collector *collector, int64_t now_us, struct sink_error *error)
{
    collector->rotate_next_us = (now_us / collector->rotate_us + 1) * collector->rotate_us;
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink *sink = collector->sinks[i];
        if (sink->class->rotate != NULL && sink->class->rotate(sink, now_us, error) != 0)
            return -1;
    }
    return 0;
}

void collector_rotate_each(struct collector *collector, int64_t duration_us, int64_t now_us)
{
    collector->rotate_us = duration_us;
    if (duration_us == 0)
        return;
    collector->rotate_next_us = now_us < 0 ? INT64_MIN : (now_us / duration_us + 1) * duration_us;
}

/* To sinks that want datagrams as they came. */
static int hand_on(struct collector *collector, const struct weir_datagram *datagram, struct sink_error *error)
{
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink *sink = collector->sinks[i];
        if (sink->class->raw != NULL &&
            (sink->class->raw(sink, datagram, error) != 0 || sink->class->raw_end(sink, error) != 0))
            return -1;
    }
    return 0;
}

int collector_feed(struct collector *collector, const struct weir_datagram *datagram, struct sink_error *error)
{
    if (collector->rotate_us > 0 && datagram->received_us >= collector->rotate_next_us &&
        rotate(collector, datagram->received_us, error) != 0)
        return -1;
    if (collector->raw && hand_on(collector, datagram, error) != 0)
        return -1;
    if (collector->debug != NULL)
        debug_log_received(collector->debug, datagram, weir_decoder_ledger(collector->decoder));
    const int refused = weir_decoder_feed(collector->decoder, datagram);
    if (collector->per_datagram || collector->debug != NULL)
        weir_decoder_flush(collector->decoder);
    if (drain(collector, error) != 0)
        return -1;
    if (collector->debug != NULL && refused == 0)
        debug_log_processed(collector->debug, weir_decoder_ledger(collector->decoder));
    for (size_t i = 0; i < collector->sink_count && collector->per_datagram && refused == 0; i++) {
        struct sink *sink = collector->sinks[i];
        if (sink->class->datagram != NULL && sink->class->datagram(sink, datagram, error) != 0)
            return -1;
    }
    return 0;
}

void collector_learn(struct collector *collector, const struct weir_datagram *datagram)
{
    weir_decoder_feed(collector->decoder, datagram);
    weir_decoder_flush(collector->decoder);
    for (struct weir_batch *batch; (batch = weir_decoder_next(collector->decoder)) != NULL;)
        weir_batch_release(batch);
}

/* Where the clock was set back, the file that is being written would go on for as long: it ends with the time that is
 * now. Datagrams do not tell that, as those of a capture may be out of order. */
static void follow_clock(struct collector *collector, int64_t now_us)
{
    if (collector->rotate_us > 0 && now_us + collector->rotate_us < collector->rotate_next_us)
        collector_rotate_each(collector, collector->rotate_us, now_us);
}

int collector_tick(struct collector *collector, int64_t now_us, struct sink_error *error)
{
    follow_clock(collector, now_us);
    if (collector->rotate_us > 0 && now_us >= collector->rotate_next_us && rotate(collector, now_us, error) != 0)
        return -1;
    weir_decoder_tick(collector->decoder, now_us);
    weir_decoder_flush(collector->decoder);
    if (drain(collector, error) != 0)
        return -1;
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink *sink = collector->sinks[i];
        if (sink->class->tick != NULL && sink->class->tick(sink, now_us, error) != 0)
            return -1;
    }
    return 0;
}

void collector_reopen(struct collector *collector, void (*tell)(void *context, const char *text), void *context)
{
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink *sink = collector->sinks[i];
        struct sink_error error;
        if (sink->class->reopen != NULL && sink->class->reopen(sink, &error) != 0)
            tell(context, error.text);
    }
}

int collector_finish(struct collector *collector, struct sink_error *error)
{
    weir_decoder_finish(collector->decoder);
    return drain(collector, error);
}

int collector_close(struct collector *collector, struct sink_error *error)
{
    int result = 0;
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink_error ignored;
        if (collector->sinks[i]->class->close(collector->sinks[i], result == 0 ? error : &ignored) != 0)
            result = -1;
    }
    collector->sink_count = 0;
    return result;
}
