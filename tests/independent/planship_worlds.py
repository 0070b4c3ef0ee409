"""Random worlds of Planship: customers, their subscriptions, and the levers of products."""

from datetime import date
from typing import Any, Final
from urllib.parse import quote

from world import MISSING, UNREADABLE_TIMES, Answer, Dice, Question, Reply, World, row

QUIRKS: Final = {
    "odd_text": "names in any script, with quotes, slashes and line ends",
    "number_as_text": "a number comes as its digits",
    "unreadable_number": "a number is missing, null or no number",
    "two_subscriptions": "a customer has two subscriptions to one product",
    "used_by_bucket": "a lever is used by bucket",
    "lever_gone": "a lever is not found",
    "entitlements_refused": "a customer's entitlements are refused",
    "entitlement_odd": "what is left is no number",
    "left_minus_one": "-1 left means without limit",
    "left_zero": "nothing is left",
    "left_negative": "less than nothing is left",
    "not_renewing": "a subscription that does not renew",
    "partial_sums": "a sum is not shown where a member of it cannot be read",
    "subscription_limits": "what two subscriptions leave makes no limit",
    "bucket_limits": "what is left of a lever used by bucket makes no limit",
    "same_lever_twice": "two products have a lever of one name",
}
CUSTOMERS: Final = (
    "acme",
    "42",
    "user+1@example.com",
    "team/blue",
    "ünï",
    "日本",
    "50%2F",
    "stripe:cus_9",
    'q"x',
    "0042",
)
_LEVERS: Final = ("api-calls", "invoices", "clicks", "seats", "exports", "jobs")


def planship_world(seed: int, today: date, off: frozenset[str]) -> World:
    dice = Dice(f"planship {seed}", off)
    customers = dice.random.sample(CUSTOMERS, dice.count(1, 3))
    levers = dice.random.sample(_LEVERS, len(_LEVERS))
    products = [_product(dice, "invoicing", levers[:3])]
    if dice.chance(0.5):
        again = dice.quirk("same_lever_twice", 0.3)
        products.append(_product(dice, "projects", levers[2 if again else 3 :][:3]))
    flags = {name: dice.chance(0.6) or MISSING for name in ("buckets", "subscriptions", "entitlements")}
    replies: dict[str, Reply] = {
        "POST /api/v1/auth/token": Answer(
            {"access_token": f"token-of-world-{seed}", "token_type": "bearer", "expires_in": 900}
        )
    }
    for customer in customers:
        replies |= _customer_replies(dice, customer, products, today)
    settings = row(
        client_id=f"client-{seed}",
        client_secret="${WORLD_SECRET}",
        customers=customers,
        products=products,
        **flags,
        quotas=_quotas(dice, has_buckets=flags["buckets"] is True),
    )
    return World("planship", seed, today, settings, replies, frozenset(dice.quirks), off)


def metered(metering_id: str) -> list[str]:
    """The levers that a metering id covers: its name lists them."""
    return metering_id.split(".")


def _product(dice: Dice, slug: str, levers: list[str]) -> dict[str, Any]:
    own = [lever for lever in levers if dice.chance(0.6)]
    covered = [lever for lever in levers if lever not in own or dice.chance(0.2)]
    return row(slug=slug, levers=own or MISSING, metering_ids=[".".join(covered)] if covered else MISSING)


def _customer_replies(dice: Dice, customer: str, products: list[dict[str, Any]], today: date) -> dict[str, Reply]:
    base = f"GET /api/v1/customers/{quote(customer, safe='')}"
    replies: dict[str, Reply] = {}
    subscriptions: dict[str, list[dict[str, Any]]] = {}
    for product in products:
        slug = product["slug"]
        path = f"{base}/products/{slug}"
        subscriptions[slug] = _subscriptions(dice, today)
        ids = [one["subscription_id"] for one in subscriptions[slug]]
        covered = [lever for metering_id in product.get("metering_ids", ()) for lever in metered(metering_id)]
        levers = dict.fromkeys([*product.get("levers", ()), *covered])
        usages = {lever: _usage(dice, ids) for lever in levers}
        for lever in product.get("levers", ()):
            gone = dice.quirk("lever_gone", 0.04)
            replies[f"{path}/levers/{lever}/usage"] = Answer({"detail": "x"}, 404) if gone else Answer(usages[lever])
        for metering_id in product.get("metering_ids", ()):
            replies[f"{path}/usage/{metering_id}"] = Answer({lever: usages[lever] for lever in metered(metering_id)})
        refused = dice.quirk("entitlements_refused", 0.05)
        left = {lever: _left(dice) for lever in levers if dice.chance(0.9)}
        features = {"premium": True, "formats": ["pdf"], "places": 5, "note": "some"}
        replies[f"{path}/entitlements"] = Answer({"detail": "x"}, 403) if refused else Answer({**features, **left})
    replies[f"{base}/subscriptions"] = _by_product(subscriptions)
    return replies


