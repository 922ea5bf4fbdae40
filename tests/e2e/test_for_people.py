#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_for_people.py WEIR [WORD...]: what weir flows, top and graph show to people, over stores that pyarrow wrote."""
import weir_e2e

if __name__ == "__main__":
    weir_e2e.use_venv()

import collections
import csv
import datetime
import io
import json
import os
import pty
import re
import subprocess
import zoneinfo

import pyarrow.parquet

from store_maker import Store, address, flow, moment
from weir_e2e import case, expect, expect_equal, expect_in, run, weir_ok

LONG_6 = "2001:db8:1111:2222:3333:4444:5555:6666"


def made(folder, *rows):
    store = Store(folder)
    store.write_flows(rows)
    return folder


@case
def flows_are_a_table_as_wide_as_it_has_to_be(folder):
    made(folder, flow("192.0.2.1", "198.51.100.2", bytes=123), flow("2001:db8::1", LONG_6, bytes=9999999, packets=None),
         flow("192.0.2.1", "192.0.2.2", protocol=47, src_port=0, dst_port=0, tcp_flags=None))
    out, _ = weir_ok("flows", "--store", folder, "--order", "none")
    expect_equal(out, """\
time                     duration proto                 src -> dst                                          flags    packets     bytes
2026-11-23 14:04:00.000        30 TCP       192.0.2.1:50000 -> 198.51.100.2:443                             ...AP.SF      10       123
2026-11-23 14:04:00.000        30 TCP   [2001:db8::1]:50000 -> [2001:db8:1111:2222:3333:4444:5555:6666]:443 ...AP.SF       -   9999999
2026-11-23 14:04:00.000        30 GRE             192.0.2.1 -> 192.0.2.2                                    -             10      1000
""", "the table")
    out, _ = weir_ok("flows", "--store", folder, "bytes < 500", "-o", "long")
    expect_equal(out, """\
time                     duration proto             src -> dst              flags    packets     bytes tos    in -> out   srcas -> dstas next            exporter
2026-11-23 14:04:00.000        30 TCP   192.0.2.1:50000 -> 198.51.100.2:443 ...AP.SF      10       123   -     - -> -         - -> -     -               192.0.2.1
""", "the long table")
    expect_equal(weir_ok("flows", "--store", folder, "bytes = 1")[0], "", "a table of nothing")


@case
def icmp_has_type_and_code_and_others_no_port(folder):
    made(folder, flow("192.0.2.1", "192.0.2.2", protocol=1, src_port=0, dst_port=2048, icmp_type=8, icmp_code=0),
         flow("2001:db8::1", "2001:db8::2", protocol=58, src_port=0, dst_port=33025, icmp_type=129, icmp_code=1),
         flow("192.0.2.1", "192.0.2.3", protocol=50, src_port=7, dst_port=9),
         flow("192.0.2.1", "192.0.2.4", protocol=1, src_port=None, dst_port=None, icmp_type=None, icmp_code=None),
         *[flow("192.0.2.1", "192.0.2.5", protocol=number, src_port=1) for number in (6, 17, 33, 132, 136, None)])
    def ends(*arguments):
        out, _ = weir_ok("flows", "--store", folder, "--order", "none", *arguments)
        return [re.search(r"(\S+) <?-> (\S+)", line).group(1, 2) for line in out.splitlines()[1:]]
    wanted = [("192.0.2.1", "192.0.2.2:8.0"), ("2001:db8::1", "[2001:db8::2]:129.1"), ("192.0.2.1", "192.0.2.3"),
              ("192.0.2.1", "192.0.2.4")] + [("192.0.2.1:1", "192.0.2.5:443")] * 6
    expect_equal(ends(), wanted, "ends")
    expect_equal(sorted(ends("--biflow")), sorted(wanted), "ends of conversations")
    out, _ = weir_ok("flows", "--store", folder, "--order", "none", "-n", "1", "-o", "fmt:%srcpair %dstpair %srcend %dstend")
    expect_equal(out, "192.0.2.1:0 192.0.2.2:2048 192.0.2.1 192.0.2.2:8.0\n", "in a form")


