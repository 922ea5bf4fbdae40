/* SPDX-License-Identifier: MIT */
/*
 * test_reason.c - each reason has a text and a label of its own
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <weir/weir.h>

static void test_labels_are_metrics(void **state)
{
    (void)state;
    for (int i = 0; i < WEIR_REASON_COUNT; i++) {
        const char *label = weir_reason_label((enum weir_reason)i);
        assert_int_equal(strspn(label, "abcdefghijklmnopqrstuvwxyz_"), strlen(label));
        assert_true(strlen(weir_reason_text((enum weir_reason)i)) > strlen("no"));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(label, weir_reason_label((enum weir_reason)k));
            assert_string_not_equal(weir_reason_text((enum weir_reason)i), weir_reason_text((enum weir_reason)k));
        }
    }
    assert_string_equal(weir_reason_label(WEIR_REASON_SET_LENGTH_SHORT), "set_length_short");
    assert_string_equal(weir_reason_text(WEIR_REASON_SET_LENGTH_SHORT), "set length below 4");
}

static void test_no_reason(void **state)
{
    (void)state;
    assert_string_equal(weir_reason_text(WEIR_REASON_COUNT), "unknown reason");
    assert_string_equal(weir_reason_label((enum weir_reason)1000), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_are_metrics),
        cmocka_unit_test(test_no_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
