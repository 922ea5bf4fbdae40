/* SPDX-License-Identifier: MIT */
/*
 * test_filter_parse.c - what filters mean, what is said of those that are none, bounds, guard pages
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "filter.h"
#include "guarded.h"

static struct filter *parse(const char *text)
{
    struct filter_error error;
    struct filter *filter = filter_parse(text, strlen(text), NULL, &error);
    if (filter == NULL)
        print_error("%s: %s\n", text, error.message);
    assert_non_null(filter);
    return filter;
}

/* What a text means is what it is explained by. */
static const struct {
    const char *text;
    const char *meaning;
} MEANINGS[] = {
    {"", "all records\n"},
    {"  # nothing\n", "all records\n"},
    {"any", "all records\n"},
    /* subjects and sides */
    {"src ip 10.0.0.1", "src_address = 10.0.0.1\n"},
    {"dst host 2001:db8::1", "dst_address = 2001:db8::1\n"},
    {"ip 10.0.0.1", "src_address or dst_address = 10.0.0.1\n"},
    {"any ip 10.0.0.1", "src_address or dst_address = 10.0.0.1\n"},
    {"src or dst ip 10.0.0.1", "src_address or dst_address = 10.0.0.1\n"},
    {"src and dst ip 10.0.0.1", "src_address and dst_address = 10.0.0.1\n"},
    {"SRC IP 10.0.0.1", "src_address = 10.0.0.1\n"},
    {"src 10.0.0.1", "src_address = 10.0.0.1\n"},
    {"dst 10/8", "dst_address = 10.0.0.0-10.255.255.255\n"},
    {"net 10.1.2.3/8", "src_address or dst_address = 10.0.0.0-10.255.255.255\n"},
    {"src net 10.0/16", "src_address = 10.0.0.0-10.0.255.255\n"},
    {"src net 172.16.0.0 255.240.0.0", "src_address = 172.16.0.0-172.31.255.255\n"},
    {"src net 172.16.0.0/255.240.0.0", "src_address = 172.16.0.0-172.31.255.255\n"},
    {"src net 0.0.0.0/0", "src_address = 0.0.0.0-255.255.255.255\n"},
    {"src net 2001:db8::/33", "src_address = 2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff\n"},
    {"src ip ::ffff:10.0.0.1", "src_address = 10.0.0.1\n"},
    {"src net ::ffff:10.0.0.0/104", "src_address = 10.0.0.0-10.255.255.255\n"},
    {"src net ::/0", "src_address = ::-::fffe:ffff:ffff, ::1:0:0:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n"},
    {"src ip 10.0.0.1-10.0.0.9", "src_address = 10.0.0.1-10.0.0.9\n"},
    {"ip in [10.0.0.1, 10.0.1.0/24 2001:db8::1]",
     "src_address or dst_address = 10.0.0.1, 10.0.1.0-10.0.1.255, 2001:db8::1\n"},
    {"dst ip [10.0.0.1]", "dst_address = 10.0.0.1\n"},
    {"port 80", "src_port or dst_port = 80\n"},
    {"src port > 1023", "src_port > 1023\n"},
    {"dst port in [80 443,8000-8100]", "dst_port = 80, 443, 8000-8100\n"},
    {"dst port = ssh", "dst_port = 22\n"},
    {"port != 80", "src_port or dst_port != 80\n"},
    {"port not in [80 443]", "src_port or dst_port != 80, 443\n"},
    {"port ne 80", "src_port or dst_port != 80\n"},
    {"port <> 80", "src_port or dst_port != 80\n"},
    {"port == 80", "src_port or dst_port = 80\n"},
    {"port EQ 80", "src_port or dst_port = 80\n"},
    {"port lt 80", "src_port or dst_port < 80\n"},
    {"port<=80", "src_port or dst_port <= 80\n"},
    {"port ge 80", "src_port or dst_port >= 80\n"},
    {"as 64512", "src_as or dst_as = 64512\n"},
    {"src as AS64512", "src_as = 64512\n"},
    {"dst as 1.10", "dst_as = 65546\n"},
    {"prev as 5", "previous_as = 5\n"},
    {"next as 5", "next_as = 5\n"},
    {"mask 24", "src_prefix or dst_prefix = 24\n"},
    {"if 3", "in_interface or out_interface = 3\n"},
    {"in if 3", "in_interface = 3\n"},
    {"out if 3", "out_interface = 3\n"},
    {"vlan 7", "vlan or post_vlan = 7\n"},
    {"src vlan 7", "vlan = 7\n"},
    {"ingress vrf 7", "in_vrf = 7\n"},
    {"egress vrf 7", "out_vrf = 7\n"},
    {"mac 00:1b:54:AA:0c:01", "src_mac or dst_mac or post_src_mac or post_dst_mac = 00:1b:54:aa:0c:01\n"},
    {"src mac 001b.54aa.0c01", "src_mac or post_src_mac = 00:1b:54:aa:0c:01\n"},
    {"in mac 00-1b-54-aa-0c-01", "src_mac or dst_mac = 00:1b:54:aa:0c:01\n"},
    {"out dst mac 00:1b:54:aa:0c:01", "post_dst_mac = 00:1b:54:aa:0c:01\n"},
    {"src and dst mac 00:1b:54:aa:0c:01", "src_mac and dst_mac = 00:1b:54:aa:0c:01\n"},
    {"inet", "ip_version = 4\n"},
    {"ipv4", "ip_version = 4\n"},
    {"inet6", "ip_version = 6\n"},
    {"ipv6", "ip_version = 6\n"},
    {"sampled", "sampling_rate > 1\n"},
    {"proto tcp", "protocol = 6\n"},
    {"proto 17", "protocol = 17\n"},
    {"proto in [icmp icmp6 47]", "protocol = 1, 58, 47\n"},
    {"flags \"S\"", "protocol = 6, and all bits in tcp_flags of 0x02\n"},
    {"flags 'ar'", "protocol = 6, and all bits in tcp_flags of 0x14\n"},
    {"flags S", "protocol = 6, and all bits in tcp_flags of 0x02\n"},
    {"flags SAFRPU", "protocol = 6, and all bits in tcp_flags of 0x3f\n"},
    {"flags X", "protocol = 6, and all bits in tcp_flags of 0x3f\n"},
    {"flags EC", "protocol = 6, and all bits in tcp_flags of 0xc0\n"},
    {"flags W", "protocol = 6, and all bits in tcp_flags of 0x80\n"},
    {"flags 18", "protocol = 6, and tcp_flags = 0x12\n"},
    {"flags = SA", "protocol = 6, and tcp_flags = 0x12\n"},
    {"not flags AF", "not\n  protocol = 6, and any bit in tcp_flags of 0x11\n"},
    {"not (flags AF)", "not\n  protocol = 6, and all bits in tcp_flags of 0x11\n"},
    {"icmp-type 8", "protocol = 1, 58, and icmp_type = 8\n"},
    {"icmp-code 0", "protocol = 1, 58, and icmp_code = 0\n"},
    {"tos 0x10", "tos = 16\n"},
    {"dst tos 4", "post_tos = 4\n"},
    {"any tos 4", "tos or post_tos = 4\n"},
    {"dscp ef", "tos = 184-187\n"},
    {"dscp > 46", "tos > 187\n"},
    {"dscp >= 46", "tos >= 184\n"},
    {"packets 5", "packets = 5\n"},
    {"in packets 5", "packets = 5\n"},
    {"out packets 5", "reverse_packets = 5\n"},
    {"bytes > 1k", "bytes > 1000\n"},
    {"bytes > 1Ki", "bytes > 1024\n"},
    {"bytes > 1.5M", "bytes > 1500000\n"},
    {"bytes > 2MiB", "bytes > 2097152\n"},
    {"bytes > 3g", "bytes > 3000000000\n"},
    {"bytes > 4TB", "bytes > 4000000000000\n"},
    {"bytes < 18446744073709551615", "bytes < 18446744073709551615\n"},
    {"flows > 1", "flows > 1\n"},
    {"duration > 500", "time_end - time_start > 0.5s\n"},
    {"duration > 3s", "time_end - time_start > 3s\n"},
    {"duration > 1h30m", "time_end - time_start > 5400s\n"},
    {"duration > 1s500ms", "time_end - time_start > 1.5s\n"},
    {"duration >= 1.5m", "time_end - time_start >= 90s\n"},
    {"pps > 1k", "packets a second > 1000\n"},
    {"bps > 10Mbit", "bits a second > 10000000\n"},
    {"bpp < 64.5", "bytes a packet < 64.5\n"},
    {"next ip 10.0.0.1", "next_hop = 10.0.0.1\n"},
    {"next 10.0.0.1", "next_hop = 10.0.0.1\n"},
    {"bgpnext ip 10.0.0.1", "bgp_next_hop = 10.0.0.1\n"},
    {"router ip 10.0.0.1", "exporter = 10.0.0.1\n"},
    {"exporter in [10.0.0.1 10.0.0.2]", "exporter = 10.0.0.1, 10.0.0.2\n"},
    {"exporter port 2055", "exporter_port = 2055\n"},
    {"observation domain id 7", "domain = 7\n"},
    {"flowdir egress", "direction = 1\n"},
    {"app 13:453", "application_id = 13:453\n"},
    {"app 0x0d0001c5", "application_id = 13:453\n"},
    {"user 'j. doe'", "user_name = 'j. doe'\n"},
    {"user 'o''neil'", "user_name = 'o'neil'\n"},
    {"src nip 10.0.0.1", "nat_src_address = 10.0.0.1\n"},
    {"dst xport 80", "nat_dst_port = 80\n"},
    {"nat event delete", "nat_event = 2, 5, 7, 9, 11\n"},
    {"asa event deny", "firewall_event = 3\n"},
    {"mpls label2 16", "mpls_label_2 = 16\n"},
    {"mpls label1 >= 1048575", "mpls_label_1 >= 1048575\n"},
    /* columns and elements */
    {"next_hop 10.0.0.1", "next_hop = 10.0.0.1\n"},
    {"src_ipv4 = 10.0.0.1", "src_address = 10.0.0.1\n"},
    {"SAMPLING_RATE > 1", "sampling_rate > 1\n"},
    {"forwardingStatus = 64", "forwarding_status = 64\n"},
    {"octetDeltaCount > 1k", "bytes > 1000\n"},
    {"reverseoctetTOTALcount > 1k", "reverseOctetTotalCount > 1000\n"},
    {"reverseVlanId_2 = 7", "reverseVlanId_2 = 7\n"},
    {"src = 10.0.0.1", "src_address = 10.0.0.1\n"},
    {"dst != 10.0.0.0/8", "dst_address != 10.0.0.0-10.255.255.255\n"},
    {"nat_src 10.0.0.1", "nat_src_address = 10.0.0.1\n"},
    {"bgp_next_hop != 10.0.0.1", "bgp_next_hop != 10.0.0.1\n"},
    {"IN_BYTES > 1k", "bytes > 1000\n"},
    {"l4_src_port https", "src_port = 443\n"},
    {"IN_PERMANENT_BYTES > 1k", "octetTotalCount > 1000\n"},
    {"initiatorOctets > 1k", "initiatorOctets > 1000\n"},
    {"udpSourcePort domain", "udpSourcePort = 53\n"},
    {"samplingalgorithm 1", "samplingAlgorithm = 1\n"},
    {"interfaceName_2 = eth0", "interfaceName_2 = 'eth0'\n"},
    {"ie_9_12236 = 0x0A1b", "ie_9_12236 = 0a1b\n"},
    {"IE_9_12236_2 = 0x", "ie_9_12236_2 = \n"},
    {"mibObjectValueInteger = -5", "mibObjectValueInteger = -5\n"},
    {"mibObjectValueInteger >= -2147483648", "mibObjectValueInteger >= -2147483648\n"},
    {"absoluteError < -0.5", "absoluteError < -0.5\n"},
    {"dataRecordsReliability true", "dataRecordsReliability = 1\n"},
    {"time_start >= 2026-11-23T14:05", "time_start >= 2026-11-23 14:05:00.000000\n"},
    {"time_start >= '2026-11-23 14:05.07'", "time_start >= 2026-11-23 14:05:07.000000\n"},
    {"time_start >= '2026-11-23 14:05.07.25'", "time_start >= 2026-11-23 14:05:07.250000\n"},
    {"time_start > 2026/11/23.14:05:07", "time_start > 2026-11-23 14:05:07.999999\n"},
    {"time_start >= 2026/11/23", "time_start >= 2026-11-23 00:00:00.000000\n"},
    {"time_start >= 1795442707", "time_start >= 2026-11-23 14:05:07.000000\n"},
    {"time_start >= '@1'", "time_start >= 1970-01-01 00:00:01.000000\n"},
    {"time_start > 2026-11-23", "time_start > 2026-11-23 23:59:59.999999\n"},
    {"received = 2024-02-29", "received = 2024-02-29 00:00:00.000000-2024-02-29 23:59:59.999999\n"},
    {"received >= 2000-02-29", "received >= 2000-02-29 00:00:00.000000\n"},
    {"received < 2100-03-01", "received < 2100-03-01 00:00:00.000000\n"},
    {"received = '2026-11-23 14:05:07.25'", "received = 2026-11-23 14:05:07.250000-2026-11-23 14:05:07.259999\n"},
    /* joining: not before and before or */
    {"port 1 or port 2 and proto 3",
     "any of\n  src_port or dst_port = 1\n  all of\n    src_port or dst_port = 2\n    protocol = 3\n"},
    {"port 1 and port 2 or proto 3",
     "any of\n  all of\n    src_port or dst_port = 1\n    src_port or dst_port = 2\n  protocol = 3\n"},
    {"(port 1 or port 2) and proto 3",
     "all of\n  any of\n    src_port or dst_port = 1\n    src_port or dst_port = 2\n  protocol = 3\n"},
    {"not port 1 and proto 3", "all of\n  not\n    src_port or dst_port = 1\n  protocol = 3\n"},
    {"! port 1 && proto 3 || any",
     "any of\n  all of\n    not\n      src_port or dst_port = 1\n    protocol = 3\n  all records\n"},
    {"not not port 1", "not\n  not\n    src_port or dst_port = 1\n"},
    {"port 1 # and port 2\nand proto 3", "all of\n  src_port or dst_port = 1\n  protocol = 3\n"},
    {"NOT(PORT 1)AND(PROTO TCP)", "all of\n  not\n    src_port or dst_port = 1\n  protocol = 6\n"},
};

