"""Turns a vendor's dated replies about an account into files, using the same functions that make the metrics page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final, TypeVar

import anyio

from exporter.errors import PollError, Refused
from exporter.history.answers import Answers
from exporter.history.folder import Folder
from exporter.history.samples import COUNTERS, DaySamples, Shown, data_timestamp
from exporter.metrics import Family
from exporter.metrics.own import DATA_TIMESTAMP
from exporter.polling.backoff import next_delay
from exporter.polling.pipeline import PollResult, ProcessedPoll, process
from exporter.store.snapshot import Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.textformat.lines import label_pairs
from exporter.vendors import Account
from exporter.vendors.history import Past
from exporter.vendors.poll import MOST_ITEMS, Poll, Slice

_TRIES: Final = 6
"""The number of consecutive transient failures after which the history is given up."""
_LONGEST_WAIT_SECONDS: Final = 900.0
_MOST_ITEMS: Final = 100 * MOST_ITEMS
"""The maximum number of items for one point in time. These items may come from a month of daily requests."""
_SECOND: Final = timedelta(seconds=1)

T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """The outcome of an account's history.

    Attributes:
        files: the number of days written.
        left_out: descriptions of figures that the vendor did not provide, or that were inconsistent.

    """

    files: int = 0
    left_out: set[str] = field(default_factory=set)


class AccountHistory:
    """Reads an account's history in chronological order, and writes one file for each day."""

    def __init__(self, account: Account, past: Past[Any], answers: Answers, folder: Folder) -> None:
        self._account = account
        self._past = past
        self._answers = answers
        self._folder = folder
        self._cache: dict[str, tuple[datetime, Any]] = {}
        self._snapshot = Snapshot(account.slice_count)
        self._last: dict[int, tuple[ProcessedPoll, datetime]] = {}
        self.outcome = Outcome()

    async def write(self, on_day: Callable[[datetime], None]) -> None:
        """Write a file for each day that has figures, unless the file exists. After each day, call `on_day`.

        Raises:
            PollError: a request failed. The files of finished days are kept.
            Unanswered: a request failed in a way that only a person can fix.
            OSError: a file cannot be written.

        """
        plan, account = self._folder.plan, self._account
        for day in plan.days:
            samples, times = DaySamples(plan.labels), plan.times(day)
            for moment in await self._moments(day):
                if moment <= plan.end:
                    await self._read(moment)
                    step = math.ceil((moment - day).total_seconds() / plan.step)
                    samples.show(step, self._shown(moment))
            is_there = self._folder.write(self._folder.file(account, day), samples.text(times))
            self.outcome.files += is_there
            on_day(day)

    def stored(self) -> Mapping[int, StoredReading]:
        """Return each slice's last reading in the form in which the exporter stores readings.

        With these readings, the exporter can continue the counters.
        """
        return {
            number: StoredReading(
                asked_at.timestamp(),
                processed.state.read_at,
                processed.figures,
                processed.state.quotas,
                processed.state.contributions,
                self._snapshot.ledger.slice_part(
                    number,
                    (one.id for one in self._snapshot.account_state.quotas) if self._snapshot.account_state else (),
                ),
                processed.state.as_of,
                processed.state.dropped,
            )
            for number, (processed, asked_at) in self._last.items()
        }

    async def _moments(self, day: datetime) -> list[datetime]:
        async def asked() -> list[datetime]:
            return list(await self._past.moments(self._poll(day, 0), day))

        return await self._patiently(asked)

    async def _read(self, moment: datetime) -> None:
        """Read all slices as of a point in time."""
        for number in range(self._account.slice_count):

            async def read(number: int = number) -> PollResult:
                poll = self._poll(moment, number)
                items = await self._past.read(poll)
                as_of = (poll.as_of or moment).timestamp()
                at = poll.now.timestamp()
                return PollResult(
                    number, chain(items, poll.unreadable), poll.diagnostics, as_of, poll.now, at, math.inf
                )

            result = await self._patiently(read)
            processed = process(self._account, result, self._snapshot)
            self._snapshot = self._snapshot.with_reading(
                number, processed.state, processed.account_state, processed.ledger
            )
            self._last[number] = processed, result.asked_at
            self.outcome.left_out |= result.diagnostics.left_out

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the function `ask`.

        After a transient failure, wait as long as the exporter waits after a failed poll, then call `ask` again.
        """
        failures, answered = 0, self._answers.count
        while True:
            try:
                return await ask()
            except PollError as error:
                failures = failures + 1 if self._answers.count == answered else 1
                answered = self._answers.count
                if isinstance(error, Refused):
                    self._answers.doubt(error.asked)
                if not error.transient or failures >= _TRIES:
                    raise
                await anyio.sleep(next_delay(_LONGEST_WAIT_SECONDS, 0.0, failures, error))

    def _poll(self, moment: datetime, number: int) -> Poll:
        """Return a poll as of the last second before a point in time."""
        part = Slice(number, self._account.slice_count)
        return Poll(self._answers, moment - _SECOND, self._cache, slice=part, most_items=_MOST_ITEMS)

    def _shown(self, moment: datetime) -> Shown:
        found: dict[Family, list[str]] = defaultdict(list)
        parts = self._snapshot.visible(0.0)
        for part in parts:
            for family, lines in part.rendered.items():
                if isinstance(family, Family) and (self._folder.plan.counters or family not in COUNTERS):
                    found[family].append(lines.text.decode())
        if any(found.values()):
            as_of = min((part.as_of for part in parts if part.as_of is not None), default=moment.timestamp())
            found[DATA_TIMESTAMP] = [data_timestamp(*self._account.key, as_of, label_pairs(self._account.labels))]
        return {family: "".join(lines) for family, lines in found.items()}
