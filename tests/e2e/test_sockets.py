#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_sockets.py: what weir collect receives by: groups, devices, sockets that were passed on, buffers, rights.

All of it runs in a network of its own, with a pair of devices: v0 is here, v1 in a second network, where the exporter
is."""
import os
import signal
import socket
import subprocess
import sys

import netflow_maker as v9
import weir_e2e
from own_network import EXPORTER, HERE, enter_network, make_network, need_network
from store_reader import all_segment_paths, parts
from weir_e2e import (Collector, case, expect, expect_equal, expect_in, load_lines, need, need_root, queue_of,
                      read_text, run, wait_until, weir)

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)

# In the other network: sends what stands in hex on standard input to HOST PORT, from its device.
SENDER = """
import socket, sys
host, port = sys.argv[1:3]
with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sender:
    if ":" in host:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("v1"))
    else:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.99.0.2"))
    for line in sys.stdin:
        sender.sendto(bytes.fromhex(line), (host, int(port)))
"""


def send_from(other, host, port, *datagrams):
    text = "".join(datagram.hex() + "\n" for datagram in datagrams)
    subprocess.run(["nsenter", "-t", str(other.pid), "-n", sys.executable, "-c", SENDER, host, str(port)], input=text,
                   text=True, check=True, timeout=30)


def clients(folder):
    return [entry["client"][0] for _, entry in load_lines(read_text(folder + "/a.ndjson"))]


@case
def an_exporter_behind_a_network_device(folder):
    other = make_network()
    collector = Collector(folder, "-D", "-o", "a.ndjson")
    for count, family in enumerate((4, 6), 1):
        send_from(other, HERE[family], collector.port, v9.Exporter().flows(FLOW))
        collector.wait_for("Processed", count=count)
    expect_equal(collector.stop().flows, 2, "flows")
    expect_equal(clients(folder), [EXPORTER[4], EXPORTER[6]], "the exporters")


@case
def multicast_groups_of_both_families(folder):
    other = make_network()
    groups = ("239.1.2.3", "ff15::1234")
    collector = Collector(folder, "-D", "-b", groups[0] + "%v0", "-b", groups[1], "--device", "v0", "-o", "a.ndjson",
                          ports=[2055])
    collector.wait_for("Listening on 239.1.2.3%v0:2055\n")
    collector.wait_for("Listening on [ff15::1234%v0]:2055\n")
    send_from(other, "239.1.2.4", 2055, v9.Exporter().flows(FLOW))  # a group that was not joined
    send_from(other, HERE[4], 2055, v9.Exporter().flows(FLOW))  # no group
    for count, group in enumerate(groups, 1):
        send_from(other, group, 2055, v9.Exporter().flows(FLOW))
        collector.wait_for("Processed", count=count)
    expect_equal(collector.stop().datagrams, 2, "datagrams")
    expect_equal(clients(folder), [EXPORTER[4], EXPORTER[6]], "the exporters")


@case
def a_group_by_no_device(folder):
    need_network()
    code, _, err = weir("collect", "-p", "0", "-b", "239.1.2.3", "--state", "none", "-o", "null", cwd=folder)
    expect_equal(code, 1, "exit code")
    expect_in("cannot join the multicast group 239.1.2.3", err)
    expect_in("--device", err)


@case
def what_comes_in_by_one_device_only(folder):
    other = make_network()
    collector = Collector(folder, "-D", "--device", "v0", "-o", "a.ndjson")
    collector.send(v9.Exporter().flows(FLOW))  # by the loopback device
    send_from(other, HERE[4], collector.port, v9.Exporter().flows(FLOW))
    collector.wait_for("Processed")
    expect_equal(collector.stop().datagrams, 1, "datagrams")
    expect_equal(clients(folder), [EXPORTER[4]], "the exporters")


@case
def all_of_ipv6_is_ipv4_too_unless_that_is_named(folder):
    need_network()
    for arguments, count in ((["-b", "::"], 1), (["-b", "[::]", "-b", "0.0.0.0"], 2)):
        collector = Collector(folder, "-D", *arguments, "-o", "null", ports=[2055])
        collector.wait_for("Listening on", count=count)
        expect_equal("IPv4 and IPv6" in collector.log(), count == 1, "one socket for both")
        collector.send(v9.Exporter().flows(FLOW))
        collector.wait_for("Received data from 127.0.0.1")
        collector.send(v9.Exporter().flows(FLOW), host="::1")
        collector.wait_for("Received data from ::1")
        expect_equal(collector.stop().flows, 2, "flows")


def passing(*passed):
    """How to start a program as systemd does with a socket unit."""
    places = " ".join("%d<&%d" % (3 + i, one.fileno()) for i, one in enumerate(passed))
    return ["bash", "-c", 'LISTEN_PID=$$ LISTEN_FDS=%d exec "$0" "$@" %s' % (len(passed), places)]


@case
def a_socket_that_was_passed_on_outlives_the_program(folder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as passed:
        passed.bind(("127.0.0.1", 0))
        port = passed.getsockname()[1]
        exporter = v9.Exporter()
        for number in range(3):
            collector = None
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:  # while nobody receives
                sender.sendto(exporter.flows(v9.numbered_flow(number)), ("127.0.0.1", port))
            collector = Collector(folder, "-D", "--state", folder + "/state", "-o", "a.ndjson", ports=[],
                                  wrapper=passing(passed), pass_fds=[passed.fileno()])
            expect_in("Listening on 127.0.0.1:%d\n" % port, collector.log())
            collector.wait_for("Processed")
            expect_equal(collector.stop().datagrams, 1, "datagrams")
        octets = [entry["flows"][0]["IN_BYTES"] for _, entry in load_lines(read_text(folder + "/a.ndjson"))]
        expect_equal(octets, [0, 1, 2], "the flows")
        expect_equal(os.listdir(folder + "/state"), ["collect-%d.state" % port], "the name of the state")


def shared_sockets(count):
    """On one port, as systemd binds them with ReusePort=yes."""
    port, sockets = 0, []
    for _ in range(count):
        sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        weir_e2e.started.append(sockets[-1])
        sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sockets[-1].bind(("127.0.0.1", port))
        port = sockets[-1].getsockname()[1]
    return sockets


def run_on(passed, folder, *arguments, datagrams):
    """A collector of three workers that receives by what was passed on, until it has all. Returns what it told."""
    collector = Collector(folder, "-D", "--workers", "3", "--state", folder + "/state", *arguments, ports=[],
                          wrapper=passing(*passed), pass_fds=[one.fileno() for one in passed])
    for host, datagram in datagrams:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((host, 0))
            sender.sendto(datagram, passed[0].getsockname())
    collector.wait_for("Processed", count=len(datagrams))
    summary = collector.stop()
    expect_equal(summary.flows, len(datagrams), "flows: " + summary.text)
    return collector.log()


@case
def several_workers_share_sockets_that_were_passed_on(folder):
    """Each exporter has its worker, which knows its template after a restart, too, when it comes from another port."""
    hosts = ["127.0.5.%d" % number for number in range(1, 13)]
    exporters = [v9.Exporter() for _ in hosts]
    for count, writers in ((3, 3), (2, 2), (5, 3), (1, 1)):
        place = "%s/%d" % (folder, count)
        os.mkdir(place)
        passed = shared_sockets(count)
        first = [(host, exporter.flows(FLOW)) for host, exporter in zip(hosts, exporters)]
        log = run_on(passed, place, "-o", "store:store", datagrams=first)
        expect_equal(log.count("Listening on "), 1, "addresses")
        expect_equal("Note: %d of 3 workers receive on" % count in log, count < 3, "told of idle workers: " + log)
        stored_by = {parts(path)[1] for path in all_segment_paths(place + "/store")}
        expect_equal(len(stored_by), writers, "workers that stored")
        second = [(host, exporter.datagram(v9.data(v9.ID_4, FLOW))) for host, exporter in zip(hosts, exporters)]
        run_on(passed, place, "-o", "null", datagrams=second)


@case
def sockets_that_were_passed_on_and_cannot_be_shared(folder):
    passed = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for one in passed:
        weir_e2e.started.append(one)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last one alone gets anything
        one.bind(passed[0].getsockname() if one is passed[1] else ("127.0.0.1", 0))
    done = subprocess.run([*passing(*passed), weir_e2e.weir_path, "collect", "--workers", "2", "-o", "null"],
                          cwd=folder, pass_fds=[one.fileno() for one in passed], capture_output=True, text=True,
                          timeout=30, check=False)
    expect_equal(done.returncode, 1, "exit code")
    expect_in("ReusePort=yes", done.stderr)


@case
def passed_on_and_asked_for_besides(folder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as passed:
        passed.bind(("127.0.0.1", 0))
        for arguments in (["-p", "2055"], ["-b", "127.0.0.1"], ["--device", "lo"]):
            done = subprocess.run([*passing(passed), weir_e2e.weir_path, "collect", "-o", "null", *arguments],
                                  cwd=folder, pass_fds=[passed.fileno()], capture_output=True, text=True, timeout=30,
                                  check=False)
            expect_equal(done.returncode, 2, "exit code")
            expect_in("1 sockets were passed on by the service manager", done.stderr)


@case
def a_socket_that_was_passed_on_and_is_none_of_udp(folder):
    with open("/dev/null", encoding="ascii") as passed:
        done = subprocess.run([*passing(passed), weir_e2e.weir_path, "collect", "-o", "null"], cwd=folder,
                              pass_fds=[passed.fileno()], capture_output=True, text=True, timeout=30, check=False)
        expect_equal(done.returncode, 1, "exit code")
        expect_in("ListenDatagram=", done.stderr)


@case
def what_a_full_buffer_drops_is_counted_to_the_last(folder):
    collector = Collector(folder, "--rcvbuf", "64K", "-o", "null")
    exporter = v9.Exporter()
    collector.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: read_text("/proc/%d/stat" % collector.process.pid).rsplit(")", 1)[1].split()[0] == "T",
               "the collector to stop")
    collector.send(*(exporter.flows(v9.numbered_flow(number)) for number in range(1000)))
    collector.process.send_signal(signal.SIGCONT)
    wait_until(lambda: queue_of(collector.port) == 0, "an empty queue")
    summary = collector.stop()
    dropped = summary.number("dropped by the kernel")
    expect(summary.datagrams > 0 and dropped > 0, "datagrams or drops are missing: " + summary.text)
    expect_equal(summary.datagrams + dropped, 1000, "received and dropped")


@case
def a_buffer_too_small_for_what_comes_is_told_of_once(folder):
    collector = Collector(folder, "--rcvbuf", "4K", "-o", "null")
    exporter = v9.Exporter()

    def told():
        collector.send(*(exporter.flows(FLOW) for _ in range(10)))
        return collector.log().count("Note: the receive buffer of 4 KB")
    wait_until(told, "advice")
    expect_in("; --rcvbuf ", collector.log())
    expect_equal(collector.stop().text.count("Note: "), 0, "notes behind the summary")
    expect_equal(collector.log().count("Note: the receive buffer"), 1, "how often it is told")


def as_nobody():
    need_root("being somebody else")
    return [need("setpriv", "util-linux"), "--reuid", "65534", "--regid", "65534", "--clear-groups"]


@case
def without_rights(folder):
    need_network()
    wrapper = as_nobody()
    collector = Collector(folder, "--rcvbuf", "1G", "--busy-poll", "50", "-o", "null", wrapper=wrapper)
    collector.wait_for("KB of the 1048576 KB asked for; 'sysctl -w net.core.rmem_max=1073741824' allows it")
    collector.stop()
    done = subprocess.run([*wrapper, weir_e2e.weir_path, "collect", "-p", "80", "-o", "null", "--state", "none"],
                          cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    expect_equal(done.returncode, 1, "exit code")
    expect_in("ports below 1024 are for root", done.stderr)


@case
def options_that_make_no_sense(folder):
    for arguments in (["--rcvbuf", "4095"], ["--rcvbuf", "2G"], ["--rcvbuf", "x"], ["--busy-poll", "0"],
                      ["--busy-poll", "1000001"], ["--busy-poll", "1ms"], ["--device", ""], ["--device", "x" * 16],
                      ["-r", "a.pcap", "--device", "lo"], ["-r", "a.pcap", "--rcvbuf", "1M"]):
        code, _, err = weir("collect", *arguments, "-o", "null", cwd=folder)
        expect_equal(code, 2, "exit code of " + " ".join(arguments))
        expect_in("weir collect --help", err)


if __name__ == "__main__":
    enter_network()
    run()
