#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_whole.py: what weir collect writes can be read at any moment, and survives any kill."""
import fcntl
import gzip
import json
import os
import random
import re
import signal
import subprocess
import time
import zlib

import netflow_maker as v9
from weir_e2e import (Collector, case, expect, expect_equal, expect_in, flood, flows_of, free_port, load_lines,
                      load_object, need, queue_of, read_text, run, wait_until, weir, write_file)

FOREVER = 10 ** 9
LOOKS = 40
LOOK_S = 20  # the file grows, and each look takes longer
KILLS = 30
SEED = int(os.environ.get("WEIR_SEED", time.time_ns() % 100000))


def numbers_of(flows):
    return [flow["IN_BYTES"] for flow in flows]


def look_while_written(folder, name, look):
    """Calls `look` at random moments while a collector writes `name`; then ends it. `look` returns how many entries
    it saw."""
    collector = Collector(folder, "-o", name)
    sender = flood(collector.port, FOREVER, 500, 5)
    path = os.path.join(folder, name)
    chance = random.Random(SEED)
    wait_until(lambda: os.path.getsize(path) > 0, "the first octets")
    seen = []
    until = time.monotonic() + LOOK_S
    while len(seen) < LOOKS and (len(seen) < LOOKS / 4 or time.monotonic() < until):
        time.sleep(chance.random() / 20)
        seen.append(look(path))
    sender.kill()
    sender.wait()
    expect(seen == sorted(seen) and seen[-1] > seen[0], "the file did not grow: %s" % seen)
    summary = collector.stop()
    expect(summary.flows >= seen[-1] * 5, "more was read than was written")
    return summary


def jq_length(jq, filter_text, **options):
    done = subprocess.run([jq, "-n", filter_text], capture_output=True, text=True, timeout=60, check=False, **options)
    expect(done.returncode == 0, "jq does not like it: " + done.stderr)
    return int(done.stdout)


