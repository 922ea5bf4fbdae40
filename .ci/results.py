#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""results.py TESTLOG.json: prints 'PASSED FAILED' of a run of meson's tests, and on standard error what failed with
its output. A skipped test counts as failed: what it needs is missing, and tools/setup.sh should have brought it."""
import json
import sys

passed = failed = 0
try:
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            if test["result"] in ("OK", "EXPECTEDFAIL"):
                passed += 1
                continue
            failed += 1
            print(f"--- {test['name']}: {test['result']} after {test['duration']:.1f} s", file=sys.stderr)
            for stream in ("stdout", "stderr"):
                if test.get(stream):
                    print(test[stream][-6000:], file=sys.stderr)
except (OSError, ValueError, KeyError) as error:
    print(f"--- {sys.argv[1]}: {error}", file=sys.stderr)
    failed += 1
print(passed, failed)
