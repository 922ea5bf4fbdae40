/* SPDX-License-Identifier: MIT */
/*
 * weir.h - libweir, a decoder for NetFlow and IPFIX export datagrams
 *
 * The library turns the datagrams that routers export into columns of numbers. It is given bytes and gives
 * back batches; it opens nothing, reads no clock, starts no thread, logs nothing and holds no global state.
 *
 *     struct weir_decoder *decoder = weir_decoder_create(NULL);
 *
 *     while (receive(&datagram)) {
 *         weir_decoder_feed(decoder, &datagram);
 *         while ((batch = weir_decoder_next(decoder)) != NULL) {
 *             use(batch);
 *             weir_batch_release(batch);
 *         }
 *     }
 *     weir_decoder_finish(decoder);          ... and the same inner loop once more, for what is left
 *     weir_decoder_free(decoder);
 *
 * The way of the data
 *
 *     A template (RFC 3954 section 5.2, RFC 7011 section 3.4) is compiled once, when it arrives, into a list of
 *     copies. Data sets are then moved from the wire into the columns of a batch, a column at a time. A batch
 *     holds rows of one layout: one list of fields. Exporters that send the same template share a layout and its
 *     batch; which rows came from whom is told by the batch's runs. NetFlow v1, v5 and v7 have one form of record
 *     each, which is treated as a template that is known from the start; IPFIX (RFC 7011) differs from v9 in its header and
 *     in what a template may say.
 *
 * Who owns what
 *
 *     The caller owns the datagram's bytes; they must stay in place until weir_decoder_next() has returned
 *     NULL. The decoder owns everything that it hands out; a batch, with its layout and columns, stays as it
 *     is until it is given back with weir_batch_release().
 *
 * Threads
 *
 *     A decoder and its batches belong to one thread at a time. Any number of decoders may run side by side;
 *     they share only constants. The contents of a batch that is not yet released may be read by any thread.
 *
 * Errors
 *
 *     Bad input is not an error of the call: it is counted in the ledger under its reason, told to the event
 *     callback where there is one, and decoding goes on behind it.
 */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) /* libweir.so shows what is declared here and nothing else */
#pragma GCC visibility push(default)
#endif

#define WEIR_VERSION "0.1.0"

/* The version of the library that is linked, as text. Lives as long as the program. */
const char *weir_version(void);

/* ------------------------------------------------------------------------------------------- datagrams in */

/* An IP address in network byte order; an IPv4 address lies in the first four octets, the rest are zero. */
struct weir_address {
    uint8_t octets[16];
    uint8_t family; /* 4, 6, or 0 for none */
};

/* Room for any address as text, with the terminating NUL. */
#define WEIR_ADDRESS_TEXT_SIZE 46

/* Writes an address as text (RFC 5952 for IPv6, "" for none), ended by NUL. Returns its length in octets. */
size_t weir_address_text(const struct weir_address *address, char text[WEIR_ADDRESS_TEXT_SIZE]);

/* One export datagram: the payload of one UDP datagram. */
struct weir_datagram {
    const uint8_t *data;        /* read only; must stay in place until weir_decoder_next() returned NULL */
    size_t size_bytes;          /* 0 to 65,535 */
    struct weir_address source; /* the exporter's address */
    uint16_t source_port;       /* the exporter's UDP port, host byte order */
    int64_t received_us;        /* when it came, microseconds since 1970-01-01 UTC */
    bool reliable;              /* from a file (RFC 5655), or over TCP or SCTP: see struct weir_options */
};

/* ------------------------------------------------------------------------------------------------ elements */

/* Abstract data types, RFC 7012 section 3.1. */
enum weir_type {
    WEIR_TYPE_OCTET_ARRAY = 0,
    WEIR_TYPE_UNSIGNED8,
    WEIR_TYPE_UNSIGNED16,
    WEIR_TYPE_UNSIGNED32,
    WEIR_TYPE_UNSIGNED64,
    WEIR_TYPE_SIGNED8,
    WEIR_TYPE_SIGNED16,
    WEIR_TYPE_SIGNED32,
    WEIR_TYPE_SIGNED64,
    WEIR_TYPE_FLOAT32,
    WEIR_TYPE_FLOAT64,
    WEIR_TYPE_BOOLEAN,
    WEIR_TYPE_MAC_ADDRESS,
    WEIR_TYPE_STRING,
    WEIR_TYPE_DATE_TIME_SECONDS,
    WEIR_TYPE_DATE_TIME_MILLISECONDS,
    WEIR_TYPE_DATE_TIME_MICROSECONDS,
    WEIR_TYPE_DATE_TIME_NANOSECONDS,
    WEIR_TYPE_IPV4_ADDRESS,
    WEIR_TYPE_IPV6_ADDRESS,
    WEIR_TYPE_BASIC_LIST,
    WEIR_TYPE_SUB_TEMPLATE_LIST,
    WEIR_TYPE_SUB_TEMPLATE_MULTI_LIST,
    WEIR_TYPE_UNSIGNED256,
    WEIR_TYPE_COUNT
};

/* Enterprise numbers that stand for name spaces without a number of their own. */
#define WEIR_PEN_IANA 0u
#define WEIR_PEN_REVERSE 29305u       /* the other direction of a biflow, by IANA's IDs (RFC 5103) */
#define WEIR_PEN_V9 4294967294u       /* NetFlow v9 field types 0 to 32,767 that IANA names otherwise or not at all */
#define WEIR_PEN_V9_HIGH 4294967295u  /* NetFlow v9 field types from 32,768 up, less 32,768 */
#define WEIR_PEN_V9_SCOPE 4294967293u /* NetFlow v9 scope types, RFC 3954 section 6.1 */

/* The name of a type as IANA writes it ("unsigned8", "ipv4Address"); and back: -1 where there is none of that name. */
const char *weir_type_name(enum weir_type type);
int weir_type_find(const char *name);

