/* SPDX-License-Identifier: MIT */
/*
 * json_sink.c - flows as JSON, in a file
 *
 * Rows come in batches, one for each layout, and a datagram's rows can be spread over several. So they are gathered
 * as text: `live` holds those of the datagram being decoded, `late` those of one that had waited for its template.
 * A group that is complete becomes an entry in `out`, and `out` goes to the file.
 */
#define _GNU_SOURCE
#include "json_sink.h"
#include "json_file.h"
#include "json_name.h"
#include "json_rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* An entry that would be larger becomes several: a datagram of short records with long names can make gigabytes. */
#define ENTRY_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* Rows that are written between two looks at that limit. */
#define ROWS_AT_ONCE 256u

/* Entries of datagrams that had waited go out when they are so many, even while `live` is incomplete. */
#define OUT_BYTES_MAX ((size_t)1024 * 1024)

/* A reader may keep us from writing for so many ticks, and from ending for so many naps. */
#define HELD_TICKS_MAX 10u
#define HELD_NAPS_MAX 100u
#define NAP_NS 10000000L

#define NAME_ATTEMPTS_MAX 10000u

/* Rows of one datagram, as text: `, {...}, {...}`. */
struct group {
    bool open;
    struct weir_run run; /* the first of them, for the datagram's number, time and header */
    struct json_buffer flows;
    struct json_buffer options;
};

/* What is in `out`: of the datagram that is being given all, or nothing, or a part. */
enum out_extent { OUT_WHOLE, OUT_BEFORE, OUT_PART };

struct json_sink {
    struct sink sink;
    struct json_file *file;
    struct json_rows *rows;
    struct group live;
    struct group late;
    struct json_buffer out; /* entries that are not yet written */
    unsigned held_ticks;    /* for so many ticks a reader has kept us from it */
    uint64_t out_count;     /* entries in `out` */
    uint64_t held_count;    /* the same, and those that the file holds */
    int64_t full_us;        /* since when there is no room, monotonic; 0: there is */
    _Atomic bool failing;   /* the same, for others to ask */
    _Atomic uint64_t missed; /* entries for which there was no room */
    bool patient;
    bool lines;
    bool gzip;
    bool unix_names;
    char *path; /* as it was named */
    size_t group_bytes;
    void (*warn)(void *context, const char *text);
    void *context;
};

/* ------------------------------------------------------------------------------------------------- entries */

static int text_add(struct json_buffer *out, const char *text)
{
    return json_buffer_add(out, text, strlen(text));
}

/* A member of the object, with a comma in front. Room is made for all of it first: no half of it is left behind. */
static int object_entry_add(struct json_sink *json, const struct group *group)
{
    char key[JSON_KEY_SIZE];
    size_t key_length = json_keys_next(&json->file->keys, group->run.received_us, key);

    if (json_buffer_reserve(&json->out, group->flows.used + JSON_KEY_SIZE + 16) < 0) {
        return -1;
    }
    text_add(&json->out, ",\n\"");
    json_buffer_add(&json->out, key, key_length);
    text_add(&json->out, "\": [");
    json_buffer_add(&json->out, group->flows.bytes + 2, group->flows.used - 2);
    return text_add(&json->out, "]");
}

static int line_head_add(struct json_buffer *out, const struct weir_run *run)
{
    char address[WEIR_ADDRESS_TEXT_SIZE];
    char key[JSON_KEY_SIZE];
    char head[512];
    size_t key_length = json_time_write(run->received_us, key);

    weir_address_text(&run->exporter, address);
    int length = snprintf(head, sizeof head,
                          "{\"%.*s\": {\"client\": [\"%s\", %u], \"header\": {\"version\": %u, \"count\": %u, "
                          "\"uptime\": %lu, \"timestamp\": %lu, \"sequence\": %lu, \"source_id\": %lu}, \"flows\": [",
                          (int)key_length, key, address, (unsigned)run->exporter_port, (unsigned)run->version,
                          (unsigned)run->header_count, (unsigned long)run->sys_uptime_ms,
                          (unsigned long)run->export_time_s, (unsigned long)run->sequence,
                          (unsigned long)run->domain);
    return json_buffer_add(out, head, (size_t)length);
}

