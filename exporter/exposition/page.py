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
from exporter.textformat.gzip import HEAD, Checksum, joined, tail
from exporter.textformat.lines import Block, Lines, WithCreated

_JOINED_AT_ONCE: Final = 5000
"""Series, those of the exporter's own included: a few milliseconds."""
_OWN_SERIES: Final = 60
"""What is counted of an account, about."""
_PROCESS_SECONDS: Final = 1.0
"""How old what is said of the process may be: its memory, its CPU, its files."""


class Own(Protocol):
    """The exporter's own metrics.

    Attributes:
        registry: those of the process.
        changes: how often any of the accounts' changed.

    """

    registry: CollectorRegistry
    changes: int

    @property
    def state(self) -> object:
        """What the process's own say besides figures that always move."""
        ...

    def lines(self, snapshots: Iterable[tuple[AccountKey, Snapshot]], now: float) -> Mapping[Family, bytes]:
        """Return the sample lines of all accounts, as of `now` (monotonic)."""
        ...


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that stays as it is for a while: its lines, the same deflated and joined, and their checksum.

    Attributes:
        of: what it was made of, as numbers; others make another one.
        until: when it changes by itself, monotonic.

    """

    lines: Sequence[Lines]
    packed: bytes
    checksum: Checksum
    of: object
    until: float

    @classmethod
    def joined(cls, lines: Sequence[Lines], of: object, until: float) -> Section:
        """Return the section of these lines."""
        packed = b"".join([one.packed for one in lines])
        checksum = joined((one.checksum, one.plain) for one in lines)
        return cls(lines, packed, checksum, of, until)


@dataclass(frozen=True, slots=True)
class Page:
    """One generation of the page."""

    sections: tuple[Section, ...]

    def plain(self) -> Iterator[bytes]:
        """Yield its text."""
        return (lines.plain for section in self.sections for lines in section.lines)

    def packed(self) -> tuple[bytes, ...]:
        """Return it as one gzip member, in parts."""
        whole = reduce(or_, (section.checksum for section in self.sections))
        return (HEAD, *(section.packed for section in self.sections), tail(whole))

    @property
    def length(self) -> int:
        """How many bytes its text has."""
        return sum(section.checksum.length for section in self.sections)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page is made of, all of one moment.

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
    def until(self) -> float:
        """When the first of the readings is too old to be shown, monotonic."""
        return min((part.stale_at for _, one in self.snapshots for part in one.shown(self.now)), default=math.inf)


class Exposition:
    """The pages, each made of three sections: what polls brought, what is counted of accounts, and the process."""

    def __init__(self, store: Store, own: Own) -> None:
        self._store = store
        self._own = own
        self._sections: dict[tuple[Format, str], Section] = {}
        self._own_lines: dict[Family, Lines] = {}
        self._joining = anyio.Lock()

    def page(self, form: Format, now: float) -> Page:
        """Return the page as of `now` (monotonic)."""
        return self._page(form, Seen(now, list(self._store), *self._changes()))

    async def fresh(self, form: Format) -> Page:
        """Return the page as of now: joined once for all who wait for it, in a worker thread if that takes a while."""
        async with self._joining:
            seen = Seen(anyio.current_time(), (), *self._changes())
            if self._held(form, "readings", seen.readings, seen.now) and self._held(
                form, "accounts", seen.accounts, seen.now
            ):
                return self._page(form, seen)
            seen = replace(seen, snapshots=list(self._store))
            if sum(_OWN_SERIES + snapshot.series for _, snapshot in seen.snapshots) < _JOINED_AT_ONCE:
                return self._page(form, seen)
            return await anyio.to_thread.run_sync(self._page, form, seen)

    def _changes(self) -> tuple[object, object, object]:
        store, own = self._store, self._own
        return store.changes_shown, (store.changes, own.changes), own.state

    def _page(self, form: Format, seen: Seen) -> Page:
        return Page(
            (
                self._section(form, "readings", seen.readings, seen, _readings),
                self._section(form, "accounts", seen.accounts, seen, self._accounts),
                self._section(form, "process", seen.process, seen, self._process),
            )
        )

    def _held(self, form: Format, name: str, of: object, now: float) -> Section | None:
        section = self._sections.get((form, name))
        return section if section and section.of == of and now < section.until else None

    def _section(
        self, form: Format, name: str, of: object, seen: Seen, make: Callable[[Format, Seen], Iterator[Lines]]
    ) -> Section:
        if held := self._held(form, name, of, seen.now):
            return held
        until = seen.now + _PROCESS_SECONDS if name == "process" else seen.until
        section = self._sections[form, name] = Section.joined(list(make(form, seen)), of, until)
        return section

    def _accounts(self, form: Format, seen: Seen) -> Iterator[Lines]:
        """Yield the lines of what is counted of accounts; a family's are deflated again only if one of them changed."""
        for family, text in self._own.lines(seen.snapshots, seen.now).items():
            lines = self._own_lines.get(family)
            if lines is None or lines.plain != text:
                lines = self._own_lines[family] = Lines.of([Block.of(text)])
            yield from (_header(family, form), lines)

    def _process(self, form: Format, _: Seen) -> Iterator[Lines]:
        if form is Format.TEXT:
            text = text_page(self._own.registry)
        else:
            text = openmetrics_page(self._own.registry, version="1.0.0")  # type: ignore[no-untyped-call]
        yield Lines.of([Block.of(text)])


def _readings(form: Format, seen: Seen) -> Iterator[Lines]:
    """Yield the lines that polls brought and that are not stale."""
    families: dict[str, Family] = {}
    found: dict[str, list[Lines]] = defaultdict(list)  # by name: a family may be declared anew while others read it
    for _, snapshot in seen.snapshots:
        for part in snapshot.shown(seen.now):
            for family, lines in part.blocks.items():
                if isinstance(family, Family):
                    created = part.blocks.get(WithCreated(family)) if form is Format.OPENMETRICS else None
                    families[family.name] = family
                    found[family.name].append(created or lines)
    for family in in_page_order(families.values()):
        yield _header(family, form)
        yield from found[family.name]


@cache
def _header(family: Family, form: Format) -> Lines:
    name = family.name.removesuffix("_total") if form is Format.OPENMETRICS else family.name
    return Lines.of([Block.of(f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n".encode())])
