"""What a rule is: an expression with a name, as data, and how its placeholders are filled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from textwrap import dedent
from typing import Any, Final, Literal

from exporter.rules.options import Options

Severity = Literal["critical", "warning", "info"]
Scope = Literal["quota", "account", "exporter"]
"""What an alert is about, which says what labels it has and which dashboard shows more."""

QUOTA_LABELS: Final = "job, vendor, account, quota, subject, unit"
ACCOUNT_LABELS: Final = "job, vendor, account"
SHARD: Final = "on (job, instance) group_left (shard) usage:exporter_shard:info"
"""A factor of 1 that says which shard an instance is."""

_PLACEHOLDER: Final = re.compile(r"<([a-z0-9_]+)>")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_DASHBOARDS: Final[Mapping[Scope, tuple[str, tuple[str, ...]]]] = {
    "quota": ("vu-quota", ("vendor", "account", "quota", "subject")),
    "account": ("vu-exporter", ("vendor", "account")),
    "exporter": ("vu-exporter", ()),
}


@dataclass(frozen=True, slots=True)
class Record:
    """A series that Prometheus computes and keeps: its name and its expression."""

    name: str
    expression: str

    def document(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the rule as Prometheus reads it."""
        return {"record": self.name, "expr": fill(self.expression, values)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alerting rule.

    Attributes:
        name: what it is called; its runbook entry has the same name.
        severity: how soon a person should look.
        scope: what it is about.
        for_: the threshold that says how long its expression must hold; empty for at once.
        keep_firing_for: the threshold that says how long it keeps firing after its end; empty for not at all.
        expression: what is so; may have placeholders.
        summary: one line, a Go template.
        description: what it means and what to look at first, a Go template; may have placeholders.

    """

    name: str
    severity: Severity
    scope: Scope
    for_: str = ""
    keep_firing_for: str = ""
    expression: str
    summary: str
    description: str

    def document(self, values: Mapping[str, str], options: Options) -> dict[str, Any]:
        """Return the rule as Prometheus reads it."""
        document: dict[str, Any] = {"alert": self.name, "expr": fill(self.expression, values)}
        if self.for_:
            document["for"] = duration(getattr(options.thresholds, self.for_))
        if self.keep_firing_for:
            document["keep_firing_for"] = duration(getattr(options.thresholds, self.keep_firing_for))
        document["labels"] = {"severity": self.severity}
        document["annotations"] = {
            "summary": self.summary,
            "description": fill(self.description, values),
            "runbook_url": f"{options.runbook_url}#{self.name.lower()}",
            "dashboard_url": self._dashboard(options.grafana_url),
        }
        return document

    def _dashboard(self, grafana_url: str) -> str:
        uid, labels = _DASHBOARDS[self.scope]
        variables = "&".join(f"var-{label}={{{{ $labels.{label} | urlquery }}}}" for label in labels)
        return f"{grafana_url.rstrip('/')}/d/{uid}{'?' if variables else ''}{variables}"


def placeholders(options: Options) -> dict[str, str]:
    """Return what placeholders stand for: thresholds, the job in quotes, labels, the shard, and alerts on quotas."""
    thresholds = options.thresholds
    job = json.dumps(options.job, ensure_ascii=False)
    firing = f'ALERTS{{alertname=~"UsageQuota.*|UsageSpike", alertstate="firing", job={job}}}'
    return {
        **{one.name: f"{getattr(thresholds, one.name):.15g}" for one in fields(thresholds)},
        "job": job,
        "firing": f"last_over_time({firing}[10m])",
        "by_quota": QUOTA_LABELS,
        "by_account": ACCOUNT_LABELS,
        "by_shard": f"{ACCOUNT_LABELS}, shard",
        "shard": SHARD,
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with each `<name>` replaced by its value; PromQL and Go templates are full of braces and `$`.

    Raises:
        KeyError: there is no such value.

    """
    return _PLACEHOLDER.sub(lambda found: values[found[1]], dedent(text).strip())


def duration(seconds: float) -> str:
    """Return a duration as Prometheus writes it, in the largest unit that divides it."""
    whole = round(seconds)
    return next(f"{whole // size}{unit}" for size, unit in _UNITS if whole % size == 0)
