"""Names, texts and columns that every board uses for quotas."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from grafana_foundation_sdk.builders import bargauge
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from grafana.source.panels import TIME_LEFT, About, Query, ranking
from grafana.source.quotas import Quotas
from grafana.source.tables import HERE, Column, Label, link_to
from grafana.source.vendor_boards import with_board

NO_LIMIT: Final = "No limit known"
NO_PERIOD: Final = "No period known"
NOT_AT_THIS_PACE: Final = "Not at this pace"
NEVER_POLLED: Final = "Never polled"
USED_UP: Final = (("0", "Used up", "red"),)
NAME: Final = "{{vendor}}/{{account}} {{quota}} {{subject}}"

_OF_QUOTA: Final = ("vendor", "account", "quota", "subject")

DAYS: Final = "dtdurations"
"""The unit of times in tables, in words."""
SECONDS: Final = "s"
"""The unit of times on axes and in large numbers, scaled automatically."""

VENDOR: Final = Label(
    "vendor",
    "Vendor",
    80,
    (("${__value.raw} in depth", link_to("vu-${__data.fields.board}", "vendor", "account")),),
)
"""A link to the vendor's board, which the label `board` names."""
BOARD: Final = Label("board", "Dashboard", for_links=True)
IDENTITY: Final = (
    VENDOR,
    BOARD,
    Label(
        "account",
        "Account",
        90,
        (("Polls of ${__value.raw}", link_to("vu-exporter", "vendor", "account")),),
    ),
    Label(
        "quota",
        "Quota",
        165,
        (("${__value.raw} in depth", link_to("vu-quota", *_OF_QUOTA)),),
    ),
    Label(
        "subject",
        "Subject",
        0,
        (("${__value.raw} in depth", link_to("vu-quota", *_OF_QUOTA)),),
    ),
    Label("name", "Name", 150),
    Label("unit", "Unit", 90),
)
"""The column of names disappears if no subject has one."""


def quota_ranking(about: About, quotas: Quotas, expression: str) -> bargauge.Panel:
    """Return a panel with a bar for each of the ten quotas with the highest values, linked to their details."""
    labels = "".join(f"&var-{label}=${{__field.labels.{label}:percentencode}}" for label in _OF_QUOTA)
    link = build.DashboardLink("This quota in depth").type(DashboardLinkType.LINK).url(f"/d/vu-quota?{HERE}{labels}")
    leading = f"sort_desc({quotas.named(f'topk(10, {expression})')})"
    return ranking(about, Query(leading, f"{NAME} {{{{name}}}}")).data_links([link])


def columns(quotas: Quotas, most: int = 0) -> list[Column]:
    """Return the columns of a table of quotas, for all of them or for a number with the highest share."""
    found = _columns(quotas)
    if most:
        listed = f"topk({most}, {quotas.share} or 0 * {quotas.used} - 1)"
        found = [replace(column, query=f"({column.query}) and {listed}") for column in found]
    used, *others = found
    return [replace(used, query=with_board(quotas.named(used.query))), *others]


def _columns(quotas: Quotas) -> list[Column]:
    return [
        Column(title="Used", query=quotas.used, width=80),
        Column(title="Limit", query=quotas.limit, width=110, nothing=NO_LIMIT),
        Column(
            title="Share", query=quotas.share, unit="percentunit", width=150, nothing=NO_LIMIT, gauge=True, decimals=1
        ),
        Column(title="At period end", query=quotas.projected, unit="percentunit", nothing="-", width=110, decimals=0),
        Column(
            title="Runs out in",
            query=quotas.exhaustion,
            unit=DAYS,
            nothing=NOT_AT_THIS_PACE,
            width=165,
            steps=TIME_LEFT,
            values=USED_UP,
            decimals=1,
        ),
        Column(title="Resets in", query=quotas.remaining, unit=DAYS, nothing=NO_PERIOD, width=130, decimals=1),
        Column(title="Age", query=quotas.age, unit=DAYS, nothing=NEVER_POLLED, width=95, decimals=0),
    ]
