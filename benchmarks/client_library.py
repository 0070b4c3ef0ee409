"""A peer: the same series as labelled Gauges of prometheus_client, served by its own server.

`python -m benchmarks.client_library PAGE PORT`. PAGE is a page of the exporter in the text format, without
the self-metrics, since the library adds those of its own process.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Gauge, start_http_server

_OWN: Final = ("usage_exporter_", "process_", "python_")
_LINE: Final = re.compile(r"(\w+){(.*)} (\S+)\n")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


def fill(page: Iterable[str], registry: CollectorRegistry) -> int:
    """Create the vendor series of a page's lines in a registry, and return their number.

    The rest of the page is discarded, so that the process uses no more memory than its Gauges need.
    """
    gauges: dict[str, Gauge] = {}
    series = 0
    for line in page:
        if line.startswith(_OWN) or not (sample := _LINE.fullmatch(line)):
            continue
        name, labels = sample[1], dict(_LABEL.findall(sample[2]))
        if name not in gauges:
            gauges[name] = Gauge(name, f"What {name} says.", list(labels), registry=registry)
        gauges[name].labels(**labels).set(float(sample[3]))
        series += 1
    return series


if __name__ == "__main__":
    with Path(sys.argv[1]).open() as lines:
        fill(lines, REGISTRY)
    start_http_server(int(sys.argv[2]), "127.0.0.1")
    while True:
        time.sleep(3600)
