"""Random worlds of Prolifi: customers with their events and entitlements."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from world import MISSING, UNREADABLE_TIMES, Answer, Dice, Question, Reply, World, row

QUIRKS: Final = {
    "odd_text": "names in any script, with quotes, slashes and line ends",
    "number_as_text": "a number comes as its digits",
    "unreadable_number": "a number is missing, null or no number",
    "no_event_name": "a row without its event's name",
    "no_event_readable": "the only row of a customer's usage has no name, and its entitlements can be read",
    "no_feature_id": "a row without its feature's id",
    "event_twice": "an event's row comes twice",
    "customer_gone": "a customer is not found",
    "entitlements_refused": "a customer's entitlements are refused",
    "many_customers": "the list of customers has several pages",
    "customer_twice": "a customer stands on two pages of the list",
    "limit_minus_one": "-1 means without limit",
    "limit_zero": "nothing is allowed",
    "unlimited_with_limit": "without limit, and yet a limit is given",
    "partial_sums": "a sum is not shown where a member of it cannot be read",
    "no_end_date": "events after the window are left out only if its end is asked for",
}
LATER_EVENTS: Final = 13


def prolifi_world(seed: int, today: date, off: frozenset[str]) -> World:
    dice = Dice(f"prolifi {seed}", off)
    is_many = dice.quirk("many_customers", 0.04)
    customers = [_customer(dice) for _ in range(dice.count(101, 130) if is_many else dice.count(0, 5))]
    discover = is_many or not customers or dice.chance(0.5)
    window = dice.pick(("all", "all", "month", dice.count(1, 90), MISSING))
    has_entitlements = dice.chance(0.6)
    replies: dict[str, Reply] = {"GET /customers": _pages(dice, customers)}
    end_matters = window not in {"all", MISSING} and dice.quirk("no_end_date", 0.2)
    features = [dice.text() for _ in range(3)]
    for customer in customers:
        path = f"GET /customers/{customer['id']}"
        if dice.quirk("customer_gone", 0.05 if not is_many else 0.01):
            continue
        replies[f"{path}/usage"] = _usage(_events(dice, is_many=is_many), _days(window, today), end_matters=end_matters)
        refused = dice.quirk("entitlements_refused", 0.06)
        replies[f"{path}/entitlements"] = (
            Answer(_failure("permission_error"), 403) if refused else Answer({"data": _entitlements(dice, features)})
        )
    settings = row(
        api_key="${WORLD_SECRET}",
        customers=MISSING if discover else [customer["id"] for customer in customers],
        discover=discover or MISSING,
        window=window,
        entitlements=has_entitlements or MISSING,
        exclude=["test-.*"] if discover and dice.chance(0.3) else MISSING,
        quotas=_quotas(dice, has_entitlements=has_entitlements, is_month=window == "month"),
    )
    return World("prolifi", seed, today, settings, replies, frozenset(dice.quirks), off)


def _customer(dice: Dice) -> dict[str, Any]:
    external = dice.pick((MISSING, None, dice.text(), f"test-{dice.count(1, 99)}"))
    return row(id=dice.uuid(), external_id=external, email="somebody@example.com", type="business")


def _pages(dice: Dice, customers: list[dict[str, Any]]) -> Reply:
    listed = list(customers)
    if len(listed) > 100 and dice.quirk("customer_twice", 0.7):
        listed.insert(100, listed[99])

    def reply(question: Question) -> Answer:
        limit, offset = int(question.query.get("limit", 20)), int(question.query.get("offset", 0))
        page = listed[offset : offset + limit]
        has_more = offset + limit < len(listed)
        return Answer(
            {
                "data": page,
                "pagination": {"total": len(listed), "limit": limit, "offset": offset, "has_more": has_more},
            }
        )

    return reply


def _days(window: Any, today: date) -> date | None:
    """The first day of the window."""
    if window == "month":
        return today.replace(day=1)
    return None if window in {"all", MISSING} else today - timedelta(window - 1)


def _usage(events: list[dict[str, Any]], first: date | None, *, end_matters: bool) -> Callable[[Question], Answer]:
    """Counts of the window that is asked for; another window than the account's has other counts."""

    def reply(question: Question) -> Answer:
        more = 0
        if question.query.get("start_date") != (None if first is None else first.isoformat()):
            more += 1000
        if end_matters and "end_date" not in question.query:
            more += LATER_EVENTS
        return Answer({"data": [_with_more(one, more) for one in events]})

    return reply


