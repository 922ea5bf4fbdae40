/* SPDX-License-Identifier: MIT */
/* flow_key.c - words for what flows are grouped by and shown with */
#define _GNU_SOURCE
#include "flow_key.h"

#include "filter_source.h"
#include "filter_words.h"
#include "flow_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define START "coalesce(time_start, received)"
#define PORTED "6, 17, 33, 132, 136" /* TCP, UDP, DCCP, SCTP, UDP-Lite */
#define DURATION_US "(epoch_us(time_end) - epoch_us(time_start))"

struct word {
    const char *name;
    const char *column;
    enum flow_key_shape shape;
    const char *other;
};

static const struct word words[] = {
    {"src", "src", FLOW_KEY_ADDRESS, NULL},
    {"dst", "dst", FLOW_KEY_ADDRESS, NULL},
    {"srcip", "src", FLOW_KEY_ADDRESS, NULL}, /* nfdump's */
    {"dstip", "dst", FLOW_KEY_ADDRESS, NULL},
    {"ip", "src", FLOW_KEY_ADDRESS, "dst"},
    {"srcnet", "src", FLOW_KEY_NETWORK, NULL},
    {"dstnet", "dst", FLOW_KEY_NETWORK, NULL},
    {"net", "src", FLOW_KEY_NETWORK, "dst"},
    {"srcport", "src_port", FLOW_KEY_NUMBER, NULL},
    {"dstport", "dst_port", FLOW_KEY_NUMBER, NULL},
    {"port", "src_port", FLOW_KEY_NUMBER, "dst_port"},
    {"proto", "protocol", FLOW_KEY_PROTOCOL, NULL},
    {"flags", "tcp_flags", FLOW_KEY_FLAGS, NULL},
    {"srcas", "src_as", FLOW_KEY_NUMBER, NULL},
    {"dstas", "dst_as", FLOW_KEY_NUMBER, NULL},
    {"as", "src_as", FLOW_KEY_NUMBER, "dst_as"},
    {"in", "in_interface", FLOW_KEY_NUMBER, NULL},
    {"out", "out_interface", FLOW_KEY_NUMBER, NULL},
    {"if", "in_interface", FLOW_KEY_NUMBER, "out_interface"},
    {"exporter", "exporter", FLOW_KEY_ADDRESS, NULL},
    {"router", "exporter", FLOW_KEY_ADDRESS, NULL},
    {"app", "application_id", FLOW_KEY_APPLICATION, NULL},
    {"next", "next_hop", FLOW_KEY_ADDRESS, NULL},
    {"bgpnext", "bgp_next_hop", FLOW_KEY_ADDRESS, NULL},
    {"natsrc", "nat_src", FLOW_KEY_ADDRESS, NULL},
    {"natdst", "nat_dst", FLOW_KEY_ADDRESS, NULL},
    {"srcmac", "src_mac", FLOW_KEY_MAC, NULL},
    {"dstmac", "dst_mac", FLOW_KEY_MAC, NULL},
    {"user", "user_name", FLOW_KEY_NUMBER, NULL},
    {"srcmask", "src_prefix", FLOW_KEY_NUMBER, NULL},
    {"dstmask", "dst_prefix", FLOW_KEY_NUMBER, NULL},
    {"mask", "src_prefix", FLOW_KEY_NUMBER, "dst_prefix"},
    {"vrf", "in_vrf", FLOW_KEY_NUMBER, "out_vrf"},
    {"mac", "src_mac", FLOW_KEY_MAC, "dst_mac"},
    {"icmp-type", "icmp_type", FLOW_KEY_ICMP, NULL},
    {"icmp-code", "icmp_code", FLOW_KEY_ICMP, NULL},
    {"dscp", "tos", FLOW_KEY_DSCP, NULL},
};

