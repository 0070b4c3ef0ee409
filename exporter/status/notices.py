"""Notices of what is missing or odd in the readings of working accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from exporter.quota import WITHHELD_TEXTS
from exporter.secret import redact
from exporter.store.snapshot import Snapshot
from exporter.vendors.reply import SkipReason

SKIP_TEXTS: Final[Mapping[SkipReason, str]] = {
    "schema": "they cannot be read",
    "gone": "the vendor does not have them",
    "refused": "the vendor refuses them",
    "duplicate": "their series already exist",
    "value": "their values are not finite",
    "ambiguous": "it is unknown to whom they belong",
    "capped": "they are beyond what the configuration allows, such as max_customers",
    "failing": "they keep failing while others are read",
}
"""The text for each reason for which items are left out of a reading."""
_MOST: Final = 10


def notices(snapshot: Snapshot) -> Iterator[str]:
    """Yield one line for each condition that a person may want to fix."""
    notes = snapshot.diagnostics
    if snapshot.has_reading and not snapshot.series and not snapshot.dropped:
        yield "the readings have no series: nothing matches the account's settings, or the vendor has nothing to show"
    if snapshot.dropped:
        yield f"{snapshot.dropped:,} series are left out because of max_series"
    for reason, text in SKIP_TEXTS.items():
        if count := notes.skipped[reason]:
            yield f"{count:,} item{'s'[: count != 1]} left out: {text}"
    for one in sorted(notes.left_out)[:_MOST]:
        yield redact(one)
    if notes.drift:
        drift = sorted(f"{field} {kind}" for field, kind in notes.drift)
        more = f" and {len(drift) - _MOST} more" if len(drift) > _MOST else ""
        yield f"answers deviate from the vendor's documentation: {', '.join(drift[:_MOST])}{more}"
    for quota, why in sorted(snapshot.withheld)[:_MOST]:
        yield f"quota {quota} is not shown: {WITHHELD_TEXTS[why]}"
