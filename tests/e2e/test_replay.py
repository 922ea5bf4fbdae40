#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_replay.py: what weir replay says it sent is what came: at weir collect, and at sockets."""
import collections
import ipaddress
import json
import signal
import socket
import struct
import subprocess

import capture_maker as cap
import netflow_maker as v9
import store_reader
import weir_e2e
from weir_e2e import (Collector, case, check_sane, expect, expect_equal, expect_in, free_port, load_lines, need_ipv6,
                      queue_of, read_text, run, start, wait_until, weir, weir_ok, write_file)

weir_e2e.use_venv()
import pyarrow.parquet  # noqa: E402: it is there from here on

VERSIONS = ["v5", "v9", "ipfix"]
RATE = ["--rate", "4000"]  # what a collector under a sanitizer can take, on a busy machine
MISHAPS = ["--exporters", "5", "--turn", "3", "--loss", "3", "--reorder", "5", "--duplicate", "2", "--restart", "64",
           "--template-interval", "30"]


def replay(*arguments):
    """Runs it to its end; returns what it said it sent."""
    out, _ = weir_ok("replay", "-o", "json", *arguments)
    expect_equal(out.count("\n"), 1, "lines")
    return json.loads(out)


def replay_to(collector, *arguments):
    """The same to a collector, which has taken it all when this returns."""
    sent = replay(*RATE, *arguments, "127.0.0.1:%d" % collector.port)
    expect_equal(sent["sent_datagrams"], sent["datagrams"], "datagrams that were sent")
    wait_until(lambda: queue_of(collector.port) == 0, "the queue to be read")
    return sent


def check_summary(summary, sent):
    """Each number of the collector is the one that was told."""
    expect_equal(summary.datagrams, sent["datagrams"], "datagrams")
    expect_equal(summary.flows, sent["flows"] + sent["duplicate_flows"], "flows")
    is_v9 = sent["version"] == "v9"
    expect_equal(summary.number("lost"), sent["lost_datagrams"] if is_v9 else 0, "lost datagrams")
    expect_equal(summary.number("lost records"), 0 if is_v9 else sent["lost_flows"], "lost flows")
    expect_equal(summary.number("out of order"), sent["reordered"], "late datagrams")
    expect_in("duplicates: %d\n" % sent["duplicates"], summary.text + "duplicates: 0\n", "summary")
    expect_equal(summary.number("restarts of an exporter"), sent["restarts"], "restarts")
    for label in ("waiting", "given up", "late"):
        expect_equal(summary.number(label), 0, label)


def check_flows(flows, sent):
    """Rows of (number, bytes, packets): each number is there, and once, or twice for those of duplicates."""
    counts = collections.Counter(number for number, _, _ in flows)
    expect_equal(len(counts), sent["flows"], "different numbers")
    expect_equal((min(counts), max(counts)), (sent["first_number"], sent["next_number"] - 1), "first and last number")
    expect_equal(sum(count - 1 for count in counts.values()), sent["duplicate_flows"], "numbers that came twice")
    expect_equal(sum(row[1] for row in flows), sent["bytes"] + sent["duplicate_bytes"], "bytes")
    expect_equal(sum(row[2] for row in flows), sent["packets"] + sent["duplicate_packets"], "packets")


def json_flows(path):
    for _, entry in load_lines(read_text(path)):
        for flow in entry["flows"]:
            hop = int(ipaddress.ip_address(flow["IPV4_NEXT_HOP"])) if "IPV4_NEXT_HOP" in flow else 0
            number = flow.get("NF_F_CONN_ID", hop + (flow["SRC_AS"] << 32))
            yield number, flow["IN_BYTES"], flow["IN_PKTS"]


def stored_flows(store, version):
    names = ["next_hop_ipv4", "src_as"] if version == "v5" else ["flowId"]
    for path in store_reader.segment_paths(store):
        rows = pyarrow.parquet.ParquetFile(path).read(names + ["bytes", "packets"]).to_pylist()
        for row in rows:
            number = row["next_hop_ipv4"] + (row["src_as"] << 32) if version == "v5" else row["flowId"]
            yield number, row["bytes"], row["packets"]


