#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_exporters.py: weir exporters, asking a running collector, and a store; and the socket that it asks."""
import csv
import glob
import io
import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time

import netflow_maker as v9
import weir_e2e
from weir_e2e import (Collector, Skip, can_query, case, expect, expect_equal, expect_in, run, started, wait_until,
                      weir, weir_ok)

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)


class Asked(Collector):
    """A collector whose runtime folder is the case's own."""

    def __init__(self, folder, *arguments, **options):
        self.runtime = os.path.join(folder, "runtime")
        os.makedirs(self.runtime, exist_ok=True)
        os.environ["RUNTIME_DIRECTORY"] = self.runtime
        super().__init__(folder, *arguments, **options)
        self.socket = os.path.join(self.runtime, "collect-%d.sock" % self.port)
        wait_until(lambda: os.path.exists(self.socket), "the socket")

    def exporters(self, *arguments):
        return json.loads(weir_ok("exporters", "--socket", self.socket, "-o", "json", *arguments)[0])

    def wait_for_datagrams(self, count):
        wait_until(lambda: sum(row["datagrams"] for row in self.exporters()) >= count, "%d datagrams" % count)


def ask(path, request, read=True):
    """What the socket answers; without `read` the connection, which stays open."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(path)
    try:
        connection.sendall(request)
    except OSError:
        pass
    if not read:
        started.append(connection)
        return connection
    with connection:
        answer = b""
        try:
            while more := connection.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
        return answer


@case
def of_a_running_collector(folder):
    collector = Asked(folder, "-o", "store:st", "--commit", "1s")
    good = v9.Exporter(domain=1)
    for _ in range(9):
        collector.send(good.flows(FLOW, FLOW))
    lossy = v9.Exporter(domain=2)
    collector.send(lossy.flows(FLOW))
    lossy.sequence += 2
    collector.send(lossy.flows(FLOW), lossy.datagram(v9.data(777, FLOW)))
    late = v9.Exporter(domain=3, export_time_s=int(time.time()) - 7200)
    collector.send(late.datagram(v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA))
    collector.wait_for_datagrams(13)
    rows = collector.exporters()
    expect_equal([row["domain"] for row in rows], [2, 3, 1], "domains, those in trouble first")
    two, three, one = rows
    expect_equal([row["trouble"] for row in rows], ["loss waiting", "clock", ""], "trouble")
    expect_equal((one["datagrams"], one["flows"], one["loss_percent"], one["templates"]), (9, 18, 0, 1), "the good one")
    expect_equal((two["loss_percent"], two["sets_waiting"]), (40, 1), "the one that loses")
    expect_equal((three["sampling_rate"], one["sampling_rate"]), (100, None), "sampling rates")
    expect(-7205 <= three["clock_skew_seconds"] <= -7195, "the clock: %r" % three["clock_skew_seconds"])
    expect(-3 <= one["clock_skew_seconds"] <= 1, "a clock that is right: %r" % one["clock_skew_seconds"])
    expect(abs(one["last_seen"] - time.time()) < 600 and 0 <= one["oldest_template_seconds"] < 600, "times")
    expect_equal({row["collector"] for row in rows}, {"collect-%d" % collector.port}, "collectors")
    _, out, _ = weir("exporters", "-o", "json")  # found by itself, with those of others, which may end meanwhile
    expect_equal([row["domain"] for row in json.loads(out) if row["collector"] == "collect-%d" % collector.port],
                 [2, 3, 1], "domains, of the one that was found")
    out, err = weir_ok("exporters", "--socket", collector.socket)
    expect_in("13 datagrams received, 0 dropped by the kernel", err)
    lines = out.splitlines()
    expect_equal(lines[0].split()[:3], ["exporter", "domain", "version"], "the table's head")
    expect_equal([line.split()[:3] for line in lines[1:]], [["127.0.0.1", str(row["domain"]), "9"] for row in rows],
                 "rows")
    expect_in("-2 h", lines[2])
    expect_in(" 40.00% ", lines[1])
    table = list(csv.DictReader(io.StringIO(weir_ok("exporters", "--socket", collector.socket, "-o", "csv")[0])))
    expect_equal([row["trouble"] for row in table], ["loss waiting", "clock", ""], "trouble in CSV")
    expect_equal(list(table[0]), list(rows[0]), "the names of columns")
    collector.stop()
    expect(not os.path.exists(collector.socket), "the socket is still there")


@case
def those_of_the_run_before_are_left_out(folder):
    port = weir_e2e.free_port()
    arguments = ("-o", "null", "--state", folder + "/state", "--journal", "none")
    collector = Asked(folder, *arguments, ports=[port])
    collector.send(*[v9.Exporter(domain=domain).flows(FLOW) for domain in (1, 2, 3)])
    collector.wait_for_datagrams(3)
    collector.stop()
    collector = Asked(folder, *arguments, ports=[port])
    expect_equal(collector.exporters(), [], "exporters at the start")
    collector.send(v9.Exporter(domain=2).flows(FLOW))
    collector.wait_for_datagrams(1)
    expect_equal([row["domain"] for row in collector.exporters()], [2], "exporters that were heard")
    expect_equal([row["domain"] for row in collector.exporters("--all")], [2, 1, 3], "all exporters")
    out, err = weir_ok("exporters", "--socket", collector.socket)
    expect_equal(len(out.splitlines()), 2, "lines of the table")
    expect_in("weir: 2 more known from the run before, not heard since; --all shows them", err)
    expect("known from" not in weir_ok("exporters", "--socket", collector.socket, "--all")[1], "told with --all")
    collector.stop()


@case
def who_is_not_allowed_is_in_the_account(folder):
    """Of a running collector and of its store, also where a kill lay between."""
    if not can_query():
        raise Skip("DuckDB and the thread sanitizer do not go together")
    arguments = ("-o", "store:st", "--commit", "1", "--allow", "127.0.0.2")
    account = "4 datagrams received, %s, 0 refused, 3 of exporters that --allow does not name\n" % (
        "0 dropped by the kernel, 0 dropped as the journal was full")
    collector = Asked(folder, *arguments, ports=[weir_e2e.free_port()])
    for _ in range(3):
        collector.send(v9.Exporter(domain=1).flows(FLOW))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as allowed:
        allowed.bind(("127.0.0.2", 0))
        allowed.sendto(v9.Exporter(domain=2).flows(FLOW), ("127.0.0.1", collector.port))
    wait_until(lambda: account in weir_ok("exporters", "--socket", collector.socket)[1], "the account")
    wait_until(lambda: glob.glob(folder + "/st/flows/*/*/*.parquet"), "a commit")
    collector.kill()
    Asked(folder, *arguments, ports=[collector.port]).stop()
    expect_in("weir: " + account, weir_ok("exporters", "--store", "st", cwd=folder)[1])


@case
def of_a_store(folder):
    if not can_query():
        raise Skip("DuckDB and the thread sanitizer do not go together")
    collector = Asked(folder, "-o", "store:st")
    exporter = v9.Exporter(domain=5)
    collector.send(exporter.flows(FLOW, FLOW))
    exporter.sequence += 3
    collector.send(exporter.flows(FLOW), v9.Exporter(domain=6).flows(FLOW))
    collector.wait_for_datagrams(3)
    collector.stop()
    out, err = weir_ok("exporters", "--store", "st", "-o", "json", cwd=folder)
    rows = json.loads(out)
    expect_equal([(row["domain"], row["datagrams"], row["flows"], row["loss_percent"]) for row in rows],
                 [(5, 2, 3, 60), (6, 1, 1, 0)], "exporters of the store")
    expect_equal({(row["templates"], row["sets_waiting"], row["refused"], row["version"]) for row in rows},
                 {(1, 0, 0, 9)}, "how things are")
    expect(all(abs(row["clock_skew_seconds"]) < 60 for row in rows), "clocks: " + out)
    expect_equal({row["oldest_template_seconds"] for row in rows}, {None}, "what a store does not know")
    expect_in("weir: 3 datagrams received, 0 dropped by the kernel, 0 dropped as the journal was full, 0 refused\n", err)
    expect_equal(len(weir_ok("exporters", "--store", "st", cwd=folder)[0].splitlines()), 3, "lines of the table")
    code, _, err = weir("exporters", "--store", "nowhere", cwd=folder)
    expect_equal(code, 1, "exit code without a store")
    expect_in("there is no store at nowhere", err)


@case
def without_a_collector(folder):
    os.environ["RUNTIME_DIRECTORY"] = folder
    os.environ["XDG_RUNTIME_DIR"] = folder
    code, out, err = weir("exporters", "--socket", folder + "/none.sock")
    expect_equal((code, out), (1, ""), "exit code and output")
    expect_in("No such file", err)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(folder + "/collect-1.sock")  # nobody listens
    code, _, err = weir("exporters", "--socket", folder + "/collect-1.sock")
    expect_equal(code, 1, "exit code")
    expect_in("it has ended", err)
    for arguments, text in ((["-o", "xml"], "not table, json or csv"),
                            (["--socket", "a", "--store", "b"], "two places"),
                            (["x"], "this is none"), (["--socket"], "needs a value"), (["--what"], "unknown option")):
        code, _, err = weir("exporters", *arguments)
        expect_equal(code, 2, "exit code of %r" % arguments)
        expect_in(text, err)


@case
def nobody_else_may_ask_and_a_stale_one_is_replaced(folder):
    collector = Asked(folder, "-o", "null")
    mode = os.stat(collector.socket).st_mode
    expect(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, "mode %o" % mode)
    inode = os.stat(collector.socket).st_ino
    port = collector.port
    collector.kill()
    expect(os.path.exists(collector.socket), "who is killed leaves it")
    other = Asked(folder, "-o", "null", ports=[port])
    wait_until(lambda: os.stat(other.socket).st_ino != inode, "another socket in its place")
    wait_until(lambda: weir("exporters", "--socket", other.socket)[0] == 0, "an answer")
    expect_equal([name for name in os.listdir(other.runtime) if "sock" in name], [os.path.basename(other.socket)],
                 "sockets in the folder")
    other.stop()


@case
def who_asks_wrongly_is_of_no_consequence(folder):
    collector = Asked(folder, "-o", "null")
    expect_in(b'{"error":', ask(collector.socket, b"flows\n"))
    expect_in(b'{"error":', ask(collector.socket, b"\n"))
    lines = ask(collector.socket, b"account\nexporters\n").splitlines()
    expect_equal((len(lines), json.loads(lines[0])["protocol"], json.loads(lines[1])),
                 (2, 1, {"end": 0, "left_out": 0}), "the account")
    expect_equal(ask(collector.socket, b"x" * 1000000), b"", "the answer to what has no end")
    expect_in(b'{"error":', ask(collector.socket, b"\0exporters\n"))
    silent = [ask(collector.socket, b"export", read=False) for _ in range(3)]  # one after the other is left
    collector.send(v9.Exporter().flows(FLOW))
    collector.wait_for_datagrams(1)
    for connection in silent:
        expect_equal(connection.recv(10), b"", "what who is silent gets")
    ask(collector.socket, b"exporters", read=False)
    collector.stop(signal.SIGTERM)  # which does not wait for that


def false_collector(path):
    listener = socket.socket(socket.AF_UNIX)
    started.append(listener)
    listener.bind(path)
    listener.listen(8)
    return listener


def asked_false(listener, answer, *arguments):
    """What weir exporters makes of an answer."""
    def give():
        client, _ = listener.accept()
        with client:
            client.recv(100)
            try:
                client.sendall(answer)
            except OSError:
                pass
    thread = threading.Thread(target=give)
    thread.start()
    result = weir("exporters", "--socket", listener.getsockname(), *arguments)
    thread.join(30)
    return result


@case
def exporters_that_an_answer_has_no_room_for(folder):
    """A collector tells 65,536 of them one by one."""
    answer = (b'{"protocol":1,"now_us":1764000000000000}\n{"exporter":"192.0.2.1","datagrams":1}\n'
              b'{"end":1,"left_out":%d}\n')
    listener = false_collector(folder + "/false.sock")
    code, out, err = asked_false(listener, answer % 5)
    expect_equal((code, len(out.splitlines())), (0, 2), "exit code, and lines")
    expect_in("; 5 more exporters are not shown\n", err)
    expect("more exporters" not in asked_false(listener, answer % 0)[2], "told where there are none")


@case
def answers_are_not_trusted(folder):
    path = folder + "/false.sock"
    head = b'{"weir":"9","protocol":1,"process":1,"now_us":1764000000000000}\n'
    row = (b'{"exporter":"\\u001b[31mred\\n\\",","domain":1e300,"version":-5,"flows":"many","last_us":1e18,'
           b'"templates":null,"datagrams":12}\n')
    answers = [(head + row + b'{"end":1}\n', 0), (head + row, 1), (b"", 1), (b"\0" * 1000, 1), (b"{}\n", 1),
               (b"[" * 100000 + b"\n", 1), (head + b"nothing\n" + b'{"end":1}\n', 1), (head + b'{"end":0}\n', 0),
               (head.replace(b":1,", b":2,") + b'{"end":0}\n', 1), (head + b'{"exporter":5}\n{"end":1}\n', 0),
               (b"\xff\xfe" * 1000 + b"\n", 1)]
    listener = false_collector(path)
    for answer, wanted in answers:
        for form in ("table", "json", "csv"):
            code, out, _ = asked_false(listener, answer, "-o", form)
            expect_equal(code, wanted, "exit code for %r" % answer[:60])
            expect(all(31 < ord(letter) < 127 or letter == "\n" for letter in out), "not printable: %r" % out)
            if form == "json" and code == 0:
                json.loads(out)


@case
def an_output_that_takes_nothing(folder):
    collector = Asked(folder, "-o", "null")
    collector.send(v9.Exporter().flows(FLOW))
    collector.wait_for_datagrams(1)
    if os.path.exists("/dev/full"):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([weir_e2e.weir_path, "exporters", "--socket", collector.socket], stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        expect_equal(done.returncode, 1, "exit code")
        expect_in("cannot write to standard output", done.stderr)
    collector.stop()


run()
