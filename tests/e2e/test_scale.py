#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_scale.py: the cost of a datagram does not grow with what came before, and neither does memory."""
import os
import re
import socket
import statistics
import struct

import capture_maker as cap
import netflow_maker as v9
import weir_e2e
from weir_e2e import (Collector, case, expect, expect_equal, flood, queue_of, read_text, run, run_measured, wait_until,
                      weir, write_file)

RECORDS = 25
SMALL, LARGE = 2000, 20000  # datagrams
NOISE_S = 0.1
RUNS = 3
GROWTH_KIB_MAX = 8 * 1024
HOSTILE_KIB_MAX = 256 * 1024
SANITIZER_FACTOR = 4  # what a build with sanitizers takes more


def make_capture(folder, count):
    datagram = bytearray(v9.Exporter().flows(*(v9.numbered_flow(number) for number in range(RECORDS))))

    def numbered():
        for number in range(count):
            struct.pack_into("!I", datagram, 12, number)
            yield number / 1000, bytes(datagram)
    frames = (cap.pcap_of([one])[24:] for one in numbered())
    return write_file(folder, "%d.pcap" % count, cap.pcap([]) + b"".join(frames))


def cpu_s(folder, capture, output):
    times = []
    for number in range(RUNS):
        out = "%s-%d.%s" % (os.path.basename(capture), number, output)
        with open(folder + "/err", "wb") as err:
            code, usage = run_measured([weir_e2e.weir_path, "collect", "-r", capture, "-o", out], patience_s=120,
                                       cwd=folder, stderr=err)
        expect_equal(code, 0, "exit code, with " + read_text(folder + "/err"))
        os.unlink(os.path.join(folder, out))
        times.append(usage.ru_utime + usage.ru_stime)
    return statistics.median(times)


@case
def the_cost_of_collecting_is_linear(folder):
    small, large = make_capture(folder, SMALL), make_capture(folder, LARGE)
    for output in ("json", "ndjson", "gz"):
        small_s, large_s = cpu_s(folder, small, output), cpu_s(folder, large, output)
        print("# %s: %.3f s for %d datagrams, %.3f s for %d" % (output, small_s, SMALL, large_s, LARGE), flush=True)
        factor = LARGE / SMALL
        expect(large_s <= factor * small_s * 1.1 + NOISE_S, "%s: %.3f s for %d datagrams, but %.3f s for %d" %
               (output, small_s, SMALL, large_s, LARGE))


@case
def the_cost_of_a_start_on_a_large_file_is_that_of_reading_it(folder):
    """A file that is there is looked through once, and the entries behind it cost what they cost."""
    capture = make_capture(folder, LARGE)
    one = make_capture(folder, 1)
    expect_equal(weir("collect", "-r", capture, "-o", "a.json", cwd=folder)[0], 0, "exit code")
    with open(folder + "/err", "wb") as err:
        code, usage = run_measured([weir_e2e.weir_path, "collect", "-r", one, "-o", "a.json"], cwd=folder, stderr=err)
    expect_equal(code, 0, "exit code")
    size_bytes = os.path.getsize(folder + "/a.json")
    seconds = usage.ru_utime + usage.ru_stime
    print("# %.3f s for %d MB" % (seconds, size_bytes // 1000000), flush=True)
    expect(seconds < 0.5 + size_bytes / 20e6, "%.3f s for %d octets" % (seconds, size_bytes))


def memory_kib(collector):
    status = read_text("/proc/%d/status" % collector.process.pid)
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1))


def is_sanitized():
    with open(weir_e2e.weir_path, "rb") as program:
        return b"__asan_init" in program.read()


def send_all(collector, count, rate):
    sender = flood(collector.port, count, rate, 20)
    expect_equal(sender.wait(timeout=120), 0, "exit code of the sender")
    wait_until(lambda: queue_of(collector.port) == 0, "the queue to be read")


@case
def memory_does_not_grow_with_datagrams(folder):
    for outputs in (["null"], ["a.json", "a.ndjson", "a.gz"]):
        collector = Collector(folder, *(word for output in outputs for word in ("-o", output)))
        send_all(collector, 10000, 10000)
        before_kib = memory_kib(collector)
        send_all(collector, 50000, 10000)
        grown_kib = memory_kib(collector) - before_kib
        summary = collector.stop()
        print("# %s: %d KiB, then %d more" % (outputs, before_kib, grown_kib), flush=True)
        expect(summary.datagrams > 30000, "only %d datagrams came" % summary.datagrams)
        expect(grown_kib < GROWTH_KIB_MAX * (SANITIZER_FACTOR if is_sanitized() else 1),
               "%s: %d KiB have become %d more" % (outputs, before_kib, grown_kib))


@case
def memory_is_bounded_whatever_comes(folder):
    """Data without templates, from ever new domains, and templates without data."""
    collector = Collector(folder, "-o", "null")
    data = v9.data(300, bytes(1300))
    wide = v9.templates(*((300 + number, [(v9.IN_BYTES, 4)] * 20) for number in range(15)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", collector.port))
        for number in range(100000):
            exporter = v9.Exporter(domain=number, export_time_s=0)
            sender.send(exporter.datagram(data if number % 2 else wide))
            if number % 1000 == 0:
                wait_until(lambda: queue_of(collector.port) < 1 << 20, "the queue to be read")
    wait_until(lambda: queue_of(collector.port) == 0, "the queue to be read")
    kib = memory_kib(collector)
    summary = collector.stop()
    print("# %d KiB" % kib, flush=True)
    expect_equal(summary.flows, 0, "flows")
    expect(summary.datagrams > 90000, "only %d datagrams came" % summary.datagrams)
    expect(kib < HOSTILE_KIB_MAX * (SANITIZER_FACTOR if is_sanitized() else 1), "%d KiB of memory" % kib)


if __name__ == "__main__":
    run()
