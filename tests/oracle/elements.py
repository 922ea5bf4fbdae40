# SPDX-License-Identifier: MIT
"""elements.py: what information elements are called and of which type they are.

Registered ones come from lib/elements.csv; exporters tell of their own in type information records (RFC 5610)."""
import csv
import os

IANA = 0
REVERSE = 29305  # RFC 5103 section 6.1: IANA's elements, of the other direction
V9_SCOPE, V9, V9_HIGH = 4294967293, 4294967294, 4294967295  # name spaces of NetFlow v9, see weir.h
NAME_SPACES = (REVERSE, V9_SCOPE, V9, V9_HIGH)
LEARNED_MAX = 4096
NAME_MAX = 64

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib", "elements.csv")

# RFC 5610 section 3.1: informationElementDataType, IANA's list; 23 is of draft-ietf-opsawg-ipfix-tcpo-v6eh / RFC 9740
TYPES = ("octetArray", "unsigned8", "unsigned16", "unsigned32", "unsigned64", "signed8", "signed16", "signed32",
         "signed64", "float32", "float64", "boolean", "macAddress", "string", "dateTimeSeconds",
         "dateTimeMilliseconds", "dateTimeMicroseconds", "dateTimeNanoseconds", "ipv4Address", "ipv6Address",
         "basicList", "subTemplateList", "subTemplateMultiList", "unsigned256")


def read_table(path=TABLE):
    """(pen, id): (name, type) of all that are registered."""
    with open(path, encoding="utf-8", newline="") as file:
        return {(int(row["pen"]), int(row["id"])): (row["name"], row["type"]) for row in csv.DictReader(file)}


class Elements:
    def __init__(self, table=None):
        self.registered = table if table is not None else read_table()
        self.learned = {}

    def find(self, pen, number):
        """(name, type), or None for one that nobody knows."""
        if (pen, number) in self.registered:
            return self.registered[pen, number]
        if pen == REVERSE and (IANA, number) in self.registered:
            name, kind = self.registered[IANA, number]
            return "reverse" + name[0].upper() + name[1:], kind
        return self.learned.get((pen, number))

    def named(self, pen, number):
        """The same, with a name made up for one that nobody knows."""
        return self.find(pen, number) or ("ie_%d_%d" % (pen, number), "octetArray")

    def of_v9_type(self, number, scope):
        """(pen, id, name, type) of a NetFlow v9 field type."""
        if scope:
            return (V9_SCOPE, number) + self.named(V9_SCOPE, number)
        if number >= 0x8000:
            found = self.find(V9_HIGH, number & 0x7FFF)
            return (V9_HIGH, number & 0x7FFF) + (found or ("ie_0_%d" % number, "octetArray"))
        found = self.find(V9, number)
        return (V9, number) + found if found else (IANA, number) + self.named(IANA, number)

    def learn(self, pen, number, name_octets, type_number):
        """Type information, RFC 5610 section 3. True when it was taken."""
        number &= 0x7FFF
        name = "".join(chr(octet) if chr(octet).isalnum() and octet < 128 or octet == 0x5F else "_"
                       for octet in name_octets.split(b"\0")[0][:NAME_MAX])
        if pen in (IANA,) + NAME_SPACES or not name or self.find(pen, number) or len(self.learned) >= LEARNED_MAX:
            return False
        kind = TYPES[type_number] if type_number is not None and type_number < len(TYPES) else "octetArray"
        self.learned[pen, number] = (name, kind)
        return True
