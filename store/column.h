/* SPDX-License-Identifier: MIT */
/*
 * column.h - the columns of the store: what they are called, what type they have, and where they come from
 *
 * Files of flows have the columns of STORE_COLUMNS always and in this order, whatever their exporters send; one that
 * nobody tells of is null. Behind them stand the fields that are no core column unchanged, under their own names.
 *
 * A column's field ID is the same in each file, and never given to another column: take the next free number for a new
 * one. IDs of fields: see store_field_id().
 */
#ifndef WEIR_STORE_COLUMN_H
#define WEIR_STORE_COLUMN_H

#include <stdbool.h>
#include <stdint.h>
#include <weir/weir.h>

/* How the values of a column are stored. */
enum store_type {
    STORE_U8,
    STORE_U16,
    STORE_U32,
    STORE_U64,
    STORE_I8,
    STORE_I16,
    STORE_I32,
    STORE_I64,
    STORE_F32,
    STORE_F64,
    STORE_TIME_MS, /* since 1970 UTC */
    STORE_TIME_US,
    STORE_FIXED_6, /* MAC addresses */
    STORE_FIXED_16, /* IPv6 addresses */
    STORE_OCTETS,
    STORE_STRING, /* UTF-8 */
    STORE_JSON,
    STORE_TYPE_COUNT
};

/* What a type is in Parquet. */
struct store_type_parquet {
    uint8_t physical;    /* enum parquet_physical */
    uint8_t length_bytes; /* of PARQUET_FIXED */
    uint8_t logical;     /* enum parquet_logical */
    uint8_t bits;        /* of integers */
    bool is_signed;
    uint8_t time_unit;   /* enum parquet_time_unit */
    int8_t converted;    /* enum parquet_converted */
    const char *text;    /* for people: "UINT_32" */
};

const struct store_type_parquet *store_type_parquet(enum store_type type);

/* Whether values of both types can be one column, which is of the greater of them. */
bool store_types_agree(enum store_type a, enum store_type b);

/*
 * X(ID, NAME, name, TYPE, source): the source is of the run that a record came in (RUN_...), the core column of that
 * name (CORE), or the one of an address, by family (IPV4, IPV6).
 */
