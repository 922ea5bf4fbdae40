/* SPDX-License-Identifier: MIT */
/*
 * doctor_rules.c - rules of a firewall, read line by line
 *
 *     nft         type filter hook input priority filter; policy drop;
 *                 udp dport { 2055, 9995-9999 } accept
 *     iptables    :INPUT DROP [0:0]
 *                 -A INPUT -p udp -m multiport --dports 2055,9995:9999 -j ACCEPT
 *
 * It is no model of a firewall: order, sets, other conditions and jumps are not followed. It finds the usual cause, a
 * chain that drops what no rule names.
 */
#define _GNU_SOURCE
#include "doctor_rules.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Whether the numbers behind the word for ports have this one among them: up to the first word that is no list. */
static bool lists_port(const char *at, uint16_t port)
{
    for (;;) {
        at += strspn(at, " ,{}");
        if (!isdigit((unsigned char)*at))
            return false;
        char *end;
        const unsigned long first = strtoul(at, &end, 10);
        unsigned long last = first;
        if ((*end == '-' || *end == ':') && isdigit((unsigned char)end[1]))
            last = strtoul(end + 1, &end, 10);
        if (port >= first && port <= last)
            return true;
        at = end;
    }
}

static bool names_port(const char *line, uint16_t port)
{
    static const char *const words[] = {"dport ", "dports "};
    if (strstr(line, "tcp ") != NULL && strstr(line, "udp") == NULL)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *at = strstr(line, words[i]);
        if (at != NULL && lists_port(at + strlen(words[i]), port))
            return true;
    }
    return false;
}

static bool has_word(const char *line, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = line; (at = strstr(at, word)) != NULL; at += length) {
        if ((at == line || strchr(" \t", at[-1]) != NULL) && strchr(" \t;\n", at[length]) != NULL)
            return true;
    }
    return false;
}

static bool is_accept(const char *line)
{
    return has_word(line, "accept") || strstr(line, "-j ACCEPT") != NULL;
}

static bool is_drop(const char *line)
{
    return has_word(line, "drop") || has_word(line, "reject") || strstr(line, "-j DROP") != NULL ||
        strstr(line, "-j REJECT") != NULL;
}

enum doctor_rules doctor_rules_read(char *text, uint16_t port)
{
    bool is_input = false, drops = false, accepts = false;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        if (strstr(line, "hook ") != NULL)
            is_input = strstr(line, "hook input") != NULL;
        if (strncmp(line, ":INPUT DROP", 11) == 0 || (strstr(line, "hook input") != NULL &&
                                                      strstr(line, "policy drop") != NULL))
            drops = true;
        if (strncmp(line, "-A ", 3) == 0)
            is_input = strncmp(line, "-A INPUT ", 9) == 0;
        if (strstr(line, "hook ") != NULL)
            continue;
        if (names_port(line, port)) {
            if (is_drop(line) && !accepts)
                return DOCTOR_RULES_DROP_IT;
            accepts |= is_accept(line); /* also in chains that are jumped to */
        }
        /* a rule at the end that drops all that came so far */
        if (is_input && is_drop(line) && strstr(line, "dport") == NULL && strstr(line, "invalid") == NULL &&
            strstr(line, "INVALID") == NULL && strstr(line, "saddr") == NULL && strstr(line, " -s ") == NULL)
            drops = true;
    }
    return accepts ? DOCTOR_RULES_ACCEPT : drops ? DOCTOR_RULES_DROP : DOCTOR_RULES_NONE;
}
