# SPDX-License-Identifier: MIT
"""compare.py: what the program and the oracle make of the same file, record by record."""
import collections
import json
import subprocess

import decoder

# How the summary names what is counted (weir.h, WEIR_REASONS)
REASONS = {
    "header_short": "datagram shorter than its header",
    "version_unknown": "version that is not NetFlow",
    "version_unsupported": "version that is not decoded",
    "message_length": "message length below 16",
    "message_overrun": "message longer than its datagram",
    "set_length_short": "set length below 4",
    "set_overrun": "set runs over the end of the datagram",
    "set_reserved": "set ID below 256 that nothing uses",
    "record_overrun": "field of variable length runs over the end of its set",
    "set_without_record": "data set shorter than one record of its template",
    "template_overrun": "template runs over the end of its set",
    "template_id_low": "template ID below 256",
    "template_empty": "template whose record has no octets",
    "template_record_long": "template whose record is longer than a datagram",
    "template_length_variable": "field length 65,535, which NetFlow v9 does not have",
    "template_options_length": "options template with lengths that are no multiple of 4",
    "template_scope": "options template with no scope field, or more of them than fields",
    "template_withdrawn": "withdrawal of a template, which UDP does not know",
    "template_not_known": "withdrawal of a template that is not known",
    "template_expired": "template that was not sent again in its lifetime",
    "template_fields_many": "template with more fields than the limit",
    "list_malformed": "list that cannot be read, kept as octets",
    "list_template_unknown": "list whose template is not known, kept as octets",
    "list_too_long": "list whose text is too long or nested too deep, kept as octets",
}
NAMES = {text: name for name, text in REASONS.items()}


class Fault(Exception):
    """The program failed as such."""


def normal(part):
    """A form of a value in which equal ones are equal, and 1, 1.0 and true are not the same by accident."""
    if isinstance(part, float) and part.is_integer():
        return int(part)
    if isinstance(part, (list, tuple)):
        return type(part)(normal(inner) for inner in part)
    return part


def run_weir(weir, path, timeout_s=60):
    """The records that the program prints, and what it counts."""
    done = subprocess.run([weir, "decode", "--core", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout_s, check=False)
    err = done.stderr.decode("utf-8", "replace")
    if done.returncode != 0 or "Sanitizer" in err or "runtime error:" in err:
        raise Fault("weir decode ended with %d: %s" % (done.returncode, err[-3000:]))
    lines = [json.loads(line, object_pairs_hook=tuple) for line in done.stdout.decode("utf-8").splitlines()]
    return [normal(without_names(line)) for line in lines], read_summary(err)


def without_names(line):
    """The oracle does not keep the names of interfaces and the like that options tell; all else is compared."""
    return tuple((name, tuple(part for part in value if part[0] == "user_name" or not part[0].endswith("_name")))
                 if name == "core" else (name, value) for name, value in line)


def read_summary(text):
    counts = collections.Counter()
    for line in text.splitlines():
        if line.startswith("weir: "):
            numbers = [int(word) for word in line.replace(",", "").split() if word.isdigit()]
            counts.update(dict(zip(("datagrams", "flows", "layouts", "all_lost"), numbers)))
            continue
        label, _, rest = line.strip().partition(": ")
        number = int(rest.split()[0]) if rest and rest.split()[0].isdigit() else 0
        if label in NAMES:
            counts[NAMES[label]] = number
        elif label in ("options records", "late", "given up"):
            counts[{"options records": "options", "late": "sets_late", "given up": "sets_given_up"}[label]] = number
    return counts


def run_oracle(datagrams, elements):
    oracle = decoder.Decoder(elements)
    for datagram in datagrams:
        oracle.feed(datagram)
    oracle.finish()
    oracle.counts["layouts"] = oracle.layouts()
    return [(template, normal(line)) for template, line in oracle.records], oracle.counts


COUNTED = ["datagrams", "flows", "options", "layouts", "sets_late", "sets_given_up"] + list(REASONS)


def group(line):
    """Records of one layout come out in order; which of several layouts in one datagram comes first is open."""
    told = dict(line)
    return (told["packet"], told["template_id"] or 0, told["options"], told.get("late_template", False),
            tuple(name for name, _ in told["fields"]))


def differences(weir_records, weir_counts, oracle_records, oracle_counts):
    """Each as (number of the datagram or None, text)."""
    found = []
    theirs, ours = collections.defaultdict(list), collections.defaultdict(list)
    layouts = collections.defaultdict(set)
    for line in weir_records:
        theirs[group(line)].append(line)
    for template, line in oracle_records:
        ours[group(line)].append(line)
        layouts[group(line)].add(template.identity)
    for key in sorted(set(theirs) | set(ours), key=repr):
        got, wanted = theirs[key], ours[key]
        if len(layouts[key]) > 1:  # their order among each other is open
            got, wanted = sorted(got, key=repr), sorted(wanted, key=repr)
        found += [(key[0], text) for text in differences_of(got, wanted)]
    for name in COUNTED:
        if weir_counts[name] != oracle_counts[name]:
            found.append((None, "count %s: weir %d, oracle %d" % (name, weir_counts[name], oracle_counts[name])))
    return sorted(found, key=lambda difference: (difference[0] is None, difference[0] or 0))


def differences_of(got, wanted):
    for index in range(max(len(got), len(wanted))):
        left = got[index] if index < len(got) else None
        right = wanted[index] if index < len(wanted) else None
        if repr(left) != repr(right):
            yield "weir:   %s\noracle: %s\n%s" % (show(left), show(right), apart(left, right))


def show(line):
    return "no such record" if line is None else json.dumps(objects(line), ensure_ascii=False)[:1500]


def objects(part):
    if isinstance(part, tuple):
        return {name: objects(inner) for name, inner in part}
    return [objects(inner) for inner in part] if isinstance(part, list) else part


def apart(left, right):
    """The names whose values differ."""
    if left is None or right is None:
        return "differs: the whole record"
    left, right = dict(flat(left, "")), dict(flat(right, ""))
    names = [name for name in dict.fromkeys(list(left) + list(right)) if repr(left.get(name)) != repr(right.get(name))]
    return "differs: " + "; ".join("%s: weir %.150r, oracle %.150r" % (name, left.get(name), right.get(name))
                                   for name in names[:6]) if names else "differs: order of names"


def flat(part, name):
    """(path, value) of all that is in a record."""
    if isinstance(part, tuple):
        for inner, value in part:
            yield from flat(value, name + "." + inner if name else inner)
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from flat(value, "%s[%d]" % (name, index))
    else:
        yield name, part
