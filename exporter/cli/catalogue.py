"""The catalogue of metrics as text and Markdown: `usage-exporter metrics` and docs/metrics.md."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from exporter.metrics import OWN_FAMILIES, QUOTA_FAMILIES, Family
from exporter.store.reading import READING_FAMILIES

FAMILIES: Final = READING_FAMILIES + OWN_FAMILIES
"""All families, in the order of the metrics page."""

_NO_LABELS = "-"


def table(families: Iterable[Family] = FAMILIES) -> str:
    """Return families as plain text. Each family has a line with name, kind and labels, and a line with the meaning."""
    rows = [(family.name, family.kind, ", ".join(labels(family)) or _NO_LABELS, family.help) for family in families]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() + f"\n    {row[3]}\n"
        for row in rows
    )


def markdown(families: Iterable[Family] = FAMILIES) -> str:
    """Return families as Markdown tables: one per vendor, one for quotas, and one for the exporter's own metrics."""
    parts = []
    for title, members in groupby(families, key=_title):
        parts.append(f"### {title}\n\n| metric | labels | meaning |\n| --- | --- | --- |\n")
        parts += [_row(family) for family in members]
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


def labels(family: Family) -> tuple[str, ...]:
    """Return the names of all labels of a family's series, including `account`."""
    return family.labels if family in OWN_FAMILIES else ("account", *family.labels)


def _title(family: Family) -> str:
    return "Quotas of every vendor" if family in QUOTA_FAMILIES else family.vendor or "The exporter itself"


def _row(family: Family) -> str:
    kind = "" if family.kind == "gauge" else f" ({family.kind})"
    names = ", ".join(f"`{name}`" for name in labels(family)) or _NO_LABELS
    option = f" Only with `{'`, `'.join(family.option.split(', '))}`." if family.option else ""
    return f"| `{family.name}`{kind} | {names} | {family.help.replace('|', chr(92) + '|')}{option} |\n"
