"""The table of the exporter's accounts."""

from __future__ import annotations

from dataclasses import replace

from grafana.source.board import PanelBuilder
from grafana.source.panels import STALE, About
from grafana.source.promql import ACCOUNT, age, at_shards, chosen, interval, one, series, total, up
from grafana.source.quota_columns import BOARD, DAYS, NEVER_POLLED, VENDOR
from grafana.source.tables import Column, Label, rows
from grafana.source.vendor_boards import with_board

_ACCOUNT = chosen("vendor", "account")
_UP = (("0", "Failing", "red"), ("1", "Working", "green"))


def _gauge(name: str, by: str = ACCOUNT) -> str:
    return one(by, series(f"usage_exporter_{name}", *_ACCOUNT))


def _added_up(name: str) -> str:
    return total(ACCOUNT, at_shards(ACCOUNT, series(f"usage_exporter_{name}", *_ACCOUNT)))


def accounts(height: int = 10) -> PanelBuilder:
    """Return the table, with the account with the oldest figures first."""
    about = About(
        title="Accounts, stalest first",
        description="Every account, each once: whether its last poll succeeded, the age of its figures and its poll"
        " interval, and what its vendor reports. For an account that is split among shards, the worst"
        " shard. Empty if no exporter is scraped.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=height,
    )
    labels = (
        replace(VENDOR, width=0),
        BOARD,
        Label("account", "Account"),
    )
    drift = f"count by ({ACCOUNT}) ({_gauge('contract_drift', f'{ACCOUNT}, field, kind')} > 0)"
    # With two exporters the next poll is the one that comes first.
    upcoming = f"min by ({ACCOUNT}) ({series('usage_exporter_poll_next_attempt_timestamp_seconds', *_ACCOUNT)})"
    answers = [
        Column(title="Last poll", query=up(*_ACCOUNT), width=100, steps=((None, "text"),), values=_UP),
        Column(title="Age", query=age(*_ACCOUNT), unit=DAYS, nothing=NEVER_POLLED, width=120, decimals=0),
        Column(title="Polled every", query=with_board(interval(*_ACCOUNT)), unit=DAYS, width=130, decimals=0),
        Column(
            title="In intervals",
            query=f"{age(*_ACCOUNT)} / {interval(*_ACCOUNT)}",
            width=110,
            nothing=NEVER_POLLED,
            steps=STALE,
            decimals=1,
        ),
        Column(
            title="Next poll in", query=f"round(clamp_min({upcoming} - time(), 0))", unit=DAYS, width=120, decimals=0
        ),
        Column(
            title="Vendor's lag",
            query=f"time() - {_gauge('data_timestamp_seconds')}",
            unit=DAYS,
            nothing="Not reported",
            width=120,
            decimals=0,
        ),
        Column(title="Series", query=_added_up("account_series"), width=90),
        Column(title="Left out", query=_added_up("series_dropped"), width=90, steps=((None, "text"), (1, "red"))),
        Column(title="Drift", query=drift, width=90, nothing="None", steps=((None, "text"), (1, "yellow"))),
        Column(title="Rate limit left", query=_gauge("rate_limit_remaining"), width=130, nothing="Not reported"),
    ]
    return rows(about, labels, answers, worst="In intervals")
