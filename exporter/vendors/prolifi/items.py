"""Customers' events and entitlements as metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from exporter.metrics import Item
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi import families
from exporter.vendors.prolifi.replies import Entitlement, Entitlements, Usage, UsageSummary
from exporter.vendors.reply import is_partial

_UNLIMITED: Final = -1
"""The value of a limit, or of a remaining amount, that means unlimited."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

_RowT = TypeVar("_RowT", UsageSummary, Entitlement)


def event_items(customer_id: str, usage: Usage, poll: Poll) -> Iterator[Item]:
    """Yield the series of a customer's events."""
    for event in _once(usage.data, lambda one: one.event_name, _event_precedence, poll):
        labels = {"customer_id": customer_id, "event_name": event.event_name}
        yield from families.PROLIFI_EVENT_COUNT.expected(event.count, **labels)
        yield from families.PROLIFI_EVENT_LAST_REPORTED.known(event.last_reported_at, **labels)
    if is_partial(usage.data):
        yield families.PROLIFI_EVENT_COUNT.unreadable(customer_id=customer_id)


def company_items(companies: Mapping[str, str], customers: Iterable[str]) -> Iterator[Item]:
    """Yield the names of the customers that are companies."""
    for customer in customers:
        if customer in companies:
            yield families.PROLIFI_CUSTOMER_INFO(1, customer_id=customer, name=companies[customer])


def entitlement_items(
    customer_id: str, entitlements: Entitlements, poll: Poll, *, names: bool = False
) -> Iterator[Item]:
    """Yield the series of a customer's entitlements. An unlimited entitlement has no limit series."""
    for one in _once(entitlements.data, lambda each: each.feature, _entitlement_precedence, poll):
        labels = {"customer_id": customer_id, "feature": one.feature}
        if names and one.name:
            yield families.PROLIFI_ENTITLEMENT_INFO(1, **labels, name=one.name)
        if one.is_metered:
            yield from families.PROLIFI_ENTITLEMENT_USED.expected(one.current_usage, **labels)
        yield from families.PROLIFI_ENTITLEMENT_UNLIMITED.known(one.is_unlimited, **labels)
        yield from families.PROLIFI_ENTITLEMENT_RESET.known(one.reset_at, **labels)
        if not one.is_unlimited and one.limit != _UNLIMITED:
            yield from families.PROLIFI_ENTITLEMENT_LIMIT.known(one.limit, **labels)
            if one.remaining != _UNLIMITED or one.limit is not None:  # with a limit, -1 is an overdraft of one
                yield from families.PROLIFI_ENTITLEMENT_REMAINING.known(one.remaining, **labels)
    if is_partial(entitlements.data):
        yield families.PROLIFI_ENTITLEMENT_USED.unreadable(customer_id=customer_id)


def _once(
    rows: Iterable[_RowT], name_of: Callable[[_RowT], str], precedence: Callable[[_RowT], Any], poll: Poll
) -> Iterable[_RowT]:
    """Return one row per name. If several rows have the same name, the row with the highest precedence is kept."""
    found: dict[str, _RowT] = {}
    for row in rows:
        name = name_of(row)
        if name in found:
            poll.skip("duplicate")
        found[name] = max(found[name], row, key=precedence) if name in found else row
    return found.values()


def _event_precedence(event: UsageSummary) -> tuple[datetime, float]:
    """Return the sort key for rows of the same event. The row with the largest key is kept.

    The newest row has the largest key. If rows have the same time, the row with the highest count has the largest key,
    since counts only grow.
    """
    return event.last_reported_at or _NEVER, _known(event.count)


def _entitlement_precedence(one: Entitlement) -> tuple[bool, bool, float, float]:
    """Return the sort key for rows of the same feature. The row with the largest key is kept.

    Rows with known usage have the largest keys. Among rows with known usage, the most generous row has the largest key,
    since the vendor also applies the most generous entitlement.
    """
    is_unlimited = one.is_unlimited is True or one.limit == _UNLIMITED
    return one.current_usage is not None, is_unlimited, _known(one.limit), _known(one.current_usage)


def _known(value: float | None) -> float:
    return -math.inf if value is None else value
