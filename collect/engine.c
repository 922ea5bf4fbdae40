/* SPDX-License-Identifier: MIT */
/*
 * engine.c - the live collector: workers that receive, decode and keep, and sinks beside them
 *
 * Here they are made and started. What is asked and told while they run is in engine_running.c, their end in engine_end.c.
 */
#define _GNU_SOURCE
#include "engine_parts.h"

#include "drops_file.h"
#include "journal_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMIT_BYTES = 64 << 20 }; /* that are held */

static int make_collector(const struct engine *engine, struct collector *collector, FILE *debug, struct sink_error *error)
{
    const struct engine_options *options = &engine->options;
    if (collector_init(collector, options->decoder, debug, error) != 0)
        return -1;
    if (options->prepare == NULL || options->prepare(options->context, collector->decoder, error) == 0)
        return 0;
    collector_done(collector);
    return -1;
}

/* Takes up what the worker's decoder knew at the last cut; false when that is not there. */
static bool load_snapshot(struct worker *worker, struct weir_decoder *decoder)
{
    const struct journal_commit commit = journal_committed(worker->journal);
    size_t size_bytes;
    const uint8_t *data = commit.cut > 0 && snapshot_file_read(&worker->snapshot, commit.cut)
                              ? snapshot_file_part(&worker->snapshot, 0, &size_bytes)
                              : NULL;
    return data != NULL && weir_decoder_load_where(decoder, data, size_bytes, NULL, NULL) == WEIR_SAVED_OK;
}

/* What a process that kept all has left of sockets that it did not close; a journal that was found knows it better. */
static void take_drops(struct worker *worker)
{
    struct journal_drops drops;
    if (worker->drops_path != NULL && drops_file_take(worker->drops_path, &drops) &&
        !journal_is_recovered(worker->journal))
        journal_drops_note(worker->journal, &drops);
}

static void resume(struct worker *worker)
{
    struct journal_drops drops;
    take_drops(worker);
    journal_drops_noted(worker->journal, &drops);
    worker->before = (struct receiver_counts){.dropped_kernel = drops.kernel, .dropped_journal = drops.journal};
    worker->recovered = journal_head(worker->journal) - journal_committed(worker->journal).position;
    worker->resumed = load_snapshot(worker, worker->collector.decoder);
}

/* Those beside the journal. -1 without memory. */
static int name_files(struct worker *worker, const char *path)
{
    if (snapshot_file_init(&worker->snapshot, path) != 0)
        return -1;
    if (path != NULL && asprintf(&worker->drops_path, "%s.drops", path) < 0) {
        worker->drops_path = NULL;
        return -1;
    }
    return 0;
}

static int open_worker(struct engine *engine, uint32_t index, struct sink_error *error)
{
    struct worker *worker = &engine->workers[index];
    const struct engine_options *options = &engine->options;
    char *path = NULL, *file = NULL;
    worker->engine = engine;
    worker->index = index;
    if (options->journal_path != NULL && (asprintf(&path, "%s-%" PRIu32, options->journal_path, index) < 0 ||
                                          asprintf(&file, "%s.journal", path) < 0)) {
        snprintf(error->text, sizeof error->text, "not enough memory to start");
        return -1;
    }
    const struct journal_options journal = {
        .path = file, .size_bytes = options->journal_bytes, .worker_count = options->worker_count};
    worker->journal = journal_open(&journal, options->warn, options->context, error);
    int result = worker->journal == NULL ? -1 : 0;
    if (result == 0 && (result = make_collector(engine, &worker->collector, options->debug, error)) != 0)
        journal_close(worker->journal, !journal_is_recovered(worker->journal));
    if (result == 0) {
        engine->worker_count++;
        result = name_files(worker, path);
        if (result != 0)
            snprintf(error->text, sizeof error->text, "not enough memory to start");
    }
    free(path);
    free(file);
    if (result == 0)
        resume(worker);
    return result;
}

