"""Overview: what needs attention now, over all vendors."""

from __future__ import annotations

from grafana.source.board import Board, PanelBuilder
from grafana.source.panels import NONE_IS_GOOD, SHARE, STALE, THRESHOLDS, About, Query, lines, number, ranking, small
from grafana.source.promql import ACCOUNT, age, chosen, count, highest, interval, leaders, now, one, series
from grafana.source.quota_columns import (
    IDENTITY,
    NAME,
    NEVER_POLLED,
    NO_LIMIT,
    NO_PERIOD,
    SECONDS,
    columns,
    quota_ranking,
)
from grafana.source.quotas import Quotas
from grafana.source.quotas_listed import to_all_quotas
from grafana.source.tables import rows
from grafana.source.variables import variables

_ACCOUNT = chosen("vendor", "account")
_QUOTAS = Quotas(_ACCOUNT)
_WORST = 20
_MOMENTS = 100
_HIGH = f"{100 * THRESHOLDS.quota_warning:g} %"


def board() -> Board:
    """Return the board."""
    made = Board(
        "vu-overview",
        "Vendor usage / Overview",
        "What needs attention now: quotas that are nearly used up or will be, accounts with stale figures, alerts.",
        variables("usage_exporter_poll_interval_seconds", "vendor", "account"),
    )
    made.row("Now", _now())
    made.row("Quotas", [_top(), _projection()], [_table()], [_risers(), _by_account()])
    made.row("Trend", [_share()])
    return made.row("Poll health", [_age(), _drift()], collapsed=True)


def _now() -> list[PanelBuilder]:
    high = f"{_QUOTAS.share} >= {THRESHOLDS.quota_warning:g}"
    # The alerts are on accounts, whichever exporter polls them, so they have no instance.
    alerts = 'ALERTS{job=~"$job", instance=~"$instance|", alertname=~"Usage.+", alertstate="firing"}'
    stale = f"{age(*_ACCOUNT)} > {THRESHOLDS.fresh_intervals:g} * {interval(*_ACCOUNT)}"
    return [
        number(
            small(
                title=f"Quotas at {_HIGH} or more",
                description=f"Quotas with {_HIGH} or more used, including used-up ones. Empty if no vendor reports a"
                " limit and none is configured.",
                unit="short",
                nothing=NO_LIMIT,
                steps=((None, "green"), (1, "yellow")),
            ),
            Query(count(high, _QUOTAS.share)),
        ),
        number(
            small(
                title="Used up",
                description="Quotas that are completely used, or more. Empty if no limit is known.",
                unit="short",
                nothing=NO_LIMIT,
                steps=NONE_IS_GOOD,
            ),
            Query(count(f"{_QUOTAS.share} >= 1", _QUOTAS.share)),
        ),
        number(
            small(
                title="Will run out before reset",
                description="Quotas that are not used up yet but will be before their period ends, at the current"
                " pace. Empty if no quota has both a limit and a period.",
                unit="short",
                nothing=NO_PERIOD,
                steps=NONE_IS_GOOD,
            ),
            Query(count(_QUOTAS.will_run_out, _QUOTAS.may_run_out)),
        ),
        number(
            small(
                title="Accounts with stale figures",
                description=f"Accounts whose last good reading is older than {THRESHOLDS.fresh_intervals:g} of their"
                " poll intervals. Empty if no exporter is scraped.",
                unit="short",
                nothing=NEVER_POLLED,
                steps=NONE_IS_GOOD,
            ),
            Query(count(stale, interval(*_ACCOUNT))),
        ),
        number(
            small(
                title="Alerts firing",
                description="Firing alerts of the bundled rules, for all vendors and accounts. Empty if none fires,"
                " or Prometheus does not have the rules.",
                unit="short",
                nothing="None",
                steps=NONE_IS_GOOD,
            ),
            Query(f"count({alerts})"),
        ),
        number(
            small(
                title="Next reset",
                description="Time until the first quota's period ends and its use resets. Empty if no period is known.",
                unit=SECONDS,
                nothing=NO_PERIOD,
                decimals=1,
            ),
            Query(f"min({_QUOTAS.remaining})"),
        ),
    ]


