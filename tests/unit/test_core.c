/* SPDX-License-Identifier: MIT */
/*
 * test_core.c - core columns from whichever fields a template has
 */
#include "core_decode.h"

#define FIELD WEIR_CORE_FIELD
#define COMPUTED WEIR_CORE_COMPUTED
#define CONSTANT WEIR_CORE_CONSTANT
#define ABSENT WEIR_CORE_ABSENT
#define REVERSE(id, length) "29305/" #id ":" #length

/* The template and record; what one core column then is. */
struct core_case {
    int version;
    const char *fields, *record;
    enum weir_core core;
    int how;
    int64_t value;
    uint16_t from_id;
    uint32_t from_pen;
};

static const struct core_case counters[] = {
    {9, "1:4", "00000007", WEIR_CORE_BYTES, FIELD, 7, 1, 0},
    {9, "1:8", "0000000000000007", WEIR_CORE_BYTES, FIELD, 7, 1, 0},
    {10, "1:3", "000007", WEIR_CORE_BYTES, FIELD, 7, 1, 0},
    {9, "23:4", "00000007", WEIR_CORE_BYTES, FIELD, 7, 23, 0},
    {9, "1:4 23:4", "00000007 00000009", WEIR_CORE_BYTES, COMPUTED, 7, 1, 0},
    {9, "1:4 23:8", "00000000 0000000000000009", WEIR_CORE_BYTES, COMPUTED, 9, 1, 0},
    {9, "23:2 1:1", "0009 00", WEIR_CORE_BYTES, COMPUTED, 9, 1, 0},
    {9, "85:4 1:4", "00000063 00000000", WEIR_CORE_BYTES, FIELD, 0, 1, 0},
    {9, "85:4 231:4", "00000063 00000007", WEIR_CORE_BYTES, FIELD, 7, 231, 0},
    {9, "1:1 23:2", "07 0009", WEIR_CORE_BYTES, COMPUTED, 7, 1, 0},
    {9, "1:2 23:8", "0000 0000000000000009", WEIR_CORE_BYTES, COMPUTED, 9, 1, 0},
    {9, "1:8 23:1", "0000000000000000 09", WEIR_CORE_BYTES, COMPUTED, 9, 1, 0},
    {9, "1:8 23:1", "0100000000000000 09", WEIR_CORE_BYTES, COMPUTED, 0x0100000000000000, 1, 0},
    {9, "171:4 353:4", "00000009 00000007", WEIR_CORE_BYTES, FIELD, 9, 171, 0},
    {9, "352:4 417:4", "00000000 00000007", WEIR_CORE_BYTES, COMPUTED, 7, 352, 0},
    {9, "353:4 420:4", "00000000 00000007", WEIR_CORE_BYTES, COMPUTED, 7, 353, 0},
    {9, "420:4", "00000007", WEIR_CORE_BYTES, FIELD, 7, 420, 0},
    {9, "24:4", "00000007", WEIR_CORE_PACKETS, FIELD, 7, 24, 0},
    {9, "86:4 172:4", "00000000 00000007", WEIR_CORE_PACKETS, COMPUTED, 7, 86, 0},
    {9, "172:4 430:4", "00000007 00000009", WEIR_CORE_PACKETS, FIELD, 7, 172, 0},
    {9, "430:8 431:8", "0000000000000007 0000000000000009", WEIR_CORE_PACKETS, FIELD, 7, 430, 0},
    {9, "431:8", "0000000000000009", WEIR_CORE_PACKETS, FIELD, 9, 431, 0},
    {10, "352:4 " REVERSE(352, 4), "00000010 00000007", WEIR_CORE_REVERSE_BYTES, FIELD, 7, 352, WEIR_PEN_REVERSE},
    {10, "86:4 " REVERSE(86, 4), "00000010 00000007", WEIR_CORE_REVERSE_PACKETS, FIELD, 7, 86, WEIR_PEN_REVERSE},
    {9, "85:4", "00000063", WEIR_CORE_BYTES, FIELD, 99, 85, 0},
    {9, "85:4 171:4", "00000000 00000063", WEIR_CORE_BYTES, COMPUTED, 99, 85, 0},
    {9, "352:4 85:4", "00000063 00000007", WEIR_CORE_BYTES, FIELD, 7, 85, 0},
    {9, "352:4", "00000063", WEIR_CORE_BYTES, FIELD, 99, 352, 0},
    {9, "353:4 417:4", "00000063 00000007", WEIR_CORE_BYTES, FIELD, 7, 417, 0},
    {9, "1:4 1:4", "00000007 00000009", WEIR_CORE_BYTES, FIELD, 7, 1, 0},
    {9, "1:9", "000000000000000007", WEIR_CORE_BYTES, ABSENT, 0, 0, 0},
    {10, "1:65535", "0107", WEIR_CORE_BYTES, ABSENT, 0, 0, 0},
    {9, "1:0 23:4", "00000007", WEIR_CORE_BYTES, FIELD, 7, 23, 0},
    {9, "4:1", "06", WEIR_CORE_BYTES, ABSENT, 0, 0, 0},
    {9, "2:4 24:4", "00000000 00000009", WEIR_CORE_PACKETS, COMPUTED, 9, 2, 0},
    {9, "298:4 86:4", "00000003 00000009", WEIR_CORE_PACKETS, FIELD, 3, 298, 0},
    {9, "86:4", "00000009", WEIR_CORE_PACKETS, FIELD, 9, 86, 0},
    {9, "3:4", "00000009", WEIR_CORE_FLOWS, FIELD, 9, 3, 0},
    {9, "231:4 232:4", "00000007 00000009", WEIR_CORE_BYTES, FIELD, 7, 231, 0},
    {9, "231:4 232:4", "00000000 00000009", WEIR_CORE_BYTES, FIELD, 0, 231, 0},
    {9, "231:4 232:4", "00000007 00000009", WEIR_CORE_REVERSE_BYTES, FIELD, 9, 232, 0},
    {9, "232:4", "00000009", WEIR_CORE_REVERSE_BYTES, FIELD, 9, 232, 0},
    {9, "1:4 231:4 232:4", "00000010 00000007 00000009", WEIR_CORE_BYTES, FIELD, 16, 1, 0},
    {9, "1:4 231:4 232:4", "00000010 00000007 00000009", WEIR_CORE_REVERSE_BYTES, ABSENT, 0, 0, 0},
    {10, "1:4 " REVERSE(1, 4), "00000010 00000007", WEIR_CORE_REVERSE_BYTES, FIELD, 7, 1, WEIR_PEN_REVERSE},
    {10, "1:4 " REVERSE(1, 4), "00000010 00000007", WEIR_CORE_BYTES, FIELD, 16, 1, 0},
    {10, "85:4 " REVERSE(85, 4), "00000010 00000007", WEIR_CORE_REVERSE_BYTES, FIELD, 7, 85, WEIR_PEN_REVERSE},
    {10, "2:4 " REVERSE(2, 4), "00000010 00000007", WEIR_CORE_REVERSE_PACKETS, FIELD, 7, 2, WEIR_PEN_REVERSE},
    {10, "2:4 " REVERSE(86, 4), "00000010 00000007", WEIR_CORE_REVERSE_PACKETS, ABSENT, 0, 0, 0},
    {10, "298:8 299:8", "0000000000000001 0000000000000002", WEIR_CORE_REVERSE_PACKETS, FIELD, 2, 299, 0},
};

