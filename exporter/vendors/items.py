"""Items that a poll requests one by one, and the record of the items that fail.

An item that keeps failing while other items are answered is left out of the reading after some polls. Until then, the
item's failure makes the whole poll fail, and the last good reading, which still has the item, is kept. Items that
failed in the previous poll are requested last, by which time it is known whether the vendor answers about other items.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

import anyio

from exporter.client.rate_limit import MAX_IN_FLIGHT
from exporter.errors import Malformed, PollError, RateLimited, Refused, SecretUnreadable
from exporter.vendors.reply import SkipReason

_PATIENT_POLLS: Final = 2
"""The number of polls that an item may cause to fail before it can be given up, if other items are answered."""
_OF_ALL: Final = (RateLimited, SecretUnreadable)
"""Failures that concern the vendor or the account, not a single item."""
_EVERY: Final = object()
"""The key, in `Streaks`, of the common streak of all items of a kind."""

_ItemT = TypeVar("_ItemT", bound=Hashable)


@dataclass(slots=True)
class Streak:
    """Consecutive failures of an item.

    Attributes:
        since: the time of the first failure.
        polls: the number of polls in which the item failed while other items were answered.
        is_over: whether the item has been given up.

    """

    since: datetime
    polls: int = 0
    is_over: bool = False


Streaks = dict[Hashable, Streak]
"""The failure streaks of the items of one kind, by item. The streaks are kept from poll to poll."""


class Trial(Generic[_ItemT]):
    """One poll's requests for the items of one kind.

    Args:
        items: the items to ask about.
        streaks: the items' failure streaks from previous polls, which are updated in place.
        now: the start of the poll.
        patience: for how many seconds an item must have been failing before the item is given up; 0 if no earlier
            reading can be shown meanwhile. With 0, an item is given up after one poll in which other items are
            answered.
        is_extra: whether the items are optional. The poll can succeed without optional items.

    """

    def __init__(
        self, items: Iterable[_ItemT], streaks: Streaks, now: datetime, patience: float, *, is_extra: bool
    ) -> None:
        self.items = list(items)
        self.failed: dict[_ItemT, PollError] = {}
        for item in streaks.keys() - {*self.items, _EVERY}:
            del streaks[item]
        self._is_probing = bool(streaks)
        self._streaks = streaks
        self._now, self._patience = now, patience
        self._is_extra, self._answered = is_extra, 0
        self.fresh = [item for item in self.items if item not in streaks]
        self.doubted = [item for item in self.items if item in streaks]

    def answered(self, item: _ItemT) -> None:
        """Record that the vendor answered about an item."""
        self._answered += 1
        self._streaks.pop(item, None)
        self._streaks.pop(_EVERY, None)

    def goes_on(self, item: _ItemT, error: PollError) -> bool:
        """Record a failure, and return whether to try the other items.

        The first failure ends the poll, since the vendor as a whole may be failing. If some items already failed in
        earlier polls, the poll continues after a failure, unless too few other items are answered.
        """
        if isinstance(error, _OF_ALL):
            return False
        self.failed[item] = error
        if item in self._streaks:
            return self._others_answer or len(self.failed) == 1
        self._streaks[item] = Streak(self._now)
        return self._is_probing and len(self.failed) <= 1 + self._answered + self._is_extra

    def failure_of_all(self) -> PollError | None:
        """Return the failure that makes the whole poll fail. Call this after all items have been tried.

        Returns None if no item failed, or if every failed item is given up.
        """
        if not self._others_answer:
            return next(iter(self.failed.values()), None)
        for item in self.failed:
            self._streaks[item].polls += 1
        standing = [error for item, error in self.failed.items() if not self._is_over(self._streaks[item])]
        return standing[0] if standing else None

    def gives_up_all(self, error: PollError) -> bool:
        """Record that an error ended the poll early, and return whether all items are now given up.

        Only optional items are given up together. If none of them is answered, all are given up after about the time
        that it takes to give up one item.
        """
        if not self._is_extra or self._answered or not self.failed:
            return False
        if _EVERY not in self._streaks:
            self._streaks[_EVERY] = Streak(self._now)
            return False
        streak = self._streaks[_EVERY]
        streak.polls += 1
        self.failed = {item: self.failed.get(item, error) for item in self.items}
        return self._is_over(streak)

    @property
    def _others_answer(self) -> bool:
        return self._is_extra or self._answered > 0

    def _is_over(self, streak: Streak) -> bool:
        polls = _PATIENT_POLLS if self._patience else 0
        is_over = streak.polls > polls and (self._now - streak.since).total_seconds() >= self._patience
        streak.is_over = streak.is_over or is_over
        return streak.is_over


async def concurrently(items: Sequence[_ItemT], work: Callable[[_ItemT], Awaitable[None]], spread: float) -> None:
    """Call the function `work` for each item, with at most `MAX_IN_FLIGHT` calls at once.

    The first error cancels the remaining calls, and is raised. The starts of the calls are spread over `spread`
    seconds. Of n items, the call for item k (counted from 0) starts when at least k/n of this time has passed.
    """
    began, queue = anyio.current_time(), enumerate(items)
    errors: list[Exception | SystemExit] = []

    async def worker() -> None:
        try:
            for index, item in queue:
                if spread:
                    await anyio.sleep_until(began + spread * index / len(items))
                await work(item)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raised again below, out of the group of tasks
            errors.append(error)
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for _ in range(min(MAX_IN_FLIGHT, len(items))):
            tasks.start_soon(worker)
    if errors:
        raise errors[0]


def skip_reason(error: PollError, absent_errors: tuple[type[PollError], ...], *, needed: bool) -> SkipReason | None:
    """Return the reason to leave a failed item out of the reading. Returns None if the failure makes the poll fail."""
    if isinstance(error, absent_errors):
        return "gone"
    if isinstance(error, Malformed):
        return "schema"
    return "refused" if not needed and (not error.transient or isinstance(error, Refused)) else None
