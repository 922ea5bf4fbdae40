# SPDX-License-Identifier: MIT
"""talk_maker.py: captures of random conversations, both ways and in pieces, as exporters of many kinds tell of them."""
import collections
import ipaddress
import os
import random
import struct

import capture_maker
from netflow_maker import (FIRST_SWITCHED, ICMP_TYPE, IN_BYTES, IN_PKTS, IPV4_DST_ADDR, IPV4_SRC_ADDR, IPV6_DST_ADDR,
                           IPV6_SRC_ADDR, L4_DST_PORT, L4_SRC_PORT, LAST_SWITCHED, PROTOCOL, SAMPLING_INTERVAL,
                           TCP_FLAGS, set_of)
from weir_e2e import weir_ok, write_file

START_S = capture_maker.START_S
UPTIME_MS = 2**32 - 1_500_000  # wraps within the hour
FLOW_START_MS, FLOW_END_MS, IP_VERSION = 152, 153, 60
REST = [(IN_BYTES, 4), (IN_PKTS, 4), (L4_SRC_PORT, 2), (L4_DST_PORT, 2), (PROTOCOL, 1), (ICMP_TYPE, 2),
        (SAMPLING_INTERVAL, 4), (TCP_FLAGS, 1)]
BY_UPTIME, BY_MS = [(FIRST_SWITCHED, 4), (LAST_SWITCHED, 4)], [(FLOW_START_MS, 8), (FLOW_END_MS, 8)]
FOUR, SIX = [(IPV4_SRC_ADDR, 4), (IPV4_DST_ADDR, 4)], [(IPV6_SRC_ADDR, 16), (IPV6_DST_ADDR, 16)]
BOTH = FOUR + SIX + [(IP_VERSION, 1)]
REVERSE = [(0x8000 | IN_BYTES, 4), (0x8000 | IN_PKTS, 4)]  # of RFC 5103
PEN_REVERSE = 29305

Record = collections.namedtuple("Record",
                                "exporter src dst srcport dstport protocol first_ms last_ms bytes packets icmp rate "
                                "flags reverse_bytes reverse_packets")


def field_octets(field):
    return struct.pack("!HH", *field) + (struct.pack("!I", PEN_REVERSE) if field in REVERSE else b"")


