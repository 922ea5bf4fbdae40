/* SPDX-License-Identifier: MIT */
/*
 * run_snapshots.c - what a decoder saves at any point, another goes on with as if there had been no other; prints TAP
 *
 *     run_snapshots FOLDER|FILE...   cases, captures and IPFIX files; folders with all that is in them, file by file
 *
 * A file is played to one decoder. Before each step, or some of those of a long one, it is saved, and another one takes
 * that and the rest of the file. It must give out the same rows at the same steps, with their core columns and what
 * the headers said; both ledgers must add up to what one decoder counts; and at the end it must save just the same
 * octets.
 */
#define _GNU_SOURCE
#include "case_file.h"
#include "case_ledger.h"
#include "file_walk.h"
#include "guarded.h"
#include "row_text.h"
#include "tape.h"

#include <inttypes.h>

enum { TEMPLATES_MAX = 1000, EVERY_STEP_TO = 60, CUTS_OF_LONG = 25 };

static unsigned test_count, fail_count;
static uint64_t late_row_count, loaded_set_count, found_count, cut_count;

static void report(const char *fault, const char *name)
{
    printf("%sok %u - %s\n", fault == NULL ? "" : "not ", ++test_count, name);
    if (fault != NULL)
        printf("#   %s\n", fault);
    fail_count += fault != NULL;
}

/* ----------------------------------------------------------------------------------------------------- playing */

struct script {
    struct weir_options options;
    const struct action *steps;
    size_t step_count;
    const struct added_element *elements;
    size_t element_count;
};

/* Rows as text, one behind the other, and where those of each step end. */
struct rows {
    char *text;
    size_t size;
    size_t *ends;
};

struct player {
    struct weir_decoder *decoder;
    const struct script *script;
    uint64_t first_datagram; /* the number that the decoder calls 0 */
    FILE *out;
    struct rows rows;
    const char *fault;
};

static struct weir_decoder *make_decoder(const struct script *script)
{
    struct weir_decoder *decoder = must(weir_decoder_create(&script->options));
    for (size_t i = 0; i < script->element_count; i++) {
        const struct added_element *element = &script->elements[i];
        weir_decoder_add_element(decoder, element->pen, element->id, element->name, element->type);
    }
    return decoder;
}

static struct player player_create(const struct script *script, uint64_t first_datagram)
{
    return (struct player){.script = script,
                           .first_datagram = first_datagram,
                           .decoder = make_decoder(script),
                           .rows.ends = must(calloc(script->step_count + 1, sizeof(size_t)))};
}

static void player_open(struct player *player)
{
    player->out = must(open_memstream(&player->rows.text, &player->rows.size));
}

static void player_done(struct player *player)
{
    fclose(player->out);
    weir_decoder_free(player->decoder);
    free(player->rows.text);
    free(player->rows.ends);
}

static void put_row(struct player *player, const struct weir_batch *batch, const struct weir_run *run, uint32_t row)
{
    char exporter[WEIR_ADDRESS_TEXT_SIZE];
    struct weir_run numbered = *run;
    numbered.datagram += player->first_datagram;
    weir_address_text(&run->exporter, exporter);
    const char *fault = row_put_fields(player->out, batch, &numbered, row);
    if (fault == NULL)
        fault = row_put_core(player->out, batch, row);
    fprintf(player->out, " | %s %u %u %u %" PRId64 " %u.%u %u %u %u %u %d\n", exporter, run->exporter_port, run->domain,
            run->version, run->received_us, run->export_time_s, run->export_time_ns, run->sys_uptime_ms, run->sequence,
            run->header_count, run->header_sampling, run->time_estimated);
    if (fault != NULL)
        player->fault = fault;
}

