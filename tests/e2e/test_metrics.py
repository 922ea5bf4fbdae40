#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_metrics.py: what weir collect tells Prometheus, that it adds up, and who may ask for it and how."""
import json
import os
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import time

import netflow_maker as v9
from prometheus_text import get, scrape
from weir_e2e import (SOURCE_ROOT, Collector, can_query, case, expect, expect_equal, expect_in, flood, free_port, need,
                      read_text, run, started, wait_until, weir, weir_ok)

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)


class Watched(Collector):
    """A collector with metrics."""

    def __init__(self, folder, *arguments, metrics="0", **options):
        super().__init__(folder, "--metrics", metrics, *arguments, **options)
        self.wait_for("Metrics at ")
        self.url = re.search(r"Metrics at (\S+)", self.log()).group(1)
        self.base = self.url[:-len("metrics")]

    def scrape(self):
        metrics = scrape(self.url)
        expect_account(metrics)
        return metrics

    def wait_for_metric(self, condition, what):
        """The first metrics of which the condition holds."""
        def look():
            metrics = self.scrape()
            return metrics if condition(metrics) else None
        return wait_until(look, what)

    def status(self, path):
        return get(self.base + path)[0]


def seen(metrics):
    """All that the kernel had for the collector."""
    return metrics.value("weir_datagrams_received_total") + metrics.sum("weir_datagrams_dropped_total")


def expect_account(metrics):
    """What was received is in exactly one place, at any time."""
    value = metrics.value
    expect_equal(value("weir_datagrams_received_total") + value("weir_datagrams_recovered_total"),
                 value("weir_datagrams_decoded_total") + metrics.sum("weir_datagrams_refused_total") +
                 value("weir_datagrams_cut_off_total") + value("weir_journal_waiting_datagrams"),
                 "datagrams received, and what became of them")


def expect_exporters(metrics):
    """The exporters' sums are the collector's."""
    for name, total in (("datagrams", "weir_datagrams_decoded_total"), ("flows", "weir_flows_total")):
        wanted = metrics.value(total)
        refused = metrics.sum("weir_datagrams_refused_total")
        wanted += refused - metrics.value("weir_datagrams_refused_total",
                                          reason="not_allowed") if name == "datagrams" else 0
        expect_equal(metrics.sum("weir_exporter_%s_total" % name), wanted, name + " of all exporters")


@case
def an_account_of_all_that_came(folder):
    collector = Watched(folder, "-o", "store:st", "-o", "b.ndjson", "--commit", "1s")
    exporter = v9.Exporter(domain=7, export_time_s=int(time.time()) + 3600)
    collector.send(exporter.flows(FLOW, FLOW), exporter.datagram(v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA),
                   exporter.datagram(v9.data(999, FLOW)), b"\0\5", b"\0\x63" + bytes(30), b"")
    exporter.sequence += 5  # lost
    collector.send(exporter.datagram(v9.data(v9.ID_4, FLOW)))
    metrics = collector.wait_for_metric(
        lambda m: seen(m) == 7 and m.value("weir_journal_held_datagrams") == 0 == m.value("weir_journal_waiting_datagrams"),
        "all to be kept")
    value = metrics.value
    expect_equal(value("weir_datagrams_decoded_total"), 4, "decoded")
    expect_equal(value("weir_datagrams_refused_total", reason="header_short"), 2, "too short")
    expect_equal(value("weir_datagrams_refused_total", reason="version_unknown"), 1, "of no version")
    expect_equal(value("weir_faults_total", reason="header_short"), 2, "faults")
    expect_equal(value("weir_flows_total"), 3, "flows")
    expect_equal(value("weir_options_total"), 1, "options")
    expect_equal(value("weir_sets_total", fate="waited"), 1, "sets that waited")
    expect_equal(value("weir_waiting_sets"), 1, "sets that wait")
    expect_equal(value("weir_missing_datagrams"), 5, "lost")
    expect_equal(value("weir_templates"), 2, "templates")
    expect_equal(value("weir_store_rows_total"), 4, "rows in the store")
    expect(value("weir_store_written_bytes_total") > 0, "no octets in the store")
    expect_equal(value("weir_store_failing"), 0, "failing")
    expect_equal(value("weir_output_taken_datagrams_total", output="b.ndjson", number="0"), 7,
                 "taken by the second output")
    of = {"exporter": "127.0.0.1", "domain": "7"}
    expect_equal(value("weir_exporter_flows_total", **of), 3, "flows of the exporter")
    expect_equal(value("weir_exporter_missing_datagrams", **of), 5, "lost of the exporter")
    expect(3500 < value("weir_exporter_clock_skew_seconds", **of) < 3601, "the clock is an hour ahead")
    expect(abs(value("weir_exporter_last_seen_timestamp_seconds", **of) - time.time()) < 600, "last seen")
    expect_exporters(metrics)
    expect(abs(value("process_start_time_seconds") - time.time()) < 600, "the start of the process")
    open_files = len(os.listdir("/proc/%d/fd" % collector.process.pid))
    expect(abs(value("process_open_fds") - open_files) < 4, "open files")
    expect_equal(collector.stop().flows, 3, "flows in the summary")


