/* SPDX-License-Identifier: MIT */
/*
 * test_element.c - every element is found by its number, and nothing else is
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "element.h"

struct v9_name {
    uint16_t id;
    const char *name;
};

/* Cisco's names by field type, written down here a second time so that a slip in the CSV shows. */
static const struct v9_name V9_NAMES[] = {
    {1, "IN_BYTES"}, {2, "IN_PKTS"}, {3, "FLOWS"}, {4, "PROTOCOL"}, {5, "SRC_TOS"}, {6, "TCP_FLAGS"},
    {7, "L4_SRC_PORT"}, {8, "IPV4_SRC_ADDR"}, {9, "SRC_MASK"}, {10, "INPUT_SNMP"}, {11, "L4_DST_PORT"},
    {12, "IPV4_DST_ADDR"}, {13, "DST_MASK"}, {14, "OUTPUT_SNMP"}, {15, "IPV4_NEXT_HOP"}, {16, "SRC_AS"},
    {17, "DST_AS"}, {18, "BGP_IPV4_NEXT_HOP"}, {19, "MUL_DST_PKTS"}, {20, "MUL_DST_BYTES"}, {21, "LAST_SWITCHED"},
    {22, "FIRST_SWITCHED"}, {23, "OUT_BYTES"}, {24, "OUT_PKTS"}, {25, "MIN_PKT_LNGTH"}, {26, "MAX_PKT_LNGTH"},
    {27, "IPV6_SRC_ADDR"}, {28, "IPV6_DST_ADDR"}, {29, "IPV6_SRC_MASK"}, {30, "IPV6_DST_MASK"},
    {31, "IPV6_FLOW_LABEL"}, {32, "ICMP_TYPE"}, {33, "MUL_IGMP_TYPE"}, {34, "SAMPLING_INTERVAL"},
    {35, "SAMPLING_ALGORITHM"}, {36, "FLOW_ACTIVE_TIMEOUT"}, {37, "FLOW_INACTIVE_TIMEOUT"}, {38, "ENGINE_TYPE"},
    {39, "ENGINE_ID"}, {40, "TOTAL_BYTES_EXP"}, {41, "TOTAL_PKTS_EXP"}, {42, "TOTAL_FLOWS_EXP"},
    {44, "IPV4_SRC_PREFIX"}, {45, "IPV4_DST_PREFIX"}, {46, "MPLS_TOP_LABEL_TYPE"}, {47, "MPLS_TOP_LABEL_IP_ADDR"},
    {48, "FLOW_SAMPLER_ID"}, {49, "FLOW_SAMPLER_MODE"}, {50, "NTERVAL"}, {52, "MIN_TTL"}, {53, "MAX_TTL"},
    {54, "IPV4_IDENT"}, {55, "DST_TOS"}, {56, "IN_SRC_MAC"}, {57, "OUT_DST_MAC"}, {58, "SRC_VLAN"}, {59, "DST_VLAN"},
    {60, "IP_PROTOCOL_VERSION"}, {61, "DIRECTION"}, {62, "IPV6_NEXT_HOP"}, {63, "BPG_IPV6_NEXT_HOP"},
    {64, "IPV6_OPTION_HEADERS"}, {70, "MPLS_LABEL_1"}, {71, "MPLS_LABEL_2"}, {72, "MPLS_LABEL_3"},
    {73, "MPLS_LABEL_4"}, {74, "MPLS_LABEL_5"}, {75, "MPLS_LABEL_6"}, {76, "MPLS_LABEL_7"}, {77, "MPLS_LABEL_8"},
    {78, "MPLS_LABEL_9"}, {79, "MPLS_LABEL_10"}, {80, "IN_DST_MAC"}, {81, "OUT_SRC_MAC"}, {82, "IF_NAME"},
    {83, "IF_DESC"}, {84, "SAMPLER_NAME"}, {85, "IN_PERMANENT_BYTES"}, {86, "IN_PERMANENT_PKTS"},
    {88, "FRAGMENT_OFFSET"}, {89, "FORWARDING_STATUS"}, {90, "MPLS_PAL_RD"}, {91, "MPLS_PREFIX_LEN"},
    {92, "SRC_TRAFFIC_INDEX"}, {93, "DST_TRAFFIC_INDEX"}, {94, "APPLICATION_DESCRIPTION"}, {95, "APPLICATION_TAG"},
    {96, "APPLICATION_NAME"}, {98, "postipDiffServCodePoint"}, {99, "replication_factor"}, {100, "DEPRECATED"},
    {102, "layer2packetSectionOffset"}, {103, "layer2packetSectionSize"}, {104, "layer2packetSectionData"},
    {148, "NF_F_CONN_ID"}, {152, "NF_F_FLOW_CREATE_TIME_MSEC"}, {176, "NF_F_ICMP_TYPE"}, {177, "NF_F_ICMP_CODE"},
    {178, "NF_F_ICMP_TYPE_IPV6"}, {179, "NF_F_ICMP_CODE_IPV6"}, {225, "NF_F_XLATE_SRC_ADDR_IPV4"},
    {226, "NF_F_XLATE_DST_ADDR_IPV4"}, {227, "NF_F_XLATE_SRC_PORT"}, {228, "NF_F_XLATE_DST_PORT"},
    {231, "NF_F_FWD_FLOW_DELTA_BYTES"}, {232, "NF_F_REV_FLOW_DELTA_BYTES"}, {233, "NF_F_FW_EVENT"},
    {281, "NF_F_XLATE_SRC_ADDR_IPV6"}, {282, "NF_F_XLATE_DST_ADDR_IPV6"}, {323, "NF_F_EVENT_TIME_MSEC"},
    {346, "PANOS_privateEnterpriseNumber"}, {33000, "NF_F_INGRESS_ACL_ID"}, {33001, "NF_F_EGRESS_ACL_ID"},
    {33002, "NF_F_FW_EXT_EVENT"}, {40000, "NF_F_USERNAME"}, {56701, "PANOS_APPID"}, {56702, "PANOS_USERID"},
};