@case
def made_traffic_is_collected_as_it_was_sent(folder):
    for version in VERSIONS:
        collector = Collector(folder, "-o", version + ".ndjson", "-o", "store:" + version)
        sent = replay_to(collector, "-m", version, "--flows", "30000", *MISHAPS)
        check_summary(collector.stop(), sent)
        expect_equal(sent["flows"], 30000, "flows")
        for name in ("lost_datagrams", "reordered", "duplicates", "restarts"):
            expect(sent[name] > 4, "only %d %s" % (sent[name], name))
        check_flows(list(stored_flows(folder + "/" + version, version)), sent)
        check_flows(list(json_flows("%s/%s.ndjson" % (folder, version))), sent)


@case
def what_is_hostile_harms_nobody_else(folder):
    for version in VERSIONS:
        collector = Collector(folder, "-o", "store:" + version, "--debug")
        sent = replay_to(collector, "-m", version, "--flows", "20000", "--hostile", "30", "--first-number",
                         "1000000", *MISHAPS)
        summary = collector.stop()
        check_summary(summary, sent)
        expect(sent["hostile"] > sent["datagrams"] * 0.29, "hostile datagrams: %d" % sent["hostile"])
        expect(summary.number("version that is not NetFlow") > 0, "nothing was refused: " + summary.text)
        check_flows(list(stored_flows(folder + "/" + version, version)), sent)


@case
def the_same_seed_makes_the_same_traffic(folder):
    del folder
    with receiver() as sink:
        target = "127.0.0.1:%d" % sink.getsockname()[1]
        one, two, other = (replay("--flows", "2000", *MISHAPS, "--seed", seed, target) for seed in ("7", "7", "8"))
    names = ["flows", "bytes", "packets", "lost_flows", "reordered", "duplicates", "exporters"]
    expect_equal([one[name] for name in names], [two[name] for name in names], "with the same seed")
    expect(one["bytes"] != other["bytes"], "another seed makes the same")


# ------------------------------------------------------------------------------------------------------- sockets


def receiver(family=socket.AF_INET, address="127.0.0.1"):
    sink = socket.socket(family, socket.SOCK_DGRAM)
    sink.settimeout(weir_e2e.PATIENCE_S)
    sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sink.bind((address, 0))
    return sink


def waiting_in(sink):
    """What lies in a socket: (datagram, address of the sender)."""
    sink.setblocking(False)
    found = []
    try:
        while True:
            datagram, address = sink.recvfrom(65536)
            found.append((datagram, address[0]))
    except BlockingIOError:
        return found


def sequence_of(datagram):
    """Of v9."""
    return struct.unpack_from("!I", datagram, 12)[0]


@case
def each_exporter_has_an_address_and_its_numbers(folder):
    del folder
    for arguments in ([], ["--no-segment"]):
        with receiver() as sink:
            sent = replay("--exporters", "300", "--count", "900", "--turn", "2", "--flows-per-datagram", "3",
                          *arguments, "127.0.0.1:%d" % sink.getsockname()[1])
            came = waiting_in(sink)
        expect_equal(len(came), 900, "datagrams")
        expect_equal(sum(len(datagram) for datagram, _ in came), sent["sent_octets"], "octets")
        expect_equal(sent["segmented"] > 0, not arguments, "whether the kernel cut them apart")
        by_address = collections.defaultdict(list)
        for datagram, address in came:
            by_address[address].append(sequence_of(datagram))
        told = {exporter["source"]: exporter for exporter in sent["exporters"]}
        expect_equal(len(told), 300, "exporters")
        expect_equal(min(told, key=ipaddress.ip_address), "127.1.0.1", "the first address")
        expect_equal(max(told, key=ipaddress.ip_address), "127.1.1.44", "the last one")
        for address, exporter in told.items():
            expect_equal(by_address[address], list(range(exporter["sequence_next"])), "numbers of " + address)


@case
def it_sends_over_ipv6(folder):
    del folder
    need_ipv6()
    with receiver(socket.AF_INET6, "::1") as sink:
        port = sink.getsockname()[1]
        sent = replay("--count", "10", "--hostile", "20", "[::1]:%d" % port)
        came = waiting_in(sink)
    expect_equal(sent["target"], "[::1]:%d" % port, "where it went")
    expect_equal([address for _, address in came], ["::1"] * 10, "senders")


