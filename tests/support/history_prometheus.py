"""A real Prometheus that serves the history, and what it answers."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from history import VARIANTS, build
from history_session import END
from programs import eventually, fetch, free_port, program, running

ANSWERED_WITHIN = 60
"""Seconds; a month of a board is more than a scrape, and others may be at work on this machine."""


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
    """Asks a Prometheus about the history; all times are Unix times."""

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
            with urlopen(f"{self.url}/api/v1/{path}?{urlencode(asked)}", timeout=ANSWERED_WITHIN) as answer:  # noqa: S310 - http to this machine
                return json.load(answer)["data"]
        except HTTPError as error:
            with error:
                raise QueryError(json.load(error)["error"]) from None


def _values(pairs: Sequence[tuple[float, str]]) -> list[tuple[float, float]]:
    return [(at, float(value)) for at, value in pairs]


def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the histories, which are written once for all tests."""
    folder = tmp_path_factory.getbasetemp() / "history"
    if not folder.exists():
        program("promtool")
        build(folder)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, Prometheus]]:
    """A Prometheus for each of the histories in a folder."""
    few, many = (folder / variant for variant in VARIANTS)
    with _serving(few) as one, _serving(many) as other:
        yield dict(zip(VARIANTS, (one, other), strict=True))


@contextmanager
def _serving(data: Path) -> Iterator[Prometheus]:
    port, config = free_port(), data.with_suffix(".yml")
    config.write_text("scrape_configs: []\n")
    command = (
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=10y",
        "--query.lookback-delta=31m",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with running(*command, log=data.with_suffix(".log")):
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: fetch(f"{url}/-/ready"))
        yield Prometheus(url)
