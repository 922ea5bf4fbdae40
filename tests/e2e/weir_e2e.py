# SPDX-License-Identifier: MIT
"""weir_e2e.py: what the tests with the real program share.

A test file has functions marked with @case and ends with run(). It is called with the path of the program, and
optionally with words that the names of the cases to run contain, and prints TAP. Every case gets a folder of its
own; what it has started and not ended is ended behind it, by its process ID. Nothing waits for a time: wait_until()
waits for a condition, and gives up with an error after a while."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

PATIENCE_S = 30  # for things that take a moment; long, as machines that run tests are busy
FLOOD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flood.py")
SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

cases = []
started = []  # processes, and sockets that stay open
weir_path = None


class Skip(Exception):
    """The case cannot run here; the text says what is missing."""


def case(function):
    cases.append(function)
    return function


def run():
    """Runs the cases and ends the program."""
    global weir_path
    if len(sys.argv) < 2:
        sys.exit("usage: %s WEIR [WORD]..." % sys.argv[0])
    weir_path = os.path.abspath(sys.argv[1])
    words = sys.argv[2:]
    chosen = [c for c in cases if not words or any(word in c.__name__ for word in words)]
    os.environ.setdefault("TZ", "UTC")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended here, too
    print("1..%d" % len(chosen), flush=True)
    failed = sum(not run_case(number, function) for number, function in enumerate(chosen, 1))
    sys.exit(1 if failed else 0)


def use_venv():
    """Goes on in the Python environment of the tests, which is made where there is none yet. To be called first."""
    folder = os.environ.get("WEIR_VENV") or os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), "venv")
    if os.path.realpath(sys.prefix) == os.path.realpath(folder):
        return
    done = subprocess.run([os.path.join(SOURCE_ROOT, "tools", "make_venv.sh"), folder], stdout=subprocess.PIPE,
                          text=True, timeout=500, check=False)
    if done.returncode != 0:
        print("1..1\nnot ok 1 the Python environment of the tests is missing", flush=True)
        sys.exit(1)
    python = done.stdout.split("\n", maxsplit=1)[0]
    os.execv(python, [python, *sys.argv])


def run_case(number, function):
    name = function.__name__.replace("_", " ")
    folder = tempfile.mkdtemp(prefix="weir-e2e-")
    os.environ["XDG_STATE_HOME"] = os.path.join(folder, "state-home")
    os.environ["STATE_DIRECTORY"] = os.path.join(folder, "state-directory")
    skipped = None
    error = None
    try:
        function(folder)
    except Skip as skip:
        skipped = str(skip)
    except Exception:  # whatever it is, the other cases are to run
        error = traceback.format_exc()
    finally:
        end_all()
        shutil.rmtree(folder, ignore_errors=True)
    if error is None:
        print("ok %d %s%s" % (number, name, " # SKIP " + skipped if skipped else ""), flush=True)
        return True
    print("not ok %d %s" % (number, name))
    print("".join("# %s\n" % line for line in error.rstrip().split("\n")), end="", flush=True)
    return False


def end_all():
    for process in started:
        if isinstance(process, socket.socket):
            process.close()
            continue
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    pass
    started.clear()


# ---------------------------------------------------------------------------------------------------- conditions


def wait_until(condition, what, patience_s=PATIENCE_S, pause_s=0.01):
    """Waits until condition() is true, and returns what it returned."""
    until = time.monotonic() + patience_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > until:
            raise AssertionError("waited %d s in vain for %s" % (patience_s, what() if callable(what) else what))
        time.sleep(pause_s)


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise AssertionError("%s: got %r, wanted %r" % (what, got, wanted))


def expect_in(part, text, what="text"):
    if part not in text:
        raise AssertionError("%s: no %r in %r" % (what, part, text))


def need(program, package=None):
    """The path of a program; the case is skipped where there is none."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Skip("%s is not installed" % (package or program))
    return path


def need_root(what):
    if os.geteuid() != 0:
        raise Skip("%s needs root" % what)