/* An information element: what a field means. A constant; lives as long as the program, and as long as the decoder
 * where it was taught that element: see weir_decoder_add_element(). */
struct weir_element {
    uint32_t pen;         /* private enterprise number, or one of the above */
    uint16_t id;          /* without the enterprise bit */
    uint8_t type;         /* enum weir_type */
    const char *name;     /* IANA's or the vendor's name, "octetDeltaCount" */
    const char *v9_name;  /* Cisco's name for the v9 field type, "IN_BYTES", or NULL */
    const char *semantics; /* "deltaCounter", "identifier", ... or "" */
    const char *units;    /* "octets", "milliseconds", ... or "" */
};

/* The element with this number, or NULL where nobody has registered one. */
const struct weir_element *weir_element_find(uint32_t pen, uint16_t id);

/* All registered elements, each once: the first for NULL, then the one after the one given; NULL behind the last.
 * IANA's come first. Names are unique among IANA's, not among those of different vendors. */
const struct weir_element *weir_element_next(const struct weir_element *element);

/* ------------------------------------------------------------------------------------------------- batches */

/* How the values of a column lie in memory: arrays without gaps, in the machine's byte order. */
enum weir_kind {
    WEIR_KIND_NULL = 0, /* a field of length 0: no data, every row is null */
    WEIR_KIND_U8,
    WEIR_KIND_U16,
    WEIR_KIND_U32,
    WEIR_KIND_U64,
    WEIR_KIND_I8,
    WEIR_KIND_I16,
    WEIR_KIND_I32,
    WEIR_KIND_I64,
    WEIR_KIND_F32,
    WEIR_KIND_F64,
    WEIR_KIND_BOOL,  /* uint8_t: 1 true, 2 false as on the wire (RFC 7011 section 6.1.5), others kept */
    WEIR_KIND_IPV4,  /* uint32_t, host byte order */
    WEIR_KIND_IPV6,  /* 16 octets, network byte order */
    WEIR_KIND_MAC,   /* 6 octets */
    WEIR_KIND_OCTETS, /* width_bytes octets as on the wire: strings, unknown elements, lengths that do not fit a type */
    WEIR_KIND_VARIABLE, /* struct weir_octets: fields of variable length, RFC 7011 section 7 */
    WEIR_KIND_JSON      /* struct weir_octets: lists, RFC 6313, as JSON text in UTF-8; see below */
};

/* A value of WEIR_KIND_VARIABLE or WEIR_KIND_JSON. The octets live as long as the batch; `data` may be NULL when
 * there are none, which those of WEIR_KIND_JSON never are. */
struct weir_octets {
    const uint8_t *data;
    size_t size_bytes;
};

/*
 * A list is written with what its session knew when it was decoded, in one of these forms:
 *
 *     {"list":"basicList","semantic":3,"element":"NAME","values":[VALUE,...]}
 *     {"list":"subTemplateList","semantic":4,"template_id":256,"records":[{"NAME":VALUE,...},...]}
 *     {"list":"subTemplateMultiList","semantic":255,"groups":[{"template_id":256,"records":[...]},...]}
 *
 * Values are as weir_value_json() writes them, lists within lists too. A list that cannot be read, is nested more
 * than 8 deep, means a template that is not known, or whose text would be out of all proportion to its octets is
 * "0x..." with its octets; that is counted. One of no octets is null.
 */

/* The lists of one record together have no more text than this. */
#define WEIR_RECORD_LISTS_SIZE 147456u

/* --------------------------------------------------------------------------------------------- core columns */

/*
 * Core columns: what most people ask of a flow, found in whichever fields its exporter uses, in one unit each.
 * X(NAME, name, what it is). docs/fields.md tells which elements serve for each, and in what order.
 *
 * Numbers are unsigned integers of the width of their field, addresses of WEIR_KIND_IPV4 or WEIR_KIND_IPV6, times
 * WEIR_KIND_I64, microseconds since 1970-01-01 UTC. Counters are of the direction that the record describes, not
 * multiplied by the sampling rate.
 */
