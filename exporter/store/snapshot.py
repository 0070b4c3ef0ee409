"""The state of one account: an immutable snapshot, replaced as a whole, so that no scrape sees a mixture of states.

Of a reading, a snapshot keeps only what the page needs: the deflated lines and a few numbers. The samples from which
the lines were rendered are not kept. Changes are detected by the fingerprints of the rendered lines.
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
"""An account's vendor and name."""


@dataclass(frozen=True, slots=True)
class SliceState:
    """What is kept of a slice's last good reading.

    Attributes:
        rendered: the slice's sample lines.
        series: the number of series.
        dropped: the number of series that were left out because there were too many series.
        diagnostics: what was noticed during the poll.
        as_of: the time up to which the figures are complete (Unix time); None if the vendor does not state this time.
        quotas: the quotas that are shown.
        contributions: the slice's contributions to configured quotas.
        matched: how many series of the whole account each configured quota counts, by the quota's name.
        withheld: the number of subjects that are not shown, by quota name and reason.
        read_at: when the slice was read, Unix time.
        stale_at: when the reading becomes too old to be shown, monotonic time.
        failure: the error of an item that keeps failing and was left out; None if there is no such item.

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
        """Return the state of the configured quotas, which count series of the whole account."""
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
    """The current state of one account. Immutable: each poll produces a new snapshot.

    Times that are shown are Unix time; times that are only compared are monotonic.

    Attributes:
        slice_count: the number of slices in which the account is polled; 1 unless the account has many customers.
        slices: the state of each slice's last good reading, by number.
        account_state: the state of the configured quotas, which count series of the whole account; None if the
            account has no configured quotas.
        ledger: the counters of quotas. If there is a storage, the counters are also stored in files.
        previous_slices: the states of the slices before their number changed. They are shown until every new slice has
            been read.
        attempted_at: when the last poll began, Unix time.
        next_attempt_at: when the next poll will begin, Unix time.
        failures: the number of consecutive failed polls.
        failing_since: when slices began to fail, Unix time; None if no slice is failing.
        failing: the slices whose last poll failed.
        error: the error of the last failed poll; None if no slice is failing.
        polled: whether this process has completed a poll, good or failed. Readings may come from an earlier process.

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
        """Whether the last poll of every slice succeeded, and no item was left out because it kept failing."""
        return self.polled and self.failure is None

    @property
    def failure(self) -> PollError | None:
        """The account's `error`, or else the error of an item that keeps failing and was left out, if any."""
        return self.error or next((state.failure for state in self.slices.values() if state.failure), None)

    @property
    def read_at(self) -> float | None:
        """The Unix time of the oldest reading. None until every slice has a reading."""
        return min(state.read_at for state in self.slices.values()) if len(self.slices) == self.slice_count else None

    @property
    def has_reading(self) -> bool:
        """Whether the snapshot has any reading, even a stale reading."""
        return bool(self.slices or self.previous_slices)

    @property
    def series(self) -> int:
        """The number of series in the snapshot."""
        return sum(state.series for state in self._states())

    @property
    def dropped(self) -> int:
        """The number of series that were left out because there were too many series."""
        return sum(state.dropped for state in self._states())

    @property
    def diagnostics(self) -> Diagnostics:
        """What was noticed in the readings."""
        diagnostics = Diagnostics()
        for state in self.slices.values():
            diagnostics.add(state.diagnostics)
        return diagnostics

    @property
    def matched(self) -> Mapping[str, int]:
        """How many series of the whole account each configured quota counts, by the quota's name."""
        return self.account_state.matched if self.account_state else {}

    @property
    def withheld(self) -> Withheld:
        """The number of subjects that are not shown, by quota name and reason."""
        found: Counter[tuple[str, WithheldReason]] = Counter()
        for state in self._states():
            found.update(state.withheld)
        return found

    def visible(self, now: float) -> list[SliceState]:
        """Return the states that are shown at the monotonic time `now`, in page order.

        Stale states are not shown. New slices are not shown while previous slices are shown.
        """
        previous_slices = [state for state in self.previous_slices if now < state.stale_at]
        return previous_slices or [state for state in self._states() if now < state.stale_at]

    def is_visible(self, now: float) -> bool:
        """Whether any reading is shown at the monotonic time `now`."""
        return bool(self.visible(now))

    def is_stale(self, now: float) -> bool:
        """Whether any reading is stale at the monotonic time `now`."""
        return any(now >= state.stale_at for state in self._states())

    def with_slice_count(self, slice_count: int) -> Snapshot:
        """Return the snapshot for another number of slices. Previous slices are shown until every new slice is read."""
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
        """Return the snapshot with a slice's new state, the state of account-wide quotas, and the counters."""
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
        """Return the snapshot after a failed poll of a slice. The last good reading and its time are kept."""
        failing = self.failing | {number}
        since = self.attempted_at if self.failing_since is None else self.failing_since
        return replace(self, error=error, failing=failing, failing_since=since, failures=self.failures + 1, polled=True)

    def _states(self) -> Iterator[SliceState]:
        if self.account_state:
            yield self.account_state
        yield from self.slices.values()