@case
def promtool_finds_nothing(folder):
    promtool = need("promtool", "promtool, of Debian's package prometheus,")
    collector = Watched(folder, "-o", "store:st", "-o", "b.ndjson")
    collector.send(v9.Exporter().flows(FLOW))
    collector.wait_for_metric(lambda m: m.value("weir_flows_total") == 1, "a flow")
    done = subprocess.run([promtool, "check", "metrics"], input=get(collector.url)[2], capture_output=True, text=True,
                          check=False, timeout=30)
    expect_equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "what promtool says")
    collector.stop()


@case
def exporters_beyond_the_thousandth_are_one(folder):
    collector = Watched(folder, "-o", "null")
    for domain in range(1, 1101):
        exporter = v9.Exporter(domain=domain)
        collector.send(exporter.flows(FLOW))
        if domain > 1095:
            collector.send(exporter.flows(FLOW))  # the busiest, which are the last
        if domain % 100 == 0:  # no more than a buffer holds
            collector.wait_for_metric(lambda m: m.value("weir_exporters") == domain and seen(m) >= domain, "exporters")
    metrics = collector.wait_for_metric(lambda m: m.value("weir_datagrams_decoded_total") == 1105 and
                                        m.sum("weir_exporter_datagrams_total") == 1105, "all datagrams")
    samples = metrics.samples("weir_exporter_datagrams_total")
    expect_equal(len(samples), 1001, "series of exporters")
    expect_equal(metrics.value("weir_exporter_datagrams_total", exporter="other", domain=""), 100, "of the others")
    for domain in range(1096, 1101):
        expect_equal(metrics.value("weir_exporter_datagrams_total", exporter="127.0.0.1", domain=str(domain)), 2,
                     "of a busy one")
    expect_exporters(metrics)
    collector.stop()


