"""Tables: a row for each thing, a column for each label and each question asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from grafana.source.panels import SHARE, About, Query, Steps, described, said, targets, thresholds

_LETTERS: Final = "ABCDEFGHIJKLMN"
HERE: Final = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"
"""Carries what every board chooses by, and the time, over to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A question asked of each row.

    Attributes:
        title: stands above it.
        query: answers with one series for each row, with the labels of the rows; one column has the labels of all.
        unit: Grafana's name of it.
        nothing: what stands where there is no answer.
        width: in pixels.
        steps: from which value which colour; none colours nothing.
        gauge: whether the cell is a bar, of a share.
        values: text in place of a value, with its colour.
        decimals: how many; as Grafana sees fit where none is given.

    """

    title: str
    query: str
    unit: str = "short"
    nothing: str = "-"
    width: int = 100
    steps: Steps = ()
    gauge: bool = False
    values: tuple[tuple[str, str, str], ...] = ()
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A label whose values name the rows.

    Attributes:
        name: the label's.
        title: stands above it.
        width: in pixels; what is left, where it is 0.
        links: titles and addresses that a value leads to.
        hidden: whether it only tells rows apart.
        for_links: whether it is not shown, but links are made with it.

    """

    name: str
    title: str
    width: int = 0
    links: tuple[tuple[str, str], ...] = ()
    hidden: bool = False
    for_links: bool = False


def field_of(name: str) -> str:
    """Return what stands in a link for the value of a row's label."""
    return f"${{__data.fields.{name}:percentencode}}"


def link_to(uid: str, *labels: str, **renamed: str) -> str:
    """Return the address of a board with variables from a row's labels; `renamed` says the label of another name."""
    wanted = {**{label: label for label in labels}, **renamed}
    chosen = "".join(f"&var-{variable}={field_of(label)}" for variable, label in wanted.items())
    return f"/d/{uid}?{HERE}{chosen}"


def rows(
    about: About, labels: Sequence[Label], columns: Sequence[Column], worst: str, *, lowest: bool = False
) -> table.Panel:
    """A table, the highest of the column `worst` first, or the lowest; what has no value there comes last.

    Each query has the same labels, so that what is said of one thing is one row. The table itself sorts: the
    transformation that could loses its way where a value is missing.
    """
    letters = dict(zip((column.title for column in columns), _LETTERS, strict=False))
    panel: table.Panel = described(table.Panel(), about)
    panel.targets(targets([Query(column.query) for column in columns], instant=True, table=True))
    # Grafana leaves the letter out where there is one query.
    values = {f"Value #{letter}": title for title, letter in letters.items()}
    values |= {"Value": columns[0].title} if len(columns) == 1 else {}
    panel.transformations(
        [
            _transformation("merge"),
            _transformation(
                "organize",
                excludeByName={"Time": True, **{label.name: True for label in labels if label.hidden}},
                indexByName={name: place for place, name in enumerate([*(label.name for label in labels), *values])},
                renameByName={**{label.name: label.title for label in labels}, **values},
            ),
        ]
    )
    panel.sort_by([TableSortByFieldState().display_name(worst).desc(not lowest)])
    for label in (label for label in labels if not label.hidden):
        panel.override_by_name(label.title, _label(label))
    for column in columns:
        panel.override_by_name(column.title, _column(column))
    return panel


def labelled_rows(
    about: About, labels: Sequence[Label], columns: Sequence[Column], listed: str, worst: str
) -> table.Panel:
    """A table of series whose labels nobody knows: each is a column, and those named here have titles and widths.

    Args:
        about: what it shows.
        labels: some that every series has.
        columns: questions with the same answering series, two or more.
        listed: which of those stand in the table.
        worst: title of the column that it is sorted by, the highest first.

    """
    panel: table.Panel = described(table.Panel(), about)
    panel.targets(targets([Query(f"{one.query} and {listed}") for one in columns], instant=True, table=True))
    values = {f"Value #{letter}": column.title for letter, column in zip(_LETTERS, columns, strict=False)}
    renamed = {**{label.name: label.title for label in labels}, **values}
    how = {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": renamed}
    panel.transformations([_transformation("merge"), _transformation("organize", **how)])
    panel.sort_by([TableSortByFieldState().display_name(worst).desc(True)])
    for label in labels:
        panel.override_by_name(label.title, _label(label))
    for column in columns:
        panel.override_by_name(column.title, _column(column))
    return panel


def _transformation(name: str, **how: Any) -> DataTransformerConfig:
    return DataTransformerConfig(id_val=name, options=how)


def _label(label: Label) -> list[DynamicConfigValue]:
    # Grafana takes a string of digits for a number, and shows plan 410692 as 411 K, unless its unit says otherwise.
    made = [
        DynamicConfigValue("custom.filterable", True),
        DynamicConfigValue("unit", "string"),
        DynamicConfigValue("noValue", "-"),
    ]
    if label.for_links:
        # The first is of Grafana 12.2 and later, the second of those before.
        made.append(DynamicConfigValue("custom.hideFrom", {"viz": True, "legend": False, "tooltip": False}))
        made.append(DynamicConfigValue("custom.hidden", True))
    if label.width:
        made.append(DynamicConfigValue("custom.width", label.width))
    if label.links:
        made.append(DynamicConfigValue("links", [{"title": title, "url": url} for title, url in label.links]))
    return made


def _column(column: Column) -> list[DynamicConfigValue]:
    made = [
        DynamicConfigValue("unit", column.unit),
        DynamicConfigValue("noValue", column.nothing),
        DynamicConfigValue("custom.width", column.width),
        DynamicConfigValue("custom.align", "right"),
    ]
    if column.decimals is not None:
        made.append(DynamicConfigValue("decimals", column.decimals))
    steps = column.steps or (SHARE if column.gauge else ())
    if column.values or steps:
        made.append(DynamicConfigValue("mappings", said(column.values, column.nothing)))
    if steps:
        made.append(DynamicConfigValue("thresholds", thresholds(steps).build()))
        kind = (
            {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"} if column.gauge else {"type": "color-text"}
        )
        made.append(DynamicConfigValue("custom.cellOptions", kind))
    if column.gauge:
        made += [DynamicConfigValue("min", 0), DynamicConfigValue("max", 1)]
    return made
