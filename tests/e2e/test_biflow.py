#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_biflow.py WEIR [WORD...]: --biflow and --group-time of weir flows and weir top over stores that weir collect
made; the numbers are compared with those of the same records in Python."""
import collections
import csv
import datetime
import io
import ipaddress
import itertools
import json
import random

import capture_maker
from talk_maker import BY_MS, MIXED, START_S, Exporter, make
from weir_e2e import case, expect, expect_equal, expect_in, run, weir, weir_ok, write_file

KINDS = MIXED[:4] + [("192.0.2.6", 10, BY_MS, "46", True)]
ASKS = {1: {8: 8, 0: 8}, 58: {128: 128, 129: 128}}
COLUMNS = ["time_start", "time_end", "src", "src_port", "dst", "dst_port", "protocol", "tcp_flags", "bytes", "packets",
           "reverse_tcp_flags", "reverse_bytes", "reverse_packets", "flows", "exporter", "exporter_port"]


def key_of(record):
    """What the records of a conversation have in common, and whether this one's source is the second end of it."""
    if record.protocol in ASKS:
        kind = record.icmp >> 8
        turned = kind != ASKS[record.protocol][kind]
        ends = (record.src, ASKS[record.protocol][kind]), (record.dst, 0)
    else:
        ends = (record.src, record.srcport), (record.dst, record.dstport)
        turned = (int(ends[0][0]), ends[0][1]) > (int(ends[1][0]), ends[1][1])
    if turned:
        ends = ((record.dst, ends[0][1]), (record.src, 0)) if record.protocol in ASKS else ends[::-1]
    return (record.exporter, record.protocol, *ends), turned


def conversations(records, timeout_ms=60_000):
    """Lists of (record, turned), in the order in which they began."""
    keyed = collections.defaultdict(list)
    for record in records:
        key, turned = key_of(record)
        keyed[key].append((record, turned))
    for members in keyed.values():
        members.sort(key=lambda m: (m[0].first_ms, m[0].srcport <= m[0].dstport, m[1], m[0].last_ms))
        end_ms, talk = None, []
        for member in members:
            if talk and member[0].first_ms > end_ms + timeout_ms:
                yield talk
                talk = []
            end_ms = max(end_ms, member[0].last_ms) if talk else member[0].last_ms
            talk.append(member)
        yield talk


def moment(ms):
    when = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S") + ".%06dZ" % (ms % 1000 * 1000)


def summary(talk, sampled=False):
    first, way = talk[0]
    def both(name):
        rate = lambda r: r.rate if sampled else 1
        there = sum((getattr(r, name) if t == way else getattr(r, "reverse_" + name)) * rate(r) for r, t in talk)
        back = sum((getattr(r, name) if t != way else getattr(r, "reverse_" + name)) * rate(r) for r, t in talk)
        return there, back
    def flags(wanted):
        some = [r.flags for r, t in talk if (t == way) == wanted]
        result = 0
        for one in some:
            result |= one
        return str(result) if some else ""
    (size, reverse_size), (packets, reverse_packets) = both("bytes"), both("packets")
    return [moment(first.first_ms), moment(max(r.last_ms for r, _ in talk)), str(first.src), str(first.srcport),
            str(first.dst), str(first.dstport), str(first.protocol), flags(True), str(size), str(packets), flags(False),
            str(reverse_size), str(reverse_packets), str(len(talk)), first.exporter, "50000"]


def rows_of(*arguments):
    out, err = weir_ok(*arguments, "-o", "csv")
    return list(csv.reader(io.StringIO(out))), err


def expect_talks(rows, talks, sampled=False):
    expect_equal(rows[0], COLUMNS, "header")
    expect_equal(sorted(rows[1:]), sorted(summary(talk, sampled) for talk in talks), "conversations")