#define WEIR_CORES(X)                                                                                           \
    X(TIME_START, time_start, "when the flow's first packet was seen, microseconds since 1970 UTC")             \
    X(TIME_END, time_end, "when its last packet was seen, microseconds since 1970 UTC")                         \
    X(IP_VERSION, ip_version, "4 or 6")                                                                         \
    X(SRC_ADDRESS, src_address, "source address")                                                               \
    X(DST_ADDRESS, dst_address, "destination address")                                                          \
    X(SRC_PREFIX, src_prefix, "length of the source's routing prefix, bits")                                    \
    X(DST_PREFIX, dst_prefix, "length of the destination's routing prefix, bits")                               \
    X(PROTOCOL, protocol, "transport protocol, IANA's number")                                                  \
    X(SRC_PORT, src_port, "source port")                                                                        \
    X(DST_PORT, dst_port, "destination port")                                                                   \
    X(TCP_FLAGS, tcp_flags, "flags of all TCP packets or-ed, RFC 9293 section 3.1")                             \
    X(TOS, tos, "type of service or traffic class, the whole octet")                                            \
    X(POST_TOS, post_tos, "the same as the packets left the device")                                            \
    X(FLOW_LABEL, flow_label, "IPv6 flow label")                                                                \
    X(ICMP_TYPE, icmp_type, "ICMP or ICMPv6 type; 0 in flows of other protocols")                               \
    X(ICMP_CODE, icmp_code, "ICMP or ICMPv6 code; 0 in flows of other protocols")                               \
    X(BYTES, bytes, "octets since the last report or, where nothing else is told, since the flow began")        \
    X(PACKETS, packets, "packets, the same")                                                                    \
    X(REVERSE_BYTES, reverse_bytes, "octets of the other direction, where one record tells of both")            \
    X(REVERSE_PACKETS, reverse_packets, "packets of the other direction")                                       \
    X(FLOWS, flows, "flows that were aggregated into the record; absent: 1")                                    \
    X(SAMPLING_RATE, sampling_rate, "one packet in so many was looked at; 1: all, 0: not told")                 \
    X(IN_INTERFACE, in_interface, "interface index where packets came in")                                      \
    X(OUT_INTERFACE, out_interface, "interface index where packets went out")                                   \
    X(DIRECTION, direction, "0 ingress, 1 egress: where the flow was observed")                                 \
    X(BIFLOW_DIRECTION, biflow_direction, "how source and destination were told apart, RFC 5103 section 6.3")   \
    X(NEXT_HOP, next_hop, "address of the next router")                                                         \
    X(BGP_NEXT_HOP, bgp_next_hop, "address of the next BGP router")                                             \
    X(SRC_AS, src_as, "source AS number: origin or peer, as the exporter is set")                               \
    X(DST_AS, dst_as, "destination AS number")                                                                  \
    X(PREVIOUS_AS, previous_as, "AS number of the neighbour that sent the packets")                             \
    X(NEXT_AS, next_as, "AS number of the neighbour that they are sent to")                                     \
    X(FORWARDING_STATUS, forwarding_status, "RFC 7270 section 4.12: upper 2 bits status, lower 6 its reason")   \
    X(FLOW_END_REASON, flow_end_reason, "1 idle, 2 active timeout, 3 end of flow, 4 forced, 5 lack of resources") \
    X(IN_VRF, in_vrf, "VRF number where packets came in")                                                       \
    X(OUT_VRF, out_vrf, "VRF number where packets went out")                                                    \
    X(SRC_MAC, src_mac, "source MAC address as packets came in")                                                \
    X(DST_MAC, dst_mac, "destination MAC address as packets came in")                                           \
    X(POST_SRC_MAC, post_src_mac, "source MAC address as packets went out")                                     \
    X(POST_DST_MAC, post_dst_mac, "destination MAC address as packets went out")                                \
    X(VLAN, vlan, "VLAN number as packets came in")                                                             \
    X(POST_VLAN, post_vlan, "VLAN number as packets went out")                                                  \
    X(CUSTOMER_VLAN, customer_vlan, "inner VLAN number as packets came in")                                     \
    X(POST_CUSTOMER_VLAN, post_customer_vlan, "inner VLAN number as packets went out")                          \
    X(ETHERNET_TYPE, ethernet_type, "Ethernet type of the payload")                                             \
    X(MPLS_LABEL_1, mpls_label_1, "top MPLS label as on the wire, 3 octets: 20 bits label, 3 class, 1 bottom")  \
    X(MPLS_LABEL_2, mpls_label_2, "the second")                                                                 \
    X(MPLS_LABEL_3, mpls_label_3, "the third")                                                                  \
    X(MPLS_LABEL_4, mpls_label_4, "the fourth")                                                                 \
    X(MPLS_LABEL_5, mpls_label_5, "the fifth")                                                                  \
    X(MPLS_LABEL_6, mpls_label_6, "the sixth")                                                                  \
    X(MPLS_LABEL_7, mpls_label_7, "the seventh")                                                                \
    X(MPLS_LABEL_8, mpls_label_8, "the eighth")                                                                 \
    X(MPLS_LABEL_9, mpls_label_9, "the ninth")                                                                  \
    X(MPLS_LABEL_10, mpls_label_10, "the tenth")                                                                \
    X(NAT_SRC_ADDRESS, nat_src_address, "source address behind the translation")                                \
    X(NAT_DST_ADDRESS, nat_dst_address, "destination address behind the translation")                           \
    X(NAT_SRC_PORT, nat_src_port, "source port behind the translation")                                         \
    X(NAT_DST_PORT, nat_dst_port, "destination port behind the translation")                                    \
    X(NAT_EVENT, nat_event, "what happened to the translation, IANA's list natEvent (RFC 8158)")                \
    X(FIREWALL_EVENT, firewall_event, "what happened to the flow at a firewall: 1 created, 2 deleted, 3 denied") \
    X(APPLICATION_ID, application_id, "RFC 6759 section 4: 1 octet of engine, then its number of the application") \
    X(USER_NAME, user_name, "who the flow is of, as the exporter tells, UTF-8")

enum weir_core {
#define WEIR_CORE_ENUM(name, lower, text) WEIR_CORE_##name,
    WEIR_CORES(WEIR_CORE_ENUM)
#undef WEIR_CORE_ENUM
    WEIR_CORE_COUNT
};

/* The name of a core column, "time_start", and what it is, as in the list above. */
const char *weir_core_name(enum weir_core core);
const char *weir_core_text(enum weir_core core);

/* Where a core column is. */
enum weir_core_how {
    WEIR_CORE_ABSENT = 0, /* the exporter does not tell */
    WEIR_CORE_FIELD,      /* it is the column of a field, unchanged */
    WEIR_CORE_COMPUTED,   /* it has a column of its own, behind those of the fields */
    WEIR_CORE_CONSTANT    /* the same value in all rows */
};

/* What is to be known of how a core column came about. */
enum weir_core_note {
    WEIR_CORE_NOTE_NONE = 0,
    WEIR_CORE_NOTE_ONE_TIME,    /* the record tells one time only: start and end are the same column */
    WEIR_CORE_NOTE_EXPORT_TIME, /* the record tells no time: it is that of the datagram's header */
    WEIR_CORE_NOTE_DURATION,    /* told from the other end of the flow and its duration */
    WEIR_CORE_NOTE_UPTIME,      /* from milliseconds since the exporter started; see time_estimated of the run */
    WEIR_CORE_NOTE_FIRST,       /* of several fields of the record, in each row the first that is not 0 */
    WEIR_CORE_NOTE_FAMILY,      /* of fields for IPv4 and IPv6, by ip_version, next hops and translated addresses the
                                   one that is not zero; addresses of IPv4 are then ::ffff:a.b.c.d */
    WEIR_CORE_NOTE_PORT,        /* ICMP type and code from the port field that carries them, high and low octet */
    WEIR_CORE_NOTE_OCTETS,      /* ICMP type and code from the field that carries both, high and low octet */
    WEIR_CORE_NOTE_STATE,       /* from options records or the header, as they told when the rows came */
    WEIR_CORE_NOTE_OPTION       /* weir_options says so */
};

