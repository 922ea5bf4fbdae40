#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_analyze_store.py WEIR [WORD...]: weir analyze over a store; its report is compared with that of the JSON lines
of the same captures, which come by another way."""
import os
import pty
import subprocess

import weir_e2e
from talk_maker import MIXED, START_S, make
from weir_e2e import case, expect, expect_equal, expect_in, run, weir, weir_ok

WAYS = [[], ["--min-size", "0"], ["--min-size", "0", "--json", "-v"], ["--table", "-v", "--raw-sizes"], ["--stats"],
        ["--graph"], ["--min-size", "0", "--sort", "duration", "--limit", "20"], ["--sort", "packets", "-p", "20"],
        ["--min-size", "0", "--match-host", "10.1.0.0/16", "--table", "--stats"], ["--min-size", "0", "--limit", "7"]]


def files_of(store):
    return sorted(os.path.join(base, name) for base, _, names in os.walk(os.path.join(store, "flows"))
                  for name in names)


def expect_same(lines, store, *options):
    wanted, _ = weir_ok("analyze", "-n", *options, lines)
    got, err = weir_ok("analyze", "-n", *options, store)
    expect(wanted != "" or "2100" in " ".join(options), "something to compare with %r" % (options,))
    expect_equal(got.splitlines(), wanted.splitlines(), "report with %r" % (options,))
    return err


@case
def the_report_is_that_of_the_json_lines(folder):
    lines, store, _ = make(folder, "one", 1, MIXED[:1])
    expect(len(files_of(store)) > 2, "several files: %r" % files_of(store))
    for options in WAYS:
        err = expect_same(lines, store, *options)
        expect_in("weir: 1 exporter; lost by sequence: ", err)
    expect_in("multiplied by sampling rates", expect_same(lines, store))
    expect_in("--sampled multiplies them", expect_same(lines, store, "--raw-sizes"))
    expect_in("multiplied by sampling rates", expect_same(lines, store, "--sampled"))


@case
def what_exporters_send_makes_no_difference(folder):
    lines, store, _ = make(folder, "mixed", 2, MIXED)
    for options in WAYS:
        if "--graph" not in options:  # JSON lines do not tell since when uptimes of IPFIX count
            expect_same(lines, store, *options)
    lines, store, _ = make(folder, "others", 3, MIXED[:4], segment="300K")
    for options in WAYS:
        expect_same(lines, store, *options)


@case
def times_choose_the_same(folder):
    lines, store, _ = make(folder, "times", 4, MIXED[:4], whole_seconds=True)
    for options in (["--from", "@%d" % (START_S + 1000)], ["--to", "@%d" % (START_S + 1000)],
                    ["--from", "@%d" % (START_S + 700), "--to", "@%d" % (START_S + 800)], ["--from", "2100-01-01"]):
        for way in (["--min-size", "0", "--json"],
                    ["--stats"]) if "2100-01-01" not in options else (["--min-size", "0"],):
            expect_same(lines, store, *way, *options)
    whole = weir_ok("analyze", "-n", "--min-size", "0", lines)[0]
    some = weir_ok("analyze", "-n", "--min-size", "0", "--from", "@%d" % (START_S + 1000), lines)[0]
    expect(0 < len(some) < len(whole) * 0.8, "a part of the flows: %d of %d octets" % (len(some), len(whole)))
    expect_in("no flow of that time; ", weir_ok("analyze", "--last", "1h", lines)[1])
    expect_in("files of other times", weir_ok("analyze", "--last", "1h", store)[1])


@case
def merged_files_tell_the_same(folder):
    lines, store, _ = make(folder, "merged", 5, MIXED[:4])
    before = len(files_of(store))
    weir_ok("store", "merge", "--all", "--grace", "0", store)
    expect(len(files_of(store)) < before, "fewer files than %d" % before)
    for options in (["--min-size", "0"], ["--min-size", "0", "--json"]):
        wanted, got = (weir_ok("analyze", "-n", *options, path)[0].splitlines() for path in (lines, store))
        expect_equal(sorted(got), sorted(wanted), "report with %r" % (options,))


@case
def a_filter_chooses(folder):
    _, store, _ = make(folder, "all", 6, MIXED[:4])
    lines, _, _ = make(folder, "some", 6, MIXED[:4], lambda record: record.protocol == 6 and
                       443 in (record.srcport, record.dstport))
    wanted, _ = weir_ok("analyze", "-n", "--min-size", "0", "--json", lines)
    for arguments in ([store, "proto tcp and port 443"], ["--store", store, "proto tcp and port 443"]):
        got, err = weir_ok("analyze", "-n", "--min-size", "0", "--json", *arguments)
        expect_equal(got.splitlines(), wanted.splitlines(), "report with %r" % (arguments,))
    expect_in("weir: %d flows" % sum(2 if '"paired": true' in line else 1 for line in got.splitlines()), err)


@case
def damaged_files_are_named(folder):
    _, store, _ = make(folder, "damaged", 7, MIXED[:1])
    path = files_of(store)[1]
    whole = weir_ok("analyze", "-n", "--min-size", "0", store)[0]
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
    out, err = weir_ok("analyze", "-n", "--min-size", "0", store)
    expect_in("weir analyze: left out: " + path, err)
    expect(0 < len(out) < len(whole), "what the other files have")


def at_a_terminal(*arguments, **variables):
    """Exit code, output and messages, with a terminal as standard input."""
    master, slave = pty.openpty()
    try:
        done = subprocess.run([weir_e2e.weir_path, *arguments], stdin=slave, capture_output=True, text=True, timeout=60,
                              env={**os.environ, **variables}, check=False)
    finally:
        os.close(master)
        os.close(slave)
    return done.returncode, done.stdout, done.stderr


@case
def the_usual_store_is_found(folder):
    lines, store, _ = make(folder, "usual", 8, MIXED[:1])
    wanted = weir_ok("analyze", "-n", lines)[0]
    expect_equal(at_a_terminal("analyze", "-n", WEIR_STORE=store)[:2], (0, wanted), "with WEIR_STORE")
    os.makedirs(os.path.join(folder, "state"))
    os.rename(store, os.path.join(folder, "state", "store"))
    expect_equal(at_a_terminal("analyze", "-n", STATE_DIRECTORY=os.path.join(folder, "state"))[:2], (0, wanted),
                 "where weir collect puts it")
    code, out, err = at_a_terminal("analyze", "-n", STATE_DIRECTORY=os.path.join(folder, "none"))
    expect_equal((code, out), (2, ""), "without a store")
    expect_in("name a file of flows", err)
    with open(lines, "rb") as file:  # what comes in goes before what lies there
        done = subprocess.run([weir_e2e.weir_path, "analyze", "-n"], stdin=file, capture_output=True, text=True,
                              timeout=60, env={**os.environ, "WEIR_STORE": "/nonexistent"}, check=False)
    expect_equal((done.returncode, done.stdout), (0, wanted), "standard input")


@case
def mistakes_are_told(folder):
    lines, store, _ = make(folder, "mistakes", 9, MIXED[:1])
    def expect_error(code, text, *arguments):
        got, out, err = weir("analyze", *arguments)
        expect_equal((got, out), (code, ""), "exit code and output of %r (%s)" % (arguments, err))
        expect_in(text, err)
    expect_error(2, "did you mean 'proto'?", store, "prto tcp")
    expect_error(2, "only one filter", store, "proto", "tcp")
    expect_error(2, "a filter for a store alone: 'proto tcp'", lines, "proto tcp")
    expect_error(2, "one file at a time", lines, lines)
    expect_error(2, "a file or a store", "-f", lines, "--store", store)
    expect_error(2, "not a time such as", "--from", "soon", store)
    expect_error(2, "--last goes without --to", "--last", "1h", "--to", "now", lines)
    expect_error(2, "--raw-sizes and --sampled do not go together", "--raw-sizes", "--sampled", store)
    expect_error(1, "there is no store at " + folder + "/none", "--store", folder + "/none")
    os.makedirs(folder + "/empty")
    expect_error(1, folder + "/empty is a folder without a store", folder + "/empty")
    os.makedirs(folder + "/empty/flows")
    out, err = weir_ok("analyze", folder + "/empty")
    expect_equal(out, "", "output of nothing")
    expect_in("there are no flows in " + folder + "/empty", err)


if __name__ == "__main__":
    run()
