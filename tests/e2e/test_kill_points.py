#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_kill_points.py: the collector is killed at each of its calls that change files, or at so many of them; what it
received is stored once. WEIR_KILL_POINTS says how many of them are tried, 0 all."""
import os
import signal
import socket
import struct
import subprocess
import time

import netflow_maker as v9
import store_reader
import weir_e2e
from weir_e2e import case, expect, expect_equal, free_port, run, wait_until, weir_ok

weir_e2e.use_venv()
import collections  # noqa: E402
import pyarrow.parquet  # noqa: E402: it is there from here on

POINTS = int(os.environ.get("WEIR_KILL_POINTS", "150"))
CHECK_EACH = 10  # kills
KILLED = 137  # as a shell tells of SIGKILL
PRELOAD = os.environ["WEIR_KILL_AT_LIBRARY"]  # kill_at.c
ROWS = 5  # of a datagram
NUMBERED = 256  # a template
TEMPLATE = v9.templates((NUMBERED, [(148, 8), (v9.IPV4_SRC_ADDR, 4), (v9.IN_BYTES, 4)]))
HOSTS = ["127.0.0.%d" % number for number in range(1, 6)]


def has_files(process):
    """A process that ends has closed them some time before that is told."""
    try:
        return bool(os.listdir("/proc/%d/fd" % process.pid))
    except OSError:
        return False


class Traffic:
    """Numbered flows of several exporters. `numbers` has those that a collector took from its socket; the others may be
    lost."""

    def __init__(self, port):
        self.port = port
        self.exporters = [v9.Exporter(domain) for domain in range(len(HOSTS))]
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in HOSTS]
        for host, sender in zip(HOSTS, self.sockets):
            sender.bind((host, 0))
        self.sent = 0
        self.numbers = set()

    def send(self, process):
        """One datagram of each exporter."""
        first = self.sent
        for exporter, sender in zip(self.exporters, self.sockets):
            records = [struct.pack("!QII", number, number, 1) for number in range(self.sent, self.sent + ROWS)]
            try:
                sender.sendto(exporter.datagram(TEMPLATE, v9.data(NUMBERED, *records), count=ROWS + 1),
                              ("127.0.0.1", self.port))
            except ConnectionRefusedError:
                pass
            self.sent += ROWS
        while process.poll() is None:
            if weir_e2e.queue_of(self.port) == 0 and has_files(process):
                # Nothing waits, and its sockets are open: nothing went away with them.
                self.numbers.update(range(first, self.sent))
                return

    def close(self):
        for sender in self.sockets:
            sender.close()


class Runs:
    def __init__(self, folder, port, workers):
        self.folder, self.port, self.workers, self.turn = folder, port, workers, 0
        os.makedirs(folder + "/journal", 0o700)
        os.makedirs(folder + "/state", 0o700)

    def start(self, kill_at, count_path=None):
        workers = self.workers[self.turn % len(self.workers)]
        self.turn += 1
        environment = dict(os.environ, LD_PRELOAD=PRELOAD, WEIR_KILL_AT=str(kill_at))
        if count_path is not None:
            environment["WEIR_KILL_COUNT"] = count_path
        self.log_path = self.folder + "/log"
        with open(self.log_path, "wb") as log:
            return weir_e2e.start(
                [weir_e2e.weir_path, "collect", "-p", str(self.port), "--workers", str(workers), "--commit", "0.1s",
                 "--state", self.folder + "/state", "--journal", self.folder + "/journal", "--journal-size", "8M",
                 "-o", "store:" + self.folder + "/store"],
                cwd=self.folder, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def log(self):
        return weir_e2e.read_text(self.log_path)

    def cycle(self, traffic, kill_at, count_path=None):
        """A start, some commits, an end: the exit code."""
        process = self.start(kill_at, count_path)
        wait_until(lambda: "Listening on" in self.log() or process.poll() is not None, "the start of weir collect")
        for _ in range(3):
            traffic.send(process)
            committed = time.monotonic() + 0.15  # a commit or so; what matters is only that there are some
            wait_until(lambda: process.poll() is not None or time.monotonic() > committed, "a commit")
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        wait_until(lambda: process.poll() is not None, "the end of weir collect")
        if kill_at == 0:
            expect_equal(process.returncode, 0, "exit code: " + self.log())
        else:
            expect(process.returncode in (0, KILLED), "ended with %d: %s" % (process.returncode, self.log()))
        return process.returncode


def check(folder, traffic, what):
    numbers = collections.Counter()
    for path in store_reader.segment_paths(folder + "/store"):
        numbers.update(pyarrow.parquet.ParquetFile(path).read(["flowId"]).column(0).to_pylist())
    missing = sorted(traffic.numbers - set(numbers))
    doubled = sorted(number for number, times in numbers.items() if times > 1)
    expect(not missing and not doubled, "%s: %d flows are missing (%s ...), %d are there more than once (%s ...)" %
           (what, len(missing), missing[:3], len(doubled), doubled[:3]))
    told = sum(sum(number or 0 for number in pyarrow.parquet.ParquetFile(path).read(["flows"]).column(0).to_pylist())
               for path in store_reader.segment_paths(folder + "/store", "ledger"))
    expect_equal(told, sum(numbers.values()), what + ": flows, by the ledger")
    weir_ok("store", "check", folder + "/store")
    expect_equal(os.listdir(folder + "/store/.writing"), [], what + ": files under way")
    expect_equal(os.listdir(folder + "/journal"), [], what + ": what is left of the journal")


def try_points(folder, workers):
    port = free_port()
    traffic = Traffic(port)
    runs = Runs(folder, port, workers)
    runs.cycle(traffic, 0, folder + "/count")
    total = int(weir_e2e.read_text(folder + "/count"))
    expect(total > 50, "the calls were counted: %d" % total)
    points = range(1, total + 1) if POINTS == 0 else sorted({1 + total * i // POINTS for i in range(POINTS)})
    kills = 0
    tried = []
    for point in points:
        tried.append(point)
        kills += runs.cycle(traffic, point) == KILLED
        if len(tried) == CHECK_EACH or point == points[-1]:
            runs.cycle(traffic, 0)
            check(folder, traffic, "killed at calls %s" % tried)
            tried = []
    expect(kills >= len(points) // 2, "of %d runs %d were killed" % (len(points), kills))
    traffic.close()


@case
def killed_at_its_calls(folder):
    try_points(folder + "/run", [1])


@case
def killed_at_its_calls_with_other_numbers_of_workers(folder):
    try_points(folder + "/run", [1, 3, 2])


run()
