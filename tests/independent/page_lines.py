"""The series of a page, by account, read by the rules of Prometheus' text format."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from expectation import Key

Pages = Mapping[str, Mapping[Key, float]]

_SERIES: Final = re.compile(r'(?P<name>\w+)\{(?P<labels>(?:\w+="(?:[^"\\]|\\.)*",?)*)\} (?P<value>\S+)')
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPES: Final = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def pages_of(body: str) -> Pages:
    """Each account's series without the label `account`; a series that stands twice is an error."""
    pages: dict[str, dict[Key, float]] = defaultdict(dict)
    for line in body.split("\n"):
        found = _SERIES.fullmatch(line)
        if found is None:
            continue
        labels = {name: _plain(value) for name, value in _LABEL.findall(found["labels"])}
        account = labels.pop("account", "")
        series = (found["name"], frozenset(labels.items()))
        assert series not in pages[account], f"twice on the page: {line}"
        pages[account][series] = float(found["value"])
    return pages


def _plain(value: str) -> str:
    return re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], value)