@case
def both_directions_are_one_row(folder):
    _, store, records = make(folder, "store", 1, KINDS, whole_seconds=True)
    talks = list(conversations(records))
    expect(any(len(talk) > 3 for talk in talks) and any(len(talk) == 1 for talk in talks),
           "conversations of all lengths")
    expect(len({key_of(talk[0][0])[0] for talk in talks}) < len(talks) * 0.8, "several conversations of the same ends")
    expect({1, 6, 17, 58} <= {record.protocol for record in records}, "all protocols")
    rows, err = rows_of("flows", "--store", store, "--biflow")
    expect_talks(rows, talks)
    expect_equal([row[0] for row in rows[1:]], sorted(row[0] for row in rows[1:]), "by time")
    expect_in("weir: %d flows" % len(records), err)
    expect_in("are of sampled packets; --sampled multiplies them", err)
    for option, timeout_ms in (("--biflow=5s", 5000), ("--biflow=1h", 3_600_000), ("--biflow=0.001s", 1)):
        expect_talks(rows_of("flows", "--store", store, option)[0], list(conversations(records, timeout_ms)))
    rows, err = rows_of("flows", "--store", store, "--biflow", "--sampled")
    expect_talks(rows, talks, True)
    expect_in("multiplied by sampling rates: %d of %d records" % (sum(r.rate > 1 for r in records), len(records)), err)


@case
def merged_files_tell_the_same(folder):
    _, store, records = make(folder, "store", 2, KINDS, whole_seconds=True)
    weir_ok("store", "merge", "--all", "--grace", "0", store)
    expect_talks(rows_of("flows", "--store", store, "--biflow")[0], list(conversations(records)))


@case
def filters_and_times_choose_conversations(folder):
    _, store, records = make(folder, "store", 3, KINDS, whole_seconds=True)
    for text, matches in (("dst port 443", lambda r: r.dstport == 443 and r.protocol in (6, 17)),
                          ("bytes > 10M", lambda r: r.bytes > 10 * 1000 * 1000),
                          ("src net 10.1.0.0/16", lambda r: str(r.src).startswith("10.1.")),
                          ("proto icmp", lambda r: r.protocol == 1), ("port 1", lambda r: False)):
        wanted = [talk for talk in conversations(records) if any(matches(r) for r, _ in talk)]
        rows, err = rows_of("flows", "--store", store, "--biflow", text)
        expect_talks(rows, wanted)
        expect_in("weir: %d flow" % sum(map(matches, records)), err)
    from_ms, to_ms = (START_S + 900) * 1000, (START_S + 1200) * 1000
    some = [r for r in records if r.last_ms >= from_ms and r.first_ms < to_ms]
    rows, _ = rows_of("flows", "--store", store, "--biflow", "--from", "@%d" % (START_S + 900), "--to",
                      "@%d" % (START_S + 1200))
    expect_talks(rows, list(conversations(some)))


@case
def conversations_come_in_every_form(folder):
    _, store, records = make(folder, "store", 4, KINDS, whole_seconds=True)
    wanted = [summary(talk) for talk in conversations(records)]
    out, _ = weir_ok("flows", "--store", store, "--biflow", "-o",
                     "fmt:%src %srcport %dst %dstport %bytes %reverse_bytes %fl %exporter %vlan %td")
    def line(row):
        times = [datetime.datetime.fromisoformat(text[:-1]) for text in row[:2]]
        seconds = "%.3f" % (times[1] - times[0]).total_seconds()
        return " ".join([row[2], row[3], row[4], row[5], row[8], row[11], row[13], row[14], "-",
                         seconds[:-4] if seconds.endswith(".000") else seconds])
    expect_equal(sorted(out.splitlines()), sorted(map(line, wanted)), "lines of a form")
    out, _ = weir_ok("flows", "--store", store, "--biflow", "-n", "5")
    expect_equal(len(out.splitlines()), 6, "a heading and lines")
    for got, row in zip(out.splitlines()[1:], sorted(wanted)):
        expect_equal(got[:23], row[0][:23].replace("T", " "), "time of " + got)
        expect_in(" <-> ", got)
    objects = [json.loads(text) for text in weir_ok("flows", "--store", store, "--biflow", "-o",
                                                    "ndjson")[0].splitlines()]
    expect_equal(sorted((o["src"], o["bytes"], o["reverse_bytes"]) for o in objects),
                 sorted((row[2], int(row[8]), int(row[11])) for row in wanted), "JSON")
    rows, _ = rows_of("flows", "--store", store, "--biflow", "--order", "bytes", "-n", "9")
    expect_equal([int(row[8]) + int(row[11]) for row in rows[1:]],
                 sorted((int(row[8]) + int(row[11]) for row in wanted), reverse=True)[:9], "the largest, both ways")
    expect_in("reverse_bytes", weir_ok("flows", "--store", store, "--biflow", "-o", "markdown", "-n", "1")[0])
    expect_equal(rows_of("flows", "--store", store, "--biflow", "--last", "1h")[0], [COLUMNS], "of the last hour")


