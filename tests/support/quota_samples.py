"""Samples of quotas for tests: what vendors report, and what becomes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from configurations import account

from exporter.config import parse
from exporter.metrics import Sample, figures_of
from exporter.quota import NO_QUOTAS, Consumption, Key, Quotas, Tallies, configured, reported, tallied
from exporter.vendors import Account
from exporter.vendors.ionos.families import IONOS_METER_QUANTITY
from exporter.vendors.netnut.families import (
    NETNUT_GB_USED,
    NETNUT_PLAN_ACTIVE,
    NETNUT_PLAN_END,
    NETNUT_PLAN_GB,
    NETNUT_PLAN_START,
)
from exporter.vendors.planship.families import (
    PLANSHIP_ENTITLEMENT_REMAINING,
    PLANSHIP_LEVER_USAGE,
    PLANSHIP_SUBSCRIPTION_RENEW,
)
from exporter.vendors.prolifi.families import (
    PROLIFI_ENTITLEMENT_LIMIT,
    PROLIFI_ENTITLEMENT_RESET,
    PROLIFI_ENTITLEMENT_USED,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 12, 10, tzinfo=UTC)
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC).timestamp(), datetime(2026, 12, 1, tzinfo=UTC).timestamp())

Shown = dict[tuple[str, str, str], dict[str, float]]
"""By quota, subject and unit: what each family says of it."""


def read_account(vendor: str, settings: str = "") -> Account:
    (one,) = parse(account(vendor, settings).encode(), Path()).accounts
    return one


@dataclass(frozen=True)
class Measured:
    """The quotas of an account: those of its slices, and those of the whole."""

    slices: Sequence[Quotas]
    whole: Quotas

    @property
    def samples(self) -> Sequence[Sample]:
        return [sample for quotas in (*self.slices, self.whole) for sample in quotas.samples]

    @property
    def consumed(self) -> Mapping[Key, Consumption]:
        return {key: one for quotas in (*self.slices, self.whole) for key, one in quotas.consumed.items()}


NOTHING = Measured((), NO_QUOTAS)


def measured(account: Account, samples: Iterable[Sample], now: datetime, before: Measured = NOTHING) -> Measured:
    """Read an account whole."""
    return measured_in_slices(account, [samples], now, before)


def measured_in_slices(
    account: Account, slices: Sequence[Iterable[Sample]], now: datetime, before: Measured = NOTHING
) -> Measured:
    """Read an account in slices, all of them at the same time."""
    figures, known = [figures_of(samples) for samples in slices], before.slices or [NO_QUOTAS] * len(slices)
    tallies = [tallied(account, one, now) for one in figures]
    return Measured(
        [reported(account, one, now, quotas) for one, quotas in zip(figures, known, strict=True)],
        configured(account, tallies, now, before.whole),
    )


class Sliced:
    """The quotas of an account that is read slice by slice.

    Attributes:
        slices: those of each slice, by its number.
        whole: those of the account as a whole.

    """

    def __init__(self, account: Account) -> None:
        self.slices: dict[int, Quotas] = {}
        self.whole = NO_QUOTAS
        self._account = account
        self._tallies: dict[int, Tallies] = {}

    def read(self, number: int, samples: Iterable[Sample], now: datetime = NOW, account: Account | None = None) -> None:
        """Read one slice; of the account as it is set up from now on, if that is given."""
        self._account, figures = account or self._account, figures_of(samples)
        self.slices[number] = reported(self._account, figures, now, self.slices.get(number, NO_QUOTAS))
        self._tallies[number] = tallied(self._account, figures, now)
        self.whole = configured(self._account, list(self._tallies.values()), now, self.whole)

    @property
    def samples(self) -> Sequence[Sample]:
        return [sample for quotas in (*self.slices.values(), self.whole) for sample in quotas.samples]


def shown(quotas: Measured | Sliced | Quotas) -> Shown:
    found: Shown = {}
    for sample in quotas.samples:
        vendor, *key = sample.labels
        assert vendor
        name = sample.family.name.removeprefix("usage_quota_").removesuffix("_timestamp_seconds")
        found.setdefault((key[0], key[1], key[2]), {})[name] = sample.value
    return found


def quotas_of(vendor: str, samples: Iterable[Sample], settings: str = "", before: Measured = NOTHING) -> Measured:
    return measured(read_account(vendor, settings), samples, NOW, before)


def plan(
    used: float, limit: float | None = 1000, plan_id: str = "41", *, active: bool = True, end: datetime = END
) -> list[Sample]:
    labels = {"plan_id": plan_id, "product_type": "Residential"}
    return [
        NETNUT_GB_USED(used, **labels),
        *NETNUT_PLAN_GB.known(limit, **labels),
        *NETNUT_PLAN_START.known(START, **labels),
        *NETNUT_PLAN_END.known(end, **labels),
        NETNUT_PLAN_ACTIVE(active, **labels),
    ]


def entitlement(used: float, limit: float | None, reset: datetime | None = END, customer: str = "c1") -> list[Sample]:
    labels = {"customer_id": customer, "feature": "seats"}
    return [
        PROLIFI_ENTITLEMENT_USED(used, **labels),
        *PROLIFI_ENTITLEMENT_LIMIT.known(limit, **labels),
        *PROLIFI_ENTITLEMENT_RESET.known(reset, **labels),
    ]


def lever(
    used: float, remaining: float | None, product: str = "p", customer: str = "c1", lever: str = "calls"
) -> list[Sample]:
    labels = {"product": product, "customer_id": customer, "lever": lever}
    return [
        PLANSHIP_LEVER_USAGE(used, **labels),
        *PLANSHIP_ENTITLEMENT_REMAINING.known(remaining, **labels),
    ]


def renewal(customer: str, end: datetime, subscription: str = "s") -> Sample:
    return PLANSHIP_SUBSCRIPTION_RENEW(
        end.timestamp(), product="p", customer_id=customer, subscription_id=subscription, plan=""
    )


def meter(quantity: float, meter_id: str = "C01000", **labels: str) -> Sample:
    usual = {"contract": "1", "datacenter_id": "d", "unit": "1hour"}
    return IONOS_METER_QUANTITY(quantity, meter_id=meter_id, **{**usual, **labels})


def setting(**changes: object) -> str:
    """A configured quota as flow YAML, in a list."""
    values: Mapping[str, object] = {"name": "q", "metric": "ionos_meter_quantity", "limit": 50, **changes}
    return "quotas: [{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}]"


SPAN = {"period_start": START.timestamp(), "period_end": END.timestamp()}
