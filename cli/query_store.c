/* SPDX-License-Identifier: MIT */
/*
 * query_store.c - a store opened for queries, without the files that cannot be read
 *
 * Reading order: finding and opening; what is left out; query_store_mend() at the end, and what it tries above it.
 */
#define _GNU_SOURCE
#include "query_store.h"

#include "file_check.h"
#include "flow_source.h"
#include "query_watch.h"
#include "store_folder.h"
#include "store_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTS_MAX = 10, KINDS = 3 };

/* -------------------------------------------------------------------------------------------------------- the store */

int query_store_find(struct query_store *store, const char *option, bool may_miss)
{
    char why[STORE_FOLDER_WHY_SIZE];
    struct store_error error;
    struct stat is;
    bool told;
    store->folder = store_folder(option, &told);
    if (store->folder == NULL) {
        fprintf(stderr, "weir %s: it is not known where the store is; --store DIR names it\n", store->command);
        return -1;
    }
    errno = ENOTDIR;
    const bool is_there = stat(store->folder, &is) == 0;
    if (!is_there && errno == ENOENT && may_miss && !told) {
        store->is_missing = true;
        return 0;
    }
    if (is_there && S_ISDIR(is.st_mode) && access(store->folder, R_OK | X_OK) == 0) {
        const bool may_be = store_folder_may_be(store->folder, why);
        if (may_be && store_format_check(store->folder, &error) == 0)
            return 0;
        fprintf(stderr, "weir %s: %s\n", store->command, may_be ? error.text : why);
    } else if (errno == ENOENT) {
        fprintf(stderr, "weir %s: there is no store at %s; 'weir collect -o store:DIR' makes one, and --store DIR or "
                        "WEIR_STORE names it\n", store->command, store->folder);
    } else {
        fprintf(stderr, "weir %s: cannot read the store %s: %s\n", store->command, store->folder, strerror(errno));
    }
    return -1;
}

static struct store_files *files_of(struct query_store *store, int kind)
{
    return kind == 0 ? &store->flows : kind == 1 ? &store->options : &store->ledger;
}

bool query_store_leaves_out(const struct query_store *store, const char *path)
{
    for (size_t i = 0; i < store->left_out_count; i++) {
        if (strcmp(store->left_out[i].path, path) == 0)
            return true;
    }
    return false;
}

/* Takes those that are left out off a list. */
static void take_off(const struct query_store *store, struct store_files *files)
{
    size_t kept = 0;
    for (size_t i = 0; i < files->count && store->left_out_count > 0; i++) {
        if (query_store_leaves_out(store, files->paths[i]))
            free(files->paths[i]);
        else
            files->paths[kept++] = files->paths[i];
    }
    if (store->left_out_count > 0)
        files->count = kept;
}

static int find_kind(struct query_store *store, int kind)
{
    static const enum segment_kind kinds[KINDS] = {SEGMENT_FLOWS, SEGMENT_OPTIONS, SEGMENT_LEDGER};
    struct segment_window window = store->window;
    const int64_t back_s = kind == 0 ? store->flows_back_s : kind == 2 ? store->ledger_back_s : 0;
    if (back_s > 0)
        return store_files_find_recent(files_of(store, kind), store->folder, kinds[kind], back_s);
    if (kind == 2 && window.to_s != INT64_MAX)
        window.to_s += FLOW_LEDGER_EACH_US / 1000000; /* a row stands at the end of its minute */
    return store_files_find(files_of(store, kind), store->folder, segment_kind_name(kinds[kind]),
                            store->has_window ? &window : NULL);
}

