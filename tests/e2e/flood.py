#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""flood.py PORT COUNT RATE RECORDS: sends COUNT datagrams of RECORDS flows to 127.0.0.1, RATE of them a second (0: as
fast as it can), all from one port. IN_BYTES of the flows is the number of their datagram, from 0."""
import socket
import struct
import sys
import time

import netflow_maker as v9

OCTETS_OFFSET = 16  # of IN_BYTES in a record of FIELDS_4
SEND_BUFFER_BYTES = 8 << 20


def main(port, count, rate, records):
    datagram = bytearray(v9.Exporter(export_time_s=int(time.time())).flows(*[v9.numbered_flow(0)] * records))
    size = len(v9.numbered_flow(0))
    first = len(datagram) - size * records - (-size * records % 4)
    places = [first + size * i + OCTETS_OFFSET for i in range(records)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        sender.connect(("127.0.0.1", port))
        start = time.monotonic()
        for number in range(count):
            struct.pack_into("!I", datagram, 12, number)
            for place in places:
                struct.pack_into("!I", datagram, place, number)
            try:
                sender.send(datagram)
            except ConnectionRefusedError:
                pass  # told of an earlier one: nobody listens at the moment
            if rate > 0:
                time.sleep(max(0.0, start + number / rate - time.monotonic()))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:5]))