static void test_meanings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MEANINGS / sizeof MEANINGS[0]; i++) {
        struct filter *filter = parse(MEANINGS[i].text);
        char *meaning = filter_explain(filter);
        if (strcmp(meaning, MEANINGS[i].meaning) != 0)
            print_error("%s\n", MEANINGS[i].text);
        assert_string_equal(meaning, MEANINGS[i].meaning);
        free(meaning);
        filter_free(filter);
    }
}

static const struct {
    const char *text;
    const char *shown; /* all three lines */
} ERRORS[] = {
    {"prto tcp", "'prto' is not known; did you mean 'proto'?\n  prto tcp\n  ^~~~\n"},
    {"prot tcp", "'prot' is not known; did you mean 'proto'?\n  prot tcp\n  ^~~~\n"},
    {"bytse > 5", "'bytse' is not known; did you mean 'bytes'?\n  bytse > 5\n  ^~~~~\n"},
    {"forwardingStats = 64",
     "'forwardingStats' is not known; did you mean 'forwardingStatus'?\n  forwardingStats = 64\n"
                             "  ^~~~~~~~~~~~~~~\n"},
    {"zzqqxxyyww 5", "'zzqqxxyyww' is neither a term nor the name of a column or an element\n  zzqqxxyyww 5\n"
                     "  ^~~~~~~~~~\n"},
    {"proto foo", "'foo' is no protocol\n  proto foo\n        ^~~\n"},
    {"port foo", "'foo' is no port\n  port foo\n       ^~~\n"},
    {"src port ip 1.1.1.1", "'ip' is no port\n  src port ip 1.1.1.1\n           ^~\n"},
    {"exporter id 1",
     "'id' is no address; names of hosts are not looked up here\n  exporter id 1\n           ^~\n"},
    {"mpls any 3", "'mpls' goes on, as in 'mpls label'\n  mpls any 3\n  ^~~~\n"},
    {"nat foo", "'nat' goes on, as in 'nat event'\n  nat foo\n  ^~~\n"},
    {"asa xx deny", "'asa' goes on, as in 'asa event'\n  asa xx deny\n  ^~~\n"},
    {"IN_BYTE > 5", "'IN_BYTE' is not known; did you mean 'IN_BYTES'?\n  IN_BYTE > 5\n  ^~~~~~~\n"},
    {"proto tpc", "'tpc' is no protocol; did you mean 'tcp'?\n  proto tpc\n        ^~~\n"},
    {"port htp", "'htp' is no port; did you mean 'http'?\n  port htp\n       ^~~\n"},
    {"port 70000", "'70000' is too large; the largest port is 65535\n  port 70000\n       ^~~~~\n"},
    {"port 80-70", "the range '80-70' ends before it begins\n  port 80-70\n       ^~~~~\n"},
    {"port 80-", "the range '80-' has no end; for 80 and above write '>= 80'\n  port 80-\n       ^~~\n"},
    {"bytes in [1 5-]", "the range '5-' has no end; for 5 and above write '>= 5'\n  bytes in [1 5-]\n"
                        "              ^~\n"},
    {"observationTimeNanoseconds > 2201-01-01", "'2201-01-01' is no time; write it as 2026-11-23T14:05, or the day "
     "alone\n  observationTimeNanoseconds > 2201-01-01\n                               ^~~~~~~~~~\n"},
    {"bytes > 1.0005k", "'1.0005k' is no whole number\n  bytes > 1.0005k\n          ^~~~~~~\n"},
    {"bytes > 18446744073709551616",
     "'18446744073709551616' is too large; the largest number of bytes is 18446744073709551615\n"
                                     "  bytes > 18446744073709551616\n          ^~~~~~~~~~~~~~~~~~~~\n"},
    {"bytes > 5x", "'5x' is no number\n  bytes > 5x\n          ^~\n"},
    {"dscp 64", "'64' is too large; the largest DSCP is 63\n  dscp 64\n       ^~\n"},
    {"src host www.example.com",
     "'www.example.com' is a name; names of hosts are not looked up here, give the address\n"
                                 "  src host www.example.com\n           ^~~~~~~~~~~~~~~\n"},
    {"ip 10.0.0.300", "'10.0.0.300' is no address\n  ip 10.0.0.300\n     ^~~~~~~~~~\n"},
    {"net 10.0.0.0/33",
     "'10.0.0.0/33' is no network: behind the slash stand 0 to 32 bits, or a mask such as 255.255.0.0\n"
                        "  net 10.0.0.0/33\n      ^~~~~~~~~~~\n"},
    {"net 10.0.0.0/255.0.255.0",
     "'10.0.0.0/255.0.255.0' is no network: behind the slash stand 0 to 32 bits, or a mask such "
                                 "as 255.255.0.0\n  net 10.0.0.0/255.0.255.0\n      ^~~~~~~~~~~~~~~~~~~~\n"},
    {"net 2001:db8::/129",
     "'2001:db8::/129' is no network: behind the slash stand 0 to 128 bits\n  net 2001:db8::/129\n"
                           "      ^~~~~~~~~~~~~~\n"},
    {"mac 00:11:22:33:44", "'00:11:22:33:44' is no MAC address; write it as 00:1b:54:aa:0c:01\n  mac 00:11:22:33:44\n"
                           "      ^~~~~~~~~~~~~~\n"},
    {"duration > 3 parsecs", "'parsecs' follows a whole term; write 'and' or 'or' before it\n  duration > 3 parsecs\n"
                             "               ^~~~~~~\n"},
    {"duration > 3x", "'3x' is no duration; write 500ms, 3s, 1.5m or 2h (without unit: milliseconds)\n  duration > 3x\n"
                      "             ^~\n"},
    {"received > 2026-02-29", "'2026-02-29' is no time; write it as 2026-11-23T14:05, or the day alone\n"
                              "  received > 2026-02-29\n             ^~~~~~~~~~\n"},
    {"received > 2100-02-29", "'2100-02-29' is no time; write it as 2026-11-23T14:05, or the day alone\n"
                              "  received > 2100-02-29\n             ^~~~~~~~~~\n"},
    {"app http", "'http' is no application; write its engine and number as 13:453, or as 0x0d0001c5; names "
                 "are not known here, and weir sql 'from applications' tells those that they have\n  app http\n"
                 "      ^~~~\n"},
    {"in if eth0",
     "'eth0' is no number, and names are not known here; weir sql 'from interfaces' tells their numbers\n"
     "  in if eth0\n        ^~~~\n"},
    {"ie_9_12236 = 5", "'5' are no octets; write them as 0x0a1b, at most 1024 of them\n  ie_9_12236 = 5\n"
                       "               ^\n"},
    {"basicList = 5", "basicList is a list, which cannot be compared\n  basicList = 5\n              ^\n"},
    {"ip > 10.0.0.1", "'ip' has no order; compare with = or !=, or with a list\n  ip > 10.0.0.1\n     ^\n"},
    {"port > [1 2]", "a list can be compared with = and != only\n  port > [1 2]\n         ^\n"},
    {"nat event > create",
     "'create' is several values, which have no order\n  nat event > create\n              ^~~~~~\n"},
    {"in port 80", "'in' does not go with 'port'\n  in port 80\n  ^~\n"},
    {"src bytes > 5", "'src' does not go with 'bytes'\n  src bytes > 5\n  ^~~\n"},
    {"src duration > 5", "'src' does not go with 'duration'\n  src duration > 5\n  ^~~\n"},
    {"dst inet", "'dst' does not go with 'inet'\n  dst inet\n  ^~~\n"},
    {"src flow_label 5", "'src' does not go with 'flow_label'\n  src flow_label 5\n  ^~~\n"},
    {"proto tcp or udp", "'udp' is a protocol; write 'proto udp'\n  proto tcp or udp\n               ^~~\n"},
    {"10.0.0.1", "'10.0.0.1' is an address; write 'ip 10.0.0.1', or src or dst before it\n  10.0.0.1\n  ^~~~~~~~\n"},
    {"port 80 or 443", "'443' stands alone; for several values write a list, as in port in [80 443]\n  port 80 or 443\n"
                       "             ^~~\n"},
    {"port 80 443",
     "'443' follows a whole term; for several values write a list, as in port in [80 443]\n  port 80 443\n"
                    "          ^~~\n"},
    {"port 80 proto tcp", "'proto' follows a whole term; write 'and' or 'or' before it\n  port 80 proto tcp\n"
                          "          ^~~~~\n"},
    {"geo CH", "'geo' is a term of nfdump that has no counterpart here\n  geo CH\n  ^~~\n"},
    {"port 80 and", "the filter ends where a term is expected\n  port 80 and\n             ^\n"},
    {"not", "the filter ends where a term is expected\n  not\n     ^\n"},
    {"bytes >", "a value is expected behind 'bytes'\n  bytes >\n         ^\n"},
    {"port", "a value is expected behind 'port'\n  port\n      ^\n"},
    {"port and proto tcp", "a value is expected behind 'port'\n  port and proto tcp\n       ^~~\n"},
    {"or port 80", "a term is expected here, not 'or'\n  or port 80\n  ^~\n"},
    {"src", "the filter ends where a term is expected\n  src\n     ^\n"},
    {"(port 80", "this '(' is not closed\n  (port 80\n  ^\n"},
    {"port 80)", "this ')' closes nothing\n  port 80)\n         ^\n"},
    {"()", "a term is expected here, not ')'\n  ()\n   ^\n"},
    {"port in 80", "behind 'in' a list is expected, as in port in [80 443]\n  port in 80\n          ^~\n"},
    {"port in [80", "this list of 'port' goes on here with a value, or ends with ']'\n  port in [80\n             ^\n"},
    {"port in []", "this list of 'port' goes on here with a value, or ends with ']'\n  port in []\n           ^\n"},
    {"port in [80,,443]", "this list of 'port' goes on here with a value, or ends with ']'\n  port in [80,,443]\n"
                          "              ^\n"},
    {"user 'jdoe", "this quote is not closed\n  user 'jdoe\n       ^\n"},
    {"port 80 & port 81", "'&' has no meaning here; write && or and\n  port 80 & port 81\n          ^\n"},
    {"port 80 | port 81", "'|' has no meaning here; write || or or\n  port 80 | port 81\n          ^\n"},
    {"@include x", "'@' has no meaning here\n  @include x\n  ^\n"},
    {"'port' 80", "a term begins with a word such as src, port or bytes, not with a quote\n  'port' 80\n  ^~~~~~\n"},
    {"proto tcp\n  and prt 80 # x\n  and port 81", "'prt' is not known; did you mean 'port'?\n    and prt 80 # x\n"
                                                   "        ^~~\n"},
    {"proto tcp and\tport\x1b[31m 80", "a value is expected behind 'port'\n  proto tcp and port?[31m 80\n"
                                        "                    ^\n"},
    {"port 1 and port 2 and port 3 and port 4 and port 5 and port 6 and port 7 and port 8 and prt 9 and port 10 and "
     "port 11 and port 12 and port 13",
     "'prt' is not known; did you mean 'port'?\n"
     "  ... and port 4 and port 5 and port 6 and port 7 and port 8 and prt 9 and port 10 and port 11 and port 1...\n"
     "                                                                 ^~~\n"},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        struct filter_error error = {0};
        char shown[FILTER_ERROR_TEXT_SIZE];
        const size_t size = strlen(ERRORS[i].text);
        struct filter *filter = filter_parse(ERRORS[i].text, size, NULL, &error);
        if (filter != NULL)
            print_error("no error: %s\n", ERRORS[i].text);
        assert_null(filter);
        filter_error_text(&error, ERRORS[i].text, size, shown);
        if (strcmp(shown, ERRORS[i].shown) != 0)
            print_error("%s\n", ERRORS[i].text);
        assert_string_equal(shown, ERRORS[i].shown);
    }
}

