/* SPDX-License-Identifier: MIT */
/*
 * test_write_notes.c - files of JSON have each datagram once, wherever around a write the process ends
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json_maker.h"

#include "journal_maker.h"
#include "write_notes.h"

#include <sys/file.h>
#include <sys/wait.h>

enum {
    DATAGRAMS = 12,
    END_AT = 8, /* the write around which it ends */
    LARGE_RUNS = 20, LARGE_ROWS = 500, LARGE_FIRST = 100000,
    SHORTENED = 6, /* lengths that are tried between those before and behind a write */
    WORKERS_MAX = 2
};

enum step { BEFORE_NOTE, BEFORE_WRITE, BEHIND_WRITE, BEHIND_NOTE, STEPS };

struct way {
    const char *name;     /* of the file */
    size_t workers;
    const char *bookmark; /* NULL: committed */
};

enum { OBJECTS_FROM = 3 };

static const struct way ways[] = {
    {"a.ndjson", 1, "lines"}, {"a.ndjson", 1, NULL}, {"a.ndjson", 2, "lines"},
    {"a.json", 1, "object"},  {"a.json", 1, NULL},   {"a.json", 2, "object"},
};

/* ----------------------------------------------------------------------------------------- journals, what they hold */

static char journal_paths[WORKERS_MAX][160];

static struct journal *open_worker(size_t worker)
{
    snprintf(path, sizeof path, "%s/%zu.journal", maker_folder, worker);
    snprintf(journal_paths[worker], sizeof journal_paths[worker], "%s", path);
    return open_it();
}

/* The datagrams of the first hold even numbers. */
static void fill_journals(size_t workers)
{
    for (size_t worker = 0; worker < workers; worker++) {
        struct journal *journal = open_worker(worker);
        for (uint32_t i = 0; i < DATAGRAMS; i++)
            send_one(i, 100);
        assert_int_equal(receive(journal), DATAGRAMS);
        journal_close(journal, false);
    }
}

/* ------------------------------------------------------------------------------------------------- a process's work */

/* Of one datagram more, of those that had waited, than goes out in one write. */
static void give_large(struct sink *sink)
{
    static struct maker maker;
    struct sink_error error;
    for (uint32_t i = 0; i < LARGE_RUNS; i++) {
        maker_begin(&maker, false);
        maker_run(&maker, 3000 + i, START_US + i, LARGE_FIRST + i * LARGE_ROWS, LARGE_ROWS)->late = true;
        assert_int_equal(sink->class->batch(sink, &maker.batch, &error), 0);
    }
}

static uint32_t large_at = UINT32_MAX, rotate_at = UINT32_MAX; /* the datagram that is large, or comes with another time */

/* Each datagram brings rows of one that had waited, too: two entries in one write. */
static void give(struct sink *sink, uint32_t number)
{
    static struct maker maker;
    const struct weir_datagram told = {.received_us = START_US + number};
    struct sink_error error;
    if (number == rotate_at)
        assert_int_equal(sink->class->rotate(sink, START_US, &error), 0);
    if (number == large_at)
        give_large(sink);
    maker_begin(&maker, false);
    maker_run(&maker, 1000 + number, START_US + number, 2 * number, 1)->late = true;
    maker_run(&maker, 2000 + number, START_US + number, 2 * number + 1, 1);
    assert_int_equal(sink->class->batch(sink, &maker.batch, &error), 0);
    assert_int_equal(sink->class->datagram(sink, &told, &error), 0);
}

/* A watcher before that of the notes, which ends the process at a step of a write. */
struct ender {
    const struct sink_watcher *next;
    enum step step;
    int left; /* writes up to the one around which it ends */
};

static void end_at(const struct ender *ender, enum step step)
{
    if (ender->left == 0 && ender->step == step)
        _exit(0);
}

static void on_begins(void *context, const struct sink_write *write, bool with_current)
{
    struct ender *ender = context;
    ender->left--;
    end_at(ender, BEFORE_NOTE);
    ender->next->begins(ender->next->context, write, with_current);
    end_at(ender, BEFORE_WRITE);
}

static void on_done(void *context)
{
    struct ender *ender = context;
    end_at(ender, BEHIND_WRITE);
    ender->next->done(ender->next->context);
    end_at(ender, BEHIND_NOTE);
}

static void begin_process(const struct way *way, struct journal *journals[WORKERS_MAX], struct sink **ret_sink,
                          struct write_notes *notes)
{
    struct sink_error error;
    *ret_sink = sink_open(maker_path(way->name));
    write_notes_init(notes, *ret_sink);
    for (size_t worker = 0; worker < way->workers; worker++) {
        journals[worker] = open_worker(worker);
        assert_int_equal(write_notes_add(notes, journals[worker], way->bookmark, &error), 0);
    }
}

