"""What we know of each account: snapshots that are replaced whole, so that a scrape sees one or the next.

A reading is checked when it arrives, not when it is scraped: every value
finite, no series twice, labels fit for a page, no more series than allowed. Its
quotas are made of all of it, and are the last that would be left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from exporter.errors import PollError
from exporter.metrics import Family, Sample, clean_label
from exporter.quota import NO_QUOTAS, Quotas
from exporter.vendors.reply import Notes

AccountKey = tuple[str, str]
"""Vendor and name."""

Blocks = Mapping[Family, bytes]
"""One account's sample lines of each family, ready for the page."""

Measure = Callable[[Sequence[Sample]], Quotas]
"""From the samples of a reading to its quotas."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one good poll brought.

    Attributes:
        samples: checked, those of quotas first; a series once.
        dropped: how many series were left out because there were too many.
        notes: what was noticed while it was read.
        as_of: the time that the vendor says the figures reach to (Unix time), if it does.
        quotas: its quotas, and what the next reading's need to know of them.

    """

    samples: tuple[Sample, ...]
    dropped: int = 0
    notes: Notes = field(default_factory=Notes)
    as_of: float | None = None
    quotas: Quotas = NO_QUOTAS

    @classmethod
    def checked(
        cls,
        samples: Iterable[Sample],
        max_series: int,
        notes: Notes | None = None,
        as_of: float | None = None,
        measure: Measure = lambda _: NO_QUOTAS,
    ) -> Reading:
        """Return a reading of samples that are fit for the page, and its quotas; what is left out is noted."""
        notes = notes or Notes()
        figures = sorted(_fit(samples, notes), key=lambda sample: (sample.family.name, sample.labels))
        quotas = measure(figures)
        # A quota's families stay together: one without its limit would say less than none.
        shown = sorted(_fit(quotas.samples, notes), key=lambda sample: sample.labels) + figures
        return cls(tuple(shown[:max_series]), max(0, len(shown) - max_series), notes, as_of, quotas)


def _fit(samples: Iterable[Sample], notes: Notes) -> Iterable[Sample]:
    series: dict[tuple[Family, tuple[str, ...]], Sample] = {}
    for sample in samples:
        labels = tuple(map(clean_label, sample.labels))
        if not math.isfinite(sample.value):
            notes.skipped["value"] += 1
            continue
        if (sample.family, labels) in series:
            notes.skipped["duplicate"] += 1
        series[sample.family, labels] = replace(sample, labels=labels)
    return series.values()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What we know of one account now. Immutable: a poll makes the next one.

    Times that are shown are Unix time; those that are only compared are of the monotonic clock.

    Attributes:
        reading: the last good one, if there was one.
        blocks: its sample lines.
        read_at: when it was stored, Unix time.
        stale_at: when it is too old to be shown, monotonic.
        attempted_at: when the last poll began, Unix time.
        next_attempt_at: when the next poll will begin, Unix time.
        failures: how many polls in a row failed.
        error: how the last poll failed, or None.
        polled: whether a poll has ended, well or not; a reading may be of a process before this one.

    """

    reading: Reading | None = None
    blocks: Blocks = field(default_factory=dict)
    read_at: float | None = None
    stale_at: float = 0.0
    attempted_at: float | None = None
    next_attempt_at: float | None = None
    failures: int = 0
    error: PollError | None = None
    polled: bool = False

    @property
    def up(self) -> bool:
        """Whether the last poll worked."""
        return self.polled and self.error is None

    def failed(self, error: PollError) -> Snapshot:
        """Return the snapshot after a failed poll. The last good reading stays, and its time."""
        return replace(self, error=error, failures=self.failures + 1, polled=True)

    def is_stale(self, now: float) -> bool:
        """Whether the reading is too old to be shown at `now` (monotonic)."""
        return now >= self.stale_at

    def shows(self, now: float) -> bool:
        """Whether there is a reading, and it is not too old to be shown at `now` (monotonic)."""
        return self.reading is not None and not self.is_stale(now)


Render = Callable[[str, Iterable[Sample]], Blocks]
"""From an account's name and its samples to its sample lines."""


class Store:
    """One snapshot for each account. Each assignment replaces one whole."""

    def __init__(self, accounts: Iterable[AccountKey], render: Render) -> None:
        self._snapshots: dict[AccountKey, Snapshot] = dict.fromkeys(accounts, _UNKNOWN)
        self._render = render

    def __getitem__(self, key: AccountKey) -> Snapshot:
        return self._snapshots[key]

    def __iter__(self) -> Iterator[tuple[AccountKey, Snapshot]]:
        """Yield accounts with their snapshots, in the order of the configuration."""
        return iter(list(self._snapshots.items()))

    def adopt(self, accounts: Iterable[AccountKey]) -> None:
        """Keep what is known of these accounts, in their order, and nothing of any other."""
        self._snapshots = {key: self._snapshots.get(key, _UNKNOWN) for key in accounts}

    def forget(self, key: AccountKey) -> None:
        """Know nothing of an account from now on until it is polled."""
        self._snapshots[key] = _UNKNOWN

    def attempted(self, key: AccountKey, at: float) -> None:
        """Note that a poll began at `at` (Unix time)."""
        self._snapshots[key] = replace(self[key], attempted_at=at)

    def scheduled(self, key: AccountKey, at: float) -> None:
        """Note that the next poll will begin at `at` (Unix time)."""
        self._snapshots[key] = replace(self[key], next_attempt_at=at)

    def succeeded(self, key: AccountKey, reading: Reading, read_at: float, stale_at: float) -> None:
        """Show a new reading, rendered here and not when it is scraped."""
        self.restored(key, reading, read_at, stale_at)
        self._snapshots[key] = replace(self[key], failures=0, error=None, polled=True)

    def restored(self, key: AccountKey, reading: Reading, read_at: float, stale_at: float) -> None:
        """Show a reading that an earlier process left, until it is stale or there is a newer one."""
        blocks = self._render(key[1], reading.samples)
        self._snapshots[key] = replace(self[key], reading=reading, blocks=blocks, read_at=read_at, stale_at=stale_at)

    def failed(self, key: AccountKey, error: PollError) -> None:
        """Keep the last good reading, and note how the poll failed."""
        self._snapshots[key] = self[key].failed(error)

    @property
    def ready(self) -> bool:
        """Whether every account was tried once."""
        return all(snapshot.polled for snapshot in self._snapshots.values())


_UNKNOWN: Final = Snapshot()
