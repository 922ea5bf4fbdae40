/* SPDX-License-Identifier: MIT */
/* test_log.c - messages as text, for systemd's journal and as JSON; what repeats itself; many threads */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

static char path[] = "/tmp/weir-log-XXXXXX";
static int before = -1;
static char text[1 << 20];

/* From here on what is written to descriptor 2 goes to a file. */
static void begin(enum log_form form, bool limited, bool to_journal)
{
    struct stat is;
    char stream[64];
    const int fd = open(path, O_RDWR | O_TRUNC | O_APPEND);
    fflush(stderr);
    before = dup(STDERR_FILENO);
    assert_true(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    close(fd);
    fstat(STDERR_FILENO, &is);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)is.st_dev, (uintmax_t)is.st_ino + !to_journal);
    setenv("JOURNAL_STREAM", stream, 1);
    log_open(form, limited);
}

static const char *end(void)
{
    log_close();
    const ssize_t size = pread(STDERR_FILENO, text, sizeof text - 1, 0);
    dup2(before, STDERR_FILENO);
    close(before);
    text[size < 0 ? 0 : size] = '\0';
    return text;
}

static void write_some(void)
{
    fprintf(stderr, "Listening on %d\n", 9);
    fputs("Note: a thing\n", stderr);
    fputs("weir collect: bad \"x\"\n", stderr);
    log_error("weir collect: %s\n", "over");
    fputs("weir: 3 datagrams, 1 flows\n  lost: 2", stderr);
}

static void test_text(void **state)
{
    (void)state;
    begin(LOG_TEXT, true, false);
    write_some();
    assert_string_equal(end(), "Listening on 9\nNote: a thing\nweir collect: bad \"x\"\nweir collect: over\n"
                               "weir: 3 datagrams, 1 flows\n  lost: 2\n");
}

static void test_journal(void **state)
{
    (void)state;
    begin(LOG_TEXT, true, true);
    write_some();
    assert_string_equal(end(), "<6>Listening on 9\n<5>Note: a thing\n<4>weir collect: bad \"x\"\n<3>weir collect: "
                               "over\n"
                               "<6>weir: 3 datagrams, 1 flows\n<6>  lost: 2\n");
}

static void expect_object(char *line, const char *level, const char *message)
{
    json_t *object = json_loads(line, 0, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "level")), level);
    assert_string_equal(json_string_value(json_object_get(object, "message")), message);
    assert_int_equal(strlen(json_string_value(json_object_get(object, "time"))), strlen("2026-11-25T20:15:03.250Z"));
    json_decref(object);
}

static void test_json(void **state)
{
    (void)state;
    char *rest = NULL, longest[9000];
    memset(longest, '\x01', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    begin(LOG_JSON, true, true);
    fputs("weir collect: \"a\\b\"\tc\x1b\n\n", stderr);
    fputs("\xc3\xa4\n\xc3\n", stderr);
    log_error("%s", "weir collect: over\n");
    fprintf(stderr, "%s\n", longest);
    end();
    expect_object(strtok_r(text, "\n", &rest), "warning", "weir collect: \"a\\b\"\tc\x1b");
    expect_object(strtok_r(NULL, "\n", &rest), "info", "\xc3\xa4");
    expect_object(strtok_r(NULL, "\n", &rest), "info", "\xc3\x83"); /* an octet that is no text, by its number */
    expect_object(strtok_r(NULL, "\n", &rest), "error", "weir collect: over");
    size_t octets = 0;
    for (char *line; (line = strtok_r(NULL, "\n", &rest)) != NULL;) {
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        octets += strlen(json_string_value(json_object_get(object, "message")));
        json_decref(object);
    }
    assert_int_equal(octets, sizeof longest - 1);
}

static int count_of(const char *what)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

static void test_limits(void **state)
{
    (void)state;
    begin(LOG_TEXT, true, false);
    for (int i = 0; i < 1000; i++) {
        fprintf(stderr, "weir collect: file %d is bad\n", i);
        fprintf(stderr, "line %d\n", i);
        log_error("weir collect: error %d\n", i);
    }
    fputs("weir collect: another\n", stderr);
    end();
    assert_int_equal(count_of("weir collect: file "), LOG_EACH_MINUTE + 1);
    assert_int_equal(count_of("weir: 990 more lines like this were left out: weir collect: file 999 is bad\n"), 1);
    assert_int_equal(count_of("\nline "), 1000);
    assert_int_equal(count_of("weir collect: error "), 1000);
    assert_int_equal(count_of("weir collect: another\n"), 1);
    begin(LOG_TEXT, false, false);
    for (int i = 0; i < 100; i++)
        fprintf(stderr, "weir collect: file %d is bad\n", i);
    end();
    assert_int_equal(count_of("weir collect: file "), 100);
}

static void *write_lines(void *context)
{
    for (int i = 0; i < 500; i++)
        fprintf(stderr, "thread %d says %d and ends\n", *(int *)context, i);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    int numbers[4], of, number;
    char *rest = NULL;
    begin(LOG_TEXT, true, false);
    for (int i = 0; i < 4; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, write_lines, &numbers[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    end();
    int count = 0;
    char tail[8];
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest), count++)
        assert_int_equal(sscanf(line, "thread %d says %d and %7s", &of, &number, tail), 3);
    assert_int_equal(count, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_journal), cmocka_unit_test(test_json),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_threads),
    };
    close(mkstemp(path));
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return result;
}
