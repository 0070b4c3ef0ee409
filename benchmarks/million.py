"""A million series in one process, scraped by a real Prometheus with its default timeout of ten seconds.

The duration of a scrape is Prometheus' own `scrape_duration_seconds`, most of which is its parsing of the page.
The exporter's memory is its peak, including reading the vendor.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, build_opener

from benchmarks.exporting import Exporter, account_of, exporting
from benchmarks.figures import Bar, Figure
from benchmarks.peers import installed
from benchmarks.processes import Program, eventually, free_port, running
from benchmarks.scale import Scale

_MB: Final = 1024 * 1024
_CONFIG: Final = """
global: {{scrape_interval: {interval}s, scrape_timeout: {timeout}s}}
scrape_configs: [{{job_name: usage-exporter, static_configs: [{{targets: ["{address}"]}}]}}]
"""
_TIMEOUT_SECONDS: Final = 10


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the duration and the success rate of Prometheus' scrapes, and the exporter's memory."""
    account = account_of(scale.million)
    with tempfile.TemporaryDirectory() as folder, exporting(account, Path(folder)) as exporter:
        exporter.wait_until_read()
        what = f"{account.series:,} series"
        if program := installed("prometheus"):
            with watching(program, exporter, scale.prometheus_scrapes[1], Path(folder)) as (url, _):
                yield from _scrapes(url, what, account.series, scale)
        yield Figure(
            f"{what}, memory at its peak", exporter.program.peak_bytes / _MB, "MB", bar=Bar(value_at_most=350.0)
        )


@contextmanager
def watching(program: str, exporter: Exporter, interval: int, folder: Path) -> Iterator[tuple[str, Program]]:
    """Run a Prometheus that scrapes an exporter every `interval` seconds; yield its URL and its process."""
    config, port = folder / "prometheus.yml", free_port()
    timeout = min(interval, _TIMEOUT_SECONDS)
    config.write_text(_CONFIG.format(interval=interval, timeout=timeout, address=urlsplit(exporter.url).netloc))
    options = (f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}")
    with running(
        (program, *options, f"--web.listen-address=127.0.0.1:{port}"), folder / "prometheus.log"
    ) as prometheus:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: _ask(url, "/-/ready"))
        yield url, prometheus


def _scrapes(url: str, what: str, series: int, scale: Scale) -> Iterator[Figure]:
    scrapes, interval = scale.prometheus_scrapes
    taken = eventually(lambda: values_of(url, "scrape_duration_seconds", scrapes), pause=interval / 4)
    ups, samples = (values_of(url, name, scrapes) or [0.0] for name in ("up", "scrape_samples_scraped"))
    yield from scrape_figures(what, series, taken, ups, samples)


def scrape_figures(
    what: str, series: int, taken: Sequence[float], ups: Sequence[float], samples: Sequence[float]
) -> Iterator[Figure]:
    """Yield the figures of scrapes from Prometheus' own series: duration, success and number of samples."""
    first, *others = taken
    bar = Bar(value_at_most=3.0)
    yield Figure.of(f"{what}, a real Prometheus' scrape", others or taken, "s", bar=bar)
    yield Figure(f"{what}, its first, for which it makes each series", first, "s")
    yield Figure(f"{what}, scrapes that failed", sum(up != 1 for up in ups), "", bar=Bar(value_at_most=0.0))
    missing = max(0.0, series - min(samples))
    yield Figure(f"{what}, series that were missed", missing, "", bar=Bar(value_at_most=0.0))


def values_of(url: str, name: str, count: int) -> list[float]:
    """Return the values of a series so far if there are at least `count`; else nothing."""
    query = urlencode({"query": f'{name}{{job="usage-exporter"}}[1d]'})
    (found,) = json.loads(_ask(url, f"/api/v1/query?{query}"))["data"]["result"] or [{"values": []}]
    values = [float(value) for _, value in found["values"]]
    return values if len(values) >= count else []


def _ask(url: str, path: str) -> bytes:
    with build_opener(ProxyHandler({})).open(url + path, timeout=_TIMEOUT_SECONDS) as answer:
        return bytes(answer.read())
