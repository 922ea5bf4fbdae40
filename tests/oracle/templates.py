# SPDX-License-Identifier: MIT
"""templates.py: template sets, RFC 3954 sections 5.2 and 6.1, RFC 7011 sections 3.4 and 8.1."""
import collections
import struct

VARIABLE = 65535
FIELDS_MAX = 4096       # limits.h
RECORD_BYTES_MAX = 65507

Field = collections.namedtuple("Field", "pen number length scope name kind")


class Template:
    """What the records of one ID are made of."""

    def __init__(self, version, options, fields, written=b""):
        self.version = version
        self.options = options
        self.fields = fields
        self.names = unique_names(fields)
        self.variable = any(is_variable(version, field) for field in fields)
        self.least_bytes = sum(1 if is_variable(version, field) else field.length for field in fields)
        self.identity = (version, options, tuple(fields), written)  # as it came, with what its elements mean
        self.seen_us = None
        self.reliable = False


def is_variable(version, field):
    return version == 10 and field.length == VARIABLE


def is_padding(field):
    return field.number == 210 and field.pen == 0 and not field.scope


def unique_names(fields):
    """Names as they are shown: the second of the same name ends in _2. None for padding, which is not shown."""
    counts = collections.Counter()
    names = []
    for field in fields:
        if is_padding(field):
            names.append(None)
            continue
        counts[field.name] += 1
        names.append(field.name if counts[field.name] == 1 else "%s_%d" % (field.name, counts[field.name]))
    return names


class Overrun(Exception):
    """The template does not end within its set: what is behind it cannot be found."""


class Reader:
    """The templates of one set, one after the other: read() returns (ID, what). What is a Template, the name of the
    reason why it is refused, or the word "withdrawn"."""

    def __init__(self, version, options, body, elements):
        self.version = version
        self.options = options
        self.body = body
        self.at = 0
        self.elements = elements

    def left(self):
        return len(self.body) - self.at

    def more(self):
        """Less octets than the shortest template are padding, and so are zeros (RFC 7011 section 3.3.1), four of which
        are no template. A withdrawal has 4 octets, and so has what is to be refused as a template without fields."""
        head = self.body[self.at:self.at + 4]
        if len(head) < 4 or head == bytes(4):
            return False
        return self.left() >= 6 or head[2:] == b"\0\0" and not (self.options and self.version == 9)

    def number(self):
        if self.left() < 2:
            raise Overrun
        number, = struct.unpack_from("!H", self.body, self.at)
        self.at += 2
        return number

    def field(self, scope):
        kind = self.number()
        length = self.number()
        if self.version == 9:
            return Field(*self.elements.of_v9_type(kind, scope)[:2], length, scope,
                         *self.elements.of_v9_type(kind, scope)[2:])
        pen = 0
        if kind & 0x8000:
            pen = self.number() << 16 | self.number()
        return Field(pen, kind & 0x7FFF, length, scope, *self.elements.named(pen, kind & 0x7FFF))

    def read(self):
        template_id = self.number()
        count = self.number()
        if self.version == 10 and count == 0:
            return template_id, "withdrawn"
        reason = None
        scope_count = 0
        if self.options and self.version == 9:  # lengths of scopes and of options in octets
            scope_bytes, option_bytes = count, self.number()
            if scope_bytes % 4 or option_bytes % 4:
                if self.left() < scope_bytes + option_bytes:
                    raise Overrun
                self.at += scope_bytes + option_bytes
                return template_id, "template_id_low" if template_id < 256 else "template_options_length"
            scope_count, count = scope_bytes // 4, (scope_bytes + option_bytes) // 4
        elif self.options:
            scope_count = self.number()
            if scope_count == 0 or scope_count > count:
                reason = "template_scope"
        begin = self.at
        fields = [self.field(index < scope_count) for index in range(count)]
        if template_id < 256:
            return template_id, "template_id_low"
        return template_id, reason or self.refused(fields) or Template(
            self.version, self.options, fields, self.body[begin:self.at])

    def refused(self, fields):
        if len(fields) > FIELDS_MAX:
            return "template_fields_many"
        if self.version == 9 and any(field.length == VARIABLE for field in fields):
            return "template_length_variable"
        least = sum(1 if is_variable(self.version, field) else field.length for field in fields)
        if least == 0:
            return "template_empty"
        if least > RECORD_BYTES_MAX:
            return "template_record_long"
        return None
