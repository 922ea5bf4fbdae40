/* SPDX-License-Identifier: MIT */
/* test_store_merge.c - whatever happens while segments are merged, each row counts once */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "segment_maker.h"
#include "store_expire.h"
#include "store_merge.h"

static char folder[64];
static const int64_t later_us = 2100000000000000; /* every hour is over */

/* What the merger asks of the system is counted, and fails or ends everything at a number. */
static int calls, die_at, fail_at;

static bool comes_through(void)
{
    calls++;
    if (calls == die_at)
        _exit(9);
    if (calls == fail_at)
        errno = ENOSPC;
    return calls != fail_at;
}

ssize_t __real_write(int fd, const void *data, size_t size_bytes);
ssize_t __wrap_write(int fd, const void *data, size_t size_bytes)
{
    if (die_at > 0 && calls + 1 == die_at) /* half of it comes to the disk */
        return __real_write(fd, data, size_bytes / 2) < 0 || !comes_through() ? -1 : 0;
    return comes_through() ? __real_write(fd, data, size_bytes) : -1;
}
int __real_fsync(int fd);
int __wrap_fsync(int fd)
{
    return comes_through() ? __real_fsync(fd) : -1;
}
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return comes_through() ? __real_rename(from, to) : -1;
}
int __real_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    if (fail_at > 0)
        return __real_unlink(path);
    return comes_through() ? __real_unlink(path) : -1;
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weir-store-merge-XXXXXX");
    assert_non_null(mkdtemp(folder));
    calls = die_at = fail_at = 0;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    die_at = fail_at = 0;
    remove_store(folder);
    return 0;
}

static char told[1024];

static void tell(void *context, const char *text)
{
    (void)context;
    snprintf(told, sizeof told, "%s", text);
}

static void options_init(struct store_merge_options *options)
{
    store_merge_options_init(options, folder);
    options->grace_us = 0;
    options->small_bytes = 0;
    options->tell = tell;
    told[0] = '\0';
}

static int pass(const struct store_merge_options *options, int64_t now_us, struct store_merge_counts *counts,
                struct store_error *error)
{
    *counts = (struct store_merge_counts){0};
    struct store_merger *merger = store_merger_create(options, error);
    assert_non_null(merger);
    const int result = store_merger_pass(merger, now_us, INT64_MIN, counts, error);
    store_merger_free(merger);
    return result;
}

static void expect_pass(int64_t now_us, struct store_merge_counts *counts)
{
    struct store_merge_options options;
    struct store_error error;
    options_init(&options);
    if (pass(&options, now_us, counts, &error) != 0)
        fail_msg("%s", error.text);
}

static int64_t within_hour_us(void)
{
    return made_received_us(3000);
}

