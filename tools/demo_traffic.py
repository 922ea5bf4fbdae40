#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo_traffic.py: the traffic of `make demo`. Transfers over HTTP between this machine and itself.

demo_traffic.py ports            prints a free UDP port and the TCP port to serve HTTP on
demo_traffic.py move PORT        moves the data of TRANSFERS, prints what was moved
demo_traffic.py push             sends frames on the loopback interface that are no IP
demo_traffic.py arrived PORT FILE   ends with 0 when the flows of all that was moved are in Weir's lines of JSON, FILE
demo_traffic.py compare PORT FILE   compares the sizes in FILE with what was moved"""
import http.client
import http.server
import json
import socket
import sys
import threading
import time

MEBIBYTE = 1 << 20

# (seconds after the start, address, bytes, seconds to take, client sends)
TRANSFERS = [
    (0.0, "127.0.0.1", 12 * MEBIBYTE, 2.5, False),
    (2.0, "::1", 9 * MEBIBYTE, 2.0, False),
    (4.5, "127.0.0.1", 8 * MEBIBYTE, 3.0, False),
    (5.0, "::1", 6 * MEBIBYTE, 2.5, True),
    (5.5, "127.0.0.1", 5 * MEBIBYTE, 1.5, True),
    (6.0, "::1", 4 * MEBIBYTE, 1.0, False),
    (8.0, "127.0.0.1", MEBIBYTE // 4, 0.2, False),
]
CHUNK_BYTES = 32768
LOCAL_EXPERIMENT = 0x88B5  # the Ethernet type that IEEE 802 leaves to everybody's own use


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def transfers():
    return [transfer for transfer in TRANSFERS if transfer[1] != "::1" or has_ipv6()]


def paced_chunks(size_bytes, duration_s):
    """`size_bytes` octets in pieces, spread evenly over `duration_s`."""
    chunk = bytes(range(256)) * (CHUNK_BYTES // 256)
    start = time.monotonic()
    sent = 0
    while sent < size_bytes:
        piece = chunk[: size_bytes - sent]
        yield piece
        sent += len(piece)
        time.sleep(max(0.0, start + duration_s * sent / size_bytes - time.monotonic()))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        size_bytes, duration_ms = (int(part) for part in self.path.strip("/").split("/"))
        self.send_response(200)
        self.send_header("Content-Length", str(size_bytes))
        self.end_headers()
        for piece in paced_chunks(size_bytes, duration_ms / 1000):
            self.wfile.write(piece)

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, CHUNK_BYTES)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server4(http.server.ThreadingHTTPServer):
    daemon_threads = True


class Server6(Server4):
    address_family = socket.AF_INET6


def servers(port):
    """Servers on all loopback addresses that there are; OSError when the port is not free."""
    made = []
    try:
        made.append(Server4(("127.0.0.1", port), Handler))
        if has_ipv6():
            made.append(Server6(("::1", port), Handler))
    except OSError:
        for server in made:
            server.server_close()
        raise
    return made


def show_ports():
    """A port with a service name reads best; any free one does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        collector_port = probe.getsockname()[1]
    for port in (80, 8080, 8081, 0):
        try:
            made = servers(port) if port else [Server4(("127.0.0.1", 0), Handler)]
        except OSError:
            continue
        http_port = made[0].server_address[1]
        for server in made:
            server.server_close()
        print(collector_port, http_port)
        return 0
    return 1


def move(port):
    failures = []
    lock = threading.Lock()

    def run(delay_s, address, size_bytes, duration_s, upload):
        time.sleep(delay_s)
        try:
            connection = http.client.HTTPConnection(address, port, timeout=20)
            if upload:
                connection.request("PUT", "/", body=paced_chunks(size_bytes, duration_s),
                                   headers={"Content-Length": str(size_bytes)})
                got = size_bytes if connection.getresponse().status == 204 else -1
            else:
                connection.request("GET", f"/{size_bytes}/{int(duration_s * 1000)}")
                got = len(connection.getresponse().read())
            connection.close()
            if got != size_bytes:
                raise OSError("the transfer is not whole")
            with lock:
                print(f"  {size_bytes / MEBIBYTE:5.2f} MiB {'to' if upload else 'from'} {address}", flush=True)
        except (OSError, http.client.HTTPException) as error:
            with lock:
                failures.append(f"{address}: {error}")

    running = servers(port)
    for server in running:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threads = [threading.Thread(target=run, args=transfer) for transfer in transfers()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        print(f"demo_traffic.py: {failure}", file=sys.stderr)
    return 1 if failures else 0


def push():
    """libpcap hands packets over in blocks, and softflowd asks it to wait until a block is full. These frames fill the
    block that holds the last packets; softflowd drops them itself, as they are no IP."""
    frame = bytes(12) + LOCAL_EXPERIMENT.to_bytes(2, "big") + bytes(100)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind(("lo", LOCAL_EXPERIMENT))
        for _ in range(500):
            out.send(frame)
    return 0


def connections(port, path):
    """The octets of each connection with the server's port: {(client address, client port): {from server?: octets}}."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
    except (OSError, ValueError):
        return {}
    found = {}
    for datagram in (value for line in lines for value in line.values()):
        for flow in datagram["flows"]:
            ports = flow.get("L4_SRC_PORT"), flow.get("L4_DST_PORT")
            if port not in ports:
                continue
            from_server = ports[0] == port
            side = "DST" if from_server else "SRC"
            address = flow.get(f"IPV6_{side}_ADDR") or flow.get(f"IPV4_{side}_ADDR")
            octets = found.setdefault((address, ports[1] if from_server else ports[0]), {})
            octets[from_server] = octets.get(from_server, 0) + flow["IN_BYTES"]
    return found


def arrived(port, path):
    whole = [octets for octets in connections(port, path).values() if len(octets) == 2]
    return 0 if len(whole) >= len(transfers()) else 1


def compare(port, path):
    """Connections and transfers, each sorted by size: the sizes tell which is which."""
    seen = sorted((max(octets.values()) for octets in connections(port, path).values()), reverse=True)
    moved = sorted((transfer[2] for transfer in transfers()), reverse=True)
    if len(seen) != len(moved):
        print(f"{len(moved)} transfers, but {len(seen)} connections were seen")
        return 1
    worst = max(abs(s - m) / m for s, m in zip(seen, moved))
    print(f"Moved by HTTP: {sum(moved) / MEBIBYTE:.2f}M in {len(moved)} connections. Measured by Weir: "
          f"{sum(seen) / MEBIBYTE:.2f}M, with the")
    print(f"IP and TCP headers; no connection differs by more than {worst * 100:.1f} %.")
    return 0 if worst <= 0.05 else 1


def main(arguments):
    if arguments == ["ports"]:
        return show_ports()
    if len(arguments) == 2 and arguments[0] == "move":
        return move(int(arguments[1]))
    if arguments == ["push"]:
        return push()
    if len(arguments) == 3 and arguments[0] == "arrived":
        return arrived(int(arguments[1]), arguments[2])
    if len(arguments) == 3 and arguments[0] == "compare":
        return compare(int(arguments[1]), arguments[2])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
