"""How a stored file is read: as strictly as a vendor's answer, for anything may have changed it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from exporter.metrics import MAX_LABEL_CHARACTERS, Family, Labels, Sample, clean_label, figures_of
from exporter.quota import Contribution, Definition, Ledger, Member, Quota, QuotaId, Sum, Total
from exporter.store.slots import content
from exporter.store.stored_reading import VERSION, InvalidFile, StoredReading, owner_digest
from exporter.vendors.account import Account
from exporter.vendors.periods import Span

_LONGEST_TEXT: Final = MAX_LABEL_CHARACTERS
_MOST_ROWS: Final = 2_000_000
_GONE: Final = Family("", "")

Rows = Mapping[str, list[Any]]
"""By kind."""


def decode(account: Account, raw: bytes) -> tuple[int, StoredReading]:
    """Return what a file of an account holds, and the slice that it is of.

    Raises:
        InvalidFile: it cannot be used.

    """
    try:
        held = content(raw)
        if held is None:
            raise InvalidFile("damaged")
        head, *row_lines = map(json.loads, held.body.split(b"\n"))
        version = head["version"]
        if version == VERSION:
            return _decode_reading(account, {**held.stamp, **head}, row_lines)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise InvalidFile("damaged") from None
    raise InvalidFile("version")


def _decode_reading(
    account: Account, head: Mapping[str, Any], row_lines: Iterable[Mapping[str, Any]]
) -> tuple[int, StoredReading]:
    if (head["vendor"], head["account"], head["owner"]) != (account.vendor, account.name, owner_digest(account)):
        raise InvalidFile("foreign")
    number, count = map(_count, head["slice"])
    if number >= count:
        raise ValueError("no such slice")
    rows: dict[str, list[Any]] = {}
    for line in row_lines:
        for kind, some in line.items():
            rows.setdefault(kind, []).extend(some)
    if sum(map(len, rows.values())) > _MOST_ROWS:
        raise ValueError("too many rows")
    seen_at = _number(head["seen_at"])
    members = {
        (QuotaId(*map(_text, quota)), _labels(labels)): _member(seen_at, *row)
        for *quota, labels, row in ([*row[:4], row[4:]] for row in rows.get("members", ()))
    }
    ledger = Ledger(
        _optional_number(head["since"]),
        dict(_totals(rows.get("totals", ()))),
        {number: members},
        {_text(name): Definition(_text(text, math.inf), _number(at)) for name, text, at in rows.get("definitions", ())},
    )
    return number, StoredReading(
        _number(head["asked_at"]),
        _number(head["read_at"]),
        figures_of(_samples(account, rows.get("samples", ()))),
        tuple(_quotas(rows.get("quotas", ()))),
        dict(_contributions(rows)),
        ledger,
        _optional_number(head["as_of"]),
        _count(head["dropped"]),
    )


def _samples(account: Account, rows: Iterable[Any]) -> Iterator[Sample]:
    """Yield the samples of families that the vendor has; one that it has no more, or with other labels, is left out."""
    families = {family.name: family for family in account.reported}
    for name, labels, value in rows:
        sample = Sample(families.get(_text(name), _GONE), _labels(labels), _number(value))
        if sample.family is not _GONE and len(sample.labels) == len(sample.family.labels):
            yield sample


def _quotas(rows: Iterable[Any]) -> Iterator[Quota]:
    for name, subject, unit, used, limit, start, end in rows:
        yield Quota(
            QuotaId(*map(_text, (name, subject, unit))), _number(used), _optional_number(limit), _span(start, end)
        )


def _totals(rows: Iterable[Any]) -> Iterator[tuple[QuotaId, Total]]:
    for name, subject, unit, value, created, *rest in rows:
        shown, limit, stated = map(_optional_number, rest)
        yield QuotaId(*map(_text, (name, subject, unit))), Total(_number(value), _number(created), shown, limit, stated)


def _member(seen_at: float, *row: Any) -> Member:
    high_water, last, seen, late, has_fallen, has_reset, start, end, previous_start, previous_end, previous = row
    return Member(
        _number(high_water),
        _number(last),
        _span(start, end),
        seen_at if seen is None else _number(seen),
        _number(late),
        _flag(has_fallen),
        _flag(has_reset),
        _span(previous_start, previous_end),
        _number(previous),
    )


def _contributions(rows: Rows) -> Iterator[tuple[str, Contribution]]:
    sums: dict[str, dict[Labels, Sum]] = {}
    for name, subject, total, series, measures, spans in rows.get("sums", ()):
        value = math.inf if total == math.inf else _number(total)
        sums.setdefault(_text(name), {})[_labels(subject)] = Sum(
            value, _count(series), frozenset(map(_labels, measures)), frozenset(_span(*span) for span in spans)
        )
    for name, definition, start, end, unreadable in rows.get("contributions", ()):
        partial = frozenset(tuple(None if one is None else _text(one) for one in values) for values in unreadable)
        yield name, Contribution(_text(definition, math.inf), _span(start, end), sums.get(name, {}), partial)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("expected a finite number")
    return float(value)


def _optional_number(value: object) -> float | None:
    return None if value is None else _number(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("expected a count")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - all is one: the file is damaged
    return value


def _text(value: object, longest: float = _LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError("expected a text of a length that is written")
    return value


def _labels(values: Iterable[object]) -> Labels:
    labels = tuple(_text(value, MAX_LABEL_CHARACTERS) for value in values)
    if any(not text.replace("\n", "").isprintable() and _is_unfit(text) for text in labels):
        raise ValueError("expected labels that a page can have")
    return labels


def _is_unfit(text: str) -> bool:
    return clean_label(text) != text


def _span(start: object, end: object) -> Span:
    return Span(_optional_number(start), _optional_number(end))
