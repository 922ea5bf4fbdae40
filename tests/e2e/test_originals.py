#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_originals.py: the analyzers of the Python collector, fed with Weir's JSON, show what weir analyze shows.

Of the earlier generation the reading is restated here: it took neighbours in the array of each datagram for the two
sides of a connection. The later one is the package `netflow` itself. Both get connections that they pair rightly."""
import datetime
import ipaddress
import json
import os
import re
import socket
import subprocess

import capture_maker as cap
import netflow_maker as v9
import weir_e2e
from weir_e2e import (Skip, case, expect, expect_equal, load_object, run, weir_ok, write_file)

MEBIBYTE = 1 << 20
SAME_SIZE = "2.00M"  # of the connection whose sides sent the same


def two_sides(client, server, client_port, server_port, up, down, packets=10, protocol=v9.TCP, first_ms=1000,
              last_ms=2000):
    return [v9.flow(client, server, client_port, server_port, up, packets, protocol, first_ms, last_ms),
            v9.flow(server, client, server_port, client_port, down, packets + 1, protocol, first_ms, last_ms)]


def make_capture(folder, sampled=False):
    """Connections of all sorts, the sides of each side by side in one datagram; no two begin in one millisecond."""
    sides = [
        two_sides("192.0.2.7", "192.0.2.9", 50001, 22, 30000, 4456448, first_ms=1001, last_ms=928000),
        two_sides("192.0.2.7", "192.0.2.10", 50002, 443, 5 * MEBIBYTE, 1000, first_ms=1002, last_ms=4000),
        two_sides("127.0.0.1", "127.0.0.1", 50003, 80, 2000, 3 * MEBIBYTE // 2, first_ms=1003),
        two_sides("192.0.2.8", "198.51.100.1", 50004, 53, 90, 180, packets=1, protocol=v9.UDP, first_ms=1004),
        two_sides("192.0.2.8", "198.51.100.1", 50005, 61234, 2 * MEBIBYTE, 2 * MEBIBYTE, first_ms=1005),
        two_sides("192.0.2.8", "198.51.100.2", 50006, 25, MEBIBYTE, MEBIBYTE - 1, first_ms=1006),
        two_sides("192.0.2.8", "198.51.100.2", 50007, 25, MEBIBYTE + 1, 100, first_ms=1007, last_ms=61007),
        two_sides("192.0.2.8", "198.51.100.3", 50008, 993, 7000, 0xFFFFFFF0, first_ms=1008,
                  last_ms=3 * 3600000 + 77000),
        two_sides("192.0.2.8", "198.51.100.4", 50009, 123, 1023, 1024, protocol=v9.UDP, first_ms=1009),
    ]
    sides_6 = [
        two_sides("2001:db8::7", "2001:db8::9", 50010, 443, 9000, 8 * MEBIBYTE + 12345, first_ms=1010),
        two_sides("::1", "::1", 50011, 8080, 3 * MEBIBYTE, 4000, first_ms=1011),
    ]
    exporter = v9.Exporter(uptime_ms=20000000)
    datagrams = [exporter.datagram(v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA)] if sampled else []
    datagrams += [exporter.datagram(v9.TEMPLATES)]
    datagrams += [exporter.datagram(v9.data(v9.ID_4, *sides[i], *sides[i + 1])) for i in range(0, len(sides) - 1, 2)]
    datagrams += [exporter.datagram(v9.data(v9.ID_4, *sides[-1])),
                  exporter.datagram(v9.data(v9.ID_6, *sides_6[0], *sides_6[1]))]
    return write_file(folder, "a.pcap", cap.pcap_of((5 * number, datagram)
                                                    for number, datagram in enumerate(datagrams)))


# ------------------------------------------------------------------------------------------ the earlier generation


def size_text(octets):
    if octets < 1024:
        return "%d" % octets
    for power, unit in ((1, "K"), (2, "M")):
        if octets / 1024.0 ** power < 1024:
            return "%.2f%s" % (octets / 1024.0 ** power, unit)
    return "%.2fG" % (octets / 1024.0 ** 3)


def service_text(flow):
    for port in (flow["L4_SRC_PORT"], flow["L4_DST_PORT"]):
        try:
            return socket.getservbyport(port).upper()
        except OSError:
            pass
    return "UNKNOWN"


def address_of(flow, side):
    family = "IPV4" if flow["IP_PROTOCOL_VERSION"] == 4 else "IPV6"
    return ipaddress.ip_address(flow["%s_%s_ADDR" % (family, side)]).compressed


def neighbours_as_lines(entries, min_bytes, name_of):
    """What the earlier analyzer prints: flows 0 and 1 of an entry are a connection, then 2 and 3, and so on."""
    lines = []
    for key in sorted(entries):
        when = datetime.datetime.fromtimestamp(float(key)).strftime("%Y-%m-%d %H:%M.%S")
        flows = entries[key]
        for one, other in zip(flows[::2], flows[1::2]):
            larger = one if one["IN_BYTES"] >= other["IN_BYTES"] else other
            if larger["IN_BYTES"] > min_bytes:
                source, destination = address_of(larger, "SRC"), address_of(larger, "DST")
                lines.append("%s: %s from %s (%s) to %s (%s) size %s" %
                             (when, service_text(larger), name_of(source), source, name_of(destination), destination,
                              size_text(larger["IN_BYTES"])))
    return lines


@case
def the_lines_of_the_earlier_generation(folder):
    weir_ok("collect", "-r", make_capture(folder), "-o", "a.json", cwd=folder)
    entries = load_object(folder + "/a.json")
    for size, min_bytes in (("1M", MEBIBYTE), ("0", 0), ("4G", 4 << 30)):
        out, _ = weir_ok("analyze", "-n", "--min-size", size, folder + "/a.json")
        wanted = neighbours_as_lines(entries, min_bytes, lambda address: address)
        expect_equal(out.splitlines(), wanted, "lines of more than " + size)
    out, _ = weir_ok("analyze", "-n", folder + "/a.json")
    expect_equal(out.splitlines()[0],
                 "2023-11-14 22:13.25: SSH from 192.0.2.9 (192.0.2.9) to 192.0.2.7 (192.0.2.7) size 4.25M",
                 "the first line")
    expect_equal(len(out.splitlines()), 8, "lines of more than a mebibyte")


@case
def the_names_of_the_earlier_generation(folder):
    """Names of the hosts file, which needs no network: 127.0.0.1 and ::1."""
    exporter = v9.Exporter()
    path = write_file(folder, "a.pcap", cap.pcap_of([(0, exporter.datagram(
        v9.TEMPLATES, v9.data(v9.ID_4, *two_sides("127.0.0.1", "127.0.0.1", 50003, 80, 2000, 3 * MEBIBYTE))))]))
    weir_ok("collect", "-r", path, "-o", "a.json", cwd=folder)
    out, _ = weir_ok("analyze", folder + "/a.json")
    name = socket.gethostbyaddr("127.0.0.1")[0]
    expect_equal(out.splitlines(), neighbours_as_lines(load_object(folder + "/a.json"), MEBIBYTE, lambda _: name),
                 "the lines")


@case
def addresses_as_integers_as_the_earlier_generation_wrote_them(folder):
    weir_ok("collect", "-r", make_capture(folder), "-o", "a.json", cwd=folder)
    wanted, _ = weir_ok("analyze", "-n", "--min-size", "0", folder + "/a.json")
    entries = load_object(folder + "/a.json")
    for flows in entries.values():
        for flow in flows:
            for name in list(flow):
                if name.endswith("_ADDR"):
                    flow[name] = int(ipaddress.ip_address(flow[name]))
    write_file(folder, "b.json", json.dumps(entries).encode())
    out, _ = weir_ok("analyze", "-n", "--min-size", "0", folder + "/b.json")
    expect_equal(out, wanted, "the lines")


# -------------------------------------------------------------------------------------------- the later generation


def venv_python():
    """A Python that has the package; made where there is none yet."""
    folder = os.environ.get("WEIR_VENV") or os.path.join(os.path.dirname(weir_e2e.weir_path), "venv")
    try:
        done = subprocess.run([os.path.join(weir_e2e.SOURCE_ROOT, "tools", "make_venv.sh"), folder],
                              capture_output=True, text=True, timeout=300, check=False)
    except OSError as error:
        raise Skip("the Python environment of the tests cannot be made: %s" % error) from None
    if done.returncode != 0:
        raise Skip("the Python environment of the tests is missing: " + done.stderr.strip().split("\n")[-1])
    return done.stdout.split("\n")[0]


def run_later(python, path, *arguments):
    done = subprocess.run([python, "-m", "netflow.analyzer", "-n", "-f", path, *arguments], capture_output=True,
                          text=True, timeout=60, check=False)
    expect(done.returncode == 0, "the package's analyzer does not like the file: " + done.stderr)
    return done.stdout


def rows(text):
    """The cells of a table's rows. A size below 1024 has a B behind it in the package and none in Weir."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 6 and cells[0] != "Timestamp":
            found.append((cells[0], cells[2].rstrip("B"), cells[3], cells[4], hosts_of(cells), cells[1]))
    return sorted(found)


