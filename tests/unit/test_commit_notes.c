/* SPDX-License-Identifier: MIT */
/* test_commit_notes.c - what footers tell of commits: written and read, joined, made up; and up to which commit a
 * writer can tell */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "commit_account.h"
#include "expired.h"
#include "segment_maker.h"

static struct file_note noted[2];

/* A file that tells this; NULL: nothing of the kind. */
static struct file_reader file_of(const char *commits, const char *told, uint64_t rows)
{
    struct file_reader file = {.path = "made", .notes = noted, .row_count = rows};
    if (commits != NULL)
        noted[file.note_count++] = (struct file_note){NOTE_COMMITS, commits};
    if (told != NULL)
        noted[file.note_count++] = (struct file_note){NOTE_TOLD, told};
    return file;
}

static int read_notes(struct commit_notes *notes, const char *commits, const char *told, uint64_t rows, uint64_t first,
                      uint64_t last, unsigned tier)
{
    const struct segment_name name = {.sequence_first = first, .sequence_last = last, .tier = tier};
    const struct file_reader file = file_of(commits, told, rows);
    struct store_error error = {0};
    const int result = commit_notes_read(notes, &file, &name, &error);
    assert_true((result == 0) == (error.text[0] == '\0'));
    return result;
}

static void expect_texts(struct commit_notes *notes, const char *commits, const char *told)
{
    char *commit_text = NULL, *told_text = NULL;
    assert_int_equal(commit_notes_write(notes, &commit_text, &told_text), 0);
    if (commits == NULL)
        assert_null(commit_text);
    else
        assert_string_equal(commit_text, commits);
    if (told == NULL)
        assert_null(told_text);
    else
        assert_string_equal(told_text, told);
    free(commit_text);
    free(told_text);
}

static void joined_in_any_order(void **state)
{
    struct commit_notes notes = {0};
    (void)state;
    assert_int_equal(read_notes(&notes, "20:7", "18-19:400", 7, 20, 20, 0), 0);
    assert_int_equal(read_notes(&notes, "3:5000 2:20 11:0", "1-2:10", 5020, 3, 16, 1), 0);
    assert_int_equal(read_notes(&notes, NULL, "1-12:4500 18-18:1", 9, 17, 17, 0), 0);
    assert_int_equal(notes.commit_count, 5);
    expect_texts(&notes, "3:5000 2:20 11:0 1:9 3:7", "1-12:4500 18-19:400");
    commit_notes_done(&notes);
}

static void large_numbers_fit(void **state)
{
    static const char commits[] = "18446744073709551614:4294967295", told[] = "18446744073709551613-18446744073709551614:18446744073709551615 "
                                                                              "18446744073709551614-18446744073709551614:18446744073709551615";
    struct commit_notes notes = {0};
    (void)state;
    assert_int_equal(read_notes(&notes, commits, told, UINT32_MAX, 1, UINT64_MAX, 1), 0);
    expect_texts(&notes, commits, told);
    commit_notes_done(&notes);
}

static void an_earlier_version_tells_nothing(void **state)
{
    struct commit_notes notes = {0};
    (void)state;
    assert_int_equal(read_notes(&notes, NULL, NULL, 10, 4, 4, 0), 0);
    assert_false(notes.is_unknown);
    expect_texts(&notes, "4:10", NULL);
    assert_int_equal(read_notes(&notes, NULL, NULL, 10, 5, 9, 1), 0);
    assert_true(notes.is_unknown);
    expect_texts(&notes, NULL, NULL);
    commit_notes_done(&notes);
}

