#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_repeater.py: weir collect -o udp:HOST:PORT, at sockets and at a second weir collect.

All of it runs in a network of its own where that is permitted: there is a pair of devices, v0 here, v1 in a second
network."""
import os
import re
import socket
import subprocess
import sys

import netflow_maker as v9
from capture_maker import pcap_of
from own_network import enter_network, need_network
from weir_e2e import (Collector, Skip, case, expect, expect_equal, expect_in, free_port, need, need_ipv6,
                      need_root, run, start, started, weir, weir_ok)

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)


class Receiver:
    def __init__(self, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        started.append(self.socket)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((host, 0))
        self.socket.settimeout(30)
        self.port = self.socket.getsockname()[1]

    def take(self):
        data, source = self.socket.recvfrom(70000)
        return data, source[:2]

    def expect_none(self):
        self.socket.setblocking(False)
        try:
            expect(False, "there is another datagram: %r" % (self.take(),))
        except BlockingIOError:
            pass
        self.socket.settimeout(30)


def numbered(number):
    """A datagram of version 5 without flows that is told from others."""
    datagram = bytearray(24)
    datagram[1] = 5
    datagram[16:20] = number.to_bytes(4, "big")
    return bytes(datagram)


@case
def each_datagram_as_it_came_to_several(folder):
    receivers = [Receiver(), Receiver()]
    outputs = [word for r in receivers for word in ("-o", "udp:127.0.0.1:%d,source=own" % r.port)]
    collector = Collector(folder, *outputs, "-o", "a.ndjson")
    sent = [v9.Exporter().flows(FLOW), b"", b"no export at all", b"\x00\x05" + bytes(3000)]
    collector.send(*sent)
    for receiver in receivers:
        expect_equal([receiver.take()[0] for _ in sent], sent, "what came")
    summary = collector.stop()
    expect_equal(summary.flows, 1, "flows that were decoded besides")
    for receiver in receivers:
        receiver.expect_none()
        expect_in("repeated %d datagrams to 127.0.0.1:%d" % (len(sent), receiver.port), collector.log())
        expect_in("Repeating datagrams to 127.0.0.1:%d, from this machine's address" % receiver.port, collector.log())


@case
def a_second_collector_behind(folder):
    second = Collector(folder, "-D", "-o", "b.ndjson")
    first = Collector(folder, "-o", "udp:127.0.0.1:%d,source=own" % second.port, "-o", "store:store")
    exporter = v9.Exporter()
    for count in range(1, 21):
        first.send(exporter.flows(FLOW))
        second.wait_for("Processed", count=count)
    expect_equal(first.stop().flows, 20, "flows of the first")
    summary = second.stop()
    expect_equal((summary.flows, summary.lost), (20, 0), "flows and loss of the second")


@case
def with_workers_and_ipv6(folder):
    need_ipv6()
    receiver = Receiver("::1")
    collector = Collector(folder, "--workers", "2", "-o", "udp:[::1]:%d,source=own" % receiver.port)
    sent = [numbered(number) for number in range(40)]
    for number, datagram in enumerate(sent):
        collector.send(datagram, host="127.0.0.%d" % (1 + number % 9), exporter=number)
    expect_equal(sorted(receiver.take()[0] for _ in sent), sorted(sent), "what came")
    expect_equal(collector.stop().datagrams, 40, "datagrams")


@case
def the_address_of_the_exporter_is_kept(folder):
    need_network()
    for host in ("127.0.0.1", "::1"):
        receiver = Receiver(host)
        name = "[%s]" % host if ":" in host else host
        collector = Collector(folder, "-o", "udp:%s:%d" % (name, receiver.port))
        expect_in("from the exporters' addresses", collector.log())
        with socket.socket(receiver.socket.family, socket.SOCK_DGRAM) as exporter:
            exporter.bind((host if ":" in host else "127.1.2.3", 0))
            for size in (20, 1400, 9000, 65000):
                exporter.sendto(bytes([0, 9]) + bytes(size), (host, collector.port))
                data, source = receiver.take()
                expect_equal(data, bytes([0, 9]) + bytes(size), "octets")
                expect_equal(source, exporter.getsockname()[:2], "source")
        collector.stop()


@case
def the_address_is_kept_when_the_right_is_given_up(folder):
    """The sockets for it are opened before; nothing that is asked of the kernel later is refused."""
    need_network()
    need_root("--user")
    receiver = Receiver()
    for arguments in ((), ("--user", "nobody", "--journal", "none")):
        collector = Collector(folder, "-o", "udp:127.0.0.1:%d,source=keep" % receiver.port, "-o", "null", *arguments)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as exporter:
            exporter.bind(("127.1.2.3", 0))
            exporter.sendto(numbered(1), ("127.0.0.1", collector.port))
            expect_equal(receiver.take(), (numbered(1), exporter.getsockname()), "what came")
        with open("/proc/%d/status" % collector.process.pid, encoding="ascii") as status:
            expect_in("CapEff:\t0000000000000000\n", status.read())
        collector.stop()
        expect("system call" not in collector.log(), collector.log())


# In the other network: tells what comes to port 9 as lines of source address, port and length.
OTHER = """
import socket, sys
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as receiver:
    receiver.bind(("::", 9))
    print("here", flush=True)
    sys.stdin.readline()
    while True:
        data, source = receiver.recvfrom(70000)
        print(source[0], source[1], len(data), flush=True)
