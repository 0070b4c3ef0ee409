"""Derives quotas and their counters from a slice's reading, for the slice and for the whole account.

An account with many customers is read in slices. The quota of a single customer comes from the slice that contains the
customer. A quota for several customers is the sum of contributions, one from the last reading of each slice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from exporter.metrics import EndedPeriod, Figures, Rest, Sample, Unreadable
from exporter.metrics import quota as families
from exporter.quota.configured import Contributions, account_quotas, definition_of, slice_share
from exporter.quota.ledger import Definition, Ledger, SliceReadings, Total
from exporter.quota.model import MemberFigure, Quota, QuotaId, Withheld, WithheldReason
from exporter.quota.names import Names
from exporter.quota.native import VendorFigures, native_quotas
from exporter.vendors import Account


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """The figures of a slice's reading.

    Attributes:
        number: the slice's number.
        figures: the vendor's figures.
        now: the time of the request.
        unreadable: series that exist but cannot be read.
        ended: final figures of periods that have ended.
        rests: the remaining amounts that the vendor states.

    """

    number: int
    figures: Figures
    now: datetime
    unreadable: Collection[Unreadable] = ()
    ended: Sequence[EndedPeriod] = ()
    rests: Collection[Rest] = ()


@dataclass(frozen=True, slots=True)
class AccountQuotas:
    """The configured quotas of the account as a whole.

    Attributes:
        quotas: the quotas that are shown.
        matched: the number of series that each quota counts, by the quota's name. A quota is left out until all slices
            have been read.
        withheld: the number of subjects not shown, by quota name and reason.
        mixed: the quotas whose series are in different units, including quotas of single slices.

    """

    quotas: tuple[Quota, ...] = ()
    matched: dict[str, int] = field(default_factory=dict)
    withheld: Withheld = field(default_factory=dict)
    mixed: frozenset[QuotaId] = frozenset()


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """The account's quotas after a slice's reading.

    Attributes:
        quotas: the quotas of this slice alone: native quotas, and configured quotas of single customers.
        withheld: the number of native quotas not shown, by quota name and reason.
        contributions: the slice's contributions to configured quotas.
        whole: the configured quotas of the whole account.
        ledger: the counters after this reading, not yet marked as shown.
        fallen: the quotas that have a member whose figure fell by more than half within one period.

    """

    quotas: tuple[Quota, ...]
    withheld: Withheld
    contributions: Contributions
    whole: AccountQuotas
    ledger: Ledger
    fallen: tuple[QuotaId, ...]


def read_quotas(account: Account, read: SliceFigures, others: Sequence[Contributions], before: Ledger) -> QuotaReading:
    """Return the account's quotas after a slice's reading.

    Args:
        account: the account.
        read: the slice's figures.
        others: the contributions of the other slices' last readings.
        before: the counters before this reading.

    """
    at = read.now.timestamp()
    ledger = before.with_definitions({one.name: definition_of(one) for one in account.quotas}, at)
    since = at if ledger.since is None else ledger.since
    found = VendorFigures(read.figures, read.unreadable, read.rests, at, since)
    names = Names(account.name_sources if account.names else (), read.figures)
    native = native_quotas(account.native_quotas, found, ledger.totals, {one.name for one in account.quotas}, names)
    shares = {
        one.name: slice_share(one, account, read.figures, read.unreadable, read.now, names) for one in account.quotas
    }

    def members() -> Iterator[MemberFigure]:
        yield from native.members
        for name, share in shares.items():
            yield from share.members(account, ledger.definitions[name].since, at)
            yield from share.ended(account, ledger.definitions[name].since, read.ended)

    contributions = {name: share.contribution for name, share in shares.items()}
    whole = account_totals(account, [*others, contributions])
    is_last = len(others) + 1 >= account.slice_count
    readings = SliceReadings(read.number, members(), at, account.max_series, is_last, whole.mixed)
    ledger, fallen = ledger.with_readings(readings)
    divided = [quota for share in shares.values() for quota in share.quotas]
    return QuotaReading(
        (*native.quotas, *divided),
        dict(native.withheld),
        contributions,
        whole,
        ledger.with_limits(native.limits),
        tuple(dict.fromkeys(fallen)),
    )


def account_totals(account: Account, contributions: Sequence[Contributions]) -> AccountQuotas:
    """Return the configured quotas of the whole account, which are the sums of the slices' contributions."""
    found = {one.name: account_quotas(one, account, contributions) for one in account.quotas}
    withheld: Counter[tuple[str, WithheldReason]] = Counter()
    for name, one in found.items():
        withheld.update({(name, reason): count for reason, count in one.withheld.items()})
    return AccountQuotas(
        tuple(quota for one in found.values() for quota in one.quotas),
        {name: one.count for name, one in found.items() if one.count is not None},
        dict(withheld),
        frozenset[QuotaId]().union(*(one.mixed for one in found.values())),
    )


def filter_valid(account: Account, quotas: Sequence[Quota], definitions: Mapping[str, Definition]) -> tuple[Quota, ...]:
    """Return the quotas that are still valid under an account's new settings.

    The quotas keep their display names only if the new settings enable names.

    Args:
        account: the account with its new settings.
        quotas: native and configured quotas.
        definitions: the previous definitions of the configured quotas, by name.

    """
    settings = {one.name: one for one in account.quotas}

    def is_valid(quota: Quota) -> bool:
        setting, definition = settings.get(quota.id.name), definitions.get(quota.id.name)
        if setting is None or definition is None:
            return setting is None and definition is None  # a native quota
        is_same = (setting.unit, setting.limit) == (quota.id.unit, quota.limit)
        return is_same and definition.text == definition_of(setting)

    valid = tuple(filter(is_valid, quotas))
    return valid if account.names else tuple(quota._replace(subject_name="") for quota in valid)


def renamed(account: Account, ledger: Ledger) -> Ledger:
    """Return the ledger with the account's new name.

    The account's name is the subject of quotas of the whole account.
    """
    if account.was is None:
        return ledger
    return ledger.with_subject({one.name for one in account.quotas if not one.by}, account.was, account.name)


def quota_samples(vendor: str, quota: Quota, total: Total | None) -> tuple[Sample, ...]:
    """Return the samples of a quota. The quota's counter is left out until it has a value that may be shown."""
    labels = (vendor, *quota.id)
    values = (
        (families.QUOTA_USED, quota.used),
        (families.QUOTA_CONSUMED, total.shown if total else None),
        (families.QUOTA_LIMIT, quota.limit),
        (families.QUOTA_PERIOD_START, quota.span.start),
        (families.QUOTA_PERIOD_END, quota.span.end),
    )
    samples = tuple(Sample(family, labels, value) for family, value in values if value is not None)
    if not quota.subject_name:
        return samples
    return (*samples, Sample(families.QUOTA_SUBJECT_INFO, (*labels, quota.subject_name), 1.0))
