"""The state of quota counters: a total per quota, and a high-water mark per member.

A member keeps its state even if another slice or shard reads the member. Re-slicing or re-sharding resets no counter.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from heapq import nlargest
from itertools import chain
from typing import Final, NamedTuple

from exporter.metrics import Labels
from exporter.quota.counter import Member, MemberReading, count
from exporter.quota.model import MemberFigure, QuotaId

MemberKey = tuple[QuotaId, Labels]
"""A quota, and the labels of a series that the quota counts."""
Members = Mapping[MemberKey, Member]

UNCLAIMED: Final = -1
"""The slice number of members that are not yet assigned to a slice."""

_FORGOTTEN_AFTER_SECONDS: Final = 35 * 86_400.0
"""A member missing from all readings for this long is forgotten."""


class Total(NamedTuple):
    """A quota's counter.

    Attributes:
        value: the total consumption of the quota's members. This value never falls.
        created: the Unix time at which the counter started at 0.
        shown: the value on the metrics page; None if the counter was never shown. The first value shown is 0, so that
            `increase()` includes all of `value`.
        limit: the most recently accepted limit; None if no limit was accepted.
        stated_limit: the limit implied by the most recently reported remaining amount. This limit may not be accepted
            yet.

    """

    value: float
    created: float
    shown: float | None = None
    limit: float | None = None
    stated_limit: float | None = None


class Definition(NamedTuple):
    """A configured quota's definition, and the Unix time from which the definition applies."""

    text: str
    since: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """The counters of an account. A ledger is immutable, and each reading produces a new ledger.

    Attributes:
        since: the Unix time of the account's first reading; None before that reading.
        totals: the counter of each quota.
        members: the quotas' members, by the number of the slice that reads the members.
        definitions: the definition of each configured quota, by the quota's name.

    """

    since: float | None = None
    totals: Mapping[QuotaId, Total] = field(default_factory=dict)
    members: Mapping[int, Members] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)

    def with_subject(self, quotas: Collection[str], before: str, after: str) -> Ledger:
        """Return the ledger with the subject `before` replaced by `after` in quotas with these names."""

        def now(quota: QuotaId) -> QuotaId:
            return quota._replace(subject=after) if quota.name in quotas and quota.subject == before else quota

        totals = {now(quota): total for quota, total in self.totals.items()}
        members = {
            number: {(now(quota), labels): member for (quota, labels), member in one.items()}
            for number, one in self.members.items()
        }
        return replace(self, totals=totals, members=members)

    def unclaimed(self) -> Ledger:
        """Return the ledger with every member's slice cleared. This is done after the slicing has changed."""
        members = dict(chain.from_iterable(one.items() for one in self.members.values()))
        return replace(self, members={UNCLAIMED: members} if members else {})

    def with_definitions(self, wanted: Mapping[str, str], at: float) -> Ledger:
        """Return the ledger with these definitions.

        New and changed definitions apply from the Unix time `at`. The members of changed quotas are dropped.
        """
        known = self.definitions
        if {name: one.text for name, one in known.items()} == dict(wanted):
            return self
        changed = {name for name, one in known.items() if wanted.get(name) != one.text}
        definitions = {
            name: known[name] if name in known and name not in changed else Definition(text, at)
            for name, text in wanted.items()
        }
        members = {
            number: {key: member for key, member in one.items() if key[0].name not in changed}
            for number, one in self.members.items()
        }
        return replace(self, members=members, definitions=definitions)

    def with_readings(self, readings: SliceReadings) -> tuple[Ledger, list[QuotaId]]:
        """Return the ledger after a slice's reading, and a list of quotas.

        The list contains the quotas that have a figure that fell by more than half, without a new period to explain the
        fall.
        """
        number, at = readings.number, readings.at
        groups = dict(self.members)
        before = groups.pop(number, {})
        members: dict[MemberKey, Member] = {}
        rises: dict[QuotaId, float] = defaultdict(float)
        fallen: list[QuotaId] = []
        moved: dict[int, set[MemberKey]] = defaultdict(set)
        for one in readings.figures:
            key = (one.quota, one.labels)
            known = members.get(key) or before.get(key)
            if known is None and (owner := _slice_of(groups, key)) is not None:
                known = groups[owner][key]
                moved[owner].add(key)
            member, rise = count(known, MemberReading(one.value, one.span, at, one.since, one.is_dated))
            if member.has_fallen and not (known and known.has_fallen):
                fallen.append(one.quota)
            members[key] = member
            rises[one.quota] += 0.0 if one.quota in readings.mixed else rise
        groups |= {owner: _without(groups[owner], keys) for owner, keys in moved.items()}
        left = {key: member for key, member in before.items() if key not in members}
        if readings.is_last:
            left |= groups.pop(UNCLAIMED, {})
        kept = _recent(left, at, readings.max_absent)
        groups[number] = {**kept, **members}
        totals = {**self.totals, **{quota: self._with_rise(quota, rise, at) for quota, rise in rises.items()}}
        if len(kept) < len(left):
            alive = {quota for one in groups.values() for quota, _ in one}
            totals = {quota: total for quota, total in totals.items() if quota in alive}
        since = at if self.since is None else self.since
        return replace(self, since=since, totals=totals, members=groups), fallen

    def with_shown(self, quotas: Iterable[QuotaId]) -> Ledger:
        """Return the ledger for a page that shows these quotas. A counter's first shown value is always 0."""
        shown = {
            quota: total._replace(shown=0.0 if total.shown is None else total.value)
            for quota in quotas
            if (total := self.totals.get(quota))
        }
        return replace(self, totals={**self.totals, **shown})

    def with_limits(self, limits: Mapping[QuotaId, tuple[float | None, float | None]]) -> Ledger:
        """Return the ledger with new limits.

        `limits` has, for each quota, the accepted limit and the most recently stated limit.
        """
        changed = {
            quota: self.totals[quota]._replace(limit=believed, stated_limit=stated)
            for quota, (believed, stated) in limits.items()
            if quota in self.totals
        }
        return replace(self, totals={**self.totals, **changed}) if changed else self

    def slice_part(self, number: int, shown: Iterable[QuotaId] = ()) -> Ledger:
        """Return the part of the ledger that is stored with a slice.

        This part has the slice's members, the counters of the members' quotas, and the counters of the quotas in
        `shown`.
        """
        members = self.members.get(number, {})
        quotas = {*shown, *(quota for quota, _ in members)}
        totals = {quota: self.totals[quota] for quota in quotas if quota in self.totals}
        return replace(self, totals=totals, members={number: members})

    def _with_rise(self, quota: QuotaId, rise: float, at: float) -> Total:
        total = self.totals.get(quota) or Total(0.0, at)
        value = total.value + rise
        return total._replace(value=value) if math.isfinite(value) else total


