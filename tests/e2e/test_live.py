#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_live.py: a live collector under load: what was sent is received or dropped, and told; what was received is
stored."""
import json
import os
import signal
import struct
import subprocess

import netflow_maker as v9
import own_network
import weir_e2e
from weir_e2e import (Collector, Summary, case, expect, expect_equal, expect_in, free_port, load_lines, need, queue_of,
                      read_text, run, wait_until, weir_ok)

own_network.enter_network()
weir_e2e.use_venv()
import pyarrow.parquet  # noqa: E402: it is there from here on

import store_reader  # noqa: E402
from live_collector import held_socket, journal_left, start_on, told  # noqa: E402: needs it
from numbered_sender import NUMBERED, ROWS, TEMPLATE, Sender, expect_once, record, stored  # noqa: E402

SLOW_RATE = ["--flow-rate", "40000"]  # what a collector under a sanitizer can take


def replay(*arguments, wrapper=()):
    """Runs it to its end; returns what it sent."""
    done = subprocess.run([*wrapper, weir_e2e.weir_path, "replay", "-o", "json", *arguments], stdout=subprocess.PIPE,
                          text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def row_counts(store):
    """Of its files."""
    return [pyarrow.parquet.ParquetFile(path).metadata.num_rows for path in store_reader.segment_paths(store)]


def expect_account(summary, sent):
    """Each datagram that was sent is received or dropped. Returns how many were dropped: by the kernel, for the
    journal."""
    dropped = [summary.number("dropped by the kernel"), summary.number("dropped as the journal was full")]
    expect_equal(summary.datagrams + sum(dropped), sent, "received and dropped, of those sent: " + summary.text)
    return dropped


# ------------------------------------------------------------------------------------------------------ overload


@case
def more_than_can_be_taken_adds_up(folder):
    for version in ("v9", "ipfix", "v5"):
        collector = Collector(folder, "--rcvbuf", "16K", "-o", "store:" + version)
        sent = replay("-m", version, "--exporters", "8", "--count", "20000", "--no-segment",
                      "127.0.0.1:%d" % collector.port)
        wait_until(lambda: queue_of(collector.port) == 0, "an empty queue")
        summary = collector.stop()
        kernel, journal = expect_account(summary, sent["sent_datagrams"])
        expect(kernel > 0 and journal == 0, "it was not too much: " + summary.text)
        if version == "v9":  # numbers datagrams; those behind the last one that came are missed by nobody
            expect(0 < summary.lost <= kernel, "lost by sequence number: " + summary.text)
        ledger = [told(folder + "/" + version, name) for name in ("datagrams", "flows")]
        expect_equal(ledger, [summary.datagrams, summary.flows], "datagrams and flows by the ledger in the store")
        rows = sum(row_counts(folder + "/" + version))
        expect_equal(rows, summary.flows, "rows in the store")


@case
def drops_between_two_runs_are_told_where_the_socket_stays(folder):
    """Nothing is told twice either: neither what a run before has told, nor what one that could not begin was to tell."""
    os.mkdir(folder + "/journal", 0o700)
    turns = iter(range(1 << 20))
    with held_socket() as held:
        sender = Sender(held.getsockname()[1], 1000)
        for turn in range(4):
            collector = start_on(held, folder, "--rcvbuf", "16K", "-o", "store:store")
            wait_until(lambda: queue_of(sender.port) == 0, "an empty queue")
            collector.stop(signal.SIGTERM)
            expect_equal(os.listdir(folder + "/journal"), ["collect-%d-0.drops" % sender.port], "what is left")
            for _ in range(200 if turn < 3 else 0):
                sender.send(next(turns))  # more than there is room for
            failing = start_on(held, folder, "--rcvbuf", "16K", "-o", folder + "/none/a.ndjson", listening=False)
            expect_equal(failing.wait_end(), 1, "exit code without an output")
        sender.stop()
    taken, dropped = (told(folder + "/store", name) for name in ("datagrams", "dropped_kernel"))
    expect(taken > 0 and dropped > 0, "%d taken and %d dropped" % (taken, dropped))
    expect_equal(taken + dropped, next(turns), "datagrams of which the ledger tells")


@case
def a_disk_that_takes_nothing_fills_the_journal_and_that_adds_up(folder):
    os.mkdir(folder + "/journal", 0o700)
    os.mkdir(folder + "/store")
    collector = Collector(folder, "--journal", folder + "/journal", "--journal-size", "2M", "--rcvbuf", "16K", "-o",
                          "store:store", "--commit", "0.1s", "--no-merge")  # which makes folders
    wait_until(lambda: os.path.isdir(folder + "/store/.writing"), "the store")
    os.rename(folder + "/store/.writing", folder + "/store/.away")
    sent = replay("--count", "20000", "--rate", "10000", "127.0.0.1:%d" % collector.port)
    collector.wait_for("cannot")
    os.rename(folder + "/store/.away", folder + "/store/.writing")
    wait_until(lambda: queue_of(collector.port) == 0, "room in the journal, and an empty queue")
    summary = collector.stop()
    kernel, journal = expect_account(summary, sent["sent_datagrams"])
    expect(journal > 10000 > kernel, "the journal was not full: " + summary.text)
    expect_equal(sum(row_counts(folder + "/store")), summary.flows, "rows in the store")
    expect(0 < summary.lost <= kernel + journal, "lost by sequence number: " + summary.text)


@case
def what_a_full_journal_leaves_in_the_buffer_at_the_end_is_counted(folder):
    """Nothing can be written, and the collector is told to end, twice: the next one tells what became of each datagram."""
    arguments = ("--journal", folder + "/journal", "--journal-size", "2M", "-o", "store:store", "--commit", "0.1s",
                 "--no-merge")
    os.mkdir(folder + "/journal", 0o700)
    collector = Collector(folder, *arguments, ports=[free_port()])
    wait_until(lambda: os.path.isdir(folder + "/store/.writing"), "the store")
    os.rename(folder + "/store/.writing", folder + "/store/.away")
    sent = replay("--count", "1500", "--rate", "1000", "127.0.0.1:%d" % collector.port)["sent_datagrams"]
    collector.wait_for("cannot")
    wait_until(lambda: queue_of(collector.port) > 0, "a full journal, and some in the buffer")
    collector.process.send_signal(signal.SIGTERM)
    collector.wait_for("waits until what came can be written")
    collector.process.send_signal(signal.SIGTERM)
    expect_equal(collector.wait_end(), 1, "exit code, as something is left")
    expect(sum(expect_account(Summary(collector.log()), sent)) > 0, "nothing was left in the buffer: " + collector.log())
    os.rename(folder + "/store/.away", folder + "/store/.writing")
    Collector(folder, *arguments, ports=[collector.port]).stop()
    ledger = [told(folder + "/store", name) for name in ("datagrams", "dropped_kernel", "dropped_journal")]
    expect(ledger[0] > 0 and ledger[2] > 0, "datagrams, and those dropped: %r" % ledger)
    expect_equal(sum(ledger), sent, "datagrams of which the ledger tells: %r" % ledger)


@case
def an_exporter_behind_a_pair_of_devices(folder):
    other = own_network.make_network()
    collector = Collector(folder, "-o", "store:store", "--commit", "0.2s")
    inside = [need("nsenter", "util-linux"), "-t", str(other.pid), "-n"]
    totals = [0, 0]
    for family in (4, 6):
        host = own_network.HERE[family]
        target = "%s:%d" % ("[%s]" % host if family == 6 else host, collector.port)
        for version in ("v9", "ipfix", "v5"):
            sent = replay("-m", version, "--flows", "30000", "--exporters", "3", *SLOW_RATE, target, wrapper=inside)
            expect_equal(sent["sent_datagrams"], sent["datagrams"], "datagrams that were sent")
            totals = [totals[0] + sent["sent_datagrams"], totals[1] + sent["flows"]]
    wait_until(lambda: queue_of(collector.port) == 0, "an empty queue")
    summary = collector.stop()
    expect_equal(expect_account(summary, totals[0]), [0, 0], "drops")
    expect_equal([summary.flows, sum(row_counts(folder + "/store")), summary.lost], [totals[1], totals[1], 0],
                 "flows, rows and losses")


# ---------------------------------------------------------------------------------------------- a stuck output


@case
def an_output_that_nobody_reads_holds_nothing_up(folder):
    os.mkfifo(folder + "/fifo")
    reader = os.open(folder + "/fifo", os.O_RDONLY | os.O_NONBLOCK)
    try:
        collector = Collector(folder, "--journal-size", "2M", "--commit", "0.1s", "-o", "store:store", "-o",
                              "json:fifo", "--json-lines")
        sent = replay("--flows", "100000", *SLOW_RATE, "127.0.0.1:%d" % collector.port)
        wait_until(lambda: queue_of(collector.port) == 0, "an empty queue")
        collector.process.send_signal(signal.SIGTERM)
        code = collector.wait_end()
    finally:
        os.close(reader)
    summary = Summary(collector.log())
    expect_equal(expect_account(summary, sent["sent_datagrams"]), [0, 0], "drops")
    expect_equal([summary.flows, sum(row_counts(folder + "/store"))], [sent["flows"]] * 2, "flows, and rows")
    missed = summary.number("missed by -o json:fifo")
    expect(0 < missed < sent["sent_datagrams"], "datagrams that the output missed: " + collector.log())
    expect(code == 1, "an output that is stuck is a failure: " + collector.log())


# ---------------------------------------------------------------------------------------------------------- signals


@case
def sigterm_under_load_stores_what_was_received(folder):
    os.mkdir(folder + "/journal", 0o700)
    flows = 0
    with held_socket() as held:
        sender = Sender(held.getsockname()[1], 3000)
        sender.start()
        try:
            for _ in range(5):
                collector = start_on(held, folder, "-o", "store:store", "--commit", "1h")
                wait_until(lambda before=sender.number: sender.number > before + 300 * ROWS, "more flows")
                flows += collector.stop(signal.SIGTERM).flows
                expect_equal([sum(stored(folder + "/store").values()), journal_left(folder)], [flows, []],
                             "flows that are stored after SIGTERM, and what is left of the journal")
        finally:
            sender.stop()
        last = start_on(held, folder, "-o", "store:store")
        wait_until(lambda: queue_of(sender.port) == 0, "an empty queue")
        summary = last.stop(signal.SIGTERM)
    expect_equal(summary.number("dropped by the kernel"), 0, "drops: the test was too fast for its buffer")
    expect_once(stored(folder + "/store"), sender.number, "the store")
    weir_ok("store", "check", folder + "/store")


@case
def a_second_signal_under_load_ends_it_at_once(folder):
    os.mkdir(folder + "/journal", 0o700)
    with held_socket() as held:
        sender = Sender(held.getsockname()[1], 2000)
        collector = start_on(held, folder, "-o", "store:store", "--commit", "0.1s", "--no-merge")
        wait_until(lambda: os.path.isdir(folder + "/store/.writing"), "the store")
        os.rename(folder + "/store/.writing", folder + "/store/.away")
        sender.start()
        try:
            collector.wait_for("cannot")
            collector.process.send_signal(signal.SIGTERM)
            wait_until(lambda: queue_of(sender.port) > 0, "the end of receiving")
            collector.process.send_signal(signal.SIGTERM)
            expect_equal(collector.wait_end(10), 1, "exit code")
        finally:
            sender.stop()
        expect_in(" datagrams, which the next start stores", collector.log())
        os.rename(folder + "/store/.away", folder + "/store/.writing")
        last = start_on(held, folder, "-o", "store:store")
        wait_until(lambda: queue_of(sender.port) == 0, "an empty queue")
        last.stop(signal.SIGTERM)
    expect_once(stored(folder + "/store"), sender.number, "the store")


# ----------------------------------------------------------------------------------------- exporters that change


def numbered(exporter, first, *sets):
    records = [record(number) for number in range(first, first + ROWS)]
    return exporter.datagram(*sets, v9.data(NUMBERED, *records), count=ROWS)


@case
def exporters_whose_clocks_jump_lose_nothing(folder):
    collector = Collector(folder, "-o", "store:store", "-D")
    exporter, now_s = v9.Exporter(), 1800000000
    for turn, jump_s in enumerate((0, 86400, -86400, 0x7fffffff - now_s, -now_s, 0)):
        exporter.export_time_s = now_s + jump_s
        collector.send(numbered(exporter, turn * ROWS, *([TEMPLATE] if turn == 0 else [])))
        collector.wait_for("Processed", count=turn + 1)
    summary = collector.stop()
    expect_equal((summary.flows, summary.lost, summary.number("restarts of an exporter")), (6 * ROWS, 0, 0),
                 "flows, losses and restarts")
    expect_once(stored(folder + "/store"), 6 * ROWS, "the store")
    hours = {path.split("/date=")[1].split("/")[0] for path in store_reader.segment_paths(folder + "/store")}
    expect(len(hours) <= 2 and not any(hour.startswith(("1970", "2038")) for hour in hours),
           "files lie by when flows were received: %s" % hours)


@case
def an_exporter_that_restarts_is_told_and_loses_nothing(folder):
    collector = Collector(folder, "-o", "store:store", "-D")
    for turn in range(3):
        exporter = v9.Exporter(uptime_ms=(3600000, 600000, 5000)[turn])
        for part in range(3):
            collector.send(numbered(exporter, (3 * turn + part) * ROWS, *([TEMPLATE] if part == 0 else [])))
            collector.wait_for("Processed", count=3 * turn + part + 1)
    summary = collector.stop()
    expect_equal((summary.flows, summary.lost, summary.number("restarts of an exporter")), (9 * ROWS, 0, 2),
                 "flows, losses and restarts")
    expect_once(stored(folder + "/store"), 9 * ROWS, "the store")


@case
def a_template_that_changes_holds_from_then_on(folder):
    collector = Collector(folder, "-o", "store:store", "-o", "a.ndjson", "--commit", "0.1s", "-D")
    exporter = v9.Exporter()
    changed = v9.templates((NUMBERED, [(v9.IN_BYTES, 4), (148, 8)]))
    collector.send(numbered(exporter, 0, TEMPLATE))
    records = b"".join(struct.pack("!IQ", 7, number) for number in range(ROWS, 2 * ROWS))
    collector.send(exporter.datagram(changed, v9.data(NUMBERED, records), count=ROWS))
    collector.wait_for("Processed", count=2)
    collector.send(exporter.datagram(v9.data(NUMBERED, struct.pack("!IQ", 7, 2 * ROWS))))
    collector.send(numbered(exporter, 2 * ROWS + 1, TEMPLATE))
    collector.wait_for("Processed", count=4)
    summary = collector.stop()
    expect_equal((summary.flows, summary.lost), (3 * ROWS + 1, 0), "flows and losses")
    expect_once(stored(folder + "/store"), 3 * ROWS + 1, "the store")
    octets = [flow["IN_BYTES"] for _, entry in load_lines(read_text(folder + "/a.ndjson")) for flow in entry["flows"]]
    expect_equal(octets, [1] * ROWS + [7] * (ROWS + 1) + [1] * ROWS, "octets")


@case
def an_exporter_that_sends_from_other_ports_goes_on(folder):
    os.mkdir(folder + "/journal", 0o700)
    arguments = ("--journal", folder + "/journal", "--state", folder + "/state", "-o", "store:store", "-D")
    port, exporter = free_port(), v9.Exporter()
    collector = Collector(folder, *arguments, ports=[port])
    for turn in range(6):
        if turn == 3:  # and so it does when the collector was killed meanwhile
            collector.kill()
            collector = Collector(folder, *arguments, ports=[port])
            collector.wait_for("Processed", count=3)  # out of the journal
        collector.send(numbered(exporter, turn * ROWS, *([TEMPLATE] if turn == 0 else [])), exporter=turn)
        collector.wait_for("Processed", count=turn + 1)
    summary = collector.stop()
    expect_equal((summary.flows, summary.lost), (6 * ROWS, 0), "flows and losses: " + summary.text)
    expect_once(stored(folder + "/store"), 6 * ROWS, "the store")


run()
