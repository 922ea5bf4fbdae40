/* SPDX-License-Identifier: MIT */
/*
 * core_icmp.c - type and code of ICMP and ICMPv6
 *
 * They have fields of their own (176 to 179), or one of two octets for both (32, 139), or stand in the place of the
 * destination port, which is where NetFlow v5 and many exporters after it have them: type in the high octet, code in
 * the low one. In flows of other protocols such fields carry other things; there type and code are 0.
 */
#include "core.h"

enum { ID_DESTINATION_PORT = 11, ID_BOTH_4 = 32, ID_BOTH_6 = 139, PROTOCOL_ICMP = 1, PROTOCOL_ICMP6 = 58 };

/* Sources: the two octets, the protocol. */
#define OCTET_KERNELS(name, part)                                                                               \
    static void plain_##name(void *to, const void *const *from, size_t count, const struct core_run *run)       \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint8_t *restrict octet = to;                                                                           \
        const uint16_t *restrict value = from[0];                                                               \
        for (size_t i = 0; i < count; i++)                                                                      \
            octet[i] = (uint8_t)(part);                                                                         \
    }                                                                                                           \
    static void masked_##name(void *to, const void *const *from, size_t count, const struct core_run *run)      \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint8_t *restrict octet = to;                                                                           \
        const uint16_t *restrict value = from[0];                                                               \
        const uint8_t *restrict protocol = from[1];                                                             \
        for (size_t i = 0; i < count; i++) {                                                                    \
            const bool icmp = protocol[i] == PROTOCOL_ICMP || protocol[i] == PROTOCOL_ICMP6;                    \
            octet[i] = (uint8_t)(icmp ? (part) : 0);                                                            \
        }                                                                                                       \
    }                                                                                                           \
    static void also_##name(void *to, const void *const *from, size_t count, const struct core_run *run)        \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint8_t *restrict octet = to;                                                                           \
        const uint16_t *restrict value = from[0];                                                               \
        const uint8_t *restrict protocol = from[1];                                                             \
        for (size_t i = 0; i < count; i++)                                                                      \
            octet[i] = (uint8_t)(value[i] != 0 && protocol[i] == PROTOCOL_ICMP6 ? (part) : octet[i]);           \
    }

OCTET_KERNELS(type, value[i] >> 8)
OCTET_KERNELS(code, value[i])

/* Sources: the fields of ICMP and of ICMPv6. */
static void first_octet(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    (void)run;
    uint8_t *restrict octet = to;
    const uint8_t *restrict four = from[0], *restrict six = from[1];
    for (size_t i = 0; i < count; i++)
        octet[i] = four[i] != 0 ? four[i] : six[i];
}

static bool find_own(struct core_build *build, enum weir_core core, uint16_t id_4, uint16_t id_6)
{
    const uint32_t four = core_find(build, WEIR_PEN_IANA, id_4, CORE_KIND(WEIR_KIND_U8)),
                   six = core_find(build, WEIR_PEN_IANA, id_6, CORE_KIND(WEIR_KIND_U8));
    if (four == UINT32_MAX && six == UINT32_MAX)
        return false;
    if (four == UINT32_MAX || six == UINT32_MAX) {
        core_set_field(build, core, four == UINT32_MAX ? six : four, WEIR_CORE_NOTE_NONE);
        return true;
    }
    core_set_computed(build, core, WEIR_KIND_U8, 1, four, WEIR_CORE_NOTE_FIRST);
    core_add(build, core, first_octet, four, six, UINT32_MAX);
    return true;
}

static void add(struct core_build *build, enum weir_core core, uint32_t field, uint32_t protocol,
                enum weir_core_note note)
{
    const bool type = core == WEIR_CORE_ICMP_TYPE;
    core_set_computed(build, core, WEIR_KIND_U8, 1, field, note);
    if (protocol == UINT32_MAX)
        core_add(build, core, type ? plain_type : plain_code, field, UINT32_MAX, UINT32_MAX);
    else
        core_add(build, core, type ? masked_type : masked_code, field, protocol, UINT32_MAX);
}

static void find_two_octets(struct core_build *build, enum weir_core core)
{
    const uint32_t octets = CORE_KIND(WEIR_KIND_U16),
                   protocol = core_find(build, WEIR_PEN_IANA, 4, CORE_KIND(WEIR_KIND_U8)),
                   port = core_find(build, WEIR_PEN_IANA, ID_DESTINATION_PORT, octets),
                   six = core_find(build, WEIR_PEN_IANA, ID_BOTH_6, octets);
    uint32_t four = core_find(build, WEIR_PEN_IANA, ID_BOTH_4, octets);
    if (four == UINT32_MAX)
        four = six;
    if (four != UINT32_MAX)
        add(build, core, four, protocol, WEIR_CORE_NOTE_OCTETS);
    else if (port != UINT32_MAX && protocol != UINT32_MAX)
        add(build, core, port, protocol, WEIR_CORE_NOTE_PORT);
    if (four != six && six != UINT32_MAX && protocol != UINT32_MAX)
        core_add(build, core, core == WEIR_CORE_ICMP_TYPE ? also_type : also_code, six, protocol, UINT32_MAX);
}

void core_icmp_find(struct core_build *build)
{
    if (!find_own(build, WEIR_CORE_ICMP_TYPE, 176, 178))
        find_two_octets(build, WEIR_CORE_ICMP_TYPE);
    if (!find_own(build, WEIR_CORE_ICMP_CODE, 177, 179))
        find_two_octets(build, WEIR_CORE_ICMP_CODE);
}
