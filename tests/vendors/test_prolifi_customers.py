"""Prolifi's list of customers while it changes, and when it has more than are allowed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from polled_accounts import NOW, Tally, account_at, client_of
from quota_samples import Watched
from scripted_vendor import Answer, Request, Scripted, answer, scripted
from structlog.testing import capture_logs

from exporter.polling.transitions import Ahead, log_changes
from exporter.store.snapshot import SliceState, Snapshot
from exporter.vendors import Account
from exporter.vendors.poll import Poll, Slice

pytestmark = pytest.mark.slow

EVENTS = answer({"data": [{"event_name": "call", "count": 1, "last_reported_at": None}]})
IDS = [f"0b0f6f52-6d3c-4f0e-8a11-5c1d9be2a0{number:02}" for number in range(12)]


class Shop:
    """A vendor whose pages have two rows; customers come and go between two questions.

    `course` says who is there when the list is asked about for the n-th time; the last stays.
    """

    def __init__(self, *course: str, total: bool = True, gone: str = "") -> None:
        self.course, self.total, self.gone = course, total, gone
        self.asked: list[int] = []

    @property
    def script(self) -> Mapping[str, Sequence[Scripted]]:
        lists = {f"GET /customers?limit=100&offset={offset}": [self._page] for offset in range(40)}
        usage = {f"GET /customers/{one}/usage": [self._usage(number)] for number, one in enumerate(IDS)}
        return {**lists, **usage}

    def _page(self, request: Request) -> Answer:
        there = self.course[min(len(self.asked), len(self.course) - 1)]
        (offset,) = map(int, parse_qs(urlsplit(request.target).query)["offset"])
        self.asked.append(offset)
        rows = [{"id": IDS[int(one, 16)], "external_id": f"shop-{one}"} for one in there[offset : offset + 2]]
        place: dict[str, object] = {"limit": 2, "has_more": offset + 2 < len(there)}
        return answer({"data": rows, "pagination": place | ({"total": len(there)} if self.total else {})})

    def _usage(self, number: int) -> Callable[[Request], Answer]:
        return lambda _: answer({}, 404) if f"{number:x}" in self.gone else EVENTS


def polled(shop: Shop, monkeypatch: pytest.MonkeyPatch, *hours: float, **settings: Any) -> list[tuple[str, Poll]]:
    """Who has figures after each of the polls, which are so many hours after the first."""
    found: list[tuple[str, Poll]] = []

    async def main(account: Account) -> None:
        cache: dict[str, Any] = {}
        async with client_of(account, Tally()) as client:
            for hour in (0.0, *hours):
                poll = Poll(client, NOW + timedelta(hours=hour), cache)
                labels = [str(getattr(item, "labels", ("",))[0]) for item in await account.read(poll)]
                found.append(("".join(f"{IDS.index(one):x}" for one in dict.fromkeys(labels) if one in IDS), poll))

    with scripted(shop.script) as server:
        common = {"vendor": "prolifi", "name": "main", "base_url": "{base_url}", "api_key": "${VENDOR_SECRET}"}
        anyio.run(main, account_at(server.url, monkeypatch, {**common, "discover": True, **settings}))
    return found


@pytest.mark.parametrize(
    "shop",
    [
        Shop("012"),
        Shop("012", "12"),
        Shop("01234", "1234"),
        Shop("012", "012", "012", "12"),
        Shop("0123", "0123", "0123", "123", total=False),
        Shop("012", "012", "3012"),
        Shop("012", "012", "012", "123"),
        Shop("01", "12"),
        Shop("012", "012", "12", gone="0"),
        Shop("0123456789", *["0123456789"] * 6, "13456789", "3456789", "456789"),
    ],
    ids=[
        *(
            "nobody goes",
            "one goes while the first list is read",
            "of five, too",
            "one goes while a later list is read",
        ),
        *("without totals", "one comes", "one goes and one comes, so that the total stays", "between two lists"),
        *("one who went has no figures", "one after the other"),
    ],
)
def test_who_exists_stays_while_others_come_and_go(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [set(who) for who, _ in polled(shop, monkeypatch, 1, 2, 3, 4)]

    assert set.intersection(*map(set, shop.course)) <= set.intersection(*found)
    assert found[-1] == set(shop.course[-1])


def test_a_list_that_changes_is_read_twice_and_one_that_stays_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for course, asked in ((("0123",), [0, 2]), (("0123", "123"), [0, 2, 0, 2]), (("0123", "123", "12"), [0, 2, 0])):
        shop = Shop(*course)
        polled(shop, monkeypatch)
        assert shop.asked == asked


@pytest.mark.parametrize(
    ("shop", "settings", "left_out", "asked"),
    [
        (Shop("0123456789a"), {"max_customers": 3}, [8, 8, 8], [0, 2] * 3),
        (Shop("0123456789a"), {"max_customers": 11}, [0, 0, 0], [0, 2, 4, 6, 8, 10] * 3),
        (
            Shop("0123456789a", total=False),
            {"max_customers": 3},
            [8, 8, 8],
            [0, 2, 4, 6, 8, 10, 0, 2, 0, 2, 4, 6, 8, 10],
        ),
        (
            Shop("0123456789a"),
            {"max_customers": 2, "exclude": ["shop-[0-4]"]},
            [4, 4, 4],
            [0, 2, 4, 6, 8, 10, 0, 2, 4, 6, 0, 2, 4, 6, 8, 10],
        ),
    ],
    ids=["the vendor says how many", "as many as allowed", "it does not say", "only some are wanted"],
)
def test_of_customers_beyond_the_allowed_number_the_true_number_is_known(
    shop: Shop, settings: dict[str, Any], left_out: list[int], asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = polled(shop, monkeypatch, 1, 25, **settings)

    assert [poll.diagnostics.skipped["capped"] for _, poll in found] == left_out
    assert {len(who) for who, _ in found} == {min(11, settings["max_customers"])}
    assert shop.asked == asked  # the whole list only to count, once a day


def test_more_customers_than_allowed_are_one_warning_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Snapshot(polled=True)]
    for _, poll in polled(Shop("0123456789a"), monkeypatch, 1, max_customers=3):
        known.append(known[-1].with_reading(0, SliceState(diagnostics=poll.diagnostics), None))

    with capture_logs() as logs:
        for before, after in pairwise(known):
            log_changes(("prolifi", "main"), before, after, Ahead(NOW.timestamp()))

    (said,) = [log for log in logs if "max_customers" in log["event"]]
    assert (said["customers"], said["left_out"]) == (11, 8)
    assert known[-1].diagnostics.left_out == {"11 customers match, but max_customers is 3"}


@pytest.mark.parametrize("max_customers", [1000, 3000], ids=["one slice", "slices"])
def test_a_customer_without_a_readable_id_leaves_no_sum_over_all(
    max_customers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"id": IDS[0]}, {"id": None}]
    place = {"total": 2, "limit": 100, "has_more": False}
    script: Mapping[str, Sequence[Scripted]] = {
        "GET /customers?limit=100&offset=0": [answer({"data": rows, "pagination": place})],
        f"GET /customers/{IDS[0]}/usage": [EVENTS],
    }
    quotas = [{"name": "all", "metric": "prolifi_event_count", "limit": 10}]
    common = {"vendor": "prolifi", "name": "main", "base_url": "{base_url}", "api_key": "${VENDOR_SECRET}"}
    with scripted(script) as server:
        settings = {**common, "discover": True, "max_customers": max_customers, "quotas": quotas}
        account = account_at(server.url, monkeypatch, settings)
        watched = read_in_slices(account)

    assert watched.whole.quotas == ()
    assert watched.withheld == {("all", "unreadable"): 1}


def read_in_slices(account: Account) -> Watched:
    """Poll each slice twice."""

    async def main() -> Watched:
        cache: dict[str, Any] = {}
        quotas = Watched(account)
        async with client_of(account, Tally()) as client:
            for number in [*range(account.slice_count)] * 2:
                poll = Poll(client, NOW, cache, slice=Slice(number, account.slice_count))
                items = list(await account.read(poll))
                quotas.read(number, [*items, *poll.unreadable])
        return quotas

    return anyio.run(main)