def need_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        raise Skip("there is no IPv6 on the loopback interface") from None


# -------------------------------------------------------------------------------------------------------- mounts


def own_mounts():
    """How to start a command with mounts of its own. In a chroot, whose root is no mount, they cannot be made private,
    and what is mounted may be seen outside as well: unmount() then takes it away."""
    unshare = need("unshare", "util-linux")
    for command in ([unshare, "-m"], [unshare, "-m", "--propagation", "unchanged"]):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    raise Skip("unshare -m is not permitted")


def unmount(folder):
    mount = os.path.join(folder, "mount")
    if os.path.ismount(mount):
        subprocess.run(["umount", mount], check=False)


def in_mounts(folder, script, *arguments):
    """Runs a script where it may mount file systems that nobody else sees."""
    need_root("a file system of one's own")
    try:
        done = subprocess.run([*own_mounts(), "sh", "-c", script, *arguments], cwd=folder, capture_output=True,
                              text=True, timeout=60, check=False)
    finally:
        unmount(folder)
    if "mount:" in done.stderr:
        raise Skip("mount is not permitted: " + done.stderr.strip())
    return done.returncode, done.stdout, done.stderr


# ----------------------------------------------------------------------------------------------------- processes


def start(arguments, **options):
    process = subprocess.Popen(arguments, **options)
    started.append(process)
    return process


def weir(*arguments, cwd=None, stdin=subprocess.DEVNULL, timeout=60, **options):
    """Runs the program to its end; returns exit code, standard output and standard error as text."""
    done = subprocess.run([weir_path, *arguments], cwd=cwd, stdin=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout, check=False, **options)
    check_sane(done.stderr)
    return done.returncode, done.stdout, done.stderr


def can_query():
    """Whether this build can answer questions to a store: DuckDB's library has threads, and is not built with the
    thread sanitizer, which then sees races where there are none."""
    with open(weir_path, "rb") as file:
        return b"__tsan_init" not in file.read()


def check_sane(err):
    """A build with sanitizers tells of a fault there, and may end with the same exit code as without."""
    for sign in ("Sanitizer", "runtime error:", "Assertion", " was refused, as collecting does not need it"):
        expect(sign not in err, "a fault of the program: " + err[-3000:])


def weir_ok(*arguments, **options):
    """The same where it has to go well; returns standard output and standard error."""
    code, out, err = weir(*arguments, **options)
    expect(code == 0, "weir %s ended with %d: %s" % (" ".join(arguments), code, err))
    return out, err


def run_measured(arguments, patience_s=PATIENCE_S, **options):
    """Runs a program to its end; returns exit code and what it used (struct rusage)."""
    process = start(arguments, **options)

    def ended():
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        return (os.waitstatus_to_exitcode(status), usage) if pid else None
    code, usage = wait_until(ended, "the end of " + " ".join(arguments), patience_s)
    process.returncode = code
    return code, usage


def is_sanitized():
    """Whether the program was built with a sanitizer, which takes memory and makes system calls of its own."""
    with open(weir_path, "rb") as file:
        text = file.read()
    return any(name in text for name in (b"__asan_init", b"__tsan_init", b"__msan_init"))


def free_port():
    """A UDP port that nobody has, neither for IPv4 nor for IPv6."""
    try:
        probe = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        probe.bind(("::", 0))
    except OSError:
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.bind(("", 0))
    with probe:
        return probe.getsockname()[1]


def queue_of(port):
    """Octets that wait on a UDP port of this machine, as the kernel counts them."""
    waiting = 0
    for name in ("/proc/net/udp", "/proc/net/udp6"):
        if os.path.exists(name):
            for line in read_text(name).splitlines()[1:]:
                words = line.split()
                if int(words[1].rsplit(":", 1)[1], 16) == port:
                    waiting += int(words[4].split(":")[1], 16)
    return waiting


