#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_shared_captures.py: `weir decode` on captures of many exporters, where a collection of them lies beside the
project, each judged by the collection's own compare.py. They stay outside: they have licences of their own."""
import json
import os
import subprocess
import sys

import weir_e2e
from weir_e2e import Skip, case, cases, expect, read_text, run, run_measured

FOLDER = os.path.join(os.path.dirname(weir_e2e.SOURCE_ROOT), "shared", "captures")
LIMIT_S = 60
MEMORY_KIB_MAX = 1 << 20


def judge(folder, entry):
    out_path = os.path.join(folder, "out.ndjson")
    with open(out_path, "wb") as out, open(folder + "/err", "wb") as err_file:
        code, usage = run_measured([weir_e2e.weir_path, "decode", os.path.join(FOLDER, entry["file"])], stdout=out,
                                   stderr=err_file)
    err = read_text(folder + "/err")
    expect(0 <= code <= 2 and "Sanitizer" not in err, "ended with %d: %s" % (code, err[-2000:]))
    expect(usage.ru_maxrss < MEMORY_KIB_MAX, "took %d KiB of memory" % usage.ru_maxrss)
    for line in read_text(out_path).splitlines():
        json.loads(line)
    if entry["confidence"] != "C" or entry["mandatory_packets"]:
        compared = subprocess.run([sys.executable, os.path.join(FOLDER, "compare.py"), FOLDER, entry["name"], out_path],
                                  capture_output=True, text=True, timeout=LIMIT_S, check=False)
        expect(compared.returncode == 0, "%s: %s" % (entry["vendor"], (compared.stdout + compared.stderr)[-3000:]))


def collected_too(folder, entry):
    """What weir decode shows as flows is what weir collect writes."""
    weir_e2e.weir("collect", "-r", os.path.join(FOLDER, entry["file"]), "-o", "a.ndjson", "-o", "a.json", cwd=folder,
                  timeout=LIMIT_S)
    shown = [json.loads(line)["options"] for line in read_text(folder + "/out.ndjson").splitlines()]
    entries = [line for _, line in weir_e2e.load_lines(read_text(folder + "/a.ndjson"))]
    weir_e2e.expect_equal((sum(len(line["flows"]) for line in entries),
                           sum(len(line.get("options", [])) for line in entries)),
                          (shown.count(False), shown.count(True)), "flows and options records of weir collect")
    weir_e2e.expect_equal(len(weir_e2e.flows_of(weir_e2e.load_object(folder + "/a.json"))), shown.count(False),
                          "flows of the object")


def make_case(entry):
    def judged(folder):
        judge(folder, entry)
        collected_too(folder, entry)
    judged.__name__ = entry["name"].replace("-", "_")
    return judged


if os.path.exists(os.path.join(FOLDER, "manifest.json")):
    with open(os.path.join(FOLDER, "manifest.json"), encoding="utf-8") as manifest:
        cases.extend(make_case(entry) for entry in json.load(manifest)["captures"])
else:
    @case
    def captures_of_many_exporters(_):
        raise Skip("there is no collection of captures in ../shared/captures beside the project")


if __name__ == "__main__":
    run()
