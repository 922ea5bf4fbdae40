#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_store_writing.py: what is in a store while it is written, after a crash, and when there is no room."""
import collections
import errno
import os
import random
import re
import signal
import socket
import subprocess
import time

import capture_maker as cap
import netflow_maker as v9
import store_reader
import weir_e2e
from weir_e2e import (Collector, Skip, case, expect, expect_equal, expect_in, free_port, in_mounts, need_root,
                      own_mounts, start, wait_until, weir_ok, write_file)

weir_e2e.use_venv()
import pyarrow.parquet  # noqa: E402: it is there from here on

ROWS = 20  # of a datagram
KILLS = int(os.environ.get("WEIR_KILLS", "12"))


def column(store, name, kind="flows"):
    """All values of a column of the store."""
    values = []
    for path in store_reader.segment_paths(store, kind):
        values += pyarrow.parquet.ParquetFile(path, page_checksum_verification=True).read([name]).column(0).to_pylist()
    return values


def numbers(count):
    return collections.Counter({number: ROWS for number in range(count)})


def capture(folder, count, seconds=1.0, after_s=0):
    exporter = v9.Exporter(export_time_s=cap.START_S + after_s)
    return write_file(folder, "made.pcap", cap.pcap_of(
        (after_s + number * seconds / count, exporter.flows(*[v9.numbered_flow(number)] * ROWS))
        for number in range(count)))


@case
def what_is_received_is_there_in_seconds(folder):
    collector = Collector(folder, "-o", "store:store")
    exporter = v9.Exporter()
    for number in range(50):
        collector.send(exporter.flows(*[v9.numbered_flow(number)] * ROWS))
    wait_until(lambda: collections.Counter(column(folder + "/store", "bytes")) == numbers(50), "flows in the store")
    expect(collector.process.poll() is None, "the collector ended: " + collector.log())
    expect_equal(os.listdir(folder + "/store/.writing"), [], "files under way")


@case
def an_end_stores_what_is_open_and_tells(folder):
    collector = Collector(folder, "-o", "store:store", "--commit", "1h")
    collector.send(v9.Exporter().flows(*[v9.numbered_flow(0)] * ROWS),
                   v9.Exporter().datagram(v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA))
    wait_until(lambda: weir_e2e.queue_of(collector.port) == 0, "an empty queue")
    collector.process.send_signal(signal.SIGTERM)
    expect_equal(collector.wait_end(), 0, "exit code")
    expect_in("Stored %d records in 2 files" % (ROWS + 1), collector.log())
    expect_equal(column(folder + "/store", "samplingInterval", "options"), [100], "options records")
    expect_equal(sum(n or 0 for n in column(folder + "/store", "rows_stored", "ledger")), ROWS + 1,
                 "rows in the ledger")
    expect_equal(sum(n or 0 for n in column(folder + "/store", "flows", "ledger")), ROWS, "flows in the ledger")


@case
def workers_end_with_one_line(folder):
    collector = Collector(folder, "-o", "store:store", "--workers", "2", "--commit", "1h", "-b", "127.0.0.1")
    for number in range(20):  # of different ports, so that both workers get some
        collector.send(v9.Exporter(domain=number).flows(*[v9.numbered_flow(number)] * ROWS), exporter=number)
    wait_until(lambda: weir_e2e.queue_of(collector.port) == 0, "empty queues")
    collector.stop()
    lines = [line for line in collector.log().splitlines() if line.startswith("Stored ")]
    expect_equal(len(lines), 1, "lines: %r" % lines)
    expect_in("Stored %d records in " % (20 * ROWS), lines[0])


@case
def the_oldest_files_go_when_there_is_too_much(folder):
    for hour in range(4):
        weir_ok("collect", "-r", capture(folder, 5, after_s=3600 * hour), "-o", "store:store", cwd=folder)
    before = store_reader.segment_paths(folder + "/store")
    expect_equal(len(before), 4, "files")
    keep = sum(os.path.getsize(path) for path in before[2:]) + 40000  # the ledger has files too
    collector = Collector(folder, "-o", "store:store", "--no-merge", "--keep-bytes", str(keep))
    wait_until(lambda: before[0] not in store_reader.segment_paths(folder + "/store"), "the oldest file to go")
    expect(before[3] in store_reader.segment_paths(folder + "/store"), "the newest file went")
    expect(collector.process.poll() is None, "the collector ended: " + collector.log())


