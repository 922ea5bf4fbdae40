/* SPDX-License-Identifier: MIT */
/*
 * filter_source.c - the store's columns: a table, the elements that core columns stand for, and the registered elements
 */
#define _GNU_SOURCE
#include "filter_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER(name_, type_, form_, core_) \
    {.name = name_, .column = name_, .type = type_, .form = form_, .core = core_, .always = true}
#define FROM_RUN(name_, type_, form_, run_) \
    {.name = name_, .column = name_, .type = type_, .form = form_, .run = run_, .core = -1, .always = true}
#define ADDRESS(name_, column_, core_)                                                                           \
    {.name = name_, .column = column_ "_ipv4", .column_ipv6 = column_ "_ipv6", .type = FILTER_IPV4,              \
     .form = FILTER_FORM_ADDRESS, .core = core_, .always = true}
#define LABEL(n) NUMBER("mpls_label_" #n, FILTER_OCTETS, FILTER_FORM_LABEL, WEIR_CORE_MPLS_LABEL_##n)

static const struct filter_source SOURCES[] = {
    FROM_RUN("received", FILTER_TIME, FILTER_FORM_TIME, FILTER_RUN_RECEIVED),
    {.name = "exporter", .column = "exporter_ipv4", .column_ipv6 = "exporter_ipv6", .type = FILTER_IPV4,
     .form = FILTER_FORM_ADDRESS, .run = FILTER_RUN_EXPORTER, .core = -1, .always = true},
    FROM_RUN("exporter_port", FILTER_U16, FILTER_FORM_PORT, FILTER_RUN_EXPORTER_PORT),
    FROM_RUN("domain", FILTER_U32, FILTER_FORM_NUMBER, FILTER_RUN_DOMAIN),
    FROM_RUN("version", FILTER_U8, FILTER_FORM_NUMBER, FILTER_RUN_VERSION),
    FROM_RUN("template_id", FILTER_U16, FILTER_FORM_NUMBER, FILTER_RUN_TEMPLATE_ID),
    FROM_RUN("export_time", FILTER_TIME, FILTER_FORM_TIME, FILTER_RUN_EXPORT_TIME),
    FROM_RUN("sys_uptime_ms", FILTER_U32, FILTER_FORM_NUMBER, FILTER_RUN_UPTIME),
    NUMBER("time_start", FILTER_TIME, FILTER_FORM_TIME, WEIR_CORE_TIME_START),
    NUMBER("time_end", FILTER_TIME, FILTER_FORM_TIME, WEIR_CORE_TIME_END),
    NUMBER("ip_version", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_IP_VERSION),
    ADDRESS("src_address", "src", WEIR_CORE_SRC_ADDRESS),
    ADDRESS("dst_address", "dst", WEIR_CORE_DST_ADDRESS),
    NUMBER("src_prefix", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_SRC_PREFIX),
    NUMBER("dst_prefix", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_DST_PREFIX),
    NUMBER("protocol", FILTER_U8, FILTER_FORM_PROTOCOL, WEIR_CORE_PROTOCOL),
    NUMBER("src_port", FILTER_U16, FILTER_FORM_PORT, WEIR_CORE_SRC_PORT),
    NUMBER("dst_port", FILTER_U16, FILTER_FORM_PORT, WEIR_CORE_DST_PORT),
    NUMBER("tcp_flags", FILTER_U16, FILTER_FORM_FLAGS, WEIR_CORE_TCP_FLAGS),
    NUMBER("tos", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_TOS),
    NUMBER("post_tos", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_POST_TOS),
    NUMBER("flow_label", FILTER_U32, FILTER_FORM_NUMBER, WEIR_CORE_FLOW_LABEL),
    NUMBER("icmp_type", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_ICMP_TYPE),
    NUMBER("icmp_code", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_ICMP_CODE),
    NUMBER("bytes", FILTER_U64, FILTER_FORM_NUMBER, WEIR_CORE_BYTES),
    NUMBER("packets", FILTER_U64, FILTER_FORM_NUMBER, WEIR_CORE_PACKETS),
    NUMBER("reverse_bytes", FILTER_U64, FILTER_FORM_NUMBER, WEIR_CORE_REVERSE_BYTES),
    NUMBER("reverse_packets", FILTER_U64, FILTER_FORM_NUMBER, WEIR_CORE_REVERSE_PACKETS),
    NUMBER("flows", FILTER_U64, FILTER_FORM_NUMBER, WEIR_CORE_FLOWS),
    NUMBER("sampling_rate", FILTER_U32, FILTER_FORM_NUMBER, WEIR_CORE_SAMPLING_RATE),
    NUMBER("in_interface", FILTER_U32, FILTER_FORM_NUMBER, WEIR_CORE_IN_INTERFACE),
    NUMBER("out_interface", FILTER_U32, FILTER_FORM_NUMBER, WEIR_CORE_OUT_INTERFACE),
    NUMBER("direction", FILTER_U8, FILTER_FORM_DIRECTION, WEIR_CORE_DIRECTION),
    NUMBER("biflow_direction", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_BIFLOW_DIRECTION),
    ADDRESS("next_hop", "next_hop", WEIR_CORE_NEXT_HOP),
    ADDRESS("bgp_next_hop", "bgp_next_hop", WEIR_CORE_BGP_NEXT_HOP),
    NUMBER("src_as", FILTER_U32, FILTER_FORM_AS, WEIR_CORE_SRC_AS),
    NUMBER("dst_as", FILTER_U32, FILTER_FORM_AS, WEIR_CORE_DST_AS),
    NUMBER("previous_as", FILTER_U32, FILTER_FORM_AS, WEIR_CORE_PREVIOUS_AS),
    NUMBER("next_as", FILTER_U32, FILTER_FORM_AS, WEIR_CORE_NEXT_AS),
    NUMBER("forwarding_status", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_FORWARDING_STATUS),
    NUMBER("flow_end_reason", FILTER_U8, FILTER_FORM_NUMBER, WEIR_CORE_FLOW_END_REASON),
    NUMBER("in_vrf", FILTER_U32, FILTER_FORM_NUMBER, WEIR_CORE_IN_VRF),
    NUMBER("out_vrf", FILTER_U32, FILTER_FORM_NUMBER, WEIR_CORE_OUT_VRF),
    NUMBER("src_mac", FILTER_MAC, FILTER_FORM_MAC, WEIR_CORE_SRC_MAC),
    NUMBER("dst_mac", FILTER_MAC, FILTER_FORM_MAC, WEIR_CORE_DST_MAC),
    NUMBER("post_src_mac", FILTER_MAC, FILTER_FORM_MAC, WEIR_CORE_POST_SRC_MAC),
    NUMBER("post_dst_mac", FILTER_MAC, FILTER_FORM_MAC, WEIR_CORE_POST_DST_MAC),
    NUMBER("vlan", FILTER_U16, FILTER_FORM_NUMBER, WEIR_CORE_VLAN),
    NUMBER("post_vlan", FILTER_U16, FILTER_FORM_NUMBER, WEIR_CORE_POST_VLAN),
    NUMBER("customer_vlan", FILTER_U16, FILTER_FORM_NUMBER, WEIR_CORE_CUSTOMER_VLAN),
    NUMBER("post_customer_vlan", FILTER_U16, FILTER_FORM_NUMBER, WEIR_CORE_POST_CUSTOMER_VLAN),
    NUMBER("ethernet_type", FILTER_U16, FILTER_FORM_NUMBER, WEIR_CORE_ETHERNET_TYPE),
    LABEL(1), LABEL(2), LABEL(3), LABEL(4), LABEL(5), LABEL(6), LABEL(7), LABEL(8), LABEL(9), LABEL(10),
    ADDRESS("nat_src_address", "nat_src", WEIR_CORE_NAT_SRC_ADDRESS),
    ADDRESS("nat_dst_address", "nat_dst", WEIR_CORE_NAT_DST_ADDRESS),
    NUMBER("nat_src_port", FILTER_U16, FILTER_FORM_PORT, WEIR_CORE_NAT_SRC_PORT),
    NUMBER("nat_dst_port", FILTER_U16, FILTER_FORM_PORT, WEIR_CORE_NAT_DST_PORT),
    NUMBER("nat_event", FILTER_U8, FILTER_FORM_NAT_EVENT, WEIR_CORE_NAT_EVENT),
    NUMBER("firewall_event", FILTER_U8, FILTER_FORM_FIREWALL_EVENT, WEIR_CORE_FIREWALL_EVENT),
    NUMBER("application_id", FILTER_OCTETS, FILTER_FORM_APPLICATION, WEIR_CORE_APPLICATION_ID),
    NUMBER("user_name", FILTER_TEXT, FILTER_FORM_TEXT, WEIR_CORE_USER_NAME),
};
enum { SOURCE_COUNT = sizeof SOURCES / sizeof SOURCES[0] };

