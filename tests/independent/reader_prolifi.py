"""What the page must show of a world of Prolifi's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any, Final

from expectation import Member, Page, Quota, configured_quotas
from fields import identifier, moment, number
from world import World

EVENTS: Final = "prolifi_event_count"
USED: Final = "prolifi_entitlement_used"
FAMILIES: Final = frozenset(
    {
        *(EVENTS, "prolifi_event_last_reported_timestamp_seconds", "prolifi_window_start_timestamp_seconds"),
        *(USED, "prolifi_entitlement_limit", "prolifi_entitlement_remaining", "prolifi_entitlement_unlimited"),
        "prolifi_entitlement_reset_timestamp_seconds",
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """A customer's row of one event; without a name it can be anything's."""

    customer: str
    name: str | None
    count: Decimal | None
    last_reported: Decimal | None


def read_prolifi(world: World) -> list[Page]:
    """Every page that is right: an event's two rows disagree, so either is."""
    events: list[Event] = []
    entitlements: list[tuple[str, dict[str, Any]]] = []
    is_refused = False
    for customer in _customers(world):
        answer = world.get(f"/customers/{customer}/usage", **_window(world))
        if answer.status == 200:
            events += [_event(customer, one) for one in answer.body["data"]]
        if world.settings.get("entitlements"):
            answer = world.get(f"/customers/{customer}/entitlements")
            is_refused |= answer.status == 403
            if answer.status == 200:
                entitlements += [(customer, one) for one in answer.body["data"]]
    pages = [_page(world, choice, entitlements) for choice in _choices(events)]
    for page in pages:
        if is_refused:  # whether one refused belongs to the sum is not said
            silent = {one["name"] for one in world.settings["quotas"] if one["metric"] == USED}
            page.silent_quotas |= silent
            page.open_quotas = {name: one for name, one in page.open_quotas.items() if name not in silent}
    if _is_unreadable(events, entitlements) or _are_all_gone(world):
        pages.append(Page(up=False))
        for page in pages:
            page.up = None
    return pages


def _is_unreadable(events: list[Event], entitlements: list[tuple[str, dict[str, Any]]]) -> bool:
    """Whether there are rows and no figure of them can be read, which may be a failure of the poll."""
    figures = [event.count for event in events if event.name]
    figures += [number(one.get("current_usage")) for _, one in entitlements if identifier(one.get("feature_id"))]
    return bool(events or entitlements) and not any(figure is not None for figure in figures)


def _are_all_gone(world: World) -> bool:
    customers = _customers(world)
    return bool(customers) and not any(f"GET /customers/{one}/usage" in world.replies for one in customers)


def _customers(world: World) -> list[str]:
    if not world.settings.get("discover"):
        return list(world.settings["customers"])
    listed: list[dict[str, Any]] = []
    while True:
        body = world.get("/customers", limit="100", offset=str(len(listed))).body
        listed += body["data"]
        if not body["pagination"]["has_more"]:
            break
    excluded = world.settings.get("exclude", ())
    wanted = [
        one["id"]
        for one in listed
        if not any(
            re.fullmatch(pattern, name, re.DOTALL)
            for pattern in excluded
            for name in (one["id"], one.get("external_id") or "")
        )
    ]
    return list(dict.fromkeys(wanted))


def _window(world: World) -> dict[str, str]:
    window = world.settings.get("window", "all")
    if window == "all":
        return {}
    first = world.today.replace(day=1) if window == "month" else world.today - timedelta(window - 1)
    return {"start_date": first.isoformat(), "end_date": world.today.isoformat()}


def _event(customer: str, one: dict[str, Any]) -> Event:
    return Event(
        customer, identifier(one.get("event_name")), number(one.get("count")), moment(one.get("last_reported_at"))
    )


def _choices(events: list[Event]) -> Iterator[list[Event]]:
    """The events with one row of each."""
    by_name: dict[Any, list[Event]] = {}
    for place, event in enumerate(events):
        same = by_name.setdefault((event.customer, event.name or place), [])
        if event not in same:
            same.append(event)
    return map(list, product(*by_name.values()))


def _page(world: World, events: list[Event], entitlements: list[tuple[str, dict[str, Any]]]) -> Page:
    page = Page()
    window = _window(world)
    if window:
        page.show("prolifi_window_start_timestamp_seconds", {}, moment(window["start_date"]))
    for event in events:
        if event.name is not None:
            labels = {"customer_id": event.customer, "event_name": event.name}
            page.show_if_known(EVENTS, labels, event.count)
            page.show_if_known("prolifi_event_last_reported_timestamp_seconds", labels, event.last_reported)
    members = [
        Member(EVENTS, _labels(customer_id=event.customer, event_name=event.name), event.count, event.name is None)
        for event in events
    ]
    for customer, one in entitlements:
        feature = identifier(one.get("feature_id"))
        used = number(one.get("current_usage"))
        if feature is not None and not _is_metered(one):
            _show_entitlement(page, {"customer_id": customer, "feature": feature}, one)
            continue
        members.append(Member(USED, _labels(customer_id=customer, feature=feature), used, feature is None))
        if feature is not None:
            _show_entitlement(page, {"customer_id": customer, "feature": feature}, one)
    page.show_quotas("prolifi", _native(entitlements))
    page.show_quotas("prolifi", configured_quotas(world, members))
    return page


def _labels(**labels: str | None) -> dict[str, str]:
    return {name: value for name, value in labels.items() if value is not None}


def _is_metered(one: dict[str, Any]) -> bool:
    """Whether there is something to use up: of a feature that is only on or off the vendor says nothing of the kind."""
    said = (one.get(name) for name in ("current_usage", "limit", "remaining", "reset_at"))
    return one.get("is_unlimited") is True or any(value is not None for value in said)


def _limit(one: dict[str, Any]) -> Decimal | None:
    """What is allowed; a limit of 0 is one, and -1 is none."""
    limit = number(one.get("limit"))
    return None if one.get("is_unlimited") is True or limit == -1 else limit


def _show_entitlement(page: Page, labels: dict[str, str], one: dict[str, Any]) -> None:
    limit, unlimited = number(one.get("limit")), one.get("is_unlimited")
    remaining = None if unlimited is True or limit == -1 else number(one.get("remaining"))
    page.show_if_known(USED, labels, number(one.get("current_usage")))
    page.show_if_known("prolifi_entitlement_limit", labels, _limit(one))
    page.show_if_known("prolifi_entitlement_remaining", labels, remaining)
    if limit == -1 and unlimited is not True:  # whether -1 makes it unlimited by name is open
        page.show("prolifi_entitlement_unlimited", labels, Decimal(), Decimal(1))
    elif isinstance(unlimited, bool):
        page.show("prolifi_entitlement_unlimited", labels, Decimal(unlimited))
    page.show_if_known("prolifi_entitlement_reset_timestamp_seconds", labels, moment(one.get("reset_at")))


def _native(entitlements: list[tuple[str, dict[str, Any]]]) -> Iterator[Quota]:
    for customer, one in entitlements:
        feature = identifier(one.get("feature_id"))
        if feature is not None:
            used, end = number(one.get("current_usage")), moment(one.get("reset_at"))
            yield Quota(feature, customer, "", used, (_limit(one),), end=(end,))