#define STORE_COLUMNS(X)                                                                                        \
    X(1, RECEIVED, received, TIME_US, RUN, "when the datagram came")                                            \
    X(2, EXPORTER_IPV4, exporter_ipv4, U32, RUN, "the exporter's address")                                      \
    X(3, EXPORTER_IPV6, exporter_ipv6, FIXED_16, RUN, "the exporter's address")                                 \
    X(4, EXPORTER_PORT, exporter_port, U16, RUN, "the exporter's UDP port")                                     \
    X(5, DOMAIN, domain, U32, RUN, "v9 source ID, IPFIX observation domain, v5 engine type * 256 + engine ID")  \
    X(6, VERSION, version, U8, RUN, "of the export protocol: 1, 5, 7, 9, 10 for IPFIX")                         \
    X(7, TEMPLATE_ID, template_id, U16, RUN, "0 for versions that have none")                                   \
    X(8, EXPORT_TIME, export_time, TIME_US, RUN, "of the datagram's header")                                    \
    X(9, SYS_UPTIME_MS, sys_uptime_ms, U32, RUN, "of the datagram's header, milliseconds; null with IPFIX")     \
    X(10, TIME_START, time_start, TIME_US, CORE(TIME_START), NULL)                                              \
    X(11, TIME_END, time_end, TIME_US, CORE(TIME_END), NULL)                                                    \
    X(12, IP_VERSION, ip_version, U8, CORE(IP_VERSION), NULL)                                                   \
    X(13, SRC_IPV4, src_ipv4, U32, IPV4(SRC_ADDRESS), NULL)                                                     \
    X(14, SRC_IPV6, src_ipv6, FIXED_16, IPV6(SRC_ADDRESS), NULL)                                                \
    X(15, DST_IPV4, dst_ipv4, U32, IPV4(DST_ADDRESS), NULL)                                                     \
    X(16, DST_IPV6, dst_ipv6, FIXED_16, IPV6(DST_ADDRESS), NULL)                                                \
    X(17, SRC_PREFIX, src_prefix, U8, CORE(SRC_PREFIX), NULL)                                                   \
    X(18, DST_PREFIX, dst_prefix, U8, CORE(DST_PREFIX), NULL)                                                   \
    X(19, PROTOCOL, protocol, U8, CORE(PROTOCOL), NULL)                                                         \
    X(20, SRC_PORT, src_port, U16, CORE(SRC_PORT), NULL)                                                        \
    X(21, DST_PORT, dst_port, U16, CORE(DST_PORT), NULL)                                                        \
    X(22, TCP_FLAGS, tcp_flags, U16, CORE(TCP_FLAGS), NULL)                                                     \
    X(23, TOS, tos, U8, CORE(TOS), NULL)                                                                        \
    X(24, POST_TOS, post_tos, U8, CORE(POST_TOS), NULL)                                                         \
    X(25, FLOW_LABEL, flow_label, U32, CORE(FLOW_LABEL), NULL)                                                  \
    X(26, ICMP_TYPE, icmp_type, U8, CORE(ICMP_TYPE), NULL)                                                      \
    X(27, ICMP_CODE, icmp_code, U8, CORE(ICMP_CODE), NULL)                                                      \
    X(28, BYTES, bytes, U64, CORE(BYTES), NULL)                                                                 \
    X(29, PACKETS, packets, U64, CORE(PACKETS), NULL)                                                           \
    X(30, REVERSE_BYTES, reverse_bytes, U64, CORE(REVERSE_BYTES), NULL)                                         \
    X(31, REVERSE_PACKETS, reverse_packets, U64, CORE(REVERSE_PACKETS), NULL)                                   \
    X(32, FLOWS, flows, U64, CORE(FLOWS), NULL)                                                                 \
    X(33, SAMPLING_RATE, sampling_rate, U32, CORE(SAMPLING_RATE), NULL)                                         \
    X(34, IN_INTERFACE, in_interface, U32, CORE(IN_INTERFACE), NULL)                                            \
    X(35, OUT_INTERFACE, out_interface, U32, CORE(OUT_INTERFACE), NULL)                                         \
    X(36, DIRECTION, direction, U8, CORE(DIRECTION), NULL)                                                      \
    X(37, BIFLOW_DIRECTION, biflow_direction, U8, CORE(BIFLOW_DIRECTION), NULL)                                 \
    X(38, NEXT_HOP_IPV4, next_hop_ipv4, U32, IPV4(NEXT_HOP), NULL)                                              \
    X(39, NEXT_HOP_IPV6, next_hop_ipv6, FIXED_16, IPV6(NEXT_HOP), NULL)                                         \
    X(40, BGP_NEXT_HOP_IPV4, bgp_next_hop_ipv4, U32, IPV4(BGP_NEXT_HOP), NULL)                                  \
    X(41, BGP_NEXT_HOP_IPV6, bgp_next_hop_ipv6, FIXED_16, IPV6(BGP_NEXT_HOP), NULL)                             \
    X(42, SRC_AS, src_as, U32, CORE(SRC_AS), NULL)                                                              \
    X(43, DST_AS, dst_as, U32, CORE(DST_AS), NULL)                                                              \
    X(44, PREVIOUS_AS, previous_as, U32, CORE(PREVIOUS_AS), NULL)                                               \
    X(45, NEXT_AS, next_as, U32, CORE(NEXT_AS), NULL)                                                           \
    X(46, FORWARDING_STATUS, forwarding_status, U8, CORE(FORWARDING_STATUS), NULL)                              \
    X(47, FLOW_END_REASON, flow_end_reason, U8, CORE(FLOW_END_REASON), NULL)                                    \
    X(48, IN_VRF, in_vrf, U32, CORE(IN_VRF), NULL)                                                              \
    X(49, OUT_VRF, out_vrf, U32, CORE(OUT_VRF), NULL)                                                           \
    X(50, SRC_MAC, src_mac, FIXED_6, CORE(SRC_MAC), NULL)                                                       \
    X(51, DST_MAC, dst_mac, FIXED_6, CORE(DST_MAC), NULL)                                                       \
    X(52, POST_SRC_MAC, post_src_mac, FIXED_6, CORE(POST_SRC_MAC), NULL)                                        \
    X(53, POST_DST_MAC, post_dst_mac, FIXED_6, CORE(POST_DST_MAC), NULL)                                        \
    X(54, VLAN, vlan, U16, CORE(VLAN), NULL)                                                                    \
    X(55, POST_VLAN, post_vlan, U16, CORE(POST_VLAN), NULL)                                                     \
    X(56, CUSTOMER_VLAN, customer_vlan, U16, CORE(CUSTOMER_VLAN), NULL)                                         \
    X(57, POST_CUSTOMER_VLAN, post_customer_vlan, U16, CORE(POST_CUSTOMER_VLAN), NULL)                          \
    X(58, ETHERNET_TYPE, ethernet_type, U16, CORE(ETHERNET_TYPE), NULL)                                         \
    X(59, MPLS_LABEL_1, mpls_label_1, OCTETS, CORE(MPLS_LABEL_1), NULL)                                         \
    X(60, MPLS_LABEL_2, mpls_label_2, OCTETS, CORE(MPLS_LABEL_2), NULL)                                         \
    X(61, MPLS_LABEL_3, mpls_label_3, OCTETS, CORE(MPLS_LABEL_3), NULL)                                         \
    X(62, MPLS_LABEL_4, mpls_label_4, OCTETS, CORE(MPLS_LABEL_4), NULL)                                         \
    X(63, MPLS_LABEL_5, mpls_label_5, OCTETS, CORE(MPLS_LABEL_5), NULL)                                         \
    X(64, MPLS_LABEL_6, mpls_label_6, OCTETS, CORE(MPLS_LABEL_6), NULL)                                         \
    X(65, MPLS_LABEL_7, mpls_label_7, OCTETS, CORE(MPLS_LABEL_7), NULL)                                         \
    X(66, MPLS_LABEL_8, mpls_label_8, OCTETS, CORE(MPLS_LABEL_8), NULL)                                         \
    X(67, MPLS_LABEL_9, mpls_label_9, OCTETS, CORE(MPLS_LABEL_9), NULL)                                         \
    X(68, MPLS_LABEL_10, mpls_label_10, OCTETS, CORE(MPLS_LABEL_10), NULL)                                      \
    X(69, NAT_SRC_IPV4, nat_src_ipv4, U32, IPV4(NAT_SRC_ADDRESS), NULL)                                         \
    X(70, NAT_SRC_IPV6, nat_src_ipv6, FIXED_16, IPV6(NAT_SRC_ADDRESS), NULL)                                    \
    X(71, NAT_DST_IPV4, nat_dst_ipv4, U32, IPV4(NAT_DST_ADDRESS), NULL)                                         \
    X(72, NAT_DST_IPV6, nat_dst_ipv6, FIXED_16, IPV6(NAT_DST_ADDRESS), NULL)                                    \
    X(73, NAT_SRC_PORT, nat_src_port, U16, CORE(NAT_SRC_PORT), NULL)                                            \
    X(74, NAT_DST_PORT, nat_dst_port, U16, CORE(NAT_DST_PORT), NULL)                                            \
    X(75, NAT_EVENT, nat_event, U8, CORE(NAT_EVENT), NULL)                                                      \
    X(76, FIREWALL_EVENT, firewall_event, U8, CORE(FIREWALL_EVENT), NULL)                                       \
    X(77, APPLICATION_ID, application_id, OCTETS, CORE(APPLICATION_ID), NULL)                                   \
    X(78, USER_NAME, user_name, STRING, CORE(USER_NAME), NULL)

