"""The rules and the overview with thousands of quotas and a week of history, in a real Prometheus of each generation.

The history has the input of the rules: figures and recorded series of each quota, every five minutes for the last hours
and every hour before that. promtool turns the history, written as OpenMetrics, into blocks; after that, Prometheus
scrapes a page with the figures. Each quota has a name besides its subject. Groups are evaluated concurrently, so the
bar applies to each group; the cost is the CPU time that all groups and the scrapes take per minute.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.figures import Bar, Figure
from benchmarks.processes import eventually, free_port, running
from benchmarks.scale import Scale
from exporter.rules.document import rules
from exporter.rules.options import Options

_ROOT: Final = Path(__file__).parents[1]
_SERVERS: Final = _ROOT / ".venv" / "servers"
_OVERVIEW: Final = _ROOT / "grafana" / "dashboards" / "overview.json"
_GENERATIONS: Final = ("stable", "current")
_DAY: Final = 86400
_WEEK: Final = 8 * _DAY
_LATELY: Final = 8 * 3600
_LIMIT: Final = 1000.0
_BAR: Final = Bar(value_at_most=2.0)
_SLOWLY: Final = "interval: 3m", "interval: 60s"
_FASTER: Final = 3
"""The factor by which evaluations are sped up: minutes of evaluations per minute."""
_ACCOUNTS: Final = 10
_MOMENTS: Final = 720
_OF: Final = 'job="usage-exporter"'
_AT: Final = f'{_OF},instance="localhost:10924"'
_NAMES: Final = "usage_quota_subject_info"
_HALF: Final = 15 * _DAY
"""Half of a quota's period, in seconds: the benchmark takes place in the middle of the period."""
_ASKED: Final = 3
_Value = Callable[[int, int], float]
"""Returns the value of a series, given the quota's number and a Unix time."""
_VARIABLES: Final = {
    "${job:raw}": ".+",
    "$job": ".+",
    "$instance": ".+",
    "$vendor": ".+",
    "$account": ".+",
    "$__rate_interval": "20m",
    "$__range": "30d",
    "$__interval": "1h",
}


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the durations of the rules and of the overview's slowest query; nothing if the servers were not fetched."""
    generations = [one for one in _GENERATIONS if (_SERVERS / one / "bin" / "prometheus").exists()]
    if not generations:
        return
    with tempfile.TemporaryDirectory() as folder:
        now = int(time.time()) // 300 * 300
        text, blocks = Path(folder, "history"), Path(folder, "blocks")
        with text.open("w") as file:
            file.writelines(_history(scale.quotas, now))
        promtool = _SERVERS / _GENERATIONS[0] / "bin" / "promtool"
        making = (promtool, "tsdb", "create-blocks-from", "--max-block-duration=39366h", "openmetrics", text, blocks)
        subprocess.run(making, check=True, capture_output=True)
        text.unlink()
        with _scraped(_page(scale.quotas, now)) as target:
            for generation in generations:
                yield from _measured(generation, Path(folder), blocks, target, scale.quotas)


def _history(quotas: int, now: int) -> Iterator[str]:
    early = [now - ago for ago in range(_WEEK, _LATELY, -3600)]
    late = [now - ago for ago in range(_LATELY, -1, -300)]
    for families in (_figures(quotas, now), _recorded(quotas, now)):
        for name, value in families.items():
            yield f"# TYPE {name} gauge\n"
            for number in range(quotas):
                series = _series(name, number)
                yield "".join(f"{series} {value(number, at):.10g} {at}\n" for at in early + late)
    for name, at_of in _of_accounts(now):
        yield f"# TYPE {name.partition('{')[0]} gauge\n"
        yield "".join(f"{name} {at_of if at_of >= 0 else at} {at}\n" for at in early + late)
    yield "# EOF\n"


def _page(quotas: int, now: int) -> str:
    """Return the page to scrape, without the series of the exporter and its accounts."""
    families = _figures(quotas, now).items()
    return "".join(
        f"{_series(name, number)} {value(number, now):.10g}\n" for name, value in families for number in range(quotas)
    )


def _series(name: str, number: int) -> str:
    scope = _OF if name.startswith("usage:") else _AT
    called = f',name="Shop {number}"' if name == _NAMES else ""
    account = f'vendor="netnut",account="a{number % _ACCOUNTS}"'
    return f'{name}{{{scope},{account},quota="traffic",subject="{number}",unit="GB"{called}}}'


def _used(quotas: int, now: int) -> _Value:
    def used(number: int, at: int) -> float:
        # One quota in fifty is nearly used up; the others are partly used.
        at_the_end = 1.9 if number % 50 == 0 else 0.2 + 0.7 * number / quotas
        return _LIMIT * at_the_end * (at - now + _HALF) / (2 * _HALF)

    return used


def _figures(quotas: int, now: int) -> dict[str, _Value]:
    used = _used(quotas, now)
    return {
        "usage_quota_used": used,
        "usage_quota_consumed_total": used,
        "usage_quota_limit": lambda _, __: _LIMIT,
        "usage_quota_period_start_timestamp_seconds": lambda _, __: now - _HALF,
        "usage_quota_period_end_timestamp_seconds": lambda _, __: now + _HALF,
        _NAMES: lambda _, __: 1,
    }


