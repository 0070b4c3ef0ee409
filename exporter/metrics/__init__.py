"""Metric families: the class `Family`, the families of quotas, and the families of the exporter itself."""

from __future__ import annotations

from typing import Final

from exporter.metrics import own, quota
from exporter.metrics.family import (
    MAX_LABEL_CHARACTERS,
    EndedPeriod,
    Family,
    Figures,
    Item,
    Labels,
    Rest,
    Sample,
    Unreadable,
    clean_label,
    declared,
    figures_of,
    samples_of,
    series_count,
)

__all__ = [
    "MAX_LABEL_CHARACTERS",
    "OWN_FAMILIES",
    "QUOTA_FAMILIES",
    "EndedPeriod",
    "Family",
    "Figures",
    "Item",
    "Labels",
    "Rest",
    "Sample",
    "Unreadable",
    "clean_label",
    "declared",
    "figures_of",
    "samples_of",
    "series_count",
]

QUOTA_FAMILIES: Final = declared(vars(quota))
OWN_FAMILIES: Final = declared(vars(own))