/* Text is UTF-8 without NUL: what else there is would end SQL early, or be refused by DuckDB. */
static void test_text(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        bool right;
    } cases[] = {
        {"j\xc3\xbcrgen", 7, true}, {"\xe2\x82\xac", 3, true}, {"\xf0\x9f\x90\x9f", 4, true}, {"a\0b", 3, false},
        {"\xc3", 1, false}, {"\xc3(", 2, false}, {"\xc0\x80", 2, false}, {"\xe0\x80\x80", 3, false},
        {"\xed\xa0\x80", 3, false}, {"\xf4\x90\x80\x80", 4, false}, {"\xff", 1, false}, {"\xf0\x9f\x90", 3, false},
        {"\xf0\x80\x80\x80", 4, false}, {"\x80", 1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32] = "user '";
        struct filter_error error = {0};
        memcpy(text + 6, cases[i].text, cases[i].size);
        text[6 + cases[i].size] = '\'';
        struct filter *filter = filter_parse(text, 7 + cases[i].size, NULL, &error);
        assert_int_equal(filter != NULL, cases[i].right);
        if (filter == NULL)
            assert_string_equal(error.message, "a text is UTF-8 without NUL; this is not");
        filter_free(filter);
    }
}

/* `prefix` so many times, then `end`, then `suffix` so many times. */
static char *repeat(const char *prefix, size_t count, const char *end, const char *suffix)
{
    char *text = calloc(1, count * (strlen(prefix) + strlen(suffix)) + strlen(end) + 1), *at = text;
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, prefix);
    at = stpcpy(at, end);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, suffix);
    return text;
}

