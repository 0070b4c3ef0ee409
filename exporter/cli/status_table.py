"""The status document as a table for a terminal: a line for each quota, the accounts in the document's order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from exporter.cli.table import render_table
from exporter.status import words
from exporter.status.advice import advice_for
from exporter.status.document import AccountStatus, QuotaStatus, Status

_CRITICAL_SHARE: Final = 0.95
_COLUMNS: Final = (
    ("VENDOR", "left"),
    ("ACCOUNT", "left"),
    ("STATE", "left"),
    ("AGE", "right"),
    ("NEXT", "right"),
    ("CALLS/DAY", "right"),
    ("QUOTA", "left"),
    ("SUBJECT", "left"),
    ("USED", "right"),
    ("LIMIT", "right"),
    ("USED%", "right"),
    ("RESETS", "right"),
    ("LASTS UNTIL", "left"),
)


def render(status: Status, *, width: int | None = None, color: bool | None = None) -> str:
    """Return the document as text: the table, what fails in words, and a line that sums it up.

    Args:
        status: the document.
        width: in characters; if not given, the terminal's.
        color: whether to use colours; if not given, whether standard output is a terminal.

    """
    rows = (row for account in status.accounts for row in _rows(account, status.now))
    after = (*_troubles(status), Text(words.summary(status)))
    return render_table(_COLUMNS, rows, after, width=width, color=color)


def _rows(account: AccountStatus, now: float) -> Iterator[list[Text]]:
    style = {"failing": "red", "waiting": "dim"}.get(account.state, "green")
    first = [
        Text(words.printable(account.vendor)),
        Text(words.printable(account.account)),
        Text(words.state(account, now), style),
        Text(words.span(now - account.read_at) if account.read_at is not None else ""),
        Text(words.span(account.next_poll_at - now) if account.next_poll_at is not None else ""),
        Text(f"{account.requests_per_day:,}" if account.requests_per_day is not None else ""),
    ]
    if not account.quotas:
        yield [*first, *(Text() for _ in _COLUMNS[len(first) :])]
    for number, quota in enumerate(account.quotas):
        again = [*first[:3], *(Text() for _ in first[3:])] if number else first
        yield [*again, *_quota_cells(quota, now)]


def _quota_cells(quota: QuotaStatus, now: float) -> list[Text]:
    share = quota.share
    bad = quota.outlook == "used_up" or (share is not None and share > _CRITICAL_SHARE)
    style = "red" if bad else "yellow" if share is not None and share > words.HIGH_SHARE else ""
    unit = f" {words.printable(quota.unit)}" if quota.unit else ""
    return [
        Text(words.printable(quota.quota)),
        Text(words.printable(quota.whose)),
        Text(words.amount(quota.used) + unit),
        Text(words.amount(quota.limit) if quota.limit is not None else ""),
        Text(words.percent(share), style),
        Text(words.span(quota.period_end - now) if quota.period_end is not None else ""),
        Text(words.lasts(quota, now), style),
    ]


def _troubles(status: Status) -> Iterator[Text]:
    """Yield a blank line, then a line for each problem that a person has to fix."""
    failing = [account for account in status.accounts if account.state == "failing"]
    if failing or not status.configuration.accepted:
        yield Text()
    for problem in status.configuration.problems:
        yield Text(f"configuration refused: {words.printable(problem)}", "red")
    for account in failing:
        shown = (
            f"figures are withdrawn {words.until(account.shown_until, status.now)}"
            if account.shown_until is not None
            else "no figures are shown"
        )
        said = words.printable(account.error or account.reason or "")
        who = f"{words.printable(account.vendor)}/{words.printable(account.account)}"
        yield Text(f"{who}: {said}; {shown}. {advice_for(account.reason)}")