/* A line of its own. Room is made first here as well. */
static int line_add(struct json_sink *json, const struct group *group)
{
    struct json_buffer *out = &json->out;

    if (json_buffer_reserve(out, group->flows.used + group->options.used + 1024) < 0) {
        return -1;
    }
    line_head_add(out, &group->run);
    if (group->flows.used > 0) {
        json_buffer_add(out, group->flows.bytes + 2, group->flows.used - 2);
    }
    if (group->options.used > 0) {
        text_add(out, "], \"options\": [");
        json_buffer_add(out, group->options.bytes + 2, group->options.used - 2);
    }
    return text_add(out, "]}}\n");
}

/* ------------------------------------------------------------------------------------------------- writing */

static int fail_memory(struct json_sink *json, struct sink_error *error)
{
    return json_file_fail(json->file, ENOMEM, error);
}

static int64_t monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What was left for later stays in memory, as far as it goes there. */
static void out_bound(struct json_sink *json)
{
    if (json->out.used < OUT_BYTES_MAX) {
        return;
    }
    json->missed += json->out_count;
    json->held_count -= json->out_count;
    json->out_count = 0;
    json->out.used = 0;
}

/* Tells once that there is no room, and once that there is again. */
static void full_tell(struct json_sink *json, const struct sink_error *error)
{
    char text[600];

    if (json->file->full == (json->full_us != 0)) {
        return;
    }
    if (json->file->full) {
        snprintf(text, sizeof text, "%.400s; this goes on to be tried, and what memory has no room for is missed",
                 error->text);
        json->full_us = monotonic_us();
    } else {
        snprintf(text, sizeof text, "%.400s is written again, after %.0f s; it lacks %" PRIu64 " datagrams so far",
                 json->file->path, (double)(monotonic_us() - json->full_us) * 1e-6, json->missed);
        json->full_us = 0;
    }
    json->failing = json->file->full;
    if (json->warn != NULL) {
        json->warn(json->context, text);
    }
}

/* What the file's functions return is a failure, unless there is but no room. */
static int result_take(struct json_sink *json, int result, struct sink_error *error)
{
    if (result < 0 && !json->file->full) {
        return -1;
    }
    json->out_count = json->out.used == 0 ? 0 : json->out_count;
    if (result < 0) {
        out_bound(json);
    } else if (json->out.used == 0 && !json->file->holds) {
        json->held_count = 0;
    }
    full_tell(json, error);
    return 0;
}

/* Whether it can be told later what was written. */
static bool has_extent(const struct json_file *file)
{
    return file->regular && file->class->extent != NULL;
}

/* Tells that `out` is about to be written. Returns whether anybody listens. */
static bool write_tell(struct json_sink *json, enum out_extent extent)
{
    const struct sink_watcher *watcher = json->sink.watcher;
    struct sink_write write = {.device = json->file->device, .number = json->file->number};

    if (watcher == NULL || json->out.used == 0 || !has_extent(json->file)) {
        return false;
    }
    json->file->class->extent(json->file, json->out.used, &write);
    if (extent == OUT_PART) {
        write.behind = SINK_WRITE_OPEN;
    }
    watcher->begins(watcher->context, &write, extent != OUT_BEFORE);
    return true;
}

static int out_try(struct json_sink *json, enum out_extent extent, bool force, struct sink_error *error)
{
    const bool told = write_tell(json, extent);
    const int result =
        result_take(json, json->file->class->write(json->file, &json->out, force, error), error);

    if (told && result == 0 && json->out.used == 0 && extent != OUT_PART) {
        json->sink.watcher->done(json->sink.watcher->context);
    }
    return result;
}

/* A full disk is tried with each tick only. */
static int out_write(struct json_sink *json, enum out_extent extent, bool force, struct sink_error *error)
{
    if (json->file->full) {
        out_bound(json);
        return 0;
    }
    return out_try(json, extent, force, error);
}

