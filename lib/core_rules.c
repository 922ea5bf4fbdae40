/* SPDX-License-Identifier: MIT */
/*
 * core_rules.c - which elements serve for which core column
 *
 * The table is also the one in docs/fields.md; a test holds them together. Counters are never added up: the first that
 * a layout has is the one, and what else it has are fields as any other.
 */
#include "core.h"

#include <string.h>

#define IANA WEIR_PEN_IANA
#define REVERSE WEIR_PEN_REVERSE

#define NUMBER(core, id) {WEIR_CORE_##core, CORE_CLASS_NUMBER, IANA, id, 0, 0}
#define COUNTER(core, id, also) {WEIR_CORE_##core, CORE_CLASS_COUNTER, IANA, id, also, 0}
#define OTHER_WAY(core, pen, id, with) {WEIR_CORE_##core, CORE_CLASS_COUNTER, pen, id, 0, with}
#define ADDRESS(core, ipv4, ipv6) {WEIR_CORE_##core, CORE_CLASS_ADDRESS, IANA, ipv4, ipv6, 0}
#define PREFIX(core, ipv4, ipv6) {WEIR_CORE_##core, CORE_CLASS_PREFIX, IANA, ipv4, ipv6, 0}
#define MAC(core, id) {WEIR_CORE_##core, CORE_CLASS_MAC, IANA, id, 0, 0}
#define OCTETS(core, pen, id) {WEIR_CORE_##core, CORE_CLASS_OCTETS, pen, id, 0, 0}

const struct core_rule core_rules[] = {
    ADDRESS(SRC_ADDRESS, 8, 27),
    ADDRESS(SRC_ADDRESS, 44, 170), /* of aggregated flows */
    ADDRESS(DST_ADDRESS, 12, 28),
    ADDRESS(DST_ADDRESS, 45, 169),
    PREFIX(SRC_PREFIX, 9, 29),
    PREFIX(DST_PREFIX, 13, 30),
    NUMBER(PROTOCOL, 4),
    NUMBER(PROTOCOL, 193),
    COUNTER(SRC_PORT, 7, 0),
    COUNTER(SRC_PORT, 182, 180),
    NUMBER(SRC_PORT, 180),
    COUNTER(DST_PORT, 11, 0),
    COUNTER(DST_PORT, 183, 181),
    NUMBER(DST_PORT, 181),
    NUMBER(TCP_FLAGS, 6),
    NUMBER(TOS, 5),
    NUMBER(POST_TOS, 55),
    NUMBER(FLOW_LABEL, 31),
    /* What came in, else what went out; the initiator's; since the flow began; with the headers of layer 2. */
    COUNTER(BYTES, 1, 23),
    COUNTER(BYTES, 23, 0),
    COUNTER(BYTES, 231, 0),
    COUNTER(BYTES, 85, 171),
    COUNTER(BYTES, 171, 0),
    COUNTER(BYTES, 352, 417),
    COUNTER(BYTES, 417, 0),
    COUNTER(BYTES, 353, 420),
    COUNTER(BYTES, 420, 0),
    COUNTER(PACKETS, 2, 24),
    COUNTER(PACKETS, 24, 0),
    COUNTER(PACKETS, 298, 0),
    COUNTER(PACKETS, 86, 172),
    COUNTER(PACKETS, 172, 0),
    COUNTER(PACKETS, 430, 0),
    COUNTER(PACKETS, 431, 0),
    OTHER_WAY(REVERSE_BYTES, REVERSE, 1, 1),
    OTHER_WAY(REVERSE_BYTES, IANA, 232, 231),
    OTHER_WAY(REVERSE_BYTES, REVERSE, 85, 85),
    OTHER_WAY(REVERSE_BYTES, REVERSE, 352, 352),
    OTHER_WAY(REVERSE_PACKETS, REVERSE, 2, 2),
    OTHER_WAY(REVERSE_PACKETS, IANA, 299, 298),
    OTHER_WAY(REVERSE_PACKETS, REVERSE, 86, 86),
    NUMBER(FLOWS, 3),
    NUMBER(IN_INTERFACE, 10),
    NUMBER(IN_INTERFACE, 252),
    NUMBER(OUT_INTERFACE, 14),
    NUMBER(OUT_INTERFACE, 253),
    NUMBER(DIRECTION, 61),
    NUMBER(BIFLOW_DIRECTION, 239),
    ADDRESS(NEXT_HOP, 15, 62),
    ADDRESS(BGP_NEXT_HOP, 18, 63),
    NUMBER(SRC_AS, 16),
    NUMBER(DST_AS, 17),
    NUMBER(PREVIOUS_AS, 129),
    NUMBER(NEXT_AS, 128),
    NUMBER(FORWARDING_STATUS, 89),
    NUMBER(FLOW_END_REASON, 136),
    NUMBER(IN_VRF, 234),
    NUMBER(OUT_VRF, 235),
    MAC(SRC_MAC, 56),
    MAC(DST_MAC, 80),
    MAC(POST_SRC_MAC, 81),
    MAC(POST_DST_MAC, 57),
    NUMBER(VLAN, 58),
    NUMBER(VLAN, 243),
    NUMBER(POST_VLAN, 59),
    NUMBER(POST_VLAN, 254),
    NUMBER(CUSTOMER_VLAN, 245),
    NUMBER(POST_CUSTOMER_VLAN, 255),
    NUMBER(ETHERNET_TYPE, 256),
    OCTETS(MPLS_LABEL_1, IANA, 70),
    OCTETS(MPLS_LABEL_2, IANA, 71),
    OCTETS(MPLS_LABEL_3, IANA, 72),
    OCTETS(MPLS_LABEL_4, IANA, 73),
    OCTETS(MPLS_LABEL_5, IANA, 74),
    OCTETS(MPLS_LABEL_6, IANA, 75),
    OCTETS(MPLS_LABEL_7, IANA, 76),
    OCTETS(MPLS_LABEL_8, IANA, 77),
    OCTETS(MPLS_LABEL_9, IANA, 78),
    OCTETS(MPLS_LABEL_10, IANA, 79),
    ADDRESS(NAT_SRC_ADDRESS, 225, 281),
    ADDRESS(NAT_DST_ADDRESS, 226, 282),
    NUMBER(NAT_SRC_PORT, 227),
    NUMBER(NAT_DST_PORT, 228),
    NUMBER(NAT_EVENT, 230),
    NUMBER(FIREWALL_EVENT, 233),
    OCTETS(APPLICATION_ID, IANA, 95),
    OCTETS(USER_NAME, IANA, 371),
    OCTETS(USER_NAME, WEIR_PEN_V9_HIGH, 7232),
};