@case
def columns_stay_where_the_first_rows_put_them(folder):
    """The first chunk of rows tells how wide columns are; what is wider moves them from its chunk on."""
    rows = [flow("192.0.2.1", "192.0.2.2") for _ in range(9000)]
    rows[100] = flow("2001:db8::1", "192.0.2.2")
    rows[8000] = flow(LONG_6, "192.0.2.2")
    made(folder, *rows)
    out, _ = weir_ok("flows", "--store", folder, "--order", "none")
    lines = out.splitlines()
    expect_equal(len(lines), 9001, "lines, of which one is a heading")
    arrows = [line.index(" -> ") for line in lines]
    narrow, wide = 40 + len("[2001:db8::1]:50000"), 40 + len("[%s]:50000" % LONG_6)
    expect_equal(arrows, [narrow] * (1 + 3 * 2048) + [wide] * (9000 - 3 * 2048), "the arrow's place")


@case
def a_heading_is_bold_on_a_terminal(folder):
    made(folder, flow("192.0.2.1", "192.0.2.2"))
    for more, bold in (({}, b"\033[1mtime "), ({"NO_COLOR": "1"}, b"time ")):
        leader, follower = pty.openpty()
        subprocess.run([weir_e2e.weir_path, "flows", "--store", folder], stdout=follower, stderr=subprocess.DEVNULL,
                       timeout=60, check=True, env={**os.environ, "TERM": "xterm", **more})
        expect(os.read(leader, 4096).startswith(bold), "the heading with %r" % more)
        os.close(leader)
        os.close(follower)


@case
def amounts_are_decimal(folder):
    made(folder, flow("192.0.2.1", "192.0.2.2", bytes=2_000_000_000, packets=1_500_000),
         flow("192.0.2.3", "192.0.2.2", bytes=1000, packets=3))
    lines = weir_ok("top", "src", "--store", folder, "--by", "bytes,packets,bps,pps,bpp")[0].splitlines()
    expect_equal(re.split("  +", lines[1])[:6], ["192.0.2.1", "2.00G", "1 500 000", "533.33M", "50.00K", "1.33K"], "the first")
    expect_equal(re.split("  +", lines[2])[:6], ["192.0.2.3", "1.00K", "3", "267", "0", "333"], "the second")
    out, _ = weir_ok("top", "src", "--store", folder, "bytes >= 2G")
    expect_in(" 2.00G", out)
    expect_in("1.00K", weir_ok("sql", "--store", folder, "select human_bytes(min(bytes)) from flows")[0])
    for form in ("text", "svg"):
        expect_in("TCP 2.00G", weir_ok("graph", "--store", folder, "--group-time", "1s", "-o", form)[0])
    expect_in(" 70.00M/s ", weir_ok("graph", "--store", folder, "--group-time", "1s")[0])


