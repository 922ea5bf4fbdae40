# SPDX-License-Identifier: MIT
"""core.py: the core columns of a record, by docs/fields.md: one value after the other, from a record's fields.

A rule is a list of sources, of which the first that the template has serves. A source is
    (number,)                      a field as it is
    ("nonzero", number, number)    both: the first, where that is 0 the second
    ("family", number, number)     fields for IPv4 and IPv6: either one, or both
Of several of one element the first one counts, where its length fits its type."""
import struct

import elements
import templates
import values

REVERSE = 29305
V9_HIGH = 4294967295
MAC, IPV4, IPV6, OCTETS = "macAddress", "ipv4Address", "ipv6Address", "octetArray"


def one(*numbers):
    return [(number,) for number in numbers]


def pair(first, second):
    return [("nonzero", first, second), (second,)]


BYTES = pair(1, 23) + one(231) + pair(85, 171) + pair(352, 417) + pair(353, 420)
PACKETS = pair(2, 24) + one(298) + pair(86, 172) + one(430, 431)
RULES = {
    "src_address": [("family", 8, 27), ("family", 44, 170)],
    "dst_address": [("family", 12, 28), ("family", 45, 169)],
    "src_prefix": [("family", 9, 29)],
    "dst_prefix": [("family", 13, 30)],
    "protocol": one(4, 193),
    "src_port": one(7) + pair(182, 180),
    "dst_port": one(11) + pair(183, 181),
    "tcp_flags": one(6),
    "tos": one(5),
    "post_tos": one(55),
    "flow_label": one(31),
    "icmp_type": None,
    "icmp_code": None,
    "bytes": BYTES,
    "packets": PACKETS,
    "reverse_bytes": None,
    "reverse_packets": None,
    "flows": one(3),
    "sampling_rate": None,
    "in_interface": one(10, 252),
    "out_interface": one(14, 253),
    "direction": one(61),
    "biflow_direction": one(239),
    "next_hop": [("family", 15, 62)],
    "bgp_next_hop": [("family", 18, 63)],
    "src_as": one(16),
    "dst_as": one(17),
    "previous_as": one(129),
    "next_as": one(128),
    "forwarding_status": one(89),
    "flow_end_reason": one(136),
    "in_vrf": one(234),
    "out_vrf": one(235),
    "src_mac": one(56),
    "dst_mac": one(80),
    "post_src_mac": one(81),
    "post_dst_mac": one(57),
    "vlan": one(58, 243),
    "post_vlan": one(59, 254),
    "customer_vlan": one(245),
    "post_customer_vlan": one(255),
    "ethernet_type": one(256),
    "mpls_label_1": one(70), "mpls_label_2": one(71), "mpls_label_3": one(72), "mpls_label_4": one(73),
    "mpls_label_5": one(74), "mpls_label_6": one(75), "mpls_label_7": one(76), "mpls_label_8": one(77),
    "mpls_label_9": one(78), "mpls_label_10": one(79),
    "nat_src_address": [("family", 225, 281)],
    "nat_dst_address": [("family", 226, 282)],
    "nat_src_port": one(227),
    "nat_dst_port": one(228),
    "nat_event": one(230),
    "firewall_event": one(233),
    "application_id": one(95),
    "user_name": [(371,), ((V9_HIGH, 7232),)],
}
BY_VERSION = ("src_address", "dst_address", "src_prefix", "dst_prefix")
REVERSED = {"reverse_bytes": [((REVERSE, 1), 1), (232, 231), ((REVERSE, 85), 85), ((REVERSE, 352), 352)],
            "reverse_packets": [((REVERSE, 2), 2), (299, 298), ((REVERSE, 86), 86)]}

# (start, end, what they count), best first
NTP_NANO, NTP_MICRO, MILLI, DELTA, UPTIME, SECONDS = "ntp_nano", "ntp_micro", "milli", "delta", "uptime", "seconds"
CLOCKS = [(156, 157, NTP_NANO), (154, 155, NTP_MICRO), (152, 153, MILLI), (158, 159, DELTA), (22, 21, UPTIME),
          (150, 151, SECONDS), (359, 360, MILLI), (None, 325, NTP_NANO), (None, 324, NTP_MICRO), (None, 323, MILLI),
          (None, 322, SECONDS), (None, 258, MILLI)]