@case
def a_rate_is_kept(folder):
    del folder
    for arguments, seconds in ((["--rate", "400", "--count", "200"], 199 / 400),
                               (["--flow-rate", "10000", "--flows", "5000", "-m", "v5"], 4970 / 10000),
                               (["--duration", "0.5", "--rate", "100"], 0.5)):
        with receiver() as sink:
            sent = replay(*arguments, "127.0.0.1:%d" % sink.getsockname()[1])
        expect(sent["seconds"] >= seconds, "%r took %.3f s, less than %.3f" % (arguments, sent["seconds"], seconds))


@case
def ctrl_c_ends_it_with_what_was_sent(folder):
    for arguments in (["--rate", "100"], []):
        with receiver() as sink, open(folder + "/out", "wb") as out:
            process = start([weir_e2e.weir_path, "replay", "-o", "json", *arguments,
                             "127.0.0.1:%d" % sink.getsockname()[1]], stdout=out, stdin=subprocess.DEVNULL)
            sink.recv(65536)
            process.send_signal(signal.SIGINT)
            wait_until(lambda: process.poll() is not None, "its end")
            came = 1 + len(waiting_in(sink))
        expect_equal(process.returncode, 0, "exit code")
        sent = json.loads(read_text(folder + "/out"))
        expect_equal(sent["sent_datagrams"], sent["datagrams"], "datagrams")
        if arguments:
            expect_equal(came, sent["datagrams"], "datagrams that came")


@case
def nobody_listens(folder):
    del folder
    for arguments in ([], ["--exporters", "3"]):
        code, out, err = weir("replay", "--count", "100", "--turn", "1", "-o", "json", *arguments,
                              "127.0.0.1:%d" % free_port())
        expect_equal(code, 1, "exit code")
        expect_in("nobody listened on 127.0.0.1:", err)
        sent = json.loads(out)
        expect_equal(sent["sent_datagrams"], 100, "datagrams")
        expect(sent["refused"] > 0, "nothing was refused")


@case
def text_tells_the_same(folder):
    del folder
    with receiver() as sink:
        arguments = ["--flows", "1000", "--exporters", "12", *MISHAPS[2:], "127.0.0.1:%d" % sink.getsockname()[1]]
        sent = replay(*arguments)
        out, _ = weir_ok("replay", *arguments)
    lines = [line.split() for line in out.splitlines()]
    text = {line[0]: line[1] for line in lines if len(line) == 2}
    for name, value in sent.items():
        if name not in ("exporters", "seconds", "datagrams_per_second", "flows_per_second", "target", "version"):
            expect_equal(text[name], str(value), name)
    expect_equal(sum(line[0] == "exporter" for line in lines), 10, "exporters that are shown")
    expect_in("and 2 more exporters", out)


# --------------------------------------------------------------------------------------------------------- files


