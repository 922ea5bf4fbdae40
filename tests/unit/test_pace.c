/* SPDX-License-Identifier: MIT */
/*
 * test_pace.c - rates hold on average, whenever one looks; bursts have a bound
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pace.h"

#define SECOND_NS INT64_C(1000000000)
#define START_NS (INT64_C(1) << 55) /* a machine that has run for a year */

/* Goes on in steps of `step_ns`, takes all that is due each time, `cost` units at once; returns how many in all. */
static uint64_t run(struct pace *pace, int64_t step_ns, int64_t duration_ns, uint64_t cost, uint64_t *ret_most)
{
    uint64_t taken = 0, most = 0;
    for (int64_t now = START_NS; now < START_NS + duration_ns; now += step_ns) {
        uint64_t due = pace_due(pace, now), once = 0;
        while (due > 0) {
            pace_spend(pace, cost);
            once += cost;
            due -= due < cost ? due : cost;
        }
        taken += once;
        most = once > most ? once : most;
    }
    *ret_most = most;
    return taken;
}

static void test_rate(void **state)
{
    static const struct { double rate; int64_t step_ns; uint64_t cost; } table[] = {
        {1, 1000000, 1}, {3, 7000000, 1}, {1000, 333333, 1}, {123457, 99991, 1},
        {1000000, 1000000, 30}, {5000000, 200003, 23},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pace pace;
        uint64_t most;
        pace_init(&pace, table[i].rate, table[i].rate, START_NS);
        const double taken = (double)run(&pace, table[i].step_ns, 100 * SECOND_NS, table[i].cost, &most);
        const double step = table[i].rate * (double)table[i].step_ns * 1e-9;
        assert_true(taken >= table[i].rate * 100 - step - 1);
        assert_true(taken <= table[i].rate * 100 + (double)table[i].cost);
        assert_true(pace.forgiven == 0);
        assert_true((double)most <= step + 1 + (double)table[i].cost);
    }
}

static void test_late_is_made_up_for(void **state)
{
    struct pace pace;
    (void)state;
    pace_init(&pace, 1000, 100, START_NS);
    assert_int_equal(pace_due(&pace, START_NS), 1); /* the first at once */
    pace_spend(&pace, 1);
    assert_int_equal(pace_due(&pace, START_NS), 0);
    assert_int_equal(pace_due(&pace, START_NS + 50000001), 50);
    pace_spend(&pace, 50);
    assert_int_equal(pace_due(&pace, START_NS + 50000001), 0);
    assert_true(pace.forgiven == 0);
}

static void test_burst(void **state)
{
    struct pace pace;
    (void)state;
    pace_init(&pace, 1000, 100, START_NS);
    assert_int_equal(pace_due(&pace, START_NS + 10 * SECOND_NS), 100);
    assert_true(pace.forgiven > 9900 && pace.forgiven < 9902);
    pace_spend(&pace, 100);
    assert_int_equal(pace_due(&pace, START_NS + 10 * SECOND_NS), 0); /* the rest does not come after all */
    assert_in_range(pace_due(&pace, START_NS + 11 * SECOND_NS), 100, 100);

    pace_init(&pace, 0.5, 0, START_NS); /* a burst below 1 is 1 */
    assert_int_equal(pace_due(&pace, START_NS + 100 * SECOND_NS), 1);
}

static void test_when(void **state)
{
    static const double rates[] = {0.1, 7, 1000, 999983};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct pace pace;
        pace_init(&pace, rates[i], 1e9, START_NS);
        for (uint64_t round = 0; round < 1000; round++) {
            const uint64_t units = 1 + round % 5;
            const int64_t when = pace_when(&pace, units);
            assert_in_range(pace_due(&pace, when + 10), units, units + 1);
            assert_true(pace_due(&pace, when - (int64_t)(0.01 / rates[i] * 1e9) - 10) < units);
            pace_spend(&pace, units);
        }
    }
}

static void test_sleep(void **state)
{
    (void)state;
    const int64_t begin = pace_clock_ns();
    assert_true(pace_sleep_until(begin + 2000000));
    assert_true(pace_clock_ns() >= begin + 2000000);
    assert_true(pace_sleep_until(begin)); /* over already */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),  cmocka_unit_test(test_late_is_made_up_for),
        cmocka_unit_test(test_burst), cmocka_unit_test(test_when),
        cmocka_unit_test(test_sleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