/* One core column in one layout. A value is held once: fields keep their columns, and a core column that is a field
 * unchanged has no other; only what is computed has a column more. */
struct weir_core_column {
    uint32_t column;      /* FIELD, COMPUTED: index into the batch's columns */
    uint32_t width_bytes; /* of one value in the column */
    uint32_t value;       /* CONSTANT */
    uint32_t from_pen;    /* the element that it comes from, of several the first; 0, 0: from none */
    uint16_t from_id;
    uint8_t how;          /* enum weir_core_how */
    uint8_t kind;         /* enum weir_kind; of a constant WEIR_KIND_U32 */
    uint8_t note;         /* enum weir_core_note */
};

/* ------------------------------------------------------------------------------------- layouts and batches */

/* One field of a layout, in the order of the template. */
struct weir_field {
    const struct weir_element *element; /* NULL when unknown */
    const char *name;     /* IANA's or the vendor's name, or ie_PEN_ID; a second one of the same ends in _2 */
    const char *v9_name;  /* Cisco's name where there is one, else as name */
    uint32_t pen;
    uint16_t id;
    uint16_t wire_bytes;  /* length in the template */
    uint32_t width_bytes; /* of one value in the column */
    uint8_t kind;         /* enum weir_kind */
    uint8_t type;         /* enum weir_type; octetArray when unknown */
    bool scope;           /* a scope field of an options template */
};

/* What one template describes: a list of fields. paddingOctets are left out. */
struct weir_layout {
    const struct weir_field *fields;
    uint32_t field_count;
    uint32_t scope_count;  /* the first so many fields are scope fields */
    uint32_t variable_count; /* fields of WEIR_KIND_VARIABLE and WEIR_KIND_JSON, and paddingOctets of variable length */
    uint32_t list_count;   /* of these: of WEIR_KIND_JSON */
    uint32_t record_bytes; /* length of a record on the wire; with fields of variable length the least it can be */
    uint16_t version;      /* 1, 5, 7, 9, or 10 for IPFIX: whose names for fields were used */
    bool options;          /* of an options template */
    uint32_t slot;         /* below templates_max + 4, for what a caller keeps by layout; reused when that is gone */
    uint64_t serial;       /* never reused within a decoder: tells whether what lies under slot is still of this one */
    const struct weir_core_column *core; /* WEIR_CORE_COUNT, by enum weir_core; NULL where weir_options.core is false,
                              and of options templates, which describe no flows */
    uint32_t computed_count; /* columns behind those of the fields */
};

/* Rows that came in one data set of one datagram. */
struct weir_run {
    uint32_t first_row;
    uint32_t row_count;
    uint64_t datagram;     /* number of the datagram, counted from 0 by weir_decoder_feed(); backwards from UINT64_MAX
                            * for data that was fed before weir_decoder_load_where() */
    int64_t received_us;   /* when that datagram came */
    struct weir_address exporter;
    uint16_t exporter_port;
    uint16_t template_id;   /* 0 for versions 1, 5 and 7, which have none */
    uint32_t domain;        /* v9 source ID, IPFIX observation domain, v5 engine type * 256 + engine ID; else 0 */
    uint32_t export_time_s; /* of the header, seconds since 1970 */
    uint32_t export_time_ns; /* of the header of versions 1, 5 and 7: residual nanoseconds; else 0 */
    uint32_t sys_uptime_ms; /* of the header, milliseconds since the exporter started; IPFIX has none: 0 */
    uint32_t sequence;      /* of the header; 0 for version 1, which has none */
    uint16_t header_count;  /* of the header, as the exporter wrote it; IPFIX has none: 0 */
    uint16_t header_sampling; /* of the header of version 5: mode in the upper 2 bits, interval; else 0 */
    uint16_t version;       /* 1, 5, 7, 9, 10 */
    bool late;              /* the data had waited for its template */
    bool time_estimated;    /* times from uptimes, and nobody told when the exporter started (IPFIX has that in options
                               or the record): flows are taken to have ended when they were exported */
};

/* Rows of one layout. columns[i] holds the values of layout->fields[i]: row r starts at
 * r * fields[i].width_bytes. NULL for fields of kind WEIR_KIND_NULL. Columns are aligned to 64 octets. Behind those of
 * the fields are layout->computed_count more, which layout->core tells of. */
struct weir_batch {
    const struct weir_layout *layout;
    const struct weir_run *runs; /* ascending, without gaps */
    const void *const *columns;
    uint32_t row_count; /* at least 1 */
    uint32_t run_count; /* at least 1 */
};

/* Room that weir_value_json() needs for a value of `width_bytes` octets: width_bytes of its field or, for
 * WEIR_KIND_VARIABLE and WEIR_KIND_JSON, size_bytes of the value. All values of one record have 65,535 octets at the
 * most, those of WEIR_KIND_JSON aside, which have WEIR_RECORD_LISTS_SIZE together. */
#define WEIR_VALUE_JSON_SIZE(width_bytes) ((size_t)(width_bytes) * 6 + 64)

/*
 * Writes one value as JSON, without a terminating NUL, and returns its length in octets. `value` points at the
 * value in its column and may be NULL for WEIR_KIND_NULL. Integers and times are numbers (times in the unit of
 * their type since 1970), addresses text, strings UTF-8 without the NULs at their end, octets and all that
 * does not fit its type "0x...", lists objects. `text` has room for WEIR_VALUE_JSON_SIZE(field->width_bytes), or of
 * size_bytes of the value.
 */