const uint32_t core_rule_count = sizeof core_rules / sizeof core_rules[0];

/* -------------------------------------------------------------------------------------------------- counters */

/* Each kind of number into 64 bits: as it is, and where nothing is there yet. */
#define COUNTER_KERNELS(name, type)                                                                             \
    static void widen_##name(void *to, const void *const *from, size_t count, const struct core_run *run)       \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint64_t *restrict total = to;                                                                          \
        const type *restrict value = from[0];                                                                   \
        for (size_t i = 0; i < count; i++)                                                                      \
            total[i] = value[i];                                                                                \
    }                                                                                                           \
    static void else_##name(void *to, const void *const *from, size_t count, const struct core_run *run)        \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint64_t *restrict total = to;                                                                          \
        const type *restrict value = from[0];                                                                   \
        for (size_t i = 0; i < count; i++)                                                                      \
            total[i] = total[i] != 0 ? total[i] : value[i];                                                     \
    }

COUNTER_KERNELS(u8, uint8_t)
COUNTER_KERNELS(u16, uint16_t)
COUNTER_KERNELS(u32, uint32_t)
COUNTER_KERNELS(u64, uint64_t)

static void set_first(struct core_build *build, enum weir_core core, uint32_t first, uint32_t second)
{
    static core_kernel *const widen[] = {widen_u8, widen_u16, widen_u32, widen_u64};
    static core_kernel *const otherwise[] = {else_u8, else_u16, else_u32, else_u64};
    const struct weir_field *fields = build->layout->fields;
    core_set_computed(build, core, WEIR_KIND_U64, 8, first, WEIR_CORE_NOTE_FIRST);
    core_add(build, core, widen[fields[first].kind - WEIR_KIND_U8], first, UINT32_MAX, UINT32_MAX);
    core_add(build, core, otherwise[fields[second].kind - WEIR_KIND_U8], second, UINT32_MAX, UINT32_MAX);
}

