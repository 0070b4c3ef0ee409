"""A board: its name, its variables, and its rows of panels, laid out from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardCursorSync, DashboardLinkType, GridPos, Panel

from grafana.source.variables import SOURCE

TAG: Final = "vendor-usage"
_WIDTH: Final = 24
_ROW_IDS: Final = 100
"""Panel ids begin with their row's number, so that adding a panel changes no ids in later rows."""

PanelBuilder = Builder[Panel]


@dataclass(frozen=True, slots=True)
class _Row:
    title: str
    lines: Sequence[Sequence[PanelBuilder]]
    collapsed: bool


@dataclass(slots=True)
class Board:
    """A dashboard under construction."""

    uid: str
    title: str
    description: str
    variables: Sequence[build.QueryVariable | build.DatasourceVariable]
    since: str = "now-30d"
    starts: str = ""
    """A query for the Unix times to mark on the panels: the starts of periods."""
    whose: str = ""
    """The text of such a mark, with the labels of the query's series."""
    _rows: list[_Row] = field(default_factory=list)

    def row(self, title: str, *lines: Sequence[PanelBuilder], collapsed: bool = False) -> Self:
        """Add a row: lines of panels, each with width and height; a collapsed row sends no query until it is opened."""
        self._rows.append(_Row(title, lines, collapsed))
        return self

    def dashboard(self) -> Dashboard:
        """Return the board in Grafana's dashboard model."""
        link = build.DashboardLink("Vendor usage").type(DashboardLinkType.DASHBOARDS).icon("external link").tags([TAG])
        made = (
            build.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .timezone("utc")
            .readonly()
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .time(self.since, "now")
            .refresh("5m")
            .variables(list(self.variables))
            .annotations([self._starts()] if self.starts else [])
            .links([link.as_dropdown(True).include_vars(True).keep_time(True)])
        )
        top = 0
        for number, row in enumerate(self._rows, 1):
            top = _place(made, row, number * _ROW_IDS, top)
        return made.build()

    def _starts(self) -> build.AnnotationQuery:
        return (
            build.AnnotationQuery()
            .name("Periods begin")
            .datasource(SOURCE)
            .enable(True)
            .hide(False)
            .icon_color("blue")
            .expr(f"1000 * {self.starts}")
            .step("1h")
            .use_value_for_time(True)
            .title_format("A period begins")
            .text_format(self.whose)
        )


def _place(made: build.Dashboard, row: _Row, first_id: int, top: int) -> int:
    """Add a row to a dashboard at `top`; return the top of the next one."""
    head = build.Row(row.title).id(first_id).collapsed(row.collapsed)
    head.grid_pos(GridPos(x=0, y=top, w=_WIDTH, h=1))
    top += 1
    panels: list[PanelBuilder] = []
    for line in row.lines:
        left, height = 0, 0
        for panel in line:
            position = panel.build().grid_pos
            assert position is not None  # noqa: S101 - every panel is made with its size
            position.x, position.y = left, top
            panel.build().id_val = first_id + len(panels) + 1
            left, height = left + position.w, max(height, position.h)
            panels.append(panel)
        top += height
    if row.collapsed:
        for panel in panels:
            head.with_panel(panel)
    made.with_row(head)
    if not row.collapsed:
        for panel in panels:
            made.with_panel(panel)
    return top