static void check_bound(char *text, const char *message)
{
    struct filter_error error = {0};
    struct filter *filter = filter_parse(text, strlen(text), NULL, &error);
    assert_string_equal(error.message, message);
    assert_int_equal(filter == NULL, message[0] != '\0');
    struct filter_sql *sql = filter != NULL ? filter_sql_create(filter, NULL) : NULL;
    if (filter != NULL) {
        assert_non_null(sql);
        assert_true(sql->parameter_count < 65536);
    }
    filter_sql_free(sql);
    filter_free(filter);
    free(text);
}

static void test_bounds(void **state)
{
    (void)state;
    check_bound(repeat("(", FILTER_DEPTH_MAX - 1, "port 1", ")"), "");
    check_bound(repeat("(", FILTER_DEPTH_MAX, "port 1", ")"), "parentheses and 'not' are more than 100 deep");
    check_bound(repeat("not ", FILTER_DEPTH_MAX - 1, "port 1", ""), "");
    check_bound(repeat("not ", 100000 / 4, "port 1", ""), "parentheses and 'not' are more than 100 deep");
    check_bound(repeat("port 1 or ", FILTER_TERMS_MAX - 1, "port 1", ""), "");
    check_bound(repeat("port 1 or ", FILTER_TERMS_MAX, "port 1", ""),
                "the filter has more than 1000 terms; use a list");
    check_bound(repeat("10.0.0.0/8 ", FILTER_VALUES_MAX, "", ""),
                "'10.0.0.0/8' is an address; write 'ip 10.0.0.0/8', or "
                                                                   "src or dst before it");
    const size_t sizes[] = {FILTER_VALUES_MAX, FILTER_VALUES_MAX + 1};
    for (int i = 0; i < 2; i++) {
        char *list = repeat("10.0.0.0/8 ", sizes[i], "", ""), *text = NULL;
        assert_true(asprintf(&text, "ip in [%s]", list) > 0);
        free(list);
        check_bound(text, i == 0 ? "" : "the filter has more than 4096 values");
    }
    check_bound(repeat(" ", FILTER_TEXT_MAX, "", ""), "");
    check_bound(repeat(" ", FILTER_TEXT_MAX, "x", ""), "the filter is longer than 262144 octets");
}