/* Makes an entry of what was gathered, and begins anew. */
static int group_end(struct json_sink *json, struct group *group, struct sink_error *error)
{
    int result = 0;

    if (group->flows.used > 0 || group->options.used > 0) {
        result = json->lines ? line_add(json, group) : object_entry_add(json, group);
        group->flows.used = 0;
        group->options.used = 0;
        json->out_count++;
        json->held_count++;
    }
    group->open = false;
    return result < 0 ? fail_memory(json, error) : 0;
}

/* Both groups. Those that had waited came first. */
static int groups_end(struct json_sink *json, struct sink_error *error)
{
    return group_end(json, &json->late, error) < 0 || group_end(json, &json->live, error) < 0 ? -1 : 0;
}

static int run_add(struct json_sink *json, const struct weir_batch *batch, const struct weir_run *run,
                   struct sink_error *error)
{
    struct group *group = run->late ? &json->late : &json->live;
    struct json_buffer *text = batch->layout->options ? &group->options : &group->flows;

    if (group->open && group->run.datagram != run->datagram && group_end(json, group, error) < 0) {
        return -1;
    }
    if (!group->open) {
        group->open = true;
        group->run = *run;
    }
    for (uint32_t done = 0; done < run->row_count;) {
        uint32_t count = run->row_count - done < ROWS_AT_ONCE ? run->row_count - done : ROWS_AT_ONCE;
        if (json_rows_write(json->rows, batch, run->first_row + done, count, text) < 0) {
            return fail_memory(json, error);
        }
        done += count;
        if (text->used > ENTRY_BYTES_MAX) {
            if (group_end(json, group, error) < 0 || out_write(json, OUT_PART, true, error) < 0) {
                return -1;
            }
            group->open = true;
        }
    }
    return 0;
}

/* -------------------------------------------------------------------------------------------- the sink's calls */

static int json_batch(struct sink *sink, const struct weir_batch *batch, struct sink_error *error)
{
    struct json_sink *json = (struct json_sink *)sink;

    if (json->file->failed) {
        *error = json->file->failure;
        return -1;
    }
    if (batch->layout->options && !json->lines) {
        return 0;
    }
    for (uint32_t i = 0; i < batch->run_count; i++) {
        if (run_add(json, batch, &batch->runs[i], error) < 0) {
            return -1;
        }
    }
    return json->out.used < OUT_BYTES_MAX ? 0 : out_write(json, OUT_PART, false, error);
}

static int json_datagram(struct sink *sink, const struct weir_datagram *datagram, struct sink_error *error)
{
    struct json_sink *json = (struct json_sink *)sink;

    (void)datagram;
    if (groups_end(json, error) < 0) {
        return -1;
    }
    return json->out.used == 0 || json->out.used < json->group_bytes ? 0 : out_write(json, OUT_WHOLE, false, error);
}

static int json_tick(struct sink *sink, int64_t now_us, struct sink_error *error)
{
    struct json_sink *json = (struct json_sink *)sink;

    if (groups_end(json, error) < 0 || out_try(json, OUT_WHOLE, json->held_ticks >= HELD_TICKS_MAX, error) < 0) {
        return -1;
    }
    json->held_ticks = json->out.used > 0 ? json->held_ticks + 1 : 0;
    return json->file->class->tick == NULL || json->file->full
               ? 0
               : result_take(json, json->file->class->tick(json->file, now_us, error), error);
}

static struct json_file *file_open(const struct json_sink *json, const char *path, bool fresh,
                                   struct sink_error *error)
{
    const struct json_file_options options = {
        .path = path, .fresh = fresh, .warn = json->warn, .context = json->context};

    struct json_file *file = json->gzip    ? json_gzip_file_open(&options, error)
                             : json->lines ? json_lines_file_open(&options, error)
                                           : json_object_file_open(&options, error);

    if (file != NULL) {
        file->patient = json->patient;
    }
    return file;
}

/* A new file with a name of its own, whatever else there is. */
static struct json_file *file_open_stamped(const struct json_sink *json, int64_t start_us, struct sink_error *error)
{
    char name[PATH_MAX];