static const struct core_case others[] = {
    {9, "8:4 12:4", "01020304 05060708", WEIR_CORE_SRC_ADDRESS, FIELD, 0x01020304, 8, 0},
    {9, "8:4 12:4", "01020304 05060708", WEIR_CORE_DST_ADDRESS, FIELD, 0x05060708, 12, 0},
    {9, "8:4 12:4", "01020304 05060708", WEIR_CORE_IP_VERSION, CONSTANT, 4, 0, 0},
    {9, "27:16", "20010db8000000000000000000000001", WEIR_CORE_IP_VERSION, CONSTANT, 6, 0, 0},
    {9, "8:4 60:1", "01020304 04", WEIR_CORE_IP_VERSION, FIELD, 4, 60, 0},
    {9, "44:4", "01020300", WEIR_CORE_SRC_ADDRESS, FIELD, 0x01020300, 44, 0},
    {9, "44:4 8:4", "01020300 01020304", WEIR_CORE_SRC_ADDRESS, FIELD, 0x01020304, 8, 0},
    {9, "8:4 9:1 29:1", "01020304 18 40", WEIR_CORE_SRC_PREFIX, FIELD, 24, 9, 0},
    {9, "60:1 9:1 29:1", "06 18 40", WEIR_CORE_SRC_PREFIX, COMPUTED, 64, 9, 0},
    {9, "60:1 13:1 30:1", "04 18 40", WEIR_CORE_DST_PREFIX, COMPUTED, 24, 13, 0},
    {9, "7:2", "0035", WEIR_CORE_SRC_PORT, FIELD, 53, 7, 0},
    {9, "180:2 182:2", "0035 0000", WEIR_CORE_SRC_PORT, COMPUTED, 53, 182, 0},
    {9, "181:2", "0035", WEIR_CORE_DST_PORT, FIELD, 53, 181, 0},
    {9, "252:4", "00000003", WEIR_CORE_IN_INTERFACE, FIELD, 3, 252, 0},
    {9, "252:4 10:2", "00000003 0004", WEIR_CORE_IN_INTERFACE, FIELD, 4, 10, 0},
    {9, "89:1", "40", WEIR_CORE_FORWARDING_STATUS, FIELD, 64, 89, 0},
    {9, "18:4", "0a000001", WEIR_CORE_BGP_NEXT_HOP, FIELD, 0x0a000001, 18, 0},
    {9, "58:2 243:2", "0005 0006", WEIR_CORE_VLAN, FIELD, 5, 58, 0},
    {9, "254:2", "0006", WEIR_CORE_POST_VLAN, FIELD, 6, 254, 0},
    {9, "225:4", "0a000001", WEIR_CORE_NAT_SRC_ADDRESS, FIELD, 0x0a000001, 225, 0},
    {9, "228:2", "0006", WEIR_CORE_NAT_DST_PORT, FIELD, 6, 228, 0},
    {9, "230:1", "04", WEIR_CORE_NAT_EVENT, FIELD, 4, 230, 0},
    {9, "234:4", "00000011", WEIR_CORE_IN_VRF, FIELD, 17, 234, 0},
    {9, "239:1", "01", WEIR_CORE_BIFLOW_DIRECTION, FIELD, 1, 239, 0},
};

