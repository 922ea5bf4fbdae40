#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_reload.py: SIGHUP has weir collect read its file of --config again, and begin files anew that were moved away,
and loses nothing by it."""
import collections
import glob
import os
import pty
import re
import signal
import socket

import netflow_maker as v9
import weir_e2e
from weir_e2e import (Collector, case, expect, expect_equal, expect_in, free_port, queue_of, read_text, run, start,
                      wait_until, weir_ok)

weir_e2e.use_venv()
from numbered_sender import ROWS, Sender, expect_once, stored  # noqa: E402: needs it
from store_reader import all_segment_paths, parts  # noqa: E402

TURNS = 9  # messages of one kind are held back beyond ten a minute


def write_config(folder, text):
    with open(folder + "/new.conf", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(folder + "/new.conf", folder + "/weir.conf")


def start_with(folder, text, *arguments, **options):
    write_config(folder, text)
    return Collector(folder, "--config", folder + "/weir.conf", *arguments, **options)


def reload(collector, word="weir.conf was read again"):
    """Sends SIGHUP, and waits until it was told what became of it."""
    count = collector.log().count(word)
    collector.process.send_signal(signal.SIGHUP)
    collector.wait_for(word, count=count + 1)


def numbers_of(paths):
    numbers = collections.Counter()
    for path in paths:
        numbers.update(int(number) for number in re.findall(r'"NF_F_CONN_ID": (\d+)', read_text(path)))
    return numbers


def send_flows(collector, count=1, exporter=v9.Exporter):
    made = exporter()
    collector.send(*[made.flows(v9.numbered_flow(number)) for number in range(count)])


def flows_in(path):
    return len(re.findall('"IN_BYTES"', read_text(path))) if os.path.exists(path) else 0


@case
def nothing_is_lost_while_settings_change_and_files_are_moved_away(folder):
    os.mkdir(folder + "/journal", 0o700)
    text = ("[Output]\nOutput=store:store\nOutput=a.ndjson\nOutput=b.json\n[Store]\nCommit=0.%ds\nKeepDays=%d\nMerge=%s\n"
            "[Collect]\nJournal=journal\n")
    port = free_port()
    collector = start_with(folder, text % (1, 100, "no"), ports=[port])
    sender = Sender(port, 2000)
    sender.start()
    try:
        for turn in range(TURNS):
            for name in ("a.ndjson", "b.json"):
                os.rename(folder + "/" + name, "%s/%s.%s" % (folder, turn, name))
            write_config(folder, text % (turn % 5 + 2, 101 + turn, ("yes", "no")[turn % 2]))
            reload(collector)
            collector.wait_for("was moved away, and is begun anew", count=2 * (turn + 1))
            for name in ("a.ndjson", "b.json"):
                wait_until(lambda: numbers_of([folder + "/" + name]), "flows in the new " + name)
    finally:
        sender.stop()
    wait_until(lambda: queue_of(port) == 0, "an empty queue")
    summary = collector.stop(signal.SIGTERM)
    expect_equal(summary.number("dropped by the kernel"), 0, "drops: the test was too fast")
    expect("missed by" not in summary.text, summary.text)
    expect_once(stored(folder + "/store"), sender.number, "the store")
    for name in ("a.ndjson", "b.json"):
        paths = glob.glob(folder + "/*" + name)
        expect_equal(len(paths), TURNS + 1, "files of " + name)
        expect(all(numbers_of([path]) for path in paths), "each of %r has flows" % paths)
        expect_once(numbers_of(paths), sender.number, name)
    expect_equal(collector.log().count("what is new: Commit, KeepDays, NoMerge"), 0, "keys by their names in files")
    expect_equal(collector.log().count("what is new: Commit, KeepDays, Merge"), TURNS, "times that it was told")


@case
def commit_acts_at_once(folder):
    text = "[Output]\nOutput=store:store\n[Store]\nCommit=%s\n"
    collector = start_with(folder, text % "1h", "-D")
    send_flows(collector)
    collector.wait_for("Processed")
    expect_equal(all_segment_paths(folder + "/store"), [], "what is stored in the first hour")
    write_config(folder, text % "0.1s")
    reload(collector)
    wait_until(lambda: all_segment_paths(folder + "/store"), "a file in the store")
    collector.stop()


@case
def keep_and_merge_act_at_once(folder):
    """At first nothing looks after the store at all."""
    text = "[Output]\nOutput=store:store\n[Store]\nCommit=0.1s\n%s\n"
    collector = start_with(folder, text % "Merge=no")
    exporter = v9.Exporter()
    for number in range(20):
        collector.send(exporter.flows(v9.numbered_flow(number)))
        wait_until(lambda: len(all_segment_paths(folder + "/store")) > number, "one file more")
    expect(all(parts(path)[4] == 0 for path in all_segment_paths(folder + "/store")), "nothing is merged")
    write_config(folder, text % "Merge=yes")
    reload(collector)
    wait_until(lambda: any(parts(path)[4] > 0 for path in all_segment_paths(folder + "/store")), "a merged file")
    write_config(folder, text % "Merge=no\nKeepBytes=1")
    reload(collector)
    wait_until(lambda: not all_segment_paths(folder + "/store"), "a store that has nothing left")
    collector.stop()


def lines_of(folder, host):
    return read_text(folder + "/a.ndjson").count('"client": ["%s"' % host)


@case
def allow_acts_at_once_and_loses_nothing(folder):
    """Who is let in changes under load: each datagram is taken by an output or refused."""
    text = "[Input]\n%s[Output]\nOutput=store:store\nOutput=a.ndjson\n"
    hosts = ["127.0.0.1", "127.0.0.2"]
    port = free_port()
    collector = start_with(folder, text % "", "-b", "0.0.0.0", ports=[port])
    sender = Sender(port, 500, hosts)
    sender.start()
    try:
        wait_until(lambda: all(lines_of(folder, host) for host in hosts), "lines of both")
        for allowed, others in (("127.0.0.1", "127.0.0.2"), ("127.0.0.2/31", "127.0.0.1")):
            write_config(folder, text % ("Allow=%s\n" % allowed))
            reload(collector, "was read again; what is new: Allow\n")

            def others_stand_still():
                before, come = lines_of(folder, others), lines_of(folder, allowed[:9])
                wait_until(lambda: lines_of(folder, allowed[:9]) > come + 20, "lines of who is allowed")
                return lines_of(folder, others) == before
            wait_until(others_stand_still, "lines of %s alone" % allowed)
            count = lines_of(folder, others)
            write_config(folder, text % "")
            reload(collector, "was read again; what is new: Allow\n")
            wait_until(lambda: lines_of(folder, others) > count, "lines of %s again" % others)
    finally:
        sender.stop()
    wait_until(lambda: queue_of(port) == 0, "an empty queue")
    summary = collector.stop(signal.SIGTERM)
    sent = sender.number // ROWS
    expect(summary.number("refused") > 20, summary.text)
    expect_equal(summary.datagrams + summary.number("refused"), sent, "datagrams, taken and refused: " + summary.text)
    kept = stored(folder + "/store")
    expect(max(kept.values()) == 1 and len(kept) == summary.datagrams * ROWS, "%d flows are stored" % len(kept))


@case
def rotate_acts_at_once(folder):
    text = "[Output]\nOutput=a.ndjson\n%s\n"
    collector = start_with(folder, text % "")
    send_flows(collector)
    wait_until(lambda: flows_in(folder + "/a.ndjson") == 1, "a flow")
    write_config(folder, text % "Rotate=1s")
    reload(collector)
    wait_until(lambda: len(glob.glob(folder + "/a-*.ndjson")) >= 2, "files that carry their time")
    write_config(folder, text % "")
    reload(collector)
    files = len(glob.glob(folder + "/a-*.ndjson"))
    send_flows(collector, 3)
    wait_until(lambda: sum(flows_in(path) for path in glob.glob(folder + "/a-*.ndjson")) == 3, "flows in the last file")
    expect_equal(len(glob.glob(folder + "/a-*.ndjson")), files, "files")
    collector.stop()


@case
def a_wrong_file_changes_nothing(folder):
    text = "[Output]\nOutput=store:store\n[Store]\nCommit=%s\n%s"
    collector = start_with(folder, text % ("1h", ""), "-D")
    send_flows(collector)
    collector.wait_for("Processed")
    for commit, more, words in (
            ("0.1s", "Prot=1\n", ":5: there is no key Prot; the nearest is Port in [Input]"),
            ("soon", "", ":4: Commit is not a duration such as 5s, 1m or 1h: soon"),
            ("0.1s", "[Output]\nOutput=nothing\n", ":6: Output is no output"),
            ("0.1s", "[Input]\nRead=x\n", ": Read is for the start, and this one receives"),
            ("0.1s", "[Input]\nCount=5\n[Collect]\nWorkers=2\n", ": --count is for one worker")):
        write_config(folder, text % (commit, more))
        reload(collector, "weir.conf is wrong, so all stays as it was")
        expect_in(folder + "/weir.conf" + words, collector.log())
    os.unlink(folder + "/weir.conf")
    reload(collector, "weir.conf is wrong, so all stays as it was")
    expect_in("cannot read %s/weir.conf: No such file or directory" % folder, collector.log())
    expect("was read again" not in collector.log(), collector.log())
    expect_equal(all_segment_paths(folder + "/store"), [], "what is stored, as if Commit were still 1h")
    write_config(folder, text % ("0.1s", ""))
    reload(collector)
    wait_until(lambda: all_segment_paths(folder + "/store"), "a file in the store")
    collector.stop()


@case
def what_needs_a_restart_is_named_each_time(folder):
    text = "[Input]\nHost=127.0.0.1\n%s[Output]\nOutput=null\n[Store]\nCommit=%s\n[Collect]\nDebug=%s\n"
    collector = start_with(folder, text % ("", "5s", "no"))
    reload(collector, "was read again, and nothing in it is new")
    write_config(folder, text % ("", "5", "off"))  # the same in other words
    reload(collector, "was read again, and nothing in it is new")
    write_config(folder, text % ("Device=lo\nRcvbuf=1M\n", "5s", "yes"))
    for _ in range(2):
        reload(collector, "has more that is new, and needs a restart: Device, Rcvbuf, Debug\n")
    write_config(folder, text % ("", "5s", "no"))
    reload(collector, "was read again, and nothing in it is new")
    expect("what is new" not in collector.log(), collector.log())
    collector.stop()


@case
def the_command_line_stays(folder):
    text = "[Input]\nPort=1\n[Output]\nOutput=a.ndjson\n[Store]\nCommit=%s\n"
    collector = start_with(folder, text % "1s", "-o", "null", "--commit", "3s")
    write_config(folder, (text % "2s").replace("a.ndjson", "b.ndjson"))
    reload(collector, "was read again, and nothing in it is new")
    collector.stop()


@case
def without_a_file_only_outputs_begin_anew(folder):
    collector = Collector(folder, "-o", "a.ndjson", "-o", "b.json", "-o", "c.gz", "-o", "text")
    exporter = v9.Exporter()
    collector.send(exporter.flows(v9.numbered_flow(1)))
    wait_until(lambda: flows_in(folder + "/a.ndjson") == 1 and flows_in(folder + "/b.json") == 1, "a flow")
    os.rename(folder + "/a.ndjson", folder + "/old")
    os.unlink(folder + "/c.gz")
    collector.process.send_signal(signal.SIGHUP)
    collector.wait_for("SIGHUP: there is no file of --config to read again")
    collector.wait_for("a.ndjson was moved away, and is begun anew")
    collector.wait_for("c.gz was moved away, and is begun anew")
    collector.send(exporter.flows(v9.numbered_flow(2)))
    wait_until(lambda: flows_in(folder + "/a.ndjson") == 1 and flows_in(folder + "/b.json") == 2, "the second flow")
    collector.stop()
    expect_equal(flows_in(folder + "/old"), 1, "flows in the file that was moved")
    expect("b.json was moved" not in collector.log(), collector.log())


@case
def a_file_that_cannot_begin_anew_is_told_and_the_old_one_goes_on(folder):
    os.mkdir(folder + "/sub")
    collector = Collector(folder, "-o", "sub/a.ndjson")
    exporter = v9.Exporter()
    collector.send(exporter.flows(v9.numbered_flow(1)))
    wait_until(lambda: flows_in(folder + "/sub/a.ndjson") == 1, "a flow")
    os.rename(folder + "/sub", folder + "/away")
    collector.process.send_signal(signal.SIGHUP)
    collector.wait_for("cannot open sub/a.ndjson: No such file or directory")
    collector.send(exporter.flows(v9.numbered_flow(2)))
    wait_until(lambda: flows_in(folder + "/away/a.ndjson") == 2, "the second flow")
    collector.stop()


@case
def a_terminal_that_is_gone_ends_it(folder):
    port = free_port()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(weir_e2e.weir_path, [weir_e2e.weir_path, "collect", "-p", str(port), "-o", "a.ndjson", "--state",
                                      "none", "--journal", "none"])
    said = b""
    while b"Listening on" not in said:
        said += os.read(terminal, 4096)
    os.kill(pid, signal.SIGHUP)  # with a terminal that is there it is as with any other
    while b"SIGHUP: there is no file" not in said:
        said += os.read(terminal, 4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(v9.Exporter().flows(v9.numbered_flow(1)), ("127.0.0.1", port))
    wait_until(lambda: flows_in(folder + "/a.ndjson") == 1, "a flow")
    os.close(terminal)
    ended = wait_until(lambda: (lambda got: got if got[0] else None)(os.waitpid(pid, os.WNOHANG)), "the end")
    expect_equal(os.waitstatus_to_exitcode(ended[1]), 0, "exit code")


@case
def a_capture_that_is_read_ends_by_it(folder):
    """As any other program that has nothing to reload."""
    os.mkfifo(folder + "/fifo")
    process = start([weir_e2e.weir_path, "collect", "-r", folder + "/fifo", "-o", "null"], cwd=folder,
                    preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))  # nohup has it ignored
    writer = os.open(folder + "/fifo", os.O_WRONLY)  # waits for the reader
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: process.poll() is not None, "the end")
    os.close(writer)
    expect_equal(process.returncode, -signal.SIGHUP, "how it ended")


@case
def several_workers_take_it_too(folder):
    hosts = ["127.0.0.%d" % number for number in range(1, 9)]
    os.mkdir(folder + "/journal", 0o700)
    text = ("[Output]\nOutput=store:store\nOutput=a.ndjson\n[Store]\nCommit=%s\nMerge=%s\n[Collect]\nJournal=journal\n"
            "Workers=3\n")
    port = free_port()
    collector = start_with(folder, text % ("1h", "no"), "-b", "0.0.0.0", ports=[port])
    sender = Sender(port, 1000, hosts)
    sender.start()
    try:
        wait_until(lambda: sender.number > 1000, "flows")
        write_config(folder, text % ("0.2s", "yes"))
        os.rename(folder + "/a.ndjson", folder + "/old.ndjson")
        reload(collector)
        wait_until(lambda: len({parts(path)[1] for path in all_segment_paths(folder + "/store")}) >= 2,
                   "files of more than one worker")
    finally:
        sender.stop()
    wait_until(lambda: queue_of(port) == 0, "an empty queue")
    collector.stop(signal.SIGTERM)
    expect_once(stored(folder + "/store"), sender.number, "the store")
    expect_once(numbers_of(glob.glob(folder + "/*.ndjson")), sender.number, "the lines")
    weir_ok("store", "check", folder + "/store")


run()