int query_store_list(struct query_store *store, struct query_error *error)
{
    store->is_whole = false;
    for (int kind = 0; kind < KINDS; kind++) {
        struct store_files *files = files_of(store, kind);
        store_files_done(files);
        if (store->is_missing || (kind == 1 && !store->wants_options) || (kind != 1 && store->wants_options_only))
            continue;
        if (find_kind(store, kind) != 0) {
            snprintf(error->text, sizeof error->text, "cannot read the store %s: %s", store->folder, strerror(errno));
            return -1;
        }
        take_off(store, files);
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------- what is left out */

/* "PATH is damaged: its end is missing" is "its end is missing" where the path stands before it anyhow. */
static const char *without_path(const char *text, const char *path)
{
    static const char damaged[] = " is damaged: ";
    const size_t length = strlen(path);
    if (strncmp(text, path, length) != 0)
        return text;
    text += length;
    return strncmp(text, damaged, sizeof damaged - 1) == 0 ? text + sizeof damaged - 1 : text + strspn(text, " :");
}

static int leave_out(struct query_store *store, const char *path, const char *why)
{
    struct left_out *more = realloc(store->left_out, (store->left_out_count + 1) * sizeof *more);
    if (more == NULL)
        return -1;
    store->left_out = more;
    why = without_path(why, path);
    const struct left_out item = {strdup(path), strndup(why, strcspn(why, "\n"))};
    if (item.path == NULL || item.why == NULL) {
        free(item.path);
        free(item.why);
        return -1;
    }
    more[store->left_out_count++] = item;
    return 0;
}

size_t query_store_tell(struct query_store *store)
{
    for (; store->told_count < store->left_out_count; store->told_count++)
        fprintf(stderr, "weir %s: left out: %s: %s\n", store->command, store->left_out[store->told_count].path,
                store->left_out[store->told_count].why);
    return store->left_out_count;
}

/* What DuckDB was not given as its foot is damaged or of another format. */
static int take_skipped(struct query_store *store)
{
    const struct query_skipped *skipped;
    const size_t count = query_skipped(store->query, &skipped);
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        if (!query_store_leaves_out(store, skipped[i].path))
            result = leave_out(store, skipped[i].path, skipped[i].why);
    }
    for (int kind = 0; kind < KINDS && count > 0; kind++)
        take_off(store, files_of(store, kind));
    return result;
}

/* ------------------------------------------------------------------------------------------------- looking at files */

struct look {
    struct query_store *store;
    struct chunk_reader reader;
    size_t done, total; /* files */
    bool is_stopped, is_gone, has_found;
};

static bool look_begin(struct look *look, struct query_store *store)
{
    *look = (struct look){.store = store};
    for (int kind = 0; kind < KINDS; kind++)
        look->total += files_of(store, kind)->count;
    if (chunk_reader_init(&look->reader) != 0)
        return false;
    query_watch_begin(NULL);
    return true;
}

static void look_end(struct look *look)
{
    chunk_reader_done(&look->reader);
    query_watch_end();
}

/* Leaves the file out where it is damaged. What is not Weir's own cannot be told so, and is for DuckDB to judge. */
static void look_at(struct look *look, const char *path, bool values)
{
    struct store_error why = {.number = 0};
    if (file_check(&look->reader, path, values, &why) != 0) {
        if (why.number == ENOENT)
            look->is_gone = true;
        else if (why.number == 0 || why.number == EIO || why.number == EACCES)
            look->has_found |= leave_out(look->store, path, why.text) == 0;
    }
    query_watch_share((double)++look->done / (double)look->total);
    look->is_stopped = query_watch_stopped() != 0;
}

static void look_at_all(struct look *look, bool values)
{
    look->done = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        const struct store_files *files = files_of(look->store, kind);
        for (size_t i = 0; i < files->count && !look->is_stopped; i++)
            look_at(look, files->paths[i], values);
    }
}

/* ---------------------------------------------------------------------------------------------------------- opening */

static struct store_footers *footers_of(struct query_store *store, int kind)
{
    return kind == 0 ? &store->flow_footers : kind == 1 ? &store->option_footers : &store->ledger_footers;
}

static bool is_refused(const uint8_t *tail, size_t size_bytes, char why[QUERY_WHY_SIZE])
{
    char format[FILE_FORMAT_SIZE];
    struct store_error error;
    if (!file_format_find(tail, size_bytes, format) || strcmp(format, FILE_FORMAT) == 0)
        return false;
    file_format_unknown("it", format, &error);
    snprintf(why, QUERY_WHY_SIZE, "%.*s", QUERY_WHY_SIZE - 1, error.text);
    return true;
}

/* DuckDB would read a file with another footer than was written, and give other answers. 0, or -1 without memory. */
static int leave_out_damaged(struct query_store *store, int kind)
{
    const struct store_footers *footers = footers_of(store, kind);
    struct store_files *files = files_of(store, kind);
    int result = 0;
    for (size_t i = 0; i < files->count && result == 0; i++) {
        struct file_reader file;
        struct store_error why = {.number = 0};
        if (!footers->is_damaged[i] || query_store_leaves_out(store, files->paths[i]))
            continue;
        if (file_reader_open(&file, files->paths[i], &why) == 0)
            file_reader_check_notes(&file, &why);
        file_reader_close(&file);
        result = leave_out(store, files->paths[i], why.text);
    }
    take_off(store, files);
    return result;
}