@case
def hours_have_folders_and_names_tell_times(folder):
    before_hour_s = 3600 - cap.START_S % 3600 - 10
    weir_ok("collect", "-r", capture(folder, 40, seconds=20, after_s=before_hour_s), "-o", "store:store", cwd=folder)
    paths = [os.path.relpath(path, folder + "/store") for path in store_reader.segment_paths(folder + "/store")]
    expect_equal(len(paths), 2, "files, as there are hours: %r" % paths)
    for path, hour in zip(paths, ("22", "23")):
        expect(re.fullmatch(r"flows/date=2023-11-14/hour=%s/20231114T\d{6}-20231114T\d{6}-[0-9a-f]{8}-(\d+)-\1-0\.parquet" % hour,
                            path), "an odd name: " + path)
    expect_equal(collections.Counter(column(folder + "/store", "bytes")), numbers(40), "the flows")


@case
def several_collectors_write_to_one_store(folder):
    collectors = [Collector(folder, "-o", "store:store") for _ in range(3)]
    for number, collector in enumerate(collectors):
        collector.send(v9.Exporter().flows(*[v9.numbered_flow(number)] * ROWS))
    wait_until(lambda: collections.Counter(column(folder + "/store", "bytes")) == numbers(3), "flows of all")
    writers = {os.path.basename(path).split("-")[2] for path in store_reader.segment_paths(folder + "/store")}
    expect_equal(len(writers), 3, "writers")
    for collector in collectors:
        collector.process.send_signal(signal.SIGTERM)
        expect_equal(collector.wait_end(), 0, "exit code")
    weir_ok("collect", "-r", capture(folder, 1), "-o", "store:store", cwd=folder)
    expect_equal(len(os.listdir(folder + "/store/.writers")), 3, "writers: a number is taken over when it is free")


@case
def a_store_that_cannot_be_written_is_told_at_start(folder):
    write_file(folder, "file", b"")
    path = capture(folder, 1)
    for where in ("file", "file/store"):
        code, _, err = weir_e2e.weir("collect", "-r", path, "-o", "store:" + where, cwd=folder)
        expect_equal(code, 1, "exit code with " + err)
        expect_in("Not a directory", err)
    script = 'mount -t tmpfs -o size=256k none mount && mount -o remount,ro mount && "$0" collect -r "$1" -o store:mount/store'
    os.mkdir(folder + "/mount")
    code, _, err = in_mounts(folder, script, weir_e2e.weir_path, path)
    expect_equal(code, 1, "exit code with " + err)
    expect_in("Read-only file system", err)


@case
def whatever_moment_it_is_killed_at_files_are_whole(folder):
    """Each file that has its name is whole, and the rows are the first of those that came, none of them twice; what was
    under way goes away at the next start."""
    seed = random.randrange(1 << 32)
    moments = random.Random(seed)
    path = capture(folder, 4000)
    all_rows = [number for number in range(4000) for _ in range(ROWS)]
    for kill in range(KILLS):
        store = "%s/store%d" % (folder, kill)
        process = start([weir_e2e.weir_path, "collect", "-r", path, "-o", "store:" + store, "--segment-size", "300K",
                         "--fsync", "never"], cwd=folder, stderr=subprocess.DEVNULL)
        count = moments.randrange(6)
        wait_until(lambda: len(store_reader.segment_paths(store)) > count or process.poll() is not None, "a segment")
        time.sleep(moments.random() * 0.02)
        before = len(column(store, "bytes"))
        process.kill()
        process.wait()
        found = sorted(column(store, "bytes"))
        expect(len(found) >= before, "rows went away, with seed %d" % seed)
        told, untold = store_reader.checked(weir_ok("store", "check", store)[0])
        expect_equal(told + untold, len(found), "rows that the check counts, with seed %d" % seed)
        expect(found == all_rows[:len(found)], "rows are missing or there twice, with seed %d" % seed)
        weir_ok("collect", "-r", path, "-o", "store:" + store, cwd=folder)
        expect_equal(os.listdir(store + "/.writing"), [], "files under way")
        expect_equal(store_reader.checked(weir_ok("store", "check", store)[0]), (told + len(all_rows), untold),
                     "rows that the check counts in the end, with seed %d" % seed)
        sequences = [os.path.basename(name).split("-")[2:4] for name in store_reader.segment_paths(store)]
        expect_equal(len({tuple(s) for s in sequences}), len(sequences), "numbers of commits, each once")


