#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_changes.py: what happens to a collector in the course of years: its clock is set, exporters restart, change
their templates, and send from other ports. What is stored is what was sent, each time."""
import glob
import json
import os
import re
import signal
import struct
import time

import netflow_maker as v9
import weir_e2e
from weir_e2e import Collector, case, expect, expect_equal, free_port, queue_of, read_text, run, wait_until, weir_ok

weir_e2e.use_venv()
import pyarrow.parquet  # noqa: E402: it is there from here on
from numbered_sender import NUMBERED, TEMPLATE, Sender, expect_once, record, stored  # noqa: E402: needs it
from store_reader import segment_paths  # noqa: E402

HOUR_US = 3600 * 1000000
OTHERS = [(v9.IN_PKTS, 4), (148, 8)]  # the same ID, other fields


class Clock:
    """The time of day of a process."""

    def __init__(self, folder):
        self.path = folder + "/clock"
        self.set(0)
        shim = os.path.join(os.path.dirname(weir_e2e.weir_path), "tests", "e2e", "clock_shim.so")
        expect(os.path.exists(shim), "%s is not built" % shim)
        self.environment = dict(os.environ, LD_PRELOAD=shim, WEIR_CLOCK=self.path)

    def set(self, offset_us):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(struct.pack("=q", offset_us))


def start_storing(folder, *arguments, **options):
    return Collector(folder, "-o", "store:store", "--commit", "0.2s", "--no-merge", *arguments, **options)


def flows_of(*numbers):
    return v9.data(NUMBERED, *[record(number) for number in numbers])


def rows(folder, names):
    got = []
    for path in segment_paths(folder + "/store"):
        schema = pyarrow.parquet.read_schema(path).names
        got += pyarrow.parquet.ParquetFile(path).read([name for name in names if name in schema]).to_pylist()
    return got


@case
def the_clock_is_set_while_datagrams_come(folder):
    clock = Clock(folder)
    port = free_port()
    os.mkdir(folder + "/journal", 0o700)
    collector = start_storing(folder, "-o", "lines.ndjson", "--journal", folder + "/journal", ports=[port],
                              env=clock.environment)
    sender = Sender(port, 1000)
    sender.start()
    try:
        for offset_us in (0, 2 * HOUR_US, -3 * HOUR_US, 90 * 1000000, -1, 0):
            clock.set(offset_us)
            begun = sender.number
            wait_until(lambda: sender.number > begun + 2000, "more flows")
            wait_until(lambda: max(stored(folder + "/store"), default=0) > begun, "flows in the store after a jump")
    finally:
        sender.stop()
    wait_until(lambda: queue_of(port) == 0, "an empty queue")
    begun_s = time.monotonic()
    summary = collector.stop(signal.SIGTERM)
    expect(time.monotonic() - begun_s < 20, "it took long to end")
    expect_equal((summary.lost, summary.number("restarts of an exporter")), (0, 0), "what is told: " + summary.text)
    expect_once(stored(folder + "/store"), sender.number, "the store")
    numbers = re.findall(r'"NF_F_CONN_ID": (\d+)', read_text(folder + "/lines.ndjson"))
    expect_equal(sorted(map(int, numbers)), list(range(sender.number)), "flows in lines")
    hours = {os.path.dirname(path) for path in segment_paths(folder + "/store")}
    expect(len(hours) >= 3, "the store has hours of each clock: %r" % hours)
    weir_ok("store", "check", folder + "/store")


@case
def nothing_goes_by_a_clock_that_may_be_wrong(folder):
    """One that is years ahead when the machine starts, or is set so, would take all of the store."""
    clock = Clock(folder)
    collector = start_storing(folder, env=clock.environment)
    collector.send(v9.Exporter().datagram(TEMPLATE, flows_of(0)))
    wait_until(lambda: len(stored(folder + "/store")) == 1, "flows of now")
    collector.stop()
    clock.set(10 * 365 * 24 * HOUR_US)
    collector = start_storing(folder, "--keep-days", "30", env=clock.environment)
    collector.send(v9.Exporter().datagram(TEMPLATE, flows_of(1)))
    collector.wait_for("by this machine's clock all flows are older than --keep-days")
    clock.set(0)
    collector.wait_for("this machine's clock was set: no flows in ")
    clock.set(10 * 365 * 24 * HOUR_US)
    collector.wait_for("this machine's clock was set: no flows in ", count=2)
    collector.stop()
    expect_once(stored(folder + "/store"), 2, "the store")


@case
def what_is_too_old_goes_by_a_clock_that_goes_evenly(folder):
    clock = Clock(folder)
    for offset_us, number in ((-40 * 24 * HOUR_US, 0), (0, 1)):
        clock.set(offset_us)
        collector = start_storing(folder, env=clock.environment)
        collector.send(v9.Exporter().datagram(TEMPLATE, flows_of(number)))
        wait_until(lambda: number in stored(folder + "/store"), "its flow")
        collector.stop()
    collector = start_storing(folder, "--keep-days", "30", env=clock.environment)
    wait_until(lambda: set(stored(folder + "/store")) == {1}, "the end of the old one")
    expect("clock" not in collector.log(), "what is told: " + collector.log())
    collector.stop()


@case
def files_go_on_to_follow_one_another_when_the_clock_was_set_back(folder):
    clock = Clock(folder)
    collector = Collector(folder, "-o", "a.ndjson", "--rotate", "1s", env=clock.environment)
    collector.send(v9.Exporter().flows(v9.numbered_flow(1)))
    wait_until(lambda: len(glob.glob(folder + "/a-*.ndjson")) >= 2, "a second file")
    for offset_us in (-30 * HOUR_US, 30 * HOUR_US, 0):
        clock.set(offset_us)
        count = len(glob.glob(folder + "/a-*.ndjson"))
        wait_until(lambda: len(glob.glob(folder + "/a-*.ndjson")) >= count + 2, "two more files")
    collector.stop()


@case
def an_exporter_restarts(folder):
    """Its numbers and its uptime begin anew; the template comes again, after data that need it."""
    collector = start_storing(folder, "-D")
    before = v9.Exporter(uptime_ms=5000000)
    collector.send(before.datagram(TEMPLATE, flows_of(0, 1)), before.datagram(flows_of(2)))
    before.sequence += 1000
    collector.send(before.datagram(flows_of(3)))  # a thousand are lost
    after = v9.Exporter(uptime_ms=10)
    collector.send(after.datagram(flows_of(4)), after.datagram(TEMPLATE, flows_of(5)), after.datagram(flows_of(6)))
    collector.wait_for("Processed", count=6)
    summary = collector.stop(signal.SIGTERM)
    expect_equal((summary.lost, summary.number("restarts of an exporter")), (1000, 1), "what is told: " + summary.text)
    expect_once(stored(folder + "/store"), 7, "the store")


@case
def a_template_changes(folder):
    """While flows of both are on their way to the store, in one file and in the next."""
    collector = start_storing(folder, "-D")
    exporter, number, processed = v9.Exporter(), 0, 0
    for turn in range(20):
        if turn % 2 == 0:
            sets = [TEMPLATE, flows_of(number, number + 1)]
        else:
            sets = [v9.templates((NUMBERED, OTHERS)),
                    v9.data(NUMBERED, struct.pack("!IQ", 77, number), struct.pack("!IQ", 78, number + 1))]
        collector.send(exporter.datagram(*sets))
        number += 2
        processed += 1
        if turn % 5 == 4:
            collector.wait_for("Processed", count=processed)
            wait_until(lambda: len(stored(folder + "/store")) == number, "flows of before")
    summary = collector.stop(signal.SIGTERM)
    expect_equal((summary.flows, summary.lost), (number, 0), "what is told: " + summary.text)
    expect_once(stored(folder + "/store"), number, "the store")
    packets = [row["packets"] for row in rows(folder, ["packets"]) if row.get("packets")]
    expect_equal(sorted(packets), [77] * 10 + [78] * 10, "packets, which one of the templates has")


@case
def an_exporter_sends_from_another_port(folder):
    """As one that was restarted, or is behind a translator of addresses: its new session is one of its own. The
    template of the old port serves it after a while only, the one that it sends itself at once, also for what came
    before that."""
    collector = start_storing(folder, "-D")
    number, processed = 0, 0
    exporter = v9.Exporter()
    for port in range(10):
        collector.send(exporter.datagram(flows_of(number)), exporter=port)
        collector.send(exporter.datagram(TEMPLATE, flows_of(number + 1)), exporter=port)
        collector.send(exporter.datagram(flows_of(number + 2)), exporter=port)
        number += 3
        processed += 3
        collector.wait_for("Processed", count=processed)
    summary = collector.stop(signal.SIGTERM)
    expect_equal((summary.flows, summary.lost), (number, 0), "what is told: " + summary.text)
    expect_once(stored(folder + "/store"), number, "the store")
    ports = {row["exporter_port"] for row in rows(folder, ["exporter_port"])}
    expect_equal(len(ports), 10, "ports in the store")


@case
def replayed_restarts_and_ports(folder):
    """Many exporters, each of which restarts often."""
    collector = start_storing(folder)
    out, _ = weir_ok("replay", "--exporters", "20", "--restart", "64", "--template-interval", "20", "--flows", "60000",
                     "--rate", "3000", "-o", "json", "127.0.0.1:%d" % collector.port)
    sent = json.loads(out)
    wait_until(lambda: queue_of(collector.port) == 0, "an empty queue")
    summary = collector.stop(signal.SIGTERM)
    expect(sent["restarts"] > 20, "there were restarts: %r" % sent)
    expect_equal((summary.flows, summary.lost, summary.number("restarts of an exporter")),
                 (sent["flows"], 0, sent["restarts"]), "what is told: " + summary.text)
    numbers = stored(folder + "/store")
    expect_equal((len(numbers), max(numbers.values())), (sent["flows"], 1),
                 "flows, and how often one is there at the most")


run()
