"""What is known of one account: an immutable snapshot, replaced as a whole, so that a scrape never sees a mixture.

Of a reading only what the page needs is kept: its lines, as text and deflated, and a few numbers. The samples that
they were rendered from are not; changes are detected by the fingerprints of the rendered lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from exporter.errors import PollError
from exporter.quota import AccountQuotas, Contributions, Ledger, Quota, Withheld, WithheldReason
from exporter.textformat.lines import RenderedFamilies
from exporter.vendors.reply import Diagnostics

AccountKey = tuple[str, str]
"""Vendor and name."""


@dataclass(frozen=True, slots=True)
class SliceState:
    """The state kept of one slice: what remains of its last good reading.

    Attributes:
        rendered: its sample lines.
        series: how many they are.
        dropped: how many series were left out because there were too many.
        diagnostics: what was noticed while it was read.
        as_of: the time that the vendor says the figures reach to (Unix time), if it does.
        quotas: those that it shows.
        contributions: what it adds to the quotas that the operator set on the account.
        matched: how many series each of these counts, by its name; of the account as a whole.
        withheld: quotas that are not shown.
        read_at: when it was read, Unix time.
        stale_at: when it is too old to be shown, monotonic.
        failure: the error of an item that keeps failing and was left out.

    """

    rendered: RenderedFamilies = field(default_factory=dict)
    series: int = 0
    dropped: int = 0
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    as_of: float | None = None
    quotas: tuple[Quota, ...] = ()
    contributions: Contributions = field(default_factory=dict)
    matched: Mapping[str, int] = field(default_factory=dict)
    withheld: Withheld = field(default_factory=dict)
    read_at: float = 0.0
    stale_at: float = 0.0
    failure: PollError | None = None

    @classmethod
    def from_totals(  # noqa: PLR0913 - what a state has
        cls,
        totals: AccountQuotas,
        rendered: RenderedFamilies,
        *,
        series: int,
        dropped: int,
        read_at: float,
        stale_at: float,
    ) -> Self:
        """Return the state of the quotas that the operator set on the account as a whole."""
        return cls(
            rendered,
            series,
            dropped,
            quotas=totals.quotas,
            matched=totals.matched,
            withheld=totals.withheld,
            read_at=read_at,
            stale_at=stale_at,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What we know of one account now. Immutable: a poll makes the next one.

    Times that are shown are Unix time; those that are only compared are of the monotonic clock.

    Attributes:
        slice_count: in how many slices the account is polled; 1 unless it has many customers.
        slices: of each slice, by its number, what is kept of its last good reading.
        account_state: the quotas that the operator set, made of all slices together.
        ledger: what the counters of quotas go on from; with a storage, it is stored.
        previous_slices: what was kept when the account was polled in other slices, shown until each of these was read.
        attempted_at: when the last poll began, Unix time.
        next_attempt_at: when the next poll will begin, Unix time.
        failures: how many polls in a row failed.
        failing_since: when the first of the polls began since which some slice failed, Unix time; None if none does.
        failing: the slices whose last poll failed.
        error: how the last failed poll of these failed, or None.
        polled: whether a poll has ended, well or not; a reading may be of a process before this one.

    """

    slice_count: int = 1
    slices: Mapping[int, SliceState] = field(default_factory=dict)
    account_state: SliceState | None = None
    ledger: Ledger = field(default_factory=Ledger)
    previous_slices: tuple[SliceState, ...] = ()
    attempted_at: float | None = None
    next_attempt_at: float | None = None
    failures: int = 0
    failing_since: float | None = None
    failing: frozenset[int] = frozenset()
    error: PollError | None = None
    polled: bool = False

    @property
    def up(self) -> bool:
        """Whether the last poll worked, of each slice, and for each item."""
        return self.polled and self.failure is None

    @property
    def failure(self) -> PollError | None:
        """How the last failed poll failed; else how an item keeps failing without which there are readings; or None."""
        return self.error or next((state.failure for state in self.slices.values() if state.failure), None)

    @property
    def read_at(self) -> float | None:
        """When the oldest of its readings was read, Unix time; None until there is one of every slice."""
        return min(state.read_at for state in self.slices.values()) if len(self.slices) == self.slice_count else None

    @property
    def has_reading(self) -> bool:
        """Whether there is any reading, however old."""
        return bool(self.slices or self.previous_slices)

    @property
    def series(self) -> int:
        """How many series are kept."""
        return sum(state.series for state in self._states())

    @property
    def dropped(self) -> int:
        """How many series are left out because there were too many."""
        return sum(state.dropped for state in self._states())

    @property
    def diagnostics(self) -> Diagnostics:
        """What was noticed in its readings."""
        diagnostics = Diagnostics()
        for state in self.slices.values():
            diagnostics.add(state.diagnostics)
        return diagnostics

    @property
    def matched(self) -> Mapping[str, int]:
        """How many series each quota counts that the operator set, of the account as a whole."""
        return self.account_state.matched if self.account_state else {}

    @property
    def withheld(self) -> Withheld:
        """The quotas that are not shown, and why."""
        found: Counter[tuple[str, WithheldReason]] = Counter()
        for state in self._states():
            found.update(state.withheld)
        return found

    def visible(self, now: float) -> list[SliceState]:
        """Return what is not stale at `now` (monotonic), in the order of the page."""
        previous_slices = [state for state in self.previous_slices if now < state.stale_at]
        return previous_slices or [state for state in self._states() if now < state.stale_at]

    def is_visible(self, now: float) -> bool:
        """Whether any reading is not stale at `now` (monotonic)."""
        return bool(self.visible(now))

    def is_stale(self, now: float) -> bool:
        """Whether any reading is stale at `now` (monotonic)."""
        return any(now >= state.stale_at for state in self._states())

    def with_slice_count(self, slice_count: int) -> Snapshot:
        """Return the snapshot for another number of slices; figures of the previous slicing stay visible meanwhile."""
        if slice_count == self.slice_count:
            return self
        previous_slices = self.previous_slices or tuple(self._states())
        return replace(
            self,
            slice_count=slice_count,
            slices={},
            account_state=None,
            ledger=self.ledger.unclaimed(),
            previous_slices=previous_slices,
            failing=frozenset(),
            failing_since=None,
            error=None,
        )

    def with_reading(
        self, number: int, state: SliceState, account_state: SliceState | None, ledger: Ledger | None = None
    ) -> Snapshot:
        """Return the snapshot with a slice's new state, the quotas over all slices, and the counters."""
        slices = dict(sorted({**self.slices, number: state}.items()))
        previous_slices = () if len(slices) == self.slice_count else self.previous_slices
        return replace(
            self,
            slices=slices,
            account_state=account_state,
            ledger=ledger or self.ledger,
            previous_slices=previous_slices,
        )

    def with_success(self, number: int) -> Snapshot:
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

    def with_failure(self, number: int, error: PollError) -> Snapshot:
        """Return the snapshot after a failed poll of a slice. The last good reading stays, and its time."""
        failing = self.failing | {number}
        since = self.attempted_at if self.failing_since is None else self.failing_since
        return replace(self, error=error, failing=failing, failing_since=since, failures=self.failures + 1, polled=True)

    def _states(self) -> Iterator[SliceState]:
        if self.account_state:
            yield self.account_state
        yield from self.slices.values()
