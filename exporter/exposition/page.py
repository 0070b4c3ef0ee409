"""From snapshots to the page that Prometheus reads.

Sample lines of gauges and counters are the same bytes in the text format 0.0.4 and in OpenMetrics 1.0; only a
counter's header differs. Lines were rendered and deflated when they came; a page only joins them under their headers,
and is joined again only when one of them changed. All who ask meanwhile are given the same page.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from operator import or_
from typing import Final, Protocol

import anyio
import anyio.to_thread
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest as text_page
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_page

from exporter.exposition.negotiation import Format
from exporter.metrics import Family
from exporter.store.reading import in_page_order
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.textformat.gzip import HEADER, Checksum, concat, trailer
from exporter.textformat.lines import Block, RenderedFamily, WithCreated

_JOINED_ON_LOOP: Final = 5000
"""Series, those of the exporter's own included: a few milliseconds."""
_OWN_SERIES: Final = 60
"""What is counted of an account, about."""
_PROCESS_SECONDS: Final = 1.0
"""How old what is said of the process may be: its memory, its CPU, its files."""


class SelfMetrics(Protocol):
    """The exporter's own metrics.

    Attributes:
        registry: those of the process.
        version: how often any of the accounts' changed.

    """

    registry: CollectorRegistry
    version: int

    @property
    def state(self) -> object:
        """A value that changes with the process metrics, except those that change constantly (CPU, memory)."""
        ...

    def lines(self, snapshots: Iterable[tuple[AccountKey, Snapshot]], now: float) -> Mapping[Family, bytes]:
        """Return the sample lines of all accounts, as of `now` (monotonic)."""
        ...


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that stays as it is for a while: its lines, the same deflated and joined, and their checksum.

    Attributes:
        version: what it was made of, as numbers; others make another one.
        expires_at: when it changes by itself, monotonic.

    """

    lines: Sequence[RenderedFamily]
    deflated: bytes
    checksum: Checksum
    version: object
    expires_at: float

    @classmethod
    def concat(cls, lines: Sequence[RenderedFamily], version: object, expires_at: float) -> Section:
        """Return the section of these lines."""
        deflated = b"".join([one.deflated for one in lines])
        checksum = concat((one.checksum, one.text) for one in lines)
        return cls(lines, deflated, checksum, version, expires_at)


@dataclass(frozen=True, slots=True)
class Page:
    """One generation of the page."""

    sections: tuple[Section, ...]

    def text(self) -> Iterator[bytes]:
        """Yield its text."""
        return (lines.text for section in self.sections for lines in section.lines)

    def gzip_parts(self) -> tuple[bytes, ...]:
        """Return it as one gzip member, in parts."""
        whole = reduce(or_, (section.checksum for section in self.sections))
        return (HEADER, *(section.deflated for section in self.sections), trailer(whole))

    @property
    def length(self) -> int:
        """How many bytes its text has."""
        return sum(section.checksum.length for section in self.sections)


@dataclass(frozen=True, slots=True)
class PageInputs:
    """The inputs of a page, all from one moment.

    Attributes:
        now: the moment, monotonic.
        snapshots: what is known of each account.
        readings: what says whether the readings shown are still the same.
        accounts: likewise of what is counted of accounts.
        process: likewise of the process.

    """

    now: float
    snapshots: Sequence[tuple[AccountKey, Snapshot]]
    readings: object
    accounts: object
    process: object

    @property
    def expires_at(self) -> float:
        """When the first of the readings is too old to be shown, monotonic."""
        return min((part.stale_at for _, one in self.snapshots for part in one.visible(self.now)), default=math.inf)


class Exposition:
    """The pages, each made of three sections: what polls brought, what is counted of accounts, and the process."""

    def __init__(self, store: Store, self_metrics: SelfMetrics) -> None:
        self._store = store
        self._self_metrics = self_metrics
        self._sections: dict[tuple[Format, str], Section] = {}
        self._self_families: dict[Family, RenderedFamily] = {}
        self._lock = anyio.Lock()

    def page(self, form: Format, now: float) -> Page:
        """Return the page as of `now` (monotonic)."""
        return self._page(form, PageInputs(now, list(self._store), *self._versions()))

    async def current(self, form: Format) -> Page:
        """Return the page as of now: joined once for all who wait for it, in a worker thread if that takes a while."""
        async with self._lock:
            inputs = PageInputs(anyio.current_time(), (), *self._versions())
            if self._cached(form, "readings", inputs.readings, inputs.now) and self._cached(
                form, "accounts", inputs.accounts, inputs.now
            ):
                return self._page(form, inputs)
            inputs = replace(inputs, snapshots=list(self._store))
            if sum(_OWN_SERIES + snapshot.series for _, snapshot in inputs.snapshots) < _JOINED_ON_LOOP:
                return self._page(form, inputs)
            return await anyio.to_thread.run_sync(self._page, form, inputs)

    def _versions(self) -> tuple[object, object, object]:
        store, self_metrics = self._store, self._self_metrics
        return store.readings_version, (store.version, self_metrics.version), self_metrics.state

    def _page(self, form: Format, inputs: PageInputs) -> Page:
        return Page(
            (
                self._section(form, "readings", inputs.readings, inputs, _readings),
                self._section(form, "accounts", inputs.accounts, inputs, self._accounts),
                self._section(form, "process", inputs.process, inputs, self._process),
            )
        )

    def _cached(self, form: Format, name: str, version: object, now: float) -> Section | None:
        section = self._sections.get((form, name))
        return section if section and section.version == version and now < section.expires_at else None

    def _section(
        self,
        form: Format,
        name: str,
        version: object,
        inputs: PageInputs,
        make: Callable[[Format, PageInputs], Iterator[RenderedFamily]],
    ) -> Section:
        if cached := self._cached(form, name, version, inputs.now):
            return cached
        expires_at = inputs.now + _PROCESS_SECONDS if name == "process" else inputs.expires_at
        section = self._sections[form, name] = Section.concat(list(make(form, inputs)), version, expires_at)
        return section

    def _accounts(self, form: Format, inputs: PageInputs) -> Iterator[RenderedFamily]:
        """Yield the lines of what is counted of accounts; a family's are deflated again only if one of them changed."""
        for family, text in self._self_metrics.lines(inputs.snapshots, inputs.now).items():
            lines = self._self_families.get(family)
            if lines is None or lines.text != text:
                lines = self._self_families[family] = RenderedFamily.from_blocks([Block.from_text(text)])
            yield from (_header(family, form), lines)

    def _process(self, form: Format, _: PageInputs) -> Iterator[RenderedFamily]:
        if form is Format.TEXT:
            text = text_page(self._self_metrics.registry)
        else:
            text = openmetrics_page(self._self_metrics.registry, version="1.0.0")  # type: ignore[no-untyped-call]
        yield RenderedFamily.from_blocks([Block.from_text(text)])


def _readings(form: Format, inputs: PageInputs) -> Iterator[RenderedFamily]:
    """Yield the lines that polls brought and that are not stale."""
    families: dict[str, Family] = {}
    # By name: a family may be declared anew while what was rendered of it before is still shown.
    found: dict[str, list[RenderedFamily]] = defaultdict(list)
    for _, snapshot in inputs.snapshots:
        for part in snapshot.visible(inputs.now):
            for family, lines in part.rendered.items():
                if isinstance(family, Family):
                    created = part.rendered.get(WithCreated(family)) if form is Format.OPENMETRICS else None
                    families[family.name] = family
                    found[family.name].append(created or lines)
    for family in in_page_order(families.values()):
        yield _header(family, form)
        yield from found[family.name]


@cache
def _header(family: Family, form: Format) -> RenderedFamily:
    name = family.name.removesuffix("_total") if form is Format.OPENMETRICS else family.name
    return RenderedFamily.from_blocks(
        [Block.from_text(f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n".encode())]
    )
