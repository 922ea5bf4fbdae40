/* SPDX-License-Identifier: MIT */
/*
 * row_maker.c - made rows
 */
#include "row_maker.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* How a value is drawn and how the store has it. */
enum shape {
    NUMBER8, NUMBER16, NUMBER32, NUMBER64, PORT, PROTOCOL, FLAGS, IP_VERSION, COUNT, RATE, ASN, TIME_US, ADDRESS, MAC,
    LABEL, APPLICATION, TEXT, OCTETS, SIGNED32, REAL, BOOLEAN, SECONDS, MILLISECONDS, NTP_MICROSECONDS, NTP_NANOSECONDS,
    ADDRESS4, ADDRESS6
};

static const char *sql_of(enum shape shape)
{
    static const char *const names[] = {
        [NUMBER8] = "UTINYINT", [NUMBER16] = "USMALLINT", [NUMBER32] = "UINTEGER", [NUMBER64] = "UBIGINT",
        [PORT] = "USMALLINT", [PROTOCOL] = "UTINYINT", [FLAGS] = "USMALLINT", [IP_VERSION] = "UTINYINT",
        [COUNT] = "UBIGINT", [RATE] = "UINTEGER", [ASN] = "UINTEGER", [TIME_US] = "TIMESTAMPTZ", [MAC] = "BLOB",
        [LABEL] = "BLOB", [APPLICATION] = "BLOB", [TEXT] = "VARCHAR", [OCTETS] = "BLOB", [SIGNED32] = "INTEGER",
        [REAL] = "DOUBLE", [BOOLEAN] = "BOOLEAN", [SECONDS] = "TIMESTAMPTZ", [MILLISECONDS] = "TIMESTAMPTZ",
        [NTP_MICROSECONDS] = "TIMESTAMPTZ", [NTP_NANOSECONDS] = "TIMESTAMP_NS", [ADDRESS4] = "UINTEGER",
        [ADDRESS6] = "BLOB",
    };
    return names[shape];
}

