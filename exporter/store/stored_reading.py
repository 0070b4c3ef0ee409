"""The content of a stored file: a reading and its counters as lines of JSON, and a separate stamp with the times."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from exporter.metrics import (
    Figures,
)
from exporter.quota import Contributions, Ledger, Member, Quota
from exporter.store.slots import Content
from exporter.vendors import Account
from exporter.vendors.login import login_of
from exporter.vendors.periods import Span

VERSION: Final = 4
_ROWS_A_LINE: Final = 1000

InvalidReason = Literal["damaged", "version", "foreign"]
INVALID_REASONS: Final[tuple[InvalidReason, ...]] = get_args(InvalidReason)
"""Why a file is invalid: the content was altered, another version wrote the file, or another account owns the file."""


class InvalidFile(Exception):  # noqa: N818 - it says what a file is
    """A file that cannot be used."""

    def __init__(self, reason: InvalidReason) -> None:
        super().__init__(reason)
        self.reason: InvalidReason = reason


@dataclass(frozen=True, slots=True)
class StoredReading:
    """The stored state of an account's slice.

    Attributes:
        asked_at: when the poll began, Unix time.
        read_at: when the poll ended, Unix time.
        figures: the vendor's figures, as they are shown.
        quotas: the quotas shown with the slice.
        contributions: the slice's contributions to configured quotas.
        ledger: the slice's members, and the counters of their quotas.
        as_of: the time up to which the figures are complete (Unix time); None if the vendor does not state this time.
        dropped: the number of series that were left out because there were too many series.

    """

    asked_at: float
    read_at: float
    figures: Figures = field(default_factory=dict)
    quotas: tuple[Quota, ...] = ()
    contributions: Contributions = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    as_of: float | None = None
    dropped: int = 0


def encode(account: Account, number: int, stored: StoredReading) -> Content:
    """Return a file's content: its body (a head, then rows by kind) and its stamp.

    A line has many rows, but not all rows: encoding all rows in one call would block all other threads.
    """
    seen_at = max((one.last_seen_at for one in stored.ledger.members.get(number, {}).values()), default=0.0)
    head = {
        "version": VERSION,
        "vendor": account.vendor,
        "account": account.name,
        "slice": [number, account.slice_count],
        "shard": [account.shard.number, account.shard.total],
        "owner": owner_digest(account),
        "since": stored.ledger.since,
    }
    stamp = {
        "asked_at": stored.asked_at,
        "read_at": stored.read_at,
        "as_of": stored.as_of,
        "dropped": stored.dropped,
        "seen_at": seen_at,
    }
    lines = [head, *_row_lines(number, stored, seen_at)]
    body = b"\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() for line in lines)
    return Content(body, stamp)


def owner_digest(account: Account) -> str:
    """Return a digest of the account's vendor, address and login. The digest identifies the account at the vendor."""
    text = json.dumps([account.vendor, account.base_url, login_of(account.auth)])
    return hashlib.sha256(text.encode()).hexdigest()


def _row_lines(number: int, stored: StoredReading, seen_at: float) -> Iterator[dict[str, Any]]:
    ledger = stored.ledger
    kinds: Mapping[str, Iterable[list[Any]]] = {
        "samples": (
            [family.name, labels, value]
            for family, values in stored.figures.items()
            for labels, value in values.items()
        ),
        "quotas": ([*one.id, one.used, one.limit, *_span_row(one.span), *_more_of(one)] for one in stored.quotas),
        "contributions": (
            [name, one.definition, *_span_row(one.period), sorted(one.unreadable, key=repr)]
            for name, one in stored.contributions.items()
            if one.found is None
        ),
        "sums": (
            [name, subject, one.total, one.series, sorted(one.measures), [_span_row(span) for span in one.spans]]
            for name, each in stored.contributions.items()
            for subject, one in each.sums.items()
        ),
        "names": (
            [name, subject, called]
            for name, each in stored.contributions.items()
            for subject, called in each.names.items()
            if each.found is None
        ),
        "definitions": ([name, *one] for name, one in ledger.definitions.items()),
        "totals": ([*quota, *one] for quota, one in ledger.totals.items()),
        "members": (
            [*quota, labels, *_member_row(one, seen_at)]
            for (quota, labels), one in ledger.members.get(number, {}).items()
        ),
    }
    for kind, rows in kinds.items():
        some = list(rows)
        for start in range(0, len(some), _ROWS_A_LINE):
            yield {kind: some[start : start + _ROWS_A_LINE]}


def _more_of(quota: Quota) -> list[bool | str]:
    """Return the rarely set fields of a quota: whether the quota is a level, and the subject's display name."""
    return [quota.is_level, quota.subject_name] if quota.is_level or quota.subject_name else []


def _span_row(span: Span) -> list[float | None]:
    return [span.start, span.end]


def _member_row(one: Member, seen_at: float) -> list[Any]:
    last_seen_at = None if one.last_seen_at == seen_at else one.last_seen_at
    periods = [*_span_row(one.span), *_span_row(one.previous)]
    return [
        one.high_water, one.last, last_seen_at, one.late_rise, one.has_fallen, one.has_reset, *periods,
        one.previous_high_water,
    ]  # fmt: skip
