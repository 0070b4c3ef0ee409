"""`python -m benchmarks`: run them, print a table, and keep the figures in benchmarks/results.json."""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.scrape import costs

SERIES = (1_000, 10_000, 100_000)
ROW = "{:>9}  {:13}  {:>11}  {:>20}  {:>8}\n"

sys.stdout.write(ROW.format("series", "work", "exporter ms", "prometheus_client ms", "ratio"))
results = []
for series in SERIES:
    for cost in costs(series):
        ours, theirs = cost.exporter_seconds * 1000, cost.prometheus_client_seconds * 1000
        ratio = f"{cost.ratio:,.0f} x" if cost.ratio >= 10 else f"{cost.ratio:.1f} x"  # noqa: PLR2004 - digits shown
        sys.stdout.write(ROW.format(f"{series:,}", cost.work, f"{ours:,.3f}", f"{theirs:,.1f}", ratio))
        results.append({"series": series, "work": cost.work, "exporter_ms": ours, "prometheus_client_ms": theirs})
versions = {"python": platform.python_version(), "prometheus_client": version("prometheus-client")}
Path(__file__).with_name("results.json").write_text(json.dumps({"versions": versions, "scrape_cpu": results}, indent=2))
