/* SPDX-License-Identifier: MIT */
/*
 * data_set.c - data sets: into the batch of their layout, or into the waiting area
 *
 * Records stand back to back; what is left behind the last whole one is padding (RFC 3954 section 5.3, RFC 7011
 * section 3.3.1).
 */
#include "core.h"
#include "decoder.h"
#include "type_information.h"

#include <stdlib.h>

static void count_records(struct weir_decoder *decoder, const struct layout *layout, const struct weir_run *run,
                          uint32_t record_count)
{
    if (layout->view.options)
        decoder->ledger.options += record_count;
    else
        decoder->ledger.flows += record_count;
    if (!run->late) {
        decoder->message.record_count += record_count;
        decoder->message.data_count += record_count;
        decoder->message.flow_count += layout->view.options ? 0 : record_count;
    }
}

bool data_set_begin_rows(struct weir_decoder *decoder, struct layout *layout, const struct weir_run *run,
                         const uint8_t *data, size_t size_bytes)
{
    if (layout->view.variable_count == 0) {
        const uint32_t record_count = (uint32_t)(size_bytes / layout->view.record_bytes);
        size_bytes = (size_t)record_count * layout->view.record_bytes;
        count_records(decoder, layout, run, record_count);
    } else {
        walk_records(&decoder->walked, layout, data, size_bytes, 1, UINT32_MAX);
        if (decoder->walked.record_count == 0)
            size_bytes = 0;
    }
    decoder->rows = (struct rows){.records = data, .left_bytes = size_bytes, .layout = layout, .run = *run};
    layout->reference_count += size_bytes > 0; /* the user may let the time pass before all are moved */
    return size_bytes > 0;
}

static void rows_advance(struct rows *rows, size_t size_bytes)
{
    rows->records += size_bytes;
    rows->left_bytes -= size_bytes;
}

static void append_fixed(struct rows *rows, struct batch *batch)
{
    const uint32_t record_bytes = rows->layout->view.record_bytes;
    const uint32_t left = (uint32_t)(rows->left_bytes / record_bytes), room = batch_room(batch);
    const uint32_t row_count = left < room ? left : room;
    batch_append(batch, &rows->run, rows->records, row_count);
    rows_advance(rows, (size_t)row_count * record_bytes);
}

/* As many records as are walked over at once and have room in the batch and its heap. */
static void append_variable(struct weir_decoder *decoder, struct batch *batch)
{
    struct rows *rows = &decoder->rows;
    struct walked *walked = &decoder->walked;
    enum walk_end end = walk_records(walked, rows->layout, rows->records, rows->left_bytes, batch_room(batch),
                                     batch_heap_room(batch));
    if (rows->layout->view.list_count > 0 && !lists_write(decoder, batch_heap_room(batch)))
        end = WALK_MORE;
    if (walked->record_count > 0) {
        batch_append_walked(batch, &rows->run, rows->records, walked, decoder->lists.texts);
        count_records(decoder, rows->layout, &rows->run, walked->record_count);
        rows_advance(rows, walked->size_bytes);
    } else if (end == WALK_MORE) {
        batch_close(batch); /* the heap is full */
    }
    if (end == WALK_OVERRUN) {
        decoder_refuse(decoder, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_RECORD_OVERRUN, &rows->run, rows->run.template_id);
        decoder->message.count_known = decoder->message.count_known && rows->run.late;
    }
    if (end != WALK_MORE)
        rows->left_bytes = 0;
}

bool data_set_rows_step(struct weir_decoder *decoder)
{
    struct rows *rows = &decoder->rows;
    struct batch *batch = batch_open(&decoder->batches, rows->layout);
    if (batch == NULL)
        return decoder->batches.ready.first != NULL;
    const uint32_t first_row = batch->view.row_count;
    if (rows->layout->view.variable_count == 0)
        append_fixed(rows, batch);
    else
        append_variable(decoder, batch);
    if (rows->layout->core_operation_count > 0 && batch->view.row_count > first_row)
        core_fill(decoder, batch, first_row, batch->view.row_count - first_row);
    if (rows->layout->view.options && batch->view.row_count > first_row)
        state_take_rows(decoder, batch, &rows->run, first_row, batch->view.row_count - first_row);
    if (rows->layout->teaches)
        type_information_take(decoder, batch, &rows->run, first_row);
    /* Full; or nothing came: what was left turned out to be padding, or runs over the end. */
    if (rows->layout->open == batch && (batch_is_full(batch) || batch->view.row_count == 0))
        batch_close(batch);
    if (rows->left_bytes == 0)
        layout_unref(&decoder->layouts, rows->layout);
    return true;
}

static void wait_for_template(struct weir_decoder *decoder, struct wire set, uint16_t id)
{
    struct message *message = &decoder->message;
    struct weir_ledger *ledger = &decoder->ledger;
    message->count_known = false;
    if (!eviction_for_waiting(decoder, message->session, wire_left(&set)) ||
        waiting_add(&decoder->waiting, message->session, &message->run, set.at, wire_left(&set), decoder->now_us) ==
            NULL) {
        ledger->sets_skipped++;
        decoder_refuse(decoder, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_WAITING_FULL, &message->run, id);
        return;
    }
    ledger->sets_waited++;
    ledger->sets_waiting = decoder->waiting.count;
    ledger->bytes_waiting = decoder->waiting.bytes;
    decoder_tell(decoder, WEIR_EVENT_SET_WAITING, &message->run, id, NULL, 1);
}

