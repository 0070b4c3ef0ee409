"""Items that a poll asks about one by one, some at once, and what is remembered of those that fail.

One that keeps failing while others answer costs the reading only itself after some polls. Before that its failure is
the whole poll's, so that the last good reading stands, which has the item still. What failed in the poll before is
asked about last: then it is known whether the others answer.
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
"""Polls in which an item failed, others answered, and the last reading stands: those after the first failure."""
_OF_ALL: Final = (RateLimited, SecretUnreadable)
"""Failures that say nothing of the item that was asked about."""
_EVERY: Final = object()
"""Stands for all items of a kind."""

_ItemT = TypeVar("_ItemT", bound=Hashable)


@dataclass(slots=True)
class Streak:
    """Failures of an item in a row: since when, in how many polls others answered, and whether it is given up."""

    since: datetime
    polls: int = 0
    is_over: bool = False


Streaks = dict[Hashable, Streak]
"""By item; what is kept of one kind of items from poll to poll."""


class Trial(Generic[_ItemT]):
    """Items of one kind that one poll asks about.

    Args:
        items: what is asked about.
        streaks: what failed in the polls before.
        now: when the poll began.
        patience: for how many seconds an item must have failed before it is given up; 0 where no earlier reading can
            stand for this one, so that the first poll is enough in which others answer.
        is_extra: whether the poll has an answer already that does not depend on these items.

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
        """Note that the vendor answered."""
        self._answered += 1
        self._streaks.pop(item, None)
        self._streaks.pop(_EVERY, None)

    def goes_on(self, item: _ItemT, error: PollError) -> bool:
        """Note a failure, and return whether the other items are asked about all the same.

        After a first failure they are not: it may be the vendor's as a whole. In the next poll they are, as long as
        more answer than fail.
        """
        if isinstance(error, _OF_ALL):
            return False
        self.failed[item] = error
        if item in self._streaks:
            return self._others_answer or len(self.failed) == 1
        self._streaks[item] = Streak(self._now)
        return self._is_probing and len(self.failed) <= 1 + self._answered + self._is_extra

    def failure_of_all(self) -> PollError | None:
        """Return how the whole poll failed, after all were asked; None where those that failed are given up."""
        if not self._others_answer:
            return next(iter(self.failed.values()), None)
        for item in self.failed:
            self._streaks[item].polls += 1
        standing = [error for item, error in self.failed.items() if not self._is_over(self._streaks[item])]
        return standing[0] if standing else None

    def gives_up_all(self, error: PollError) -> bool:
        """Note that not all were asked because of an error, and return whether all of them are given up.

        They are if they are extras, and none of them has answered for so long.
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
    """Work on each item, at most `MAX_IN_FLIGHT` at once; the first error ends the rest and is raised as it is.

    Of n items the k-th is not begun before k/n of `spread`, in seconds.
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
    """Return why an item is left out of the reading, or None where its failure is the poll's."""
    if isinstance(error, absent_errors):
        return "gone"
    if isinstance(error, Malformed):
        return "schema"
    return "refused" if not needed and (not error.transient or isinstance(error, Refused)) else None
