# SPDX-License-Identifier: MIT
"""decoder.py: datagrams of NetFlow v1, v5, v7, v9 (RFC 3954) and IPFIX (RFC 7011), in plain Python.

Slow, and made to be read: one object for each thing, nothing kept twice. Where the RFCs leave room it does what
ARCHITECTURE.md and weir.h say."""
import collections
import struct

import core
import fixed
import records
import templates

WAITING_US = 30 * 1000000
LIFETIME_US = 24 * 3600 * 1000000
HEADER_BYTES = {1: 16, 5: 24, 7: 24, 9: 20, 10: 16}

Datagram = collections.namedtuple("Datagram", "octets address port received_us reliable")


class Header:
    """What the header of a datagram says."""

    def __init__(self, octets, version):
        self.version = version
        self.sys_uptime = self.sequence = self.domain = self.nanoseconds = self.sampling = 0
        self.count = None
        if version == 10:
            self.length, self.export_time, self.sequence, self.domain = struct.unpack_from("!HIII", octets, 2)
            return
        self.count, self.sys_uptime, self.export_time = struct.unpack_from("!HII", octets, 2)
        if version == 9:
            self.sequence, self.domain = struct.unpack_from("!II", octets, 12)
            return
        self.nanoseconds, = struct.unpack_from("!I", octets, 12)
        if version != 1:
            self.sequence, = struct.unpack_from("!I", octets, 16)
        if version == 5:
            self.domain, self.sampling = struct.unpack_from("!HH", octets, 20)


class Session:
    """What is known of one (address, port, domain)."""

    def __init__(self, address, port, domain):
        self.address, self.port, self.domain = address, port, domain
        self.templates = {}
        self.taken_over = {}  # IDs whose template is another port's, and of which version it is
        self.waiting = []


class Waiting:
    def __init__(self, place, header, template_id, body, since_us):
        self.place, self.header, self.template_id, self.body = place, header, template_id, body
        self.since_us = since_us


