"""Reads files of version 2, in which counters belong to quotas instead of members.

Members are derived from the stored figures. Each member is assigned to the slice that reads it next. A counter
continues if its quota still has the same name and definition; otherwise, the counter starts at 0. If an account's
credentials were configured differently when the file was stored, all counters of the account start at 0.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from exporter.metrics import Figures, Rest, Sample, figures_of
from exporter.quota import UNCLAIMED, Ledger, Member, QuotaId, QuotaReading, SliceFigures, Total, read_quotas
from exporter.quota.ledger import MemberKey
from exporter.store.checks import read_count, read_labels, read_number, read_optional_number, read_span, read_text
from exporter.store.stored_reading import InvalidFile, StoredReading
from exporter.vendors import VENDOR_FAMILIES, Account
from exporter.vendors.login import version2_text
from exporter.vendors.periods import Span

VERSION: Final = 2
_FAMILIES: Final = {family.name: family for family in VENDOR_FAMILIES}


class Consumption(NamedTuple):
    """The counter of a quota.

    Attributes:
        total: the consumption since the quota was first read.
        counted: how much of the current period's figure the total includes.
        last: the figure of the last reading.
        limit: the last known limit.
        seen: the time of the last reading, Unix time.
        origin: the definition of a configured quota; empty for a native quota.
        late: the total when a new period began; None after the figure has fallen.
        span: the current period.

    """

    total: float
    counted: float
    last: float
    limit: float | None
    seen: float
    origin: str
    late: float | None
    span: Span


def owner_digest(account: Account) -> str:
    """Return the digest by which a file of version 2 identifies its account."""
    return hashlib.sha256(f"{account.vendor} {account.base_url} {version2_text(account.auth)}".encode()).hexdigest()


def decode(account: Account, head: Mapping[str, Any], row_lines: Iterable[Mapping[str, Any]]) -> StoredReading:
    """Return the reading in a file of version 2, converted to the current format.

    Args:
        account: the account.
        head: the file's first line.
        row_lines: the other lines.

    Raises:
        InvalidFile: the file belongs to another account.
        LookupError, TypeError, ValueError: the file is damaged.

    """
    if head["owner"] != owner_digest(account):
        raise InvalidFile("foreign")
    rows: dict[str, list[Any]] = {"samples": [], "consumed": []}
    for line in row_lines:
        rows["samples"] += line.get("samples", ()) if line["of"] == "reading" else ()
        rows["consumed"] += line.get("consumed", ())
    figures, consumed = figures_of(_samples(rows["samples"])), dict(_consumed(rows["consumed"]))
    asked_at, since = read_number(head["asked_at"]), read_optional_number(head["reading"]["since"])
    found = _read_quotas(account, figures, asked_at, since)
    going_on = _going_on(account, found.ledger, consumed)
    totals = {quota: total._replace(value=0.0) for quota, total in found.ledger.totals.items()} | {
        quota: Total(one.total, found.ledger.since or one.seen, one.total, one.limit, one.limit)
        for quota, one in going_on.items()
    }
    members = dict(_members(found.ledger.members[0], going_on))
    ledger = replace(found.ledger, totals=totals, members={UNCLAIMED: members})
    return StoredReading(
        asked_at,
        read_number(head["read_at"]),
        figures,
        tuple(quota for quota in found.quotas if quota.id in going_on),
        found.contributions,
        ledger,
        read_optional_number(head["reading"]["as_of"]),
        read_count(head["reading"]["dropped"]),
    )


def _read_quotas(account: Account, figures: Figures, asked_at: float, since: float | None) -> QuotaReading:
    rests = [
        Rest(native.used, labels, None)  # only the total remainder was stored
        for native in account.native_quotas
        if native.limit_from_rest
        for labels in figures.get(native.used, {})
    ]
    read = SliceFigures(0, figures, datetime.fromtimestamp(asked_at, UTC), rests=rests)
    return read_quotas(account, read, (), Ledger(since=since))


def _going_on(account: Account, ledger: Ledger, consumed: Mapping[QuotaId, Consumption]) -> dict[QuotaId, Consumption]:
    """Return the counters of quotas that still have the same definition, by the quota's current id."""
    # The last part of a definition is the period. It is not compared, because its notation has changed since.
    origins = {
        setting.name: repr((setting.metric, sorted(setting.match.items()), setting.by))[:-1] + ", "
        for setting in account.quotas
    }
    return {
        quota: one
        for earlier, one in consumed.items()
        if (quota := _today(earlier, ledger.totals)) and one.origin.startswith(origins.get(quota.name, ""))
    }


def _today(earlier: QuotaId, known: Iterable[QuotaId]) -> QuotaId | None:
    """Return a quota's current id. Return None if no current id fits, or if several fit.

    Since version 2, the product was added to names, and labels were added to subjects.
    """

    def fits(quota: QuotaId) -> bool:
        has_name = quota.name == earlier.name or quota.name.endswith(f"/{earlier.name}")
        has_subject = quota.subject == earlier.subject or quota.subject.startswith(f"{earlier.subject}/")
        return has_name and has_subject and quota.unit == earlier.unit

    found = [quota for quota in known if fits(quota)]
    return earlier if earlier in found else found[0] if len(found) == 1 else None


def _samples(rows: Iterable[Any]) -> Iterator[Sample]:
    """Yield the vendor's figures. Skip families that no longer exist or now have another number of labels."""
    for name, labels, value in rows:
        family = _FAMILIES.get(name)
        if family is not None and len(labels) == len(family.labels):
            yield Sample(family, read_labels(labels), read_number(value))


def _consumed(rows: Iterable[Any]) -> Iterator[tuple[QuotaId, Consumption]]:
    for quota, total, counted, last, limit, seen, origin, late, start, end in rows:
        yield (
            QuotaId(*map(read_text, quota)),
            Consumption(
                read_number(total),
                read_number(counted),
                read_number(last),
                read_optional_number(limit),
                read_number(seen),
                read_text(origin, math.inf),
                read_optional_number(late),
                read_span(start, end),
            ),
        )


def _members(
    members: Mapping[MemberKey, Member], going_on: Mapping[QuotaId, Consumption]
) -> Iterator[tuple[MemberKey, Member]]:
    """Yield all members. If a quota has only one member, the member takes over the quota's stored state."""
    alone = {quota for quota in going_on if sum(key[0] == quota for key in members) == 1}
    for key, member in members.items():
        if key[0] not in alone:
            yield key, member
            continue
        one = going_on[key[0]]
        late_rise = 0.0 if one.late is None else max(0.0, one.total - one.late)
        yield key, Member(one.counted, one.last, one.span, one.seen, late_rise)
