"""From vendor to receiver on this machine: sandbox, exporter, Prometheus, Alertmanager, and a sink of what is told."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlencode

import anyio
import yaml
from anyio.from_thread import start_blocking_portal
from exporter_process import running as exporter_running
from programs import eventually, fetch, free_port
from servers import alertmanager, prometheus

from exporter.rules.document import rules
from exporter.rules.options import Options
from exporter.rules.thresholds import Thresholds
from exporter.sandbox import World, make_app
from exporter.web.addresses import address_of, listen
from exporter.web.server import Server

ROUTES: Final = Path(__file__).parents[2] / "prometheus" / "alertmanager.yml"
JOB: Final = "usage-exporter"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a receiver was told of one alert."""

    receiver: str
    status: str
    alert: str
    severity: str
    quota: str = ""
    account: str = ""


@dataclass(slots=True)
class Sink:
    """Keeps what receivers are told."""

    url: str = ""
    told: set[Notice] = field(default_factory=set)
    heard: list[tuple[float, Notice]] = field(default_factory=list)
    """Every notice and when it came (Unix time), also what a test has cleared from `told`."""
    texts: dict[Notice, str] = field(default_factory=dict)
    """Summary and description, as they came last."""

    def hear(self, receiver: str, body: Any) -> None:
        for alert in body["alerts"]:
            labels = alert["labels"]
            quota, account = labels.get("quota", ""), labels.get("account", "")
            notice = Notice(receiver, alert["status"], labels["alertname"], labels["severity"], quota, account)
            self.texts[notice] = "\n".join(alert["annotations"][one] for one in ("summary", "description"))
            self.told.add(notice)
            self.heard.append((time.time(), notice))


