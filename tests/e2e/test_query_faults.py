#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_query_faults.py WEIR [WORD...]: queries to a store that is damaged, that changes while it is asked, or that a
later version wrote; and queries that somebody ends."""
import collections
import csv
import fcntl
import io
import ipaddress
import json
import os
import pty
import random
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import capture_maker as cap
import netflow_maker as v9
import store_reader
import weir_e2e
from weir_e2e import (Collector, Skip, case, check_sane, expect, expect_equal, expect_in, read_octets, start,
                      wait_until, weir, weir_ok, write_file)

ROWS = 20  # of a datagram
DATAGRAMS = 4000
FEW = 600  # so many that their rows are less than what is held back of an output
SLICE_ROWS = 1 << 20  # that weir analyze holds at once
LIVE_S = 20
FOREVER = "select count(*) from range(10000000) a, range(10000000) b where hash(a.range, b.range) = 1"


def made_store(folder, name="store", count=DATAGRAMS, size="300K", seconds=100):
    def packets():
        exporter = v9.Exporter()
        for number in range(count):
            exporter.export_time_s = cap.START_S + number * seconds // count
            yield number * seconds / count, exporter.flows(*[v9.numbered_flow(number)] * ROWS)
    path = write_file(folder, "made.pcap", cap.pcap_of(packets()))
    store = os.path.join(folder, name)
    weir_ok("collect", "-r", path, "-o", "store:" + store, "--segment-size", size, "--fsync", "never", cwd=folder)
    return store


def in_order(store):
    return sorted(store_reader.segment_paths(store), key=lambda path: store_reader.parts(path)[2])


def ruin_pages(path, whole_share=0):
    """Pages of all columns, but for those in a first share, cannot be read any more; what stands behind them is
    whole."""
    octets = bytearray(read_octets(path))
    foot = len(octets) - 8 - struct.unpack("<I", octets[-8:-4])[0]
    for place in range(max(4, int(foot * whole_share)), foot, 3):
        octets[place] ^= 0xff
    write_file(os.path.dirname(path), os.path.basename(path), octets)


def numbers_of(store):
    """How many records there are of each datagram."""
    out, _ = weir_ok("sql", "--store", store, "-o", "csv", "select bytes, count(*) from flows group by 1 order by 1")
    return {int(number): int(count) for number, count in list(csv.reader(io.StringIO(out)))[1:]}


REPORTS = {
    "sql": ["sql", "-o", "csv", "select count(*) as n, sum(bytes) as b from flows"],
    "flows": ["flows", "-o", "fmt:%bytes"],
    "flows as they come": ["flows", "--order", "none", "-o", "csv"],
    "top": ["top", "src", "-o", "csv", "--by", "flows"],
    "graph": ["graph", "-o", "csv", "--by", "flows", "--group-time", "1h"],
}
# whose answers do not tell of how many rows they are
OTHERS = {
    "conversations": ["flows", "--biflow", "-o", "fmt:%flows"],
    "spans": ["flows", "--group-time", "1m", "-o", "csv"],
    "top of conversations": ["top", "src", "--biflow", "-o", "csv", "--by", "bytes"],
    "analyze": ["analyze", "-n", "--min-size", "0", "--json"],
    "analyze of all": ["analyze", "-n", "--stats"],
}


def told_rows(name, out):
    """How many rows an answer is of."""
    lines = list(csv.reader(io.StringIO(out)))
    if name == "sql":
        return int(lines[1][0])
    if name == "top":
        return int(lines[1][1])
    if name == "graph":
        return round(sum(float(line[2]) for line in lines[1:]))
    return len(lines) - (name != "flows")


@case
def pages_that_are_damaged_are_named_and_left_out(folder):
    """All that there is to ask with gives what the other files have, once; in a shell and in scripts too."""
    store = made_store(folder, count=FEW, size="64K")
    whole = numbers_of(store)
    paths = in_order(store)
    wholes = {name: weir_ok(*words, "--store", store)[0] for name, words in OTHERS.items()}
    rows = {name: told_rows(name, weir_ok(*words, "--store", store)[0]) for name, words in REPORTS.items()}
    expect_equal(set(rows.values()), {FEW * ROWS}, "rows of a store that is whole")
    bad = [paths[0], paths[-1]]
    others = os.path.join(folder, "others")
    shutil.copytree(store, others)
    for path in bad:
        os.unlink(path.replace(store, others))
        ruin_pages(path)
    left = numbers_of(others)
    expect(0 < len(left) < len(whole), "there are too few files, or the test damages nothing")
    for name, words in {**REPORTS, **OTHERS}.items():
        code, out, err = weir(*words, "--store", store)
        expect_equal(code, 0, "exit code of %s with %s" % (name, err))
        expect(out != wholes.get(name), "what is damaged is no part of the answer of " + name)
        expect(sorted(out.splitlines()) == sorted(weir_ok(*words, "--store", others)[0].splitlines()),
               "another answer of " + name)
        for path in bad:
            expect_equal(err.count("weir %s: left out: %s: " % (words[0], path)), 1,
                         "times that it is named by %s in %s" % (name, err))
        if words[0] != "sql":
            expect_in("weir: 2 files left out\n", err)
    script = "create table t as select bytes from flows; select count(*) as a from t; select count(*) as b from flows;"
    code, out, err = weir("sql", "--store", store, "-o", "csv", script)
    count = sum(left.values())
    expect_equal((code, out), (0, "a\n%d\nb\n%d\n" % (count, count)), "a script, with " + err)
    code, out, err = weir("sql", "--store", store, "-o", "csv",
                          "create table t as from range(7); select count(*) from flows; select count(*) from t")
    expect_equal(code, 0, "exit code of a script with a table of its own: " + err)
    expect_equal(out.splitlines()[-1], "7", "what was made before a file was left out")
    # Parquet goes to a file once more, and not into a pipe
    with open(folder + "/out.parquet", "wb") as file:
        done = subprocess.run([weir_e2e.weir_path, "sql", "--store", store, "-o", "parquet", "from flows"], stdout=file,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    expect_equal(done.returncode, 0, "exit code of Parquet with " + done.stderr)
    out, _ = weir_ok("sql", "-o", "csv", "select count(*) as n from read_parquet('%s/out.parquet')" % folder)
    expect_equal(out, "n\n%d\n" % count, "rows in Parquet")
    done = subprocess.run([weir_e2e.weir_path, "sql", "--store", store, "-o", "parquet", "from flows"],
                          capture_output=True, timeout=60, check=False)
    expect_equal(done.returncode, 1, "exit code of Parquet into a pipe")
    expect_in(b"the output ends early, as files of the store are damaged; with --verify they are left out", done.stderr)


@case
def what_was_written_is_not_written_again(folder):
    """Rows that are out cannot be taken back: it ends, and tells how it goes on. With --verify nothing is written
    before all was looked at."""
    store = made_store(folder)
    bad = in_order(store)[-1]
    ruin_pages(bad)
    statement = "select bytes, unnest(range(100)) as i from flows"  # row by row, as they are read
    for words in (["sql", "-o", "csv", statement], ["sql", "-o", "ndjson", statement]):
        code, out, err = weir(*words, "--threads", "1", "--store", store)
        expect_equal(code, 1, "exit code")
        expect_in("weir sql: left out: %s: " % bad, err)
        expect_in("the output ends early, as files of the store are damaged; with --verify they are left out from the "
                  "beginning\n", err)
        lines = out.splitlines()
        expect(max(collections.Counter(lines).values()) == ROWS,
               "lines are there more often than the rows that they are of")
        code, out, err = weir(*words, "--verify", "--threads", "1", "--store", store)
        expect_equal(code, 0, "exit code with --verify: " + err)
        expect_equal(err.count(bad), 1, "times that it is named")
        expect(len(out.splitlines()) > len(lines), "there is no more of it with --verify")
    for words in (*REPORTS.values(), *OTHERS.values()):
        code, _, err = weir(*words, "--verify", "--store", store)
        expect_equal((code, err.count("left out: %s: " % bad)), (0, 1), "exit code, and times that it is named by %s" %
                     words[0])


@case
def a_report_of_several_slices_begins_anew(folder):
    """What was read before the damage is not counted twice; where lines of it are out, they end."""
    store = made_store(folder, seconds=1000)
    paths = in_order(store)
    bad = paths[-1]
    for number in range(1, 2 + SLICE_ROWS // (DATAGRAMS * ROWS)):  # the same as of other writers
        for path in paths[:-1]:
            os.link(path, path.replace("-%s-" % store_reader.parts(path)[1], "-%08x-" % number))
    others = os.path.join(folder, "others")
    shutil.copytree(store, others)
    os.unlink(bad.replace(store, others))
    ruin_pages(bad, 0.5)  # times can be read, by which slices are found
    lines = ["--raw-sizes", "--min-size", "0", "--json"]
    for way in (["--raw-sizes", "--min-size", "0", "--sort", "size", "--limit", "9", "--table", "--stats"],
                [*lines, "--verify"]):
        wanted, _ = weir_ok("analyze", "-n", *way, others)
        code, out, err = weir("analyze", "-n", *way, store)
        expect_equal((code, err.count("weir analyze: left out: %s: " % bad)), (0, 1),
                     "exit code, and times that it is named: " + err)
        expect_in("weir: 1 file left out\n", err)
        expect(out == wanted, "another report with %r" % (way,))
    wanted, _ = weir_ok("analyze", "-n", *lines, others)
    code, out, err = weir("analyze", "-n", *lines, store)
    expect_equal((code, err.count("weir analyze: left out: %s: " % bad)), (1, 1),
                 "exit code, and times that it is named: " + err)
    expect_in("weir analyze: the output ends early, as files of the store are damaged; with --verify", err)
    expect(out != "" and wanted.startswith(out) and len(out) < len(wanted),
           "other lines than the first of those that there are")


def store_with_another_value(folder, *options):
    """Source addresses of which none is like another, so that they stay as they are; one is changed to what the second result
    tells."""
    numbers = random.Random(9).sample(range(1 << 32), 500)
    other = sorted(numbers)[250] + 1
    flows = [v9.flow(str(ipaddress.IPv4Address(number)), "198.51.100.1", 40000, 443, 100) for number in numbers]
    path = write_file(folder, "made.pcap", cap.pcap_of((place / 100, v9.Exporter().flows(flow))
                                                       for place, flow in enumerate(flows)))
    store = os.path.join(folder, "store")
    weir_ok("collect", "-r", path, "-o", "store:" + store, *options, cwd=folder)
    path, = store_reader.segment_paths(store)
    octets = read_octets(path)
    place = octets.index(struct.pack("<I", numbers[100]))
    write_file(os.path.dirname(path), os.path.basename(path), octets[:place] + struct.pack("<I", other) + octets[place + 4:])
    return store, other, path


@case
def a_change_of_what_is_stored_as_it_is_is_noticed(folder):
    """What does not get smaller has the checksum of zstd all the same."""
    store, other, path = store_with_another_value(folder)
    out, err = weir_ok("sql", "--store", store, "-o", "csv", "select count(*) as n from flows where src_ipv4 = %d" % other)
    expect_equal(out, "n\n0\n", "answer")
    expect_in("left out: %s: " % path, err)


@case
def a_change_that_duckdb_does_not_notice_is_found_by_verify(folder):
    """Without compression nothing but the checksums of pages tells that a value is another one."""
    store, other, path = store_with_another_value(folder, "--compression", "none")
    statement = "select count(*) as n from flows where src_ipv4 = %d" % other
    out, err = weir_ok("sql", "--store", store, "-o", "csv", statement)
    expect_equal((out, err), ("n\n1\n", ""), "DuckDB's answer of what is damaged")
    code, out, err = weir("sql", "--verify", "--store", store, "-o", "csv", statement)
    expect_equal((code, out), (0, "n\n0\n"), "exit code and answer")
    expect_in("left out: %s: the checksum of a page does not fit" % path, err)


@case
def changes_of_single_bits_are_noticed(folder):
    """Of values, by the checksum of zstd, and of headers: the type of a number, in a way that few take notice of."""
    store = made_store(folder)
    path = in_order(store)[1]
    octets = read_octets(path)
    expected = weir_ok("sql", "--store", store, "-o", "csv", "select * from flows order by all")[0]
    frame = octets.index(b"\x28\xb5\x2f\xfd")
    header = octets.index(b"\x15\x00\x15\x06\x15\x06\x00\x00")  # encoding, and those of levels
    for place, bit in [*((frame + offset, offset % 8) for offset in range(5, 60, 5)), (header, 0), (header + 2, 5),
                       (header + 4, 0)]:
        write_file(os.path.dirname(path), os.path.basename(path),
                   octets[:place] + bytes([octets[place] ^ 1 << bit]) + octets[place + 1:])
        code, out, err = weir("sql", "--store", store, "-o", "csv", "select * from flows order by all")
        expect_equal(code, 0, "exit code of a change of bit %d of octet %d, with %s" % (bit, place, err))
        expect(out == expected or "left out: %s: " % path in err,
               "other rows, and nothing is told: bit %d of octet %d" % (bit, place))


@case
def a_link_that_leads_nowhere_is_named_and_left_out(folder):
    """It was not merged meanwhile."""
    store = made_store(folder, count=FEW, size="64K")
    bad = in_order(store)[0]
    others = os.path.join(folder, "others")
    shutil.copytree(store, others)
    os.unlink(bad.replace(store, others))
    os.unlink(bad)
    for target in ("nowhere", bad):
        os.symlink(target, bad)
        for name, words in {**REPORTS, **OTHERS}.items():
            code, out, err = weir(*words, "--store", store)
            expect_equal(code, 0, "exit code of %s with %s" % (name, err))
            expect(sorted(out.splitlines()) == sorted(weir_ok(*words, "--store", others)[0].splitlines()),
                   "another answer of " + name)
            expect_in("left out: %s: it is a link that leads nowhere\n" % bad, err)
        for words in (("check",), ("ls",), ("export", "-o", folder + "/out.parquet")):
            code, _, err = weir("store", words[0], store, *words[1:])
            expect_equal(code, 1, "exit code of weir store %s with %s" % (words[0], err))
            expect_in("%s is damaged: it is a link that leads nowhere" % bad, err)
        expect_in("%s is damaged: it is a link that leads nowhere" % bad,
                  weir("doctor", "--no-write", "--store", store)[1])
        os.unlink(bad)


@case
def a_ledger_that_is_damaged_takes_nothing_else_along(folder):
    store = made_store(folder, count=200)
    path = store_reader.segment_paths(store, "ledger")[0]
    wholes = {name: weir_ok(*words, "--store", store)[0] for name, words in OTHERS.items()}
    ruin_pages(path)
    for name, words in {**REPORTS, **OTHERS}.items():
        code, out, err = weir(*words, "--store", store)
        expect_equal(code, 0, "exit code of %s with %s" % (name, err))
        if name in REPORTS:
            expect_equal(told_rows(name, out), 200 * ROWS, "rows of " + name)
        else:
            expect(out == wholes[name], "another answer of " + name)
        if words[0] != "sql":
            expect_in("left out: %s: " % path, err)
            expect_in("weir: the store does not tell what was lost in this time\n", err)


@case
def exporters_are_told_without_a_ledger_that_is_damaged(folder):
    """Those that its other files tell of, whether a file's end is gone, or something in its midst; the doctor too."""
    store = os.path.join(folder, "store")
    for number in (1, 2):
        path = write_file(folder, "one.pcap", cap.pcap_of(
            ((0, v9.Exporter().flows(v9.numbered_flow(number))),), source="192.0.2.%d" % number))
        weir_ok("collect", "-r", path, "-o", "store:" + store, cwd=folder)
    path = max(store_reader.segment_paths(store, "ledger"), key=os.path.getmtime)
    octets = read_octets(path)
    third = len(octets) // 3
    for damaged in (octets[:-20], octets[:4] + bytes(third - 4) + octets[third:]):
        write_file(os.path.dirname(path), os.path.basename(path), damaged)
        code, out, err = weir("exporters", "--store", store, "-o", "csv")
        expect_equal(code, 0, "exit code with " + err)
        expect_equal([row["exporter"] for row in csv.DictReader(io.StringIO(out))], ["192.0.2.1"], "exporters")
        expect_equal(err.count("weir exporters: left out: %s: " % path), 1, "times that it is named in " + err)
        expect_in("weir: 1 datagrams received", err)
        _, out, _ = weir("doctor", "--no-write", "-o", "json", "--store", store)
        texts = [each["text"] for each in json.loads(out) if "exporters" in each["check"]]
        expect_in("1 file is left out of what is told of exporters, as: %s: " % path, "\n".join(texts))
        expect("cannot be asked" not in out, "the doctor gives up: " + out)


