/* SPDX-License-Identifier: MIT */
/*
 * test_schema_document.c - docs/schema.md has the columns that are written
 *
 * With an argument the tables are printed, to be put into the document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "column.h"
#include "document_tables.h"
#include "ledger_log.h"

static void put_columns(void)
{
    put("| ID | column | type | what it is |\n|---|---|---|---|\n");
    for (int i = 0; i < STORE_COLUMN_COUNT; i++) {
        const struct store_column *column = store_column((enum store_column_index)i);
        const char *family = column->source == STORE_FROM_IPV4 ? ", IPv4"
                             : column->source == STORE_FROM_IPV6 ? ", IPv6" : "";
        put("| %d | `%s` | %s | %s%s |\n", column->field_id, column->name, store_type_parquet(column->type)->text,
            column->text != NULL ? column->text : weir_core_text(column->core), family);
    }
}

static void put_ledger(void)
{
    put("\n| ID | column | what it is |\n|---|---|---|\n");
#define LEDGER_LINE(id, name, text) put("| %d | `%s` | %s |\n", id, #name, text);
    LEDGER_SESSION_COLUMNS(LEDGER_LINE)
    LEDGER_COLLECTOR_COLUMNS(LEDGER_LINE)
    LEDGER_COMMIT_COLUMNS(LEDGER_LINE)
#undef LEDGER_LINE
}

static void the_document_has_them(void **state)
{
    (void)state;
    put_columns();
    put_ledger();
    read_document(SCHEMA_MD);
    for (char *line = strtok(tables, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strstr(document, line) == NULL)
            fail_msg("docs/schema.md lacks: %s", line);
    }
}

/* A number is never used twice. */
static void numbers_and_names_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < STORE_COLUMN_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            const struct store_column *a = store_column((enum store_column_index)i);
            const struct store_column *b = store_column((enum store_column_index)k);
            assert_int_not_equal(a->field_id, b->field_id);
            assert_string_not_equal(a->name, b->name);
        }
    }
}

/* Each core column is stored. */
static void no_core_column_is_left_out(void **state)
{
    (void)state;
    bool stored[WEIR_CORE_COUNT] = {false};
    for (int i = STORE_COLUMN_RUN_COUNT; i < STORE_COLUMN_COUNT; i++)
        stored[store_column((enum store_column_index)i)->core] = true;
    for (int i = 0; i < WEIR_CORE_COUNT; i++)
        assert_true(stored[i]);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        put_columns();
        put_ledger();
        fputs(tables, stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_them),
        cmocka_unit_test(numbers_and_names_are_unique),
        cmocka_unit_test(no_core_column_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
