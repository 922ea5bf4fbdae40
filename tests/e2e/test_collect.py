#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_collect.py: weir collect as one uses it: outputs, addresses, ports, rotation, ending, telling."""
import glob
import gzip
import os
import re
import signal
import socket
import time

import capture_maker
import netflow_maker as v9
from weir_e2e import (Collector, Skip, case, expect, expect_equal, expect_in, flows_of, free_port, load_lines,
                      load_object, need_ipv6, read_text, run, wait_until, weir_ok, write_file)

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)


def one_flow(folder, *arguments, host="127.0.0.1", **options):
    """Collects one datagram of one flow with these arguments; returns the summary."""
    collector = Collector(folder, "-D", *arguments, **options)
    collector.send(v9.Exporter().flows(FLOW), host=host)
    collector.wait_for("Processed NetFlow v9 datagram with 1 flows")
    return collector.stop()


@case
def without_output_a_file_named_by_the_time_in_the_folder(folder):
    before_s = int(time.time())
    one_flow(folder)
    name, = (name for name in os.listdir(folder) if not name.startswith("stderr"))
    found = re.fullmatch(r"(\d+)\.json", name)
    expect(found and before_s <= int(found.group(1)) <= time.time(), "the file is called " + name)
    entries = load_object(os.path.join(folder, name))
    (key, flows), = entries.items()
    expect(before_s <= float(key) <= time.time(), "the key is " + key)
    flow, = flows
    expect_equal({name: flow[name] for name in ("IPV4_SRC_ADDR", "IPV4_DST_ADDR", "L4_SRC_PORT", "L4_DST_PORT",
                                                "IN_BYTES", "IN_PKTS", "PROTOCOL", "FIRST_SWITCHED",
                                                "LAST_SWITCHED", "IP_PROTOCOL_VERSION")},
                 {"IPV4_SRC_ADDR": "192.0.2.7", "IPV4_DST_ADDR": "192.0.2.9", "L4_SRC_PORT": 22,
                  "L4_DST_PORT": 40000, "IN_BYTES": 4456448, "IN_PKTS": 10, "PROTOCOL": 6, "FIRST_SWITCHED": 1000,
                  "LAST_SWITCHED": 2000, "IP_PROTOCOL_VERSION": 4}, "the flow")


@case
def every_form_of_output_at_once(folder):
    one_flow(folder, "-o", "json:any.name", "-o", "a.json", "-o", "b.ndjson", "-o", "c.gz", "-o", "null")
    objects = [load_object(os.path.join(folder, name)) for name in ("any.name", "a.json")]
    expect_equal(objects[0], objects[1], "both objects")
    flow, = flows_of(objects[0])
    with gzip.open(os.path.join(folder, "c.gz"), "rt", encoding="utf-8") as file:
        zipped = file.read()
    lines = read_text(os.path.join(folder, "b.ndjson"))
    expect_equal(zipped, lines, "the compressed lines")
    (key, entry), = load_lines(lines)
    expect_equal([key], list(objects[0]), "the time")
    expect_equal(entry["flows"], [flow], "the flows of the line")
    expect_equal(entry["client"][0], "127.0.0.1", "the exporter's address")
    expect_equal({name: entry["header"][name] for name in ("version", "count", "uptime", "sequence", "source_id")},
                 {"version": 9, "count": 2, "uptime": 100000, "sequence": 0, "source_id": 0}, "the header")


@case
def json_lines_in_a_file_of_any_name(folder):
    one_flow(folder, "--json-lines", "-o", "flows.json")
    (_, entry), = load_lines(read_text(os.path.join(folder, "flows.json")))
    expect_equal(len(entry["flows"]), 1, "flows in the line")


