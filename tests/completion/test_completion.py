#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_completion.py WEIR BASH ZSH FISH: asks the shells what they complete of weir's command line: each option of each
--help, and no other; subcommands, values, files and folders."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tools"))
from check_manual import help_options, help_text  # noqa: E402

WEIR, BASH_FILE, ZSH_FILE, FISH_FILE = (os.path.abspath(path) for path in sys.argv[1:5])
COMMANDS = ["collect", "exporters", "analyze", "decode", "flows", "top", "graph", "sql", "replay", "doctor", "store"]
# What is typed, the last word of which is to be completed, and all that may come of it but options.
CASES = [
    ([""], COMMANDS),
    (["store", ""], ["ls", "check", "merge", "expire", "export"]),
    (["collect", "--log", ""], ["text", "json"]),
    (["collect", "--effort", ""], ["light", "full"]),
    (["collect", "--fsync", "s"], ["segment"]),
    (["collect", "--compression", ""], ["zstd", "zstd:", "lz4", "none"]),
    (["collect", "--port", ""], []),
    (["collect", "-r", "a"], ["a file.pcap", "a folder"]),
    (["collect", "--state", "a"], ["a folder"]),
    (["collect", "--output", "s"], ["store:"]),
    (["flows", "--order", ""], ["time", "bytes", "packets", "duration", "none"]),
    (["replay", "-o", ""], ["text", "json"]),
    (["replay", "--make", "v"], ["v5", "v9"]),
    (["sql", "-o", ""], ["box", "csv", "json", "ndjson", "markdown", "parquet"]),
    (["store", "export", "--kind", ""], ["flows", "options", "ledger"]),
    (["store", "check", "a"], ["a folder"]),
    (["decode", "a"], ["a file.pcap", "a folder"]),
]


def ask(shell, script, *arguments):
    done = subprocess.run([shell, "-c", script, shell, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=True, timeout=60)
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def bash(words):
    """compopt(1) is for completion that runs."""
    return ask("bash", 'compopt() { :; }; source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; '
               'printf "%s\\n" "${COMPREPLY[@]}"', BASH_FILE, "weir", *words)


def fish(words):
    """A word, and a tab with a description."""
    line = " ".join(["weir", *words])
    found = ask("fish", 'source $argv[2]; complete -C "$argv[3]"', FISH_FILE, line)
    return [word.split("\t")[0].removesuffix("/").replace("\\ ", " ") for word in found]




def zsh(words):
    """Prints what is given to the functions of zsh that find what fits, as these need a terminal."""
    script = """
        _arguments() { print -l -- "$@" }
        _describe() { print -l -- ${commands%%:*} }
        complete() { source "$1" }
        words=("${@:2}") CURRENT=$(($# - 1))
        complete "$1"
    """
    return ask("zsh", script, ZSH_FILE, "weir", *words)


def zsh_specs(command):
    """By option: `*--name=[text]:ARGUMENT:what may follow`."""
    return {spec[1:].split("[")[0].rstrip("=+"): spec for spec in zsh([command, "-"]) if spec.startswith("*-")}


def check_zsh_words(words, wanted):
    if len(words) == 1:
        found = zsh(words)
    elif words[-1] == "" and words[-2].startswith("-"):
        spec = zsh_specs(words[0])[words[-2]].replace("\\:", ":")
        found = spec[spec.index("(", spec.index("]")) + 1:-1].split() if spec.endswith(")") else []
    else:
        return
    assert sorted(found) == sorted(wanted), f"zsh: weir {words}: {found}, and not {wanted}"


def options_of(shell, command):
    if shell == "zsh":
        return set(zsh_specs(command))
    if shell == "bash":
        return set(bash([command, "-"]))
    return set(fish([command, "-"])) | set(fish([command, "--"]))


def check(shell):
    for command in COMMANDS:
        said, found = help_options(help_text(WEIR, command)), options_of(shell, command)
        assert said == found, f"{shell}: weir {command}: lacks {said - found}, has {found - said}, which are none"
    for words, wanted in CASES:
        if shell == "zsh":
            check_zsh_words(words, wanted)
            continue
        found = [word for word in {"bash": bash, "fish": fish}[shell](words) if word and not word.startswith("-")]
        assert sorted(found) == sorted(wanted), f"{shell}: weir {words}: {found}, and not {wanted}"


def main():
    os.environ["LC_ALL"] = "C"
    shells = ["bash", "zsh", "fish"]
    print(f"1..{len(shells)}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        os.chdir(folder)
        os.mkdir("a folder")
        open("a file.pcap", "w", encoding="ascii").close()
        for number, shell in enumerate(shells, 1):
            if not shutil.which(shell):
                print(f"ok {number} {shell} # SKIP it is not here")
                continue
            try:
                check(shell)
                print(f"ok {number} {shell}")
            except AssertionError as error:
                print(f"not ok {number} {shell}\n# {error}")


main()