@case
def mistakes_of_statements_are_not_blamed_on_files(folder):
    store = made_store(folder, count=200)
    for statement, text in (("select error('Aha')", "Aha"), ("select 'x'::int from flows", "Conversion Error"),
                            ("from read_parquet('/nonexistent/a.parquet')", "/nonexistent/a.parquet")):
        code, out, err = weir("sql", "--store", store, statement)
        expect_equal((code, out), (1, ""), statement)
        expect_in(text, err)
        expect("left out" not in err, "a file is blamed: " + err)


@case
def what_a_later_version_wrote_is_named_and_left_out(folder):
    store = made_store(folder)
    whole = numbers_of(store)
    path = in_order(store)[1]
    octets = read_octets(path)
    note = octets.rindex(b"\x0bweir.format\x18\x011") + 14
    write_file(os.path.dirname(path), os.path.basename(path), octets[:note] + b"2" + octets[note + 1:])
    told = "left out: %s: it is of format 2, which a later version of Weir wrote; this one knows 1: use that version for it\n" % path
    for name, words in {**REPORTS, **OTHERS}.items():
        code, out, err = weir(*words, "--store", store)
        expect_equal(code, 0, "exit code of %s with %s" % (name, err))
        expect_in("weir %s: %s" % (words[0], told), err)
        expect(name in OTHERS or 0 < told_rows(name, out) < sum(whole.values()),
               "other rows than those of the other files")
    write_file(store, ".format", b"2\n")
    for words in (*REPORTS.values(), *OTHERS.values()):
        code, out, err = weir(*words, "--store", store)
        expect_equal((code, out, err),
                     (1, "", "weir %s: the store %s is of format 2, which a later version of Weir made; this one knows "
                                        "1: use that version, or another folder\n" %
                                        (words[0], store)), "all of the store")


