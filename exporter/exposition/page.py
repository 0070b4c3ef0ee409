"""From snapshots to the page that Prometheus reads.

Sample lines of gauges and counters are the same bytes in the text format 0.0.4 and in OpenMetrics 1.0; only a
counter's header differs. Lines are rendered and deflated when a reading arrives. To make a page, the lines are only
joined under their headers, and only if a line has changed. Concurrent scrapes get the same page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial, reduce
from itertools import chain
from operator import is_, or_
from typing import Any, Final, Protocol

import anyio
import anyio.to_thread
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from exporter.exposition.columns import Columns, Piece, Snapshots
from exporter.exposition.negotiation import Format
from exporter.exposition.process import ending_page, heading, moving_page
from exporter.metrics import OWN_FAMILIES, Family
from exporter.store.changes import Changes
from exporter.store.reading import in_page_order
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.textformat.gzip import HEADER, Checksum, inflate, trailer
from exporter.textformat.lines import RenderedFamily, WithCreated

_JOINED_ON_LOOP: Final = 5000
"""Fewer series than this are joined on the event loop, which takes a few milliseconds."""
_OWN_SERIES: Final = 25
"""The approximate number of the exporter's own series per account."""
_PROCESS_SECONDS: Final = 5.0
"""The maximum age of the metrics of memory, CPU and open files."""


class SelfMetrics(Protocol):
    """The exporter's own metrics.

    Attributes:
        registry: the process metrics that seldom change.
        changes: which accounts' metrics changed.

    """

    registry: CollectorRegistry
    changes: Changes

    @property
    def process(self) -> Collector:
        """The process metrics that change constantly."""
        ...

    @property
    def state(self) -> object:
        """A value that changes whenever a metric in `registry` changes."""
        ...

    def lines(self, account: AccountKey, snapshot: Snapshot, now: float) -> Mapping[Family, bytes]:
        """Return the sample lines of an account, as of the monotonic time `now`."""
        ...


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that stays the same for a while.

    Attributes:
        piece: the section's lines.
        version: identifies the section's inputs. When the version changes, the section is made again.
        expires_at: the monotonic time at which the section is made again even if its inputs are the same.

    """

    piece: Piece
    version: object
    expires_at: float = math.inf


@dataclass(frozen=True)
class Page:
    """The page as it was joined at one moment."""

    sections: tuple[Section, ...]

    def has(self, sections: tuple[Section, ...]) -> bool:
        """Whether the page consists of exactly these section objects."""
        return all(map(is_, self.sections, sections))

    def text(self) -> Iterator[bytes]:
        """Yield the page's text."""
        return inflate(self._deflated)

    @cached_property
    def gzip_parts(self) -> tuple[bytes, ...]:
        """The page as one gzip member, in parts."""
        whole = reduce(or_, (section.piece.checksum for section in self.sections))
        return (HEADER, *self._deflated, trailer(whole))

    @property
    def length(self) -> int:
        """The length of the page's text, in bytes."""
        return sum(section.piece.checksum.length for section in self.sections)

    @property
    def _deflated(self) -> list[bytes]:
        return [section.piece.deflated for section in self.sections]


@dataclass(frozen=True, slots=True)
class PageInputs:
    """The inputs of a page, all from one moment.

    Attributes:
        now: the moment, in monotonic time.
        readings: the accounts whose readings must be rendered again.
        accounts: the accounts whose telemetry must be rendered again.
        versions: the store and telemetry versions that these inputs reflect.
        state: the value of `SelfMetrics.state`.

    """

    now: float
    readings: Snapshots
    accounts: Snapshots
    versions: tuple[int, int]
    state: object

    @property
    def series(self) -> int:
        """The approximate number of series that must be joined again."""
        return sum(one.series for _, one in self.readings) + _OWN_SERIES * len(self.accounts)


