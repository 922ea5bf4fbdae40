#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""oracle.py: a plain decoder of our own, written from the RFCs, must agree with `weir decode` on made-up streams.

    oracle.py WEIR                        the seeds of the test, as TAP
    oracle.py WEIR --seeds 1000-1999      others; --seconds N ends it after a while
    oracle.py WEIR --file STREAM          one that was left behind"""
import argparse
import os
import random
import sys
import tempfile
import time

import compare
import elements
import mutate
import stream_file
import stream_maker

SEEDS_EACH = 150
KINDS = ("captures", "captures, damaged", "IPFIX files", "IPFIX files, damaged")  # by seed modulo 4
LEAST_RECORDS = 5000  # of each kind: fewer, and the streams are not what they are meant to be


def make(seed, table):
    """The stream of a seed, and whether it is an IPFIX file."""
    is_file, is_damaged = seed % 4 >= 2, seed % 2 == 1
    pick = random.Random(seed)
    stream = stream_maker.Maker(seed, table, is_file).stream(pick.choice([5, 20, 40, 80]))
    if is_damaged:
        stream = mutate.mutate(stream, pick, pick.choice([1, 3, 10, 30]), is_file)
    return stream, is_file


class Run:
    def __init__(self, weir, folder):
        self.weir = os.path.abspath(weir)
        self.folder = folder
        self.table = elements.read_table()
        self.streams = self.records = self.differing = 0

    def check_seed(self, seed):
        stream, is_file = make(seed, self.table)
        path = os.path.join(self.folder, "seed-%d.%s" % (seed, "ipfix" if is_file else "pcap"))
        stream_file.write(path, stream, is_file)
        told = self.check(path, stream)
        if not told:
            os.unlink(path)
            return []
        return ["seed %d, the stream is left in %s" % (seed, path)] + told

    def check(self, path, stream):
        """The differences, as lines to print."""
        self.streams += 1
        try:
            weir_records, weir_counts = compare.run_weir(self.weir, path)
        except compare.Fault as fault:
            self.differing += 1
            return [str(fault)]
        oracle_records, oracle_counts = compare.run_oracle(stream, elements.Elements(self.table))
        self.records += len(oracle_records)
        found = compare.differences(weir_records, weir_counts, oracle_records, oracle_counts)
        self.differing += bool(found)
        lines = []
        for place, text in found[:4]:
            if place is not None:
                lines.append("datagram %d of %s port %s: %s" % (place, stream[place].address, stream[place].port,
                                                                stream[place].octets.hex()[:1500]))
            lines += text.split("\n")
        if len(found) > 4:
            lines.append("and %d differences more" % (len(found) - 4))
        return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weir")
    parser.add_argument("--seeds", default=None, help="FIRST-LAST")
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--file")
    parser.add_argument("--folder", default=None, help="where streams that differ are left")
    settings = parser.parse_args()
    run = Run(settings.weir, settings.folder or tempfile.mkdtemp(prefix="weir-oracle-"))
    if settings.file:
        stream, _ = stream_file.read(settings.file)
        told = run.check(settings.file, stream)
        print("\n".join(told) or "no difference in %d records" % run.records)
        sys.exit(1 if told else 0)
    sys.exit(by_hand(run, settings) if settings.seeds else as_test(run))


def by_hand(run, settings):
    first, last = (int(number) for number in settings.seeds.split("-"))
    end = time.monotonic() + (settings.seconds or 1e9)
    for seed in range(first, last + 1):
        if time.monotonic() > end:
            break
        told = run.check_seed(seed)
        if told:
            print("\n".join(told), flush=True)
    print("%d streams, %d records compared, %d streams differ" % (run.streams, run.records, run.differing))
    return 1 if run.differing else 0


def as_test(run):
    failed = False
    print("1..%d" % len(KINDS), flush=True)
    for kind, name in enumerate(KINDS):
        told = []
        before = run.records
        for seed in range(kind, len(KINDS) * SEEDS_EACH, len(KINDS)):
            told += run.check_seed(seed)
        if run.records - before < LEAST_RECORDS:
            told.append("only %d records were compared" % (run.records - before))
        print("%s %d %s: %d streams, %d records" % ("not ok" if told else "ok", kind + 1, name, SEEDS_EACH,
                                                   run.records - before))
        failed |= bool(told)
        print("".join("# %s\n" % line for line in told), end="", flush=True)
    if not run.differing:
        os.rmdir(run.folder)
    return 1 if failed else 0


if __name__ == "__main__":
    main()