/* Only shown; the short ones are nfdump's. */
static const struct word shown_words[] = {
    {"ts", START, FLOW_KEY_COMPUTED, NULL},
    {"te", "coalesce(time_end, received)", FLOW_KEY_COMPUTED, NULL},
    {"tr", "received", FLOW_KEY_NUMBER, NULL},
    {"td", "round(" DURATION_US " / 1e6, 3)", FLOW_KEY_COMPUTED, NULL},
    {"duration", "round(" DURATION_US " / 1e6, 3)", FLOW_KEY_COMPUTED, NULL},
    {"bps", "CASE WHEN " DURATION_US " > 0 THEN round(bytes * 8e6 / " DURATION_US ") ELSE 0 END", FLOW_KEY_COMPUTED,
     NULL},
    {"pps", "CASE WHEN " DURATION_US " > 0 THEN round(packets * 1e6 / " DURATION_US ") ELSE 0 END", FLOW_KEY_COMPUTED,
     NULL},
    {"bpp", "CASE WHEN packets > 0 THEN round(bytes / packets) ELSE 0 END", FLOW_KEY_COMPUTED, NULL},
    {"srcpair", "src", FLOW_KEY_ENDPOINT, NULL},
    {"dstpair", "dst", FLOW_KEY_ENDPOINT, NULL},
    {"srcend", "src", FLOW_KEY_END, NULL},
    {"dstend", "dst", FLOW_KEY_END, NULL},
    {"sap", "src", FLOW_KEY_ENDPOINT, NULL},
    {"dap", "dst", FLOW_KEY_ENDPOINT, NULL},
    {"sa", "src", FLOW_KEY_ADDRESS, NULL},
    {"da", "dst", FLOW_KEY_ADDRESS, NULL},
    {"sp", "src_port", FLOW_KEY_NUMBER, NULL},
    {"dp", "dst_port", FLOW_KEY_NUMBER, NULL},
    {"pr", "protocol", FLOW_KEY_PROTOCOL, NULL},
    {"flg", "tcp_flags", FLOW_KEY_FLAGS, NULL},
    {"pkt", "packets", FLOW_KEY_NUMBER, NULL},
    {"byt", "bytes", FLOW_KEY_NUMBER, NULL},
    {"fl", FLOW_COUNT_SQL, FLOW_KEY_COMPUTED, NULL},
    {"sas", "src_as", FLOW_KEY_NUMBER, NULL},
    {"das", "dst_as", FLOW_KEY_NUMBER, NULL},
    {"ra", "exporter", FLOW_KEY_ADDRESS, NULL},
    {"nh", "next_hop", FLOW_KEY_ADDRESS, NULL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

void flow_key_words(bool to_show, void (*each)(void *context, const char *word), void *context)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        if (!to_show || words[i].other == NULL)
            each(context, words[i].name);
    }
    for (size_t i = 0; to_show && i < COUNT(shown_words); i++)
        each(context, shown_words[i].name);
}

/* ---------------------------------------------------------------------------------------------------------- reading */

/* "/24", "/64" or "/24/56" behind the name of a network: above 32 bits it is IPv6 that is meant. */
static int read_bits(const char *text, struct flow_key *key)
{
    key->bits_ipv4 = 24;
    key->bits_ipv6 = 64;
    for (int i = 0; *text != '\0'; i++) {
        char *end;
        if (*text != '/' || text[1] < '0' || text[1] > '9' || i == 2)
            return -1;
        const unsigned long bits = strtoul(text + 1, &end, 10);
        if (bits > 128 || (i == 1 && key->bits_ipv6 != 64))
            return -1;
        if (i == 0 && bits <= 32)
            key->bits_ipv4 = (uint8_t)bits;
        else
            key->bits_ipv6 = (uint8_t)bits;
        text = end;
    }
    return 0;
}

static const struct word *find_word(const char *name, bool to_show)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        if (strcasecmp(words[i].name, name) == 0 && (!to_show || words[i].other == NULL))
            return &words[i];
    }
    for (size_t i = 0; to_show && i < COUNT(shown_words); i++) {
        if (strcasecmp(shown_words[i].name, name) == 0)
            return &shown_words[i];
    }
    return NULL;
}

static enum flow_key_shape shape_of_type(enum filter_type type)
{
    return type == FILTER_IPV4 ? FLOW_KEY_IPV4 : type == FILTER_IPV6 ? FLOW_KEY_IPV6
           : type == FILTER_MAC ? FLOW_KEY_MAC : FLOW_KEY_NUMBER;
}

static void use_source(const struct filter_source *source, struct flow_key *key)
{
    const bool is_pair = source->column_ipv6 != NULL;
    /* of a pair without the family at its end */
    snprintf(key->column, sizeof key->column, "%.*s", (int)(strlen(source->column) - (is_pair ? strlen("_ipv4") : 0)),
             source->column);
    key->shape = is_pair ? FLOW_KEY_ADDRESS : shape_of_type(source->type);
    for (size_t i = 0; i < COUNT(words) && source->always; i++) { /* shown in a manner of their own */
        if (words[i].other == NULL && words[i].shape < FLOW_KEY_DSCP && words[i].shape != FLOW_KEY_NETWORK && strcmp(words[i].column, key->column) == 0)
            key->shape = words[i].shape;
    }
    key->is_made = !source->always;
    key->type = source->type;
}

/* Any column, or element, by its name. */
static bool find_column(const char *name, const struct flow_columns *columns, struct flow_key *key)
{
    const struct filter_options options = flow_columns_filter_options(columns);
    const struct filter_source *core = filter_source_core(name, strlen(name));
    struct filter_source found = {0};
    if (core == NULL && !filter_source_find(name, strlen(name), &options, &found))
        return false;
    use_source(core != NULL ? core : &found, key);
    free(found.owned);
    return true;
}

