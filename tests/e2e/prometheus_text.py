# SPDX-License-Identifier: MIT
"""prometheus_text.py: reads Prometheus' text format, version 0.0.4, and complains of all that is not as it should
be."""
import re
import urllib.request

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(r'^(%s)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$' % NAME)
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"')


class Metrics(dict):
    """(name, frozenset of labels as pairs) -> value; `types` tells the type of each name."""

    def __init__(self, text):
        super().__init__()
        self.types = {}
        assert text.endswith("\n"), "the last line has no end"
        described, current = set(), None
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                current, help_text = line[7:].split(" ", 1)
                assert current not in described and help_text, "described twice, or by nothing: " + line
                described.add(current)
            elif line.startswith("# TYPE "):
                name, kind = line[7:].split(" ")
                assert name == current and name not in self.types and kind in ("counter", "gauge"), line
                assert (kind == "counter") == name.endswith("_total"), line
                self.types[name] = kind
            else:
                self.add_sample(line, current)

    def add_sample(self, line, current):
        found = SAMPLE.match(line)
        assert found, "this is no sample: %r" % line
        name, labels, value = found.groups()
        assert name == current and name in self.types, "a sample outside of its metric: " + line
        pairs = LABEL.findall(labels or "")
        assert len(dict(pairs)) == len(pairs), "a label twice: " + line
        key = (name, frozenset(pairs))
        assert key not in self, "twice: " + line
        self[key] = float(value)
        assert self[key] >= 0 or self.types[name] == "gauge", line

    def value(self, name, **labels):
        return self[name, frozenset(labels.items())]

    def samples(self, name):
        """Labels and value of each."""
        assert name in self.types, "there is no " + name
        return [(dict(labels), value) for (of, labels), value in self.items() if of == name]

    def sum(self, name):
        return sum(value for _, value in self.samples(name))


def get(url, timeout=30):
    """Status, headers, and text of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode("ascii")
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode("ascii")


def scrape(url):
    status, headers, text = get(url)
    assert status == 200, text
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers["Content-Type"]
    return Metrics(text)
