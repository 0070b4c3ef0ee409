"""Any vendor, by the metrics it reports: for vendors without a board of their own, such as declared ones."""

from __future__ import annotations

from typing import Final

from grafana.source import exporter_now
from grafana.source.any_metric import NAME as METRIC
from grafana.source.any_metric import Metrics
from grafana.source.board import Board, PanelBuilder
from grafana.source.exporter_accounts import accounts
from grafana.source.exporter_polls import ages, requests
from grafana.source.panels import SHARE, About, Query, daily, lines
from grafana.source.promql import chosen, leaders, now, series
from grafana.source.quota_columns import IDENTITY, NAME, NEVER_POLLED, NO_LIMIT, columns
from grafana.source.quotas import Quotas
from grafana.source.quotas_listed import to_all_quotas
from grafana.source.tables import HERE, Column, Label, field_of, labelled_rows, rows
from grafana.source.variables import choice, variables
from grafana.source.vendor_boards import GENERIC

_UID: Final = f"vu-{GENERIC}"
_POLLED: Final = "usage_exporter_poll_interval_seconds"
_QUOTAS: Final = Quotas(chosen("vendor", "account"))
_WORST: Final = 20
_LISTED: Final = 100
_DRAWN: Final = 20
_MOMENTS: Final = 200

_ALL: Final = Metrics()
_TIMES: Final = Metrics(times=True)
_CHOSEN: Final = Metrics('__name__=~"$metric"')


def board() -> Board:
    """Return the board."""
    made = Board(
        _UID,
        "Vendor usage / Any vendor",
        "The metrics, quotas and polls of any vendor. Vendors without their own dashboard, such as declared ones,"
        " link here.",
        [
            *variables(_POLLED, "vendor", everything=False),
            choice("account", "Account", series(_POLLED, *chosen("vendor"))),
            choice("metric", "Metric", _ALL.selector, of="__name__", everything=False),
        ],
        starts=_QUOTAS.starts,
        whose="{{account}} {{quota}} {{subject}}",
    )
    made.row("Now", exporter_now.panels())
    made.row("Metrics", [_metrics()], [_over_time(), _per_day()], [_series()])
    made.row("Quotas", [_quotas()], [_shares()])
    return made.row("Polls", [accounts(height=6)], [ages(), requests()])


def _metrics() -> PanelBuilder:
    about = About(
        title="Metrics of the vendor",
        description="Every metric of the vendor: its number of series, their range of values, and how many have"
        " changed since this time yesterday. Click a name to select it for the panels below. Empty if the"
        " vendor was never polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=7,
    )
    labels = (Label(METRIC, "Metric", 0, (("Show ${__value.raw} below", _here(f"var-metric={field_of(METRIC)}")),)),)
    every = f"({_ALL.now} or {_TIMES.now})"
    answers = [
        Column(title="Series", query=f"count by ({METRIC}) ({every})", width=100),
        Column(title="Accounts", query=f"count by ({METRIC}) (count by ({METRIC}, account) ({every}))", width=100),
        Column(title="Lowest", query=f"min by ({METRIC}) ({_ALL.now})", width=120),
        Column(title="Highest", query=f"max by ({METRIC}) ({_ALL.now})", width=120),
        Column(
            title="Moved since yesterday", query=f"count by ({METRIC}) ({_ALL.risen} != 0)", width=180, nothing="None"
        ),
        Column(title="Latest time", query=f"1000 * max by ({METRIC}) ({_TIMES.now})", unit="dateTimeAsIso", width=180),
    ]
    return rows(about, labels, answers, worst="Series")


def _over_time() -> PanelBuilder:
    about = About(
        title="Selected metrics, highest first",
        description=f"The {_DRAWN} highest series of the selected metrics over time; a gap is an outage. Empty if the"
        " vendor was never polled.",
        unit="short",
        nothing=NEVER_POLLED,
        height=11,
    )
    query = Query(_CHOSEN.leading(_DRAWN, _CHOSEN.now), "__auto")
    return lines(about, query).max_data_points(_MOMENTS)


def _per_day() -> PanelBuilder:
    about = About(
        title="Selected metrics, per day",
        description="The rise of the same series per UTC day, across resets; today is incomplete, and a day on which"
        " a series fell has no value. Empty if the vendor was never polled twice.",
        unit="short",
        nothing=NEVER_POLLED,
        height=11,
    )
    return daily(about, Query(_CHOSEN.leading(_DRAWN, _CHOSEN.per_day), "__auto"))


def _series() -> PanelBuilder:
    about = About(
        title="Series of the selected metrics",
        description=f"The {_LISTED} highest series of the selected metrics, with all of their labels, and their rise"
        " since this time yesterday. Empty if the vendor was never polled.",
        unit="string",
        nothing=NEVER_POLLED,
        width=24,
        height=9,
    )
    listed = f"topk({_LISTED}, {_CHOSEN.now})"
    answers = [
        Column(title="Now", query=_CHOSEN.now, width=140),
        Column(title="Risen since yesterday", query=_CHOSEN.risen, width=180),
    ]
    return labelled_rows(about, (Label(METRIC, "Metric"), Label("account", "Account", 120)), answers, listed, "Now")


def _quotas() -> PanelBuilder:
    about = About(
        title=f"The {_WORST} most used quotas",
        description="Use and limit, the forecast at the current pace, and the age of the figures. A quota's name"
        " links to its details. Empty if the vendor has no quota and none is configured.",
        unit="short",
        nothing="No quota",
        width=24,
        height=7,
    )
    return rows(about, IDENTITY, columns(_QUOTAS, _WORST), worst="Share").links([to_all_quotas()])


def _shares() -> PanelBuilder:
    about = About(
        title="Share used, top 10",
        description="The share used over time, of the ten quotas that are highest now; alerts start at the dashed"
        " lines. Empty if no limit is known.",
        unit="percentunit",
        nothing=NO_LIMIT,
        width=24,
        steps=SHARE,
    )
    return lines(about, Query(leaders(10, _QUOTAS.share, now(_QUOTAS.share)), NAME)).max_data_points(_MOMENTS)


def _here(chosen_here: str) -> str:
    return f"/d/{_UID}?{HERE}&${{vendor:queryparam}}&${{account:queryparam}}&{chosen_here}"
