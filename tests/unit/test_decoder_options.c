/* SPDX-License-Identifier: MIT */
/* test_decoder_options.c - what the command line says of decoding */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoder_options.h"

static void test_lifetime(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } right[] = {{"90", 90000000}, {"30m", 1800000000}, {"1d", 86400000000}, {"0", 0}, {"00", 0}};
    struct weir_options options;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        weir_options_init(&options);
        assert_null(decoder_options_lifetime(&options, right[i].text));
        assert_int_equal(options.template_lifetime_us, right[i].us);
    }
    weir_options_init(&options);
    static const char *const wrong[] = {"", "-1", "0s", "never", "1 h", "4000d", "nan"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_non_null(decoder_options_lifetime(&options, wrong[i]));
        assert_int_equal(options.template_lifetime_us, 86400000000);
    }
}

static void test_sampling_rate(void **state)
{
    (void)state;
    struct weir_options options;
    weir_options_init(&options);
    assert_int_equal(options.sampling_rate, 0);
    assert_null(decoder_options_sampling_rate(&options, "1"));
    assert_int_equal(options.sampling_rate, 1);
    assert_null(decoder_options_sampling_rate(&options, "4294967295"));
    assert_true(options.sampling_rate == UINT32_MAX);
    static const char *const wrong[] = {"", "0", "-1", "1:100", "1k", "4294967296"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_non_null(decoder_options_sampling_rate(&options, wrong[i]));
        assert_true(options.sampling_rate == UINT32_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_sampling_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