/* By enum weir_core; addresses without _ipv4 and _ipv6. */
static const struct {
    const char *column;
    enum shape shape;
} CORES[WEIR_CORE_COUNT] = {
    [WEIR_CORE_TIME_START] = {"time_start", TIME_US},
    [WEIR_CORE_TIME_END] = {"time_end", TIME_US},
    [WEIR_CORE_IP_VERSION] = {"ip_version", IP_VERSION},
    [WEIR_CORE_SRC_ADDRESS] = {"src", ADDRESS},
    [WEIR_CORE_DST_ADDRESS] = {"dst", ADDRESS},
    [WEIR_CORE_SRC_PREFIX] = {"src_prefix", NUMBER8},
    [WEIR_CORE_DST_PREFIX] = {"dst_prefix", NUMBER8},
    [WEIR_CORE_PROTOCOL] = {"protocol", PROTOCOL},
    [WEIR_CORE_SRC_PORT] = {"src_port", PORT},
    [WEIR_CORE_DST_PORT] = {"dst_port", PORT},
    [WEIR_CORE_TCP_FLAGS] = {"tcp_flags", FLAGS},
    [WEIR_CORE_TOS] = {"tos", NUMBER8},
    [WEIR_CORE_POST_TOS] = {"post_tos", NUMBER8},
    [WEIR_CORE_FLOW_LABEL] = {"flow_label", NUMBER32},
    [WEIR_CORE_ICMP_TYPE] = {"icmp_type", NUMBER8},
    [WEIR_CORE_ICMP_CODE] = {"icmp_code", NUMBER8},
    [WEIR_CORE_BYTES] = {"bytes", COUNT},
    [WEIR_CORE_PACKETS] = {"packets", COUNT},
    [WEIR_CORE_REVERSE_BYTES] = {"reverse_bytes", COUNT},
    [WEIR_CORE_REVERSE_PACKETS] = {"reverse_packets", COUNT},
    [WEIR_CORE_FLOWS] = {"flows", NUMBER64},
    [WEIR_CORE_SAMPLING_RATE] = {"sampling_rate", RATE},
    [WEIR_CORE_IN_INTERFACE] = {"in_interface", NUMBER32},
    [WEIR_CORE_OUT_INTERFACE] = {"out_interface", NUMBER32},
    [WEIR_CORE_DIRECTION] = {"direction", NUMBER8},
    [WEIR_CORE_BIFLOW_DIRECTION] = {"biflow_direction", NUMBER8},
    [WEIR_CORE_NEXT_HOP] = {"next_hop", ADDRESS},
    [WEIR_CORE_BGP_NEXT_HOP] = {"bgp_next_hop", ADDRESS},
    [WEIR_CORE_SRC_AS] = {"src_as", ASN},
    [WEIR_CORE_DST_AS] = {"dst_as", ASN},
    [WEIR_CORE_PREVIOUS_AS] = {"previous_as", ASN},
    [WEIR_CORE_NEXT_AS] = {"next_as", ASN},
    [WEIR_CORE_FORWARDING_STATUS] = {"forwarding_status", NUMBER8},
    [WEIR_CORE_FLOW_END_REASON] = {"flow_end_reason", NUMBER8},
    [WEIR_CORE_IN_VRF] = {"in_vrf", NUMBER32},
    [WEIR_CORE_OUT_VRF] = {"out_vrf", NUMBER32},
    [WEIR_CORE_SRC_MAC] = {"src_mac", MAC},
    [WEIR_CORE_DST_MAC] = {"dst_mac", MAC},
    [WEIR_CORE_POST_SRC_MAC] = {"post_src_mac", MAC},
    [WEIR_CORE_POST_DST_MAC] = {"post_dst_mac", MAC},
    [WEIR_CORE_VLAN] = {"vlan", NUMBER16},
    [WEIR_CORE_POST_VLAN] = {"post_vlan", NUMBER16},
    [WEIR_CORE_CUSTOMER_VLAN] = {"customer_vlan", NUMBER16},
    [WEIR_CORE_POST_CUSTOMER_VLAN] = {"post_customer_vlan", NUMBER16},
    [WEIR_CORE_ETHERNET_TYPE] = {"ethernet_type", NUMBER16},
    [WEIR_CORE_MPLS_LABEL_1] = {"mpls_label_1", LABEL},
    [WEIR_CORE_MPLS_LABEL_2] = {"mpls_label_2", LABEL},
    [WEIR_CORE_MPLS_LABEL_3] = {"mpls_label_3", LABEL},
    [WEIR_CORE_MPLS_LABEL_4] = {"mpls_label_4", LABEL},
    [WEIR_CORE_MPLS_LABEL_5] = {"mpls_label_5", LABEL},
    [WEIR_CORE_MPLS_LABEL_6] = {"mpls_label_6", LABEL},
    [WEIR_CORE_MPLS_LABEL_7] = {"mpls_label_7", LABEL},
    [WEIR_CORE_MPLS_LABEL_8] = {"mpls_label_8", LABEL},
    [WEIR_CORE_MPLS_LABEL_9] = {"mpls_label_9", LABEL},
    [WEIR_CORE_MPLS_LABEL_10] = {"mpls_label_10", LABEL},
    [WEIR_CORE_NAT_SRC_ADDRESS] = {"nat_src", ADDRESS},
    [WEIR_CORE_NAT_DST_ADDRESS] = {"nat_dst", ADDRESS},
    [WEIR_CORE_NAT_SRC_PORT] = {"nat_src_port", PORT},
    [WEIR_CORE_NAT_DST_PORT] = {"nat_dst_port", PORT},
    [WEIR_CORE_NAT_EVENT] = {"nat_event", NUMBER8},
    [WEIR_CORE_FIREWALL_EVENT] = {"firewall_event", NUMBER8},
    [WEIR_CORE_APPLICATION_ID] = {"application_id", APPLICATION},
    [WEIR_CORE_USER_NAME] = {"user_name", TEXT},
};

