#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_security.py: what a collector gives up, whom it listens to, what a service manager is told."""
import os
import pwd
import re
import signal
import socket
import stat
import time

import netflow_maker as v9
import weir_e2e
from weir_e2e import (Collector, Skip, case, expect, expect_equal, expect_in, is_sanitized, load_lines, need_root,
                      queue_of, read_text, run, start, wait_until, weir)

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)
USER = "nobody"
ROOT_LINE = "weir collect: runs as root, without root's capabilities; --user NAME has it run as somebody else\n"


def threads_of(collector):
    """What the kernel tells of each thread."""
    folder = "/proc/%d/task" % collector.process.pid
    found = []
    for thread in os.listdir(folder):
        lines = read_text("%s/%s/status" % (folder, thread)).splitlines()
        found.append(dict(line.split(":\t", 1) for line in lines if ":\t" in line))
    return found


def expect_nothing_left(collector):
    threads = threads_of(collector)
    expect(len(threads) >= 3, "only %d threads" % len(threads))
    for thread in threads:
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb") + (("CapBnd",) if os.geteuid() == 0 else ()):
            expect_equal(int(thread[name], 16), 0, name + " of " + thread["Name"])
        expect_equal(thread["NoNewPrivs"], "1", "no_new_privs")
        if not is_sanitized():
            expect_equal(thread["Seccomp"], "2", "the filter of system calls")


@case
def nothing_is_left(folder):
    collector = Collector(folder, "-o", "store:store", "-o", "a.ndjson", "-o", "text", "--journal", "journal",
                          ports=[0])
    collector.send(v9.Exporter().flows(FLOW))
    wait_until(lambda: os.path.exists(folder + "/a.ndjson") and read_text(folder + "/a.ndjson"), "the flow")
    expect_nothing_left(collector)
    expect_equal(stat.S_IMODE(os.stat(folder + "/a.ndjson").st_mode) & 0o027, 0, "rights of others")
    expect_equal(collector.stop().flows, 1, "flows")
    expect_equal(collector.log().count(ROOT_LINE), int(os.geteuid() == 0), "lines about root")


@case
def several_workers_are_as_bare(folder):
    collector = Collector(folder, "-o", "store:store", "--workers", "3")
    collector.send(v9.Exporter().flows(FLOW))
    expect_nothing_left(collector)
    expect_equal(collector.stop().flows, 1, "flows")


@case
def without_the_filter(folder):
    collector = Collector(folder, "--no-sandbox", "-o", "null")
    expect_equal({thread["Seccomp"] for thread in threads_of(collector)}, {"0"}, "the filter")
    expect_in("system calls are not filtered, as --no-sandbox says", collector.log())
    collector.stop()


def privileged_port():
    for port in range(1023, 600, -1):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("::", port))
                return port
            except OSError:
                continue
    raise Skip("no port below 1024 is free")


@case
def another_user(folder):
    need_root("becoming another user")
    user = pwd.getpwnam(USER)
    os.chmod(folder, 0o755)
    for name in ("store", "state", "journal", "json"):
        os.mkdir(os.path.join(folder, name), 0o700)
        os.chown(os.path.join(folder, name), user.pw_uid, user.pw_gid)
    port = privileged_port()
    arguments = ("--user", USER, "-o", "store:store", "-o", "json/a.ndjson", "--state", "state", "--journal", "journal",
                 "--rcvbuf", "32M")
    for turn in range(2):  # the second one takes up what the first one left
        collector = Collector(folder, *arguments, ports=[port])
        collector.send(v9.Exporter().flows(FLOW))
        wait_until(lambda: os.path.exists(folder + "/json/a.ndjson") and
                   len(load_lines(read_text(folder + "/json/a.ndjson"))) > turn, "the flow")
        for thread in threads_of(collector):
            expect_equal(thread["Uid"].split(), [str(user.pw_uid)] * 4, "user of " + thread["Name"])
            expect_equal(thread["Gid"].split(), [str(user.pw_gid)] * 4, "group of " + thread["Name"])
            expect("0" not in thread["Groups"].split(), "root's group is left")
        expect_nothing_left(collector)
        expect("Note: the receive buffer" not in collector.log(),
               "the buffer was opened without rights: " + collector.log())
        if turn == 0:
            collector.kill()
            expect(os.listdir(folder + "/journal"), "no journal was left")
    expect_equal(collector.stop().lost, 0, "lost")
    expect(ROOT_LINE not in collector.log(), "it tells that it is root")
    for path, _, files in os.walk(folder + "/store"):
        expect_equal({os.stat(os.path.join(path, name)).st_uid for name in files} - {user.pw_uid}, set(),
                     "owners in " + path)


def refused_start(folder, *arguments, **options):
    code, _, err = weir("collect", "-p", "0", "--journal", "none", *arguments, cwd=folder, **options)
    return code, err