size_t weir_value_json(const struct weir_field *field, const void *value, char *text);

/* -------------------------------------------------------------------------------------------------- ledger */

/*
 * Why a datagram or a set was not decoded, or what was odd about one that was. X(NAME, metric_name, text).
 * The first group ends a datagram, the second a set, the third a single template; the fourth is about a value that
 * is shown as its octets. MESSAGE_OVERRUN is odd only: what is there of the message is decoded.
 */
#define WEIR_REASONS(X)                                                                                         \
    X(HEADER_SHORT, header_short, "datagram shorter than its header")                                            \
    X(VERSION_UNKNOWN, version_unknown, "version that is not NetFlow")                                           \
    X(VERSION_UNSUPPORTED, version_unsupported, "version that is not decoded")                                  \
    X(MESSAGE_LENGTH, message_length, "message length below 16")                                                \
    X(MESSAGE_OVERRUN, message_overrun, "message longer than its datagram")                                      \
    X(SET_LENGTH_SHORT, set_length_short, "set length below 4")                                                  \
    X(SET_OVERRUN, set_overrun, "set runs over the end of the datagram")                                         \
    X(SET_RESERVED, set_reserved, "set ID below 256 that nothing uses")                                          \
    X(RECORD_OVERRUN, record_overrun, "field of variable length runs over the end of its set")                   \
    X(SET_WITHOUT_RECORD, set_without_record, "data set shorter than one record of its template")                \
    X(WAITING_FULL, waiting_full, "no room to keep data until its template comes")                               \
    X(WAITING_EXPIRED, waiting_expired, "template did not come in time")                                         \
    X(TEMPLATE_OVERRUN, template_overrun, "template runs over the end of its set")                               \
    X(TEMPLATE_ID_LOW, template_id_low, "template ID below 256")                                                 \
    X(TEMPLATE_EMPTY, template_empty, "template whose record has no octets")                                     \
    X(TEMPLATE_RECORD_LONG, template_record_long, "template whose record is longer than a datagram")             \
    X(TEMPLATE_LENGTH_VARIABLE, template_length_variable, "field length 65,535, which NetFlow v9 does not have") \
    X(TEMPLATE_OPTIONS_LENGTH, template_options_length, "options template with lengths that are no multiple of 4") \
    X(TEMPLATE_SCOPE, template_scope, "options template with no scope field, or more of them than fields")      \
    X(TEMPLATE_WITHDRAWN, template_withdrawn, "withdrawal of a template, which UDP does not know")               \
    X(TEMPLATE_NOT_KNOWN, template_not_known, "withdrawal of a template that is not known")                      \
    X(TEMPLATE_EXPIRED, template_expired, "template that was not sent again in its lifetime")                    \
    X(TEMPLATE_FIELDS_MANY, template_fields_many, "template with more fields than the limit")                    \
    X(TEMPLATES_FULL, templates_full, "more templates than the limit")                                           \
    X(ELEMENTS_FULL, elements_full, "type information about more elements than the limit")                       \
    X(LIST_MALFORMED, list_malformed, "list that cannot be read, kept as octets")                                \
    X(LIST_TEMPLATE_UNKNOWN, list_template_unknown, "list whose template is not known, kept as octets")          \
    X(LIST_TOO_LONG, list_too_long, "list whose text is too long or nested too deep, kept as octets")            \
    X(STATE_FULL, state_full, "no room to keep what an exporter tells of itself")                                \
    X(SESSION_EVICTED, session_evicted, "exporter forgotten to make room for others")                           \
    X(MEMORY, memory, "no memory")

enum weir_reason {
#define WEIR_REASON_ENUM(name, metric, text) WEIR_REASON_##name,
    WEIR_REASONS(WEIR_REASON_ENUM)
#undef WEIR_REASON_ENUM
    WEIR_REASON_COUNT
};

/* The reason as a sentence's end ("set length below 4") and as a metric's label ("set_length_short"). */
const char *weir_reason_text(enum weir_reason reason);
const char *weir_reason_label(enum weir_reason reason);

/*
 * Counts since the decoder was made. When weir_decoder_next() has returned NULL, they sum up:
 *
 *     each datagram     is decoded, or refused with one reason
 *     each set of one   is template, data, waiting, or skipped with one reason
 *     each that waits   is decoded late, given up with one reason, or still waiting; those that waited in a decoder
 *                       before this one (weir_decoder_load_where()) too
 */
struct weir_ledger {
    uint64_t datagrams; /* = datagrams_decoded + datagrams_refused */
    uint64_t datagrams_decoded;
    uint64_t datagrams_refused;
    uint64_t bytes;
    uint64_t sets; /* = sets_template + sets_data + sets_waited + sets_skipped */
    uint64_t sets_template;
    uint64_t sets_data;       /* decoded at once */
    uint64_t sets_waited;     /* kept until the template comes */
    uint64_t sets_skipped;
    uint64_t sets_late;       /* of those that waited: decoded */
    uint64_t sets_given_up;   /* of those that waited: not decoded */
    uint64_t sets_waiting;    /* of those that waited: still there */
    uint64_t sets_loaded;     /* came with weir_decoder_load_where(), and are none of `sets`; sets_waited + sets_loaded
                               * = sets_late + sets_given_up + sets_waiting */
    uint64_t bytes_waiting;
    uint64_t flows;           /* records of data templates */
    uint64_t options;         /* records of options templates */
    uint64_t templates_learned; /* new ones */
    uint64_t templates_changed; /* same ID, other fields, or fields whose elements were taught meanwhile */
    uint64_t templates_withdrawn;
    uint64_t templates;       /* known now, of all sessions */
    uint64_t layouts;         /* different ones among these */
    uint64_t elements_learned; /* from type information, RFC 5610 */
    uint64_t sessions;        /* (address, port, domain) known now */
    uint64_t sessions_loaded; /* came with weir_decoder_load() or weir_decoder_load_where() */
    uint64_t templates_loaded;
    uint64_t elements_loaded;
    uint64_t lost;            /* datagrams that are missing by sequence number: v9 counts datagrams */
    uint64_t lost_records;    /* records that are missing by sequence number: v5, v7 and IPFIX count records */
    uint64_t found;           /* datagrams that came late, and that a decoder before this one had counted as lost: */
    uint64_t found_records;   /* they are to be taken off its counts; records, the same */
    uint64_t reordered;       /* came late, and are not lost */
    uint64_t duplicates;
    uint64_t restarts;        /* of an exporter, told from its uptime and sequence */
    uint64_t count_mismatches; /* header count that is not the number of records */
    uint64_t reported_flows;   /* exporters tell that they lost so many themselves (notSentFlowTotalCount), since
                                * they */
    uint64_t reported_packets; /* told first; packets that they did not look at (ignoredPacketTotalCount) */
    uint64_t evictions;       /* sessions given up for room */
    uint64_t reasons[WEIR_REASON_COUNT];
};

