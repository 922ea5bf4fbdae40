/* SPDX-License-Identifier: MIT */
/*
 * doctor_firewall.c - weir doctor: whether a firewall of this machine lets datagrams in
 *
 * The programs that show the rules are asked; nothing is changed. Only root may see them.
 */
#define _GNU_SOURCE
#include "doctor_findings.h"
#include "doctor_rules.h"

#include <stdlib.h>
#include <string.h>

enum { RULES_BYTES_MAX = 4 << 20 };

/* What a command writes, to be freed; NULL when it fails or is not there. */
static char *output_of(const char *command)
{
    FILE *pipe = popen(command, "re");
    char *text = malloc(RULES_BYTES_MAX + 1);
    size_t length = 0;
    if (pipe == NULL || text == NULL) {
        if (pipe != NULL)
            pclose(pipe);
        free(text);
        return NULL;
    }
    for (size_t got; length < RULES_BYTES_MAX && (got = fread(text + length, 1, RULES_BYTES_MAX - length, pipe)) > 0;)
        length += got;
    text[length] = '\0';
    if (pclose(pipe) == 0)
        return text;
    free(text);
    return NULL;
}

/* What shows rules. */
static const struct {
    const char *program, *command;
} shows[] = {{"nft", "nft list ruleset"}, {"iptables-save", "iptables-save"}};
enum { SHOWS = sizeof shows / sizeof *shows };

#define WHERE_THEY_ARE "PATH=$PATH:/usr/sbin:/sbin "

static char *rules_of(size_t i)
{
    char command[128];
    snprintf(command, sizeof command, WHERE_THEY_ARE "%s 2>/dev/null", shows[i].command);
    return output_of(command);
}

/* The first that is installed, or NULL. */
static const char *installed(void)
{
    for (size_t i = 0; i < SHOWS; i++) {
        char command[128];
        snprintf(command, sizeof command, WHERE_THEY_ARE "command -v %s", shows[i].program);
        char *path = output_of(command);
        free(path);
        if (path != NULL)
            return shows[i].command;
    }
    return NULL;
}

static void tell(enum doctor_rules rules, const char *command, uint16_t port, struct doctor_findings *findings)
{
    static const char check[] = "firewall";
    switch (rules) {
    case DOCTOR_RULES_NONE:
        doctor_add(findings, check, DOCTOR_OK, "no firewall of this machine drops what comes in on port %u", port);
        break;
    case DOCTOR_RULES_ACCEPT:
        doctor_add(findings, check, DOCTOR_OK, "the firewall has a rule that lets in port %u", port);
        break;
    case DOCTOR_RULES_DROP:
        doctor_add(findings, check, DOCTOR_WARN, "the firewall drops what no rule lets in, and none names port %u",
                   port);
        doctor_advise(findings, "Let the exporters in, as with: nft add rule inet filter input udp dport %u accept; "
                      "or with "
                                "firewall-cmd --add-port=%u/udp, or ufw allow %u/udp.",
                      port, port, port);
        break;
    case DOCTOR_RULES_DROP_IT:
        doctor_add(findings, check, DOCTOR_BAD, "a rule of the firewall drops what comes in on port %u", port);
        doctor_advise(findings, "Look at '%s', and remove that rule.", command);
    }
}

/* A table that is not there shows in none of these files. */
static bool has_tables(const char *proc)
{
    static const char *const names[] = {"net/ip_tables_names", "net/ip6_tables_names"};
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", proc, names[i]);
        FILE *file = fopen(path, "re");
        found |= file != NULL && fgetc(file) != EOF;
        if (file != NULL)
            fclose(file);
    }
    return found;
}

static void tell_unknown(const struct doctor_settings *settings, uint16_t port, struct doctor_findings *findings)
{
    const char *command = installed();
    doctor_add(findings, "firewall", DOCTOR_WARN, "%s",
               has_tables(settings->proc) ? "there are rules of a firewall, which cannot be seen from here"
                                          : "whether there is a firewall cannot be seen from here");
    if (command != NULL)
        doctor_advise(findings, "Look, as root, at '%s' for what becomes of UDP on port %u.", command, port);
    else
        doctor_advise(findings, "Neither nft nor iptables-save is installed here: with one of them, root can see what "
                      "becomes of UDP on port %u.", port);
}

void doctor_check_firewall(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    for (size_t i = 0; i < settings->port_count; i++) {
        enum doctor_rules worst = DOCTOR_RULES_NONE;
        const char *known = NULL; /* what shows the worst */
        for (size_t k = 0; k < SHOWS; k++) {
            char *text = rules_of(k);
            if (text == NULL)
                continue;
            const enum doctor_rules rules = doctor_rules_read(text, settings->ports[i]);
            if (known == NULL || rules > worst)
                known = shows[k].command;
            worst = rules > worst ? rules : worst;
            free(text);
        }
        if (known == NULL) {
            tell_unknown(settings, settings->ports[i], findings);
            return;
        }
        tell(worst, known, settings->ports[i], findings);
    }
}
