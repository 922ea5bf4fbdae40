# SPDX-License-Identifier: MIT
"""filters.py - filters drawn at random: every term that the language has, and compositions of them"""

ORDER = ["", "=", "==", "!=", "<", "<=", ">", ">=", "eq", "ne", "lt", "le", "gt", "ge"]
EQUAL = ["", "=", "!=", "eq", "ne"]
PORTS = "0 22 53 80 443 8080 1024 65535 ssh https dns 1-80 1024-65535".split()
COUNTS = "0 1 40 999 1k 1001 1.5M 1Mi 1Ki 2g 1000 2-1k".split()
SMALL = "0 1 2 3 4 5 6 255 1-3 0x5".split()
ASNS = "0 3 64512 AS65546 1.10 4200000000 64512-65546 4294967295".split()
PROTOCOLS = "tcp udp icmp icmp6 6 17 0 1-17 255".split()
ADDRESSES = ("10.0.0.1 10.1.2.3 192.0.2.2 255.255.255.0 0.0.0.1 10.0.0.0/8 10/8 10.1.2.0/23 0.0.0.0/0 ::/0 "
             "2001:db8::/32 2001:db8::2 ::1 ::ffff:10.0.0.1 ::ffff:10.1.2.0/119 ffff:ffff::/32 ::/64 10.0.0.0-10.0.0.2 "
             "192.0.2.0/255.255.255.254").split()
MACS = "00:1b:54:aa:0c:00 00-1b-54-aa-0c-01 001b.54aa.0c02 00:00:00:00:00:00".split()
APPS = "13:0 13:1 3:2 13:257 3:258 0x0d0001 13:0x100".split()
TEXTS = ["eth0", "'eth1'", "'o''neil'", "''", '"Eth0"', "eth0x"]
OCTETS = "0x 0x00 0x01ff 0x00ff00".split()
REALS = "0 0.1 -1.5 2.5 1000000".split()
TIMES = ["2026-11-23", "2026-11-23T14:05", "'2026-11-23 14:05'", "2026-11-23T14", "2026-11-23T14:05:03",
         "2026-11-23T14:05:00.000001Z", "2026-11-24", "2026-11-23T14:05:01.999998"]
SIDES = ["", "src ", "dst ", "any ", "src or dst ", "src and dst "]
WAYS = ["", "in ", "out ", "any ", "in and out "]
BOTH = SIDES + WAYS

