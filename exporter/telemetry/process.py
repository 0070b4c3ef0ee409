"""The exporter's process-wide metrics, except the standard metrics `process_*`."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.metrics import own
from exporter.sharding import Shard
from exporter.telemetry.reload_status import ReloadStatus
from exporter.vendors.origin import Origin


class ProcessFigures(Collector):
    """The exporter's process-wide metrics, except the standard metrics `process_*`."""

    def __init__(
        self,
        shard: Callable[[], Shard],
        vendors: Callable[[], Mapping[str, Origin]],
        reload_status: ReloadStatus,
    ) -> None:
        self._shard = shard
        self._vendors = vendors
        self._reload_status = reload_status

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, which are created anew each time."""
        shard = self._shard()
        if vendors := self._vendors():
            gauge = GaugeMetricFamily(own.VENDOR_INFO.name, own.VENDOR_INFO.help, labels=own.VENDOR_INFO.labels)
            for name, origin in sorted(vendors.items()):
                gauge.add_metric((name, origin.kind, origin.version), 1.0)
            yield gauge
        for family, labels, value in (
            (own.BUILD_INFO, (__version__, platform.python_version()), 1.0),
            (own.SHARD_INFO, (str(shard.number), str(shard.total)), 1.0),
            (own.RELOAD_SUCCESSFUL, (), float(self._reload_status.accepted)),
            (own.RELOAD_TIMESTAMP, (), self._reload_status.accepted_at),
        ):
            gauge = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            gauge.add_metric(labels, value)
            yield gauge