@case
def graphs_are_for_programs_as_tables_are(folder):
    at = lambda seconds: moment("2026-11-23 14:00:00") + datetime.timedelta(seconds=seconds)
    made(folder, flow("192.0.2.1", "192.0.2.2", time_start=at(0), time_end=at(60), bytes=6000, packets=60, src_port=None),
         flow("192.0.2.3", "192.0.2.2", time_start=at(30), time_end=at(30), bytes=300, packets=3))
    ask = ("graph", "--store", folder, "-k", "src,srcport", "--group-time", "30s", "-n", "1")
    def amounts(by):
        return [float(line.split(",")[3]) for line in weir_ok(*ask, "--by", by, "-o", "csv")[0].splitlines()[1:]]
    expect_equal(weir_ok(*ask, "-o", "csv")[0].splitlines()[:3], ["time,src,srcport,bytes",
                 "2026-11-23T14:00:00.000000Z,192.0.2.1,,3000", "2026-11-23T14:00:00.000000Z,other,other,0"], "CSV")
    expect_equal(amounts("bytes"), [3000, 0, 3000, 300, 0, 0], "bytes")
    expect_equal(amounts("packets"), [30, 0, 30, 3, 0, 0], "packets")
    expect_equal(amounts("flows"), [0.5, 0, 0.5, 1, 0, 0], "flows")
    expect_equal(amounts("bps"), [800, 0, 800, 80, 0, 0], "bits a second")
    expect_equal(amounts("pps"), [1, 0, 1, 0.1, 0, 0], "packets a second")
    objects = json.loads(weir_ok(*ask, "--by", "bps", "-o", "json")[0])
    expect_equal(objects[0], {"time": "2026-11-23T14:00:00.000000Z", "src": "192.0.2.1", "bps": 800.0}, "JSON")
    expect_equal(len(weir_ok(*ask, "-o", "ndjson")[0].splitlines()), 6, "lines of JSON")
    for form in ("box", "markdown"):
        expect_in("2026-11-23 14:00:00", weir_ok(*ask, "-o", form)[0])
    path = os.path.join(folder, "graph.parquet")
    with open(path, "wb") as file:
        subprocess.run([weir_e2e.weir_path, *ask, "--by", "pps", "-o", "parquet"], stdout=file, timeout=60, check=True)
    table = pyarrow.parquet.read_table(path)
    expect_equal((table.column_names, table["pps"].to_pylist()), (["time", "src", "srcport", "pps"], [1, 0, 1, 0.1, 0, 0]),
                 "Parquet")
    expect_in("Bits per second by src", weir_ok(*ask, "--by", "bps", "-k", "src")[0])
    expect_in("Bits per second by src", weir_ok(*ask, "--by", "bps", "-k", "src", "-o", "svg")[0])
    expect_equal(weir_ok(*ask, "--by", "pps", "-o", "csv", "bytes = 1")[0], "time,src,srcport,pps\n", "of no flows")


UTC = datetime.timezone.utc
ZONES = {"America/New_York": ("2026-11-01", "2026-03-08"), "Asia/Kolkata": ("2026-11-01",), "Australia/Lord_Howe": ("2026-04-05",),
         "UTC": ("2026-11-01",)}  # days around which the clock is put forward or back, where it is


def in_zone(zone, *arguments):
    return weir_ok(*arguments, env={**os.environ, "TZ": zone})[0]


def rows_in(zone, *arguments):
    return list(csv.DictReader(io.StringIO(in_zone(zone, *arguments, "-o", "csv"))))


def made_around(folder, day):
    """A flow of a second each ten minutes, for three days and a half."""
    begin = moment(day + " 00:00:01") - datetime.timedelta(days=1)
    begins = [begin + datetime.timedelta(minutes=10 * i) for i in range(500)]
    path = Store(folder).write_flows([flow("192.0.2.1", "192.0.2.2", time_start=at, bytes=i + 1,
                                           time_end=at + datetime.timedelta(seconds=1)) for i, at in enumerate(begins)])
    name = os.path.basename(path).split("-", 2)[2]  # behind the times that it tells
    os.rename(path, os.path.join(os.path.dirname(path), "%s-%s-%s" % (
        *(at.strftime("%Y%m%dT%H%M%S") for at in (begins[0], begins[-1] + datetime.timedelta(seconds=1))), name)))
    return begins


