/* SPDX-License-Identifier: MIT */
/*
 * test_core_document.c - docs/fields.md has the tables that the library goes by
 *
 * With an argument the tables are printed, to be put into the document.
 */
#include "core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "document_tables.h"

static void put_element(uint32_t pen, uint16_t id)
{
    const bool reverse = pen == WEIR_PEN_REVERSE;
    const struct weir_element *element = weir_element_find(reverse ? WEIR_PEN_IANA : pen, id);
    assert_non_null(element);
    if (pen == WEIR_PEN_V9_HIGH)
        put("%s (v9 %u)", element->name, id + 0x8000u);
    else if (reverse)
        put("reverse of %s (29305/%u)", element->name, id);
    else
        put("%s (%u)", element->name, id);
}

static void put_rule(const struct core_rule *rule)
{
    put_element(rule->pen, rule->id);
    if (rule->also == 0)
        return;
    put(rule->class == CORE_CLASS_COUNTER ? ", where that is 0 " : " or ");
    put_element(rule->pen, rule->also);
}

static void put_rules(void)
{
    put("| core column | what it is | from, the first that a template has |\n|---|---|---|\n");
    for (uint32_t i = 0; i < core_rule_count;) {
        const uint8_t core = core_rules[i].core;
        put("| `%s` | %s | ", weir_core_name(core), weir_core_text(core));
        for (uint32_t first = i; i < core_rule_count && core_rules[i].core == core; i++) {
            if (i > first)
                put("; ");
            put_rule(&core_rules[i]);
            if (core_rules[i].with != 0)
                put(", beside %u", core_rules[i].with);
        }
        put(" |\n");
    }
}

static void put_clocks(void)
{
    static const char *const units[] = {
        [CORE_UNIT_SECONDS] = "seconds since 1970",
        [CORE_UNIT_MILLISECONDS] = "milliseconds since 1970",
        [CORE_UNIT_NTP] = "NTP: seconds since 1900 and their fraction",
        [CORE_UNIT_NTP_MICROSECONDS] = "NTP: seconds since 1900 and their fraction",
        [CORE_UNIT_DELTA] = "microseconds before the export time",
        [CORE_UNIT_UPTIME] = "milliseconds since the exporter started",
    };
    put("| start | end | counts |\n|---|---|---|\n");
    for (uint32_t i = 0; i < core_clock_count; i++) {
        put("| ");
        if (core_clocks[i].start_id != 0)
            put_element(WEIR_PEN_IANA, core_clocks[i].start_id);
        else
            put("-");
        put(" | ");
        put_element(WEIR_PEN_IANA, core_clocks[i].end_id);
        put(" | %s |\n", units[core_clocks[i].unit]);
    }
}

static void expect_in_document(void (*put_table)(void), const char *what)
{
    tables[0] = '\0';
    put_table();
    if (strstr(document, tables) == NULL)
        fail_msg("docs/fields.md does not have the table of %s that the library goes by; "
                 "'test_core_document print' prints it",
                 what);
}

static void test_document(void **state)
{
    (void)state;
    read_document(FIELDS_MD);
    expect_in_document(put_rules, "core columns");
    expect_in_document(put_clocks, "times");
    for (int i = 0; i < WEIR_CORE_COUNT; i++) {
        char name[64];
        snprintf(name, sizeof name, "`%s`", weir_core_name((enum weir_core)i));
        if (strstr(document, name) == NULL)
            fail_msg("docs/fields.md does not tell of %s", name);
    }
}

/* Rules of one column stand together, or the first would not be the best. */
static void test_rules_stand_together(void **state)
{
    bool seen[WEIR_CORE_COUNT] = {false};
    (void)state;
    for (uint32_t i = 0; i < core_rule_count; i++) {
        const uint8_t core = core_rules[i].core;
        assert_true(core < WEIR_CORE_COUNT);
        if (i == 0 || core_rules[i - 1].core != core) {
            assert_false(seen[core]);
            seen[core] = true;
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_rules_stand_together),
    };
    (void)argv;
    if (argc > 1) {
        put_rules();
        put("\n");
        put_clocks();
        fputs(tables, stdout);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