@case
def a_file_that_exists_is_appended_to(folder):
    for name in ("a.json", "a.ndjson", "a.gz"):
        for _ in range(3):
            one_flow(folder, "-o", name)
    expect_equal(len(load_object(os.path.join(folder, "a.json"))), 3, "entries of the object")
    expect_equal(len(load_lines(read_text(os.path.join(folder, "a.ndjson")))), 3, "lines")
    with gzip.open(os.path.join(folder, "a.gz"), "rt", encoding="utf-8") as file:
        expect_equal(len(load_lines(file.read())), 3, "compressed lines")


@case
def all_addresses_by_default_ipv4_and_ipv6(folder):
    need_ipv6()
    collector = Collector(folder, "-D", "-o", "a.ndjson")
    exporter = v9.Exporter()
    collector.send(exporter.flows(FLOW))
    collector.wait_for("Received data from 127.0.0.1, length")
    collector.send(v9.Exporter().flows(FLOW), host="::1")
    collector.wait_for("Received data from ::1, length")
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows, summary.lost), (2, 2, 0), "the summary")
    clients = [entry["client"][0] for _, entry in load_lines(read_text(os.path.join(folder, "a.ndjson")))]
    expect_equal(clients, ["127.0.0.1", "::1"], "the exporters")


def is_taken(family, host, port):
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


@case
def one_ipv4_address_only(folder):
    collector = Collector(folder, "-D", "-b", "127.0.0.1", "-o", "null")
    expect(is_taken(socket.AF_INET, "127.0.0.1", collector.port), "nobody listens on 127.0.0.1")
    expect(not is_taken(socket.AF_INET, "127.0.0.2", collector.port), "127.0.0.2 is listened on as well")
    collector.send(v9.Exporter().flows(FLOW))
    collector.wait_for("Processed")
    expect_equal(collector.stop().flows, 1, "flows")


@case
def one_ipv6_address_only(folder):
    need_ipv6()
    collector = Collector(folder, "-D", "-b", "::1", "-o", "null")
    expect(is_taken(socket.AF_INET6, "::1", collector.port), "nobody listens on ::1")
    expect(not is_taken(socket.AF_INET, "127.0.0.1", collector.port), "127.0.0.1 is listened on as well")
    collector.send(v9.Exporter().flows(FLOW), host="::1")
    collector.wait_for("Processed")
    expect_equal(collector.stop().flows, 1, "flows")


@case
def a_name_instead_of_an_address(folder):
    collector = Collector(folder, "-D", "--host", "localhost", "-o", "null")
    hosts = [info[4][0] for info in socket.getaddrinfo("localhost", collector.port, type=socket.SOCK_DGRAM)]
    for number, host in enumerate(hosts, 1):
        collector.send(v9.Exporter().flows(FLOW), host=host)
        collector.wait_for("Processed", count=number)
    expect_equal(collector.stop().flows, len(hosts), "flows")


@case
def several_ports(folder):
    ports = [free_port() for _ in range(3)]
    if len(set(ports)) < 3:
        raise Skip("the system gave the same free port twice")
    collector = Collector(folder, "-D", "-o", "a.ndjson", ports=ports)
    exporter = v9.Exporter()
    for number, port in enumerate(ports):
        collector.send(exporter.flows(v9.numbered_flow(number)), port=port)
    collector.wait_for("Processed", count=3)
    expect_equal(collector.stop().flows, 3, "flows")
    octets = sorted(entry["flows"][0]["IN_BYTES"] for _, entry in load_lines(read_text(folder + "/a.ndjson")))
    expect_equal(octets, [0, 1, 2], "the flows")


@case
def count_ends_it_by_itself(folder):
    collector = Collector(folder, "--count", "3", "-o", "a.json")
    exporter = v9.Exporter()
    collector.send(*(exporter.flows(v9.numbered_flow(number)) for number in range(5)))
    expect_equal(collector.wait_end(), 0, "exit code")
    octets = [flow["IN_BYTES"] for flow in flows_of(load_object(folder + "/a.json"))]
    expect_equal(octets, [0, 1, 2], "the flows")
    expect_in("weir: 3 datagrams, 3 flows, 1 templates, 0 lost", collector.log())


