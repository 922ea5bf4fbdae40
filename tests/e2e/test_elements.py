#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_elements.py WEIR [WORD...]: filters, keys and forms that name elements, of exporters that tell the same element in
different company: in the files of the store it is a column of its own, or a core column, or a time made of it."""
import os
import struct

import capture_maker
import netflow_maker
from netflow_maker import IN_BYTES, IPV4_DST_ADDR, IPV4_SRC_ADDR, L4_DST_PORT, L4_SRC_PORT, TCP_FLAGS
from weir_e2e import case, expect_equal, run, weir_ok, write_file

REVERSE_PEN = 29305  # RFC 5103
TOTAL_BYTES, START_MS, END_MS, BOOT_MS, TCP_PORT, UDP_PORT = 85, 152, 153, 160, 182, 180
START_S = capture_maker.START_S  # 2023-11-14 22:13:20 UTC
COMMON = [(IPV4_SRC_ADDR, 4), (IPV4_DST_ADDR, 4)]
# What each exporter tells: only totals; totals beside deltas; ports by protocol; deltas and uptimes alone.
FIELDS = {
    1: [(TOTAL_BYTES, 8), (L4_SRC_PORT, 2), (L4_DST_PORT, 2), (START_MS, 8), (END_MS, 8)],
    2: [(TOTAL_BYTES, 8), (IN_BYTES, 8), (TCP_PORT, 2), (START_MS, 8), (END_MS, 8), (BOOT_MS, 8)],
    3: [(IN_BYTES, 8), (UDP_PORT, 2), (TCP_PORT, 2)],
    4: [(IN_BYTES, 8), (L4_SRC_PORT, 2), (22, 4), (21, 4)],
}


def values_of(number, row):
    """The values of a record, by element."""
    at_ms = (START_S - 60 + row) * 1000
    return {TOTAL_BYTES: 1000 * number + row, IN_BYTES: 5 + row, L4_SRC_PORT: 1000 + row, L4_DST_PORT: 443,
            TCP_PORT: 2000 + row, UDP_PORT: 0, START_MS: at_ms, END_MS: at_ms + 7, BOOT_MS: (START_S - 10**6) * 1000,
            22: 90_000 + row, 21: 90_500 + row}


class Made:
    def __init__(self, folder, exporters):
        frames, self.records = [], []
        for number in exporters:
            exporter = netflow_maker.Exporter(export_time_s=START_S)
            fields = COMMON + FIELDS[number]
            body = []
            for row in range(3):
                values = values_of(number, row)
                self.records.append({field: values[field] for field, _ in FIELDS[number]})
                body.append(bytes(8) + b"".join(values[field].to_bytes(size, "big") for field, size in FIELDS[number]))
            datagram = exporter.datagram(netflow_maker.templates((1024, fields)), netflow_maker.data(1024, *body))
            frames.append((number, capture_maker.ethernet(
                capture_maker.ip(capture_maker.udp(datagram), "192.0.2.%d" % number))))
        self.folder = os.path.join(folder, "store-%s" % "".join(map(str, exporters)))
        path = write_file(folder, "made.pcap", capture_maker.pcap(frames))
        weir_ok("collect", "-r", path, "-o", "store:" + self.folder)

    def matching(self, text):
        out, _ = weir_ok("flows", "--store", self.folder, "-o", "fmt:%bytes", text)
        return len(out.splitlines())

    def values(self, name):
        out, _ = weir_ok("flows", "--store", self.folder, "-o", "fmt:%" + name, env=dict(os.environ, TZ="UTC"))
        return sorted(line for line in out.splitlines() if line != "-")


def check(made, element, name):
    wanted = sorted(str(record[element]) for record in made.records if element in record)
    expect_equal(made.values(name), wanted, name)
    expect_equal(made.matching(name + " >= 0"), len(wanted), name + " >= 0")
    middle = wanted[len(wanted) // 2] if wanted else "0"
    expect_equal(made.matching("%s = %s" % (name, middle)), wanted.count(middle), "%s = %s" % (name, middle))
    out, _ = weir_ok("top", name, "--store", made.folder, "--by", "flows", "-n", "0", "-o", "csv")
    told = sorted(line.split(",")[0] for line in out.splitlines()[1:] if line[0] != ",")
    expect_equal(told, sorted(set(wanted)), "groups of " + name)


@case
def an_element_is_found_whatever_else_is_in_the_store(folder):
    for exporters in ((1,), (1, 2), (1, 2, 3, 4), (3, 4)):
        made = Made(folder, exporters)
        for element, name in ((TOTAL_BYTES, "octetTotalCount"), (TCP_PORT, "tcpSourcePort"), (UDP_PORT, "udpSourcePort"),
                              (22, "flowStartSysUpTime"), (21, "flowEndSysUpTime")):
            check(made, element, name)


@case
def an_element_is_found_in_merged_files(folder):
    made = Made(folder, (1, 2, 3, 4))
    weir_ok("store", "merge", "--store", made.folder, "--grace", "0s")
    check(made, TOTAL_BYTES, "octetTotalCount")
    check(made, TCP_PORT, "tcpSourcePort")


@case
def times_of_elements_are_times(folder):
    made = Made(folder, (1, 2, 3, 4))
    for name, rows in (("flowStartMilliseconds", 6), ("flowEndMilliseconds", 6), ("systemInitTimeMilliseconds", 3),
                       ("flowStartSeconds", 0), ("observationTimeNanoseconds", 0)):
        expect_equal(made.matching(name + " > 1990-01-01"), rows, name)
        expect_equal(made.matching(name + " > 2023-11-15"), 0, name)
    expect_equal(made.matching("flowStartMilliseconds = 2023-11-14T22:12:21"), 2, "of one second")
    expect_equal(made.values("systemInitTimeMilliseconds"), ["2023-11-03 08:26:40.000"] * 3, "when it was started")
    expect_equal(made.values("flowEndMilliseconds")[0], "2023-11-14 22:12:20.007", "the first end")


@case
def an_element_of_the_other_direction_is_found(folder):
    fields = [(IN_BYTES, None), (IN_BYTES, REVERSE_PEN), (TCP_FLAGS, REVERSE_PEN)]
    template = struct.pack("!HH", 1024, 2 + len(fields)) + b"".join(struct.pack("!HH", *field) for field in COMMON)
    for element, pen in fields:
        size = 8 if element == IN_BYTES else 2
        template += struct.pack("!HH", element, size) if pen is None else struct.pack("!HHI", element | 0x8000, size, pen)
    body = netflow_maker.set_of(2, template) + netflow_maker.data(1024, bytes(8) + struct.pack("!QQH", 500, 70, 18))
    message = struct.pack("!HHIII", 10, 16 + len(body), START_S, 0, 0) + body
    path = write_file(folder, "reverse.pcap", capture_maker.pcap_of([(0, message)]))
    store = os.path.join(folder, "reverse")
    weir_ok("collect", "-r", path, "-o", "store:" + store)
    form = "fmt:%reverseOctetDeltaCount %reverseTcpControlBits %reverse_bytes"
    for text in ("reverseOctetDeltaCount = 70", "reverseoctetdeltacount < 71 and reverseTcpControlBits = 18"):
        expect_equal(weir_ok("flows", "--store", store, "-o", form, text)[0], "70 18 70\n", text)


@case
def what_is_made_for_a_filter_is_not_shown(folder):
    made = Made(folder, (1, 2))
    plain, _ = weir_ok("flows", "--store", made.folder, "-o", "csv")
    filtered, _ = weir_ok("flows", "--store", made.folder, "-o", "csv",
                          "octetTotalCount > 0 and systemInitTimeMilliseconds < 2100-01-01 or flowStartMilliseconds > 1990-01-01")
    expect_equal(filtered, plain, "the columns")


if __name__ == "__main__":
    run()
