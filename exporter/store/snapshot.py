"""What we know of one account: a snapshot that is replaced whole, so that a scrape sees one or the next.

Of a reading only what the page needs is kept: its lines, as text and deflated, and a few numbers. The samples that
they were made of are not; whether a figure changed is told from the lines' own marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from exporter.errors import PollError
from exporter.quota import Contributions, Ledger, Quota, Withheld, WithheldReason
from exporter.textformat.lines import Blocks
from exporter.vendors.reply import Notes

AccountKey = tuple[str, str]
"""Vendor and name."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is kept of a good reading of an account, or of one slice of it.

    Attributes:
        blocks: its sample lines.
        series: how many they are.
        dropped: how many series were left out because there were too many.
        notes: what was noticed while it was read.
        as_of: the time that the vendor says the figures reach to (Unix time), if it does.
        quotas: those that it shows.
        contributions: what it adds to the quotas that the operator set on the account.
        matched: how many series each of these counts, by its name; of the account as a whole.
        withheld: quotas that are not shown.
        read_at: when it was read, Unix time.
        stale_at: when it is too old to be shown, monotonic.

    """

    blocks: Blocks = field(default_factory=dict)
    series: int = 0
    dropped: int = 0
    notes: Notes = field(default_factory=Notes)
    as_of: float | None = None
    quotas: tuple[Quota, ...] = ()
    contributions: Contributions = field(default_factory=dict)
    matched: Mapping[str, int] = field(default_factory=dict)
    withheld: Withheld = field(default_factory=dict)
    read_at: float = 0.0
    stale_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What we know of one account now. Immutable: a poll makes the next one.

    Times that are shown are Unix time; those that are only compared are of the monotonic clock.

    Attributes:
        slices: in how many slices the account is polled; 1 unless it has many customers.
        parts: of each slice, by its number, what is kept of its last good reading.
        whole: the quotas that the operator set, made of all slices together.
        ledger: what the counters of quotas go on from; with a storage, it is stored.
        earlier: what was kept when the account was polled in other slices, shown until each of these was read.
        attempted_at: when the last poll began, Unix time.
        next_attempt_at: when the next poll will begin, Unix time.
        failures: how many polls in a row failed.
        failing_since: when the first of the polls began since which some slice failed, Unix time; None if none does.
        failing: the slices whose last poll failed.
        error: how the last failed poll of these failed, or None.
        polled: whether a poll has ended, well or not; a reading may be of a process before this one.

    """

    slices: int = 1
    parts: Mapping[int, Part] = field(default_factory=dict)
    whole: Part | None = None
    ledger: Ledger = field(default_factory=Ledger)
    earlier: tuple[Part, ...] = ()
    attempted_at: float | None = None
    next_attempt_at: float | None = None
    failures: int = 0
    failing_since: float | None = None
    failing: frozenset[int] = frozenset()
    error: PollError | None = None
    polled: bool = False

    @property
    def up(self) -> bool:
        """Whether the last poll worked, of each slice."""
        return self.polled and self.error is None

    @property
    def read_at(self) -> float | None:
        """When the oldest of its readings was read, Unix time; None until there is one of every slice."""
        return min(part.read_at for part in self.parts.values()) if len(self.parts) == self.slices else None

    @property
    def known(self) -> bool:
        """Whether there is any reading, however old."""
        return bool(self.parts or self.earlier)

    @property
    def series(self) -> int:
        """How many series are kept."""
        return sum(part.series for part in self._kept())

    @property
    def dropped(self) -> int:
        """How many series are left out because there were too many."""
        return sum(part.dropped for part in self._kept())

    @property
    def notes(self) -> Notes:
        """What was noticed in its readings."""
        notes = Notes()
        for part in self.parts.values():
            notes.add(part.notes)
        return notes

    @property
    def matched(self) -> Mapping[str, int]:
        """How many series each quota counts that the operator set, of the account as a whole."""
        return self.whole.matched if self.whole else {}

    @property
    def withheld(self) -> Withheld:
        """The quotas that are not shown, and why."""
        found: Counter[tuple[str, WithheldReason]] = Counter()
        for part in self._kept():
            found.update(part.withheld)
        return found

    def shown(self, now: float) -> list[Part]:
        """Return what is not too old to be shown at `now` (monotonic), in the order of the page."""
        earlier = [part for part in self.earlier if now < part.stale_at]
        return earlier or [part for part in self._kept() if now < part.stale_at]

    def shows(self, now: float) -> bool:
        """Whether there is a reading that is not too old to be shown at `now` (monotonic)."""
        return bool(self.shown(now))

    def is_stale(self, now: float) -> bool:
        """Whether there is a reading that is too old to be shown at `now` (monotonic)."""
        return any(now >= part.stale_at for part in self._kept())

    def sliced(self, slices: int) -> Snapshot:
        """Return the snapshot of the account polled in so many slices from now on."""
        if slices == self.slices:
            return self
        earlier = self.earlier or tuple(self._kept())
        return replace(
            self,
            slices=slices,
            parts={},
            whole=None,
            ledger=self.ledger.unclaimed(),
            earlier=earlier,
            failing=frozenset(),
            failing_since=None,
            error=None,
        )

    def read(self, number: int, part: Part, whole: Part | None, ledger: Ledger | None = None) -> Snapshot:
        """Return the snapshot with what is kept of a slice's new reading, the quotas of all slices, and counters."""
        parts = dict(sorted({**self.parts, number: part}.items()))
        earlier = () if len(parts) == self.slices else self.earlier
        return replace(self, parts=parts, whole=whole, ledger=ledger or self.ledger, earlier=earlier)

    def succeeded(self, number: int) -> Snapshot:
        """Return the snapshot after a good poll of a slice."""
        failing = self.failing - {number}
        return replace(
            self,
            error=self.error if failing else None,
            failing_since=self.failing_since if failing else None,
            failing=failing,
            failures=0,
            polled=True,
        )

    def failed(self, number: int, error: PollError) -> Snapshot:
        """Return the snapshot after a failed poll of a slice. The last good reading stays, and its time."""
        failing = self.failing | {number}
        since = self.attempted_at if self.failing_since is None else self.failing_since
        return replace(self, error=error, failing=failing, failing_since=since, failures=self.failures + 1, polled=True)

    def _kept(self) -> Iterator[Part]:
        if self.whole:
            yield self.whole
        yield from self.parts.values()