@case
def count_of_a_capture(folder):
    exporter = v9.Exporter()
    path = write_file(folder, "a.pcap", capture_maker.pcap_of(
        (number, exporter.flows(v9.numbered_flow(number))) for number in range(9)))
    _, err = weir_ok("collect", "-r", path, "--count", "4", "-o", "null", cwd=folder)
    expect_in("weir: 4 datagrams, 4 flows, 1 templates, 0 lost\n", err)


def ends_cleanly(folder, number):
    collector = Collector(folder, "-D", "-o", "a.json")
    collector.send(v9.Exporter().flows(FLOW))
    collector.wait_for("Processed")
    summary = collector.stop(number)
    expect_equal(summary.text, "weir: 1 datagrams, 1 flows, 1 templates, 0 lost\n", "the summary")
    expect_equal(len(flows_of(load_object(folder + "/a.json"))), 1, "flows in the file")


@case
def ctrl_c_ends_it_cleanly(folder):
    ends_cleanly(folder, signal.SIGINT)


@case
def sigterm_ends_it_cleanly(folder):
    ends_cleanly(folder, signal.SIGTERM)


@case
def a_signal_before_anything_came(folder):
    collector = Collector(folder, "-o", "a.json")
    expect_equal(collector.stop().text, "weir: 0 datagrams, 0 flows, 0 templates, 0 lost\n", "the summary")
    expect_equal(load_object(folder + "/a.json"), {}, "the file")


@case
def debug_tells_of_everything(folder):
    collector = Collector(folder, "-D", "-o", "null")
    exporter = v9.Exporter()
    datagram = exporter.flows(FLOW)
    collector.send(exporter.datagram(v9.data(999, bytes(8))), datagram,
                   exporter.datagram(v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA))
    collector.wait_for("Processed", count=3)
    collector.stop()
    log = collector.log()
    for line in ("Received data from 127.0.0.1, length %d\n" % len(datagram),
                 "Data is waiting for its template 999, domain 0\n",
                 "Processed NetFlow v9 datagram with 1 flows; 1 templates known\n",
                 "and 1 options records"):
        expect_in(line, log, "standard error")
    learned, = re.findall(r"Template 1024 learned: (.*)\n", log)
    expect_in("12 fields, 32 octets a record: IPV4_SRC_ADDR IPV4_DST_ADDR LAST_SWITCHED", learned)
    option, = re.findall(r"Options record: (.*)\n", log)
    expect_in('"SAMPLING_INTERVAL":100', option)


@case
def loss_by_sequence_is_told(folder):
    collector = Collector(folder, "-D", "-o", "null")
    exporter = v9.Exporter()
    datagrams = [exporter.flows(v9.numbered_flow(number)) for number in range(10)]
    collector.send(*datagrams[:3], *datagrams[5:])
    collector.wait_for("Processed", count=8)
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows, summary.lost), (8, 8, 2), "the summary")
    expect_in("lost: 2 datagrams are missing by sequence number", summary.text)


@case
def a_datagram_that_comes_late_is_not_lost(folder):
    collector = Collector(folder, "-D", "-o", "null")
    exporter = v9.Exporter()
    first, second, third, fourth = (exporter.flows(v9.numbered_flow(number)) for number in range(4))
    collector.send(first, third, second, fourth)
    collector.wait_for("Processed", count=4)
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.lost), (4, 0), "the summary")
    expect_in("out of order: 1", summary.text)


@case
def data_before_its_template_is_kept_for_it(folder):
    collector = Collector(folder, "-D", "-o", "a.ndjson")
    exporter = v9.Exporter()
    collector.send(exporter.datagram(v9.data(v9.ID_4, v9.numbered_flow(1))))
    collector.wait_for("Data is waiting for its template 1024")
    collector.send(exporter.datagram(v9.TEMPLATE_4, v9.data(v9.ID_4, v9.numbered_flow(2))))
    collector.wait_for("Processed", count=2)
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows), (2, 2), "the summary")
    expect_in("late: 1 sets", summary.text)
    entries = sorted(load_lines(read_text(folder + "/a.ndjson")), key=lambda entry: float(entry[0]))
    expect_equal([flow["IN_BYTES"] for _, entry in entries for flow in entry["flows"]], [1, 2], "flows by time")