    for (unsigned attempt = 0; attempt < NAME_ATTEMPTS_MAX; attempt++) {
        if (json_name_make(json->path, json->unix_names, start_us, attempt, name, sizeof name) < 0) {
            json_error(error, "cannot open a file after %.200s: the name is too long", json->path);
            return NULL;
        }
        struct json_file *file = file_open(json, name, true, error);
        if (file != NULL || errno != EEXIST) {
            return file;
        }
    }
    return NULL;
}

static int json_rotate(struct sink *sink, int64_t now_us, struct sink_error *error)
{
    struct json_sink *json = (struct json_sink *)sink;

    if (groups_end(json, error) < 0 || out_try(json, OUT_BEFORE, true, error) < 0) {
        return -1;
    }
    if (strcmp(json->path, "-") == 0 || json->file->full) {
        return 0; /* what waits for room goes where it belongs */
    }
    struct json_file *file = file_open_stamped(json, now_us, error);
    if (file == NULL && json->patient && json->warn != NULL) {
        json->warn(json->context, error->text);
        return 0; /* the old one serves until then */
    }
    if (file == NULL) {
        return -1;
    }
    struct json_file *old = json->file;
    json->file = file;
    return old->class->close(old, error);
}

/* Whether the file that is being written has its name no more. */
static bool is_moved(const struct json_file *file)
{
    struct stat named, open;

    if (fstat(file->fd, &open) < 0) {
        return false;
    }
    return stat(file->path, &named) < 0 ? errno == ENOENT : named.st_dev != open.st_dev || named.st_ino != open.st_ino;
}

static int json_reopen(struct sink *sink, struct sink_error *error)
{
    struct json_sink *json = (struct json_sink *)sink;
    struct json_file *old = json->file;
    char text[512];

    if (!old->regular || !is_moved(old)) {
        return 0;
    }
    if (groups_end(json, error) < 0 || out_try(json, OUT_BEFORE, true, error) < 0) {
        return -1;
    }
    struct json_file *file = file_open(json, old->path, false, error);
    if (file == NULL) {
        return -1;
    }
    json->file = file;
    if (json->warn != NULL) {
        snprintf(text, sizeof text, "%.400s was moved away, and is begun anew", file->path);
        json->warn(json->context, text);
    }
    return old->class->close(old, error);
}

/* At the end there is time to wait for a reader, and no later chance to write. */
static int out_settle(struct json_sink *json, struct sink_error *error)
{
    const struct timespec nap = {.tv_nsec = NAP_NS};

    for (unsigned naps = 0; naps < HELD_NAPS_MAX; naps++) {
        if (out_try(json, OUT_WHOLE, false, error) < 0) {
            return -1;
        }
        if (json->out.used == 0) {
            return 0;
        }
        nanosleep(&nap, NULL);
    }
    return out_try(json, OUT_WHOLE, true, error);
}

static void sink_free(struct json_sink *json)
{
    struct json_buffer *buffers[] = {&json->live.flows, &json->live.options, &json->late.flows, &json->late.options,
                                     &json->out};

    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        json_buffer_done(buffers[i]);
    }
    json_rows_free(json->rows);
    free(json->path);
    free(json);
}

static int json_close(struct sink *sink, struct sink_error *error)
{
    struct json_sink *json = (struct json_sink *)sink;
    int written = groups_end(json, error) < 0 || out_settle(json, error) < 0 ? -1 : 0;
    int closed = json->file->class->close(json->file, error);
    int result = written < 0 || closed < 0 || json->out.used > 0 ? -1 : 0;
    char text[512];

    json->missed += result < 0 && json->full_us != 0 ? json->held_count : 0;
    if (json->missed > 0) {
        snprintf(text, sizeof text, "%.400s lacks %" PRIu64 " datagrams, for which there was no room", json->path,
                 json->missed);
        if (result < 0) {
            json_error(error, "%s", text);
        } else if (json->warn != NULL) {
            json->warn(json->context, text);
        }
    }
    sink_free(json);
    return result;
}