@case
def it_adds_up_while_datagrams_are_dropped(folder):
    """A small buffer and a disk that takes nothing: some are dropped for either reason, and each is in the account."""
    count = 30000
    collector = Watched(folder, "-o", "store:st", "--commit", "1s", "--rcvbuf", "64K", "--journal", folder + "/journal",
                        "--journal-size", "2M")
    expect_equal(collector.status("readyz"), 200, "ready")
    before = resource.prlimit(collector.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(collector.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    sender = flood(collector.port, count, 0, 10)
    wait_until(lambda: sender.poll() is not None, "all to be sent")
    metrics = collector.wait_for_metric(lambda m: m.value("weir_store_failing") == 1 and
                                        m.value("weir_datagrams_dropped_total", where="journal") > 0,
                                        "writing to fail, and the journal to be full")
    expect(seen(metrics) <= count, "more than was sent; what lies in the sockets is neither received nor dropped yet")
    expect_equal(collector.status("readyz"), 503, "ready, though nothing can be written")
    expect_equal(collector.status("healthz"), 200, "alive")
    resource.prlimit(collector.process.pid, resource.RLIMIT_FSIZE, before)
    metrics = collector.wait_for_metric(
        lambda m: seen(m) >= count and m.value("weir_store_rows_total") == m.value("weir_flows_total") and
        m.value("weir_journal_waiting_datagrams") == 0, "all to be kept")
    expect_equal(seen(metrics), count, "received and dropped, together what was sent")
    expect_equal(metrics.value("weir_flows_total"), 10 * metrics.value("weir_datagrams_received_total"), "flows")
    wait_until(lambda: collector.status("readyz") == 200, "it to be ready again")
    collector.stop()
    dropped = [int(metrics.value("weir_datagrams_dropped_total", where=where)) for where in ("kernel", "journal")]
    if can_query():
        expect_in_store(folder, dropped, count)


def expect_in_store(folder, dropped, count):
    """The ledger of the store has it, and reports tell it."""
    out, _ = weir_ok("sql", "--store", "st", "-o", "json", "SELECT sum(dropped_kernel)::BIGINT AS kernel, "
                     "sum(dropped_journal)::BIGINT AS journal, sum(datagrams)::BIGINT AS datagrams FROM ledger",
                     cwd=folder)
    row = json.loads(out)[0]
    expect_equal([row["kernel"], row["journal"]], dropped, "dropped, in the ledger of the store")
    expect_equal(sum(row.values()), count, "all, in the ledger of the store")
    _, err = weir_ok("top", "src", "--store", "st", cwd=folder)
    expect_in("; dropped as the disk was too slow: %d datagrams" % dropped[1], err)
    _, err = weir_ok("exporters", "--store", "st", cwd=folder)
    expect_in(", %d dropped by the kernel, %d dropped as the journal was full" % tuple(dropped), err)


@case
def who_is_not_allowed_is_in_the_account(folder):
    collector = Watched(folder, "-o", "null", "--allow", "192.0.2.0/24")
    collector.send(v9.Exporter().flows(FLOW), v9.Exporter().flows(FLOW))
    metrics = collector.wait_for_metric(lambda m: m.value("weir_datagrams_refused_total", reason="not_allowed") == 2,
                                        "two")
    expect_equal(metrics.value("weir_datagrams_decoded_total"), 0, "decoded")
    expect_exporters(metrics)
    collector.stop()


@case
def several_workers_are_one_account(folder):
    collector = Watched(folder, "-o", "store:st", "--workers", "3", "--commit", "1s", "-b", "0.0.0.0")
    senders = []
    for last in range(1, 21):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("127.0.1.%d" % last, 0))
        senders.append(sender)
        started.append(sender)
        sender.sendto(v9.Exporter().flows(FLOW), ("127.0.0.1", collector.port))
    metrics = collector.wait_for_metric(lambda m: seen(m) == 20 and m.value("weir_store_rows_total") == 20 and
                                        m.sum("weir_exporter_datagrams_total") == 20, "all")
    expect_equal(metrics.value("weir_workers"), 3, "workers")
    expect_equal(metrics.value("weir_exporters"), 20, "exporters")
    expect_exporters(metrics)
    collector.stop()


@case
def what_was_received_before_a_kill_is_in_the_account(folder):
    port = 20000 + os.getpid() % 20000
    arguments = ("-o", "store:st", "--journal", folder + "/journal", "--commit", "1h")
    collector = Watched(folder, *arguments, ports=[port])
    for _ in range(3):
        collector.send(v9.Exporter().flows(FLOW))
    collector.wait_for_metric(lambda m: m.value("weir_journal_held_datagrams") == 3, "datagrams to be held")
    collector.kill()
    collector = Watched(folder, *arguments, ports=[port])
    collector.send(v9.Exporter().flows(FLOW))
    metrics = collector.wait_for_metric(lambda m: m.value("weir_datagrams_decoded_total") == 4, "all to be decoded")
    expect_equal(metrics.value("weir_datagrams_recovered_total"), 3, "recovered")
    expect_equal(metrics.value("weir_datagrams_received_total"), 1, "received")
    wait_until(lambda: collector.status("readyz") == 200, "it to be ready")
    collector.stop()


PACKAGING = os.path.join(SOURCE_ROOT, "packaging")
NAMES = re.compile(r"\b(?:weir|process)_[a-z_]+\b")


def expressions():
    """(where, expression) of each in the dashboard and in the alert rules."""
    with open(os.path.join(PACKAGING, "grafana", "weir.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield "panel " + panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if "definition" in variable:
            yield "variable " + variable["name"], variable["definition"]
    rules = read_text(os.path.join(PACKAGING, "prometheus", "weir.rules.yml"))
    for alert, expression in re.findall(r"- alert: (\w+)\n +expr: (.*?)\n +(?:for|labels):", rules, re.DOTALL):
        yield "alert " + alert, expression


@case
def dashboard_and_alerts_use_what_is_there(folder):
    collector = Watched(folder, "-o", "store:st", "-o", "b.ndjson", "-o", "udp:127.0.0.1:%d" % free_port())
    collector.send(v9.Exporter().flows(FLOW))
    metrics = collector.wait_for_metric(lambda m: m.value("weir_exporters") == 1, "an exporter")
    collector.stop()
    labels = {}
    for (name, pairs) in metrics:
        labels.setdefault(name, set()).update(key for key, _ in pairs)
    count = 0
    for where, expression in expressions():
        names = NAMES.findall(re.sub(r'"[^"]*"', '""', expression))
        expect(names or "up{" in expression, where + " asks for nothing of ours")
        for name in names:
            expect(name in metrics.types, "%s asks for %s, which there is not" % (where, name))
            count += 1
        for name, chosen in re.findall(r"((?:weir|process)_[a-z_]+)\{([^}]*)\}", expression):
            for label, value in re.findall(r'(\w+)=~?"([^"]*)"', chosen):
                if label in ("instance", "job"):
                    continue
                expect(any(of == name and (label, value) in pairs for of, pairs in metrics),
                       "%s asks for %s with %s=%s, which there is not" % (where, name, label, value))
        for group in re.findall(r"by \(([^)]*)\)", expression):
            for label in group.replace(" ", "").split(","):
                expect(label == "instance" or any(label in labels[name] for name in names),
                       "%s groups by %s, which there is not" % (where, label))
    expect(count > 40, "only %d names were found" % count)


@case
def promtool_accepts_the_alerts(_folder):
    promtool = need("promtool", "promtool, of Debian's package prometheus,")
    done = subprocess.run([promtool, "check", "rules", os.path.join(PACKAGING, "prometheus", "weir.rules.yml")],
                          capture_output=True, text=True, check=False, timeout=30)
    expect_equal(done.returncode, 0, "promtool: " + done.stdout + done.stderr)


def talk(collector, *pieces, read=True):
    """Sends pieces as they are; returns what came back."""
    host, port = re.match(r"http://(.*):(\d+)/", collector.url).groups()
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            answer = b""
            while read and (more := connection.recv(65536)):
                answer += more
            return answer
        except (BrokenPipeError, ConnectionResetError):
            return b""


@case
def garbage_over_http_is_of_no_consequence(folder):
    collector = Watched(folder, "-o", "null")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "GETX", "CONNECT"):
        answer = talk(collector, ("%s /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nabc" %
                                  method).encode())
        expect(b" 405 " in answer.split(b"\n")[0], "%s: %r" % (method, answer[:100]))
    head = talk(collector, b"HEAD /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    expect(head.startswith(b"HTTP/1.1 200 ") and head.endswith(b"\r\n\r\n"), "HEAD: %r" % head[-100:])
    for path in ("/", "/metrics/", "/../../etc/passwd", "/%2e%2e/metrics", "//metrics", "/" + "a" * 5000):
        answer = talk(collector, ("GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path).encode())
        expect(b" 404 " in answer.split(b"\n")[0], "%s: %r" % (path[:20], answer[:100]))
    body = talk(collector, b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000)
    expect(b"weir_flows_total" not in body, "a body was read")
    maker = random.Random(1)
    for _ in range(50):
        talk(collector, maker.randbytes(maker.randrange(1, 3000)) + b"\r\n\r\n")
    for text in (b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 100000, b"GET " + b"/" * 1000000, b"\0" * 100000,
                 b"GET /metrics HTTP/9.9\r\n\r\n", b"\r\n" * 1000,
                 b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked"
                 b"\r\nHost: a\r\n\r\nfffffffffffffffff\r\n"):
        talk(collector, text, read=False)
    idle = [socket.create_connection(re.match(r"http://(.*):(\d+)/", collector.url).groups()) for _ in range(40)]
    for number, connection in enumerate(idle):
        connection.sendall(b"GET /metrics HTTP/1.1\r\nX: y"[:number])
    started.extend(idle)
    collector.send(v9.Exporter().flows(FLOW))
    metrics = collector.wait_for_metric(lambda m: m.value("weir_flows_total") == 1, "idle connections to be closed")
    expect(metrics.value("process_open_fds") < 60, "connections are not closed")
    collector.stop()


@case
def where_it_listens(folder):
    for address, begin in (("0", "http://127.0.0.1:"), ("localhost:0", "http://"), ("127.0.0.2:0", "http://127.0.0.2:"),
                           ("[::1]:0", "http://[::1]:")):
        if address.startswith("[") and not os.path.exists("/proc/net/if_inet6"):
            continue
        collector = Watched(folder, "-o", "null", metrics=address)
        expect(collector.url.startswith(begin), collector.url)
        expect_equal(collector.status("healthz"), 200, "health at " + collector.url)
        taken = collector.url[len("http://"):-len("/metrics")]
        code, _, err = weir("collect", "-p", "0", "--state", "none", "-o", "null", "--metrics", taken, cwd=folder)
        expect_equal(code, 1, "exit code where the port is taken")
        expect_in("cannot serve metrics on " + taken + ": Address already in use", err)
        collector.stop()
    for wrong in ("", "x", ":9105", "65536", "1.2.3.4:", "::1:9105", "[::1]", "[]:1", "[::1:1", "-1"):
        code, _, err = weir("collect", "-p", "0", "--metrics", wrong, cwd=folder)
        expect_equal(code, 2, "exit code of --metrics %r" % wrong)
        expect_in("not [ADDRESS:]PORT", err)


@case
def messages_as_objects(folder):
    collector = Collector(folder, "--log", "json", "--metrics", "0", "-o", "store:st", "--rcvbuf", "1G",
                          listening=False)
    collector.wait_for("Metrics at ")
    port = int(re.search(r"Listening on [^ ]*:(\d+)", collector.log()).group(1))
    collector.send(v9.Exporter().flows(FLOW), port=port)
    base = re.search(r"Metrics at (\S+)metrics", collector.log()).group(1)
    wait_until(lambda: scrape(base + "metrics").value("weir_flows_total") == 1, "the flow")
    collector.process.send_signal(signal.SIGTERM)
    collector.wait_end()
    objects = [json.loads(line) for line in collector.log().splitlines()]
    expect_equal({tuple(entry) for entry in objects}, {("time", "level", "message")}, "keys")
    levels = {entry["message"].split(" ")[0]: entry["level"] for entry in objects}
    expect_equal((levels["Listening"], levels["weir:"]), ("info", "info"), "levels")
    code, _, err = weir("collect", "-p", "0", "--state", "none", "-o", "store:/proc/none", "--log", "json", cwd=folder)
    expect_equal(code, 1, "exit code without a store")
    expect_equal(json.loads(err.splitlines()[-1])["level"], "error", "its level")
    for arguments, text in ((["--log", "xml"], "not text or json"), (["-r", "x", "--log", "json"], "for receiving")):
        code, _, err = weir("collect", *arguments, cwd=folder)
        expect_equal(code, 2, "exit code")
        expect_in(text, err)


@case
def it_is_gone_when_the_collector_ends(folder):
    collector = Watched(folder, "-o", "null")
    connection = socket.create_connection(re.match(r"http://(.*):(\d+)/", collector.url).groups())
    started.append(connection)
    connection.sendall(struct.pack("B", 71))  # and nothing more
    collector.stop(signal.SIGTERM)
    try:
        expect_equal(connection.recv(10), b"", "what the connection gives")
    except ConnectionResetError:
        pass  # its octet had not been read when it ended


run()
