"""An account's recent polls, with the requests and results that pages show to people."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exporter.errors import PollError
from exporter.store.reading import Reading

_KEPT_POLLS: Final = 20
_MOST_DRIFT: Final = 20


@dataclass(frozen=True, slots=True)
class PollRecord:
    """One poll of an account, or of one of its slices.

    Attributes:
        began_at: when the poll began, in Unix time.
        seconds: the duration of the poll.
        codes: the number of requests by HTTP status; `none` counts requests without an answer.
        series: the number of series in the reading; None if the poll failed.
        drift: the fields that deviated from the vendor's documentation, and how they deviated.
        error: the error of a failed poll; None if the poll succeeded.

    """

    began_at: float
    seconds: float
    codes: Mapping[str, int]
    series: int | None = None
    drift: tuple[str, ...] = ()
    error: PollError | None = None

    @property
    def requests(self) -> int:
        """The number of requests, including retries."""
        return sum(self.codes.values())


class PollHistory:
    """The recent polls of an account.

    Attributes:
        count: the number of polls so far, including polls that are no longer remembered.
        failure_count: the number of failed polls so far.

    """

    def __init__(self) -> None:
        self.count = 0
        self.failure_count = 0
        self._codes: Counter[str] = Counter()
        self._records: deque[PollRecord] = deque(maxlen=_KEPT_POLLS)

    def requested(self, code: str) -> None:
        """Record a request of the poll in progress. The `code` is the HTTP status, or `none` if unanswered."""
        self._codes[code] += 1

    def ended(self, at: float, seconds: float, outcome: Reading | PollError) -> PollRecord:
        """Record a poll that ended at the Unix time `at`, and return the poll's record."""
        self.count += 1
        self.failure_count += isinstance(outcome, PollError)
        codes, self._codes = dict(sorted(self._codes.items())), Counter()
        if isinstance(outcome, PollError):
            record = PollRecord(at - seconds, seconds, codes, error=outcome)
        else:
            drift = sorted(f"{field} {kind}" for field, kind in outcome.diagnostics.drift)[:_MOST_DRIFT]
            record = PollRecord(at - seconds, seconds, codes, outcome.series, tuple(drift))
        self._records.appendleft(record)
        return record

    @property
    def records(self) -> tuple[PollRecord, ...]:
        """The remembered polls, the newest first."""
        return tuple(self._records)
