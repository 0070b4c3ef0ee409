"""From snapshots to the page that Prometheus reads.

Sample lines of gauges and counters are the same bytes in the text format 0.0.4
and in OpenMetrics 1.0; only a counter's header differs. So lines are rendered
once, when a reading arrives, and a scrape only joins them under their headers.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from operator import is_not
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest as text_page
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_page

from exporter.metrics import READING_FAMILIES, Family, Sample
from exporter.store import Blocks, Store

_GZIP_LEVEL: Final = 1
_END: Final = b"# EOF\n"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Format(Enum):
    """A format of the page; the value is its Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


_ACCEPTABLE: Final = {
    Format.OPENMETRICS: ("application/openmetrics-text", "1.0.0"),
    Format.TEXT: ("text/plain", "0.0.4"),
}


def render(account: str, samples: Iterable[Sample]) -> Blocks:
    """Return an account's sample lines, a block for each family."""
    lines: dict[Family, list[str]] = defaultdict(list)
    for sample in samples:
        lines[sample.family].append(_line(account, sample))
    return {family: "".join(block).encode() for family, block in lines.items()}


class Exposition:
    """The page: what polls brought, joined once a change and shared by all who read it, and the exporter's own."""

    def __init__(self, store: Store, own: CollectorRegistry) -> None:
        self._store = store
        self._own = own
        self._joined: dict[Format, tuple[tuple[Blocks, ...], bytes]] = {}

    def page(self, form: Format, now: float) -> tuple[bytes, bytes]:
        """Return the page's two parts: the readings that are not stale at `now` (monotonic), and the own metrics."""
        shown = tuple(snapshot.blocks for _, snapshot in self._store if not snapshot.is_stale(now))
        joined_from, joined = self._joined.get(form, ((), b""))
        if len(shown) != len(joined_from) or any(map(is_not, shown, joined_from)):
            joined = _join(shown, _HEADERS[form])
            self._joined[form] = shown, joined
        if form is Format.TEXT:
            return joined, text_page(self._own)
        return joined, openmetrics_page(self._own, version="1.0.0")  # type: ignore[no-untyped-call]  # untyped there


def _join(accounts: Iterable[Blocks], headers: Mapping[Family, bytes]) -> bytes:
    families: dict[Family, list[bytes]] = defaultdict(list)
    for blocks in accounts:
        for family, block in blocks.items():
            families[family].append(block)
    present = (family for family in READING_FAMILIES if family in families)
    return b"".join(part for family in present for part in (headers[family], *families[family]))


def compress(body: bytes) -> bytes:
    """Return a page packed by gzip, the same bytes for the same page."""
    return gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


def negotiate(accept: str) -> Format:
    """Return the format that an Accept header likes best; the text format where it likes none of ours."""
    offers = list(_accepted(accept))
    best: dict[Format, tuple[float, int]] = {}
    for form, (kind, version) in _ACCEPTABLE.items():
        for name, parameters, quality in offers:
            rank = _specificity(name, kind)
            if rank and parameters.get("version", version) == version:
                best[form] = max(best.get(form, (0.0, 0)), (quality, rank), key=lambda one: (one[1], one[0]))
    chosen = max(best, key=lambda form: (best[form], form is Format.TEXT), default=Format.TEXT)
    return chosen if best.get(chosen, (0.0, 0))[0] > 0 else Format.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    qualities = {name: quality for name, _, quality in _accepted(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _line(account: str, sample: Sample) -> str:
    pairs = zip(sample.family.labels, sample.labels, strict=True)
    labels = "".join(f',{name}="{value.translate(_ESCAPES)}"' for name, value in pairs)
    return f'{sample.family.name}{{account="{account}"{labels}}} {sample.value!r}\n'


def _header(family: Family, form: Format) -> bytes:
    name = family.name.removesuffix("_total") if form is Format.OPENMETRICS else family.name
    return f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n".encode()


_HEADERS: Final[Mapping[Format, Mapping[Family, bytes]]] = {
    form: {family: _header(family, form) for family in READING_FAMILIES} for form in Format
}


def _specificity(offer: str, kind: str) -> int:
    """How closely an offer means a kind: not at all, everything, all of its type, or it alone."""
    if offer == kind:
        return 3
    if offer == f"{kind.partition('/')[0]}/*":
        return 2
    return 1 if offer == "*/*" else 0


def _accepted(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield what an Accept or Accept-Encoding header lists: name, parameters, quality; junk is left out."""
    for offer in header.split(","):
        name, *rest = (part.strip().lower() for part in offer.split(";"))
        parameters = dict(part.split("=", 1) for part in rest if "=" in part)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            continue
        if name and 0 <= quality <= 1:
            yield name, {key.strip(): value.strip(' "') for key, value in parameters.items()}, quality
