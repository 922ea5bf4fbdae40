# SPDX-License-Identifier: MIT
"""netflow_maker.py: makes NetFlow v9 datagrams (RFC 3954) octet by octet.

A template is an ID and a list of (field type, length); a record is the octets of its fields. An Exporter keeps what
goes into the headers."""
import ipaddress
import struct
import time

# Field types, RFC 3954 section 8
IN_BYTES, IN_PKTS, PROTOCOL, SRC_TOS, TCP_FLAGS, L4_SRC_PORT, IPV4_SRC_ADDR = 1, 2, 4, 5, 6, 7, 8
L4_DST_PORT, IPV4_DST_ADDR, LAST_SWITCHED, FIRST_SWITCHED = 11, 12, 21, 22
IPV6_SRC_ADDR, IPV6_DST_ADDR, ICMP_TYPE, SAMPLING_INTERVAL, IP_PROTOCOL_VERSION = 27, 28, 32, 34, 60
SCOPE_SYSTEM = 1

COMMON = [(LAST_SWITCHED, 4), (FIRST_SWITCHED, 4), (IN_BYTES, 4), (IN_PKTS, 4), (L4_SRC_PORT, 2), (L4_DST_PORT, 2),
          (PROTOCOL, 1), (TCP_FLAGS, 1), (IP_PROTOCOL_VERSION, 1), (SRC_TOS, 1)]
FIELDS_4 = [(IPV4_SRC_ADDR, 4), (IPV4_DST_ADDR, 4)] + COMMON
FIELDS_6 = [(IPV6_SRC_ADDR, 16), (IPV6_DST_ADDR, 16)] + COMMON
ID_4, ID_6, ID_OPTIONS = 1024, 2048, 256
TCP, UDP, ICMP = 6, 17, 1


def flow(source, destination, source_port, destination_port, octets, packets=10, protocol=TCP, first_ms=1000,
         last_ms=2000):
    """A record of FIELDS_4 or FIELDS_6, as the addresses are."""
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    return source.packed + destination.packed + struct.pack(
        "!IIIIHHBBBB", last_ms, first_ms, octets, packets, source_port, destination_port, protocol, 0x1B,
        source.version, 0)


def set_of(set_id, body):
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", set_id, 4 + len(body)) + body


def templates(*described):
    """A template set of (ID, fields) each."""
    body = b""
    for template_id, fields in described:
        body += struct.pack("!HH", template_id, len(fields))
        body += b"".join(struct.pack("!HH", *field) for field in fields)
    return set_of(0, body)


def options_template(template_id, scopes, fields):
    body = struct.pack("!HHH", template_id, 4 * len(scopes), 4 * len(fields))
    body += b"".join(struct.pack("!HH", *field) for field in scopes + fields)
    return set_of(1, body)


def data(template_id, *records):
    return set_of(template_id, b"".join(records))


TEMPLATES = templates((ID_4, FIELDS_4), (ID_6, FIELDS_6))
TEMPLATE_4 = templates((ID_4, FIELDS_4))
OPTIONS_TEMPLATE = options_template(ID_OPTIONS, [(SCOPE_SYSTEM, 4)], [(SAMPLING_INTERVAL, 4)])
OPTIONS_DATA = data(ID_OPTIONS, struct.pack("!II", 1, 100))


class Exporter:
    """The datagrams of one exporter, in sequence."""

    def __init__(self, domain=0, uptime_ms=100000, export_time_s=None):
        self.domain = domain
        self.uptime_ms = uptime_ms
        self.export_time_s = export_time_s
        self.sequence = 0

    def datagram(self, *sets, count=1):
        export_time_s = int(time.time()) if self.export_time_s is None else self.export_time_s
        header = struct.pack("!HHIIII", 9, count, self.uptime_ms, export_time_s, self.sequence, self.domain)
        self.sequence += 1
        return header + b"".join(sets)

    def flows(self, *records):
        """Templates and records of IPv4 in one datagram."""
        return self.datagram(TEMPLATE_4, data(ID_4, *records), count=1 + len(records))


def numbered_flow(number):
    """A record that tells which datagram it belongs to."""
    return flow("192.0.2.1", "198.51.100.%d" % (number % 250 + 1), 40000 + number % 10000, 443, number)


def v5_datagram():
    return struct.pack("!HHIIIIBBH", 5, 1, 100000, int(time.time()), 0, 0, 0, 0, 0) + bytes(48)


def ipfix_datagram():
    return struct.pack("!HHIII", 10, 16, int(time.time()), 0, 0)
