/* SPDX-License-Identifier: MIT */
/* test_metric_text.c - numbers in Prometheus' text format, whatever stands in a label */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metric_text.h"

static void test_lines(void **state)
{
    (void)state;
    struct metric_text text = {0};
    char labels[64] = "";
    metric_counter(&text, "a_total", "What it is", UINT64_MAX);
    metric_begin(&text, "b_seconds", METRIC_GAUGE, "Else");
    metric_label(labels, sizeof labels, "x", "1");
    metric_label(labels, sizeof labels, "y", "");
    metric_real(&text, "b_seconds", labels, -1.5);
    const char *wanted = "# HELP a_total What it is.\n# TYPE a_total counter\na_total 18446744073709551615\n"
                         "# HELP b_seconds Else.\n# TYPE b_seconds gauge\nb_seconds{x=\"1\",y=\"\"} -1.500000\n";
    assert_int_equal(text.size_bytes, strlen(wanted));
    assert_memory_equal(text.data, wanted, text.size_bytes);
    for (int i = 0; i < 10000; i++)
        metric_value(&text, "a_long_name_of_a_metric_total", labels, 1);
    assert_int_equal(text.size_bytes,
                     strlen(wanted) + 10000 * strlen("a_long_name_of_a_metric_total{x=\"1\",y=\"\"} 1\n"));
    assert_false(text.short_of_memory);
    free(text.data);
}

static void test_hostile_labels(void **state)
{
    (void)state;
    char labels[64] = "";
    metric_label(labels, sizeof labels, "a", "\"\\\n\x1b\xc3\xa4}");
    assert_string_equal(labels, "a=\"\\\"\\\\????}\"");
    for (size_t room = 1; room < 40; room++) { /* what has no room is cut off, and is a label all the same */
        char *small = malloc(room);
        small[0] = '\0';
        metric_label(small, room, "a", "\"\"\"\"\"\"\"\"\"\"\"\"");
        assert_true(strlen(small) < room);
        if (small[0] != '\0') {
            const size_t length = strlen(small);
            assert_memory_equal(small, "a=\"", 3);
            assert_int_equal(small[length - 1], '"');
            assert_int_equal((length - 4) % 2, 0); /* no escape is cut in two */
        }
        free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_hostile_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
