#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_config.py: weir collect with a file of --config, and what --check says of one."""
import os
import re

import netflow_maker as v9
import weir_e2e
from weir_e2e import (Collector, case, expect, expect_equal, expect_in, flows_of, free_port, load_object, read_text,
                      run, weir, weir_ok, write_file)

EXAMPLE = os.path.join(weir_e2e.SOURCE_ROOT, "packaging", "weir.conf")


def config(folder, text, name="weir.conf"):
    return write_file(folder, name, text.encode())


@case
def the_example_is_fine(folder):
    text = read_text(EXAMPLE).replace("/var/lib/weir", folder)
    path = config(folder, text)
    out, err = weir_ok("collect", "--config", path, "--check")
    expect_equal((out, err), (path + " is fine\n", ""), "what is told")
    uncommented = config(folder, re.sub(r"(?m)^#([A-Z]\w*=\S)", r"\1", text), "all.conf")
    weir_ok("collect", "--config", uncommented, "--check")
    expect_equal(sorted(os.listdir(folder)), ["all.conf", "weir.conf"], "what is there")


@case
def a_file_does_what_options_do(folder):
    port = free_port()
    path = config(folder, "[Input]\nPort=%d\nHost=127.0.0.1\nCount=1\n[Output]\nOutput=a.json\n  b.ndjson\n"
                          "[Collect]\nState=none\nJournal=none\n" % port)
    collector = Collector(folder, "--config", path, ports=[])
    expect_equal(collector.port, port, "the port")
    collector.send(v9.Exporter().flows(v9.numbered_flow(7)))
    expect_equal(collector.wait_end(), 0, "exit code: " + collector.log())
    expect_equal(len(flows_of(load_object(folder + "/a.json"))), 1, "flows")
    expect_in('"IN_BYTES": 7', read_text(folder + "/b.ndjson"))


@case
def the_command_line_goes_before_the_file(folder):
    path = config(folder, "[Input]\nPort=1\nCount=9\n[Output]\nOutput=a.json\n")
    collector = Collector(folder, "--config", path, "-o", "b.json", "--count", "1")
    collector.send(v9.Exporter().flows(v9.numbered_flow(7)))
    expect_equal(collector.wait_end(), 0, "exit code: " + collector.log())
    expect_equal((os.path.exists(folder + "/a.json"), os.path.exists(folder + "/b.json")), (False, True), "outputs")


@case
def what_is_wrong_has_its_line(folder):
    path = config(folder, "[Input]\nProt=1\nPort=70000\nword\n[Store]\nCommit=soon\n[Output]\nOutput=\"store:x\"\n")
    wanted = ("weir collect: %s:2: there is no key Prot; the nearest is Port in [Input]\n"
              "weir collect: %s:3: Port is not a port between 0 and 65535: 70000\n"
              "weir collect: %s:4: this is neither [Section], nor Key=value, nor a comment behind ; or #\n"
              "weir collect: %s:6: Commit is not a duration such as 5s, 1m or 1h: soon\n"
              "weir collect: %s:8: Output is no output, which is text, null, store:FOLDER, json:FILE, udp:HOST:PORT, or "
              "a name that ends in .json, .ndjson or .gz: \"store:x\"\n") % ((path,) * 5)
    for more in ((), ("--check",)):
        code, out, err = weir("collect", "--config", path, *more)
        expect_equal((code, out, err), (2, "", wanted), "the end")
    code, _, err = weir("collect", "--config", folder + "/none.conf", "--check")
    expect_equal(code, 1, "exit code")
    expect_in("cannot read %s/none.conf: No such file or directory" % folder, err)


@case
def each_worker_has_its_processor(folder):
    cpus = sorted(os.sched_getaffinity(0))[:2]
    path = config(folder, "[Output]\nOutput=null\n[Collect]\nState=none\nJournal=none\nWorkers=%d\n%s"
                  % (len(cpus), "".join("Cpu=%d\n" % cpu for cpu in cpus)))
    collector = Collector(folder, "--config", path)

    def pinned():
        return [os.sched_getaffinity(int(thread)) for thread in os.listdir("/proc/%d/task" % collector.process.pid)]
    weir_e2e.wait_until(lambda: all({cpu} in pinned() for cpu in cpus), lambda: "a thread for each: %r" % pinned())
    expect("has no effect" not in collector.log(), collector.log())
    collector.stop()
    collector = Collector(folder, "-o", "null", "--cpu", "1023")
    collector.wait_for("--cpu 1023 has no effect: Invalid argument")
    collector.stop()


