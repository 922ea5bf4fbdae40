/* SPDX-License-Identifier: MIT */
/*
 * decoder.c - the library's front: makes decoders, takes datagrams, gives batches
 */
#include "decoder.h"

#include "element.h"
#include "limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Times beyond this, 70,000 years from 1970, are no times; it keeps differences within 64 bits. */
#define TIME_MAX_US (INT64_MAX / 4)

const char *weir_version(void)
{
    return WEIR_VERSION;
}

void weir_options_init(struct weir_options *options)
{
    *options = (struct weir_options){
        .batch_rows = DEFAULT_BATCH_ROWS,
        .batch_count = DEFAULT_BATCH_COUNT,
        .batch_bytes = DEFAULT_BATCH_BYTES,
        .waiting_bytes = DEFAULT_WAITING_BYTES,
        .waiting_session_bytes = DEFAULT_WAITING_SESSION_BYTES,
        .waiting_us = DEFAULT_WAITING_US,
        .template_lifetime_us = DEFAULT_TEMPLATE_LIFETIME_US,
        .sessions_max = DEFAULT_SESSIONS,
        .templates_session_max = DEFAULT_TEMPLATES_SESSION,
        .templates_max = DEFAULT_TEMPLATES,
        .core = true,
    };
}

static bool options_are_sound(const struct weir_options *options)
{
    return options->batch_rows >= 1 && options->batch_rows <= LIMIT_BATCH_ROWS && options->batch_count >= 2 &&
           options->batch_bytes >= LIMIT_BATCH_BYTES_MIN && options->batch_bytes <= UINT32_MAX &&
           batch_run_bytes(options->batch_rows) <= options->batch_bytes / 8 * 3 && options->sessions_max >= 1 &&
           options->templates_max >= 1 && options->templates_max <= UINT32_MAX - FIXED_COUNT &&
           options->templates_session_max >= 1 && options->waiting_us >= 0 && options->waiting_us <= TIME_MAX_US &&
           options->template_lifetime_us >= 0 && options->template_lifetime_us <= TIME_MAX_US;
}

struct weir_decoder *weir_decoder_create(const struct weir_options *given)
{
    struct weir_options options;
    weir_options_init(&options);
    if (given != NULL)
        options = *given;
    if (!options_are_sound(&options))
        return NULL;
    struct weir_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL)
        return NULL;
    const struct layout_core core = {.wanted = options.core, .sampling_rate = options.sampling_rate};
    const uint32_t layouts_max = options.templates_max + FIXED_COUNT;
    decoder->options = options;
    decoder->taught.seed = options.seed;
    lifetime_init(&decoder->lifetime, options.template_lifetime_us);
    decoder->waiting.bytes_max = options.waiting_bytes;
    decoder->waiting.session_bytes_max = options.waiting_session_bytes;
    if (walk_init(&decoder->walked) != 0 || lists_init(&decoder->lists) != 0 ||
        layout_table_init(&decoder->layouts, layouts_max, options.seed, core, &decoder->taught) != 0 ||
        batch_pool_init(&decoder->batches, options.batch_count, options.batch_bytes, options.batch_rows,
                        &decoder->layouts) != 0 ||
        session_table_init(&decoder->sessions, options.sessions_max, options.seed) != 0 ||
        state_table_init(&decoder->states, &decoder->sessions.peers, options.seed) != 0) {
        weir_decoder_free(decoder);
        return NULL;
    }
    decoder->layouts.count_max = options.templates_max; /* fixed.c adds what it needs */
    return decoder;
}

void weir_decoder_free(struct weir_decoder *decoder)
{
    if (decoder == NULL)
        return;
    for (struct waiting_set *set = decoder->replay.first, *next; set != NULL; set = next) {
        next = set->next;
        free(set);
    }
    free(decoder->replay.current);
    walk_done(&decoder->walked);
    lists_done(&decoder->lists);
    taught_done(&decoder->taught);
    waiting_done(&decoder->waiting);
    state_table_done(&decoder->states);
    session_table_done(&decoder->sessions);
    batch_pool_done(&decoder->batches);
    layout_table_done(&decoder->layouts);
    free(decoder);
}