static const struct core_case icmp[] = {
    {9, "176:1 177:1", "03 01", WEIR_CORE_ICMP_TYPE, FIELD, 3, 176, 0},
    {9, "176:1 177:1", "03 01", WEIR_CORE_ICMP_CODE, FIELD, 1, 177, 0},
    {9, "178:1 179:1", "80 01", WEIR_CORE_ICMP_TYPE, FIELD, 128, 178, 0},
    {9, "176:1 178:1", "00 80", WEIR_CORE_ICMP_TYPE, COMPUTED, 128, 176, 0},
    {9, "32:2", "0301", WEIR_CORE_ICMP_TYPE, COMPUTED, 3, 32, 0},
    {9, "32:2", "0301", WEIR_CORE_ICMP_CODE, COMPUTED, 1, 32, 0},
    {9, "32:2 4:1", "0301 01", WEIR_CORE_ICMP_TYPE, COMPUTED, 3, 32, 0},
    {9, "32:2 4:1", "8001 3a", WEIR_CORE_ICMP_TYPE, COMPUTED, 128, 32, 0},
    {9, "32:2 4:1", "01bb 06", WEIR_CORE_ICMP_CODE, COMPUTED, 0, 32, 0},
    {9, "139:2 4:1", "8001 3a", WEIR_CORE_ICMP_TYPE, COMPUTED, 128, 139, 0},
    {9, "139:2 32:2 4:1", "8001 0000 3a", WEIR_CORE_ICMP_CODE, COMPUTED, 1, 32, 0},
    {9, "139:2 32:2 4:1", "0000 8001 3a", WEIR_CORE_ICMP_TYPE, COMPUTED, 128, 32, 0},
    {9, "139:2 32:2 4:1", "8001 0302 01", WEIR_CORE_ICMP_TYPE, COMPUTED, 3, 32, 0},
    {9, "176:1 178:1", "08 00", WEIR_CORE_ICMP_TYPE, COMPUTED, 8, 176, 0},
    {9, "178:1 176:1", "80 08", WEIR_CORE_ICMP_TYPE, COMPUTED, 8, 176, 0},
    {9, "32:2 139:2", "0301 8001", WEIR_CORE_ICMP_TYPE, COMPUTED, 3, 32, 0},
    {9, "139:2", "8001", WEIR_CORE_ICMP_CODE, COMPUTED, 1, 139, 0},
    {9, "11:4 4:1", "00000301 01", WEIR_CORE_ICMP_TYPE, ABSENT, 0, 0, 0},
    {9, "11:2 4:1", "0301 01", WEIR_CORE_ICMP_TYPE, COMPUTED, 3, 11, 0},
    {9, "11:2 4:1", "0301 01", WEIR_CORE_ICMP_CODE, COMPUTED, 1, 11, 0},
    {9, "11:2 4:1", "8700 3a", WEIR_CORE_ICMP_TYPE, COMPUTED, 135, 11, 0},
    {9, "11:2 4:1", "01bb 06", WEIR_CORE_ICMP_TYPE, COMPUTED, 0, 11, 0},
    {9, "11:2 4:1", "01bb 06", WEIR_CORE_ICMP_CODE, COMPUTED, 0, 11, 0},
    {9, "11:2 4:1 176:1", "0000 01 08", WEIR_CORE_ICMP_TYPE, FIELD, 8, 176, 0},
    {9, "11:2", "0301", WEIR_CORE_ICMP_TYPE, ABSENT, 0, 0, 0},
};

