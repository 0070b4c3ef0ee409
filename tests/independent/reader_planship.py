"""What the page must show of a world of Planship's."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from expectation import ANYTHING, Key, Member, Page, Quota, Values, configured_quotas, key
from fields import moment, number
from world import World

USAGE: Final = "planship_lever_usage"
BUCKETS: Final = "planship_lever_bucket_usage"
LEFT: Final = "planship_entitlement_remaining"
FAMILIES: Final = frozenset(
    {
        *(USAGE, BUCKETS, LEFT),
        *("planship_lever_subscription_usage", "planship_subscription_renew_timestamp_seconds"),
        "planship_subscription_last_renewed_timestamp_seconds",
    }
)


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of one customer in one product."""

    customer: str
    product: str
    usages: dict[str, dict[str, Any]]
    entitlements: dict[str, Any] | None
    subscriptions: list[dict[str, Any]]

    def labels(self, **more: str) -> dict[str, str]:
        return {"product": self.product, "customer_id": self.customer, **more}


def canonical(world: World, one: Key) -> Key:
    """A quota of a lever by product and lever: whether its name holds the product is open where there is one."""
    family, labels = one
    names = dict(labels)
    products = world.settings["products"]
    if len(products) == 1 and family.startswith("usage_quota_") and "/" not in names["quota"]:
        configured = {setting["name"] for setting in world.settings["quotas"]}
        if names["quota"] not in configured:
            names["quota"] = f"{products[0]['slug']}/{names['quota']}"
    return key(family, names)


def read_planship(world: World) -> list[Page]:
    page = Page()
    visits = [
        _visit(world, customer, product)
        for customer in world.settings["customers"]
        for product in world.settings["products"]
    ]
    for visit in visits:
        _show(world, page, visit)
    if world.settings.get("entitlements"):
        page.show_quotas("planship", [quota for visit in visits for quota in _native(world, visit)])
    members = [member for visit in visits for member in _members(visit)]
    page.show_quotas("planship", configured_quotas(world, members))
    totals = [number(usage.get("total")) for visit in visits for usage in visit.usages.values()]
    if any(total is not None for total in totals):
        return [page]
    page.up = None  # nothing was there, or nothing could be read, which may be a failure of the poll
    return [page, Page(up=False)]


def _visit(world: World, customer: str, product: dict[str, Any]) -> Visit:
    base = f"/api/v1/customers/{quote(customer, safe='')}"
    path = f"{base}/products/{product['slug']}"
    usages: dict[str, dict[str, Any]] = {}
    for lever in product.get("levers", ()):
        answer = world.get(f"{path}/levers/{lever}/usage")
        if answer.status == 200:
            usages[lever] = answer.body
    for metering_id in product.get("metering_ids", ()):
        usages |= world.get(f"{path}/usage/{metering_id}").body
    entitlements = world.get(f"{path}/entitlements")
    return Visit(
        customer,
        product["slug"],
        usages,
        entitlements.body if entitlements.status == 200 else None,
        world.get(f"{base}/subscriptions", product_slug=product["slug"]).body,
    )


def _show(world: World, page: Page, visit: Visit) -> None:
    for lever, usage in visit.usages.items():
        labels = visit.labels(lever=lever)
        total = number(usage.get("total"))
        page.show_if_known(USAGE, labels, total)
        if world.settings.get("buckets"):
            for bucket, used in usage["by_bucket"].items():
                page.show_if_known(BUCKETS, {**labels, "bucket": bucket}, number(used))
        if world.settings.get("subscriptions"):
            _show_subscriptions(page, labels, usage)
        if world.settings.get("entitlements"):
            left = _left(visit, lever)
            page.show(LEFT, labels, *(left if total is not None else ANYTHING))
    if world.settings.get("subscriptions"):
        for one in visit.subscriptions:
            own = visit.labels(subscription_id=one["subscription_id"], plan=one["plan"]["slug"])
            start, end = moment(one.get("last_renewed_at")), moment(one.get("renew_at"))
            if one["is_active"]:
                page.show_if_known("planship_subscription_last_renewed_timestamp_seconds", own, start)
            if one["is_active"] and one["auto_renew"]:
                page.show_if_known("planship_subscription_renew_timestamp_seconds", own, end)


def _show_subscriptions(page: Page, labels: dict[str, str], usage: dict[str, Any]) -> None:
    for subscription, rows in usage["by_subscription"].items():
        used = [number(one.get("usage")) for one in rows]
        known = [value for value in used if value is not None]
        if len(known) == len(used):
            own = {**labels, "subscription_id": subscription}
            page.show("planship_lever_subscription_usage", own, sum(known, Decimal()))


def _left(visit: Visit, lever: str) -> Values:
    """What is left of a lever; nothing is shown of what is no number, and -1 is no rest but no limit."""
    value = (visit.entitlements or {}).get(lever)
    if isinstance(value, str | dict) and value != "Single":
        return ANYTHING  # whether digits in text, or a rest by bucket, are what is left of the lever is open
    left = number(value)
    return (None,) if left is None or left == -1 else (left,)


def _native(world: World, visit: Visit) -> Iterator[Quota]:
    for lever, usage in visit.usages.items():
        left = _left(visit, lever)
        yield Quota(
            name=f"{visit.product}/{lever}",
            subject=visit.customer,
            unit="",
            used=number(usage.get("total")),
            limit=_limit(world, visit, usage, left),
            start=ANYTHING,
            end=ANYTHING,
            is_optional=number((visit.entitlements or {}).get(lever)) is None,
            is_subject_open=bool(set(visit.customer) & set("/\\%")),
        )


def _limit(world: World, visit: Visit, usage: dict[str, Any], left: Values) -> Values:
    """Used and left are the limit, where they are of one subscription and one amount."""
    total = number(usage.get("total"))
    if not left:
        return ANYTHING
    if total is None or left[0] is None:
        return (None,)
    active = [one for one in visit.subscriptions if one["is_active"]]
    if len(usage["by_subscription"]) > 1 or (world.settings.get("subscriptions") and len(active) > 1):
        return ANYTHING if "subscription_limits" in world.off else (None,)
    if set(usage["by_bucket"]) - {"null"}:
        return ANYTHING if "bucket_limits" in world.off else (None,)
    if left[0] <= 0:  # whether a rest below nothing is stated as such or as 0 is open
        return (None, total + left[0])
    return (total + left[0],)


def _members(visit: Visit) -> Iterator[Member]:
    for lever, usage in visit.usages.items():
        labels = visit.labels(lever=lever)
        yield Member(USAGE, labels, number(usage.get("total")))
        for bucket, used in usage["by_bucket"].items():
            yield Member(BUCKETS, {**labels, "bucket": bucket}, number(used))
