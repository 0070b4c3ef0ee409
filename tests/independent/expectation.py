"""What a page must show: series with the values that are right, and quotas made of members.

A value that is allowed to be absent has `None` among its values. A key with no values at all is one of which the
contract is silent: whatever is there is not compared.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from fields import month_of, unix_day
from world import World

Labels = frozenset[tuple[str, str]]
Key = tuple[str, Labels]
Values = tuple[Decimal | None, ...]

ANYTHING: Final[Values] = ()
USED: Final = "usage_quota_used"
LIMIT: Final = "usage_quota_limit"
START: Final = "usage_quota_period_start_timestamp_seconds"
END: Final = "usage_quota_period_end_timestamp_seconds"
_UNITS: Final = ("unit", "currency")


def key(family: str, labels: Mapping[str, str]) -> Key:
    return family, frozenset(labels.items())


@dataclass(frozen=True, slots=True)
class Member:
    """A series that a reading should have: `value` is `None` where it cannot be read.

    A partial one has labels that are not known.
    """

    family: str
    labels: Mapping[str, str]
    value: Decimal | None
    is_partial: bool = False
    start: Decimal | None = None
    end: Values = (None,)


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of one subject; where the subject's form is open, only its figures are compared.

    A silent one is not compared at all: the contract does not say whether it is a quota. An optional one may be
    absent, but where it is shown its figures are these.
    """

    name: str
    subject: str
    unit: str
    used: Decimal | None
    limit: Values
    start: Values = (None,)
    end: Values = (None,)
    is_subject_open: bool = False
    is_silent: bool = False
    is_optional: bool = False


@dataclass(slots=True)
class Page:
    """All that one account may show; `up` is `None` where the contract does not say whether the poll is good."""

    up: bool | None = True
    values: dict[Key, Values] = field(default_factory=dict)
    silent_families: set[str] = field(default_factory=set)
    silent_quotas: set[str] = field(default_factory=set)
    open_quotas: dict[str, list[tuple[Decimal, Decimal | None]]] = field(default_factory=dict)

    def show(self, family: str, labels: Mapping[str, str], *values: Decimal | None) -> None:
        self.values[key(family, labels)] = values

    def show_if_known(self, family: str, labels: Mapping[str, str], value: Decimal | None) -> None:
        if value is not None:
            self.show(family, labels, value)

    def show_quotas(self, vendor: str, quotas: Iterable[Quota]) -> None:
        """Show quotas; those of one name are compared by their figures alone where a subject of theirs is open."""
        by_name: dict[str, list[Quota]] = defaultdict(list)
        for quota in quotas:
            by_name[quota.name].append(quota)
        for name, group in by_name.items():
            is_open = any(quota.is_subject_open for quota in group)
            if is_open and any(quota.is_silent or quota.is_optional or len(quota.limit) != 1 for quota in group):
                self.silent_quotas.add(name)
            elif is_open:
                self.open_quotas[name] = [(quota.used, quota.limit[0]) for quota in group if quota.used is not None]
            else:
                for quota in group:
                    self._show_quota(vendor, quota)

    def _show_quota(self, vendor: str, quota: Quota) -> None:
        labels = {"vendor": vendor, "quota": quota.name, "subject": quota.subject, "unit": quota.unit}
        if quota.used is None or quota.is_silent:
            if quota.is_silent:
                self.show(USED, labels)
            for family in (LIMIT, START, END):
                self.show(family, labels)
            return
        self.show(USED, labels, quota.used, *([None] if quota.is_optional else []))
        self.show(LIMIT, labels, *quota.limit)
        self.show(START, labels, *quota.start)
        self.show(END, labels, *quota.end)


def configured_quotas(
    world: World, members: Iterable[Member], settings: Iterable[Mapping[str, Any]] | None = None
) -> list[Quota]:
    """What each quota of the configuration counts: the sum of its members, only where each of them can be read."""
    members = list(members)
    settings = world.settings["quotas"] if settings is None else settings
    return [quota for setting in settings for quota in _configured(world, setting, members)]


def _configured(world: World, setting: Mapping[str, Any], members: list[Member]) -> list[Quota]:
    groups: dict[tuple[str, ...], list[Member]] = defaultdict(list)
    match = setting.get("match", {})
    members = [member for member in members if member.family == setting["metric"]]
    matching = [member for member in members if _matches(match, member.labels)]
    partial = [member for member in matching if member.is_partial]
    unreadable = partial or [member for member in matching if member.value is None]
    if unreadable and "partial_sums" in world.off:
        return [_silent(setting)]
    by = setting.get("by", ())
    for member in matching:
        if not member.is_partial:
            groups[tuple(member.labels[label] for label in by)].append(member)
    for subject in [subject for subject in groups if any(_may_be_of(subject, by, one.labels) for one in partial)]:
        del groups[subject]
    quotas = []
    for subject, group in groups.items():
        start, end = _period(setting.get("period", "none"), group, world.today)
        quotas.append(
            Quota(
                name=setting["name"],
                subject=subject[0] if subject else world.account,
                unit=setting.get("unit", ""),
                used=_sum(group),
                limit=(Decimal(str(setting["limit"])),),
                start=start,
                end=end,
                is_subject_open=len(subject) > 1 or any(not part or set(part) & set("/\\%") for part in subject),
            )
        )
    return quotas


def _silent(setting: Mapping[str, Any]) -> Quota:
    return Quota(setting["name"], "", "", None, (None,), is_subject_open=True, is_silent=True)


def _matches(match: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(re.fullmatch(pattern, labels[label], re.DOTALL) for label, pattern in match.items() if label in labels)


def _may_be_of(subject: tuple[str, ...], by: Iterable[str], known: Mapping[str, str]) -> bool:
    """A member of which some labels are known may belong to any subject that has the same."""
    return all(known.get(label, value) == value for label, value in zip(by, subject, strict=True))


def _sum(group: list[Member]) -> Decimal | None:
    units = {tuple(member.labels.get(unit) for unit in _UNITS) for member in group}
    values = [member.value for member in group if member.value is not None]
    return sum(values, Decimal()) if len(values) == len(group) and len(units) == 1 else None


def _period(period: str, group: list[Member], today: date) -> tuple[Values, Values]:
    if period == "month":
        first, after = month_of(today)
        return (unix_day(first),), (unix_day(after),)
    if period == "none":
        return (None,), (None,)
    starts, ends = {member.start for member in group}, {member.end for member in group}
    if len(starts) == len(ends) == 1 and (None in starts) == ((None,) in ends):
        return (starts.pop(),), ends.pop()
    if len(starts) == 1 or len(ends) == 1:
        return ANYTHING, ANYTHING  # whether one end of a period is shown without the other is not said
    return (None,), (None,)
