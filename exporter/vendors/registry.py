"""The only list of the built-in vendors. All other code reads this list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from exporter.vendors.account import Account
from exporter.vendors.history import Past
from exporter.vendors.ionos.account import Ionos
from exporter.vendors.ionos.history import IonosPast
from exporter.vendors.netnut.account import NetNut
from exporter.vendors.netnut.history import NetNutPast
from exporter.vendors.planship.account import Planship
from exporter.vendors.prolifi.account import Prolifi
from exporter.vendors.prolifi.history import ProlifiPast

VENDORS: Final[Mapping[str, type[Account]]] = MappingProxyType(
    {"netnut": NetNut, "ionos": Ionos, "prolifi": Prolifi, "planship": Planship}
)

PASTS: Final[Mapping[str, type[Past[Any]]]] = MappingProxyType(
    {"netnut": NetNutPast, "ionos": IonosPast, "prolifi": ProlifiPast}
)
"""The classes that read past usage, by vendor. Vendors without such a class report no figures by date."""

VENDOR_FAMILIES: Final = tuple(family for vendor in VENDORS.values() for family in vendor.reported)
"""Every family that the vendors report, in the order of the metrics page."""
