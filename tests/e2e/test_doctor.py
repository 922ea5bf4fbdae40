#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_doctor.py: weir doctor finds what was made wrong, and nothing else."""
import datetime
import glob
import json
import os
import socket
import struct
import subprocess
import time

import netflow_maker as v9
import weir_e2e
from capture_maker import START_S, pcap_of
from weir_e2e import (Collector, Skip, case, expect, expect_equal, expect_in, free_port, need_root, own_mounts, run, start,
                      wait_until, weir, weir_ok)

weir_e2e.use_venv()
import pyarrow.parquet  # noqa: E402: it is there from here on

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)
NOW = int(time.time())

UDP_HEAD = ("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
            "pointer drops\n")
UDP_LINE = ("%5d: 00000000:%04X 00000000:0000 07 00000000:%08X 00:00000000 00000000     0        0 61442 2 "
            "ffff888003a4e000 %d\n")
SNMP = ("Ip: Forwarding DefaultTTL\nIp: 1 64\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors "
        "InCsumErrors\nUdp: 1000 5 %d 567 %d 0 %d\nUdpLite: InDatagrams NoPorts\nUdpLite: 0 0\n")


def make_proc(folder, rmem_max=67108864, buffer_errors=0, checksum_errors=0, sockets=()):
    """A folder with what the kernel tells; `sockets` are port, octets that wait, drops."""
    proc = os.path.join(folder, "proc")
    os.makedirs(proc + "/net", exist_ok=True)
    os.makedirs(proc + "/sys/net/core", exist_ok=True)
    files = {"sys/net/core/rmem_max": "%d\n" % rmem_max,
             "net/snmp": SNMP % (buffer_errors, buffer_errors, checksum_errors),
             "net/snmp6": "Udp6InDatagrams         \t24\nUdp6RcvbufErrors        \t%d\n" % buffer_errors,
             "net/udp": UDP_HEAD + "".join(UDP_LINE % (number, *each) for number, each in enumerate(sockets)),
             "net/udp6": UDP_HEAD}
    for name, text in files.items():
        with open(os.path.join(proc, name), "w", encoding="ascii") as file:
            file.write(text)
    return {"WEIR_DOCTOR_PROC": proc}


def tool(folder, name, text, code=0):
    """A program that writes a text."""
    tools = os.path.join(folder, "tools")
    os.makedirs(tools, exist_ok=True)
    path = os.path.join(tools, name)
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\ncat <<'END'\n%s\nEND\nexit %d\n" % (text, code))
    os.chmod(path, 0o755)
    return {"PATH": tools + ":" + os.environ["PATH"]}


def no_rules(folder):
    environment = tool(folder, "nft", "")
    tool(folder, "iptables-save", "")
    return environment


def findings_of(code, out):
    """By check: a list of (status, text, advice)."""
    found = {}
    for finding in json.loads(out):
        expect_equal(sorted(finding), ["advice", "check", "status", "text"], "keys")
        found.setdefault(finding["check"], []).append((finding["status"], finding["text"], finding["advice"]))
        expect(finding["status"] == "ok" or finding["advice"] or "more exporters" in finding["text"],
               "no advice: %r" % (finding,))
    bad = any(status == "bad" for each in found.values() for status, _, _ in each)
    expect_equal(code, 1 if bad else 0, "exit code")
    return found


def doctor(folder, *arguments, code=None, **environment):
    """What is found."""
    got, out, err = weir("doctor", "-o", "json", *arguments, cwd=folder, env={**os.environ, **environment})
    expect_equal(err, "", "standard error")
    if code is not None:
        expect_equal(got, code, "exit code")
    return findings_of(got, out)


def status(found, check):
    return [each[0] for each in found.get(check, [])]


@case
def a_machine_that_is_well(folder):
    found = doctor(folder, "-p", str(free_port()), "--store", folder, **make_proc(folder), **no_rules(folder))
    for check in ("rmem_max", "udp", "port", "firewall", "disk_speed"):
        expect_equal(status(found, check), ["ok"], check)
    expect_equal([name for name in os.listdir(folder) if "doctor" in name], [], "what it left behind")


@case
def lines_for_people(folder):
    environment = {**os.environ, **make_proc(folder, rmem_max=212992), **no_rules(folder)}
    code, out, _ = weir("doctor", "-p", str(free_port()), "--no-write", cwd=folder, env=environment)
    expect_equal(code, 0, "exit code with warnings alone")
    expect_in("[warn] receive buffers of programs without CAP_NET_ADMIN may have 208 KB", out)
    expect_in("\n       Set it: sysctl -w net.core.rmem_max=67108864", out)
    expect_in("[ok]   no datagram was dropped for a full receive buffer, of 1024 that came\n", out)