/* Reads the footers of the files of a kind that are not damaged. 0, or -1 without memory. */
static int know_kind(struct query_store *store, int kind)
{
    struct store_footers *footers = footers_of(store, kind);
    do {
        store_footers_done(footers);
        if (store_footers_read(footers, files_of(store, kind), kind == 0 ? store->span : NULL,
                               kind == 0 ? store->sought : NULL, store->settings.threads) != 0)
            return -1;
    } while (footers->damaged_count > 0 && leave_out_damaged(store, kind) == 0);
    return footers->damaged_count > 0 ? -1 : 0;
}

/* The files as they are listed now, with what their footers tell; it lives until the list is another one. A file of a
 * later format is not known by its footer, and is refused. 0, or -1. */
static int know_files(struct query_store *store, struct query_files *ret_files, struct query_error *error)
{
    for (int kind = 0; kind < KINDS; kind++) {
        if (know_kind(store, kind) != 0) {
            *error = (struct query_error){.text = "not enough memory"};
            return -1;
        }
    }
    *ret_files = (struct query_files){
        .flows = store_footers_paths(&store->flow_footers),
        .options = store_footers_paths(&store->option_footers),
        .ledger = store_footers_paths(&store->ledger_footers),
        .refuses = is_refused,
    };
    return 0;
}

static int connect(struct query_store *store, struct query_error *error)
{
    struct query_files files;
    query_store_close(store);
    if (know_files(store, &files, error) != 0)
        return -1;
    query_watch_begin(NULL);
    store->query = query_open(&files, &store->settings, error);
    query_watch_end();
    if (store->query == NULL)
        return -1;
    if (take_skipped(store) == 0)
        return 0;
    *error = (struct query_error){.text = "not enough memory"};
    return -1;
}

static void verify(struct query_store *store)
{
    struct look look;
    if (!look_begin(&look, store))
        return;
    look_at_all(&look, true);
    look_end(&look);
    for (int kind = 0; kind < KINDS; kind++)
        take_off(store, files_of(store, kind));
}

int query_store_open(struct query_store *store, struct query_error *error)
{
    store->settings.progress = isatty(STDERR_FILENO) == 1;
    if (query_store_list(store, error) != 0)
        return -1;
    if (store->verify)
        verify(store);
    store->verify = false;
    while (connect(store, error) != 0) {
        if (query_store_mend(store, error) != 1)
            return -1;
        if (store->query != NULL)
            return 0;
    }
    return 0;
}

const struct flow_facts *query_store_facts(const struct query_store *store)
{
    return store->query != NULL && query_flows_are_known(store->query) ? &store->flow_footers.facts : NULL;
}

void query_store_close(struct query_store *store)
{
    query_close(store->query);
    store->query = NULL;
}

void query_store_done(struct query_store *store)
{
    query_store_close(store);
    for (int kind = 0; kind < KINDS; kind++) {
        store_footers_done(footers_of(store, kind));
        store_files_done(files_of(store, kind));
    }
    for (size_t i = 0; i < store->left_out_count; i++) {
        free(store->left_out[i].path);
        free(store->left_out[i].why);
    }
    free(store->left_out);
    free(store->folder);
    store->left_out = NULL;
    store->folder = NULL;
}

/* ---------------------------------------------------------------------------------------------------------- mending */

/* The file that DuckDB names, where it does. */
static void look_at_named(struct look *look, const char *text)
{
    for (int kind = 0; kind < KINDS; kind++) {
        const struct store_files *files = files_of(look->store, kind);
        for (size_t i = 0; i < files->count; i++) {
            if (strstr(text, files->paths[i]) != NULL) {
                look_at(look, files->paths[i], true);
                return;
            }
        }
    }
}

static bool is_one_gone(struct query_store *store)
{
    for (int kind = 0; kind < KINDS; kind++) {
        const struct store_files *files = files_of(store, kind);
        for (size_t i = 0; i < files->count; i++) {
            if (access(files->paths[i], F_OK) != 0 && errno == ENOENT)
                return true;
        }
    }
    return false;
}

