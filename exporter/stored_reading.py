"""The content of a stored file: a reading and its counters as lines of JSON, read as strictly as a vendor's answer."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from exporter.auth import Auth, Basic, Key, Login
from exporter.metrics import (
    MAX_LABEL_CHARACTERS,
    VENDOR_FAMILIES,
    Family,
    Figures,
    Labels,
    Sample,
    clean_label,
    figures_of,
)
from exporter.quota import Contribution, Contributions, Definition, Ledger, Member, Quota, QuotaId, Sum, Total
from exporter.secret import FileSecret, Secret
from exporter.vendors import Account
from exporter.vendors.periods import Span

VERSION: Final = 3
_ROWS_A_LINE: Final = 1000
_LONGEST_TEXT: Final = MAX_LABEL_CHARACTERS
_MOST_ROWS: Final = 2_000_000
_FAMILIES: Final = {family.name: family for family in VENDOR_FAMILIES}

InvalidReason = Literal["damaged", "version", "foreign"]
INVALID_REASONS: Final[tuple[InvalidReason, ...]] = get_args(InvalidReason)
"""Why a file cannot be used: its content is not what was written · another version wrote it · another account."""

Rows = Mapping[str, list[Any]]
"""By kind."""


class InvalidFile(Exception):  # noqa: N818 - it says what a file is
    """A file that cannot be used."""

    def __init__(self, reason: InvalidReason) -> None:
        super().__init__(reason)
        self.reason: InvalidReason = reason


@dataclass(frozen=True, slots=True)
class StoredReading:
    """What is stored of a slice of an account.

    Attributes:
        asked_at: when its reading was asked for, Unix time.
        read_at: when it was there, Unix time.
        figures: the vendor's, as they are shown.
        quotas: those that are shown with the slice.
        contributions: what it adds to those that the operator set on the account.
        ledger: its members, and their quotas' counters.
        as_of: the time that the vendor says the figures reach to (Unix time), if it does.
        dropped: how many series were left out because there were too many.

    """

    asked_at: float
    read_at: float
    figures: Figures = field(default_factory=dict)
    quotas: tuple[Quota, ...] = ()
    contributions: Contributions = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    as_of: float | None = None
    dropped: int = 0


def encode(account: Account, number: int, stored: StoredReading) -> bytes:
    """Return a file's content: a checksum, a head, and rows of each kind, some a line.

    To encode all at once would hold up every other thread.
    """
    head = {
        "version": VERSION,
        "vendor": account.vendor,
        "account": account.name,
        "slice": [number, account.slices],
        "shard": [account.shard.number, account.shard.total],
        "owner": _owner(account),
        "asked_at": stored.asked_at,
        "read_at": stored.read_at,
        "as_of": stored.as_of,
        "dropped": stored.dropped,
        "since": stored.ledger.since,
    }
    lines = [head, *_bulk(number, stored)]
    body = b"\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() for line in lines)
    return _checksum(body) + b"\n" + body


def decode(account: Account, raw: bytes) -> tuple[int, StoredReading]:
    """Return what a file of an account holds, and the slice that it is of.

    Raises:
        InvalidFile: it cannot be used.

    """
    checksum, _, body = raw.partition(b"\n")
    if checksum != _checksum(body):
        raise InvalidFile("damaged")
    try:
        head, *bulk = map(json.loads, body.split(b"\n"))
        version = head["version"]
        if version == VERSION:
            return _decoded(account, head, bulk)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise InvalidFile("damaged") from None
    raise InvalidFile("version")


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _owner(account: Account) -> str:
    """Return what is the same for the same account at a vendor, however the configuration spells it."""
    text = json.dumps([account.vendor, account.base_url, _login(account.auth)])
    return hashlib.sha256(text.encode()).hexdigest()


def _login(auth: Auth) -> str:
    """Return who signs in: a login name, or where the key is that has none."""
    if isinstance(auth, Basic):
        return f"login {auth.username}"
    if isinstance(auth, Key):
        return _place(auth.secret)
    if isinstance(auth, Login):
        names = [auth.credentials.username] if auth.credentials else []
        names += [value for _, value in auth.body if isinstance(value, str)]
        return f"login {' '.join(names)}"
    raise TypeError(f"no way to sign in: {type(auth).__name__}")


def _place(secret: Secret) -> str:
    return f"file {secret.path.resolve()}" if isinstance(secret, FileSecret) else repr(secret)


def _bulk(number: int, stored: StoredReading) -> Iterator[dict[str, Any]]:
    ledger = stored.ledger
    kinds: Mapping[str, Iterable[list[Any]]] = {
        "samples": (
            [family.name, labels, value]
            for family, values in stored.figures.items()
            for labels, value in values.items()
        ),
        "quotas": ([*one.id, one.used, one.limit, *_ends(one.span)] for one in stored.quotas),
        "contributions": (
            [name, one.definition, *_ends(one.period), sorted(one.unreadable, key=repr)]
            for name, one in stored.contributions.items()
            if one.found is None
        ),
        "sums": (
            [name, subject, one.total, one.series, sorted(one.measures), [_ends(span) for span in one.spans]]
            for name, each in stored.contributions.items()
            for subject, one in each.sums.items()
        ),
        "definitions": ([name, *one] for name, one in ledger.definitions.items()),
        "totals": ([*quota, *one] for quota, one in ledger.totals.items()),
        "members": (
            [*quota, labels, *_member_row(one)] for (quota, labels), one in ledger.members.get(number, {}).items()
        ),
    }
    for kind, rows in kinds.items():
        some = list(rows)
        for start in range(0, len(some), _ROWS_A_LINE):
            yield {kind: some[start : start + _ROWS_A_LINE]}


def _ends(span: Span) -> list[float | None]:
    return [span.start, span.end]


def _member_row(one: Member) -> list[Any]:
    periods = [*_ends(one.span), *_ends(one.previous)]
    return [
        one.high_water, one.last, one.last_seen_at, one.late_rise, one.has_fallen, one.has_reset, *periods,
        one.previous_high_water,
    ]  # fmt: skip


def _decoded(account: Account, head: Mapping[str, Any], bulk: Iterable[Mapping[str, Any]]) -> tuple[int, StoredReading]:
    if (head["vendor"], head["account"], head["owner"]) != (account.vendor, account.name, _owner(account)):
        raise InvalidFile("foreign")
    number, count = map(_count, head["slice"])
    if number >= count:
        raise ValueError("no such slice")
    rows: dict[str, list[Any]] = {}
    for line in bulk:
        for kind, some in line.items():
            rows.setdefault(kind, []).extend(some)
    if sum(map(len, rows.values())) > _MOST_ROWS:
        raise ValueError("too many rows")
    members = {
        (QuotaId(*map(_text, quota)), _labels(labels)): _member(*row)
        for *quota, labels, row in ([*row[:4], row[4:]] for row in rows.get("members", ()))
    }
    ledger = Ledger(
        _maybe(head["since"]),
        dict(_totals(rows.get("totals", ()))),
        {number: members},
        {_text(name): Definition(_text(text, math.inf), _number(at)) for name, text, at in rows.get("definitions", ())},
    )
    return number, StoredReading(
        _number(head["asked_at"]),
        _number(head["read_at"]),
        figures_of(_samples(rows.get("samples", ()))),
        tuple(_quotas(rows.get("quotas", ()))),
        dict(_contributions(rows)),
        ledger,
        _maybe(head["as_of"]),
        _count(head["dropped"]),
    )


def _samples(rows: Iterable[Any]) -> Iterator[Sample]:
    """Yield the samples; a family that is not known, or has other labels now, is of another version."""
    for name, labels, value in rows:
        family: Family | None = _FAMILIES.get(name)
        if family is None or len(labels) != len(family.labels):
            raise InvalidFile("version")
        yield Sample(family, _labels(labels), _number(value))


def _quotas(rows: Iterable[Any]) -> Iterator[Quota]:
    for name, subject, unit, used, limit, start, end in rows:
        yield Quota(QuotaId(*map(_text, (name, subject, unit))), _number(used), _maybe(limit), _span(start, end))


def _totals(rows: Iterable[Any]) -> Iterator[tuple[QuotaId, Total]]:
    for name, subject, unit, value, created, *rest in rows:
        shown, limit, stated = map(_maybe, rest)
        yield QuotaId(*map(_text, (name, subject, unit))), Total(_number(value), _number(created), shown, limit, stated)


def _member(*row: Any) -> Member:
    high_water, last, seen, late, has_fallen, has_reset, start, end, previous_start, previous_end, previous = row
    return Member(
        _number(high_water),
        _number(last),
        _span(start, end),
        _number(seen),
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


def _maybe(value: object) -> float | None:
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
    return Span(_maybe(start), _maybe(end))
