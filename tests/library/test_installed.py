#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_installed.py SOURCES MESON WEIR MAKE_WORKLOAD: builds libweir alone, installs it into a folder of its own,
compiles the examples against what is there, as a stranger would, and runs them on made datagrams; looks at what the
library shows and needs."""
import collections
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

SOURCES, MESON, WEIR, MAKE_WORKLOAD = (os.path.abspath(path) for path in sys.argv[1:5])
CC = shlex.split(os.environ.get("CC", "cc"))
CXX = shlex.split(os.environ.get("CXX", "c++"))
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror"]


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200, check=False,
                          **options)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout


def install(folder):
    """Returns where, and the environment in which pkg-config finds it. Options of this build are not those of that."""
    clean = {name: value for name, value in os.environ.items() if name not in ("DESTDIR", "CFLAGS", "LDFLAGS")}
    where = folder + "/installed"
    run(MESON, "setup", folder + "/build", SOURCES, "-Dlibrary_only=true", "--prefix=" + where, "--libdir=lib",
        env=clean)
    run(MESON, "install", "-C", folder + "/build", env=clean)
    return where, {**clean, "PKG_CONFIG_PATH": where + "/lib/pkgconfig", "LD_LIBRARY_PATH": where + "/lib"}


def check_files(where):
    for path in ("include/weir/weir.h", "lib/libweir.a", "lib/libweir.so", "lib/libweir.so.0", "lib/pkgconfig/weir.pc",
                 "share/man/man3/libweir.3"):
        assert os.path.exists(f"{where}/{path}"), path + " was not installed"


def check_symbols(where):
    with open(where + "/include/weir/weir.h", encoding="utf-8") as file:
        declared = set(re.findall(r"^\w[^(\n]*?\b(weir_\w+)\(", file.read(), re.M))
    shown = run("nm", "-D", "--defined-only", where + "/lib/libweir.so").split("\n")
    names = {line.split()[-1] for line in shown if line and line.split()[1] != "A"}
    assert names == {name + "@@WEIR_0" for name in declared}, names ^ {name + "@@WEIR_0" for name in declared}
    needed = re.findall(r"NEEDED\)\s.*\[(.*)\]", run("readelf", "-dW", where + "/lib/libweir.so",
                                                     env={**os.environ, "LC_ALL": "C"}))
    assert set(needed) <= {"libc.so.6"}, needed


def check_no_writable_data(where):
    """No object has a section that is writable once it is loaded: .data.rel.ro is not."""
    for line in run("readelf", "-SW", where + "/lib/libweir.a").splitlines():
        section = re.match(r"\s*\[ *\d+\] (\.t?(?:data|bss)\S*)\s+\S+\s+\S+\s+\S+\s+([0-9a-f]+)", line)
        if section and not section[1].startswith(".data.rel.ro"):
            assert int(section[2], 16) == 0, f"writable data in the library: {line}"


def check_header(folder, environment):
    flags = shlex.split(run("pkg-config", "--cflags", "weir", env=environment))
    for compiler, standard, name in ((CC, "c11", "header.c"), (CXX, "c++17", "header.cc")):
        with open(f"{folder}/{name}", "w", encoding="ascii") as file:
            file.write("#include <weir/weir.h>\nint main(void) { weir_decoder_free(weir_decoder_create(NULL)); return "
                       "0; }\n")
        libs = shlex.split(run("pkg-config", "--libs", "weir", env=environment))
        run(*compiler, "-std=" + standard, *STRICT, f"{folder}/{name}", "-o", folder + "/header", *flags, *libs)
        run(folder + "/header", env=environment)


def compile_examples(folder, where, environment):
    """Each once with the shared library and once with the other; returns the paths by name."""
    programs = collections.defaultdict(list)
    flags = shlex.split(run("pkg-config", "--cflags", "weir", env=environment))
    libs = {"shared": shlex.split(run("pkg-config", "--libs", "weir", env=environment)),
            "static": [where + "/lib/libweir.a"]}
    for name in ("print_flows", "sum_bytes", "count_templates"):
        with open(f"{SOURCES}/examples/{name}.c", encoding="utf-8") as file:
            assert len(file.readlines()) < 80, name + " has 80 lines or more"
        for kind, lib in libs.items():
            programs[name].append(f"{folder}/{name}-{kind}")
            run(*CC, "-std=gnu11", "-O2", *STRICT, f"{SOURCES}/examples/{name}.c", "-o", programs[name][-1], *flags,
                *lib)
    return programs


def check_sums(programs, capture, environment):
    sums = collections.Counter()
    for line in run(WEIR, "decode", "-q", capture).splitlines():
        flow = json.loads(line)
        flow = flow.get("fields", flow)
        if "sourceIPv4Address" in flow:
            sums[flow["sourceIPv4Address"]] += flow["octetDeltaCount"]
    assert len(sums) > 10, "the capture has too few flows"
    for program in programs:
        lines = [line.split() for line in run(program, capture, env=environment).splitlines()]
        assert len(lines) == 10 and all(sums[address] == int(octets) for address, octets in lines), lines
        assert [int(octets) for _, octets in lines] == [octets for _, octets in sums.most_common(10)], lines


def check_counts(programs, capture, flow_count, environment):
    for program in programs:
        lines = run(program, capture, env=environment).splitlines()
        assert lines[-1].startswith(f"8 templates; 60 datagrams, {flow_count} flows, 0 options"), lines[-1]
        assert "10.99.0.2, domain 1: template 257, 20 fields" in lines, lines


def is_bound(port):
    with open("/proc/net/udp", encoding="ascii") as file:
        return f":{port:04X} " in file.read()


def check_printing(programs, environment):
    for program in programs:
        port = next(port for port in range(30000 + os.getpid() % 20000, 65000) if not is_bound(port))
        with subprocess.Popen([program, str(port), "20"], stdout=subprocess.PIPE, text=True, env=environment) as child:
            try:
                deadline = time.monotonic() + 20
                while not is_bound(port):
                    assert time.monotonic() < deadline and child.poll() is None, program + " does not listen"
                    time.sleep(0.01)
                made = run(MAKE_WORKLOAD, "-u", f"127.0.0.1:{port}", "-n", "20", "-e", "1", "-r", "500")
                output = child.communicate(timeout=30)[0].splitlines()
            finally:
                child.kill()
        assert len(output) == int(re.search(r"(\d+) flows", made)[1]), (len(output), made)
        assert all("octetDeltaCount=" in line and "sourceIPv" in line for line in output), output[0]


def main():
    with tempfile.TemporaryDirectory() as folder:
        where, environment = install(folder)
        check_files(where)
        check_symbols(where)
        check_no_writable_data(where)
        check_header(folder, environment)
        programs = compile_examples(folder, where, environment)
        capture = folder + "/made.pcap"
        made = run(MAKE_WORKLOAD, "-w", capture, "-n", "60")
        check_sums(programs["sum_bytes"], capture, environment)
        check_counts(programs["count_templates"], capture, re.search(r"(\d+) flows", made)[1], environment)
        check_printing(programs["print_flows"], environment)


main()
