/* SPDX-License-Identifier: MIT */
/*
 * case_run.c - runs a case
 *
 * A record in text is "DATAGRAM " and what row_text.h tells.
 */
#define _GNU_SOURCE
#include "case_run.h"

#include "case_ledger.h"
#include "guarded.h"
#include "row_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changed input is run thousands of times: the tables of a decoder for more templates would cost most of it. */
enum { TEMPLATES_MAX = 250 };

struct record {
    struct record_text text;
    uint64_t datagram;
    uint16_t template_id;
    size_t order;
};

struct run {
    struct weir_decoder *decoder;
    const struct way *way;
    bool keep_records;
    struct record *records;
    size_t record_count;
    uint64_t row_count;
    const char *fault;
};

static void keep_fault(struct run *run, const char *fault)
{
    if (fault != NULL)
        run->fault = fault;
}

static void add_record(struct run *run, const struct weir_batch *batch, const struct weir_run *from, uint32_t row)
{
    struct record *grown = realloc(run->records, (run->record_count + 1) * sizeof *grown);
    if (grown == NULL)
        abort();
    run->records = grown;
    struct record *record = &grown[run->record_count];
    *record = (struct record){
        .datagram = from->datagram, .template_id = from->template_id, .order = run->record_count++};
    size_t size;
    FILE *out = open_memstream(&record->text.text, &size);
    keep_fault(run, row_put_fields(out, batch, from, row));
    fclose(out);
    out = open_memstream(&record->text.core, &size);
    keep_fault(run, row_put_core(out, batch, row));
    fclose(out);
}

static void touch_record(struct run *run, const struct weir_batch *batch, const struct weir_run *from, uint32_t row)
{
    static char nothing[65536];
    FILE *out = fmemopen(nothing, sizeof nothing, "w");
    keep_fault(run, row_put_fields(out, batch, from, row));
    keep_fault(run, row_put_core(out, batch, row));
    fclose(out);
}

static void take_batch(struct run *run, const struct weir_batch *batch)
{
    uint32_t next_row = 0;
    for (uint32_t i = 0; i < batch->run_count; i++) {
        const struct weir_run *from = &batch->runs[i];
        if (from->first_row != next_row || from->row_count == 0)
            run->fault = "runs with gaps";
        next_row += from->row_count;
        for (uint32_t row = from->first_row; row < next_row; row++) {
            if (run->keep_records)
                add_record(run, batch, from, row);
            else if (run->row_count < 4096 || row % 64 == 0)
                touch_record(run, batch, from, row);
            run->row_count++;
        }
    }
    if (next_row != batch->row_count || batch->row_count == 0)
        run->fault = "runs that are not the rows";
}

static void drain(struct run *run)
{
    struct weir_batch *batch;
    while ((batch = weir_decoder_next(run->decoder)) != NULL) {
        take_batch(run, batch);
        weir_batch_release(batch);
    }
    const char *fault = ledger_fault(weir_decoder_ledger(run->decoder));
    if (fault == NULL)
        fault = ledger_sessions_fault(run->decoder);
    if (fault != NULL)
        run->fault = fault;
}

static void feed(struct run *run, const struct action *action, const struct change *change)
{
    struct weir_datagram datagram = action->datagram;
    uint8_t *copy = malloc(datagram.size_bytes + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, datagram.data, datagram.size_bytes);
    if (change != NULL) {
        if (change->flip != 0)
            copy[change->flip_at] ^= change->flip;
        if (change->size_bytes < datagram.size_bytes)
            datagram.size_bytes = change->size_bytes;
    }
    struct guarded guarded = guarded_create(datagram.size_bytes);
    datagram.data = run->way->placing == PLACE_AT_END     ? guarded_at_end(&guarded, copy, datagram.size_bytes)
                    : run->way->placing == PLACE_AT_BEGIN ? guarded_at_begin(&guarded, copy, datagram.size_bytes)
                                                          : copy;
    weir_decoder_feed(run->decoder, &datagram);
    if (!run->way->flush_late)
        weir_decoder_flush(run->decoder);
    drain(run);
    guarded_free(&guarded);
    free(copy);
}

static int compare_records(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    if (left->datagram != right->datagram)
        return left->datagram < right->datagram ? -1 : 1;
    if (left->template_id != right->template_id)
        return left->template_id < right->template_id ? -1 : 1;
    return left->order < right->order ? -1 : 1;
}

static void act(struct run *run, const struct case_file *test_case)
{
    for (size_t i = 0; i < test_case->action_count; i++) {
        const struct action *action = &test_case->actions[i];
        if (action->kind == ACTION_DATAGRAM) {
            feed(run, action, run->way->change.action == i ? &run->way->change : NULL);
            continue;
        }
        if (action->kind == ACTION_TICK)
            weir_decoder_tick(run->decoder, action->now_us);
        else
            weir_decoder_finish(run->decoder);
        weir_decoder_flush(run->decoder);
        drain(run);
    }
    weir_decoder_flush(run->decoder);
    drain(run);
}

void case_run(const struct case_file *test_case, const struct way *way, bool keep_records, struct outcome *ret_outcome)
{
    struct weir_options options = test_case->options;
    if (way->batch_rows != 0)
        options.batch_rows = way->batch_rows;
    if (!keep_records && options.templates_max > TEMPLATES_MAX)
        options.templates_max = TEMPLATES_MAX;
    options.batch_count = way->batch_count != 0 ? way->batch_count : 4;
    struct run run = {.decoder = weir_decoder_create(&options), .way = way, .keep_records = keep_records};
    if (run.decoder == NULL)
        abort();
    for (size_t i = 0; i < test_case->element_count; i++) {
        const struct added_element *element = &test_case->elements[i];
        if (weir_decoder_add_element(run.decoder, element->pen, element->id, element->name, element->type) != 0)
            run.fault = "an element that cannot be added";
    }
    act(&run, test_case);
    *ret_outcome = (struct outcome){.ledger = *weir_decoder_ledger(run.decoder), .fault = run.fault};
    if (run.fault == NULL && run.row_count != ret_outcome->ledger.flows + ret_outcome->ledger.options)
        ret_outcome->fault = "the rows are not the flows and options of the ledger";
    weir_decoder_free(run.decoder);
    if (run.record_count > 0)
        qsort(run.records, run.record_count, sizeof *run.records, compare_records);
    ret_outcome->records = calloc(run.record_count + 1, sizeof *ret_outcome->records);
    for (size_t i = 0; i < run.record_count; i++)
        ret_outcome->records[ret_outcome->record_count++] = run.records[i].text;
    free(run.records);
}

void outcome_done(struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->record_count; i++) {
        free(outcome->records[i].text);
        free(outcome->records[i].core);
    }
    free(outcome->records);
    *outcome = (struct outcome){0};
}