static void check(const struct core_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct core_case *c = &cases[i];
        core_decode(c->version, c->fields, c->record);
        const struct weir_core_column *column = core_of(c->core);
        if (column->how != c->how || column->from_id != c->from_id || column->from_pen != c->from_pen)
            fail_msg("case %zu, '%s', %s: how %d, from %u/%u", i, c->fields, weir_core_name(c->core), column->how,
                     column->from_pen, column->from_id);
        if (c->how != ABSENT && core_number(c->core) != c->value)
            fail_msg("case %zu, '%s', %s: %lld", i, c->fields, weir_core_name(c->core),
                     (long long)core_number(c->core));
        if (c->how == FIELD) { /* held once: it is the column of that field */
            assert_true(column->column < core_batch->layout->field_count);
            assert_int_equal(core_batch->layout->fields[column->column].id, c->from_id);
            assert_int_equal(core_batch->layout->fields[column->column].kind, column->kind);
        }
    }
}

static void test_counters(void **state)
{
    (void)state;
    check(counters, sizeof counters / sizeof counters[0]);
}

static void test_others(void **state)
{
    (void)state;
    check(others, sizeof others / sizeof others[0]);
}

static void test_icmp(void **state)
{
    (void)state;
    check(icmp, sizeof icmp / sizeof icmp[0]);
}

static void expect_address(enum weir_core core, uint32_t row, const char *expected)
{
    struct weir_address address = {.family = 6};
    char text[WEIR_ADDRESS_TEXT_SIZE];
    assert_int_equal(core_of(core)->kind, WEIR_KIND_IPV6);
    assert_int_equal(core_of(core)->note, WEIR_CORE_NOTE_FAMILY);
    memcpy(address.octets, core_value(core, row), 16);
    weir_address_text(&address, text);
    assert_string_equal(text, expected);
}

#define ZERO_16 "00000000000000000000000000000000"
#define ONE_16 "20010db8000000000000000000000001"
#define TWO_16 "20010db8000000000000000000000002"

/* One template for both families leaves the addresses of the other one zero. */
static void test_two_families(void **state)
{
    (void)state;
    core_decode(9, "8:4 12:4 27:16 28:16",
                "c0000201 c0000202" ZERO_16 ZERO_16 "00000000 00000000" ONE_16 TWO_16 "00000000 00000000" ZERO_16
                TWO_16);
    assert_int_equal(core_batch->row_count, 3);
    assert_int_equal(core_of(WEIR_CORE_IP_VERSION)->how, WEIR_CORE_COMPUTED);
    assert_int_equal(core_number_at(WEIR_CORE_IP_VERSION, 0), 4);
    assert_int_equal(core_number_at(WEIR_CORE_IP_VERSION, 1), 6);
    assert_int_equal(core_number_at(WEIR_CORE_IP_VERSION, 2), 6);
    expect_address(WEIR_CORE_SRC_ADDRESS, 0, "::ffff:192.0.2.1");
    expect_address(WEIR_CORE_DST_ADDRESS, 0, "::ffff:192.0.2.2");
    expect_address(WEIR_CORE_SRC_ADDRESS, 1, "2001:db8::1");
    expect_address(WEIR_CORE_DST_ADDRESS, 1, "2001:db8::2");
    expect_address(WEIR_CORE_SRC_ADDRESS, 2, "::");
}