uint32_t engine_found_workers(const char *journal_path)
{
    for (uint32_t i = 0; i < ENGINE_WORKERS_MAX; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s-%" PRIu32 ".journal", journal_path, i) < 0)
            return 0;
        const uint32_t count = journal_file_peek(path);
        free(path);
        if (count > i && count <= ENGINE_WORKERS_MAX)
            return count;
    }
    return 0;
}

struct engine *engine_create(const struct engine_options *options, struct sink_error *error)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory to start");
        return NULL;
    }
    engine->options = *options;
    for (uint32_t i = 0; i < options->worker_count; i++) {
        if (open_worker(engine, i, error) == 0)
            continue;
        engine_free(engine);
        return NULL;
    }
    return engine;
}

uint32_t engine_worker_count(const struct engine *engine)
{
    return engine->worker_count;
}

struct journal *engine_journal(const struct engine *engine, uint32_t worker)
{
    return engine->workers[worker].journal;
}

struct collector *engine_collector(struct engine *engine, uint32_t worker)
{
    return &engine->workers[worker].collector;
}

bool engine_is_resumed(const struct engine *engine, uint32_t worker)
{
    return engine->workers[worker].resumed;
}

struct collector *engine_add_side(struct engine *engine, const char *name, struct sink_error *error)
{
    struct side *side = &engine->sides[engine->side_count];
    if (engine->side_count == JOURNAL_READERS_MAX) {
        snprintf(error->text, sizeof error->text, "more than %d outputs", JOURNAL_READERS_MAX);
        return NULL;
    }
    if (make_collector(engine, &side->collector, NULL, error) != 0)
        return NULL;
    snprintf(side->name, sizeof side->name, "%s", name);
    engine->side_count++;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        if (engine->workers[i].resumed)
            load_snapshot(&engine->workers[i], side->collector.decoder);
    }
    return &side->collector;
}

struct collector *engine_side(struct engine *engine, size_t i)
{
    return i < engine->side_count ? &engine->sides[i].collector : NULL;
}

/* Sinks take up what they knew, each its own part behind the decoder's. */
static void load_sinks(struct worker *worker)
{
    const struct collector *collector = &worker->collector;
    if (!worker->resumed || !snapshot_file_read(&worker->snapshot, journal_committed(worker->journal).cut))
        return;
    for (size_t i = 0; i < collector->sink_count; i++) {
        size_t size_bytes;
        const uint8_t *data = snapshot_file_part(&worker->snapshot, i + 1, &size_bytes);
        if (data != NULL && collector->sinks[i]->class->load != NULL)
            collector->sinks[i]->class->load(collector->sinks[i], data, size_bytes);
    }
}

static size_t save_decoder(void *context, uint8_t *data, size_t room_bytes)
{
    return weir_decoder_save(context, data, room_bytes);
}

static size_t save_sink(void *context, uint8_t *data, size_t room_bytes)
{
    struct sink *sink = context;
    return sink->class->save == NULL ? 0 : sink->class->save(sink, data, room_bytes);
}

/* What cannot be kept is told, once; a restart then knows less. */
static void on_save(void *context, struct collector *collector, uint64_t cut)
{
    struct worker *worker = context;
    char text[200];
    snapshot_file_begin(&worker->snapshot, cut);
    snapshot_file_add(&worker->snapshot, save_decoder, collector->decoder);
    for (size_t i = 0; i < collector->sink_count; i++)
        snapshot_file_add(&worker->snapshot, save_sink, collector->sinks[i]);
    if (snapshot_file_write(&worker->snapshot) == 0) {
        worker->told = false;
        return;
    }
    snprintf(text, sizeof text, "cannot keep templates beside the journal: %s; after a kill they are waited for anew",
             strerror(errno));
    if (!worker->told && worker->engine->options.warn != NULL)
        worker->engine->options.warn(worker->engine->options.context, text);
    worker->told = true;
}

static void on_tick(void *context, struct collector *collector, int64_t now_us)
{
    const struct worker *worker = context;
    const struct engine_options *options = &worker->engine->options;
    if (options->tick != NULL)
        options->tick(options->context, worker->index, collector, now_us);
}