@case
def what_has_no_effect_is_told(folder):
    note = "Note: --%s has no effect: no output is %s\n"
    path = config(folder, "[Output]\nOutput=null\n[Store]\nMerge=no\n")
    for arguments, notes in ((("-o", "null", "--commit", "1s", "--rotate", "1m"),
                              (("rotate", "a file of JSON"), ("commit", "a store"))),
                             (("--config", path), (("no-merge", "a store"),)),
                             (("-o", "a.json", "-o", "store:store", "--commit", "1s", "--rotate", "1m"), ()),
                             (("--rotate", "1m"), ())):
        _, err = weir_ok("collect", "--check", *arguments, cwd=folder)
        expect_equal(err, "".join(note % words for words in notes), "what is told of " + " ".join(arguments))
    for option, value in (("--keep-days", "3"), ("--keep-bytes", "1G")):
        code, _, err = weir("collect", "-r", "x.pcap", "-o", "store:store", option, value)
        expect_equal(code, 2, "exit code")
        expect_in("--keep-days and --keep-bytes are for receiving, and -r reads a file", err)


@case
def check_looks_at_outputs_and_folders_and_makes_none(folder):
    file = write_file(folder, "file", b"")
    os.mkdir(folder + "/dir.json")
    path = config(folder, "[Output]\nOutput=store:%s/a/b\nOutput=%s/c.json\n[Collect]\nState=%s/s/t\n" %
                  ((folder,) * 3))
    weir_ok("collect", "--config", path, "--check")
    expect_equal(sorted(os.listdir(folder)), ["dir.json", "file", "weir.conf"], "what is there")
    for arguments, words in (
            (("-o", "store:%s/x" % file), "-o store:%s/x: %s/x: " % (file, file)),
            (("-o", "%s/no/c.json" % folder), "-o %s/no/c.json: %s/no: No such file or directory" % (folder, folder)),
            (("-o", "%s/dir.json" % folder), "-o %s/dir.json: Is a directory" % folder),
            (("-o", "text", "-o", "json:-"), "more than one -o is for standard output"),
            (("--state", file), "--state: %s: Not a directory" % file),
            (("--journal", file + "/j"), "--journal: %s/j: " % file),
            (("-b", "192.0.2.77"), "cannot listen on 192.0.2.77"),
            (("--metrics", "192.0.2.77:9105"), "--metrics 192.0.2.77:9105: Cannot assign requested address"),
            (("--cpu", "1023"), "--cpu 1023: Invalid argument"),
            (("--user", "no-such-user"), "there is no user 'no-such-user'"),
            (("--device", "none0"), "--device: there is no network device none0"),
            (("--elements", folder + "/none"), "cannot open %s/none: No such file" % folder),
            (("-r", folder + "/none"), "cannot read %s/none: No such file or directory" % folder)):
        code, out, err = weir("collect", "--check", *arguments, cwd=folder)
        expect_equal((code, out), (1, ""), "the end of %r: %s" % (arguments, err))
        expect_in(words, err)
    code, _, err = weir("collect", "--check", "-b", "192.0.2.77", "--device", "none0", "--state", file, cwd=folder)
    expect_equal(err.count("\n"), 3, "lines, one for each that is wrong: " + err)
    cpu = min(os.sched_getaffinity(0))
    out, _ = weir_ok("collect", "--check", "-o", "null", "--cpu", "%d" % cpu, "-b", "127.0.0.1", "-b",
                     "239.1.2.3%lo", "--metrics", "127.0.0.1:9105")
    expect_equal(out, "The command line is fine\n", "what is told")
    expect("usage" not in out.lower(), out)


run()
