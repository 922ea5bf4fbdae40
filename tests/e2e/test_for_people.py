#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_for_people.py WEIR [WORD...]: what weir flows, top and graph show to people, over stores that pyarrow wrote."""
import weir_e2e

if __name__ == "__main__":
    weir_e2e.use_venv()

import datetime
import os
import pty
import re
import subprocess

from store_maker import Store, address, flow, moment
from weir_e2e import case, expect, expect_equal, expect_in, run, weir_ok

LONG_6 = "2001:db8:1111:2222:3333:4444:5555:6666"


def made(folder, *rows):
    store = Store(folder)
    store.write_flows(rows)
    return folder


@case
def flows_are_a_table_as_wide_as_it_has_to_be(folder):
    made(folder, flow("192.0.2.1", "198.51.100.2", bytes=123), flow("2001:db8::1", LONG_6, bytes=9999999, packets=None),
         flow("192.0.2.1", "192.0.2.2", protocol=47, src_port=0, dst_port=0, tcp_flags=None))
    out, _ = weir_ok("flows", "--store", folder, "--order", "none")
    expect_equal(out, """\
time                     duration proto                 src -> dst                                          flags    packets     bytes
2026-11-23 14:04:00.000        30 TCP       192.0.2.1:50000 -> 198.51.100.2:443                             ...AP.SF      10       123
2026-11-23 14:04:00.000        30 TCP   [2001:db8::1]:50000 -> [2001:db8:1111:2222:3333:4444:5555:6666]:443 ...AP.SF       -   9999999
2026-11-23 14:04:00.000        30 GRE             192.0.2.1 -> 192.0.2.2                                    -             10      1000
""", "the table")
    out, _ = weir_ok("flows", "--store", folder, "bytes < 500", "-o", "long")
    expect_equal(out, """\
time                     duration proto             src -> dst              flags    packets     bytes tos    in -> out   srcas -> dstas next            exporter
2026-11-23 14:04:00.000        30 TCP   192.0.2.1:50000 -> 198.51.100.2:443 ...AP.SF      10       123   -     - -> -         - -> -     -               192.0.2.1
""", "the long table")
    expect_equal(weir_ok("flows", "--store", folder, "bytes = 1")[0], "", "a table of nothing")


@case
def icmp_has_type_and_code_and_others_no_port(folder):
    made(folder, flow("192.0.2.1", "192.0.2.2", protocol=1, src_port=0, dst_port=2048, icmp_type=8, icmp_code=0),
         flow("2001:db8::1", "2001:db8::2", protocol=58, src_port=0, dst_port=33025, icmp_type=129, icmp_code=1),
         flow("192.0.2.1", "192.0.2.3", protocol=50, src_port=7, dst_port=9),
         flow("192.0.2.1", "192.0.2.4", protocol=1, src_port=None, dst_port=None, icmp_type=None, icmp_code=None),
         *[flow("192.0.2.1", "192.0.2.5", protocol=number, src_port=1) for number in (6, 17, 33, 132, 136, None)])
    def ends(*arguments):
        out, _ = weir_ok("flows", "--store", folder, "--order", "none", *arguments)
        return [re.search(r"(\S+) <?-> (\S+)", line).group(1, 2) for line in out.splitlines()[1:]]
    wanted = [("192.0.2.1", "192.0.2.2:8.0"), ("2001:db8::1", "[2001:db8::2]:129.1"), ("192.0.2.1", "192.0.2.3"),
              ("192.0.2.1", "192.0.2.4")] + [("192.0.2.1:1", "192.0.2.5:443")] * 6
    expect_equal(ends(), wanted, "ends")
    expect_equal(sorted(ends("--biflow")), sorted(wanted), "ends of conversations")
    out, _ = weir_ok("flows", "--store", folder, "--order", "none", "-n", "1", "-o", "fmt:%srcpair %dstpair %srcend %dstend")
    expect_equal(out, "192.0.2.1:0 192.0.2.2:2048 192.0.2.1 192.0.2.2:8.0\n", "in a form")


@case
def columns_stay_where_the_first_rows_put_them(folder):
    """The first chunk of rows tells how wide columns are; what is wider moves them from its chunk on."""
    rows = [flow("192.0.2.1", "192.0.2.2") for _ in range(9000)]
    rows[100] = flow("2001:db8::1", "192.0.2.2")
    rows[8000] = flow(LONG_6, "192.0.2.2")
    made(folder, *rows)
    out, _ = weir_ok("flows", "--store", folder, "--order", "none")
    lines = out.splitlines()
    expect_equal(len(lines), 9001, "lines, of which one is a heading")
    arrows = [line.index(" -> ") for line in lines]
    narrow, wide = 40 + len("[2001:db8::1]:50000"), 40 + len("[%s]:50000" % LONG_6)
    expect_equal(arrows, [narrow] * (1 + 3 * 2048) + [wide] * (9000 - 3 * 2048), "the arrow's place")


@case
def a_heading_is_bold_on_a_terminal(folder):
    made(folder, flow("192.0.2.1", "192.0.2.2"))
    for more, bold in (({}, b"\033[1mtime "), ({"NO_COLOR": "1"}, b"time ")):
        leader, follower = pty.openpty()
        subprocess.run([weir_e2e.weir_path, "flows", "--store", folder], stdout=follower, stderr=subprocess.DEVNULL,
                       timeout=60, check=True, env={**os.environ, "TERM": "xterm", **more})
        expect(os.read(leader, 4096).startswith(bold), "the heading with %r" % more)
        os.close(leader)
        os.close(follower)


if __name__ == "__main__":
    run()
