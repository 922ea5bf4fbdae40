#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_account.py WEIR [WORD...]: the account that weir flows, top, graph and analyze end with, over stores that
pyarrow wrote, whose ledger tells of all that there is to tell."""
import weir_e2e

if __name__ == "__main__":
    weir_e2e.use_venv()

import os

import pyarrow

from store_maker import Store, address, flow, moment
from weir_e2e import case, expect_equal, expect_in, run, weir_ok

COMMANDS = [["flows"], ["flows", "--biflow"], ["flows", "--group-time", "5m"], ["top", "src"],
            ["top", "src", "--biflow"],
            ["graph"], ["analyze", "-n"]]
COUNTS = ("lost", "lost_records", "datagrams_refused", "rows_dropped", "reported_flows", "dropped_kernel",
          "dropped_journal")


def session(at, exporter, port=2055, **counts):
    return {"received": moment("2026-11-23 " + at), **address("exporter", exporter), "exporter_port": port, "domain": 0,
            "version": 9, "datagrams": 10, **counts}


LEDGER = [session("14:01:00", "192.0.2.1", lost=3, lost_records=0, datagrams_refused=1),
          session("14:02:00", "192.0.2.1", lost=-1, lost_records=4), session("14:02:00", "192.0.2.1", 2056, lost=5),
          session("14:03:00", "2001:db8::1", datagrams_refused=2, reported_flows=7),
          {"received": moment("2026-11-23 14:03:00"), "dropped_kernel": 11, "dropped_journal": 0},
          session("14:20:00", "192.0.2.9", lost=100),
          {"received": moment("2026-11-23 14:20:00"), "dropped_kernel": 1000, "dropped_journal": 13}]


def made(folder, rows):
    store = Store(folder)
    store.write_flows([flow("192.0.2.10", "192.0.2.20", time_start=moment("2026-11-23 14:00:10"),
                            time_end=moment("2026-11-23 14:00:20"), sampling_rate=100,
                            received=moment("2026-11-23 14:00:30")),
                       flow("192.0.2.20", "192.0.2.10", src_port=443, dst_port=50000,
                            time_start=moment("2026-11-23 14:21:00"),
                            time_end=moment("2026-11-23 14:22:00"), received=moment("2026-11-23 14:22:30"))])
    if rows:
        store.write_ledger(rows, further=[("reported_flows", pyarrow.int64())])
    return folder


def line(rows):
    sums = {name: sum(row.get(name) or 0 for row in rows) for name in COUNTS}
    exporters = len({(row.get("exporter_ipv4"), row.get("exporter_ipv6")) for row in rows if "datagrams" in row})
    text = ("weir: %d exporter%s; lost by sequence: %d datagrams, %d records; refused: %d datagrams; dropped by the "
            "collector: 0 records" % (exporters, "" if exporters == 1 else "s", sums["lost"], sums["lost_records"],
                           sums["datagrams_refused"]))
    if any("dropped_kernel" in row for row in rows):
        text += "; dropped by the kernel: %d datagrams" % sums["dropped_kernel"]
    if sums["dropped_journal"]:
        text += "; dropped as the disk was too slow: %d datagrams" % sums["dropped_journal"]
    return text + ("; dropped by exporters: %d flows" % sums["reported_flows"] if sums["reported_flows"] else "") + "\n"


@case
def every_report_ends_with_it(folder):
    store = made(folder, LEDGER)
    early = [row for row in LEDGER if row["received"] < moment("2026-11-23 14:10:00")]
    for command in COMMANDS:
        _, err = weir_ok(*command, "--store", store)
        expect_in("weir: 2 flows, 2026-11-23 14:00.10 to 2026-11-23 14:22.00\n", err)
        expect_in(line(LEDGER), err)
        _, err = weir_ok(*command, "--store", store, "--to", "2026-11-23 14:10")
        expect_in("weir: 1 flow, 2026-11-23 14:00.10 to 2026-11-23 14:00.20\n", err)
        expect_in(line(early), err)
        _, err = weir_ok(*command, "--store", store, "src ip 192.0.2.10")
        expect_in("weir: 1 flow, ", err)
        expect_in(line(LEDGER), err)


@case
def what_is_not_told_is_not_counted(folder):
    some = [row for row in LEDGER if "dropped_kernel" not in row]
    os.makedirs(folder + "/some")
    os.makedirs(folder + "/none")
    store, without = made(folder + "/some", some), made(folder + "/none", [])
    for command in COMMANDS:
        expect_in(line(some), weir_ok(*command, "--store", store)[1])
        expect_in("weir: the store does not tell what was lost in this time\n",
                  weir_ok(*command, "--store", without)[1])


@case
def sampling_is_told(folder):
    store = made(folder, LEDGER)
    for command in COMMANDS:
        _, err = weir_ok(*command, "--store", store, "--sampled")
        expect_in("weir: multiplied by sampling rates: 1 of 2 records; of 1 no rate is known\n", err)
        expect_equal(err.count("sampl"), 1, "lines of sampling with %r: %s" % (command, err))
        _, err = weir_ok(*command, "--store", store, *(["--raw-sizes"] if command[0] == "analyze" else []))
        expect_in("weir: 1 of 2 records are of sampled packets; --sampled multiplies them\n", err)


if __name__ == "__main__":
    run()
