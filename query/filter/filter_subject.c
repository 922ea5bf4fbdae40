/* SPDX-License-Identifier: MIT */
/*
 * filter_subject.c - the table of subjects
 */
#include "filter_subject.h"

#include <string.h>
#include <strings.h>

enum {
    SRC_DST = FILTER_SIDE_SRC | FILTER_SIDE_DST | FILTER_SIDE_ANY,
    IN_OUT = FILTER_SIDE_IN | FILTER_SIDE_OUT | FILTER_SIDE_ANY,
    ALL_SIDES = SRC_DST | IN_OUT
};

#define PAIR(name_, form_, first_, second_, sides_) \
    {.name = name_, .kind = FILTER_TERM_VALUE, .form = form_, .sources = {first_, second_}, .sides = sides_}
#define PAIR_FIRST(name_, form_, first_, second_, sides_)                                                     \
    {.name = name_, .kind = FILTER_TERM_VALUE, .form = form_, .sources = {first_, second_}, .sides = sides_,  \
     .first = true}
#define ONE(name_, form_, source_) {.name = name_, .kind = FILTER_TERM_VALUE, .form = form_, .sources = {source_}}
#define MADE(name_, kind_, form_, factor_, ...) \
    {.name = name_, .kind = kind_, .form = form_, .factor = factor_, .sources = {__VA_ARGS__}, .fixed = true}
#define ALONE(name_, source_, compare_, value_)                                                               \
    {.name = name_, .kind = FILTER_TERM_VALUE, .form = FILTER_FORM_NUMBER, .sources = {source_},              \
     .compare = compare_, .word_value = value_}
#define ICMP(name_, source_)                                                                                  \
    {.name = name_, .kind = FILTER_TERM_VALUE, .form = FILTER_FORM_NUMBER, .sources = {source_},              \
     .protocols = FILTER_PROTOCOLS_ICMP}
#define LABEL(name_, number_) ONE("mpls " name_, FILTER_FORM_LABEL, "mpls_label_" number_)