static unsigned files_below(const char *path)
{
    unsigned count = 0;
    struct segment_list list = {0};
    struct store_error error;
    assert_int_equal(segment_list_read(&list, path, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    count = list.current.count + list.obsolete.count;
    segment_list_done(&list);
    return count;
}

static void ten_become_one(void **state)
{
    struct store_merge_counts counts;
    uint32_t files;
    (void)state;
    for (uint64_t sequence = 1; sequence <= 9; sequence++)
        make_segment(folder, sequence);
    expect_pass(within_hour_us(), &counts);
    assert_int_equal(counts.merges, 0);
    make_segment(folder, 10);
    expect_pass(within_hour_us(), &counts);
    assert_int_equal(counts.merges, 1);
    assert_int_equal(counts.rows, 10 * SEGMENT_ROWS);
    assert_int_equal(counts.removed, 10);
    assert_true(rows_count_once(folder, 10, &files));
    assert_int_equal(files, 1);
    assert_int_equal(files_below(folder), 1);
    for (uint64_t sequence = 11; sequence <= 105; sequence++) {
        make_segment(folder, sequence);
        expect_pass(within_hour_us(), &counts);
        assert_true(rows_count_once(folder, sequence, &files));
        assert_true(files <= 19);
    }
    assert_int_equal(files, 1 + 5);
}

static void four_small_ones_become_one(void **state)
{
    struct store_merge_options options;
    struct store_merge_counts counts;
    struct store_error error;
    (void)state;
    options_init(&options);
    for (uint64_t sequence = 1; sequence <= 4; sequence++) {
        make_segment(folder, sequence);
        options.small_bytes = sequence < 4 ? 1 << 20 : 1; /* they are not so small first */
        assert_int_equal(pass(&options, within_hour_us(), &counts, &error), 0);
        assert_int_equal(counts.merges, 0);
    }
    options.small_bytes = 1 << 20;
    assert_int_equal(pass(&options, within_hour_us(), &counts, &error), 0);
    assert_int_equal(counts.merges, 1);
    assert_true(rows_count_once(folder, 4, NULL));
}

static void an_hour_that_is_over_becomes_one(void **state)
{
    struct store_merge_counts counts;
    uint32_t files;
    (void)state;
    for (uint64_t sequence = 1; sequence <= 150; sequence++)
        make_segment_of(folder, SEGMENT_FLOWS, MADE_WRITER, sequence, sequence % 3 == 0);
    expect_pass(later_us, &counts);
    assert_true(rows_count_once(folder, 150, &files));
    assert_int_equal(files, 1);
    expect_pass(later_us, &counts);
    assert_int_equal(counts.merges, 0);
    assert_int_equal(files_below(folder), 1);
}

static void rows_of_one_form_come_together(void **state)
{
    struct store_merge_counts counts;
    struct segment_list list = {0};
    struct store_error error;
    struct file_reader file;
    (void)state;
    for (uint64_t sequence = 1; sequence <= 20; sequence++)
        make_segment_of(folder, SEGMENT_FLOWS, MADE_WRITER, sequence, sequence % 2 == 0);
    expect_pass(later_us, &counts);
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    assert_int_equal(list.current.count, 1);
    assert_int_equal(file_reader_open(&file, list.current.files[0].path, &error), 0);
    assert_int_equal(file.group_count, 2);
    assert_int_equal(file.column_count, 4);
    assert_int_equal(file.groups[0].sorted_by, 0);
    assert_int_equal(file.groups[0].row_count, 10 * SEGMENT_ROWS);
    assert_true(file.groups[0].chunks[3].is_null);
    assert_false(file.groups[1].chunks[3].is_null);
    assert_true(file.groups[0].chunks[1].bloom_offset > 0);
    assert_int_equal(file.groups[0].chunks[2].bloom_offset, 0);
    assert_int_equal(file_reader_check_notes(&file, &error), 0);
    assert_string_equal(file_reader_note(&file, "weir.rows"), "200");
    assert_string_equal(file_reader_note(&file, "weir.kind"), "flows");
    assert_int_equal(list.current.files[0].name.sequence_first, 1);
    assert_int_equal(list.current.files[0].name.sequence_last, 20);
    assert_int_equal(list.current.files[0].name.first_s, made_received_us(1) / 1000000);
    assert_int_equal(list.current.files[0].name.last_s, made_received_us(20) / 1000000 + 1);
    file_reader_close(&file);
    segment_list_done(&list);
}

static void inputs_stay_for_the_grace(void **state)
{
    struct store_merge_options options;
    struct store_merge_counts counts;
    struct store_error error;
    (void)state;
    for (uint64_t sequence = 1; sequence <= 10; sequence++)
        make_segment(folder, sequence);
    options_init(&options);
    options.grace_us = 60000000;
    const int64_t now_us = (int64_t)time(NULL) * 1000000;
    assert_int_equal(pass(&options, now_us, &counts, &error), 0);
    assert_int_equal(counts.removed, 0);
    assert_int_equal(files_below(folder), 11);
    assert_int_equal(pass(&options, now_us + 30000000, &counts, &error), 0);
    assert_int_equal(files_below(folder), 11);
    assert_true(rows_count_once(folder, 10, NULL));
    assert_int_equal(pass(&options, now_us + 90000000, &counts, &error), 0);
    assert_int_equal(counts.removed, 10);
    assert_int_equal(files_below(folder), 1);
}

/* In a child that ends at call number `at`; whether it came to its end before that. */
static bool merge_until(int at)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store_merge_options options;
        struct store_merge_counts counts = {0};
        struct store_error error;
        store_merge_options_init(&options, folder);
        options.grace_us = 0;
        calls = 0;
        die_at = at;
        struct store_merger *merger = store_merger_create(&options, &error);
        _exit(merger != NULL && store_merger_pass(merger, later_us, INT64_MIN, &counts, &error) == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
    return WEXITSTATUS(status) == 0;
}

static void killed_at_every_step(void **state)
{
    enum { COUNT = 13 };
    struct store_merge_counts counts;
    uint32_t files;
    bool ended = false;
    int at = 1;
    (void)state;
    for (; !ended; at++) {
        remove_store(folder);
        mkdir(folder, 0700);
        for (uint64_t sequence = 1; sequence <= COUNT; sequence++)
            make_segment(folder, sequence);
        ended = merge_until(at);
        if (!rows_count_once(folder, COUNT, NULL))
            fail_msg("ended at call %d: rows are lost or count twice", at);
        expect_pass(later_us, &counts);
        assert_true(rows_count_once(folder, COUNT, &files));
        assert_int_equal(files, 1);
        assert_int_equal(files_below(folder), 1);
        char path[128];
        snprintf(path, sizeof path, "%s/.writing", folder);
        assert_int_equal(rmdir(path), 0); /* it is empty */
    }
    assert_true(at > COUNT + 4);
}

static void a_full_disk_is_told_and_got_over(void **state)
{
    enum { COUNT = 13 };
    struct store_merge_options options;
    struct store_merge_counts counts;
    struct store_error error;
    (void)state;
    for (uint64_t sequence = 1; sequence <= COUNT; sequence++)
        make_segment(folder, sequence);
    options_init(&options);
    for (fail_at = 1; fail_at < 3; fail_at++) { /* the write and the fsync of the merged segment; then come names */
        calls = 0;
        error = (struct store_error){0};
        assert_int_equal(pass(&options, later_us, &counts, &error), -1);
        assert_int_equal(error.number, ENOSPC);
        assert_int_equal(counts.failures, 1);
        assert_int_equal(counts.damaged, 0);
        assert_true(rows_count_once(folder, COUNT, NULL));
        assert_int_equal(files_below(folder), COUNT);
        char path[128];
        snprintf(path, sizeof path, "%s/.writing", folder);
        assert_int_equal(rmdir(path), 0);
    }
    fail_at = 0;
    expect_pass(later_us, &counts);
    assert_int_equal(files_below(folder), 1);
}

static void damage(uint64_t sequence)
{
    char path[512];
    const struct segment_name name = {.first_s = made_received_us(sequence) / 1000000,
                                      .last_s = made_received_us(sequence) / 1000000 + 1,
                                      .writer = MADE_WRITER, .sequence_first = sequence, .sequence_last = sequence};
    uint8_t octet = 0;
    made_name(folder, SEGMENT_FLOWS, &name, made_hour_s, path);
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &octet, 1, 40), 1);
    octet ^= 1;
    assert_int_equal(pwrite(fd, &octet, 1, 40), 1);
    close(fd);
}

