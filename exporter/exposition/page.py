"""From snapshots to the page that Prometheus reads.

Sample lines of gauges and counters are the same bytes in the text format 0.0.4 and in OpenMetrics 1.0; only a
counter's header differs. Lines were rendered and deflated when they came; a page only joins them under their headers,
and is joined again only when one of them changed. All who ask meanwhile are given the same page.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce
from operator import or_
from typing import Final, Protocol

import anyio
import anyio.to_thread
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from exporter.exposition.columns import Blocks, Columns, Made, Piece, Snapshots
from exporter.exposition.negotiation import Format
from exporter.exposition.process import ending_page, heading, moving_page
from exporter.metrics import OWN_FAMILIES, Family
from exporter.store.changes import Changes
from exporter.store.reading import READING_FAMILIES
from exporter.store.store import Store
from exporter.textformat.gzip import HEAD, Checksum, tail
from exporter.textformat.lines import Lines, WithCreated

_JOINED_AT_ONCE: Final = 5000
"""Series, those of the exporter's own included: a few milliseconds."""
_OWN_SERIES: Final = 25
"""What is counted of an account, about."""
_PROCESS_SECONDS: Final = 0.5
"""How old what is said of the process may be: its memory, its CPU, its files."""


class Own(Protocol):
    """The exporter's own metrics.

    Attributes:
        registry: those of the process that stay as they are until `state` is another.
        changes: which accounts' changed.

    """

    registry: CollectorRegistry
    changes: Changes

    @property
    def process(self) -> Collector:
        """Those of the process that always move."""
        ...

    @property
    def state(self) -> object:
        """What the process's own say besides figures that always move."""
        ...

    def lines(self, snapshots: Snapshots, now: float) -> Mapping[Family, bytes]:
        """Return the sample lines of these accounts, as of `now` (monotonic)."""
        ...


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that stays as it is for a while: its pieces, the same deflated and joined, and their checksum.

    Attributes:
        of: what it was made of; another makes another one.
        until: when it changes by itself, monotonic.

    """

    pieces: Sequence[Piece]
    packed: bytes
    checksum: Checksum
    of: object
    until: float = math.inf

    @property
    def lines(self) -> Iterator[Lines]:
        """Yield its lines."""
        return (lines for piece in self.pieces for lines in piece.lines)


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
        readings: the blocks of readings that are to be made anew.
        accounts: likewise of what is counted of accounts.
        numbers: the changes that are in them.
        state: what the process says.

    """

    now: float
    readings: Blocks
    accounts: Blocks
    numbers: tuple[int, int]
    state: object

    @property
    def series(self) -> int:
        """How many series are to be joined anew, about."""
        known = sum(one.series for some in self.readings.values() for _, one in some)
        return known + sum(_OWN_SERIES * len(some) for some in self.accounts.values())


class Exposition:
    """The pages, each made of three sections: what polls brought, what is counted of accounts, and the process."""

    def __init__(self, store: Store, own: Own) -> None:
        self._store = store
        self._own = own
        self._readings = {form: Columns(partial(_readings, form)) for form in Format}
        self._accounts = Columns(self._counted)
        self._numbers = dict.fromkeys(Format, (-1, -1))
        self._sections: dict[tuple[Format, str], Section] = {}
        self._joining = anyio.Lock()

    def page(self, form: Format, now: float) -> Page:
        """Return the page as of `now` (monotonic)."""
        return self._page(form, self._seen(form, now))

    async def fresh(self, form: Format) -> Page:
        """Return the page as of now: joined once for all who wait for it, in a worker thread if that takes a while."""
        async with self._joining:
            seen = self._seen(form, anyio.current_time())
            if seen.series < _JOINED_AT_ONCE:
                return self._page(form, seen)
            return await anyio.to_thread.run_sync(self._page, form, seen)

    def _seen(self, form: Format, now: float) -> Seen:
        store, own = self._store.changes, self._own.changes
        seen_of_store, seen_of_own = self._numbers[form]
        changed = store.since(seen_of_store)
        readings = self._readings[form].behind(changed, self._store, now)
        accounts = self._accounts.behind([*changed, *own.since(seen_of_own)], self._store, now)
        return Seen(now, readings, accounts, (store.number, own.number), self._own.state)

    def _page(self, form: Format, seen: Seen) -> Page:
        readings, accounts = self._readings[form], self._accounts
        readings.update(seen.readings, seen.now)
        accounts.update(seen.accounts, seen.now)
        self._numbers[form] = seen.numbers
        return Page(
            (
                self._columns(form, "readings", readings, READING_FAMILIES),
                self._columns(form, "accounts", accounts, OWN_FAMILIES),
                self._process(form, seen),
                self._ending(form, seen.state),
            )
        )

    def _columns(self, form: Format, name: str, columns: Columns, families: Iterable[Family]) -> Section:
        held = self._sections.get((form, name))
        if held and held.of == columns.generation:
            return held
        pieces, checksum = list[Piece](), Checksum()
        for family, some, of_family in columns.pieces(families):
            header = _header(family, form)
            pieces += [header, *some]
            checksum = checksum.over(header.lines[0].plain) | of_family
        packed = b"".join([piece.packed for piece in pieces])
        section = self._sections[form, name] = Section(pieces, packed, checksum, columns.generation)
        return section

    def _counted(self, snapshots: Snapshots, now: float, before: Made) -> Made:
        """Return what is counted of accounts; a family's is deflated again only if one of them changed."""
        made: dict[Family, Piece] = {}
        for family, text in self._own.lines(snapshots, now).items():
            known = before.get(family)
            is_same = known is not None and known.lines and known.lines[0].plain == text
            made[family] = known if known and is_same else Piece.of(text)
        return made

    def _process(self, form: Format, seen: Seen) -> Section:
        held = self._sections.get((form, "process"))
        if held and seen.now < held.until:
            return held
        piece = Piece.of(moving_page(self._own.process, form))
        section = Section((piece,), piece.packed, piece.checksum, None, seen.now + _PROCESS_SECONDS)
        self._sections[form, "process"] = section
        return section

    def _ending(self, form: Format, state: object) -> Section:
        """Return what the process says that seldom changes, and the end of the page."""
        held = self._sections.get((form, "ending"))
        if held and held.of == state:
            return held
        piece = Piece.of(ending_page(self._own.registry, form))
        section = self._sections[form, "ending"] = Section((piece,), piece.packed, piece.checksum, state)
        return section


def _readings(form: Format, snapshots: Snapshots, now: float, before: Made) -> Made:
    """Return the lines that polls of accounts brought and that are not stale."""
    families: dict[Family, list[Lines]] = defaultdict(list)
    for _, snapshot in snapshots:
        for part in snapshot.shown(now):
            for family, lines in part.blocks.items():
                if isinstance(family, Family):
                    created = part.blocks.get(WithCreated(family)) if form is Format.OPENMETRICS else None
                    families[family].append(created or lines)
    made: dict[Family, Piece] = {}
    for family, some in families.items():
        known = before.get(family)
        made[family] = known if known and known.lines == tuple(some) else Piece.joined(some)
    return made


@cache
def _header(family: Family, form: Format) -> Piece:
    name = family.name.removesuffix("_total") if form is Format.OPENMETRICS else family.name
    return Piece.of(heading(name, family.help, family.kind))
