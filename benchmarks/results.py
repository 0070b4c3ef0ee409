"""The last results, with their machine and time: benchmarks/results.json."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure

RESULTS: Final = Path(__file__).with_name("results.json")

_COLUMNS: Final = ("measured", "value", "spread", "peer", "peer_value", "ratio", "bar", "met")
_PACKAGES: Final = ("prometheus-client", "httpx", "sniffio", "pydantic")


def load(file: Path = RESULTS) -> dict[str, Any]:
    """Return the stored results, by benchmark; none if there is no file."""
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return kept


def keep(benchmark: str, figures: Sequence[Figure], file: Path = RESULTS) -> None:
    """Replace a benchmark's stored rows."""
    rows = [_row(figure) for figure in figures]
    kept = load(file) | {benchmark: {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "rows": rows}}
    file.write_text(json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")


def _row(figure: Figure) -> dict[str, Any]:
    exact = {"exact": figure.value, "unit": figure.unit, "exact_peer": figure.peer_value, "exact_ratio": figure.ratio}
    return dict(zip(_COLUMNS, figure.cells(), strict=True)) | exact


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a stored row."""
    return tuple(str(row.get(column, "")) for column in _COLUMNS)


def machine() -> dict[str, str]:
    """Return the properties of the machine that affect figures, and none that identify it."""
    return {
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