int weir_decoder_add_element(struct weir_decoder *decoder, uint32_t pen, uint16_t id, const char *name,
                             enum weir_type type)
{
    const struct weir_element element = {
        .pen = pen, .id = id, .type = (uint8_t)type, .name = name, .semantics = "", .units = ""};
    const size_t name_bytes = strlen(name);
    if (!element_is_name(name, name_bytes))
        return WEIR_ELEMENT_NAME;
    if ((unsigned)type >= WEIR_TYPE_COUNT)
        return WEIR_ELEMENT_TYPE;
    if (pen == WEIR_PEN_REVERSE || pen >= WEIR_PEN_V9_SCOPE || (pen != WEIR_PEN_IANA && id > INT16_MAX))
        return WEIR_ELEMENT_NUMBER;
    switch (taught_add(&decoder->taught, &element, name_bytes, true)) {
    case TAUGHT:
        return WEIR_ELEMENT_ADDED;
    case TAUGHT_KNOWN:
        return WEIR_ELEMENT_TWICE;
    case TAUGHT_FULL:
        return WEIR_ELEMENT_FULL;
    default:
        return WEIR_ELEMENT_MEMORY;
    }
}

void decoder_tell(struct weir_decoder *decoder, enum weir_event_kind kind, const struct weir_run *run,
                  uint16_t template_id, const struct layout *layout, uint32_t count)
{
    if (decoder->options.event == NULL)
        return;
    const struct weir_event event = {
        .kind = kind,
        .reason = WEIR_REASON_COUNT,
        .exporter = run->exporter,
        .exporter_port = run->exporter_port,
        .template_id = template_id,
        .version = run->version,
        .domain = run->domain,
        .count = count,
        .datagram = run->datagram,
        .layout = layout == NULL ? NULL : &layout->view,
    };
    decoder->options.event(decoder->options.context, &event);
}

void decoder_refuse(struct weir_decoder *decoder, enum weir_event_kind kind, enum weir_reason reason,
                    const struct weir_run *run, uint16_t template_id)
{
    decoder->ledger.reasons[reason]++;
    account_reason(decoder, reason);
    if (decoder->options.event == NULL)
        return;
    const struct weir_event event = {
        .kind = kind,
        .reason = reason,
        .exporter = run->exporter,
        .exporter_port = run->exporter_port,
        .template_id = template_id,
        .version = run->version,
        .domain = run->domain,
        .datagram = run->datagram,
    };
    decoder->options.event(decoder->options.context, &event);
}

/* Rows that find no batch stay where they are: what comes behind them has to wait. */
static bool step(struct weir_decoder *decoder)
{
    if (decoder->rows.left_bytes > 0)
        return data_set_rows_step(decoder);
    if (data_set_replay_step(decoder))
        return true;
    account_turn_to(decoder, decoder->message.active ? decoder->message.session : decoder->book.session);
    return message_step(decoder);
}

struct weir_batch *weir_decoder_next(struct weir_decoder *decoder)
{
    for (;;) {
        struct batch *batch = batch_take(&decoder->batches);
        if (batch != NULL)
            return &batch->view;
        if (step(decoder))
            continue;
        if (!decoder->flush_wanted || decoder->rows.left_bytes > 0)
            return NULL;
        decoder->flush_wanted = false;
        batch_close_all(&decoder->batches);
    }
}

int weir_decoder_feed(struct weir_decoder *decoder, const struct weir_datagram *datagram)
{
    assert(!decoder->message.active && decoder->rows.left_bytes == 0);
    weir_decoder_tick(decoder, datagram->received_us);
    return message_begin(decoder, datagram);
}

/* What is fed but not decoded yet belongs to it as well: weir_decoder_next() closes the batches when it has got
 * that far. */
void weir_decoder_flush(struct weir_decoder *decoder)
{
    decoder->flush_wanted = true;
}

void weir_decoder_tick(struct weir_decoder *decoder, int64_t now_us)
{
    const int64_t waiting_us = decoder->options.waiting_us;
    if (now_us > TIME_MAX_US || now_us < -TIME_MAX_US)
        return;
    if (now_us <= decoder->now_us) {
        if (decoder->now_us - now_us <= waiting_us)
            return;
        waiting_rewind(&decoder->waiting, now_us); /* the clock was set back: count from here */
        lifetime_rewind(&decoder->lifetime);
    }
    decoder->now_us = now_us;
    if (decoder->rows.left_bytes == 0)
        lifetime_tick(decoder);
    if (decoder->waiting.first != NULL)
        data_set_expire(decoder, now_us - waiting_us);
}

void weir_decoder_finish(struct weir_decoder *decoder)
{
    data_set_expire(decoder, INT64_MAX);
    weir_decoder_flush(decoder);
}

const struct weir_ledger *weir_decoder_ledger(const struct weir_decoder *decoder)
{
    return &decoder->ledger;
}