class Exposition:
    """Makes the page in each format.

    The page has four sections: readings, accounts, process metrics that change constantly, and other process metrics.
    """

    def __init__(self, store: Store, self_metrics: SelfMetrics) -> None:
        self._store = store
        self._self_metrics = self_metrics
        self._readings = {form: Columns(partial(_readings, form), _concat) for form in Format}
        self._accounts = Columns(self_metrics.lines, lambda lines: Piece.from_text(b"".join(lines)))
        self._versions = dict.fromkeys(Format, (-1, -1))
        self._sections: dict[tuple[Format, str], Section] = {}
        self._pages: dict[Format, Page] = {}
        self._lock = anyio.Lock(fast_acquire=True)

    def page(self, form: Format, now: float) -> Page:
        """Return the page as of the monotonic time `now`."""
        return self._page(form, self._inputs(form, now))

    async def current(self, form: Format) -> Page:
        """Return the current page, which concurrent callers share. Many series are joined in a worker thread."""
        async with self._lock:
            inputs = self._inputs(form, anyio.current_time())
            if inputs.series < _JOINED_ON_LOOP:
                return self._page(form, inputs)
            return await anyio.to_thread.run_sync(self._page, form, inputs)

    def _inputs(self, form: Format, now: float) -> PageInputs:
        of_store, of_self = self._store.changes, self._self_metrics.changes
        store_version, self_version = self._versions[form]
        changed = of_store.since(store_version)
        readings = self._readings[form].outdated(changed, self._store, now)
        accounts = self._accounts.outdated([*changed, *of_self.since(self_version)], self._store, now)
        return PageInputs(now, readings, accounts, (of_store.version, of_self.version), self._self_metrics.state)

    def _page(self, form: Format, inputs: PageInputs) -> Page:
        readings, accounts = self._readings[form], self._accounts
        readings.update(inputs.readings, inputs.now)
        accounts.update(inputs.accounts, inputs.now)
        self._versions[form] = inputs.versions
        sections = (
            self._columns(form, "readings", readings),
            self._columns(form, "accounts", accounts),
            self._process(form, inputs),
            self._ending(form, inputs.state),
        )
        last = self._pages.get(form)
        page = self._pages[form] = last if last and last.has(sections) else Page(sections)
        return page

    def _columns(self, form: Format, name: str, columns: Columns[Any]) -> Section:
        cached = self._sections.get((form, name))
        if cached and cached.version == columns.version:
            return cached
        pieces, checksum = list[Piece](), Checksum()
        for family in _in_order(columns.families):
            header, column = _header(family, form), columns[family]
            pieces += [header, *column.pieces]
            checksum = checksum | header.checksum | column.checksum
        deflated = b"".join([piece.deflated for piece in pieces])
        section = self._sections[form, name] = Section(Piece(deflated, checksum), columns.version)
        return section

    def _process(self, form: Format, inputs: PageInputs) -> Section:
        cached = self._sections.get((form, "process"))
        if cached and inputs.now < cached.expires_at:
            return cached
        piece = Piece.from_text(moving_page(self._self_metrics.process, form))
        section = Section(piece, None, inputs.now + _PROCESS_SECONDS)
        self._sections[form, "process"] = section
        return section

    def _ending(self, form: Format, state: object) -> Section:
        """Return the process metrics that seldom change, and the end of the page."""
        cached = self._sections.get((form, "ending"))
        if cached and cached.version == state:
            return cached
        piece = Piece.from_text(ending_page(self._self_metrics.registry, form))
        section = self._sections[form, "ending"] = Section(piece, state)
        return section


def _in_order(families: Sequence[Family]) -> Sequence[Family]:
    own = [family for family in OWN_FAMILIES if family in families]
    return own or in_page_order(families)


def _readings(
    form: Format, _account: AccountKey, snapshot: Snapshot, now: float
) -> Mapping[Family, tuple[RenderedFamily, ...]]:
    """Return an account's sample lines, except for lines from stale readings."""
    # Keyed by name, because a reload may replace a family whose lines are still shown.
    families: dict[str, Family] = {}
    found: dict[str, tuple[RenderedFamily, ...]] = {}
    for state in snapshot.visible(now):
        for family, lines in state.rendered.items():
            if isinstance(family, Family):
                created = state.rendered.get(WithCreated(family)) if form is Format.OPENMETRICS else None
                families[family.name] = family
                found[family.name] = (*found.get(family.name, ()), created or lines)
    return {families[name]: lines for name, lines in found.items()}


def _concat(lines: Iterable[tuple[RenderedFamily, ...]]) -> Piece:
    return Piece.concat(chain.from_iterable(lines))


@cache
def _header(family: Family, form: Format) -> Piece:
    name = family.name.removesuffix("_total") if form is Format.OPENMETRICS else family.name
    return Piece.from_text(heading(name, family.help, family.kind))
