# SPDX-License-Identifier: MIT
"""stream_file.py: streams as captures and IPFIX files, and back."""
import ipaddress
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import capture_maker as cap  # noqa: E402
from decoder import Datagram  # noqa: E402


def write(path, stream, is_file):
    with open(path, "wb") as file:
        if is_file:
            file.write(b"".join(datagram.octets for datagram in stream))
        else:
            file.write(cap.pcap((datagram.received_us / 1000000 - cap.START_S, frame(datagram))
                                for datagram in stream))


def frame(datagram):
    there = "2001:db8::ff" if ":" in datagram.address else "192.0.2.250"
    return cap.ethernet(cap.ip(cap.udp(datagram.octets, datagram.port), datagram.address, there))


def read(path):
    """What write() has written, as (datagrams, whether it is an IPFIX file)."""
    with open(path, "rb") as file:
        octets = file.read()
    if octets[:2] == b"\0\x0a":
        return read_messages(octets), True
    return read_capture(octets), False


def read_messages(octets):
    stream, at = [], 0
    while at < len(octets):
        length, seconds = struct.unpack_from("!HI", octets, at + 2)
        stream.append(Datagram(octets[at:at + length], "", 0, seconds * 1000000, True))
        at += length
    return stream


def read_capture(octets):
    stream, at = [], 24
    while at < len(octets):
        seconds, micros, size, _ = struct.unpack_from("<IIII", octets, at)
        packet = octets[at + 16 + 14:at + 16 + size]
        at += 16 + size
        ipv4 = packet[0] >> 4 == 4
        source = packet[12:16] if ipv4 else packet[8:24]
        body = packet[20:] if ipv4 else packet[40:]
        stream.append(Datagram(body[8:], str(ipaddress.ip_address(source)), int.from_bytes(body[:2], "big"),
                               seconds * 1000000 + micros, False))
    return stream
