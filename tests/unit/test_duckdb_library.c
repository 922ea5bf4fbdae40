/* SPDX-License-Identifier: MIT */
/*
 * test_duckdb_library.c - a library that is not there, is something else, or is the right one
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "duckdb_library.h"

static struct query_error error;

static void test_versions(void **state)
{
    (void)state;
    assert_true(duckdb_version_is_usable("v1.4.4"));
    assert_true(duckdb_version_is_usable("v1.2.0"));
    assert_true(duckdb_version_is_usable("v1.10.0"));
    assert_true(duckdb_version_is_usable("v2.0.1"));
    assert_true(duckdb_version_is_usable("8a5851971f"));
    assert_false(duckdb_version_is_usable("v1.1.3"));
    assert_false(duckdb_version_is_usable("v0.10.2"));
}

static void test_missing(void **state)
{
    (void)state;
    setenv("WEIR_DUCKDB", "/nonexistent/libduckdb.so", 1);
    assert_null(duckdb_library(&error));
    assert_non_null(strstr(error.text, "  /nonexistent/libduckdb.so: "));
    assert_non_null(strstr(error.text, "tools/setup.sh"));
    assert_null(query_open(NULL, NULL, &error));
}

static void test_another(void **state)
{
    (void)state;
    setenv("WEIR_DUCKDB", "libm.so.6", 1);
    assert_null(duckdb_library(&error));
    assert_non_null(strstr(error.text, "  libm.so.6: it lacks duckdb_"));
}

/* Last: it stays open. */
static void test_found(void **state)
{
    (void)state;
    unsetenv("WEIR_DUCKDB");
    const struct duckdb_functions *duckdb = duckdb_library(&error);
    assert_non_null(duckdb);
    assert_true(duckdb_version_is_usable(duckdb->library_version()));
    assert_ptr_equal(duckdb, duckdb_library(&error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions), cmocka_unit_test(test_missing), cmocka_unit_test(test_another),
        cmocka_unit_test(test_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
