#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_sql.py WEIR [WORD...]: weir sql over stores that pyarrow made; what it writes is read back by others."""
import csv
import datetime
import io
import ipaddress
import json
import os
import pty
import random
import select
import signal
import stat
import subprocess
import time

import weir_e2e

weir_e2e.use_venv()

import pyarrow.parquet

import capture_maker as cap
import netflow_maker as v9
from store_maker import FLOW_COLUMNS, Store, address, flow, moment, IPV6, MAC, OCTETS, TEXT, TIME, U16, U32, U64, U8
from weir_e2e import (Skip, case, expect, expect_equal, expect_in, run, run_measured, start, wait_until, weir, weir_ok,
                      write_file)


def sql(store, *arguments, **options):
    """Standard output of a statement that has to go well."""
    out, err = weir_ok("sql", "--store", store, *arguments, **options)
    expect_equal(err, "", "standard error")
    return out


def sql_rows(store, statement):
    return list(csv.reader(io.StringIO(sql(store, "-o", "csv", statement))))


def sql_as_it_is(store, *arguments):
    """The same with line ends as they were written."""
    done = subprocess.run([weir_e2e.weir_path, "sql", "--store", store, *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)
    expect_equal((done.returncode, done.stderr), (0, b""), "exit code and standard error")
    return done.stdout.decode("utf-8")


def small_store(folder):
    store = Store(os.path.join(folder, "store"))
    store.write_flows([flow("192.0.2.10", "198.51.100.1", bytes=500, dst_port=53, protocol=17),
                       flow("192.0.2.11", "198.51.100.1", bytes=1500),
                       flow("2001:db8::10", "2001:db8::1", bytes=7000, **address("next_hop", "2001:db8::ff"))])
    store.write_flows([flow("192.0.2.10", "198.51.100.2", bytes=2**63, user_name="A, \"B\"\n")], hour="2026-11-24 00")
    return store


@case
def a_statement_prints_a_header_and_rows(folder):
    store = small_store(folder)
    expect_equal(sql(store.folder, "-o", "csv", "select src, dst, sum(bytes) as bytes, human_bytes(sum(bytes)) as size "
                     "from flows group by all order by 3"),
                 "src,dst,bytes,size\n192.0.2.10,198.51.100.1,500,500\n192.0.2.11,198.51.100.1,1500,1.50K\n"
                 "2001:db8::10,2001:db8::1,7000,7.00K\n192.0.2.10,198.51.100.2,9223372036854775808,9.22E\n",
                 "output")
    expect_equal(sql_rows(store.folder, "select exporter, next_hop, user_name, service(dst_port, protocol) from flows "
                          "where src = addr('2001:DB8::10') or user_name is not null or dst_port = 53 order by bytes"),
                 [["exporter", "next_hop", "user_name", "service(dst_port, protocol)"],
                  ["192.0.2.1", "", "", "domain"], ["192.0.2.1", "2001:db8::ff", "", "https"],
                  ["192.0.2.1", "", "A, \"B\"\n", "https"]], "rows")
    expect_equal(sql_rows(store.folder, "select count(*) from flows where in_net(src_ipv4, src_ipv6, '192.0.2.10/32') "
                          "and in_net(src, '192.0.2.0/24') and src_ipv4 = ipv4('192.0.2.10')")[1], ["2"], "in a network")


def random_value(kind, chance):
    if kind == TIME:
        return moment("2026-11-23 00:00:00") + datetime.timedelta(microseconds=chance.randrange(10**11))
    if kind in (U8, U16, U32, U64):
        most = 2**kind.bit_width - 1
        return chance.choice([0, 1, most, chance.randrange(most)])
    if kind in (IPV6, MAC):
        return chance.randbytes(kind.byte_width)
    if kind == OCTETS:
        return chance.randbytes(chance.randrange(20))
    return "".join(chance.choice("ab,\"\n\r é\x1b|'\\") for _ in range(chance.randrange(20)))


def shown(kind, value):
    """A value as CSV has it."""
    if value is None:
        return ""
    if kind == TIME:
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def shown_address(ipv4, ipv6):
    if ipv4 is not None:
        return str(ipaddress.IPv4Address(ipv4))
    if ipv6 is None:
        return ""
    parsed = ipaddress.IPv6Address(ipv6)
    return str(parsed.ipv4_mapped or parsed)


@case
def every_column_comes_out_as_it_was_stored(folder):
    chance = random.Random(5)
    store = Store(os.path.join(folder, "store"))
    rows = []
    for number in range(6000):
        full = number % 5
        row = {name: random_value(kind, chance) for name, kind in FLOW_COLUMNS if chance.random() < full / 4}
        row["bytes"] = number
        rows.append(row)
    rows[0]["src_ipv6"] = ipaddress.ip_address("::ffff:192.0.2.33").packed
    rows[0].pop("src_ipv4", None)
    for begin in range(0, len(rows), 2500):
        store.write_flows(rows[begin:begin + 2500])
    got = list(csv.DictReader(io.StringIO(sql_as_it_is(store.folder, "-o", "csv", "from flows order by bytes"),
                                       newline="")))
    lines = [json.loads(line) for line in sql(store.folder, "-o", "ndjson",
                                              "from flows order by bytes").split("\n")[:-1]]
    expect_equal(json.loads(sql(store.folder, "-o", "json", "from flows order by bytes")), lines, "JSON in both forms")
    expect_equal(len(got), len(rows), "rows of CSV")
    expect_equal(len(lines), len(rows), "rows of JSON")
    for row, line, parsed in zip(rows, got, lines):
        for name, kind in FLOW_COLUMNS:
            expect_equal(line[name], shown(kind, row.get(name)), name)
            value = row.get(name)
            expect_equal(parsed[name], value if value is None or isinstance(value, int) else shown(kind, value), name)
        for name in ("src", "dst", "exporter", "next_hop", "bgp_next_hop", "nat_src", "nat_dst"):
            expect_equal(line[name], shown_address(row.get(name + "_ipv4"), row.get(name + "_ipv6")), name)


@case
def files_of_different_columns_are_one_table(folder):
    store = Store(os.path.join(folder, "it's a store"))
    store.write_flows([flow("192.0.2.1", "192.0.2.2", natEvent=1)], [("natEvent", U8)])
    store.write_flows([flow("192.0.2.3", "192.0.2.4", **{"ie_99_1 \"x\"": b"\x01"})], [("ie_99_1 \"x\"", OCTETS)])
    store.write_flows([{**flow("192.0.2.5", "192.0.2.6"), "src": "exporter's own"}], [("src", TEXT)])
    expect_equal(sql_rows(store.folder, "select src, natEvent, \"ie_99_1 \"\"x\"\"\" from flows order by src"),
                 [["src", "natEvent", "ie_99_1 \"x\""], ["192.0.2.1", "1", ""], ["192.0.2.3", "", "0x01"],
                  ["192.0.2.5", "", ""]], "rows")


@case
def a_merged_file_stands_for_those_that_it_covers(folder):
    store = Store(os.path.join(folder, "store"))
    for number in range(1, 4):
        store.write_flows([flow("192.0.2.1", "192.0.2.%d" % number)], commits=(number, number))
    store.write_flows([flow("192.0.2.1", "192.0.2.%d" % number) for number in range(1, 3)], commits=(1, 2), tier=1)
    write_file(os.path.join(store.folder, "flows", "date=2026-11-23", "hour=14"), "new.parquet.tmp", b"half")
    expect_equal(sql_rows(store.folder, "select count(*), count(distinct dst) from flows")[1], ["3", "3"], "flows")


@case
def other_tables_tell_of_exporters_and_names(folder):
    store = Store(os.path.join(folder, "store"))
    session = {**address("exporter", "192.0.2.1"), "exporter_port": 2055, "domain": 5, "version": 9, "template_id": 300}
    early, late = moment("2026-11-23 14:00:00"), moment("2026-11-23 14:01:00")
    store.write_flows([flow("192.0.2.1", "192.0.2.2"), flow("192.0.2.1", "192.0.2.2", template_id=257)])
    store.write_options([{**session, "received": early, "scopeInterface": 3, "interfaceName": "old"},
                         {**session, "received": late, "scopeInterface": 3, "interfaceName": "eth0"},
                         {**session, "received": early, "ingressInterface": 4, "interfaceDescription": "to Rome"},
                         {**session, "received": early, "ingressInterface": 0, "egressInterface": 6,
                          "interfaceName": "e6"},
                         {**session, "received": early, "applicationId": b"\x03\x00\x00\x50",
                          "applicationName": "http"},
                         {**session, "received": early, "samplerId": 1}],
                        [("scopeInterface", U32), ("ingressInterface", U32), ("egressInterface", U32),
                         ("interfaceName", TEXT), ("interfaceDescription", TEXT), ("applicationId", OCTETS),
                         ("applicationName", TEXT), ("samplerId", U32)])
    store.write_ledger([{**session, "received": early, "datagrams": 10, "flows": 100, "lost": 2},
                        {**session, "received": late, "datagrams": 5, "flows": 50, "lost": 0}])
    expect_equal(sql_rows(store.folder,
                          "select exporter, domain, interface, name, description from interfaces order by 3"),
                 [["exporter", "domain", "interface", "name", "description"], ["192.0.2.1", "5", "3", "eth0", ""],
                  ["192.0.2.1", "5", "4", "", "to Rome"], ["192.0.2.1", "5", "6", "e6", ""]], "interfaces")
    expect_equal(sql_rows(store.folder, "select application_id, name, description from applications"),
                 [["application_id", "name", "description"], ["0x03000050", "http", ""]], "applications")
    expect_equal(sql_rows(store.folder,
                          "select exporter, exporter_port, domain, version, first_received, last_received, datagrams, flows, lost from exporters")[1:],
                 [["192.0.2.1", "2055", "5", "9", "2026-11-23T14:00:00.000000Z", "2026-11-23T14:01:00.000000Z", "15",
                   "150", "2"]],
                 "exporters")
    expect_equal(sql_rows(store.folder, "select exporter, datagrams from ledger order by 2")[1:],
                 [["192.0.2.1", "5"], ["192.0.2.1", "10"]], "ledger")
    expect_equal(sql_rows(store.folder, "select template_id, flows from templates order by 1")[1:],
                 [["256", "1"], ["257", "1"]], "templates")
    expect_equal(sql_rows(store.folder, "select count(*), count(samplerId) from options")[1], ["6", "1"], "options")


@case
def exporters_are_known_without_a_ledger(folder):
    store = small_store(folder)
    expect_equal(sql_rows(store.folder, "select exporter, flows, lost from exporters")[1:], [["192.0.2.1", "4", ""]],
                 "exporters")


@case
def exporters_are_as_the_ledger_and_flows_tell(folder):
    store = Store(folder + "/made")
    at = moment("2026-11-23 14:00:00")
    ledger = [{"received": at + datetime.timedelta(minutes=minute), **address("exporter", "192.0.2.1"),
               "exporter_port": 2055, "domain": 0, "version": 9, "datagrams": 60, "flows": 600, "datagrams_refused": 1,
               "sets_skipped": 2, "sets_given_up": 1, "sets_waited": 3, "sets_late": 1} for minute in range(1, 4)]
    store.write_ledger(ledger, further=[(name, pyarrow.int64()) for name in ("sets_waited", "sets_late")])
    path = store.write_flows([flow("192.0.2.7", "192.0.2.8", sampling_rate=rate, template_id=256 + rate,
                              export_time=moment("2026-11-23 14:10:00")) for rate in (10, 100)])
    def entry():
        return json.loads(weir_ok("exporters", "--store", store.folder, "-o", "json")[0])[0]
    found = entry()
    expect_equal([found[name] for name in ("flows", "flows_per_second", "refused", "sets_skipped", "sets_waiting",
                                           "templates", "sampling_rate", "clock_skew_seconds", "trouble")],
                 [1800, 10, 3, 9, 3, 2, 100, 300, "refused skipped waiting clock"], "of a store")
    with open(path, "r+b") as file:
        file.seek(4)
        file.write(bytes(800))
    expect_equal([entry()[name] for name in ("flows", "templates")], [1800, None], "where the flows are damaged")


@case
def flows_and_their_top_are_written_as_parquet(folder):
    store = small_store(folder).folder
    path = os.path.join(folder, "rows.parquet")
    for arguments in (("flows",), ("flows", "--order", "bytes", "-n", "2"), ("flows", "--group-time", "1h"),
                      ("flows", "--biflow"), ("top", "src"), ("top", "src,dst", "--by", "flows,bps"),
                      ("top", "ip", "--group-time", "5m", "-n", "0")):
        wanted = list(csv.reader(io.StringIO(weir_ok(*arguments, "--store", store, "-o", "csv")[0])))
        with open(path, "wb") as out:
            done = subprocess.run([weir_e2e.weir_path, *arguments, "--store", store, "-o", "parquet"], stdout=out,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
        expect_equal(done.returncode, 0, "exit code of %r (%s)" % (arguments, done.stderr))
        expect_in(b"weir: 4 flows", done.stderr)
        table = pyarrow.parquet.read_table(path)
        expect_equal(table.schema.names, wanted[0], "columns of %r" % (arguments,))
        bytes_at = next(i for i, name in enumerate(wanted[0]) if name in ("bytes", "flows"))
        expect_equal(sorted(float(value) for value in table.column(bytes_at).to_pylist()),
                     sorted(float(row[bytes_at]) for row in wanted[1:]), "amounts of %r" % (arguments,))
    for arguments in (("flows",), ("top", "src")):
        ours, theirs = pty.openpty()
        done = subprocess.run([weir_e2e.weir_path, *arguments, "--store", store, "-o", "parquet"],
                              stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, timeout=60, check=False)
        os.close(theirs)
        os.close(ours)
        expect_equal(done.returncode, 2, "exit code of %r on a terminal" % (arguments,))
        expect_in(b"Parquet is not for a terminal", done.stderr)
    by_size = ("flows", "--store", store, "--order", "bytes", "-o", "csv")
    expect_equal(weir_ok(*by_size, "-n", "0")[0], weir_ok(*by_size)[0], "all flows")
    for arguments, text in ((("flows", "-o", "fmt:"), "there is nothing in the form"),
                            (("sql", "-o", "parquet", "select 1; select 2"), "takes one statement")):
        code, out, err = weir(*arguments, "--store", store)
        expect(code != 0 and out == "" and text in err and "COPY" not in err,
               "%r: %d %r %r" % (arguments, code, out, err))


@case
def a_store_that_is_empty_or_not_there(folder):
    empty = os.path.join(folder, "empty")
    os.mkdir(empty)
    expect_equal(sql_rows(empty, "select count(*), sum(bytes) from flows")[1], ["0", ""], "an empty store")
    code, out, err = weir("sql", "--store", os.path.join(folder, "none"), "select 1")
    expect_equal((code, out), (1, ""), "a store that is not there")
    expect_equal(err, "weir sql: there is no store at %s; 'weir collect -o store:DIR' makes one, and --store DIR or "
                      "WEIR_STORE names it\n" % os.path.join(folder, "none"), "what is told")
    path = write_file(folder, "file", b"")
    code, out, err = weir("sql", "--store", path, "select 1")
    expect_equal((code, out, err), (1, "", "weir sql: cannot read the store %s: Not a directory\n" % path), "a file")
    out, err = weir_ok("sql", "select 1 as one")
    expect_equal(out, "one\n1\n", "without a store")
    expect_in("there is no store yet at %s" % os.path.join(os.environ["STATE_DIRECTORY"], "store"), err)
    store = small_store(folder)
    out, err = weir_ok("sql", "select count(*) from flows", env={**os.environ, "WEIR_STORE": store.folder})
    expect_equal((out, err), ("count_star()\n4\n", ""), "the store of the environment")


@case
def the_statement_comes_from_standard_input(folder):
    store = small_store(folder)
    statement = write_file(folder, "statement.sql", b"-- flows\nselect count(*) as a\nfrom flows;\nselect 2 as b;\n")
    for arguments in ((), ("-",)):
        with open(statement, "rb") as stdin:
            expect_equal(sql(store.folder, *arguments, stdin=stdin), "a\n4\nb\n2\n", "two statements")


@case
def other_forms_of_output(folder):
    store = small_store(folder)
    statement = "select src, bytes from flows where dst_port = 443 order by bytes limit 2; -- top"
    expect_equal(sql(store.folder, "-o", "box", statement, env={**os.environ, "LC_ALL": "C.UTF-8"}),
                 "┌──────────────┬───────┐\n│ src          │ bytes │\n├──────────────┼───────┤\n│ 192.0.2.11   │  1500 "
                 "│\n"
                 "│ 2001:db8::10 │  7000 │\n└──────────────┴───────┘\n", "a box")
    expect_equal(sql(store.folder, "-o", "box", "select 1 as a", env={**os.environ, "LC_ALL": "C"}),
                 "+---+\n| a |\n+---+\n| 1 |\n+---+\n", "a box without UTF-8")
    expect_equal(sql(store.folder, "-o", "markdown", statement),
                 "| src | bytes |\n| --- | ---: |\n| 192.0.2.11 | 1500 |\n| 2001:db8::10 | 7000 |\n", "Markdown")
    expect_equal(sql(store.folder, "-o", "box", "select received from flows limit 1",
                     env={**os.environ, "LC_ALL": "C",
                          "TZ": "CET-1"}).split("\n")[3], "| 2026-11-23 15:05:00 |", "local time")


@case
def parquet_is_read_by_others(folder):
    store = small_store(folder)
    path = os.path.join(folder, "out.parquet")
    for statement in ("from flows order by bytes", "from flows order by bytes; \n", "from flows order by bytes -- all"):
        with open(path, "wb") as out:
            done = subprocess.run([weir_e2e.weir_path, "sql", "--store", store.folder, "-o", "parquet", statement],
                                  stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        expect_equal((done.returncode, done.stderr), (0, ""), statement)
        table = pyarrow.parquet.read_table(path)
        expect_equal(table["src"].to_pylist(), ["192.0.2.10", "192.0.2.11", "2001:db8::10", "192.0.2.10"], "src")
        expect_equal(str(table.schema.field("src_ipv4").type), "uint32", "type of src_ipv4")
        expect_equal(table["bytes"].to_pylist(), [500, 1500, 7000, 2**63], "bytes")
    through_a_pipe = subprocess.run([weir_e2e.weir_path, "sql", "--store", store.folder, "-o", "parquet", "from flows"],
                                    capture_output=True, timeout=60, check=True)
    expect_equal(pyarrow.parquet.read_table(io.BytesIO(through_a_pipe.stdout)).num_rows, 4, "rows through a pipe")
    code, _, err = weir("sql", "--store", store.folder, "-o", "parquet", "from nothing")
    expect_equal(code, 1, "exit code")
    expect_in("nothing", err)


@case
def errors_show_the_place(folder):
    store = small_store(folder)
    code, out, err = weir("sql", "--store", store.folder, "select src,\n  nosuch\nfrom flows")
    expect_equal((code, out), (1, ""), "an unknown column")
    expect_in("\nLINE 2:   nosuch\n          ^", err)
    code, out, err = weir("sql", "--store", store.folder, "-o", "csv", "select 1 as a; selekt 2")
    expect_equal((code, out), (1, ""), "a statement that is none: nothing runs")
    expect_in("LINE 1: select 1 as a; selekt 2\n                       ^", err)
    code, out, err = weir("sql", "--store", store.folder, "-o", "csv", "select 1 as a; select nosuch; select 3 as c")
    expect_equal((code, out), (1, "a\n1\n"), "the statements up to the first that fails")


@case
def what_weir_collects_has_the_columns_that_are_told(folder):
    """What the tables have without any file, and what the writer makes."""
    exporter = v9.Exporter()
    capture = write_file(folder, "made.pcap", cap.pcap_of([(0, exporter.flows(*[v9.numbered_flow(7)] * 5)),
                                                           (1, exporter.datagram(v9.OPTIONS_TEMPLATE, v9.OPTIONS_DATA))]))
    store, empty = os.path.join(folder, "store"), os.path.join(folder, "empty")
    os.mkdir(empty)
    weir_ok("collect", "-r", capture, "-o", "store:" + store)
    statement = ("select column_name, data_type from duckdb_columns() where schema_name = 'stored' and table_name = "
                 "'%s' order by column_index")
    told, made = (sql_rows(place, statement % "flows") for place in (empty, store))
    expect_equal(made[:len(told)], told, "columns of flows")
    for table in ("ledger", "options"):
        told, made = ({tuple(row) for row in sql_rows(place, statement % table)} for place in (empty, store))
        expect(told <= made, "columns of %s that have other types: %s" % (table, told - made))
    expect_equal(sql_rows(store, "select count(*), sum(bytes) from flows")[1], ["5", "35"], "flows")
    expect_equal(sql_rows(store, "select datagrams, flows, rows_stored from exporters where flows > 0")[1][1:2], ["5"],
                 "exporters")


@case
def damaged_files_are_named_and_left_out(folder):
    store = small_store(folder)
    damaged = {}
    for name, place, octets in (("a foot that is too long", -8, b"\xff\xff\xff\x7f"), ("no end", -4, b"\0\0\0\0"),
                                ("no beginning", 0, b"\0\0\0\0"), ("a torn foot", -60, b"\xff" * 50),
                                ("empty", None, b"")):
        damaged[name] = store.write_flows([flow("192.0.2.1", "192.0.2.2")], hour="2026-11-25 03")
        if place is None:
            os.truncate(damaged[name], 0)
            continue
        with open(damaged[name], "r+b") as file:
            file.seek(place, os.SEEK_SET if place >= 0 else os.SEEK_END)
            file.write(octets)
    code, out, err = weir("sql", "--store", store.folder, "-o", "csv", "select count(*) as n from flows")
    expect_equal((code, out), (0, "n\n4\n"), "what the others hold: " + err)
    for name, path in damaged.items():
        expect("weir sql: left out: %s: " % path in err, "%s is not told: %s" % (name, err))
    expect_equal(err.count("\n"), len(damaged), "lines on standard error")


@case
def wrong_usage_is_told(folder):
    for arguments, text in ((("-o", "xml"), "no such output format: xml"), (("--memory", "1K"), "not a size"),
                            (("--memory", "x"), "not a size"), (("--threads", "0"), "not a number of threads"),
                            (("--nosuch",), "unknown option --nosuch"),
                            (("--store",), "this option needs a value: --store"),
                            (("select 1", "2"), "only one statement is taken")):
        code, out, err = weir("sql", *arguments)
        expect_equal((code, out), (2, ""), " ".join(arguments))
        expect_in(text, err)
        expect_in("'weir sql --help'", err)


@case
def output_that_cannot_be_written(folder):
    store = small_store(folder)
    command = [weir_e2e.weir_path, "sql", "--store", store.folder, "-o", "csv", "select * from range(3000000)"]
    for form in ("csv", "json", "ndjson", "markdown", "box", "parquet"):
        command[5] = form
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        expect_equal(done.returncode, 1, "exit code with a full disk, " + form)
        expect_in("No space left on device", done.stderr)
    command[5] = "csv"
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    expect_equal(process.stdout.readline(), b"range\n", "first line")
    process.stdout.close()
    expect_equal((process.wait(timeout=60), process.stderr.read()), (0, b""), "when nobody reads any more")


@case
def nothing_of_the_store_is_written(folder):
    store = small_store(folder)

    def look():
        return sorted((path, os.stat(os.path.join(path, name)).st_mtime_ns, name)
                      for path, _, names in os.walk(store.folder) for name in names)
    before = look()
    for statement in ("from flows", "delete from flows", "update flows set bytes = 0", "drop view flows",
                      "insert into flows (bytes) values (1)", "create table t as from flows"):
        weir("sql", "--store", store.folder, statement)
    expect_equal(look(), before, "files of the store")


@case
def memory_is_bounded_and_temporary_files_go(folder):
    temp = os.path.join(folder, "tmp")
    empty = os.path.join(folder, "empty")
    os.mkdir(temp)
    os.mkdir(empty)
    with open(os.path.join(folder, "out"), "wb") as out:
        code, usage = run_measured(
            [weir_e2e.weir_path, "sql", "--store", empty, "--memory", "200M", "--threads", "1", "-o", "csv",
             "select count(*), sum(length(t)) from (select i % 7 as k, repeat(md5(i::varchar), 8) as t "
             "from range(4000000) r(i) order by t, k)"],
            patience_s=240, stdout=out, env={**os.environ, "TMPDIR": temp})
    expect_equal(code, 0, "exit code")
    expect_equal(weir_e2e.read_text(os.path.join(folder, "out")).split("\n")[1], "4000000,1024000000", "answer")
    expect(usage.ru_maxrss < 700 * 1024, "%d KiB of memory were used" % usage.ru_maxrss)
    expect_equal(os.listdir(temp), [], "temporary files that are left")


@case
def without_the_library_only_queries_fail(folder):
    nothing = {**os.environ, "WEIR_DUCKDB": "/nonexistent/libduckdb.so"}
    code, out, err = weir("sql", "select 1", env=nothing)
    expect_equal((code, out), (1, ""), "a query")
    expect_in("/nonexistent/libduckdb.so", err)
    expect_in("tools/setup.sh", err)
    for arguments in (("--version",), ("--help",), ("sql", "--help"), ("decode", "-q", "/dev/null")):
        code, out, err = weir(*arguments, env=nothing)
        expect("duckdb" not in err, "weir %s tells of DuckDB: %s" % (" ".join(arguments), err))


class Shell:
    """weir sql on a terminal of its own."""

    def __init__(self, folder, store):
        self.output = ""
        try:
            pid, self.terminal = pty.fork()
        except OSError as error:
            raise Skip("there is no pseudo terminal to be had (is /dev/pts mounted?): %s" % error) from error
        if pid == 0:
            os.environ.update(TERM="xterm", LC_ALL="C.UTF-8", XDG_STATE_HOME=os.path.join(folder, "state"),
                              COLUMNS="80")
            os.execv(weir_e2e.weir_path, [weir_e2e.weir_path, "sql", "--store", store])
        self.pid = pid
        self.status = None

    def read(self):
        while select.select([self.terminal], [], [], 0)[0]:
            try:
                got = os.read(self.terminal, 65536)
            except OSError:
                break
            if not got:
                break
            self.output += got.decode("utf-8", "replace")
        return self.output

    def wait_for(self, text):
        """Until a text comes; what came before it is forgotten."""
        wait_until(lambda: text in self.read(), lambda: "%r in %r" % (text, self.output[-2000:]))
        self.output = self.output[self.output.index(text) + len(text):]

    def type(self, text):
        os.write(self.terminal, text.encode())

    def ended(self):
        self.read()
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def end(self):
        wait_until(self.ended, lambda: "the end of the shell: " + self.output[-2000:])
        return os.waitstatus_to_exitcode(self.status)

    def close(self):
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


@case
def the_shell_has_history_and_completion(folder):
    store = small_store(folder)
    shell = Shell(folder, store.folder)
    try:
        shell.wait_for("weir> ")
        shell.type("select count(*) as n,\n")
        shell.wait_for("  ... ")
        shell.type("1 from flows;\n")
        shell.wait_for("│ n │ 1 │")
        shell.wait_for("│ 4 │ 1 │")
        shell.wait_for("weir> ")
        shell.type("select max(dst_po")
        shell.wait_for("dst_po")
        shell.type("\t")
        shell.wait_for("rt")  # the rest of the name comes by itself
        shell.type(") as p from flows;\n")
        shell.wait_for("│ 443 │")
        shell.wait_for("weir> ")
        shell.type("\x1b[A")  # the statement before
        shell.wait_for("as p from flows;")
        shell.type("\n")
        shell.wait_for("│ 443 │")
        shell.wait_for("weir> ")
        shell.type("selekt;\n")
        shell.wait_for("Parser Error")
        shell.wait_for("weir> ")
        shell.type(".output csv\n")
        shell.wait_for("weir> ")
        shell.type("select count(*) from range(10000000) a, range(10000000) b where hash(a.range, b.range) = 1;\n")
        shell.wait_for("= 1;")
        time.sleep(0.3)  # that it runs cannot be seen; when Ctrl-C comes too early it does as well
        shell.type("\x03")
        shell.wait_for("INTERRUPT")
        shell.wait_for("weir> ")
        shell.type("select 7 as seven;\n")
        shell.wait_for("seven\r\n7\r\n")
        shell.type(".quit\n")
        expect_equal(shell.end(), 0, "exit code")
    finally:
        shell.close()
    for words in (("exit",), ("QUIT;",), ("select 1", ".exit"), ("select 1", "quit")):
        shell = Shell(folder, store.folder)
        try:
            shell.wait_for("weir> ")
            for word in words:
                shell.type(word + "\n")
            expect_equal(shell.end(), 0, "exit code behind %r" % (words,))
        finally:
            shell.close()
    history = os.path.join(folder, "state", "weir", "sql_history")
    expect_in("seven", weir_e2e.read_text(history))
    expect_equal(stat.S_IMODE(os.stat(history).st_mode), 0o600, "mode of the history")


if __name__ == "__main__":
    run()