/*
 * `first`: the element is what the core column is made of wherever a layout has it (docs/fields.md), so that column is
 * asked. The others are made use of where the first are not there: they are columns by themselves, whose values are
 * written as those of the core column.
 */
static const struct {
    const char *element;
    const char *source;
    bool first;
} ALIASES[] = {
    {"ipVersion", "ip_version", true},
    {"sourceIPv4Address", "src_address", true},
    {"sourceIPv6Address", "src_address", true},
    {"destinationIPv4Address", "dst_address", true},
    {"destinationIPv6Address", "dst_address", true},
    {"sourceIPv4Prefix", "src_address", false},
    {"sourceIPv6Prefix", "src_address", false},
    {"destinationIPv4Prefix", "dst_address", false},
    {"destinationIPv6Prefix", "dst_address", false},
    {"sourceIPv4PrefixLength", "src_prefix", true},
    {"sourceIPv6PrefixLength", "src_prefix", true},
    {"destinationIPv4PrefixLength", "dst_prefix", true},
    {"destinationIPv6PrefixLength", "dst_prefix", true},
    {"protocolIdentifier", "protocol", true},
    {"nextHeaderIPv6", "protocol", false},
    {"sourceTransportPort", "src_port", true},
    {"destinationTransportPort", "dst_port", true},
    {"udpSourcePort", "src_port", false},
    {"udpDestinationPort", "dst_port", false},
    {"tcpSourcePort", "src_port", false},
    {"tcpDestinationPort", "dst_port", false},
    {"tcpControlBits", "tcp_flags", true},
    {"ipClassOfService", "tos", true},
    {"postIpClassOfService", "post_tos", true},
    {"flowLabelIPv6", "flow_label", true},
    {"icmpTypeIPv4", "icmp_type", false},
    {"icmpCodeIPv4", "icmp_code", false},
    {"icmpTypeIPv6", "icmp_type", false},
    {"icmpCodeIPv6", "icmp_code", false},
    {"octetDeltaCount", "bytes", true},
    {"packetDeltaCount", "packets", true},
    {"postOctetDeltaCount", "bytes", false},
    {"postPacketDeltaCount", "packets", false},
    {"octetTotalCount", "bytes", false},
    {"packetTotalCount", "packets", false},
    {"initiatorOctets", "bytes", false},
    {"initiatorPackets", "packets", false},
    {"responderOctets", "reverse_bytes", false},
    {"responderPackets", "reverse_packets", false},
    {"deltaFlowCount", "flows", true},
    {"samplingInterval", "sampling_rate", false},
    {"ingressInterface", "in_interface", true},
    {"egressInterface", "out_interface", true},
    {"ingressPhysicalInterface", "in_interface", false},
    {"egressPhysicalInterface", "out_interface", false},
    {"flowDirection", "direction", true},
    {"biflowDirection", "biflow_direction", true},
    {"ipNextHopIPv4Address", "next_hop", true},
    {"ipNextHopIPv6Address", "next_hop", true},
    {"bgpNextHopIPv4Address", "bgp_next_hop", true},
    {"bgpNextHopIPv6Address", "bgp_next_hop", true},
    {"bgpSourceAsNumber", "src_as", true},
    {"bgpDestinationAsNumber", "dst_as", true},
    {"bgpPrevAdjacentAsNumber", "previous_as", true},
    {"bgpNextAdjacentAsNumber", "next_as", true},
    {"forwardingStatus", "forwarding_status", true},
    {"flowEndReason", "flow_end_reason", true},
    {"ingressVRFID", "in_vrf", true},
    {"egressVRFID", "out_vrf", true},
    {"sourceMacAddress", "src_mac", true},
    {"destinationMacAddress", "dst_mac", true},
    {"postSourceMacAddress", "post_src_mac", true},
    {"postDestinationMacAddress", "post_dst_mac", true},
    {"vlanId", "vlan", true},
    {"postVlanId", "post_vlan", true},
    {"dot1qVlanId", "vlan", false},
    {"postDot1qVlanId", "post_vlan", false},
    {"dot1qCustomerVlanId", "customer_vlan", true},
    {"postDot1qCustomerVlanId", "post_customer_vlan", true},
    {"ethernetType", "ethernet_type", true},
    {"mplsTopLabelStackSection", "mpls_label_1", true},
    {"mplsLabelStackSection2", "mpls_label_2", true},
    {"mplsLabelStackSection3", "mpls_label_3", true},
    {"mplsLabelStackSection4", "mpls_label_4", true},
    {"mplsLabelStackSection5", "mpls_label_5", true},
    {"mplsLabelStackSection6", "mpls_label_6", true},
    {"mplsLabelStackSection7", "mpls_label_7", true},
    {"mplsLabelStackSection8", "mpls_label_8", true},
    {"mplsLabelStackSection9", "mpls_label_9", true},
    {"mplsLabelStackSection10", "mpls_label_10", true},
    {"postNATSourceIPv4Address", "nat_src_address", true},
    {"postNATSourceIPv6Address", "nat_src_address", true},
    {"postNATDestinationIPv4Address", "nat_dst_address", true},
    {"postNATDestinationIPv6Address", "nat_dst_address", true},
    {"postNAPTSourceTransportPort", "nat_src_port", true},
    {"postNAPTDestinationTransportPort", "nat_dst_port", true},
    {"natEvent", "nat_event", true},
    {"firewallEvent", "firewall_event", true},
    {"applicationId", "application_id", true},
    {"userName", "user_name", true},
};
enum { ALIAS_COUNT = sizeof ALIASES / sizeof ALIASES[0] };

