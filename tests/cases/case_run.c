/* SPDX-License-Identifier: MIT */
/*
 * case_run.c - runs a case
 *
 * A record in text: "DATAGRAM TEMPLATE flow|options [late ]NAME=VALUE NAME=VALUE ...", the names the library's,
 * the values as weir_value_json() writes them, a scope field's name ended by "(scope)". Its core columns:
 * "NAME=VALUE NAME=VALUE ...", those that its layout has.
 */
#define _GNU_SOURCE
#include "case_run.h"

#include "case_ledger.h"
#include "guarded.h"

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

static size_t value_room(const struct weir_field *field, const void *value)
{
    if (field->kind == WEIR_KIND_VARIABLE || field->kind == WEIR_KIND_JSON)
        return WEIR_VALUE_JSON_SIZE(((const struct weir_octets *)value)->size_bytes);
    return WEIR_VALUE_JSON_SIZE(field->width_bytes);
}

static void put_record(struct run *run, FILE *out, const struct weir_batch *batch, const struct weir_run *from,
                       uint32_t row)
{
    const struct weir_layout *layout = batch->layout;
    fprintf(out, "%" PRIu64 " %u %s%s", from->datagram, from->template_id, layout->options ? "options" : "flow",
            from->late ? " late" : "");
    for (uint32_t i = 0; i < layout->field_count; i++) {
        const struct weir_field *field = &layout->fields[i];
        const uint8_t *column = batch->columns[i];
        const void *value = column == NULL ? NULL : column + (size_t)row * field->width_bytes;
        const size_t room = value_room(field, value);
        char *text = malloc(room);
        if (text == NULL)
            abort();
        const size_t length = weir_value_json(field, value, text);
        if (length > room || (column == NULL) != (field->kind == WEIR_KIND_NULL))
            run->fault = "a value that is not as promised";
        fprintf(out, " %s%s=%.*s", field->name, field->scope ? "(scope)" : "", (int)length, text);
        free(text);
    }
}

/* What a core column would be as a field. */
static struct weir_field core_field(const struct weir_layout *layout, const struct weir_core_column *column)
{
    if (column->how == WEIR_CORE_FIELD)
        return layout->fields[column->column];
    const uint8_t type = column->kind == WEIR_KIND_IPV6 ? WEIR_TYPE_IPV6_ADDRESS : WEIR_TYPE_UNSIGNED64;
    return (struct weir_field){.width_bytes = column->width_bytes, .kind = column->kind, .type = type};
}

static void put_core(struct run *run, FILE *out, const struct weir_batch *batch, uint32_t row)
{
    const struct weir_layout *layout = batch->layout;
    if ((layout->core == NULL) != layout->options)
        run->fault = "core columns of options, or none of flows";
    for (int i = 0; i < WEIR_CORE_COUNT && layout->core != NULL; i++) {
        const struct weir_core_column *column = &layout->core[i];
        if (column->how == WEIR_CORE_ABSENT)
            continue;
        fprintf(out, " %s=", weir_core_name((enum weir_core)i));
        if (column->how == WEIR_CORE_CONSTANT) {
            fprintf(out, "%" PRIu32, column->value);
            continue;
        }
        if (column->column >= layout->field_count + layout->computed_count) {
            run->fault = "a core column that there is not";
            return;
        }
        const struct weir_field field = core_field(layout, column);
        const void *value = (const uint8_t *)batch->columns[column->column] + (size_t)row * column->width_bytes;
        char *text = malloc(value_room(&field, value));
        if (text == NULL)
            abort();
        fprintf(out, "%.*s", (int)weir_value_json(&field, value, text), text);
        free(text);
    }
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
    put_record(run, out, batch, from, row);
    fclose(out);
    out = open_memstream(&record->text.core, &size);
    put_core(run, out, batch, row);
    fclose(out);
}

static void touch_record(struct run *run, const struct weir_batch *batch, const struct weir_run *from, uint32_t row)
{
    static char nothing[65536];
    FILE *out = fmemopen(nothing, sizeof nothing, "w");
    put_record(run, out, batch, from, row);
    put_core(run, out, batch, row);
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