static bool backwards; /* the last journal has the first turn */

/* Gives a sink all that is left of the journals, by turns. */
static void work(struct sink *sink, struct write_notes *notes)
{
    for (uint32_t i = 0; i < DATAGRAMS; i++) {
        for (size_t k = 0; k < notes->journal_count; k++) {
            const size_t worker = backwards ? notes->journal_count - 1 - k : k;
            if (notes->journals[worker].given > i)
                continue;
            write_notes_begin(notes, worker);
            give(sink, i * 2 + (uint32_t)worker);
            write_notes_end(notes);
            if (!write_notes_holds(notes))
                write_notes_settle(notes);
        }
    }
}

static void end_process(const struct way *way, struct journal *journals[WORKERS_MAX], struct sink *sink)
{
    sink_close(sink);
    for (size_t worker = 0; worker < way->workers; worker++)
        journal_close(journals[worker], false);
}

static void work_and_end_at(const struct way *way, enum step step, int write)
{
    const pid_t child = fork();
    int status = -1;
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *journals[WORKERS_MAX];
        struct write_notes notes;
        struct sink *sink;
        begin_process(way, journals, &sink, &notes);
        struct ender ender = {sink->watcher, step, write};
        const struct sink_watcher watcher = {on_begins, on_done, &ender};
        sink->watcher = &watcher;
        work(sink, &notes);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void work_to_the_end(const struct way *way)
{
    struct journal *journals[WORKERS_MAX];
    struct write_notes notes;
    struct sink *sink;
    begin_process(way, journals, &sink, &notes);
    work(sink, &notes);
    end_process(way, journals, sink);
}

/* ---------------------------------------------------------------------------------------------------------- checks */

static void remove_all(const struct way *way)
{
    unlink(maker_path(way->name));
    for (size_t worker = 0; worker < way->workers; worker++)
        unlink(journal_paths[worker]);
}

/* Each row is in the file once. */
static void check_rows(const char *name, size_t workers)
{
    static const char key[] = "\"IN_BYTES\": ";
    static uint8_t counts[LARGE_FIRST + LARGE_RUNS * LARGE_ROWS];
    size_t length;
    memset(counts, 0, sizeof counts);
    char *text = file_get(maker_path(name), &length);
    for (const char *at = text; (at = strstr(at, key)) != NULL; at++) {
        const long number = strtol(at + sizeof key - 1, NULL, 10);
        assert_in_range(number, 0, sizeof counts / sizeof *counts - 1);
        counts[number]++;
    }
    for (size_t i = 0; i < 4 * DATAGRAMS; i++)
        assert_int_equal(counts[i], workers > 1 || i % 4 < 2);
    for (size_t i = 0; i < LARGE_RUNS * LARGE_ROWS; i++)
        assert_int_equal(counts[LARGE_FIRST + i], large_at != UINT32_MAX);
    free(text);
    if (strstr(name, ".json") != NULL)
        json_decref(file_object(maker_path(name)));
}

static uint64_t size_of(const char *name)
{
    struct stat status;
    assert_int_equal(stat(maker_path(name), &status), 0);
    return (uint64_t)status.st_size;
}

static void test_each_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        for (enum step step = BEFORE_NOTE; step < STEPS; step++) {
            fill_journals(ways[i].workers);
            work_and_end_at(&ways[i], step, END_AT);
            work_to_the_end(&ways[i]);
            check_rows(ways[i].name, ways[i].workers);
            remove_all(&ways[i]);
        }
    }
}

/* The write came to no end, but to this length. */
static void test_torn(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct way *way = &ways[i];
        fill_journals(way->workers);
        work_and_end_at(way, BEFORE_WRITE, END_AT);
        const uint64_t before = size_of(way->name);
        remove_all(way);
        for (uint64_t turn = 0; turn <= SHORTENED; turn++) {
            fill_journals(way->workers);
            work_and_end_at(way, BEHIND_WRITE, END_AT);
            const uint64_t behind = size_of(way->name);
            assert_true(behind > before);
            assert_int_equal(truncate(maker_path(way->name), (off_t)(before + (behind - before) * turn / SHORTENED)), 0);
            work_to_the_end(way);
            check_rows(way->name, way->workers);
            remove_all(way);
        }
    }
}