static void test_version_decides(void **state)
{
    (void)state;
    core_decode(9, "8:4 27:16 60:1", "c0000201" ONE_16 "04 c0000201" ONE_16 "06");
    expect_address(WEIR_CORE_SRC_ADDRESS, 0, "::ffff:192.0.2.1");
    expect_address(WEIR_CORE_SRC_ADDRESS, 1, "2001:db8::1");
}

/* IPv4 by way of IPv6, and IPv6 translated to IPv4. */
static void test_other_family_than_the_flow(void **state)
{
    (void)state;
    core_decode(9, "8:4 15:4 62:16 225:4 281:16", "c0000201 00000000" ONE_16 "c6336401" ZERO_16);
    assert_int_equal(core_of(WEIR_CORE_SRC_ADDRESS)->how, WEIR_CORE_FIELD);
    expect_address(WEIR_CORE_NEXT_HOP, 0, "2001:db8::1");
    expect_address(WEIR_CORE_NAT_SRC_ADDRESS, 0, "::ffff:198.51.100.1");
}

static void test_octets(void **state)
{
    (void)state;
    core_decode(10, "70:3 79:3 95:65535 371:65535 56:6", "00fa01 00fb01 04 03000050 03 62 6f 62 020304050607");
    assert_memory_equal(core_value(WEIR_CORE_MPLS_LABEL_1, 0), "\x00\xfa\x01", 3);
    assert_memory_equal(core_value(WEIR_CORE_MPLS_LABEL_10, 0), "\x00\xfb\x01", 3);
    assert_int_equal(core_of(WEIR_CORE_MPLS_LABEL_2)->how, WEIR_CORE_ABSENT);
    const struct weir_octets *application = core_value(WEIR_CORE_APPLICATION_ID, 0);
    assert_int_equal(application->size_bytes, 4);
    const struct weir_octets *user = core_value(WEIR_CORE_USER_NAME, 0);
    assert_memory_equal(user->data, "bob", 3);
    assert_memory_equal(core_value(WEIR_CORE_SRC_MAC, 0), "\2\3\4\5\6\7", 6);
}

/* Nothing is computed twice: at most what the widest template can need. */
static void test_the_most_there_can_be(void **state)
{
    (void)state;
    char record[1024] = "";
    core_header.uptime_ms = 100;
    for (int i = 0; i < 300; i++)
        strcat(record, "01 ");
    core_decode(9,
                "1:4 23:4 2:4 24:4 8:4 12:4 27:16 28:16 9:1 29:1 13:1 30:1 15:4 62:16 18:4 63:16 225:4 281:16 226:4 "
                "282:16 182:2 180:2 183:2 181:2 32:2 139:2 4:1 48:1 10:4 22:4 162:4",
                record);
    assert_int_equal(core_batch->layout->computed_count, 18);
    for (int core = 0; core < WEIR_CORE_COUNT; core++) {
        const struct weir_core_column *column = core_of((enum weir_core)core);
        if (column->how == WEIR_CORE_COMPUTED || column->how == WEIR_CORE_FIELD) {
            assert_true(column->column < core_batch->layout->field_count + core_batch->layout->computed_count);
            assert_int_equal((uintptr_t)core_batch->columns[column->column] % 64, 0);
        }
    }
}

/* Options records describe no flows. */
static void test_options_have_none(void **state)
{
    (void)state;
    core_decoder = weir_decoder_create(&core_options);
    core_continue(9, 1, "1:4 34:4", "00000000 00000064");
    assert_null(core_batch);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < WEIR_CORE_COUNT; i++) {
        assert_true(strlen(weir_core_text((enum weir_core)i)) > 3);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(weir_core_name((enum weir_core)i), weir_core_name((enum weir_core)k));
    }
    assert_string_equal(weir_core_name(WEIR_CORE_TIME_START), "time_start");
    assert_string_equal(weir_core_name(WEIR_CORE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counters, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_others, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_icmp, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_two_families, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_version_decides, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_other_family_than_the_flow, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_octets, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_the_most_there_can_be, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_options_have_none, core_setup, core_teardown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