@case
def buffers_and_drops(folder):
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = doctor(folder, "-p", str(port), code=1, **no_rules(folder),
                       **make_proc(folder, 4194304, 7, 3, [(port, 2048, 5), (port ^ 1, 0, 100), (port, 1024, 1)]))
    expect_equal(status(found, "rmem_max"), ["warn"], "rmem_max")
    expect_in("4096 KB", found["rmem_max"][0][1])
    expect_in("14 datagrams were dropped", found["udp"][0][1])
    expect_in("3 datagrams had a wrong checksum", found["udp_checksums"][0][1])
    text = "6 datagrams were dropped on port %d since it was opened, as the receive buffer was full" % port
    expect_equal(found["port_drops"][0][:2], ("bad", text), "drops")


@case
def what_is_not_told(folder):
    found = doctor(folder, "-p", str(free_port()), code=0, WEIR_DOCTOR_PROC=folder + "/none", **no_rules(folder))
    expect_equal((status(found, "rmem_max"), status(found, "udp")), (["warn"], ["warn"]), "what cannot be seen")


@case
def a_port_that_another_has(folder):
    other = start(["python3", "-c", "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
                                    "s.bind(('', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"],
                  stdin=-1, stdout=-1, text=True)
    port = int(other.stdout.readline())
    found = doctor(folder, "-p", str(port), code=1, **no_rules(folder))
    expect_equal(status(found, "port"), ["bad"], "port")
    expect_in("process %d" % other.pid, found["port"][0][1])


@case
def a_port_that_weir_has(folder):
    collector = Collector(folder, "-o", "null")
    found = doctor(folder, "-p", str(collector.port), "--listen", "1h", **no_rules(folder))
    expect_equal(status(found, "port"), ["ok"], "port")
    expect_in("weir, process %d" % collector.process.pid, found["port"][0][1])
    expect_equal(status(found, "arrival"), [], "it does not listen there itself")
    expect_equal(status(found, "port_drops"), ["ok"], "drops")
    collector.stop()


