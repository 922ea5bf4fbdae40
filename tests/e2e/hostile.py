#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hostile.py PORT EXPORTERS TEMPLATES FLOWS: hostile exporters beside an honest one, all of 127.0.0.0/8, to 127.0.0.1.

Half of the templates come from EXPORTERS addresses, with data that waits for other templates; half from one address, in
ever new domains. In between the honest one, 127.0.0.5, sends flows numbered from 0 to FLOWS, whose template came
before. No datagram is sent while much waits for the collector: what is tried is what is kept of it, not how fast it
is."""
import random
import socket
import struct
import sys
import time

import netflow_maker as v9
from weir_e2e import queue_of

HONEST, FLOOD = "127.0.0.5", "127.0.0.66"
IP_PKTINFO = 8  # which says where a datagram comes from
ROWS = 20  # of a datagram of the honest one
TEMPLATE_ID, FIELDS = 256, [(148, 8), (v9.IPV4_SRC_ADDR, 4), (v9.IN_BYTES, 4)]
TEMPLATE = v9.templates((TEMPLATE_ID, FIELDS))
WAITING_BYTES = 200
EACH_DATAGRAM = 60  # templates of the flood
QUEUE_BYTES, LOOK_EACH = 2 << 20, 50


def record(number):
    return struct.pack("!QII", number, number & 0xffffffff, 1)


def honest_datagram(exporter, first, *sets, rows=ROWS):
    return exporter.datagram(*sets, v9.data(TEMPLATE_ID, *[record(number) for number in range(first, first + rows)]),
                             count=rows)


def send(sender, datagram, source, port):
    source_info = struct.pack("=I4s4s", 0, socket.inet_aton(source), bytes(4))
    sender.sendmsg([datagram], [(socket.IPPROTO_IP, IP_PKTINFO, source_info)], 0, ("127.0.0.1", port))


def any_templates(count):
    """Hardly two are alike, so that they share nothing."""
    fields = [[(random.randrange(1, 400), random.choice((1, 2, 4, 8))) for _ in range(random.randrange(1, 9))]
              for _ in range(count)]
    return v9.templates(*((256 + i, some) for i, some in enumerate(fields)))


def hostile(exporters, templates):
    """Sources and datagrams, in turns."""
    each = templates // 2 // exporters
    floods = templates // 2 // EACH_DATAGRAM
    waiting = v9.data(9999, bytes(WAITING_BYTES))
    for i in range(max(exporters, floods)):
        if i < exporters:
            source = "127.%d.%d.%d" % (16 + (i >> 16), i >> 8 & 255, i & 255)
            yield source, v9.Exporter(domain=i).datagram(any_templates(each), waiting, count=each + 1)
        if i < floods:
            yield FLOOD, v9.Exporter(domain=i).datagram(any_templates(EACH_DATAGRAM), count=EACH_DATAGRAM)


def main(port, exporters, templates, flows):
    honest = v9.Exporter(domain=1)
    random.seed(1)
    honest.sequence = 1  # the first one came before, with the template
    number = ROWS
    total = exporters + templates // 2 // EACH_DATAGRAM
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("0.0.0.0", 0))
        honest_port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        honest_port.bind((HONEST, 9995))
        for source, datagram in hostile(exporters, templates):
            send(sender, datagram, source, port)
            sent += 1
            while number < flows * sent // total:
                rows = min(ROWS, flows - number)
                honest_port.sendto(honest_datagram(honest, number, rows=rows), ("127.0.0.1", port))
                number += rows
            while sent % LOOK_EACH == 0 and queue_of(port) > QUEUE_BYTES:
                time.sleep(0.002)
        honest_port.close()
    print(sent, honest.sequence, number)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:5]))
