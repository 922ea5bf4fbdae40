#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_manual.py WEIR FOLDER: holds the manual pages to what the program says of itself: each page has the options of
--help, and no others, and weir(1) has every command."""
import re
import subprocess
import sys


def help_text(weir, *command):
    run = subprocess.run([weir, *command, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return run.stdout


def help_options(text):
    """Options at the start of a line: '  -p, --port PORT' or '      --count N'."""
    found = set()
    for line in text.splitlines():
        start = re.match(r" {2,}(-\w)?(?:, )?(--[\w-]+)?", line)
        found.update(option for option in start.groups() if option) if start else None
    return found


def page_options(text):
    found = set()
    for line in re.findall(r"^\.It (Fl .*)$", text, re.M):
        for option in re.findall(r"Fl (\S+)", line):
            found.add("-" + option)
    return found


def main(weir, folder):
    wrong = []
    commands = re.findall(r"^  (\w+) {2,}\S", help_text(weir), re.M)
    with open(f"{folder}/weir.1", encoding="ascii") as file:
        main_page = file.read()
    if not commands:
        wrong.append("weir --help names no command")
    for command in commands:
        if not re.search(rf"^\.It Cm {command}$", main_page, re.M):
            wrong.append(f"weir.1 lacks {command}")
        with open(f"{folder}/weir-{command}.1", encoding="ascii") as file:
            page = page_options(file.read())
        said = help_options(help_text(weir, command))
        wrong += [f"weir-{command}.1 lacks {option}" for option in sorted(said - page)]
        wrong += [f"weir {command} --help lacks {option}" for option in sorted(page - said)]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