static void test_columns(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum filter_type type;
        bool always;
    } expected[] = {
        {"protocol", FILTER_U8, true}, {"src_ipv4", FILTER_IPV4, true}, {"src_ipv6", FILTER_IPV6, true},
        {"interfaceName", FILTER_TEXT, false}, {"observationTimeNanoseconds", FILTER_TIME_NS, false},
        {"tcp_flags", FILTER_U16, true},
    };
    struct filter *filter = parse("proto tcp and src ip 10.0.0.1 and not (interfaceName = x or src net ::/0) and "
                                  "observationTimeNanoseconds > 2026-01-01 and flags S and INTERFACENAME = y");
    assert_int_equal(filter_column_count(filter), sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct filter_column column = filter_column_at(filter, i);
        assert_string_equal(column.name, expected[i].name);
        assert_int_equal(column.type, expected[i].type);
        assert_int_equal(column.always, expected[i].always);
    }
    assert_false(filter_matches_all(filter));
    filter_free(filter);
    filter = parse("");
    assert_int_equal(filter_column_count(filter), 0);
    assert_true(filter_matches_all(filter));
    filter_free(filter);
}

static bool own_columns(void *context, const char *name, enum filter_type *ret_type)
{
    (*(unsigned *)context)++;
    *ret_type = strcmp(name, "dot1qVlanId") == 0 ? FILTER_U16 : FILTER_I64;
    return strcmp(name, "clientLatency") == 0 || strcmp(name, "dot1qVlanId") == 0;
}

