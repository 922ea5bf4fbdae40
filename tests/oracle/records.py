# SPDX-License-Identifier: MIT
"""records.py: data records (RFC 7011 sections 3.4.3 and 7) and the lists in them (RFC 6313)."""
import json

import templates
import values

LIST_DEPTH_MAX = 8  # limits.h
LIST_TEXT_BYTES, LIST_TEXT_PER_OCTET = 2048, 64
RECORD_LISTS_BYTES = 147456  # weir.h


class Overrun(Exception):
    """A field is longer than what is there."""


class Malformed(Exception):
    """A list cannot be read; the text is the reason that is counted."""


class Octets:
    """A cursor."""

    def __init__(self, octets):
        self.octets = octets
        self.at = 0

    def left(self):
        return len(self.octets) - self.at

    def take(self, size):
        if self.left() < size:
            raise Overrun
        self.at += size
        return self.octets[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def variable(self):
        """RFC 7011 section 7: the length in 1 octet, or in 3 of which the first is 255."""
        size = self.number(1)
        return self.take(self.number(2) if size == 255 else size)


class Context:
    """What it takes to read lists: the templates of the session and the elements; and why lists are shown as octets."""

    def __init__(self, find_template, elements):
        self.find_template = find_template
        self.elements = elements
        self.reasons = []
        self.room = None


def read_record(template, cursor):
    """The octets of each field."""
    return [cursor.variable() if templates.is_variable(template.version, field) else cursor.take(field.length)
            for field in template.fields]


def shown_record(template, raw, context, depth=0):
    """(name, value) of each field that is shown."""
    if depth == 0:
        context.room = Room(octets for field, octets in zip(template.fields, raw) if field.kind in values.LISTS)
    return tuple((name, shown(field.kind, octets, field.length, context, depth))
                 for field, name, octets in zip(template.fields, template.names, raw) if name is not None)


class Room:
    """How long the texts of a record's lists may be (limits.h): each for itself, and all together, so that those which
    come behind have room as octets."""

    def __init__(self, lists):
        self.left = RECORD_LISTS_BYTES - sum(self.least(octets) for octets in lists)

    @staticmethod
    def least(octets):
        return 2 * len(octets) + len('"0x"')

    def most(self, octets):
        return min(LIST_TEXT_BYTES + LIST_TEXT_PER_OCTET * len(octets), self.left + self.least(octets))

    def take(self, octets, size):
        self.left -= size - self.least(octets)


def shown(kind, octets, length, context, depth):
    if length == 0:
        return None
    if kind in values.LISTS:
        return shown_list(kind, octets, context, depth + 1)
    return values.value(kind, octets, length == templates.VARIABLE)


def shown_list(kind, octets, context, depth):
    """A list, or its octets. The decoder's bound also counts text that it takes back, of a list within a list that
    turns out to be malformed; that is not done here, and may differ in one damaged stream of thousands."""
    if not octets:
        if depth == 1:
            context.room.take(octets, len("null"))
        return None
    before = len(context.reasons)
    try:
        if depth > LIST_DEPTH_MAX:
            raise Malformed("list_too_long")
        cursor = Octets(octets)
        head = (("list", kind), ("semantic", cursor.number(1)))
        read = {"basicList": basic_list, "subTemplateList": template_list,
                "subTemplateMultiList": template_multi_list}[kind]
        result = head + read(cursor, context, depth)
        if depth == 1:
            size = text_bytes(result)
            if size > context.room.most(octets):
                raise Malformed("list_too_long")
            context.room.take(octets, size)
        return result
    except Overrun:
        reason = "list_malformed"
    except Malformed as malformed:
        reason = str(malformed)
    context.reasons[before:] = [reason]  # those of lists in it are not shown
    return values.hexed(octets)


def text_bytes(shown_value):
    return len(json.dumps(as_objects(shown_value), ensure_ascii=False, separators=(",", ":")).encode())


def as_objects(shown_value):
    if isinstance(shown_value, tuple):
        return {name: as_objects(part) for name, part in shown_value}
    return [as_objects(part) for part in shown_value] if isinstance(shown_value, list) else shown_value


def basic_list(cursor, context, depth):
    """RFC 6313 section 4.5.1."""
    number = cursor.number(2)
    length = cursor.number(2)
    pen = cursor.number(4) if number & 0x8000 else 0
    name, kind = context.elements.named(pen, number & 0x7FFF)
    found = []
    while cursor.left():
        too_short = length != templates.VARIABLE and (length == 0 or cursor.left() < length)
        if too_short and not any(cursor.octets[cursor.at:]):
            break
        if length == 0:
            raise Malformed("list_malformed")
        octets = cursor.variable() if length == templates.VARIABLE else cursor.take(length)
        found.append(shown(kind, octets, length, context, depth))
    return ("element", name), ("values", found)


def template_records(cursor, template_id, context, depth):
    template = context.find_template(template_id)
    if template is None:
        raise Malformed("list_template_unknown")
    found = []
    while cursor.left() >= template.least_bytes:
        found.append(shown_record(template, read_record(template, cursor), context, depth))
    if any(cursor.octets[cursor.at:]):
        raise Malformed("list_malformed")
    return ("template_id", template_id), ("records", found)


def template_list(cursor, context, depth):
    """RFC 6313 section 4.5.2."""
    return template_records(cursor, cursor.number(2), context, depth)


def template_multi_list(cursor, context, depth):
    """RFC 6313 section 4.5.3."""
    groups = []
    while cursor.left() and any(cursor.octets[cursor.at:]):
        template_id = cursor.number(2)
        size = cursor.number(2)
        if size < 4:
            raise Malformed("list_malformed")
        groups.append(template_records(Octets(cursor.take(size - 4)), template_id, context, depth))
    return (("groups", groups),)
