#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_chdb.py STORE [FOLDER] - reads a store with ClickHouse's engine and with DuckDB, and compares what they find

Of each column of each file that counts: how many values there are, the least, the greatest, and the sum (of octets and
texts, of their lengths). ClickHouse's engine comes from PyPI (chdb-core, 180 MB, for Linux on x86-64) into FOLDER,
build/chdb of the checkout when not given. It is too large for each run of the tests: this is for once before a release,
and after changes to how files are written."""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WHEEL = "chdb-core==26.9.0 --hash=sha256:707e2ec3fe0f7953bac97942eaeb7a1ed1d66b1e56ecef3f0aa2130f61f6e735\n"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ANSWER = """
import chdb, json, sys
for line in sys.stdin:
    try:
        print(str(chdb.query(line, 'JSONCompactEachRow')).strip(), flush=True)
    except Exception as error:
        print(json.dumps({"error": str(error)[:300]}), flush=True)
"""
# lists are compared as text
SETTINGS = " SETTINGS use_hive_partitioning = 0, input_format_parquet_enable_json_parsing = 0"


def make_environment(folder):
    """Makes the Python environment with ClickHouse's engine where it is not there, and returns its python."""
    python = os.path.join(folder, "bin", "python")
    told = os.path.join(folder, ".requirements")
    if not (os.path.exists(told) and open(told, encoding="ascii").read() == WHEEL):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        with open(os.path.join(folder, "wanted.txt"), "w", encoding="ascii") as file:
            file.write(WHEEL)
        environment = dict(os.environ)
        if os.path.exists(CERTIFICATES):
            environment.setdefault("PIP_CERT", CERTIFICATES)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--only-binary", ":all:",
                        "--require-hashes", "-r", os.path.join(folder, "wanted.txt")], check=True, env=environment)
        os.rename(os.path.join(folder, "wanted.txt"), told)
    return python


def kind_of(type_name):
    """How the values of a column of this type of DuckDB's are compared."""
    if type_name.startswith("TIMESTAMP"):
        return "time"
    return {"BLOB": "octets", "VARCHAR": "text", "JSON": "text", "FLOAT": "float",
            "DOUBLE": "float"}.get(type_name, "number")


DUCKDB = {
    "time": "min(epoch_us({c}))::VARCHAR, max(epoch_us({c}))::VARCHAR, sum(epoch_us({c})::HUGEINT)::VARCHAR",
    "number": "min({c})::VARCHAR, max({c})::VARCHAR, sum({c}::HUGEINT)::VARCHAR",
    "float": "NULL, NULL, sum(isnan({c})::INTEGER)::VARCHAR",
    "text": "lower(hex(encode(min({c}::VARCHAR)))), lower(hex(encode(max({c}::VARCHAR)))), "
            "sum(strlen({c}::VARCHAR))::VARCHAR",
    "octets": "lower(hex(min({c}))), lower(hex(max({c}))), sum(octet_length({c}))::VARCHAR",
}
TIME = "toUnixTimestamp64Micro(toDateTime64({c}, 6, 'UTC'))"
CLICKHOUSE = {
    "time": "toString(min(%s)), toString(max(%s)), toString(sum(toInt128(%s)))" % (TIME, TIME, TIME),
    "number": "toString(min({c})), toString(max({c})), toString(sum(toInt128({c})))",
    "float": "NULL, NULL, toString(sum(isNaN({c})))",
    "text": "lower(hex(min({c}))), lower(hex(max({c}))), toString(sum(length({c})))",
    "octets": "lower(hex(min({c}))), lower(hex(max({c}))), toString(sum(length({c})))",
}


def select(table, names, kinds, forms, quote):
    columns = ["count(*)"]
    for name in names:
        quoted = quote + name.replace(quote, quote + quote) + quote
        columns += ["count(%s)" % quoted, *[form.strip() for form in split(forms[kinds[name]].format(c=quoted))]]
    return "SELECT %s FROM %s" % (", ".join(columns), table)


def split(text):
    """At commas that stand in no brackets."""
    depth, parts = 0, [""]
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def as_text(value):
    return None if value is None or value in ("", "\\N") else str(value)


class ClickHouse:
    def __init__(self, python):
        self.process = subprocess.Popen([python, "-c", ANSWER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, sql):
        self.process.stdin.write(sql + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if isinstance(answer, dict):
            sys.exit("check_chdb.py: ClickHouse's engine says: " + answer["error"])
        return answer


def compare_file(path, connection, engine):
    """Returns rows, columns, and sentences of what differs."""
    table = "read_parquet('%s', hive_partitioning = false)" % path.replace("'", "''")
    kinds = {name: kind_of(told) for name, told, *_ in connection.execute("DESCRIBE SELECT * FROM " + table).fetchall()}
    names = list(kinds)
    left = connection.execute(select(table, names, kinds, DUCKDB, '"')).fetchone()
    right = engine.ask(select("file('%s', 'Parquet')" % path.replace("'", "\\'"), names, kinds, CLICKHOUSE,
                              '`') + SETTINGS)
    wrong = []
    if int(left[0]) != int(right[0]):
        wrong.append("%s: %s rows, and %s" % (path, left[0], right[0]))
    for i, name in enumerate(names):
        for k, what in enumerate(("values", "least", "greatest", "sum")):
            one, other = as_text(left[1 + 4 * i + k]), as_text(right[1 + 4 * i + k])
            if what == "sum" and (one or "0") == (other or "0"):
                continue  # of no values
            if int(left[1 + 4 * i]) == 0 and what in ("least", "greatest"):
                continue  # of no values
            if one != other:
                wrong.append("%s: %s: %s is %s with DuckDB, %s with ClickHouse" % (path, name, what, one, other))
    return int(left[0]), len(names), wrong


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    tests_python = subprocess.run([os.path.join(ROOT, "tools", "make_venv.sh")], stdout=subprocess.PIPE, text=True,
                                  check=True).stdout.strip()
    if os.path.realpath(sys.prefix) != os.path.realpath(os.path.dirname(os.path.dirname(tests_python))):
        os.execv(tests_python, [tests_python, *sys.argv])
    sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
    import duckdb
    import store_reader
    engine = ClickHouse(make_environment(sys.argv[2] if len(sys.argv) == 3 else os.path.join(ROOT, "build", "chdb")))
    print("DuckDB %s, ClickHouse %s" % (duckdb.__version__, engine.ask("SELECT version()")[0]))
    connection = duckdb.connect()
    files = rows = columns = 0
    wrong = []
    for kind in ("flows", "options", "ledger"):
        for path in store_reader.segment_paths(os.path.abspath(sys.argv[1]), kind):
            file_rows, file_columns, differences = compare_file(path, connection, engine)
            files, rows, columns = files + 1, rows + file_rows, columns + file_columns
            wrong += differences
    for line in wrong:
        print(line)
    print("%d files, %d rows, %d columns of files: %d differences" % (files, rows, columns, len(wrong)))
    sys.exit(1 if wrong or files == 0 else 0)


main()