static void test_columns_of_the_caller(void **state)
{
    unsigned asked = 0;
    struct filter_error error;
    const struct filter_options options = {own_columns, &asked};
    const char *text = "clientLatency > -5 and dot1qVlanId 7 and vlanId 7 and src_port 80 and samplingAlgorithm 1";
    (void)state;
    struct filter *filter = filter_parse(text, strlen(text), &options, &error);
    assert_non_null(filter);
    assert_int_equal(asked, 3); /* not of core columns, nor of the elements that they are made of first */
    char *meaning = filter_explain(filter);
    assert_string_equal(meaning, "all of\n  clientLatency > -5\n  dot1qVlanId = 7\n  vlan = 7\n  src_port = 80\n"
                                 "  samplingAlgorithm = 1\n");
    free(meaning);
    filter_free(filter);
}

/* An interface that has another number at each of two exporters, and an application. */
static bool told(void *context, enum filter_told_kind kind, const char *name, size_t length,
                 struct filter_told **ret_told, size_t *ret_count, char message[FILTER_ERROR_MESSAGE_SIZE])
{
    static const struct filter_told interfaces[] = {{"2001:db8::1", 7, 7}, {"192.0.2.1", 3, 3}, {"192.0.2.2", 7, 7}},
                                    application = {"192.0.2.1", 13, 453};
    (void)context;
    if (length != 6 || memcmp(name, "uplink", 6) != 0) {
        snprintf(message, FILTER_ERROR_MESSAGE_SIZE, "nothing is called \a%.*s", (int)length, name);
        return false;
    }
    *ret_count = kind == FILTER_TOLD_INTERFACES ? 3 : 1;
    *ret_told = malloc(sizeof interfaces);
    assert_non_null(*ret_told);
    memcpy(*ret_told, kind == FILTER_TOLD_INTERFACES ? interfaces : &application, *ret_count * sizeof **ret_told);
    return true;
}