static bool is_name(const char *name, const char *text, size_t length)
{
    return strncasecmp(name, text, length) == 0 && name[length] == '\0';
}

/* "nat_src" of nat_src_ipv4 and nat_src_ipv6, as SQL has it. */
static bool is_text_of_pair(const struct filter_source *source, const char *name, size_t length)
{
    return strncasecmp(source->column, name, length) == 0 && strcmp(source->column + length, "_ipv4") == 0;
}

const struct filter_source *filter_source_core(const char *name, size_t length)
{
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        const struct filter_source *source = &SOURCES[i];
        if (is_name(source->name, name, length) || is_name(source->column, name, length) ||
            (source->column_ipv6 != NULL && (is_name(source->column_ipv6, name, length) ||
                                             is_text_of_pair(source, name, length))))
            return source;
    }
    return NULL;
}

static uint8_t type_of_element(uint8_t type)
{
    switch ((enum weir_type)type) {
    case WEIR_TYPE_UNSIGNED8: return FILTER_U8;
    case WEIR_TYPE_UNSIGNED16: return FILTER_U16;
    case WEIR_TYPE_UNSIGNED32: return FILTER_U32;
    case WEIR_TYPE_UNSIGNED64: return FILTER_U64;
    case WEIR_TYPE_SIGNED8: return FILTER_I8;
    case WEIR_TYPE_SIGNED16: return FILTER_I16;
    case WEIR_TYPE_SIGNED32: return FILTER_I32;
    case WEIR_TYPE_SIGNED64: return FILTER_I64;
    case WEIR_TYPE_FLOAT32: return FILTER_FLOAT;
    case WEIR_TYPE_FLOAT64: return FILTER_DOUBLE;
    case WEIR_TYPE_BOOLEAN: return FILTER_BOOL;
    case WEIR_TYPE_MAC_ADDRESS: return FILTER_MAC;
    case WEIR_TYPE_STRING: return FILTER_TEXT;
    case WEIR_TYPE_DATE_TIME_SECONDS:
    case WEIR_TYPE_DATE_TIME_MILLISECONDS:
    case WEIR_TYPE_DATE_TIME_MICROSECONDS: return FILTER_TIME;
    case WEIR_TYPE_DATE_TIME_NANOSECONDS: return FILTER_TIME_NS;
    case WEIR_TYPE_IPV4_ADDRESS: return FILTER_IPV4;
    case WEIR_TYPE_IPV6_ADDRESS: return FILTER_IPV6;
    case WEIR_TYPE_BASIC_LIST:
    case WEIR_TYPE_SUB_TEMPLATE_LIST:
    case WEIR_TYPE_SUB_TEMPLATE_MULTI_LIST: return FILTER_LIST;
    case WEIR_TYPE_OCTET_ARRAY:
    case WEIR_TYPE_UNSIGNED256:
    case WEIR_TYPE_COUNT: break;
    }
    return FILTER_OCTETS;
}

