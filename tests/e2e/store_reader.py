# SPDX-License-Identifier: MIT
"""store_reader.py: reads a store as others do, with pyarrow, and gives each row back as `weir decode --core` shows
it."""
import glob
import ipaddress
import json
import os
import re
import struct

NTP_TO_UNIX_S = 2208988800
NTP_UNITS = {"dateTimeMicroseconds": 1000000, "dateTimeNanoseconds": 1000000000}
ADDRESSES = ["src", "dst", "next_hop", "bgp_next_hop", "nat_src", "nat_dst"]
CORE_ADDRESSES = {"src": "src_address", "dst": "dst_address", "nat_src": "nat_src_address",
                  "nat_dst": "nat_dst_address"}
RUN_COLUMNS = ["received", "exporter_ipv4", "exporter_ipv6", "exporter_port", "domain", "version", "template_id",
               "export_time", "sys_uptime_ms"]


def element_types(source_root):
    """Name of each element to its type; reverse ones too."""
    types = {}
    with open(os.path.join(source_root, "lib", "elements.csv"), encoding="utf-8") as table:
        for line in table:
            parts = line.rstrip("\n").split(",")
            if line.startswith("#") or len(parts) < 5 or not parts[1].isdigit():
                continue
            types[parts[2]] = parts[4]
            types["reverse" + parts[2][0].upper() + parts[2][1:]] = parts[4]
    return types


def all_segment_paths(folder, kind="flows"):
    return sorted(glob.glob(os.path.join(folder, kind, "date=*", "hour=*", "*.parquet")))


def parts(path):
    """Folder, writer, first and last commit, tier."""
    _, _, writer, first, last, tier = os.path.basename(path).split(".")[0].split("-")
    return os.path.dirname(path), writer, int(first), int(last), int(tier)


def covers(path, other):
    folder, writer, first, last, tier = parts(path)
    other_folder, other_writer, other_first, other_last, other_tier = parts(other)
    return ((folder, writer) == (other_folder, other_writer) and first <= other_first and last >= other_last and
            tier > other_tier)


def segment_paths(folder, kind="flows"):
    """Those that count."""
    paths = all_segment_paths(folder, kind)
    return [path for path in paths if not any(covers(other, path) for other in paths)]


def checked(text):
    """What `weir store check` told of a store that is whole: how many records the ledger tells of, and how many it does
    not."""
    found = re.search(r" 0 damaged\n(\d+) records? (?:is|are) there as the ledger tells, (\d+) of which it does not tell yet; "
                      r"0 not checkable: .*; 0 times it is not as told\n", text)
    assert found, "the store is not whole: " + text
    return int(found.group(1)), int(found.group(2))


def address(ipv4, ipv6):
    if ipv4 is not None:
        return str(ipaddress.IPv4Address(ipv4))
    if ipv6 is None:
        return None
    value = ipaddress.IPv6Address(ipv6)
    return "::ffff:%s" % value.ipv4_mapped if value.ipv4_mapped else str(value)


def octets(value):
    return "0x" + value.hex()


def mac(value):
    return ":".join("%02x" % octet for octet in value)


def ntp(value, units):
    if value >> 32 < NTP_TO_UNIX_S:
        return octets(struct.pack("!Q", value))
    seconds, fraction = (value >> 32) - NTP_TO_UNIX_S, value & 0xffffffff
    if units == 1000000:  # the last 11 bits of the fraction do not count (RFC 7011 section 6.1.9)
        return seconds * units + ((fraction & ~0x7ff) * units + (1 << 31) >> 32)
    return seconds * units + (fraction * units >> 32)


def base_name(name, types):
    """The element of a repeated field: NAME_2 is of NAME."""
    if name not in types and "_" in name and name.rpartition("_")[2].isdigit():
        return name.rpartition("_")[0]
    return name


def plain_name(name):
    for tail in ("_octets", "_field"):
        if name.endswith(tail):
            return name[:-len(tail)]
    return name


def field_value(name, value, types, parquet_type):
    """A field's value as weir decode shows it."""
    if value is None:
        return None
    kind = types.get(base_name(name, types))
    if kind in NTP_UNITS and isinstance(value, int):
        return ntp(value, NTP_UNITS[kind])
    if kind == "boolean" and isinstance(value, int):
        return {1: True, 2: False}.get(value, "0x%02x" % value)
    if kind == "ipv4Address" and isinstance(value, int):
        return str(ipaddress.IPv4Address(value))
    if kind == "ipv6Address" and len(value) == 16 and "FIXED" in parquet_type:
        return str(ipaddress.IPv6Address(value))
    if kind == "macAddress" and len(value) == 6 and "FIXED" in parquet_type:
        return mac(value)
    if isinstance(value, bytes):
        return octets(value)
    return value


class Segment:
    """One file: its row groups, with the origins of their columns."""

    def __init__(self, path, parquet, types):
        self.file = parquet.ParquetFile(path, page_checksum_verification=True)
        self.types = types
        self.parquet_types = {}
        for i in range(len(self.file.schema)):
            column = self.file.schema.column(i)
            self.parquet_types[column.name] = column.physical_type

    def origins(self, group):
        """Column to the element that it comes from."""
        found = {}
        metadata = self.file.metadata.row_group(group)
        for i in range(metadata.num_columns):
            column = metadata.column(i)
            notes = getattr(column, "metadata", None) or {}
            if b"weir.from" in notes:
                found[column.path_in_schema] = notes[b"weir.from"].decode()
        return found

    def rows(self, group):
        import pyarrow
        table = self.file.read_row_group(group)
        for i, field in enumerate(table.schema):
            if pyarrow.types.is_timestamp(field.type):
                table = table.set_column(i, field.name, table.column(i).cast(pyarrow.int64()))
        return table.to_pylist()


def run_of(row):
    return {"exporter": address(row["exporter_ipv4"], row["exporter_ipv6"]), "exporter_port": row["exporter_port"],
            "version": row["version"], "observation_domain": row["domain"],
            "export_time": row["export_time"] // 1000000, "sys_uptime": row["sys_uptime_ms"] or 0,
            "template_id": row["template_id"] or None}


def core_of(row, core_names):
    core = {}
    for name in ADDRESSES:
        value = address(row[name + "_ipv4"], row[name + "_ipv6"])
        if value is not None:
            core[CORE_ADDRESSES.get(name, name)] = value
    for name in core_names:
        value = row.get(name)
        if value is None:
            continue
        if name.endswith("_mac"):
            value = mac(value)
        elif isinstance(value, bytes):
            value = octets(value)
        core[name] = value
    return core


def fields_of(row, known, types, parquet_types):
    return {plain_name(name): field_value(plain_name(name), value, types, parquet_types[name])
            for name, value in row.items() if name not in known and value is not None}


def canonical(value):
    return json.dumps(value, sort_keys=True)