RATE_MAX = 2**32 - 1
SAMPLERS, INTERFACES, PARTS = (48, 302), (10, 14), (141, 145)
DAY_MS = 86400000
WRAP_MS = 2**32


class Record:
    """The fields of a record by their element: the first of each, if its length fits its type."""

    def __init__(self, template, raw):
        self.octets = {}
        self.kinds = {}
        seen = set()
        for field, octets in zip(template.fields, raw):
            key = (field.pen, field.number)
            if key not in seen and fits(field):
                self.octets[key] = octets
                self.kinds[key] = field.kind
            seen.add(key)

    @staticmethod
    def key(number):
        return number if isinstance(number, tuple) else (0, number)

    def has(self, number):
        return number is not None and self.key(number) in self.octets

    def number(self, number):
        return int.from_bytes(self.octets[self.key(number)], "big")

    def zero(self, number):
        return not any(self.octets[self.key(number)])

    def size(self, number):
        return len(self.octets[self.key(number)])

    def octet(self, number):
        """The value of a field of one octet, or None."""
        return self.number(number) if self.has(number) and self.size(number) == 1 else None

    def shown(self, number):
        key = self.key(number)
        return values.value(self.kinds[key], self.octets[key], False)


def fits(field):
    """Whether a length is one of the type's. Numbers may be shorter (RFC 7011 section 6.2) or longer."""
    if field.kind in ("string", OCTETS):
        return field.length > 0
    if field.kind in values.UNSIGNED + values.SIGNED + ("dateTimeMicroseconds", "dateTimeNanoseconds"):
        return 1 <= field.length <= 8
    return field.length in {MAC: (6,), IPV4: (4,), IPV6: (16,), "boolean": (1,), "float32": (4,),
                            "float64": (4, 8)}.get(field.kind, ())


def columns(template, raw, header, session, state):
    record = Record(template, raw)
    exporter = state.of(session.address, session.domain)
    found = dict(zip(("time_start", "time_end"), times(record, header, exporter)))
    version = ip_version(record)
    if version is not None:
        found["ip_version"] = version
    for name, rule in RULES.items():
        if rule is not None:
            value = by_rule(record, rule, version if name in BY_VERSION else None)
        elif name.startswith("icmp"):
            value = icmp(record, name == "icmp_type")
        elif name == "sampling_rate":
            value = sampling_rate(record, header, exporter)
        else:
            value = reverse(record, name)
        if value is not None:
            found[name] = value
    return tuple(found.items())


def by_rule(record, rule, version):
    for source in rule:
        if source[0] == "nonzero":
            if record.has(source[1]) and record.has(source[2]):
                return record.shown(source[2] if record.zero(source[1]) else source[1])
            if record.has(source[1]):
                return record.shown(source[1])
        elif source[0] == "family":
            _, four, six = source
            known = [number for number in (four, six) if record.has(number) and fits_family(record, number)]
            if len(known) == 2:
                return either(record, four, six, version)
            if known:
                return record.shown(known[0])
        elif record.has(source[0]):
            return record.shown(source[0])
    return None


def fits_family(record, number):
    """Addresses, and lengths of prefixes, which have one octet."""
    return record.kinds[record.key(number)] != "unsigned8" or record.size(number) == 1


def either(record, four, six, version):
    """Of fields for both families the one that ip_version tells, or that is not zero; IPv4 in the form of IPv6."""
    if version == 6 or version is None and record.kinds[record.key(six)] == IPV6 and not record.zero(six):
        return record.shown(six)
    if record.kinds[record.key(four)] != IPV4:
        return record.shown(four)
    return "::ffff:" + record.shown(four)


def ip_version(record):
    """ipVersion; else told from the addresses and prefixes of the template: of IPv6 those that are not zero."""
    if record.octet(60) is not None:
        return record.octet(60)
    four = any(record.has(number) for number in (8, 12, 44, 45))
    six = [next(number for number in numbers if record.has(number)) for numbers in ((27, 170), (28, 169))
           if any(record.has(number) for number in numbers)]
    nonzero = any(not record.zero(number) for number in six)
    if four and six:
        return 6 if nonzero else 4
    return 4 if four else 6 if six else None