/* An exporter that went from NetFlow v9 to IPFIX, or back, gives its templates IDs anew. */
static bool serves(const struct template_entry *entry, const struct weir_run *run)
{
    return entry->layout != NULL && entry->layout->view.version == run->version;
}

void data_set_take(struct weir_decoder *decoder, struct wire set, uint16_t id)
{
    struct message *message = &decoder->message;
    message->run.template_id = id;
    struct template_entry *entry = session_template(message->session, id);
    if (entry != NULL && entry->layout != NULL && lifetime_is_over(&decoder->lifetime, entry, decoder->now_us))
        lifetime_end(decoder, message->session, entry);
    if (entry == NULL || !serves(entry, &message->run)) {
        wait_for_template(decoder, set, id);
        return;
    }
    if (!data_set_begin_rows(decoder, entry->layout, &message->run, set.at, wire_left(&set))) {
        decoder->ledger.sets_skipped++;
        message->count_known = false;
        decoder_refuse(decoder, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_SET_WITHOUT_RECORD, &message->run, id);
        return;
    }
    decoder->ledger.sets_data++;
}

/* Moves a set from the waiting area to the end of the replay list. */
static void replay(struct weir_decoder *decoder, struct waiting_set *set, struct layout *layout)
{
    waiting_remove(&decoder->waiting, set);
    set->layout = layout;
    layout->reference_count++;
    if (decoder->replay.last != NULL)
        decoder->replay.last->next = set;
    else
        decoder->replay.first = set;
    decoder->replay.last = set;
}

static void give_up(struct weir_decoder *decoder, const struct weir_run *run, enum weir_reason reason)
{
    decoder->ledger.sets_given_up++;
    decoder_refuse(decoder, WEIR_EVENT_SET_GIVEN_UP, reason, run, run->template_id);
}

static void update_ledger(struct weir_decoder *decoder)
{
    decoder->ledger.sets_waiting = decoder->waiting.count;
    decoder->ledger.bytes_waiting = decoder->waiting.bytes;
}

void data_set_wait_on(struct weir_decoder *decoder, struct session *session, const struct weir_run *run,
                      const uint8_t *data, size_t size_bytes, int64_t arrived_us)
{
    account_turn_to(decoder, session);
    decoder->ledger.sets_loaded++;
    if (session == NULL)
        give_up(decoder, run, WEIR_REASON_SESSION_EVICTED);
    else if (!eviction_for_waiting(decoder, session, size_bytes) ||
             waiting_add(&decoder->waiting, session, run, data, size_bytes, arrived_us) == NULL)
        give_up(decoder, run, WEIR_REASON_WAITING_FULL);
    update_ledger(decoder);
}

void data_set_template_came(struct weir_decoder *decoder, struct session *session, uint16_t id)
{
    const struct template_entry *entry = session_template(session, id);
    for (struct waiting_set *set = session->waiting_first, *next; set != NULL; set = next) {
        next = set->session_next;
        if (set->run.template_id == id && serves(entry, &set->run))
            replay(decoder, set, entry->layout);
    }
    update_ledger(decoder);
}

/* The template of another port of the exporter, kept for what comes after, or the session's own one. */
static struct layout *take_over(struct weir_decoder *decoder, struct session *session, const struct weir_run *run)
{
    const uint16_t id = run->template_id;
    const struct template_entry *own = session_template(session, id);
    struct layout *layout = sharing_find(decoder, session, id, run->version);
    if (layout == NULL || (own != NULL && own->layout != NULL && !own->shared))
        return NULL;
    if (!eviction_has_place(decoder, session, id))
        return NULL;
    struct template_entry *entry =
        session_template_add(&decoder->sessions, session, id, decoder->options.templates_session_max);
    if (entry == NULL)
        return NULL;
    layout->reference_count++;
    sharing_set_entry(decoder, session, entry, layout, true);
    decoder_tell(decoder, WEIR_EVENT_TEMPLATE_SHARED, run, id, layout, 0);
    return layout;
}

void data_set_expire(struct weir_decoder *decoder, int64_t before_us)
{
    struct waiting_set *set;
    while ((set = decoder->waiting.first) != NULL && set->arrived_us < before_us) {
        struct session *session = set->session;
        const uint16_t id = set->run.template_id;
        account_turn_to(decoder, session);
        if (take_over(decoder, session, &set->run) != NULL) {
            data_set_template_came(decoder, session, id);
            continue;
        }
        give_up(decoder, &set->run, WEIR_REASON_WAITING_EXPIRED);
        waiting_remove(&decoder->waiting, set);
        free(set);
    }
    update_ledger(decoder);
}

static void end_replay(struct weir_decoder *decoder)
{
    struct waiting_set *set = decoder->replay.current;
    decoder->replay.current = NULL;
    layout_unref(&decoder->layouts, set->layout);
    free(set);
}

bool data_set_replay_step(struct weir_decoder *decoder)
{
    struct replay *list = &decoder->replay;
    if (list->current != NULL)
        end_replay(decoder);
    struct waiting_set *set = list->first;
    if (set == NULL)
        return false;
    list->first = set->next;
    if (list->first == NULL)
        list->last = NULL;
    list->current = set;
    set->run.late = true;
    account_turn_to_run(decoder, &set->run);
    if (data_set_begin_rows(decoder, set->layout, &set->run, set->data, set->size_bytes))
        decoder->ledger.sets_late++;
    else
        give_up(decoder, &set->run, WEIR_REASON_SET_WITHOUT_RECORD);
    return true;
}
