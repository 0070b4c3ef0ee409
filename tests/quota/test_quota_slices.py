"""Quotas of an account that is read slice by slice: when they are shown, what is at fault, and how counters go on."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from quota_samples import (
    END,
    NOW,
    Watched,
    entitlement,
    lever,
    meter,
    read_account,
    renewal,
    setting,
    shown,
)

from exporter.metrics import Sample
from exporter.vendors import Account
from exporter.vendors.prolifi.families import PROLIFI_EVENT_COUNT

BETWEEN_PERIODS, NO_SERIES, TOO_LARGE, UNITS, UNREAD = "between_periods", "no_series", "overflow", "units", "unread"

Slices = Sequence[Sequence[Sample]]


@pytest.fixture(scope="module", autouse=True)
def secret() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TOKEN", "an-invented-secret")
        yield


def events(count: float, customer: str = "c1") -> Sample:
    return PROLIFI_EVENT_COUNT(count, customer_id=customer, event_name="e")


def prolifi(**changes: object) -> Account:
    settings = setting(**{"metric": "prolifi_event_count", **changes})
    return read_account("prolifi", f"window: month, entitlements: true, max_customers: 2000, {settings}")


LATE, EARLY = datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 12, 1, 1, tzinfo=UTC)
Step = tuple[int, datetime, float, float | None, float | None]
"""The slice that is read, when, its figure; what is shown as used and as consumed then."""
STEPS: dict[str, tuple[str, list[Step]]] = {
    "a calendar month begins": (
        "month",
        [
            (0, LATE, 600, None, None),
            (1, LATE, 400, 1000, 0),
            (0, EARLY, 5, None, None),
            (0, EARLY, 7, None, None),
            (1, EARLY, 3, 10, 10),
            (0, EARLY, 9, 12, 12),
        ],
    ),
    "a calendar month begins with as much as the last one had, which was asked for by its first day": (
        "month",
        [
            (0, LATE, 600, None, None),
            (1, LATE, 400, 1000, 0),
            (0, EARLY, 601, None, None),
            (1, EARLY, 400, 1001, 1001),
            (0, EARLY, 602, 1002, 1002),
        ],
    ),
    "a period of the operator's own begins": (
        "{every: 2h, from: 2026-01-01}",
        [
            (0, LATE, 600, None, None),
            (1, LATE, 400, 1000, 0),
            (0, EARLY, 5, None, None),
            (1, EARLY, 3, 8, 8),
        ],
    ),
    "the quota has no period, but a month was asked for": (
        "none",
        [
            (0, LATE, 600, None, None),
            (1, LATE, 400, 1000, 0),
            (0, EARLY, 605, 1005, 605),
            (1, EARLY, 403, 1008, 1008),
        ],
    ),
}


@pytest.mark.parametrize(("period", "steps"), STEPS.values(), ids=STEPS)
def test_a_quota_is_shown_when_every_slice_was_read_in_its_period(period: str, steps: list[Step]) -> None:
    account = Watched(prolifi(period=period))
    for number, now, count, used, consumed in steps:
        account.read(number, [events(count, f"c{number}")], now)

        one = shown(account).get(("q", "a", ""), {})
        assert (one.get("used"), one.get("consumed_total")) == (used, consumed)
        fault = UNREAD if len(account.slices) < 2 else BETWEEN_PERIODS
        assert account.whole.withheld == ({} if one else {("q", fault): 1})


def found_in_slices(account: Account, slices: Slices) -> tuple[dict[str, float], dict[str, int], dict[str, str]]:
    """What is used by subject, how many series match, and what is at fault."""
    quotas = Watched(account)
    quotas.read_all(slices)
    used = {subject: one["used"] for (_, subject, _), one in shown(quotas).items()}
    return used, dict(quotas.whole.matched), dict(quotas.whole.withheld.keys())


GB, HOURS = meter(2, unit="GB"), meter(3, unit="h")
ELSEWHERE = meter(5, "C06000", unit="h")
HUGE = meter(1.5e308)
ACROSS: dict[str, tuple[dict[str, object], Slices, dict[str, float], int, str | None]] = {
    "each adds its series": ({}, [[HOURS], [HOURS, ELSEWHERE]], {"a": 11}, 3, None),
    "one has none": ({}, [[HOURS], []], {"a": 3}, 1, None),
    "none has any": ({}, [[], []], {}, 0, NO_SERIES),
    "none has any that matches": ({"match": "{meter_id: S.*}"}, [[HOURS], [ELSEWHERE]], {}, 0, NO_SERIES),
    "one has another unit than the other": ({}, [[HOURS], [GB]], {}, 0, UNITS),
    "of one subject they have different units": (
        {"by": "[meter_id]"},
        [[HOURS], [GB, ELSEWHERE]],
        {"C06000": 5},
        1,
        UNITS,
    ),
    "their sum is more than a number holds": ({}, [[HUGE], [HUGE]], {}, 2, TOO_LARGE),
    "the sum of one is": ({}, [[HUGE, meter(1e308, "X")], [HUGE]], {}, 3, TOO_LARGE),
}


@pytest.mark.parametrize(("changes", "slices", "used", "matched", "fault"), ACROSS.values(), ids=ACROSS)
def test_what_slices_have_of_a_quota_that_adds_up(
    changes: dict[str, object], slices: Slices, used: dict[str, float], matched: int, fault: str | None
) -> None:
    account = read_account("ionos", setting(**changes))

    assert found_in_slices(account, slices) == (used, {"q": matched}, {"q": fault} if fault else {})


ONE, TWO, OTHER = events(1), events(2, "c2"), events(3, "d")
FULL = [events(1.5e308, "c2"), PROLIFI_EVENT_COUNT(1.5e308, customer_id="c2", event_name="f")]
DIVIDED: dict[str, tuple[Slices, dict[str, float], int, str | None]] = {
    "each has customers": ([[ONE], [TWO]], {"c1": 1, "c2": 2}, 2, None),
    "one has none": ([[ONE], []], {"c1": 1}, 1, None),
    "one has none that matches": ([[OTHER], [ONE]], {"c1": 1}, 1, None),
    "none has any that matches": ([[OTHER], []], {}, 0, NO_SERIES),
    "one customer's sum is more than a number holds": ([[ONE, OTHER], FULL, []], {"c1": 1}, 3, TOO_LARGE),
}


@pytest.mark.parametrize(("slices", "used", "matched", "fault"), DIVIDED.values(), ids=DIVIDED)
def test_what_slices_have_of_a_quota_on_each_customer(
    slices: Slices, used: dict[str, float], matched: int, fault: str | None
) -> None:
    account = prolifi(by="[customer_id]", match="{customer_id: c.*}")

    assert found_in_slices(account, slices) == (used, {"q": matched}, {"q": fault} if fault else {})


def test_a_quota_that_adds_up_is_not_shown_before_every_slice_was_read() -> None:
    account = Watched(prolifi())

    account.read(0, [ONE])
    first = (shown(account), account.whole.matched, account.whole.withheld)
    account.read(1, [TWO])

    assert first == ({}, {}, {("q", UNREAD): 1})
    assert [one["used"] for one in shown(account).values()] == [3]
    assert (account.whole.matched, account.whole.withheld) == ({"q": 2}, {})


@pytest.mark.parametrize("samples", [[ONE], []])
def test_a_quota_on_each_customer_is_shown_with_the_customers_slice(samples: list[Sample]) -> None:
    account = Watched(prolifi(by="[customer_id]"))

    account.read(0, samples)

    assert len(shown(account)) == len(samples)
    assert (account.whole.matched, account.whole.withheld) == ({}, {})


@pytest.mark.parametrize(("pattern", "matched", "fault"), [("c1", 2, BETWEEN_PERIODS), ("x", 0, NO_SERIES)])
def test_series_are_counted_while_slices_were_read_in_different_periods(pattern: str, matched: int, fault: str) -> None:
    account = Watched(prolifi(period="month", match=f"{{customer_id: {pattern}}}"))
    for number, now in ((0, LATE), (1, LATE), (0, EARLY)):
        account.read(number, [ONE], now)

    assert (account.whole.matched, account.whole.withheld) == ({"q": matched}, {("q", fault): 1})


def test_a_quota_that_is_made_of_something_else_now_waits_until_every_slice_was_read_for_it() -> None:
    account, changed = Watched(prolifi()), prolifi(match="{customer_id: c.*}")
    account.read(0, [events(600, "c0")])
    account.read(1, [events(400), events(9, "d")])

    account.account = changed
    account.read(0, [events(610, "c0")])
    between = (shown(account), account.whole.withheld)
    account.read(1, [events(405), events(9, "d")])
    anew = shown(account)["q", "a", ""]
    account.read(1, [events(407), events(9, "d")])

    assert between == ({}, {("q", UNREAD): 1})
    assert (anew["used"], anew["consumed_total"]) == (1015, 0)
    assert shown(account)["q", "a", ""]["consumed_total"] == 2


def test_the_counters_go_on_slice_by_slice() -> None:
    account = Watched(prolifi(metric="prolifi_entitlement_used"))
    for number, used in ((0, 10), (1, 20), (0, 15), (1, 22), (0, 14), (0, 16)):
        account.read(number, entitlement(used, 100, None, f"c{number}"))

    totals = {key[:2]: one["consumed_total"] for key, one in shown(account).items()}
    assert totals == {("seats", "c0"): 7, ("seats", "c1"): 2, ("q", "a"): 9}


@pytest.mark.parametrize(("ends", "end"), [((END, END), END.timestamp()), ((END, NOW), None)])
def test_the_vendors_plan_is_the_period_where_it_is_that_of_all_slices(
    ends: tuple[datetime, datetime], end: float | None
) -> None:
    text = "subscriptions: true, " + setting(metric="planship_lever_usage", period="plan")
    customers = [(f"c{number}", end) for number, end in enumerate(ends)]
    slices = [[*lever(1, None, customer=customer), renewal(customer, end)] for customer, end in customers]

    watched = Watched(read_account("planship", text))
    watched.read_all(slices)
    (quota,) = shown(watched).values()

    assert quota.get("period_end") == end
