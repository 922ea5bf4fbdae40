/* SPDX-License-Identifier: MIT */
/*
 * ledger_log.h - what became of the datagrams, as rows of the store
 *
 * From time to time the counts of each session are looked at, and what has changed since is kept: one row for each
 * session with news, and one without exporter for the collector itself. Sums over any span of time are then sums of
 * rows.
 */
#ifndef WEIR_STORE_LEDGER_LOG_H
#define WEIR_STORE_LEDGER_LOG_H

#include "commit_notes.h"
#include "file_writer.h"

#include <weir/weir.h>

/* X(ID, name, text): counts of a session, named as in struct weir_session_view. */
#define LEDGER_SESSION_COLUMNS(X)                                                                               \
    X(101, datagrams, "datagrams that came")                                                                    \
    X(102, datagrams_decoded, "of them: decoded")                                                               \
    X(103, datagrams_refused, "of them: refused")                                                               \
    X(104, bytes, "octets of the datagrams")                                                                    \
    X(105, flows, "records of data templates")                                                                  \
    X(106, options, "records of options templates")                                                             \
    X(107, sets, "sets of decoded datagrams")                                                                   \
    X(108, sets_template, "of them: templates")                                                                 \
    X(109, sets_data, "of them: decoded at once")                                                               \
    X(110, sets_waited, "of them: kept until their template came")                                              \
    X(111, sets_skipped, "of them: skipped")                                                                    \
    X(112, sets_late, "of those that waited: decoded later")                                                    \
    X(113, sets_given_up, "of those that waited: given up")                                                     \
    X(114, lost, "datagrams that are missing by sequence number (v9)")                                          \
    X(115, lost_records, "records that are missing by sequence number (v5, v7, IPFIX)")                         \
    X(116, reordered, "datagrams out of order")                                                                 \
    X(117, duplicates, "datagrams that came twice")                                                             \
    X(118, restarts, "restarts of the exporter")                                                                \
    X(119, templates_learned, "new templates")                                                                  \
    X(120, templates_changed, "templates that changed")                                                         \
    X(121, count_mismatches, "headers whose count is not the number of records")                                \
    X(122, reported_flows, "flows that the exporter says it lost itself")                                       \
    X(123, reported_packets, "packets that the exporter says it did not look at")

/* Counts of the collector itself. */
#define LEDGER_COLLECTOR_COLUMNS(X)                                                                             \
    X(131, rows_stored, "records in files of this store: those of the commits `commit_first` to `commit_last`") \
    X(132, rows_dropped, "records for which there was no room")                                                 \
    X(135, dropped_kernel, "datagrams that the kernel dropped, as its buffer was full")                         \
    X(136, dropped_journal, "datagrams that it dropped as the journal was full: the disk was too slow")         \
    X(137, outputs_missed, "datagrams that outputs beside the store missed, as they were too slow")             \
    X(138, not_allowed, "datagrams of exporters that `--allow` does not name")                                  \
    X(139, cut_off, "datagrams that were longer than there was room for")

/* Which commits a row of the collector tells of: those that were done, in the order of their numbers, since its last
 * one. */
#define LEDGER_COMMIT_COLUMNS(X)                                                                                \
    X(133, commit_first, "the first commit that `rows_stored` tells of, by the number in the files' names")     \
    X(134, commit_last, "the last one; null where there is none")

struct ledger_collector {
#define LEDGER_MEMBER(id, name, text) uint64_t name;
    LEDGER_COLLECTOR_COLUMNS(LEDGER_MEMBER)
};

struct ledger_counts {
    LEDGER_SESSION_COLUMNS(LEDGER_MEMBER)
#undef LEDGER_MEMBER
};

struct ledger_row {
    int64_t time_us;
    struct weir_address exporter;
    uint16_t port, version;
    uint32_t domain;
    struct ledger_counts counts;
};

/* Rows of one look; owned by whoever has it. */
struct ledger_page {
    struct ledger_row *rows;
    uint32_t row_count, row_capacity;
    int64_t time_us;
    bool has_collector;
    struct ledger_collector collector;
    uint64_t commit_first, commit_last; /* none where the last is less than the first */
};

struct ledger_log;

struct ledger_log *ledger_log_create(void);
void ledger_log_free(struct ledger_log *log);

/* What is new since the last call. NULL without memory, or when nothing is. `now_us` is since 1970. `told` tells which
 * commits the collector's rows_stored speaks of, from the first of its run on, and how many these are; `collector` has
 * its other counts. */
struct ledger_page *ledger_log_take(struct ledger_log *log, struct weir_decoder *decoder,
                                    const struct commit_told *told,
                                    const struct ledger_collector *collector, int64_t now_us);
void ledger_page_free(struct ledger_page *page);

/* What was dropped before, and is told already: the next page tells what is beyond it. */
void ledger_log_dropped(struct ledger_log *log, uint64_t kernel, uint64_t journal);

/* What the next page would tell of sessions and, by the counts in `collector`, of datagrams that no decoder came to see,
 * and what was told of drops, as octets for the next process on this machine, should this one be killed before. Written to
 * `data` when there is room; returns how many octets it takes, 0 without memory. */
size_t ledger_log_save(struct ledger_log *log, struct weir_decoder *decoder, const struct ledger_collector *collector,
                       uint8_t *data, size_t room_bytes);

/* Takes what was saved: the next page tells it as well. False, with nothing taken, where it is not that, or without
 * memory. */
bool ledger_log_load(struct ledger_log *log, const uint8_t *data, size_t size_bytes);

/* Writes a page as a file, as segment_write() does. */
int ledger_page_write(const struct ledger_page *page, struct file_writer *writer, const char *path,
                      const struct file_note *notes, uint32_t note_count, bool sync, uint64_t *ret_bytes,
                      struct store_error *error);

#endif