@case
def a_collector_that_is_killed_leaves_a_store_that_adds_up(folder):
    """While it receives, writes and merges: what the ledger and the files tell is there, no flow twice, and what was
    once seen stays; before the next one starts, and after that took up what was left."""
    seed = random.randrange(1 << 32)
    moments = random.Random(seed)
    store = folder + "/store"
    exporter = v9.Exporter()
    port = free_port()
    arguments = ["-o", "store:store", "--commit", "1", "--state", folder + "/state", "--journal", folder + "/journal"]
    count, seen = 0, 0
    for _ in range(max(3, KILLS // 3)):
        collector = Collector(folder, *arguments, ports=[port])
        files = set(store_reader.all_segment_paths(store))

        def more():
            nonlocal count
            collector.send(*[exporter.flows(*[v9.numbered_flow(count + i)] * ROWS) for i in range(20)])
            count += 20
            return set(store_reader.all_segment_paths(store)) - files
        wait_until(more, "another file")
        time.sleep(moments.random() * 0.05)
        collector.process.kill()
        collector.process.wait()
        weir_ok("store", "check", "--quiet", store)
        found = collections.Counter(column(store, "bytes"))
        expect(all(rows == ROWS for rows in found.values()), "flows are there twice or in part, with seed %d" % seed)
        expect(seen <= sum(found.values()), "flows went away, with seed %d" % seed)
        seen = sum(found.values())
    collector = Collector(folder, *arguments, ports=[port])
    collector.stop()
    told, untold = store_reader.checked(weir_ok("store", "check", store)[0])
    found = collections.Counter(column(store, "bytes"))
    expect_equal(told + untold, sum(found.values()), "rows that the check counts, with seed %d" % seed)
    expect(all(rows == ROWS for rows in found.values()), "flows are there twice or in part in the end, with seed %d" %
           seed)
    expect(seen <= sum(found.values()), "flows went away in the end, with seed %d" % seed)


@case
def a_full_disk_is_told_once_and_recovers(folder):
    """Neither what comes nor what is merged has room; with room both go on by themselves, and nothing is lost."""
    need_root("a file system of one's own")
    os.mkdir(folder + "/mount")
    before = 4000
    weir_ok("collect", "-r", capture(folder, before), "-o", "store:store", "--segment-size", "300K", cwd=folder)
    expect(len(store_reader.segment_paths(folder + "/store")) >= 3, "there is too little to merge")
    script = ('mount -t tmpfs -o size=4m none mount && cp -r store mount/store && '
              'find mount/store -name "*.parquet" -exec touch -d "-10 minutes" {} + && '
              'exec "$0" collect -p "$1" -b 127.0.0.1 -o store:mount/store --commit 1 --state none')
    port = free_port()
    with open(folder + "/err", "wb") as err:
        process = start([*own_mounts(), "sh", "-c", script, weir_e2e.weir_path, str(port)], cwd=folder, stderr=err)

    def log():
        return weir_e2e.read_text(folder + "/err")

    def told(text):
        if process.poll() is not None and "mount:" in log():
            raise Skip("mount is not permitted: " + log().strip())
        expect(process.poll() is None, "the collector ended: " + log())
        return re.search(text, log()) is not None
    wait_until(lambda: told("Listening"), "the collector")
    store = "/proc/%d/root%s/mount/store" % (process.pid, folder)
    with open(os.path.dirname(store) + "/filler", "wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)) > 0:
                pass
        except OSError as full:
            expect_equal(full.errno, errno.ENOSPC, "why it cannot be filled")
    exporter = v9.Exporter()
    count = before
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        def sent_until_told():
            nonlocal count
            if count < before + 500:
                sender.sendto(exporter.flows(*[v9.numbered_flow(count)] * ROWS), ("127.0.0.1", port))
                count += 1
            return (told("No space left on device; this goes on to be tried") and
                    told("/merge-.*: No space left on device"))
        wait_until(sent_until_told, "neither what is written nor what is merged to have room")
    os.unlink(os.path.dirname(store) + "/filler")
    wait_until(lambda: collections.Counter(column(store, "bytes")) == numbers(count),
               "all flows, when there is room again")
    wait_until(lambda: any(store_reader.parts(path)[4] > 0 for path in store_reader.segment_paths(store)),
               "a merge, when there is room again")
    expect_equal(collections.Counter(column(store, "bytes")), numbers(count), "the flows")
    expect_equal(len(re.findall("goes on to be tried", log())), 1, "times that it was told")
    wait_until(lambda: told(r"the store is written to again, after \d+ s; nothing was lost"), "word of it")
    expect_equal(log().count("is written to again"), 1, "times that it was told")
    expect_equal(len(re.findall("/merge-.*: No space left on device", log())), 1, "times that it was told of merging")
    expect("dropped" not in log(), "records were dropped: " + log())
    process.send_signal(signal.SIGTERM)
    expect_equal(process.wait(30), 0, "exit code with " + log())


@case
def a_full_disk_ends_the_reading_of_a_file(folder):
    os.mkdir(folder + "/mount")
    script = 'mount -t tmpfs -o size=8k none mount && "$0" collect -r "$1" -o store:mount/store'
    code, _, err = in_mounts(folder, script, weir_e2e.weir_path, capture(folder, 4000))
    expect_equal(code, 1, "exit code with " + err)
    expect_in("No space left on device", err)
    expect_in("80000 records could not be stored", err)


weir_e2e.run()
