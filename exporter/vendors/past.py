"""What the house and a vendor know of each other about times that are past: the counterpart of `Account.read`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Generic, TypeVar

from exporter.metrics import Family, Item
from exporter.vendors.account import Account
from exporter.vendors.poll import Poll

DAY: Final = timedelta(days=1)

AccountT = TypeVar("AccountT", bound=Account)


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days (UTC), from the first midnight up to the last one.

    Attributes:
        first: when the first of them begins.
        last: when the last of them begins.

    """

    first: datetime
    last: datetime

    def __iter__(self) -> Iterator[datetime]:
        day = self.first
        while day <= self.last:
            yield day
            day += DAY

    def __len__(self) -> int:
        return max(0, (self.last - self.first) // DAY + 1)


class Past(ABC, Generic[AccountT]):
    """An account's past, read moment by moment in the order of time.

    A vendor tells whole days. What a day ended with is known from its end on: at a midnight, figures are those of the
    day that ended with it.

    Attributes:
        account: whose past it is.
        days: those that are written; the first midnight's figures are those of the day before.
        asked_at: when the vendor was asked; of that day nothing is known yet.

    """

    families: ClassVar[tuple[Family, ...]]
    """What the vendor tells of the past."""

    def __init__(self, account: AccountT, days: Days, asked_at: datetime) -> None:
        self.account = account
        self.days = days
        self.asked_at = asked_at

    @property
    @abstractmethod
    def requests(self) -> int:
        """How many requests all of it takes, about."""

    async def moments(self, poll: Poll, day: datetime) -> Sequence[datetime]:  # noqa: ARG002 - vendors look there
        """Return the moments of a day from which on figures are others, in their order; the first is its midnight.

        Raises:
            PollError: the vendor does not tell.

        """
        return (day,)

    @abstractmethod
    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the account's usage as of `poll.now`, the last second before a moment.

        Raises:
            PollError: the reading is not whole, so there is none.

        """
