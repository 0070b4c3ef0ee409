"""IONOS Cloud: meters by data centre, against last month, and what they cost."""

from __future__ import annotations

from grafana.source import ionos_cost, ionos_limits
from grafana.source.board import Board, PanelBuilder
from grafana.source.ionos_series import (
    CONTRACT,
    COST_LAST_MONTH,
    COST_NOW,
    LAST_MONTH,
    MEANING,
    NO_COST,
    NO_LAST_MONTH,
    NOW,
    REAL_CENTRES,
    placed,
)
from grafana.source.panels import About, Query, daily, lines, number, ranking, small
from grafana.source.promql import day_of_counter, highest, leaders, one, series, total
from grafana.source.quota_columns import NEVER_POLLED, SECONDS
from grafana.source.tables import Column, Label, rows
from grafana.source.variables import variables


def board() -> Board:
    """Return the board."""
    made = Board(
        "vu-ionos",
        "Vendor usage / IONOS Cloud",
        "What IONOS Cloud has metered this UTC month, by data centre and compared with last month, its estimated cost,"
        " and the limits of the contracts.",
        variables("ionos_meter_quantity", "account", "contract", "unit"),
        starts=one("account, contract", series("ionos_period_start_timestamp_seconds", *CONTRACT)),
        whose="{{account}} {{contract}}",
    )
    made.row("Now", _now())
    made.row("Meters", [_table()], [_change(), _per_day()])
    made.row("Meters over time", [_by_unit()])
    made.row("Limits", ionos_limits.panels())
    return made.row("Cost", *ionos_cost.panels())


def _now() -> list[PanelBuilder]:
    start = one("account, contract", series("ionos_period_start_timestamp_seconds", *CONTRACT))
    reach = one("account, contract", series("ionos_period_end_timestamp_seconds", *CONTRACT))
    return [
        number(
            small(
                title="Estimated cost this month",
                description="Quantities times list prices, per currency and account: an estimate, not the invoice."
                " Empty if the account does not read costs.",
                unit="none",
                nothing=NO_COST,
                width=8,
                decimals=2,
            ),
            Query(total("account, currency", COST_NOW), "{{account}} {{currency}}"),
        ),
        number(
            small(
                title="Against last month",
                description="Estimated cost this month, relative to the same point last month: 100 % is the same."
                " Empty if costs are not read, or there are no figures for last month.",
                unit="percentunit",
                nothing=NO_LAST_MONTH,
                width=6,
                decimals=0,
            ),
            Query(
                f"{total('account, currency', COST_NOW)} / ({total('account, currency', COST_LAST_MONTH)} > 0)",
                "{{account}} {{currency}}",
            ),
        ),
        number(
            small(
                title="Meters",
                description="Meters with a quantity this month, over all data centres. Empty if no contract was ever"
                " polled.",
                unit="short",
                nothing=NEVER_POLLED,
                width=3,
            ),
            Query(f"count({one('account, contract, meter_id', NOW)})"),
        ),
        number(
            small(
                title="Data centres",
                description="Data centres with a meter this month. Empty if no contract was ever polled.",
                unit="short",
                nothing=NEVER_POLLED,
                width=3,
            ),
            Query(f"count({one('account, contract, datacenter_id', REAL_CENTRES)})"),
        ),
        number(
            small(
                title="Age of the figures",
                description="How long ago the last day began that the figures include, for the oldest of the"
                " contracts: IONOS reports a day after it ends. Empty if no contract was ever polled.",
                unit=SECONDS,
                nothing=NEVER_POLLED,
                decimals=1,
            ),
            Query(f"max(time() - {reach} and {start})"),
        ),
    ]


def _table() -> PanelBuilder:
    about = About(
        title="Meters, costliest first",
        description="Every meter of each data centre: its quantity this month, in its unit, compared with the same"
        " point last month, and its estimated cost. Empty if no contract was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=14,
    )
    labels = (
        Label("account", "Account", 100),
        Label("contract", "Contract", 110),
        Label("datacenter_id", "Data centre's id", hidden=True),
        Label("name", "Data centre", 180),
        Label("location", "Location", 90),
        Label("description", "Meter"),
        Label("meter_id", "Id", 110),
        Label("unit", "Unit", 110),
        Label("currency", "Currency", 90),
    )
    return rows(about, labels, _columns(), worst="Cost")


def _columns() -> list[Column]:
    before = f"{NOW} / ({LAST_MONTH} > 0)"
    return [
        Column(title="Quantity", query=f"{placed(NOW)} * {MEANING}", width=110),
        Column(title="Last month", query=LAST_MONTH, width=110),
        Column(title="vs last month", query=before, unit="percentunit", width=110, decimals=0),
        Column(title="Cost", query=COST_NOW, unit="none", width=100, decimals=2),
        Column(title="Last month's cost", query=COST_LAST_MONTH, unit="none", width=140, decimals=2),
    ]


def _change() -> PanelBuilder:
    about = About(
        title="Largest growth since last month",
        description="The ten meters per contract, summed over its data centres, that have grown most relative to the"
        " same point last month: 100 % is the same. Empty if there are no figures for last month.",
        unit="percentunit",
        nothing=NO_LAST_MONTH,
        height=12,
        steps=((None, "green"), (1.1, "yellow"), (1.5, "red")),
        decimals=0,
    )
    by = "account, contract, meter_id, unit"
    grown = f"({total(by, NOW)} / ({total(by, LAST_MONTH)} > 0)) * {MEANING}"
    return ranking(about, Query(highest(10, grown), "{{account}} {{contract}} {{description}}"))


def _per_day() -> PanelBuilder:
    used = series("usage_quota_consumed_total", 'vendor="ionos"', *CONTRACT[:1])
    about = About(
        title="Per day, by configured quota",
        description="Use of each configured quota per UTC day, in its unit. The vendor reports a day after it ends,"
        " so a bar is drawn on the day of the report. Empty if no quota is configured.",
        unit="short",
        nothing="No quota is configured",
        height=12,
    )
    by = "account, quota, subject, unit"
    return daily(about, Query(day_of_counter(by, used), "{{account}} {{quota}} {{subject}} ({{unit}})"))


def _by_unit() -> PanelBuilder:
    about = About(
        title="Top 20 meters in ${unit}",
        description="Quantities of this unit's meters this month so far, by data centre; they restart each month."
        " Units are never added up. Empty if no contract was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        height=10,
    )
    named = leaders(20, f"{placed(NOW)} * {MEANING}")
    panel = lines(about, Query(named, "{{account}} {{contract}} {{name}}: {{description}}"))
    return panel.repeat("unit").repeat_direction("h").max_per_row(2)
