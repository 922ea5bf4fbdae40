#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_install.py MESON BUILD SHARE: installs the build into a folder of its own, and looks whether what the documents
name is there, below SHARE, unchanged."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COMPLETIONS = ("bash-completion/completions/weir", "zsh/site-functions/_weir", "fish/vendor_completions.d/weir.fish")
DOCUMENTS = ("weir.conf", "prometheus/scrape.yml", "prometheus/weir.rules.yml", "grafana/weir.json")


def content(path):
    with open(path, "rb") as file:
        return file.read()


def main(meson, build, share):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([meson, "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", folder], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        installed = folder + share
        for name in DOCUMENTS:
            assert content(f"{installed}/doc/weir/{name}") == content(f"{HERE}/{name}"), name
        for name in ("man/man1/weir.1", *COMPLETIONS):
            assert os.path.exists(f"{installed}/{name}"), name + " was not installed"


main(*sys.argv[1:4])