@case
def folders_of_root_are_no_place_for_others(folder):
    need_root("becoming another user")
    os.chmod(folder, 0o755)
    os.mkdir(folder + "/store", 0o755)
    code, err = refused_start(folder, "--user", USER, "--state", "none", "-o", "store:%s/store" % folder)
    expect_equal(code, 1, "exit code")
    expect_in("the store: %s/store cannot be used by the user %s: Permission denied; 'chown -R %s: %s/store' gives it "
              "to him"
              % (folder, USER, USER, folder), err)
    os.chown(folder + "/store", pwd.getpwnam(USER).pw_uid, -1)
    os.mkdir(folder + "/store/flows", 0o755)
    code, err = refused_start(folder, "--user", USER, "--state", "none", "-o", "store:%s/store" % folder)
    expect_in("%s/store/flows cannot be used" % folder, err)
    expect_in("'chown -R %s: %s/store'" % (USER, folder), err)
    code, err = refused_start(folder, "--user", USER, "--state", folder + "/new/state", "-o", "null")
    expect_equal(code, 1, "exit code")
    expect_in("the state folder: %s cannot be used by the user %s: Permission denied; 'install -d -o %s %s/new/state' "
              "makes it for him" % (folder, USER, USER, folder), err)
    os.chown(folder + "/store", pwd.getpwnam(USER).pw_uid, -1)
    os.chmod(folder + "/store", 0o500)
    code, err = refused_start(folder, "--user", USER, "--state", "none", "-o", "store:%s/store" % folder)
    expect_in("it is his, and 'chmod -R u+rwX %s/store' opens it" % folder, err)


@case
def a_check_sees_folders_as_the_user_does(folder):
    need_root("becoming another user")
    os.chmod(folder, 0o755)
    advice = "'install -d -o %s %s/new' makes it for him" % (USER, folder)
    for arguments, words in (
            (("-o", "store:%s/new" % folder), "-o store:%s/new: %s cannot be used by the user %s: Permission denied; %s"
             % (folder, folder, USER, advice)),
            (("-o", "null", "--state", folder + "/new"), advice),
            (("-o", "null", "--journal", folder + "/new"), advice)):
        code, out, err = weir("collect", "--check", "--user", USER, *arguments)
        expect_equal((code, out), (1, ""), "the end of %r: %s" % (arguments, err))
        expect_in(words, err)
    expect_equal(os.listdir(folder), [], "what is there")
    os.mkdir(folder + "/all")
    os.chmod(folder + "/all", 0o1777)
    os.mkdir(folder + "/all/mine", 0o700)
    code, _, err = weir("collect", "--check", "--user", USER, "-o", "store:%s/all" % folder)
    expect_in("%s/all is for all users; name a folder for this alone" % folder, err)
    expect("chown" not in err, err)


@case
def folders_of_the_kernel_are_no_place_for_anybody(folder):
    code, _, err = weir("collect", "-p", "0", "--check", "--state", "/proc/weir", "-o", "null", cwd=folder)
    expect_equal(code, 1, "exit code of a check")
    expect_in("--state: /proc/weir: /proc: Operation not supported", err)
    need_root("being told as root")
    code, err = refused_start(folder, "--state", "/proc/weir", "-o", "null")
    expect_equal(code, 1, "exit code")
    expect_in("the state folder: /proc cannot be used by the user root: Permission denied; no files can be kept there; "
              "name another folder", err)


@case
def root_without_rights_does_not_enter_what_others_own(folder):
    need_root("owning as another user")
    os.mkdir(folder + "/store", 0o700)
    os.chown(folder + "/store", pwd.getpwnam(USER).pw_uid, -1)
    code, err = refused_start(folder, "--state", "none", "-o", "store:store")
    expect_equal(code, 1, "exit code")
    expect_in("the store: store cannot be used by the user root: Permission denied; 'chown -R root: store'", err)


@case
def users_that_cannot_be(folder):
    code, err = refused_start(folder, "--user", "no-such-user", "-o", "null")
    expect_equal(code, 2, "exit code")
    expect_in("there is no user 'no-such-user'", err)
    need_root("trying as another user")
    code, err = refused_start(folder, "--user", "root", "-o", "null", preexec_fn=lambda: os.setuid(65534))
    expect_equal(code, 2, "exit code")
    expect_in("only root can become another user, and --user asks for 'root'", err)


@case
def exporters_in_a_list(folder):
    collector = Collector(folder, "--allow", "127.0.0.2/32", "--allow", "::1", "-o", "store:store", "-o", "a.ndjson")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as good:
        good.bind(("127.0.0.2", 0))
        for _ in range(5):
            collector.send(v9.Exporter().flows(FLOW))  # from 127.0.0.1
        good.sendto(v9.Exporter().flows(FLOW), ("127.0.0.1", collector.port))
    wait_until(lambda: os.path.exists(folder + "/a.ndjson") and read_text(folder + "/a.ndjson"), "the flow")
    collector.wait_for("datagrams from 127.0.0.1")
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows, summary.number("refused")), (1, 1, 5), "datagrams, flows, refused")
    expect_equal([entry["client"][0] for _, entry in load_lines(read_text(folder + "/a.ndjson"))], ["127.0.0.2"],
                 "exporters")
    expect_equal(collector.log().count("refused, as --allow does not name them"), 1, "lines in a minute")


