"""Quota: one quota in depth."""

from __future__ import annotations

from grafana_foundation_sdk.builders.common import StackingConfig, VizTextDisplayOptions
from grafana_foundation_sdk.models.common import StackingMode

from grafana.source.board import Board, PanelBuilder
from grafana.source.panels import SHARE, STALE, THRESHOLDS, TIME_LEFT, About, Query, days, lines, number, small
from grafana.source.promql import age, chosen, interval
from grafana.source.quota_columns import (
    IDENTITY,
    NAME,
    NEVER_POLLED,
    NO_LIMIT,
    NO_PERIOD,
    NOT_AT_THIS_PACE,
    SECONDS,
    USED_UP,
    columns,
)
from grafana.source.quotas import Quotas
from grafana.source.tables import rows
from grafana.source.variables import variables

_LABELS = ("vendor", "account", "quota", "subject")
_ONE = Quotas(chosen(*_LABELS))
_ACCOUNT = chosen("vendor", "account")
_WORDS = 36
"""The font size for words, which Grafana would otherwise scale like a number."""
_OF_HOURS = 80
"""The width in pixels of an axis with hours."""
_PACE = ((None, "green"), (1.0, "yellow"), (1.5, "red"))


def board() -> Board:
    """Return the board."""
    made = Board(
        "vu-quota",
        "Vendor usage / Quota",
        "One quota in depth: what is used of it, how fast, and the forecast. Alerts on quotas link here.",
        variables("usage_quota_used", *_LABELS, everything=False),
        starts=_ONE.starts,
        whose="{{account}} {{quota}} {{subject}}",
    )
    made.row("Now", _now())
    made.row("Burn-up", [_burn_up()])
    made.row("Pace", [_per_day(), _shares()], [_pace(), _age()])
    return made.row("All figures", [_table()])


def _now() -> list[PanelBuilder]:
    return [
        number(
            small(
                title="Share used",
                description="Share of the limit used; 100 % is all of it. Empty if no limit is known.",
                unit="percentunit",
                nothing=NO_LIMIT,
                steps=SHARE,
                decimals=1,
            ),
            Query(_ONE.share, NAME),
        ),
        number(
            small(
                title="Left",
                description="What may still be used; the table at the end shows the unit. Empty if no limit is known.",
                unit="short",
                nothing=NO_LIMIT,
            ),
            Query(_ONE.left, NAME),
        ),
        number(
            small(
                title="Runs out in",
                description="Time until everything is used, at the current pace. Empty if it lasts at this pace, or"
                " no limit is known.",
                unit=SECONDS,
                nothing=NOT_AT_THIS_PACE,
                steps=TIME_LEFT,
                values=USED_UP,
                decimals=1,
            ),
            Query(_ONE.exhaustion, NAME),
        ).text(VizTextDisplayOptions().value_size(_WORDS)),
        number(
            small(
                title="Pace since the period began",
                description="The pace of use: at 1, the limit lasts exactly for its period. Empty if the limit, the"
                " start or the end of the period is not known, or the period has just begun.",
                unit="short",
                nothing=NO_PERIOD,
                steps=_PACE,
                decimals=2,
            ),
            Query(_ONE.pace, NAME),
        ),
        number(
            small(
                title="Resets in",
                description="Time until the period ends and the use resets. Empty if no end is known.",
                unit=SECONDS,
                nothing=NO_PERIOD,
                decimals=1,
            ),
            Query(_ONE.remaining, NAME),
        ),
        number(
            small(
                title="Age in poll intervals",
                description=f"The age of the last good reading; above {THRESHOLDS.fresh_intervals:g}, it is stale."
                " Empty if no exporter polls the account.",
                unit="short",
                nothing=NEVER_POLLED,
                steps=STALE,
                decimals=1,
            ),
            Query(f"{age(*_ACCOUNT)} / {interval(*_ACCOUNT)}", "{{vendor}}/{{account}}"),
        ),
    ]


def _burn_up() -> PanelBuilder:
    about = About(
        title="Use against limit and even pace",
        description="Use in the quota's unit, with its limit (dashed), the use at an even pace over the period"
        " (dotted), and the use 30 days before. Empty if the quota was never polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=11,
    )
    return lines(
        about,
        Query(_ONE.used, f"Used: {NAME}"),
        Query(_ONE.limit, f"Limit: {NAME}"),
        Query(_ONE.even, f"Even pace: {NAME}"),
        Query(_ONE.before("30d"), f"Before, 30 days: {NAME}"),
    )


def _per_day() -> PanelBuilder:
    about = About(
        title="Used per day",
        description="Use per UTC day, in the quota's unit, across resets and corrections; today is incomplete. Empty"
        " if the quota was never polled twice.",
        unit="short",
        nothing=NEVER_POLLED,
        height=10,
    )
    return days(about, Query(_ONE.per_day, NAME)).stacking(StackingConfig().mode(StackingMode.NONE))


def _shares() -> PanelBuilder:
    about = About(
        title="Share used, and at period end",
        description="The share used, and the share expected at the end of the period, at the pace before each point;"
        " alerts start at the dashed lines. Empty if no limit is known.",
        unit="percentunit",
        nothing=NO_LIMIT,
        height=10,
        steps=SHARE,
    )
    return lines(about, Query(_ONE.share, f"Used: {NAME}"), Query(_ONE.projected, f"At period end: {NAME}"))


def _pace() -> PanelBuilder:
    about = About(
        title="Pace since the period began, over time",
        description="The pace of use over time: at 1 (dashed), the limit lasts exactly for its period. Empty if the"
        " limit, the start or the end of the period is not known.",
        unit="short",
        nothing=NO_PERIOD,
        steps=_PACE,
        decimals=2,
    )
    return lines(about, Query(_ONE.pace, NAME)).axis_soft_min(0)


def _age() -> PanelBuilder:
    about = About(
        title="Age of figures",
        description="The age of the last good reading at each point. A rising line is an outage. Empty if no exporter"
        " polls the account.",
        unit=SECONDS,
        nothing=NEVER_POLLED,
        decimals=1,
    )
    return lines(about, Query(age(*_ACCOUNT), "{{vendor}}/{{account}}")).axis_width(_OF_HOURS)


def _table() -> PanelBuilder:
    about = About(
        title="Selected quotas",
        description="Every figure of the quotas selected above, the most used first. Empty if none was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=6,
    )
    return rows(about, IDENTITY, columns(_ONE), worst="Share")
