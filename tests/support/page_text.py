"""The exporter's page as text, and what a series of it says."""

import re

from exporter.exposition.negotiation import Format
from exporter.exposition.page import Exposition, SelfMetrics
from exporter.store.store import Store


def page_text(store: Store, own: SelfMetrics, now: float, form: Format = Format.TEXT) -> str:
    """The whole page at `now` (monotonic)."""
    return b"".join(Exposition(store, own).page(form, now).text()).decode()


def own_lines(store: Store, own: SelfMetrics, now: float) -> str:
    """What the page says of the accounts themselves."""
    return b"".join(line for one in store for line in own.lines(*one, now).values()).decode()


def value_of(page: str, name: str, **labels: str) -> float | None:
    """The value of a series with just these labels, in any order; None where it is not on the page."""
    for line in page.splitlines():
        found = re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line)
        if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2])) == labels:
            return float(found[3])
    return None