/* Cuts the next column off a line without quotes. */
static char *next_column(char **rest)
{
    char *column = *rest;
    assert_non_null(column);
    char *comma = strchr(column, ',');
    if (comma != NULL)
        *comma = '\0';
    *rest = comma != NULL ? comma + 1 : NULL;
    return column;
}

static void check_row(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    const uint32_t pen = (uint32_t)strtoul(next_column(&line), NULL, 10);
    const uint16_t id = (uint16_t)strtoul(next_column(&line), NULL, 10);
    const struct weir_element *element = weir_element_find(pen, id);
    assert_non_null(element);
    assert_int_equal(element->pen, pen);
    assert_int_equal(element->id, id);
    assert_string_equal(element->name, next_column(&line));
    const char *v9_name = next_column(&line);
    if (*v9_name != '\0')
        assert_string_equal(element->v9_name, v9_name);
    else
        assert_null(element->v9_name);
    assert_in_range(element->type, 0, WEIR_TYPE_COUNT - 1);
    assert_string_equal(weir_type_name(element->type), next_column(&line));
    assert_string_equal(element->semantics, next_column(&line));
    assert_string_equal(element->units, next_column(&line));
    assert_null(line);
}

static void test_every_row_of_the_csv_is_found(void **state)
{
    (void)state;
    FILE *file = fopen(ELEMENTS_CSV, "r");
    assert_non_null(file);
    char line[512];
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "pen,id,name,v9_name,type,semantics,units\n");
    uint32_t row_count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        check_row(line);
        row_count++;
    }
    assert_int_equal(fclose(file), 0);

    uint32_t table_count = element_other_count;
    for (uint32_t id = 0; id < element_iana_count; id++)
        table_count += element_iana[id].name != NULL;
    assert_int_equal(row_count, table_count);
    assert_true(row_count >= 1404);
}

static void test_every_v9_name_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof V9_NAMES / sizeof V9_NAMES[0]; i++) {
        const struct weir_element *element = element_find_v9(V9_NAMES[i].id);
        assert_non_null(element);
        assert_non_null(element->v9_name);
        assert_string_equal(element->v9_name, V9_NAMES[i].name);
    }
    assert_int_equal(sizeof V9_NAMES / sizeof V9_NAMES[0], 117);
}

