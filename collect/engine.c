/* SPDX-License-Identifier: MIT */
/*
 * engine.c - the live collector: workers that receive, decode and keep, and sinks beside them
 */
#define _GNU_SOURCE
#include "engine.h"

#include "drops_file.h"
#include "journal_file.h"
#include "snapshot_file.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    COMMIT_BYTES = 64 << 20, /* that are held */
    UNKEPT_COMMIT_US = 1000000,
    SIDE_END_MS = 3000,
    TELL_WAITING = 150, /* looks of 20 ms */
    TELL_HINDERED = 10
};

struct worker {
    struct engine *engine;
    uint32_t index;
    struct journal *journal;
    struct collector collector;
    struct snapshot_file snapshot;
    char *drops_path; /* or NULL */
    struct receiver *_Atomic receiver; /* the lane looks at it as well, */
    struct lane *_Atomic lane;         /* and at itself */
    bool resumed;
    bool told;          /* that no snapshot could be written */
    uint64_t recovered;
    struct receiver_counts before; /* drops that the journal tells of */
    uint64_t left;      /* datagrams that are not committed, after the end */
    bool keep;          /* the next process needs the journal */
};

struct side {
    char name[64];
    struct collector collector;
    struct side_lane *lane;
    bool told;  /* of its failure */
    bool stuck; /* its thread uses what is its own for ever */
};

struct engine {
    struct engine_options options;
    struct worker workers[ENGINE_WORKERS_MAX];
    uint32_t worker_count; /* whose journals are open */
    struct side sides[JOURNAL_READERS_MAX];
    size_t side_count;
    bool ended;
    bool stuck; /* a lane's thread uses what is its own for ever */
};

/* ------------------------------------------------------------------------------------------------------------ start */

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

/* For the next process, from a journal that goes. Without it, what is dropped until then is told by nobody. */
static void leave_drops(const struct worker *worker)
{
    const struct engine_options *options = &worker->engine->options;
    struct journal_drops drops;
    if (worker->drops_path == NULL || !options->sockets_stay)
        return;
    journal_drops_noted(worker->journal, &drops);
    if (drops_file_write(worker->drops_path, &drops) != 0 && options->warn != NULL)
        options->warn(options->context, "cannot keep beside the journal what the kernel has dropped so far; what it drops "
                      "until the next start is not counted");
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

/* -------------------------------------------------------------------------------------------------------- meanwhile */

int engine_state(struct engine *engine, struct sink_error *error)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct worker *worker = &engine->workers[i];
        const int ended = lane_ended(worker->lane, error);
        if (ended < 0 || (worker->receiver != NULL && receiver_failed(worker->receiver, error)))
            return -1;
        if (ended > 0)
            return 0;
    }
    return 1;
}

int64_t engine_still_us(struct engine *engine)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const int64_t still = engine->workers[i].lane == NULL ? 0 : lane_still_us(engine->workers[i].lane);
        most = still > most ? still : most;
    }
    return most;
}

bool engine_side_trouble(struct engine *engine, struct sink_error *error)
{
    for (size_t i = 0; i < engine->side_count; i++) {
        struct side *side = &engine->sides[i];
        struct sink_error why;
        if (side->told || side->lane == NULL || !side_lane_failed(side->lane, &why))
            continue;
        side->told = true;
        snprintf(error->text, sizeof error->text, "-o %s has failed, the others go on: %.400s", side->name, why.text);
        return true;
    }
    return false;
}

/* All counts are 64 bits wide and side by side. */
static void add_ledger(struct weir_ledger *sum, const struct weir_ledger *more)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)more;
    _Static_assert(sizeof(struct weir_ledger) % sizeof(uint64_t) == 0, "numbers only");
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

/* The receiver counts a moment after the lane can see what came; what the lane has seen was received. */
static void reconcile(const struct worker *worker, struct receiver_counts *received, const struct lane_counts *decoded)
{
    const uint64_t seen = decoded->read + decoded->waiting;
    if (worker->receiver != NULL && seen > worker->recovered && received->received < seen - worker->recovered)
        received->received = seen - worker->recovered;
}

void engine_counts(struct engine *engine, struct engine_counts *ret_counts)
{
    *ret_counts = (struct engine_counts){0};
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct worker *worker = &engine->workers[i];
        struct receiver_counts received = {0};
        struct lane_counts decoded = {0};
        if (worker->receiver != NULL)
            receiver_counts(worker->receiver, &received);
        if (worker->lane != NULL)
            lane_counts(worker->lane, &decoded);
        reconcile(worker, &received, &decoded);
        if (worker->lane != NULL && (ret_counts->counted_us == 0 || decoded.counted_us < ret_counts->counted_us))
            ret_counts->counted_us = decoded.counted_us;
        ret_counts->receiver.received += received.received + decoded.turned_away;
        ret_counts->receiver.dropped_kernel += received.dropped_kernel;
        ret_counts->receiver.dropped_journal += received.dropped_journal;
        ret_counts->recovered += worker->recovered;
        ret_counts->waiting += decoded.waiting;
        ret_counts->held += decoded.held;
        ret_counts->cut_off += decoded.cut_off;
        ret_counts->refused += decoded.refused + decoded.turned_away;
        ret_counts->cuts += decoded.cuts;
        add_ledger(&ret_counts->ledger, &decoded.ledger);
    }
}

