"""Tables: one row per thing, one column per label and per query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from grafana.source.panels import SHARE, About, Query, Steps, described, targets, thresholds, value_mappings

_LETTERS: Final = "ABCDEFGHIJKLMN"
HERE: Final = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"
"""URL parameters that carry a board's variables and time range over to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column with a query.

    Attributes:
        title: its header.
        query: returns one series per row, with the rows' labels; at least one column's has all of them.
        unit: Grafana's name of its unit.
        nothing: the text without a value.
        width: in pixels.
        steps: colours by value; none leaves the cell uncoloured.
        gauge: whether the cell is a bar for a share.
        values: texts for special values, with their colours.
        decimals: the number of decimals; Grafana's choice if None.

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
    """A column with a label that identifies the rows.

    Attributes:
        name: the label's name.
        title: its header.
        width: in pixels; 0 takes what is left.
        links: titles and URLs of links on its values.
        hidden: whether it only identifies rows.
        for_links: whether it is not shown, but used in links.

    """

    name: str
    title: str
    width: int = 0
    links: tuple[tuple[str, str], ...] = ()
    hidden: bool = False
    for_links: bool = False


def field_of(name: str) -> str:
    """Return the placeholder for the value of a row's label in a URL."""
    return f"${{__data.fields.{name}:percentencode}}"


def link_to(uid: str, *labels: str, **renamed: str) -> str:
    """Return the URL of a board with variables from a row's labels; `renamed` gives labels with other names."""
    wanted = {**{label: label for label in labels}, **renamed}
    chosen = "".join(f"&var-{variable}={field_of(label)}" for variable, label in wanted.items())
    return f"/d/{uid}?{HERE}{chosen}"


def rows(
    about: About, labels: Sequence[Label], columns: Sequence[Column], worst: str, *, lowest: bool = False
) -> table.Panel:
    """Return a table, sorted by the column `worst`, highest or lowest first; rows without a value there come last.

    All queries have the same labels, so that they merge into one row per thing. The table sorts itself, because the
    sorting transformation fails if a value is missing.
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
    """Return a table of series with unknown labels: each label is a column; only the given ones have titles and widths.

    Args:
        about: what it shows.
        labels: labels that every series has.
        columns: two or more queries with the same series.
        listed: selects the series in the table.
        worst: the title of the column to sort by, highest first.

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
        made.append(DynamicConfigValue("mappings", value_mappings(column.values, column.nothing)))
    if steps:
        made.append(DynamicConfigValue("thresholds", thresholds(steps).build()))
        kind = (
            {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"} if column.gauge else {"type": "color-text"}
        )
        made.append(DynamicConfigValue("custom.cellOptions", kind))
    if column.gauge:
        made += [DynamicConfigValue("min", 0), DynamicConfigValue("max", 1)]
    return made