static void a_damaged_segment_is_left_out(void **state)
{
    struct store_merge_counts counts;
    struct segment_list list = {0};
    struct store_error error;
    (void)state;
    for (uint64_t sequence = 1; sequence <= 9; sequence++)
        make_segment(folder, sequence);
    damage(5);
    expect_pass(later_us, &counts);
    assert_int_equal(counts.damaged, 1);
    assert_non_null(strstr(told, "-5-5-0.parquet is damaged: "));
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    assert_int_equal(list.current.count, 3); /* 1 to 4, 5, 6 to 9: none covers the damaged one */
    assert_int_equal(list.current.files[0].name.sequence_last, 4);
    assert_int_equal(list.current.files[1].name.sequence_last, 5);
    assert_int_equal(list.current.files[2].name.sequence_last, 9);
    segment_list_done(&list);
}

/* Takes the number of a writer, as a collector that is alive has it. */
static int live_writer(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/.writers", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.writers/%08x", folder, MADE_WRITER);
    const int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    return fd;
}

/* A commit between others that is under way would be covered by what they become, and be lost when it comes. */
static void a_commit_under_way_is_waited_for(void **state)
{
    struct store_merge_counts counts;
    uint32_t files;
    (void)state;
    const int writer = live_writer();
    for (uint64_t sequence = 1; sequence <= 9; sequence++) {
        if (sequence != 5)
            make_segment(folder, sequence);
    }
    expect_pass(later_us, &counts);
    make_segment(folder, 5);
    assert_true(rows_count_once(folder, 9, &files));
    expect_pass(later_us, &counts);
    assert_true(rows_count_once(folder, 9, &files));
    assert_int_equal(files, 1);
    close(writer);
}