@case
def the_top_of_conversations(folder):
    _, store, records = make(folder, "store", 5, KINDS, whole_seconds=True)
    for keys, key in (("src", lambda r: (r[2],)), ("src,dstport", lambda r: (r[2], r[5])),
                      ("exporter", lambda r: (r[14],)), ("ip", None)):
        for options in ([], ["--sampled"], ["tcp_flags > 3"]):
            groups = collections.defaultdict(lambda: [0, 0])
            for talk in conversations(records):
                row = summary(talk, options == ["--sampled"])
                if options == ["tcp_flags > 3"] and not any(r.flags > 3 for r, _ in talk):
                    continue
                for value in (key(row),) if key else {(row[2],), (row[4],)}:
                    groups[value][0] += int(row[8]) + int(row[11])
                    groups[value][1] += 1
            rows, err = rows_of("top", keys, "--store", store, "--biflow", "--by", "bytes,flows", "-n", "0", *options)
            expect_equal(sorted(tuple(row[:-1]) for row in rows[1:]),
                         sorted((*name, str(size), str(count)) for name, (size, count) in groups.items()),
                         "top " + keys)
            if key is not None:
                expect(abs(sum(float(row[-1]) for row in rows[1:]) - 100) < 0.1, "shares of all")
            expect_in("weir: %d flows" % (sum(r.flags > 3 for r in records)
                                          if options == ["tcp_flags > 3"] else len(records)),
                      err)


