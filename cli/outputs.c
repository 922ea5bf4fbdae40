/* SPDX-License-Identifier: MIT */
/*
 * outputs.c - from the words behind -o to sinks
 */
#define _GNU_SOURCE
#include "outputs.h"

#include "journal_stores.h"
#include "json_sink.h"
#include "null_sink.h"
#include "output_kind.h"
#include "repeater.h"
#include "store_sink.h"
#include "text_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Entries of a capture go out in pieces of this size; what comes live goes out at once. */
enum { CAPTURE_GROUP_BYTES = 256 * 1024 };

static void warn(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "weir collect: %s\n", text);
}

static bool is_repeater(const char *output)
{
    return output != NULL && strncmp(output, "udp:", 4) == 0;
}

static struct sink *create_json(const struct collect_options *options, const char *path, int64_t start_us,
                                struct sink_error *error)
{
    char name[64];
    const bool named = path != NULL;
    if (!named) {
        snprintf(name, sizeof name, "%lld.%s", (long long)(start_us / 1000000),
                 options->json_lines ? "ndjson" : "json");
        path = name;
    }
    const struct json_sink_options json = {
        .path = path,
        .lines = options->json_lines,
        .rotating = options->rotate_us > 0,
        .unix_names = !named,
        .start_us = start_us,
        .patient = options->file == NULL,
        .group_bytes = options->file != NULL ? CAPTURE_GROUP_BYTES : 0,
        .warn = warn,
    };
    struct sink *sink = json_sink_create(&json, error);
    if (sink != NULL && strcmp(json_sink_path(sink), "-") != 0)
        fprintf(stderr, "Writing flows to %s\n", json_sink_path(sink));
    return sink;
}

/* Rows are kept in the journal's cuts, by a writer whose number the journal knows. */
static struct sink *create_live_store(const struct collect_options *options, const char *folder,
                                      struct weir_decoder *decoder, struct journal *journal, struct sink_error *error)
{
    struct store_writer_options store = options->store;
    store.folder = folder;
    store.workers = 1; /* each worker has a writer of its own */
    store.commit_us = 0; /* the lane says when */
    store.cuts = true;
    store.claim = journal_path(journal) != NULL;
    store.until_boot = journal_is_in_memory(journal);
    store.id = journal_stores_writer(journal, folder);
    store.cut = journal_committed(journal).cut;
    struct sink *sink = store_sink_create(&store, decoder, error);
    if (sink != NULL)
        journal_stores_note(journal, folder, store_sink_writer(sink));
    return sink;
}

static struct sink *create_store(const struct collect_options *options, const char *folder,
                                 struct weir_decoder *decoder, struct sink_error *error)
{
    struct store_writer_options store = options->store;
    store.folder = folder;
    store.wait = true;
    return store_sink_create(&store, decoder, error);
}

/* For the life of the process: outputs may be made twice, and the right to open these is gone by then. */
static struct repeater_raw raw_sockets;
static bool raw_sockets_are_open;

void outputs_open_raw(const struct collect_options *options)
{
    for (size_t i = 0; i < options->output_count && !raw_sockets_are_open; i++) {
        if (!is_repeater(options->outputs[i]))
            continue;
        repeater_raw_open(&raw_sockets);
        raw_sockets_are_open = true;
    }
}

static struct sink *create_repeater(const char *target, bool *ret_usage, struct sink_error *error)
{
    struct repeater_options repeater = {.tell = warn, .raw = raw_sockets_are_open ? &raw_sockets : NULL};
    if (repeater_target_parse(target, &repeater.target, ret_usage, error) != 0)
        return NULL;
    struct sink *sink = repeater_create(&repeater, error);
    if (sink != NULL)
        fprintf(stderr, "Repeating datagrams to %s\n", repeater_text(sink));
    return sink;
}

static struct sink *create(const struct collect_options *options, const char *output, int64_t start_us,
                           struct weir_decoder *decoder, struct journal *journal, bool *ret_usage,
                           struct sink_error *error)
{
    const struct text_sink_options text = {
        .out = stdout,
        .min_size_bytes = options->text_min_bytes,
        .resolve_names = options->names,
        .raw_sizes = options->text_raw_sizes,
        .note = warn,
    };
    const char *path;
    switch (output_kind_of(output, &path)) {
    case OUTPUT_TEXT:
        return text_sink_create(&text, error);
    case OUTPUT_NULL:
        return null_sink_create(error);
    case OUTPUT_STORE:
        return journal == NULL ? create_store(options, path, decoder, error)
                               : create_live_store(options, path, decoder, journal, error);
    case OUTPUT_JSON:
        return create_json(options, path, start_us, error);
    case OUTPUT_UDP:
        return create_repeater(path, ret_usage, error);
    default:
        snprintf(error->text, sizeof error->text, "-o %s is no output", output); /* its option has refused it */
        return NULL;
    }
}

static bool is_store(const char *output)
{
    return strncmp(output, "store:", 6) == 0;
}

static bool takes_standard_output(const char *output)
{
    return strcmp(output, "text") == 0 || strcmp(output, "json:-") == 0;
}

