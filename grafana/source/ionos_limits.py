"""Contracts' resources at IONOS Cloud and their limits, for accounts that request them."""

from __future__ import annotations

from typing import Final

from grafana.source.board import PanelBuilder
from grafana.source.ionos_series import CONTRACT
from grafana.source.panels import SHARE, About, Query, lines
from grafana.source.promql import leaders, named, one, series
from grafana.source.tables import Column, Label, rows

NO_LIMITS: Final = "Limits are not read"
_RESOURCE: Final = "account, contract, resource, unit"
_USED: Final = one(_RESOURCE, series("ionos_resource_used", *CONTRACT))
_CONTRACTS: Final = series("ionos_contract_info", *CONTRACT)
_LIMIT: Final = one(_RESOURCE, series("ionos_resource_limit", *CONTRACT))
_USED_SHARE: Final = f"({_USED} / ({_LIMIT} > 0))"


def panels() -> list[PanelBuilder]:
    """Return the line of panels."""
    return [_table(), _over_time()]


def _table() -> PanelBuilder:
    about = About(
        title="Resources, scarcest first",
        description="What each contract has of a resource now, and what it may have; a dash means no limit. Empty if"
        " the account does not read limits.",
        unit="short",
        nothing=NO_LIMITS,
        width=14,
        height=12,
    )
    labels = (
        Label("account", "Account", 80),
        Label("contract", "Contract", 95),
        Label("reference", "Reference", 95),
        Label("resource", "Resource"),
        Label("unit", "Unit", 95),
    )
    columns = [
        Column(title="Used", query=named(_USED, "account, contract", "reference", _CONTRACTS, _USED), width=85),
        Column(title="Limit", query=_LIMIT, width=85),
        Column(
            title="Share used", query=_USED_SHARE, unit="percentunit", gauge=True, width=160, steps=SHARE, decimals=1
        ),
    ]
    return rows(about, labels, columns, worst="Share used")


def _over_time() -> PanelBuilder:
    about = About(
        title="The ten scarcest resources",
        description="Share of the limit in use. Empty if the account does not read limits.",
        unit="percentunit",
        nothing=NO_LIMITS,
        width=10,
        height=12,
    )
    return lines(about, Query(leaders(10, _USED_SHARE), "{{account}} {{contract}} {{resource}}"))