def icmp(record, is_type):
    four, six = (176, 178) if is_type else (177, 179)
    own = [octet for octet in (record.octet(four), record.octet(six)) if octet is not None]
    if own:
        return own[0] or own[-1]
    protocol = record.octet(4)
    both = [number for number in (32, 139) if record.has(number) and record.size(number) == 2]
    if not both and protocol is not None and record.has(11) and record.size(11) == 2:
        both = [11]
    if not both:
        return None
    if protocol not in (None, 1, 58):
        return 0
    octets = record.number(both[0])
    if len(both) == 2 and protocol == 58 and record.number(139):
        octets = record.number(139)
    return octets >> 8 if is_type else octets & 0xFF


def taken(record, rule):
    """The number of the element that a counter is taken from: of a pair the first."""
    for source in rule:
        if record.has(source[1] if source[0] == "nonzero" else source[0]):
            return source[1] if source[0] == "nonzero" else source[0]
    return None


def reverse(record, name):
    first = taken(record, BYTES if name == "reverse_bytes" else PACKETS)
    for number, beside in REVERSED[name]:
        if record.has(number) and first in (beside, None):
            return record.shown(number)
    return None


# ------------------------------------------------------------------------------------------------------- times


def times(record, header, exporter):
    """(start, end), microseconds since 1970."""
    nanoseconds = header.nanoseconds if header.nanoseconds < 10**9 else 0
    export_us = header.export_time * 1000000 + nanoseconds // 1000
    clocks = list(CLOCKS)
    if header.version == 10 and not init_of(record):
        clocks[4], clocks[5] = clocks[5], clocks[4]
    start = end = None
    duration_us = duration(record)
    for clock in clocks:
        if tells(record, clock[0], clock[2]) and tells(record, clock[1], clock[2]):
            start, end = (clock[0], clock[2]), (clock[1], clock[2])
            break
    else:
        for clock in clocks:
            start = start or tells(record, clock[0], clock[2]) and (clock[0], clock[2]) or None
            end = end or tells(record, clock[1], clock[2]) and (clock[1], clock[2]) or None
            if (start or end) and duration_us is not None:
                break
    told = [absolute(record, moment, end if end and end[1] == UPTIME else moment, header, exporter, export_us)
            for moment in (start, end)]
    if told == [None, None]:
        return export_us, export_us
    if told[0] is None:
        told[0] = told[1] - (duration_us or 0)
    elif told[1] is None:
        told[1] = told[0] + (duration_us or 0)
    return tuple(told)


def tells(record, number, unit):
    if not record.has(number):
        return False
    size = record.size(number)
    return size == 8 if unit in (NTP_NANO, NTP_MICRO) else size in (3, 4) if unit == UPTIME else True


def init_of(record):
    """systemInitTimeMilliseconds."""
    return record.has(160) and record.size(160) > 4


def duration(record):
    for number, unit_us in ((162, 1), (161, 1000)):
        if record.has(number) and record.size(number) <= 4:
            return record.number(number) * unit_us
    return None