static void a_commit_of_another_kind_is_no_gap(void **state)
{
    struct store_merge_counts counts;
    struct segment_list list = {0};
    struct store_error error;
    (void)state;
    const int writer = live_writer();
    for (uint64_t sequence = 1; sequence <= 9; sequence++)
        make_segment_of(folder, sequence % 4 == 0 ? SEGMENT_OPTIONS : SEGMENT_FLOWS, MADE_WRITER, sequence, 0);
    expect_pass(later_us, &counts);
    assert_int_equal(counts.merges, 2);
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    assert_int_equal(list.current.count, 1);
    segment_list_done(&list);
    close(writer);
}

static void a_gap_of_a_writer_that_ended_is_none(void **state)
{
    struct store_merge_counts counts;
    struct segment_list list = {0};
    struct store_error error;
    (void)state;
    close(live_writer());
    for (uint64_t sequence = 1; sequence <= 9; sequence++) {
        if (sequence != 5)
            make_segment(folder, sequence);
    }
    expect_pass(later_us, &counts);
    assert_int_equal(counts.merges, 1);
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    assert_int_equal(list.current.count, 1);
    segment_list_done(&list);
}

static void writers_stay_apart(void **state)
{
    struct store_merge_counts counts;
    struct segment_list list = {0};
    struct store_error error;
    (void)state;
    for (uint64_t sequence = 1; sequence <= 5; sequence++) {
        make_segment_of(folder, SEGMENT_FLOWS, 1, sequence, 0);
        make_segment_of(folder, SEGMENT_FLOWS, 2, sequence, 0);
    }
    expect_pass(later_us, &counts);
    assert_int_equal(counts.merges, 2);
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    assert_int_equal(list.current.count, 2);
    assert_int_equal(list.current.files[0].name.writer, 1);
    assert_int_equal(list.current.files[1].name.writer, 2);
    segment_list_done(&list);
}

static void what_a_merger_left_behind_goes(void **state)
{
    struct store_merge_counts counts;
    char path[128], other[128];
    (void)state;
    make_segment(folder, 1);
    snprintf(path, sizeof path, "%s/.writing", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/.writing/merge-left-behind", folder);
    snprintf(other, sizeof other, "%s/.writing/00000abc-17", folder); /* a collector's, which may be writing it */
    close(open(path, O_CREAT | O_WRONLY, 0600));
    close(open(other, O_CREAT | O_WRONLY, 0600));
    expect_pass(later_us, &counts);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(other, F_OK), 0);
}