enum store_column_index {
#define STORE_COLUMN_ENUM(id, upper, lower, type, source, text) STORE_COLUMN_##upper,
    STORE_COLUMNS(STORE_COLUMN_ENUM)
#undef STORE_COLUMN_ENUM
    STORE_COLUMN_COUNT
};

/* The first so many are of the run; files of options records have these alone, before their fields. */
enum { STORE_COLUMN_RUN_COUNT = STORE_COLUMN_TIME_START };

enum store_source { STORE_FROM_RUN, STORE_FROM_CORE, STORE_FROM_IPV4, STORE_FROM_IPV6 };

/* A column that is always there. A constant. */
struct store_column {
    int32_t field_id;
    const char *name;
    uint8_t type;   /* enum store_type */
    uint8_t source; /* enum store_source */
    uint8_t core;   /* enum weir_core */
    const char *text;   /* what it is; NULL: see weir_core_text() */
};

const struct store_column *store_column(enum store_column_index index);

/*
 * The field ID of a column that is a field. IANA's elements: 65,536 + element number, and 65,536 more for each
 * repetition in the template, up to the 8th; all others: 2^30 + 30 bits of a hash of the name.
 */
int32_t store_field_id(const struct weir_field *field);

/* The field ID of a column whose name is no element's: 2^30 + 30 bits of a hash of the name. */
int32_t store_name_id(const char *name);

/* The type in which a field is stored: the one of its element, however few octets it has on the wire. */
enum store_type store_field_type(const struct weir_field *field);

#endif