@case
def who_is_not_in_the_list_has_no_place_in_the_journal(folder):
    """Nothing can be written for a while, so that each place that is taken stays taken."""
    os.makedirs(folder + "/store")
    collector = Collector(folder, "--allow", "127.0.0.2", "--journal-size", "2M", "-o", "store:store", "--commit",
                          "0.1s", "--no-merge")  # 1024 places
    wait_until(lambda: os.path.isdir(folder + "/store/.writing"), "the store")
    os.rename(folder + "/store/.writing", folder + "/store/.away")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as good:
        good.bind(("127.0.0.2", 0))
        exporter, other = v9.Exporter(), v9.Exporter()
        for _ in range(10):
            good.sendto(exporter.flows(FLOW), ("127.0.0.1", collector.port))
            for _ in range(500):
                collector.send(other.flows(FLOW))  # from 127.0.0.1
            collector.wait_for("goes on to be tried")
            wait_until(lambda: queue_of(collector.port) == 0, "an empty queue")
    os.rename(folder + "/store/.away", folder + "/store/.writing")
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows, summary.number("refused")), (10, 10, 5000),
                 "datagrams, flows, refused")
    for where in ("dropped by the kernel", "dropped as the journal was full"):
        expect_equal(summary.number(where), 0, where)


@case
def lists_that_are_none(folder):
    for entry in ("127.0.0.1/8", "example.net", "1.2.3.4/33", ""):
        code, err = refused_start(folder, "--allow", "10.0.0.0/8", "--allow", entry, "-o", "null")
        expect_equal(code, 2, "exit code for " + entry)
        expect_in("no network such as 192.0.2.7, 198.51.100.0/24 or 2001:db8::/32: " + entry, err)


# ------------------------------------------------------------------------------------------------ the service manager


class Manager:
    """What listens on $NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.socket.setblocking(False)
        self.lines = []

    def environment(self, watchdog_us=None):
        more = {"NOTIFY_SOCKET": self.path}
        if watchdog_us is not None:
            more["WATCHDOG_USEC"] = str(watchdog_us)
        return {**os.environ, **more}

    def count(self, start_of_line):
        try:
            while True:
                self.lines += self.socket.recv(4096).decode().split("\n")
        except BlockingIOError:
            pass
        return sum(line.startswith(start_of_line) for line in self.lines)


@case
def a_service_manager_is_told(folder):
    manager = Manager(folder)
    collector = Collector(folder, "-o", "store:store", env=manager.environment(2000000))
    wait_until(lambda: manager.count("READY=1"), "READY")
    collector.send(v9.Exporter().flows(FLOW))
    wait_until(lambda: manager.count("WATCHDOG=1") >= 3, "signs of life")
    wait_until(lambda: re.search(r"STATUS=\d+ datagrams/s, \d+ flows/s, \d+ waiting, 0 dropped",
                                 "\n".join(manager.lines))
               if manager.count("STATUS=") else False, "a rate")
    collector.stop()
    expect_equal((manager.count("READY=1"), manager.count("STOPPING=1")), (1, 1), "READY and STOPPING")
    expect(manager.lines.index("READY=1") < manager.lines.index("STOPPING=1"), "it ended before it began")
    expect_equal(manager.lines[0], "READY=1", "what it told first")


@case
def no_sign_of_life_when_a_worker_stands(folder):
    """A pipe that nobody reads: the first output is one that the worker waits for."""
    manager = Manager(folder)
    os.mkfifo(folder + "/pipe")
    reader = os.open(folder + "/pipe", os.O_RDONLY | os.O_NONBLOCK)
    collector = Collector(folder, "--json-lines", "-o", "json:-", stdout=os.open(folder + "/pipe", os.O_WRONLY),
                          env=manager.environment(2000000))
    wait_until(lambda: manager.count("WATCHDOG=1"), "a sign of life")
    exporter = v9.Exporter()
    until = time.monotonic() + 30
    while "a worker has not moved" not in collector.log():
        expect(time.monotonic() < until, "the worker moves: " + collector.log())
        collector.send(exporter.flows(*[FLOW] * 20))
        time.sleep(0.005)
    before = manager.count("WATCHDOG=1")
    wait_until(lambda: manager.count("STATUS=") >= 2, "the main thread to go on")
    expect_equal(manager.count("WATCHDOG=1"), before, "signs of life")
    os.close(reader)
    collector.process.send_signal(signal.SIGTERM)
    wait_until(lambda: manager.count("STOPPING=1"), "STOPPING")
    collector.kill()


run()
