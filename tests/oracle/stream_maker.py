# SPDX-License-Identifier: MIT
"""stream_maker.py: makes streams of export datagrams out of a seed: the same seed, the same stream.

Exporters of all versions send templates of random elements and lengths, and data for them: before, after, without,
and in lists. What they send is mostly right; mutate.py sees to the rest."""
import random
import struct

import elements
from decoder import Datagram

START_US = 1700000000 * 1000000
VARIABLE = 65535
BYTES_MAX = 65000
LIST_IDS = {291: "basicList", 292: "subTemplateList", 293: "subTemplateMultiList"}

NATURAL = {"unsigned8": 1, "unsigned16": 2, "unsigned32": 4, "unsigned64": 8, "signed8": 1, "signed16": 2,
           "signed32": 4, "signed64": 8, "float32": 4, "float64": 8, "boolean": 1, "macAddress": 6,
           "dateTimeSeconds": 4, "dateTimeMilliseconds": 8, "dateTimeMicroseconds": 8, "dateTimeNanoseconds": 8,
           "ipv4Address": 4, "ipv6Address": 16, "unsigned256": 32}

# Elements that core columns come from (docs/fields.md)
CORE = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 24, 27, 28, 29, 30, 31, 32, 34, 44,
        45, 48, 50, 55, 56, 57, 58, 59, 60, 61, 62, 63, 70, 71, 72, 79, 80, 81, 85, 86, 89, 95, 128, 129, 136, 139, 150,
        151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 169, 170, 171, 172, 176, 177, 178, 179, 180, 181,
        182, 183, 193, 225, 226, 227, 228, 230, 231, 232, 233, 234, 235, 239, 243, 245, 252, 253, 254, 255, 256, 258,
        281, 282, 298, 299, 302, 305, 306, 309, 310, 311, 322, 323, 324, 325, 352, 353, 359, 360, 371, 417, 420, 430,
        431]
SAMPLING = [34, 35, 48, 49, 50, 84, 302, 304, 305, 306, 309, 310, 311, 10, 14, 82, 83, 160]


class Maker:
    def __init__(self, seed, table, ipfix_file=False):
        self.random = random.Random(seed)
        self.table = table
        self.file = ipfix_file
        self.now_us = START_US
        self.by_type = {}
        for (pen, number), (_, kind) in sorted(table.items()):
            if pen not in elements.NAME_SPACES:
                self.by_type.setdefault(kind, []).append((pen, number))
        self.taught = []  # (pen, id) that type information was sent of
        self.sessions = self.make_sessions()

    def chance(self, probability):
        return self.random.random() < probability

    def make_sessions(self):
        pick = self.random
        if self.file:
            return [Exporter(self, "", 0, 10, domain) for domain in range(pick.randint(1, 2))]
        made = []
        for address in pick.sample(["192.0.2.1", "192.0.2.2", "2001:db8::1", "198.51.100.7"], pick.randint(1, 3)):
            for port in pick.sample([50000, 50001, 50002], pick.choice([1, 1, 2, 3])):
                version = pick.choice([9, 9, 9, 10, 10, 10, 10, 5, 1, 7])
                for domain in pick.sample([0, 1, 7, 0xFFFFFFFF], pick.choice([1, 1, 2]) if version >= 9 else 1):
                    made.append(Exporter(self, address, port, version, domain))
        return made

    def stream(self, count):
        return [self.datagram() for _ in range(count)]

    def datagram(self):
        if not self.file:
            self.now_us += self.random.choice([0, 1000, 250000, 1000000, 1000000, 2000000] * 8 +
                                              [12000000, 12000000, 45000000, 26 * 3600 * 1000000])
        exporter = self.random.choice(self.sessions)
        octets = exporter.datagram()
        received_us = exporter.export_time * 1000000 if self.file else self.now_us
        return Datagram(octets, exporter.address, exporter.port, received_us, self.file)


