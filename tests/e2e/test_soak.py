#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_soak.py: a collector after hours of traffic is as it was after minutes; WEIR_SOAK_S tells how long (120).

Exporters restart, come back from other ports with other templates, lose, double and reorder datagrams, and some of what
comes is hostile; files are merged and expire meanwhile. Before that, a flood of invented exporters fills the tables that
are bounded by numbers: what grows from then on has no bound. WEIR_SOAK_RATE is flows a second (30000)."""
import json
import os
import re
import subprocess
import sys
import time

import weir_e2e
from weir_e2e import Collector, case, expect, expect_equal, read_text, run, start, wait_until, weir_ok

SOAK_S = float(os.environ.get("WEIR_SOAK_S", "120"))
RATE = int(os.environ.get("WEIR_SOAK_RATE", "30000"))
ROUND_S = max(2.0, min(20.0, SOAK_S / 12))
VERSIONS = ["v9", "ipfix", "v5"]
JOURNAL = "8M"  # its pages count as memory once they were used: a few seconds
MISHAPS = ["--exporters", "16", "--turn", "4", "--restart", "64", "--loss", "0.5", "--reorder", "0.5", "--duplicate",
           "0.5", "--hostile", "2", "--templates", "4", "--template-interval", "50"]
# Half of the sessions that there may be, of the address that is hostile later, too: one with each eighth of its datagrams.
FLOOD = ["--exporters", "16", "--hostile", "90", "--count", str(8 * 40000), "--rate", str(RATE)]
# What memory may differ by behind the warm-up: what is being encoded and merged at a moment differs by so much.
SLACK_KB = 24 << 10


class Watch:
    """What a process holds, looked at again and again."""

    def __init__(self, pid):
        self.pid, self.begin, self.seen = pid, time.monotonic(), []

    def look(self):
        status = read_text("/proc/%d/status" % self.pid)
        anonymous, whole, threads = (int(re.search(r"^%s:\s+(\d+)" % name, status, re.MULTILINE).group(1))
                                     for name in ("RssAnon", "VmRSS", "Threads"))
        descriptors = len(os.listdir("/proc/%d/fd" % self.pid))
        self.seen.append((time.monotonic() - self.begin, anonymous, whole, threads, descriptors))

    def part(self, first, last, column):
        """The values of a column in a part of the time, in shares of it."""
        end = self.seen[-1][0]
        return [row[column] for row in self.seen if first * end <= row[0] <= last * end]

    def told(self):
        lines = ["#  second   anonymous KB   resident KB   threads   descriptors"]
        for row in self.seen[::max(1, len(self.seen) // 20)]:
            lines.append("# %7.0f %14d %13d %9d %13d" % row)
        return "\n".join(lines)


def middle(values):
    return sorted(values)[len(values) // 2]


def send(collector, watch, totals, *arguments):
    """Some traffic, from new ports."""
    sender = start([weir_e2e.weir_path, "replay", "-o", "json", *arguments, "127.0.0.1:%d" % collector.port],
                   stdout=subprocess.PIPE, text=True)

    def ended():
        expect(collector.process.poll() is None, "it ended: " + collector.log()[-2000:])
        watch.look()
        time.sleep(0.2)  # between two looks
        return sender.poll() is not None
    wait_until(ended, "the end of a round", 120 + weir_e2e.PATIENCE_S)
    sent = json.loads(sender.stdout.read())
    sender.stdout.close()
    weir_e2e.started.remove(sender)
    totals["sent"] += sent["sent_datagrams"]
    totals["flows"] += sent["flows"] + sent["duplicate_flows"]
    totals["lost"] += sent["lost_datagrams"] if sent["version"] == "v9" else sent["lost_flows"]
    for name in ("hostile", "restarts"):
        totals[name] += sent[name]


def send_round(collector, number, watch, totals):
    """A while of traffic of another seed and version."""
    send(collector, watch, totals, "-m", VERSIONS[number % 3], "--seed", str(number + 1), *MISHAPS, "--flow-rate",
         str(RATE), "--duration", "%ds" % ROUND_S)


def check_flat(watch):
    """The last third of the time against the second one."""
    for column, name in ((1, "anonymous memory"), (2, "resident memory")):
        before, after = middle(watch.part(1 / 3, 2 / 3, column)), middle(watch.part(2 / 3, 1, column))
        expect(after <= before * 1.05 + SLACK_KB, "%s grew from %d to %d KB" % (name, before, after))
    for column, name in ((3, "threads"), (4, "descriptors")):  # the least, as merges open files for a while
        before, after = min(watch.part(1 / 6, 2 / 3, column)), min(watch.part(2 / 3, 1, column))
        expect_equal(after, before, "%s that are always there" % name)


def check_account(summary, totals):
    dropped = summary.number("dropped by the kernel") + summary.number("dropped as the journal was full")
    taken = summary.datagrams + summary.number("too long")
    expect_equal(taken + dropped, totals["sent"], "datagrams and drops, against those sent")
    if dropped == 0:
        expect_equal((summary.flows, summary.lost), (totals["flows"], totals["lost"]), "flows and losses")
    expect(totals["restarts"] > 0 and totals["hostile"] > 0, "what is to go wrong: %s" % totals)


@case
def it_is_after_hours_as_it_was_after_minutes(folder):
    os.mkdir(folder + "/journal", 0o700)
    collector = Collector(folder, "--journal", folder + "/journal", "--journal-size", JOURNAL, "--state",
                          folder + "/state", "-o", "store:store", "--commit", "1s", "--segment-size", "4M",
                          "--keep-bytes", "20M", "-o", "null")
    totals = dict.fromkeys(("sent", "flows", "lost", "hostile", "restarts"), 0)
    send(collector, Watch(collector.process.pid), totals, *FLOOD)
    watch = Watch(collector.process.pid)
    number = 0
    while number < 3 or time.monotonic() - watch.begin < SOAK_S:
        send_round(collector, number, watch, totals)
        number += 1
    wait_until(lambda: weir_e2e.queue_of(collector.port) == 0, "an empty queue")
    summary = collector.stop()
    print("# %d rounds, sent: %s\n%s" % (number, totals, watch.told()), flush=True)
    print("".join("# %s\n" % line for line in summary.text.splitlines()[:20]), end="", flush=True)
    check_account(summary, totals)
    check_flat(watch)
    out, _ = weir_ok("store", "check", folder + "/store", timeout=300)
    expect(" 0 damaged" in out, out)
    kept = sum(os.path.getsize(os.path.join(place, name))
               for place, _, names in os.walk(folder + "/store/flows") for name in names)
    expect(kept < 120 << 20, "%d octets are kept, 20M were asked for" % kept)
    expect_equal(os.listdir(folder + "/journal"), [], "what is left of the journal")


if __name__ == "__main__":
    if SOAK_S <= 0:
        sys.exit("WEIR_SOAK_S is a time in seconds")
    run()