/* What a damaged page may lead to as well, which claims to be large. */
static bool is_of_memory(const struct query_error *error)
{
    return strncmp(error->text, "Out of Memory Error", 19) == 0 && strstr(error->text, " used)") != NULL;
}

/* In place of what DuckDB advises to set in its own ways. */
static void tell_memory(const struct query_store *store, struct query_error *error)
{
    const uint64_t mega = 1 << 20, least_bytes = 256 * mega;
    const uint64_t wanted_bytes = store->settings.memory_bytes * 2 > least_bytes ? store->settings.memory_bytes * 2
                                                                                 : least_bytes;
    if (!is_of_memory(error))
        return;
    if (store->settings.memory_bytes > 0)
        snprintf(error->text, sizeof error->text,
                 "--memory %" PRIu64 "M is too little for this; try --memory %" PRIu64 "M",
                 store->settings.memory_bytes / mega, wanted_bytes / mega);
    else
        snprintf(error->text, sizeof error->text, "a quarter of the machine's memory is too little for this; give more "
                 "with --memory, or ask for less");
}

/* What DuckDB alone can tell, file by file, where all are as they were written. Those of other programs are left out; that
 * it cannot read one of Weir's is a fault that nobody should get used to. */
static void ask_duckdb(struct look *look, struct query_error *error)
{
    look->done = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        const struct store_files *files = files_of(look->store, kind);
        for (size_t i = 0; i < files->count && !look->is_stopped && look->store->query != NULL; i++) {
            struct query_error alone = {.text = ""};
            struct store_error why = {.number = 0};
            struct file_reader file;
            const char *path = files->paths[i];
            query_watch_share((double)++look->done / (double)look->total);
            look->is_stopped = query_watch_stopped() != 0;
            if (query_read_file(look->store->query, path, &alone) == 0 || !alone.blames_files ||
                access(path, F_OK) != 0)
                continue;
            const bool is_ours = file_reader_open(&file, path, &why) == 0 && file_reader_check_notes(&file, &why) == 0;
            file_reader_close(&file);
            if (!is_ours) {
                look->has_found |= leave_out(look->store, path, alone.text) == 0;
                continue;
            }
            if (is_of_memory(&alone))
                continue;
            snprintf(error->text, sizeof error->text, "DuckDB cannot read %s, which is as it was written: %.1000s", path,
                     alone.text);
            return;
        }
    }
}

/* The views read the files that are left; by another connection, where this one cannot go on. */
static int read_others(struct query_store *store, struct query_error *error)
{
    struct query_error why = {.text = ""};
    for (int kind = 0; kind < KINDS; kind++)
        take_off(store, files_of(store, kind));
    struct query_files files;
    if (store->query != NULL && know_files(store, &files, &why) == 0 &&
        query_set_files(store->query, &files, &why) == 0)
        return take_skipped(store) == 0 ? 1 : 0;
    if (connect(store, &why) == 0)
        return 1;
    *error = why;
    return why.blames_files ? query_store_mend(store, error) : 0;
}

static int mend(struct query_store *store, struct query_error *error)
{
    struct look look;
    if (!error->blames_files || store->is_whole || query_watch_stopped() != 0)
        return 0;
    const size_t before = store->left_out_count;
    bool is_gone = is_one_gone(store);
    if (!is_gone) {
        if (!look_begin(&look, store))
            return 0;
        look_at_named(&look, error->text);
        for (int values = 0; values < 2 && !look.has_found && !look.is_stopped; values++)
            look_at_all(&look, values != 0);
        if (!look.has_found && !look.is_stopped && !look.is_gone)
            ask_duckdb(&look, error);
        look_end(&look);
        is_gone = look.is_gone;
        if (look.is_stopped)
            return 0;
        store->is_whole = !look.has_found && !is_gone;
    }
    if (is_gone && ++store->list_count > LISTS_MAX) {
        snprintf(error->text, sizeof error->text,
                 "files of the store were merged or expired %d times while they were read; try again, or merge less "
                 "often", LISTS_MAX);
        return 0;
    }
    if (is_gone && query_store_list(store, error) != 0)
        return 0;
    return is_gone || store->left_out_count > before ? read_others(store, error) : 0;
}

int query_store_mend(struct query_store *store, struct query_error *error)
{
    const int result = mend(store, error);
    if (result == 0)
        tell_memory(store, error);
    return result;
}