def hosts_of(cells):
    """Of connections whose sides sent the same, either host may stand first."""
    return " and ".join(sorted(cells[5].removeprefix("Between ").split(" and "))) if cells[2] == SAME_SIZE else cells[5]


def check_rows(out, wanted_text, count):
    """The package looks for a service at the port of the side that sent more, and then at the same port again, where
    Weir looks at the other side's port. So where it shows `(50002 50002)`, Weir shows a name or `(50002 61234)`."""
    got, wanted = rows(out), rows(wanted_text)
    expect_equal([row[:-1] for row in got], [row[:-1] for row in wanted], "rows without their services")
    expect_equal(len(wanted), count, "rows of the package")
    for (*_, got_service), (*_, wanted_service) in zip(got, wanted):
        if re.fullmatch(r"\((\d+) \1\)", wanted_service):
            expect(re.fullmatch(r"[A-Z0-9-]+|\(\d+ \d+\)", got_service), "this is no service: " + got_service)
        else:
            expect_equal(got_service, wanted_service, "service")


@case
def the_table_of_the_later_generation(folder):
    python = venv_python()
    weir_ok("collect", "-r", make_capture(folder), "-o", "a.gz", cwd=folder)
    wanted = run_later(python, folder + "/a.gz", "-p", "0")
    out, _ = weir_ok("analyze", "--table", "-n", "-p", "0", "--min-size", "0", folder + "/a.gz")
    check_rows(out, wanted, 11)
    expect_equal(out.splitlines()[:2], wanted.splitlines()[:2], "the head of the table")


