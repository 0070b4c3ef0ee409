"""Rules as data: named expressions with placeholders, and the text that replaces the placeholders."""

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
"""The subject of an alert. It determines the alert's labels and dashboard."""

_SCRAPES: Final = "12m"
"""Somewhat longer than the longest time between two scrapes."""
_PLACEHOLDER: Final = re.compile(r"<([a-z0-9_]+)>")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_DASHBOARDS: Final[Mapping[Scope, tuple[str, tuple[str, ...]]]] = {
    "quota": ("vu-quota", ("vendor", "account", "quota", "subject")),
    "account": ("vu-exporter", ("vendor", "account")),
    "exporter": ("vu-exporter", ()),
}


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule: the name of a recorded series, and the expression that computes the series."""

    name: str
    expression: str

    def document(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the rule as an item of a rule file."""
        return {"record": self.name, "expr": fill(self.expression, values)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alerting rule.

    Attributes:
        name: the name of the alert and of its runbook entry.
        severity: how soon a person should look.
        scope: the subject of the alert.
        for_: the name of the threshold that says how long the expression must hold; empty if the alert begins at once.
        keep_firing_for: the name of the threshold that says how long the alert outlasts its cause; empty if the alert
            ends at once.
        expression: the condition, in PromQL with placeholders.
        summary: one line, as a Go template with placeholders.
        description: what the alert means and what to look at first, as a Go template with placeholders.
        is_slow: whether the alert is about paces or days, and so is evaluated only every few minutes.

    """

    name: str
    severity: Severity
    scope: Scope
    for_: str = ""
    keep_firing_for: str = ""
    expression: str
    summary: str
    description: str
    is_slow: bool = False

    def document(self, values: Mapping[str, str], options: Options) -> dict[str, Any]:
        """Return the rule as an item of a rule file."""
        document: dict[str, Any] = {"alert": self.name, "expr": fill(self.expression, values)}
        if self.for_:
            document["for"] = duration(getattr(options.thresholds, self.for_))
        if self.keep_firing_for:
            document["keep_firing_for"] = duration(getattr(options.thresholds, self.keep_firing_for))
        document["labels"] = {"severity": self.severity}
        document["annotations"] = {
            "summary": fill(self.summary, values),
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
    """Return the value of each placeholder: thresholds, the job in quotes, lists of labels, and a join.

    The join is `<shard>`: a series multiplied by it gets the `shard` label of the exporter instance that the series
    comes from. In templates, `<keep_matchers>` appends matchers for the kept labels, and `<keep_values>` appends the
    labels' values.
    """
    thresholds = options.thresholds
    kept = options.keep_labels
    job = ", ".join(("job", *kept))
    named = ", ".join(("vendor", "account", *options.account_labels))
    account, instance = f"{job}, {named}", f"{job}, instance"
    return {
        **{one.name: f"{getattr(thresholds, one.name):.15g}" for one in fields(thresholds)},
        "job": json.dumps(options.job, ensure_ascii=False),
        "scrapes": _SCRAPES,
        "by_job": job,
        "by_instance": instance,
        "by_account": account,
        "by_shown": f"{instance}, {named}",
        "by_shard": f"{account}, shard",
        "by_quota": f"{account}, quota, subject, unit",
        "shard": f"on ({instance}) group_left (shard) usage:exporter_shard:info",
        "keep_matchers": "".join(f",{label}=%q" for label in kept),
        "keep_values": "".join(f" $labels.{label}" for label in kept),
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with each placeholder, such as `<name>`, replaced by its value.

    Placeholders have angle brackets because PromQL and Go templates use braces and `$` themselves.

    Raises:
        KeyError: a placeholder has no value.

    """
    return _PLACEHOLDER.sub(lambda found: values[found[1]], dedent(text).strip())


def duration(seconds: float) -> str:
    """Return a duration as Prometheus writes it, in the largest unit that divides it evenly."""
    whole = round(seconds)
    return next(f"{whole // size}{unit}" for size, unit in _UNITS if whole % size == 0)
