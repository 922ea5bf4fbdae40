#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_inject.py: whichever system call fails, and with whatever error: the collector neither crashes nor hangs, tells
of what it cannot do without, and in the end each flow is stored once.

WEIR_INJECT is the library that has calls fail, see tests/inject/inject.c. Each call fails with each error at one of
several moments; with WEIR_INJECT_ALL=1 at each of them."""
import concurrent.futures
import errno
import os
import signal
import struct
import sys

import weir_e2e
from weir_e2e import case, check_sane, expect, expect_equal, run, wait_until, weir_ok

weir_e2e.use_venv()
from live_collector import held_socket, journal_left, start_on  # noqa: E402: needs it
from numbered_sender import Sender, expect_once, stored  # noqa: E402

BUILD = os.path.dirname(os.path.abspath(sys.argv[1]))
LIBRARY = os.environ.get("WEIR_INJECT") or os.path.join(BUILD, "tests/inject/libinject.so")
ALL = os.environ.get("WEIR_INJECT_ALL", "") not in ("", "0")
CALLS = ["recvmmsg", "poll", "read", "write", "pread", "pwrite", "fsync", "rename", "ftruncate", "posix_fallocate",
         "open", "openat", "close", "mmap", "mkdir", "eventfd", "pthread_create", "getsockopt"]
ERRORS = ["EINTR", "EAGAIN", "ENOSPC", "EIO", "ENOMEM", "EMFILE"]
# From which call on it fails, each how many, how often; and what ends the collector then.
MOMENTS = [(1, 1, 1, "SIGTERM"), (1, 1, 3, "SIGKILL"), (2, 2, 2, "SIGTERM"), (3, 1, 2, "SIGKILL"), (5, 3, 2, "SIGTERM")]
# What it goes on with until it is told to end, once it listens.
PASSING = ["EINTR", "EAGAIN", "ENOMEM"]
GOES_ON = {"recvmmsg": PASSING, "poll": PASSING, "write": ERRORS, "fsync": ERRORS, "rename": ERRORS, "open": ERRORS,
           "pread": ERRORS}
BEFORE, DURING = 5, 40  # datagrams
AT_ONCE = 4  # they mostly wait


def has_ended(collector):
    return collector.process.poll() is not None


def leave_datagrams(held, folder, sender):
    """What a collector received that was killed before it stored anything."""
    collector = start_on(held, folder, "-o", "store:store", "--commit", "1h")
    for turn in range(BEFORE):
        sender.send(turn)
    wait_until(lambda: weir_e2e.queue_of(sender.port) == 0, "an empty queue")
    collector.kill()


def end(collector, how):
    """Its exit code, None when it was killed."""
    if how == "SIGKILL" and not has_ended(collector):
        collector.kill()
        check_sane(collector.log())
        return None
    if not has_ended(collector):
        collector.process.send_signal(signal.SIGTERM)
    code = collector.wait_end()
    expect(code in (0, 1), "it ended with %d: %s" % (code, collector.log()[-2000:]))
    expect(code == 0 or "weir collect: " in collector.log() or "in the journal: " in collector.log(),
           "it ended with 1 and does not tell why: " + collector.log())
    return code


def run_failing(held, folder, sender, call, error, moment):
    """A run in which the call fails; returns how often it did."""
    first, each, times, how = moment
    counts = folder + "/counts"
    with open(counts, "wb") as file:
        file.write(bytes(16))
    environment = ["LD_PRELOAD=" + LIBRARY, "INJECT_CALL=" + call, "INJECT_ERRNO=%d" % getattr(errno, error),
                   "INJECT_FROM=%d" % first, "INJECT_EACH=%d" % each, "INJECT_TIMES=%d" % times,
                   "INJECT_COUNTS=" + counts]
    collector = start_on(held, folder, "-o", "store:store", "-o", "lines.ndjson", "--commit", "0.05s",
                         environment=environment, listening=False)
    wait_until(lambda: has_ended(collector) or "Listening on" in collector.log(), "a start or an end of it")
    for turn in range(DURING):
        sender.send(BEFORE + turn)
        if not sender.ending.wait(sender.pause) and has_ended(collector):
            break
    wait_until(lambda: has_ended(collector) or weir_e2e.queue_of(sender.port) == 0,
               lambda: "an empty queue: " + collector.log())
    expect(error not in GOES_ON.get(call, []) or "Listening on" not in collector.log() or not has_ended(collector),
           "it ended, though it could have gone on: " + collector.log())
    code = end(collector, how)
    with open(counts, "rb") as file:
        _, failures = struct.unpack("=QQ", file.read(16))
    return failures, code, collector.log()


def try_one(folder, call, error, moment):
    os.mkdir(folder)
    os.mkdir(folder + "/journal", 0o700)
    with held_socket() as held:
        sender = Sender(held.getsockname()[1], 500)
        try:
            leave_datagrams(held, folder, sender)
            failures, code, log = run_failing(held, folder, sender, call, error, moment)
            stored_then = sum(stored(folder + "/store").values())
            last = start_on(held, folder, "-o", "store:store", "-o", "lines.ndjson")
            wait_until(lambda: weir_e2e.queue_of(sender.port) == 0, "an empty queue at last")
            last.stop(signal.SIGTERM)
        finally:
            sender.stop()
    try:
        if code == 0:
            expect_equal(stored_then, sender.number, "flows that are stored when it ended well")
        expect_once(stored(folder + "/store"), sender.number, "the store")
        weir_ok("store", "check", folder + "/store")
        expect_equal(journal_left(folder), [], "what is left of the journal")
    except AssertionError as fault:
        raise AssertionError("%s\nit told: %s\nand then: %s" % (fault, log, last.log())) from None
    return failures


def chosen(call_index, error_index):
    return MOMENTS if ALL else [MOMENTS[(call_index + error_index) % len(MOMENTS)]]


@case
def each_call_fails_with_each_error(folder):
    expect(os.path.exists(LIBRARY), "there is no %s; the environment variable WEIR_INJECT tells where it is" % LIBRARY)
    words = os.environ.get("WEIR_INJECT_ONLY", "").split()  # calls and errors, to look into one
    failed, failures = [], dict.fromkeys(CALLS, 0)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {}
        for i, call in enumerate(CALLS):
            for k, error in enumerate(ERRORS):
                for number, moment in enumerate(chosen(i, k)):
                    if not words or (call in words and (error in words or not set(words) & set(ERRORS))):
                        place = "%s/%s-%s-%d" % (folder, call, error, number)
                        runs[pool.submit(try_one, place, call, error, moment)] = (call, error, moment)
        for done in concurrent.futures.as_completed(runs):
            try:
                failures[runs[done][0]] += done.result()
            except Exception as fault:  # the others are to be told as well
                failed.append("%s: %s" % (runs[done], fault))
    print("# %d runs; failures: %s" % (len(runs), failures), flush=True)
    expect(not failed, "%d of %d runs:\n%s" % (len(failed), len(runs), "\n\n".join(failed)))
    expect(words or all(failures.values()), "calls that never failed: %s" %
           [call for call in CALLS if failures[call] == 0])


run()
