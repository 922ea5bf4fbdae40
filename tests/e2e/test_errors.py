#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_errors.py: what goes wrong is told in a sentence that says what happened, where, and what to do; nothing that
was written is lost."""
import gzip
import os
import random
import re
import resource
import signal
import socket
import subprocess

import capture_maker as cap
import netflow_maker as v9
import weir_e2e
from weir_e2e import (Collector, Skip, case, expect, expect_equal, expect_in, flows_of, free_port, in_mounts,
                      load_lines,
                      load_object, need, need_root, own_mounts, run, start, unmount, weir, weir_ok, write_file)

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)


def complaint(folder, *arguments, code=1, **options):
    """The sentence with which a command ends with this code."""
    got, _, err = weir(*arguments, cwd=folder, timeout=30, **options)
    expect_equal(got, code, "exit code of weir %s, with %s" % (" ".join(arguments), err))
    line = next(line for line in err.splitlines() if not line.startswith("Writing flows to"))
    expect(re.match(r"weir( (collect|analyze|decode|store))?: .{10,}", line), "this is no sentence: " + err)
    expect("(null)" not in err and "errno" not in err, "this is not for people: " + err)
    return err


@case
def wrong_usage_is_2_and_points_to_help(folder):
    for command in ("collect", "analyze", "decode"):
        for arguments, word in ((["--colour"], "--colour"), (["-X"], "-X"), (["--colour=red"], "--colour")):
            err = complaint(folder, command, *arguments, code=2)
            expect_in(word, err)
            expect_in("--help", err)
            told = [line for line in err.splitlines() if "runs as root" not in line]
            expect_equal(len(told), 1, "lines of %r" % err)
    for arguments, word in ((["colect"], "no command 'colect'"), (["collect", "-nX"], "X"),
                            (["collect", "flows.json"], "flows.json"), (["collect", "-p"], "-p"),
                            (["collect", "--rotate"], "--rotate"), (["decode"], "no file"),
                            (["decode", "a", "b"], "b"), (["decode", "-p", "x", "a"], "x"),
                            (["decode", "--template-lifetime", "never", "a"], "never"),
                            (["decode", "--sampling-rate", "0", "a"], "0"),
                            (["analyze", "--min-size", "big", "a"], "big"),
                            (["analyze", "--sort", "name", "a"], "name"),
                            (["store", "ls", "--keep-days", "5"], "ls takes no --keep-days"),
                            (["store", "ls", "--from", "14:00", "x"], "with --files only"),
                            (["store", "merge", "-o", "x"], "merge takes no --output"),
                            (["collect", "-r", "a.pcap", "-b", "::1"], "-b")):
        expect_in(word, complaint(folder, *arguments, code=2))
    expect_equal(os.listdir(folder), [], "files made")


@case
def without_a_command_help_is_shown(folder):
    code, out, err = weir(cwd=folder)
    expect_equal((code, out), (2, ""), "exit code and output")
    expect_in("Usage: weir COMMAND", err)


@case
def values_that_are_none(folder):
    for option, values in (("-p", ("65536", "-1", "http", "", "2055x", "99999999999999999999", "2055,2056")),
                           ("--count", ("0", "-5", "many", "1e3", "")),
                           ("--rotate", ("0", "5x", "-1h", "", "nan", "1e9h", "h")),
                           ("--min-size", ("-1", "big", "1Q", "")),
                           ("--template-lifetime", ("-1", "never", "1h30x", "")),
                           ("--sampling-rate", ("0", "-1", "1:100", "4294967296", "")),
                           ("--commit", ("0", "soon")), ("--segment-size", ("63K", "2G", "big")),
                           ("--workers", ("0", "65", "")),
                           ("--compression", ("gzip", "zstd:0", "zstd:20", "")), ("--effort", ("some", "")),
                           ("--fsync", ("now", "")),
                           ("--keep-days", ("0", "-1", "week")), ("--keep-bytes", ("0", "all")),
                           ("-o", ("flows.txt", "store:", "kafka:there", ".json", "json:", "", "TEXT"))):
        for value in values:
            err = complaint(folder, "collect", option, value, code=2)
            expect(value in err, "%r is not named in %s" % (value, err))
    expect_equal(os.listdir(folder), [], "files made")


@case
def a_port_that_another_has(folder):
    with socket.socket(socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 0))
        port = str(other.getsockname()[1])
        err = complaint(folder, "collect", "-p", port, "-o", "null")
    expect_in("cannot listen on", err)
    expect_in(":" + port, err)
    expect_in(", process %d, has this port" % os.getpid(), err)


@case
def a_second_collector_on_the_same_port(folder):
    collector = Collector(folder, "-o", "null")
    expect_in("weir, process %d, has this port" % collector.process.pid,
              complaint(folder, "collect", "-p", str(collector.port), "-o", "null"))
    collector.stop()


@case
def addresses_that_are_not_here(folder):
    port = str(free_port())
    err = complaint(folder, "collect", "-p", port, "-b", "198.51.100.1", "-o", "null")
    expect_in("198.51.100.1", err)
    expect_in("this machine has no such address", err)
    for name in ("no.such.host.invalid", "300.1.1.1", "127.0.0.1:2055", "", "[::1", "::1%"):
        err = complaint(folder, "collect", "-p", port, "-b", name, "-o", "null")
        expect_in("cannot listen on '%s': " % name, err)
    for arguments in (("-b", "::1%nowhere"), ("--device", "nowhere")):
        err = complaint(folder, "collect", "-p", port, *arguments, "-o", "null")
        expect_in("this machine has no network device 'nowhere'; it has lo", err)


@case
def a_port_below_1024_without_the_right(folder):
    need_root("giving up rights")
    setpriv = need("setpriv", "util-linux")
    os.chmod(folder, 0o755)
    done = subprocess.run([setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", weir_e2e.weir_path, "collect",
                           "-p", "514", "-o", "null"], cwd=folder, capture_output=True, text=True, timeout=30,
                          check=False)
    if "Permission denied" not in done.stderr or "cannot listen" not in done.stderr:
        raise Skip("a user may open low ports here, or may not run weir: " + done.stderr.strip())
    expect_equal(done.returncode, 1, "exit code")
    expect_in("ports below 1024 are for root", done.stderr)


@case
def folders_that_cannot_be_written(folder):
    write_file(folder, "file", b"")
    for path in ("no/such/folder/flows.json", "file/flows.json", "file/flows.gz", "no/flows.ndjson",
                 "/proc/flows.json"):
        err = complaint(folder, "collect", "-o", path, "-p", str(free_port()))
        expect_in("cannot open " + path, err)
        expect_in("name a file in a folder that may be written to", err)
    os.mkdir(folder + "/a.json")
    for path in ("a.json", "json:" + folder):
        expect_in("Is a directory", complaint(folder, "collect", "-o", path, "-p", str(free_port())))


@case
def an_output_that_cannot_be_opened_is_all_that_is_told(folder):
    path = write_file(folder, "made.pcap", cap.pcap_of([(0, v9.Exporter().flows(FLOW))]))
    write_file(folder, "file", b"")
    for output in ("no/flows.json", "file/flows.gz", "store:file/store"):
        for source in (["-r", path], ["-p", str(free_port())]):
            err = complaint(folder, "collect", "-o", "null", "-o", output, *source)
            told = [line for line in err.splitlines() if "runs as root" not in line]
            expect_equal(len(told), 1, "lines of %r" % err)


@case
def a_folder_that_is_read_only(folder):
    os.mkdir(folder + "/mount")
    script = 'mount -t tmpfs -o size=256k none mount && mount -o remount,ro mount && cd mount && "$0" collect -p "$1"'
    code, _, err = in_mounts(folder, script, weir_e2e.weir_path, str(free_port()))
    expect_equal(code, 1, "exit code, with " + err)
    expect_in("Read-only file system; name a file in a folder that may be written to", err)


@case
def files_of_others_stay_as_they_are(folder):
    foreign = {"list.json": b"[1, 2, 3]\n", "config.json": b'{"name": "x", "version": "1.2"}\n',
               "text.json": b"to whom it may concern\n", "text.ndjson": b"to whom it may concern\n",
               "nul.json": bytes(4096), "other.ndjson": b'{"level": "info", "message": "x"}\n',
               "text.gz": gzip.compress(b"to whom it may concern\n"), "picture.gz": b"\x89PNG\r\n\x1a\n" + bytes(50),
               "lines.json": b'{"1.5": {"client": ["192.0.2.1", 5], "header": {}, "flows": []}}\n'}
    for name, content in foreign.items():
        path = write_file(folder, name, content)
        before = os.stat(path)
        err = complaint(folder, "collect", "-o", name, "-p", str(free_port()))
        expect_in(name, err)
        expect_in("left as it is; name another file, or move this one away", err)
        with open(path, "rb") as file:
            expect_equal(file.read(), content, name)
        expect_equal(os.stat(path).st_mtime_ns, before.st_mtime_ns, "the time of " + name)


@case
def a_file_that_another_collector_writes(folder):
    for name in ("a.json", "a.ndjson", "a.gz"):
        collector = Collector(folder, "-o", name)
        err = complaint(folder, "collect", "-o", name, "-p", str(free_port()))
        expect_in("%s is being written by another process" % name, err)
        collector.stop()
    err = complaint(folder, "collect", "-o", "b.json", "-o", "json:b.json", "-p", str(free_port()))
    expect_in("b.json is being written", err)


# ------------------------------------------------------------------------------------------------------- full disks


def big_capture(folder, count=400):
    exporter = v9.Exporter()
    return write_file(folder, "big.pcap", cap.pcap_of(
        (number / 1000, exporter.flows(*(v9.numbered_flow(number) for _ in range(20)))) for number in range(count)))


FULL_DISK = ('mount -t tmpfs -o size=1m none mount && "$0" collect -r "$1" -o "mount/$2"; code=$?; '
             'cp "mount/$2" . && exit $code')


def told_full(code, err, name):
    expect_equal(code, 1, "exit code, with " + err)
    expect_in("cannot write mount/%s: No space left on device; make room and start again, what was written before is "
              "kept" % name, err)


@case
def a_full_disk_leaves_the_object_whole(folder):
    os.mkdir(folder + "/mount")
    code, _, err = in_mounts(folder, FULL_DISK, weir_e2e.weir_path, big_capture(folder), "a.json")
    told_full(code, err, "a.json")
    numbers = [flow["IN_BYTES"] for flow in flows_of(load_object(folder + "/a.json"))]
    expect(len(numbers) > 100, "only %d flows were written" % len(numbers))
    expect_equal(numbers, [number for number in range(len(numbers) // 20) for _ in range(20)], "the flows")


@case
def a_full_disk_leaves_whole_lines(folder):
    os.mkdir(folder + "/mount")
    code, _, err = in_mounts(folder, FULL_DISK, weir_e2e.weir_path, big_capture(folder), "a.ndjson")
    told_full(code, err, "a.ndjson")
    expect(len(load_lines(weir_e2e.read_text(folder + "/a.ndjson"))) > 5, "hardly a line was written")


@case
def a_full_disk_leaves_whole_gzip_members(folder):
    os.mkdir(folder + "/mount")
    code, _, err = in_mounts(folder, FULL_DISK.replace("size=1m", "size=256k"), weir_e2e.weir_path,
                             big_capture(folder, 10000), "a.gz")
    told_full(code, err, "a.gz")
    with open(folder + "/a.gz", "rb") as file:
        expect(len(load_lines(gzip.decompress(file.read()).decode())) > 100, "hardly a line was written")


def load_written(path):
    """The entries of a file of any of the three forms, which is whole."""
    if path.endswith(".json"):
        return load_object(path)
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
        return load_lines(file.read())


@case
def a_journal_leaves_room_for_what_is_kept_beside_it(folder):
    """After a kill the next start needs both."""
    need_root("a file system of one's own")
    os.mkdir(folder + "/journal")
    script = ('mount -t tmpfs -o size=40m,mode=700 none journal || exit 9; exec "$0" collect --state none '
              '--journal journal --journal-size 96M -p "$1" -b 127.0.0.1 -o null')
    with open(folder + "/err", "wb") as err:
        process = start([*own_mounts(), "sh", "-c", script, weir_e2e.weir_path, str(free_port())], cwd=folder,
                        stderr=err)
    log = lambda: weir_e2e.read_text(folder + "/err")
    weir_e2e.wait_until(lambda: process.poll() is not None or "Listening" in log(), "the collector")
    if process.poll() == 9:
        raise Skip("mount is not permitted: " + log().strip())
    expect(process.poll() is None, "the collector ended: " + log())
    expect(re.search("there is room for a journal of [0-9]+ MB only", log()), "a smaller journal: " + log())
    room = os.statvfs("/proc/%d/root%s/journal" % (process.pid, folder))
    expect(9 * room.f_bavail >= room.f_blocks, "%d of %d blocks are left" % (room.f_bavail, room.f_blocks))
    process.send_signal(signal.SIGTERM)
    weir_e2e.wait_until(lambda: process.poll() is not None, "the end")


@case
def a_disk_that_fills_up_while_receiving(folder):
    """Files are whole at any time; what memory has no room for is missed and counted, and they go on when there is."""
    need_root("a file system of one's own")
    os.mkdir(folder + "/mount")
    script = ('mount -t tmpfs -o size=8m none mount && head -c 8000k /dev/zero >mount/filler || exit 1; exec "$0" '
              'collect --state none --journal none -p "$1" -b 127.0.0.1 -o null -o mount/a.json -o mount/a.ndjson '
              '-o mount/a.gz')
    port, names = free_port(), ("a.json", "a.ndjson", "a.gz")
    with open(folder + "/err", "wb") as err:
        process = start([*own_mounts(), "sh", "-c", script, weir_e2e.weir_path, str(port)],
                        cwd=folder, stderr=err)
    log = lambda: weir_e2e.read_text(folder + "/err")
    weir_e2e.wait_until(lambda: process.poll() is not None or "Listening" in log(), "the collector")
    if process.poll() is not None:
        raise Skip("mount is not permitted: " + log().strip())
    mount = "/proc/%d/root%s/mount/" % (process.pid, folder)
    exporter, sent = v9.Exporter(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        def told(words):
            nonlocal sent
            for _ in range(20):
                flows = exporter.flows(*(v9.numbered_flow(random.getrandbits(31)) for _ in range(20)))
                sender.sendto(flows, ("127.0.0.1", port))
                sent += 1
            weir_e2e.wait_until(lambda: weir_e2e.queue_of(port) == 0, "an empty queue")
            return all(words % name in log() for name in names)
        full = "cannot write mount/%s: No space left on device; this goes on to be tried"
        weir_e2e.wait_until(lambda: told(full), lambda: "a full disk: " + log())
        for name in names:
            load_written(mount + name)
        for _ in range(60):  # more than is kept in memory
            told(full)
        os.unlink(mount + "filler")
        again = "mount/%s is written again, after "
        weir_e2e.wait_until(lambda: told(again), lambda: "writing again: " + log())
        for _ in range(10):
            told(again)
    keepers = [os.open(mount + name, os.O_RDONLY) for name in names]
    process.send_signal(signal.SIGTERM)
    weir_e2e.wait_until(lambda: process.poll() is not None, "the end")
    expect_equal(process.returncode, 0, "exit code, with " + log())
    for name, keeper in zip(names, keepers):
        with os.fdopen(keeper, "rb") as file:
            written = load_written(write_file(folder, name, file.read()))
        missed = re.findall(r"mount/%s lacks (\d+) datagrams, for which there was no room" % re.escape(name), log())
        expect_equal(len(written) + sum(map(int, missed)), sent, "datagrams in %s, and missed" % name)
        expect(missed or name == "a.gz", "nothing was missed by %s: %s" % (name, log()))
        expect_equal(log().count("write mount/" + name), 1, "times that it is told of " + name)
    unmount(folder)


@case
def a_limit_on_file_sizes(folder):
    path = big_capture(folder)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000000, 1000000))
    err = weir("collect", "-r", path, "-o", "a.json", cwd=folder, preexec_fn=limit)
    expect_equal(err[0], 1, "exit code, with " + err[2])
    expect_in("File too large; raise the limit on file sizes or use --rotate", err[2])
    expect(len(load_object(folder + "/a.json")) > 0, "nothing was written")


@case
def one_output_fails_the_other_is_whole(folder):
    path = big_capture(folder)
    os.mkdir(folder + "/mount")
    script = ('mount -t tmpfs -o size=1m none mount && "$0" collect -r "$1" -o mount/a.json -o b.json; code=$?; '
              'exit $code')
    code, _, err = in_mounts(folder, script, weir_e2e.weir_path, path)
    expect_equal(code, 1, "exit code")
    expect_in("cannot write mount/a.json", err)
    load_object(folder + "/b.json")


# ----------------------------------------------------------------------------------------------- standard output


@case
def a_reader_of_text_that_leaves(folder):
    exporter = v9.Exporter()
    path = write_file(folder, "a.pcap", cap.pcap_of(
        (number, exporter.flows(*(v9.numbered_flow(number) for _ in range(20)))) for number in range(2000)))
    read_end, write_end = os.pipe()
    with open(folder + "/err", "wb") as err:
        process = start([weir_e2e.weir_path, "collect", "-r", path, "-n", "-o", "text"], stdout=write_end, stderr=err,
                        cwd=folder)
    os.close(write_end)
    expect(os.read(read_end, 1), "nothing came")
    os.close(read_end)
    expect_in(process.wait(timeout=30), (0, 1), "exit code")
    expect_in("nobody reads", weir_e2e.read_text(folder + "/err"))


@case
def standard_output_on_a_full_device(folder):
    if not os.path.exists("/dev/full"):
        raise Skip("there is no /dev/full")
    path = big_capture(folder)
    weir_ok("collect", "-r", path, "-o", "a.json", cwd=folder)
    for arguments in (["decode", path], ["analyze", "-n", "--min-size", "0", "a.json"],
                      ["collect", "-r", path, "-n", "-o", "text"],
                      ["collect", "-r", path, "--json-lines", "-o", "json:-"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([weir_e2e.weir_path, *arguments], cwd=folder, stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=30, check=False)
        expect_equal(done.returncode, 1, "exit code of " + arguments[0])
        expect_in("No space left on device", done.stderr, arguments[0])
        expect_in("cannot write", done.stderr, arguments[0])


@case
def standard_output_closed(folder):
    path = big_capture(folder)
    for arguments in (["decode", path], ["collect", "-r", path, "-n", "-o", "text"]):
        done = subprocess.run(["sh", "-c", '"$0" "$@" >&-', weir_e2e.weir_path, *arguments], cwd=folder,
                              stderr=subprocess.PIPE, text=True, timeout=30, check=False)
        expect_equal(done.returncode, 1, "exit code of %s, with %s" % (arguments[0], done.stderr))
        expect_in("cannot write", done.stderr, arguments[0])


@case
def closed_streams_leave_the_file_alone(folder):
    """The file must not get the number of a stream that is closed, and with it what is meant for people."""
    port = free_port()
    for streams in ("2>&-", ">&-", "<&-", "<&- >&- 2>&-"):
        process = start(["sh", "-c", 'exec "$0" "$@" ' + streams, weir_e2e.weir_path, "collect", "-D", "-p", str(port),
                         "-b", "127.0.0.1", "--count", "1", "-o", "a.json"], cwd=folder, stderr=subprocess.DEVNULL)
        exporter = v9.Exporter()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            def ended():
                sender.sendto(exporter.flows(FLOW), ("127.0.0.1", port))
                return process.poll() is not None
            weir_e2e.wait_until(ended, "the end with " + streams)
        expect_equal(process.returncode, 0, "exit code with " + streams)
        expect_equal(len(flows_of(load_object(folder + "/a.json"))), 1, "flows with " + streams)
        os.unlink(folder + "/a.json")


@case
def two_outputs_on_standard_output(folder):
    path = big_capture(folder, 1)
    for outputs in (["-o", "text", "-o", "json:-"], ["-o", "json:-", "-o", "json:-"], ["-o", "text", "-o", "text"]):
        err = complaint(folder, "collect", "-r", path, *outputs, code=2)
        expect_in("more than one -o is for standard output", err)


# ------------------------------------------------------------------------------------------------------- analyze


@case
def files_that_analyze_cannot_read(folder):
    os.mkdir(folder + "/folder")
    write_file(folder, "letter.json", b"to whom it may concern\n")
    write_file(folder, "picture.gz", b"\x1f\x8b\x08" + bytes(range(200)))
    write_file(folder, "a.pcap", cap.pcap_of([(0, v9.Exporter().flows(FLOW))]))
    for name in ("missing.json", "folder", "letter.json", "picture.gz", "a.pcap"):
        expect_in(name, complaint(folder, "analyze", "-n", name))


@case
def an_empty_file_of_flows(folder):
    write_file(folder, "empty.json", b"")
    expect_in("there is nothing in it", complaint(folder, "analyze", "-n", "empty.json"))
    write_file(folder, "none.json", b"{}\n")
    code, out, err = weir("analyze", "-n", "none.json", cwd=folder)
    expect_equal((code, out), (0, ""), "exit code and output, with " + err)
    expect_in("there are no flows in none.json", err)


if __name__ == "__main__":
    run()