def _recorded(quotas: int, now: int) -> dict[str, _Value]:
    used = _used(quotas, now)
    return {
        "usage:quota_last:used": used,
        "usage:quota_used:max": used,
        "usage:quota_last:limit": lambda _, __: _LIMIT,
        "usage:quota_last:end": lambda _, __: now + _HALF,
        "usage:quota_increase1h:ratio": lambda _, __: 0.25 * 3600 / _HALF,
        "usage:quota_increase6h:ratio": lambda _, __: 0.25 * 6 * 3600 / _HALF,
        "usage:quota_increase1d:ratio": lambda _, __: 0.25 * _DAY / _HALF,
    }


def _of_accounts(now: int) -> Iterator[tuple[str, float]]:
    """Return series of the exporter and of its accounts, and their values; -1 stands for the time."""
    yield f"usage_exporter_config_last_reload_success_timestamp_seconds{{{_AT}}}", now - _WEEK
    values = {
        "account_up": 1,
        "account_series": 100,
        "poll_interval_seconds": 300,
        "poll_last_success_timestamp_seconds": -1,
    }
    for name, value in values.items():
        for number in range(_ACCOUNTS):
            yield f'usage_exporter_{name}{{{_AT},vendor="netnut",account="a{number}"}}', value


@contextmanager
def _scraped(figures: str) -> Iterator[str]:
    """Serve a page with these figures and with accounts that have just been polled; yield the server's address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = int(time.time())
            accounts = "".join(f"{name} {value if value >= 0 else now}\n" for name, value in _of_accounts(now))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write((figures + accounts).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def _config(target: str) -> str:
    scraped = {"targets": [target], "labels": {"instance": "localhost:10924"}}
    job = {"job_name": "usage-exporter", "honor_labels": True, "static_configs": [scraped]}
    return json.dumps({"rule_files": ["rules.yml"], "scrape_configs": [job]})


def _measured(generation: str, folder: Path, blocks: Path, target: str, quotas: int) -> Iterator[Figure]:
    place = folder / generation
    shutil.copytree(blocks, place / "data")
    (place / "rules.yml").write_text(rules(Options()).replace("interval: 1m", "interval: 20s").replace(*_SLOWLY))
    (place / "prometheus.yml").write_text(_config(target))
    address = f"127.0.0.1:{free_port()}"
    command = (
        str(_SERVERS / generation / "bin" / "prometheus"),
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={place / 'data'}",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address={address}",
    )
    what = f"{quotas:,} quotas, a week of history, Prometheus {_version(command[0])}"
    with running(command, place / "log") as server:

        def evaluated() -> bool:
            counted = _asked(address, "query", query="count(usage:quota_rate:ratio)")["result"]
            return bool(counted) and all(group["evaluationTime"] for group in _groups(address))

        eventually(evaluated, 0.5)
        before = server.cpu_seconds
        seconds: dict[str, list[float]] = {}
        for _ in range(_FASTER):
            time.sleep(60 / _FASTER)
            for group in _groups(address):
                seconds.setdefault(group["name"], []).append(group["evaluationTime"])
        cpu = (server.cpu_seconds - before) / _FASTER
        for name, several in seconds.items():
            yield Figure.of(f"{what}, the group {name} once", several, "s", bar=_BAR)
        yield Figure(f"{what}, CPU of all groups, a minute", cpu, "s")
        found = [
            ([_seconds(address, query, moments) for _ in range(_ASKED)], title) for title, query, moments in _queries()
        ]
        times, title = max(found, key=lambda one: median(one[0]))
        yield Figure.of(f"{what}, the overview's slowest query ({title})", times, "s", bar=_BAR)


def _groups(address: str) -> list[dict[str, Any]]:
    return list(_asked(address, "rules")["groups"])


def _version(program: str) -> str:
    version = subprocess.run((program, "--version"), check=True, capture_output=True, text=True)
    return str(re.findall(r"version (\d[\d.]*)", version.stdout + version.stderr)[0])


def _queries() -> Iterator[tuple[str, str, int]]:
    """Yield the title of each panel, its query, and the number of evaluation times; 1 is an instant query."""
    rows = json.loads(_OVERVIEW.read_text())["panels"]
    for panel in [*rows, *(inner for row in rows for inner in row.get("panels", ()))]:
        for target in panel.get("targets", ()):
            query = target["expr"]
            for name, value in _VARIABLES.items():
                query = query.replace(name, value)
            yield panel["title"], query, 1 if target.get("instant") else panel.get("maxDataPoints", _MOMENTS)


def _seconds(address: str, query: str, moments: int) -> float:
    now = time.time()
    began = time.perf_counter()
    if moments == 1:
        _asked(address, "query", query=query)
    else:
        _asked(address, "query_range", query=query, start=now - 30 * _DAY, end=now, step=30 * _DAY / moments)
    return time.perf_counter() - began


def _asked(address: str, path: str, **asked: object) -> dict[str, Any]:
    with urlopen(f"http://{address}/api/v1/{path}?{urlencode(asked)}", timeout=120) as answer:
        return dict(json.load(answer)["data"])