@case
def the_object_is_whole_whenever_python_reads_it(folder):
    def look(path):
        with open(path, encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return len(json.load(file))
    summary = look_while_written(folder, "a.json", look)
    expect_equal(len(flows_of(load_object(folder + "/a.json"))), summary.flows, "flows in the end")


@case
def the_object_is_whole_whenever_jq_reads_it(folder):
    jq, flock = need("jq"), need("flock", "util-linux")

    def look(path):
        done = subprocess.run([flock, "-s", path, jq, "length", path], capture_output=True, text=True, timeout=60,
                              check=False)
        expect(done.returncode == 0, "jq does not like it: " + done.stderr)
        return int(done.stdout)
    look_while_written(folder, "a.json", look)


@case
def the_object_is_read_by_weir_while_it_is_written(folder):
    def look(path):
        code, out, err = weir("analyze", "-n", "--min-size", "0", "--json", path, timeout=60)
        expect_equal(code, 0, "exit code, with " + err)
        return len(out.splitlines()) // 5
    look_while_written(folder, "a.json", look)


@case
def lines_are_whole_whenever_they_are_read(folder):
    jq = need("jq")

    def look(path):
        text = read_text(path)
        whole = text[:text.rfind("\n") + 1]
        entries = load_lines(whole)
        with open(write_file(folder, "copy", whole.encode()), "rb") as copy:
            expect_equal(jq_length(jq, "[inputs] | length", stdin=copy), len(entries), "entries that jq sees")
        return len(entries)
    summary = look_while_written(folder, "a.ndjson", look)
    entries = load_lines(read_text(folder + "/a.ndjson"))
    expect_equal(len(numbers_of(flow for _, entry in entries for flow in entry["flows"])), summary.flows, "flows")


def inflate_members(content):
    """The text of the whole gzip members, and whether there is a part of another behind them."""
    text = b""
    while content:
        member = zlib.decompressobj(31)
        try:
            part = member.decompress(content)
        except zlib.error as error:
            raise AssertionError("a member is damaged: %s" % error) from None
        if not member.eof:
            return text, True
        text += part
        content = member.unused_data
    return text, False


@case
def compressed_lines_are_whole_whenever_they_are_read(folder):
    torn = []

    def look(path):
        with open(path, "rb") as file:
            text, in_flight = inflate_members(file.read())
        torn.append(in_flight)
        expect(text.endswith(b"\n"), "a member does not end with its line")
        return len(load_lines(text.decode()))
    summary = look_while_written(folder, "a.gz", look)
    expect(sum(torn) <= len(torn) / 4, "%d of %d times a member was seen in the making" % (sum(torn), len(torn)))
    with gzip.open(folder + "/a.gz", "rt", encoding="utf-8") as file:
        expect_equal(sum(len(entry["flows"]) for _, entry in load_lines(file.read())), summary.flows, "flows")


@case
def a_reader_that_holds_the_lock_loses_nothing(folder):
    """While somebody reads under the lock, entries wait in memory; afterwards they are written."""
    collector = Collector(folder, "-D", "-o", "a.json")
    path = folder + "/a.json"
    exporter = v9.Exporter()
    with open(path, "rb") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        before = reader.read()
        collector.send(*(exporter.flows(v9.numbered_flow(number)) for number in range(100)))
        collector.wait_for("Processed", count=100)
        reader.seek(0)
        expect_equal(reader.read(), before, "the file under the lock")
    wait_until(lambda: len(load_object_locked(path)) == 100, "what had waited")
    collector.stop()
    expect_equal(numbers_of(flows_of(load_object(path))), list(range(100)), "the flows")


def load_object_locked(path):
    with open(path, encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return json.load(file)


# ------------------------------------------------------------------------------------------------------------ kills


def load_torn_object(path):
    """The entries that are whole, and how many lines behind them are not."""
    lines = read_text(path).split("\n")
    for cut in range(4):
        try:
            return json.loads("\n".join(lines[:len(lines) - cut]).rstrip().rstrip(",") + ("}" if cut else "")), cut
        except ValueError:
            pass
    raise AssertionError("more than an entry is torn in the end: %r" % "\n".join(lines[-4:])[-500:])


def tear(path, chance):
    """Takes off a part of the last entry, as loss of power would."""
    with open(path, "r+b") as file:
        content = file.read()
        last = content.rfind(b"\n\"")
        file.truncate(chance.randrange(last + 2, len(content) - 3))


def analyzed_count(path):
    """How many flows `weir analyze` reads, and what it warns of."""
    code, out, err = weir("analyze", "-n", "--min-size", "0", "--json", path, timeout=60)
    expect_equal(code, 0, "exit code of weir analyze, with " + err)
    found = re.search(r"all before that was read: (\d+) entries, (\d+) flows", err)
    return len(out.splitlines()), int(found.group(1)) if found else None


@case
def thirty_kills_lose_no_whole_entry_of_the_object(folder):
    path = folder + "/a.json"
    port = free_port()
    records = 100
    sender = flood(port, FOREVER, 300, records)
    chance = random.Random(SEED)
    known = {}
    repairs = 0
    for number in range(KILLS):
        size_before = os.path.getsize(path) if os.path.exists(path) else 0
        collector = Collector(folder, "-o", "a.json", ports=[port])
        was_torn = "cut off an incomplete entry" in collector.log()
        repairs += was_torn
        wait_until(lambda: os.path.getsize(path) > size_before + 30000, "more in the file")
        time.sleep(chance.random() / 20)
        collector.kill()
        if number % 3 == 0:
            tear(path, chance)
        entries, cut = load_torn_object(path)
        flows, told_entries = analyzed_count(path)
        expect_equal(flows, len(entries) * records, "flows that weir analyze shows (seed %d)" % SEED)
        expect(cut == 0 or told_entries == len(entries), "weir analyze tells of no tear")
        expect({key: entries.get(key) for key in known} == known, "entries changed at kill %d (seed %d)" %
               (number, SEED))
        known = entries
    sender.kill()
    expect(repairs >= KILLS // 3 - 1, "only %d repairs were told" % repairs)
    Collector(folder, "-o", "a.json", ports=[port]).stop()
    entries = load_object(path)
    expect({key: entries.get(key) for key in known} == known, "entries changed at the last start (seed %d)" % SEED)
    for flows in entries.values():
        expect_equal((len(flows), len(set(numbers_of(flows)))), (records, 1), "flows of one entry")


@case
def kills_lose_no_whole_line(folder):
    path = folder + "/a.ndjson"
    port = free_port()
    sender = flood(port, FOREVER, 300, 100)
    chance = random.Random(SEED)
    known = ""
    for number in range(10):
        collector = Collector(folder, "-o", "a.ndjson", ports=[port])
        wait_until(lambda: os.path.getsize(path) > len(known) + 30000, "more in the file")
        time.sleep(chance.random() / 20)
        collector.kill()
        text = read_text(path)
        if number % 3 == 0:
            os.truncate(path, len(text) - chance.randrange(1, 2000))
            text = read_text(path)
        expect(text.startswith(known), "what was written has changed (seed %d)" % SEED)
        known = text[:text.rfind("\n") + 1]
        flows, _ = analyzed_count(path)
        expect_equal(flows, len(load_lines(known)) * 100, "flows that weir analyze shows (seed %d)" % SEED)
    sender.kill()
    Collector(folder, "-o", "a.ndjson", ports=[port]).stop()
    text = read_text(path)
    expect(text.startswith(known) and text.endswith("\n"), "the last start did not repair the lines")
    load_lines(text)


@case
def kills_lose_no_whole_gzip_member(folder):
    path = folder + "/a.gz"
    port = free_port()
    sender = flood(port, FOREVER, 300, 100)
    chance = random.Random(SEED)
    known = b""
    for number in range(6):
        size_before = os.path.getsize(path) if os.path.exists(path) else 0
        collector = Collector(folder, "-o", "a.gz", ports=[port])
        wait_until(lambda: os.path.getsize(path) > size_before, "more in the file")
        time.sleep(chance.random() / 20)
        collector.kill()
        if number % 2 == 0:
            os.truncate(path, os.path.getsize(path) - chance.randrange(1, 200))
        with open(path, "rb") as file:
            text, _ = inflate_members(file.read())
        expect(text.startswith(known), "what was written has changed (seed %d)" % SEED)
        known = text
        code, out, err = weir("analyze", "-n", "--min-size", "0", "--json", path, timeout=60)
        expect_equal(code, 0, "exit code of weir analyze, with " + err)
        shown = len(out.splitlines())
        expect(shown >= len(load_lines(text.decode())) * 100, "weir analyze shows %d flows only" % shown)
    sender.kill()
    Collector(folder, "-o", "a.gz", ports=[port]).stop()
    with gzip.open(path, "rb") as file:
        expect(file.read().startswith(known), "the last start lost lines")


# ---------------------------------------------------------------------------------------------------------- a burst


@case
def ten_thousand_datagrams_at_once_arrive_or_are_told(folder):
    count = 10000
    collector = Collector(folder, "-o", "a.json")
    sender = flood(collector.port, count, 0, 20)
    expect_equal(sender.wait(timeout=60), 0, "exit code of the sender")
    # The kernel tells what it dropped with the next datagram that it keeps.
    exporter = v9.Exporter(domain=1)
    last_sent = 0

    def last_came():
        nonlocal last_sent
        collector.send(exporter.flows(v9.numbered_flow(count)))
        last_sent += 1
        return '"IN_BYTES": %d,' % count in tail_of(folder + "/a.json")
    wait_until(last_came, "the datagram behind the others")
    summary = collector.stop()
    dropped = summary.number("dropped by the kernel")
    expect_equal(summary.datagrams + dropped, count + last_sent, "received and dropped, of what was sent")
    numbers = numbers_of(flows_of(load_object(folder + "/a.json")))
    expect_equal(len(numbers), summary.flows, "flows in the file")
    if dropped == 0:
        expect_equal(numbers[:count * 20], [number for number in range(count) for _ in range(20)], "the flows")
        expect_equal(summary.lost, 0, "lost")
    if os.geteuid() == 0:
        expect_equal(dropped, 0, "dropped, with the buffer that root gets")


def tail_of(path):
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 20000))
        return file.read().decode()


@case
def a_burst_that_the_buffer_cannot_hold_is_told(folder):
    """The collector is stopped while much more comes than its buffer takes."""
    count = 150000
    collector = Collector(folder, "-o", "null")
    collector.process.send_signal(signal.SIGSTOP)
    sender = flood(collector.port, count, 0, 10)
    expect_equal(sender.wait(timeout=60), 0, "exit code of the sender")
    collector.process.send_signal(signal.SIGCONT)
    exporter = v9.Exporter(domain=1)
    wait_until(lambda: queue_of(collector.port) == 0, "the queue to be read")
    for _ in range(3):
        collector.send(exporter.flows(v9.numbered_flow(1)))
    wait_until(lambda: queue_of(collector.port) == 0, "the queue to be read")
    summary = collector.stop()
    dropped = summary.number("dropped by the kernel")
    expect(dropped > 0, "the test could not fill the buffer: " + summary.text)
    expect_equal(summary.datagrams + dropped, count + 3, "received and dropped, of what was sent")
    expect_in("'sysctl net.core.rmem_max' bounds it", summary.text)


if __name__ == "__main__":
    run()