def _by_product(subscriptions: dict[str, list[dict[str, Any]]]) -> Reply:
    def reply(question: Question) -> Answer:
        asked = question.query.get("product_slug")
        return Answer([one for slug, found in subscriptions.items() if asked in {None, slug} for one in found])

    return reply


def _subscriptions(dice: Dice, today: date) -> list[dict[str, Any]]:
    count = 2 if dice.quirk("two_subscriptions", 0.15) else dice.pick((0, 1, 1, 1))
    return [_subscription(dice, today) for _ in range(count)]


def _subscription(dice: Dice, today: date) -> dict[str, Any]:
    stops = dice.quirk("not_renewing", 0.2)
    is_active = not stops or dice.chance(0.5)
    plan = {"id": dice.uuid(), "name": "A plan", "slug": dice.pick(("solo", "team", "enterprise"))}
    renewal: Any = f"{today.year + 1}-0{dice.count(1, 9)}-05T00:00:{dice.count(10, 59)}Z"
    if dice.chance(0.1):
        renewal = dice.pick(UNREADABLE_TIMES)
    return row(
        customer_id=dice.uuid(),
        subscription_id=dice.uuid(),
        plan=plan,
        renew_plan=plan,
        is_active=is_active,
        auto_renew=not stops or (not is_active and dice.chance(0.5)),
        renew_at=renewal,
        last_renewed_at=f"{today.year}-0{dice.count(1, 9)}-05T00:00:00Z",
        is_administrator=True,
        is_subscriber=True,
    )


def _usage(dice: Dice, subscriptions: list[str]) -> dict[str, Any]:
    names: list[str | None] = [None]
    if dice.quirk("used_by_bucket", 0.3):
        names = list(dict.fromkeys(dice.text() for _ in range(dice.count(1, 3))))
        names += [None] if dice.chance(0.2) else []
    by_bucket = {name: dice.integer() for name in names}
    rows: dict[str, list[dict[str, Any]]] = {subscription: [] for subscription in subscriptions}
    for name, usage in by_bucket.items():
        for place, subscription in enumerate(subscriptions):
            part = usage // 3 if place else usage - usage // 3 * (len(subscriptions) - 1)
            rows[subscription].append(row(usage=dice.figure(part, 0.03), bucket=name))
    total = sum(by_bucket.values())
    return row(
        total=dice.figure(total),
        by_bucket=row(**{"null" if name is None else name: dice.figure(use, 0.03) for name, use in by_bucket.items()}),
        by_subscription=rows,
    )


def _left(dice: Dice) -> Any:
    if dice.quirk("entitlement_odd", 0.1):
        return dice.pick((True, False, "Single", ["Single"], {"null": 10.0}, {}, "75", None))
    for name, value in (("left_minus_one", -1), ("left_zero", 0), ("left_negative", -dice.count(2, 90))):
        if dice.quirk(name, 0.06):
            return value
    return dice.pick((dice.count(1, 100_000), 0.5 + dice.count(1, 99)))


def _quotas(dice: Dice, *, has_buckets: bool) -> list[dict[str, Any]]:
    quotas = []
    for number in range(dice.count(0, 3)):
        by_bucket = has_buckets and dice.chance(0.3)
        labels = ["customer_id", "lever", "product"]
        quotas.append(
            row(
                name=f"q{number}",
                metric="planship_lever_bucket_usage" if by_bucket else "planship_lever_usage",
                match={"lever": dice.pick((".*s", "api-calls|jobs", "[^e]*"))} if dice.chance(0.4) else MISSING,
                by=dice.random.sample(labels, dice.count(1, 2)) if dice.chance(0.6) else MISSING,
                limit=dice.pick((1000, 0.5, 10**12)),
                unit=dice.pick(("calls", MISSING)),
                period=dice.pick(("none", MISSING)),
            )
        )
    return quotas
