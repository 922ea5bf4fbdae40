#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_store_values.py: what others read from a store is what the decoder gives, each value of each column.

The store is read with pyarrow, with the checksums of its pages; what `weir decode --core` shows of the same capture is
what is expected. Fields that a core column or a time gives back are had back, and compared too."""
import collections
import glob
import json
import os

import store_reader
import weir_e2e
from weir_e2e import case, cases, expect, expect_equal, read_text

weir_e2e.use_venv()
import pyarrow.parquet  # noqa: E402: it is there from here on

FOLDER = os.path.join(os.path.dirname(weir_e2e.SOURCE_ROOT), "shared", "captures")
UPTIMES = {"flowStartSysUpTime": "time_start", "flowEndSysUpTime": "time_end"}
EPOCHS = {"Seconds": 1000000, "Milliseconds": 1000}
# by options records
TOLD_NAMES = {"application_name", "in_interface_name", "out_interface_name", "in_vrf_name", "out_vrf_name"}
LIMIT_S = 120


def core_columns():
    """Names of the columns of each file of flows, those of runs and addresses apart."""
    names = []
    with open(os.path.join(weir_e2e.SOURCE_ROOT, "store", "column.h"), encoding="utf-8") as header:
        for line in header:
            parts = line.strip().split(", ")
            if line.strip().startswith("X(") and parts[0][2:].isdigit() and "CORE(" in line:
                names.append(parts[2])
    return names


def wanted_rows(capture):
    """What the decoder shows: (options?, run, core, fields) of each record."""
    _, shown, _ = weir_e2e.weir("decode", "--core", "-q", capture, timeout=LIMIT_S)
    rows = []
    for line in shown.splitlines():
        record = json.loads(line)
        run = {name: record[name] for name in ("exporter", "exporter_port", "version", "observation_domain",
                                               "export_time", "sys_uptime", "template_id")}
        fields = {name: value for name, value in record["fields"].items() if value is not None}
        core = {name: value for name, value in record.get("core", {}).items() if name not in TOLD_NAMES}
        rows.append((record["options"], run, core, fields))
    return rows


def check_fields(row, core, fields, wanted, origins):
    """Each field of the record: in a column of its own, as a core column, or told by a time."""
    for name, value in wanted.items():
        if name in fields:
            expect_equal(fields[name], value, name)
            continue
        columns = [column for column, origin in origins.items() if origin == name and row.get(column) is not None]
        columns += [column for column, origin in origins.items()
                    if origin.startswith("reverse ") and name == "reverse" + origin[8].upper() + origin[9:]]
        expect(columns, "%s = %r is nowhere: origins %r, fields %r" % (name, value, origins, fields))
        column = columns[0]
        if column in ("time_start", "time_end"):
            expect_equal(time_back(row, name, column), value, name)
        else:
            core_name = column.removesuffix("_ipv4").removesuffix("_ipv6")
            got = core[store_reader.CORE_ADDRESSES.get(core_name, core_name)]
            expect_equal(got, value, "%s as %s" % (name, column))


def time_back(row, name, column):
    if name.endswith("SysUpTime"):
        return (row["sys_uptime_ms"] - (row["export_time"] - row[column]) // 1000) & 0xffffffff
    unit = next(unit for word, unit in EPOCHS.items() if name.endswith(word))
    return row[column] // unit


def compare(folder, capture):
    """Returns how many records were compared."""
    reader = pyarrow.parquet
    types = store_reader.element_types(weir_e2e.SOURCE_ROOT)
    store = os.path.join(folder, "store")
    weir_e2e.weir("collect", "-r", capture, "-o", "store:" + store, timeout=LIMIT_S)
    wanted = collections.defaultdict(list)
    for options, run, core, fields in wanted_rows(capture):
        wanted[store_reader.canonical([options, run, core])].append(fields)
    names = core_columns()
    count = 0
    for kind in ("flows", "options"):
        for path in store_reader.segment_paths(store, kind):
            count += compare_file(reader, path, kind == "options", names, types, wanted)
    left = sum(len(rows) for rows in wanted.values())
    expect(left == 0, "%d records are not in the store, such as %s" %
           (left, next((k for k in wanted if wanted[k]), "")))
    return count


def compare_file(reader, path, options, names, types, wanted):
    segment = store_reader.Segment(path, reader, types)
    known = set(names) | set(store_reader.RUN_COLUMNS)
    known |= {name + tail for name in store_reader.ADDRESSES for tail in ("_ipv4", "_ipv6")}
    count = 0
    for group in range(segment.file.num_row_groups):
        origins = segment.origins(group)
        for row in segment.rows(group):
            core = {} if options else store_reader.core_of(row, names)
            fields = store_reader.fields_of(row, known if not options else set(store_reader.RUN_COLUMNS), types,
                                            segment.parquet_types)
            key = store_reader.canonical([options, store_reader.run_of(row), core])
            match(row, core, fields, wanted.get(key, []), origins, key)
            count += 1
    return count


def match(row, core, fields, candidates, origins, key):
    """One of the records that look the same from outside has these fields; it is taken out."""
    expect(candidates, "a row that no record gives: %s %r" % (key, fields))
    error = None
    for i, wanted in enumerate(candidates):
        try:
            extra = set(fields) - set(wanted)
            expect(not extra, "columns that no field gives: %r" % extra)
            check_fields(row, core, parsed(fields, wanted), wanted, origins)
            del candidates[i]
            return
        except AssertionError as failed:
            error = failed
    raise error


def parsed(fields, wanted):
    """Lists are JSON text in the store, and JSON in the decoder's lines."""
    return {name: json.loads(value) if isinstance(wanted.get(name), dict) else value for name, value in fields.items()}


@case
def values_of_captures_of_our_own(folder):
    paths = sorted(glob.glob(os.path.join(weir_e2e.SOURCE_ROOT, "examples", "*.pcap")))
    expect(paths, "there is no capture in examples/")
    for number, path in enumerate(paths):
        expect(compare(os.path.join(folder, str(number)), path) > 0, "no records in " + path)


def make_case(entry):
    def values(folder):
        compare(folder, os.path.join(FOLDER, entry["file"]))
    values.__name__ = "values_of_" + entry["name"].replace("-", "_")
    return values


if os.path.exists(os.path.join(FOLDER, "manifest.json")):
    with open(os.path.join(FOLDER, "manifest.json"), encoding="utf-8") as manifest:
        cases.extend(make_case(entry) for entry in json.load(manifest)["captures"])

weir_e2e.run()