void engine_receiver_counts(struct engine *engine, uint32_t worker, struct receiver_counts *ret_counts)
{
    struct receiver *receiver = engine->workers[worker].receiver;
    *ret_counts = (struct receiver_counts){0};
    if (receiver != NULL)
        receiver_counts(receiver, ret_counts);
}

void engine_dropped_before(const struct engine *engine, uint32_t worker, struct receiver_counts *ret_counts)
{
    *ret_counts = engine->workers[worker].before;
}

void engine_left_out(struct engine *engine, uint32_t worker, uint64_t *ret_not_allowed, uint64_t *ret_cut_off)
{
    struct lane *lane = engine->workers[worker].lane;
    struct lane_counts counts = {0};
    if (lane != NULL)
        lane_counts(lane, &counts);
    *ret_not_allowed = counts.refused + counts.turned_away;
    *ret_cut_off = counts.cut_off;
}

const char *engine_side_counts(struct engine *engine, size_t i, struct side_lane_counts *ret_counts)
{
    if (i >= engine->side_count)
        return NULL;
    *ret_counts = (struct side_lane_counts){0};
    if (engine->sides[i].lane != NULL)
        side_lane_counts(engine->sides[i].lane, ret_counts);
    return engine->sides[i].name;
}

bool engine_call(struct engine *engine, uint32_t worker, void (*call)(void *context, struct collector *collector),
                 void *context, int timeout_ms)
{
    return worker < engine->worker_count && engine->workers[worker].lane != NULL &&
           lane_call(engine->workers[worker].lane, call, context, timeout_ms);
}

unsigned engine_call_all(struct engine *engine, void (*call)(void *context, struct collector *collector), void *context,
                         int timeout_ms)
{
    unsigned missed = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++)
        missed += !engine_call(engine, i, call, context, timeout_ms);
    for (size_t i = 0; i < engine->side_count; i++) {
        const struct side *side = &engine->sides[i];
        missed += side->lane == NULL || !side_lane_call(side->lane, call, context, timeout_ms);
    }
    return missed;
}

void engine_set_allowed(struct engine *engine, struct address_list *allowed)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        if (engine->workers[i].lane != NULL)
            lane_set_allowed(engine->workers[i].lane, allowed);
        if (engine->workers[i].receiver != NULL)
            receiver_set_allowed(engine->workers[i].receiver, allowed);
    }
    for (size_t i = 0; i < engine->side_count; i++) {
        if (engine->sides[i].lane != NULL)
            side_lane_set_allowed(engine->sides[i].lane, allowed);
    }
}

void engine_set_commit(struct engine *engine, int64_t commit_us)
{
    engine->options.commit_us = commit_us;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        if (engine->workers[i].lane != NULL)
            lane_set_commit(engine->workers[i].lane, commit_us);
    }
}

/* -------------------------------------------------------------------------------------------------------------- end */

/* Waits for what lane_end() waits for, and looks meanwhile whether somebody wants it to be over. */
struct watch {
    struct engine *engine;
    bool (*interrupted)(void);
    _Atomic bool over;
};

/* Whether a sink that a lane waits for cannot go on for something that it has told of. */
static bool is_hindered(const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct collector *collector = &engine->workers[i].collector;
        for (size_t k = 0; k < collector->sink_count; k++) {
            struct sink *sink = collector->sinks[k];
            if (sink->class->waits != NULL && sink->class->waits(sink))
                return true;
        }
    }
    return false;
}

static void tell_waiting(const struct engine *engine, bool hindered)
{
    char text[200];
    snprintf(text, sizeof text, "%s; another Ctrl-C or SIGTERM %s",
             hindered ? "waits until what came can be written, which fails as told above" : "still writing",
             engine->options.journal_path == NULL ? "gives up what is not written"
                                                  : "leaves what is not written in the journal, for the next start");
    if (engine->options.warn != NULL)
        engine->options.warn(engine->options.context, text);
}

