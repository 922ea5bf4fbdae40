#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_store_merge.py: weir store, and that each flow is there once whatever happens while segments are merged."""
import collections
import os
import random
import re
import subprocess
import time

import capture_maker as cap
import netflow_maker as v9
import store_reader
import weir_e2e
from weir_e2e import Collector, case, expect, expect_equal, expect_in, in_mounts, start, wait_until, write_file

weir_e2e.use_venv()
import pyarrow.parquet  # noqa: E402: it is there from here on

ROWS = 20  # of a datagram
KILLS = int(os.environ.get("WEIR_KILLS", "12"))
DATAGRAMS = 4000


def weir_ok(*arguments, **options):
    return weir_e2e.weir_ok(*arguments, **options)[0]


def column_of(paths, name):
    values = []
    for path in paths:
        values += pyarrow.parquet.ParquetFile(path, page_checksum_verification=True).read([name]).column(0).to_pylist()
    return values


def column(store, name):
    """All values, in the order of the commits."""
    return column_of(sorted(store_reader.segment_paths(store), key=lambda path: store_reader.parts(path)[2]), name)


def capture(folder, count, seconds=100.0):
    def packets():
        exporter = v9.Exporter()
        for number in range(count):
            after_s = number * seconds / count
            exporter.export_time_s = cap.START_S + int(after_s)
            yield after_s, exporter.flows(*[v9.numbered_flow(number)] * ROWS)
    return write_file(folder, "made.pcap", cap.pcap_of(packets()))


def all_numbers(count):
    return collections.Counter({number: ROWS for number in range(count)})


def collect(folder, store, path):
    weir_ok("collect", "-r", path, "-o", "store:" + store, "--segment-size", "300K", "--fsync", "never", cwd=folder)


def made_store(folder, count=DATAGRAMS):
    collect(folder, "store", capture(folder, count))
    store = folder + "/store"
    expect(len(store_reader.segment_paths(store)) > 5, "there is but one segment")
    return store


@case
def merged_flows_are_the_same(folder):
    store = made_store(folder)
    before = {name: column(store, name) for name in ("bytes", "dst_ipv4", "received", "time_start")}
    files = len(store_reader.segment_paths(store))
    size = sum(os.path.getsize(path) for path in store_reader.segment_paths(store))
    expect_in("%d files with %d rows" % (files + 1, DATAGRAMS * ROWS + 2), weir_ok("store", "check", store))
    expect_in("%d files with %d rows became 1" % (files, DATAGRAMS * ROWS),
              weir_ok("store", "merge", "--all", "--grace", "0", store))
    for name, values in before.items():
        expect(column(store, name) == values, "other values of " + name)
    expect_equal(len(store_reader.all_segment_paths(store)), 1, "files")
    expect(sum(os.path.getsize(path) for path in store_reader.segment_paths(store)) < size, "it did not become smaller")
    expect_in(" 0 damaged", weir_ok("store", "check", store))
    expect_in("0 files with 0 rows became 0", weir_ok("store", "merge", "--all", "--grace", "0", store))
    file = pyarrow.parquet.ParquetFile(store_reader.segment_paths(store)[0])
    expect_equal(file.metadata.row_group(0).sorting_columns[0].column_index, 0, "the column by which it is sorted")


@case
def what_is_there_is_listed(folder):
    store = made_store(folder)
    weir_ok("store", "merge", "--all", store)
    told = weir_ok("store", "ls", "--files", "--store", store).splitlines()
    expect_equal(told, store_reader.segment_paths(store), "files that count")
    table = weir_ok("store", "ls", store)
    expect(re.search(r"^all +1 +%d " % (DATAGRAMS * ROWS), table, re.M), "no sum in\n" + table)
    expect_in("flows, merged and to be removed: ", table)
    code, out, _ = weir_e2e.weir("store", "ls", "--files", "--from", "2001-01-01", "--to", "2001-01-02", store)
    expect_equal((code, out), (0, ""), "files of another time")


