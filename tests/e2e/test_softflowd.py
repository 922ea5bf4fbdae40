#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_softflowd.py: real traffic on the loopback interface, seen by a real exporter, collected and analyzed. What Weir
tells is compared with what the test itself has transferred."""
import atexit
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import capture_maker
import weir_e2e
from weir_e2e import (Collector, Skip, case, expect, expect_equal, expect_in, flows_of, load_lines, load_object, need,
                      need_ipv6, read_text, run, wait_until, weir_ok)

PUSH = [sys.executable, os.path.join(weir_e2e.SOURCE_ROOT, "tools", "demo_traffic.py"), "push"]
PING_HOST = "127.0.0.77"  # an address that nobody else pings
PING_COUNT, PING_OCTETS = 5, 84  # an IPv4 packet with ping's 56 octets of data
PORTS_WITH_NAMES = (8080, 5222, 6667, 8081)
UDP_COUNT, UDP_OCTETS = 200, 1000
MEBIBYTE = 1 << 20
TCP_INFO_RESENT = 208  # where tcpi_bytes_retrans is in the struct tcp_info of Linux 4.19 and later

result = None  # of the one run that all cases look at


class Transfer:
    """Octets over TCP. `name` is free text; the client's port tells its flows from others."""

    def __init__(self, name, family, size_bytes, upload=False):
        self.name, self.family, self.size_bytes, self.upload = name, family, size_bytes, upload
        self.host = "127.0.0.1" if family == socket.AF_INET else "::1"
        self.client_port = self.server_port = 0
        self.resent_bytes = 0