static void test_names_that_exporters_tell(void **state)
{
    static const struct {
        const char *text, *meaning;
    } filters[] = {
        {"in if uplink", "any of\n  all of\n    exporter = 192.0.2.1\n    in_interface = 3\n  all of\n"
                         "    exporter = 192.0.2.2, 2001:db8::1\n    in_interface = 7\n"},
        {"app in [uplink 3:80]", "any of\n  all of\n    exporter = 192.0.2.1\n    application_id = 13:453\n"
                                 "  application_id = 3:80\n"},
        {"app != uplink", "all of\n  application_id >= \n  not\n    all of\n      exporter = 192.0.2.1\n"
                          "      application_id = 13:453\n"},
        {"not app uplink", "not\n  all of\n    exporter = 192.0.2.1\n    application_id = 13:453\n"},
        {"in if 7", "in_interface = 7\n"},
    };
    static const char *const wrong[][2] = {
        {"app web", "nothing is called ?web"}, {"if eth0", "nothing is called ?eth0"},
        {"in if > uplink", "names have no order; compare with = or !=, or with a list"},
        {"in if 99999999999", "'99999999999' is too large; the largest number of in_interface is 4294967295"},
        {"vlan uplink", "'uplink' is no number"}};
    const struct filter_options options = {.told = told};
    struct filter_error error;
    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        struct filter *filter = filter_parse(filters[i].text, strlen(filters[i].text), &options, &error);
        assert_non_null(filter);
        char *meaning = filter_explain(filter);
        assert_string_equal(meaning, filters[i].meaning);
        free(meaning);
        filter_free(filter);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(filter_parse(wrong[i][0], strlen(wrong[i][0]), &options, &error));
        assert_string_equal(error.message, wrong[i][1]);
    }
}