/* What the ledger counts of one session: what is named the same means the same. */
struct weir_session_view {
    struct weir_address address;
    uint16_t port;
    uint16_t version; /* of its last datagram; 0: none came yet, it was loaded */
    uint32_t domain;
    int64_t first_us; /* when its first datagram came, and its last; 0: none came yet */
    int64_t last_us;
    int64_t exported_us; /* when the last one was sent, by the clock of the exporter, whole seconds; 0: none came yet */
    int64_t template_oldest_us; /* of its templates, the one not sent again for longest: when it was; 0: it has none */
    uint32_t header_sampling_rate; /* one packet in so many, as the header of version 5 tells; 0: it does not */
    uint64_t datagrams;
    uint64_t datagrams_decoded;
    uint64_t datagrams_refused; /* one that is refused has no domain: counted where its address was seen last */
    uint64_t bytes;
    uint64_t sets;
    uint64_t sets_template;
    uint64_t sets_data;
    uint64_t sets_waited;
    uint64_t sets_skipped;
    uint64_t sets_late;
    uint64_t sets_given_up;
    uint64_t sets_waiting;
    uint64_t sets_loaded;
    uint64_t bytes_waiting;
    uint64_t flows;
    uint64_t options;
    uint64_t templates_learned;
    uint64_t templates_changed;
    uint64_t templates;
    uint64_t lost;
    uint64_t lost_records;
    uint64_t found;
    uint64_t found_records;
    uint64_t reordered;
    uint64_t duplicates;
    uint64_t restarts;
    uint64_t count_mismatches;
    uint64_t reported_flows;
    uint64_t reported_packets;
    uint64_t reasons[WEIR_REASON_COUNT];
};

/* ----------------------------------------------------------------------------------------------- the decoder */

enum weir_event_kind {
    WEIR_EVENT_DATAGRAM_REFUSED, /* reason */
    WEIR_EVENT_SET_SKIPPED,      /* reason, template_id = set ID */
    WEIR_EVENT_SET_WAITING,      /* template_id */
    WEIR_EVENT_SET_GIVEN_UP,     /* reason, template_id */
    WEIR_EVENT_TEMPLATE_LEARNED, /* template_id, layout */
    WEIR_EVENT_TEMPLATE_CHANGED, /* template_id, layout */
    WEIR_EVENT_TEMPLATE_SHARED,  /* template_id, layout: the one of another port of the exporter serves */
    WEIR_EVENT_TEMPLATE_REFUSED, /* reason, template_id */
    WEIR_EVENT_TEMPLATE_WITHDRAWN, /* template_id */
    WEIR_EVENT_TEMPLATE_EXPIRED, /* reason, template_id */
    WEIR_EVENT_LIST_KEPT_RAW,    /* reason, template_id */
    WEIR_EVENT_STATE_REFUSED,    /* reason, template_id: of the options records */
    WEIR_EVENT_ELEMENT_REFUSED,  /* reason, template_id of the type information */
    WEIR_EVENT_SEQUENCE_GAP,     /* count = datagrams missing */
    WEIR_EVENT_EXPORTER_RESTART
};

/* Something worth a line in a log. Valid during the callback only. */
struct weir_event {
    enum weir_event_kind kind;
    enum weir_reason reason;
    struct weir_address exporter;
    uint16_t exporter_port;
    uint16_t template_id;
    uint16_t version; /* of the datagram, as it stands in its first two octets */
    uint32_t domain;
    uint32_t count;
    uint64_t datagram;
    const struct weir_layout *layout;
};

/*
 * Settings of a decoder. Fill with weir_options_init(), then change what is to differ.
 *
 * Over UDP a template that the exporter does not send again within its lifetime goes, and a withdrawal of one is
 * ignored and counted (RFC 7011 section 8.4). Where datagrams are marked as reliable it is the other way
 * round (section 8.1): templates do not age, and go when they are withdrawn: one, or all of a domain.
 */
struct weir_options {
    uint32_t batch_rows;     /* rows of a batch at the most, 1 to 65,536 */
    uint32_t batch_count;    /* pieces of memory for batches, at least 2; where many layouts take turns, their batches
                              * are shorter, and up to eight of them share a piece */
    size_t batch_bytes;      /* of such a piece, at least 1 MiB and 36 octets for each of batch_rows; wide rows make
                              * fewer of them */
    size_t waiting_bytes;    /* data without template that is kept, for all exporters */
    size_t waiting_session_bytes; /* the same for one (address, port, domain) */
    int64_t waiting_us;      /* how long it is kept, microseconds */
    int64_t template_lifetime_us; /* since the template was last sent; 0: they do not age */
    uint32_t sessions_max;   /* (address, port, domain) at the most; the one unused for longest makes room */
    uint32_t templates_session_max; /* templates of one session */
    uint32_t templates_max;  /* templates in all */
    bool core;               /* layouts have core columns, and those that are to be computed are: default true. Without,
                                decoding takes a quarter less time, and layouts and batches less room */
    uint32_t sampling_rate;  /* of all exporters, whatever they tell; 0: as they tell */
    uint64_t seed;           /* of the hash tables: random where exporters are not to be trusted */
    void (*event)(void *context, const struct weir_event *event); /* may be NULL; must not call the decoder */
    void *context;
};