static int unknown(const char *name, bool to_show, struct query_error *error)
{
    struct filter_nearest nearest;
    filter_nearest_init(&nearest, name, strlen(name));
    flow_key_words(to_show, filter_nearest_offer, &nearest);
    filter_source_names(filter_nearest_offer, &nearest);
    snprintf(error->text, sizeof error->text, "'%s' is no key, column or element%s%s%s", name,
             nearest.best != NULL ? "; did you mean '" : "", nearest.best != NULL ? nearest.best : "",
             nearest.best != NULL ? "'?" : "");
    return -1;
}

int flow_key_parse(const char *word, size_t length, bool to_show, const struct flow_columns *columns,
                   struct flow_key *ret_key, struct query_error *error)
{
    struct flow_key key = {.name = ""};
    char bits[FILTER_NAME_MAX + 1] = "", name[FILTER_NAME_MAX + 1];
    if (length == 0 || length > FILTER_NAME_MAX) {
        snprintf(error->text, sizeof error->text, length == 0 ? "a key is missing" : "a key is too long");
        return -1;
    }
    snprintf(key.name, sizeof key.name, "%.*s", (int)length, word);
    memcpy(name, key.name, sizeof name);
    char *slash = strchr(name, '/');
    if (slash != NULL) {
        snprintf(bits, sizeof bits, "%s", slash);
        *slash = '\0';
    }
    const struct word *found = find_word(name, to_show);
    if (found != NULL) {
        snprintf(key.column, sizeof key.column, "%s", found->column);
        snprintf(key.other, sizeof key.other, "%s", found->other != NULL ? found->other : "");
        key.shape = found->shape;
        if (key.shape == FLOW_KEY_ADDRESS && slash != NULL)
            key.shape = FLOW_KEY_NETWORK;
    } else if (!find_column(name, columns, &key)) {
        return unknown(name, to_show, error);
    }
    if (key.shape != FLOW_KEY_NETWORK ? slash != NULL : read_bits(bits, &key) != 0) {
        snprintf(error->text, sizeof error->text,
                 "'%s' has no such network; one is srcnet/24, dstnet/48 or, of IPv4 and IPv6, net/16/48", key.name);
        return -1;
    }
    *ret_key = key;
    return 0;
}

/* Whether it is a key before it as well, by whatever word. */
static int check_once(const struct flow_key *keys, size_t count, struct query_error *error)
{
    const struct flow_key *key = &keys[count];
    for (size_t i = 0; i < count; i++) {
        if (keys[i].shape == key->shape && strcmp(keys[i].column, key->column) == 0 &&
            strcmp(keys[i].other, key->other) == 0 && keys[i].bits_ipv4 == key->bits_ipv4 &&
            keys[i].bits_ipv6 == key->bits_ipv6) {
            snprintf(error->text, sizeof error->text, "'%s' and '%s' are the same key", keys[i].name, key->name);
            return -1;
        }
    }
    return 0;
}

int flow_keys_parse(const char *text, const struct flow_columns *columns, struct flow_key keys[FLOW_KEYS_MAX],
                    size_t *ret_count, struct query_error *error)
{
    size_t count = 0, either = 0;
    for (;;) {
        text += strspn(text, " ");
        const size_t to_comma = strcspn(text, ",");
        size_t length = to_comma;
        while (length > 0 && text[length - 1] == ' ')
            length--;
        if (count == FLOW_KEYS_MAX) {
            snprintf(error->text, sizeof error->text, "there are more than %u keys", FLOW_KEYS_MAX);
            return -1;
        }
        if (flow_key_parse(text, length, false, columns, &keys[count], error) != 0 ||
            check_once(keys, count, error) != 0)
            return -1;
        either += keys[count].other[0] != '\0';
        count++;
        if (text[to_comma] == '\0')
            break;
        text += to_comma + 1;
    }
    if (either > 1) {
        snprintf(error->text, sizeof error->text,
                 "of ip, net, port, as, if, mask, vrf and mac, which mean either end, one can be a key");
        return -1;
    }
    *ret_count = count;
    return 0;
}

/* -------------------------------------------------------------------------------------------------------------- SQL */

int flow_put_name(struct text_buffer *sql, const char *name)
{
    int result = text_put_char(sql, '"');
    for (; *name != '\0' && result == 0; name++)
        result = text_put_octets(sql, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1);
    return result == 0 ? text_put_char(sql, '"') : -1;
}

unsigned flow_key_parts(const struct flow_key *key)
{
    if (key->shape == FLOW_KEY_ENDPOINT || key->shape == FLOW_KEY_END)
        return 3;
    return key->shape == FLOW_KEY_ADDRESS || key->shape == FLOW_KEY_NETWORK ? 2 : 1;
}