@dataclass(frozen=True, slots=True)
class SliceReadings:
    """The members in a slice's reading.

    Attributes:
        number: the slice's number.
        figures: the members' figures. If a member has several figures, the final figure of an ended period comes last.
        at: the Unix time at which the reading was requested.
        max_absent: the maximum number of members that are kept although the reading lacks them. Members that were seen
            recently are preferred.
        is_last: whether every other slice has been read since the number of slices last changed.
        mixed: the quotas whose members are in different units. The counters of these quotas do not rise.

    """

    number: int
    figures: Iterable[MemberFigure]
    at: float
    max_absent: int
    is_last: bool
    mixed: Collection[QuotaId] = ()


def _slice_of(groups: Mapping[int, Members], key: MemberKey) -> int | None:
    """Return the number of the slice that has a member, or None if no slice has the member."""
    return next((number for number, group in groups.items() if key in group), None)


def _without(group: Members, keys: Collection[MemberKey]) -> Members:
    return {key: member for key, member in group.items() if key not in keys}


def _recent(members: Members, at: float, count: int) -> dict[MemberKey, Member]:
    recent = {key: one for key, one in members.items() if at - one.last_seen_at < _FORGOTTEN_AFTER_SECONDS}
    if len(recent) <= count:
        return recent
    return dict(nlargest(count, recent.items(), key=lambda item: item[1].last_seen_at))


class Fragment(NamedTuple):
    """A stored part of a ledger, and the Unix time at which the part was stored."""

    at: float
    ledger: Ledger


def merge(fragments: Iterable[Fragment]) -> Ledger:
    """Merge parts of an account's ledger. If several parts have the same entry, the newest entry is used."""
    totals: dict[QuotaId, Total] = {}
    definitions: dict[str, Definition] = {}
    members: dict[int, dict[MemberKey, Member]] = defaultdict(dict)
    found: dict[MemberKey, tuple[float, int]] = {}
    firsts: list[float] = []
    for _, one in sorted(fragments, key=lambda fragment: fragment.at):
        totals |= one.totals
        definitions |= one.definitions
        firsts += [] if one.since is None else [one.since]
        for number, group in one.members.items():
            for key, member in group.items():
                if key in found and found[key][0] > member.last_seen_at:
                    continue
                if key in found:
                    members[found[key][1]].pop(key, None)
                found[key] = member.last_seen_at, number
                members[number][key] = member
    return Ledger(min(firsts, default=None), totals, dict(members), definitions)
