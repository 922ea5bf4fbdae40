/* SPDX-License-Identifier: MIT */
/* test_store_writer.c - several writers, hours, full disks, ends: each row is stored once, or counted as dropped */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "file_reader.h"
#include "form_maker.h"
#include "segment_maker.h"
#include "store_writer.h"

enum { ROWS = 50 };

#define HOUR_US 3600000000

static char folder[64];
static uint8_t numbers[ROWS];
static atomic_int writes_to_fail; /* so many more fail */
static const char *closed_folder; /* that cannot be opened */
static atomic_int file_syncs, folder_syncs;
static atomic_int folder_syncs_to_fail;
static atomic_int mallocs_to_fail;
static pthread_t test_thread;

ssize_t __real_write(int fd, const void *data, size_t size_bytes);
ssize_t __wrap_write(int fd, const void *data, size_t size_bytes)
{
    if (writes_to_fail > 0) {
        writes_to_fail--;
        errno = ENOSPC;
        return -1;
    }
    return __real_write(fd, data, size_bytes);
}

/* Only of threads that write: the one of the tests is the caller's. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    if (mallocs_to_fail > 0 && !pthread_equal(pthread_self(), test_thread)) {
        mallocs_to_fail--;
        errno = ENOMEM;
        return NULL;
    }
    return __real_malloc(size);
}

int __real_openat64(int parent, const char *path, int flags, int mode);
int __wrap_openat64(int parent, const char *path, int flags, int mode)
{
    if (closed_folder != NULL && strstr(path, closed_folder) != NULL) {
        errno = EMFILE;
        return -1;
    }
    return __real_openat64(parent, path, flags, mode);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        folder_syncs++;
        if (folder_syncs_to_fail > 0) {
            folder_syncs_to_fail--;
            errno = EIO;
            return -1;
        }
    } else {
        file_syncs++;
    }
    return __real_fsync(fd);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weir-store-writer-XXXXXX");
    test_thread = pthread_self();
    mallocs_to_fail = writes_to_fail = file_syncs = folder_syncs = folder_syncs_to_fail = 0;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove_store(folder);
    return 0;
}

static struct store_writer_options options_of(bool wait)
{
    struct store_writer_options options;
    store_writer_options_init(&options, folder);
    options.wait = wait;
    options.merge = false;
    options.commit_us = 0;
    return options;
}

static struct store_writer *create(const struct store_writer_options *options)
{
    struct store_error error = {0};
    struct store_writer *writer = store_writer_create(options, &error);
    if (writer == NULL)
        fail_msg("%s", error.text);
    return writer;
}

static void form_of_flows(struct made_form *form, int64_t received_us)
{
    form_init(form, 1);
    form->layout.options = false;
    form->run.received_us = received_us;
    form_field(form, "number", WEIR_KIND_U8, 1, numbers);
}

static void feed(struct store_writer *writer, int64_t received_us)
{
    struct made_form form;
    struct store_error error = {0};
    form_of_flows(&form, received_us);
    if (store_writer_batch(writer, form_batch(&form, ROWS), &error) != 0)
        fail_msg("%s", error.text);
}

/* Rows of the files that count, as they tell themselves. */
static uint64_t stored(uint32_t *ret_files)
{
    struct segment_list list = {0};
    struct store_error error = {0};
    uint64_t rows = 0;
    if (segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error) != 0)
        fail_msg("%s", error.text);
    for (uint32_t i = 0; i < list.current.count; i++) {
        struct file_reader file;
        if (file_reader_open(&file, list.current.files[i].path, &error) != 0 ||
            file_reader_check_notes(&file, &error) != 0)
            fail_msg("%s", error.text);
        rows += file.row_count;
        file_reader_close(&file);
    }
    *ret_files = list.current.count;
    segment_list_done(&list);
    return rows;
}

static void expect_stored(uint64_t rows, uint32_t files)
{
    uint32_t found;
    assert_int_equal(stored(&found), rows);
    assert_int_equal(found, files);
}

static void several_write_to_one_store(void **state)
{
    (void)state;
    const struct store_writer_options options = options_of(true);
    struct store_error error;
    struct store_writer *writers[3];
    for (size_t i = 0; i < 3; i++)
        writers[i] = create(&options);
    for (size_t i = 0; i < 3; i++)
        feed(writers[i], 1700000000000000); /* at the same time, as the first of each: only the number is not the
                                             * same */
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(store_writer_close(writers[i], NULL, &error), 0);
    expect_stored(3 * ROWS, 3);
    struct store_writer *again = create(&options); /* takes over a number, and goes on where it ended */
    feed(again, 1700000000000000);
    assert_int_equal(store_writer_close(again, NULL, &error), 0);
    expect_stored(4 * ROWS, 4);
}

