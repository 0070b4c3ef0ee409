"""Queries on a vendor's metrics, whatever their names and labels are."""

from __future__ import annotations

from typing import Final

from grafana.source.promql import chosen, either, leaders, now, series

NAME: Final = "metric_name"
"""The label for the name of a series' metric, since aggregations drop the name itself."""
OF_VENDOR: Final = ('__name__=~"${vendor}_.+"', *chosen("account"))
"""Matchers for all metrics of the chosen vendor, whose names begin with the vendor's."""
_OF_EXPORTERS: Final = "job, instance, namespace, service, endpoint, pod, container, node"
"""Labels that say where a series was scraped, not what it measures."""
_TIMES: Final = "_timestamp_seconds"


class Metrics:
    """The selected metrics of the chosen vendor: either the times or all others, matched by `selector`."""

    def __init__(self, *matchers: str, times: bool = False) -> None:
        self.selector = series("", *OF_VENDOR, *matchers, f'__name__{"=~" if times else "!~"}".+{_TIMES}"')

    @property
    def now(self) -> str:
        """Each series once, even if several exporters report it, with its metric's name as a label."""
        return self._each(self.selector)

    @property
    def risen(self) -> str:
        """The rise of each series since this time yesterday; negative if it fell."""
        return f"({self.now} - {self._each(f'last_over_time({self.selector}[1h] offset 1d)')})"

    @property
    def per_day(self) -> str:
        """The rise of each series in the day that begins now; no value if it fell, unless it restarted."""
        begin = self._each(f"last_over_time({self.selector}[1d])")
        end = self._each(f"last_over_time({self.selector}[1d] offset -1d)")
        # Of the names that are kept: max_over_time drops them.
        peak = f"max_over_time({self.now}[1d:1h] offset -1d)"
        return either((f"({end} - {begin} >= 0)", f"(clamp_min({peak} - {begin}, 0) + ({end} < 0.5 * {begin}))"))

    def leading(self, number: int, expression: str) -> str:
        """Return those of an expression's series that are highest at the end of the time range."""
        return leaders(number, expression, now(self.now))

    @staticmethod
    def _each(expression: str) -> str:
        return f'max without ({_OF_EXPORTERS}) (label_replace({expression}, "{NAME}", "$1", "__name__", "(.+)"))'
