"""Decodes stored files as strictly as answers from vendors, because users or faults may have changed the files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from exporter.metrics import Family, Labels, Sample, figures_of
from exporter.quota import Contribution, Definition, Ledger, Member, Quota, QuotaId, Sum, Total
from exporter.store import version2
from exporter.store.checks import (
    read_count,
    read_flag,
    read_labels,
    read_number,
    read_optional_number,
    read_span,
    read_text,
)
from exporter.store.slots import content
from exporter.store.stored_reading import VERSION, InvalidFile, StoredReading, owner_digest
from exporter.vendors.account import Account

_UNSTAMPED_VERSION: Final = 3
"""Files of this version have a single slot, and their times are in the head."""
_MOST_ROWS: Final = 2_000_000
_GONE: Final = Family("", "")

Rows = Mapping[str, list[Any]]
"""Rows of a file, by the kind of row."""


def decode(account: Account, raw: bytes) -> tuple[int, StoredReading]:
    """Return the slice number and the content of an account's file.

    Raises:
        InvalidFile: the file cannot be used.

    """
    try:
        held = content(raw)
        if held is None:
            raise InvalidFile("damaged")
        head, *row_lines = map(json.loads, held.body.split(b"\n"))
        version = head["version"]
        if version == VERSION:
            return _decode_reading(account, {**held.stamp, **head}, row_lines)
        if version == _UNSTAMPED_VERSION:
            return _decode_reading(account, {**head, "seen_at": 0.0}, row_lines)
        if version == version2.VERSION:
            return 0, version2.decode(account, head, row_lines)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise InvalidFile("damaged") from None
    raise InvalidFile("version")


def _decode_reading(
    account: Account, head: Mapping[str, Any], row_lines: Iterable[Mapping[str, Any]]
) -> tuple[int, StoredReading]:
    if (head["vendor"], head["account"], head["owner"]) != (account.vendor, account.name, owner_digest(account)):
        raise InvalidFile("foreign")
    number, count = map(read_count, head["slice"])
    if number >= count:
        raise ValueError("no such slice")
    rows: dict[str, list[Any]] = {}
    for line in row_lines:
        for kind, some in line.items():
            rows.setdefault(kind, []).extend(some)
    if sum(map(len, rows.values())) > _MOST_ROWS:
        raise ValueError("too many rows")
    seen_at = read_number(head["seen_at"])
    members = {
        (QuotaId(*map(read_text, quota)), read_labels(labels)): _member(seen_at, *row)
        for *quota, labels, row in ([*row[:4], row[4:]] for row in rows.get("members", ()))
    }
    ledger = Ledger(
        read_optional_number(head["since"]),
        dict(_totals(rows.get("totals", ()))),
        {number: members},
        {
            read_text(name): Definition(read_text(text, math.inf), read_number(at))
            for name, text, at in rows.get("definitions", ())
        },
    )
    return number, StoredReading(
        read_number(head["asked_at"]),
        read_number(head["read_at"]),
        figures_of(_samples(account, rows.get("samples", ()))),
        tuple(_quotas(rows.get("quotas", ()))),
        dict(_contributions(rows)),
        ledger,
        read_optional_number(head["as_of"]),
        read_count(head["dropped"]),
    )


def _samples(account: Account, rows: Iterable[Any]) -> Iterator[Sample]:
    """Yield the samples whose family still exists and has the same number of labels. Skip all other samples."""
    families = {family.name: family for family in account.reported}
    for name, labels, value in rows:
        sample = Sample(families.get(read_text(name), _GONE), read_labels(labels), read_number(value))
        if sample.family is not _GONE and len(sample.labels) == len(sample.family.labels):
            yield sample


def _quotas(rows: Iterable[Any]) -> Iterator[Quota]:
    for name, subject, unit, used, limit, start, end, *more in rows:
        is_level, subject_name = (*more, "")[:2] if more else (False, "")
        yield Quota(
            QuotaId(*map(read_text, (name, subject, unit))),
            read_number(used),
            read_optional_number(limit),
            read_span(start, end),
            read_flag(is_level),
            read_text(subject_name),
        )


def _totals(rows: Iterable[Any]) -> Iterator[tuple[QuotaId, Total]]:
    for name, subject, unit, value, created, *rest in rows:
        shown, limit, stated = map(read_optional_number, rest)
        yield (
            QuotaId(*map(read_text, (name, subject, unit))),
            Total(read_number(value), read_number(created), shown, limit, stated),
        )


def _member(seen_at: float, *row: Any) -> Member:
    high_water, last, last_seen_at, late_rise, has_fallen, has_reset, *spans, previous_high_water = row
    start, end, previous_start, previous_end = spans
    return Member(
        read_number(high_water),
        read_number(last),
        read_span(start, end),
        seen_at if last_seen_at is None else read_number(last_seen_at),
        read_number(late_rise),
        read_flag(has_fallen),
        read_flag(has_reset),
        read_span(previous_start, previous_end),
        read_number(previous_high_water),
    )


def _contributions(rows: Rows) -> Iterator[tuple[str, Contribution]]:
    sums: dict[str, dict[Labels, Sum]] = {}
    for name, subject, total, series, measures, spans in rows.get("sums", ()):
        value = math.inf if total == math.inf else read_number(total)
        sums.setdefault(read_text(name), {})[read_labels(subject)] = Sum(
            value,
            read_count(series),
            frozenset(map(read_labels, measures)),
            frozenset(read_span(*span) for span in spans),
        )
    names: dict[str, dict[Labels, str]] = {}
    for name, subject, called in rows.get("names", ()):
        names.setdefault(read_text(name), {})[read_labels(subject)] = read_text(called)
    for name, definition, start, end, unreadable in rows.get("contributions", ()):
        partial = frozenset(tuple(None if one is None else read_text(one) for one in values) for values in unreadable)
        yield (
            name,
            Contribution(
                read_text(definition, math.inf),
                read_span(start, end),
                sums.get(name, {}),
                partial,
                names=names.get(name, {}),
            ),
        )