@case
def damage_is_named_and_left_out(folder):
    store = made_store(folder)
    paths = sorted(store_reader.segment_paths(store), key=lambda path: store_reader.parts(path)[2])
    bad = paths[len(paths) // 2]
    rows = column_of([path for path in paths if path != bad], "bytes")
    hurt(bad)
    code, out, err = weir_e2e.weir("store", "check", store)
    expect_equal(code, 1, "exit code")
    expect_in("; 1 damaged", out)
    # of one run the ledger tells in one sum
    expect_in("\n0 records are there as the ledger tells, 0 of which it does not tell yet; %d not checkable: " %
              (DATAGRAMS * ROWS), out)
    expect_in(bad + " is damaged: ", err)
    code, out, _ = weir_e2e.weir("store", "check", "--quiet", store)
    expect_equal((code, out), (1, ""), "exit code and words")
    code, _, err = weir_e2e.weir("store", "merge", "--all", "--grace", "0", store)
    expect_equal(code, 1, "exit code")
    expect_equal(err.count(bad + " is damaged: "), 1, "times that it is named")
    left = store_reader.segment_paths(store)
    expect(bad in left, "the damaged file is gone")
    expect_equal(len(left), 3, "files: those before, the damaged one, those behind")
    expect_equal(collections.Counter(column_of([path for path in left if path != bad], "bytes")),
                 collections.Counter(rows), "rows")
    write_file(folder, "store/flows/notes.txt", b"not a segment")
    code, _, err = weir_e2e.weir("store", "check", store)
    expect_in("notes.txt is no segment", err)


def hurt(path, place=3000):
    """Turns a bit over."""
    with open(path, "r+b") as file:
        file.seek(place)
        octet = file.read(1)
        file.seek(place)
        file.write(bytes([octet[0] ^ 16]))


def in_order(store):
    return sorted(store_reader.segment_paths(store), key=lambda path: store_reader.parts(path)[2])


def make_later(path):
    """What a file looks like that a later version wrote."""
    with open(path, "r+b") as file:
        octets = file.read()
        note = octets.rindex(b"\x0bweir.format\x18\x01" + b"1")
        file.seek(note + 14)
        file.write(b"2")


@case
def an_export_leaves_out_what_is_damaged(folder):
    store = made_store(folder)
    paths = in_order(store)
    hurt(paths[2])
    hurt(paths[4], os.path.getsize(paths[4]) - 100)
    code, out, err = weir_e2e.weir("store", "export", "-o", "rest.parquet", store, cwd=folder)
    expect_equal(code, 1, "exit code")
    for path in (paths[2], paths[4]):
        expect_equal(err.count("left out: %s is damaged: " % path), 1, "times that it is named in " + err)
    expect_in("2 files left out\n", err)
    rest = [path for path in paths if path not in (paths[2], paths[4])]
    expect_equal(column_of([folder + "/rest.parquet"], "bytes"), column_of(rest, "bytes"), "rows of the others")
    expect_in("%d rows, " % len(column_of(rest, "bytes")), out)
    for path in rest:
        hurt(path)
    code, _, err = weir_e2e.weir("store", "export", "-o", "none.parquet", store, cwd=folder)
    expect_equal((code, os.path.exists(folder + "/none.parquet")), (1, False),
                 "exit code, and whether there is a file of nothing")
    expect_in("none of the files can be read, and nothing was written\n", err)


@case
def what_a_later_version_made_is_named_and_left_alone(folder):
    store = made_store(folder)
    paths = in_order(store)
    later = paths[3]
    make_later(later)
    before = weir_e2e.read_octets(later)
    rest = column_of([path for path in paths if path != later], "bytes")
    told = "%s is of format 2, which a later version of Weir wrote; this one knows 1: use that version for it\n" % later
    code, out, err = weir_e2e.weir("store", "check", store)
    expect_equal((code, err), (1, "weir store: " + told), "exit code and words of the check")
    expect_in("; 0 damaged; 1 that this version of Weir cannot look at\n", out)
    code, _, err = weir_e2e.weir("store", "export", "-o", "rest.parquet", store, cwd=folder)
    expect_equal((code, err), (1, "weir store: left out: " + told + "weir store: 1 file left out\n"),
                 "exit code and words of the export")
    expect_equal(column_of([folder + "/rest.parquet"], "bytes"), rest, "rows of the others")
    code, _, err = weir_e2e.weir("store", "merge", "--all", "--grace", "0", store)
    expect_equal((code, err), (1, "weir store: " + told), "exit code and words of the merge")
    left = store_reader.segment_paths(store)
    expect_equal(len(left), 3, "files: those before, the later one, those behind")
    expect(weir_e2e.read_octets(later) == before, "it was changed")
    # a store whose names may mean something else
    write_file(folder, "store/.format", b"2\n")
    told = "the store store is of format 2, which a later version of Weir made; this one knows 1: use that version, or another folder\n"
    for arguments in (["ls"], ["check"], ["merge"], ["expire", "--keep-days", "1"], ["export", "-o", "all.parquet"]):
        code, out, err = weir_e2e.weir("store", *arguments, "store", cwd=folder)
        expect_equal((code, err), (1, "weir store: " + told), "exit code and words of %s" % arguments[0])
    code, _, err = weir_e2e.weir("collect", "-r", "made.pcap", "-o", "store:store", cwd=folder)
    expect_equal((code, err), (1, "weir collect: " + told), "exit code and words of a collector")
    expect_equal(store_reader.segment_paths(store), left, "files")


@case
def one_is_told_as_one(folder):
    for number in range(2):  # each run writes a file
        exporter = v9.Exporter(export_time_s=cap.START_S + number)
        path = write_file(folder, "one.pcap", cap.pcap_of([(number, exporter.flows(v9.numbered_flow(number)))]))
        log = weir_e2e.weir_ok("collect", "-r", path, "-o", "store:store", cwd=folder)[1]
        expect_in("Stored 1 record in ", log)
        if number == 0:
            out = weir_ok("store", "check", folder + "/store")
            expect(re.match(r"\d+ files? with \d+ rows? in \d+ bytes (is|are) whole, and 0 that were merged", out), out)
            expect_in("\n1 record is there as the ledger tells, ", out)
            expect_in("ledger: 1 file, ", weir_ok("store", "ls", folder + "/store"))
            expect_in("1 row, ", weir_ok("store", "export", folder + "/store", "-o", folder + "/out.parquet"))
    store = folder + "/store"
    expect_in(" files with ", weir_ok("store", "expire", "--keep-bytes", "1", "--dry-run", store))
    sizes = sorted(os.path.getsize(path) for kind in ("flows", "ledger") for path in store_reader.segment_paths(store, kind))
    out = weir_ok("store", "expire", "--keep-bytes", "%d" % (sum(sizes) - 1), store)
    expect(re.fullmatch(r"1 file with \d+ bytes was removed\n", out), out)


@case
def what_is_missing_is_told(folder):
    store = made_store(folder)
    expect_in("%d records are there as the ledger tells, 0 of which" % (DATAGRAMS * ROWS),
              weir_ok("store", "check", store))
    path = sorted(store_reader.segment_paths(store), key=lambda path: store_reader.parts(path)[2])[1]
    rows = pyarrow.parquet.ParquetFile(path).metadata.num_rows
    os.rename(path, folder + "/away")
    for merged in (False, True):
        code, out, err = weir_e2e.weir("store", "check", store)
        expect_equal(code, 1, "exit code")
        expect_in(" 0 damaged", out)
        expect(re.search(r"[1-9]\d* times? it is not as told", out), out)
        expect_in("%d records came by the commits 1 to " % (DATAGRAMS * ROWS), err)
        expect_in(", as the ledger tells, and %d are there" % (DATAGRAMS * ROWS - rows), err)
        if not merged:
            weir_ok("store", "merge", "--all", "--grace", "0", store)
    code, _, err = weir_e2e.weir("store", "check", "--quiet", store)
    expect_equal(code, 1, "exit code of check --quiet")
    expect_in(" are there", err)


@case
def a_time_is_exported(folder):
    store = made_store(folder)
    start_times = column(store, "time_start")
    weir_ok("store", "export", "-o", "all.parquet", "--store", store, cwd=folder)
    expect_equal(collections.Counter(column_of([folder + "/all.parquet"], "time_start")),
                 collections.Counter(start_times), "times")
    code, _, err = weir_e2e.weir("store", "export", "-o", "all.parquet", "--store", store, cwd=folder)
    expect_equal(code, 1, "exit code of a file that is there")
    expect_in("File exists", err)
    ends, starts = column(store, "time_end"), start_times
    first, last = sorted(starts)[len(starts) // 3].replace(microsecond=0), sorted(starts)[len(starts) // 2].replace(microsecond=0)
    text = [moment.strftime("%Y-%m-%d %H:%M:%SZ") for moment in (first, last)]
    wanted = sum(begin < last and end >= first for begin, end in zip(starts, ends))
    out = weir_ok("store", "export", "-o", "some.parquet", "--from", text[0], "--to", text[1], store, cwd=folder)
    expect(0 < wanted < len(starts), "the test has no flows outside of its time")
    expect_in("%d rows, " % wanted, out)
    expect_equal(len(column_of([folder + "/some.parquet"], "bytes")), wanted, "rows")


@case
def the_oldest_goes_and_no_more(folder):
    store = folder + "/store"
    for hours in range(4):
        exporter = v9.Exporter(export_time_s=cap.START_S + 3600 * hours)
        path = write_file(folder, "made%d.pcap" % hours, cap.pcap_of(
            (3600 * hours + number, exporter.flows(*[v9.numbered_flow(number)] * ROWS)) for number in range(10)))
        weir_ok("collect", "-r", path, "-o", "store:" + store, cwd=folder)
    files = store_reader.segment_paths(store) + store_reader.segment_paths(store, "ledger")
    sizes = {path: os.path.getsize(path) for path in files}
    oldest = [path for path in files if os.path.dirname(path).split("/")[-2:] == os.path.dirname(min(
        store_reader.segment_paths(store))).split("/")[-2:]]
    keep = sum(sizes.values()) - sum(sizes[path] for path in oldest)
    expect_in("%d files " % len(oldest), weir_ok("store", "expire", "--dry-run", "--keep-bytes", str(keep), store))
    expect_equal(len(store_reader.segment_paths(store)), 4, "files after a dry run")
    weir_ok("store", "expire", "--keep-bytes", str(keep), store)
    left = store_reader.segment_paths(store) + store_reader.segment_paths(store, "ledger")
    expect_equal(sorted(left), sorted(path for path in files if path not in oldest), "files that are left")
    expect(not os.path.exists(os.path.dirname(oldest[0])), "an empty folder is left")
    expect_in("0 files ", weir_ok("store", "expire", "--keep-days", "90000", store))
    expect_equal(len(store_reader.segment_paths(store)), 3, "files that are not so old")
    weir_ok("store", "expire", "--keep-days", "1", store)
    expect_equal(os.listdir(store + "/flows"), [], "folders when all is too old")
    code, _, err = weir_e2e.weir("store", "expire", store)
    expect_equal(code, 2, "exit code without a bound")
    expect_in("--keep-days", err)


@case
def whatever_moment_it_is_killed_at_each_flow_counts_once(folder):
    """Collecting and merging at once, both killed: what is there are the first rows that came, once each, and it goes
    on from there."""
    seed = random.randrange(1 << 32)
    moments = random.Random(seed)
    path = capture(folder, DATAGRAMS)
    for kill in range(KILLS):
        store = "%s/store%d" % (folder, kill)
        os.mkdir(store)
        collector = start([weir_e2e.weir_path, "collect", "-r", path, "-o", "store:" + store, "--segment-size", "100K",
                           "--fsync", "never", "--workers", "2"], cwd=folder, stderr=subprocess.DEVNULL)
        merger = start(["sh", "-c", 'while :; do "$0" store merge --quiet --all --grace 0 "$1"; done',
                        weir_e2e.weir_path, store],
                       stderr=subprocess.DEVNULL, start_new_session=True)
        tiers = moments.randrange(1, 4)
        wait_until(lambda: collector.poll() is not None or any(
            store_reader.parts(name)[4] >= tiers for name in store_reader.all_segment_paths(store)), "a merged segment")
        time.sleep(moments.random() * 0.05)
        if moments.randrange(2) == 0:
            collector.kill()
        os.killpg(merger.pid, 9)
        collector.kill()
        merger.wait()
        collector.wait()
        found = collections.Counter(column(store, "bytes"))
        expect(all(count == ROWS for number, count in found.items() if number < max(found) - 2000),
               "rows are missing or there twice, with seed %d" % seed)
        expect(all(count <= ROWS for count in found.values()), "rows are there twice, with seed %d" % seed)
        rows = sum(found.values())
        expect_equal(sum(store_reader.checked(weir_ok("store", "check", store))), rows,
                     "rows that the check counts, seed %d" % seed)
        weir_ok("store", "merge", "--quiet", "--all", "--grace", "0", store)
        expect_equal(sum(collections.Counter(column(store, "bytes")).values()), rows,
                     "rows after the next merge, seed %d" % seed)
        expect_equal([name for name in os.listdir(store + "/.writing") if name.startswith("merge-")], [],
                     "what is left of merges")


@case
def readers_see_each_flow_once(folder):
    """Lists are read and all their files opened while segments are written and merged; inputs of merges stay for a
    while."""
    path = capture(folder, DATAGRAMS)
    store = folder + "/store"
    os.mkdir(store)
    collector = start([weir_e2e.weir_path, "collect", "-r", path, "-o", "store:" + store, "--segment-size", "100K",
                       "--fsync", "never"], cwd=folder, stderr=subprocess.DEVNULL)
    last, looks = 0, 0
    while collector.poll() is None or looks < 5:
        merging = start([weir_e2e.weir_path, "store", "merge", "--quiet", "--all", "--grace", "5", store])
        files = weir_ok("store", "ls", "--files", store).splitlines()
        found = collections.Counter(column_of(files, "bytes"))
        expect(all(count <= ROWS for count in found.values()), "rows are there twice")
        expect(sum(found.values()) >= last, "rows went away")
        last = sum(found.values())
        looks += 1
        weir_ok("store", "check", "--quiet", store)
        expect_equal(merging.wait(), 0, "exit code of the merge")
    expect_equal(collections.Counter(column(store, "bytes")), all_numbers(DATAGRAMS), "the flows")


@case
def a_full_disk_is_got_over(folder):
    """Too little room for the merged segment: nothing is lost, nothing is left behind, and with room it goes on."""
    os.mkdir(folder + "/mount")
    store = made_store(folder)
    script = ('mount -t tmpfs -o size=10m none mount && cp -r "$1" mount/store && touch mount/store/.merging && '
              '{ cat /dev/zero >mount/filler 2>/dev/null; "$0" store merge --all --grace 0 mount/store; echo "exit $?"; '
              'ls -A mount/store/.writing; "$0" store check mount/store; rm mount/filler; '
              '"$0" store merge --all --grace 0 mount/store && "$0" store check mount/store; }')
    code, out, err = in_mounts(folder, script, weir_e2e.weir_path, store)
    expect_equal(code, 0, "exit code with " + err)
    expect_in("No space left on device", err)
    lines = out.splitlines()
    expect_equal(lines[1], "exit 1", "of the merge without room")
    checks = [line for line in lines if " whole, and " in line]
    expect_equal(len(checks), 2, "checks in " + out)
    expect_in(" with %d rows " % (DATAGRAMS * ROWS + 2), checks[0])
    expect_in("2 files with %d rows " % (DATAGRAMS * ROWS + 2), checks[1])
    expect(not any("merge-" in line for line in lines), "what is left of the merge: " + out)


@case
def a_collector_merges_by_itself(folder):
    collector = Collector(folder, "-o", "store:store", "--commit", "1")
    exporter = v9.Exporter()
    store = folder + "/store"
    count = 0

    def merged():
        nonlocal count
        collector.send(exporter.flows(*[v9.numbered_flow(count)] * ROWS))
        count += 1
        return any(store_reader.parts(path)[4] > 0 for path in store_reader.segment_paths(store))
    wait_until(merged, "a merged segment")
    wait_until(lambda: collections.Counter(column(store, "bytes")) == all_numbers(count), "all flows")
    collector.stop()
    expect_equal(collections.Counter(column(store, "bytes")), all_numbers(count), "the flows in the end")
    expect_in(" 0 damaged", weir_ok("store", "check", store))


@case
def what_is_wrong_is_told(folder):
    for arguments, code, text in [
            ([], 2, "what to do"), (["sweep"], 2, "no subcommand sweep"), (["ls", "--from", "noon"], 2, "not a time"),
            (["ls", "nowhere"], 1, "there is no store at nowhere: No such file"),
            (["merge", "--level", "20"], 2, "not a level"),
            (["expire", "--keep-days", "x"], 2, "not a number of days"), (["export", "."], 2, "-o FILE"),
            (["ls", "--from", "now", "--to", "-1h"], 2, "--from is not before --to"),
            (["ls", "a", "b"], 2, "second one: b")]:
        got, _, err = weir_e2e.weir("store", *arguments, cwd=folder)
        expect_equal(got, code, "exit code of %r with %s" % (arguments, err))
        expect_in(text, err)


weir_e2e.run()
