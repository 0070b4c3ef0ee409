"""NetNut's plans: one row whole, their periods, and how quotas are told apart."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import permutations
from types import FrameType
from typing import Any

import pytest
from polled_accounts import account_at, lines, polled
from polled_quotas import polled_quotas
from quota_samples import shown
from scripted_vendor import Answer, Scripted, answer, scripted

from exporter.store.reading import Reading
from exporter.vendors import Account
from exporter.vendors.netnut import account as netnut_account

MINE, LISTED = "POST /customer/usage/myusage", "POST /customer/usage/"
START, END = datetime(2026, 11, 1, tzinfo=UTC).timestamp(), datetime(2026, 12, 1, 3, tzinfo=UTC).timestamp()
PLAN = {
    "id": 1,
    "product_type": "ISP",
    "start_date": "2026-11-01T00:00:00.000Z",
    "end_date": "2026-12-01T03:00:00.000Z",
    "is_active": True,
    "total_gb_used": 7,
    "total_requests_used": 3,
    "usage_percentage": "14",
    "plan_gb": 50,
}
MemberRow = Mapping[str, object]


def rows(*plans: MemberRow) -> Answer:
    return answer({"success": True, "data": list(plans)})


def script(own: Sequence[MemberRow], **others: Scripted) -> dict[str, list[Scripted]]:
    """Answers: the account's own plans, those of sub-user 70, those that the list for resellers has."""
    paths = {"sub_user": "GET /customer/usage/70", "listed": LISTED}
    login = answer({"success": True, "token": "a-token"})
    return {"POST /auth/login": [login], MINE: [rows(*own)], **{paths[key]: [one] for key, one in others.items()}}


