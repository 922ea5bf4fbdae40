#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_reports.py WEIR [WORD...]: weir top, weir flows and weir graph over stores that weir collect made of captures;
the numbers are compared with those of the same records in Python."""
import collections
import csv
import datetime
import io
import ipaddress
import json
import os
import random
import re
import shutil
import struct
import subprocess
import time
import xml.dom.minidom

import capture_maker
import netflow_maker
import store_reader
import weir_e2e
from netflow_maker import (FIRST_SWITCHED, IN_BYTES, IN_PKTS, IPV4_DST_ADDR, IPV4_SRC_ADDR, IPV6_DST_ADDR, IPV6_SRC_ADDR,
                           L4_DST_PORT, L4_SRC_PORT, LAST_SWITCHED, PROTOCOL, SAMPLING_INTERVAL, SRC_TOS, TCP_FLAGS)
from weir_e2e import case, expect, expect_equal, expect_in, run, weir, weir_ok, write_file

FLOWS, INPUT_SNMP, OUTPUT_SNMP, SRC_AS, DST_AS, SRC_VLAN = 3, 10, 14, 16, 17, 58
MIN_PKT_LNGTH = 25  # minimumIpTotalLength, which is no column of the core
REST = [(IN_BYTES, 8), (IN_PKTS, 8), (L4_SRC_PORT, 2), (L4_DST_PORT, 2), (PROTOCOL, 1), (TCP_FLAGS, 1), (SRC_TOS, 1),
        (FIRST_SWITCHED, 4), (LAST_SWITCHED, 4), (INPUT_SNMP, 4), (OUTPUT_SNMP, 4), (SRC_AS, 4), (DST_AS, 4),
        (SRC_VLAN, 2), (SAMPLING_INTERVAL, 4), (MIN_PKT_LNGTH, 2)]
PROTOCOLS = {6: "TCP", 17: "UDP", 1: "ICMP"}
START_S = capture_maker.START_S  # 2023-11-14 22:13:20 UTC
UPTIME_MS = 10_000_000

Record = collections.namedtuple("Record", "src dst bytes packets srcport dstport protocol flags tos first_ms last_ms "
                                "in_ out srcas dstas vlan rate shortest exporter")


def plain(address):
    return getattr(address, "ipv4_mapped", None) or address


def random_record(chance, exporter, at_s, most, rates, mapped):
    six = chance.random() < 0.3
    network = "2001:db8:%x::" if six else "10.%d.0."
    def host():
        if six and chance.random() < mapped:  # of IPv4, written as IPv6: the same as those that are not
            return ipaddress.ip_address("::ffff:10.%d.0.%d" % (chance.randrange(4), chance.randrange(1, 9)))
        return ipaddress.ip_address((network % chance.randrange(4)) + str(chance.randrange(1, 9)))
    last_ms = (START_S + at_s) * 1000 - chance.randrange(1000)
    return Record(host(), host(), chance.choice([40, 1500, chance.randrange(10**6), most]), chance.randrange(1, 1000),
                  chance.randrange(50000, 50005), chance.choice([53, 80, 443]), chance.choice([6, 17, 1]),
                  chance.randrange(64), chance.choice([0, 46]), last_ms - chance.randrange(90_000), last_ms,
                  chance.randrange(3), chance.randrange(3), chance.choice([64512, 65001]),
                  chance.choice([64512, 65002]),
                  chance.choice([7, 8]), chance.choice(rates), chance.choice([40, 60, 1500]), exporter)


def octets_of(record, export_s):
    def uptime(ms):
        return UPTIME_MS - (export_s * 1000 - ms)
    return record.src.packed + record.dst.packed + struct.pack(
        "!QQHHBBBIIIIIIHIH", record.bytes, record.packets, record.srcport, record.dstport, record.protocol,
        record.flags,
        record.tos, uptime(record.first_ms), uptime(record.last_ms), record.in_, record.out, record.srcas, record.dstas,
        record.vlan, record.rate, record.shortest)


class Made:
    """A store of random records, of two exporters in the course of an hour, with a datagram lost of each."""

    def __init__(self, folder, seed, count=600, most=2**40, rates=(1, 100), mapped=0.2):
        chance = random.Random(seed)
        self.records = []
        frames = []
        templates = netflow_maker.templates((1024, [(IPV4_SRC_ADDR, 4), (IPV4_DST_ADDR, 4)] + REST),
                                            (2048, [(IPV6_SRC_ADDR, 16), (IPV6_DST_ADDR, 16)] + REST))
        for exporter in ("192.0.2.1", "192.0.2.2"):
            sequence = 0
            for at_s in range(100, 3700, 3600 * 10 // count):
                records = [random_record(chance, exporter, at_s, most, rates, mapped) for _ in range(5)]
                body = templates
                for version, template_id in ((4, 1024), (6, 2048)):
                    some = [octets_of(record, START_S + at_s) for record in records if record.src.version == version]
                    if some:
                        body += netflow_maker.data(template_id, *some)
                header = struct.pack("!HHIIII", 9, 7, UPTIME_MS, START_S + at_s, sequence, 0)
                sequence += 2 if at_s == 100 else 1
                frames.append((at_s, capture_maker.ethernet(capture_maker.ip(capture_maker.udp(header + body),
                                                                             exporter))))
                self.records += records
        frames.sort(key=lambda frame: frame[0])
        self.folder = os.path.join(folder, "store-%d" % seed)
        path = write_file(folder, "made-%d.pcap" % seed, capture_maker.pcap(frames))
        weir_ok("collect", "-r", path, "-o", "store:" + self.folder,
                "--segment-size", "64K")

    def top(self, *arguments):
        out, err = weir_ok("top", "--store", self.folder, "-o", "csv", *arguments)
        return list(csv.reader(io.StringIO(out))), err

    def flows(self, *arguments):
        return weir_ok("flows", "--store", self.folder, *arguments)


def network_of(address, bits_4, bits_6):
    address = plain(address)
    return str(ipaddress.ip_network((address, bits_4 if address.version == 4 else bits_6), strict=False))


def flags_text(flags):
    return "".join(letter if flags >> bit & 1 else "." for bit, letter in zip(range(7, -1, -1), "CEUAPRSF"))


KEYS = {
    "src": lambda r: [str(plain(r.src))], "dst": lambda r: [str(plain(r.dst))],
    "ip": lambda r: {str(plain(r.src)), str(plain(r.dst))},
    "srcnet/16": lambda r: [network_of(r.src, 16, 64)], "dstnet/24/48": lambda r: [network_of(r.dst, 24, 48)],
    "net/48": lambda r: {network_of(r.src, 24, 48), network_of(r.dst, 24, 48)},
    "srcnet": lambda r: [network_of(r.src, 24, 64)], "src/31/127": lambda r: [network_of(r.src, 31, 127)],
    "dstnet/0/0": lambda r: [network_of(r.dst, 0, 0)],
    "srcport": lambda r: [str(r.srcport)], "dstport": lambda r: [str(r.dstport)],
    "port": lambda r: {str(r.srcport), str(r.dstport)}, "proto": lambda r: [PROTOCOLS[r.protocol]],
    "protocol": lambda r: [PROTOCOLS[r.protocol]], "flags": lambda r: [flags_text(r.flags)],
    "tos": lambda r: [str(r.tos)],
    "srcas": lambda r: [str(r.srcas)], "dstas": lambda r: [str(r.dstas)], "as": lambda r: {str(r.srcas), str(r.dstas)},
    "in": lambda r: [str(r.in_)], "out": lambda r: [str(r.out)], "if": lambda r: {str(r.in_), str(r.out)},
    "vlan": lambda r: [str(r.vlan)], "exporter": lambda r: [r.exporter], "ingressInterface": lambda r: [str(r.in_)],
    "sampling_rate": lambda r: [str(r.rate)], "next": lambda r: [""],
    "minimumIpTotalLength": lambda r: [str(r.shortest)], "firewallEvent": lambda r: [""],
    "app": lambda r: [""], "mplsVpnRouteDistinguisher": lambda r: [""],
    "dscp": lambda r: [str(r.tos >> 2)], "icmp-type": lambda r: [str(r.dstport >> 8) if r.protocol == 1 else ""],
    "icmp-code": lambda r: [str(r.dstport & 255) if r.protocol == 1 else ""], "IN_BYTES": lambda r: [str(r.bytes)],
    "mask": lambda r: [""], "vrf": lambda r: [""], "mac": lambda r: [""], "nat_src": lambda r: [""],
}


def amounts_of(records, sampled=False):
    rate = lambda r: r.rate if sampled else 1
    size, count = sum(r.bytes * rate(r) for r in records), sum(r.packets * rate(r) for r in records)
    seconds = (max(r.last_ms for r in records) - min(r.first_ms for r in records)) / 1000
    return {"bytes": size, "packets": count, "flows": len(records),
            "bps": size * 8 / seconds if seconds > 0 else 0, "pps": count / seconds if seconds > 0 else 0,
            "bpp": size / count}


def groups_of(records, keys):
    groups = collections.defaultdict(list)
    for record in records:
        found = [()]
        for key in keys.split(","):
            found = [before + (value,) for before in found for value in KEYS[key](record)]
        for value in found:
            groups[value].append(record)
    return groups


def expect_top(rows, records, keys, by, limit=None, sampled=False):
    """That the rows are the groups of these records, in the order of their amounts."""
    groups = {key: amounts_of(members, sampled) for key, members in groups_of(records, keys).items()}
    names, amounts = keys.split(","), by.split(",")
    whole = amounts_of(records, sampled)
    header = names + amounts + (["percent"] if amounts[0] in ("bytes", "packets", "flows") else [])
    expect_equal(rows[0], header, "header")
    expect_equal(len(rows) - 1, min(limit or len(groups), len(groups)), "rows of " + keys)
    wanted = sorted((group[amounts[0]] for group in groups.values()), reverse=True)
    for row, amount in zip(rows[1:], wanted):
        group = groups.pop(tuple(row[:len(names)]))
        for name, value in zip(amounts, row[len(names):]):
            expect(abs(float(value) - group[name]) <= 0.51
                   if name in ("bps", "pps", "bpp") else int(value) == group[name],
                   "%s of %s: %s, not %s" % (name, row, value, group[name]))
        expect(abs(group[amounts[0]] - amount) < 1, "%s is not in order" % row)
        if len(header) > len(names) + len(amounts):
            expect(abs(float(row[-1]) - 100 * amount / whole[amounts[0]]) < 0.001, "percent of %s" % row)


@case
def every_key_adds_up(folder):
    made = Made(folder, 1)
    for keys in KEYS:
        rows, err = made.top(keys, "-n", "0", "--by", "bytes,packets,flows")
        expect_top(rows, made.records, keys, "bytes,packets,flows")
        expect_in("weir: %d flows" % len(made.records), err)
        rows, _ = made.top(keys, "-n", "3")
        expect_top(rows, made.records, keys, "bytes", 3)


@case
def keys_go_together(folder):
    made = Made(folder, 2)
    for keys in ("src,dst", "srcnet/16,dstport,proto", "ip,vlan", "exporter,in,out", "src,minimumIpTotalLength",
                 "src,port", "dstport,srcas,dstas,tos"):
        rows, _ = made.top(keys, "--by", "flows,bytes", "-n", "20")
        expect_top(rows, made.records, keys, "flows,bytes", 20)
    rows, _ = made.top(" src, dstport ", "--by", "flows, bytes", "-n", "20")
    expect_top(rows, made.records, "src,dstport", "flows,bytes", 20)


@case
def every_amount_ranks(folder):
    made = Made(folder, 3)
    for by in ("bytes", "packets", "flows", "bps", "pps", "bpp", "pps,bps,bpp,bytes,packets,flows"):
        for keys in ("src", "dstport"):
            rows, _ = made.top(keys, "--by", by, "-n", "7")
            expect_top(rows, made.records, keys, by, 7)
    for by in ("bytes,packets,flows", "packets", "bps", "pps"):
        rows, err = made.top("dst", "--by", by, "--sampled", "-n", "0")
        expect_top(rows, made.records, "dst", by, sampled=True)
        sampled = sum(record.rate > 1 for record in made.records)
        expect_in("multiplied by sampling rates: %d of %d records; of 0 no rate" % (sampled, len(made.records)), err)
    _, err = made.top("dst")
    expect_in("%d of %d records are of sampled packets" % (sampled, len(made.records)), err)


@case
def what_ends_before_it_begins_has_no_rate(folder):
    exporter = netflow_maker.Exporter(export_time_s=START_S)
    path = write_file(folder, "turned.pcap", capture_maker.pcap_of([(0, exporter.flows(
        netflow_maker.flow("192.0.2.1", "192.0.2.2", 50000, 443, 1000, first_ms=2000, last_ms=1000)))]))
    store = os.path.join(folder, "store-turned")
    weir_ok("collect", "-r", path, "-o", "store:" + store)
    out, _ = weir_ok("top", "dst", "--by", "bps,pps", "--store", store, "-o", "csv")
    expect_equal(out.splitlines()[1:], ["192.0.2.2,0,0"], "rates")


@case
def a_count_of_no_flows_is_one(folder):
    """Of exporters that have the field and write nothing into it."""
    exporter = netflow_maker.Exporter(export_time_s=START_S)
    fields = [(IPV4_SRC_ADDR, 4), (IPV4_DST_ADDR, 4), (IN_BYTES, 4), (FLOWS, 4), (L4_SRC_PORT, 2), (L4_DST_PORT, 2)]
    for name, counts in (("zeros", (0, 0, 0)), ("some", (0, 1, 5))):
        records = [ipaddress.ip_address("192.0.2.1").packed + ipaddress.ip_address("192.0.2.2").packed +
                   struct.pack("!IIHH", 1000, count, 50000, 443) for count in counts]
        path = write_file(folder, name + ".pcap", capture_maker.pcap_of([(0, exporter.datagram(
            netflow_maker.templates((1024, fields)), netflow_maker.data(1024, *records)))]))
        store, many = ["--store", os.path.join(folder, name)], sum(max(count, 1) for count in counts)
        weir_ok("collect", "-r", path, "-o", "store:" + store[1])
        out, err = weir_ok("top", "dst", "--by", "flows", "-o", "csv", *store)
        expect_equal(out.splitlines()[1].split(",")[:2], ["192.0.2.2", str(many)], "flows")
        expect_in("weir: %d flows" % many, err)
        expect_equal(weir_ok("flows", "-o", "fmt:%fl", *store)[0].split(), [str(max(n, 1)) for n in counts], "lines")
        expect_equal(weir_ok("flows", "--biflow", "-o", "fmt:%fl", *store)[0], "%d\n" % many, "a conversation")
        expect_equal(weir_ok("flows", "--group-time", "1h", "-o", "fmt:%fl", *store)[0], "%d\n" % many, "a span")


@case
def large_sums_are_exact(folder):
    made = Made(folder, 14, 100, 2**63 + 1)
    for keys in ("src", "dstport,proto"):
        rows, _ = made.top(keys, "-n", "0", "--by", "bytes,packets")
        expect_top(rows, made.records, keys, "bytes,packets")
        rows, _ = made.top(keys, "-n", "0", "--sampled")
        expect_top(rows, made.records, keys, "bytes", sampled=True)


@case
def footers_tell_what_flows_tell(folder):
    for seed, rates, most in ((21, (1,), 2**40), (22, (100,), 2**63 + 1)):
        made = Made(folder, seed, most=most, rates=rates)
        for keys, more in (("src", []), ("srcnet/16", ["-n", "0"]), ("dstport", ["-n", "1"]), ("vlan", []),
                           ("srcport", ["--group-time", "10m"]), ("ip", []), ("src,dst", [])):
            for by in ("bytes", "flows,packets"):
                told = made.top(keys, "--by", by, *more)
                expect_equal(made.top(keys, "--by", by, *more, "bytes >= 0"), told, "%s by %s" % (keys, by))
            rows, _ = made.top(keys, "-n", "0", "--by", "bytes,packets")
            expect_top(rows, made.records, keys, "bytes,packets")
        for span in (["--from", "2023-11-14 22:00"], ["--to", "2023-11-14 23:30"], ["--from", "2023-11-14 22:40"],
                     ["--from", "2023-11-14 22:20", "--to", "2023-11-14 22:25:30"], ["--to", "2023-11-14 22:00"]):
            told = made.top("dst", *span)
            expect_equal(made.top("dst", *span, "bytes >= 0"), told, str(span))


@case
def addresses_are_found_in_every_column(folder):
    wanted = [ipaddress.ip_address(text) for text in ("10.1.0.3", "2001:db8:2::5", "10.9.9.9")]
    for seed, mapped in ((31, 0.2), (32, 0)):
        made = Made(folder, seed, mapped=mapped)
        for merged in (False, True):
            for address in wanted:
                for words, matches in (
                        ("src ip %s", lambda r: plain(r.src) == address),
                        ("ip in [%s 10.3.0.1]", lambda r: {address, ipaddress.ip_address("10.3.0.1")}
                         & {plain(r.src), plain(r.dst)}),
                        ("dst port 53 and dst ip %s", lambda r: r.dstport == 53 and plain(r.dst) == address),
                        ("not ip %s", lambda r: address not in (plain(r.src), plain(r.dst)))):
                    chosen = [record for record in made.records if matches(record)]
                    rows, err = made.top("src", "-n", "0", words % address)
                    expect_in("weir: %d flow" % len(chosen), err)
                    if chosen:
                        expect_top(rows, chosen, "src", "bytes")
                    out, _ = made.flows("-o", "csv", "--order", "none", words % address)
                    expect_equal(len(out.splitlines()) - 1, len(chosen), "flows of " + words % address)
            weir_ok("store", "merge", "--grace", "0", "--store", made.folder)


@case
def filters_and_times_choose(folder):
    made = Made(folder, 4)
    def going_on(from_s, to_s):
        return [r for r in made.records if r.last_ms >= from_s * 1000 and r.first_ms < to_s * 1000]
    for filter_text, matches in (("proto tcp and dst port 443", lambda r: r.protocol == 6 and r.dstport == 443),
                                 ("not (proto udp or src as 64512)", lambda r: r.protocol != 17 and r.srcas != 64512),
                                 ("mplsVpnRouteDistinguisher 0x01", lambda r: False),
                                 ("minimumIpTotalLength < 100", lambda r: r.shortest < 100),
                                 ("src net 10.1.0.0/16 and bytes > 1k", lambda r: str(plain(r.src)).startswith("10.1.")
                                  and r.bytes > 1000)):
        rows, err = made.top("src", "-n", "0", filter_text)
        chosen = [record for record in made.records if matches(record)]
        expect_in("weir: %d flow" % len(chosen), err)
        if chosen:
            expect_top(rows, chosen, "src", "bytes")
    for from_text, to_text, from_s, to_s in (
            ("2023-11-14 22:20", "2023-11-14 22:25:30", 1700000400, 1700000730),
            ("2023-11-14T22:40:10.5Z", "@1700003600", 1700001610.5, 1700003600),
            ("@1700001000", "@1700001001", 1700001000, 1700001001)):
        rows, err = made.top("dst", "-n", "0", "--from", from_text, "--to", to_text)
        expect_top(rows, going_on(from_s, to_s), "dst", "bytes")
    for record in made.records[:3]:  # the first moment of a span is in it, the end is not
        end, start = ("%sZ" % moment_text(ms).replace(" ", "T") for ms in (record.last_ms, record.first_ms))
        rows, _ = made.top("dst", "-n", "0", "--from", end)
        expect_top(rows, going_on(record.last_ms / 1000, 2**40), "dst", "bytes")
        rows, _ = made.top("dst", "-n", "0", "--to", start)
        early = going_on(0, record.first_ms / 1000)
        expect_top(rows, early, "dst", "bytes") if early else expect_equal(len(rows), 1, "rows before the first flow")
    rows, _ = made.top("dst", "-n", "0", "--from", "2023-11-14 23:00")
    expect_top(rows, going_on(1700002800, 2**40), "dst", "bytes")
    ago_s = (datetime.datetime.now() - datetime.datetime(2023, 11, 14, 23, 0)).total_seconds()
    rows, _ = made.top("dst", "-n", "0", "--last", "%ds" % ago_s)
    expect(0 < len(rows) - 1, "some flows are of the last %d s" % ago_s)
    rows, err = made.top("dst", "--last", "1h")
    expect_equal(len(rows), 1, "rows of the last hour")
    expect_in("files of other times", err)
    rows, _ = made.top("dstport", "--group-time", "5m", "-n", "2")
    expect_equal(rows[0], ["time", "dstport", "bytes", "percent"], "header")
    steps = collections.defaultdict(list)
    for record in made.records:
        steps[record.first_ms // 300_000].append(record)
    place = 1
    for step in sorted(steps):
        sums = sorted((amounts_of(members)["bytes"] for members in groups_of(steps[step], "dstport").values()),
                      reverse=True)
        for amount in sums[:2]:
            when = datetime.datetime.fromtimestamp(step * 300,
                                                   datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
            expect_equal((rows[place][0], int(rows[place][2])), (when, amount), "row %d" % place)
            place += 1
    expect_equal(place, len(rows), "rows")


@case
def files_of_other_times_are_not_opened(folder):
    made = Made(folder, 5)
    names = [os.path.join(base, name) for base, _, found in os.walk(os.path.join(made.folder, "flows"))
             for name in found]
    early = [path for path in names if os.path.basename(path)[:15] < "20231114T230000"]
    late = [path for path in names if os.path.basename(path).split("-")[1] >= "20231114T230000"]
    expect(len(late) < len(names) and early, "the store has files of several times: %r" % names)
    for path in set(names) - set(late):
        with open(path, "wb") as file:
            file.write(b"not Parquet")
    rows, err = made.top("dst", "-n", "0", "--from", "2023-11-14 23:05")
    expect(len(rows) > 1, "flows of the files that are left")
    expect("left out" not in err, "a file was looked at: " + err)


@case
def damaged_files_are_left_out_by_name(folder):
    made = Made(folder, 13)
    names = sorted(os.path.join(base, name) for base, _, found in os.walk(os.path.join(made.folder, "flows"))
                   for name in found)
    whole = {(form, command[0]): weir_ok(*command, "--store", made.folder, "-o", form)[0] for form, command in
             (("csv", ("top", "src", "-n", "0")), ("line", ("flows",)), ("csv", ("graph", "-n", "1")))}
    with open(names[0], "r+b") as file:
        file.truncate(os.path.getsize(names[0]) // 2)
    for form, command in (("csv", ("top", "src", "-n", "0")), ("line", ("flows",)), ("csv", ("graph", "-n", "1"))):
        out, err = weir_ok(*command, "--store", made.folder, "-o", form)
        expect_in("left out: " + names[0], err)
        expect_in("weir: 1 file left out", err)
        expect(0 < len(out) < len(whole[form, command[0]]) or command[0] == "graph", "what the other files have")


@case
def files_without_an_address_are_not_read(folder):
    """So that it does not matter to a question whether they are damaged; one about all flows names them."""
    store = os.path.join(folder, "three")
    template = netflow_maker.templates((300, [(IPV6_SRC_ADDR, 16), (IPV6_DST_ADDR, 16), (IN_BYTES, 4)]))
    def datagram(flows):
        return netflow_maker.Exporter().datagram(template, netflow_maker.data(300, *flows))
    for day in range(3):
        flows = [ipaddress.ip_address("2001:db8::%d" % day).packed + ipaddress.ip_address("2001:db8:1::%d" % host).packed +
                 struct.pack("!I", host) for host in range(day, 250, 3)]
        path = write_file(folder, "day-%d.pcap" % day, capture_maker.pcap_of([(86400 * day, datagram(flows))]))
        weir_ok("collect", "-r", path, "-o", "store:" + store)
    def rows(*arguments):
        out, err = weir_ok("flows", "--store", store, "-o", "fmt:%src %dst %bytes", *arguments)
        return out.splitlines(), err
    for merged in (False, True):
        if merged:  # so that they have filters, which tell apart what bounds do not
            weir_ok("store", "merge", "--store", store, "--all", "--grace", "0s")
        before = {text: sorted(rows(text)[0]) for text in ("bytes = 101", "bytes = 101 or bytes = 102", "bytes < 0")}
        expect_equal([len(found) for found in before.values()], [1, 2, 0], "rows")
        expect_equal(rows("dst ip 2001:db8:1::101")[0], before["bytes = 101"], "one address")
        expect_equal(sorted(rows("ip [2001:db8:1::101 2001:db8:1::102]")[0]), before["bytes = 101 or bytes = 102"], "two")
        expect_equal(rows("src ip 2001:db8::0 and dst ip 2001:db8:1::101")[0], [], "of two files")
        expect_equal(rows("ip 2001:db8::ffff")[0], [], "in no file")
        expect_equal(weir_ok("top", "src,octetDeltaCount", "--store", store, "-o", "csv", "ip 2001:db8::ffff")[0],
                     "src,octetDeltaCount,bytes,percent\n", "groups of none")
        expect_equal(*(weir_ok("flows", "--store", store, "-o", "csv", text)[0].split("\n")[0]
                       for text in ("ip 2001:db8::ffff", "")), "the columns, whatever is found")
    expect_equal(len(rows("--biflow", "src ip 2001:db8::0 and bytes = 99")[0]), 1, "a conversation")
    paths = sorted(store_reader.segment_paths(store))
    expect_equal(len(paths), 3, "files")
    with open(paths[1], "r+b") as file:  # its pages, which come first
        file.seek(4)
        file.write(bytes(os.path.getsize(paths[1]) // 4))
    expect_in("left out: " + paths[1], rows("dst net 2001:db8:1::/64")[1])
    expect("left out" not in rows("src ip 2001:db8::0 and dst ip 2001:db8:1::99")[1], "a file was looked at")


@case
def the_account_tells_what_is_missing(folder):
    made = Made(folder, 6)
    _, err = made.top("src")
    first, last = min(r.first_ms for r in made.records) // 1000, max(r.last_ms for r in made.records) // 1000
    def text(seconds):
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M.%S")
    expect_in("weir: %d flows, %s to %s\n" % (len(made.records), text(first), text(last)), err)
    expect_in("weir: 2 exporters; lost by sequence: 2 datagrams, 0 records; refused: 0 datagrams; "
              "dropped by the collector: 0 records; dropped by the kernel: 0 datagrams\n", err)


@case
def the_account_tells_up_to_when_it_tells(folder):
    ended_s = int(time.time()) + 300  # so that it is recent, however long this takes
    exporter = netflow_maker.Exporter()
    exporter.export_time_s = ended_s
    path = write_file(folder, "recent.pcap", capture_maker.pcap_of(
        (ended_s + after_s - START_S, exporter.flows(*[netflow_maker.numbered_flow(60 + after_s)] * 5))
        for after_s in (-60, 0)))
    store = os.path.join(folder, "recent")
    weir_ok("collect", "-r", path, "-o", "store:" + store)
    def account(from_s, to_s=None):
        span = ["--from", "@%d" % (ended_s + from_s)] + (["--to", "@%d" % (ended_s + to_s)] if to_s else [])
        return weir_ok("top", "src", "--store", store, *span)[1]
    at = datetime.datetime.fromtimestamp(ended_s, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M.%S")
    expect_in("1 exporter; lost by sequence: 0", account(-600))
    expect_in("; told up to %s, each minute\n" % at, account(-600))
    expect_in("1 exporter; lost by sequence: 0", account(-600, -30))
    expect("told up to" not in account(-600, -30), "told of a time that is over")
    expect_in("the store does not tell what was lost in this time\n", account(-600, -100))
    shutil.rmtree(os.path.join(store, "ledger"))
    expect_in("the store does not tell yet what was lost in this time: it does so each minute\n", account(-600))


@case
def tables_are_for_people(folder):
    made = Made(folder, 7)
    out, _ = weir_ok("top", "--store", made.folder, "proto", "--by", "bytes,flows", env={**os.environ, "LC_ALL": "C"})
    lines = out.splitlines()
    expect_equal(len(lines), 5, "lines")
    expect_equal(lines[0].split(), ["proto", "bytes", "flows"], "header")
    expect_equal(lines[-1].split()[0], "all", "last line")
    expect_in(" %d" % len(made.records) if len(made.records) < 1000 else "1 ", lines[-1])
    shares = [float(line.split("%")[0].split()[-1]) for line in lines[1:-1]]
    expect(abs(sum(shares) - 100) < 0.2 and shares == sorted(shares, reverse=True), "shares %r" % shares)
    expect(lines[1].endswith("#" * 20), "a bar in %r" % lines[1])
    for form in ("json", "ndjson", "markdown", "box"):
        out, _ = weir_ok("top", "--store", made.folder, "proto", "-o", form)
        expect_in("TCP", out)
    expect_equal(len(json.loads(weir_ok("top", "--store", made.folder, "proto", "-o", "json")[0])), 3, "objects")


def moment_text(ms):
    when = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return when.strftime("%Y-%m-%d %H:%M:%S") + ".%03d" % (ms % 1000)


def pair(address, port):
    address = plain(address)
    return ("[%s]:%s" if address.version == 6 else "%s:%s") % (address, port)


def decimal(number):
    return "%.0f" % number if number == int(number) else "%.3f" % number


@case
def flows_come_as_lines(folder):
    made = Made(folder, 8)
    def cells(r):
        is_icmp = r.protocol == 1
        return [*moment_text(r.first_ms).split(), decimal((r.last_ms - r.first_ms) / 1000), PROTOCOLS[r.protocol],
                str(plain(r.src)) if is_icmp else pair(r.src, r.srcport), "->",
                pair(r.dst, "%d.%d" % divmod(r.dstport, 256) if is_icmp else r.dstport), flags_text(r.flags),
                str(r.packets), str(r.bytes)]
    out, err = made.flows()
    got = out.splitlines()[1:]
    expect_equal(out.split("\n", 1)[0].split(), "time duration proto src -> dst flags packets bytes".split(), "heading")
    expect_equal(len({len(text) for text in got}), 1, "lengths of lines")
    expect_equal([text[:23] for text in got], [moment_text(r.first_ms) for r in
                                             sorted(made.records, key=lambda r: r.first_ms)], "times in order")
    expect_equal(sorted(text.split() for text in got), sorted(map(cells, made.records)), "lines")
    expect_in("weir: %d flows" % len(made.records), err)
    out, _ = made.flows("--order", "none")
    expect_equal(sorted(text.split() for text in out.splitlines()[1:]), sorted(map(cells, made.records)),
                 "lines as they are stored")
    out, _ = made.flows("-n", "5")
    expect_equal([text[:23] for text in out.splitlines()[1:]], [text[:23] for text in got[:5]], "the first five")
    for order, value in (("bytes", lambda r: r.bytes), ("packets", lambda r: r.packets),
                         ("duration", lambda r: r.last_ms - r.first_ms)):
        out, _ = made.flows("--order", order, "-n", "9", "-o", "fmt:%bytes %packets %td")
        wanted = sorted(map(value, made.records), reverse=True)[:9]
        column = {"bytes": 0, "packets": 1, "duration": 2}[order]
        expect_equal([round(float(text.split()[column]) * (1000 if order == "duration" else 1)) for text in
                      out.splitlines()], wanted, "by " + order)
    out, _ = made.flows("-o", "long", "-n", "1", "dst as 65002")
    expect_equal(out.splitlines()[0].split()[-5:], ["srcas", "->", "dstas", "next", "exporter"], "the long heading")
    expect_equal(out.split()[-4:-1], ["->", "65002", "-"], "the end of a long line")


@case
def forms_say_what_a_line_has(folder):
    made = Made(folder, 9, 100)
    out, _ = made.flows("-o", "fmt:%ts|%te|%{src}:%srcport>%dst:%dstport|%proto|%bytes|%5tos|%-4vlan|%%|%srcnet/16|%exporter|"
                        "%natEvent|%bpp|%fl|%minimumIpTotalLength|%ingressInterface\\t.")
    def line(r):
        return "%s|%s|%s:%d>%s:%d|%s|%d|%5d|%-4d|%%|%s|%s|-|%d|1|%d|%d\t." % (
            moment_text(r.first_ms), moment_text(r.last_ms), plain(r.src), r.srcport, plain(r.dst), r.dstport,
            PROTOCOLS[r.protocol],
            r.bytes, r.tos, r.vlan, network_of(r.src, 16, 64), r.exporter, int(r.bytes / r.packets + 0.5), r.shortest,
            r.in_)
    expect_equal(sorted(out.splitlines()), sorted(map(line, made.records)), "lines")
    out, _ = made.flows("-o", "fmt:%bytes %packets %bps %pps", "--sampled")
    def rates(r):
        seconds = (r.last_ms - r.first_ms) / 1000
        rate = lambda amount: int(amount * r.rate / seconds + 0.5) if seconds > 0 else 0
        return [r.bytes * r.rate, r.packets * r.rate, rate(8 * r.bytes), rate(r.packets)]
    got = sorted([int(word) for word in text.split()] for text in out.splitlines())
    for one, other in zip(got, sorted(map(rates, made.records))):
        expect(all(abs(a - b) <= 1 + b * 1e-14 for a, b in zip(one, other)), "rates %r, not %r" % (one, other))
    out, _ = made.flows("-o", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    expect_equal(sorted((row["src"], row["dst"], row["bytes"], row["src_as"], row["vlan"]) for row in rows),
                 sorted((str(plain(r.src)), str(plain(r.dst)), str(r.bytes), str(r.srcas), str(r.vlan))
                        for r in made.records), "CSV")
    objects = [json.loads(text) for text in made.flows("-o", "ndjson", "--sampled")[0].splitlines()]
    expect_equal(sorted((row["src"], row["bytes"], row["packets"]) for row in objects),
                 sorted((str(plain(r.src)), r.bytes * r.rate, r.packets * r.rate) for r in made.records), "JSON")
    expect("next_hop" not in objects[0], "what is absent is left out")


@case
def what_footers_tell_of_columns_changes_nothing(folder):
    """A file that was not written by Weir has nothing told of any: here of no flows, at the end, so that all else is the same."""
    made = Made(folder, 10, 200)
    ways = [["-o", form] + words for form in ("csv", "ndjson", "line", "box") for words in (
        [], ["--sampled"], ["--order", "bytes"], ["--order", "none"], ["--from", "2023-11-14 22:40"], ["src ip 10.0.0.0/8 or natEvent 4"],
        ["not natEvent 4"], ["--biflow"], ["--group-time", "10m"], ["-n", "1"], ["src ip 192.0.2.99"])]
    known = [made.flows(*words) for words in ways]
    path = store_reader.segment_paths(made.folder)[-1]
    number = store_reader.parts(path)[2] + 1
    strange = os.path.join(folder, "strange.parquet")
    with open(strange, "wb") as file:
        subprocess.run([weir_e2e.weir_path, "sql", "--store", made.folder, "-o", "parquet", "from stored.flows limit 0"],
                       stdout=file, timeout=60, check=True)
    os.rename(strange, re.sub(r"-\d+-\d+-\d+\.parquet$", "-%d-%d-0.parquet" % (number, number), path))
    for words, before in zip(ways, known):
        for text, wanted in zip(made.flows(*words), before):
            if "line" in words:  # how wide columns are is for what comes first to say
                text, wanted = (re.sub(" +", " ", one) for one in (text, wanted))
            expect_equal(text.splitlines()[:1], wanted.splitlines()[:1], "first line of %r" % (words,))
            expect_equal(sorted(text.splitlines()), sorted(wanted.splitlines()), "lines of %r" % (words,))


def spread(records, key, by, start_ms, step_ms, sampled=False):
    """What is in each step of each group, spread evenly."""
    amounts = collections.defaultdict(float)
    for record in records:
        amount = 1 if by == "flows" else getattr(record, by) * (record.rate if sampled else 1)
        length = record.last_ms - record.first_ms
        for step in range((record.first_ms - start_ms) // step_ms, (record.last_ms - start_ms) // step_ms + 1):
            begin = max(record.first_ms, start_ms + step * step_ms)
            end = min(record.last_ms, start_ms + (step + 1) * step_ms)
            amounts[step, key(record)] += amount * (end - begin) / length if length > 0 else amount
    return amounts


def graph_rows(made, *arguments):
    out, err = weir_ok("graph", "--store", made.folder, "-o", "csv", *arguments)
    expect_in("weir: ", err)
    return list(csv.reader(io.StringIO(out)))


def expect_graph(rows, records, key, by, step_ms, bands=6, from_ms=None, to_ms=None, sampled=False):
    first = max(min(r.first_ms for r in records), from_ms or 0)
    last = min(max(r.last_ms for r in records), (to_ms or 2**60) - 1)
    start = first // step_ms * step_ms
    wholes = collections.defaultdict(int)
    for r in records:
        wholes[key(r)] += 1 if by == "flows" else getattr(r, by) * (r.rate if sampled else 1)
    largest = {row[1] for row in rows[1:]} - {"other"}
    expect_equal(sorted(wholes[name] for name in largest), sorted(wholes.values())[-bands:], "the largest bands")
    wanted = collections.defaultdict(float)
    for (step, name), amount in spread(records, key, by, start, step_ms, sampled).items():
        wanted[step, name if name in largest else "other"] += amount
    expect_equal(len(rows) - 1, ((last - start) // step_ms + 1) * (len(largest) + 1), "rows")
    for when, name, amount in rows[1:]:
        at = datetime.datetime.fromisoformat(when[:-1] + "+00:00").timestamp()
        step, rest = divmod(round(at * 1000) - start, step_ms)
        expect_equal(rest, 0, "a step begins at " + when)
        expect(abs(float(amount) - wanted[step, name]) <= 0.01 + wanted[step, name] * 1e-9,
               "%s of %s: %s, not %s" % (when, name, amount, wanted[step, name]))


@case
def graphs_spread_what_flows_carried(folder):
    made = Made(folder, 11)
    rows = graph_rows(made, "--group-time", "5m")
    expect_equal(rows[0], ["time", "proto", "bytes"], "header")
    expect_graph(rows, made.records, lambda r: PROTOCOLS[r.protocol], "bytes", 300_000)
    for by, step, seconds in (("packets", "7s", 7), ("flows", "1m", 60), ("bytes", "2h", 7200)):
        rows = graph_rows(made, "-b", by, "-k", "dst", "-n", "4", "--group-time", step)
        expect_graph(rows, made.records, lambda r: str(plain(r.dst)), by, seconds * 1000, 4)
    rows = graph_rows(made, "-k", "vlan,dstport", "--group-time", "10m", "--sampled")
    expect_equal(rows[0], ["time", "vlan", "dstport", "bytes"], "header of two keys")
    rows = [[row[0], row[1] if row[1] == "other" else " ".join(row[1:3]), row[3]] for row in rows]
    expect_graph(rows, made.records, lambda r: "%d %d" % (r.vlan, r.dstport), "bytes", 600_000, sampled=True)
    from_ms, to_ms = 1_700_000_900_000, 1_700_001_730_000
    rows = graph_rows(made, "-k", "srcas", "--group-time", "1m", "--from", "@1700000900", "--to", "@1700001730",
                      "dst port 53")
    expect_graph(rows, [r for r in made.records if r.last_ms >= from_ms and r.first_ms < to_ms and r.dstport == 53],
                 lambda r: str(r.srcas), "bytes", 60_000, 6, from_ms, to_ms)
    steps = {row[0] for row in graph_rows(made, "-n", "1")[1:]}
    expect(60 <= len(steps) <= 130, "%d steps by default" % len(steps))


@case
def graphs_are_drawn(folder):
    made = Made(folder, 12)
    out, _ = weir_ok("graph", "--store", made.folder, "-k", "dstport",
                     env={**os.environ, "LC_ALL": "C", "COLUMNS": "80"})
    expect_in("Bytes per second by dstport\n", out)
    lines = out.splitlines()
    expect(max(map(len, lines)) <= 80 and len(lines) > 18, "a graph of 80 columns: %r" % out)
    for port in ("443", "80", "53"):
        expect_in(" %s " % port, lines[-1])
    expect(any("#" in line for line in lines[3:-2]), "something is drawn: %r" % out)
    out, _ = weir_ok("graph", "--store", made.folder, "-k", "proto", "-b", "flows", "-o", "svg")
    picture = xml.dom.minidom.parseString(out)
    texts = " ".join(node.firstChild.data for node in picture.getElementsByTagName("text"))
    expect_in("Flows per second by proto", texts)
    expect_equal(sum("fill" in path.attributes for path in picture.getElementsByTagName("path")), 4, "bands and others")
    total = collections.Counter(PROTOCOLS[r.protocol] for r in made.records)
    for name, count in total.items():
        expect_in("%s %d" % (name, count), texts)
    for form in ("text", "svg", "csv"):
        out, err = weir_ok("graph", "--store", made.folder, "-o", form, "dst port 1")
        expect_in("nothing to draw" if form != "csv" else "time,proto,bytes", out)
        expect_in("weir: 0 flows", err)


@case
def words_of_nfdump_are_keys(folder):
    made = Made(folder, 10, 20)
    for word, known in (("srcip", "src"), ("dstip,srcip", "dst,src"), ("srcip/24", "srcnet/24")):
        rows, wanted = (weir_ok("top", keys, "-n", "0", "-o", "csv", "--store", made.folder)[0].splitlines()
                        for keys in (word, known))
        expect_equal(rows[0], word + ",bytes,percent", "head of " + word)
        expect_equal(sorted(rows[1:]), sorted(wanted[1:]), "rows of " + word)


@case
def mistakes_are_told(folder):
    made = Made(folder, 10, 20)
    def expect_error(code, text, *arguments):
        got, out, err = weir(*arguments)
        expect_equal((got, out), (code, ""), "exit code and output of %r (%s)" % (arguments, err))
        expect_in(text, err)
    store = ("--store", made.folder)
    expect_error(2, "did you mean 'proto'?\n  prto tcp\n  ^~~~", "top", "src", *store, "prto tcp")
    expect_error(2, "did you mean 'src'?", "top", "srk", *store)
    expect_error(2, "did you mean 'src_port'?", "top", "src_prot", *store)
    expect_error(2, "did you mean 'octetDeltaCount'?", "top", "octetDeltaCoun", *store)
    for keys, told in (("src,proto,src", "'src' and 'src'"), ("srcip,SRC", "'srcip' and 'SRC'"),
                       ("proto,protocol", "'proto' and 'protocol'"), ("srcnet,srcnet/24", "'srcnet' and 'srcnet/24'")):
        expect_error(2, told + " are the same key", "top", keys, *store)
    expect_error(2, "the keys are missing", "top", *store)
    expect_error(2, "one can be a key", "top", "ip,port", *store)
    expect_error(2, "has no such network", "top", "srcnet/129", *store)
    expect_error(2, "has no such network", "top", "dstport/8", *store)
    expect_error(2, "'byte' is not one of", "top", "src", "--by", "byte", *store)
    expect_error(2, "'bytes' is not one of", "top", "src", "--by", "bytes,bytes", *store)
    expect_error(2, "not a time such as", "top", "src", "--from", "soon", *store)
    expect_error(2, "not after that of --from", "top", "src", "--from", "now", "--to", "-1h", *store)
    expect_error(2, "--last goes without --to", "flows", "--last", "1h", "--to", "now", *store)
    expect_error(2, "did you mean 'dstport'?", "flows", "-o", "fmt:%dstprt", *store)
    expect_error(2, "a word is missing behind '%'", "flows", "-o", "fmt:100%", *store)
    expect_error(2, "is not closed", "flows", "-o", "fmt:%{src", *store)
    expect_error(2, "no such output format", "flows", "-o", "xml", *store)
    expect_error(2, "not bytes, packets, flows, bps or pps", "graph", "-b", "bpp", *store)
    expect_error(2, "has one place in a graph", "graph", "-k", "ip", *store)
    expect_error(2, "bands from 1 to 6", "graph", "-n", "7", *store)
    expect_error(1, "there may be 10000; --group-time", "graph", "--group-time", "0.001s", *store)
    expect_error(2, "only one filter", "flows", "proto", "tcp", *store)
    expect_error(1, "there is no store at %s/none; 'weir collect -o store:DIR' makes one" % folder, "top", "src",
                 "--store", folder + "/none")
    expect_error(1, "Not a directory", "flows", "--store", write_file(folder, "file", b""))
    code, _, err = weir("top", "src", *store, env={**os.environ, "WEIR_DUCKDB": "/nonexistent.so"})
    expect_equal(code, 1, "exit code without DuckDB")
    expect_in("/nonexistent.so", err)
    code, _, err = weir("top", "src", "--by", "byte", *store, env={**os.environ, "WEIR_DUCKDB": "/nonexistent.so"})
    expect_equal(code, 2, "exit code of a wrong word without DuckDB")
    expect_in("'byte' is not one of", err)
    os.environ["WEIR_STORE"] = made.folder
    try:
        expect_in("weir: %d flows" % len(made.records), weir_ok("top", "src")[1])
    finally:
        del os.environ["WEIR_STORE"]


@case
def a_folder_that_is_no_store_is_not_an_empty_one(folder):
    made = Made(folder, 20, 20)
    os.makedirs(os.path.join(folder, "else", "sub"))
    os.mkdir(os.path.join(folder, "empty"))
    parts = os.listdir(made.folder)
    asks = (("top", "src"), ("flows",), ("graph",), ("sql", "select 1"), ("store", "ls"), ("store", "check"),
            ("store", "merge"), ("store", "expire", "--keep-days", "5"), ("exporters",))
    for place, text in ((folder, "%s is no store; there is one at %s" % (folder, made.folder)),
                        (os.path.join(made.folder, "flows"), "is no store, but a part of the one at %s" % made.folder),
                        (os.path.join(folder, "else"), "it has files, and no folder flows among them")):
        for arguments in asks:
            code, out, err = weir(*arguments, "--store", place)
            expect_equal((code, out), (1, ""), "exit code and output of %r at %s" % (arguments, place))
            expect_in(text, err)
        expect_in(text, weir("doctor", "--no-write", "--store", place)[1])
    expect_equal(os.listdir(os.path.join(folder, "else")), ["sub"], "files made where there is no store")
    expect_equal(os.listdir(made.folder), parts, "files made in a store that was not named")
    for place in (os.path.join(folder, "empty"), made.folder):
        for arguments in asks[:6]:
            weir_ok(*arguments, "--store", place)


@case
def a_store_of_a_later_version_is_told_of_as_such(folder):
    made = Made(folder, 22, 20)
    write_file(made.folder, ".format", b"2\n")
    for arguments in (("top", "src"), ("exporters",), ("store", "ls")):
        code, _, err = weir(*arguments, "--store", made.folder)
        expect_equal(code, 1, "exit code of %r" % (arguments,))
        expect_in("is of format 2, which a later version of Weir made", err)


if __name__ == "__main__":
    run()