@case
def the_packet_threshold_of_the_later_generation(folder):
    python = venv_python()
    weir_ok("collect", "-r", make_capture(folder), "-o", "a.gz", cwd=folder)
    out, _ = weir_ok("analyze", "--table", "-n", "-p", "10", "--min-size", "0", folder + "/a.gz")
    check_rows(out, run_later(python, folder + "/a.gz"), 10)


@case
def the_host_filter_of_the_later_generation(folder):
    python = venv_python()
    weir_ok("collect", "-r", make_capture(folder), "-o", "a.gz", cwd=folder)
    for host, count in (("192.0.2.7", 2), ("2001:db8::9", 1), ("198.51.100.99", 0)):
        out, _ = weir_ok("analyze", "--table", "-n", "-p", "0", "--min-size", "0", "--match-host", host,
                         folder + "/a.gz")
        check_rows(out, run_later(python, folder + "/a.gz", "-p", "0", "--match-host", host), count)


@case
def sampled_flows_read_by_the_later_generation(folder):
    """It shows what was counted, and is not disturbed by the rate that stands beside."""
    python = venv_python()
    weir_ok("collect", "-r", make_capture(folder, sampled=True), "-o", "a.gz", cwd=folder)
    out, err = weir_ok("analyze", "--table", "-n", "-p", "0", "--min-size", "0", "--raw-sizes", folder + "/a.gz")
    expect_equal(err, "", "notes")
    check_rows(out, run_later(python, folder + "/a.gz", "-p", "0"), 11)


@case
def a_capture_of_softflowd_read_by_the_later_generation(folder):
    python = venv_python()
    path = os.path.join(weir_e2e.SOURCE_ROOT, "examples", "softflowd-v9.pcap")
    weir_ok("collect", "-r", path, "-o", "a.gz", cwd=folder)
    out, _ = weir_ok("analyze", "--table", "-n", "-p", "0", "--min-size", "0", folder + "/a.gz")
    check_rows(out, run_later(python, folder + "/a.gz", "-p", "0"), 7)


if __name__ == "__main__":
    run()