static void hours_are_apart(void **state)
{
    (void)state;
    const struct store_writer_options options = options_of(true);
    struct store_writer *writer = create(&options);
    struct made_form form;
    struct store_counts counts;
    struct store_error error;
    form_of_flows(&form, 1700000000000000);
    struct weir_run runs[3] = {form.run, form.run, form.run};
    for (uint32_t i = 0; i < 3; i++) {
        runs[i].first_row = i * 10;
        runs[i].row_count = 10;
        runs[i].received_us += i == 2 ? HOUR_US : 0;
    }
    form_batch(&form, 30);
    form.batch.runs = runs;
    form.batch.run_count = 3;
    assert_int_equal(store_writer_batch(writer, &form.batch, &error), 0);
    assert_int_equal(store_writer_close(writer, &counts, &error), 0);
    assert_int_equal(counts.rows, 30);
    expect_stored(30, 2);
}

static void age_and_drain_seal(void **state)
{
    (void)state;
    struct store_writer_options options = options_of(false);
    options.commit_us = 5000000;
    struct store_writer *writer = create(&options);
    struct store_counts counts;
    struct store_error error;
    store_writer_tick(writer, 1000000);
    feed(writer, 1700000000000000);
    store_writer_tick(writer, 5999999);
    store_writer_counts(writer, &counts);
    assert_int_equal(counts.rows, 0);
    store_writer_tick(writer, 6000000);
    for (int i = 0; i < 5000 && counts.rows == 0; i++) {
        usleep(1000);
        store_writer_counts(writer, &counts);
    }
    assert_int_equal(counts.rows, ROWS);
    feed(writer, 1700000000000000);
    store_writer_drain(writer);
    store_writer_counts(writer, &counts);
    assert_int_equal(counts.rows, 2 * ROWS);
    feed(writer, 1700000000000000);
    assert_int_equal(store_writer_close(writer, &counts, &error), 0);
    assert_int_equal(counts.rows, 3 * ROWS);
    expect_stored(3 * ROWS, 3);
}

static void a_full_disk_is_got_over(void **state)
{
    (void)state;
    struct store_writer_options options = options_of(false);
    options.commit_us = 1;
    struct store_writer *writer = create(&options);
    struct store_counts counts = {0};
    struct store_error error;
    feed(writer, 1700000000000000);
    writes_to_fail = 1;
    store_writer_tick(writer, 10);
    for (int i = 0; i < 5000 && counts.rows == 0; i++) {
        usleep(1000);
        store_writer_counts(writer, &counts);
    }
    assert_int_equal(counts.rows, ROWS);
    assert_int_equal(counts.failures, 1);
    assert_true(store_writer_trouble(writer, &error));
    assert_int_equal(error.number, ENOSPC);
    assert_false(store_writer_trouble(writer, &error));
    assert_int_equal(store_writer_close(writer, &counts, &error), 0);
    expect_stored(ROWS, 1);
}

/* Each of many batches fills a segment, and none can be written. */
static void what_has_no_room_is_counted(void **state)
{
    (void)state;
    enum { BATCHES = 20 };
    struct store_writer_options options = options_of(false);
    options.segment_bytes = 1;
    options.workers = 2;
    struct store_writer *writer = create(&options);
    struct store_counts counts;
    struct store_error error = {0};
    uint32_t files;
    writes_to_fail = 1000000;
    for (int i = 0; i < BATCHES; i++)
        feed(writer, 1700000000000000);
    store_writer_counts(writer, &counts);
    assert_true(counts.rows_dropped >= (BATCHES - 2 - 1 - 1) * ROWS); /* in both threads, in the queue, open */
    assert_int_equal(store_writer_close(writer, &counts, &error), -1);
    assert_int_equal(error.number, ENOSPC);
    assert_int_equal(counts.rows, 0);
    assert_int_equal(counts.rows_dropped, BATCHES * ROWS);
    writes_to_fail = 0;
    assert_int_equal(stored(&files), 0);
    char under_way[96];
    snprintf(under_way, sizeof under_way, "%s/.writing", folder);
    assert_int_equal(rmdir(under_way), 0); /* nothing is left in it */
}

static void who_waits_is_told(void **state)
{
    (void)state;
    struct store_writer_options options = options_of(true);
    options.segment_bytes = 1;
    struct store_writer *writer = create(&options);
    struct store_error error = {0};
    struct store_counts counts;
    struct made_form form;
    int failed = 0;
    writes_to_fail = 1000000;
    form_of_flows(&form, 1700000000000000);
    for (int i = 0; i < 10; i++)
        failed += store_writer_batch(writer, form_batch(&form, ROWS), &error) != 0;
    assert_int_equal(failed, 1); /* a cause is told once */
    assert_int_equal(store_writer_close(writer, &counts, &error), -1);
    assert_int_equal(counts.rows_dropped, 10 * ROWS);
}

