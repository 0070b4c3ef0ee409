"""A vendor declared in YAML, compared with the same vendor in Python: the CPU of reading and rendering an answer.

The vendor is NetNut with many plans, and the answer is already in memory. Both vendors make the same series of it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeVar

import anyio

from benchmarks.exporting import SECRET
from benchmarks.figures import Bar, Figure
from benchmarks.scale import Scale
from exporter.config import parse
from exporter.store.reading import sanitize
from exporter.textformat.lines import label_pairs, render
from exporter.vendors import Account
from exporter.vendors.poll import Poll

_FILE: Final = Path(__file__).parents[1] / "tests" / "vendors" / "declared" / "netnut_plans.yaml"
_NOW: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
_SERIES_OF_A_PLAN: Final = 7
_MS: Final = 1000.0
_ReadT = TypeVar("_ReadT")


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the cost of a poll by the number of its series."""
    os.environ.update(SECRET)
    (variable,) = SECRET
    common = {"name": "main", "email": "ops@example.com", "password": f"${{{variable}}}"}
    given = [{"vendor": "netnut", **common}, {"vendor": "declared", **common}]
    text = json.dumps({"vendor_files": [_FILE.name], "accounts": given})
    accounts = parse(text.encode(), _FILE.parent).accounts
    count = min(max(scale.rendered), 10_000) // _SERIES_OF_A_PLAN
    answer = {"success": True, "data": [_plan(number) for number in range(count)]}
    turns = [[anyio.run(_cpu, account, answer) for account in accounts] for _ in range(2 * scale.rounds + 1)]
    built_in, declared = (median(times) for times in zip(*turns[1:], strict=True))  # the first round builds the models
    what = f"a poll of {count * _SERIES_OF_A_PLAN:,} series, read and rendered"
    bar = Bar(ratio_at_most=1.2)
    yield Figure(f"{what}, declared in YAML", _MS * declared, "ms", "the vendor in Python", _MS * built_in, bar)


async def _cpu(account: Account, answer: Mapping[str, Any]) -> float:
    """Return the CPU seconds of reading an answer and rendering its series."""

    async def ask(
        path: str,  # noqa: ARG001 - there is one answer
        *,
        params: Mapping[str, str] | None = None,  # noqa: ARG001 - the same
        body: Mapping[str, object] | None = None,  # noqa: ARG001 - the same
        read: Callable[[object], _ReadT],
        **_: object,
    ) -> _ReadT:
        return read(answer)

    poll = Poll(ask, _NOW)
    began = time.process_time()
    figures = sanitize(await account.read(poll), poll.diagnostics).figures
    render(label_pairs(account.shared_labels), figures, {})
    return time.process_time() - began


def _plan(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "start_date": "2026-11-01T00:00:00.000Z",
        "end_date": "2026-12-01T00:00:00.000Z",
        "is_active": True,
        "total_requests_used": 1000 + number,
        "total_gb_used": number / 8,
        "usage_percentage": "38.83",
        "plan_gb": 1000,
        "product_type": "Residential",
    }
