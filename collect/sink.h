/* SPDX-License-Identifier: MIT */
/*
 * sink.h - where batches go
 *
 * A sink takes batches of rows and writes them somewhere. The collector calls it in this order: `batch` for
 * each batch, then, in datagram mode, `datagram` after the last batch of each datagram that was not refused
 * (also when it held no flow), `tick` at least once a second while running live, `rotate` when --rotate says
 * so, and `close` once.
 */
#ifndef WEIR_SINK_H
#define WEIR_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

/* What went wrong, for people: "cannot write flows.json: No space left on device; free some and start again". */
struct sink_error {
    char text[512];
};

struct sink;

/* The end of a write to which more will be added. */
#define SINK_WRITE_OPEN UINT64_MAX

/* A write at the end of a file, of which can be told later whether it was done: by who finds the file as a kill left it. */
struct sink_write {
    uint64_t device, number; /* of the file */
    uint64_t before, behind; /* where what is written ends in it, in octets */
};

/* Who is told of these writes, on the sink's thread. `begins`: the write is of all that the sink was given, without the
 * datagram that it is being given now where not `with_current`. `done`: that is in the file. */
struct sink_watcher {
    void (*begins)(void *context, const struct sink_write *write, bool with_current);
    void (*done)(void *context);
    void *context;
};

/* A number that a sink keeps of its work, for metrics: "weir_CLASS_NAME". */
struct sink_count {
    const char *name; /* "rows", "written_bytes", with the unit last; the sum of one that only goes up ends in "_total"
                       * there */
    const char *help; /* what it counts, without a full stop */
    bool goes_down;   /* it is what is so now, and no sum */
    uint64_t value;
};

/* The functions of a kind of sink. Those that fail return -1 and fill `error`; all but close may be NULL. */
struct sink_class {
    const char *name;   /* "json", "text", "null" */
    bool per_datagram;  /* wants `datagram` after each datagram: batches are then flushed for each */
    int (*batch)(struct sink *sink, const struct weir_batch *batch, struct sink_error *error);
    int (*datagram)(struct sink *sink, const struct weir_datagram *datagram, struct sink_error *error);
    int (*tick)(struct sink *sink, int64_t now_us, struct sink_error *error);
    int (*rotate)(struct sink *sink, int64_t now_us, struct sink_error *error);
    int (*close)(struct sink *sink, struct sink_error *error); /* writes what is left, frees the sink, also on
                                                                * failure */
    /* Instead of batches: wants each datagram as it came, and is decoded nothing for. */
    int (*raw)(struct sink *sink, const struct weir_datagram *datagram, struct sink_error *error);
    /* octets that `raw` was given go away now; not NULL with it */
    int (*raw_end)(struct sink *sink, struct sink_error *error);
    /* Of sinks that keep rows for good, in commits that have numbers (see lane.h). `cut`: all that came since the last
     * one is to be kept under this number; writing goes on in the background. `written`: the last number of which all
     * is there, but has no name yet. `publish`: it gets its name; -1 when it has to be tried again. `settle`: rows of
     * its own, about what it has kept, for one last cut. `save`: what it would need to know after a kill, beside the
     * decoder; written where there is room, and returns how many octets that takes; `load`: takes it at the next start.
     * `hurry`, from any thread: give up what cannot be written at once. */
    int (*cut)(struct sink *sink, uint64_t cut, struct sink_error *error);
    uint64_t (*written)(struct sink *sink);
    int (*publish)(struct sink *sink, uint64_t cut, struct sink_error *error);
    void (*settle)(struct sink *sink);
    size_t (*save)(struct sink *sink, uint8_t *data, size_t room_bytes);
    void (*load)(struct sink *sink, const uint8_t *data, size_t size_bytes);
    void (*hurry)(struct sink *sink);
    /* From any thread: whether it cannot go on for something outside, as a full disk, that it has told of. */
    bool (*waits)(struct sink *sink);
    /* What it writes to may have been renamed or removed: it goes on under the name that it had. A sink that fails here
     * goes on as before. */
    int (*reopen)(struct sink *sink, struct sink_error *error);
    /* Of sinks that tell their watcher of writes. `holds`: has something of what it was given that is not written.
     * `was_written`, before anything is given to it: 1 when this write of an earlier process was done, else 0, and
     * nothing is left of it. */
    bool (*holds)(const struct sink *sink);
    int (*was_written)(struct sink *sink, const struct sink_write *write, struct sink_error *error);
    /* From any thread while it is open: calls `each` for each of its counts, always the same ones in the same order.
     * One named "failing" is 1 while what comes cannot be written. */
    void (*counts)(struct sink *sink, void (*each)(void *context, const struct sink_count *count), void *context);
};

/* The first member of every sink. */
struct sink {
    const struct sink_class *class;
    const struct sink_watcher *watcher; /* or NULL; set by who feeds it */
};

#endif
