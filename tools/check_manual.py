#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_manual.py WEIR FOLDER EXAMPLE: holds the manual pages to what the program says of itself: each page has the
options of --help, and no others, and weir(1) has every command; weir.conf(5) and the example have a key for each option
of weir collect that a file can have, each in the section of its option's group, and no others."""
import re
import subprocess
import sys


def help_text(weir, *command):
    run = subprocess.run([weir, *command, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         check=True)
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


SECTIONS = {"Where datagrams come from:": "Input", "Where flows go:": "Output", "For -o store:FOLDER:": "Store",
            "Otherwise:": "Collect"}


def help_keys(text):
    """(section, key) of each option, but those that a file cannot have."""
    found, section = set(), None
    for line in text.splitlines():
        section = SECTIONS.get(line, section)
        option = re.match(r"  (?:-\w,|   ) --([\w-]+)( [A-Z]+)?", line)
        if option and option.group(1) not in ("config", "check", "help"):
            name = option.group(1) if option.group(2) else option.group(1).removeprefix("no-")
            found.add((section, "".join(word.capitalize() for word in name.split("-"))))
    return found


def file_keys(text, section_line, key_line):
    found, section = [], None
    for line in text.splitlines():
        section = re.sub(section_line, r"\1", line) if re.match(section_line, line) else section
        if re.match(key_line, line):
            found.append((section, re.match(key_line, line).group(1)))
    return found


def check_keys(weir, folder, example):
    options, wrong = help_keys(help_text(weir, "collect")), []
    for path, lines in ((f"{folder}/weir.conf.5", (r"^\.Ss \[(\w+)\]$", r"^\.It Cm (\w+)=$")),
                        (example, (r"^\[(\w+)\]$", r"^#?([A-Z]\w+)=\S*$"))):
        with open(path, encoding="ascii") as file:
            keys = file_keys(file.read(), *lines)
        wrong += [f"{path} lacks {key} in {section}" for section, key in sorted(options - set(keys))]
        wrong += [f"{path} has {key} in {section}, which is no option" for section, key in sorted(set(keys) - options)]
        wrong += [f"{path} has {key} twice" for section, key in sorted(set(k for k in keys if keys.count(k) > 1))]
    return wrong


def main(weir, folder, example):
    wrong = check_keys(weir, folder, example)
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
    sys.exit(main(*sys.argv[1:4]))