/* Times are of the local zone, where a day may have another length, or of the one that is told. */
static void test_local_times(void **state)
{
    static const struct {
        const char *text, *meaning; /* in UTC */
    } times[] = {
        {"time_start > 2026-11-01", "time_start > 2026-11-02 04:59:59.999999\n"},
        {"time_start < 2026-11-01", "time_start < 2026-11-01 04:00:00.000000\n"},
        {"time_start > 2026-03-08", "time_start > 2026-03-09 03:59:59.999999\n"},
        {"time_start > 2026-11-01Z", "time_start > 2026-11-01 23:59:59.999999\n"},
        {"time_start > 2026-11-01+05:30", "time_start > 2026-11-01 18:29:59.999999\n"},
        {"time_start >= 2026-11-01T14:05", "time_start >= 2026-11-01 19:05:00.000000\n"},
        {"time_start >= '2026-11-01 14:05:07.25-0800'", "time_start >= 2026-11-01 22:05:07.250000\n"},
        {"time_start >= '@1793505600'", "time_start >= 2026-11-01 04:00:00.000000\n"},
    };
    (void)state;
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct filter_error error;
        struct filter *filter = filter_parse(times[i].text, strlen(times[i].text), NULL, &error);
        assert_non_null(filter);
        char *meaning = filter_explain(filter);
        assert_string_equal(meaning, times[i].meaning);
        free(meaning);
        filter_free(filter);
    }
    setenv("TZ", "UTC", 1);
    tzset();
}

/* Every text, cut off at every length, flush against memory that nobody may touch. */
static void test_guarded(void **state)
{
    struct guarded guarded = guarded_create(4096);
    (void)state;
    for (size_t i = 0; i < sizeof MEANINGS / sizeof MEANINGS[0] + sizeof ERRORS / sizeof ERRORS[0]; i++) {
        const size_t meanings = sizeof MEANINGS / sizeof MEANINGS[0];
        const char *text = i < meanings ? MEANINGS[i].text : ERRORS[i - meanings].text;
        for (size_t size = 0; size <= strlen(text); size++) {
            const char *copy = (const char *)guarded_at_end(&guarded, text, size);
            char shown[FILTER_ERROR_TEXT_SIZE];
            struct filter_error error = {0};
            struct filter *filter = filter_parse(copy, size, NULL, &error);
            if (filter == NULL) {
                assert_true(error.offset <= size && error.length <= size - error.offset);
                assert_true(strlen(filter_error_text(&error, copy, size, shown)) < sizeof shown);
            }
            filter_free(filter);
        }
    }
    guarded_free(&guarded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_columns_of_the_caller),
        cmocka_unit_test(test_local_times),
        cmocka_unit_test(test_names_that_exporters_tell),
        cmocka_unit_test(test_guarded),
    };
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