/* ---------------------------------------------------------------------------------------------------- families */

/* 6 where one of the addresses of IPv6 is not zero. */
static void find_version(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    (void)run;
    uint8_t *restrict version = to;
    const uint8_t *restrict source = from[0], *restrict destination = from[1];
    for (size_t i = 0; i < count; i++) {
        uint64_t a[2], b[2];
        memcpy(a, source + i * 16, 16);
        memcpy(b, destination + i * 16, 16);
        version[i] = (a[0] | a[1] | b[0] | b[1]) != 0 ? 6 : 4;
    }
}

static void choose_address(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    (void)run;
    uint8_t *restrict address = to;
    const uint32_t *restrict ipv4 = from[0];
    const uint8_t *restrict ipv6 = from[1], *restrict version = from[2];
    for (size_t i = 0; i < count; i++) {
        const uint8_t mapped[16] = {[10] = 0xff, 0xff, (uint8_t)(ipv4[i] >> 24), (uint8_t)(ipv4[i] >> 16),
                                    (uint8_t)(ipv4[i] >> 8), (uint8_t)ipv4[i]};
        memcpy(address + i * 16, version[i] == 6 ? ipv6 + i * 16 : mapped, 16);
    }
}

/* Next hops and translated addresses may be of the other family than the flow: RFC 8950, NAT64. */
static void choose_not_zero(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    (void)run;
    uint8_t *restrict address = to;
    const uint32_t *restrict ipv4 = from[0];
    const uint8_t *restrict ipv6 = from[1];
    for (size_t i = 0; i < count; i++) {
        const uint8_t mapped[16] = {[10] = 0xff, 0xff, (uint8_t)(ipv4[i] >> 24), (uint8_t)(ipv4[i] >> 16),
                                    (uint8_t)(ipv4[i] >> 8), (uint8_t)ipv4[i]};
        uint64_t halves[2];
        memcpy(halves, ipv6 + i * 16, 16);
        memcpy(address + i * 16, (halves[0] | halves[1]) != 0 ? ipv6 + i * 16 : mapped, 16);
    }
}

static void choose_prefix(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    (void)run;
    uint8_t *restrict prefix = to;
    const uint8_t *restrict ipv4 = from[0], *restrict ipv6 = from[1], *restrict version = from[2];
    for (size_t i = 0; i < count; i++)
        prefix[i] = version[i] == 6 ? ipv6[i] : ipv4[i];
}

/* The version comes first, as addresses are chosen by it. */
static void find_ip_version(struct core_build *build)
{
    static const uint16_t ipv4[] = {8, 12, 44, 45}, ipv6[] = {27, 28, 170, 169};
    const uint32_t field = core_find(build, IANA, 60, CORE_KIND(WEIR_KIND_U8));
    bool four = false;
    uint32_t six[2] = {UINT32_MAX, UINT32_MAX};
    if (field != UINT32_MAX) {
        core_set_field(build, WEIR_CORE_IP_VERSION, field, WEIR_CORE_NOTE_NONE);
        return;
    }
    for (size_t i = 0; i < sizeof ipv4 / sizeof ipv4[0]; i++) {
        four = four || core_find(build, IANA, ipv4[i], CORE_KIND(WEIR_KIND_IPV4)) != UINT32_MAX;
        const uint32_t found = core_find(build, IANA, ipv6[i], CORE_KIND(WEIR_KIND_IPV6));
        six[i % 2] = six[i % 2] != UINT32_MAX ? six[i % 2] : found;
    }
    if (six[0] == UINT32_MAX || six[1] == UINT32_MAX)
        six[0] = six[1] = six[0] == UINT32_MAX ? six[1] : six[0];
    if (four && six[0] != UINT32_MAX) {
        core_set_computed(build, WEIR_CORE_IP_VERSION, WEIR_KIND_U8, 1, UINT32_MAX, WEIR_CORE_NOTE_FAMILY);
        core_add(build, WEIR_CORE_IP_VERSION, find_version, six[0], six[1], UINT32_MAX);
    } else if (four || six[0] != UINT32_MAX) {
        core_set_constant(build, WEIR_CORE_IP_VERSION, four ? 4 : 6, WEIR_CORE_NOTE_NONE);
    }
}

