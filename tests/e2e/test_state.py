# SPDX-License-Identifier: MIT
"""test_state.py: templates are kept from one run to the next, and the summary tells of each exporter."""
import os
import struct
import time

from netflow_maker import FIELDS_4, ID_4, Exporter, data, numbered_flow, set_of, templates
from weir_e2e import (Collector, case, expect, expect_equal, expect_in, flows_of, free_port, load_object, run, weir,
                      write_file)


def run_once(folder, port, state, datagrams, *more):
    collector = Collector(folder, "-o", "null", "-b", "127.0.0.1", "--state", state, "--count", str(len(datagrams)),
                          *more, ports=[port])
    collector.send(*datagrams)
    expect_equal(collector.wait_end(), 0, "exit code: " + collector.log())
    return collector.log()


def exports():
    exporter = Exporter()
    return [exporter.datagram(templates((ID_4, FIELDS_4))), without_template(exporter, 1)]


def without_template(exporter, number):
    return exporter.datagram(data(ID_4, numbered_flow(number)))


def ipfix(sets):
    return struct.pack("!HHIII", 10, 16 + len(sets), int(time.time()), 0, 0) + sets


def state_path(state):
    names = [name for name in os.listdir(state) if name.endswith(".state")]
    expect_equal(len(names), 1, "files of state in %r" % os.listdir(state))
    return os.path.join(state, names[0])


@case
def goes_on_with_templates(folder):
    state, port = os.path.join(folder, "a", "b"), free_port()
    first = Collector(folder, "-o", "null", "-b", "127.0.0.1", "--state", state, "--count", "2", ports=[port])
    first.send(*exports())
    expect_equal(first.wait_end(), 0, "exit code")
    second = Collector(folder, "-o", "null", "-b", "127.0.0.1", "--state", state, "--count", "1", ports=[port])
    second.senders = first.senders  # the same port of the exporter
    second.send(without_template(Exporter(), 2))
    expect_equal(second.wait_end(), 0, "exit code")
    expect_in("weir: 1 datagrams, 1 flows, 1 templates, 0 lost", second.log())
    expect_equal(os.stat(state_path(state)).st_mode & 0o777, 0o600, "who may read it")
    expect_equal(len(os.listdir(state)), 1, "files")


@case
def loss_over_a_restart_is_told(folder):
    state, port, exporter = os.path.join(folder, "state"), free_port(), Exporter()
    first = Collector(folder, "-o", "null", "-b", "127.0.0.1", "--state", state, "--count", "2", ports=[port])
    first.send(exporter.datagram(templates((ID_4, FIELDS_4))), without_template(exporter, 1))
    expect_equal(first.wait_end(), 0, "exit code")
    for number in range(3):
        without_template(exporter, number)  # sent while nobody listened
    second = Collector(folder, "-o", "null", "-b", "127.0.0.1", "--state", state, "--count", "2", ports=[port])
    second.senders = first.senders
    second.send(without_template(exporter, 4), without_template(exporter, 5))
    expect_equal(second.wait_end(), 0, "exit code")
    expect_in("weir: 2 datagrams, 2 flows, 1 templates, 3 lost", second.log())
    expect("restarts of an exporter" not in second.log(), second.log())


@case
def elements_that_an_exporter_told_of_are_known_in_the_next_run(folder):
    state, port = os.path.join(folder, "state"), free_port()
    fields = struct.pack("!" + "HH" * 4, 346, 4, 303, 2, 339, 1, 341, 0xFFFF)
    told = set_of(3, struct.pack("!HHH", 300, 4, 2) + fields) + set_of(
        300, struct.pack("!IHBB", 99999, 7, 18, 13) + b"clientAddress")
    used = set_of(2, struct.pack("!HHHHI", 256, 1, 0x8007, 4, 99999)) + set_of(256, bytes((192, 0, 2, 1)))
    run_once(folder, port, state, [ipfix(told)])
    collector = Collector(folder, "-o", "flows.json", "-b", "127.0.0.1", "--state", state, "--count", "1", ports=[port])
    collector.send(ipfix(used))
    expect_equal(collector.wait_end(), 0, "exit code")
    expect_equal(flows_of(load_object(folder + "/flows.json")), [{"clientAddress": "192.0.2.1"}], "the flow")


