/* SPDX-License-Identifier: MIT */
/*
 * filter_words.c - the lists of names, and the distance between words
 */
#include "filter_words.h"

#include <string.h>
#include <strings.h>

struct name {
    const char *name;
    uint16_t number;
};

/* IANA's protocol numbers, and the names that people use for them. */
static const struct name PROTOCOLS[] = {
    {"hopopt", 0}, {"icmp", 1}, {"igmp", 2}, {"ggp", 3}, {"ip-in-ip", 4}, {"ipencap", 4}, {"ipinip", 4}, {"ipip", 4},
    {"st", 5}, {"tcp", 6}, {"egp", 8}, {"igp", 9}, {"igrp", 9}, {"bbn-rcc", 10}, {"nvp-ii", 11}, {"pup", 12},
    {"argus", 13}, {"emcon", 14}, {"chaos", 16}, {"udp", 17}, {"mux", 18}, {"hmp", 20}, {"prm", 21}, {"xns-idp", 22},
    {"leaf-1", 25}, {"leaf-2", 26}, {"rdp", 27}, {"irtp", 28}, {"iso-tp4", 29}, {"dccp", 33}, {"xtp", 36},
    {"ddp", 37}, {"idpr-cmtp", 38}, {"ipv6", 41}, {"ipv6-route", 43}, {"ipv6-frag", 44}, {"idrp", 45}, {"rsvp", 46},
    {"gre", 47}, {"bna", 49}, {"esp", 50}, {"ah", 51}, {"swipe", 53}, {"narp", 54}, {"mobile", 55}, {"skip", 57},
    {"icmp6", 58}, {"icmpv6", 58}, {"ipv6-icmp", 58}, {"ipv6-nonxt", 59}, {"ipv6-opts", 60}, {"cftp", 62},
    {"sat-expak", 64}, {"visa", 70}, {"rspf", 73}, {"sun-nd", 77}, {"vmtp", 81}, {"vines", 83}, {"nsfnet-igp", 85},
    {"dgp", 86}, {"tcf", 87}, {"eigrp", 88}, {"ospf", 89}, {"ospfigp", 89}, {"ax25", 93}, {"etherip", 97},
    {"encap", 98}, {"gmtp", 100}, {"ifmp", 101}, {"pnni", 102}, {"pim", 103}, {"aris", 104}, {"scps", 105},
    {"qnx", 106}, {"ipcomp", 108}, {"ipx-in-ip", 111}, {"carp", 112}, {"vrrp", 112}, {"l2tp", 115}, {"smp", 121},
    {"sm", 122}, {"ptp", 123}, {"isis", 124}, {"fire", 125}, {"crtp", 126}, {"crudp", 127}, {"sps", 130},
    {"pipe", 131}, {"sctp", 132}, {"fc", 133}, {"mobility-header", 135}, {"udplite", 136}, {"mpls-in-ip", 137},
    {"manet", 138}, {"hip", 139}, {"shim6", 140}, {"wesp", 141}, {"rohc", 142}, {"ethernet", 143},
};

/* The best known ones; the same on every machine, whatever its services(5) says. */
static const struct name SERVICES[] = {
    {"ftp-data", 20}, {"ftp", 21}, {"ssh", 22}, {"telnet", 23}, {"smtp", 25}, {"dns", 53}, {"domain", 53}, {"dhcp", 67},
    {"bootps", 67}, {"bootpc", 68}, {"tftp", 69}, {"http", 80}, {"www", 80}, {"kerberos", 88}, {"pop3", 110},
    {"sunrpc", 111}, {"ntp", 123}, {"netbios-ns", 137}, {"netbios-dgm", 138}, {"netbios-ssn", 139}, {"imap", 143},
    {"snmp", 161}, {"snmptrap", 162}, {"bgp", 179}, {"ldap", 389}, {"https", 443}, {"smb", 445}, {"smtps", 465},
    {"isakmp", 500}, {"syslog", 514}, {"dhcpv6", 547}, {"submission", 587}, {"ldaps", 636}, {"dot", 853}, {"rsync",
                                                                                                           873},
    {"imaps", 993}, {"pop3s", 995}, {"openvpn", 1194}, {"radius", 1812}, {"netflow", 2055}, {"nfs", 2049},
    {"mysql", 3306}, {"rdp", 3389}, {"stun", 3478}, {"ipsec-nat-t", 4500}, {"ipfix", 4739}, {"sip", 5060}, {"sips",
                                                                                                            5061},
    {"mdns", 5353}, {"postgresql", 5432}, {"vnc", 5900}, {"sflow", 6343}, {"http-alt", 8080}, {"wireguard", 51820},
};

