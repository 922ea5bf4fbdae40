#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_analyze_store.py WEIR [WORD...]: weir analyze over a store; its report is compared with that of the JSON lines of the
same captures, which come by another way."""
import ipaddress
import os
import pty
import random
import struct
import subprocess

import capture_maker
import netflow_maker
import weir_e2e
from netflow_maker import (FIRST_SWITCHED, ICMP_TYPE, IN_BYTES, IN_PKTS, IPV4_DST_ADDR, IPV4_SRC_ADDR, IPV6_DST_ADDR,
                           IPV6_SRC_ADDR, L4_DST_PORT, L4_SRC_PORT, LAST_SWITCHED, PROTOCOL, SAMPLING_INTERVAL, set_of)
from weir_e2e import case, expect, expect_equal, expect_in, run, weir, weir_ok, write_file

START_S = capture_maker.START_S
UPTIME_MS = 2**32 - 1_500_000  # wraps within the hour
FLOW_START_MS, FLOW_END_MS, IP_VERSION = 152, 153, 60
REST = [(IN_BYTES, 4), (IN_PKTS, 4), (L4_SRC_PORT, 2), (L4_DST_PORT, 2), (PROTOCOL, 1), (ICMP_TYPE, 2),
        (SAMPLING_INTERVAL, 4)]
BY_UPTIME, BY_MS = [(FIRST_SWITCHED, 4), (LAST_SWITCHED, 4)], [(FLOW_START_MS, 8), (FLOW_END_MS, 8)]
FOUR, SIX = [(IPV4_SRC_ADDR, 4), (IPV4_DST_ADDR, 4)], [(IPV6_SRC_ADDR, 16), (IPV6_DST_ADDR, 16)]
BOTH = FOUR + SIX + [(IP_VERSION, 1)]
WAYS = [[], ["--min-size", "0"], ["--min-size", "0", "--json", "-v"], ["--table", "-v", "--raw-sizes"], ["--stats"],
        ["--graph"], ["--min-size", "0", "--sort", "duration", "--limit", "20"], ["--sort", "packets", "-p", "20"],
        ["--min-size", "0", "--match-host", "10.1.0.0/16", "--table", "--stats"], ["--min-size", "0", "--limit", "7"]]


class Exporter:
    """What one exporter sends of random conversations, both ways, in pieces."""

    def __init__(self, chance, address, version, times, families):
        self.chance, self.address, self.version, self.times, self.families = chance, address, version, times, families
        self.talks = [self.talk() for _ in range(40)]
        self.sequence = 0
        self.fields = {4: FOUR + times + REST, 6: SIX + times + REST}
        if families == "both":
            self.fields = {4: BOTH + times + REST, 6: BOTH + times + REST}

    def talk(self):
        six = self.families != "4" and self.chance.random() < 0.5
        network = "2001:db8:%x::%x" if six else "10.%d.0.%d"
        ends = [ipaddress.ip_address(network % (self.chance.randrange(4), self.chance.randrange(1, 200))) for _ in range(2)]
        return (*ends, self.chance.randrange(1024, 60000), self.chance.choice([22, 53, 443, 5353]),
                self.chance.choice([6, 6, 17, 58 if six else 1]))

    def octets(self, record, at_s):
        src, dst, srcport, dstport, protocol, first_ms, last_ms, size, packets, icmp, rate = record
        addresses = src.packed + dst.packed
        if self.families == "both":
            none = bytes(8), bytes(32)
            addresses = (addresses + none[1] if src.version == 4 else none[0] + addresses) + bytes([src.version])
        if self.times is BY_UPTIME:
            times = struct.pack("!II", *((UPTIME_MS + ms - START_S * 1000) % 2**32 for ms in (first_ms, last_ms)))
        else:
            times = struct.pack("!QQ", first_ms, last_ms)
        return addresses + times + struct.pack("!IIHHBHI", size, packets, srcport, dstport, protocol, icmp, rate)

    def record(self, at_s):
        src, dst, srcport, dstport, protocol = self.chance.choice(self.talks)
        back = self.chance.random() < 0.5
        icmp = 0
        if protocol in (1, 58):
            asks = {1: (8, 0), 58: (128, 129)}[protocol]
            icmp, srcport, dstport = asks[back] * 256, 0, 0
        if back:
            src, dst, srcport, dstport = dst, src, dstport, srcport
        last_ms = (START_S + at_s) * 1000 - self.chance.randrange(3000)
        return (src, dst, srcport, dstport, protocol, last_ms - self.chance.randrange(20000), last_ms,
                self.chance.choice([40, 1500, self.chance.randrange(2**24)]), self.chance.randrange(1, 100), icmp,
                self.chance.choice([1, 1, 100, 1000]))

    def datagram(self, at_s, past_ms, keeps):
        """Of `past_ms` behind the second, which the uptime of the header tells and its time does not."""
        set_id = 2 if self.version == 10 else 0
        described = b"".join(struct.pack("!HH", 1024 * number, len(fields)) + b"".join(struct.pack("!HH", *f) for f in fields)
                             for number, fields in ((1, self.fields[4]), (2, self.fields[6])))
        body = set_of(set_id, described)
        # of one family: in which order templates take turns is nothing that a store tells
        family = self.chance.choice([4, 6]) if self.families != "4" else 4
        records = [self.record(at_s) for _ in range(12)]
        some = [self.octets(r, at_s) for r in records if (r[0].version == family or self.families == "both") and keeps(r)]
        if some:
            data = b"".join(some)
            body += struct.pack("!HH", 1024 if family == 4 or self.families == "both" else 2048, 4 + len(data)) + data
        self.sequence += 1
        if self.version == 10:
            return struct.pack("!HHIII", 10, 16 + len(body), START_S + at_s, self.sequence, 0) + body
        return struct.pack("!HHIIII", 9, 3, (UPTIME_MS + at_s * 1000 + past_ms) % 2**32, START_S + at_s, self.sequence, 0) + body


MIXED = [("192.0.2.1", 9, BY_UPTIME, "46"), ("192.0.2.2", 10, BY_MS, "46"), ("192.0.2.3", 9, BY_MS, "4"),
         ("192.0.2.4", 9, BY_UPTIME, "both"), ("192.0.2.5", 10, BY_UPTIME, "4")]


def make(folder, name, seed, kinds, keeps=lambda record: True, segment="64K", whole_seconds=False):
    """A capture of these exporters, as JSON lines and as a store of several files."""
    chance = random.Random(seed)
    exporters = [Exporter(chance, *kind) for kind in kinds]
    frames = []
    for at_s in range(30, 3030, 15):
        for number, exporter in enumerate(exporters):
            past_ms = number if whole_seconds else (at_s * 37 + number * 211) % 997
            payload = exporter.datagram(at_s, past_ms, keeps)
            frames.append((at_s + past_ms / 1000, capture_maker.ethernet(
                capture_maker.ip(capture_maker.udp(payload), exporter.address))))
    frames.sort(key=lambda frame: frame[0])
    capture = write_file(folder, name + ".pcap", capture_maker.pcap(frames))
    lines, store = os.path.join(folder, name + ".ndjson"), os.path.join(folder, name)
    weir_ok("collect", "-r", capture, "-o", "json:" + lines, "-o", "store:" + store, "--segment-size", segment)
    return lines, store


def files_of(store):
    return sorted(os.path.join(base, name) for base, _, names in os.walk(os.path.join(store, "flows")) for name in names)


def expect_same(lines, store, *options):
    wanted, _ = weir_ok("analyze", "-n", *options, lines)
    got, err = weir_ok("analyze", "-n", *options, store)
    expect(wanted != "" or "2100" in " ".join(options), "something to compare with %r" % (options,))
    expect_equal(got.splitlines(), wanted.splitlines(), "report with %r" % (options,))
    return err


@case
def the_report_is_that_of_the_json_lines(folder):
    lines, store = make(folder, "one", 1, MIXED[:1])
    expect(len(files_of(store)) > 2, "several files: %r" % files_of(store))
    for options in WAYS:
        err = expect_same(lines, store, *options)
        expect_in("weir: 1 exporter; lost by sequence: ", err)
    expect_in("multiplied by sampling rates", expect_same(lines, store))
    expect_in("--sampled multiplies them", expect_same(lines, store, "--raw-sizes"))
    expect_in("multiplied by sampling rates", expect_same(lines, store, "--sampled"))


@case
def what_exporters_send_makes_no_difference(folder):
    lines, store = make(folder, "mixed", 2, MIXED)
    for options in WAYS:
        if "--graph" not in options:  # JSON lines do not tell since when uptimes of IPFIX count
            expect_same(lines, store, *options)
    lines, store = make(folder, "others", 3, MIXED[:4], segment="300K")
    for options in WAYS:
        expect_same(lines, store, *options)


@case
def times_choose_the_same(folder):
    lines, store = make(folder, "times", 4, MIXED[:4], whole_seconds=True)
    for options in (["--from", "@%d" % (START_S + 1000)], ["--to", "@%d" % (START_S + 1000)],
                    ["--from", "@%d" % (START_S + 700), "--to", "@%d" % (START_S + 800)], ["--from", "2100-01-01"]):
        for way in (["--min-size", "0", "--json"], ["--stats"]) if "2100-01-01" not in options else (["--min-size", "0"],):
            expect_same(lines, store, *way, *options)
    whole = weir_ok("analyze", "-n", "--min-size", "0", lines)[0]
    some = weir_ok("analyze", "-n", "--min-size", "0", "--from", "@%d" % (START_S + 1000), lines)[0]
    expect(0 < len(some) < len(whole) * 0.8, "a part of the flows: %d of %d octets" % (len(some), len(whole)))
    expect_in("no flow of that time; ", weir_ok("analyze", "--last", "1h", lines)[1])
    expect_in("files of other times", weir_ok("analyze", "--last", "1h", store)[1])


@case
def merged_files_tell_the_same(folder):
    lines, store = make(folder, "merged", 5, MIXED[:4])
    before = len(files_of(store))
    weir_ok("store", "merge", "--all", "--grace", "0", store)
    expect(len(files_of(store)) < before, "fewer files than %d" % before)
    for options in (["--min-size", "0"], ["--min-size", "0", "--json"]):
        wanted, got = (weir_ok("analyze", "-n", *options, path)[0].splitlines() for path in (lines, store))
        expect_equal(sorted(got), sorted(wanted), "report with %r" % (options,))


@case
def a_filter_chooses(folder):
    _, store = make(folder, "all", 6, MIXED[:4])
    lines, _ = make(folder, "some", 6, MIXED[:4], lambda record: record[4] == 6 and 443 in (record[2], record[3]))
    wanted, _ = weir_ok("analyze", "-n", "--min-size", "0", "--json", lines)
    for arguments in ([store, "proto tcp and port 443"], ["--store", store, "proto tcp and port 443"]):
        got, err = weir_ok("analyze", "-n", "--min-size", "0", "--json", *arguments)
        expect_equal(got.splitlines(), wanted.splitlines(), "report with %r" % (arguments,))
    expect_in("weir: %d flows" % sum(2 if '"paired": true' in line else 1 for line in got.splitlines()), err)


@case
def damaged_files_are_named(folder):
    _, store = make(folder, "damaged", 7, MIXED[:1])
    path = files_of(store)[1]
    whole = weir_ok("analyze", "-n", "--min-size", "0", store)[0]
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
    out, err = weir_ok("analyze", "-n", "--min-size", "0", store)
    expect_in("weir analyze: left out: " + path, err)
    expect(0 < len(out) < len(whole), "what the other files have")


def at_a_terminal(*arguments, **variables):
    """Exit code, output and messages, with a terminal as standard input."""
    master, slave = pty.openpty()
    try:
        done = subprocess.run([weir_e2e.weir_path, *arguments], stdin=slave, capture_output=True, text=True, timeout=60,
                              env={**os.environ, **variables}, check=False)
    finally:
        os.close(master)
        os.close(slave)
    return done.returncode, done.stdout, done.stderr


@case
def the_usual_store_is_found(folder):
    lines, store = make(folder, "usual", 8, MIXED[:1])
    wanted = weir_ok("analyze", "-n", lines)[0]
    expect_equal(at_a_terminal("analyze", "-n", WEIR_STORE=store)[:2], (0, wanted), "with WEIR_STORE")
    os.makedirs(os.path.join(folder, "state"))
    os.rename(store, os.path.join(folder, "state", "store"))
    expect_equal(at_a_terminal("analyze", "-n", STATE_DIRECTORY=os.path.join(folder, "state"))[:2], (0, wanted),
                 "where weir collect puts it")
    code, out, err = at_a_terminal("analyze", "-n", STATE_DIRECTORY=os.path.join(folder, "none"))
    expect_equal((code, out), (2, ""), "without a store")
    expect_in("name a file of flows", err)
    with open(lines, "rb") as file:  # what comes in goes before what lies there
        done = subprocess.run([weir_e2e.weir_path, "analyze", "-n"], stdin=file, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "WEIR_STORE": "/nonexistent"}, check=False)
    expect_equal((done.returncode, done.stdout), (0, wanted), "standard input")


@case
def mistakes_are_told(folder):
    lines, store = make(folder, "mistakes", 9, MIXED[:1])
    def expect_error(code, text, *arguments):
        got, out, err = weir("analyze", *arguments)
        expect_equal((got, out), (code, ""), "exit code and output of %r (%s)" % (arguments, err))
        expect_in(text, err)
    expect_error(2, "did you mean 'proto'?", store, "prto tcp")
    expect_error(2, "only one filter", store, "proto", "tcp")
    expect_error(2, "a filter for a store alone: 'proto tcp'", lines, "proto tcp")
    expect_error(2, "one file at a time", lines, lines)
    expect_error(2, "a file or a store", "-f", lines, "--store", store)
    expect_error(2, "not a time such as", "--from", "soon", store)
    expect_error(2, "--last goes without --to", "--last", "1h", "--to", "now", lines)
    expect_error(2, "--raw-sizes and --sampled do not go together", "--raw-sizes", "--sampled", store)
    expect_error(1, "there is no store at " + folder + "/none", "--store", folder + "/none")
    os.makedirs(folder + "/empty")
    expect_error(1, folder + "/empty is a folder without a store", folder + "/empty")
    os.makedirs(folder + "/empty/flows")
    out, err = weir_ok("analyze", folder + "/empty")
    expect_equal(out, "", "output of nothing")
    expect_in("there are no flows in " + folder + "/empty", err)


if __name__ == "__main__":
    run()