@case
def another_port_has_another_file(folder):
    state = os.path.join(folder, "state")
    port = other = free_port()
    while other == port:
        other = free_port()
    run_once(folder, port, state, exports())
    log = run_once(folder, other, state, [without_template(Exporter(), 2)])
    expect_in("weir: 1 datagrams, 0 flows, 0 templates", log)
    expect_equal(len(os.listdir(state)), 2, "files")


@case
def damaged_is_told_and_moved_aside(folder):
    state, port = os.path.join(folder, "state"), free_port()
    run_once(folder, port, state, exports())
    path = state_path(state)
    with open(path, "r+b") as file:
        file.seek(50)
        octet = file.read(1)
        file.seek(50)
        file.write(bytes([octet[0] ^ 1]))
    with open(path, "rb") as file:
        damaged = file.read()
    log = run_once(folder, port, state, exports())
    expect_in("cannot be used: it is damaged; it is now %s.damaged" % path, log)
    expect_in("weir: 2 datagrams, 1 flows, 1 templates, 0 lost", log)
    with open(path + ".damaged", "rb") as file:
        expect_equal(file.read(), damaged, "what was moved aside")
    log = run_once(folder, port, state, exports())  # and a whole one again
    expect("cannot be used" not in log, log)


@case
def other_files_are_refused(folder):
    state, port = os.path.join(folder, "state"), free_port()
    run_once(folder, port, state, exports())
    path = state_path(state)
    for content, words in ((b"", "it was not written by this library"), (b"{}" * 100, "it was not written by"),
                           (b"weirsave\0\0\0\xff" + bytes(30), "it is of a newer version")):
        write_file(state, os.path.basename(path), content)
        expect_in(words, run_once(folder, port, state, exports()))
    os.unlink(path)
    os.mkdir(path)
    expect_in("cannot be used: Invalid argument", run_once(folder, port, state, exports()))


@case
def none_keeps_nothing(folder):
    log = run_once(folder, free_port(), "none", exports())
    expect("templates" in log and not os.path.exists(os.path.join(folder, "none")), log)


@case
def a_folder_that_cannot_be(folder):
    file = write_file(folder, "file", b"")
    code, _, err = weir("collect", "-p", str(free_port()), "-o", "null", "--state", file, cwd=folder)
    expect_equal(code, 1, "exit code")
    expect_in("%s cannot be used to keep templates from one run to the next: Not a directory" % file, err)
    code, _, err = weir("collect", "-r", file, "--state", folder, cwd=folder)
    expect_equal(code, 2, "exit code")
    expect_in("--state is for receiving", err)


@case
def exporters_are_summed_up_by_address(folder):
    collector = Collector(folder, "-o", "null", "-D")
    first, second = Exporter(), Exporter()  # two programs on one machine: two ports, each with its own numbers
    template = templates((ID_4, FIELDS_4))
    collector.send(first.datagram(template), without_template(first, 1), exporter=1)
    collector.send(second.datagram(template), exporter=2)
    without_template(second, 2)  # lost
    collector.send(without_template(second, 3), exporter=2)
    collector.wait_for("Processed", count=4)
    summary = collector.stop()
    expect_equal((summary.datagrams, summary.flows, summary.lost), (4, 2, 1), "counts")
    rows = [line.split() for line in summary.text.splitlines() if line.startswith("  127.0.0.1 ")]
    expect_equal(rows, [["127.0.0.1", "2", "4", "2", "1", "0", "0"]], "rows of the table")


run()
