/* SPDX-License-Identifier: MIT */
/* Lines of --debug: each options record has its own, and a datagram full of them does not fill the screen. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "debug_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;
    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

/* What the log tells of one datagram with so many options records. To be freed. */
static char *told_of(uint32_t records)
{
    static uint8_t column[65536];
    const struct weir_field field = {.name = "samplingAlgorithm", .v9_name = "SAMPLING_ALGORITHM",
                                     .kind = WEIR_KIND_U8, .type = WEIR_TYPE_UNSIGNED8, .width_bytes = 1};
    const struct weir_layout layout = {.fields = &field, .field_count = 1, .options = true};
    const struct weir_run run = {.row_count = records, .template_id = 256, .version = 9};
    const void *const columns[] = {column};
    const struct weir_batch batch = {.layout = &layout, .columns = columns, .row_count = records, .runs = &run,
                                     .run_count = 1};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct debug_log *log = debug_log_create(out);

    assert_non_null(log);
    debug_log_options(log, &batch);
    debug_log_free(log);
    fclose(out);
    return text;
}

static void test_each_record_has_its_line(void **state)
{
    char *text = told_of(3);
    (void)state;
    assert_int_equal(count_of(text, "Options record: {"), 3);
    assert_int_equal(count_of(text, "\n"), 3);
    free(text);
}

static void test_many_records_are_counted(void **state)
{
    char *text = told_of(65000);
    (void)state;
    assert_int_equal(count_of(text, "Options record: {"), 32);
    assert_int_equal(count_of(text, "\n"), 33);
    assert_non_null(strstr(text, "\n  and 64968 more options records of template 256\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_record_has_its_line),
        cmocka_unit_test(test_many_records_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