static void set_family(struct core_build *build, const struct core_rule *rule, uint32_t ipv4, uint32_t ipv6)
{
    const enum weir_core core = rule->core;
    const struct weir_core_column *version = &build->columns[WEIR_CORE_IP_VERSION];
    if (rule->class == CORE_CLASS_ADDRESS && core != WEIR_CORE_SRC_ADDRESS && core != WEIR_CORE_DST_ADDRESS) {
        core_set_computed(build, core, WEIR_KIND_IPV6, 16, ipv4, WEIR_CORE_NOTE_FAMILY);
        core_add(build, core, choose_not_zero, ipv4, ipv6, UINT32_MAX);
    } else if (version->how == WEIR_CORE_CONSTANT || version->how == WEIR_CORE_ABSENT) {
        core_set_field(build, core, version->value == 6 ? ipv6 : ipv4, WEIR_CORE_NOTE_NONE);
    } else if (rule->class == CORE_CLASS_ADDRESS) {
        core_set_computed(build, core, WEIR_KIND_IPV6, 16, ipv4, WEIR_CORE_NOTE_FAMILY);
        core_add(build, core, choose_address, ipv4, ipv6, version->column);
    } else {
        core_set_computed(build, core, WEIR_KIND_U8, 1, ipv4, WEIR_CORE_NOTE_FAMILY);
        core_add(build, core, choose_prefix, ipv4, ipv6, version->column);
    }
}

/* ------------------------------------------------------------------------------------------------- the search */

static void take_family(struct core_build *build, const struct core_rule *rule)
{
    const bool address = rule->class == CORE_CLASS_ADDRESS;
    const uint32_t octet = CORE_KIND(WEIR_KIND_U8);
    const uint32_t ipv4 = core_find(build, rule->pen, rule->id, address ? CORE_KIND(WEIR_KIND_IPV4) : octet);
    const uint32_t ipv6 = core_find(build, rule->pen, rule->also, address ? CORE_KIND(WEIR_KIND_IPV6) : octet);
    if (ipv4 != UINT32_MAX && ipv6 != UINT32_MAX)
        set_family(build, rule, ipv4, ipv6);
    else if (ipv4 != UINT32_MAX || ipv6 != UINT32_MAX)
        core_set_field(build, rule->core, ipv4 != UINT32_MAX ? ipv4 : ipv6, WEIR_CORE_NOTE_NONE);
}

static bool fits_first_direction(const struct core_build *build, const struct core_rule *rule)
{
    const struct weir_core_column *first =
        &build->columns[rule->core == WEIR_CORE_REVERSE_BYTES ? WEIR_CORE_BYTES : WEIR_CORE_PACKETS];
    return rule->with == 0 || first->how == WEIR_CORE_ABSENT || first->from_id == rule->with;
}

static void take(struct core_build *build, const struct core_rule *rule)
{
    static const uint32_t kinds[] = {
        [CORE_CLASS_NUMBER] = CORE_NUMBERS,
        [CORE_CLASS_COUNTER] = CORE_NUMBERS,
        [CORE_CLASS_MAC] = CORE_KIND(WEIR_KIND_MAC),
        [CORE_CLASS_OCTETS] = CORE_KIND(WEIR_KIND_OCTETS) | CORE_KIND(WEIR_KIND_VARIABLE),
    };
    if (rule->class == CORE_CLASS_ADDRESS || rule->class == CORE_CLASS_PREFIX) {
        take_family(build, rule);
        return;
    }
    const uint32_t field = core_find(build, rule->pen, rule->id, kinds[rule->class]);
    if (field == UINT32_MAX || !fits_first_direction(build, rule))
        return;
    const uint32_t also = rule->also == 0 ? UINT32_MAX : core_find(build, rule->pen, rule->also, CORE_NUMBERS);
    if (also != UINT32_MAX)
        set_first(build, rule->core, field, also);
    else
        core_set_field(build, rule->core, field, WEIR_CORE_NOTE_NONE);
}

void core_rules_find(struct core_build *build)
{
    find_ip_version(build);
    for (uint32_t i = 0; i < core_rule_count; i++) {
        if (build->columns[core_rules[i].core].how == WEIR_CORE_ABSENT)
            take(build, &core_rules[i]);
    }
}
