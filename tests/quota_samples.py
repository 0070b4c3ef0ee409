"""Samples of quotas for tests: what vendors report, and what becomes of it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from configurations import account

from exporter.config import parse
from exporter.metrics import Sample
from exporter.metrics import usage as families
from exporter.quota import NO_QUOTAS, Quotas, measured
from exporter.vendors import Account

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 12, 10, tzinfo=UTC)
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC).timestamp(), datetime(2026, 12, 1, tzinfo=UTC).timestamp())

Shown = dict[tuple[str, str, str], dict[str, float]]
"""By quota, subject and unit: what each family says of it."""


def read_account(vendor: str, settings: str = "") -> Account:
    (one,) = parse(account(vendor, settings).encode(), Path()).accounts
    return one


def shown(quotas: Quotas) -> Shown:
    found: Shown = {}
    for sample in quotas.samples:
        vendor, *key = sample.labels
        assert vendor
        name = sample.family.name.removeprefix("usage_quota_").removesuffix("_timestamp_seconds")
        found.setdefault((key[0], key[1], key[2]), {})[name] = sample.value
    return found


def quotas_of(vendor: str, samples: Iterable[Sample], settings: str = "", before: Quotas = NO_QUOTAS) -> Quotas:
    return measured(read_account(vendor, settings), list(samples), NOW, before)


def plan(
    used: float, limit: float | None = 1000, plan_id: str = "41", *, active: bool = True, end: datetime = END
) -> list[Sample]:
    labels = {"plan_id": plan_id, "product_type": "Residential"}
    return [
        families.NETNUT_GB_USED(used, **labels),
        *families.NETNUT_PLAN_GB.known(limit, **labels),
        *families.NETNUT_PLAN_START.known(START, **labels),
        *families.NETNUT_PLAN_END.known(end, **labels),
        families.NETNUT_PLAN_ACTIVE(active, **labels),
    ]


def entitlement(used: float, limit: float | None, reset: datetime | None = END) -> list[Sample]:
    labels = {"customer_id": "c1", "feature": "seats"}
    return [
        families.PROLIFI_ENTITLEMENT_USED(used, **labels),
        *families.PROLIFI_ENTITLEMENT_LIMIT.known(limit, **labels),
        *families.PROLIFI_ENTITLEMENT_RESET.known(reset, **labels),
    ]


def lever(used: float, remaining: float | None, product: str = "p", customer: str = "c1") -> list[Sample]:
    labels = {"product": product, "customer_id": customer, "lever": "calls"}
    return [
        families.PLANSHIP_LEVER_USAGE(used, **labels),
        *families.PLANSHIP_ENTITLEMENT_REMAINING.known(remaining, **labels),
    ]


def meter(quantity: float, meter_id: str = "C01000", **labels: str) -> Sample:
    usual = {"contract": "1", "datacenter_id": "d", "unit": "1hour"}
    return families.IONOS_METER_QUANTITY(quantity, meter_id=meter_id, **{**usual, **labels})


def setting(**changes: object) -> str:
    """A configured quota as flow YAML, in a list."""
    values: Mapping[str, object] = {"name": "q", "metric": "ionos_meter_quantity", "limit": 50, **changes}
    return "quotas: [{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}]"


SPAN = {"period_start": START.timestamp(), "period_end": END.timestamp()}