def wall_start(at, zone, minutes):
    """When the clock on the wall showed the begin of the span that a moment is in."""
    local = at.astimezone(zone)
    since = (local.replace(tzinfo=None) - datetime.datetime(1970, 1, 1)) // datetime.timedelta(minutes=minutes)
    begin = datetime.datetime(1970, 1, 1) + since * datetime.timedelta(minutes=minutes)
    starts = [begin.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return starts[1] if starts[1] <= at and minutes <= 60 and starts[0] < starts[1] else min(starts)


def z(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@case
def spans_of_time_are_of_the_local_clock(folder):
    for number, (zone, day) in enumerate((zone, day) for zone, days in ZONES.items() for day in days):
        store = os.path.join(folder, str(number))
        os.mkdir(store)
        begins = made_around(store, day)
        for text, minutes in (("1d", 1440), ("6h", 360), ("1h", 60), ("10m", 10)):
            if zone.endswith("Howe") and minutes == 60:
                continue  # an hour and a half
            wanted, sizes = collections.Counter(), collections.Counter()
            for i, at in enumerate(begins):
                start = wall_start(at, zoneinfo.ZoneInfo(zone), minutes)
                wanted[z(start)] += 1
                sizes[z(start)] += i + 1
            rows = rows_in(zone, "flows", "--store", store, "--group-time", text)
            expect_equal({row["time"]: int(row["flows"]) for row in rows}, dict(wanted), "%s of %s" % (text, zone))
            for row, after in zip(rows, rows[1:]):
                seconds = (datetime.datetime.fromisoformat(after["time"][:-1]) -
                           datetime.datetime.fromisoformat(row["time"][:-1])).total_seconds()
                expect_equal(int(row["bps"]), round(8 * sizes[row["time"]] / seconds), "rate at " + row["time"])
            rows = rows_in(zone, "top", "src", "--store", store, "--group-time", text, "--by", "flows")
            expect_equal({row["time"]: int(row["flows"]) for row in rows}, dict(wanted), "top of %s of %s" % (text, zone))


@case
def days_of_a_graph_are_local(folder):
    for number, (zone, day) in enumerate((zone, day) for zone, days in ZONES.items() for day in days):
        store = os.path.join(folder, str(number))
        os.mkdir(store)
        begins = made_around(store, day)
        wanted = collections.Counter(z(wall_start(at, zoneinfo.ZoneInfo(zone), 1440)) for at in begins)
        rows = rows_in(zone, "graph", "--store", store, "--group-time", "1d", "--by", "flows", "-n", "1")
        got = {row["time"]: round(float(row["flows"])) for row in rows if row["proto"] == "TCP"}
        expect_equal(got, dict(wanted), "days of " + zone)
        first = begins[0].astimezone(zoneinfo.ZoneInfo(zone))
        hours = rows_in(zone, "graph", "--store", store, "--group-time", "6h", "-n", "1")[0]["time"]
        expect_equal(hours, z(wall_start(begins[0], zoneinfo.ZoneInfo(zone), 360)), "the first quarter of a day")
        expect_in(first.strftime("%Y-%m-%d 00:00.00 to "), in_zone(zone, "graph", "--store", store, "--group-time", "1d"))


@case
def times_that_people_write_are_local(folder):
    begins = made_around(folder, "2026-11-01")
    for zone in ZONES:
        local = lambda day: datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo(zone))
        offset = local("2026-11-02").strftime("%z")
        for text, low, high in (("2026-11-01", local("2026-11-01"), local("2026-11-02")),
                                ("2026-11-01Z", moment("2026-11-01"), moment("2026-11-02")),
                                ("2026-11-02" + offset, local("2026-11-02"), local("2026-11-03"))):
            wanted = [z(at) for at in begins if low <= at < high]
            expect(wanted, "flows of the day")
            rows = rows_in(zone, "flows", "--store", folder, "time_start = " + text)
            expect_equal([row["time_start"] for row in rows], wanted, "%s in %s" % (text, zone))
            until = text.replace("2026-11-02", "2026-11-03") if "11-02" in text else text.replace("11-01", "11-02")
            rows = rows_in(zone, "flows", "--store", folder, "--from", text, "--to", until)
            expect_equal([row["time_start"] for row in rows], wanted, "--from %s in %s" % (text, zone))
        shown = begins[0].astimezone(zoneinfo.ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S.000 ")
        expect_in("\n" + shown, in_zone(zone, "flows", "--store", folder, "-n", "1"))


if __name__ == "__main__":
    run()
