/* SPDX-License-Identifier: MIT */
/*
 * exporter_entries.c - the exporters that weir exporters shows, and what is wrong with them
 */
#include "exporter_entries.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKEW_S = 60, SILENCE_S = 600, TEMPLATE_S = 3600 };

static unsigned find_trouble(const struct exporter_entry *entry, double now_s)
{
    /* what is not known is no trouble: a comparison with NAN is false */
    return (unsigned)(entry->loss_percent > 0) << EXPORTER_LOSS | (unsigned)(entry->refused > 0) << EXPORTER_REFUSED |
           (unsigned)(entry->skipped > 0) << EXPORTER_SKIPPED |
           (unsigned)(entry->waiting > 0) << EXPORTER_WAITING |
           (unsigned)(fabs(entry->clock_skew_s) > SKEW_S) << EXPORTER_CLOCK |
           (unsigned)(now_s - entry->last_seen_s > SILENCE_S) << EXPORTER_SILENT |
           (unsigned)(entry->oldest_template_s > TEMPLATE_S) << EXPORTER_TEMPLATE;
}

int exporter_entries_add(struct exporter_entries *entries, const struct exporter_entry *entry, double now_s)
{
    if (entries->count == entries->room) {
        const size_t room = entries->room == 0 ? 64 : entries->room * 2;
        struct exporter_entry *grown = realloc(entries->entries, room * sizeof *grown);
        if (grown == NULL)
            return -1;
        entries->entries = grown;
        entries->room = room;
    }
    struct exporter_entry *added = &entries->entries[entries->count++];
    *added = *entry;
    added->trouble = find_trouble(entry, now_s);
    return 0;
}

void exporter_entries_done(struct exporter_entries *entries)
{
    free(entries->entries);
    *entries = (struct exporter_entries){0};
}

size_t exporter_entries_leave_out(struct exporter_entries *entries)
{
    const size_t before = entries->count;
    entries->count = 0;
    for (size_t i = 0; i < before; i++) {
        if (!entries->entries[i].unheard)
            entries->entries[entries->count++] = entries->entries[i];
    }
    return before - entries->count;
}

static double percent(double came, double lost)
{
    return lost > 0 ? 100 * lost / (lost + came) : came > 0 ? 0 : NAN;
}

double exporter_entries_loss(double datagrams, double lost, double records, double lost_records)
{
    return fmax(percent(datagrams, lost), percent(records, lost_records));
}

void exporter_entries_account(const struct exporter_account *account, char text[EXPORTER_TEXT_SIZE])
{
    char left_out[80] = "", cut_off[40] = "";
    if (account->not_allowed > 0)
        snprintf(left_out, sizeof left_out, ", %.0f of exporters that --allow does not name", account->not_allowed);
    if (account->cut_off > 0)
        snprintf(cut_off, sizeof cut_off, ", %.0f too long", account->cut_off);
    snprintf(text, EXPORTER_TEXT_SIZE,
             "%.0f datagrams received, %.0f dropped by the kernel, %.0f dropped as the journal was full, %.0f refused%s%s",
             account->received, account->dropped_kernel, account->dropped_journal, account->refused, left_out, cut_off);
}

void exporter_entries_text(char *to, size_t room_bytes, const char *from)
{
    size_t at = 0;
    for (; from[at] != '\0' && at + 1 < room_bytes; at++)
        to[at] = from[at] <= ' ' || from[at] > '~' || strchr("\",\\", from[at]) != NULL ? '?' : from[at];
    to[at] = '\0';
}