static uint8_t form_of_type(uint8_t type)
{
    switch ((enum filter_type)type) {
    case FILTER_U8:
    case FILTER_U16:
    case FILTER_U32:
    case FILTER_U64: return FILTER_FORM_NUMBER;
    case FILTER_I8:
    case FILTER_I16:
    case FILTER_I32:
    case FILTER_I64: return FILTER_FORM_SIGNED;
    case FILTER_FLOAT:
    case FILTER_DOUBLE: return FILTER_FORM_REAL;
    case FILTER_BOOL: return FILTER_FORM_BOOL;
    case FILTER_TIME:
    case FILTER_TIME_NS: return FILTER_FORM_TIME;
    case FILTER_IPV4:
    case FILTER_IPV6: return FILTER_FORM_ADDRESS;
    case FILTER_MAC: return FILTER_FORM_MAC;
    case FILTER_TEXT: return FILTER_FORM_TEXT;
    case FILTER_LIST: return FILTER_FORM_LIST;
    case FILTER_OCTETS:
    case FILTER_TYPE_COUNT: break;
    }
    return FILTER_FORM_OCTETS;
}

/* The registered element of that name, of IANA's first. */
static const struct weir_element *find_registered(const char *name, size_t length)
{
    for (const struct weir_element *e = weir_element_next(NULL); e != NULL; e = weir_element_next(e)) {
        if (is_name(e->name, name, length))
            return e;
    }
    return NULL;
}

