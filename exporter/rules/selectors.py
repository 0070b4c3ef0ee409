"""PromQL that rules share: values at the last scrape, and values recorded earlier."""

from __future__ import annotations


def seen(metric: str, beside: str = "usage_exporter_account_up", labels: str = "<by_shown>") -> str:
    """Return PromQL for the last scraped value of a metric, whatever the scrape interval.

    Args:
        metric: the metric.
        beside: another metric that every good scrape contains.
        labels: the labels by which the two metrics are matched.

    """
    return f"({metric} or (last_over_time({metric}[<scrapes>]) unless on ({labels}) {beside}))"


def of_exporter(metric: str) -> str:
    """Return PromQL for the last scraped value of a metric that an exporter reports about itself or an account."""
    return seen(metric, "usage_exporter_config_last_reload_success_timestamp_seconds", "<by_instance>")


def before(series: str, ago: str) -> str:
    """Return PromQL for the value that a recorded series had some time ago."""
    return f"last_over_time({series}[15m] offset {ago})"


def fresh(metric: str) -> str:
    """Return PromQL for a metric of quotas, limited to exporters whose figures are fresh."""
    return f"max by (<by_quota>) ({metric} and on (<by_shown>) usage:exporter_fresh:bool)"
