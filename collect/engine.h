/* SPDX-License-Identifier: MIT */
/*
 * engine.h - the live collector: workers that receive, decode and keep, and sinks beside them
 *
 *     worker:  sockets ──▶ receiver ──▶ journal ──▶ lane: decoder, sinks that the worker waits for
 *                                          └─copies─▶ side lane: decoder, a sink that nobody waits for
 *
 * Workers share nothing. Each has a journal of its own; side lanes read those of all workers.
 *
 *     engine_create()      journals are opened, what an earlier process left is found
 *     engine_add_side()    and sinks are added to the workers' collectors
 *     engine_start()
 *     engine_end()         what was received is kept
 *     engine_free()
 */
#ifndef WEIR_COLLECT_ENGINE_H
#define WEIR_COLLECT_ENGINE_H

#include "collector.h"
#include "lane.h"
#include "receiver.h"
#include "side_lane.h"

#include <stdio.h>

enum { ENGINE_WORKERS_MAX = SIDE_LANE_JOURNALS_MAX };

struct engine_options {
    uint32_t worker_count;       /* 1 to ENGINE_WORKERS_MAX */
    const char *journal_path;    /* of the files, without the worker's number and ".journal"; NULL: none that outlives us */
    uint64_t journal_bytes;      /* for each worker */
    bool sockets_stay;           /* somebody has those that are received from open when the process ends */
    const struct weir_options *decoder;
    FILE *debug;                 /* lines of --debug, or NULL */
    uint64_t datagram_count_max; /* of one worker, which receives no more; 0: no end */
    int64_t commit_us;
    const int *cpus;             /* where the receiving threads of the first workers stay; those of others anywhere */
    size_t cpu_count;
    struct address_list *allowed; /* exporters whose datagrams are decoded; held as long as it is used; NULL: all */
    int (*prepare)(void *context, struct weir_decoder *decoder, struct sink_error *error); /* each decoder; may be NULL */
    void (*warn)(void *context, const char *text);
    /* Each second on the worker's own thread, and when it ends; may be NULL. */
    void (*tick)(void *context, uint32_t worker, struct collector *collector, int64_t now_us);
    void *context;
};

/* One account of what became of datagrams. All that the kernel had for us:
 *     kernel = dropped_kernel + dropped_journal + received
 *     received + recovered = waiting + cut_off + refused + ledger.datagrams
 * at any time. */
struct engine_counts {
    struct receiver_counts receiver; /* sums over workers, as the others */
    uint64_t recovered; /* datagrams that an earlier process had received, and not kept */
    uint64_t waiting;   /* in journals, to be decoded */
    uint64_t held;      /* decoded, to be committed */
    uint64_t cut_off;
    uint64_t refused;   /* of exporters that are not allowed */
    uint64_t cuts;
    int64_t counted_us; /* when the lane that is furthest behind has counted last, monotonic; 0: none runs */
    struct weir_ledger ledger;
};

struct engine;

/* How many workers an earlier process had, as the journals tell that it left behind; 0 when there are none. Those are to be
 * finished by as many: exporters belong to other workers when there are more or fewer. */
uint32_t engine_found_workers(const char *journal_path);

/* NULL with `error` filled. */
struct engine *engine_create(const struct engine_options *options, struct sink_error *error);

uint32_t engine_worker_count(const struct engine *engine);

/* A worker's journal and collector, to add sinks to and to load state into, before engine_start(). */
struct journal *engine_journal(const struct engine *engine, uint32_t worker);
struct collector *engine_collector(struct engine *engine, uint32_t worker);

/* Whether the decoder of a worker was taken up as it was when an earlier process was killed. */
bool engine_is_resumed(const struct engine *engine, uint32_t worker);

/* A collector for one sink that nobody waits for, under a name for messages and bookmarks; NULL with `error` filled. */
struct collector *engine_add_side(struct engine *engine, const char *name, struct sink_error *error);

/* The i-th of them, whose decoder knows what those of resumed workers did; NULL when there are not so many. */
struct collector *engine_side(struct engine *engine, size_t i);

/* Starts to receive; `sockets[i]` are those of worker i, which stay the caller's; without any, what journals hold is decoded. */
int engine_start(struct engine *engine, const struct receiver_socket *const *sockets, const size_t *socket_counts,
                 struct sink_error *error);

/* 1 while it works; 0 when it is done by itself; -1 with `error` filled when something failed that it cannot do without. */
int engine_state(struct engine *engine, struct sink_error *error);

/* The first failure of a side lane since the last call: false when there is none. */
bool engine_side_trouble(struct engine *engine, struct sink_error *error);

/* The longest time for which a worker has not moved, in microseconds; see lane_still_us(). */
int64_t engine_still_us(struct engine *engine);

void engine_counts(struct engine *engine, struct engine_counts *ret_counts);

/* What a worker's receiver has counted. From its lane's thread too, as from all others. */
void engine_receiver_counts(struct engine *engine, uint32_t worker, struct receiver_counts *ret_counts);

/* What the kernel had dropped before this process, since the worker's journal was made. */
void engine_dropped_before(const struct engine *engine, uint32_t worker, struct receiver_counts *ret_counts);

/* Datagrams that a worker's lane has left out, as --allow does not name their exporters, or as they were too long; as of its
 * last look or cut, and from its thread too. */
void engine_left_out(struct engine *engine, uint32_t worker, uint64_t *ret_not_allowed, uint64_t *ret_cut_off);

/* Those of a side lane, from these threads too; NULL for its name when there are not so many. */
const char *engine_side_counts(struct engine *engine, size_t i, struct side_lane_counts *ret_counts);

/* lane_call() on a worker. */
bool engine_call(struct engine *engine, uint32_t worker, void (*call)(void *context, struct collector *collector),
                 void *context, int timeout_ms);

/* The same on each worker and on each lane beside them. How many did not come to it in time, each. */
unsigned engine_call_all(struct engine *engine, void (*call)(void *context, struct collector *collector), void *context,
                         int timeout_ms);

/* Decodes datagrams of these exporters only from now on; each lane takes the list, and holds it, between two datagrams. */
void engine_set_allowed(struct engine *engine, struct address_list *allowed);

/* Commits each so long from now on. */
void engine_set_commit(struct engine *engine, int64_t commit_us);

/*
 * Ends: receiving first (with `drain`, after what lies in the sockets' buffers), then what was received is decoded and kept.
 * The sinks are closed after that. `interrupted` is asked meanwhile; when it says yes, what cannot be kept at once stays in
 * the journal. 0, or -1 with `error` filled; `ret_left` is how many datagrams stay in journals.
 */
int engine_end(struct engine *engine, bool drain, bool (*interrupted)(void), uint64_t *ret_left, struct sink_error *error);

/* After engine_end(): a thread does not come back from a sink. What it uses stays, and the process is to end without waiting for
 * anything, as exit(3) would for standard output. Where it is a worker's, decoders must not be looked at either. */
bool engine_is_stuck(const struct engine *engine);
bool engine_lanes_are_stuck(const struct engine *engine);

/* Frees all and removes journals from which nothing is needed any more. NULL is fine. */
void engine_free(struct engine *engine);

#endif