/* The element of which a name is the reverse, RFC 5103 section 6.1: "reverseOctetDeltaCount". */
static const struct weir_element *find_reversed(const char *name, size_t length)
{
    const size_t prefix = sizeof "reverse" - 1;
    return length > prefix && strncasecmp(name, "reverse", prefix) == 0 ? find_registered(name + prefix, length - prefix)
                                                                        : NULL;
}

static const struct weir_element *find_element(const char *name, size_t length)
{
    const struct weir_element *element = find_registered(name, length);
    return element != NULL ? element : find_reversed(name, length);
}

/* Spells a name as fields of batches are: as the table has it, and with a capital behind "reverse". */
static void spell(char *name, const struct weir_element *element)
{
    const size_t length = strlen(element->name);
    if (strncasecmp(name, element->name, length) == 0) {
        memcpy(name, element->name, length);
        return;
    }
    const size_t prefix = sizeof "reverse" - 1;
    memcpy(name, "reverse", prefix);
    memcpy(name + prefix, element->name, length);
    if (name[prefix] >= 'a' && name[prefix] <= 'z')
        name[prefix] = (char)(name[prefix] - 'a' + 'A');
}

/* The element that Cisco calls so in NetFlow v9. */
static const struct weir_element *find_v9_element(const char *name, size_t length)
{
    for (const struct weir_element *e = weir_element_next(NULL); e != NULL; e = weir_element_next(e)) {
        if (e->v9_name != NULL && is_name(e->v9_name, name, length))
            return e;
    }
    return NULL;
}

/* Digits at the end of a name: how many there are. */
static size_t digits_at_end(const char *name, size_t length)
{
    size_t count = 0;
    while (count < length && name[length - 1 - count] >= '0' && name[length - 1 - count] <= '9')
        count++;
    return count;
}

/* The length of `name` without the _2 or above of a field that a template has more than once. */
static size_t without_repetition(const char *name, size_t length)
{
    const size_t digits = digits_at_end(name, length);
    if (digits == 0 || digits > 5 || length < digits + 2 || name[length - digits - 1] != '_' ||
        name[length - digits] == '0' || (digits == 1 && name[length - 1] == '1'))
        return length;
    return length - digits - 1;
}