static void what_cannot_be_is_refused(void **state)
{
    static const char *const commits[] = {"", "5", "5:", ":5", "5:10 ", "5:10 0:0", "5:9", "5:11", "3:10", "8:10",
                                          "5:5 1:5 9:0", "-5:10", "5:10x",
                                          " 5:10", "5:10  1:0", "18446744073709551616:10", "5:18446744073709551626",
                                          "5:4294967296"};
    static const char *const told[] = {"1-2", "1:2", "2-1:5", "0-2:5", "1-2:5 ", "1-2:x", "1-18446744073709551615:5",
                                       "1-2:18446744073709551616"};
    (void)state;
    for (size_t i = 0; i < sizeof commits / sizeof *commits; i++) {
        struct commit_notes notes = {0};
        if (read_notes(&notes, commits[i], NULL, 10, 4, 7, 1) == 0)
            fail_msg("taken: %s", commits[i]);
        commit_notes_done(&notes);
    }
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct commit_notes notes = {0};
        if (read_notes(&notes, "5:10", told[i], 10, 4, 7, 1) == 0)
            fail_msg("taken: %s", told[i]);
        commit_notes_done(&notes);
    }
}

static void expect_told(const struct commit_account *account, uint64_t last, uint64_t rows)
{
    const struct commit_told told = commit_account_told(account);
    assert_int_equal(told.first, 10);
    assert_int_equal(told.last, last);
    assert_int_equal(told.rows, rows);
}

static void told_is_what_ended_without_a_gap(void **state)
{
    struct commit_account account;
    (void)state;
    commit_account_init(&account, 10);
    expect_told(&account, 9, 0);
    commit_account_end(&account, 11, 5);
    commit_account_end(&account, 13, 7);
    expect_told(&account, 9, 0);
    commit_account_end(&account, 10, 0);
    expect_told(&account, 11, 5);
    assert_true(commit_account_has_room(&account, 11 + COMMIT_AHEAD_MAX));
    assert_false(commit_account_has_room(&account, 12 + COMMIT_AHEAD_MAX));
    for (uint64_t i = 14; i < 12 + COMMIT_AHEAD_MAX; i++)
        commit_account_end(&account, i, 1);
    expect_told(&account, 11, 5);
    commit_account_end(&account, 12, 2);
    expect_told(&account, 11 + COMMIT_AHEAD_MAX, 5 + 2 + 7 + COMMIT_AHEAD_MAX - 2);
}

static void what_expired_is_written_and_read(void **state)
{
    char folder[] = "/tmp/weir-expired-XXXXXX", path[64];
    struct expired expired = {0};
    struct store_error error = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/.expired", folder);
    assert_int_equal(expired_read(&expired, folder, &error), 0);
    assert_int_equal(expired.count, 0);
    assert_int_equal(expired_note(&expired, 0xabc, 17, true), 0);
    assert_int_equal(expired_note(&expired, 0xabc, 19, false), 0);
    assert_int_equal(expired_note(&expired, 0xdef, 4, false), 0);
    assert_int_equal(expired_note(&expired, 0xabc, 3, true), 0);
    assert_int_equal(expired_write(&expired, folder, &error), 0);
    expired_done(&expired);
    assert_int_equal(expired_read(&expired, folder, &error), 0);
    assert_int_equal(expired.count, 2);
    assert_int_equal(expired_of(&expired, 0xabc).last, 19);
    assert_int_equal(expired_of(&expired, 0xabc).last_rows, 17);
    assert_int_equal(expired_of(&expired, 0xdef).last, 4);
    assert_int_equal(expired_of(&expired, 0xdef).last_rows, 0);
    assert_int_equal(expired_of(&expired, 1).last, 0);
    expired_done(&expired);
    for (const char *const *text = (const char *const[]){"0000abc 17\n", "hello\n", "00000abc 17 x\n",
                                                         "00000abc 17 17", NULL}; *text != NULL; text++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(*text, file);
        fclose(file);
        if (expired_read(&expired, folder, &error) == 0)
            fail_msg("taken: %s", *text);
        assert_non_null(strstr(error.text, "is damaged"));
        expired_done(&expired);
    }
    remove_store(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joined_in_any_order),
        cmocka_unit_test(large_numbers_fit),
        cmocka_unit_test(an_earlier_version_tells_nothing),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(told_is_what_ended_without_a_gap),
        cmocka_unit_test(what_expired_is_written_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
