# SPDX-License-Identifier: MIT
"""live_collector.py: a collector on a socket that outlives it, and what it tells in its store.

To be imported behind weir_e2e.use_venv()."""
import os
import socket

import pyarrow.parquet

import store_reader
from weir_e2e import Collector

SOL_SOCKET, SO_RCVBUFFORCE = socket.SOL_SOCKET, 33
BUFFER_BYTES = 32 << 20


def held_socket():
    """One that outlives the collectors, as those of a service manager do, and holds seconds of traffic."""
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        held.setsockopt(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    except PermissionError:
        held.setsockopt(SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    held.bind(("127.0.0.1", 0))
    return held


def start_on(held, folder, *arguments, environment=(), **options):
    """A collector on a socket that is held, with `NAME=VALUE`s in its environment."""
    passing = ["bash", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@" 3<&%d' % held.fileno()]
    return Collector(folder, "--state", folder + "/state", "--journal", folder + "/journal", *arguments, ports=[],
                     wrapper=[*passing, *(["env", *environment] if environment else [])], pass_fds=[held.fileno()],
                     **options)


def journal_left(folder):
    """What its collectors have left there, but for what is known of a socket that stays."""
    return [name for name in os.listdir(folder + "/journal") if not name.endswith(".drops")]


def told(store, name):
    """The sum of a column of the ledger."""
    return sum(sum(number or 0 for number in pyarrow.parquet.ParquetFile(path).read([name]).column(0).to_pylist())
               for path in store_reader.segment_paths(store, "ledger"))