/* ie_PEN_ID */
static bool is_unknown_element(const char *name, size_t length)
{
    const size_t id = digits_at_end(name, length);
    if (id == 0 || id > 5 || length <= id + 1 || name[length - id - 1] != '_')
        return false;
    const size_t pen = digits_at_end(name, length - id - 1);
    return pen > 0 && pen <= 10 && length == 3 + pen + 1 + id && strncasecmp(name, "ie_", 3) == 0;
}

static const struct filter_source *find_alias(const char *name, size_t length, bool first)
{
    for (size_t i = 0; i < ALIAS_COUNT; i++) {
        if (ALIASES[i].first == first && is_name(ALIASES[i].element, name, length))
            return filter_source_core(ALIASES[i].source, strlen(ALIASES[i].source));
    }
    return NULL;
}

/* Ports and protocols have names, whichever element tells them. */
static uint8_t form_of(const char *name, uint8_t type)
{
    const struct filter_source *alias = find_alias(name, strlen(name), false);
    const uint8_t form = form_of_type(type);
    return alias != NULL && form == FILTER_FORM_NUMBER && alias->type <= FILTER_U64 ? alias->form : form;
}

static bool make_own(const char *name, uint8_t type, const struct filter_options *options,
                     struct filter_source *ret_source)
{
    char *owned;
    const bool is_marked = options != NULL && options->mark != '\0';
    if (asprintf(&owned, "%.*s%s", is_marked, is_marked ? &options->mark : "", name) < 0)
        return false;
    *ret_source = (struct filter_source){.name = owned + is_marked, .column = owned, .owned = owned, .type = type,
                                         .form = form_of(name, type), .core = -1};
    return true;
}

/* The same by a name that is not Cisco's. */
static bool find(const char *name, size_t length, const struct filter_options *options,
                 struct filter_source *ret_source)
{
    char copy[FILTER_NAME_MAX + 1];
    enum filter_type type;
    const struct filter_source *alias = find_alias(name, length, true);
    if (length == 0 || length >= sizeof copy)
        return false;
    memcpy(copy, name, length);
    copy[length] = '\0';
    if (alias == NULL && options != NULL && options->column != NULL && options->column(options->context, copy, &type))
        return make_own(copy, (uint8_t)type, options, ret_source);
    if (alias != NULL) {
        *ret_source = *alias;
        return true;
    }
    const size_t length_once = without_repetition(name, length);
    const struct weir_element *element = find_element(name, length);
    if (element == NULL && length_once < length)
        element = find_element(name, length_once);
    if (element != NULL) {
        spell(copy, element);
        return make_own(copy, type_of_element(element->type), options, ret_source);
    }
    if (is_unknown_element(name, length) || (length_once < length && is_unknown_element(name, length_once))) {
        memcpy(copy, "ie_", 3);
        return make_own(copy, FILTER_OCTETS, options, ret_source);
    }
    return false;
}

bool filter_source_find(const char *name, size_t length, const struct filter_options *options,
                        struct filter_source *ret_source)
{
    const struct weir_element *element;
    return find(name, length, options, ret_source) ||
           ((element = find_v9_element(name, length)) != NULL &&
            find(element->name, strlen(element->name), options, ret_source));
}

enum weir_type filter_source_element_type(const char *name)
{
    const struct weir_element *element = find_element(name, strlen(name));
    if (element == NULL)
        element = find_element(name, without_repetition(name, strlen(name)));
    return element != NULL ? (enum weir_type)element->type : WEIR_TYPE_COUNT;
}

const char *filter_source_reversed(const char *name)
{
    const struct weir_element *element =
        find_registered(name, strlen(name)) == NULL ? find_reversed(name, strlen(name)) : NULL;
    return element != NULL && element->pen == WEIR_PEN_IANA ? element->name : NULL;
}

void filter_source_names(void (*each)(void *context, const char *name), void *context)
{
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        each(context, SOURCES[i].name);
    for (const struct weir_element *e = weir_element_next(NULL); e != NULL; e = weir_element_next(e)) {
        each(context, e->name);
        if (e->v9_name != NULL)
            each(context, e->v9_name);
    }
}
