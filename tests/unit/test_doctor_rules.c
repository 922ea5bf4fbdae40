/* SPDX-License-Identifier: MIT */
/*
 * test_doctor_rules.c - what rules of firewalls do to a port
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doctor_rules.h"

#include <stdio.h>
#include <string.h>

#define NFT(policy, rules)                                                                                             \
    "table inet filter {\n"                                                                                            \
    "\tchain input {\n\t\ttype filter hook input priority filter; policy " policy ";\n" rules "\t}\n"                  \
    "\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\tdrop\n\t}\n}\n"

static const struct {
    const char *text;
    enum doctor_rules rules;
} known[] = {
    {"", DOCTOR_RULES_NONE},
    {NFT("accept", ""), DOCTOR_RULES_NONE},
    {NFT("accept", "\t\tct state invalid drop\n"), DOCTOR_RULES_NONE},
    {NFT("accept", "\t\tip saddr 192.0.2.66 drop\n"), DOCTOR_RULES_NONE},
    {NFT("drop", ""), DOCTOR_RULES_DROP},
    {NFT("drop", "\t\tudp dport 2055 accept\n"), DOCTOR_RULES_ACCEPT},
    {NFT("drop", "\t\tudp dport 2056 accept\n"), DOCTOR_RULES_DROP},
    {NFT("drop", "\t\tudp dport 12055 accept\n"), DOCTOR_RULES_DROP},
    {NFT("drop", "\t\ttcp dport 2055 accept\n"), DOCTOR_RULES_DROP},
    {NFT("drop", "\t\tmeta l4proto { tcp, udp } th dport { 53, 2000-2100 } accept\n"), DOCTOR_RULES_ACCEPT},
    {NFT("drop", "\t\tudp dport { 53, 2056-2100 } accept\n"), DOCTOR_RULES_DROP},
    {NFT("accept", "\t\tudp dport 2055 drop\n"), DOCTOR_RULES_DROP_IT},
    {NFT("accept", "\t\tudp dport 2055 counter packets 0 bytes 0 reject\n"), DOCTOR_RULES_DROP_IT},
    {NFT("accept", "\t\tip saddr 192.0.2.0/24 udp dport 2055 accept\n\t\tudp dport 2055 drop\n"), DOCTOR_RULES_ACCEPT},
    {NFT("accept", "\t\tct state established accept\n\t\treject with icmpx admin-prohibited\n"), DOCTOR_RULES_DROP},
    {"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n", DOCTOR_RULES_NONE},
    {"*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n", DOCTOR_RULES_DROP},
    {"*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m udp --dport 2055 -j ACCEPT\nCOMMIT\n", DOCTOR_RULES_ACCEPT},
    {"*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m multiport --dports 53,2050:2060 -j ACCEPT\nCOMMIT\n",
     DOCTOR_RULES_ACCEPT},
    {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p udp -m udp --dport 2055 -j DROP\nCOMMIT\n", DOCTOR_RULES_DROP_IT},
    {"*filter\n:INPUT ACCEPT [0:0]\n-A FORWARD -j DROP\nCOMMIT\n", DOCTOR_RULES_NONE},
    {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n",
     DOCTOR_RULES_DROP},
    {"dport ", DOCTOR_RULES_NONE},
    {"udp dport {", DOCTOR_RULES_NONE},
    {"udp dport 99999999999999999999999-", DOCTOR_RULES_NONE},
};

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s", known[i].text);
        const enum doctor_rules got = doctor_rules_read(text, 2055);
        if (got != known[i].rules)
            fail_msg("%d, and not %d: %s", (int)got, (int)known[i].rules, known[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