static int check(const struct collect_options *options, bool *ret_usage, struct sink_error *error)
{
    *ret_usage = false;
    size_t on_standard_output = 0;
    for (size_t i = 0; i < options->output_count; i++) {
        on_standard_output += takes_standard_output(options->outputs[i]);
        for (size_t k = 0; k < i && is_store(options->outputs[i]); k++) {
            if (strcmp(options->outputs[i], options->outputs[k]) != 0)
                continue;
            *ret_usage = true;
            snprintf(error->text, sizeof error->text, "-o %s is there twice; once is enough", options->outputs[i]);
            return -1;
        }
    }
    if (on_standard_output <= 1)
        return 0;
    *ret_usage = true;
    snprintf(error->text, sizeof error->text,
             "more than one -o is for standard output, where they would mix; give all but one a file");
    return -1;
}

int outputs_check(const struct collect_options *options, struct sink_error *error)
{
    bool usage;
    return check(options, &usage, error);
}

/* What -o says; NULL is what is done without it. */
static int add(const struct collect_options *options, const char *output, int64_t start_us, struct collector *collector,
               struct journal *journal, bool *ret_usage, struct sink_error *error)
{
    struct sink *sink = output == NULL
                            ? create_json(options, NULL, start_us, error)
                            : create(options, output, start_us, collector->decoder, journal, ret_usage, error);
    if (sink == NULL)
        return -1;
    collector_add(collector, sink);
    return 0;
}

int outputs_create(const struct collect_options *options, int64_t start_us, struct collector *collector,
                   bool *ret_usage, struct sink_error *error)
{
    if (check(options, ret_usage, error) != 0)
        return -1;
    for (size_t i = 0; i < options->output_count; i++) {
        if (add(options, options->outputs[i], start_us, collector, NULL, ret_usage, error) != 0)
            return -1;
    }
    return options->output_count > 0 ? 0 : add(options, NULL, start_us, collector, NULL, ret_usage, error);
}

/* One of several writers looks after the store: it merges, and removes what is too old. */
static int add_to_workers(const struct collect_options *options, const char *output, int64_t start_us,
                          struct engine *engine, bool *ret_usage, struct sink_error *error)
{
    struct collect_options without = *options;
    without.store.merge = false;
    without.store.keep_days = without.store.keep_bytes = 0;
    struct sink *first = NULL;
    for (uint32_t i = 0; i < engine_worker_count(engine); i++) {
        if (add(i == 0 ? options : &without, output, start_us, engine_collector(engine, i), engine_journal(engine, i),
                ret_usage, error) != 0)
            return -1;
        const struct collector *collector = engine_collector(engine, i);
        struct sink *sink = collector->sinks[collector->sink_count - 1];
        first = i == 0 ? sink : first;
        store_sink_watch(sink, engine, i, first);
    }
    return 0;
}

static int add_live(const struct collect_options *options, const char *output, bool beside, int64_t start_us,
                    struct engine *engine, bool *ret_usage, struct sink_error *error)
{
    if (!beside)
        return add_to_workers(options, output, start_us, engine, ret_usage, error);
    struct collector *collector = engine_add_side(engine, output == NULL ? "json" : output, error);
    if (collector == NULL || add(options, output, start_us, collector, NULL, ret_usage, error) != 0)
        return -1;
    if (options->rotate_us > 0)
        collector_rotate_each(collector, options->rotate_us, start_us);
    return 0;
}

int outputs_create_live(const struct collect_options *options, int64_t start_us, struct engine *engine, bool *ret_usage,
                        struct sink_error *error)
{
    bool stores = false;
    if (check(options, ret_usage, error) != 0)
        return -1;
    for (uint32_t i = 0; i < engine_worker_count(engine); i++) {
        if (journal_stores_check(engine_journal(engine, i), options, error) != 0)
            return -1;
    }
    for (size_t i = 0; i < options->output_count; i++)
        stores |= is_store(options->outputs[i]);
    const bool several = engine_worker_count(engine) > 1;
    for (size_t i = 0; i < options->output_count; i++) {
        const char *output = options->outputs[i];
        const bool beside = is_repeater(output) || (!is_store(output) && (stores || several || i > 0));
        if (add_live(options, output, beside, start_us, engine, ret_usage, error) != 0)
            return -1;
    }
    if (options->output_count == 0 && add_live(options, NULL, several, start_us, engine, ret_usage, error) != 0)
        return -1;
    for (uint32_t i = 0; i < engine_worker_count(engine) && options->rotate_us > 0; i++)
        collector_rotate_each(engine_collector(engine, i), options->rotate_us, start_us);
    return 0;
}

int outputs_check_loops(struct engine *engine, const struct listener *listener, struct sink_error *error)
{
    const struct receive_socket *socket;
    const struct collector *collector;
    for (size_t i = 0; (collector = engine_side(engine, i)) != NULL; i++) {
        const struct sink *sink = collector->sinks[0];
        for (size_t k = 0; (socket = listener_socket(listener, 0, k)) != NULL; k++) {
            if (!repeater_reaches(sink, socket->fd))
                continue;
            snprintf(error->text, sizeof error->text,
                     "what is repeated to %s would come back to this collector, which listens on %s, over and over; "
                     "repeat it to another port or machine",
                     repeater_text(sink), socket->text);
            return -1;
        }
    }
    return 0;
}

bool outputs_use_terminal(const struct collect_options *options)
{
    bool uses_stdout = false;
    for (size_t i = 0; i < options->output_count; i++)
        uses_stdout |= strcmp(options->outputs[i], "text") == 0 || strcmp(options->outputs[i], "json:-") == 0;
    return uses_stdout && isatty(STDOUT_FILENO);
}