@contextmanager
def listening_sink() -> Iterator[Sink]:
    sink = Sink()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sink.hear(self.path.strip("/"), json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        sink.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield sink
        server.shutdown()


@dataclass(slots=True)
class Clock:
    """The vendors' time, wherever a test sets it (Unix time)."""

    now: float

    def __call__(self) -> float:
        return self.now


@contextmanager
def serving_sandbox(clock: Clock) -> Iterator[str]:
    (socket,) = listen(["127.0.0.1:0"])
    with start_blocking_portal() as portal:
        stop = portal.call(anyio.Event)
        served = portal.start_task_soon(Server(make_app(World(clock=clock)), stop).run, [socket])
        yield f"http://{address_of(socket)}"
        portal.call(stop.set)
        served.result()


def quick_rules() -> str:
    """The rules as an operator renders them, with all that takes time taking seconds."""
    waits = {one.name: 1 for one in fields(Thresholds) if one.name.endswith(("_for", "_keep", "_least"))}
    del waits["restarts_for"]  # an exporter of this test is always young
    # What mutes goes on for longer than what it mutes.
    waits |= {"quota_pace_keep": 2, "quota_critical_keep": 3, "quota_exhausted_keep": 4}
    return rules(Options(thresholds=replace(Thresholds(), **waits), job=JOB)).replace("interval: 1m", "interval: 1s")


def quick_routes(sink: Sink) -> str:
    """The example's routes, without waits and office hours, to the sink's receivers."""
    config = yaml.safe_load(ROUTES.read_text())

    def quicken(route: dict[str, Any]) -> None:
        route |= {name: "1s" for name in ("group_wait", "group_interval") if name in route}
        route.pop("active_time_intervals", None)
        for below in route.get("routes", ()):
            quicken(below)

    quicken(config["route"])
    for receiver in config["receivers"]:
        for webhook in receiver.get("webhook_configs", ()):
            webhook["url"] = f"{sink.url}/{receiver['name']}"
    return str(yaml.safe_dump(config))


@dataclass(slots=True)
class Chain:
    """The parts that run, and how they are asked."""

    clock: Clock
    sink: Sink
    exporter: ExitStack
    start_exporter: Any
    prometheus: str
    alertmanager: str
    folder: Path
    began: float = field(default_factory=time.time)

    def rename(self, account: str, name: str) -> None:
        """Give an account another name in the configuration, for the exporter that is started next."""
        config = self.folder / "config.yaml"
        config.write_text(config.read_text().replace(f"name: {account}\n", f"name: {name}\n"))

    def query(self, expression: str) -> list[dict[str, str]]:
        return [one["metric"] for one in self._asked("query", query=expression)]

    def _asked(self, path: str, **asked: object) -> list[dict[str, Any]]:
        return list(json.loads(fetch(f"{self.prometheus}/api/v1/{path}?{urlencode(asked)}"))["data"]["result"])

    def timeline(self) -> str:
        """What each receiver was told and how each alert and share went, by seconds since it all began."""
        lines = [(at, f"told {notice}") for at, notice in self.sink.heard]
        looked_at = '{__name__=~"ALERTS|usage:quota_(last|warning|critical):ratio"}'
        for found in self._asked("query_range", query=looked_at, start=self.began, end=time.time(), step=1):
            labels = found["metric"]
            name = " ".join(labels[one] for one in sorted(labels) if one not in ("instance", "job", "unit", "vendor"))
            last: tuple[float, str] = (0, "")
            for at, value in found["values"]:
                if at - last[0] > 1 and last[0]:
                    lines.append((last[0] + 1, f"{name} gone"))
                if at - last[0] > 1 or value != last[1]:
                    lines.append((at, f"{name} {value}"))
                last = at, value
            lines.append((last[0] + 1, f"{name} gone"))
        return "\n".join(f"{at - self.began:7.2f} {what}" for at, what in sorted(lines))

    def muted(self, alert: str, severity: str, **labels: str) -> bool:
        """Whether Alertmanager has the alert and tells nobody of it."""
        wanted = {"alertname": alert, "severity": severity, **labels}
        return any(
            wanted.items() <= one["labels"].items() and one["status"]["inhibitedBy"]
            for one in json.loads(fetch(f"{self.alertmanager}/api/v2/alerts"))
        )

    def tells(self, *notices: Notice) -> None:
        """Wait until the receivers were told all of this."""
        try:
            eventually(lambda: set(notices) <= self.sink.told)
        except AssertionError:
            missing = "\n".join(map(str, set(notices) - self.sink.told))
            told = "\n".join(sorted(map(str, self.sink.told)))
            raise AssertionError(f"not told:\n{missing}\ntold:\n{told}") from None


@contextmanager
def running_chain(
    generation: str, folder: Path, config: str, environment: dict[str, str], now: float
) -> Iterator[Chain]:
    """Run all of it; `config` has URL where the sandbox's is to stand."""
    exporter_address = f"127.0.0.1:{free_port()}"
    clock = Clock(now)
    with ExitStack() as stack, ExitStack() as exporter:
        sink = stack.enter_context(listening_sink())
        sandbox = stack.enter_context(serving_sandbox(clock))
        (folder / "config.yaml").write_text(config.replace("URL", sandbox))
        (folder / "rules.yml").write_text(quick_rules())
        (folder / "alertmanager.yml").write_text(quick_routes(sink))
        start_exporter = partial(
            exporter_running,
            folder,
            "run",
            "--config.file=config.yaml",
            f"--web.listen-address={exporter_address}",
            env=environment,
        )
        exporter.enter_context(start_exporter())
        alerts = stack.enter_context(alertmanager(generation, folder, folder / "alertmanager.yml"))
        config_of_prometheus = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [exporter_address]}]}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alerts.removeprefix("http://")]}]}]},
        }
        series = stack.enter_context(prometheus(generation, folder, config_of_prometheus))
        chain = Chain(clock, sink, exporter, start_exporter, series, alerts, folder)
        try:
            yield chain
        except AssertionError as error:
            error.add_note(chain.timeline())
            raise
