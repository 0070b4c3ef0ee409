"""The catalogue: every family there is: those of the vendors, of quotas, and the exporter's own."""

from __future__ import annotations

from typing import Final

from exporter.metrics import own, quota, usage
from exporter.metrics.family import (
    MAX_LABEL_CHARACTERS,
    EndedPeriod,
    Family,
    Figures,
    Item,
    Labels,
    Sample,
    Unreadable,
    clean_label,
    figures_of,
)

__all__ = [
    "FAMILIES",
    "MAX_LABEL_CHARACTERS",
    "OWN_FAMILIES",
    "QUOTA_FAMILIES",
    "READING_FAMILIES",
    "VENDOR_FAMILIES",
    "EndedPeriod",
    "Family",
    "Figures",
    "Item",
    "Labels",
    "Sample",
    "Unreadable",
    "clean_label",
    "figures_of",
]


def _declared(module: object) -> tuple[Family, ...]:
    return tuple(value for name, value in vars(module).items() if isinstance(value, Family) and name.isupper())


VENDOR_FAMILIES: Final = _declared(usage)
QUOTA_FAMILIES: Final = _declared(quota)
READING_FAMILIES: Final = VENDOR_FAMILIES + QUOTA_FAMILIES
"""What a poll brings; the label `account` is added to these where they are rendered."""
OWN_FAMILIES: Final = _declared(own)
FAMILIES: Final = READING_FAMILIES + OWN_FAMILIES
"""In the order of the page."""
