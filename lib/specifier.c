/* SPDX-License-Identifier: MIT */
/*
 * specifier.c - reads field specifiers (RFC 3954 section 5.2, RFC 7011 section 3.2)
 *
 *     v9, and the fixed forms        IPFIX
 *     +------------+------------+    +-+----------+------------+
 *     | Type       | Length     |    |E| ID       | Length     |
 *     +------------+------------+    +-+----------+------------+
 *                                    | enterprise number, if E |
 *                                    +-------------------------+
 */
#include "specifier.h"

#include "element.h"
#include "limits.h"
#include "wire.h"

enum { VERSION_IPFIX = 10, ENTERPRISE_BIT = 0x8000, ELEMENT_PADDING_OCTETS = 210 };

void specifier_find_element(struct specifier *specifier, uint16_t version, const struct taught *taught)
{
    if (version == VERSION_IPFIX) {
        specifier->reverse = specifier->pen == WEIR_PEN_REVERSE;
        specifier->element =
            taught_or_registered(taught, specifier->reverse ? WEIR_PEN_IANA : specifier->pen, specifier->id);
        specifier->reverse &= specifier->element != NULL;
        return;
    }
    const uint16_t type = specifier->id;
    specifier->element =
        specifier->scope ? weir_element_find(WEIR_PEN_V9_SCOPE, type) : taught_find(taught, WEIR_PEN_IANA, type);
    if (specifier->element == NULL && !specifier->scope)
        specifier->element = element_find_v9(type);
    if (specifier->element != NULL) {
        specifier->pen = specifier->element->pen;
        specifier->id = specifier->element->id;
    } else {
        specifier->pen = specifier->scope ? WEIR_PEN_V9_SCOPE : WEIR_PEN_IANA;
    }
}

struct specifier specifier_next(struct wire *wire, uint16_t version, bool scope)
{
    struct specifier specifier = {.scope = scope};
    specifier.id = wire_u16(wire);
    specifier.length = wire_u16(wire);
    if (version == VERSION_IPFIX && (specifier.id & ENTERPRISE_BIT) != 0) {
        specifier.id &= ENTERPRISE_BIT - 1;
        specifier.pen = wire_u32(wire);
    }
    specifier.padding = !scope && specifier.pen == WEIR_PEN_IANA && specifier.id == ELEMENT_PADDING_OCTETS;
    return specifier;
}

void specifier_read_all(const struct specification *specification, const struct taught *taught,
                        struct specifier *ret_specifiers)
{
    struct wire wire = wire_init(specification->fields, specification->size_bytes);
    for (uint32_t i = 0; i < specification->field_count; i++) {
        ret_specifiers[i] = specifier_next(&wire, specification->version, i < specification->scope_count);
        specifier_find_element(&ret_specifiers[i], specification->version, taught);
    }
}

static enum weir_kind kind_of_unsigned(uint32_t length)
{
    return length == 1 ? WEIR_KIND_U8 : length == 2 ? WEIR_KIND_U16 : length <= 4 ? WEIR_KIND_U32 : WEIR_KIND_U64;
}

static enum weir_kind kind_of_signed(uint32_t length)
{
    return length == 1 ? WEIR_KIND_I8 : length == 2 ? WEIR_KIND_I16 : length <= 4 ? WEIR_KIND_I32 : WEIR_KIND_I64;
}

/* RFC 7011 section 6, reduced size 6.2. */
enum weir_kind specifier_kind(enum weir_type type, uint32_t length)
{
    if (length == 0)
        return WEIR_KIND_NULL;
    if (type >= WEIR_TYPE_BASIC_LIST && type <= WEIR_TYPE_SUB_TEMPLATE_MULTI_LIST)
        return WEIR_KIND_JSON;
    if (length == SPECIFIER_VARIABLE_LENGTH)
        return WEIR_KIND_VARIABLE;
    switch (type) {
    case WEIR_TYPE_UNSIGNED8:
    case WEIR_TYPE_UNSIGNED16:
    case WEIR_TYPE_UNSIGNED32:
    case WEIR_TYPE_UNSIGNED64:
    case WEIR_TYPE_DATE_TIME_SECONDS:
    case WEIR_TYPE_DATE_TIME_MILLISECONDS:
        return length <= 8 ? kind_of_unsigned(length) : WEIR_KIND_OCTETS;
    case WEIR_TYPE_SIGNED8:
    case WEIR_TYPE_SIGNED16:
    case WEIR_TYPE_SIGNED32:
    case WEIR_TYPE_SIGNED64:
        return length <= 8 ? kind_of_signed(length) : WEIR_KIND_OCTETS;
    case WEIR_TYPE_DATE_TIME_MICROSECONDS:
    case WEIR_TYPE_DATE_TIME_NANOSECONDS:
        return length == 8 ? WEIR_KIND_U64 : WEIR_KIND_OCTETS;
    case WEIR_TYPE_FLOAT32:
        return length == 4 ? WEIR_KIND_F32 : WEIR_KIND_OCTETS;
    case WEIR_TYPE_FLOAT64:
        return length == 4 ? WEIR_KIND_F32 : length == 8 ? WEIR_KIND_F64 : WEIR_KIND_OCTETS;
    case WEIR_TYPE_BOOLEAN:
        return length == 1 ? WEIR_KIND_BOOL : WEIR_KIND_OCTETS;
    case WEIR_TYPE_MAC_ADDRESS:
        return length == 6 ? WEIR_KIND_MAC : WEIR_KIND_OCTETS;
    case WEIR_TYPE_IPV4_ADDRESS:
        return length == 4 ? WEIR_KIND_IPV4 : WEIR_KIND_OCTETS;
    case WEIR_TYPE_IPV6_ADDRESS:
        return length == 16 ? WEIR_KIND_IPV6 : WEIR_KIND_OCTETS;
    default:
        return WEIR_KIND_OCTETS;
    }
}

uint32_t specifier_width(enum weir_kind kind, uint32_t length)
{
    static const uint8_t widths[] = {
        [WEIR_KIND_NULL] = 0,
        [WEIR_KIND_U8] = 1,
        [WEIR_KIND_U16] = 2,
        [WEIR_KIND_U32] = 4,
        [WEIR_KIND_U64] = 8,
        [WEIR_KIND_I8] = 1,
        [WEIR_KIND_I16] = 2,
        [WEIR_KIND_I32] = 4,
        [WEIR_KIND_I64] = 8,
        [WEIR_KIND_F32] = 4,
        [WEIR_KIND_F64] = 8,
        [WEIR_KIND_BOOL] = 1,
        [WEIR_KIND_IPV4] = 4,
        [WEIR_KIND_IPV6] = 16,
        [WEIR_KIND_MAC] = 6,
        [WEIR_KIND_OCTETS] = 0,
        [WEIR_KIND_VARIABLE] = sizeof(struct weir_octets),
        [WEIR_KIND_JSON] = sizeof(struct weir_octets),
    };
    return kind == WEIR_KIND_OCTETS ? length : widths[kind];
}