@case
def whether_something_comes(folder):
    port = free_port()
    process = start([weir_e2e.weir_path, "doctor", "-p", str(port), "--listen", "3s", "-o", "json", "--no-write"],
                    cwd=folder, stdout=-1, text=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        def came():
            sender.sendto(b"12345", ("127.0.0.1", port))
            return process.poll() is not None
        wait_until(came, "the end of weir doctor")
    found = {each["check"]: each for each in json.loads(process.stdout.read())}
    expect_equal(found["arrival"]["status"], "ok", "arrival")
    found = doctor(folder, "-p", str(free_port()), "--listen", "1s", code=1, **no_rules(folder))
    expect_equal(status(found, "arrival"), ["bad"], "arrival when nothing comes")


@case
def firewalls(folder):
    table = "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy %s;\n%s\t}\n}"
    port = str(free_port())
    for text, wanted in ((table % ("drop", "\t\tct state established accept\n"), "warn"),
                         (table % ("accept", ""), "ok"),
                         (table % ("drop", "\t\tudp dport { 53, %s } accept\n" % port), "ok"),
                         (table % ("accept", "\t\tudp dport %s drop\n" % port), "bad")):
        environment = tool(folder, "nft", text)
        tool(folder, "iptables-save", "", 1)
        expect_equal(status(doctor(folder, "-p", port, **environment), "firewall"), [wanted], text)
    environment = tool(folder, "nft", "", 1)
    found = doctor(folder, "-p", port, **environment)
    expect_equal(status(found, "firewall"), ["warn"], "none that can be asked")
    expect_in("Look, as root, at 'nft list ruleset' for", found["firewall"][0][2])
    tool(folder, "iptables-save", "*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT")
    expect_equal(status(doctor(folder, "-p", port, **environment), "firewall"), ["warn"], "iptables")


# ---------------------------------------------------------------------------------------------------------- the store


def options(rate):
    return v9.OPTIONS_TEMPLATE + v9.data(v9.ID_OPTIONS, struct.pack("!II", 1, rate))


def collected(folder, datagrams, name="store", source="192.0.2.1"):
    """Stores what one exporter sent: (seconds ago, datagram), in order."""
    path = os.path.join(folder, name + source + ".pcap")
    with open(path, "wb") as file:
        file.write(pcap_of([(NOW - ago - START_S, datagram) for ago, datagram in datagrams], source=source))
    weir_ok("collect", "-r", path, "-o", "store:" + name, cwd=folder)
    return name


def good_exporter(ago_s=0):
    """Each 10 seconds flows with templates and a sampling rate, for 2 hours."""
    exporter = v9.Exporter()
    for ago in range(7200 + ago_s, ago_s - 1, -10):
        exporter.export_time_s = NOW - ago
        exporter.uptime_ms = 100000 + (7200 + ago_s - ago) * 1000
        yield ago, exporter.datagram(v9.TEMPLATE_4, options(100), v9.data(v9.ID_4, FLOW))


def of_store(folder, name="store", **more):
    return doctor(folder, "-p", str(free_port()), "--no-write", "--store", name, **no_rules(folder), **more)


EXPORTER_CHECKS = ("loss", "templates_missing", "templates_old", "silent", "refused", "reported", "sampling",
                   "exporter_clock")


def expect_exporters(found, **wanted):
    """These statuses, and of no other check of exporters."""
    expect_equal({check: status(found, check) for check in EXPORTER_CHECKS if check in found}, wanted, "findings")


@case
def a_store_that_is_well(folder):
    collected(folder, list(good_exporter()))
    found = of_store(folder)
    expect_exporters(found)
    expect_equal(status(found, "exporters"), ["ok"], "exporters")
    expect_in("1 exporters: nothing lost", found["exporters"][0][1])
    expect_equal((status(found, "store"), status(found, "store_files")), (["ok"], ["ok"]), "store")


@case
def loss(folder):
    sent = list(good_exporter())
    collected(folder, sent[:300] + sent[310:])
    expect_exporters(of_store(folder), loss=["warn"])
    collected(folder, sent[:300] + sent[500:], name="other")
    found = of_store(folder, "other")
    expect_exporters(found, loss=["bad"])
    expect_in("27.7 % of what exporter 192.0.2.1 sent did not come", found["loss"][0][1])


@case
def templates_that_are_missing(folder):
    exporter = v9.Exporter()
    without = []
    for ago in range(7200, -1, -10):
        exporter.export_time_s = NOW - ago
        exporter.uptime_ms = 100000 + (7200 - ago) * 1000
        without.append((ago, exporter.datagram(v9.data(v9.ID_4, FLOW))))
    collected(folder, list(without))
    collected(folder, list(good_exporter()), source="192.0.2.2")
    found = of_store(folder)
    expect_exporters(found, templates_missing=["bad"])


@case
def templates_that_are_seldom_sent(folder):
    for name, count, wanted in (("often", 300, {}), ("seldom", 2, {"templates_old": ["warn"]}),
                                ("never", 0, {"templates_old": ["warn"]})):
        collected(folder, good_exporter(), name=name)
        expect_exporters(of_store(folder, name))
        paths = glob.glob(folder + "/%s/ledger/*/*/*.parquet" % name)
        expect_equal(len(paths), 1, "files of the ledger")
        ledger = pyarrow.parquet.ParquetFile(paths[0]).read()
        rows = [row for row in ledger.to_pylist() if row["exporter_ipv4"] is not None]
        expect_equal(len(rows), 1, "rows of the exporter")
        schema = ledger.schema.remove_metadata()  # without the notes of Weir, which tell what its footer was
        # as a collector writes it that received them: again and again
        rows[0]["sets_template"] = count
        before = {**rows[0], "received": rows[0]["received"] - datetime.timedelta(hours=2), "sets_template": 0}
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist([before, *rows], schema=schema), paths[0])
        expect_exporters(of_store(folder, name), **wanted)


@case
def sampling_and_clocks(folder):
    exporter = v9.Exporter()
    sent = []
    for ago in range(7200, -1, -10):
        exporter.export_time_s = NOW - ago + (1000 if ago % 20 == 0 else 1001)
        exporter.uptime_ms = 100000 + (7200 - ago) * 1000
        sent.append((ago, exporter.flows(FLOW)))
    collected(folder, list(sent))
    found = of_store(folder)
    expect_exporters(found, sampling=["warn"], exporter_clock=["bad"])
    expect_in("ahead", found["exporter_clock"][0][1])


@case
def one_that_is_silent_and_one_that_sends_other_things(folder):
    collected(folder, list(good_exporter(ago_s=7200)))
    collected(folder, [*good_exporter(), (0, b"\x00\x00\x00\x05 sFlow, say")], source="192.0.2.2")
    found = of_store(folder)
    expect_exporters(found, silent=["warn"], refused=["warn"])
    expect_in("exporter 192.0.2.1 was heard last 120 minutes before", found["silent"][0][1])


