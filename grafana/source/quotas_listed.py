"""All quotas, and their number per account; the overview has the most used ones."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from grafana.source.board import Board, PanelBuilder
from grafana.source.panels import SHARE, THRESHOLDS, About
from grafana.source.promql import ACCOUNT, chosen
from grafana.source.quota_columns import BOARD, IDENTITY, NEVER_POLLED, NO_LIMIT, NO_PERIOD, VENDOR, columns
from grafana.source.quotas import Quotas
from grafana.source.tables import HERE, Column, Label, link_to, rows
from grafana.source.variables import variables
from grafana.source.vendor_boards import with_board

_UID: Final = "vu-quotas"
_LABELS: Final = ("vendor", "account", "quota")
_QUOTAS: Final = Quotas(chosen(*_LABELS))
_HIGH: Final = f"{100 * THRESHOLDS.quota_warning:g} %"


def board() -> Board:
    """Return the board."""
    made = Board(
        _UID,
        "Vendor usage / All quotas",
        "Every quota of every vendor, and the number of quotas per account. The overview shows the most used ones.",
        variables("usage_quota_used", *_LABELS),
    )
    made.row("Accounts", [_accounts()])
    return made.row("Quotas", [_every()])


def to_all_quotas() -> build.DashboardLink:
    """Return a panel's link to every quota of the vendors and accounts shown on its board."""
    address = f"/d/{_UID}?{HERE}&${{vendor:queryparam}}&${{account:queryparam}}"
    return build.DashboardLink("All quotas").type(DashboardLinkType.LINK).url(address)


def _accounts() -> PanelBuilder:
    about = About(
        title="Quotas by account",
        description=f"For each account, the number of quotas, how many of them have {_HIGH} or more used, are used up,"
        " or will be before their period ends, and the share of the most used quota. An account's name"
        " links to its quotas below. Empty if no quota was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=10,
    )
    only = (("Only quotas of ${__value.raw}", link_to(_UID, "vendor", "account")),)
    labels = (VENDOR, BOARD, Label("account", "Account", 0, only))
    high = f"{_QUOTAS.share} >= {THRESHOLDS.quota_warning:g}"
    answers = [
        Column(title="Quotas", query=with_board(_count(_QUOTAS.used)), width=100),
        Column(title=f"At {_HIGH} or more", query=_count(high), width=150),
        Column(title="Used up", query=_count(f"{_QUOTAS.share} >= 1"), width=100),
        Column(title="Will run out", query=_count(_QUOTAS.will_run_out), width=120),
        Column(
            title="Highest share",
            query=f"max by ({ACCOUNT}) ({_QUOTAS.share})",
            unit="percentunit",
            nothing=NO_LIMIT,
            width=170,
            gauge=True,
            decimals=1,
        ),
        Column(
            title="Next reset in",
            query=f"min by ({ACCOUNT}) ({_QUOTAS.remaining})",
            unit="dtdurations",
            nothing=NO_PERIOD,
            width=150,
            decimals=1,
        ),
    ]
    return rows(about, labels, answers, worst="Highest share")


def _every() -> PanelBuilder:
    about = About(
        title="All quotas, most used first",
        description="Use and limit, the forecast at the current pace, and the age of the figures. Select above, or"
        " filter with a column's header. Empty if no quota was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=24,
        steps=SHARE,
    )
    return rows(about, IDENTITY, columns(_QUOTAS), worst="Share")


def _count(expression: str) -> str:
    return f"count by ({ACCOUNT}) ({expression})"
