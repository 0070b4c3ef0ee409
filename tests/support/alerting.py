"""The alerts that there are, the labels that each has, and an Alertmanager to send them to."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import servers
import yaml
from programs import fetch

PROMETHEUS: Final = Path(__file__).parents[2] / "prometheus"
CONFIG: Final = PROMETHEUS / "alertmanager.yml"

Alert = tuple[str, str]
"""Name and severity."""
Labels = dict[str, str]

ACCOUNT: Final = {"vendor": "netnut", "account": "main"}
QUOTA: Final = {**ACCOUNT, "quota": "traffic", "subject": "48211", "unit": "GB"}
EXPORTER: Final = {"instance": "127.0.0.1:10924"}


def alerts() -> list[Alert]:
    """Every alert of the rules, in their order."""
    rules = yaml.safe_load((PROMETHEUS / "rules" / "usage-alerts.yml").read_text())
    return [(rule["alert"], rule["labels"]["severity"]) for group in rules["groups"] for rule in group["rules"]]


def labels_of(alert: Alert, job: str = "usage-exporter") -> Labels:
    """An alert as it comes from Prometheus: one on an exporter has no account, one on all of a job the job alone."""
    name, severity = alert
    own: Labels = ACCOUNT
    if name in ("UsageExporterAbsent", "UsageExporterShardsMissing"):
        own = {}
    elif name in ("UsageExporterDown", "UsageExporterRestarting", "UsageConfigReloadFailed"):
        own = EXPORTER
    elif name.startswith("UsageQuota") or name in ("UsageSpike", "UsageFrozen"):
        own = QUOTA
    return {"alertname": name, "severity": severity, "job": job, **own}


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """A running one."""

    url: str

    def post(self, *alerts: Labels, **times: str) -> None:
        """Send alerts as Prometheus does; one with `endsAt` in the past is resolved."""
        body = json.dumps([{"labels": one, **times} for one in alerts]).encode()
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", body, {"Content-Type": "application/json"})  # noqa: S310 - http to this machine
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - the same

    def muted(self) -> dict[str, set[Alert]]:
        """The alerts that another mutes now, by job."""
        muted: dict[str, set[Alert]] = {}
        for alert in json.loads(fetch(f"{self.url}/api/v2/alerts")):
            status, labels = alert["status"], alert["labels"]
            if status["state"] == "suppressed" and status["inhibitedBy"]:
                muted.setdefault(labels["job"], set()).add((labels["alertname"], labels["severity"]))
        return muted


@contextmanager
def alertmanager(generation: str, config: Path, folder: Path) -> Iterator[Alertmanager]:
    """A real Alertmanager with a configuration."""
    with servers.alertmanager(generation, folder, config) as url:
        yield Alertmanager(url)
