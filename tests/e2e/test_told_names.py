#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_told_names.py WEIR [WORD...]: filters with the names that exporters tell of their interfaces and applications, over
stores that pyarrow wrote; which flows match is reckoned here too."""
import weir_e2e

if __name__ == "__main__":
    weir_e2e.use_venv()

import itertools
import os

from store_maker import OCTETS, TEXT, U32, Store, address, flow, moment
from weir_e2e import case, expect_equal, expect_in, run, weir, weir_ok

EXPORTERS = ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
INTERFACES = {  # by exporter and number
    ("192.0.2.1", 1): ("Gi0/1", "uplink"), ("192.0.2.1", 2): ("Gi0/2", "Rome's"), ("192.0.2.2", 1): ("Gi0/2", "office"),
    ("192.0.2.2", 2): ("Gi0/1", None), ("2001:db8::1", 1): ("1/1/1", None), ("2001:db8::1", 3): ("gi0/1", "Milan")}
APPLICATIONS = {("192.0.2.1", "13:1"): "youtube", ("192.0.2.1", "13:300"): "ms-teams", ("192.0.2.2", "13:1"): "ms-teams",
                ("2001:db8::1", "3:80"): "http", ("192.0.2.2", "3:80"): "http", ("2001:db8::1", "13:300"): "YouTube"}
OPTIONS = [("scopeInterface", U32), ("interfaceName", TEXT), ("interfaceDescription", TEXT), ("applicationId", OCTETS),
           ("applicationName", TEXT)]


def octets(application):
    engine, number = map(int, application.split(":"))
    return bytes([engine]) + number.to_bytes(3, "big")


def made(folder):
    """A flow for each exporter, pair of interfaces and application; its bytes are its number."""
    store = Store(folder)
    kinds = list(itertools.product(EXPORTERS, [None, 1, 2, 3], [None, 1, 2], [None, "13:1", "13:300", "3:80"]))
    flows = [dict(exporter=exporter, ingress=ingress, egress=egress, app=app, number=number)
             for number, (exporter, ingress, egress, app) in enumerate(kinds)]
    rows = []
    for f in flows:
        row = flow("192.0.2.9", "192.0.2.10", bytes=f["number"], in_interface=f["ingress"], out_interface=f["egress"],
                   application_id=octets(f["app"]) if f["app"] else None)
        rows.append({**row, "exporter_ipv4": None, "exporter_ipv6": None, **address("exporter", f["exporter"])})
    store.write_flows(rows)
    def session(exporter):
        return {"received": moment("2026-11-23 10:00:00"), **address("exporter", exporter), "exporter_port": 2055,
                "domain": 5, "version": 9, "template_id": 300}
    store.write_options(
        [{**session(exporter), "scopeInterface": number, "interfaceName": name, "interfaceDescription": description}
         for (exporter, number), (name, description) in INTERFACES.items()] +
        [{**session(exporter), "applicationId": octets(number), "applicationName": name}
         for (exporter, number), name in APPLICATIONS.items()], OPTIONS, hour="2026-11-23 10")
    return flows


def called(exporter, number, wanted):
    names = INTERFACES.get((exporter, number), ())
    return any(name is not None and name.lower() == wanted.lower() for name in names)


def applied(f, wanted):
    return APPLICATIONS.get((f["exporter"], f["app"]), "").lower() == wanted.lower()


def ingress(name):
    return lambda f: called(f["exporter"], f["ingress"], name)


def egress(name):
    return lambda f: called(f["exporter"], f["egress"], name)


FILTERS = [
    ("in if Gi0/1", ingress("Gi0/1")), ("out if gi0/2", egress("Gi0/2")),
    ("if GI0/1", lambda f: ingress("Gi0/1")(f) or egress("Gi0/1")(f)),
    ("in and out if Gi0/2", lambda f: ingress("Gi0/2")(f) and egress("Gi0/2")(f)),
    ("in and out if in [Gi0/1 Gi0/2]", lambda f: all(side(name)(f) for side, name in ((ingress, "Gi0/1"), (egress, "Gi0/2")))
     or all(side(name)(f) for side, name in ((ingress, "Gi0/2"), (egress, "Gi0/1"))) or
     any(ingress(name)(f) and egress(name)(f) for name in ("Gi0/1", "Gi0/2"))),
    ("in and out if in [Gi0/1 1]", lambda f: (ingress("Gi0/1")(f) or f["ingress"] == 1) and
     (egress("Gi0/1")(f) or f["egress"] == 1)),
    ("in if uplink", ingress("uplink")), ("in if 'Rome''s'", ingress("Rome's")), ("in if 1/1/1", ingress("1/1/1")),
    ("in if in [Gi0/1 1/1/1, 2]", lambda f: ingress("Gi0/1")(f) or ingress("1/1/1")(f) or f["ingress"] == 2),
    ("in if != Gi0/1", lambda f: f["ingress"] is not None and not ingress("Gi0/1")(f)),
    ("in if not in [Gi0/1 Gi0/2]", lambda f: f["ingress"] is not None and not ingress("Gi0/1")(f) and
     not ingress("Gi0/2")(f)),
    ("not in if Gi0/1", lambda f: not ingress("Gi0/1")(f)),
    ("if != Gi0/1", lambda f: (f["ingress"] is not None or f["egress"] is not None) and not ingress("Gi0/1")(f) and
     not egress("Gi0/1")(f)),
    ("app youtube", lambda f: applied(f, "youtube")), ("app ms-teams", lambda f: applied(f, "ms-teams")),
    ("app in [http ms-teams]", lambda f: applied(f, "http") or applied(f, "ms-teams")),
    ("app in [youtube 3:80]", lambda f: applied(f, "youtube") or f["app"] == "3:80"),
    ("app != youtube", lambda f: f["app"] is not None and not applied(f, "youtube")),
    ("not app youtube", lambda f: not applied(f, "youtube")),
    ("applicationId youtube", lambda f: applied(f, "youtube")), ("in_interface = Gi0/1", ingress("Gi0/1")),
    ("app youtube and (in if uplink or out if Gi0/1) and not in if 2",
     lambda f: applied(f, "youtube") and (ingress("uplink")(f) or egress("Gi0/1")(f)) and f["ingress"] != 2),
]


@case
def names_are_those_of_each_exporter(folder):
    flows = made(folder)
    for text, matches in FILTERS:
        wanted = [f["number"] for f in flows if matches(f)]
        expect_equal(0 < len(wanted) < len(flows), True, "the filter tells flows apart: " + text)
        out, _ = weir_ok("flows", "--store", folder, "-o", "fmt:%bytes", "--order", "bytes", text)
        expect_equal(sorted(map(int, out.split())), wanted, text)
    wanted = sum(f["number"] for f in flows if applied(f, "youtube"))
    for command in (("top", "proto", "-o", "csv"), ("top", "proto", "-o", "csv", "--from", "2026-11-23 14:00")):
        out, _ = weir_ok(*command, "--store", folder, "app youtube")
        expect_equal(out.splitlines()[1].split(",")[1], str(wanted), "sum, of the time before which the name was told too")
    expect_in("TCP", weir_ok("graph", "--store", folder, "in if uplink")[0])
    expect_in("weir: ", weir_ok("analyze", "-n", folder, "in if uplink")[1])


@case
def names_that_are_none_are_told(folder):
    made(folder)
    for text, message in (("app yutube", "no exporter calls an application 'yutube'; the nearest names are 'YouTube', "
                           "'youtube', 'http'\n  app yutube\n      ^~~~~~\n"),
                          ("in if teng", "no exporter calls an interface 'teng'; the nearest names are "),
                          ("in if up", "'up'; the nearest names are 'uplink', "),
                          ("in if > Gi0/1", "names have no order"), ("if 10-", "the range '10-' has no end"), ("vlan Gi0/1", "'Gi0/1' is no number\n")):
        code, out, err = weir("flows", "--store", folder, text)
        expect_equal((code, out), (2, ""), "exit code and output of " + text)
        expect_in(message, err)
    bare = os.path.join(folder, "bare")
    Store(bare).write_flows([flow("192.0.2.1", "192.0.2.2")])
    code, _, err = weir("flows", "--store", bare, "app http")
    expect_equal(code, 2, "exit code without names")
    expect_in("'http' is no application: no exporter tells names of applications\n", err)


if __name__ == "__main__":
    run()
