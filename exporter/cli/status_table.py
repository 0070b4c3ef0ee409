"""The status document as a table for a terminal: one line per quota, the most urgent first.

If there are many quotas, the least urgent quotas are counted instead of shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rich.text import Text

from exporter.cli.table import render_table
from exporter.status import words
from exporter.status.advice import advice_for
from exporter.status.document import AccountStatus, QuotaStatus, Status
from exporter.status.urgency import URGENT, rank

_FEW: Final = 20
"""The number of lines that fit on a screen. If the table has at most this many lines, every quota is shown."""
_COLORS: Final = {"used_up": "red", "critical": "red", "warning": "yellow", "unknown": "dim"}
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

_Line = tuple[AccountStatus, QuotaStatus | None]


def render(status: Status, *, show_all: bool = True, width: int | None = None, color: bool | None = None) -> str:
    """Return the document as text: a summary line, the table, and a line for each problem.

    Args:
        status: the document.
        show_all: whether to show every quota. If false and the table is long, only urgent quotas and each account's
            most urgent quota are shown.
        width: the width of the text in characters. By default, the terminal's width.
        color: whether to use colours. By default, colours are used if standard output is a terminal.

    """
    every = _lines(status.accounts)
    shown = every if show_all or len(every) <= _FEW else [*_worth_a_line(every)]
    hidden = len(every) - len(shown)
    folded = [Text(f"{hidden:,} more quota{'s'[: hidden != 1]} below warning: --all shows them", "dim")] * (hidden > 0)
    before = (Text(words.summary(status)), Text())
    return render_table(
        _COLUMNS, _rows(shown, status.now), (*folded, *_troubles(status)), before=before, width=width, color=color
    )


def _lines(accounts: Iterable[AccountStatus]) -> list[_Line]:
    """Return the table's lines: failing accounts first, then the most urgent quotas of all accounts."""
    lines: list[_Line] = []
    for account in accounts:
        lines += [(account, quota) for quota in account.quotas] or [(account, None)]
    return sorted(lines, key=_order)


def _order(line: _Line) -> tuple[object, ...]:
    account, quota = line
    return (
        account.state != "failing",
        account.state == "failing" and account.shown_until is not None,
        quota is None and account.state == "up",
        rank(quota)[:2] if quota else (-1, 0.0),
        account.vendor,
        account.account,
        rank(quota)[2:] if quota else (),
    )


def _worth_a_line(lines: Iterable[_Line]) -> Iterator[_Line]:
    """Yield each account's first line, and the lines of urgent quotas."""
    seen = set()
    for account, quota in lines:
        key = account.vendor, account.account
        if key not in seen or (quota is not None and quota.urgency in URGENT):
            seen.add(key)
            yield account, quota


def _rows(lines: Iterable[_Line], now: float) -> Iterator[list[Text]]:
    seen = set()
    for account, quota in lines:
        key = account.vendor, account.account
        cells = _account_cells(account, now)
        yield [
            *(cells if key not in seen else [*cells[:3], *(Text() for _ in cells[3:])]),
            *(_quota_cells(quota, now) if quota else (Text() for _ in _COLUMNS[len(cells) :])),
        ]
        seen.add(key)


def _account_cells(account: AccountStatus, now: float) -> list[Text]:
    style = {"failing": "red", "waiting": "dim"}.get(account.state, "green")
    return [
        Text(words.printable(account.vendor)),
        Text(words.printable(account.account)),
        Text(words.state(account, now), style),
        Text(words.span(now - account.read_at) if account.read_at is not None else ""),
        Text(words.span(account.next_poll_at - now) if account.next_poll_at is not None else ""),
        Text(f"{account.requests_per_day:,}" if account.requests_per_day is not None else ""),
    ]


def _quota_cells(quota: QuotaStatus, now: float) -> list[Text]:
    style = _COLORS.get(quota.urgency, "")
    unit = f" {words.printable(quota.unit)}" if quota.unit else ""
    return [
        Text(words.printable(quota.quota)),
        Text(words.printable(quota.whose)),
        Text(words.amount(quota.used) + unit),
        Text(words.amount(quota.limit) if quota.limit is not None else ""),
        Text(words.percent(quota.share), style),
        Text(words.span(quota.period_end - now) if quota.period_end is not None else ""),
        Text(words.lasts(quota, now), style),
    ]


def _troubles(status: Status) -> Iterator[Text]:
    """Yield a blank line, and a line for each problem that a person has to fix. Without problems, yield nothing."""
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
        message = words.printable(account.error or account.reason or "")
        who = f"{words.printable(account.vendor)}/{words.printable(account.account)}"
        yield Text(f"{who}: {message}; {shown}. {advice_for(account.reason)}")