def _table() -> PanelBuilder:
    about = About(
        title=f"The {_WORST} most used quotas",
        description="Use and limit, the forecast at the current pace, and the age of the figures. A vendor's name"
        " links to its dashboard, a quota's name to its details. Empty if no quota was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=14,
    )
    return rows(about, IDENTITY, columns(_QUOTAS, _WORST), worst="Share").links([to_all_quotas()])


def _top() -> PanelBuilder:
    about = About(
        title="Top 10 by share",
        description="The ten quotas with the highest share used; 100 % is the whole limit. Empty if no limit is known.",
        unit="percentunit",
        nothing=NO_LIMIT,
        height=12,
        steps=SHARE,
        decimals=1,
    )
    return quota_ranking(about, _QUOTAS, _QUOTAS.share).max(1)


def _risers() -> PanelBuilder:
    about = About(
        title="Largest rise since yesterday",
        description="The ten quotas with the largest share of the limit used since this time yesterday. Empty if no"
        " limit is known, or nothing was used.",
        unit="percentunit",
        nothing="None",
        height=12,
        decimals=1,
    )
    return quota_ranking(about, _QUOTAS, _QUOTAS.risen)


def _by_account() -> PanelBuilder:
    about = About(
        title=f"Quotas at {_HIGH} or more, by account",
        description=f"The number of quotas with {_HIGH} or more used, for the ten accounts with most of them. Empty if"
        " no account has one.",
        unit="short",
        nothing="None",
        height=12,
    )
    high = f"count by ({ACCOUNT}) ({_QUOTAS.share} >= {THRESHOLDS.quota_warning:g})"
    return ranking(about, Query(highest(10, high), "{{vendor}}/{{account}}"))


def _share() -> PanelBuilder:
    about = About(
        title="Share used, top 10",
        description="The share used over time, of the ten quotas that are highest now; alerts start at the dashed"
        " lines. A gap is an outage. Empty if no limit is known.",
        unit="percentunit",
        nothing=NO_LIMIT,
        height=12,
        width=24,
        steps=SHARE,
    )
    # Of every quota at each moment: with hundreds of moments and thousands of quotas that is more than a person waits.
    return lines(about, Query(leaders(10, _QUOTAS.share, now(_QUOTAS.share)), NAME)).max_data_points(_MOMENTS)


def _projection() -> PanelBuilder:
    about = About(
        title="Share at period end, top 10",
        description="The expected share at the end of the period, at the current pace, of the ten highest quotas;"
        " above 100 %, a quota runs out. Empty if no quota has both a limit and a period, or all periods"
        " have just begun.",
        unit="percentunit",
        nothing=NO_PERIOD,
        height=12,
        steps=((None, "green"), (1.0, "red")),
        decimals=0,
    )
    return quota_ranking(about, _QUOTAS, _QUOTAS.projected)


def _age() -> PanelBuilder:
    about = About(
        title="Age of figures, in poll intervals",
        description=f"The age of each account's last good reading; above {THRESHOLDS.fresh_intervals:g}, it is stale."
        " Empty if no exporter is scraped.",
        unit="short",
        nothing=NEVER_POLLED,
        steps=STALE,
        decimals=1,
    )
    return lines(about, Query(leaders(20, f"{age(*_ACCOUNT)} / {interval(*_ACCOUNT)}"), "{{vendor}}/{{account}}"))


def _drift() -> PanelBuilder:
    drift = one(f"{ACCOUNT}, field, kind", series("usage_exporter_contract_drift", *_ACCOUNT))
    about = About(
        title="Contract drift",
        description="Fields of the vendors' responses that are missing or of another type than the contract states."
        " Empty if all responses are as expected.",
        unit="short",
        nothing="None",
    )
    return lines(about, Query(f"count by ({ACCOUNT}) ({drift} > 0)", "{{vendor}}/{{account}}"))
