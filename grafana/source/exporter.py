"""Exporter: requests, durations, failures and freshness of each account, and the process itself."""

from __future__ import annotations

from grafana.source import exporter_now, exporter_process
from grafana.source.board import Board, PanelBuilder
from grafana.source.exporter_accounts import accounts
from grafana.source.exporter_polls import POLLS_ARE_RARE, ages, drift, failures, requests, skipped
from grafana.source.panels import THRESHOLDS, About, Query, lines
from grafana.source.promql import (
    ACCOUNT,
    at_shards,
    chosen,
    leaders,
    one,
    series,
    total,
)
from grafana.source.quota_columns import NEVER_POLLED, SECONDS
from grafana.source.variables import variables

_ACCOUNT = chosen("vendor", "account")
_NAME = "{{vendor}}/{{account}}"
_OF_HOURS = 80
"""The width in pixels of an axis with hours."""


def _rate(name: str, *matchers: str) -> str:
    return f"rate({series(f'usage_exporter_{name}', *_ACCOUNT, *matchers)}[$__rate_interval])"


def _gauge(by: str, name: str) -> str:
    return one(by, series(f"usage_exporter_{name}", *_ACCOUNT))


def board() -> Board:
    """Return the board."""
    made = Board(
        "vu-exporter",
        "Vendor usage / Exporter",
        "Whether polls work: requests, errors and durations by vendor, the age of figures, and the process itself.",
        variables("usage_exporter_poll_interval_seconds", "vendor", "account"),
        since="now-24h",
    )
    made.row("Now", exporter_now.panels())
    made.row("Accounts", [accounts()])
    made.row("Requests", [requests(), _failure_share()], [_durations(), _poll_durations()], [failures(), skipped()])
    made.row("Freshness", [ages(), _lag()])
    made.row("Contracts and limits", [drift(), _rate_limit()], [_sign_ins(), _series()])
    return made.row("Process", *exporter_process.panels())


def _failure_share() -> PanelBuilder:
    failed, polls = total(ACCOUNT, _rate("polls_failed_total")), total(ACCOUNT, _rate("polls_total"))
    about = About(
        title="Share of failed polls",
        description="The share of finished polls that failed; no value where no poll finished. The alert fires above"
        " the dashed line. Empty if no poll finished in this time.",
        unit="percentunit",
        nothing="No polls",
        height=10,
        steps=((None, "green"), (THRESHOLDS.poll_errors_share, "red")),
    )
    return _slow(about, Query(f"{failed} / ({polls} > 0)", _NAME))


def _durations() -> PanelBuilder:
    buckets = total("vendor, le", _rate("request_duration_seconds_bucket"))
    about = About(
        title="Vendors' response times",
        description="Half of the requests are answered within the p50, 95 % within the p95, including the body. Empty"
        " if there was no request in this time.",
        unit="s",
        nothing="No requests",
        height=10,
    )
    # Without requests a quantile is NaN, which is not above 0 and so not drawn.
    return _slow(
        about,
        *(Query(f"histogram_quantile({q}, {buckets}) >= 0", f"{{{{vendor}}}} p{100 * q:g}") for q in (0.5, 0.95)),
    )


def _poll_durations() -> PanelBuilder:
    took, polls = _rate("poll_duration_seconds_sum"), _rate("poll_duration_seconds_count")
    about = About(
        title="Average poll duration",
        description="A poll is all the requests for one reading of an account. Empty if there was no poll in this"
        " time.",
        unit="s",
        nothing="No polls",
        height=10,
    )
    return _slow(about, Query(f"{total(ACCOUNT, took)} / ({total(ACCOUNT, polls)} > 0)", _NAME))


def _lag() -> PanelBuilder:
    about = About(
        title="Age of vendors' data",
        description="The age of the time up to which the vendor says its figures count. Empty if no vendor states it;"
        " IONOS does.",
        unit=SECONDS,
        nothing="Not reported",
        height=10,
        decimals=1,
    )
    return lines(about, Query(f"time() - {_gauge(ACCOUNT, 'data_timestamp_seconds')}", _NAME)).axis_width(_OF_HOURS)


def _rate_limit() -> PanelBuilder:
    left = one(ACCOUNT, f"{series('usage_exporter_rate_limit_remaining', *_ACCOUNT)}")
    about = About(
        title="Rate limit left",
        description="The share of requests that the vendor's rate limit still allowed after its last response. Empty"
        " if no vendor states it; Prolifi does.",
        unit="percentunit",
        nothing="Not reported",
    )
    return lines(about, Query(f"{left} / ({_gauge(ACCOUNT, 'rate_limit_limit')} > 0)", _NAME)).min(0).max(1)


def _sign_ins() -> PanelBuilder:
    about = About(
        title="Sign-ins per hour",
        description="Sign-ins that returned a new token, in the hour before each point. Empty if no account signs in"
        " for a token.",
        unit="short",
        nothing="No sign-ins",
    )
    sign_ins = f"increase({series('usage_exporter_token_refreshes_total', *_ACCOUNT)}[1h])"
    return lines(about, Query(f"round({total(ACCOUNT, sign_ins)}) > 0", _NAME))


def _series() -> PanelBuilder:
    about = About(
        title="Series, by account",
        description="Series of each account on the page, and those dropped because of max_series. Empty if no"
        " exporter was scraped in this time.",
        unit="short",
        nothing=NEVER_POLLED,
    )
    return lines(
        about,
        Query(leaders(20, _added_up("account_series")), _NAME),
        Query(leaders(20, f"{_added_up('series_dropped')} > 0"), f"{_NAME} left out"),
    )


def _added_up(name: str) -> str:
    return total(ACCOUNT, at_shards(ACCOUNT, series(f"usage_exporter_{name}", *_ACCOUNT)))


def _slow(about: About, *queries: Query) -> PanelBuilder:
    return lines(about, *queries).interval(POLLS_ARE_RARE)
