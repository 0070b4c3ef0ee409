"""Samples of quotas for tests: what vendors report, and what becomes of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from configurations import account

from exporter.config import parse
from exporter.metrics import Item, Sample
from exporter.quota import (
    AccountQuotas,
    Ledger,
    Quota,
    QuotaId,
    QuotaReading,
    SliceFigures,
    quota_samples,
    read_quotas,
)
from exporter.store.reading import sanitize
from exporter.vendors import Account
from exporter.vendors.ionos.families import IONOS_METER_QUANTITY, IONOS_RESOURCE_LIMIT, IONOS_RESOURCE_USED
from exporter.vendors.netnut.families import (
    NETNUT_GB_USED,
    NETNUT_PLAN_ACTIVE,
    NETNUT_PLAN_END,
    NETNUT_PLAN_GB,
    NETNUT_PLAN_START,
)
from exporter.vendors.planship.families import (
    PLANSHIP_LEVER_USAGE,
    PLANSHIP_SUBSCRIPTION_RENEW,
)
from exporter.vendors.prolifi.families import (
    PROLIFI_CUSTOMER_INFO,
    PROLIFI_ENTITLEMENT_LIMIT,
    PROLIFI_ENTITLEMENT_RESET,
    PROLIFI_ENTITLEMENT_USED,
)
from exporter.vendors.reply import Diagnostics

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 12, 10, tzinfo=UTC)
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC).timestamp(), datetime(2026, 12, 1, tzinfo=UTC).timestamp())

Shown = dict[tuple[str, str, str], dict[str, float]]
"""By quota, subject and unit: what each family says of it."""


def read_account(vendor: str, settings: str = "") -> Account:
    (one,) = parse(account(vendor, settings).encode(), Path()).accounts
    return one


class Watched:
    """The quotas of an account that is read slice by slice, as the page shows them.

    Attributes:
        account: as it is set up.
        ledger: what its counters go on from.
        slices: the last reading of each slice, by its number.
        fallen: quotas of which a figure fell for no known reason, in the order in which that was noticed.
        mixed: quotas that had series in different units after any reading, also of a single slice.

    """

    def __init__(self, account: Account, ledger: Ledger | None = None) -> None:
        self.account = account
        self.ledger = ledger or Ledger()
        self.slices: dict[int, QuotaReading] = {}
        self.whole = AccountQuotas()
        self.fallen: list[QuotaId] = []
        self.mixed: set[QuotaId] = set()

    def read(self, number: int, items: Iterable[Item], now: datetime = NOW) -> None:
        """Read one slice."""
        clean = sanitize(items, Diagnostics())
        others = [one.contributions for other, one in self.slices.items() if other != number]
        figures = SliceFigures(number, clean.figures, now, clean.unreadable, clean.ended, clean.rests)
        found = read_quotas(self.account, figures, others, self.ledger)
        self.slices[number], self.whole = found, found.whole
        self.ledger = found.ledger.with_shown(one.id for one in (*found.quotas, *found.whole.quotas))
        self.fallen += found.fallen
        self.mixed |= found.whole.mixed

    def read_all(self, slices: Sequence[Iterable[Item]], now: datetime = NOW) -> None:
        """Read an account in slices, all of them at the same time."""
        for number, items in enumerate(slices):
            self.read(number, items, now)

    @property
    def quotas(self) -> list[Quota]:
        return [*(quota for one in self.slices.values() for quota in one.quotas), *self.whole.quotas]

    @property
    def samples(self) -> list[Sample]:
        totals = self.ledger.totals
        return [one for quota in self.quotas for one in quota_samples(self.account.vendor, quota, totals.get(quota.id))]

    @property
    def withheld(self) -> dict[tuple[str, str], int]:
        found: Counter[tuple[str, str]] = Counter()
        for each in (*(one.withheld for one in self.slices.values()), self.whole.withheld):
            found.update(each)
        return dict(found)

    @property
    def consumed(self) -> dict[QuotaId, float]:
        """What the counters hold, shown already or not."""
        return {quota: one.value for quota, one in self.ledger.totals.items()}


def shown(quotas: Watched) -> Shown:
    found: Shown = {}
    for sample in quotas.samples:
        vendor, *key = sample.labels
        assert vendor
        name = sample.family.name.removeprefix("usage_quota_").removesuffix("_timestamp_seconds")
        found.setdefault((key[0], key[1], key[2]), {})[name] = sample.value
    return found


def quotas_of(vendor: str, items: Iterable[Item], settings: str = "") -> Watched:
    watched = Watched(read_account(vendor, settings))
    watched.read(0, items)
    return watched


def plan(  # noqa: PLR0913 - what a plan has
    used: float,
    limit: float | None = 1000,
    plan_id: str = "41",
    *,
    active: bool = True,
    start: datetime = START,
    end: datetime = END,
) -> list[Sample]:
    labels = {"plan_id": plan_id, "product_type": "Residential"}
    return [
        NETNUT_GB_USED(used, **labels),
        *NETNUT_PLAN_GB.known(limit, **labels),
        *NETNUT_PLAN_START.known(start, **labels),
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


def company(customer: str, name: str) -> Sample:
    return PROLIFI_CUSTOMER_INFO(1, customer_id=customer, name=name)


def lever(
    used: float, remaining: float | None, product: str = "p", customer: str = "c1", lever: str = "calls"
) -> list[Item]:
    labels = {"product": product, "customer_id": customer, "lever": lever}
    return [
        PLANSHIP_LEVER_USAGE(used, **labels),
        *([] if remaining is None else [PLANSHIP_LEVER_USAGE.rest(remaining, **labels)]),
    ]


def renewal(customer: str, end: datetime, subscription: str = "s") -> Sample:
    return PLANSHIP_SUBSCRIPTION_RENEW(
        end.timestamp(), product="p", customer_id=customer, subscription_id=subscription, plan=""
    )


def resource(used: float, limit: float | None) -> list[Sample]:
    labels = {"contract": "1", "resource": "cores", "unit": "cores"}
    return [IONOS_RESOURCE_USED(used, **labels), *IONOS_RESOURCE_LIMIT.known(limit, **labels)]


def meter(quantity: float, meter_id: str = "C01000", **labels: str) -> Sample:
    usual = {"contract": "1", "datacenter_id": "d", "unit": "1hour"}
    return IONOS_METER_QUANTITY(quantity, meter_id=meter_id, **{**usual, **labels})


def setting(**changes: object) -> str:
    """A configured quota as flow YAML, in a list."""
    values: Mapping[str, object] = {"name": "q", "metric": "ionos_meter_quantity", "limit": 50, **changes}
    return "quotas: [{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}]"


SPAN = {"period_start": START.timestamp(), "period_end": END.timestamp()}
