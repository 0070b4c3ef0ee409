"""A vendor's metrics, whatever their names and labels are."""

from __future__ import annotations

from typing import Final

from grafana.source.promql import chosen, either, leaders, now, series

NAME: Final = "metric_name"
"""The label that says which metric a series is of: an aggregation drops the name itself."""
OF_VENDOR: Final = ('__name__=~"${vendor}_.+"', *chosen("account"))
"""Matchers of all metrics of the chosen vendor: their names begin with its name."""
_OF_EXPORTERS: Final = "job, instance, namespace, service, endpoint, pod, container, node"
"""Labels that say where a series was scraped, not what it is of."""
_TIMES: Final = "_timestamp_seconds"


class Metrics:
    """The metrics that matchers choose among those of the chosen vendor, times or all others; `selector` has them."""

    def __init__(self, *matchers: str, times: bool = False) -> None:
        self.selector = series("", *OF_VENDOR, *matchers, f'__name__{"=~" if times else "!~"}".+{_TIMES}"')

    @property
    def now(self) -> str:
        """Each series, whichever of several exporters say it, with its metric's name as a label."""
        return self._each(self.selector)

    @property
    def risen(self) -> str:
        """How far each series rose since this time yesterday; less than 0 where it fell."""
        return f"({self.now} - {self._each(f'last_over_time({self.selector}[1h] offset 1d)')})"

    @property
    def per_day(self) -> str:
        """What each series rose in the day that begins now; nothing where it fell, but for a new start.

        A fall to less than half is a new start: what was used until then counts, and what was used since.
        """
        begin = self._each(f"last_over_time({self.selector}[1d])")
        end = self._each(f"last_over_time({self.selector}[1d] offset -1d)")
        # Of the names that are kept: max_over_time drops them.
        peak = f"max_over_time({self.now}[1d:1h] offset -1d)"
        return either((f"({end} - {begin} >= 0)", f"(clamp_min({peak} - {begin}, 0) + ({end} < 0.5 * {begin}))"))

    def leading(self, number: int, expression: str) -> str:
        """Return of an expression those series that are highest at the end of the time shown."""
        return leaders(number, expression, now(self.now))

    @staticmethod
    def _each(expression: str) -> str:
        return f'max without ({_OF_EXPORTERS}) (label_replace({expression}, "{NAME}", "$1", "__name__", "(.+)"))'
