"""Which alert mutes which, asked of a real Alertmanager with the example; and that muted is not told as resolved."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
import yaml
from alerting import CONFIG, Alert, alertmanager, alerts, labels_of
from patience import DEADLINE_SECONDS
from programs import eventually

ALERTS = alerts()
QUOTA_WARNINGS = {
    (name, severity) for name, severity in ALERTS if name.startswith("UsageQuota") and severity == "warning"
}
QUOTA_CRITICAL = {(f"UsageQuota{name}", "critical") for name in ("High", "WillRunOut", "BurnFast")}
GONE = {("UsageExporterDown", "critical"), ("UsageExporterAbsent", "critical")}
MUTED: dict[Alert, set[Alert]] = {
    ("UsageExporterDown", "critical"): {
        ("UsageExporterAbsent", "critical"),
        ("UsageExporterShardsMissing", "critical"),
    },
    ("UsageExporterAbsent", "critical"): set(ALERTS) - GONE,
    ("UsageQuotaHigh", "critical"): QUOTA_WARNINGS,
    ("UsageQuotaExhausted", "critical"): QUOTA_WARNINGS | QUOTA_CRITICAL,
    ("UsageQuotaNotAllowed", "critical"): QUOTA_WARNINGS,
    ("UsageQuotaWillRunOut", "critical"): QUOTA_WARNINGS,
    ("UsageQuotaBurnFast", "critical"): QUOTA_WARNINGS,
    ("UsagePollStale", "critical"): {("UsagePollStale", "warning")},
    ("UsageCredentialEnding", "critical"): {("UsageCredentialEnding", "warning")},
    ("UsageAuthFailing", "critical"): {
        ("UsagePollStale", "warning"),
        ("UsagePollStale", "critical"),
        ("UsageNoReading", "critical"),
        ("UsageMissing", "warning"),
        ("UsageFrozen", "info"),
        ("UsagePollErrors", "warning"),
        ("UsageCredentialEnding", "warning"),
        ("UsageCredentialEnding", "critical"),
    },
}
"""What an alert mutes where the labels that both have are the same; one that is not here mutes nothing."""

# A critical alert, a warning that it would mute, and the label in which that one differs.
NEAR_MISSES = [
    ("UsageQuotaHigh", "UsageQuotaHigh", {"subject": "48212"}),
    ("UsageQuotaHigh", "UsageQuotaHigh", {"quota": "requests"}),
    ("UsageQuotaExhausted", "UsageQuotaWillRunOut", {"account": "other"}),
    ("UsageQuotaExhausted", "UsageQuotaWillRunOut", {"vendor": "planship"}),
    ("UsageQuotaBurnFast", "UsageQuotaBurnFast", {"job": "other"}),
    ("UsagePollStale", "UsagePollStale", {"account": "other"}),
    ("UsagePollStale", "UsagePollStale", {"vendor": "planship"}),
    ("UsagePollStale", "UsagePollStale", {"job": "other"}),
    ("UsageAuthFailing", "UsagePollStale", {"account": "other"}),
    ("UsageAuthFailing", "UsageMissing", {"vendor": "planship"}),
    ("UsageAuthFailing", "UsagePollErrors", {"job": "other"}),
    ("UsageExporterDown", "UsageExporterShardsMissing", {"job": "other"}),
    ("UsageExporterAbsent", "UsageQuotaHigh", {"job": "other"}),
    ("UsageExporterAbsent", "UsageConfigReloadFailed", {"job": "other"}),
    ("UsageExporterAbsent", "UsagePollStale", {"job": "other"}),
    ("UsageExporterDown", "UsageExporterDown", {"instance": "127.0.0.1:10926"}),
    ("UsageExporterDown", "DiskFull", {}),
]

EXHAUSTED = ("UsageQuotaExhausted", "critical")
ABSENT = ("UsageExporterAbsent", "critical")


def together(source: Alert, other: Alert) -> str:
    """The job in which just these two fire."""
    return f"{source} and {other}"


@pytest.fixture(scope="module")
def muted(generation: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Alert]]:
    """What is muted, by job: any two alerts fire in a job of their own, and each near miss does."""
    posted = [
        labels_of(one, together(first, second)) for first in ALERTS for second in ALERTS for one in (first, second)
    ]
    for number, (source, other, change) in enumerate(NEAR_MISSES):
        posted.append(labels_of((source, "critical"), f"near miss {number}"))
        posted.append(labels_of((other, "warning"), f"near miss {number}") | change)
    with alertmanager(generation, CONFIG, tmp_path_factory.mktemp("alertmanager")) as running:
        running.post(*posted)
        running.post(labels_of(ABSENT, "last"), labels_of(("UsageMissing", "warning"), "last"))
        eventually(lambda: "last" in running.muted())
        return running.muted()


@pytest.mark.parametrize("source", ALERTS, ids="/".join)
def test_an_alert_mutes_just_what_it_explains(muted: dict[str, set[Alert]], source: Alert) -> None:
    found = {other for other in ALERTS if other in muted.get(together(source, other), ())}

    assert found == MUTED.get(source, set())


@pytest.mark.parametrize("number", range(len(NEAR_MISSES)), ids=lambda number: "/".join(map(str, NEAR_MISSES[number])))
def test_an_alert_on_something_else_is_not_muted(muted: dict[str, set[Alert]], number: int) -> None:
    assert f"near miss {number}" not in muted
    assert "other" not in muted


Told = tuple[str, str]
"""Firing or resolved, and the alert's name."""


@contextmanager
def receiver() -> Iterator[tuple[str, Queue[Told]]]:
    """A webhook's URL, and what is told there."""
    told: Queue[Told] = Queue()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in body["alerts"]:
                told.put((alert["status"], alert["labels"]["alertname"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", told
        finally:
            server.shutdown()
            thread.join()


def hurried(url: str, folder: Path) -> Path:
    """The example, but that it tells all at once, and all at this URL."""
    config = yaml.safe_load(CONFIG.read_text())
    config["route"] |= {"group_wait": "10ms", "group_interval": "500ms"}
    for one in config["receivers"]:
        one["webhook_configs"] = [{**hook, "url": url} for hook in one.get("webhook_configs", ())]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    return folder / "alertmanager.yml"


def test_a_quota_alert_is_not_told_as_resolved_while_the_exporter_is_gone(generation: str, tmp_path: Path) -> None:
    with receiver() as (url, told), alertmanager(generation, hurried(url, tmp_path), tmp_path) as running:

        def next_told() -> Told:
            return told.get(timeout=DEADLINE_SECONDS)

        running.post(labels_of(EXHAUSTED))
        assert next_told() == ("firing", "UsageQuotaExhausted")
        running.post(labels_of(ABSENT))
        assert next_told() == ("firing", "UsageExporterAbsent")

        # The second and the third of a group are told an interval apart, so the muted one had its turn in between.
        for count, subject in enumerate(("first", "second", "third"), 1):
            running.post(labels_of(("UsageQuotaHigh", "critical"), "other") | {"subject": subject})
            assert [next_told() for _ in range(count)] == [("firing", "UsageQuotaHigh")] * count
        assert running.muted()["usage-exporter"] == {EXHAUSTED}

        running.post(labels_of(ABSENT), endsAt=datetime.now(UTC).isoformat())
        assert next_told() == ("resolved", "UsageExporterAbsent")
        running.post(labels_of(EXHAUSTED), endsAt=datetime.now(UTC).isoformat())
        assert next_told() == ("resolved", "UsageQuotaExhausted")