void weir_options_init(struct weir_options *options);

/* Makes a decoder. `options` may be NULL for the defaults, and need not outlive the call. NULL when memory is
 * short or an option out of range. */
struct weir_decoder *weir_decoder_create(const struct weir_options *options);

/* What became of an element that was to be added; 0 when it was. */
enum weir_element_error {
    WEIR_ELEMENT_ADDED = 0,
    WEIR_ELEMENT_NAME = -1,   /* a name has 1 to 64 letters, digits and '_' */
    WEIR_ELEMENT_TYPE = -2,   /* no enum weir_type */
    WEIR_ELEMENT_NUMBER = -3, /* a PEN that stands for a name space, or an ID above 32,767 with a PEN */
    WEIR_ELEMENT_TWICE = -4,  /* one with this number was added before */
    WEIR_ELEMENT_FULL = -5,   /* 65,536 were added */
    WEIR_ELEMENT_MEMORY = -6
};

/*
 * Teaches the decoder an element, or another name and type for a registered one. A PEN of 0 is for IANA's numbers and
 * for all field types of v9. What is added goes before what is registered. It is used from the
 * next time on that a template with it comes.
 *
 * Exporters teach the decoder by themselves what they tell of their own elements in type information records
 * (RFC 5610). Of these it takes only what is neither registered nor added, the first that is told of each, up to
 * 4,096; other characters than letters, digits and '_' become '_'.
 */
int weir_decoder_add_element(struct weir_decoder *decoder, uint32_t pen, uint16_t id, const char *name,
                             enum weir_type type);

/* Frees the decoder with its batches, the released and the others. NULL is fine. */
void weir_decoder_free(struct weir_decoder *decoder);

/*
 * Takes a datagram. Call weir_decoder_next() until it returns NULL before feeding the next one. Returns 0, or
 * -1 - reason (enum weir_reason) when the whole datagram is refused; that is counted already and no cause to stop.
 */
int weir_decoder_feed(struct weir_decoder *decoder, const struct weir_datagram *datagram);

/*
 * Decodes on and returns the next batch that is full or was closed by weir_decoder_flush(), or NULL when there
 * is none. Release each before the decoder runs out of them: at most batch_count - 2 may be held at a time.
 */
struct weir_batch *weir_decoder_next(struct weir_decoder *decoder);

/* Gives a batch back. NULL is fine. */
void weir_batch_release(struct weir_batch *batch);

/* Closes the batches under way, so that weir_decoder_next() returns them, however few rows they have. After
 * each datagram, for those who want its records now; every few seconds for those who want long columns. */
void weir_decoder_flush(struct weir_decoder *decoder);

/* Tells the time to a decoder that is not being fed: data that waited too long is then decoded with the
 * template of another port of the exporter, where just one fits, or given up. Then weir_decoder_next(). */
void weir_decoder_tick(struct weir_decoder *decoder, int64_t now_us);

/* The input has ended: what waits is decided now as if its time was over, and open batches are closed. */
void weir_decoder_finish(struct weir_decoder *decoder);

/* The counts so far, of all exporters. Valid until the decoder is freed; changes with each call. */
const struct weir_ledger *weir_decoder_ledger(const struct weir_decoder *decoder);

/* Calls `each` for each session known now, with a view that is valid during the call. `each` must not call the
 * decoder. */
void weir_decoder_sessions(struct weir_decoder *decoder,
                           void (*each)(void *context, const struct weir_session_view *session), void *context);

/* The counts of what belongs to none of these: of sessions that were given up, and of datagrams refused that came
 * from an address without one. With those of the sessions they sum up to the ledger's. */
void weir_decoder_remainder(struct weir_decoder *decoder, struct weir_session_view *ret_view);

/* -------------------------------------------------------------------------------- what exporters tell of themselves */

/*
 * Exporters describe themselves in options records: which sampler looks at one packet in how many, what interfaces,
 * applications and VRFs are called. The decoder keeps that for each exporter address and domain, besides giving the
 * records themselves in batches as it gives flows. What was told for domain 0 serves all domains of the address that
 * have nothing of their own. A record with an observationDomainId other than 0 tells of that domain, whichever its
 * message is of.
 *
 * Names are as the exporter wrote them, up to the first NUL and 255 octets; whether they are UTF-8 is not checked.
 * They, and views of exporters, are valid until the decoder is called next.
 */
enum weir_fact_kind {
    WEIR_FACT_SAMPLER,     /* samplerId, selectorId */
    WEIR_FACT_INTERFACE,   /* ingressInterface, egressInterface */
    WEIR_FACT_APPLICATION, /* applicationId: its octets as a number, the first the highest */
    WEIR_FACT_VRF,         /* ingressVRFID, egressVRFID */
    WEIR_FACT_COUNT
};

struct weir_fact {
    uint8_t kind; /* enum weir_fact_kind */
    uint64_t id;
    const char *name;        /* "" when it was not told */
    const char *description; /* the same */
    uint32_t sampling_rate;  /* one packet in so many was looked at; 0 when it was not told */
    uint16_t sampling_algorithm; /* samplingAlgorithm, samplerMode or selectorAlgorithm; 0 when it was not told */
};

