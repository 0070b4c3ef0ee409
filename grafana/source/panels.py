"""Panels: each says what it shows, in which unit, and what it means when there is nothing to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from grafana_foundation_sdk.builders import bargauge, common, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery as Answer
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    FieldColorModeId,
    GridPos,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporter.rules.thresholds import Thresholds
from grafana.source.variables import SOURCE

_SPAN_NULLS_MILLISECONDS: Final = 3_600_000
"""A gap of an hour and less is drawn through; an outage is not."""

_BAR_PIXELS: Final = 42
"""A bar and its name: where there are few, they grow no larger."""

Steps = tuple[tuple[float | None, str], ...]

THRESHOLDS: Final = Thresholds()
SHARE: Final[Steps] = (
    (None, "green"),
    (THRESHOLDS.quota_warning, "yellow"),
    (THRESHOLDS.quota_critical, "red"),
)
STALE: Final[Steps] = ((None, "green"), (THRESHOLDS.fresh_intervals, "red"))
NONE_IS_GOOD: Final[Steps] = ((None, "green"), (1, "red"))
ONE_IS_GOOD: Final[Steps] = ((None, "red"), (1, "green"))
TIME_LEFT: Final[Steps] = ((None, "red"), (THRESHOLDS.forecast_critical, "yellow"), (7 * 86400, "green"))
PLAIN: Final[Steps] = ((None, "text"),)


class Query(NamedTuple):
    """What is asked, and what the series that answer are called."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a panel shows.

    Attributes:
        title: unique on its board.
        description: a sentence or two, the last on what an empty panel means.
        unit: Grafana's name of it.
        nothing: what stands where there is no value.
        width: of 24 columns.
        height: in Grafana's rows of 30 pixels.
        steps: from which value which colour.
        values: text in place of a value, with its colour.
        decimals: how many; as Grafana sees fit where none is given.

    """

    title: str
    description: str
    unit: str
    nothing: str
    width: int = 12
    height: int = 9
    steps: Steps = PLAIN
    values: tuple[tuple[str, str, str], ...] = ()
    decimals: int | None = None


small: Final = partial(About, width=4, height=3)
"""About one number among several."""


def targets(queries: Sequence[Query], *, instant: bool, table: bool = False) -> list[Builder[Answer]]:
    """Return queries as a panel has them, A, B and so on."""
    made: list[Builder[Answer]] = []
    for letter, query in zip("ABCDEFGHIJKLMN", queries, strict=False):
        one = Dataquery().ref_id(letter).datasource(SOURCE).expr(query.expression)
        one = one.instant() if instant else one.range()
        one.format(PromQueryFormat.TABLE if table else PromQueryFormat.TIME_SERIES)
        made.append(one.legend_format(query.legend) if query.legend else one)
    return made


def thresholds(steps: Steps) -> ThresholdsConfig:
    """Return steps as a panel has them."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value, colour) for value, colour in steps])


def said(values: Sequence[tuple[str, str, str]], nothing: str = "") -> list[Any]:
    """Return value mappings: each a value, the text in its place, and its colour; `nothing` has no threshold's."""
    made = {value: ValueMappingResult(text=text, color=colour) for value, text, colour in values}
    mappings: list[Any] = [ValueMap(options=made)] if made else []
    if nothing:
        plain = ValueMappingResult(text=nothing, color="text")
        mappings.append(SpecialValueMap(DashboardSpecialValueMapOptions(SpecialValueMatch.NULL_AND_NAN, plain)))
    return mappings


def described(panel: Any, about: About) -> Any:
    """Give a panel what every panel has."""
    panel.title(about.title).description(about.description).datasource(SOURCE)
    panel.unit(about.unit).no_value(about.nothing).thresholds(thresholds(about.steps))
    panel.grid_pos(GridPos(w=about.width, h=about.height))
    if about.values:
        panel.mappings(said(about.values))
    return panel.decimals(about.decimals) if about.decimals is not None else panel


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def number(about: About, *queries: Query) -> stat.Panel:
    """One number to act on; several stand side by side, with their names."""
    panel = described(stat.Panel(), about)
    panel.targets(targets(queries, instant=True)).reduce_options(_last())
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    panel.color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.NONE)
    made: stat.Panel = panel.text_mode(options.BigValueTextMode.AUTO).justify_mode(options.BigValueJustifyMode.AUTO)
    return made


def ranking(about: About, *queries: Query) -> bargauge.Panel:
    """Bars from left to right, as long as their share."""
    panel = described(bargauge.Panel(), about)
    panel.targets(targets(queries, instant=True)).reduce_options(_last()).min(0)
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    panel.name_placement(options.BarGaugeNamePlacement.TOP)
    panel.text(common.VizTextDisplayOptions().title_size(12).value_size(14))
    panel.sizing(options.BarGaugeSizing.MANUAL).min_viz_height(16).max_viz_height(_BAR_PIXELS)
    panel.orientation(options.VizOrientation.HORIZONTAL).display_mode(options.BarGaugeDisplayMode.BASIC)
    made: bargauge.Panel = panel.value_mode(options.BarGaugeValueMode.TEXT).show_unfilled(True)
    return made


def lines(about: About, *queries: Query) -> timeseries.Panel:
    """What changes with time. Series whose names begin with Limit, Even or Before are dashed."""
    panel = _series(about, queries).draw_style(options.GraphDrawStyle.LINE).line_width(2).fill_opacity(0)
    panel.show_points(options.VisibilityMode.NEVER).span_nulls(_SPAN_NULLS_MILLISECONDS)
    if about.steps != PLAIN:
        dashed = common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        panel.thresholds_style(dashed)
    for name, dash in (("Limit", [10, 10]), ("Even", [2, 6]), ("Before", [6, 6])):
        if any(query.legend.startswith(name) for query in queries):
            style = DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": dash})
            panel.override_by_regexp(f"/^{name}/", [style, DynamicConfigValue("custom.lineWidth", 1)])
    return panel


def daily(about: About, *queries: Query) -> timeseries.Panel:
    """A step for each day, today's so far, of series that may not be added up: of several units or currencies."""
    panel = _series(about, queries).interval("1d").draw_style(options.GraphDrawStyle.LINE).line_width(2)
    panel.line_interpolation(options.LineInterpolation.STEP_AFTER).fill_opacity(10)
    return panel.show_points(options.VisibilityMode.NEVER).min(0)


def days(about: About, *queries: Query) -> timeseries.Panel:
    """A bar for each day, today's so far; all are of one unit, and stand on each other."""
    panel = (
        _series(about, queries).interval("1d").draw_style(options.GraphDrawStyle.BARS).fill_opacity(80).line_width(0)
    )
    panel.bar_alignment(options.BarAlignment.AFTER).bar_width_factor(0.8)
    return panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A")).min(0)


def _series(about: About, queries: Sequence[Query]) -> timeseries.Panel:
    panel: timeseries.Panel = described(timeseries.Panel(), about).targets(targets(queries, instant=False))
    panel.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.TABLE).show_legend(True)
    panel.legend(legend.placement(options.LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"]))
    tooltip = common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI)
    return panel.tooltip(tooltip.sort(options.SortOrder.DESCENDING))