class Decoder:
    """feed() each datagram, then finish(); `records` and `counts` are what came out."""

    def __init__(self, elements, with_core=True):
        self.elements = elements
        self.with_core = with_core
        self.sessions = {}
        self.records = []
        self.counts = collections.Counter()
        self.state = core.State()
        self.now_us = None
        self.number = -1

    def count(self, name, by=1):
        self.counts[name] += by

    # ------------------------------------------------------------------------------------------- a datagram

    def feed(self, datagram):
        self.number += 1
        self.count("datagrams")
        self.tick(datagram.received_us)
        octets = datagram.octets
        version = int.from_bytes(octets[:2], "big")
        refused = None
        if len(octets) < 2:
            refused = "header_short"
        elif version in (6, 8):
            refused = "version_unsupported"
        elif version not in HEADER_BYTES:
            refused = "version_unknown"
        elif len(octets) < HEADER_BYTES[version]:
            refused = "header_short"
        elif version == 10 and int.from_bytes(octets[2:4], "big") < 16:
            refused = "message_length"
        if refused:
            self.count(refused)
            return
        header = Header(octets, version)
        if version == 10 and header.length > len(octets):
            self.count("message_overrun")  # and what is there is read
        key = (datagram.address, datagram.port, header.domain)
        if key not in self.sessions:
            self.sessions[key] = Session(*key)
        session = self.sessions[key]
        body = octets[HEADER_BYTES[version]:header.length if version == 10 else None]
        if version < 9:
            self.fixed_records(session, header, body)
        else:
            self.sets(session, header, body, datagram)

    def fixed_records(self, session, header, body):
        """As many as the header counts, or as are there."""
        template = fixed.template(header.version, len(body), header.count, self.elements)
        self.data(session, header, None, template, body[:header.count * template.least_bytes], self.number, False)

    def sets(self, session, header, body, datagram):
        at = 0
        while len(body) - at >= 4 and any(body[at:]):
            set_id, size = struct.unpack_from("!HH", body, at)
            if size < 4:
                self.count("set_length_short")
                return
            if size > len(body) - at:
                self.count("set_overrun")
                return
            self.set(session, header, set_id, body[at + 4:at + size], datagram)
            at += size

    def set(self, session, header, set_id, body, datagram):
        if set_id == (0 if header.version == 9 else 2):
            self.template_set(session, header, body, False, datagram)
        elif set_id == (1 if header.version == 9 else 3):
            self.template_set(session, header, body, True, datagram)
        elif set_id < 256:
            self.count("set_reserved")
        else:
            self.data_set(session, header, set_id, body)

    # -------------------------------------------------------------------------------------------- templates

    def template_set(self, session, header, body, options, datagram):
        reader = templates.Reader(header.version, options, body, self.elements)
        came = []
        while reader.more():
            try:
                template_id, what = reader.read()
            except templates.Overrun:
                self.count("template_overrun")
                break
            if what == "withdrawn":
                self.withdraw(session, template_id, options, datagram)
            elif isinstance(what, str):
                self.count(what)
                session.templates.pop(template_id, None)
                self.settle(session, template_id)
            else:
                what.seen_us = datagram.received_us
                what.reliable = datagram.reliable
                session.templates[template_id] = what
                session.taken_over.pop(template_id, None)
                self.settle(session, template_id)
                came += self.take_waiting(session, template_id, what)
        self.decode_late(session, came)  # lists in what waited may mean any template of the set

    def withdraw(self, session, template_id, options, datagram):
        """RFC 7011 sections 8.1 and 8.4."""
        if not datagram.reliable:
            self.count("template_withdrawn")
            return
        if template_id == (3 if options else 2):  # all of them
            for number in [number for number, template in session.templates.items() if template.options == options]:
                del session.templates[number]
                self.settle(session, number)
        elif template_id in session.templates and session.templates[template_id].options == options:
            del session.templates[template_id]
            self.settle(session, template_id)
        else:
            self.count("template_not_known")

    def find_template(self, session, template_id, version=None):
        """The template that an ID stands for in data of a version; within lists it is that of the data around."""
        if template_id in session.templates:
            found = session.templates[template_id]
            return found if version in (None, found.version) else None
        if template_id in session.taken_over:
            return self.of_other_ports(session, template_id, session.taken_over[template_id])
        return None

    def settle(self, session, template_id):
        """What other ports took over ends when there is not just one meaning any more: it has to be waited for anew."""
        for other in self.sessions.values():
            if (other.address, other.domain) == (session.address, session.domain) and template_id in other.taken_over \
                    and self.of_other_ports(other, template_id, other.taken_over[template_id]) is None:
                del other.taken_over[template_id]

    def of_other_ports(self, session, template_id, version):
        """The one meaning that other ports of the exporter give the ID, or None."""
        known = [other.templates[template_id] for other in self.sessions.values()
                 if other is not session and (other.address, other.domain) == (session.address, session.domain)
                 and template_id in other.templates and other.templates[template_id].version == version]
        return known[0] if len({template.identity for template in known}) == 1 else None

    # ------------------------------------------------------------------------------------------------- data

    def data_set(self, session, header, template_id, body):
        template = self.find_template(session, template_id, header.version)
        if template is None:
            session.waiting.append(Waiting(self.number, header, template_id, body, self.now_us))
            return
        reason = self.data(session, header, template_id, template, body, self.number, False)
        if reason:
            self.count(reason)

    def take_waiting(self, session, template_id, template):
        """What waited for a template that came, with that template."""
        came = [(waiting, template) for waiting in session.waiting
                if waiting.template_id == template_id and waiting.header.version == template.version]
        for waiting, _ in came:
            session.waiting.remove(waiting)
        return came

    def decode_late(self, session, came):
        for waiting, template in came:
            reason = self.data(session, waiting.header, waiting.template_id, template, waiting.body, waiting.place,
                               True)
            if reason:
                self.count(reason)
                self.count("sets_given_up")
            else:
                self.count("sets_late")

    def data(self, session, header, template_id, template, body, place, late):
        """The records of a set. Returns why there is none, or None."""
        cursor = records.Octets(body)
        context = records.Context(lambda number: self.find_template(session, number), self.elements)
        found = 0
        while cursor.left() >= template.least_bytes:
            try:
                raw = records.read_record(template, cursor)
            except records.Overrun:
                if found:
                    self.count("record_overrun")
                break
            found += 1
            self.record(session, header, template_id, template, raw, context, place, late)
        return None if found else "set_without_record"

    def record(self, session, header, template_id, template, raw, context, place, late):
        self.count("options" if template.options else "flows")
        line = [("packet", place), ("exporter", session.address), ("exporter_port", session.port),
                ("version", header.version), ("observation_domain", header.domain),
                ("export_time", header.export_time), ("sys_uptime", header.sys_uptime)]
        line += [("sequence", header.sequence), ("template_id", template_id), ("options", template.options)]
        if template.options:
            line.append(("scope", [name for field, name in zip(template.fields, template.names)
                                   if field.scope and name is not None]))
        if late:
            line.append(("late_template", True))
        line.append(("fields", records.shown_record(template, raw, context)))
        for reason in context.reasons:
            self.count(reason)
        context.reasons.clear()
        if self.with_core and not template.options:
            line.append(("core", core.columns(template, raw, header, session, self.state)))
        self.records.append((template, tuple(line)))
        if template.options:
            self.learn(template, raw)
            self.state.learn(template, raw, session)

    def learn(self, template, raw):
        """RFC 5610 section 3: the element is told by the record's scope."""
        told = {}
        for field, octets in zip(template.fields, raw):
            if field.pen == 0 and field.number in (346, 303, 339, 341) and octets:
                told.setdefault(field.number, octets)
        if 346 in told and 303 in told and 341 in told:
            kind = int.from_bytes(told[339], "big") if 339 in told else None
            self.elements.learn(int.from_bytes(told[346], "big"), int.from_bytes(told[303], "big"), told[341], kind)

    # ------------------------------------------------------------------------------------------------- time

    def tick(self, now_us):
        self.now_us = now_us if self.now_us is None else max(now_us, self.now_us)
        for session in self.sessions.values():
            for number, template in list(session.templates.items()):
                if not template.reliable and self.now_us - template.seen_us > LIFETIME_US:
                    del session.templates[number]
                    self.settle(session, number)
                    self.count("template_expired")
        self.decide(WAITING_US)

    def finish(self):
        self.decide(-1)

    def decide(self, patience_us):
        """What waited for longer: a template of another port serves, or it is given up. In the order in which it came,
        of all ports: options of one may tell of what another sends."""
        overdue = [(waiting, session) for session in self.sessions.values() for waiting in session.waiting
                   if self.now_us - waiting.since_us > patience_us]
        for waiting, session in sorted(overdue, key=lambda of: of[0].place):
            if waiting not in session.waiting:
                continue
            version = waiting.header.version
            template = self.of_other_ports(session, waiting.template_id, version)
            if template is not None and waiting.template_id not in session.templates:
                session.taken_over[waiting.template_id] = version
                self.decode_late(session, self.take_waiting(session, waiting.template_id, template))
            else:
                session.waiting.remove(waiting)
                self.count("sets_given_up")

    def layouts(self):
        return len({template.identity for session in self.sessions.values()
                    for template in session.templates.values()})
