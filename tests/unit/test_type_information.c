/* SPDX-License-Identifier: MIT */
/*
 * test_type_information.c - elements that exporters tell of (RFC 5610): in fields of any length, cleaned, and bounded
 */
#include "core_decode.h"

#include "limits.h"

static struct weir_ledger ledger(void)
{
    return *weir_decoder_ledger(core_decoder);
}

/* What one field of an enterprise's element is called now; the template comes anew each time. */
static void expect_name(const char *field, const char *record, const char *name, enum weir_type type)
{
    core_continue(10, 0, field, record);
    assert_non_null(core_batch);
    assert_string_equal(core_batch->layout->fields[0].name, name);
    assert_int_equal(core_batch->layout->fields[0].type, type);
}

/* Number and enterprise may be reduced, or longer than their types; those that tell no number tell nothing. */
static void test_numbers_of_any_length(void **state)
{
    (void)state;
    core_continue(10, 2, "346:4 303:2 339:1 341:65535", "00007ed9 0001 04 03 6f6e65");
    core_continue(10, 2, "346:2 303:1 339:1 341:65535", "7ed9 02 04 03 74776f");
    core_continue(10, 2, "346:8 303:4 339:2 341:65535", "0000000000007ed9 00000003 0004 05 7468726565");
    core_continue(10, 2, "346:8 303:8 339:8 341:4", "0000000000007ed9 0000000000000004 0000000000000004 666f7572");
    assert_int_equal(ledger().elements_learned, 4);
    core_continue(10, 2, "346:9 303:2 339:1 341:4", "000000000000007ed9 0005 04 66697665"); /* of no enterprise */
    core_continue(10, 2, "346:4 303:9 339:1 341:4", "00007ed9 000000000000000006 04 73697865");
    core_continue(10, 2, "346:8 303:2 339:1 341:4", "0000000100007ed9 0007 04 73697865");
    core_continue(10, 2, "346:4 303:4 339:1 341:4", "00007ed9 00010001 04 73697865");
    core_continue(10, 2, "346:4 303:2 339:1 341:0", "00007ed9 0008 04");
    assert_int_equal(ledger().elements_learned, 4);
    expect_name("32473/1:4", "00000007", "one", WEIR_TYPE_UNSIGNED64);
    expect_name("32473/2:4", "00000007", "two", WEIR_TYPE_UNSIGNED64);
    expect_name("32473/3:4", "00000007", "three", WEIR_TYPE_UNSIGNED64);
    expect_name("32473/4:4", "00000007", "four", WEIR_TYPE_UNSIGNED64);
    expect_name("32473/5:4", "00000007", "ie_32473_5", WEIR_TYPE_OCTET_ARRAY);
    expect_name("32473/7:4", "00000007", "ie_32473_7", WEIR_TYPE_OCTET_ARRAY);
}

/* Names are made of letters, digits and '_', end at a NUL, and have their bound; types that there are not are
 * octets. */
static void test_names_are_cleaned(void **state)
{
    char record[512] = "00007ed9 0001 04 46";
    char expected[LIMIT_ELEMENT_NAME_BYTES + 1] = "";
    (void)state;
    for (int i = 0; i < 70; i++)
        strcat(record, "61");
    memset(expected, 'a', LIMIT_ELEMENT_NAME_BYTES);
    core_continue(10, 2, "346:4 303:2 339:1 341:65535", record);
    core_continue(10, 2, "346:4 303:2 339:1 341:65535", "00007ed9 0002 ff 09 61200a222d2f5c7f80");
    core_continue(10, 2, "346:4 303:2 339:1 341:8", "00007ed9 0003 12 6162000063640000");
    expect_name("32473/1:4", "00000007", expected, WEIR_TYPE_UNSIGNED64);
    expect_name("32473/2:4", "00000007", "a________", WEIR_TYPE_OCTET_ARRAY);
    expect_name("32473/3:4", "00000007", "ab", WEIR_TYPE_IPV4_ADDRESS);
    core_continue(10, 2, "346:4 303:2 339:1 341:4", "00007ed9 0004 04 00616263");
    assert_int_equal(ledger().elements_learned, 3);
}

/* Semantics and units, by RFC 5610 sections 3.5 and 3.6. */
static void test_semantics_and_units(void **state)
{
    (void)state;
    core_continue(10, 2, "346:4 303:2 339:1 344:1 345:2 341:3",
                  "00007ed9 0001 04 03 0002 616263 00007ed9 0002 04 08 000e 616264 00007ed9 0003 04 09 ffff 616265");
    core_continue(10, 0, "32473/1:4 32473/2:4 32473/3:4", "00000001 00000002 00000003");
    static const char *const expected[3][2] = {{"deltaCounter", "octets"}, {"snmpGauge", "ports"}, {"", ""}};
    for (int i = 0; i < 3; i++) {
        assert_string_equal(core_batch->layout->fields[i].element->semantics, expected[i][0]);
        assert_string_equal(core_batch->layout->fields[i].element->units, expected[i][1]);
    }
}

/* Exporters teach so many elements and no more; what is beyond is counted, and what was told before is not. */
static void test_bounded(void **state)
{
    char record[64];
    (void)state;
    for (unsigned i = 0; i < LIMIT_ELEMENTS_LEARNED; i++) {
        snprintf(record, sizeof record, "00007ed9 %04x 04 616263", i);
        core_continue(10, 2, "346:4 303:2 339:1 341:3", record);
    }
    assert_int_equal(ledger().elements_learned, LIMIT_ELEMENTS_LEARNED);
    assert_int_equal(ledger().reasons[WEIR_REASON_ELEMENTS_FULL], 0);
    core_continue(10, 2, "346:4 303:2 339:1 341:3", "00007ed9 0001 04 616263");
    assert_int_equal(ledger().reasons[WEIR_REASON_ELEMENTS_FULL], 0);
    core_continue(10, 2, "346:4 303:2 339:1 341:3", "00007ed9 7fff 04 616263 00007eda 0001 04 616263");
    assert_int_equal(ledger().elements_learned, LIMIT_ELEMENTS_LEARNED);
    assert_int_equal(ledger().reasons[WEIR_REASON_ELEMENTS_FULL], 2);
    expect_name("32473/32767:4", "00000007", "ie_32473_32767", WEIR_TYPE_OCTET_ARRAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers_of_any_length, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_names_are_cleaned, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_semantics_and_units, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_bounded, core_setup, core_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
