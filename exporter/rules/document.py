"""The text of the rules, as Prometheus reads it."""

from __future__ import annotations

from typing import Any, Final

from exporter.rules.exporter_alerts import EXPORTER_ALERTS
from exporter.rules.options import Options
from exporter.rules.quota_alerts import QUOTA_ALERTS
from exporter.rules.recording import RECORDS
from exporter.rules.rule import placeholders
from exporter.strict_yaml import dump

ALERTS: Final = QUOTA_ALERTS + EXPORTER_ALERTS

_HEADER: Final = """\
# Written by `usage-exporter rules`, whose options change thresholds, the job and links: do not change it here.
# Needs Prometheus 2.42 or later (keep_firing_for).
"""
_EVERY: Final = "1m"


def recording_rules(options: Options) -> str:
    """Return the rules that record series."""
    return _text(_recording(options))


def alerting_rules(options: Options) -> str:
    """Return the alerts, which need the recorded series."""
    return _text(_alerting(options))


def rules(options: Options) -> str:
    """Return all rules as one document."""
    return _text(_recording(options), _alerting(options))


def _recording(options: Options) -> dict[str, Any]:
    values = placeholders(options)
    return {"name": "usage-recording", "interval": _EVERY, "rules": [record.document(values) for record in RECORDS]}


def _alerting(options: Options) -> dict[str, Any]:
    values = placeholders(options)
    return {"name": "usage-alerts", "interval": _EVERY, "rules": [alert.document(values, options) for alert in ALERTS]}


def _text(*groups: dict[str, Any]) -> str:
    return _HEADER + dump({"groups": list(groups)})
