"""Writes the history of an account as fast as the account's rate limit allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exporter.client.client import Client
from exporter.client.connections import Transport
from exporter.client.rate_limit import RateLimiter, StatedLimit, seconds_apart
from exporter.errors import PollError
from exporter.history.account import AccountHistory, Outcome
from exporter.history.answers import Answers, Unanswered
from exporter.history.folder import Folder
from exporter.metrics import Family
from exporter.store.files import Storage
from exporter.vendors import PASTS, Account
from exporter.vendors.history import Past


class Requests:
    """Counts the requests that are sent."""

    def __init__(self) -> None:
        self.sent = 0

    def on_request(self, code: str, seconds: float) -> None:  # noqa: ARG002 - only the number of requests matters
        """Count a request."""
        self.sent += 1

    def on_token_refreshed(self) -> None:
        """Do nothing: the request for the sign-in has already been counted."""

    def on_stated_limit(self, stated: StatedLimit) -> None:
        """Do nothing: the rate limiter already applies the limit that the vendor states."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an account's history ended.

    Attributes:
        account: the account.
        outcome: what was written.
        error: the error that ended the history; None if the history is complete.
        handed_over: whether the final counters were stored for the exporter; None if storing was not attempted.

    """

    account: Account
    outcome: Outcome
    error: PollError | None = None
    handed_over: bool | None = None


def past_of(account: Account, folder: Folder) -> Past[Any]:
    """Return the reader of an account's past figures."""
    plan = folder.plan
    return PASTS[account.vendor](account, plan.days, plan.asked_at)


def undated(account: Account) -> Iterator[Family]:
    """Yield the families that an account reports now, but that its vendor does not report for the past."""
    dated = PASTS[account.vendor].families
    for family in account.reported:
        options = [option.strip() for option in family.option.split(",") if option]
        is_on = not options or any(getattr(account, option, None) for option in options)
        if is_on and family not in dated:
            yield family


def seconds_at_least(account: Account, requests: int) -> float:
    """Return the minimum time, in seconds, that a number of requests takes at the known rate limit."""
    return requests * seconds_apart(account.rate_limit, account.assumed_rate, account.rate_share)


async def write_history(  # noqa: PLR0913, PLR0917 - the account, and what its history needs
    account: Account,
    folder: Folder,
    requests: Requests,
    on_day: Callable[[datetime], None],
    storage: Storage | None = None,
    transport: Transport | None = None,
) -> Ended:
    """Write an account's history. Answers that are already cached are not requested again.

    Args:
        account: the account.
        folder: where to write the history.
        requests: counts the requests.
        on_day: called after each finished day.
        storage: the exporter's storage folder. The final counters are stored there, unless the folder already has
            data of the account.
        transport: used instead of the network.

    Raises:
        OSError: a file cannot be written.

    """
    if folder.is_complete(account):
        return Ended(account, Outcome(folder.files(account)))
    limiter = RateLimiter(account.rate_limit, account.assumed_rate, account.rate_share)
    async with Client(account.endpoint, limiter, requests, transport) as client:
        with Answers(folder.answers(account), client) as answers:
            history = AccountHistory(account, past_of(account, folder), answers, folder)
            try:
                await history.write(on_day)
            except PollError as error:
                return Ended(account, history.outcome, error)
            except Unanswered as unanswered:
                return Ended(account, history.outcome, unanswered.error)
    handed_over = None if storage is None else _handed_over(account, history, storage)
    folder.complete(account)
    answers.forget()
    return Ended(account, history.outcome, handed_over=handed_over)


def _handed_over(account: Account, history: AccountHistory, storage: Storage) -> bool:
    """Store the final counters for the exporter. If the storage has data of the account, return False instead."""
    known = storage.read(account)
    if known.readings or known.ledger.totals or known.invalid or known.errors:
        return False
    for number, stored in history.stored().items():
        storage.write(account, number, stored)
    return True