/* A file that has its name is there, and its rows are stored, whatever became of the folder's way to the disk. */
static void what_has_its_name_is_stored(void **state)
{
    (void)state;
    struct store_writer_options options = options_of(true);
    struct store_error error = {0};
    struct store_counts counts;
    options.sync = STORE_SYNC_ALWAYS;
    struct store_writer *writer = create(&options);
    feed(writer, 1700000000000000);
    folder_syncs_to_fail = 1000;
    assert_int_equal(store_writer_close(writer, &counts, &error), -1);
    assert_int_equal(error.number, EIO);
    assert_int_equal(counts.rows, ROWS);
    assert_int_equal(counts.rows_dropped, 0);
    assert_int_equal(counts.segments, 1);
    assert_int_equal(counts.unsafe, 1);
    assert_true(counts.bytes > 0);
    expect_stored(ROWS, 1);
}

/* It is tried again, takes the place of the first try, and is counted once. */
static void a_folder_that_is_not_synced_is_tried_again(void **state)
{
    (void)state;
    struct store_writer_options options = options_of(false);
    struct store_error error = {0};
    struct store_counts counts = {0};
    options.sync = STORE_SYNC_ALWAYS;
    options.commit_us = 1;
    struct store_writer *writer = create(&options);
    feed(writer, 1700000000000000);
    folder_syncs_to_fail = 1;
    store_writer_tick(writer, 10);
    for (int i = 0; i < 5000 && counts.rows == 0; i++) {
        usleep(1000);
        store_writer_counts(writer, &counts);
    }
    assert_int_equal(counts.failures, 1);
    assert_true(store_writer_trouble(writer, &error));
    assert_int_equal(store_writer_close(writer, &counts, &error), 0);
    assert_int_equal(counts.rows, ROWS);
    assert_int_equal(counts.unsafe, 0);
    expect_stored(ROWS, 1);
}

/* The flows come to the disk, and what the ledger has of them does not. */
static void a_ledger_that_is_lost_is_told(void **state)
{
    (void)state;
    const struct store_writer_options options = options_of(true);
    struct store_error error = {0};
    struct store_counts counts;
    struct store_writer *writer = create(&options);
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    assert_non_null(decoder);
    feed(writer, 1700000000000000);
    store_writer_drain(writer);
    writes_to_fail = 1000000;
    store_writer_ledger(writer, decoder, 1700000000000000);
    assert_int_equal(store_writer_close(writer, &counts, &error), -1);
    assert_int_equal(error.number, ENOSPC);
    assert_int_equal(counts.rows, ROWS);
    assert_int_equal(counts.rows_dropped, 0);
    assert_int_equal(counts.ledger_lost, 1);
    writes_to_fail = 0;
    expect_stored(ROWS, 1);
    weir_decoder_free(decoder);
}

/* Records of padding alone take no octets, but no row group may have any number of them. */
static void rows_without_octets_have_an_end(void **state)
{
    (void)state;
    enum { MANY = 65536, BATCHES = 1100 };
    const struct store_writer_options options = options_of(true);
    struct store_writer *writer = create(&options);
    struct store_error error = {0};
    struct made_form form;
    form_init(&form, 1);
    form.layout.options = false;
    for (int i = 0; i < BATCHES; i++)
        assert_int_equal(store_writer_batch(writer, form_batch(&form, MANY), &error), 0);
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
    expect_stored((uint64_t)MANY * BATCHES, 3);
}

/* A number of a commit that comes again would make rows of it count as merged already. */
static void no_start_where_the_commits_cannot_be_read(void **state)
{
    (void)state;
    const struct store_writer_options options = options_of(true);
    struct store_writer *writer = create(&options);
    struct store_error error = {0};
    feed(writer, 1700000000000000);
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
    static const char *const folders[] = {"/flows", "date=", "hour="};
    for (size_t i = 0; i < 3; i++) {
        closed_folder = folders[i];
        writer = store_writer_create(&options, &error);
        closed_folder = NULL;
        assert_null(writer);
        assert_int_equal(error.number, EMFILE);
    }
    writer = create(&options);
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
}

static void what_is_brought_to_the_disk(void **state)
{
    (void)state;
    static const struct {
        enum store_sync sync;
        int files, folders;
    } cases[] = {{STORE_SYNC_NEVER, 0, 0}, {STORE_SYNC_SEGMENT, 1, 0},
                 {STORE_SYNC_ALWAYS, 1, 4}}; /* hour, date, flows, and the store */
    for (size_t i = 0; i < 3; i++) {
        struct store_writer_options options = options_of(true);
        struct store_error error = {0};
        options.sync = cases[i].sync;
        file_syncs = folder_syncs = 0;
        struct store_writer *writer = create(&options);
        feed(writer, 1700000000000000);
        assert_int_equal(store_writer_close(writer, NULL, &error), 0);
        assert_int_equal(file_syncs, cases[i].files);
        assert_int_equal(folder_syncs, cases[i].folders);
    }
}

