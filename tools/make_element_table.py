#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_element_table.py CSV OUT.c: turns lib/elements.csv into the constant tables behind weir_element_find().

Columns: pen, id, name, v9_name, type, semantics, units. A row that cannot be right is named with its line, and
nothing is written. What the two tables promise is told in lib/element.h."""
import csv
import os
import re
import sys

COLUMNS = ["pen", "id", "name", "v9_name", "type", "semantics", "units"]

# The spelling of RFC 7012 -> enum weir_type of include/weir/weir.h
TYPES = {
    "octetArray": "OCTET_ARRAY",
    "unsigned8": "UNSIGNED8",
    "unsigned16": "UNSIGNED16",
    "unsigned32": "UNSIGNED32",
    "unsigned64": "UNSIGNED64",
    "unsigned256": "UNSIGNED256",
    "signed8": "SIGNED8",
    "signed16": "SIGNED16",
    "signed32": "SIGNED32",
    "signed64": "SIGNED64",
    "float32": "FLOAT32",
    "float64": "FLOAT64",
    "boolean": "BOOLEAN",
    "macAddress": "MAC_ADDRESS",
    "string": "STRING",
    "dateTimeSeconds": "DATE_TIME_SECONDS",
    "dateTimeMilliseconds": "DATE_TIME_MILLISECONDS",
    "dateTimeMicroseconds": "DATE_TIME_MICROSECONDS",
    "dateTimeNanoseconds": "DATE_TIME_NANOSECONDS",
    "ipv4Address": "IPV4_ADDRESS",
    "ipv6Address": "IPV6_ADDRESS",
    "basicList": "BASIC_LIST",
    "subTemplateList": "SUB_TEMPLATE_LIST",
    "subTemplateMultiList": "SUB_TEMPLATE_MULTI_LIST",
}

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
WORDS = re.compile(r"[A-Za-z0-9 -]*")


def check_row(row, line, seen):
    """What is wrong with a row, or None. `seen` keeps the line of what may stand only once."""
    if len(row) != len(COLUMNS):
        return f"{len(row)} columns, not {len(COLUMNS)}"
    pen, number, name, v9_name, kind, semantics, units = row
    if not re.fullmatch(r"[0-9]{1,10}", pen) or int(pen) > 0xFFFFFFFF:
        return f"pen '{pen}' is no number from 0 to 4294967295"
    if not re.fullmatch(r"[0-9]{1,5}", number) or int(number) > 32767:
        return f"id '{number}' is no number from 0 to 32767"
    if not NAME.fullmatch(name):
        return f"name '{name}' is empty or has other characters than letters, digits, '_' and '-'"
    if v9_name and not NAME.fullmatch(v9_name):
        return f"v9_name '{v9_name}' has other characters than letters, digits, '_' and '-'"
    if kind not in TYPES:
        return f"unknown type '{kind}'"
    if not WORDS.fullmatch(semantics) or not WORDS.fullmatch(units):
        return "semantics and units are plain words"
    for key in [("element", int(pen), int(number)), ("name", int(pen),
                                                     name)] + ([("v9_name", v9_name)] if v9_name else []):
        if key in seen:
            return f"{key[0]} {' '.join(str(part) for part in key[1:])} stands in line {seen[key]} already"
        seen[key] = line
    return None


def read_rows(path):
    """All rows sorted by (pen, id), or None after telling every line that is wrong."""
    rows, seen, good = [], {}, True
    with open(path, newline="", encoding="ascii") as file:
        reader = csv.reader(file, strict=True)
        for row in reader:
            if reader.line_num == 1:
                wrong = None if row == COLUMNS else f"the first line must be {','.join(COLUMNS)}"
            else:
                wrong = check_row(row, reader.line_num, seen)
            if wrong:
                print(f"{path}:{reader.line_num}: {wrong}", file=sys.stderr)
                good = False
            elif reader.line_num > 1:
                rows.append((int(row[0]), int(row[1]), *row[2:]))
    if good and not any(row[0] == 0 for row in rows):
        print(f"{path}: no element with pen 0", file=sys.stderr)
        good = False
    return sorted(rows) if good else None


def initializer(row):
    pen, number, name, v9_name, kind, semantics, units = row
    v9_text = f'"{v9_name}"' if v9_name else "NULL"
    return f'{{{pen}u, {number}, WEIR_TYPE_{TYPES[kind]}, "{name}", {v9_text}, "{semantics}", "{units}"}}'


def table_text(rows):
    iana = [row for row in rows if row[0] == 0]
    other = [row for row in rows if row[0] != 0]
    lines = ["/* Made from lib/elements.csv by tools/make_element_table.py. */", '#include "element.h"', ""]
    lines += ["const struct weir_element element_iana[] = {"]
    lines += [f"    [{row[1]}] = {initializer(row)}," for row in iana]
    lines += ["};", f"const uint32_t element_iana_count = {iana[-1][1] + 1};", ""]
    lines += ["const struct weir_element element_other[] = {"]
    lines += [f"    {initializer(row)}," for row in other] or ["    {0}"]
    lines += ["};", f"const uint32_t element_other_count = {len(other)};", ""]
    return "\n".join(lines)


def main(arguments):
    if len(arguments) != 3:
        print("usage: make_element_table.py CSV OUT.c", file=sys.stderr)
        return 2
    try:
        rows = read_rows(arguments[1])
        if rows is None:
            return 1
        partial = arguments[2] + ".part"
        with open(partial, "w", encoding="ascii") as file:
            file.write(table_text(rows))
        os.replace(partial, arguments[2])
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        print(f"make_element_table.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