static void test_v9_types_mean_iana_first(void **state)
{
    (void)state;
    for (uint32_t type = 0; type <= UINT16_MAX; type++) {
        const struct weir_element *element = element_find_v9((uint16_t)type);
        const struct weir_element *iana = type < 0x8000 ? weir_element_find(WEIR_PEN_IANA, (uint16_t)type) : NULL;
        if (iana != NULL)
            assert_ptr_equal(element, iana);
        else if (element != NULL)
            assert_int_equal(element->pen, type < 0x8000 ? WEIR_PEN_V9 : WEIR_PEN_V9_HIGH);
    }
    assert_string_equal(element_find_v9(6660)->name, "EkinopsTcpConnectionSetupTime");
    assert_string_equal(element_find_v9(40000)->name, "userName");
}

static void test_the_search_stands_on_order(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < element_other_count; i++) {
        const struct weir_element *left = &element_other[i - 1], *right = &element_other[i];
        assert_true(left->pen < right->pen || (left->pen == right->pen && left->id < right->id));
        assert_int_not_equal(left->pen, 0);
    }
    /* the first and the last are where a search that is off by one fails */
    const struct weir_element *last = &element_other[element_other_count - 1];
    assert_ptr_equal(weir_element_find(element_other[0].pen, element_other[0].id), &element_other[0]);
    assert_ptr_equal(weir_element_find(last->pen, last->id), last);
}

static void test_names_and_types_that_others_rely_on(void **state)
{
    (void)state;
    assert_string_equal(weir_element_find(0, 1)->name, "octetDeltaCount");
    assert_int_equal(weir_element_find(0, 1)->type, WEIR_TYPE_UNSIGNED64);
    assert_string_equal(weir_element_find(0, 1)->v9_name, "IN_BYTES");
    assert_string_equal(weir_element_find(0, 210)->name, "paddingOctets");
    assert_int_equal(weir_element_find(0, 27)->type, WEIR_TYPE_IPV6_ADDRESS);
    static const char *const SCOPES[] = {"scopeSystem", "scopeInterface", "scopeLineCard", "scopeCache",
                                         "scopeTemplate"};
    for (uint16_t id = 1; id <= 5; id++)
        assert_string_equal(weir_element_find(WEIR_PEN_V9_SCOPE, id)->name, SCOPES[id - 1]);
}

static void test_unknown_numbers_find_nothing(void **state)
{
    (void)state;
    assert_null(weir_element_find(WEIR_PEN_IANA, 0));
    assert_null(weir_element_find(WEIR_PEN_IANA, (uint16_t)element_iana_count));
    assert_null(weir_element_find(WEIR_PEN_IANA, UINT16_MAX));
    assert_null(weir_element_find(1, 1));
    assert_null(weir_element_find(WEIR_PEN_V9_SCOPE, 0));
    assert_null(weir_element_find(WEIR_PEN_V9_SCOPE, 6));
    assert_null(weir_element_find(WEIR_PEN_V9, 1));
    assert_null(weir_element_find(WEIR_PEN_V9_HIGH, UINT16_MAX));
    assert_null(element_find_v9(0));
    assert_null(element_find_v9(UINT16_MAX));
}

static void test_a_walk_passes_each_once(void **state)
{
    uint32_t count = 0, iana_count = 0;
    const struct weir_element *last = NULL;
    (void)state;
    for (const struct weir_element *e = weir_element_next(NULL); e != NULL; e = weir_element_next(e)) {
        assert_ptr_equal(weir_element_find(e->pen, e->id), e);
        assert_true(last == NULL || last->pen < e->pen || (last->pen == e->pen && last->id < e->id));
        last = e;
        count++;
    }
    for (uint32_t id = 0; id < element_iana_count; id++)
        iana_count += element_iana[id].name != NULL;
    assert_int_equal(count, iana_count + element_other_count);
    const struct weir_element taught = {.pen = 99999, .id = 7, .name = "clientAddress"};
    assert_null(weir_element_next(&taught));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_csv_is_found),
        cmocka_unit_test(test_every_v9_name_is_found),
        cmocka_unit_test(test_v9_types_mean_iana_first),
        cmocka_unit_test(test_the_search_stands_on_order),
        cmocka_unit_test(test_names_and_types_that_others_rely_on),
        cmocka_unit_test(test_unknown_numbers_find_nothing),
        cmocka_unit_test(test_a_walk_passes_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
