#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_journal.py: what was received is kept once, whenever the collector is killed; WEIR_KILLS says how often it
is."""
import collections
import fcntl
import glob
import os
import random
import re
import select
import shutil
import signal
import socket
import threading
import time

import netflow_maker as v9
import weir_e2e
from weir_e2e import Collector, case, expect, expect_equal, expect_in, free_port, run, wait_until, weir_ok

weir_e2e.use_venv()
from live_collector import held_socket, journal_left, start_on, told  # noqa: E402: needs it
from numbered_sender import FIELDS, NUMBERED, ROWS, TEMPLATE, Sender, expect_once, record, stored  # noqa: E402

KILLS = int(os.environ.get("WEIR_KILLS", "12"))


def kill_at_random(collector, longest_s):
    time.sleep(random.uniform(0, longest_s))  # the moment is what is tried, not something that is waited for
    collector.kill()


@case
def kills_lose_nothing_and_double_nothing(folder):
    os.mkdir(folder + "/journal", 0o700)
    with held_socket() as held:
        sender = Sender(held.getsockname()[1], 3000)
        sender.start()
        try:
            for _ in range(KILLS):
                kill_at_random(start_on(held, folder, "-o", "store:store", "--commit", "0.1s"), 0.6)
            collector = start_on(held, folder, "-o", "store:store", "--commit", "0.1s")
        finally:
            sender.stop()
        port = held.getsockname()[1]
        wait_until(lambda: weir_e2e.queue_of(port) == 0, "an empty queue")
        summary = collector.stop(signal.SIGTERM)
    expect_equal(summary.number("dropped by the kernel"), 0, "drops: the test was too fast for its buffer")
    expect_once(stored(folder + "/store"), sender.number, "the store")
    sums = [told(folder + "/store", name) for name in ("flows", "datagrams", "lost", "reordered", "duplicates")]
    expect_equal(sums, [sender.number, sender.number // ROWS, 0, 0, 0],
                 "flows, datagrams and what is amiss, by the ledger")
    weir_ok("store", "check", folder + "/store")
    expect_equal(os.listdir(folder + "/store/.writing"), [], "files under way")
    expect_equal(journal_left(folder), [], "what is left of the journal")


@case
def a_signal_under_load_ends_it_when_all_is_kept(folder):
    os.mkdir(folder + "/journal", 0o700)
    with held_socket() as held:
        port, flows = held.getsockname()[1], 0
        sender = Sender(port, 3000)
        sender.start()
        try:
            for _ in range(4):
                collector = start_on(held, folder, "-o", "store:store", "--commit", "1h")
                begun = sender.number
                wait_until(lambda: sender.number > begun + 1000 * ROWS / 10, "more flows")
                flows += collector.stop(signal.SIGTERM).flows
                expect_equal(sum(stored(folder + "/store").values()), flows, "flows in the store at its end")
                expect_equal(journal_left(folder), [], "what is left of the journal")
        finally:
            sender.stop()
        collector = start_on(held, folder, "-o", "store:store")
        wait_until(lambda: weir_e2e.queue_of(port) == 0, "an empty queue")
        summary = collector.stop(signal.SIGTERM)
    expect_equal(summary.number("dropped by the kernel"), 0, "drops: the test was too fast for its buffer")
    expect_once(stored(folder + "/store"), sender.number, "the store")


@case
def a_second_signal_under_load_ends_it_at_once_and_loses_nothing(folder):
    """Its store takes nothing for a while, so that what is received cannot be kept."""
    os.mkdir(folder + "/journal", 0o700)
    os.mkdir(folder + "/store")
    left = []
    with held_socket() as held:
        port = held.getsockname()[1]
        sender = Sender(port, 3000)
        sender.start()
        try:
            for _ in range(3):
                # what merges would make the folder anew
                collector = start_on(held, folder, "-o", "store:store", "--commit", "0.1s", "--no-merge")
                wait_until(lambda: os.path.isdir(folder + "/store/.writing"), "the store")
                os.rename(folder + "/store/.writing", folder + "/store/.away")
                collector.wait_for("this goes on to be tried")
                begun = sender.number
                wait_until(lambda: sender.number > begun + 100 * ROWS, "more flows")
                collector.process.send_signal(signal.SIGTERM)
                begun = sender.number
                wait_until(lambda: sender.number > begun + 100 * ROWS, "more flows, while it tries to keep what it has")
                expect(collector.process.poll() is None, "it ended with something to write: " + collector.log())
                begun_s = time.monotonic()
                collector.process.send_signal(signal.SIGTERM)
                code = collector.wait_end()
                expect(code == 1, "exit code %d: %s" % (code, collector.log()))
                expect(time.monotonic() - begun_s < 10, "it took long to end: " + collector.log())
                left += re.findall(r"in the journal: (\d+) datagrams, which the next start stores", collector.log())
                os.rename(folder + "/store/.away", folder + "/store/.writing")
        finally:
            sender.stop()
        collector = start_on(held, folder, "-o", "store:store")
        wait_until(lambda: weir_e2e.queue_of(port) == 0, "an empty queue")
        summary = collector.stop(signal.SIGTERM)
    expect_equal(len(left), 3, "ends with something left")
    expect_equal(summary.number("dropped by the kernel"), 0, "drops: the test was too fast for its buffer")
    expect_once(stored(folder + "/store"), sender.number, "the store")
    weir_ok("store", "check", folder + "/store")


@case
def drops_of_the_kernel_outlive_kills(folder):
    """Those of the moments before a kill, and those while nobody was there: the ledger tells of each datagram."""
    os.mkdir(folder + "/journal", 0o700)
    turns = iter(range(1 << 20))

    def send_many():
        for _ in range(200):
            sender.send(next(turns))
    with held_socket() as held:
        sender = Sender(held.getsockname()[1], 1000)
        for commit in ("1h", "0.05s", "0.05s", "1h"):
            collector = start_on(held, folder, "--rcvbuf", "16K", "-o", "store:store", "--commit", commit)
            collector.process.send_signal(signal.SIGSTOP)
            send_many()  # more than there is room for
            collector.process.send_signal(signal.SIGCONT)
            wait_until(lambda: weir_e2e.queue_of(sender.port) == 0, "an empty queue")
            if commit != "1h":
                wait_until(lambda: glob.glob(folder + "/store/flows/*/*/*"), "a commit")
            collector.kill()
            send_many()
        last = start_on(held, folder, "-o", "store:store")
        wait_until(lambda: weir_e2e.queue_of(sender.port) == 0, "an empty queue at last")
        last.stop(signal.SIGTERM)
        sender.stop()
    taken, dropped = (told(folder + "/store", name) for name in ("datagrams", "dropped_kernel"))
    expect(taken > 0 and dropped > 0, "%d taken and %d dropped" % (taken, dropped))
    expect_equal(taken + dropped, next(turns), "datagrams of which the ledger tells")


@case
def sequence_numbers_outlive_kills(folder):
    os.mkdir(folder + "/journal", 0o700)
    with held_socket() as held:
        port = held.getsockname()[1]
        exporter, lost = v9.Exporter(), 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for turn in range(4):
                collector = start_on(held, folder, "-o", "store:store", "--commit", "1h", "-D")
                for _ in range(5):
                    sender.sendto(exporter.flows(v9.numbered_flow(turn)), ("127.0.0.1", port))
                exporter.sequence += turn  # as if so many were lost
                collector.wait_for("Processed", count=5 if turn == 0 else 6)
                if turn < 3:
                    collector.kill()
            summary = collector.stop()
        # all of it is decoded again by each start, as nothing was committed; losses are those that there were
        expect_equal((summary.datagrams, summary.lost), (20, 0 + 1 + 2), "datagrams and losses")


@case
def a_set_that_waits_outlives_a_kill(folder):
    os.mkdir(folder + "/journal", 0o700)
    with held_socket() as held:
        port = held.getsockname()[1]
        exporter = v9.Exporter()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            to = ("127.0.0.1", port)
            collector = start_on(held, folder, "-o", "store:store", "--commit", "0.1s")
            sender.sendto(exporter.datagram(v9.data(NUMBERED, record(0), record(1))), to)
            snapshots = [folder + "/journal/collect-%d-0-%d.snapshot" % (port, turn) for turn in (0, 1)]
            wait_until(lambda: any(os.path.exists(path) and record(1) in open(path, "rb").read() for path in snapshots),
                       "a commit with the set that waits")
            collector.kill()
            collector = start_on(held, folder, "-o", "store:store", "--commit", "0.1s")
            sender.sendto(exporter.datagram(TEMPLATE, v9.data(NUMBERED, record(2))), to)
            wait_until(lambda: len(stored(folder + "/store")) == 3, "three flows in the store")
            collector.kill()
            collector = start_on(held, folder, "-o", "store:store")
            summary = collector.stop()
    expect_equal(summary.flows, 0, "flows of the last run")
    expect_once(stored(folder + "/store"), 3, "the store")


@case
def several_workers_and_others_at_the_next_start(folder):
    """Flows that were received are there once; the sockets go with the processes, so what comes in between is lost."""
    os.mkdir(folder + "/journal", 0o700)
    port = free_port()
    hosts = ["127.0.0.%d" % number for number in range(1, 25)]
    arguments = ("--state", folder + "/state", "--journal", folder + "/journal", "-o", "store:store", "-o",
                 "lines.ndjson", "--commit", "0.1s")
    collector = Collector(folder, "--workers", "3", *arguments, ports=[port])
    sender = Sender(port, 2000, hosts)
    sender.start()
    try:
        wait_until(lambda: sender.number > 200 * ROWS, "the first flows")
        for workers in ("3", "1", "4", "2"):
            kill_at_random(collector, 0.5)
            collector = Collector(folder, "--workers", workers, *arguments, ports=[port])
        wait_until(lambda: stored(folder + "/store"), "flows")
    finally:
        sender.stop()
    wait_until(lambda: weir_e2e.queue_of(port) == 0, "an empty queue")
    summary = collector.stop()
    numbers = stored(folder + "/store")
    expect_equal([number for number, times in numbers.items() if times > 1], [], "flows that are there more than once")
    expect(set(range(sender.number - ROWS, sender.number)) <= set(numbers), "the last flows are there")
    expect_equal(summary.flows, summary.datagrams * ROWS, "flows, by templates that other workers had: " + summary.text)
    lines = collections.Counter()
    for line in weir_e2e.read_text(folder + "/lines.ndjson").splitlines():
        lines.update(int(number) for number in re.findall(r'"NF_F_CONN_ID": (\d+)', line))
    expect_equal([number for number, times in lines.items() if times > 1], [], "flows that are twice in the lines")
    weir_ok("store", "check", folder + "/store")


def kill_within_writes(collector, paths):
    """At a random moment, just behind the beginning of some writes to a file."""
    time.sleep(random.uniform(0, 0.3))
    sizes = lambda: [os.stat(path).st_size for path in glob.glob(paths)]
    begun = sizes()
    wait_until(lambda: sizes() != begun, "something written", pause_s=0)
    collector.kill()


def end_of(path):
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 100000))
        return file.read()


def numbers_of(paths):
    numbers = collections.Counter()
    for path in glob.glob(paths):
        numbers.update(int(number) for number in re.findall(r'"NF_F_CONN_ID": (\d+)', weir_e2e.read_text(path)))
    return numbers


def kills_within_writes(folder, paths, *outputs, more=()):
    """Files of JSON have all flows once."""
    os.makedirs(folder + "/journal", 0o700)
    arguments = ("--commit", "0.1s", *(word for output in outputs for word in ("-o", output)), *more)
    with held_socket() as held:
        port = held.getsockname()[1]
        collector = start_on(held, folder, *arguments)
        sender = Sender(port, 3000)
        sender.start()
        try:
            # the template comes but once, and goes with the first cut
            wait_until(lambda: glob.glob(folder + "/journal/*.snapshot"), "what is kept of the decoder")
            for _ in range(KILLS):
                kill_within_writes(collector, folder + "/" + paths)
                collector = start_on(held, folder, *arguments)
        finally:
            sender.stop()
        wait_until(lambda: weir_e2e.queue_of(port) == 0, "an empty queue")
        last = re.compile(rb'"NF_F_CONN_ID": %d\b' % (sender.number - 1))
        # at its end it would not wait for long for an output beside others
        wait_until(lambda: any(last.search(end_of(path)) for path in glob.glob(folder + "/" + paths)), "the last flows")
        summary = collector.stop(signal.SIGTERM)
    expect_equal(summary.number("dropped by the kernel"), 0, "drops: the test was too fast for its buffer")
    expect_once(numbers_of(folder + "/" + paths), sender.number, "JSON of " + " ".join(outputs))
    return sender.number


@case
def lines_outlive_kills(folder):
    kills_within_writes(folder, "lines.ndjson", "lines.ndjson")


@case
def lines_beside_a_store_outlive_kills(folder):
    count = kills_within_writes(folder, "lines.ndjson", "store:store", "lines.ndjson")
    expect_once(stored(folder + "/store"), count, "the store")


@case
def lines_in_files_by_time_outlive_kills(folder):
    kills_within_writes(folder, "lines-*.ndjson", "store:store", "lines.ndjson", more=("--rotate", "1s"))
    expect(len(glob.glob(folder + "/lines-*.ndjson")) > KILLS, "files")


@case
def an_object_that_others_read_outlives_kills(folder):
    reading = threading.Event()

    def read():
        while not reading.is_set():
            for path in glob.glob(folder + "/flows.json"):
                with open(path, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_SH)
                    reading.wait(0.05)
            reading.wait(0.02)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        kills_within_writes(folder, "flows.json", "flows.json")
    finally:
        reading.set()
        reader.join()
    weir_e2e.load_object(folder + "/flows.json")


@case
def what_cannot_be_written_stays_for_the_next_start(folder):
    """A second signal ends a collector whose disk takes nothing."""
    os.mkdir(folder + "/journal", 0o700)
    os.mkdir(folder + "/store")
    port = free_port()
    arguments = ("--state", folder + "/state", "--journal", folder + "/journal", "-o", "store:store", "--commit",
                 "0.1s", "--no-merge")  # what merges would make the folder anew
    collector = Collector(folder, *arguments, ports=[port])
    wait_until(lambda: os.path.isdir(folder + "/store/.writing"), "the store")
    os.rename(folder + "/store/.writing", folder + "/store/.away")  # as good as a disk that is full
    sender = Sender(port, 1000)
    for turn in range(100):
        sender.send(turn)
    sender.stop()
    collector.wait_for("cannot")
    collector.process.send_signal(signal.SIGTERM)
    collector.wait_for("waits until what came can be written, which fails as told above; another Ctrl-C or SIGTERM "
                       "leaves what is not written in the journal")
    expect_in("; folders that were removed are made anew by another start", collector.log())
    expect(collector.process.poll() is None, "it ended though it had something to write: " + collector.log())
    collector.process.send_signal(signal.SIGTERM)
    expect_equal(collector.wait_end(), 1, "exit code")
    expect_in("in the journal: 100 datagrams, which the next start stores", collector.log())
    os.rename(folder + "/store/.away", folder + "/store/.writing")
    collector = Collector(folder, *arguments, ports=[port])
    collector.wait_for("100 datagrams that were received before the last end")
    collector.stop()
    expect_once(stored(folder + "/store"), 100 * ROWS, "the store")


@case
def what_is_left_for_a_store_goes_to_no_other_output(folder):
    os.mkdir(folder + "/journal", 0o700)
    port = free_port()
    arguments = ("--journal", folder + "/journal", "--commit", "1h", "-D")
    collector = Collector(folder, *arguments, "-o", "store:one", "-o", "store:two", ports=[port])
    sender = Sender(port, 1000)
    for turn in range(100):
        sender.send(turn)
    sender.stop()
    collector.wait_for("Processed", 100)
    collector.kill()
    left = os.listdir(folder + "/journal")
    for outputs in (("null",), ("text",), ("store:three",), ("store:two",), ("store:two", "null")):
        refused = Collector(folder, *arguments, *(word for output in outputs for word in ("-o", output)), ports=[port],
                            listening=False)
        expect_equal(refused.wait_end(), 1, "exit code of -o %s" % " ".join(outputs))
        expect_in("is for store:%s/one, and a collector that did not end left 100 datagrams in it: start once with "
                  "-o store:%s/one as well" % (folder[-59:], folder[-59:]) if "store:two" in outputs else
                  "and a collector that did not end left 100 datagrams in it: start once with -o store:", refused.log())
        expect_equal(os.listdir(folder + "/journal"), left, "what is left of the journal")
    elsewhere = Collector(folder, "--journal", "none", "-o", "null", ports=[port])
    elsewhere.stop()
    shutil.rmtree(folder + "/two")  # it is the same, by its name
    os.symlink("one", folder + "/other")
    collector = Collector(folder, *arguments, "-o", "store:three", "-o", "store:two", "-o", "store:other", ports=[port])
    collector.wait_for("100 datagrams that were received before the last end")
    collector.stop()
    for store in ("one", "two", "three"):
        expect_once(stored("%s/%s" % (folder, store)), 100 * ROWS, "the store " + store)
    Collector(folder, *arguments, "-o", "null", ports=[port]).stop()  # nothing is left


@case
def a_damaged_journal_is_told_and_moved_aside(folder):
    os.mkdir(folder + "/journal", 0o700)
    port = free_port()
    path = "%s/journal/collect-%d-0.journal" % (folder, port)
    with open(path, "wb") as file:
        file.write(b"weirjrnl" + os.urandom(100000))
    collector = Collector(folder, "--journal", folder + "/journal", "-o", "null", ports=[port])
    expect_in("the journal %s cannot be read; it is now %s.damaged" % (path, path), collector.log())
    collector.stop()
    expect_equal(os.listdir(folder + "/journal"), [os.path.basename(path) + ".damaged"], "what is there")


def end_with_a_full_pipe(folder, outputs, signals):
    """Nobody reads what goes to standard output. Returns what is left of the journal."""
    os.makedirs(folder + "/journal", 0o700)
    reading, writing = os.pipe()
    port = free_port()
    collector = Collector(folder, "--journal", folder + "/journal", *outputs, ports=[port], stdout=writing)
    exporter = v9.Exporter()
    for number in range(500):
        sets = [v9.templates((NUMBERED, FIELDS + [(v9.IPV4_DST_ADDR, 4)]))] if number == 0 else []
        records = [record(number * ROWS + k) + b"\x0a\0\0\1" for k in range(ROWS)]
        collector.send(exporter.datagram(*sets, v9.data(NUMBERED, *records), count=ROWS))
        wait_until(lambda: weir_e2e.queue_of(port) == 0, "an empty queue")
    room = select.poll()
    room.register(writing, select.POLLOUT)
    wait_until(lambda: not room.poll(0), "a full pipe")
    for _ in range(signals):
        collector.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)  # so that they are two, not one
    expect_equal(collector.wait_end(), 1, "exit code")
    expect_in("does not take what is written to it", collector.log())
    os.close(writing)
    os.close(reading)
    return sorted(os.listdir(folder + "/journal"))


@case
def an_output_that_nobody_reads_does_not_hold_the_end(folder):
    expect_equal(len(end_with_a_full_pipe(folder + "/alone", ["-o", "text"], 2)), 1, "journals of the output alone")
    expect_equal(end_with_a_full_pipe(folder + "/beside", ["-o", "store:store", "-o", "text"], 1), [],
                 "what is left of the journal, when all is stored")
    expect_once(stored(folder + "/beside/store"), 500 * ROWS, "the store")


@case
def two_on_one_port_are_told_apart(folder):
    port = free_port()
    os.mkdir(folder + "/journal", 0o700)
    first = Collector(folder, "--journal", folder + "/journal", "-o", "null", ports=[port])
    second = Collector(folder, "--journal", folder + "/journal", "-o", "null", ports=[port], listening=False)
    expect_equal(second.wait_end(), 1, "exit code")
    expect_in("is in use: another 'weir collect' listens on the same address and port", second.log())
    first.stop()


@case
def a_folder_that_others_can_write_to_is_refused(folder):
    os.mkdir(folder + "/open")
    os.chmod(folder + "/open", 0o777)
    collector = Collector(folder, "--journal", folder + "/open", "-o", "null", ports=[free_port()], listening=False)
    expect_equal(collector.wait_end(), 1, "exit code")
    expect_in("others own it or may write to it", collector.log())


run()
