# SPDX-License-Identifier: MIT
"""values.py: the octets of one field as `weir decode` shows them (RFC 7011 section 6.1).

A value whose length does not fit its type is its octets in hex. Objects are tuples of (name, value)."""
import ipaddress
import math
import struct

NTP_TO_UNIX_S = 2208988800  # from 1900 to 1970
UNSIGNED = ("unsigned8", "unsigned16", "unsigned32", "unsigned64", "dateTimeSeconds", "dateTimeMilliseconds")
SIGNED = ("signed8", "signed16", "signed32", "signed64")
LISTS = ("basicList", "subTemplateList", "subTemplateMultiList")


def hexed(octets):
    return "0x" + octets.hex()


def address(octets):
    """RFC 5952; section 5: IPv4 addresses within IPv6 ones are shown as such where that is what they are."""
    if len(octets) == 16 and octets[:12] == bytes(10) + b"\xff\xff":
        return "::ffff:" + str(ipaddress.IPv4Address(octets[12:]))
    return str(ipaddress.ip_address(octets))


def floating(octets):
    number, = struct.unpack("!f" if len(octets) == 4 else "!d", octets)
    if not math.isfinite(number):
        return None
    return float("%.9g" % number) if len(octets) == 4 else number  # 9 digits tell all that are in 4 octets


def text(octets):
    """NULs at the end fill the field (RFC 7011 section 6.1.6 has UTF-8 and no end mark)."""
    try:
        return octets.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return hexed(octets)


def ntp(octets, per_second):
    """RFC 7011 sections 6.1.9 and 6.1.10: seconds since 1900 and a fraction of 2^-32 s; of microseconds the bottom
    11 bits of the fraction MUST be ignored."""
    seconds, fraction = struct.unpack("!II", octets)
    if seconds < NTP_TO_UNIX_S:
        return hexed(octets)
    return (seconds - NTP_TO_UNIX_S) * per_second + ntp_fraction(fraction, per_second)


def ntp_fraction(fraction, per_second):
    if per_second == 1000000:
        fraction &= ~0x7FF
        return (fraction * per_second + (1 << 31)) >> 32  # the nearest: what was cut off may be nearly half of one
    return fraction * per_second >> 32


def value(kind, octets, variable):
    """One value, lists aside. A length of 65535 is for elements of variable length (RFC 7011 section 3.2): with others
    it does not fit the type."""
    if variable and kind not in ("string", "octetArray"):
        return hexed(octets)
    size = len(octets)
    if kind in UNSIGNED and 1 <= size <= 8:
        return int.from_bytes(octets, "big")
    if kind in SIGNED and 1 <= size <= 8:
        return int.from_bytes(octets, "big", signed=True)
    if kind == "float64" and size in (4, 8) or kind == "float32" and size == 4:
        return floating(octets)
    if kind == "boolean" and size == 1 and octets[0] in (1, 2):
        return octets[0] == 1
    if kind == "macAddress" and size == 6:
        return octets.hex(":")
    if kind == "ipv4Address" and size == 4 or kind == "ipv6Address" and size == 16:
        return address(octets)
    if kind == "string":
        return text(octets)
    if kind == "dateTimeMicroseconds" and size == 8:
        return ntp(octets, 1000000)
    if kind == "dateTimeNanoseconds" and size == 8:
        return ntp(octets, 1000000000)
    return hexed(octets)