def resent_bytes(connection):
    """Payload that this end has sent more than once. A busy machine makes TCP impatient even on loopback, and an
    exporter rightly counts what passes, as often as it passes."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_RESENT + 8)
    return struct.unpack_from("=Q", info, TCP_INFO_RESENT)[0] if len(info) >= TCP_INFO_RESENT + 8 else 0


class Server(threading.Thread):
    """Answers a line `SIZE` with so many octets, and `-SIZE` by taking so many."""

    def __init__(self, family, host, ports):
        super().__init__(daemon=True)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for port in (*ports, 0):
            try:
                self.socket.bind((host, port))
                break
            except OSError:
                continue
        self.socket.listen(16)
        self.port = self.socket.getsockname()[1]
        self.threads = []
        self.resent_bytes = {}  # by the client's port

    def run(self):
        while True:
            try:
                peer, address = self.socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(peer, address[1]), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, peer, client_port):
        with peer:
            peer.settimeout(weir_e2e.PATIENCE_S)
            size_bytes = int(peer.makefile("rb", 0).readline())
            if size_bytes >= 0:
                peer.sendall(bytes(size_bytes))
                peer.recv(1)  # the client closes when it has all
                self.resent_bytes[client_port] = resent_bytes(peer)
            else:
                take(peer, -size_bytes)
                peer.sendall(b"+")


def take(peer, size_bytes):
    while size_bytes > 0:
        got = len(peer.recv(min(size_bytes, 1 << 16)))
        if got == 0:
            raise OSError("the connection ended early")
        size_bytes -= got


def transfer_tcp(transfer, server_port, failures):
    try:
        with socket.create_connection((transfer.host, server_port), timeout=weir_e2e.PATIENCE_S) as client:
            transfer.client_port, transfer.server_port = client.getsockname()[1], server_port
            client.sendall(b"%d\n" % (-transfer.size_bytes if transfer.upload else transfer.size_bytes))
            if transfer.upload:
                client.sendall(bytes(transfer.size_bytes))
            take(client, 1 if transfer.upload else transfer.size_bytes)
            transfer.resent_bytes = resent_bytes(client) if transfer.upload else 0
    except OSError as error:
        failures.append("%s: %s" % (transfer.name, error))


def transfer_udp(family, host, server):
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.connect((host, server.getsockname()[1]))
        for _ in range(UDP_COUNT):
            client.send(bytes(UDP_OCTETS))
            server.recv(UDP_OCTETS)
        return client.getsockname()[1]


class Run:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="weir-e2e-softflowd-")
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.failure = None
        self.text_while_running = ""

    def path(self, name):
        return os.path.join(self.folder, name)

    def control(self, command):
        done = subprocess.run([need("softflowctl", "softflowd"), "-c", self.path("control"), command],
                              capture_output=True, text=True, timeout=30, check=False)
        return done.stdout if done.returncode == 0 else ""

    def start_softflowd(self, collector, tcp_ports, udp_ports):
        if os.geteuid() == 0:
            os.makedirs("/run/softflowd/chroot", exist_ok=True)
        ports = " or ".join("port %d" % port for port in tcp_ports + udp_ports)
        program = "%s or (icmp and host %s) or (icmp6 and ip6[40] >= 128 and ip6[40] <= 129) or ether proto 0x88b5"
        with open(self.path("softflowd.txt"), "wb") as log:
            process = weir_e2e.start(
                [need("softflowd"), "-i", "lo", "-d", "-v", "9", "-n", "127.0.0.1:%d" % collector.port, "-p",
                 self.path("pid"), "-c", self.path("control"), "-B", "16777216", "-t", "maxlife=300", "-t",
                 "expint=60", program % (ports, PING_HOST)], stdout=log, stderr=log)
        wait_until(lambda: self.control("statistics") or process.poll() is not None, "softflowd")
        if process.poll() is not None:
            raise Skip("softflowd cannot listen on lo: " + read_text(self.path("softflowd.txt")).strip()[-200:])
        return process

    def flush_softflowd(self):
        """libpcap hands packets over in blocks; frames that softflowd ignores push the last ones through."""
        def through():
            subprocess.run(PUSH, timeout=30, check=True)
            return re.search(r"Ignored packets: [1-9]", self.control("statistics"))
        wait_until(through, "softflowd to see the last packet")
        self.control("expire-all")

    def move(self):
        """All transfers; fills in what was moved."""
        has_ipv6 = socket.AF_INET6 in self.servers
        families = [socket.AF_INET] + ([socket.AF_INET6] if has_ipv6 else [])
        self.transfers = [Transfer("download", family, 3 * MEBIBYTE) for family in families]
        self.transfers += [Transfer("upload", family, 2 * MEBIBYTE, upload=True) for family in families]
        self.transfers += [Transfer("one of several %d" % number, family, MEBIBYTE // 2 + 70000 * number)
                           for number in range(4) for family in families]
        failures = []
        threads = [threading.Thread(target=transfer_tcp, args=(transfer, self.servers[transfer.family].port, failures))
                   for transfer in self.transfers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(failures == [], "transfers failed: %s" % failures)
        for server in self.servers.values():
            for thread in server.threads:
                thread.join(weir_e2e.PATIENCE_S)
        for transfer in self.transfers:
            if not transfer.upload:
                transfer.resent_bytes = self.servers[transfer.family].resent_bytes[transfer.client_port]
        self.udp_ports = {family: (transfer_udp(family, "127.0.0.1" if family == socket.AF_INET else "::1", server),
                                   server.getsockname()[1]) for family, server in self.udp_servers.items()}
        ping = need("ping", "iputils-ping")
        for arguments in [["-4", PING_HOST]] + ([["-6", "::1"]] if has_ipv6 else []):
            subprocess.run([ping, "-q", "-c", str(PING_COUNT), "-i", "0.2", *arguments], stdout=subprocess.DEVNULL,
                           timeout=30, check=True)

    def flow_count_wanted(self):
        return 2 * len(self.transfers) + len(self.udp_ports) + 2 * len(self.udp_ports)

    def make(self):
        need("softflowd")
        need("ping", "iputils-ping")
        self.servers = {socket.AF_INET: Server(socket.AF_INET, "127.0.0.1", PORTS_WITH_NAMES)}
        self.udp_servers = {socket.AF_INET: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)}
        self.udp_servers[socket.AF_INET].bind(("127.0.0.1", 0))
        try:
            need_ipv6()
            self.servers[socket.AF_INET6] = Server(socket.AF_INET6, "::1", (self.servers[socket.AF_INET].port,))
            self.udp_servers[socket.AF_INET6] = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            self.udp_servers[socket.AF_INET6].bind(("::1", 0))
        except Skip:
            pass
        for server in self.servers.values():
            server.start()
        with open(self.path("text"), "wb") as text:
            collector = Collector(self.folder, "-b", "127.0.0.1", "-n", "-o", "flows.json", "-o", "flows.ndjson", "-o",
                                  "text", stdout=text)
        softflowd = self.start_softflowd(collector, [server.port for server in self.servers.values()],
                                         [server.getsockname()[1] for server in self.udp_servers.values()])
        self.move()
        self.flush_softflowd()
        wait_until(lambda: self.flows_seen() >= self.flow_count_wanted(),
                   lambda: "%d flows; there are %d, and softflowd says %s" % (
                       self.flow_count_wanted(), self.flows_seen(), self.control("statistics")))
        wait_until(lambda: len(read_text(self.path("text")).splitlines()) >= len(self.transfers),
                   lambda: "lines of text while the collector runs: " + read_text(self.path("text")))
        self.text_while_running = read_text(self.path("text"))
        softflowd.terminate()
        softflowd.wait(timeout=30)
        self.summary = collector.stop()
        for server in (*self.servers.values(), *self.udp_servers.values()):
            (server.socket if isinstance(server, Server) else server).close()
        self.flows = flows_of(load_object(self.path("flows.json")))

    def flows_seen(self):
        try:
            lines = read_text(self.path("flows.ndjson"))
            return sum(len(entry["flows"]) for _, entry in load_lines(lines[:lines.rfind("\n") + 1]))
        except FileNotFoundError:
            return 0

    def octets(self, **fields):
        """IN_BYTES and IN_PKTS of the flows with these fields, together: a flow may come in pieces."""
        chosen = [flow for flow in self.flows if all(flow.get(name) == value for name, value in fields.items())]
        expect(chosen, "no flow with %s among %s" % (fields, self.flows))
        return sum(flow["IN_BYTES"] for flow in chosen), sum(flow["IN_PKTS"] for flow in chosen)


def the_run():
    """Makes the traffic once for all cases. What hindered it hinders all."""
    global result
    if result is None:
        result = Run()
        try:
            result.make()
        except Exception as failure:
            result.failure = failure
            raise
    if result.failure is not None:
        raise result.failure
    return result


def close_to(octets, transfer):
    most = transfer.size_bytes + transfer.resent_bytes
    return transfer.size_bytes <= octets <= most * 1.05 + 2000


def check_transfers(family, name):
    made = the_run()
    if family not in made.servers:
        raise Skip("there is no IPv6 on the loopback interface")
    chosen = [t for t in made.transfers if t.family == family and t.name.startswith(name)]
    expect(chosen, "nothing was transferred")
    for transfer in chosen:
        there, _ = made.octets(PROTOCOL=6, L4_SRC_PORT=transfer.client_port, L4_DST_PORT=transfer.server_port)
        back, _ = made.octets(PROTOCOL=6, L4_SRC_PORT=transfer.server_port, L4_DST_PORT=transfer.client_port)
        larger, smaller = (there, back) if transfer.upload else (back, there)
        expect(close_to(larger, transfer), "%s: %d octets moved, %d of them twice, %d seen" %
               (transfer.name, transfer.size_bytes, transfer.resent_bytes, larger))
        expect(100 < smaller < 0.05 * transfer.size_bytes + 2000, "%s: %d octets in the other direction" %
               (transfer.name, smaller))


@case
def tcp_over_ipv4(_):
    check_transfers(socket.AF_INET, "download")
    check_transfers(socket.AF_INET, "upload")


@case
def tcp_over_ipv6(_):
    check_transfers(socket.AF_INET6, "download")
    check_transfers(socket.AF_INET6, "upload")


@case
def several_connections_at_once(_):
    check_transfers(socket.AF_INET, "one of several")
    if socket.AF_INET6 in the_run().servers:
        check_transfers(socket.AF_INET6, "one of several")


def check_udp(family, header_bytes):
    made = the_run()
    if family not in made.udp_ports:
        raise Skip("there is no IPv6 on the loopback interface")
    client_port, server_port = made.udp_ports[family]
    expect_equal(made.octets(PROTOCOL=17, L4_SRC_PORT=client_port, L4_DST_PORT=server_port),
                 (UDP_COUNT * (UDP_OCTETS + header_bytes), UDP_COUNT), "octets and packets")


@case
def udp_over_ipv4(_):
    check_udp(socket.AF_INET, 28)


@case
def udp_over_ipv6(_):
    check_udp(socket.AF_INET6, 48)


@case
def icmp(_):
    made = the_run()
    octets, packets = made.octets(PROTOCOL=1, IPV4_DST_ADDR=PING_HOST)
    expect_equal((octets, packets), (PING_COUNT * PING_OCTETS, PING_COUNT), "echo requests")
    octets, packets = made.octets(PROTOCOL=1, IPV4_SRC_ADDR=PING_HOST)
    expect_equal((octets, packets), (PING_COUNT * PING_OCTETS, PING_COUNT), "echo replies")


@case
def icmp_over_ipv6(_):
    made = the_run()
    if socket.AF_INET6 not in made.servers:
        raise Skip("there is no IPv6 on the loopback interface")
    octets, packets = made.octets(PROTOCOL=58)
    expect(packets >= 2 * PING_COUNT and octets >= packets * (PING_OCTETS + 20), "%d octets, %d packets" %
           (octets, packets))


@case
def analyze_tells_what_was_moved(_):
    made = the_run()
    out, _ = weir_ok("analyze", "-n", "--min-size", "0", "--json", made.path("flows.json"))
    connections = [json.loads(line) for line in out.splitlines()]
    for transfer in made.transfers:
        ends = {transfer.client_port, transfer.server_port}
        found = [c for c in connections if {c["from"]["port"], c["to"]["port"]} == ends and c["protocol_number"] == 6]
        expect_equal(len(found), 1, "connections for the %s to port %d" % (transfer.name, transfer.client_port))
        connection = found[0]
        sender = transfer.client_port if transfer.upload else transfer.server_port
        expect_equal((connection["from"]["port"], connection["from"]["address"], connection["paired"]),
                     (sender, transfer.host, True), "who sent more, and whether both directions were found")
        expect(close_to(connection["size"], transfer), "%d octets moved, %d shown" %
               (transfer.size_bytes, connection["size"]))
    # A ping is one connection: requests one way, replies the other.
    pings = [c for c in connections if PING_HOST in (c["from"]["address"], c["to"]["address"])]
    expect_equal([(c["paired"], c["size"], c["size_back"]) for c in pings],
                 [(True, PING_COUNT * PING_OCTETS, PING_COUNT * PING_OCTETS)], "pings")


def service_name(port):
    try:
        return socket.getservbyport(port, "tcp").upper()
    except OSError:
        return "UNKNOWN"


@case
def analyze_prints_the_line_of_the_original(_):
    made = the_run()
    out, _ = weir_ok("analyze", "-n", made.path("flows.json"))
    wanted = sum(transfer.size_bytes > MEBIBYTE for transfer in made.transfers)
    expect_equal(len(out.splitlines()), wanted, "lines of more than a mebibyte in " + out)
    for line in out.splitlines():
        expect(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d\.\d\d: \S+ from (\S+) \(\1\) to (\S+) \(\2\) size \d\.\d\dM",
                            line), "this is not the line: " + line)
    service = service_name(made.servers[socket.AF_INET].port)
    expect_in(": %s from 127.0.0.1 (127.0.0.1) to 127.0.0.1 (127.0.0.1) size 3.0" % service, out)


@case
def text_shows_connections_while_they_come(_):
    made = the_run()
    service = service_name(made.servers[socket.AF_INET].port)
    expect_in(": %s from 127.0.0.1 (127.0.0.1) to 127.0.0.1 (127.0.0.1) size 3.0" % service, made.text_while_running)
    expect_in("%s (%s)" % (PING_HOST, PING_HOST), read_text(made.path("text")))


@case
def nothing_is_lost_on_the_way(_):
    made = the_run()
    expect_equal(made.summary.lost, 0, "lost")
    expect_equal(made.summary.flows, len(made.flows), "flows of the summary and the file")
    lines = load_lines(read_text(made.path("flows.ndjson")))
    expect_equal(sum(len(entry["flows"]) for _, entry in lines), len(made.flows), "flows of both files")
    expect_equal({entry["header"]["version"] for _, entry in lines}, {9}, "the version")


def end_of_softflowd(process, control):
    """One that reads a capture sleeps on its control socket before it reads; each command wakes it up."""
    def ended():
        subprocess.run([need("softflowctl", "softflowd"), "-c", control, "statistics"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=30, check=False)
        return process.poll() is not None
    wait_until(ended, "the end of softflowd")
    expect_equal(process.returncode, 0, "exit code of softflowd")


@case
def two_on_one_machine_are_two(folder):
    """Each counts by itself; taken for one, they would leave gaps."""
    softflowd, count = need("softflowd"), 900
    if os.geteuid() == 0:
        os.makedirs("/run/softflowd/chroot", exist_ok=True)
    capture = weir_e2e.write_file(folder, "in.pcap", capture_maker.pcap(
        (number / 1000, capture_maker.ethernet(capture_maker.ip(capture_maker.udp(b"x" * 100, 20000 + number))))
        for number in range(count)))
    for version in ("5", "9", "10"):
        collector = Collector(folder, "-o", "null", "-D")
        both = {os.path.join(folder, name): None for name in ("a" + version, "b" + version)}
        for control in both:
            both[control] = weir_e2e.start(
                [softflowd, "-d", "-r", capture, "-v", version, "-n", "127.0.0.1:%d" % collector.port, "-p",
                 control + ".pid", "-c", control], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for control, process in both.items():
            end_of_softflowd(process, control)
        summary = collector.stop()
        expect_equal((summary.flows, summary.lost), (2 * count, 0), "flows and loss with version %s" % version)
        rows = [line.split() for line in summary.text.splitlines() if line.startswith("  127.0.0.1 ")]
        expect_equal(rows, [["127.0.0.1", "2", str(summary.datagrams), str(2 * count), "0", "0", "0"]],
                     "the exporter's row with version %s, in %s" % (version, summary.text))


if __name__ == "__main__":
    run()