static const struct {
    const char *name;
    enum shape shape;
    uint8_t type; /* enum weir_type */
} FIELDS[ROW_FIELDS] = {
    {"ie_9_12236", OCTETS, WEIR_TYPE_OCTET_ARRAY},
    {"samplingAlgorithm", NUMBER8, WEIR_TYPE_UNSIGNED8},
    {"interfaceName", TEXT, WEIR_TYPE_STRING},
    {"interfaceName_2", TEXT, WEIR_TYPE_STRING},
    {"absoluteError", REAL, WEIR_TYPE_FLOAT64},
    {"mibObjectValueInteger", SIGNED32, WEIR_TYPE_SIGNED32},
    {"dataRecordsReliability", BOOLEAN, WEIR_TYPE_BOOLEAN},
    {"observationTimeSeconds", SECONDS, WEIR_TYPE_DATE_TIME_SECONDS},
    {"observationTimeMilliseconds", MILLISECONDS, WEIR_TYPE_DATE_TIME_MILLISECONDS},
    {"observationTimeMicroseconds", NTP_MICROSECONDS, WEIR_TYPE_DATE_TIME_MICROSECONDS},
    {"observationTimeNanoseconds", NTP_NANOSECONDS, WEIR_TYPE_DATE_TIME_NANOSECONDS},
    {"exporterIPv4Address", ADDRESS4, WEIR_TYPE_IPV4_ADDRESS},
    {"exporterIPv6Address", ADDRESS6, WEIR_TYPE_IPV6_ADDRESS},
    {"staMacAddress", MAC, WEIR_TYPE_MAC_ADDRESS},
    {"fragmentOffset", NUMBER16, WEIR_TYPE_UNSIGNED16},
    {"exportedOctetTotalCount", NUMBER64, WEIR_TYPE_UNSIGNED64},
};