/* They would otherwise be taken by a thread that nobody waits for. */
static void signals_are_for_the_caller(void **state)
{
    (void)state;
    struct store_writer_options options = options_of(false);
    options.workers = 3;
    options.merge = true;
    struct store_writer *writer = create(&options);
    struct store_error error;
    uint32_t found = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        char path[300], line[128];
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        FILE *status = entry->d_name[0] == '.' || atoi(entry->d_name) == getpid() ? NULL : fopen(path, "r");
        uint64_t blocked = 0;
        while (status != NULL && fgets(line, sizeof line, status) != NULL)
            sscanf(line, "SigBlk: %" SCNx64, &blocked);
        if (status == NULL)
            continue;
        fclose(status);
        found++;
        assert_true((blocked >> (SIGTERM - 1) & 1) == 1 && (blocked >> (SIGINT - 1) & 1) == 1);
    }
    closedir(tasks);
    assert_in_range(found, 4, 5); /* of a sanitizer there may be one more */
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    assert_false(sigismember(&own, SIGTERM));
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
}

static bool is_kept(uint32_t id)
{
    char path[512];
    struct stat status;
    snprintf(path, sizeof path, "%s/.writers/%08x", folder, id);
    assert_int_equal(stat(path, &status), 0);
    return status.st_size > 0;
}

/* A number that a journal tells of stays its writer's, as long as that was not heard of again: a start that came to
 * nothing, as the port was taken, must not give it to others. */
static void a_start_that_failed_keeps_the_number(void **state)
{
    (void)state;
    struct store_error error;
    struct store_writer_options options = options_of(false);
    options.cuts = options.claim = true;
    struct store_writer *writer = create(&options);
    const uint32_t id = store_writer_id(writer);
    assert_true(is_kept(id));
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
    assert_false(is_kept(id)); /* nobody had it before, and nothing came of it */
    options.id = id;
    options.cut = 3;
    writer = create(&options);
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
    assert_true(is_kept(id));
    writer = create(&options);
    store_writer_cut(writer, 4);
    assert_int_equal(store_writer_publish(writer, 4, &error), 0);
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
    assert_false(is_kept(id));
}

/* No cut waits for ever: what failed for lack of memory, at the start of a thread or as it writes, is tried again. */
static void a_cut_without_memory_is_got_over(void **state)
{
    (void)state;
    struct store_error error;
    struct store_writer_options options = options_of(false);
    options.cuts = options.claim = true;
    mallocs_to_fail = 1; /* as the thread begins */
    struct store_writer *writer = create(&options);
    for (uint64_t cut = 1; cut <= 2; cut++) {
        feed(writer, 1700000000000000);
        store_writer_cut(writer, cut);
        for (int i = 0; i < 10000 && store_writer_written(writer) < cut; i++)
            usleep(1000);
        assert_int_equal(store_writer_written(writer), cut);
        assert_int_equal(mallocs_to_fail, 0);
        assert_true(store_writer_trouble(writer, &error));
        assert_int_equal(error.number, ENOMEM);
        assert_int_equal(store_writer_publish(writer, cut, &error), 0);
        expect_stored(cut * ROWS, (uint32_t)cut);
        mallocs_to_fail = 1; /* as it has something to write */
    }
    mallocs_to_fail = 0;
    assert_int_equal(store_writer_close(writer, NULL, &error), 0);
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(several_write_to_one_store), IN_A_FOLDER(hours_are_apart),
        IN_A_FOLDER(age_and_drain_seal),         IN_A_FOLDER(a_full_disk_is_got_over),
        IN_A_FOLDER(what_has_no_room_is_counted), IN_A_FOLDER(who_waits_is_told),
        IN_A_FOLDER(what_has_its_name_is_stored), IN_A_FOLDER(a_folder_that_is_not_synced_is_tried_again),
        IN_A_FOLDER(a_ledger_that_is_lost_is_told), IN_A_FOLDER(rows_without_octets_have_an_end),
        IN_A_FOLDER(no_start_where_the_commits_cannot_be_read), IN_A_FOLDER(what_is_brought_to_the_disk), IN_A_FOLDER(signals_are_for_the_caller),
        IN_A_FOLDER(a_start_that_failed_keeps_the_number), IN_A_FOLDER(a_cut_without_memory_is_got_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