def capture(folder, seconds=0.0):
    """Twenty datagrams of two exporters, in turn, to two ports; returns path and datagrams."""
    exporters = [v9.Exporter(domain=number) for number in range(2)]
    datagrams = [exporters[number % 2].flows(*[v9.numbered_flow(number)] * 3) for number in range(20)]
    frames = [(number * seconds / 19, cap.ethernet(cap.ip(cap.udp(datagram, 50000, 2055 + number % 4 // 2),
                                                          "192.0.2.%d" % (1 + number % 2))))
              for number, datagram in enumerate(datagrams)]
    return write_file(folder, "made.pcap", cap.pcap(frames)), datagrams


@case
def a_capture_is_sent_as_it_is(folder):
    path, datagrams = capture(folder)
    with receiver() as sink:
        target = "127.0.0.1:%d" % sink.getsockname()[1]
        sent = replay("-r", path, target)
        expect_equal(waiting_in(sink), [(datagram, "127.0.0.1") for datagram in datagrams], "datagrams")
        expect_equal((sent["datagrams"], sent["flows"]), (20, 60), "datagrams and flows")
        sent = replay("-r", path, "--map-sources", "--loop", "3", target)
        mapped = [(datagram, "127.1.0.%d" % (1 + number % 2)) for number, datagram in enumerate(datagrams)]
        expect_equal(waiting_in(sink), mapped * 3, "datagrams")
        expect_equal([(e["source"], e["address"], e["datagrams"], e["flows"]) for e in sent["exporters"]],
                     [("127.1.0.1", "192.0.2.1", 30, 90), ("127.1.0.2", "192.0.2.2", 30, 90)], "exporters")
        replay("-r", path, "--count", "25", "--loop", "2", target)
        expect_equal([datagram for datagram, _ in waiting_in(sink)], (datagrams * 2)[:25], "datagrams")
        replay("-r", path, "-p", "2056", target)
        expect_equal([datagram for datagram, _ in waiting_in(sink)],
                     [datagram for number, datagram in enumerate(datagrams) if number % 4 > 1], "datagrams")


@case
def a_capture_is_spaced_as_it_was(folder):
    """Or faster, or at a rate: never too early, and not as slowly as the capture where that is not asked for."""
    with receiver() as sink:
        target = "127.0.0.1:%d" % sink.getsockname()[1]
        for arguments, seconds, least in (([], 0.6, 0.6), (["--speed", "3"], 0.6, 0.2), (["--speed", "200"], 120, 0.6),
                                          (["--speed", "max"], 120, 0), (["--rate", "50"], 120, 19 / 50),
                                          (["--flow-rate", "120"], 120, 57 / 120)):
            path, datagrams = capture(folder, seconds)
            sent = replay("-r", path, *arguments, target)
            expect(sent["seconds"] >= least, "%r took %.3f s" % (arguments, sent["seconds"]))
            expect(seconds < 100 or sent["seconds"] < 100, "%r took %.3f s" % (arguments, sent["seconds"]))
            expect_equal([datagram for datagram, _ in waiting_in(sink)], datagrams, "datagrams")


@case
def a_file_that_is_not_whole(folder):
    path, datagrams = capture(folder)
    with open(path, "rb") as file:
        cut = write_file(folder, "cut.pcap", file.read()[:-10])
    with receiver() as sink:
        target = "127.0.0.1:%d" % sink.getsockname()[1]
        code, out, err = weir("replay", "-r", cut, "-o", "json", target)
        expect_equal([datagram for datagram, _ in waiting_in(sink)], datagrams[:-1], "datagrams")
        expect_equal((code, json.loads(out)["datagrams"]), (1, 19), "exit code and datagrams")
        expect_in("cut.pcap", err)
        code, _, err = weir("replay", "-r", folder + "/none", target)
        expect_equal(code, 1, "exit code")
        expect_in("/none", err)


@case
def wrong_command_lines(folder):
    del folder
    for arguments, text in (([], "no address"), (["a", "b"], "also b"), (["--loss", "101", "::1"], "101"),
                            (["--loss", "x", "::1"], "percent"), (["-m", "v7", "::1"], "v7"),
                            (["--restart", "63", "::1"], "from 64"), (["127.0.0.1:0"], "from 1 to 65535: 0"),
                            (["[::1", ], "[::1"), (["[::1]x"], "[::1]x"), ([":5"], ":5"),
                            (["--sources", "2", "::1"], "exporters"),
                            (["--sources", "2", "--exporters", "2", "::1"], "127.0.0.0/8"),
                            (["-r", "f", "--loss", "1", "::1"], "--loss"), (["--speed", "2", "::1"], "--speed"),
                            (["-r", "f", "--speed", "2", "--rate", "3", "::1"], "one of them"),
                            (["--rate", "2", "--flow-rate", "3", "::1"], "one of them"),
                            (["-r", "-", "--loop", "2", "::1"], "once only"),
                            (["-m", "v5", "--flows-per-datagram", "31", "::1"], "30"),
                            (["-r", "f", "--speed", "0", "::1"], "factor"), (["--nothing", "::1"], "--nothing"),
                            (["-o", "csv", "::1"], "csv"), (["--duration", "0", "::1"], "duration")):
        code, out, err = weir("replay", *arguments)
        expect_equal((code, out), (2, ""), "exit code of %r" % arguments)
        expect_in(text, err, "%r" % arguments)


@case
def what_cannot_be_had(folder):
    del folder
    for arguments, text in ((["--count", "1", "no-such-name.invalid"], "no-such-name.invalid"),
                            (["-r", "/dev/null", "--map-sources", "::1"], "127.0.0.0/8")):
        code, out, err = weir("replay", *arguments)
        expect_equal((code, out), (1, ""), "exit code of %r" % arguments)
        expect_in(text, err)
    with receiver() as sink, open("/dev/full", "wb") as full:
        target = "127.0.0.1:%d" % sink.getsockname()[1]
        done = subprocess.run([weir_e2e.weir_path, "replay", "--count", "1", target], stdout=full,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=60, check=False)
    check_sane(done.stderr)
    expect_equal(done.returncode, 1, "exit code")
    expect_in("No space left", done.stderr)


run()
