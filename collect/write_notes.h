/* SPDX-License-Identifier: MIT */
/*
 * write_notes.h - up to where the datagrams of journals are written, over a kill
 *
 * A sink that can tell of its writes afterwards (sink_watcher) has each datagram's rows in its file once, whenever the
 * process is killed: before a write the journal notes what is to be written, and up to where; behind it, that position.
 *
 *     ... ── intent: "datagrams before P, as octets 700 to 900 of file F" ── write ── position P ── ...
 *         killed here: from the old position          here: F has 900 octets, or what it has behind 700 is cut off
 *
 * What a sink holds back, as a reader is at its file, is not written: the position stays. A write may have datagrams of
 * several journals; each of these notes it, and each comes to the same of it.
 */
#ifndef WEIR_COLLECT_WRITE_NOTES_H
#define WEIR_COLLECT_WRITE_NOTES_H

#include "journal.h"
#include "sink.h"

enum { WRITE_NOTES_JOURNALS_MAX = 64 };

struct write_notes {
    struct sink *sink; /* or NULL */
    struct sink_watcher watcher;
    struct write_notes_journal {
        struct journal *journal;
        int bookmark;
        uint64_t given;   /* the sink was given all before it */
        uint64_t written; /* all before it is written, as the journal says */
    } journals[WRITE_NOTES_JOURNALS_MAX];
    size_t journal_count;
    struct write_notes_journal *current; /* of which the sink is being given the datagram at `given` */
    bool with_current; /* it is in the write that was told of last */
    bool open;         /* to that more is to be added, which began at `before` */
    uint64_t before;
};

/* Becomes the sink's watcher, where the sink tells of writes; else, and with NULL, only counts. Stays where it is. */
void write_notes_init(struct write_notes *notes, struct sink *sink);

/* Adds a journal. With the name of a bookmark, `given` is then where the last process of this name stood; with NULL, the journal
 * is committed as far as things are written. -1 with `error` filled. */
int write_notes_add(struct write_notes *notes, struct journal *journal, const char *bookmark, struct sink_error *error);

/* Around each datagram that the sink is given, the i-th journal's at `given`. */
void write_notes_begin(struct write_notes *notes, size_t i);
void write_notes_end(struct write_notes *notes);

/* The sink is not given those of the i-th journal before the position. How many are passed over. */
uint64_t write_notes_skip(struct write_notes *notes, size_t i, uint64_t position);

/* Whether the sink has something that is not written. */
bool write_notes_holds(const struct write_notes *notes);

/* All that was given is written, or given up. */
void write_notes_settle(struct write_notes *notes);

#endif
