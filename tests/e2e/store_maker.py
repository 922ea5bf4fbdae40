# SPDX-License-Identifier: MIT
"""store_maker.py: makes stores for the tests of queries, with pyarrow (tools/make_venv.sh).

A store is folders of Parquet files; every file of flows has the columns of FLOW_COLUMNS, null where a row does not tell
them, and then others that its rows have."""
import datetime
import ipaddress
import os

import pyarrow
import pyarrow.parquet

TIME = pyarrow.timestamp("us", tz="UTC")
U8, U16, U32, U64 = pyarrow.uint8(), pyarrow.uint16(), pyarrow.uint32(), pyarrow.uint64()
IPV6, MAC, OCTETS, TEXT = pyarrow.binary(16), pyarrow.binary(6), pyarrow.binary(), pyarrow.string()


def pair(name):
    return [(name + "_ipv4", U32), (name + "_ipv6", IPV6)]


SESSION_COLUMNS = [("received", TIME), *pair("exporter"), ("exporter_port", U16), ("domain", U32), ("version", U8)]
FLOW_COLUMNS = SESSION_COLUMNS + [
    ("template_id", U16), ("export_time", TIME), ("sys_uptime_ms", U32), ("time_start", TIME), ("time_end", TIME),
    ("ip_version", U8), *pair("src"), *pair("dst"), ("src_prefix", U8), ("dst_prefix", U8), ("protocol", U8),
    ("src_port", U16), ("dst_port", U16), ("tcp_flags", U16), ("tos", U8), ("post_tos", U8), ("flow_label", U32),
    ("icmp_type", U8), ("icmp_code", U8), ("bytes", U64), ("packets", U64), ("reverse_bytes", U64),
    ("reverse_packets", U64), ("flows", U64), ("sampling_rate", U32), ("in_interface", U32), ("out_interface", U32),
    ("direction", U8), ("biflow_direction", U8), *pair("next_hop"), *pair("bgp_next_hop"), ("src_as", U32),
    ("dst_as", U32), ("previous_as", U32), ("next_as", U32), ("forwarding_status", U8), ("flow_end_reason", U8),
    ("in_vrf", U32), ("out_vrf", U32), ("src_mac", MAC), ("dst_mac", MAC), ("post_src_mac", MAC),
    ("post_dst_mac", MAC), ("vlan", U16), ("post_vlan", U16), ("customer_vlan", U16), ("post_customer_vlan", U16),
    ("ethernet_type", U16), *[("mpls_label_%d" % i, OCTETS) for i in range(1, 11)], *pair("nat_src"), *pair("nat_dst"),
    ("nat_src_port", U16), ("nat_dst_port", U16), ("nat_event", U8), ("firewall_event", U8), ("application_id", OCTETS),
    ("user_name", TEXT)]
LEDGER_COLUMNS = SESSION_COLUMNS + [(name, pyarrow.int64()) for name in (
    "datagrams", "bytes", "flows", "options", "lost", "lost_records", "reordered", "duplicates", "restarts",
    "sets_skipped", "sets_given_up", "datagrams_refused", "rows_stored", "dropped_kernel", "dropped_journal")]


def moment(text):
    """A time in UTC: moment("2026-11-23 14:05:00")."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)


def address(name, text):
    """The two columns of an address, as a part of a row."""
    parsed = ipaddress.ip_address(text)
    if parsed.version == 4:
        return {name + "_ipv4": int(parsed)}
    return {name + "_ipv6": parsed.packed}


def flow(src, dst, **columns):
    """A row of flows; what is not given is usual."""
    row = {"received": moment("2026-11-23 14:05:00"), **address("exporter", "192.0.2.1"), "exporter_port": 2055,
           "domain": 0, "version": 9, "template_id": 256, "time_start": moment("2026-11-23 14:04:00"),
           "time_end": moment("2026-11-23 14:04:30"), "ip_version": 6 if ":" in src else 4, **address("src", src),
           **address("dst", dst), "protocol": 6, "src_port": 50000, "dst_port": 443, "tcp_flags": 27, "bytes": 1000,
           "packets": 10}
    row.update(columns)
    return row


class Store:
    def __init__(self, folder):
        self.folder = folder
        self.commits = 0

    def write(self, kind, rows, columns, further=(), hour="2026-11-23 14", writer="0badcafe", commits=None, tier=0):
        """Writes a file of rows, which are dictionaries, and returns its path. `further` are columns behind the usual
        ones, `commits` the first and last one that it stands for."""
        day, number = hour.split()
        place = os.path.join(self.folder, kind, "date=" + day, "hour=" + number)
        os.makedirs(place, exist_ok=True)
        if commits is None:
            self.commits += 1
            commits = (self.commits, self.commits)
        time = day.replace("-", "") + "T" + number
        name = "%s0000-%s5959-%s-%d-%d-%d.parquet" % (time, time, writer, *commits, tier)
        columns = [*columns, *further]
        table = pyarrow.table([pyarrow.array([row.get(name) for row in rows], kind) for name, kind in columns],
                              names=[name for name, _ in columns])
        path = os.path.join(place, name)
        pyarrow.parquet.write_table(table, path, compression="zstd")
        return path

    def write_flows(self, rows, further=(), **where):
        return self.write("flows", rows, FLOW_COLUMNS, further, **where)

    def write_options(self, rows, further, **where):
        return self.write("options", rows, SESSION_COLUMNS + [("template_id", U16)], further, **where)

    def write_ledger(self, rows, further=(), **where):
        return self.write("ledger", rows, LEDGER_COLUMNS, further, **where)
