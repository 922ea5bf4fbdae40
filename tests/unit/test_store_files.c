/* SPDX-License-Identifier: MIT */
/*
 * test_store_files.c - the names of a store's files, and which of them others cover
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_files.h"
#include "store_folder.h"

#define TIMES "20261123T140000-20261123T145959-"

static char folder[] = "/tmp/test_store_files_XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[200];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

/* An empty file below the folder, with the folders above it. */
static void put(const char *path)
{
    char full[400];
    snprintf(full, sizeof full, "%s/%s", folder, path);
    for (char *slash = strchr(full + strlen(folder) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0755);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    fclose(file);
}

/* The paths that are found, without the folder. */
static void check(const char *kind, const char *const *wanted, size_t count)
{
    struct store_files files = {0};
    assert_int_equal(store_files_find(&files, folder, kind, NULL), 0);
    for (size_t i = 0; i < count && i < files.count; i++)
        assert_string_equal(files.paths[i] + strlen(folder) + 1, wanted[i]);
    assert_int_equal(files.count, count);
    store_files_done(&files);
}

static void test_names(void **state)
{
    static const char *const others[] = {
        "x.parquet", TIMES "0badcafe-1-1-0.parquet.tmp", "." TIMES "0badcafe-1-1-0.parquet",
        TIMES "0badcafe-1-1.parquet",
        TIMES "0badcafe-2-1-0.parquet", TIMES "0badcaf-1-1-0.parquet", TIMES "0badcafe-+1-1-0.parquet",
        TIMES "0badcafe-1-99999999999999999999-0.parquet", TIMES "0badcafe-01-1-0.parquet",
        TIMES "0BADCAFE-1-1-0.parquet",
        "20261123T140000-20261123T14595-0badcafe-1-1-0.parquet", TIMES "0badcafe-1-1-0.parquet2", TIMES,
    };
    static const char *const wanted[] = {
        "flows/date=2026-11-23/hour=14/" TIMES "0badcafe-1-18446744073709551615-255.parquet",
        "flows/date=2026-11-23/hour=15/" TIMES "0badcafe-1-1-0.parquet",
        "flows/date=2026-11-24/hour=00/" TIMES "0badcafe-1-1-0.parquet",
    };
    char path[200];
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(path, sizeof path, "flows/date=2026-11-23/hour=14/%s", others[i]);
        put(path);
    }
    put("flows/" TIMES "0badcafe-1-1-0.parquet");
    put("flows/date=2026-11-23/" TIMES "0badcafe-1-1-0.parquet");
    put("flows/elsewhere/hour=14/" TIMES "0badcafe-1-1-0.parquet");
    for (size_t i = sizeof wanted / sizeof *wanted; i-- > 0;)
        put(wanted[i]);
    check("flows", wanted, sizeof wanted / sizeof *wanted);
    check("ledger", NULL, 0);
}

#define HOUR "options/date=2026-11-23/hour=14/" TIMES

static void test_covered(void **state)
{
    static const char *const wanted[] = {
        HOUR "0000000a-1-6-2.parquet",   /* covers all below but what stands beside it */
        HOUR "0000000a-5-7-0.parquet",   /* overlaps only */
        HOUR "0000000a-20-20-0.parquet", /* a gap before it */
        HOUR "0000000b-1-2-0.parquet",   /* another writer */
        HOUR "0000000b-2-2-0.parquet",   /* covered, but not by a higher tier */
        HOUR "0000000b-3-3-1.parquet",
    };
    static const char *const covered[] = {
        HOUR "0000000a-1-1-0.parquet", HOUR "0000000a-1-3-1.parquet", HOUR "0000000a-4-6-1.parquet",
        HOUR "0000000a-6-6-0.parquet", HOUR "0000000b-3-3-0.parquet",
    };
    (void)state;
    for (size_t i = 0; i < sizeof covered / sizeof *covered; i++)
        put(covered[i]);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        put(wanted[i]);
    put("options/date=2026-11-23/hour=15/" TIMES "0000000a-1-1-0.parquet"); /* another folder: it counts there alone */
    const char *all[sizeof wanted / sizeof *wanted + 1];
    memcpy(all, wanted, sizeof wanted);
    all[sizeof wanted / sizeof *wanted] = "options/date=2026-11-23/hour=15/" TIMES "0000000a-1-1-0.parquet";
    check("options", all, sizeof all / sizeof *all);
}

static void test_folder(void **state)
{
    bool told;
    char *path;
    (void)state;
    setenv("WEIR_STORE", "/b", 1);
    path = store_folder("/a", &told);
    assert_string_equal(path, "/a");
    assert_true(told);
    free(path);
    path = store_folder(NULL, &told);
    assert_string_equal(path, "/b");
    assert_true(told);
    free(path);
    unsetenv("WEIR_STORE");
    setenv("STATE_DIRECTORY", "/c:/d", 1);
    path = store_folder(NULL, &told);
    assert_string_equal(path, "/c/store");
    assert_false(told);
    free(path);
    unsetenv("STATE_DIRECTORY");
    setenv("XDG_STATE_HOME", "/e", 1);
    path = store_folder(NULL, &told);
    assert_string_equal(path, geteuid() == 0 ? "/var/lib/weir/store" : "/e/weir/store");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_covered), cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
