"""Panels on the exporter's processes, each of which is one series."""

from __future__ import annotations

from grafana.source.board import PanelBuilder
from grafana.source.panels import About, Query, lines
from grafana.source.promql import series, shards
from grafana.source.quota_columns import DAYS
from grafana.source.tables import Column, Label, rows

_OURS = f"and on (job, instance) {series('usage_exporter_build_info')}"
"""Selects exporters, because a job's process metrics may include other programs."""

_NO_EXPORTER = "No exporter"
_NAME = "{{instance}}"


def _mine(expression: str) -> str:
    return f"({expression} {_OURS})"


def panels() -> list[list[PanelBuilder]]:
    """Return the lines of panels."""
    return [[_table()], [_memory(), _processor(), _files(), _scrapes()]]


def _table() -> PanelBuilder:
    about = About(
        title="Running exporters",
        description="Every exporter with its version, its shard and the number of shards, its start time, and whether"
        " it accepted its configuration at the last load. Empty if no exporter is scraped.",
        unit="short",
        nothing=_NO_EXPORTER,
        width=24,
        height=5,
    )
    labels = (
        Label("job", "Job"),
        Label("instance", "Instance"),
        Label("version", "Version", 120),
        Label("python_version", "Python", 120),
        Label("shard", "Shard", 80),
        Label("total", "Of", 80),
    )
    built = f"{series('usage_exporter_build_info')} * on (job, instance) group_left (shard, total) {shards()}"
    info = f"max by (job, instance, version, python_version, shard, total) ({built})"
    runs = f"max by (job, instance) (time() - {_mine(series('process_start_time_seconds'))})"
    accepted = f"max by (job, instance) ({series('usage_exporter_config_last_reload_successful')})"
    read = f"time() - max by (job, instance) ({series('usage_exporter_config_last_reload_success_timestamp_seconds')})"
    answers = [
        Column(title="Up", query=info, width=90, values=(("1", "Yes", "green"),), steps=((None, "text"),)),
        Column(title="Uptime", query=runs, unit=DAYS, width=200, nothing="Not known", decimals=1),
        Column(
            title="Configuration",
            query=accepted,
            width=160,
            values=(("0", "Refused", "red"), ("1", "Accepted", "green")),
            steps=((None, "text"),),
        ),
        Column(title="Last load", query=read, unit=DAYS, width=200, decimals=1),
    ]
    return rows(about, labels, answers, worst="Uptime")


def _memory() -> PanelBuilder:
    about = About(
        title="Memory",
        description="Resident memory of each exporter. Empty if no exporter was scraped in this time.",
        unit="bytes",
        nothing=_NO_EXPORTER,
        width=6,
    )
    return lines(about, Query(_mine(series("process_resident_memory_bytes")), _NAME)).min(0)


def _processor() -> PanelBuilder:
    about = About(
        title="CPU",
        description="The share of one CPU core that each exporter uses. Empty if no exporter was scraped in this time.",
        unit="percentunit",
        nothing=_NO_EXPORTER,
        width=6,
    )
    used = _mine(f"rate({series('process_cpu_seconds_total')}[$__rate_interval])")
    return lines(about, Query(used, _NAME)).min(0)


def _files() -> PanelBuilder:
    about = About(
        title="Open files",
        description="Open files and sockets of each exporter. Empty if no exporter was scraped in this time.",
        unit="short",
        nothing=_NO_EXPORTER,
        width=6,
    )
    return lines(about, Query(_mine(series("process_open_fds")), _NAME)).min(0)


def _scrapes() -> PanelBuilder:
    about = About(
        title="Scrapes",
        description="How long Prometheus takes to scrape each exporter. Empty if no exporter was scraped in this time.",
        unit="s",
        nothing=_NO_EXPORTER,
        width=6,
    )
    return lines(about, Query(_mine(series("scrape_duration_seconds")), _NAME)).min(0)