/* Were what covers them gone first, merged segments would count again. */
static void expiry_begins_with_what_is_covered(void **state)
{
    struct store_merge_options options;
    struct store_merge_counts counts;
    struct store_error error;
    struct segment_list list = {0};
    uint64_t covered_bytes = 0;
    (void)state;
    for (uint64_t sequence = 1; sequence <= 10; sequence++)
        make_segment(folder, sequence);
    options_init(&options);
    options.grace_us = INT64_MAX;
    assert_int_equal(pass(&options, later_us, &counts, &error), 0);
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), 0);
    assert_int_equal(list.current.count, 1);
    assert_int_equal(list.obsolete.count, 10);
    for (uint32_t i = 0; i < list.obsolete.count; i++)
        covered_bytes += list.obsolete.files[i].size_bytes;
    struct store_expire_options expire = {.folder = folder, .keep_bytes = list.current.files[0].size_bytes};
    struct store_expire_counts expired = {0};
    segment_list_done(&list);
    assert_int_equal(store_expire(&expire, later_us, &expired, &error), 0);
    assert_int_equal(expired.segments, 10);
    assert_int_equal(expired.bytes, covered_bytes);
    assert_true(rows_count_once(folder, 10, NULL));
    expire.keep_bytes--;
    assert_int_equal(store_expire(&expire, later_us, &expired, &error), 0);
    assert_int_equal(expired.segments, 11);
    assert_int_equal(files_below(folder), 0);
}

/* An hour goes when it ended more than so many days ago, not a moment before. */
static void days_are_counted_from_the_end_of_the_hour(void **state)
{
    struct store_error error;
    struct store_expire_counts expired = {0};
    const struct store_expire_options expire = {.folder = folder, .keep_days = 2};
    const int64_t end_us = (made_hour_s + 3600 + 2 * 86400) * 1000000;
    (void)state;
    make_segment(folder, 1);
    assert_int_equal(store_expire(&expire, end_us - 1000000, &expired, &error), 0);
    assert_int_equal(expired.segments, 0);
    assert_int_equal(store_expire(&expire, end_us, &expired, &error), 0);
    assert_int_equal(expired.segments, 1);
}

static void one_merger_at_a_time(void **state)
{
    struct store_merge_options options;
    struct store_merge_counts counts;
    struct store_error error;
    (void)state;
    const int lock = store_merge_lock(folder, false, &error);
    assert_true(lock >= 0);
    options_init(&options);
    assert_int_equal(pass(&options, later_us, &counts, &error), -1);
    assert_int_equal(error.number, EWOULDBLOCK);
    close(lock);
    assert_int_equal(pass(&options, later_us, &counts, &error), 0);
}

static void it_can_be_ended(void **state)
{
    struct store_merge_options options;
    struct store_merge_counts counts;
    struct store_error error;
    const atomic_bool stop = true;
    (void)state;
    for (uint64_t sequence = 1; sequence <= 10; sequence++)
        make_segment(folder, sequence);
    options_init(&options);
    options.stop = &stop;
    assert_int_equal(pass(&options, later_us, &counts, &error), -1);
    assert_int_equal(error.number, ECANCELED);
    assert_int_equal(counts.failures, 0);
    assert_int_equal(files_below(folder), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ten_become_one, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(four_small_ones_become_one, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_hour_that_is_over_becomes_one, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(rows_of_one_form_come_together, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(inputs_stay_for_the_grace, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(killed_at_every_step, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_and_got_over, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_damaged_segment_is_left_out, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_commit_under_way_is_waited_for, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_commit_of_another_kind_is_no_gap, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_gap_of_a_writer_that_ended_is_none, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(writers_stay_apart, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_a_merger_left_behind_goes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(expiry_begins_with_what_is_covered, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(days_are_counted_from_the_end_of_the_hour, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(one_merger_at_a_time, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(it_can_be_ended, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
