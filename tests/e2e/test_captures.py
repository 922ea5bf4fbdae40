#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_captures.py: captures of every kind, through weir collect -r and weir decode; and templates across ports."""
import decimal
import json
import os
import struct

import capture_maker as cap
import netflow_maker as v9
from weir_e2e import (Collector, case, expect, expect_equal, expect_in, flows_of, load_lines, load_object, read_text,
                      run, start, weir, weir_ok, write_file)
import weir_e2e

FLOW = v9.flow("192.0.2.7", "192.0.2.9", 22, 40000, 4456448)


def octets_of(folder, capture, *arguments, code=0):
    """IN_BYTES of all flows that `weir collect -r` finds in a capture, and what it says."""
    path = write_file(folder, "in.pcap", capture)
    out = os.path.join(folder, "out.json")
    if os.path.exists(out):
        os.unlink(out)
    got, _, err = weir("collect", "-r", path, "-o", out, *arguments, cwd=folder)
    expect_equal(got, code, "exit code, with " + err)
    return [flow["IN_BYTES"] for flow in flows_of(load_object(out))], err


def datagrams(count):
    exporter = v9.Exporter()
    return [exporter.flows(v9.numbered_flow(number)) for number in range(count)]


@case
def receive_times_are_those_of_the_capture(folder):
    path = write_file(folder, "a.pcap", cap.pcap_of(zip((0, 0, 1.000001, 3600.5), datagrams(4))))
    weir_ok("collect", "-r", path, "-o", "a.json", cwd=folder)
    entries = load_object(folder + "/a.json")
    expect_equal([entries[key][0]["IN_BYTES"] for key in entries], [0, 1, 2, 3], "the flows")
    keys = list(entries)
    expect_equal([keys[0], keys[2], keys[3]], ["1700000000.000000", "1700000001.000001", "1700003600.500000"], "keys")
    apart_s = decimal.Decimal(keys[1]) - decimal.Decimal(keys[0])
    expect(0 < apart_s < decimal.Decimal("0.000001"), "two datagrams in one microsecond have the keys %s" % keys[:2])


@case
def link_types_and_families(folder):
    one, = datagrams(1)
    packet_4, packet_6 = cap.ip(cap.udp(one)), cap.ip(cap.udp(one), "2001:db8::1", "2001:db8::2")
    for packet in (packet_4, packet_6):
        for name, capture in (
                ("Ethernet", cap.pcap([(0, cap.ethernet(packet))])),
                ("a VLAN", cap.pcap([(0, cap.ethernet(packet, [cap.VLAN]))])),
                ("two VLANs", cap.pcap([(0, cap.ethernet(packet, [cap.QINQ, cap.VLAN]))])),
                ("cooked", cap.pcap([(0, cap.cooked_1(packet))], cap.COOKED_1)),
                ("cooked, version 2", cap.pcap([(0, cap.cooked_2(packet))], cap.COOKED_2)),
                ("raw IP", cap.pcap([(0, packet)], cap.RAW_IP)),
                ("pcapng", cap.pcapng([(0, cap.ethernet(packet))])),
                ("pcapng of raw IP", cap.pcapng([(0, packet)], cap.RAW_IP))):
            octets, err = octets_of(folder, capture)
            expect_equal(octets, [0], "%s, IPv%d" % (name, packet[0] >> 4))
            expect_in("weir: 1 datagrams, 1 flows, 1 templates, 0 lost\n", err)


@case
def fragments_are_joined_in_any_order(folder):
    exporter = v9.Exporter()
    large = exporter.flows(*(v9.numbered_flow(number) for number in range(100)))
    pieces = cap.ip_fragments(cap.udp(large), 1480)
    expect(len(pieces) == 3, "the test makes no fragments")
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        octets, _ = octets_of(folder, cap.pcap((0, cap.ethernet(pieces[i])) for i in order))
        expect_equal(octets, list(range(100)), "the flows, fragments in the order %s" % (order,))