def netnut(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    common = {"vendor": "netnut", "name": "main", "base_url": "{base_url}", "email": "ops@example.com"}
    return account_at(url, monkeypatch, {**common, "password": "${VENDOR_SECRET}", **settings})


@pytest.mark.parametrize(
    ("settings", "others"),
    [
        ({"sub_users": [70]}, {"sub_user": rows(PLAN)}),
        ({"reseller": True}, {"listed": rows({**PLAN, "customer_id": 70})}),
    ],
    ids=["asked by sub-user", "from the list"],
)
def test_a_sub_users_plan_has_its_period_and_state_whichever_call_brings_it(
    settings: dict[str, Any], others: dict[str, Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_plan = {"name": "theirs", "metric": "netnut_sub_user_gb_used", "limit": 100, "period": "plan"}
    with scripted(script([], **others)) as server:
        account = netnut(server.url, monkeypatch, quotas=[by_plan], **settings)
        outcome, quotas = polled(account), polled_quotas(account)

    labels = 'plan_id="1",product_type="ISP",sub_user_id="70"'
    assert {line for line in lines(outcome) if line.startswith("netnut_sub_user_")} == {
        f"netnut_sub_user_{name}{{{labels}}} {value}"
        for name, value in {
            "gb_used": 7.0,
            "plan_gb": 50.0,
            "requests_used": 3.0,
            "reported_usage_ratio": 0.14,
            "plan_active": 1.0,
            "plan_start_timestamp_seconds": START,
            "plan_end_timestamp_seconds": END,
        }.items()
    }
    period = {"period_start": START, "period_end": END, "consumed_total": 0}
    assert shown(quotas) == {
        ("sub_user_traffic", "70/1/ISP", "GB"): {"used": 7, "limit": 50, **period},
        ("theirs", "main", ""): {"used": 7, "limit": 100, **period},
    }


@pytest.mark.parametrize(
    ("end", "active", "expected"),
    [
        ("2026-11-21", True, "2026-11-22"),
        ("2026-11-21", False, "2026-11-22"),
        ("2026-11-21T00:00:00.000Z", True, "2026-11-21"),
        ("2026-12-31", True, "2027-01-01"),
    ],
)
def test_an_end_that_is_a_day_is_the_end_of_that_day(
    end: str, active: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(script([{**PLAN, "end_date": end, "is_active": active}])) as server:
        account = netnut(server.url, monkeypatch)
        (line,) = (line for line in lines(polled(account)) if "plan_end" in line)
        (quota,) = shown(polled_quotas(account)).values()

    at = datetime.fromisoformat(expected).replace(tzinfo=UTC).timestamp()
    assert line.endswith(f" {at}")
    assert quota["period_end"] == at


def test_two_products_under_one_plan_id_are_two_quotas_and_one_alone_has_the_same_subject(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    residential = {**PLAN, "product_type": "Residential", "total_gb_used": 1000, "plan_gb": 1000}
    with scripted(script([residential, PLAN])) as server:
        both = shown(polled_quotas(netnut(server.url, monkeypatch)))
    with scripted(script([PLAN])) as server:
        alone = shown(polled_quotas(netnut(server.url, monkeypatch)))

    assert {subject: (one["used"], one["limit"]) for (_, subject, _), one in both.items()} == {
        "1/Residential": (1000, 1000),
        "1/ISP": (7, 50),
    }
    assert alone.items() <= both.items()


ENDED = {**PLAN, "is_active": False, "end_date": "2026-11-11T00:00:00.000Z", "total_gb_used": 990, "plan_gb": 1000}
UNREADABLE = {**PLAN, "total_gb_used": None, "plan_gb": 353794}


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        ([{**PLAN, "total_gb_used": 3.6, "plan_gb": 5571545}, UNREADABLE], {"gb_used": 3.6, "plan_gb": 5571545}),
        ([ENDED, PLAN], {"gb_used": 7, "plan_gb": 50, "plan_active": 1}),
        ([ENDED, UNREADABLE], {"gb_used": None, "plan_gb": 353794, "plan_active": 1}),
        ([PLAN, {**PLAN, "start_date": "2026-11-02", "plan_gb": None}], {"gb_used": 7, "plan_gb": None}),
        ([PLAN, PLAN, PLAN], {"gb_used": 7, "plan_gb": 50}),
    ],
    ids=["a readable one", "the active one", "active, though unreadable", "the later one", "all the same"],
)
def test_of_several_rows_of_one_plan_one_is_shown_whole_in_whichever_order_they_come(
    several: list[MemberRow], expected: dict[str, float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for order in permutations(several):
        with scripted(script(order)) as server:
            outcome = polled(netnut(server.url, monkeypatch))

        page = dict(line.split("{")[0::1] for line in lines(outcome))
        found = {name: page.get(f"netnut_{name}", "} None").rpartition(" ")[2] for name in expected}
        assert found == {name: str(value if value is None else float(value)) for name, value in expected.items()}
        assert isinstance(outcome, Reading)
        assert outcome.diagnostics.skipped["duplicate"] == len(several) - 1


OTHER_STATUS = {**PLAN, "is_active": False}


@pytest.mark.parametrize(
    ("theirs", "withheld"),
    [
        ([OTHER_STATUS], {}),
        ([{**OTHER_STATUS, "id": None}], {}),
        ([PLAN, {**OTHER_STATUS, "id": ""}], {}),
        ([PLAN, {**PLAN, "id": None}], {("theirs", "unreadable"): 1, ("sub_user_traffic", "unreadable"): 1}),
        ([{**PLAN, "id": None}], {("theirs", "unreadable"): 1, ("sub_user_traffic", "unreadable"): 1}),
        (
            [PLAN, {**PLAN, "id": 2, "total_gb_used": "-"}],
            {("theirs", "unreadable"): 1, ("sub_user_traffic", "unreadable"): 1},
        ),
    ],
    ids=["ended", "ended, nameless", "one of each", "nameless", "only nameless", "no figure"],
)
def test_a_plan_that_was_not_asked_for_hides_nothing(
    theirs: list[MemberRow], withheld: dict[tuple[str, str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = {"name": "theirs", "metric": "netnut_sub_user_gb_used", "limit": 100}
    with scripted(script([PLAN], sub_user=rows(*theirs))) as server:
        quotas = polled_quotas(netnut(server.url, monkeypatch, sub_users=[70], quotas=[quota]))

    assert {key: count for key, count in quotas.withheld.items() if key[1] != "no_series"} == withheld
    assert ("traffic", "1/ISP", "GB") in shown(quotas)


def test_what_a_poll_does_grows_with_its_sub_users_and_not_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(count: int) -> int:
        listed = rows(*({**PLAN, "customer_id": number} for number in range(count)))
        with scripted(script([], listed=listed)) as server:
            account = netnut(server.url, monkeypatch, reseller=True, sub_users=list(range(count)))
            return _lines_run(account)

    assert steps(400) < 2.2 * steps(200)


def _lines_run(account: Account) -> int:
    """How many lines of the vendor's own file a poll runs, a line in a loop once a round."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename != netnut_account.__file__:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        outcome = polled(account)
    finally:
        sys.settrace(before)
    assert isinstance(outcome, Reading)
    assert outcome.series > account.max_series / 10
    return count