static void on_refused(void *context, const char *text)
{
    const struct worker *worker = context;
    const struct engine_options *options = &worker->engine->options;
    if (options->warn != NULL)
        options->warn(options->context, text);
}

static int start_lane(struct worker *worker, struct sink_error *error)
{
    const struct engine_options *options = &worker->engine->options;
    const uint32_t slots = journal_slot_count(worker->journal);
    const uint32_t most = COMMIT_BYTES / JOURNAL_SLOT_BYTES;
    const struct lane_options lane = {
        .journal = worker->journal, .collector = &worker->collector, .datagram_count_max = options->datagram_count_max,
        .commit_us = options->commit_us, .commit_slots = slots / 2 < most ? slots / 2 : most, .tick = on_tick,
        .save = on_save, .allowed = options->allowed, .refused = on_refused, .context = worker};
    worker->lane = lane_start(&lane, error);
    if (worker->lane == NULL)
        return -1;
    worker->recovered = lane_recovered(worker->lane); /* without what it found to be written */
    return 0;
}

static int start_sides(struct engine *engine, struct sink_error *error)
{
    struct journal *journals[ENGINE_WORKERS_MAX];
    for (uint32_t i = 0; i < engine->worker_count; i++)
        journals[i] = engine->workers[i].journal;
    for (size_t i = 0; i < engine->side_count; i++) {
        struct side *side = &engine->sides[i];
        const struct side_lane_options options = {
            .name = side->name, .journals = journals, .journal_count = engine->worker_count,
            .allowed = engine->options.allowed, .collector = &side->collector};
        side->lane = side_lane_start(&options, error);
        if (side->lane == NULL)
            return -1;
    }
    for (uint32_t i = 0; i < engine->worker_count; i++)
        journal_bookmarks_tidy(journals[i]);
    return 0;
}

static void on_turned_away(void *context, const struct weir_address *exporter)
{
    const struct worker *worker = context;
    lane_note_refused(worker->lane, exporter);
}

static void tell_cpu(const struct engine *engine, int cpu, int number)
{
    char text[160];
    if (number == 0 || engine->options.warn == NULL)
        return;
    snprintf(text, sizeof text, "--cpu %d has no effect: %s; the thread that receives is on any processor", cpu,
             strerror(number));
    engine->options.warn(engine->options.context, text);
}

static int start_receiver(struct engine *engine, struct worker *worker, const struct receiver_socket *sockets,
                          size_t socket_count, struct sink_error *error)
{
    struct waker *wakers[RECEIVER_WAKERS_MAX] = {lane_waker(worker->lane)};
    for (size_t i = 0; i < engine->side_count; i++)
        wakers[i + 1] = side_lane_waker(engine->sides[i].lane);
    const int cpu = worker->index < engine->options.cpu_count ? engine->options.cpus[worker->index] : -1;
    const uint64_t count_max = engine->options.datagram_count_max;
    const struct receiver_options options = {.journal = worker->journal,
                                             .sockets = sockets,
                                             .socket_count = socket_count,
                                             .sockets_stay = engine->options.sockets_stay,
                                             .wakers = wakers,
                                             .waker_count = engine->side_count + 1,
                                             .datagram_count_max = count_max,
                                             .allowed = engine->options.allowed,
                                             .refused = count_max > 0 ? NULL : on_turned_away,
                                             .context = worker,
                                             .cpu = cpu};
    worker->receiver = receiver_start(&options, error);
    if (worker->receiver == NULL)
        return -1;
    tell_cpu(engine, cpu, receiver_cpu_error(worker->receiver));
    return 0;
}

int engine_start(struct engine *engine, const struct receiver_socket *const *sockets, const size_t *socket_counts,
                 struct sink_error *error)
{
    if (start_sides(engine, error) != 0)
        return -1;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        load_sinks(&engine->workers[i]);
        if (start_lane(&engine->workers[i], error) != 0)
            return -1;
    }
    for (uint32_t i = 0; i < engine->worker_count && sockets != NULL; i++) {
        if (start_receiver(engine, &engine->workers[i], sockets[i], socket_counts[i], error) != 0)
            return -1;
    }
    return 0;
}
