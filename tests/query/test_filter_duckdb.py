#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_filter_duckdb.py FILTER_PROBE [SEED [FILTERS]]: a filter as SQL finds what it finds row by row

filter_probe makes rows and tells for each filter its SQL and which rows match when they are asked one by one; DuckDB
answers the SQL. Every term of the language is asked several times, then compositions of them; with parameters from a
table, with literals from Parquet files of different columns, and, over rows without IPv4 addresses in columns for IPv6,
the shorter SQL for these. What is asked in parts is found once. Of plain terms the plan is looked at: row groups are to
be skipped by their statistics. Prints TAP."""
import json
import os
import random
import re
import subprocess
import sys
import tempfile

SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BATCHES = 40

try:
    import duckdb
except ImportError:
    duckdb = None
if duckdb is None or duckdb.__version__ != "1.4.4":
    if os.environ.get("WEIR_TEST_AGAIN"):
        sys.exit("test_filter_duckdb.py: the environment of the tests has no duckdb 1.4.4; see tests/requirements.txt")
    venv = os.environ.get("WEIR_VENV") or os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), "venv")
    made = subprocess.run([os.path.join(SOURCE_ROOT, "tools", "make_venv.sh"), venv], stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        sys.exit("test_filter_duckdb.py: no environment for the tests")
    os.environ["WEIR_TEST_AGAIN"] = "1"
    os.execv(made.stdout.strip(), [made.stdout.strip()] + sys.argv)

from filters import composition, every_term  # noqa: E402: only where it is of use

# What must be left to the reader of Parquet, which compares it with the statistics of row groups and files.
PLAIN = ["dst port 53", "proto tcp and dst port 53", "bytes > 1M", "dst port in [53 80]", "src port 1000-2000",
         "proto != tcp", "src net 2001:db8::/32", "flowdir ingress and dscp ef", "mpls label1 16",
         "in src mac 00:1b:54:aa:0c:01", "time_start >= 2026-11-23T14:05 and time_end < 2026-11-24",
         "src as > 64512 and in if 3"]

# The same of each part, and how many there are: with IPv4 addresses in columns for IPv6, and without.
PARTED = [("ip 10.1.2.3", 4, 2), ("src ip 10.1.2.3 and dst port 53", 2, 1),
          ("proto tcp and ip in [10.1.2.3 10.1.2.4]", 4, 2),
          ("ip 2001:db8::1 and bytes > 0", 2, 2), ("ip in [10.1.2.3 2001:db8::1]", 4, 4), ("dst ip 2001:db8::1", 1, 1),
          ("ip 10.1.0.0/16", 1, 1), ("not ip 10.1.2.3", 1, 1), ("src and dst ip 10.1.2.3", 1, 1),
          ("ip 10.1.2.3 or dst port 53", 1, 1), ("ip != 10.1.2.3", 1, 1)]

READ_AS = {"BLOB": "VARCHAR", "TIMESTAMPTZ": "BIGINT", "TIMESTAMP_NS": "BIGINT", "DOUBLE": "VARCHAR"}
FROM_TEXT = {"BLOB": "unhex(%s)", "TIMESTAMPTZ": "make_timestamp(%s)::TIMESTAMPTZ",
             "TIMESTAMP_NS": "make_timestamp_ns(%s)",
             "DOUBLE": "%s::DOUBLE"}


def probe(program, seed, filters, rows_path):
    text = "".join(f + "\n" for f in filters)
    done = subprocess.run([program, str(seed), str(BATCHES), rows_path], input=text, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("test_filter_duckdb.py: filter_probe failed: %d" % done.returncode)
    lines = done.stdout.splitlines()
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:]]


def load(connection, columns, rows_path, folder):
    """The rows as a table and as Parquet files, each without the columns that none of its rows has."""
    read = ", ".join("'%s': '%s'" % (name, READ_AS.get(kind, kind)) for name, kind in columns.items())
    made = ", ".join('%s AS "%s"' % (FROM_TEXT.get(kind, "%s") % ('"%s"' % name), name) for name,
                     kind in columns.items())
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE TABLE flows AS SELECT row_number() OVER () - 1 AS row_at, %s FROM read_json('%s', "
                       "format = 'newline_delimited', columns = {%s})" % (made, rows_path, read))
    count = connection.execute("SELECT count(*) FROM flows").fetchone()[0]
    for first, last in ((0, 7), (8, 15), (16, 23), (24, count)):
        rows = "FROM flows WHERE row_at BETWEEN %d AND %d" % (first, last)
        counts = connection.execute("SELECT %s %s" % (", ".join('count("%s")' % c for c in columns), rows)).fetchone()
        there = ["row_at"] + ['"%s"' % c for c, n in zip(columns, counts) if n > 0]
        connection.execute("COPY (SELECT %s %s) TO '%s/%d.parquet'" % (", ".join(there), rows, folder, first))
    connection.execute("CREATE VIEW files AS SELECT * FROM read_parquet('%s/*.parquet', union_by_name = true)" % folder)
    mapped = " OR ".join('("%s" >= unhex(\'00000000000000000000ffff00000000\') AND '
                         '"%s" <= unhex(\'00000000000000000000ffffffffffff\'))' % (name, name)
                         for name in columns if name.endswith("_ipv6"))
    connection.execute("CREATE TABLE plain AS SELECT * FROM flows WHERE (%s) IS NOT TRUE" % mapped)
    plain = {row[0] for row in connection.execute("SELECT row_at FROM plain").fetchall()}
    return count, plain


def value(parameter):
    kind, plain = parameter
    return bytes.fromhex(plain) if kind == "BLOB" else plain


def ask(connection, answer, which, table):
    """The rows that the SQL finds."""
    sql, parameters = answer[which], [value(p) for p in answer[which + "_parameters"]]
    for index, (kind, plain) in enumerate(answer[which + "_parameters"]):
        if kind == "TIMESTAMPTZ":  # Python's times would pass through the zone of the machine
            sql = re.sub(r"\$%d::TIMESTAMPTZ" % (index + 3), "make_timestamp($%d::BIGINT)::TIMESTAMPTZ" % (index + 3),
                         sql)
    filling = [0, 0] if parameters else []  # the first parameter is number 3
    if parameters:
        sql = "($1 = $2) AND (%s)" % sql
    found = connection.execute("SELECT row_at FROM %s WHERE %s" % (table, sql), filling + parameters).fetchall()
    return {row[0] for row in found}


def check(connection, text, answer, plain, columns):
    """What is wrong with an answer, or None."""
    if "error" in answer:
        return "is no filter: " + answer["error"]
    named = set(re.findall(r'"([^"]+)"', re.sub(r"'(?:[^']|'')*'", "", answer["literal"])))
    if named != set(answer["columns"]) and not named < set(answer["columns"]):
        return "names columns that are not told: %s" % (named - set(answer["columns"]))
    for name, kind in answer["columns"].items():
        if columns.get(name) != kind:
            return "takes column %s for %s, which is %s" % (name, kind, columns.get(name))
    rows = {at for at, match in enumerate(answer["matches"]) if match == "1"}
    for which, table, expected in (("sql", "flows", rows), ("literal", "files", rows), ("unmapped", "plain",
                                                                                        rows & plain)):
        try:
            found = ask(connection, answer, which, table)
        except duckdb.Error as error:
            return "%s: %s\n  %s" % (which, error, answer[which])
        if found != expected:
            return "%s finds other rows: %s more, %s less\n  %s" % (which, sorted(found - expected)[:5],
                                                                   sorted(expected - found)[:5], answer[which])
    for which, table, expected in (("parts", "flows", rows), ("unmapped_parts", "plain", rows & plain)):
        if len(answer[which]) == 1:
            continue
        found = connection.execute(" UNION ALL ".join("SELECT row_at FROM %s WHERE (%s)" % (table, sql)
                                                      for sql in answer[which])).fetchall()
        if sorted(row[0] for row in found) != sorted(expected):
            return "%s find other rows, or some twice\n  %s" % (which, answer[which])
    return None


def plan(connection, answer):
    """What DuckDB does for a filter: the operators that it tells of."""
    parameters = [value(p) for p in answer["sql_parameters"]]
    if any(kind == "TIMESTAMPTZ" for kind, _ in answer["sql_parameters"]):
        sql, parameters = answer["literal"], []
    else:
        sql = re.sub(r"\$(\d+)", lambda m: "$%d" % (int(m.group(1)) - 2), answer["sql"])
    return connection.execute("EXPLAIN SELECT count(*) FROM files WHERE " + sql, parameters).fetchall()[0][1]


def main():
    program = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    wanted = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    rng = random.Random(seed)
    terms = list(every_term(rng, 6))
    filters = [text for _, text in terms] + [composition(rng, 3) for _ in range(wanted)]
    filters += [text for text, _, _ in PARTED] + PLAIN
    with tempfile.TemporaryDirectory(prefix="weir-filter-") as folder:
        connection = duckdb.connect()
        columns, answers = probe(program, seed, filters, folder + "/rows.json")
        count, plain = load(connection, columns, folder + "/rows.json", folder)
        wrong, busy = [], 0
        for text, answer in zip(filters, answers):
            fault = check(connection, text, answer, plain, columns)
            if fault is not None:
                wrong.append("%s\n  %s" % (text, fault))
            elif 0 < answer["matches"].count("1") < count:
                busy += 1
        parted = [(text, answer) for text, answer in zip(filters, answers) if len(answer.get("parts", [])) > 1]
        for (text, mapped, unmapped), answer in zip(PARTED, answers[-len(PLAIN) - len(PARTED):]):
            if (len(answer["parts"]), len(answer["unmapped_parts"])) != (mapped, unmapped):
                wrong.append("%s\n  is asked in %d and %d parts" %
                             (text, len(answer["parts"]), len(answer["unmapped_parts"])))
        for text, answer in parted:
            for sql in answer["parts"]:
                told = connection.execute("EXPLAIN SELECT count(*) FROM files WHERE " + sql).fetchall()[0][1]
                if "Filters:" not in told:
                    wrong.append("%s\n  is not left to the reader of Parquet: %s" % (text, sql))
        plans = [(text, plan(connection, answer)) for text, answer in zip(PLAIN, answers[-len(PLAIN):])]
        kept = [text for text, told in plans  # of lists statistics are used, and the rows are compared behind
                if "Filters:" not in told or (" FILTER " in told and " in [" not in text)]
    print("1..4")
    print("%s 1 - %d filters over %d rows find the same as SQL (seed %d)" % ("not ok" if wrong else "ok", len(filters),
                                                                             count,
                                                                          seed))
    for text in wrong[:10]:
        print("# " + text.replace("\n", "\n# "))
    enough = busy > len(filters) * 0.6 and len(answers) == len(filters) and count > 500 and 0 < len(plain) < count
    enough = enough and len(parted) > 30
    print("%s 2 - %d of the filters find some rows and not all" % ("ok" if enough else "not ok", busy))
    heard = {subject for (subject, _), answer in zip(terms, answers) if "1" in answer.get("matches", "")}
    silent = sorted({subject for subject, _ in terms} - heard)
    print("%s 3 - terms of each subject find something%s" % ("not ok" if silent else "ok",
                                                             " " + ", ".join(silent)))
    print("%s 4 - plain terms are left to the reader of Parquet%s" % ("not ok" if kept else "ok",
                                                                      " " + "; ".join(kept)))
    return 1 if wrong or silent or kept or not enough else 0


if __name__ == "__main__":
    sys.exit(main())