static void drain(struct player *player)
{
    struct weir_batch *batch;
    weir_decoder_flush(player->decoder);
    while ((batch = weir_decoder_next(player->decoder)) != NULL) {
        for (uint32_t i = 0; i < batch->run_count; i++) {
            const struct weir_run *run = &batch->runs[i];
            for (uint32_t row = run->first_row; row < run->first_row + run->row_count; row++)
                put_row(player, batch, run, row);
        }
        weir_batch_release(batch);
    }
    const char *fault = ledger_fault(weir_decoder_ledger(player->decoder));
    if (fault == NULL)
        fault = ledger_sessions_fault(player->decoder);
    if (fault != NULL)
        player->fault = fault;
}

static void play_step(struct player *player, size_t step)
{
    const struct action *action = &player->script->steps[step];
    if (action->kind == ACTION_DATAGRAM)
        weir_decoder_feed(player->decoder, &action->datagram);
    else if (action->kind == ACTION_TICK)
        weir_decoder_tick(player->decoder, action->now_us);
    else
        weir_decoder_finish(player->decoder);
    drain(player);
    fflush(player->out);
    player->rows.ends[step + 1] = player->rows.size;
}

/* --------------------------------------------------------------------------------------------------- comparing */

struct octets {
    uint8_t *data;
    size_t size;
};

static struct octets save(const struct weir_decoder *decoder)
{
    const size_t size = weir_decoder_save(decoder, NULL, 0);
    const struct octets octets = {must(malloc(size)), size};
    if (weir_decoder_save(decoder, octets.data, size) != size)
        abort();
    return octets;
}

static const char *load(struct weir_decoder *decoder, const struct octets *octets)
{
    struct guarded guarded = guarded_create(octets->size);
    const uint8_t *data = guarded_at_end(&guarded, octets->data, octets->size);
    const enum weir_saved fault = weir_decoder_load_where(decoder, data, octets->size, NULL, NULL);
    guarded_free(&guarded);
    return fault == WEIR_SAVED_OK ? NULL : weir_saved_text(fault);
}

static bool is_same(const struct weir_decoder *decoder, const struct octets *octets)
{
    const struct octets again = save(decoder);
    const bool same = again.size == octets->size && memcmp(again.data, octets->data, again.size) == 0;
    free(again.data);
    return same;
}

static void tell_rows(const char *what, const char *text, size_t size)
{
    printf("#   %s: %.*s\n", what, (int)(size < 2000 ? size : 2000), size == 0 ? "(none)" : text);
}

/* The rows of a step. */
static const char *rows_fault(const struct rows *got, const struct rows *expected, size_t step)
{
    const char *got_text = got->text + got->ends[step], *expected_text = expected->text + expected->ends[step];
    const size_t got_size = got->ends[step + 1] - got->ends[step],
                 expected_size = expected->ends[step + 1] - expected->ends[step];
    if (got_size == expected_size && memcmp(got_text, expected_text, got_size) == 0)
        return NULL;
    printf("#   step %zu\n", step);
    tell_rows("it is", got_text, got_size);
    tell_rows("it should be", expected_text, expected_size);
    return "other rows than without a break";
}

/* One decoder alone, to the end. */
struct whole {
    struct player player;
    struct octets saved; /* at the end */
};

/* Another takes what this one is, and the steps from here on. */
static const char *go_on(const struct whole *whole, const struct player *first, size_t step, const struct octets *saved)
{
    const struct script *script = first->script;
    const struct weir_ledger before = *weir_decoder_ledger(first->decoder);
    struct player second = player_create(script, before.datagrams);
    player_open(&second);
    const char *fault = load(second.decoder, saved);
    if (fault == NULL && !is_same(second.decoder, saved))
        fault = "what was loaded is saved as something else";
    drain(&second);
    fflush(second.out);
    second.rows.ends[step] = second.rows.size;
    if (second.rows.size != 0)
        fault = "rows without a datagram";
    for (size_t i = step; i < script->step_count && fault == NULL; i++) {
        play_step(&second, i);
        fault = second.fault != NULL ? second.fault : rows_fault(&second.rows, &whole->player.rows, i);
    }
    const struct weir_ledger *ledger = weir_decoder_ledger(second.decoder);
    if (fault == NULL)
        fault = ledger_sums_fault(&before, ledger, weir_decoder_ledger(whole->player.decoder));
    if (fault == NULL && !is_same(second.decoder, &whole->saved))
        fault = "at the end it saves something else";
    cut_count++;
    loaded_set_count += ledger->sets_loaded;
    late_row_count += ledger->sets_loaded > 0 && ledger->sets_late > 0;
    found_count += ledger->found + ledger->found_records;
    player_done(&second);
    return fault;
}