@case
def damaged_and_strange_files(folder):
    collected(folder, list(good_exporter()))
    files = sorted(glob.glob(folder + "/store/flows/*/*/*.parquet"))
    with open(files[0], "r+b") as file:
        file.truncate(os.path.getsize(files[0]) - 20)
    with open(folder + "/store/flows/notes.txt", "w", encoding="ascii") as file:
        file.write("mine\n")
    found = of_store(folder)
    expect_equal(status(found, "store_files"), ["bad"], "files")
    expect_in("1 of %d files cannot be read" % len(files), found["store_files"][0][1])
    expect_in("weir store check --store store", found["store_files"][0][2])
    expect_equal(status(found, "store_strangers"), ["warn"], "what is not of the store")


@case
def what_was_left_by_one_that_was_killed(folder):
    collected(folder, list(good_exporter()))
    path = folder + "/store/.writing/0badcafe-7"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(bytes(100))
    expect_equal(status(of_store(folder), "store_left"), [], "just written")
    os.utime(path, (NOW - 3600, NOW - 3600))
    found = of_store(folder)
    expect_equal(status(found, "store_left"), ["warn"], "left")
    expect_in("1 file with 100 octets", found["store_left"][0][1])


@case
def an_old_store_none_and_no_folder(folder):
    collected(folder, list(good_exporter()))
    for path in glob.glob(folder + "/store/flows/*/*/*.parquet"):
        os.utime(path, (NOW - 7300, NOW - 7300))
    found = of_store(folder)
    expect_equal(status(found, "store"), ["warn"], "store")
    expect_in("the newest of 2 hours ago", found["store"][0][1])
    os.mkdir(folder + "/empty")
    expect_equal(status(of_store(folder, "empty"), "store"), ["warn"], "an empty one")
    expect_equal(status(of_store(folder, "none"), "store"), ["bad"], "one that is not there")
    with open(folder + "/file", "wb"):
        pass
    expect_equal(of_store(folder, "file")["store"][0][:2], ("bad", "file is no store: it is no folder"), "a file")
    found = doctor(folder, "-p", str(free_port()), "--no-write", **no_rules(folder))
    expect_equal(status(found, "store"), ["ok"], "none")


@case
def a_full_disk(folder):
    need_root("a file system of one's own")
    os.mkdir(folder + "/mount")
    script = ('mount -t tmpfs -o size=1m none mount && mkdir mount/store || exit 9; '
              'head -c 2m /dev/zero >mount/filler 2>filling; exec "$0" doctor -o json -p "$1" --store mount/store')
    done = subprocess.run([*own_mounts(), "sh", "-c", script, weir_e2e.weir_path, str(free_port())], cwd=folder,
                          env={**os.environ, **no_rules(folder)}, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 9:
        raise Skip("mount is not permitted: " + done.stderr.strip())
    expect_equal(done.stderr, "", "standard error")
    found = findings_of(done.returncode, done.stdout)
    text, advice = found["disk_room"][0][1:]
    expect_equal((status(found, "disk_room"), text), (["bad"], "0 MB (0 %) are free at mount/store"), "room")
    expect_in("when it is full, flows are held in the journal, and then lost", advice)
    expect_equal(found["disk_speed"][0][:2], ("bad", "cannot write to mount/store: No space left on device"), "speed")


@case
def a_ledger_that_does_not_tell_yet(folder):
    """A collector writes it each minute, and at its end."""
    collector = Collector(folder, "-o", "store:store", "--commit", "1", "--state", "none")
    collector.send(v9.Exporter().datagram(v9.TEMPLATE_4, options(100), v9.data(v9.ID_4, FLOW)))
    wait_until(lambda: glob.glob(folder + "/store/flows/*/*/*.parquet"), "flows in the store")
    expect_equal(glob.glob(folder + "/store/ledger/*/*/*.parquet"), [], "files of the ledger")
    found = of_store(folder)
    expect_exporters(found)
    expect_equal(found["exporters"], [("ok", "the store does not tell of exporters yet: it does so each minute", None)],
                 "what is told of exporters")
    collector.stop()
    expect_in("1 exporters: nothing lost", of_store(folder)["exporters"][0][1])


@case
def wrong_usage(folder):
    for arguments in (["-p", "0"], ["-p", "x"], ["-o", "xml"], ["--listen", "2h"], ["--listen", "x"], ["more"],
                      ["--what"], ["-p"]):
        code, out, err = weir("doctor", *arguments, cwd=folder)
        expect_equal((code, out), (2, ""), "exit code and output of %r" % arguments)
        expect_in("weir doctor --help", err)


run()
