/* SPDX-License-Identifier: MIT */
/*
 * doctor_rules.h - what the rules of a firewall do to a UDP port, as far as their text tells
 */
#ifndef WEIR_CLI_DOCTOR_RULES_H
#define WEIR_CLI_DOCTOR_RULES_H

#include <stdint.h>

enum doctor_rules {
    DOCTOR_RULES_NONE,    /* nothing is dropped on the way in */
    DOCTOR_RULES_ACCEPT,  /* things are dropped, and a rule lets the port in */
    DOCTOR_RULES_DROP,    /* things are dropped, and no rule names the port */
    DOCTOR_RULES_DROP_IT, /* a rule drops the port */
};

/* Of "nft list ruleset" or "iptables-save". The text is changed while it is read. */
enum doctor_rules doctor_rules_read(char *text, uint16_t port);

#endif
