# SPDX-License-Identifier: MIT
"""numbered_sender.py: exporters whose flows have numbers, and whether a store has each once. Needs the tests'
environment."""
import collections
import socket
import struct
import threading

import netflow_maker as v9
import pyarrow.parquet
import store_reader
from weir_e2e import expect

ROWS = 20  # of a datagram
NUMBERED = 256  # a template
FIELDS = [(148, 8), (v9.IPV4_SRC_ADDR, 4), (v9.IN_BYTES, 4)]
TEMPLATE = v9.templates((NUMBERED, FIELDS))


def record(number):
    return struct.pack("!QII", number, number & 0xffffffff, 1)


class Sender(threading.Thread):
    """Sends numbered flows at a pace until it is told to stop. The template comes once, in the first datagram."""

    def __init__(self, port, per_second, hosts=("127.0.0.1",), first=0):
        super().__init__()
        self.port, self.pause, self.hosts, self.number = port, 1 / per_second, hosts, first
        self.exporters = [v9.Exporter(domain) for domain in range(len(hosts))]
        self.sockets = []
        for host in hosts:
            self.sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            self.sockets[-1].bind((host, 0))
        self.ending = threading.Event()

    def send(self, turn):
        exporter = self.exporters[turn % len(self.hosts)]
        sets = [TEMPLATE] if turn < len(self.hosts) else []
        records = [record(number) for number in range(self.number, self.number + ROWS)]
        self.sockets[turn % len(self.hosts)].sendto(exporter.datagram(*sets, v9.data(NUMBERED, *records), count=ROWS),
                                                    ("127.0.0.1", self.port))
        self.number += ROWS

    def run(self):
        turn = 0
        while not self.ending.is_set():
            for _ in range(10):
                self.send(turn)
                turn += 1
            self.ending.wait(10 * self.pause)

    def stop(self):
        self.ending.set()
        if self.is_alive():
            self.join()
        for sender in self.sockets:
            sender.close()


def stored(store):
    numbers = collections.Counter()
    for path in store_reader.segment_paths(store):
        numbers.update(pyarrow.parquet.ParquetFile(path, page_checksum_verification=True).read(["flowId"])
                       .column(0).to_pylist())
    return numbers


def expect_once(numbers, count, what):
    missing = [number for number in range(count) if number not in numbers]
    doubled = [number for number, times in numbers.items() if times > 1]
    expect(not missing and not doubled and len(numbers) == count,
           "%s: of %d flows %d are missing (%s ...) and %d are there more than once (%s ...)" %
           (what, count, len(missing), missing[:3], len(doubled), doubled[:3]))