static void *hurry_when_told(void *context)
{
    struct watch *watch = context;
    const struct timespec a_while = {.tv_nsec = 20000000};
    bool told = false;
    for (int waited = 0; !atomic_load(&watch->over); waited++) {
        const bool hindered = !told && waited >= TELL_HINDERED && is_hindered(watch->engine);
        if (hindered || (!told && waited == TELL_WAITING))
            tell_waiting(watch->engine, hindered);
        told |= hindered || waited == TELL_WAITING;
        if (watch->interrupted()) {
            for (uint32_t i = 0; i < watch->engine->worker_count; i++) {
                if (watch->engine->workers[i].lane != NULL)
                    lane_hurry(watch->engine->workers[i].lane);
            }
            break;
        }
        nanosleep(&a_while, NULL);
    }
    return NULL;
}

static int end_lanes(struct engine *engine, struct sink_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct worker *worker = &engine->workers[i];
        struct sink_error why;
        const int64_t left = worker->lane == NULL ? 0 : lane_end(worker->lane, &why);
        worker->left = journal_head(worker->journal) - journal_committed(worker->journal).position;
        engine->stuck |= worker->lane != NULL && lane_is_stuck(worker->lane);
        worker->keep = left < 0 || worker->left > 0 || (worker->lane == NULL && journal_is_recovered(worker->journal));
        if (left < 0 && result == 0) {
            *error = why;
            result = -1;
        }
    }
    return result;
}

static int end_sides(struct engine *engine, struct sink_error *error)
{
    int result = 0;
    for (size_t i = 0; i < engine->side_count; i++) {
        struct side *side = &engine->sides[i];
        struct sink_error why;
        if (side->lane == NULL || side_lane_end(side->lane, SIDE_END_MS, &why) == 0)
            continue;
        side->stuck = side_lane_is_stuck(side->lane);
        if (result == 0 && !side->told)
            *error = why;
        result = -1;
    }
    return result;
}

static int close_sinks(struct engine *engine, struct sink_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sink_error why;
        if (collector_close(&engine->workers[i].collector, &why) != 0 && result == 0) {
            *error = why;
            result = -1;
        }
    }
    for (size_t i = 0; i < engine->side_count; i++) {
        struct sink_error why;
        if (engine->sides[i].stuck)
            continue;
        if (collector_close(&engine->sides[i].collector, &why) != 0 && result == 0 && !engine->sides[i].told) {
            *error = why;
            result = -1;
        }
    }
    return result;
}

int engine_end(struct engine *engine, bool drain, bool (*interrupted)(void), uint64_t *ret_left, struct sink_error *error)
{
    struct watch watch = {.engine = engine, .interrupted = interrupted};
    pthread_t watcher;
    struct sink_error why = {0};
    engine->ended = true;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        if (engine->workers[i].receiver != NULL)
            receiver_end(engine->workers[i].receiver, drain);
    }
    const bool watched = interrupted != NULL && pthread_create(&watcher, NULL, hurry_when_told, &watch) == 0;
    int result = end_lanes(engine, error);
    if (end_sides(engine, &why) != 0 && result == 0) {
        *error = why;
        result = -1;
    }
    if (watched) {
        atomic_store(&watch.over, true);
        pthread_join(watcher, NULL);
    }
    if (!engine->stuck && close_sinks(engine, &why) != 0 && result == 0) {
        *error = why;
        result = -1;
    }
    *ret_left = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++)
        *ret_left += engine->workers[i].left;
    return result;
}

bool engine_lanes_are_stuck(const struct engine *engine)
{
    return engine->stuck;
}

bool engine_is_stuck(const struct engine *engine)
{
    bool stuck = engine->stuck;
    for (size_t i = 0; i < engine->side_count; i++)
        stuck |= engine->sides[i].stuck;
    return stuck;
}

static bool is_needless(const struct engine *engine, const struct worker *worker)
{
    /* One that was never begun is of no use either, unless it was found. */
    return engine->ended ? !worker->keep : !journal_is_recovered(worker->journal);
}

/* All stays as it is, as the process ends, but for files that nobody needs. */
static void leave(const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct worker *worker = &engine->workers[i];
        if (!is_needless(engine, worker))
            continue;
        leave_drops(worker);
        snapshot_file_remove(&worker->snapshot);
        journal_remove(worker->journal);
    }
}

void engine_free(struct engine *engine)
{
    struct sink_error ignored;
    if (engine == NULL)
        return;
    if (engine_is_stuck(engine)) {
        leave(engine);
        return;
    }
    if (!engine->ended)
        close_sinks(engine, &ignored);
    for (size_t i = 0; i < engine->side_count; i++) {
        side_lane_free(engine->sides[i].lane);
        collector_done(&engine->sides[i].collector);
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct worker *worker = &engine->workers[i];
        const bool needless = is_needless(engine, worker);
        receiver_free(worker->receiver);
        lane_free(worker->lane);
        collector_done(&worker->collector);
        if (needless) {
            leave_drops(worker);
            snapshot_file_remove(&worker->snapshot);
        }
        snapshot_file_done(&worker->snapshot);
        free(worker->drops_path);
        journal_close(worker->journal, needless);
    }
    free(engine);
}