class Exporter:
    """One session's other side."""

    def __init__(self, maker, address, port, version, domain):
        self.maker, self.random = maker, maker.random
        self.address, self.port, self.version, self.domain = address, port, version, domain
        self.sequence = self.random.choice([0, 1000, 0xFFFFFFF0])
        self.templates = {}  # ID: (options, scope count, fields)
        self.unsent = set()
        self.uptime_ms = self.random.choice([0, 5000, 100000, 0x7FFFFFFF, 0xFFFFFF00])
        self.export_time = START_US // 1000000

    def chance(self, probability):
        return self.random.random() < probability

    # ------------------------------------------------------------------------------------------- datagrams

    def datagram(self):
        self.export_time = self.maker.now_us // 1000000
        uptime = (self.uptime_ms + (self.maker.now_us - START_US) // 1000) % 2**32
        if self.version < 9:
            return self.fixed(uptime)
        sets = b""
        for _ in range(self.random.choice([1, 1, 2, 3, 5])):
            more = self.some_set()
            sets += more if len(sets) + len(more) <= BYTES_MAX else b""
        if self.chance(0.05):
            zeros = self.chance(0.7)
            sets += bytes(self.random.randint(1, 9)) if zeros else self.random.randbytes(self.random.randint(1, 3))
        self.sequence = (self.sequence + 1) % 2**32
        if self.version == 9:
            count = self.random.choice([1, 2, 5, 0, 65535])
            return struct.pack("!HHIIII", 9, count, uptime, self.export_time, self.sequence, self.domain) + sets
        return struct.pack("!HHIII", 10, 16 + len(sets), self.export_time, self.sequence, self.domain) + sets

    def fixed(self, uptime):
        size = {1: self.random.choice([48, 52]), 5: 48, 7: 52}[self.version]
        count = self.random.randint(0, 5)
        body = b"".join(self.fixed_record(size) for _ in range(count))
        if self.chance(0.2):
            count = max(0, count + self.random.choice([-1, 1, 2, 60000]))
        if self.chance(0.1):
            body += self.random.randbytes(self.random.randint(1, 30))
        head = struct.pack("!HHIII", self.version, count, uptime, self.export_time, self.random.randrange(10**9))
        self.sequence = (self.sequence + count) % 2**32
        if self.version == 5:
            head += struct.pack("!IHH", self.sequence, self.domain & 0xFFFF, self.random.choice([0, 0x4064, 0x03E8]))
        elif self.version == 7:
            head += struct.pack("!II", self.sequence, 0)
        return head + body

    def fixed_record(self, size):
        uptime = (self.uptime_ms + (self.maker.now_us - START_US) // 1000) % 2**32
        first = (uptime - self.random.randint(-500, 100000)) % 2**32
        record = bytearray(self.random.randbytes(size))
        record[24:32] = struct.pack("!II", first, (first + self.random.randint(0, 5000)) % 2**32)
        if self.chance(0.5):
            record[38] = self.random.choice([1, 6, 17, 58])
        return bytes(record)

    def some_set(self):
        kinds = [(self.template_set, 3), (self.options_set, 2), (self.data_set, 8), (self.repeat_set, 1),
                 (self.odd_set, 0.4), (self.teach_set, 0.5), (self.withdrawal, 0.6 if self.version == 10 else 0)]
        made = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]()
        if self.templates and self.unsent and self.chance(0.3):
            made += self.repeat_set()
        return made

    def set_of(self, set_id, body):
        if self.chance(0.5):
            body += bytes(-len(body) % 4)
        if len(body) > BYTES_MAX:
            return b""
        return struct.pack("!HH", set_id, 4 + len(body)) + body

    def odd_set(self):
        return self.set_of(self.random.choice([0, 1, 2, 3, 4, 200, 255, 256, 300, 65535]),
                           self.random.randbytes(self.random.randint(0, 30)))

    # ------------------------------------------------------------------------------------------- templates

    def new_id(self):
        return self.random.choice([256, 257, 258, 259, 260, 261, 300, 65535])

    def template_set(self):
        body = b""
        for _ in range(self.random.choice([1, 1, 2, 3])):
            template_id = self.new_id()
            if self.chance(0.15) and self.others():
                self.templates[template_id] = self.random.choice(self.others())
            else:
                self.templates[template_id] = (False, 0, self.some_fields())
            if self.chance(0.2):
                self.unsent.add(template_id)  # it is sent later, by repeat_set()
            elif not self.templates[template_id][0]:
                body += self.template(template_id)
            if self.chance(0.03):
                body += struct.pack("!HHHH", self.random.randrange(256), 1, 4, 1)
        return self.set_of(0 if self.version == 9 else 2, body)

    def options_set(self):
        template_id = self.new_id()
        scopes = self.some_fields(scope=True)[:self.random.choice([1, 1, 2])]
        if self.chance(0.05):
            scopes = []
        fields = self.some_fields(pool=SAMPLING if self.chance(0.6) else None)
        self.templates[template_id] = (True, len(scopes), scopes + fields)
        self.unsent.discard(template_id)
        return self.set_of(1 if self.version == 9 else 3, self.template(template_id))

    def others(self):
        """Templates of the other ports of this exporter."""
        return [template for other in self.maker.sessions if other is not self and other.address == self.address
                and other.version == self.version for template in other.templates.values() if not template[0]]

    def repeat_set(self):
        if not self.templates:
            return self.template_set()
        template_id = self.random.choice(sorted(self.unsent) or sorted(self.templates))
        self.unsent.discard(template_id)
        options = self.templates[template_id][0]
        return self.set_of((1 if options else 0) + (0 if self.version == 9 else 2), self.template(template_id))

    def template(self, template_id):
        options, scope_count, fields = self.templates[template_id]
        self.unsent.discard(template_id)
        body = b"".join(self.field(*field) for field in fields)
        count = len(fields)
        if self.chance(0.01):
            count += self.random.choice([-1, 1, 100])
        if not options:
            return struct.pack("!HH", template_id, max(count, 0)) + body
        if self.version == 9:
            odd = self.random.choice([0] * 60 + [1, 2])
            return struct.pack("!HHH", template_id, 4 * scope_count, 4 * (count - scope_count) + odd) + body
        return struct.pack("!HHH", template_id, max(count, 0), scope_count) + body

    def field(self, pen, number, length):
        if self.version == 9:
            return struct.pack("!HH", number, length)
        if pen or self.chance(0.01):  # IANA's elements need no enterprise number, and have 0 when there is one
            return struct.pack("!HHI", number | 0x8000, length, pen)
        return struct.pack("!HH", number & 0x7FFF, length)

    def some_fields(self, scope=False, pool=None):
        count = self.random.choice([1, 2, 3, 5, 8, 12])
        if self.chance(0.004):
            return [(0, 4, self.random.choice([0, 1]))] * self.random.choice([200, 4096, 4097])
        if pool is None and self.chance(0.5):
            pool = self.random.sample(CORE, 40)  # few, so that those that belong together meet
        fields = [self.some_field(scope, pool) for _ in range(count)]
        if self.chance(0.2):
            fields.append(self.random.choice(fields))
        return fields

    def some_field(self, scope, pool):
        pick = self.random
        pen = 0
        if scope and self.version == 9:
            return 0, pick.choice([1, 2, 3, 4, 5, 1, 2, 9, 210]), pick.choice([4, 4, 2, 1, 0, 3])
        if pool and self.chance(0.9):
            number = pick.choice(pool)
            if self.chance(0.1) and self.version == 10:
                pen = elements.REVERSE
        elif self.chance(0.15):
            number, pen = pick.choice([0, 105, 210, 600, 9999, 32767]), pick.choice([0, 0, 99990, elements.REVERSE])
        elif self.maker.taught and self.chance(0.3):
            pen, number = pick.choice(self.maker.taught)
        elif self.version == 9 and self.chance(0.15):
            number = pick.choice([33000, 33002, 40000, 45004, 6690, 6660, 16386, 56701, 37083, 65535, 5000])
        else:
            pen, number = pick.choice(self.maker.by_type[pick.choice(sorted(self.maker.by_type))])
            if pen == 0 and self.version == 10 and self.chance(0.1):
                pen = elements.REVERSE
        if self.version == 9:
            pen = 0
        return pen, number, self.some_length(self.kind(pen, number))

    def kind(self, pen, number):
        if self.version == 9 and number >= 0x8000:
            return self.maker.table.get((elements.V9_HIGH, number & 0x7FFF), ("", "octetArray"))[1]
        if pen == elements.REVERSE:
            pen = 0
        return self.maker.table.get((pen, number), ("", "octetArray"))[1]

    def some_length(self, kind):
        pick = self.random
        variable = [VARIABLE] if self.version == 10 else []
        if self.version == 9 and self.chance(0.003):
            return VARIABLE
        if kind in LIST_IDS.values():
            return pick.choice(variable * 9 + [12, 20, 40])
        if kind in ("string", "octetArray"):
            return pick.choice(variable * 6 + [0, 1, 2, 4, 5, 8, 16, 32])
        natural = NATURAL[kind]
        if self.chance(0.65):
            return natural
        return pick.choice(variable + [natural - 1, pick.randint(1, 8), pick.randint(0, 9), natural + 1, 16, 0, 40])

    def withdrawal(self):
        options = self.chance(0.4)
        gone = self.random.choice([256, 257, 258, 259, 300, 2, 3, 0, 17])
        if not self.maker.file and self.chance(0.5):
            gone = 400
        for template_id in list(self.templates):
            if self.maker.file and self.templates[template_id][0] == options and \
                    (template_id == gone or gone == (3 if options else 2)):
                self.unsent.add(template_id)
        return self.set_of(3 if options else 2, struct.pack("!HH", gone, 0))

    def teach_set(self):
        """Type information, RFC 5610."""
        if self.version != 10 and self.chance(0.7):
            return self.data_set()
        pick = self.random
        fields = [(0, 346, 4), (0, 303, 2), (0, 339, 1), (0, 341, VARIABLE if self.version == 10 else 8)]
        fields += [(0, 344, 1), (0, 345, 2)] if self.chance(0.5) else []
        if self.chance(0.1):
            pick.shuffle(fields)
        template_id = pick.choice([310, 311])
        self.templates[template_id] = (True, 2, fields)
        body = b""
        for _ in range(pick.randint(1, 4)):
            pen, number = pick.choice([99990, 99991, 0, elements.REVERSE, elements.V9, 9]), pick.randint(1, 6)
            self.maker.taught.append((pen, number))
            told = {346: struct.pack("!I", pen), 303: struct.pack("!H", number | pick.choice([0, 0x8000])),
                    339: bytes([pick.choice([pick.randint(0, 25), 255])]), 344: b"\1", 345: b"\0\2"}
            name = pick.choice([b"jitter", b"client address", b"", b"\xc3\xa4x", b"octetDeltaCount", b"x" * 70,
                                b"a\0b"])
            for _, field, length in fields:
                if field != 341:
                    body += told[field]
                else:
                    body += bytes([len(name)]) + name if length == VARIABLE else name[:8].ljust(8, b"\0")
        return self.set_of(1 if self.version == 9 else 3, self.template(template_id)) + self.set_of(template_id, body)

    # ------------------------------------------------------------------------------------------------ data

    def data_set(self):
        if not self.templates or self.chance(0.03):
            return self.set_of(self.new_id(), self.random.randbytes(self.random.randint(0, 40)))
        template_id = self.random.choice(sorted(self.templates))
        fields = self.templates[template_id][2]
        body = b"".join(self.record(fields) for _ in range(self.random.choice([1, 1, 2, 3, 7])))
        if self.chance(0.05):
            body += self.random.randbytes(self.random.randint(1, 5))
        if self.chance(0.03):
            body = body[:self.random.randint(0, len(body))]
        return self.set_of(template_id, body)

    def record(self, fields, depth=0):
        octets = b""
        for pen, number, length in fields:
            kind = self.kind(pen, number)
            if kind in LIST_IDS.values():
                octets += self.sized(self.some_list(kind, depth), length)
            elif length == VARIABLE and self.version == 9:
                octets += b"?"
            elif length == VARIABLE and self.version == 10:
                size = self.random.choice([NATURAL.get(kind, 5), 0, 1, 3, self.random.randint(0, 40)])
                octets += self.sized(self.some_value(kind, size), length)
            else:
                octets += self.some_value(kind, min(length, 2000))
        return octets

    def sized(self, octets, length):
        """As a field of variable length, or cut and filled."""
        if length != VARIABLE or self.version != 10:
            return octets[:length].ljust(length, b"\0")
        octets = octets[:BYTES_MAX]
        if len(octets) > 254 or self.chance(0.15):
            return b"\xff" + struct.pack("!H", len(octets)) + octets
        return bytes([len(octets)]) + octets

    def some_value(self, kind, size):
        pick = self.random
        if kind == "string":
            text = pick.choice(["", "eth0", "Gi0/1", "käse €", "🐟", "a\"\\\n\x1f\x7f", "\x85\u202e", "x" * 40])
            octets = text.encode()[:size] if self.chance(0.8) else pick.randbytes(size)
            return octets.ljust(size, b"\0")
        if kind == "boolean" and size == 1:
            return bytes([pick.choice([1, 2, 1, 2, 0, 255])])
        if kind in ("float32", "float64") and self.chance(0.7) and size in (4, 8):
            number = pick.choice([0.0, -0.0, 1.5, -0.75, 0.1, 1e30, 1e-40, float("inf"), float("nan"),
                                  pick.random() * 1e6])
            return struct.pack("!f" if size == 4 else "!d", number)
        return self.some_number(kind, size)

    def some_number(self, kind, size):
        pick = self.random
        now_s = self.maker.now_us // 1000000 - pick.randint(0, 3600)
        if kind == "dateTimeSeconds" and size == 4 and self.chance(0.6):
            return struct.pack("!I", now_s)
        if kind == "dateTimeMilliseconds" and size == 8 and self.chance(0.8):
            return struct.pack("!Q", now_s * 1000 + pick.randrange(1000))
        if kind in ("dateTimeMicroseconds", "dateTimeNanoseconds") and size == 8 and self.chance(0.8):
            return struct.pack("!II", now_s + 2208988800, pick.getrandbits(32))
        way = pick.random()
        if way < 0.15:
            return bytes(size)
        if way < 0.25:
            return b"\xff" * size
        if way < 0.6 and size:
            return pick.choice([1, 6, 17, 58, 100, 4, 2, 80, 200]).to_bytes(size, "big")
        return pick.randbytes(size)

    # ----------------------------------------------------------------------------------------------- lists

    def some_list(self, kind, depth):
        """RFC 6313 section 4.5; within lists within lists there is little."""
        pick = self.random
        if kind == "basicList" and depth == 0 and self.chance(0.05):
            return self.deep_list(pick.randint(6, 10))
        if depth > 3 or self.chance(0.04):
            return pick.choice([b"", b"\3", pick.randbytes(pick.randint(1, 12))])
        semantic = bytes([pick.choice([0, 1, 2, 3, 4, 255])])
        if kind == "basicList":
            pen, number, length = self.some_field(False, None)
            if depth > 1 and self.kind(pen, number) in LIST_IDS.values():
                pen, number, length = 0, 4, 1
            values = b"".join(self.record([(pen, number, length)], depth + 1) for _ in range(pick.randint(0, 3)))
            if self.version == 9:
                number &= 0x7FFF
                head = struct.pack("!HH", number, length)
            else:
                head = self.field(pen, number, length)
            return semantic + head[:4] + head[4:] + values + (bytes(1) if self.chance(0.05) else b"")
        if kind == "subTemplateList":
            template_id, body = self.list_records(depth)
            return semantic + struct.pack("!H", template_id) + body
        groups = b""
        for _ in range(pick.randint(0, 3)):
            template_id, body = self.list_records(depth)
            groups += struct.pack("!HH", template_id, min(4 + len(body), 65535)) + body
        return semantic + groups

    def deep_list(self, depth):
        octets = b"\3" + struct.pack("!HH", 4, 1) + b"\6\x11"
        for _ in range(depth - 1):
            octets = b"\0" + struct.pack("!HH", 291, VARIABLE) + bytes([len(octets)]) + octets
        return octets

    def list_records(self, depth):
        if not self.templates or self.chance(0.1):
            return self.new_id(), self.random.randbytes(self.random.randint(0, 12))
        template_id = self.random.choice(sorted(self.templates))
        fields = self.templates[template_id][2]
        if any(self.kind(pen, number) in LIST_IDS.values() for pen, number, _ in fields) and depth > 1:
            return template_id, b""
        return template_id, b"".join(self.record(fields, depth + 1) for _ in range(self.random.randint(0, 2)))