uint64_t row_random(uint64_t *random)
{
    *random += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t z = *random;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t draw(uint64_t *random, uint64_t below)
{
    return row_random(random) % below;
}

#define PICK(random, list) (list)[draw(random, sizeof(list) / sizeof(list)[0])]

static void print_hex(FILE *out, const char *name, const char *suffix, const uint8_t *octets, size_t size_bytes)
{
    if (out == NULL)
        return;
    fprintf(out, ",\"%s%s\":\"", name, suffix);
    for (size_t i = 0; i < size_bytes; i++)
        fprintf(out, "%02x", octets[i]);
    fputc('"', out);
}

static void print_number(FILE *out, const char *name, const char *suffix, int64_t number)
{
    if (out != NULL)
        fprintf(out, ",\"%s%s\":%" PRId64, name, suffix, number);
}

/* Numbers of a field: mostly small ones that filters ask for, then the ends of the range. */
static uint64_t draw_number(uint64_t *random, enum shape shape)
{
    static const uint64_t ports[] = {0, 22, 53, 80, 443, 8080, 1024, 65535}, protocols[] = {0, 1, 6, 6, 17, 58, 255};
    static const uint64_t counts[] = {0, 1, 40, 999, 1000, 1001, 1500000, 1048576, 1u << 31, UINT64_MAX / 1000};
    static const uint64_t rates[] = {0, 1, 2, 1000, UINT32_MAX}, asns[] = {0, 64512, 65546, 4200000000, UINT32_MAX, 3};
    switch (shape) {
    case PORT: return PICK(random, ports);
    case PROTOCOL: return PICK(random, protocols);
    case FLAGS: return draw(random, 4) == 0 ? draw(random, 512) : draw(random, 64);
    case IP_VERSION: return draw(random, 2) ? 4 : 6;
    case COUNT: return PICK(random, counts);
    case RATE: return PICK(random, rates);
    case ASN: return PICK(random, asns);
    case NUMBER8: return draw(random, 3) == 0 ? draw(random, 256) : draw(random, 6);
    case NUMBER16: return draw(random, 5) == 0 ? 65535 : draw(random, 6);
    case NUMBER32: return draw(random, 5) == 0 ? UINT32_MAX : draw(random, 6);
    default: return draw(random, 5) == 0 ? (uint64_t)INT64_MAX : draw(random, 6);
    }
}

/* 2026-11-23 14:05 and seconds, hours and years around it. */
static int64_t draw_us(uint64_t *random)
{
    static const int64_t steps[] = {0, 1, 1000, 999999, 1000000, 3000000, 60000000, 3600000000, -3000000, 86400000000};
    return 1795442700000000 + PICK(random, steps) * (int64_t)draw(random, 4);
}

static uint32_t draw_ipv4(uint64_t *random)
{
    static const uint32_t nets[] = {0x0a000000, 0x0a010200, 0xc0000200, 0xffffff00, 0};
    return PICK(random, nets) + (uint32_t)draw(random, 4);
}

static void draw_ipv6(uint64_t *random, uint8_t octets[16])
{
    const uint32_t v4 = draw_ipv4(random);
    memset(octets, 0, 16);
    octets[15] = (uint8_t)draw(random, 4);
    switch (draw(random, 4)) {
    case 0: memcpy(octets, (const uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4); break;
    case 1: memset(octets, 0xff, 15); break;
    case 2: break; /* ::n */
    default:
        octets[10] = octets[11] = 0xff;
        for (int i = 0; i < 4; i++)
            octets[12 + i] = (uint8_t)(v4 >> (24 - 8 * i));
    }
}

/* Draws octets; how many. */
static size_t draw_octets(uint64_t *random, enum shape shape, uint8_t octets[16])
{
    static const char *const texts[] = {"", "eth0", "eth1", "o'neil", "Eth0", "eth0x"};
    memset(octets, 0, 16);
    if (shape == MAC) {
        memcpy(octets, (const uint8_t[]){0x00, 0x1b, 0x54, 0xaa, 0x0c}, 5);
        octets[5] = (uint8_t)draw(random, 3);
        return 6;
    }
    if (shape == LABEL) {
        const uint32_t label = (uint32_t)(draw(random, 4) == 0 ? 0xfffff : draw(random,
                                                                                20)) << 4 | (uint32_t)draw(random, 16);
        octets[0] = (uint8_t)(label >> 16), octets[1] = (uint8_t)(label >> 8), octets[2] = (uint8_t)label;
        return 3;
    }
    if (shape == APPLICATION) {
        octets[0] = draw(random, 2) ? 13 : 3;
        const size_t length = draw(random, 10); /* below 2, and above 9 in what is filled, is none */
        if (length > 1)
            octets[length - 1] = (uint8_t)draw(random, 3);
        if (length > 2)
            octets[length - 2] = (uint8_t)draw(random, 2);
        return length;
    }
    if (shape == TEXT) {
        const char *text = PICK(random, texts);
        memcpy(octets, text, strlen(text));
        return strlen(text);
    }
    octets[0] = (uint8_t)draw(random, 2), octets[1] = 0xff;
    return draw(random, 4);
}

/* ------------------------------------------------------------------------------------------------------- columns */

/* A column under way. */
struct column {
    const char *name;
    enum shape shape;
    uint8_t kind;
    uint32_t width_bytes;
    uint8_t *at;            /* where its values are */
    uint8_t (*octets)[16];
};

static void put_number(struct column *column, uint32_t row, uint64_t number)
{
    memcpy(column->at + (size_t)row * column->width_bytes, &number, column->width_bytes); /* little endian, as tested */
}

static void make_octets(struct column *column, uint32_t row, uint64_t *random, FILE *out)
{
    const size_t length = draw_octets(random, column->shape, column->octets[row]);
    const struct weir_octets value = {column->octets[row], length};
    if (column->kind == WEIR_KIND_VARIABLE)
        memcpy(column->at + row * sizeof value, &value, sizeof value);
    else
        memcpy(column->at + (size_t)row * column->width_bytes, column->octets[row], column->width_bytes);
    if (column->shape == TEXT && out != NULL)
        fprintf(out, ",\"%s\":\"%s\"", column->name, (const char *)column->octets[row]);
    else if (column->shape != TEXT)
        print_hex(out, column->name, "", column->octets[row],
                  column->kind == WEIR_KIND_VARIABLE ? length : column->width_bytes);
}

static void make_address(struct column *column, uint32_t row, uint64_t *random, FILE *out)
{
    uint8_t octets[16];
    const bool pair = column->shape == ADDRESS;
    if (column->kind == WEIR_KIND_IPV4) {
        const uint32_t address = draw_ipv4(random);
        put_number(column, row, address);
        print_number(out, column->name, pair ? "_ipv4" : "", address);
        return;
    }
    draw_ipv6(random, octets);
    memcpy(column->at + (size_t)row * 16, octets, 16);
    print_hex(out, column->name, pair ? "_ipv6" : "", octets, 16);
}

static void make_time(struct column *column, uint32_t row, uint64_t *random, FILE *out)
{
    const int64_t us = draw_us(random);
    const uint64_t second = (uint64_t)us / 1000000, rest = (uint64_t)us % 1000000;
    const uint64_t fraction = ((rest << 32) + 999999) / 1000000; /* rounded up, so that it is read back as `rest` */
    switch (column->shape) {
    case SECONDS:
        put_number(column, row, second);
        print_number(out, column->name, "", (int64_t)second * 1000000);
        break;
    case MILLISECONDS:
        put_number(column, row, (uint64_t)us / 1000);
        print_number(out, column->name, "", us / 1000 * 1000);
        break;
    case NTP_MICROSECONDS:
        put_number(column, row, (second + 2208988800u) << 32 | fraction);
        print_number(out, column->name, "", us);
        break;
    default: /* nanoseconds: of the fraction as it is */
        put_number(column, row, (second + 2208988800u) << 32 | fraction);
        print_number(out, column->name, "", (int64_t)(second * 1000000000 + (fraction * 1000000000 >> 32)));
    }
}

static void make_real(struct column *column, uint32_t row, uint64_t *random, FILE *out)
{
    static const double reals[] = {0, 0.1, -1.5, 2.5, 1e300, INFINITY, NAN};
    const double real = PICK(random, reals);
    memcpy(column->at + (size_t)row * 8, &real, 8);
    if (out != NULL)
        fprintf(out, ",\"%s\":\"%.17g\"", column->name, real);
}

static void make_value(struct column *column, uint32_t row, uint64_t *random, FILE *out)
{
    uint64_t number;
    switch (column->shape) {
    case ADDRESS:
    case ADDRESS4:
    case ADDRESS6: make_address(column, row, random, out); return;
    case MAC:
    case LABEL:
    case APPLICATION:
    case TEXT:
    case OCTETS: make_octets(column, row, random, out); return;
    case SECONDS:
    case MILLISECONDS:
    case NTP_MICROSECONDS:
    case NTP_NANOSECONDS: make_time(column, row, random, out); return;
    case REAL: make_real(column, row, random, out); return;
    case TIME_US:
        number = (uint64_t)draw_us(random);
        break;
    case SIGNED32: {
        static const int32_t numbers[] = {-1, 0, 1, 5, INT32_MIN, INT32_MAX};
        const int32_t is = PICK(random, numbers);
        put_number(column, row, (uint64_t)(uint32_t)is);
        print_number(out, column->name, "", is);
        return;
    }
    case BOOLEAN:
        number = draw(random, 4);
        put_number(column, row, number);
        if (out != NULL && (number == 1 || number == 2))
            fprintf(out, ",\"%s\":%s", column->name, number == 1 ? "true" : "false");
        return;
    default:
        number = draw_number(random, column->shape);
        if (column->width_bytes < 8)
            number &= ((uint64_t)1 << (8 * column->width_bytes)) - 1;
    }
    put_number(column, row, number);
    if (out != NULL)
        fprintf(out, ",\"%s\":%" PRIu64, column->name, number);
}

/* The kind and width of a column of this shape, where there is a choice drawn. */
static void draw_kind(struct column *column, uint64_t *random)
{
    const struct {
        uint8_t kind;
        uint32_t width_bytes;
    } integers[] = {{WEIR_KIND_U8, 1}, {WEIR_KIND_U16, 2}, {WEIR_KIND_U32, 4}, {WEIR_KIND_U64, 8}};
    unsigned integer = 3;
    switch (column->shape) {
    case ADDRESS: column->kind = draw(random, 2) ? WEIR_KIND_IPV4 : WEIR_KIND_IPV6; break;
    case ADDRESS4: column->kind = WEIR_KIND_IPV4; break;
    case ADDRESS6: column->kind = WEIR_KIND_IPV6; break;
    case MAC: column->kind = WEIR_KIND_MAC, column->width_bytes = 6; return;
    case LABEL: column->kind = WEIR_KIND_OCTETS, column->width_bytes = 3; return;
    case APPLICATION:
    case TEXT:
    case OCTETS:
        column->kind = draw(random, 2) ? WEIR_KIND_OCTETS : WEIR_KIND_VARIABLE;
        column->width_bytes = column->kind == WEIR_KIND_OCTETS ? 8 : sizeof(struct weir_octets);
        return;
    case REAL: column->kind = WEIR_KIND_F64, column->width_bytes = 8; return;
    case SIGNED32: column->kind = WEIR_KIND_I32, column->width_bytes = 4; return;
    case BOOLEAN: column->kind = WEIR_KIND_BOOL, column->width_bytes = 1; return;
    case TIME_US: column->kind = WEIR_KIND_I64, column->width_bytes = 8; return;
    case NUMBER8:
    case PROTOCOL:
    case IP_VERSION: integer = 0; break;
    case NUMBER16:
    case PORT: integer = 1; break;
    case FLAGS: integer = (unsigned)draw(random, 2); break;
    case NUMBER32:
    case RATE:
    case ASN:
    case SECONDS: integer = 2; break;
    case COUNT: integer = draw(random, 2) ? 2 : 3; break;
    default: break;
    }
    if (column->shape == ADDRESS || column->shape == ADDRESS4 || column->shape == ADDRESS6) {
        column->width_bytes = column->kind == WEIR_KIND_IPV4 ? 4 : 16;
    } else {
        column->kind = integers[integer].kind;
        column->width_bytes = integers[integer].width_bytes;
    }
}

static void make_run(struct weir_run *run, uint32_t first_row, uint32_t row_count, uint64_t *random)
{
    static const uint16_t versions[] = {5, 9, 10};
    *run = (struct weir_run){.first_row = first_row, .row_count = row_count, .received_us = draw_us(random),
                             .exporter_port = (uint16_t)draw_number(random, PORT), .domain = (uint32_t)draw(random, 3),
                             .template_id = (uint16_t)(256 + draw(random, 3)), .version = PICK(random, versions),
                             .export_time_s = (uint32_t)(draw_us(random) / 1000000), .export_time_ns = 5000,
                             .sys_uptime_ms = (uint32_t)draw(random, 5)};
    run->exporter.family = draw(random, 2) ? 4 : 6;
    if (run->exporter.family == 6) {
        draw_ipv6(random, run->exporter.octets);
    } else {
        const uint32_t address = draw_ipv4(random);
        for (int i = 0; i < 4; i++)
            run->exporter.octets[i] = (uint8_t)(address >> (24 - 8 * i));
    }
}

static void print_run(FILE *out, const struct weir_run *run)
{
    const uint8_t *o = run->exporter.octets;
    if (out == NULL)
        return;
    fprintf(out, "{\"received\":%" PRId64 ",\"exporter_port\":%u,\"domain\":%u,\"version\":%u,\"template_id\":%u,"
            "\"export_time\":%" PRIu64, run->received_us, run->exporter_port, run->domain, run->version,
            run->template_id,
            (uint64_t)run->export_time_s * 1000000 + 5);
    if (run->version != 10)
        fprintf(out, ",\"sys_uptime_ms\":%u", run->sys_uptime_ms);
    if (run->exporter.family == 4)
        fprintf(out, ",\"exporter_ipv4\":%u", (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3]);
    else
        print_hex(out, "exporter_ipv6", "", o, 16);
}

/* Draws the layout's columns into `columns`; how many. */
static uint32_t draw_layout(struct row_batch *made, struct column columns[ROW_COLUMNS], uint64_t *random)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ROW_FIELDS; i++) {
        if (draw(random, 3) == 0)
            continue;
        struct column column = {.name = FIELDS[i].name, .shape = FIELDS[i].shape};
        draw_kind(&column, random);
        made->fields[count] = (struct weir_field){.name = FIELDS[i].name, .v9_name = "", .type = FIELDS[i].type,
                                                  .kind = column.kind, .width_bytes = column.width_bytes};
        columns[count++] = column;
    }
    made->layout.field_count = count;
    for (int core = 0; core < WEIR_CORE_COUNT; core++) {
        made->core[core] = (struct weir_core_column){.how = WEIR_CORE_ABSENT};
        if (draw(random, 4) == 0)
            continue;
        struct column column = {.name = CORES[core].column, .shape = CORES[core].shape};
        draw_kind(&column, random);
        made->core[core] = (struct weir_core_column){.how = WEIR_CORE_COMPUTED, .column = count, .kind = column.kind,
                                                     .width_bytes = column.width_bytes};
        columns[count++] = column;
    }
    return count;
}

