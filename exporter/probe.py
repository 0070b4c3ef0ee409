"""What a probe says of an account that was polled once, for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.quota import WITHHELD_TEXTS

if TYPE_CHECKING:
    from exporter.app import Outcome


def said(outcome: Outcome) -> str:
    """Return how a poll ended and what it left out; a line, and one for each thing that a person may want to mend."""
    account, snapshot = outcome.account, outcome.snapshot
    who = f"{account.vendor}/{account.name}"
    if snapshot.error is not None or not snapshot.parts:
        reason = snapshot.error.reason if snapshot.error else "unknown"
        return f"{who}: failed after {outcome.seconds:.2f} s: {snapshot.error} ({reason})"
    notes = snapshot.notes
    left_out = sum(notes.skipped.values())
    skipped = f", items left out: {left_out}" if left_out else ""
    faults = (f"quota {name}: {WITHHELD_TEXTS[reason]}" for name, reason in sorted(snapshot.withheld))
    told = "".join(f"\n    {one}" for one in (*sorted(notes.left_out), *faults))
    return f"{who}: {snapshot.series} series in {outcome.seconds:.2f} s{skipped}{told}"