def bins_of(members, seconds):
    """Sums of (start, bytes, packets, flows) by when they began."""
    bins = collections.defaultdict(lambda: [0, 0, 0])
    for first_ms, size, packets, flows in members:
        one = bins[first_ms // (seconds * 1000)]
        one[0] += size
        one[1] += packets
        one[2] += flows
    return [[moment(step * seconds * 1000), str(flows), str(packets), str(size)] for step, (size, packets, flows) in
            sorted(bins.items())]


@case
def times_are_grouped(folder):
    _, store, records = make(folder, "store", 6, KINDS, whole_seconds=True)
    for seconds, step in ((300, "5m"), (7, "7s"), (3600, "1h"), (86400, "1d")):
        wanted = bins_of(((r.first_ms, r.bytes, r.packets, 1) for r in records), seconds)
        rows, err = rows_of("flows", "--store", store, "--group-time", step)
        expect_equal(rows[0], ["time", "flows", "packets", "bytes", "bps", "pps", "bpp"], "header")
        expect_equal([row[:4] for row in rows[1:]], wanted, "spans of " + step)
        for row in rows[1:]:
            for got, number in zip(row[4:], (int(row[3]) * 8 / seconds, int(row[2]) / seconds,
                                             int(row[3]) / int(row[2]))):
                expect(abs(float(got) - number) <= 0.51, "rates of %r" % row)
        expect_in("weir: %d flows" % len(records), err)
    rows, err = rows_of("flows", "--store", store, "--group-time", "5m", "--sampled", "dst port 443")
    expect_equal([row[:4] for row in rows[1:]], bins_of(((r.first_ms, r.bytes * r.rate, r.packets * r.rate, 1)
                                                         for r in records
                                                         if r.dstport == 443 and r.protocol in (6, 17)), 300), "sampled")
    expect_in("multiplied by sampling rates: ", err)
    rows, _ = rows_of("flows", "--store", store, "--group-time", "5m", "--order", "bytes", "-n", "2")
    sizes = sorted((int(row[3]) for row in bins_of(((r.first_ms, r.bytes, r.packets, 1) for r in records), 300)),
                   reverse=True)
    expect_equal([int(row[3]) for row in rows[1:]], sizes[:2], "the busiest")
    rows, _ = rows_of("flows", "--store", store, "--group-time", "5m", "--biflow")
    expect_equal([row[:4] for row in rows[1:]], bins_of(
        ((talk[0][0].first_ms, sum(r.bytes + r.reverse_bytes for r, _ in talk),
          sum(r.packets + r.reverse_packets for r, _ in talk), 1) for talk in conversations(records)), 300), "conversations")
    from_ms = sorted(r.first_ms for r in records)[len(records) // 2] // 1000 * 1000
    left = [(max(r.first_ms, from_ms), r.bytes, r.packets, 1) for r in records if r.last_ms >= from_ms]
    expect(any(r.first_ms < from_ms <= r.last_ms for r in records), "none of the flows had begun before")
    for command in (("flows",), ("flows", "--biflow"), ("top", "src", "-n", "0")):
        rows, _ = rows_of(*command, "--store", store, "--group-time", "5m", "--from", "@%d" % (from_ms // 1000))
        expect_equal(rows[1][0], bins_of(left, 300)[0][0], "first span of %r" % (command,))
        if command == ("flows",):
            expect_equal([row[:4] for row in rows[1:]], bins_of(left, 300), "spans from a time on")
    out, _ = weir_ok("flows", "--store", store, "--group-time", "10m")
    expect_in("flows", out.splitlines()[1])
    out, _ = weir_ok("flows", "--store", store, "--group-time", "10m", "-o", "fmt:%te %td %fl %byt")
    wanted = bins_of(((r.first_ms, r.bytes, r.packets, 1) for r in records), 600)
    expect_equal([text.split()[2:] for text in out.splitlines()], [["600", row[1], row[3]] for row in wanted], "lines")


@case
def times_may_be_anything(folder):
    sender = Exporter(random.Random(8), "192.0.2.7", 10, BY_MS, "4")
    usual = sender.record(30)
    odd = [usual._replace(first_ms=first, last_ms=last, src=ipaddress.ip_address(number + 1), srcport=1, dstport=2,
                          protocol=6)
           for number, (first, last) in enumerate(itertools.product((0, 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1),
                                                                    repeat=2))]
    sender.chosen = iter(odd)
    frames = []
    for at_s in range(1, 4):
        sender.record = lambda _: next(sender.chosen)
        frames.append((at_s, capture_maker.ethernet(capture_maker.ip(capture_maker.udp(
            sender.datagram(at_s, 0, lambda record: record.dst.version == 4)), sender.address))))
    path, store = write_file(folder, "odd.pcap", capture_maker.pcap(frames)), folder + "/odd"
    weir_ok("collect", "-r", path, "-o", "store:" + store)
    for option in ("--biflow", "--biflow=3650d"):
        rows, _ = rows_of("flows", "--store", store, option)
        expect_equal(sorted(row[2] for row in rows[1:]), sorted(str(r.src) for r in odd), "sources")
    rows, _ = rows_of("flows", "--store", store, "--group-time", "1d")
    expect_equal(sum(int(row[1]) for row in rows[1:]), len(odd), "flows in all spans")
    weir_ok("analyze", "-n", "--stats", "--graph", store)
    weir_ok("top", "src", "--biflow", "--store", store)


@case
def mistakes_are_told(folder):
    _, store, _ = make(folder, "store", 7, KINDS[:1], whole_seconds=True)
    for text, *arguments in (("with --group-time there are ts te td", "flows", "--group-time", "5m", "-o", "fmt:%src"),
                             ("not a duration such as 30s", "flows", "--group-time", "soon"),
                             ("not a duration such as --biflow=30s", "flows", "--biflow=x"),
                             ("not a duration such as --biflow=30s", "top", "src", "--biflow=-1s")):
        code, out, err = weir(*arguments, "--store", store)
        expect_equal((code, out), (2, ""), "exit code and output of %r (%s)" % (arguments, err))
        expect_in(text, err)


if __name__ == "__main__":
    run()