@case
def data_without_template_is_told(folder):
    collector = Collector(folder, "-D", "-o", "null")
    collector.send(v9.Exporter().datagram(v9.data(v9.ID_4, FLOW)))
    collector.wait_for("Data is waiting")
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows), (1, 0), "the summary")
    expect(summary.number("waiting") + summary.number("given up") == 1, "not told: " + summary.text)


@case
def malformed_datagrams_are_counted_by_reason(folder):
    collector = Collector(folder, "-D", "-o", "a.json")
    exporter = v9.Exporter()
    collector.send(b"\x00\x09", b"", exporter.datagram(b"\x01\x00\x00\x02"),
                   exporter.datagram(b"\x01\x00\xff\xff" + bytes(20)),
                   exporter.datagram(v9.templates((300, [(1, 65535)]), (301, []), (20, [(1, 4)]))),
                   exporter.flows(FLOW))
    collector.wait_for("Processed NetFlow v9 datagram with 1 flows")
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows), (6, 1), "the summary")
    for reason, count in (("datagram shorter than its header", 2), ("set length below 4", 1),
                          ("set runs over the end of the datagram", 1), ("template ID below 256", 1)):
        expect_equal(summary.number(reason), count, reason)
    expect_equal(len(flows_of(load_object(folder + "/a.json"))), 1, "flows in the file")


@case
def other_versions_are_counted_and_named(folder):
    collector = Collector(folder, "-D", "-o", "null")
    collector.send(b"\x00\x06" + bytes(30), b"\x00\x08" + bytes(30), b"\x00\x63" + bytes(30), b"GET / HTTP/1.0\r\n\r\n")
    collector.wait_for("Received data from", count=4)
    collector.wait_for("Skipped", count=4)
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows), (4, 0), "the summary")
    expect_equal(summary.number("version that is not decoded"), 2, "v6 and v8")
    expect_equal(summary.number("version that is not NetFlow"), 2, "the others")
    for text in ("NetFlow v6", "NetFlow v8", "set the exporter to NetFlow v9 or IPFIX", "version 99"):
        expect_in(text, collector.log(), "standard error")


@case
def options_records_are_in_the_line_form_only(folder):
    collector = Collector(folder, "-D", "-o", "a.json", "-o", "a.ndjson")
    exporter = v9.Exporter()
    collector.send(exporter.datagram(v9.OPTIONS_TEMPLATE, v9.TEMPLATE_4, v9.OPTIONS_DATA, v9.data(v9.ID_4, FLOW)),
                   exporter.datagram(v9.OPTIONS_DATA))
    collector.wait_for("Processed", count=2)
    summary = collector.stop()
    expect_equal(summary.number("options records"), 2, "options records")
    flow, = flows_of(load_object(folder + "/a.json"))
    expect_in("IN_BYTES", flow, "the flow")
    entries = [entry for _, entry in load_lines(read_text(folder + "/a.ndjson"))]
    expect_equal([len(entry["flows"]) for entry in entries], [1, 0], "flows of the lines")
    for entry in entries:
        option, = entry["options"]
        expect_equal(option["SAMPLING_INTERVAL"], 100, "the option")


