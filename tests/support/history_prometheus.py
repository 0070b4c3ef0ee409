"""Real servers with the history, and what they answer."""

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from history_session import END
from patience import DEADLINE_SECONDS
from programs import fetch
from servers import GENERATIONS, NEWEST, prometheus, run_tool, victoria_metrics

ENGINES: Final = (*GENERATIONS, "victoria-metrics")
"""What evaluates PromQL: both generations of Prometheus, and VictoriaMetrics."""
LOOKBACK: Final = "61m"
"""How old a sample may be to count as the present one; the history is scraped every hour."""
LONG_QUERIES: Final = "-search.maxQueryLen=65536"
"""What VictoriaMetrics needs for the dashboards' queries."""


class QueryError(Exception):
    """Prometheus refuses a query; the text is its own."""


@dataclass(frozen=True, slots=True)
class Series:
    """Labels, and values by Unix time."""

    labels: Mapping[str, str]
    values: Sequence[tuple[float, float]]

    @property
    def last(self) -> float:
        """The latest value."""
        return self.values[-1][1]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Asks a server about the history by Prometheus' API; all times are Unix times."""

    url: str

    def now(self, expression: str, at: float = END) -> list[Series]:
        """What an expression is at one moment.

        Raises:
            QueryError: it cannot be evaluated.

        """
        found = self._ask("query", query=expression, time=at)["result"]
        return [Series(one["metric"], _values([one["value"]])) for one in found]

    def range(self, expression: str, start: float, step: float, end: float = END) -> list[Series]:
        """What an expression is from `start` to `end`, every `step` seconds of round time, as Grafana asks.

        Raises:
            QueryError: it cannot be evaluated.

        """
        start, end = (math.floor(at / step) * step for at in (start, end))
        found = self._ask("query_range", query=expression, start=start, end=end, step=step)["result"]
        return [Series(one["metric"], _values(one["values"])) for one in found]

    def values_of(self, label: str, selector: str, start: float, end: float = END) -> list[str]:
        """The values that a label has in the series of a selector."""
        found: list[str] = self._ask(f"label/{label}/values", **{"match[]": selector}, start=start, end=end)
        return found

    def _ask(self, path: str, **asked: object) -> Any:
        try:
            with urlopen(f"{self.url}/api/v1/{path}?{urlencode(asked)}", timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - http to this machine
                return json.load(answer)["data"]
        except HTTPError as error:
            with error:
                raise QueryError(json.load(error)["error"]) from None


def _values(pairs: Sequence[tuple[float, str]]) -> list[tuple[float, float]]:
    return [(at, float(value)) for at, value in pairs]


@contextmanager
def serving(engine: str, folder: Path, blocks: Path) -> Iterator[Prometheus]:
    """A server with a copy of a history's blocks, in a folder of its own."""
    if engine in GENERATIONS:
        shutil.copytree(blocks, folder / "data")
        options = ("--storage.tsdb.retention.time=10y", f"--query.lookback-delta={LOOKBACK}")
        with prometheus(engine, folder, {"scrape_configs": []}, *options) as url:
            yield Prometheus(url)
        return
    with victoria_metrics(folder, "-retentionPeriod=10y", f"-search.maxLookback={LOOKBACK}", LONG_QUERIES) as url:
        copying = ("prometheus", "-s", "--disable-progress-bar", f"--prom-snapshot={blocks}", f"--vm-addr={url}")
        done = run_tool("vmctl", NEWEST, *copying)
        assert done.returncode == 0, done.stdout + done.stderr
        fetch(f"{url}/internal/force_flush")
        yield Prometheus(url)
