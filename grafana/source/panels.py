"""Panels; each states what it shows, its unit, and what it means if there is nothing to show."""

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
"""Gaps up to an hour are bridged by a line; outages are not."""

_BAR_PIXELS: Final = 42
"""The maximum height of a bar with its name, so that a few bars do not fill the panel."""

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
    """A query, and the legend of its series."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a panel shows.

    Attributes:
        title: unique on its board.
        description: a sentence or two, the last on what an empty panel means.
        unit: Grafana's name of its unit.
        nothing: the text without a value.
        width: in columns, of 24.
        height: in Grafana's rows of 30 pixels.
        steps: colours by value.
        values: texts for special values, with their colours.
        decimals: the number of decimals; Grafana's choice if None.

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
"""A small panel for one number among several."""


def targets(queries: Sequence[Query], *, instant: bool, table: bool = False) -> list[Builder[Answer]]:
    """Return queries in a panel's model, named A, B and so on."""
    made: list[Builder[Answer]] = []
    for letter, query in zip("ABCDEFGHIJKLMN", queries, strict=False):
        one = Dataquery().ref_id(letter).datasource(SOURCE).expr(query.expression)
        one = one.instant() if instant else one.range()
        one.format(PromQueryFormat.TABLE if table else PromQueryFormat.TIME_SERIES)
        made.append(one.legend_format(query.legend) if query.legend else one)
    return made


def thresholds(steps: Steps) -> ThresholdsConfig:
    """Return threshold steps in a panel's model."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value, colour) for value, colour in steps])


def value_mappings(values: Sequence[tuple[str, str, str]], nothing: str = "") -> list[Any]:
    """Return value mappings, each a value with its text and colour; `nothing` is the text without a value."""
    made = {value: ValueMappingResult(text=text, color=colour) for value, text, colour in values}
    mappings: list[Any] = [ValueMap(options=made)] if made else []
    if nothing:
        plain = ValueMappingResult(text=nothing, color="text")
        mappings.append(SpecialValueMap(DashboardSpecialValueMapOptions(SpecialValueMatch.NULL_AND_NAN, plain)))
    return mappings


def described(panel: Any, about: About) -> Any:
    """Return a panel with the properties that all panels have."""
    panel.title(about.title).description(about.description).datasource(SOURCE)
    panel.unit(about.unit).no_value(about.nothing).thresholds(thresholds(about.steps))
    panel.grid_pos(GridPos(w=about.width, h=about.height))
    if about.values:
        panel.mappings(value_mappings(about.values))
    return panel.decimals(about.decimals) if about.decimals is not None else panel


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def number(about: About, *queries: Query) -> stat.Panel:
    """Return a panel with one or more numbers to act on, side by side with their names."""
    panel = described(stat.Panel(), about)
    panel.targets(targets(queries, instant=True)).reduce_options(_last())
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    panel.color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.NONE)
    made: stat.Panel = panel.text_mode(options.BigValueTextMode.AUTO).justify_mode(options.BigValueJustifyMode.AUTO)
    return made


def ranking(about: About, *queries: Query) -> bargauge.Panel:
    """Return a panel of horizontal bars."""
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
    """Return a time series panel. Series whose names begin with Limit, Even or Before are dashed."""
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
    """Return a panel with one step per day, including today so far, for series in several units or currencies."""
    panel = _series(about, queries).interval("1d").draw_style(options.GraphDrawStyle.LINE).line_width(2)
    panel.line_interpolation(options.LineInterpolation.STEP_AFTER).fill_opacity(10)
    return panel.show_points(options.VisibilityMode.NEVER).min(0)


def days(about: About, *queries: Query) -> timeseries.Panel:
    """Return a panel with one stacked bar per day, including today so far, for series in one unit."""
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
