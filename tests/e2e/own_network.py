# SPDX-License-Identifier: MIT
"""own_network.py: a network of the test's own, with a pair of devices: v0 is here, v1 in a second network, where the
exporter is."""
import os
import shutil
import socket
import subprocess
import sys

from weir_e2e import Skip, expect_equal, need, start, wait_until

HERE = {4: "10.99.0.1", 6: "fd00:99::1"}
EXPORTER = {4: "10.99.0.2", 6: "fd00:99::2"}
MARK = "WEIR_E2E_NETWORK"


def enter_network():
    """Goes on in a network of its own, with a loopback device that is up, where that is permitted; the cases that need
    it are skipped otherwise."""
    unshare = shutil.which("unshare")
    if is_own():
        ip("link", "set", "lo", "up")
    if MARK in os.environ or unshare is None:
        return
    os.environ[MARK] = "none"
    for flags in ("-n", "-rn"):
        if subprocess.run([unshare, flags, "true"], capture_output=True, check=False).returncode == 0:
            os.environ[MARK] = flags
            os.execv(unshare, [unshare, flags, sys.executable, *sys.argv])


def ip(*words):
    subprocess.run([need("ip", "iproute2"), *words], check=True)


def is_own():
    return os.environ.get(MARK, "none") != "none"


def need_network():
    if not is_own():
        raise Skip("a network of one's own is not permitted")


def is_there(device):
    return any(name == device for _, name in socket.if_nameindex())


def make_network():
    """The pair of devices, once. Returns the process whose network has the other end."""
    need_network()
    if is_there("v0"):  # of the case before; it also goes by itself, some time after the process that had the other end
        subprocess.run([need("ip", "iproute2"), "link", "del", "v0"], stderr=subprocess.DEVNULL, check=False)
        wait_until(lambda: not is_there("v0"), "the end of the pair of devices before")
    other = start([need("unshare", "util-linux"), "-n", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    other.stdin.write(b"here\n")
    other.stdin.flush()
    expect_equal(other.stdout.readline(), b"here\n", "what the process in the other network says")
    ip("link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", str(other.pid))
    inside = [need("nsenter", "util-linux"), "-t", str(other.pid), "-n", "ip"]
    for words, address in ((["ip"], HERE), (inside, EXPORTER)):
        device = "v0" if address is HERE else "v1"
        subprocess.run([*words, "address", "add", address[4] + "/24", "dev", device], check=True)
        subprocess.run([*words, "address", "add", address[6] + "/64", "dev", device, "nodad"], check=True)
        subprocess.run([*words, "link", "set", device, "up"], check=True)
    return other