/* Some numbers are the same in all rows. */
static void draw_constants(struct row_batch *made, uint64_t *random)
{
    const int cores[] = {WEIR_CORE_IP_VERSION, WEIR_CORE_SAMPLING_RATE, WEIR_CORE_IN_VRF};
    for (size_t i = 0; i < sizeof cores / sizeof cores[0]; i++) {
        if (made->core[cores[i]].how == WEIR_CORE_ABSENT && draw(random, 2))
            made->core[cores[i]] = (struct weir_core_column){.how = WEIR_CORE_CONSTANT, .kind = WEIR_KIND_U32,
                                                             .width_bytes = 4,
                                                             .value = (uint32_t)draw_number(random,
                                                                                            CORES[cores[i]].shape)};
    }
}

void row_batch_make(struct row_batch *made, uint64_t *random, FILE *out)
{
    struct column columns[ROW_COLUMNS];
    const uint32_t rows = 1 + (uint32_t)draw(random, ROW_ROWS);
    uint32_t run_count = 1 + (uint32_t)draw(random, ROW_RUNS), first_row = 0;
    run_count = run_count > rows ? rows : run_count;
    const uint32_t count = draw_layout(made, columns, random);
    draw_constants(made, random);
    made->layout.fields = made->fields;
    made->layout.core = made->core;
    for (uint32_t i = 0; i < count; i++) {
        columns[i].at = (uint8_t *)made->memory[i];
        columns[i].octets = made->octets[i];
        made->columns[i] = made->memory[i];
    }
    for (uint32_t i = 0; i < run_count; i++) {
        const uint32_t left = rows - first_row, row_count = i + 1 == run_count ? left : left / (run_count - i);
        make_run(&made->runs[i], first_row, row_count, random);
        for (uint32_t row = first_row; row < first_row + row_count; row++) {
            print_run(out, &made->runs[i]);
            for (uint32_t k = 0; k < count; k++)
                make_value(&columns[k], row, random, out);
            for (int core = 0; core < WEIR_CORE_COUNT; core++) {
                if (made->core[core].how == WEIR_CORE_CONSTANT)
                    print_number(out, CORES[core].column, "", made->core[core].value);
            }
            if (out != NULL)
                fputs("}\n", out);
        }
        first_row += row_count;
    }
    made->batch = (struct weir_batch){.layout = &made->layout, .runs = made->runs, .columns = made->columns,
                                      .row_count = rows, .run_count = run_count};
}

void row_columns_print(FILE *out)
{
    fputs("{\"received\":\"TIMESTAMPTZ\",\"exporter_ipv4\":\"UINTEGER\",\"exporter_ipv6\":\"BLOB\","
          "\"exporter_port\":\"USMALLINT\",\"domain\":\"UINTEGER\",\"version\":\"UTINYINT\","
          "\"template_id\":\"USMALLINT\",\"export_time\":\"TIMESTAMPTZ\",\"sys_uptime_ms\":\"UINTEGER\"", out);
    for (int core = 0; core < WEIR_CORE_COUNT; core++) {
        if (CORES[core].shape == ADDRESS)
            fprintf(out, ",\"%s_ipv4\":\"UINTEGER\",\"%s_ipv6\":\"BLOB\"", CORES[core].column, CORES[core].column);
        else
            fprintf(out, ",\"%s\":\"%s\"", CORES[core].column, sql_of(CORES[core].shape));
    }
    for (int i = 0; i < ROW_FIELDS; i++)
        fprintf(out, ",\"%s\":\"%s\"", FIELDS[i].name, sql_of(FIELDS[i].shape));
    fputs("}\n", out);
}
