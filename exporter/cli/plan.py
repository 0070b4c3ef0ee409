"""`usage-exporter check --plan`: estimates the number of requests that polling takes, without polling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from exporter.cli.table import render_table
from exporter.durations import write_duration
from exporter.vendors import Account

_HOUR: Final = 3600.0
_DAY: Final = 86_400.0
_COLUMNS: Final = (
    ("VENDOR", "left"),
    ("ACCOUNT", "left"),
    ("INTERVAL", "right"),
    ("SLICES", "right"),
    ("CALLS/POLL", "right"),
    ("CALLS/HOUR", "right"),
    ("CALLS/DAY", "right"),
    ("LIMIT", "right"),
    ("OF LIMIT", "right"),
)
_ABOUT: Final = (
    "CALLS is the maximum that the configuration allows; empty if it depends on the vendor's answers: once it runs,"
    " `usage-exporter status` shows them.\n"
)


def render_plan(accounts: Iterable[Account]) -> str:
    """Return the plan as text: a table with one line per account, and an explanation."""
    return render_table(_COLUMNS, map(plan_row, accounts)) + _ABOUT


def plan_row(account: Account) -> Sequence[str]:
    """Return an account's line, with one cell for each column."""
    calls = account.max_request_count
    rate = account.rate_limit or account.assumed_rate
    first = [account.vendor, account.name, write_duration(account.interval), str(account.slice_count)]
    limit = str(rate) if rate else ""
    if calls is None:
        return [*first, "", "", "", limit, ""]
    per_second = calls / account.estimate.seconds
    share = f"{per_second * rate.seconds / rate.requests:.0%}" if rate else ""
    return [*first, f"{calls:,}", f"{per_second * _HOUR:,.0f}", f"{per_second * _DAY:,.0f}", limit, share]
