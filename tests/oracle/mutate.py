# SPDX-License-Identifier: MIT
"""mutate.py: damages streams: bits, lengths, octets too many or too few, datagrams twice or in another order."""
import struct

SPECIAL_16 = (0, 1, 2, 3, 4, 5, 8, 255, 256, 257, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
IPFIX_HEADER = 16


def mutate(stream, pick, count, is_file):
    """Changes `count` places of a list of datagrams. In an IPFIX file each message must still begin where the one
    before it ends, and its time of export is that of receipt: these are let be."""
    for _ in range(count):
        if not stream:
            return stream
        at = pick.randrange(len(stream))
        way = pick.random()
        if way < 0.08:
            stream.insert(pick.randrange(len(stream) + 1), stream[at])
        elif way < 0.16:
            other = pick.randrange(len(stream))
            stream[at], stream[other] = stream[other], stream[at]
        elif way < 0.2:
            del stream[at]
        else:
            octets = damaged(bytearray(stream[at].octets), pick)[:65507]
            stream[at] = stream[at]._replace(octets=mended(octets, stream[at].octets) if is_file else octets)
    if is_file:
        return [datagram._replace(received_us=int.from_bytes(datagram.octets[4:8], "big") * 1000000)
                for datagram in stream]
    times = sorted(datagram.received_us for datagram in stream)  # what is received is in order
    return [datagram._replace(received_us=time) for datagram, time in zip(stream, times)]


def mended(octets, before):
    octets = before[:IPFIX_HEADER] + octets[IPFIX_HEADER:]
    return octets[:2] + struct.pack("!H", len(octets)) + octets[4:]


def damaged(octets, pick):
    way = pick.random()
    if not octets:
        return bytes(octets)
    at = pick.randrange(len(octets))
    if way < 0.35:
        for _ in range(pick.choice([1, 1, 1, 2, 5])):
            octets[pick.randrange(len(octets))] ^= 1 << pick.randrange(8)
    elif way < 0.6:
        at &= ~1
        old = int.from_bytes(octets[at:at + 2], "big")
        new = pick.choice(SPECIAL_16 + (old + 1, old - 1, old + 4, old - 4, len(octets)))
        octets[at:at + 2] = struct.pack("!H", new & 0xFFFF)
    elif way < 0.7:
        del octets[at:]
    elif way < 0.8:
        octets[at:at] = pick.randbytes(pick.randint(1, 8))
    elif way < 0.9:
        del octets[at:at + pick.randint(1, 8)]
    else:
        size = pick.randint(1, 40)
        octets[at:at + size] = bytes(len(octets[at:at + size]))
    return bytes(octets)