# (sides, subjects, comparisons, values); comparisons of EQUAL may have lists
QUESTIONS = [
    (SIDES, ["ip", "host", "net"], EQUAL, ADDRESSES),
    (["src ", "dst "], [""], [""], ["10.0.0.1", "10.0.0.0/8", "2001:db8::/32"]),
    (SIDES, ["port"], ORDER, PORTS),
    (SIDES, ["as"], ORDER, ASNS),
    ([""], ["prev as", "next as", "previous as", "src_as", "bgpSourceAsNumber"], ORDER, ASNS),
    (SIDES, ["mask"], ORDER, SMALL),
    (BOTH, ["if", "vlan", "vrf"], ORDER, SMALL),
    (["ingress ", "egress "], ["vrf", "if"], ["", "<", "!="], SMALL),
    (BOTH + ["in src ", "in dst ", "out src ", "out dst "], ["mac"], EQUAL, MACS),
    ([""], ["proto", "protocol", "protocolIdentifier"], ORDER, PROTOCOLS),
    ([""], ["flags", "tcp_flags"], ["", "=", "!="], "S SA F AFRPU X EC 0 2 18 63 0x1ff".split()),
    ([""], ["flags"], ORDER, ["2", "18"]),
    ([""], ["icmp-type", "icmp-code", "icmp type"], ORDER, SMALL),
    (["", "src ", "dst ", "any "], ["tos"], ORDER, SMALL),
    (["", "src ", "dst ", "any "], ["dscp"], ORDER, ["0", "1", "63", "ef", "cs0", "0-1"]),
    (["", "in ", "out "], ["packets", "bytes"], ORDER, COUNTS),
    ([""], ["flows", "deltaFlowCount"], ORDER, SMALL),
    ([""], ["duration"], ORDER, "0 1 1000 3s 1m 1.5h 1us 1d".split()),
    ([""], ["pps", "bps", "bpp"], ORDER, "0 1 40 8 1k 1M 0.5 1.5G".split()),
    ([""], ["next ip", "next", "next hop", "bgpnext ip", "bgpnext", "router ip", "router", "exporter", "next_hop",
            "exporter net", "src_address", "dst_ipv6"], EQUAL, ADDRESSES),
    (SIDES, ["xip", "nip", "xnet"], EQUAL, ADDRESSES),
    (SIDES, ["xport", "nport"], ORDER, PORTS),
    ([""], ["flowdir", "direction"], EQUAL, ["ingress", "egress", "0", "1"]),
    ([""], ["app", "application_id", "applicationId"], EQUAL, APPS + ["web"]),
    (BOTH, ["if"], EQUAL, ["uplink", "'down link'", "3"]),
    (["ingress ", "egress "], ["if"], EQUAL, ["uplink", "'down link'", "1"]),
    ([""], ["user", "user_name", "interfaceName", "interfaceName_2"], EQUAL, TEXTS),
    ([""], ["nat event"], EQUAL, ["create", "delete", "add", "exhausted", "1", "4"]),
    ([""], ["asa event"], EQUAL, ["create", "deny", "term", "ignore", "5"]),
    ([""], ["mpls label1", "mpls label", "mpls label10", "mpls_label_2"], ORDER, "0 1 5 19 1048575 1-5".split()),
    ([""], ["received", "export_time", "time_start", "time_end", "observationTimeSeconds",
            "observationTimeMilliseconds", "observationTimeMicroseconds", "observationTimeNanoseconds"], ORDER, TIMES),
    ([""], ["version", "forwardingStatus", "flow_end_reason", "samplingAlgorithm", "biflow_direction", "ip_version"],
     ORDER, SMALL + ["9", "10"]),
    ([""], ["domain", "template_id", "sys_uptime_ms", "observation domain id", "sampling_rate", "flow_label",
            "ethernet_type", "fragmentOffset", "customer_vlan", "exportedOctetTotalCount"],
     ORDER, SMALL + ["256", "1k"]),
    ([""], ["exporter port", "exporter_port"], ORDER, PORTS),
    ([""], ["ie_9_12236"], EQUAL, OCTETS),
    ([""], ["absoluteError"], ORDER, REALS),
    ([""], ["mibObjectValueInteger"], ORDER, "-1 0 1 5 -2147483648 2147483647".split()),
    ([""], ["dataRecordsReliability"], EQUAL, ["true", "false"]),
    ([""], ["exporterIPv4Address", "exporterIPv6Address"], EQUAL, ADDRESSES),
    ([""], ["staMacAddress"], EQUAL, MACS),
]
ALONE = ["inet", "inet6", "ipv4", "ipv6", "sampled", "any"]


def question(random, sides, subjects, comparisons, values):
    subject = random.choice(subjects)
    comparison = random.choice(comparisons)
    words = [random.choice(sides) + subject]
    ordered = comparison not in ("", "=", "==", "!=", "eq", "ne")
    if subject and not ordered and random.random() < 0.35:
        listed = random.choice([" ", ", ", ","]).join(random.choice(values) for _ in range(random.randint(1, 4)))
        words.append(random.choice(["in ", "not in ", "", "= ", "!= "]) + "[" + listed + "]")
    else:
        value = random.choice(values)
        if ordered and subject.startswith(("nat", "asa")):
            value = "4"
        words += [comparison, value]
    return " ".join(word for word in words if word)


def every_term(random, rounds):
    """Each form of term, with each of its subjects, several times: (subject, filter)."""
    for sides, subjects, comparisons, values in QUESTIONS:
        for subject in subjects:
            for _ in range(max(rounds, 24 // len(subjects))):
                yield subject, question(random, sides, [subject], comparisons, values)
    yield from ((word, word) for word in ALONE + [""])


def term(random):
    if random.random() < 0.08:
        return random.choice(ALONE)
    return question(random, *random.choice(QUESTIONS))


def composition(random, depth):
    if depth == 0 or random.random() < 0.2:
        return term(random)
    kind = random.random()
    if kind < 0.25:
        return random.choice(["not ", "! ", "not not "]) + "(" + composition(random, depth - 1) + ")"
    if kind < 0.35:
        return random.choice(["not ", "!"]) + term(random)
    word = random.choice([" and ", " or ", " && ", " || "])
    operands = [composition(random, depth - 1) for _ in range(random.randint(2, 3))]
    return word.join("(" + o + ")" if random.random() < 0.6 else o for o in operands)
