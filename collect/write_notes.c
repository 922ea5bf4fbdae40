/* SPDX-License-Identifier: MIT */
/*
 * write_notes.c - up to where the datagrams of journals are written, over a kill
 */
#include "write_notes.h"

#include <assert.h>
#include <stdio.h>

/* Behind what the write that was told of last has of a journal. */
static uint64_t reached(const struct write_notes *notes, const struct write_notes_journal *from)
{
    return from->given + (from == notes->current && notes->with_current);
}

static void note_written(struct write_notes_journal *from, uint64_t position)
{
    if (position <= from->written)
        return;
    from->written = position;
    if (from->bookmark != JOURNAL_COMMITTER) {
        journal_bookmark_set(from->journal, from->bookmark, position);
        return;
    }
    const struct journal_commit commit = {journal_committed(from->journal).cut, position};
    journal_commit(from->journal, &commit);
}

static void note_intents(struct write_notes *notes, const struct sink_write *write)
{
    for (size_t i = 0; i < notes->journal_count; i++) {
        const struct write_notes_journal *from = &notes->journals[i];
        const struct journal_intent intent = {reached(notes, from), *write};
        if (intent.position > from->written)
            journal_intent_note(from->journal, from->bookmark, &intent);
    }
}

static void on_write(void *context, const struct sink_write *write, bool with_current)
{
    struct write_notes *notes = context;
    if (!notes->open)
        notes->before = write->before;
    notes->open = write->behind == SINK_WRITE_OPEN;
    notes->with_current = with_current;
    const struct sink_write whole = {write->device, write->number, notes->before, write->behind};
    note_intents(notes, &whole);
}

static void on_written(void *context)
{
    struct write_notes *notes = context;
    for (size_t i = 0; i < notes->journal_count; i++)
        note_written(&notes->journals[i], reached(notes, &notes->journals[i]));
}

void write_notes_init(struct write_notes *notes, struct sink *sink)
{
    *notes = (struct write_notes){.sink = sink, .watcher = {.begins = on_write, .done = on_written, .context = notes}};
    if (sink != NULL && sink->class->was_written != NULL)
        sink->watcher = &notes->watcher;
}

/* What an earlier process was about to write is done, or undone. The intent goes then, as later writes make the file
 * longer. */
static int resume(const struct write_notes *notes, struct write_notes_journal *from, struct sink_error *error)
{
    static const struct journal_intent none = {0};
    const struct journal_intent intent = journal_intent(from->journal, from->bookmark);
    if (notes->sink == NULL || notes->sink->class->was_written == NULL || intent.position <= from->written ||
        intent.position > journal_head(from->journal))
        return 0;
    const int done = notes->sink->class->was_written(notes->sink, &intent.write, error);
    if (done < 0)
        return -1;
    if (done)
        note_written(from, intent.position);
    journal_intent_note(from->journal, from->bookmark, &none);
    return 0;
}

int write_notes_add(struct write_notes *notes, struct journal *journal, const char *bookmark, struct sink_error *error)
{
    assert(notes->journal_count < WRITE_NOTES_JOURNALS_MAX);
    struct write_notes_journal *from = &notes->journals[notes->journal_count];
    const uint64_t committed = journal_committed(journal).position;
    *from = (struct write_notes_journal){.journal = journal, .bookmark = JOURNAL_COMMITTER, .written = committed};
    if (bookmark != NULL) {
        from->bookmark = journal_bookmark(journal, bookmark, committed);
        const uint64_t mark = journal_bookmark_position(journal, from->bookmark);
        from->written = from->bookmark >= 0 && mark <= journal_head(journal) ? mark : committed;
    }
    if (resume(notes, from, error) != 0)
        return -1;
    from->given = from->written;
    notes->journal_count++;
    return 0;
}

void write_notes_begin(struct write_notes *notes, size_t i)
{
    notes->current = &notes->journals[i];
}

void write_notes_end(struct write_notes *notes)
{
    notes->current->given++;
    notes->current = NULL;
}

uint64_t write_notes_skip(struct write_notes *notes, size_t i, uint64_t position)
{
    struct write_notes_journal *from = &notes->journals[i];
    const uint64_t count = position > from->given ? position - from->given : 0;
    from->given += count;
    return count;
}

bool write_notes_holds(const struct write_notes *notes)
{
    return notes->sink != NULL && notes->sink->class->holds != NULL && notes->sink->class->holds(notes->sink);
}

void write_notes_settle(struct write_notes *notes)
{
    notes->open = false;
    for (size_t i = 0; i < notes->journal_count; i++)
        note_written(&notes->journals[i], notes->journals[i].given);
}
