"""The plan of a history: the accounts, the days, and how the files are written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from exporter.history.samples import wrong_labels
from exporter.store.stored_reading import owner_digest
from exporter.vendors import PASTS, Account
from exporter.vendors.history import DAY, Days

_HEAD: Final = timedelta(hours=3)
"""The time range of Prometheus' head block, into which no samples can be loaded."""
_DAY_SECONDS: Final = 86_400
_VERSION: Final = 1


class WrongRequest(Exception):  # noqa: N818 - it is about the request
    """A history cannot be written as requested. The text has one line for each reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a history contains, and how the history is written.

    Attributes:
        days: the days to write, in UTC. The last day may be today.
        asked_at: the time at which the vendors are asked, in whole seconds.
        accounts: the accounts whose vendor provides past figures.
        left_out: the accounts whose vendor provides no past figures.
        step: the number of seconds between samples.
        labels: labels that are added to every sample, as Prometheus adds target labels.
        gzip: whether files are compressed.
        counters: whether counters are written. They are not needed if the history only fills a gap in the
            exporter's readings, because the exporter's counters continue after the gap.

    """

    days: Days
    asked_at: datetime
    accounts: tuple[Account, ...] = ()
    left_out: tuple[Account, ...] = ()
    step: float = 300.0
    labels: Mapping[str, str] = field(default_factory=dict)
    gzip: bool = False
    counters: bool = True

    @property
    def end(self) -> datetime:
        """The latest time of a sample: three hours before `asked_at`, or the last day's end if that is earlier."""
        return min(self.days.last + DAY - timedelta(seconds=1), self.asked_at - _HEAD)

    def times(self, day: datetime) -> Sequence[int]:
        """Return the Unix times of a day's samples."""
        start = int(day.timestamp())
        return range(start, min(start + _DAY_SECONDS, math.floor(self.end.timestamp()) + 1), int(self.step))

    def written(self) -> dict[str, Any]:
        """Return the plan in the form that is stored in the folder. A folder can be resumed only with the same plan."""
        return {
            "version": _VERSION,
            "accounts": [[*one.key, owner_digest(one), *([one.labels] if one.labels else [])] for one in self.accounts],
            "from": f"{self.days.first:%Y-%m-%d}",
            "to": f"{self.days.last:%Y-%m-%d}",
            "step": self.step,
            "labels": dict(self.labels),
            "gzip": self.gzip,
            "counters": self.counters,
        }


def planned(accounts: Sequence[Account], wanted: Sequence[str], plan: Plan) -> Plan:
    """Return a plan for the wanted accounts.

    Args:
        accounts: the accounts of the configuration.
        wanted: the wanted accounts, each as vendor/name. If this is empty, all accounts are wanted.
        plan: the days and all other options. The plan's own accounts are ignored.

    Raises:
        WrongRequest: the history cannot be written as requested.

    """
    known = {f"{one.vendor}/{one.name}": one for one in accounts}
    chosen = {name: one for name, one in known.items() if not wanted or name in wanted}
    dated = tuple(one for one in chosen.values() if one.vendor in PASTS)
    problems = [
        f"--account {name}: no such account; there is {', '.join(known)}" for name in sorted(set(wanted) - known.keys())
    ]
    if not dated and not problems:
        problems.append(f"{', '.join(chosen)}: the vendor has no dated figures, so there is no past to export")
    added = {name for one in dated for name in one.labels}
    problems += [*(f"--label: {problem}" for problem in wrong_labels(plan.labels, added)), *_wrong_times(plan)]
    if problems:
        raise WrongRequest("\n".join(problems))
    left_out = tuple(one for one in chosen.values() if one.vendor not in PASTS)
    return replace(plan, accounts=dated, left_out=left_out, asked_at=plan.asked_at.replace(microsecond=0))


def _wrong_times(plan: Plan) -> Iterator[str]:
    first, last = f"{plan.days.first:%Y-%m-%d}", f"{plan.days.last:%Y-%m-%d}"
    if plan.step < 1 or plan.step != plan.step // 1 or _DAY_SECONDS % plan.step:
        yield "--step: write whole seconds that divide a day, such as 1m, 5m or 1h"
    if plan.days.last > plan.asked_at:
        yield f"--to {last} is in the future; the last day that can be exported is {plan.asked_at:%Y-%m-%d}"
    elif plan.days.first > plan.days.last:
        yield f"--from {first} is after --to {last}"
    elif plan.days.first > plan.end:
        yield f"--from {first}: samples end three hours before now, at {plan.end:%Y-%m-%d %H:%M}"


def midnight(day: str) -> datetime:
    """Return the start of a day written as YYYY-MM-DD.

    Raises:
        ValueError: the text is not a day in this form.

    """
    return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
