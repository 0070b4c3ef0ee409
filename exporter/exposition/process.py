"""Process metrics as text: metrics that change constantly, and metrics that are written only when they change."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest as text_page
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_page
from prometheus_client.registry import Collector

from exporter.exposition.negotiation import Format
from exporter.textformat.lines import sample_lines


def moving_page(process: Collector, form: Format) -> bytes:
    """Return, as text, the metrics that have no labels. This takes a third of the time that prometheus_client takes."""
    text = b""
    for metric in process.collect():
        suffix = "_total" if metric.type == "counter" and form is Format.TEXT else ""
        text += heading(metric.name + suffix, metric.documentation, metric.type)
        text += b"".join([sample_lines(one.name, (), [((), float(one.value))]) for one in metric.samples])
    return text


def ending_page(registry: CollectorRegistry, form: Format) -> bytes:
    """Return a registry's metrics as text. This text ends the page; in OpenMetrics, its last line is `# EOF`."""
    if form is Format.TEXT:
        return text_page(registry)
    return bytes(openmetrics_page(registry, version="1.0.0"))  # type: ignore[no-untyped-call]


def heading(name: str, summary: str, kind: str) -> bytes:
    """Return the HELP and TYPE lines of a metric."""
    return f"# HELP {name} {summary}\n# TYPE {name} {kind}\n".encode()
