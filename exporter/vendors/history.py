"""Past usage of an account, for backfilling. `Past.read` is the counterpart of `Account.read`."""

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
    """A range of whole days (UTC), including the first and the last day.

    Attributes:
        first: the start of the first day.
        last: the start of the last day.

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
    """An account's past usage. It is read for one point in time after another, beginning with the oldest.

    Vendors report whole days, and a day's final figures are known only after the day has ended. Therefore, the figures
    at a midnight are the final figures of the day that has just ended.

    Attributes:
        account: the account.
        days: the days to write. The figures at the first midnight belong to the day before `days.first`.
        asked_at: the time at which the past is requested. The day of this time has no figures yet.

    """

    families: ClassVar[tuple[Family, ...]]
    """The families whose past the vendor reports."""

    def __init__(self, account: AccountT, days: Days, asked_at: datetime) -> None:
        self.account = account
        self.days = days
        self.asked_at = asked_at

    @property
    @abstractmethod
    def requests(self) -> int:
        """The approximate number of requests for the whole past."""

    async def moments(self, poll: Poll, day: datetime) -> Sequence[datetime]:  # noqa: ARG002 - vendors look there
        """Return, in order, the times in a day at which figures change. The first time is midnight at the day's start.

        Raises:
            PollError: the vendor's answer cannot be obtained.

        """
        return (day,)

    @abstractmethod
    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the account's usage as of `poll.now`, which is one second before one of the `moments`.

        Raises:
            PollError: the reading would be incomplete.

        """
