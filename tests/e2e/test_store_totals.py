#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_store_totals.py: ten million flows, stored and then merged, add up to what the decoder makes of them, column by
column.

bench/make_workload makes the capture, bench/totals adds up what libweir decodes, DuckDB what the store holds."""
import os
import subprocess

import store_reader
import weir_e2e
from weir_e2e import case, expect, expect_equal, weir_ok

weir_e2e.use_venv()
import duckdb  # noqa: E402: it is there from here on

DATAGRAMS = int(os.environ.get("WEIR_TOTALS_DATAGRAMS", "440000"))  # 23 flows each
PATIENCE_S = 500
ADDRESSES = {core: name for name,
             core in store_reader.CORE_ADDRESSES.items()} | {"next_hop": "next_hop", "bgp_next_hop": "bgp_next_hop"}


def program(variable, name):
    return os.environ.get(variable) or os.path.join(os.path.dirname(weir_e2e.weir_path), "bench", name)


def decoded_totals(capture):
    """Name of each core column: how many, sum, least, greatest, distinct; and the number of flows."""
    out = subprocess.run([program("WEIR_TOTALS", "totals"), capture], stdout=subprocess.PIPE, text=True,
                         timeout=PATIENCE_S, check=True).stdout
    lines = [line.split() for line in out.splitlines()]
    return {name: numbers for name, *numbers in lines[:-1]}, int(lines[-1][1])


def stored(name, types):
    """The column of a core column, as a number in SQL."""
    base, tail = (name[:-1], "_ipv6") if name.endswith("6") else (name, "_ipv4")
    column = ADDRESSES[base] + tail if base in ADDRESSES else name
    if types[column].startswith("TIMESTAMP"):
        return column, "epoch_us(%s)" % column
    if types[column] == "BLOB":
        return column, "('0x' || substr(hex(%s), 1, 16))::UBIGINT" % column
    return column, column


def compare(connection, store, totals, flows):
    files = store_reader.segment_paths(store)
    flows_sql = "read_parquet(%r, union_by_name = true, hive_partitioning = false)" % files
    types = {name: kind for name, kind, *_ in connection.execute("DESCRIBE SELECT * FROM " + flows_sql).fetchall()}
    expect_equal(connection.execute("SELECT count(*) FROM " + flows_sql).fetchone()[0], flows, "flows")
    for name, wanted in totals.items():
        column, sql = stored(name, types)
        found = connection.execute(
            "SELECT count(n), (sum(n::HUGEINT) %% 18446744073709551616)::VARCHAR, min(n), max(n), count(DISTINCT n)"
            " FROM (SELECT %s AS n FROM %s)" % (sql, flows_sql)).fetchone()
        for i, what in enumerate(("how many", "sum", "least", "greatest", "distinct")):
            if wanted[i] != "-":
                expect_equal(int(found[i]), int(wanted[i]), "%s: %s" % (column, what))
    told = {stored(name, types)[0] for name in totals}
    for column in sorted(set(types) - told - set(store_reader.RUN_COLUMNS)):
        if types[column] not in ("BLOB", "VARCHAR"):
            expect_equal(connection.execute("SELECT count(%s) FROM %s" % (column, flows_sql)).fetchone()[0], 0, column)


@case
def totals_are_those_of_the_decoder(folder):
    capture = folder + "/made.pcap"
    subprocess.run([program("WEIR_MAKE_WORKLOAD", "make_workload"), "-w", capture, "-n", str(DATAGRAMS)],
                   stdout=subprocess.DEVNULL, timeout=PATIENCE_S, check=True)
    totals, flows = decoded_totals(capture)
    expect(flows > 20 * DATAGRAMS and len(totals) > 20, "the capture has too little to be added up")
    weir_ok("collect", "-r", capture, "-o", "store:store", "--fsync", "never", cwd=folder, timeout=PATIENCE_S)
    os.unlink(capture)
    connection = duckdb.connect(config={"memory_limit": "2GB", "threads": 2, "temp_directory": folder})
    compare(connection, folder + "/store", totals, flows)
    files = len(store_reader.segment_paths(folder + "/store"))
    weir_ok("store", "merge", "--all", "--grace", "0", folder + "/store", timeout=PATIENCE_S)
    expect(len(store_reader.segment_paths(folder + "/store")) < files, "nothing was merged")
    compare(connection, folder + "/store", totals, flows)
    expect_equal(store_reader.checked(weir_ok("store", "check", folder + "/store", timeout=PATIENCE_S)[0]), (flows, 0),
                 "rows that the check counts")
    print("# %d flows, %d columns; %d files became %d" %
          (flows, len(totals), files, len(store_reader.segment_paths(folder + "/store"))), flush=True)


weir_e2e.run()
