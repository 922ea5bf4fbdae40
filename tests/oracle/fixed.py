# SPDX-License-Identifier: MIT
"""fixed.py: NetFlow versions 1, 5 and 7, whose records have one form each (Cisco, "NetFlow Export Datagram Format")."""
import templates

# (element, octets); None: not used
HEAD = [(8, 4), (12, 4), (15, 4), (10, 2), (14, 2), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2), (11, 2)]
TAIL_5 = [(None, 1), (6, 1), (4, 1), (5, 1), (16, 2), (17, 2), (9, 1), (13, 1), (None, 2)]
FIELDS = {
    1: HEAD + [(None, 2), (4, 1), (5, 1), (6, 1), (None, 7), (None, 4)],
    5: HEAD + TAIL_5,
    7: HEAD + TAIL_5 + [("ipv4RouterSc", 4)],
}
SHORT_1 = HEAD + [(None, 2), (4, 1), (5, 1), (6, 1), (None, 7)]  # softflowd's: without the last 4 octets


def field(number, length, elements):
    if number is None:
        return templates.Field(0, 210, length, False, "paddingOctets", "octetArray")
    if isinstance(number, str):
        return templates.Field(9, 0, length, False, number, "ipv4Address")
    return templates.Field(0, number, length, False, *elements.named(0, number))


def template(version, body_bytes, count, elements):
    """For `body_bytes` octets, of which the header says that they are `count` records."""
    described = FIELDS[version]
    if version == 1 and (body_bytes == count * 48 or body_bytes < 52):
        described = SHORT_1
    return templates.Template(version, False, [field(*entry, elements) for entry in described])