/* Where one begins as another does the longer one stands first. */
static const struct filter_subject SUBJECTS[] = {
    PAIR("ip", FILTER_FORM_ADDRESS, "src_address", "dst_address", SRC_DST),
    PAIR("host", FILTER_FORM_ADDRESS, "src_address", "dst_address", SRC_DST),
    PAIR("net", FILTER_FORM_ADDRESS, "src_address", "dst_address", SRC_DST),
    PAIR("port", FILTER_FORM_PORT, "src_port", "dst_port", SRC_DST),
    PAIR("as", FILTER_FORM_AS, "src_as", "dst_as", SRC_DST),
    ONE("prev as", FILTER_FORM_AS, "previous_as"),
    ONE("previous as", FILTER_FORM_AS, "previous_as"),
    ONE("next as", FILTER_FORM_AS, "next_as"),
    PAIR("mask", FILTER_FORM_NUMBER, "src_prefix", "dst_prefix", SRC_DST),
    PAIR("if", FILTER_FORM_NUMBER, "in_interface", "out_interface", ALL_SIDES),
    PAIR("vlan", FILTER_FORM_NUMBER, "vlan", "post_vlan", ALL_SIDES),
    PAIR("vrf", FILTER_FORM_NUMBER, "in_vrf", "out_vrf", ALL_SIDES),
    {.name = "mac", .kind = FILTER_TERM_VALUE, .form = FILTER_FORM_MAC, .sides = ALL_SIDES,
     .sources = {"src_mac", "dst_mac", "post_src_mac", "post_dst_mac"}},
    ALONE("inet", "ip_version", FILTER_EQ, "4"),
    ALONE("ipv4", "ip_version", FILTER_EQ, "4"),
    ALONE("inet6", "ip_version", FILTER_EQ, "6"),
    ALONE("ipv6", "ip_version", FILTER_EQ, "6"),
    ALONE("sampled", "sampling_rate", FILTER_GT, "1"),
    ONE("proto", FILTER_FORM_PROTOCOL, "protocol"),
    ONE("protocol", FILTER_FORM_PROTOCOL, "protocol"),
    {.name = "flags", .kind = FILTER_TERM_VALUE, .form = FILTER_FORM_FLAGS, .sources = {"tcp_flags"},
     .protocols = FILTER_PROTOCOLS_TCP},
    ICMP("icmp-type", "icmp_type"),
    ICMP("icmp type", "icmp_type"),
    ICMP("icmp-code", "icmp_code"),
    ICMP("icmp code", "icmp_code"),
    PAIR_FIRST("tos", FILTER_FORM_NUMBER, "tos", "post_tos", SRC_DST),
    PAIR_FIRST("dscp", FILTER_FORM_DSCP, "tos", "post_tos", SRC_DST),
    PAIR_FIRST("packets", FILTER_FORM_NUMBER, "packets", "reverse_packets", IN_OUT),
    PAIR_FIRST("bytes", FILTER_FORM_NUMBER, "bytes", "reverse_bytes", IN_OUT),
    {.name = "flows", .kind = FILTER_TERM_VALUE, .form = FILTER_FORM_NUMBER, .sources = {"flows"}, .flows = true},
    MADE("duration", FILTER_TERM_DURATION, FILTER_FORM_DURATION, 1, "time_start", "time_end"),
    MADE("pps", FILTER_TERM_RATE, FILTER_FORM_REAL, 1, "packets", "time_start", "time_end"),
    MADE("bps", FILTER_TERM_RATE, FILTER_FORM_REAL, 8, "bytes", "time_start", "time_end"),
    MADE("bpp", FILTER_TERM_RATIO, FILTER_FORM_REAL, 1, "bytes", "packets"),
    ONE("next ip", FILTER_FORM_ADDRESS, "next_hop"),
    ONE("next host", FILTER_FORM_ADDRESS, "next_hop"),
    ONE("next net", FILTER_FORM_ADDRESS, "next_hop"),
    ONE("next hop", FILTER_FORM_ADDRESS, "next_hop"),
    ONE("next", FILTER_FORM_ADDRESS, "next_hop"),
    ONE("bgpnext ip", FILTER_FORM_ADDRESS, "bgp_next_hop"),
    ONE("bgpnext", FILTER_FORM_ADDRESS, "bgp_next_hop"),
    ONE("router ip", FILTER_FORM_ADDRESS, "exporter"),
    ONE("router", FILTER_FORM_ADDRESS, "exporter"),
    ONE("exporter ip", FILTER_FORM_ADDRESS, "exporter"),
    ONE("exporter net", FILTER_FORM_ADDRESS, "exporter"),
    ONE("exporter port", FILTER_FORM_PORT, "exporter_port"),
    ONE("exporter", FILTER_FORM_ADDRESS, "exporter"),
    ONE("observation domain id", FILTER_FORM_NUMBER, "domain"),
    ONE("flowdir", FILTER_FORM_DIRECTION, "direction"),
    {.name = "app", .kind = FILTER_TERM_APPLICATION, .form = FILTER_FORM_APPLICATION, .sources = {"application_id"}},
    ONE("user", FILTER_FORM_TEXT, "user_name"),
    PAIR("xip", FILTER_FORM_ADDRESS, "nat_src_address", "nat_dst_address", SRC_DST),
    PAIR("xnet", FILTER_FORM_ADDRESS, "nat_src_address", "nat_dst_address", SRC_DST),
    PAIR("xport", FILTER_FORM_PORT, "nat_src_port", "nat_dst_port", SRC_DST),
    PAIR("nip", FILTER_FORM_ADDRESS, "nat_src_address", "nat_dst_address", SRC_DST),
    PAIR("nport", FILTER_FORM_PORT, "nat_src_port", "nat_dst_port", SRC_DST),
    ONE("nat event", FILTER_FORM_NAT_EVENT, "nat_event"),
    ONE("asa event", FILTER_FORM_FIREWALL_EVENT, "firewall_event"),
    LABEL("label1", "1"), LABEL("label2", "2"), LABEL("label3", "3"), LABEL("label4", "4"), LABEL("label5", "5"),
    LABEL("label6", "6"), LABEL("label7", "7"), LABEL("label8", "8"), LABEL("label9", "9"), LABEL("label10", "10"),
    LABEL("label", "1"),
};
enum { SUBJECT_COUNT = sizeof SUBJECTS / sizeof SUBJECTS[0] };

