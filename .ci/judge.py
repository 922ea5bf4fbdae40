#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""judge.py CAPTURES WEIR: runs the judge of a folder of captures on `weir decode`. The records of NetFlow v9 are compared;
of the versions that are not decoded yet only that the program ends well. Ends with the judge's last line."""
import json
import os
import subprocess
import sys
import tempfile

captures, weir = (os.path.abspath(path) for path in sys.argv[1:3])
with open(captures + "/manifest.json", encoding="utf-8") as file:
    manifest = json.load(file)
for entry in manifest["captures"]:
    if entry["versions"] != [9]:
        entry.update(confidence="C", mandatory_packets=None)
with tempfile.TemporaryDirectory() as folder:
    for name in os.listdir(captures):
        if name != "manifest.json":
            os.symlink(f"{captures}/{name}", f"{folder}/{name}")
    with open(folder + "/manifest.json", "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    judge = [sys.executable, captures + "/judge.py", folder, weir, "decode", "-q", "{}"]
    sys.exit(subprocess.run(judge, stdin=subprocess.DEVNULL, check=False).returncode)