def _with_more(event: dict[str, Any], more: int) -> dict[str, Any]:
    count = event.get("count")
    return {**event, "count": count + more} if isinstance(count, int) and not isinstance(count, bool) else event


def _events(dice: Dice, *, is_many: bool) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(dice.text() for _ in range(dice.count(0, 4))))
    events = [_event(dice, name) for name in names]
    nameless = "no_event_name" if len(events) > 1 else "no_event_readable"
    if not is_many and events and dice.quirk(nameless, 0.02):
        dice.pick(events)["event_name"] = dice.pick((None, ""))
    if not is_many and events and dice.quirk("event_twice", 0.04):
        again = dict(events[0]) if dice.chance(0.5) else _event(dice, names[0])
        events.insert(dice.count(0, len(events)), again)
    return events


def _event(dice: Dice, name: str) -> dict[str, Any]:
    return row(
        event_name=name,
        count=dice.figure(dice.integer()),
        last_reported_at=_time(dice),
    )


def _time(dice: Dice) -> Any:
    kind = dice.random.random()
    if kind < 0.15:
        return dice.pick(UNREADABLE_TIMES)
    zone = dice.pick(("Z", "Z", "+02:00", "-05:30"))
    fraction = dice.pick(("", ".5", ".123456"))
    return f"2026-1{dice.count(0, 1)}-2{dice.count(0, 9)}T1{dice.count(0, 9)}:00:59{fraction}{zone}"


def _entitlements(dice: Dice, features: list[str]) -> list[dict[str, Any]]:
    return [_entitlement(dice, feature) for feature in dict.fromkeys(features) if dice.chance(0.8)]


def _entitlement(dice: Dice, feature: str) -> dict[str, Any]:
    used, limit = dice.integer(), dice.count(1, 100_000)
    common = {
        "feature_id": dice.pick((None, MISSING, "")) if dice.quirk("no_feature_id", 0.01) else feature,
        "feature_name": "A name",
        "current_usage": dice.figure(used),
        "reset_at": _time(dice),
    }
    if dice.chance(0.2):
        odd = dice.quirk("unlimited_with_limit", 0.2)
        return row(**common, is_unlimited=True, limit=100 if odd else None, remaining=50 if odd else None)
    if dice.quirk("limit_minus_one", 0.05):
        return row(**common, is_unlimited=False, limit=-1, remaining=dice.pick((None, -1)))
    if dice.quirk("limit_zero", 0.08):
        return row(**common, is_unlimited=False, limit=0, remaining=-used)
    return row(
        **common,
        is_unlimited=dice.pick((None, MISSING)) if dice.chance(0.04) else False,
        limit=dice.figure(limit),
        remaining=dice.figure(limit - used),
    )


def _failure(kind: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": "Invented"}}


def _quotas(dice: Dice, *, has_entitlements: bool, is_month: bool) -> list[dict[str, Any]]:
    quotas = []
    for number in range(dice.count(0, 3)):
        is_event = not has_entitlements or dice.chance(0.6)
        label = "event_name" if is_event else "feature"
        quotas.append(
            row(
                name=f"q{number}",
                metric="prolifi_event_count" if is_event else "prolifi_entitlement_used",
                match={label: dice.pick(("[^z]*a[^z]*", "[^\\s]+", "alpha|beta"))} if dice.chance(0.4) else MISSING,
                by=dice.random.sample(["customer_id", label], dice.count(1, 2)) if dice.chance(0.5) else MISSING,
                limit=dice.pick((1000, 0.5, 10**12)),
                unit=dice.pick(("events", MISSING)),
                period=dice.pick(("month", "none", MISSING)) if not is_event or is_month else MISSING,
            )
        )
    return quotas