static bool json_holds(const struct sink *sink)
{
    const struct json_sink *json = (const struct json_sink *)sink;

    return json->out.used > 0 && has_extent(json->file);
}

/* The name of a file of this number beside the one that is open: an earlier process's may have ended, or been renamed. */
static bool name_find(const struct json_sink *json, const struct sink_write *write, char name[PATH_MAX])
{
    const char *path = json->file->path, *slash = strrchr(path, '/');
    const int folder_length = slash == NULL ? 0 : (int)(slash - path) + 1;
    struct stat status;
    bool found = false;

    snprintf(name, PATH_MAX, "%.*s.", folder_length, path);
    DIR *folder = opendir(name);
    for (const struct dirent *entry; folder != NULL && !found && (entry = readdir(folder)) != NULL;) {
        found = fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
                status.st_dev == write->device && status.st_ino == write->number &&
                snprintf(name, PATH_MAX, "%.*s%s", folder_length, path, entry->d_name) < PATH_MAX;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return found;
}

static int json_was_written(struct sink *sink, const struct sink_write *write, struct sink_error *error)
{
    const struct json_sink *json = (const struct json_sink *)sink;
    const struct json_file_options options = {.warn = json->warn, .context = json->context};
    char name[PATH_MAX];

    if (!has_extent(json->file)) {
        return 0;
    }
    if (json->file->device == write->device && json->file->number == write->number) {
        return json->file->class->was_written(json->file, &options, write, error);
    }
    struct json_file *file = name_find(json, write, name) ? file_open(json, name, false, error) : NULL;
    if (file == NULL) {
        return 0; /* where it is, if it is, nobody knows */
    }
    const int written = file->class->was_written(file, &options, write, error);
    return file->class->close(file, error) < 0 ? -1 : written;
}

static void json_counts(struct sink *sink, void (*each)(void *context, const struct sink_count *count), void *context)
{
    const struct json_sink *json = (const struct json_sink *)sink;
    const struct sink_count counts[] = {
        {"missed_datagrams", "Datagrams that are not in files, as there was no room", false, json->missed},
        {"failing", "1 while what comes cannot be written", true, json->failing},
    };

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        each(context, &counts[i]);
    }
}

/* ------------------------------------------------------------------------------------------------ creation */

struct sink *json_sink_create(const struct json_sink_options *options, struct sink_error *error)
{
    static const struct sink_class class = {.name = "json",
                                            .per_datagram = true,
                                            .batch = json_batch,
                                            .datagram = json_datagram,
                                            .tick = json_tick,
                                            .rotate = json_rotate,
                                            .reopen = json_reopen,
                                            .holds = json_holds,
                                            .was_written = json_was_written,
                                            .counts = json_counts,
                                            .close = json_close};
    struct json_sink *json = calloc(1, sizeof *json);

    if (json == NULL || (json->path = strdup(options->path)) == NULL || (json->rows = json_rows_create()) == NULL) {
        if (json != NULL) {
            sink_free(json);
        }
        json_error(error, "cannot open %s: out of memory", options->path);
        return NULL;
    }
    json->sink.class = &class;
    json->gzip = json_name_ends(options->path, ".gz");
    /* An object grows by writing over its end, which a stream does not allow. */
    json->lines = options->lines || json->gzip || json_name_ends(options->path, ".ndjson") ||
                  strcmp(options->path, "-") == 0;
    json->unix_names = options->unix_names;
    json->group_bytes = options->group_bytes;
    json->patient = options->patient;
    json->warn = options->warn;
    json->context = options->context;

    bool stamped = options->rotating && strcmp(json->path, "-") != 0;
    json->file = stamped ? file_open_stamped(json, options->start_us, error)
                         : file_open(json, json->path, false, error);
    if (json->file == NULL) {
        sink_free(json);
        return NULL;
    }
    return &json->sink;
}

const char *json_sink_path(const struct sink *sink)
{
    return ((const struct json_sink *)sink)->file->path;
}