static const char *const FOREIGN[] = {
    "geo", "ident", "count", "payload", "tun", "tunip", "sysid", "engine-type", "engine-id", "pblock", "client",
    "server", "xevent", "observation",
};

/* Whether the tokens from `token` on are the words of a name. */
static bool is_at(const struct filter_parser *parser, const char *name)
{
    struct filter_lexer lexer = parser->lexer;
    struct filter_token token = parser->token;
    for (;;) {
        const size_t length = strcspn(name, " ");
        if (token.kind != FILTER_TOKEN_WORD || token.length != length ||
            strncasecmp(parser->text + token.offset, name, length) != 0)
            return false;
        if (name[length] == '\0')
            return true;
        name += length + 1;
        token = filter_lexer_next(&lexer);
    }
}

const struct filter_subject *filter_subject_find(const struct filter_parser *parser, const char *name)
{
    for (size_t i = 0; i < SUBJECT_COUNT; i++) {
        if (name != NULL ? strcmp(SUBJECTS[i].name, name) == 0 : is_at(parser, SUBJECTS[i].name))
            return &SUBJECTS[i];
    }
    return NULL;
}

void filter_subject_skip(struct filter_parser *parser, const struct filter_subject *subject)
{
    filter_parser_next(parser);
    for (const char *c = subject->name; *c != '\0'; c++) {
        if (*c == ' ')
            filter_parser_next(parser);
    }
}

unsigned filter_subject_sources(const struct filter_subject *subject, unsigned sides, bool all,
                                const char *ret_names[FILTER_SIDES])
{
    const bool macs = subject->sources[3] != NULL;
    const unsigned firsts = macs ? FILTER_SIDE_SRC : FILTER_SIDE_SRC | FILTER_SIDE_IN;
    const unsigned seconds = macs ? FILTER_SIDE_DST : FILTER_SIDE_DST | FILTER_SIDE_OUT;
    const bool no_side = (sides & (firsts | seconds)) == 0, any = (sides & FILTER_SIDE_ANY) != 0;
    const bool first = any || no_side || (sides & firsts) != 0;
    const bool second = any || (no_side && !subject->first) || (sides & seconds) != 0;
    /* of MACs: those that came in, and those that went out unless both of one packet are asked for */
    const bool no_way = (sides & (FILTER_SIDE_IN | FILTER_SIDE_OUT)) == 0;
    const bool ins = any || no_way || (sides & FILTER_SIDE_IN) != 0;
    const bool outs = any || (no_way && !all) || (sides & FILTER_SIDE_OUT) != 0;
    unsigned count = 0;
    for (unsigned i = 0; i < FILTER_SIDES && subject->sources[i] != NULL; i++) {
        const bool side = i % 2 == 0 ? first : second, way = !macs || (i < 2 ? ins : outs);
        if (subject->fixed || (side && way))
            ret_names[count++] = subject->sources[i];
    }
    return count;
}

const char *filter_subject_beginning(const char *word, size_t length)
{
    for (size_t i = SUBJECT_COUNT; i > 0; i--) {
        const char *name = SUBJECTS[i - 1].name;
        if (strncasecmp(name, word, length) == 0 && name[length] == ' ')
            return name;
    }
    return NULL;
}

bool filter_subject_foreign(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof FOREIGN / sizeof FOREIGN[0]; i++) {
        if (strlen(FOREIGN[i]) == length && strncasecmp(FOREIGN[i], word, length) == 0)
            return true;
    }
    return false;
}

void filter_subject_names(void (*each)(void *context, const char *name), void *context)
{
    static const char *const words[] = {"and", "or", "not", "src", "dst", "in", "out", "any", "next", "prev", "bgpnext",
                                        "nat", "asa", "mpls", "router", "exporter"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        each(context, words[i]);
    for (size_t i = 0; i < SUBJECT_COUNT; i++) {
        if (strchr(SUBJECTS[i].name, ' ') == NULL)
            each(context, SUBJECTS[i].name);
    }
}
