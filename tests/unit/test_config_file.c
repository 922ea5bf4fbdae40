/* SPDX-License-Identifier: MIT */
/* test_config_file.c - keys, values and faults of a file, with their lines; and the file cut off at each octet */
#define _GNU_SOURCE
#include "config_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct log {
    char text[4096];
    size_t length;
    unsigned key_count, fault_count, last_line;
};

static void note(struct log *log, unsigned line, const char *text)
{
    assert_true(line >= log->last_line);
    log->last_line = line;
    log->length += (size_t)snprintf(log->text + log->length, sizeof log->text - log->length, "%u %s\n", line, text);
    assert_true(log->length < sizeof log->text);
}

static void on_key(void *context, const char *section, const char *key, const char *value, bool more, unsigned line)
{
    char text[600];
    struct log *log = context;
    snprintf(text, sizeof text, "%s.%s%s=%s", section, key, more ? "+" : "", value);
    note(log, line, text);
    log->key_count++;
}

static void on_fault(void *context, unsigned line, const char *text)
{
    struct log *log = context;
    note(log, line, text);
    log->fault_count++;
}

static struct log read_octets(const char *octets, size_t size)
{
    struct log log = {0};
    const struct config_reader reader = {.key = on_key, .fault = on_fault, .context = &log};
    FILE *stream = size == 0 ? fopen("/dev/null", "r") : fmemopen((void *)(uintptr_t)octets, size, "r");
    assert_non_null(stream);
    assert_int_equal(config_file_read(stream, &reader), 0);
    fclose(stream);
    return log;
}

static void expect(const char *text, const char *wanted)
{
    const struct log log = read_octets(text, strlen(text));
    assert_string_equal(log.text, wanted);
}

static void keys_have_their_lines(void **state)
{
    (void)state;
    expect("# comment\n\n[One]\nA=1\n; comment\nB = two words \n[Two]\nA:3",
           "4 One.A=1\n6 One.B=two words\n8 Two.A=3\n");
    expect("A=1\n", "1 .A=1\n");
    expect("\xef\xbb\xbf[One]\r\nA=1\r\n", "2 One.A=1\n");
    expect("[One]\nA=\n", "2 One.A=\n");
    expect("", "");
}

static void comments_and_quotes(void **state)
{
    (void)state;
    expect("[One] ; said\nA=1 ; comment\nB=1;2\nC=1 # stays\nD=\"q ; e\"\n",
           "2 One.A=1\n3 One.B=1;2\n4 One.C=1 # stays\n5 One.D=\"q\n");
}

static void values_go_on_where_lines_are_indented(void **state)
{
    (void)state;
    expect("[One]\nA=1\n  2\n\n\t3 ; comment\n# comment\n  B=4\nC=5\n",
           "2 One.A=1\n3 One.A+=2\n5 One.A+=3\n7 One.A+=B=4\n8 One.C=5\n");
    expect("[One]\n  A=1\n", "2 One.A=1\n"); /* there is no value yet */
}

static void what_is_no_line_is_told(void **state)
{
    static const char odd[] = "this is neither [Section], nor Key=value, nor a comment behind ; or #";
    char wanted[600];
    (void)state;
    snprintf(wanted, sizeof wanted, "2 %s\n3 One.A=1\n4 %s\n", odd, odd);
    expect("[One]\nword\nA=1\nlast", wanted);
    expect("[One\nA=1\n", "1 a section's name is not closed with ]\n2 .A=1\n");
    expect("[One] A=1\n", "1 something stands behind the section's name\n");
}

static void nul_is_told(void **state)
{
    static const char text[] = "[One]\nA=1\0" "2\nB=3\n";
    (void)state;
    const struct log log = read_octets(text, sizeof text - 1);
    assert_string_equal(log.text, "2 this is no text: it has an octet of value 0\n3 One.B=3\n");
}

static void long_lines_are_told_and_not_cut(void **state)
{
    (void)state;
    unsigned longest = 0;
    for (size_t length = 100; length < 5000; length += 1) {
        char *text = calloc(1, length + 20);
        assert_non_null(text);
        strcpy(text, "[One]\nA=");
        memset(text + 8, 'x', length - 2);
        strcpy(text + 6 + length, "\nB=1\n");
        const struct log log = read_octets(text, strlen(text));
        free(text);
        if (log.fault_count == 0) {
            assert_int_equal(log.key_count, 2);
            longest = (unsigned)length;
            continue;
        }
        char wanted[120];
        snprintf(wanted, sizeof wanted, "2 the line has more than the %u characters that there may be\n3 One.B=1\n",
                 longest);
        assert_string_equal(log.text, wanted);
        return;
    }
    fail(); /* no line was too long */
}

/* What is there before the cut is read as before; the last line alone may be another. */
static void cut_off_anywhere(void **state)
{
    static const char text[] = "; c\n[One]\nA=1\n  2\nB:3 ; c\n\n[Two]\nC = 4\nD=\n";
    (void)state;
    const struct log whole = read_octets(text, sizeof text - 1);
    for (size_t size = 0; size < sizeof text; size++) {
        char *copy = malloc(size + 1); /* of just this size, for sanitizers */
        assert_non_null(copy);
        memcpy(copy, text, size);
        const struct log log = read_octets(copy, size);
        free(copy);
        unsigned lines = 0;
        for (size_t i = 0; i < size; i++)
            lines += text[i] == '\n';
        for (const char *line = log.text; *line != '\0'; line = strchr(line, '\n') + 1) {
            const size_t length = strcspn(line, "\n") + 1;
            assert_true(strtoul(line, NULL, 10) > lines ||
                        strncmp(line, whole.text + (line - log.text), length) == 0);
        }
    }
}

static void a_file_that_cannot_be_read(void **state)
{
    struct log log = {0};
    const struct config_reader reader = {.key = on_key, .fault = on_fault, .context = &log};
    FILE *stream = fopen("/", "r"); /* can be opened, and not be read */
    (void)state;
    assert_non_null(stream);
    assert_int_equal(config_file_read(stream, &reader), -1);
    assert_int_equal(errno, EISDIR);
    fclose(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_their_lines), cmocka_unit_test(comments_and_quotes),
        cmocka_unit_test(values_go_on_where_lines_are_indented), cmocka_unit_test(what_is_no_line_is_told),
        cmocka_unit_test(nul_is_told), cmocka_unit_test(long_lines_are_told_and_not_cut),
        cmocka_unit_test(cut_off_anywhere), cmocka_unit_test(a_file_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