def absolute(record, moment, end, header, exporter, export_us):
    if moment is None:
        return None
    number, unit = moment
    value = record.number(number)
    if unit == DELTA:
        return export_us - (value & 0xFFFFFFFF)
    if unit == UPTIME:
        return uptime(record, value, record.number(end[0]), header, exporter, export_us)
    if value == 0:
        return export_us
    if unit in (NTP_NANO, NTP_MICRO):
        seconds = (value >> 32) - values.NTP_TO_UNIX_S
        fraction = value & 0xFFFFFFFF
        fraction_us = fraction * 1000000 >> 32 if unit == NTP_NANO else values.ntp_fraction(fraction, 1000000)
        return seconds % 2**32 * 1000000 + fraction_us
    scale = 1000 if unit == MILLI else 1000000
    return min(value, (2**63 - 1) // (2 * scale)) * scale  # what lies beyond has no room in microseconds


def uptime(record, value, end_value, header, exporter, export_us):
    """Uptime has 32 bits: up to a day behind the header's, else before it."""
    if header.version != 10:
        now_ms = header.sys_uptime
    elif init_of(record) or exporter.init_ms:
        now_ms = export_us // 1000 - (record.number(160) if init_of(record) else exporter.init_ms)
    else:  # nobody told when the exporter started: the flow is taken to have ended when it was exported
        now_ms = end_value
    ahead_ms = (value - now_ms) % WRAP_MS
    return export_us + (ahead_ms if ahead_ms <= DAY_MS else ahead_ms - WRAP_MS) * 1000


# ---------------------------------------------------------------------------------------------------- sampling


def rate_of(record):
    """One packet in how many, as a record tells itself, or None."""
    for number in (34, 50):
        if record.has(number):
            return record.number(number)
    for part, rest, whole in ((305, 306, None), (309, None, 310)):
        if short(record, part) and short(record, rest or whole):
            return ratio(record.number(part) + record.number(rest) if rest else record.number(whole),
                         record.number(part))
    return of_probability(record)


def short(record, number):
    return record.has(number) and record.size(number) <= 4


def of_probability(record):
    if not record.has(311):
        return None
    probability, = struct.unpack("!f" if record.size(311) == 4 else "!d", record.octets[0, 311])
    return int(1 / probability + 0.5) if 1 / RATE_MAX < probability <= 1 else 0


def ratio(whole, part):
    """To the nearest whole number."""
    return min((whole + part // 2) // part, RATE_MAX) if part else 0


def told_rate(record):
    """What an options record tells; what says nothing, or is no number of 32 bits, is passed over."""
    for number in (34, 50):
        if record.told(number):
            return record.told(number) if record.told(number) <= RATE_MAX else 0
    if record.told(305) is not None and record.told(306) is not None:
        return told_ratio(record.told(305) + record.told(306), record.told(305))
    if record.told(309) is not None and record.told(310) is not None:
        return told_ratio(record.told(310), record.told(309))
    if of_probability(record):
        return of_probability(record)
    if record.told(307) is not None and record.told(308) is not None:
        return told_ratio(record.told(307) + record.told(308), record.told(307))
    return 0


def told_ratio(whole, part):
    rate = (whole + part // 2) // part if 0 < part <= whole <= 2 * RATE_MAX else 0
    return rate if rate <= RATE_MAX else 0


def sampling_rate(record, header, exporter):
    own = rate_of(record)
    if own is not None:
        return own
    for number, kind in ((48, "sampler"), (302, "sampler"), (10, "interface")):
        if record.has(number):
            told = exporter.rate(kind, record.number(number))
            if told:
                return told
    return exporter.rate("all", 0) or header.sampling & 0x3FFF


class Exporter:
    """What an exporter told in options for one domain; what it did not tell is what it told for domain 0."""

    def __init__(self, of_zero=None):
        self.of_zero = of_zero
        self.own_init_ms = 0
        self.rates = {}

    @property
    def init_ms(self):
        return self.own_init_ms or (self.of_zero.init_ms if self.of_zero else 0)

    def rate(self, kind, number):
        return self.rates.get((kind, number), 0) or (self.of_zero.rate(kind, number) if self.of_zero else 0)


class State:
    """What all exporters told. A rate is that of the sampler or selector that the record names, else of the interface,
    else of all that the exporter does, unless the scope is but a part of it."""

    def __init__(self):
        self.exporters = {}

    def of(self, address, domain):
        if (address, domain) not in self.exporters:
            self.exporters[address, domain] = Exporter(self.of(address, 0) if domain else None)
        return self.exporters[address, domain]

    def learn(self, template, raw, session):
        record = Told(template, raw)
        exporter = self.of(session.address, session.domain)
        if record.told(160) is not None:
            exporter.own_init_ms = record.told(160)
        rate = told_rate(record)
        sampler, interface = record.first(SAMPLERS), record.first(INTERFACES)
        if not rate:
            return
        if sampler is not None:
            exporter.rates["sampler", sampler] = rate
        elif interface is not None:
            exporter.rates["interface", interface] = rate
        elif record.first(PARTS) is None:
            exporter.rates["all", 0] = rate


class Told(Record):
    """An options record. Exporters are not strict in lengths there: what has up to 8 octets is a number."""

    def __init__(self, template, raw):
        super().__init__(template, raw)
        self.fields = []
        for field, octets in zip(template.fields, raw):
            number = field.number
            if field.pen == elements.V9_SCOPE and number <= 5:
                number = {2: 10, 3: 141, 4: 141, 5: 141}.get(number)
            elif field.pen not in (0, elements.V9_SCOPE):
                number = None
            if number is not None and not templates.is_padding(field):
                self.fields.append((number, octets, field))

    def first(self, numbers):
        """Of several elements that mean the same the first in the template."""
        for number, octets, field in self.fields:
            if number in numbers:
                return int.from_bytes(octets, "big") if 0 < len(octets) <= 8 else None
        return None

    def told(self, number):
        return self.first((number,))