@case
def files_that_go_away_are_no_error(folder):
    """Between two statements all that the program had listed is merged and removed."""
    store = made_store(folder)
    process = start([weir_e2e.weir_path, "sql", "--store", store, "-o", "csv",
                     "from range(3000000); select count(*) as n, sum(bytes) as b from flows"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    expect_equal(process.stdout.readline(), b"range\n", "first line")
    before = in_order(store)
    weir_ok("store", "merge", "--all", "--grace", "0", store)
    expect(not any(os.path.exists(path) for path in before), "the test took nothing away")
    out, err = process.communicate(timeout=60)
    expect_equal((process.returncode, err), (0, b""), "exit code and words")
    expect_equal(out.splitlines()[-2:], [b"n,b", b"%d,%d" %
                                         (DATAGRAMS * ROWS, ROWS * DATAGRAMS * (DATAGRAMS - 1) // 2)], "the answer")


@case
def answers_are_of_one_moment_while_all_is_written_and_merged(folder):
    """Of a store that a collector writes, and merges, and another merger as well, which removes at once what it merged:
    each answer is of the first datagrams that came, all of their records once; and later answers are of no fewer."""
    collector = Collector(folder, "-o", "store:store", "--commit", "1", "--workers", "1", "-b", "127.0.0.1")
    store = folder + "/store"
    exporter = v9.Exporter()
    ended = threading.Event()
    sent = 0

    def send():
        nonlocal sent
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not ended.wait(0.004):
                sender.sendto(exporter.flows(*[v9.numbered_flow(sent)] * ROWS), ("127.0.0.1", collector.port))
                sent += 1
    sending = threading.Thread(target=send)
    sending.start()
    merger = start(["sh", "-c", 'while :; do "$0" store merge --quiet --all --grace 0 "$1"; sleep 0.1; done',
                    weir_e2e.weir_path, store],
                   start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    asked = {
        "sql": ["sql", "-o", "csv", "select count(*) as flows, coalesce(sum(bytes), 0) as bytes from flows"],
        "sql of groups": ["sql", "-o", "csv",
                          "select sum(n), sum(n * bytes) from (select bytes, count(*) as n from flows group by 1)"],
        "top": ["top", "src", "-o", "csv", "--by", "flows,bytes"],
        "top of many": ["top", "dst", "-n", "0", "-o", "csv", "--by", "flows,bytes"],
    }
    last, answers, states = 0, 0, set()
    try:
        wait_until(lambda: store_reader.segment_paths(store), "a segment")
        until = time.monotonic() + LIVE_S
        while time.monotonic() < until:
            for name, words in asked.items():
                out, err = weir_ok(*words, "--store", store)
                expect("left out" not in err, "a file was left out: " + err)
                lines = list(csv.reader(io.StringIO(out)))[1:]
                columns = (1, 2) if name.startswith("top") else (0, 1)
                flows, octets = (sum(int(line[column]) for line in lines) for column in columns)
                datagrams = flows // ROWS
                expect_equal((flows, octets), (datagrams * ROWS, ROWS * datagrams * (datagrams - 1) // 2),
                             "flows and octets of " + name)
                expect(datagrams >= last, "%d datagrams of %s, and %d before" % (datagrams, name, last))
                last = datagrams
                states.add(datagrams)
                answers += 1
    finally:
        ended.set()
        sending.join()
        os.killpg(merger.pid, signal.SIGKILL)
    expect_equal(merger.communicate()[1], b"", "what the merger tells")
    expect(len(states) > 3, "%d answers are of %d states: nothing was written meanwhile" % (answers, len(states)))
    expect(max(store_reader.parts(path)[4] for path in store_reader.segment_paths(store)) > 1, "nothing was merged")
    expect_equal(collector.stop().lost, 0, "lost datagrams")
    out, _ = weir_ok(*asked["sql"], "--store", store)
    expect_equal(out, "flows,bytes\n%d,%d\n" % (sent * ROWS, ROWS * sent * (sent - 1) // 2), "all in the end")


def has_begun(process):
    """Whether it has worked for a while."""
    words = weir_e2e.read_text("/proc/%d/stat" % process.pid).rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") > 0.5


@case
def signals_end_a_query(folder):
    temp, store = os.path.join(folder, "tmp"), os.path.join(folder, "store")
    os.mkdir(temp)
    os.mkdir(store)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = start([weir_e2e.weir_path, "sql", "--store", store, FOREVER], stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": temp})
        wait_until(lambda: has_begun(process), "some work")
        process.send_signal(number)
        out, err = process.communicate(timeout=weir_e2e.PATIENCE_S)
        check_sane(err)
        expect_equal((process.returncode, out), (code, ""), "exit code and answer, with " + err)
        expect("Error" not in err, "it is told as an error: " + err)
    expect_equal(os.listdir(temp), [], "temporary files that are left")
    # one that waits for whoever reads
    process = start([weir_e2e.weir_path, "sql", "--store", store, "-o", "csv", "from range(100000000)"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    expect_equal(process.stdout.readline(), b"range\n", "first line")
    process.send_signal(signal.SIGINT)
    wait_until(lambda: process.poll() is not None, "the end of a query whose output waits")
    expect_equal((process.returncode, process.stderr.read()), (130, b""), "exit code and words")


class Terminal:
    """A terminal for standard error of a program."""

    def __init__(self):
        self.output = ""
        try:
            self.ours, self.theirs = pty.openpty()
        except OSError as error:
            raise Skip("there is no pseudo terminal to be had (is /dev/pts mounted?): %s" % error) from error

    def read(self):
        while select.select([self.ours], [], [], 0)[0]:
            self.output += os.read(self.ours, 65536).decode("utf-8", "replace")
        return self.output

    def close(self):
        os.close(self.ours)
        os.close(self.theirs)


@case
def a_bar_shows_how_far_a_long_query_is(folder):
    store = made_store(folder)
    terminal = Terminal()
    try:
        process = start([weir_e2e.weir_path, "sql", "--store", store, "--threads", "1", "-o", "csv",
                         "select count(*) from flows, range(60000) r(i) where hash(bytes, i) = "
                         "1"], stdout=subprocess.PIPE,
                        stderr=terminal.theirs, text=True)
        wait_until(lambda: re.search(r"\r\x1b\[K(\[[#.]{40}\] +\d+ %, \d+ s left|working: \d+ s)", terminal.read()),
                   lambda: "a bar in %r" % terminal.output)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=weir_e2e.PATIENCE_S)
        expect_equal((process.returncode, out), (130, ""), "exit code and answer")
        wait_until(lambda: terminal.read().endswith("\r\x1b[K"), lambda: "a wiped bar in %r" % terminal.output)
    finally:
        terminal.close()
    # of a report whose lines nobody takes
    store = made_store(folder, "long", seconds=2000)
    terminal = Terminal()
    try:
        process = start([weir_e2e.weir_path, "analyze", "-n", "--min-size", "0", "--json", "--store", store],
                        stdout=subprocess.PIPE, stderr=terminal.theirs, text=True)
        wait_until(lambda: re.search(r"\r\x1b\[K\[[#.]{40}\] +\d+ %, \d+ s left", terminal.read()),
                   lambda: "a bar in %r" % terminal.output)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: process.poll() is not None, "the end of a report whose output waits")
        expect_equal(process.returncode, 130, "exit code")
        wait_until(lambda: terminal.read().endswith("\r\x1b[K"), lambda: "a wiped bar in %r" % terminal.output)
    finally:
        terminal.close()
    # neither where it takes no time, nor where nobody looks
    terminal = Terminal()
    try:
        process = start([weir_e2e.weir_path, "top", "src", "--store", store, "-o", "csv"], stdout=subprocess.PIPE,
                        stderr=terminal.theirs)
        process.communicate(timeout=weir_e2e.PATIENCE_S)
        expect("\x1b" not in terminal.read(), "a bar for a moment: %r" % terminal.output)
    finally:
        terminal.close()


@case
def a_footer_that_is_not_as_it_was_written_is_found(folder):
    """DuckDB would read it: the column that counts octets is another one, and its sum is nothing."""
    store = made_store(folder, count=FEW, size="64K")
    path = in_order(store)[0]
    octets = read_octets(path)
    expect(octets.count(b"\x05bytes") > 1, "the name of the column is in the footer")
    write_file(os.path.dirname(path), os.path.basename(path), octets.replace(b"\x05bytes", b"\x05bytez"))
    others = FEW * ROWS - int(re.search(rb"weir\.rows\x18.(\d+)", octets)[1])
    for name, words in REPORTS.items():
        code, out, err = weir(*words, "--store", store)
        expect_equal((code, told_rows(name, out)), (0, others), "rows of %s with %s" % (name, err))
        expect_in("weir %s: left out: %s: its footer is not as it was written\n" % (words[0], path), err)
    code, _, err = weir("store", "check", store)
    expect_equal(code, 1, "exit code of check with " + err)
    expect_in("%s is damaged: its footer is not as it was written\n" % path, err)


@case
def work_on_a_store_shows_a_bar_and_ends_by_a_signal(folder):
    """A store with much in it, under many names of one file; what is ended leaves nothing behind."""
    store = made_store(folder, size="64M", count=8000)
    path, = store_reader.all_segment_paths(store)
    # as of a version that told neither of commits, which would not go with other names, nor the sum of the footer
    octets = read_octets(path)
    expect_equal(octets.count(b"weir.commits"), 1, "places that tell of commits")
    octets = octets.replace(b"weir.commits", b"told.nothing").replace(b"weir.footer", b"told.no-sum")
    write_file(os.path.dirname(path), os.path.basename(path), octets)
    place, writer, first, _, tier = store_reader.parts(path)
    times = os.path.basename(path).split("-" + writer)[0]
    for number in range(first + 1, first + 1500):
        os.link(path, "%s/%s-%s-%d-%d-%d.parquet" % (place, times, writer, number, number, tier))
    before = store_reader.all_segment_paths(store)
    bar = r"\[[#.]{40}\] +\d+ %  \S+ of \S+, \d+ s left"
    for words, shown, code in ((["check"], bar, -signal.SIGINT),
                               (["merge", "--all", "--grace", "0"], r"reading: \d\S*", 130),
                               (["export", "-o", folder + "/all.parquet"], bar, 130)):
        terminal = Terminal()
        try:
            process = start([weir_e2e.weir_path, "store", *words, store], stdout=subprocess.DEVNULL,
                            stderr=terminal.theirs)
            wait_until(lambda: process.poll() is not None or re.search(r"\r\x1b\[K" + shown, terminal.read()),
                       "a bar, or the end")
            expect(process.poll() is None, "%s ended without a bar: %r" % (words[0], terminal.read()))
            process.send_signal(signal.SIGINT)
            expect_equal(process.wait(timeout=weir_e2e.PATIENCE_S), code, "exit code of " + words[0])
            expect("weir store:" not in terminal.read(), "%s calls its end an error: %r" % (words[0], terminal.output))
        finally:
            terminal.close()
    expect_equal([name for name in os.listdir(store + "/.writing") if name.startswith("merge-")], [],
                 "what is left of the merge")
    expect(not os.path.exists(folder + "/all.parquet"), "there is a part of an export")
    expect(set(store_reader.all_segment_paths(store)) >= set(before), "files are gone")
    # one that waits for another merger
    with open(store + "/.merging", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = start([weir_e2e.weir_path, "store", "merge", store], stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE)
        wait_until(lambda: "lock" in weir_e2e.read_text("/proc/%d/wchan" % process.pid) or
                   re.search(r"-> FLOCK +ADVISORY +WRITE +%d " % process.pid, weir_e2e.read_text("/proc/locks")),
                   "a merge that waits")
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: process.poll() is not None, "the end of a merge that waits")
        expect_equal((process.returncode, process.stderr.read()), (143, b""), "exit code and words")


@case
def too_little_memory_is_told(folder):
    store = made_store(folder, count=400)
    for arguments in (("top", "src,dst,srcport"), ("flows", "-o", "csv"), ("sql", "select * from flows order by bytes"),
                      ("sql", "-o", "parquet", "select * from flows order by bytes")):
        code, _, err = weir(*arguments, "--memory", "1M", "--store", store)
        told = "weir %s: --memory 1M is too little for this; try --memory 256M\n" % arguments[0]
        expect_equal((code, err), (1, told), "end of %r" % (arguments,))


@case
def what_is_left_out_is_not_of_other_times(folder):
    store = made_store(folder, count=400, size="1M")
    paths = in_order(store)
    for path in paths:
        ruin_pages(path)
    _, err = weir_ok("top", "src", "--store", store, "--verify")
    expect_in("weir: 0 flows\n", err)
    expect_in("weir: %d file%s left out\n" % (len(paths), "" if len(paths) == 1 else "s"), err)
    _, err = weir_ok("top", "src", "--store", store, "--from", "2031-01-01")
    expect_in("weir: 0 flows; the store has %d file" % len(paths), err)


weir_e2e.run()
