/* SPDX-License-Identifier: MIT */
/*
 * test_doctor_findings.c - findings for people and for programs
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doctor_findings.h"

#include <stdlib.h>
#include <string.h>

static void expect_output(const struct doctor_findings *findings, bool json, const char *wanted)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    doctor_print(findings, json, out);
    fclose(out);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_none(void **state)
{
    (void)state;
    struct doctor_findings findings = {0};
    doctor_advise(&findings, "nothing");
    expect_output(&findings, false, "");
    expect_output(&findings, true, "[]\n");
    assert_int_equal(doctor_worst(&findings), DOCTOR_OK);
    doctor_findings_done(&findings);
}

static void test_some(void **state)
{
    (void)state;
    struct doctor_findings findings = {0};
    doctor_add(&findings, "one", DOCTOR_OK, "%d are well", 1);
    assert_int_equal(doctor_worst(&findings), DOCTOR_OK);
    doctor_add(&findings, "two", DOCTOR_BAD, "a \"name\" \\ with\nlines \x1b[31m and \xc3\xa4");
    doctor_advise(&findings, "do this");
    doctor_advise(&findings, "do that");
    doctor_add(&findings, "three", DOCTOR_WARN, "octets \xff\xc3\xa4");
    expect_output(&findings, false, "[ok]   1 are well\n"
                                    "[bad]  a \"name\" \\ with?lines ?[31m and \xc3\xa4\n       do that\n"
                                    "[warn] octets ???\n");
    expect_output(&findings, true, "[{\"check\":\"one\",\"status\":\"ok\",\"text\":\"1 are well\",\"advice\":null},\n"
                                   "{\"check\":\"two\",\"status\":\"bad\",\"text\":\"a \\\"name\\\" \\\\ with?lines "
                                   "?[31m and \xc3\xa4\","
                                   "\"advice\":\"do that\"},\n"
                                   "{\"check\":\"three\",\"status\":\"warn\",\"text\":\"octets "
                                   "???\",\"advice\":null}]\n");
    assert_int_equal(doctor_worst(&findings), DOCTOR_BAD);
    doctor_findings_done(&findings);
}

static void test_many(void **state)
{
    (void)state;
    struct doctor_findings findings = {0};
    for (int i = 0; i < 1000; i++)
        doctor_add(&findings, "one", DOCTOR_WARN, "%d", i);
    assert_int_equal(findings.count, 1000);
    assert_string_equal(findings.findings[999].text, "999");
    assert_int_equal(doctor_worst(&findings), DOCTOR_WARN);
    doctor_findings_done(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_none), cmocka_unit_test(test_some),
                                       cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