/* What is known of an exporter as a whole. 0: not told. */
struct weir_exporter_view {
    struct weir_address address;
    uint32_t domain;
    uint32_t sampling_rate;   /* of all that it does */
    uint64_t system_init_ms;  /* when its system started, milliseconds since 1970 */
    uint64_t exported_octets; /* totals since then, as it told them last */
    uint64_t exported_messages;
    uint64_t exported_flows;
    uint64_t ignored_packets; /* that were not looked at */
    uint64_t ignored_octets;
    uint64_t not_sent_flows;  /* that it lost itself */
    uint64_t not_sent_packets;
    uint64_t not_sent_octets;
    const void *handle;       /* for weir_exporter_facts() */
};

/* False when it was not told. */
bool weir_decoder_fact(const struct weir_decoder *decoder, const struct weir_address *address, uint32_t domain,
                       enum weir_fact_kind kind, uint64_t id, struct weir_fact *ret_fact);
bool weir_decoder_exporter(const struct weir_decoder *decoder, const struct weir_address *address, uint32_t domain,
                           struct weir_exporter_view *ret_exporter);

/* The name, or NULL when none was told. */
const char *weir_decoder_interface_name(const struct weir_decoder *decoder, const struct weir_address *address,
                                        uint32_t domain, uint32_t index);
const char *weir_decoder_application_name(const struct weir_decoder *decoder, const struct weir_address *address,
                                          uint32_t domain, uint64_t id);
const char *weir_decoder_vrf_name(const struct weir_decoder *decoder, const struct weir_address *address,
                                  uint32_t domain, uint32_t id);

/* Calls `each` for each exporter (address and domain) that has told something; for each fact of one. */
void weir_decoder_exporters(const struct weir_decoder *decoder,
                            void (*each)(void *context, const struct weir_exporter_view *exporter), void *context);
void weir_exporter_facts(const struct weir_exporter_view *exporter,
                         void (*each)(void *context, const struct weir_fact *fact), void *context);

/* ---------------------------------------------------------------------------------------- to go on where one ended */

/*
 * Exporters send their templates every few minutes, so a program that starts anew can decode nothing at first. What
 * weir_decoder_save() writes is all that a decoder knows. The library does no input or output; where the octets are
 * kept is up to the caller. There are two ways to go on with them:
 *
 *     weir_decoder_load()        after a pause, in which datagrams went by that nobody counted
 *     weir_decoder_load_where()  just where the other decoder stood, with the very next datagram
 *
 * After a pause it is of use what templates each session had, with their age, its sequence number, what exporters told
 * of themselves, and of their own elements (RFC 5610). Data that waited for its template is left out, as the other
 * decoder may have decoded it after it was saved. What was sent in between is told as lost by the first datagram of a
 * session, when that one comes within 10 minutes after the last one before. After that, or where the leap is one that
 * no loss explains, the numbers begin anew, and it is told neither as a loss nor as a restart of the exporter.
 *
 * Without a pause the second decoder gives just the rows that the first would have given: it must have the same
 * options, and the same elements added before. What is counted in the ledgers of both together is what one would have
 * counted; what one has now (templates, sessions, waiting) is the second one's, and `found` is to be taken off `lost`.
 * This holds for what was saved when weir_decoder_next() had returned NULL with no batch held. Rows in open batches
 * are the first decoder's, and are not saved: flush it. What is not the same is who makes room at two limits: of the
 * 32 MiB for what exporters tell of themselves, and of the ports of one address and domain, of which 1,024 are looked
 * at when a template is to be taken over.
 */
enum weir_saved {
    WEIR_SAVED_OK,
    WEIR_SAVED_FOREIGN, /* these octets are something else */
    WEIR_SAVED_NEWER,   /* written by a newer version, in a form that this one does not know */
    WEIR_SAVED_CUT,     /* the end is missing */
    WEIR_SAVED_DAMAGED, /* they are not as they were written */
    WEIR_SAVED_IN_USE,  /* the decoder has taken a datagram before; for weir_decoder_load(): or loaded */
    WEIR_SAVED_MEMORY
};

/* The end of a sentence on what was saved: "it is damaged". */
const char *weir_saved_text(enum weir_saved fault);

/* Writes to `data` when there is room, and returns how many octets it takes; with NULL and 0 only that. */
size_t weir_decoder_save(const struct weir_decoder *decoder, uint8_t *data, size_t room_bytes);

/* Takes what was saved, by this version or an older one, before the first datagram, to go on after a pause. Unless it
 * returns WEIR_SAVED_OK nothing was taken, and the decoder is as it was. What is beyond the limits of this decoder is
 * left out. */
enum weir_saved weir_decoder_load(struct weir_decoder *decoder, const uint8_t *data, size_t size_bytes);

/*
 * Takes of what was saved what belongs to the addresses that are wanted (`want` NULL: all), before the first datagram,
 * to go on without a pause. It may be called again, with what other decoders have saved: of a session, or an exporter's
 * description, that is there already, the one heard later stays; a session that has to go is evicted, with what waits.
 * Elements are taken whomever they are from, the first of each. `want` must not call the decoder.
 *
 * Data that waits is counted as sets_loaded, and what has no room as given up. The clock goes on as well: the latest
 * time told to either decoder is the latest told to this one. What was saved in an older form has neither, and is taken
 * as by weir_decoder_load().
 *
 * Unless it returns WEIR_SAVED_OK nothing was taken, and the decoder holds what it held; but that may be nothing any
 * more when it is WEIR_SAVED_MEMORY.
 */
enum weir_saved weir_decoder_load_where(struct weir_decoder *decoder, const uint8_t *data, size_t size_bytes,
                                        bool (*want)(void *context, const struct weir_address *address),
                                        void *context);

/* Tells that there is a pause: what comes before the next datagram that is fed nobody counted, or will have counted.
 * Sequence numbers are taken as weir_decoder_load() does. For who has fed to the decoder what was received in another
 * run, and now goes on with what is received. */
void weir_decoder_pause(struct weir_decoder *decoder);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