/* Differentiated services, RFC 2474, 2597, 3246, 5865, 8622. */
static const struct name DSCP[] = {
    {"be", 0}, {"df", 0}, {"le", 1}, {"cs0", 0}, {"cs1", 8}, {"cs2", 16}, {"cs3", 24}, {"cs4", 32}, {"cs5", 40},
    {"cs6", 48}, {"cs7", 56}, {"af11", 10}, {"af12", 12}, {"af13", 14}, {"af21", 18}, {"af22", 20}, {"af23", 22},
    {"af31", 26}, {"af32", 28}, {"af33", 30}, {"af41", 34}, {"af42", 36}, {"af43", 38}, {"va", 44}, {"ef", 46},
};

static const struct name DIRECTIONS[] = {{"ingress", 0}, {"in", 0}, {"egress", 1}, {"out", 1}};

/* IANA's natEvent, RFC 8158: sessions and bindings of every kind. */
static const struct name NAT_EVENTS[] = {
    {"add", 1}, {"add", 4}, {"add", 6}, {"add", 8}, {"add", 10}, {"create", 1}, {"create", 4}, {"create", 6},
    {"create", 8}, {"create", 10}, {"delete", 2}, {"delete", 5}, {"delete", 7}, {"delete", 9}, {"delete", 11},
    {"exhausted", 3}, {"exhausted", 12}, {"quota", 13},
};

static const struct name FIREWALL_EVENTS[] = {
    {"ignore", 0}, {"create", 1}, {"created", 1}, {"delete", 2}, {"deleted", 2}, {"term", 2}, {"deny", 3}, {"denied",
                                                                                                            3},
    {"alert", 4}, {"update", 5},
};

#define LIST(names) {names, sizeof names / sizeof names[0]}
static const struct {
    const struct name *names;
    size_t count;
} LISTS[FILTER_NAMES_COUNT] = {
    LIST(PROTOCOLS), LIST(SERVICES), LIST(DSCP), LIST(DIRECTIONS), LIST(NAT_EVENTS), LIST(FIREWALL_EVENTS),
};

int filter_name_number(enum filter_names names, const char *word, size_t length, size_t *position)
{
    for (size_t i = *position; i < LISTS[names].count; i++) {
        const struct name *name = &LISTS[names].names[i];
        if (strncasecmp(name->name, word, length) == 0 && name->name[length] == '\0') {
            *position = i + 1;
            return name->number;
        }
    }
    return -1;
}

void filter_name_each(enum filter_names names, void (*each)(void *context, const char *name), void *context)
{
    for (size_t i = 0; i < LISTS[names].count; i++)
        each(context, LISTS[names].names[i].name);
}

int filter_flags_mask(const char *word, size_t length)
{
    static const char letters[] = "FSRPAUEC"; /* from bit 0 up, RFC 9293 section 3.1, RFC 3168 section 6.1 */
    int mask = 0;
    for (size_t i = 0; i < length; i++) {
        const char letter = word[i] >= 'a' && word[i] <= 'z' ? (char)(word[i] - 'a' + 'A') : word[i];
        const char *found = memchr(letters, letter, sizeof letters - 1);
        if (found != NULL)
            mask |= 1 << (found - letters);
        else if (letter == 'W')
            mask |= 0x80;
        else if (letter == 'X')
            mask |= 0x3f;
        else
            return -1;
    }
    return length > 0 ? mask : -1;
}

/* ------------------------------------------------------------------------------------------------------ nearness */

enum { WORD_MAX = 48, SHORT_MAX = 3 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* How many letters must be added, removed, changed or swapped with their neighbour to come from one to the other:
 * three rows of the table of distances between their beginnings. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3], *above_two = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned best = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]) &&
                above_two[j - 2] + 1 < best)
                best = above_two[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_length % 3][b_length];
}

void filter_nearest_init(struct filter_nearest *nearest, const char *word, size_t length)
{
    /* one letter wrong in three is still a mistyped word; more is another word */
    const unsigned most = length < 3 ? 1 : length < 12 ? (unsigned)length / 3 : 3;
    *nearest = (struct filter_nearest){.word = word, .length = length, .best_distance = most + 1};
}

void filter_nearest_offer(void *context, const char *candidate)
{
    struct filter_nearest *nearest = context;
    const size_t length = strlen(candidate);
    if (length > WORD_MAX || nearest->length > WORD_MAX)
        return;
    const size_t apart = length > nearest->length ? length - nearest->length : nearest->length - length;
    if (apart > nearest->best_distance || nearest->length < 2)
        return;
    const unsigned far = distance(nearest->word, nearest->length, candidate, length);
    size_t same = 0; /* of several as near the one that begins alike: people seldom mistype a word's beginning */
    while (same < length && same < nearest->length && lower(nearest->word[same]) == lower(candidate[same]))
        same++;
    const bool is_as_near = far == nearest->best_distance && nearest->best != NULL && same > nearest->same;
    if (far > nearest->best_distance || (far == nearest->best_distance && !is_as_near) ||
        (nearest->length <= SHORT_MAX && same == 0)) /* of few letters the first one tells another word */
        return;
    nearest->best_distance = far;
    nearest->same = same;
    nearest->best = candidate;
}