@case
def a_missing_fragment_is_told(folder):
    exporter = v9.Exporter()
    large = exporter.flows(*(v9.numbered_flow(number) for number in range(100)))
    pieces = cap.ip_fragments(cap.udp(large), 1480)
    whole = cap.ip(cap.udp(exporter.flows(FLOW)))
    octets, err = octets_of(folder, cap.pcap((0, cap.ethernet(packet)) for packet in [*pieces[:2], whole]))
    expect_equal(octets, [4456448], "the flows")
    expect_in("in the capture: 3 packets", err)
    expect_in("fragment", err)


@case
def ports_choose(folder):
    frames = [(0, cap.ethernet(cap.ip(cap.udp(datagram, destination_port=port))))
              for datagram, port in zip(datagrams(4), (2055, 9995, 2055, 53))]
    expect_equal(octets_of(folder, cap.pcap(frames))[0], [0, 1, 2, 3], "without -p")
    octets, err = octets_of(folder, cap.pcap(frames), "-p", "2055", "-p", "53")
    expect_equal(octets, [0, 2, 3], "with two")
    expect_in("in the capture: 4 packets", err)
    octets, _ = octets_of(folder, cap.pcap(frames), "-p", "1")
    expect_equal(octets, [], "with one that nothing was sent to")


@case
def other_packets_are_counted(folder):
    frames = [cap.ethernet(bytes(28), kind=cap.ARP), cap.ethernet(cap.ip(bytes(20), protocol=6)),
              cap.ethernet(cap.ip(cap.udp(datagrams(1)[0]))), b"", cap.ethernet(b"\x45")]
    octets, err = octets_of(folder, cap.pcap((0, frame) for frame in frames))
    expect_equal(octets, [0], "the flows")
    expect_in("in the capture: 5 packets", err)


@case
def a_capture_that_is_cut_off(folder):
    capture = cap.pcap_of((number, datagram) for number, datagram in enumerate(datagrams(5)))
    octets, err = octets_of(folder, capture[:-10], code=1)
    expect_equal(octets, [0, 1, 2, 3], "the flows before the cut")
    expect_in("in.pcap is cut off in packet 5; the 4 before it were read", err)
    expect_in("weir: 4 datagrams, 4 flows", err)
    code, out, err = weir("decode", folder + "/in.pcap")
    expect_equal((code, len(out.splitlines())), (1, 4), "weir decode: exit code and lines")
    expect_in("cut off in packet 5", err)


