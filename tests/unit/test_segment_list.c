/* SPDX-License-Identifier: MIT */
/* test_segment_list.c - which segments count, which are covered, which are of a time; ten thousand of them in no
 * time */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "segment_maker.h"

#include <time.h>

enum { MANY = 10000, MANY_MS_MAX = 1000 };

static char folder[64];
static unsigned strangers;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weir-segment-list-XXXXXX");
    assert_non_null(mkdtemp(folder));
    strangers = 0;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove_store(folder);
    return 0;
}

/* An empty file: names alone are looked at. */
static void put(uint32_t writer, uint64_t first, uint64_t last, unsigned tier, int64_t hour_s)
{
    char path[512];
    const struct segment_name name = {.first_s = hour_s + (int64_t)first, .last_s = hour_s + (int64_t)last + 1,
                                      .writer = writer,
                                      .sequence_first = first, .sequence_last = last, .tier = tier};
    made_name(folder, SEGMENT_FLOWS, &name, hour_s, path);
    const int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void tell(void *context, const char *path)
{
    (void)context;
    (void)path;
    strangers++;
}

static void list(struct segment_list *ret_list, const struct segment_window *window)
{
    struct store_error error;
    *ret_list = (struct segment_list){0};
    if (segment_list_read(ret_list, folder, SEGMENT_FLOWS, window, tell, NULL, &error) != 0)
        fail_msg("%s", error.text);
}

static void covered_ones_do_not_count(void **state)
{
    struct segment_list found;
    (void)state;
    for (uint64_t i = 1; i <= 30; i++)
        put(1, i, i, 0, made_hour_s);
    put(1, 1, 10, 1, made_hour_s);
    put(1, 11, 20, 1, made_hour_s);
    put(1, 1, 20, 2, made_hour_s);
    put(2, 5, 5, 0, made_hour_s); /* of another writer */
    put(1, 5, 5, 0, made_hour_s + 3600); /* in another folder */
    put(1, 25, 25, 1, made_hour_s);
    list(&found, NULL);
    assert_int_equal(found.current.count, 1 + 10 + 2);
    assert_int_equal(found.obsolete.count, 20 + 2 + 1);
    for (uint32_t i = 1; i < found.current.count; i++)
        assert_true(found.current.files[i].hour_s >= found.current.files[i - 1].hour_s);
    assert_int_equal(found.current.files[0].name.tier, 2);
    assert_int_equal(found.current.files[5].name.sequence_first, 25);
    assert_int_equal(found.current.files[5].name.tier, 1);
    segment_list_done(&found);
}

static void a_time_chooses_by_name_and_folder(void **state)
{
    struct segment_list found;
    (void)state;
    for (int64_t hour = 0; hour < 5; hour++)
        put(1, 10 * (uint64_t)hour + 1, 10 * (uint64_t)hour + 1, 0, made_hour_s + 3600 * hour);
    const struct segment_window window = {.from_s = made_hour_s + 3600, .to_s = made_hour_s + 2 * 3600 + 30,
                                          .hour_from_s = INT64_MIN};
    list(&found, &window);
    assert_int_equal(found.current.count, 2);
    segment_list_done(&found);
    const struct segment_window edge = {.from_s = made_hour_s + 3, .to_s = made_hour_s + 3600 + 11,
                                        .hour_from_s = INT64_MIN};
    list(&found, &edge); /* the first ends before it, the second begins at its end */
    assert_int_equal(found.current.count, 0);
    segment_list_done(&found);
    const struct segment_window late = {.from_s = INT64_MIN, .to_s = INT64_MAX, .hour_from_s = made_hour_s + 3 * 3600};
    list(&found, &late);
    assert_int_equal(found.current.count, 2);
    segment_list_done(&found);
}

static void strangers_are_told(void **state)
{
    char path[512];
    struct segment_list found;
    (void)state;
    put(1, 1, 1, 0, made_hour_s);
    for (int i = 0; i < 3; i++) {
        static const char *const below[] = {"notes", "date=2023-11-14/notes", "date=2023-11-14/hour=22/notes"};
        snprintf(path, sizeof path, "%s/flows/%s", folder, below[i]);
        const int fd = open(path, O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    list(&found, NULL);
    assert_int_equal(found.current.count, 1);
    assert_int_equal(strangers, 3);
    segment_list_done(&found);
}

static void nothing_there_is_an_empty_list(void **state)
{
    struct segment_list found;
    (void)state;
    list(&found, NULL);
    assert_int_equal(found.current.count + found.obsolete.count, 0);
    segment_list_done(&found);
}

static void many_are_listed_at_once(void **state)
{
    struct segment_list found;
    struct timespec begin, end;
    (void)state;
    for (uint64_t i = 1; i <= MANY; i++)
        put(1, i, i, 0, made_hour_s + 3600 * (int64_t)(i % 4));
    put(1, 1, MANY / 2, 1, made_hour_s);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    list(&found, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_int_equal(found.current.count + found.obsolete.count, MANY + 1);
    assert_int_equal(found.obsolete.count, MANY / 8);
    segment_list_done(&found);
    assert_true((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 < MANY_MS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(covered_ones_do_not_count, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_time_chooses_by_name_and_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(strangers_are_told, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(nothing_there_is_an_empty_list, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(many_are_listed_at_once, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
