"""Renders the rules in the format of Prometheus' rule files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from exporter.rules.exporter_alerts import EXPORTER_ALERTS
from exporter.rules.options import Options
from exporter.rules.pace import DAY_RECORDS, PACE_RECORDS
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
_SLOWLY: Final = "3m"
"""The interval of rules about hours or days. It is shorter than the five minutes for which a sample can be queried."""


def recording_rules(options: Options) -> str:
    """Return the recording rules."""
    return _text(*_recording(options))


def alerting_rules(options: Options) -> str:
    """Return the alerting rules, which need the recorded series."""
    return _text(*_alerting(options))


def rules(options: Options) -> str:
    """Return all rules as one document."""
    return _text(*_recording(options), *_alerting(options))


def _recording(options: Options) -> Iterator[dict[str, Any]]:
    values = placeholders(options)
    for name, every, records in (
        ("usage-recording", _EVERY, RECORDS),
        ("usage-days", _SLOWLY, DAY_RECORDS),
        ("usage-pace", _SLOWLY, PACE_RECORDS),
    ):
        yield {"name": name, "interval": every, "rules": [record.document(values) for record in records]}


def _alerting(options: Options) -> Iterator[dict[str, Any]]:
    values = placeholders(options)
    for name, every, alerts in (
        ("usage-alerts", _EVERY, [alert for alert in ALERTS if not alert.is_slow]),
        ("usage-pace-alerts", _SLOWLY, [alert for alert in QUOTA_ALERTS if alert.is_slow]),
        ("usage-figure-alerts", _SLOWLY, [alert for alert in EXPORTER_ALERTS if alert.is_slow]),
    ):
        yield {"name": name, "interval": every, "rules": [alert.document(values, options) for alert in alerts]}


def _text(*groups: dict[str, Any]) -> str:
    return _HEADER + dump({"groups": list(groups)})
