/* SPDX-License-Identifier: MIT */
/*
 * exporter_entries.h - the exporters that weir exporters shows, wherever they are known from
 */
#ifndef WEIR_CLI_EXPORTER_ENTRIES_H
#define WEIR_CLI_EXPORTER_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

/* Numbers are NAN where they are not known. Texts are printable ASCII without quotes, commas and backslashes. */
struct exporter_entry {
    char collector[64]; /* or the store */
    char exporter[WEIR_ADDRESS_TEXT_SIZE];
    double domain, version, last_seen_s; /* seconds since 1970 */
    double datagrams, flows, flows_per_s;
    double loss_percent; /* of what the exporter sent, by its sequence numbers */
    double refused;      /* datagrams */
    double skipped;      /* sets that were skipped, or given up as their template did not come */
    double templates, sampling_rate;
    double clock_skew_s; /* how far the exporter's clock is ahead */
    double waiting;      /* sets, for their template */
    double oldest_template_s; /* how long ago the template that was not sent again for longest was sent */
    unsigned trouble;    /* a bit for each enum exporter_trouble */
    bool unheard;        /* of a running collector: known from the run before, and nothing came since */
};

enum exporter_trouble {
    EXPORTER_LOSS,
    EXPORTER_REFUSED,
    EXPORTER_SKIPPED,
    EXPORTER_WAITING,
    EXPORTER_CLOCK,    /* off by more than a minute */
    EXPORTER_SILENT,   /* nothing came for ten minutes */
    EXPORTER_TEMPLATE, /* one was not sent again for an hour */
    EXPORTER_TROUBLE_COUNT
};

struct exporter_entries {
    struct exporter_entry *entries;
    size_t count, room;
};

/* Adds one, and finds out what is wrong with it at `now_s`. -1 without memory. */
int exporter_entries_add(struct exporter_entries *entries, const struct exporter_entry *entry, double now_s);
void exporter_entries_done(struct exporter_entries *entries);

/* Takes out those that are unheard; returns how many. */
size_t exporter_entries_leave_out(struct exporter_entries *entries);

/* What of it is missing, in percent; NAN where nothing was sent. Versions count either datagrams or records. */
double exporter_entries_loss(double datagrams, double lost, double records, double lost_records);

/* Copies a text from elsewhere, as texts are here. */
void exporter_entries_text(char *to, size_t room_bytes, const char *from);

enum { EXPORTER_TEXT_SIZE = 512 };

/* What became of all datagrams; those that are not allowed or were cut off are among those received. */
struct exporter_account {
    double received, dropped_kernel, dropped_journal, refused, not_allowed, cut_off;
};

/* As a line. */
void exporter_entries_account(const struct exporter_account *account, char text[EXPORTER_TEXT_SIZE]);

/* From a running collector, by its socket. `ret_account` is filled with such a line, or "". -1 with a text in `error`; so is
 * 1: nobody listens there any more. */
int exporter_entries_ask(struct exporter_entries *entries, const char *path, char ret_account[EXPORTER_TEXT_SIZE],
                         char error[EXPORTER_TEXT_SIZE]);

/* From the ledger of a store, and its newest flows, without files that are damaged, which are named. 0, or -1 when it
 * was told why not. */
int exporter_entries_read(struct exporter_entries *entries, const char *folder, char ret_account[EXPORTER_TEXT_SIZE]);

enum exporter_format { EXPORTERS_TABLE, EXPORTERS_JSON, EXPORTERS_CSV, EXPORTERS_FORMAT_COUNT };

/* Writes them to standard output: those in trouble first, then those with most datagrams. 0, or -1 with errno. */
int exporter_entries_print(struct exporter_entries *entries, enum exporter_format format);

#endif