static const char *run_cuts(const struct script *script, const struct whole *whole)
{
    const size_t leap = script->step_count <= EVERY_STEP_TO ? 1 : script->step_count / CUTS_OF_LONG;
    struct player first = player_create(script, 0);
    player_open(&first);
    const char *fault = NULL;
    for (size_t step = 0; step <= script->step_count && fault == NULL; step++) {
        if (step % leap == 0 || step == script->step_count) {
            const struct octets saved = save(first.decoder);
            fault = go_on(whole, &first, step, &saved);
            free(saved.data);
            if (fault != NULL)
                printf("#   saved before step %zu of %zu\n", step, script->step_count);
        }
        if (step < script->step_count)
            play_step(&first, step);
    }
    fflush(first.out);
    if (fault == NULL && (first.rows.size != whole->player.rows.size ||
                          memcmp(first.rows.text, whole->player.rows.text, first.rows.size) != 0))
        fault = "saving changes the decoder";
    player_done(&first);
    return fault;
}

static void run_script(const struct script *script, const char *name)
{
    struct whole whole = {.player = player_create(script, 0)};
    player_open(&whole.player);
    for (size_t i = 0; i < script->step_count; i++)
        play_step(&whole.player, i);
    whole.saved = save(whole.player.decoder);
    report(whole.player.fault != NULL ? whole.player.fault : run_cuts(script, &whole), name);
    free(whole.saved.data);
    player_done(&whole.player);
    fflush(stdout);
}

/* ------------------------------------------------------------------------------------------------------- files */

static void run_tape(const char *path, const char *name)
{
    struct tape tape = tape_read(path);
    struct action *steps = must(calloc(tape.count + 1, sizeof *steps));
    struct script script = {.steps = steps, .step_count = tape.count + 1};
    for (size_t i = 0; i < tape.count; i++)
        steps[i] = (struct action){.kind = ACTION_DATAGRAM, .datagram = tape.datagrams[i]};
    steps[tape.count].kind = ACTION_FINISH;
    weir_options_init(&script.options);
    script.options.batch_count = 4;
    script.options.templates_max = TEMPLATES_MAX;
    run_script(&script, name);
    free(steps);
    tape_free(&tape);
}

static void run_case(const char *path, const char *name)
{
    struct case_file test_case;
    if (case_read(&test_case, path) != 0) {
        report("it cannot be read", name);
        return;
    }
    struct script script = {test_case.options, test_case.actions, test_case.action_count, test_case.elements,
                            test_case.element_count};
    script.options.batch_count = 4;
    if (script.options.templates_max > TEMPLATES_MAX)
        script.options.templates_max = TEMPLATES_MAX;
    run_script(&script, name);
    case_done(&test_case);
}

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static void run_file(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    if (ends_in(name, ".txt"))
        run_case(path, name);
    else if (!ends_in(name, ".c") && !ends_in(name, ".h") && !ends_in(name, ".md") && !ends_in(name, ".build"))
        run_tape(path, name);
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 2) {
        fprintf(stderr, "usage: run_snapshots FOLDER|FILE...\n");
        return 2;
    }
    for (int i = 1; i < argument_count; i++)
        file_walk(arguments[i], run_file);
    report(cut_count > 0 && loaded_set_count > 0 && late_row_count > 0 ? NULL : "nothing waited anywhere", "all files");
    printf("# %" PRIu64 " times saved; %" PRIu64 " sets waited on, %" PRIu64 " times with success; %" PRIu64
           " were found that had been told as lost\n1..%u\n",
           cut_count, loaded_set_count, late_row_count, found_count, test_count);
    return fail_count == 0 ? 0 : 1;
}
