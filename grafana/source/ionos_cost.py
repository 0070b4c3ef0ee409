"""The estimated cost at IONOS Cloud, for accounts that request it; currencies are never added up."""

from __future__ import annotations

from grafana.source.board import PanelBuilder
from grafana.source.ionos_series import (
    CONTRACT,
    COST,
    COST_LAST_MONTH,
    COST_NOW,
    NAMED,
    NO_COST,
    placed,
)
from grafana.source.panels import About, Query, daily, lines, ranking
from grafana.source.promql import day_of_gauge, highest, series, total


def panels() -> list[list[PanelBuilder]]:
    """Return the lines of panels."""
    return [[_cost_ranking(), _cost_days()], [_cost_line()]]


def _cost_ranking() -> PanelBuilder:
    about = About(
        title="Top 10 costs this month, by meter",
        description="The costliest meters this month, by data centre: quantity times list price; the name contains"
        " the currency. Empty if the account does not read costs.",
        unit="none",
        nothing=NO_COST,
        height=13,
        decimals=2,
    )
    named = f"{placed(COST_NOW)} * {NAMED}"
    return ranking(
        about, Query(highest(10, named), "{{account}} {{name}}: {{description}} ({{currency}}, {{contract}})")
    )


def _cost_days() -> PanelBuilder:
    cost = series("ionos_estimated_cost", *CONTRACT)
    about = About(
        title="Cost per day, by account",
        description="Increase of the estimated cost per UTC day. The vendor reports a day after it ends, so a bar is"
        " drawn on the day of the report. Currencies are separate. Empty if the account does not read"
        " costs.",
        unit="none",
        nothing=NO_COST,
        height=13,
        decimals=2,
    )
    return daily(about, Query(total("account, currency", day_of_gauge(COST, cost)), "{{account}} ({{currency}})"))


def _cost_line() -> PanelBuilder:
    about = About(
        title="Cost this month, by account",
        description="The estimated cost of each month as it grows, and that of the previous month at the same point"
        " (dashed). Currencies are separate. Empty if the account does not read costs.",
        unit="none",
        nothing=NO_COST,
        width=24,
        height=10,
        decimals=2,
    )
    return lines(
        about,
        Query(total("account, currency", COST_NOW), "{{account}} ({{currency}})"),
        Query(total("account, currency", COST_LAST_MONTH), "Before, last month: {{account}} ({{currency}})"),
    )
