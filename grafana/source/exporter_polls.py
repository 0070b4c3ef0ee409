"""Panels on polls over time: requests, failures, items left out, ages and drift."""

from __future__ import annotations

from grafana.source.board import PanelBuilder
from grafana.source.panels import STALE, THRESHOLDS, About, Query, lines
from grafana.source.promql import ACCOUNT, age, chosen, increase_from_0, interval, leaders, one, series, total
from grafana.source.quota_columns import NEVER_POLLED

_ACCOUNT = chosen("vendor", "account")
_NAME = "{{vendor}}/{{account}}"
POLLS_ARE_RARE = "15m"
"""The minimum step of rates: accounts are polled minutes to an hour apart."""


def requests() -> PanelBuilder:
    """Return the panel of requests by vendor and status."""
    about = About(
        title="Requests, by vendor and status",
        description="Requests per minute to each vendor, from all exporters, by HTTP status; `none` means no"
        " response. Empty if no exporter was scraped in this time.",
        unit="reqpm",
        nothing=NEVER_POLLED,
        height=10,
    )
    rate = f"rate({series('usage_exporter_requests_total', *_ACCOUNT)}[$__rate_interval])"
    return lines(about, Query(f"60 * {total('vendor, code', rate)}", "{{vendor}} {{code}}")).interval(POLLS_ARE_RARE)


def failures() -> PanelBuilder:
    """Return the panel of failed polls by account and reason."""
    about = About(
        title="Failed polls per hour, by reason",
        description="Failed polls in the hour before each point, of all exporters. Empty if none failed.",
        unit="short",
        nothing="None failed",
    )
    return _by_reason(about, "usage_exporter_poll_failures_total")


def skipped() -> PanelBuilder:
    """Return the panel of items left out of readings, by account and reason."""
    about = About(
        title="Items left out per hour, by reason",
        description="Items of the vendor's responses that were left out of readings in the hour before each point;"
        " the log names them. Empty if none were.",
        unit="short",
        nothing="None left out",
    )
    return _by_reason(about, "usage_exporter_items_skipped_total")


def _by_reason(about: About, counter: str) -> PanelBuilder:
    increase = increase_from_0(series(counter, *_ACCOUNT), "1h")
    return lines(about, Query(f"round({total(f'{ACCOUNT}, reason', increase)}) > 0", f"{_NAME} {{{{reason}}}}"))


def ages() -> PanelBuilder:
    """Return the panel of the figures' age by account, in poll intervals."""
    about = About(
        title="Age of figures, in poll intervals",
        description=f"The age of each account's last good reading; above {THRESHOLDS.fresh_intervals:g} (dashed), it"
        " is stale. Empty if no exporter was scraped in this time.",
        unit="short",
        nothing=NEVER_POLLED,
        height=10,
        steps=STALE,
        decimals=1,
    )
    return lines(about, Query(leaders(20, f"{age(*_ACCOUNT)} / {interval(*_ACCOUNT)}"), _NAME))


def drift() -> PanelBuilder:
    """Return the panel of fields that deviate from contracts."""
    drift = one(f"{ACCOUNT}, field, kind", series("usage_exporter_contract_drift", *_ACCOUNT))
    about = About(
        title="Contract drift, by field",
        description="How often the responses of the last good reading deviated from the vendor's contract. Empty if"
        " all responses are as expected.",
        unit="short",
        nothing="None",
    )
    return lines(about, Query(leaders(20, f"{drift} > 0"), f"{_NAME} {{{{field}}}} {{{{kind}}}}"))