"""


@case
def across_a_network_device_in_fragments(folder):
    need_network()
    other = start([need("unshare", "util-linux"), "-n", sys.executable, "-c", OTHER], stdin=subprocess.PIPE,
                  stdout=subprocess.PIPE, text=True)
    expect_equal(other.stdout.readline(), "here\n", "what the process in the other network says")
    ip = need("ip", "iproute2")
    subprocess.run([ip, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", str(other.pid)], check=True)
    inside = [need("nsenter", "util-linux"), "-t", str(other.pid), "-n", ip]
    for words, device, last in (([ip], "v0", 1), (inside, "v1", 2)):
        subprocess.run([*words, "address", "add", "10.99.0.%d/24" % last, "dev", device], check=True)
        subprocess.run([*words, "address", "add", "fd00:99::%d/64" % last, "dev", device, "nodad"], check=True)
        subprocess.run([*words, "link", "set", device, "up"], check=True)
    # the exporter's network is this machine's too, and the other one has a way back to it
    subprocess.run([ip, "address", "add", "192.0.2.1/24", "dev", "lo"], check=True)
    subprocess.run([ip, "address", "add", "2001:db8::1/64", "dev", "lo", "nodad"], check=True)
    subprocess.run([*inside, "route", "add", "default", "via", "10.99.0.1"], check=True)
    subprocess.run([*inside, "-6", "route", "add", "default", "via", "fd00:99::1"], check=True)
    other.stdin.write("go\n")
    other.stdin.flush()
    for exporter, target in (("192.0.2.1", "10.99.0.2"), ("2001:db8::1", "[fd00:99::2]")):
        collector = Collector(folder, "-o", "udp:%s:9" % target)
        with socket.socket(socket.AF_INET6 if ":" in exporter else socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((exporter, 0))
            for size in (100, 1472, 1473, 9000, 65000):
                sender.sendto(bytes(size), (exporter, collector.port))
                words = other.stdout.readline().split()
                source = "::ffff:" + exporter if "." in exporter else exporter
                expect_equal(words, [source, str(sender.getsockname()[1]), str(size)], "what came")
            collector.send(bytes(50))  # from the loopback device: its address means nothing elsewhere
            words = other.stdout.readline().split()
            expect_equal(words[0].replace("::ffff:", ""), "10.99.0.1" if "." in exporter else "fd00:99::1",
                         "the source of what came from this machine")
        collector.stop()


@case
def without_the_right_to_keep_addresses(folder):
    receiver = Receiver()
    setpriv = [need("setpriv", "util-linux"), "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
    if subprocess.run([*setpriv, "true"], capture_output=True, check=False).returncode != 0:
        setpriv = []
        if os.geteuid() == 0:
            raise Skip("rights cannot be given up here")
    collector = Collector(folder, "-o", "udp:127.0.0.1:%d" % receiver.port, wrapper=setpriv)
    expect_in("from this machine's address, as the exporters' need root or CAP_NET_RAW", collector.log())
    collector.send(numbered(1))
    expect_equal(receiver.take()[0], numbered(1), "what came")
    collector.stop()
    refused = Collector(folder, "-o", "udp:127.0.0.1:%d,source=keep" % receiver.port, wrapper=setpriv, listening=False)
    expect_equal(refused.wait_end(), 1, "exit code with source=keep")
    expect_in("source=own does without", refused.log())


@case
def sampling_lets_templates_through(folder):
    second = Collector(folder, "-D", "-o", "b.ndjson")
    first = Collector(folder, "-D", "-o", "udp:127.0.0.1:%d,sample=4,source=own" % second.port)
    exporter = v9.Exporter()
    first.send(exporter.datagram(v9.data(v9.ID_4, FLOW)))  # the first, which has its turn: it waits for its template
    for _ in range(7):
        first.send(exporter.datagram(v9.data(v9.ID_4, FLOW)))
    first.send(exporter.flows(FLOW))  # the ninth, and with templates
    first.send(exporter.flows(FLOW))  # the tenth, for its templates alone
    first.wait_for("Processed", count=10)
    second.wait_for("Processed", count=4)
    expect_equal(first.stop().flows, 10, "flows of the first")
    expect_equal(second.stop().flows, 4, "flows of the second")
    expect_in("repeated 4 datagrams", first.log())
    expect_in("6 sampled out", first.log())


@case
def from_a_capture(folder):
    receiver = Receiver()
    exporter = v9.Exporter()
    sent = [exporter.flows(FLOW) for _ in range(200)]
    with open(folder + "/a.pcap", "wb") as file:
        file.write(pcap_of([(0, datagram) for datagram in sent]))
    _, err = weir_ok("collect", "-r", "a.pcap", "-o", "udp:127.0.0.1:%d,source=own" % receiver.port, "-o", "null",
                     cwd=folder)
    expect_equal([receiver.take()[0] for _ in sent], sent, "what came")
    expect_in("repeated 200 datagrams", err)


@case
def nobody_listens(folder):
    port = free_port()
    collector = Collector(folder, "-D", "-o", "udp:127.0.0.1:%d,source=own" % port, "-o", "a.ndjson")
    for count in range(1, 4):
        collector.send(v9.Exporter().flows(FLOW))
        collector.wait_for("Processed", count=count)
    collector.wait_for("were refused")
    expect_equal(collector.stop().flows, 3, "flows")
    expect_in("nobody listens there", collector.log())


@case
def what_would_come_back_is_refused(folder):
    port = free_port()
    for target, arguments in (("127.0.0.1:%d", ()), ("127.0.0.9:%d", ()), ("localhost:%d", ("-b", "127.0.0.1")),
                              ("0.0.0.0:%d", ("-b", "127.0.0.1"))):
        code, _, err = weir("collect", "-p", str(port), *arguments, "--state", "none", "--journal", "none",
                            "-o", "udp:" + target % port, cwd=folder)
        expect_equal(code, 1, "exit code for " + target)
        expect_in("would come back to this collector", err)


@case
def what_is_not_written_as_it_should_be(folder):
    for output, code, text in (("udp:127.0.0.1", 2, "names no port"), ("udp:::1:2055", 2, "in brackets"),
                               ("udp:127.0.0.1:99,sample=0", 2, "sample="),
                               ("udp:127.0.0.1:99,colour=red", 2, "not known"),
                               ("udp:no-such-host.invalid:99", 1, "no-such-host.invalid")):
        got, _, err = weir("collect", "-p", "0", "--state", "none", "-o", output, cwd=folder)
        expect_equal(got, code, "exit code for " + output)
        expect_in(text, err)
        expect(re.match("weir collect: ", err), err)
        got, out, err = weir("collect", "--check", "-p", "0", "--state", "none", "-o", output, cwd=folder)
        expect(got != 0, "--check found nothing wrong with " + output)
        expect_in(text, out + err)


@case
def multicast(folder):
    need_network()
    subprocess.run([need("ip", "iproute2"), "route", "add", "239.0.0.0/8", "dev", "lo"], check=True)
    second = Collector(folder, "-D", "-b", "239.1.2.3%lo", "-o", "b.ndjson")
    first = Collector(folder, "-o", "udp:239.1.2.3:%d" % second.port)
    first.send(v9.Exporter().flows(FLOW))
    second.wait_for("Processed")
    first.stop()
    expect_equal(second.stop().flows, 1, "flows")


enter_network()
run()