/* A reader is at the file: what is held back is written by the next process. */
static void test_held(void **state)
{
    (void)state;
    for (size_t i = OBJECTS_FROM; i < sizeof ways / sizeof *ways; i++) {
        const struct way *way = &ways[i];
        fill_journals(way->workers);
        work_and_end_at(way, BEHIND_NOTE, END_AT);
        const uint64_t size_bytes = size_of(way->name);
        const int reader = open(maker_path(way->name), O_RDONLY);
        assert_int_equal(flock(reader, LOCK_SH), 0);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct journal *journals[WORKERS_MAX];
            struct write_notes notes;
            struct sink *sink;
            begin_process(way, journals, &sink, &notes);
            work(sink, &notes);
            _exit(write_notes_holds(&notes) ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(size_of(way->name), size_bytes);
        close(reader);
        work_to_the_end(way);
        check_rows(way->name, way->workers);
        remove_all(way);
    }
}

/* All files of this folder whose names begin with "a", one behind the other. */
static void join_files(const char *name)
{
    FILE *joined = fopen(maker_path(name), "w");
    DIR *files = opendir(maker_folder);
    assert_non_null(joined);
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
        size_t length;
        if (entry->d_name[0] != 'a')
            continue;
        char *text = file_get(maker_path(entry->d_name), &length);
        assert_int_equal(fwrite(text, 1, length, joined), length);
        free(text);
        unlink(maker_path(entry->d_name));
    }
    closedir(files);
    fclose(joined);
}

/* The file was given another name behind the kill: what was written is in there, and the rest comes into a new one. */
static void test_renamed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct way *way = &ways[i];
        fill_journals(way->workers);
        work_and_end_at(way, BEHIND_WRITE, END_AT);
        assert_int_equal(rename(maker_path(way->name), maker_path("a.old")), 0);
        work_to_the_end(way);
        join_files("joined");
        check_rows("joined", way->workers);
        unlink(maker_path("joined"));
        remove_all(way);
    }
}

/* What was about to be written by a process is of no meaning any more when another has written something else. */
static void test_killed_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        for (enum step step = BEFORE_NOTE; step < STEPS; step++) {
            fill_journals(ways[i].workers);
            work_and_end_at(&ways[i], BEFORE_WRITE, END_AT - 1);
            backwards = true;
            work_and_end_at(&ways[i], step, 1);
            backwards = false;
            work_to_the_end(&ways[i]);
            check_rows(ways[i].name, ways[i].workers);
            remove_all(&ways[i]);
        }
    }
}

/* A datagram that goes out in two writes is there with both. */
static void test_large(void **state)
{
    (void)state;
    large_at = 2 * END_AT;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i += 5) { /* lines, and the object of two */
        const int large = (int)ways[i].workers * END_AT + 1;
        for (enum step step = BEFORE_NOTE; step < STEPS; step++) {
            for (int write = large; write <= large + 2; write++) {
                if (write == large && step > BEFORE_WRITE)
                    continue; /* more is to come, so none is told */
                fill_journals(ways[i].workers);
                work_and_end_at(&ways[i], step, write);
                work_to_the_end(&ways[i]);
                check_rows(ways[i].name, ways[i].workers);
                remove_all(&ways[i]);
            }
        }
    }
    large_at = UINT32_MAX;
}

/* A reader holds the object up until a datagram comes that begins a new file: the old one gets what came before that. */
static void test_rotated(void **state)
{
    (void)state;
    rotate_at = 2 * END_AT;
    for (size_t i = OBJECTS_FROM; i < sizeof ways / sizeof *ways; i++) {
        const struct way *way = &ways[i];
        for (enum step step = BEFORE_NOTE; step < STEPS; step++) {
            for (int write = 1; write <= 3; write++) {
                fill_journals(way->workers);
                sink_close(sink_open(maker_path(way->name)));
                const int reader = open(maker_path(way->name), O_RDONLY);
                assert_int_equal(flock(reader, LOCK_SH), 0);
                work_and_end_at(way, step, (int)way->workers * END_AT + write);
                close(reader);
                work_to_the_end(way);
                join_files("joined");
                check_rows("joined", way->workers);
                unlink(maker_path("joined"));
                remove_all(way);
            }
        }
    }
    rotate_at = UINT32_MAX;
}

/* In memory, as journals are: hundreds of them are made. */
static int set_up_both(void **state)
{
    strcpy(maker_folder, "/dev/shm/weir-json-XXXXXX");
    return mkdtemp(maker_folder) == NULL ? -1 : set_up(state);
}

static int tear_down_both(void **state)
{
    tear_down(state);
    return maker_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_step, set_up_both, tear_down_both),
        cmocka_unit_test_setup_teardown(test_torn, set_up_both, tear_down_both),
        cmocka_unit_test_setup_teardown(test_held, set_up_both, tear_down_both),
        cmocka_unit_test_setup_teardown(test_killed_twice, set_up_both, tear_down_both),
        cmocka_unit_test_setup_teardown(test_renamed, set_up_both, tear_down_both),
        cmocka_unit_test_setup_teardown(test_large, set_up_both, tear_down_both),
        cmocka_unit_test_setup_teardown(test_rotated, set_up_both, tear_down_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