@case
def rotation_of_a_capture_follows_its_times(folder):
    exporter = v9.Exporter()
    times_s = [0, 1, 59, 61, 62, 200, 201]  # START_S is 20 s into a minute
    path = write_file(folder, "a.pcap", capture_maker.pcap_of(
        (after_s, exporter.flows(v9.numbered_flow(number))) for number, after_s in enumerate(times_s)))
    weir_ok("collect", "-r", path, "--rotate", "1m", "-o", "flows.json", cwd=folder)
    names = sorted(os.path.basename(name) for name in glob.glob(folder + "/flows*"))
    flows = [[flow["IN_BYTES"] for flow in flows_of(load_object(os.path.join(folder, name)))] for name in names]
    expect_equal(flows, [[0, 1], [2, 3, 4], [5, 6]], "the flows of the files %s" % names)
    expect_equal(names[0], "flows-20231114-221320.json", "the first name")


@case
def rotation_while_running(folder):
    collector = Collector(folder, "--rotate", "1s", "-o", "flows.ndjson")
    exporter = v9.Exporter()
    sent = 0

    def three_files():
        nonlocal sent
        collector.send(exporter.flows(v9.numbered_flow(sent)))
        sent += 1
        return len(glob.glob(folder + "/flows-*.ndjson")) >= 4
    wait_until(three_files, "four files")
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.lost), (sent, 0), "the summary")
    numbers = []
    for name in sorted(glob.glob(folder + "/flows-*.ndjson")):
        entries = load_lines(read_text(name))
        seconds = {int(float(key)) for key, _ in entries}
        expect(len(seconds) <= 1, "%s holds several seconds: %s" % (name, seconds))
        numbers += [flow["IN_BYTES"] for _, entry in entries for flow in entry["flows"]]
    expect_equal(numbers, list(range(sent)), "the flows of all files")


@case
def rotation_without_a_name(folder):
    exporter = v9.Exporter()
    path = write_file(folder, "a.pcap", capture_maker.pcap_of(
        (after_s, exporter.flows(FLOW)) for after_s in (0, 100)))
    weir_ok("collect", "-r", path, "--rotate", "1m", cwd=folder)
    expect_equal(sorted(os.path.basename(name) for name in glob.glob(folder + "/*.json")),
                 ["1700000000.json", "1700000100.json"], "the names")


@case
def connections_as_text(folder):
    exporter = v9.Exporter()
    path = write_file(folder, "a.pcap", capture_maker.pcap_of([(0, exporter.flows(
        v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448), v9.flow("192.0.2.9", "192.0.2.7", 40000, 22, 1000),
        v9.flow("192.0.2.8", "192.0.2.9", 50000, 53, 60, protocol=v9.UDP)))]))
    out, _ = weir_ok("collect", "-r", path, "-n", "-o", "text", cwd=folder)
    expect_equal(out.splitlines(),
                 ["2023-11-14 22:13.20: SSH from 192.0.2.7 (192.0.2.7) to 192.0.2.9 (192.0.2.9) size 4.25M",
                  "2023-11-14 22:13.20: DOMAIN from 192.0.2.8 (192.0.2.8) to 192.0.2.9 (192.0.2.9) size 60"], "text")
    out, _ = weir_ok("collect", "-r", path, "-n", "--min-size", "1M", "-o", "text", cwd=folder)
    expect_equal(len(out.splitlines()), 1, "lines of more than a mebibyte")