@case
def a_capture_cut_off_anywhere(folder):
    """Whatever the length: an end, a code, and JSON."""
    capture = cap.pcap_of((number, datagram) for number, datagram in enumerate(datagrams(3)))
    for length in range(0, len(capture), 7):
        path = write_file(folder, "in.pcap", capture[:length])
        code, out, err = weir("decode", path)
        for line in out.splitlines():
            json.loads(line)
        record = (len(capture) - 24) // 3
        expect_equal(len(out.splitlines()), max(0, length - 24) // record, "records of %d octets" % length)
        whole = length >= 24 and (length - 24) % record == 0
        expect_equal(code, 0 if whole else 1, "exit code for %d octets, with %s" % (length, err))


@case
def a_capture_with_a_damaged_packet_length(folder):
    capture = bytearray(cap.pcap_of((number, datagram) for number, datagram in enumerate(datagrams(3))))
    record = (len(capture) - 24) // 3
    struct.pack_into("<I", capture, 24 + record + 8, 0x7FFFFFFF)
    octets, err = octets_of(folder, bytes(capture), code=1)
    expect_equal(octets, [0], "the flows before the damage")
    expect_in("packet 2; the 1 before it was read", err)


def refused(folder, *arguments):
    """What weir says of a capture that it cannot read."""
    texts = []
    for command in (["collect", "-o", "out.json", "-r"], ["decode"]):
        code, out, err = weir(*command, *arguments, cwd=folder)
        expect_equal((code, out), (1, ""), "exit code and output of %s, with %s" % (command[0], err))
        expect(not os.path.exists(folder + "/out.json"), "an output was made")
        expect(err.startswith("weir %s: " % command[0]), "who says so: " + err)
        expect_in(arguments[0], err, "the sentence")
        texts.append(err)
    return texts[0]


@case
def no_capture_at_all(folder):
    write_file(folder, "text.pcap", b"this is a letter to my aunt\n" * 10)
    write_file(folder, "empty.pcap", b"")
    write_file(folder, "a.pcap.gz", bytes.fromhex("1f8b0800000000000003") + bytes(50))
    expect_in("is not a capture of the kind that tcpdump -w and dumpcap write", refused(folder, "text.pcap"))
    expect_in("is empty", refused(folder, "empty.pcap"))
    expect_in("cannot open missing.pcap: No such file", refused(folder, "missing.pcap"))
    os.mkdir(folder + "/captures")
    expect_in("is a folder", refused(folder, "captures"))
    expect_in("gzip -dc a.pcap.gz |", refused(folder, "a.pcap.gz"))


@case
def a_capture_without_packets(folder):
    octets, err = octets_of(folder, cap.pcap([]))
    expect_equal(octets, [], "flows")
    expect_in("weir: 0 datagrams, 0 flows, 0 templates, 0 lost\n", err)


@case
def a_link_that_is_not_understood(folder):
    write_file(folder, "bluetooth.pcap", cap.pcap([(0, bytes(60))], 201))
    expect_in("captured on a link of type", refused(folder, "bluetooth.pcap"))


@case
def decode_hides_nothing(folder):
    exporter = v9.Exporter(domain=7, export_time_s=1700000000)
    path = write_file(folder, "a.pcap", cap.pcap_of([
        (0, exporter.datagram(v9.templates((300, [(v9.IN_BYTES, 3), (8, 4), (61, 1), (40000, 2), (27, 16)])),
                              v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA,
                              v9.data(300, bytes.fromhex("010203 c0000207 01 beef") + bytes(15) + b"\x01")))]))
    out, _ = weir_ok("decode", path)
    option, record = [json.loads(line) for line in out.splitlines()]
    expect_equal((option["options"], option["scope"], option["fields"]["samplingInterval"]),
                 (True, ["scopeSystem"], 100), "the options record")
    expect_equal({name: record[name] for name in ("packet", "exporter", "version", "observation_domain",
                                                  "export_time", "template_id", "options")},
                 {"packet": 0, "exporter": "192.0.2.1", "version": 9, "observation_domain": 7,
                  "export_time": 1700000000, "template_id": 300, "options": False}, "the record")
    fields = record["fields"]
    expect_equal((fields["octetDeltaCount"], fields["sourceIPv4Address"], fields["flowDirection"],
                  fields["sourceIPv6Address"]), (0x010203, "192.0.2.7", 1, "::1"), "the fields")
    expect("0xbeef" in fields.values(), "the unknown field is not in %s" % fields)
    out, _ = weir_ok("decode", "--v9-names", "-q", path)
    expect_equal(json.loads(out.splitlines()[1])["fields"]["IN_BYTES"], 0x010203, "with Cisco's names")


@case
def templates_live_as_long_as_is_said(folder):
    exporter = v9.Exporter(export_time_s=cap.START_S)
    path = write_file(folder, "a.pcap", cap.pcap_of([
        (0, exporter.flows(FLOW)), (3 * 3600, exporter.datagram(v9.data(v9.ID_4, FLOW))),
        (72 * 3600, exporter.datagram(v9.data(v9.ID_4, FLOW)))]))
    for lifetime, flows in (([], 2), (["--template-lifetime", "2h"], 1), (["--template-lifetime", "4h"], 2),
                            (["--template-lifetime", "0"], 3), (["--template-lifetime=7d"], 3)):
        out, err = weir_ok("decode", *lifetime, path)
        expect_equal(len(out.splitlines()), flows, "flows that are decoded with %s, with %s" % (lifetime, err))
        _, err = weir_ok("collect", "-r", path, "-o", "null", *lifetime)
        expect_in("3 datagrams, %d flows" % flows, err)


@case
def a_sampling_rate_that_is_said_goes_before_what_is_told(folder):
    exporter = v9.Exporter()
    path = write_file(folder, "a.pcap", cap.pcap_of([
        (0, exporter.datagram(v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA)), (1, exporter.flows(FLOW))]))
    for options, rate in (([], 100), (["--sampling-rate", "7"], 7)):
        out, _ = weir_ok("decode", "--core", "-q", *options, path)
        expect_equal(json.loads(out.splitlines()[1])["core"]["sampling_rate"], rate, "sampling rate")


@case
def decode_into_a_reader_that_leaves(folder):
    """As in `| head -1`: no complaint, and an end."""
    exporter = v9.Exporter()
    records = [v9.numbered_flow(number) for number in range(40)]
    path = write_file(folder, "a.pcap", cap.pcap_of((number, exporter.flows(*records)) for number in range(300)))
    read_end, write_end = os.pipe()
    with open(folder + "/err", "wb") as err:
        process = start([weir_e2e.weir_path, "decode", path], stdout=write_end, stderr=err)
    os.close(write_end)
    expect(os.read(read_end, 1), "nothing came")
    os.close(read_end)
    process.wait(timeout=30)
    expect_in(process.returncode, (0, 1, -13), "exit code")
    expect_equal(read_text(folder + "/err"), "", "complaints")


# -------------------------------------------------------------------------------------- templates across exporters

OTHER_FIELDS = [(v9.IN_PKTS, 4), (v9.IN_BYTES, 8), (v9.L4_DST_PORT, 2)]


def other_record(packets, octets, port):
    return struct.pack("!IQH", packets, octets, port)


@case
def two_exporters_with_the_same_template_id(folder):
    collector = Collector(folder, "-D", "-o", "a.ndjson")
    one, two = v9.Exporter(), v9.Exporter()
    collector.send(one.datagram(v9.TEMPLATE_4), exporter=1)
    collector.send(two.datagram(v9.templates((v9.ID_4, OTHER_FIELDS))), exporter=2)
    for number in range(50):
        collector.send(one.datagram(v9.data(v9.ID_4, v9.numbered_flow(number))), exporter=1)
        collector.send(two.datagram(v9.data(v9.ID_4, other_record(1, number, 25))), exporter=2)
    collector.wait_for("Processed", count=102)
    summary = collector.stop()
    expect_equal((summary.flows, summary.lost, summary.templates), (100, 0, 2), "the summary")
    expect("changed" not in collector.log(), "one template replaced the other")
    flows = {}
    for _, entry in load_lines(read_text(folder + "/a.ndjson")):
        flows.setdefault(entry["client"][1], []).extend(entry["flows"])
    wide, narrow = sorted(flows.values(), key=lambda of_one: -len(of_one[0]))
    for of_one, field_count in ((wide, 12), (narrow, 3)):
        expect_equal([flow["IN_BYTES"] for flow in of_one], list(range(50)), "flows with %d fields" % field_count)
        expect_equal({len(flow) for flow in of_one}, {field_count}, "fields")


@case
def two_domains_with_the_same_template_id(folder):
    collector = Collector(folder, "-D", "-o", "a.ndjson")
    one, two = v9.Exporter(domain=1), v9.Exporter(domain=2)
    collector.send(one.datagram(v9.TEMPLATE_4), two.datagram(v9.templates((v9.ID_4, OTHER_FIELDS))))
    for number in range(50):
        collector.send(one.datagram(v9.data(v9.ID_4, v9.numbered_flow(number))),
                       two.datagram(v9.data(v9.ID_4, other_record(1, number, 25))))
    collector.wait_for("Processed", count=102)
    summary = collector.stop()
    expect_equal((summary.flows, summary.lost, summary.templates), (100, 0, 2), "the summary")
    flows = {}
    for _, entry in load_lines(read_text(folder + "/a.ndjson")):
        flows.setdefault(entry["header"]["source_id"], []).extend(entry["flows"])
    for domain, field_count in ((1, 12), (2, 3)):
        expect_equal([flow["IN_BYTES"] for flow in flows[domain]], list(range(50)), "flows of domain %d" % domain)
        expect_equal({len(flow) for flow in flows[domain]}, {field_count}, "fields of domain %d" % domain)


def packets_from(*sent):
    """A capture of (seconds, source port, datagram)."""
    return cap.pcap((after_s, cap.ethernet(cap.ip(cap.udp(datagram, port)))) for after_s, port, datagram in sent)


@case
def templates_from_one_port_and_data_from_another(folder):
    templates, flows = v9.Exporter(), v9.Exporter()
    octets, err = octets_of(folder, packets_from(
        (0, 1000, templates.datagram(v9.TEMPLATE_4)),
        (1, 2000, flows.datagram(v9.data(v9.ID_4, v9.numbered_flow(1)))),
        (2, 2000, flows.datagram(v9.data(v9.ID_4, v9.numbered_flow(2)))),
        (32, 2000, flows.datagram(v9.data(v9.ID_4, v9.numbered_flow(3)))),
        (33, 2000, flows.datagram(v9.data(v9.ID_4, v9.numbered_flow(4))))))
    expect_equal(sorted(octets), [1, 2, 3, 4], "the flows")
    expect_in("weir: 5 datagrams, 4 flows, 1 templates, 0 lost\n", err)


@case
def two_exporters_behind_one_address_do_not_share(folder):
    """Two templates would fit, so none does."""
    one, two, three = v9.Exporter(), v9.Exporter(), v9.Exporter()
    octets, err = octets_of(folder, packets_from(
        (0, 1000, one.datagram(v9.TEMPLATE_4)),
        (0, 3000, two.datagram(v9.templates((v9.ID_4, OTHER_FIELDS)))),
        (1, 2000, three.datagram(v9.data(v9.ID_4, v9.numbered_flow(1)))),
        (40, 2000, three.datagram(v9.data(v9.ID_4, v9.numbered_flow(2))))))
    expect_equal(octets, [], "the flows")
    expect_in("given up: 2 sets", err)


@case
def data_that_waits_in_vain_is_given_up(folder):
    exporter = v9.Exporter()
    octets, err = octets_of(folder, packets_from(
        (0, 1000, exporter.datagram(v9.data(v9.ID_4, v9.numbered_flow(1)))),
        (60, 1000, exporter.datagram(v9.TEMPLATE_4, v9.data(v9.ID_4, v9.numbered_flow(2))))))
    expect_equal(octets, [2], "the flows")
    expect_in("given up: 1 sets", err)


@case
def a_template_that_changes_while_data_flows(folder):
    exporter = v9.Exporter()
    octets, err = octets_of(folder, packets_from(
        (0, 1000, exporter.datagram(v9.TEMPLATE_4, v9.data(v9.ID_4, v9.numbered_flow(1)))),
        (1, 1000, exporter.datagram(v9.templates((v9.ID_4, OTHER_FIELDS)), v9.data(v9.ID_4, other_record(1, 2, 3)))),
        (2, 1000, exporter.datagram(v9.data(v9.ID_4, other_record(1, 3, 3)), v9.TEMPLATE_4,
                                    v9.data(v9.ID_4, v9.numbered_flow(4))))))
    expect_equal(octets, [1, 2, 3, 4], "the flows")
    expect_in("weir: 3 datagrams, 4 flows, 1 templates, 0 lost\n", err)


if __name__ == "__main__":
    run()
