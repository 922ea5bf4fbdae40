# SPDX-License-Identifier: MIT
"""capture_maker.py: makes captures, pcap and pcapng, packet by packet."""
import ipaddress
import struct

ETHERNET, RAW_IP, COOKED_1, COOKED_2 = 1, 101, 113, 276
IPV4, IPV6, VLAN, QINQ, ARP = 0x0800, 0x86DD, 0x8100, 0x88A8, 0x0806
START_S = 1_700_000_000


def udp(payload, source_port=50000, destination_port=2055):
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def ip(body, source="192.0.2.1", destination="192.0.2.2", protocol=17, fragment=0, identification=1):
    """An IPv4 or IPv6 packet. `fragment` is the field of the IPv4 header: flags and offset."""
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if source.version == 4:
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), identification, fragment, 64, protocol, 0)
    else:
        header = struct.pack("!IHBB", 0x60000000, len(body), protocol, 64)
    return header + source.packed + destination.packed + body


def ip_fragments(body, size_bytes, **addresses):
    """The same as IPv4 fragments that carry `size_bytes` (a multiple of 8) each."""
    packets = []
    for start in range(0, len(body), size_bytes):
        more = 0x2000 if start + size_bytes < len(body) else 0
        packets.append(ip(body[start:start + size_bytes], fragment=more | start // 8, **addresses))
    return packets


def kind_of(packet):
    return IPV6 if packet[0] >> 4 == 6 else IPV4


def ethernet(packet, vlans=(), kind=None):
    tags = b"".join(struct.pack("!HH", tag, 7) for tag in vlans)
    return bytes(12) + tags + struct.pack("!H", kind or kind_of(packet)) + packet


def cooked_1(packet):
    return struct.pack("!HHH8sH", 0, 1, 6, bytes(8), kind_of(packet)) + packet


def cooked_2(packet):
    return struct.pack("!HHIHBB8s", kind_of(packet), 0, 1, 1, 0, 6, bytes(8)) + packet


def pcap(frames, link=ETHERNET):
    """A pcap file of (seconds after START_S, octets) each."""
    file = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)
    for after_s, frame in frames:
        at_us = START_S * 1000000 + round(after_s * 1000000)
        file += struct.pack("<IIII", at_us // 1000000, at_us % 1000000, len(frame), len(frame)) + frame
    return file


def block(kind, body):
    body += bytes(-len(body) % 4)
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def pcapng(frames, link=ETHERNET):
    file = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", link, 0, 0))
    for after_s, frame in frames:
        at_us = START_S * 1000000 + round(after_s * 1000000)
        file += block(6, struct.pack("<IIIII", 0, at_us >> 32, at_us & 0xFFFFFFFF, len(frame), len(frame)) + frame)
    return file


def pcap_of(datagrams, source="192.0.2.1", source_port=50000, destination_port=2055):
    """A pcap file of (seconds, datagram) each, over Ethernet and IPv4, from one exporter."""
    return pcap((after_s, ethernet(ip(udp(datagram, source_port, destination_port), source)))
                for after_s, datagram in datagrams)