@case
def sizes_of_sampled_connections(folder):
    exporter = v9.Exporter()
    path = write_file(folder, "a.pcap", capture_maker.pcap_of([
        (0, exporter.datagram(v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA)), (1, exporter.flows(FLOW))]))
    line = "2023-11-14 22:13.21: SSH from 192.0.2.7 (192.0.2.7) to 192.0.2.9 (192.0.2.9) size %s\n"
    note = "weir collect: 192.0.2.1 looks at one packet in %d, so its sizes are multiplied by that"
    for options, size, rate in (([], "425.00M", 100), (["--sampling-rate", "2"], "8.50M", 2),
                                (["--raw-sizes"], "4.25M", None), (["--sampling-rate", "1"], "4.25M", None)):
        out, err = weir_ok("collect", "-r", path, "-n", "-o", "text", *options, cwd=folder)
        expect_equal(out, line % size, "text with %s" % options)
        expect_equal([one for one in err.splitlines() if "looks at" in one],
                     [note % rate + "; --raw-sizes shows what it counted"] if rate else [], "notes")
    for name in ("a.json", "a.ndjson"):
        weir_ok("collect", "-r", path, "-o", name, cwd=folder)
        out, err = weir_ok("analyze", "-n", name, cwd=folder)
        expect_equal(out, line % "425.00M", "text of " + name)
        expect_equal(err, "weir analyze: exporters looked at one packet in 100, so sizes and packets of 1 flows are "
                     "multiplied by that; --raw-sizes shows what they counted\n", "note on " + name)
        out, err = weir_ok("analyze", "-n", "--raw-sizes", name, cwd=folder)
        expect_equal((out, err), (line % "4.25M", ""), "text of %s with --raw-sizes" % name)
    flow, = flows_of(load_object(folder + "/a.json"))
    expect_equal((flow["IN_BYTES"], flow["sampling_rate"]), (4456448, 100), "what JSON has")


@case
def connections_as_text_while_running(folder):
    with open(folder + "/out", "wb") as out:
        collector = Collector(folder, "-n", "-o", "text", stdout=out)
    collector.send(v9.Exporter().flows(FLOW, v9.flow("192.0.2.9", "192.0.2.7", 40000, 22, 1000)))
    wait_until(lambda: "SSH from 192.0.2.7" in read_text(folder + "/out"), "the line")
    collector.stop()


@case
def lines_on_standard_output(folder):
    exporter = v9.Exporter()
    path = write_file(folder, "a.pcap", capture_maker.pcap_of([(0, exporter.flows(FLOW))]))
    for arguments in (["--json-lines"], []):
        out, _ = weir_ok("collect", "-r", path, *arguments, "-o", "json:-", cwd=folder)
        (key, entry), = load_lines(out)
        expect_equal((key, len(entry["flows"])), ("1700000000.000000", 1), "the line")
    expect_equal(os.listdir(folder), ["a.pcap"], "files")


@case
def a_capture_from_standard_input(folder):
    capture = capture_maker.pcap_of([(0, v9.Exporter().flows(FLOW))])
    read_end, write_end = os.pipe()
    os.write(write_end, capture)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as stdin:
        _, err = weir_ok("collect", "-r", "-", "-o", "null", cwd=folder, stdin=stdin)
    expect_in("weir: 1 datagrams, 1 flows", err)


@case
def many_signals_do_no_harm(folder):
    """A second Ctrl-C while the first is being obeyed ends nothing in the middle."""
    collector = Collector(folder, "-D", "-o", "a.json")
    collector.send(v9.Exporter().flows(FLOW))
    collector.wait_for("Processed")
    for number in (signal.SIGTERM, signal.SIGINT) * 20:
        if collector.process.poll() is None:
            collector.process.send_signal(number)
    expect_equal(collector.wait_end(), 0, "exit code")
    expect_equal(len(flows_of(load_object(folder + "/a.json"))), 1, "flows in the file")


@case
def help_and_version(folder):
    for arguments in (["--help"], ["collect", "--help"], ["analyze", "--help"], ["decode", "--help"]):
        out, err = weir_ok(*arguments, cwd=folder)
        expect(out.startswith("Usage: weir") and err == "", "the help of %s" % arguments)
        expect(max(len(line) for line in out.splitlines()) <= 120, "a long line in the help of %s" % arguments)
    for command in ("collect", "analyze", "decode"):
        out, _ = weir_ok("help", command, cwd=folder)
        expect(out.startswith("Usage: weir %s " % command), "the help of a command by its name: " + out[:60])
    out, _ = weir_ok("--version", cwd=folder)
    expect(re.fullmatch(r"weir \d+\.\d+\.\d+\n", out), "the version: " + out)
    expect_equal(os.listdir(folder), [], "files made")


if __name__ == "__main__":
    run()