class Exporter:
    """What one exporter sends of random conversations, both ways, in pieces."""

    def __init__(self, chance, address, version, times, families, both_ways=False):
        self.chance, self.address, self.version, self.times, self.families = chance, address, version, times, families
        self.reverse = REVERSE if both_ways else []
        self.records = []
        self.talks = [self.talk() for _ in range(40)]
        self.sequence = 0
        self.fields = {4: FOUR + times + REST + self.reverse, 6: SIX + times + REST + self.reverse}
        if families == "both":
            self.fields = {4: BOTH + times + REST, 6: BOTH + times + REST}

    def talk(self):
        six = self.families != "4" and self.chance.random() < 0.5
        network = "2001:db8:%x::%x" if six else "10.%d.0.%d"
        ends = [ipaddress.ip_address(network % (self.chance.randrange(4), self.chance.randrange(1, 200)))
                for _ in range(2)]
        return (*ends, self.chance.randrange(1024, 60000), self.chance.choice([22, 53, 443, 5353]),
                self.chance.choice([6, 6, 17, 58 if six else 1]))

    def octets(self, record):
        addresses = record.src.packed + record.dst.packed
        if self.families == "both":
            none = bytes(8), bytes(32)
            version = record.src.version
            addresses = (addresses + none[1] if version == 4 else none[0] + addresses) + bytes([version])
        if self.times is BY_UPTIME:
            times = struct.pack("!II", *((UPTIME_MS + ms - START_S * 1000) % 2**32
                                         for ms in (record.first_ms, record.last_ms)))
        else:
            times = struct.pack("!QQ", record.first_ms, record.last_ms)
        reverse = struct.pack("!II", record.reverse_bytes, record.reverse_packets) if self.reverse else b""
        return addresses + times + struct.pack("!IIHHBHIB", record.bytes, record.packets, record.srcport,
                                               record.dstport,
                                               record.protocol, record.icmp, record.rate, record.flags) + reverse

    def record(self, at_s):
        src, dst, srcport, dstport, protocol = self.chance.choice(self.talks)
        back = self.chance.random() < 0.5
        icmp = 0
        if protocol in (1, 58):
            asks = {1: (8, 0), 58: (128, 129)}[protocol]
            icmp, srcport, dstport = asks[back] * 256, 0, 0
        if back:
            src, dst, srcport, dstport = dst, src, dstport, srcport
        last_ms = (START_S + at_s) * 1000 - self.chance.randrange(3000)
        first_ms = last_ms - self.chance.randrange(20000)
        if self.chance.random() < 0.7:  # several begin at once
            first_ms -= first_ms % 10000
        reverse = [self.chance.randrange(10000), self.chance.randrange(100)] if self.reverse else [0, 0]
        return Record(self.address, src, dst, srcport, dstport, protocol, first_ms, last_ms,
                      self.chance.choice([40, 1500, self.chance.randrange(2**24)]), self.chance.randrange(1, 100), icmp,
                      self.chance.choice([1, 1, 100, 1000]), self.chance.randrange(64), *reverse)

    def datagram(self, at_s, past_ms, keeps):
        """Of `past_ms` behind the second, which the uptime of the header tells and its time does not."""
        set_id = 2 if self.version == 10 else 0
        described = b"".join(struct.pack("!HH", 1024 * number, len(fields)) + b"".join(map(field_octets, fields))
                             for number, fields in ((1, self.fields[4]), (2, self.fields[6])))
        body = set_of(set_id, described)
        # of one family: in which order templates take turns is nothing that a store tells
        family = self.chance.choice([4, 6]) if self.families != "4" else 4
        records = [self.record(at_s) for _ in range(12)]
        records = [r for r in records if (r.src.version == family or self.families == "both") and keeps(r)]
        self.records += records
        some = [self.octets(r) for r in records]
        if some:
            data = b"".join(some)
            body += struct.pack("!HH", 1024 if family == 4 or self.families == "both" else 2048, 4 + len(data)) + data
        self.sequence += 1
        if self.version == 10:
            return struct.pack("!HHIII", 10, 16 + len(body), START_S + at_s, self.sequence, 0) + body
        return struct.pack("!HHIIII", 9, 3, (UPTIME_MS + at_s * 1000 + past_ms) % 2**32, START_S + at_s, self.sequence,
                           0) + body


MIXED = [("192.0.2.1", 9, BY_UPTIME, "46"), ("192.0.2.2", 10, BY_MS, "46"), ("192.0.2.3", 9, BY_MS, "4"),
         ("192.0.2.4", 9, BY_UPTIME, "both"), ("192.0.2.5", 10, BY_UPTIME, "4")]


def make(folder, name, seed, kinds, keeps=lambda record: True, segment="64K", whole_seconds=False):
    """A capture of these exporters, as JSON lines and as a store of several files, and its records. A header's time has
    no part of a second, which `whole_seconds` leaves out of the uptime as well."""
    chance = random.Random(seed)
    exporters = [Exporter(chance, *kind) for kind in kinds]
    frames = []
    for at_s in range(30, 3030, 15):
        for number, exporter in enumerate(exporters):
            past_ms = 0 if whole_seconds else (at_s * 37 + number * 211) % 997
            payload = exporter.datagram(at_s, past_ms, keeps)
            frames.append((at_s + past_ms / 1000 + number / 10000, capture_maker.ethernet(
                capture_maker.ip(capture_maker.udp(payload), exporter.address))))
    frames.sort(key=lambda frame: frame[0])
    capture = write_file(folder, name + ".pcap", capture_maker.pcap(frames))
    lines, store = os.path.join(folder, name + ".ndjson"), os.path.join(folder, name)
    weir_ok("collect", "-r", capture, "-o", "json:" + lines, "-o", "store:" + store, "--segment-size", segment)
    return lines, store, [record for exporter in exporters for record in exporter.records]