def flood(port, count, rate, records):
    """Starts flood.py, see there."""
    return start([sys.executable, FLOOD, str(port), str(count), str(rate), str(records)])


class Collector:
    """A running `weir collect`. Standard error goes to a file, so that it can be looked at any time. A wrapper is the
    command that starts it."""

    def __init__(self, folder, *arguments, ports=None, listening=True, wrapper=(), **options):
        self.folder = folder
        self.senders = {}
        self.ports = [0] if ports is None else ports  # 0: one that is free
        self.log_path = tempfile.mktemp(prefix="stderr-", dir=folder)
        if "--state" not in arguments and "-r" not in arguments:
            arguments = ("--state", "none", *arguments)  # nothing from a run before, and nothing left behind
        port_arguments = [word for port in self.ports for word in ("-p", str(port))]
        with open(self.log_path, "wb") as log:
            self.process = start([*wrapper, weir_path, "collect", *port_arguments, *arguments], cwd=folder, stderr=log,
                                 stdin=subprocess.DEVNULL, stdout=options.pop("stdout", subprocess.DEVNULL),
                                 **options)
        if listening:
            self.wait_for("Listening on", count=max(1, len(self.ports)))
            self.port = int(re.findall(r"^Listening on .*:(\d+)", self.log(), re.MULTILINE)[0])

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, text, count=1):
        """Until the text stands on standard error, so many times."""
        def told():
            log = self.log()
            if log.count(text) < count and self.process.poll() is not None and self.log().count(text) < count:
                raise AssertionError("weir collect ended with %d before it told %r: %s" %
                                     (self.process.returncode, text, self.log()))
            return log.count(text) >= count
        wait_until(told, lambda: "%r %d times in %r" % (text, count, self.log()[-2000:]))

    def send(self, *datagrams, host="127.0.0.1", port=None, exporter=0):
        """Sends from one port for each address family and number of an exporter."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if (family, exporter) not in self.senders:
            self.senders[family, exporter] = socket.socket(family, socket.SOCK_DGRAM)
            started.append(self.senders[family, exporter])
        for datagram in datagrams:
            self.senders[family, exporter].sendto(datagram, (host, port or self.port))

    def wait_end(self, patience_s=PATIENCE_S):
        wait_until(lambda: self.process.poll() is not None, lambda: "the end of weir collect: " + self.log(),
                   patience_s)
        check_sane(self.log())
        return self.process.returncode

    def stop(self, number=signal.SIGINT):
        """Ends it; returns its summary."""
        self.process.send_signal(number)
        code = self.wait_end()
        expect(code == 0, "weir collect ended with %d: %s" % (code, self.log()))
        return Summary(self.log())

    def kill(self):
        self.process.kill()
        self.process.wait()


class Summary:
    """What weir collect tells at its end."""
    FIRST = re.compile(r"^weir: (\d+) datagrams, (\d+) flows, (\d+) templates, (\d+) lost$", re.MULTILINE)

    def __init__(self, text):
        found = self.FIRST.findall(text)
        expect(len(found) == 1, "there is not one summary in %r" % text)
        self.text = text[text.index("weir: " + found[0][0]):]
        self.datagrams, self.flows, self.templates, self.lost = (int(number) for number in found[0])

    def number(self, label):
        """The number behind `label: ` in one of the lines below the first, 0 where there is none."""
        found = re.search(r"^  %s: (\d+)" % re.escape(label), self.text, re.MULTILINE)
        return int(found.group(1)) if found else 0


# --------------------------------------------------------------------------------------------------------- files


def load_object(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def load_lines(text):
    """Entries of the line form, as (key, entry)."""
    entries = [json.loads(line) for line in text.splitlines()]
    expect(all(len(entry) == 1 for entry in entries), "a line does not hold one entry")
    return [next(iter(entry.items())) for entry in entries]


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_octets(path):
    with open(path, "rb") as file:
        return file.read()


def write_file(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def flows_of(entries):
    """All flows of an object form."""
    return [flow for flows in entries.values() for flow in flows]