static int put_address_part(struct text_buffer *sql, const char *column, unsigned part, bool mapped)
{
    if (!mapped)
        return text_print(sql, "\"%s_ipv%d\"", column, part == 0 ? 4 : 6);
    if (part == 0)
        return text_print(sql, "coalesce(\"%s_ipv4\", CASE WHEN \"%s_ipv6\"" FLOW_KEY_MAPPED_RANGE
                               " THEN ipv4(addr(\"%s_ipv6\")) END)", column, column, column);
    return text_print(sql, "CASE WHEN NOT \"%s_ipv6\"" FLOW_KEY_MAPPED_RANGE " THEN \"%s_ipv6\" END", column, column);
}

/* ":443"; "8.0" of an ICMP message stands with who got it. */
static int put_end_part(struct text_buffer *sql, const char *column)
{
    const bool is_to = strcmp(column, "dst") == 0;
    return text_print(sql, "CASE WHEN protocol IN (" PORTED ") OR protocol IS NULL THEN ':' || \"%s_port\"%s END",
                      column, is_to ? " WHEN protocol IN (1, 58) THEN ':' || icmp_type || '.' || icmp_code" : "");
}

int flow_key_put_part(struct text_buffer *sql, const struct flow_key *key, unsigned part, bool other, bool mapped)
{
    const char *column = other ? key->other : key->column;
    switch (key->shape) {
    case FLOW_KEY_ADDRESS:
        return put_address_part(sql, column, part, mapped);
    case FLOW_KEY_ENDPOINT:
        return part < 2 ? put_address_part(sql, column, part, mapped) : text_print(sql, "':' || \"%s_port\"", column);
    case FLOW_KEY_END:
        return part < 2 ? put_address_part(sql, column, part, mapped) : put_end_part(sql, column);
    case FLOW_KEY_NETWORK:
        if (text_put(sql, part == 0 ? "(" : "network(") != 0 || put_address_part(sql, column, part, mapped) != 0)
            return -1;
        if (part == 1)
            return text_print(sql, ", %u::UTINYINT)", key->bits_ipv6);
        return text_print(sql, " & %lu::UINTEGER)",
                          (unsigned long)(key->bits_ipv4 == 0 ? 0 : UINT32_MAX << (32 - key->bits_ipv4) & UINT32_MAX));
    case FLOW_KEY_COMPUTED:
        return text_put(sql, column);
    case FLOW_KEY_DSCP:
        return text_print(sql, "(%s >> 2)", column);
    case FLOW_KEY_ICMP:
        return text_print(sql, "CASE WHEN protocol IN (1, 58) THEN %s END", column);
    default:
        return flow_put_name(sql, column);
    }
}

/* An address of IPv6 is between brackets where `enclosed` is not null. */
static int put_end_text(struct text_buffer *sql, const char *const parts[3], const char *enclosed)
{
    return text_print(sql, "CASE WHEN %s IS NULL AND contains(addr(%s), ':') AND (%s) IS NOT NULL THEN '[' || addr(%s) "
                           "|| ']' ELSE addr(%s, %s) END || coalesce(%s, '')",
                      parts[0], parts[1], enclosed, parts[1], parts[0], parts[1], parts[2]);
}

int flow_key_put_text(struct text_buffer *sql, const struct flow_key *key, const char *const parts[3])
{
    switch (key->shape) {
    case FLOW_KEY_ADDRESS:
        return text_print(sql, "addr(%s, %s)", parts[0], parts[1]);
    case FLOW_KEY_NETWORK:
        return text_print(sql, "addr(%s, %s) || CASE WHEN %s IS NOT NULL THEN '/%u' ELSE '/%u' END", parts[0], parts[1],
                          parts[0], key->bits_ipv4, key->bits_ipv6);
    case FLOW_KEY_ENDPOINT:
    case FLOW_KEY_END:
        return put_end_text(sql, parts, key->shape == FLOW_KEY_ENDPOINT ? "true" : parts[2]);
    case FLOW_KEY_IPV4:
    case FLOW_KEY_IPV6:
        return text_print(sql, "addr(%s)", parts[0]);
    case FLOW_KEY_MAC:
        return text_print(sql, "mac(%s)", parts[0]);
    case FLOW_KEY_PROTOCOL:
        return text_print(sql, "proto_name(%s)", parts[0]);
    case FLOW_KEY_FLAGS:
        return text_print(sql, "tcp_flags(%s)", parts[0]);
    case FLOW_KEY_APPLICATION: /* RFC 6759: an octet of engine, then the number of the application */
        return text_print(sql, "CASE WHEN octet_length(%s) BETWEEN 2 AND 8 THEN CAST('0x' || hex(%s)[1:2] AS UBIGINT)"
                               " || ':' || CAST('0x' || hex(%s)[3:] AS UBIGINT) ELSE '0x' || lower(hex(%s)) END",
                          parts[0], parts[0], parts[0], parts[0]);
    default:
        return text_put(sql, parts[0]);
    }
}
