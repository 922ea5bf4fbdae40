/* SPDX-License-Identifier: MIT */
/*
 * run_files.c - decodes files of datagrams, captures and IPFIX files, and holds the ledger to its sums behind each
 * datagram; prints TAP
 *
 *     run_files FOLDER|FILE...       folders with all that is in them, file by file
 *
 * Whatever the files are, hostile ones too: what is no capture has no datagrams, and one that is damaged has those
 * before the damage. How a file is decoded must not change what is counted: the ledger of batches of one row and that
 * without core columns are the same as the usual one. Where what was learned is saved and loaded half way, both halves
 * together have as many sets, and as many records unless some had waited for their template.
 */
#define _GNU_SOURCE
#include "case_ledger.h"
#include "file_walk.h"
#include "guarded.h"
#include "tape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEMPLATES_MAX = 1000 }; /* the tables of more would cost most of the time */

static unsigned test_count, fail_count;
static uint64_t datagram_count;

static void report(const char *fault, const char *name, const char *way)
{
    printf("%sok %u - %s: %s\n", fault == NULL ? "" : "not ", ++test_count, name, way);
    if (fault != NULL)
        printf("#   %s\n", fault);
    fail_count += fault != NULL;
}

static const char *drain(struct weir_decoder *decoder, uint64_t *row_count)
{
    for (struct weir_batch *batch; (batch = weir_decoder_next(decoder)) != NULL; weir_batch_release(batch))
        *row_count += batch->row_count;
    const char *fault = ledger_fault(weir_decoder_ledger(decoder));
    return fault != NULL ? fault : ledger_sessions_fault(decoder);
}

/* Feeds some of the datagrams to a decoder, to the end of what waits. Returns what was wrong, or NULL. */
static const char *play(struct weir_decoder *decoder, const struct tape *tape, size_t from, size_t to)
{
    uint64_t row_count = 0;
    const char *fault = NULL;
    for (size_t i = from; i < to && fault == NULL; i++) {
        struct weir_datagram datagram = tape->datagrams[i];
        struct guarded guarded = guarded_create(datagram.size_bytes);
        datagram.data = guarded_at_end(&guarded, datagram.data, datagram.size_bytes);
        weir_decoder_feed(decoder, &datagram);
        fault = drain(decoder, &row_count);
        guarded_free(&guarded);
    }
    weir_decoder_finish(decoder);
    fault = fault != NULL ? fault : drain(decoder, &row_count);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    if (fault == NULL && ledger->datagrams != to - from)
        fault = "the ledger has another number of datagrams than it was given";
    if (fault == NULL && row_count != ledger->flows + ledger->options)
        fault = "the rows are not the flows and options of the ledger";
    if (fault == NULL && (ledger->sets_waiting != 0 || ledger->bytes_waiting != 0))
        fault = "sets are waiting when all is over";
    return fault;
}

static struct weir_decoder *decoder_with(uint32_t batch_rows, bool core)
{
    struct weir_options options;
    weir_options_init(&options);
    options.batch_rows = batch_rows;
    options.batch_count = 4;
    options.templates_max = TEMPLATES_MAX;
    options.core = core;
    return must(weir_decoder_create(&options));
}

static void run_as(const struct tape *tape, const char *name, const char *way, struct weir_decoder *decoder,
                   struct weir_ledger *usual)
{
    const char *fault = play(decoder, tape, 0, tape->count);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    if (usual->datagrams == 0)
        *usual = *ledger;
    else if (fault == NULL && memcmp(usual, ledger, sizeof *ledger) != 0)
        fault = "the ledger is not as usual";
    report(fault, name, way);
    weir_decoder_free(decoder);
}

/* Another decoder that has loaded what this one saves, or NULL. */
static struct weir_decoder *follow(const struct weir_decoder *decoder)
{
    const size_t size = weir_decoder_save(decoder, NULL, 0);
    uint8_t *data = must(malloc(size));
    struct weir_decoder *next = decoder_with(100, true);
    const bool good = weir_decoder_save(decoder, data, size) == size &&
                      weir_decoder_load(next, data, size) == WEIR_SAVED_OK &&
                      weir_decoder_ledger(next)->templates_loaded == weir_decoder_ledger(decoder)->templates;
    free(data);
    if (good)
        return next;
    weir_decoder_free(next);
    return NULL;
}

static const char *halves_fault(const struct weir_ledger *a, const struct weir_ledger *b, const struct weir_ledger *all)
{
    if (a->datagrams_decoded + b->datagrams_decoded != all->datagrams_decoded)
        return "both halves together have another number of decoded datagrams";
    if (a->sets + b->sets != all->sets || a->sets_template + b->sets_template != all->sets_template)
        return "both halves together have another number of sets";
    if (all->sets_waited == 0 && all->evictions == 0 &&
        (a->flows + b->flows != all->flows || a->options + b->options != all->options))
        return "both halves together have another number of records";
    return NULL;
}

static void run_halves(const struct tape *tape, const char *name, const struct weir_ledger *usual)
{
    struct weir_decoder *first = decoder_with(100, true), *second;
    const char *fault = play(first, tape, 0, tape->count / 2);
    if ((second = follow(first)) == NULL)
        fault = "what was saved is not loaded";
    else if (fault == NULL)
        fault = play(second, tape, tape->count / 2, tape->count);
    if (fault == NULL)
        fault = halves_fault(weir_decoder_ledger(first), weir_decoder_ledger(second), usual);
    report(fault, name, "saved and loaded half way");
    weir_decoder_free(first);
    weir_decoder_free(second);
}

static void run_file(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    struct tape tape = tape_read(path);
    struct weir_ledger usual = {0};
    run_as(&tape, name, "as usual", decoder_with(8192, true), &usual);
    run_as(&tape, name, "batches of one row", decoder_with(1, true), &usual);
    run_as(&tape, name, "without core columns", decoder_with(100, false), &usual);
    run_halves(&tape, name, &usual);
    datagram_count += tape.count;
    tape_free(&tape);
    fflush(stdout);
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 2) {
        fprintf(stderr, "usage: run_files FOLDER|FILE...\n");
        return 2;
    }
    for (int i = 1; i < argument_count; i++)
        file_walk(arguments[i], run_file);
    report(datagram_count > 0 ? NULL : "there was none", "all files", "datagrams");
    printf("# %" PRIu64 " datagrams\n1..%u\n", datagram_count, test_count);
    return fail_count == 0 ? 0 : 1;
}
