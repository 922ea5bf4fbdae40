#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_hostile.py: a hundred thousand made exporters and a million templates push out nothing of an honest exporter,
and cost no more than bounded memory. WEIR_HOSTILE=EXPORTERS,TEMPLATES asks for others."""
import collections
import os
import re
import signal
import socket
import subprocess
import sys

import hostile
import netflow_maker as v9
import store_reader
import weir_e2e
from weir_e2e import (Collector, case, expect, expect_equal, is_sanitized, queue_of, read_text, run, start, wait_until,
                      weir_ok)

weir_e2e.use_venv()
import pyarrow.parquet  # noqa: E402: it is there from here on

EXPORTERS, TEMPLATES = (int(word) for word in os.environ.get("WEIR_HOSTILE", "100000,1000000").split(","))
FLOWS = 200000
SILENT, SILENT_FIRST = "127.0.0.9", 10000000  # another honest one, which says nothing meanwhile
RESIDENT_MOST_MB = 256  # with the journal, whose pages are memory


def status_mb(collector, name):
    return int(re.search(r"^%s:\s+(\d+) kB" % name, read_text("/proc/%d/status" % collector.process.pid),
                         re.M).group(1)) / 1024


def stored(store):
    numbers = collections.Counter()
    for path in store_reader.segment_paths(store):
        file = pyarrow.parquet.ParquetFile(path)
        if "flowId" in file.schema_arrow.names:
            numbers.update(file.read(["flowId"]).column(0).to_pylist())
    return numbers


def from_honest(host, source_port, port, datagram):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sender.bind((host, source_port))
        sender.sendto(datagram, ("127.0.0.1", port))


@case
def the_honest_lose_nothing(folder):
    collector = Collector(folder, "-o", "store:store", "--journal", "journal", "-b", "127.0.0.1")
    silent = v9.Exporter(domain=2)
    from_honest(hostile.HONEST, 9995, collector.port, hostile.honest_datagram(v9.Exporter(domain=1), 0,
                                                                              hostile.TEMPLATE))
    from_honest(SILENT, 9996, collector.port, hostile.honest_datagram(silent, SILENT_FIRST, hostile.TEMPLATE))
    # it has proved useful
    from_honest(SILENT, 9996, collector.port, hostile.honest_datagram(silent, SILENT_FIRST + hostile.ROWS))
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hostile.py")
    attack = start([sys.executable, script, str(collector.port), str(EXPORTERS), str(TEMPLATES), str(FLOWS)],
                   stdout=subprocess.PIPE, text=True)
    highest = {"RssAnon": 0.0, "VmRSS": 0.0}

    def attack_ended():
        for name in highest:
            highest[name] = max(highest[name], status_mb(collector, name))
        return attack.poll() is not None
    wait_until(attack_ended, "the end of the attack", 400)
    expect_equal(attack.returncode, 0, "exit code of the attack")
    hostile_count, honest_count, flows = (int(word) for word in attack.stdout.read().split())
    expect_equal(flows, FLOWS, "flows sent")
    from_honest(SILENT, 9996, collector.port, hostile.honest_datagram(silent, SILENT_FIRST + 2 * hostile.ROWS))
    wait_until(lambda: queue_of(collector.port) == 0, "an empty queue", 120)
    print("# %d hostile datagrams, %d exporters, %d templates: at most %.0f MB of its own, %.0f MB resident" %
          (hostile_count, EXPORTERS, TEMPLATES, highest["RssAnon"], highest["VmRSS"]))
    collector.process.send_signal(signal.SIGTERM)
    collector.wait_end(240)
    summary = weir_e2e.Summary(collector.log())
    expect_equal(summary.number("dropped by the kernel"), 0, "drops: it was sent too fast")
    expect_equal(summary.datagrams, hostile_count + honest_count + 3, "datagrams")
    numbers = stored(folder + "/store")
    wanted = list(range(FLOWS)) + list(range(SILENT_FIRST, SILENT_FIRST + 3 * hostile.ROWS))
    missing = [number for number in wanted if numbers[number] != 1]
    expect(not missing, "%d flows of the honest are not there once, from %s" % (len(missing), missing[:3]))
    weir_ok("store", "check", folder + "/store")
    expect(is_sanitized() or highest["VmRSS"] <= RESIDENT_MOST_MB, "%.0f MB are resident" % highest["VmRSS"])


run()
