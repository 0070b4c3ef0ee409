"""The status document, from what is known and counted of accounts."""

from dataclasses import replace
from pathlib import Path

import pytest
from configurations import MINIMAL
from readings import kept

from exporter.config import parse
from exporter.errors import ServerFailed, Unauthorized
from exporter.quota import Quota, QuotaId
from exporter.secret import register
from exporter.status.document import AccountStatus, Status
from exporter.status.pace import Paces
from exporter.status.report import report
from exporter.store.reading import Reading
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors.periods import Span
from exporter.vendors.reply import Diagnostics

NOW, MONOTONIC = 1_000_000.0, 500.0


class House:
    """Accounts of one vendor, and what is known of them."""

    def __init__(self, *names: str) -> None:
        settings = MINIMAL["netnut"]
        text = ", ".join(f"{{{settings.replace('name: a', f'name: {name}')}}}" for name in names)
        accounts = parse(f"accounts: [{text}]".encode(), Path()).accounts
        self.store = Store([account.key for account in accounts])
        self.telemetry = Telemetry(NOW - 100, lambda: NOW)
        for account in accounts:
            self.telemetry.add(account)

    def reads(self, name: str, *shares: float, notes: Diagnostics | None = None, dropped: int = 0) -> None:
        quotas = tuple(
            Quota(QuotaId("traffic", f"{number}", "GB"), share * 100, 100.0, Span(0.0, NOW + 50))
            for number, share in enumerate(shares)
        )
        reading = Reading(diagnostics=notes or Diagnostics(), dropped=dropped)
        part = kept(reading, name, read_at=NOW - 12, stale_at=MONOTONIC + 60)
        part = replace(part, quotas=quotas, series=7)
        self.store.record_success(("netnut", name), part)

    def fails(self, name: str, at: float = NOW - 30) -> None:
        self.store.record_attempt(("netnut", name), at)
        self.store.record_failure(("netnut", name), Unauthorized("HTTP 401", asked="GET https://x/me"))

    def status(self, later: float = 0.0) -> Status:
        return report(self.store, self.telemetry, Paces(), NOW + later, MONOTONIC + later)

    def account(self, name: str, later: float = 0.0) -> AccountStatus:
        (one,) = (one for one in self.status(later).accounts if one.account == name)
        return one


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("TOKEN", "an-invented-secret")
    return House("a", "b", "c", "d", "e")


def test_the_worst_stands_first(house: House) -> None:
    house.reads("a", 0.2)
    house.reads("b", 0.1, 0.9)
    house.reads("c", 0.99)
    house.fails("c")
    house.fails("d")

    assert [one.account for one in house.status().accounts] == ["d", "c", "e", "b", "a"]


def test_an_account_that_works_says_what_it_shows_and_until_when(house: House) -> None:
    house.reads("a", 0.5, 0.75)
    house.store.record_schedule(("netnut", "a"), NOW + 20)
    one = house.account("a")

    assert (one.state, one.read_at, one.shown_until, one.next_poll_at) == ("up", NOW - 12, NOW + 60, NOW + 20)
    assert [(quota.subject, quota.used, quota.limit, quota.share) for quota in one.quotas] == [
        ("1", 75.0, 100.0, 0.75),
        ("0", 50.0, 100.0, 0.5),
    ]


def test_one_that_fails_says_since_when_and_why_until_it_works_again(house: House) -> None:
    house.reads("a", 0.5)
    house.fails("a", NOW - 40)
    house.fails("a", NOW - 10)
    one = house.account("a")

    assert (one.state, one.reason, one.error) == ("failing", "auth", "GET https://x/me: HTTP 401")
    assert (one.failing_since, one.failures, one.shown_until) == (NOW - 40, 2, NOW + 60)
    assert house.account("a", later=61).shown_until is None
    assert house.account("a", later=61).quotas == ()
    house.reads("a", 0.5)
    assert (house.account("a").state, house.account("a").failing_since) == ("up", None)


def test_a_poll_under_way_has_no_next_time(house: House) -> None:
    house.store.record_schedule(("netnut", "a"), NOW - 1)

    assert house.account("a").next_poll_at is None


def test_polls_are_remembered_with_their_requests(house: House) -> None:
    told = house.telemetry.accounts["netnut", "a"]
    told.on_request("200", 0.1)
    told.on_request("429", 0.1)
    notes = Diagnostics()
    notes.drift["$.data", "missing"] = 1
    told.on_poll(2.0, Reading(diagnostics=notes))
    told.on_request("none", 0.1)
    told.on_poll(3.0, ServerFailed("HTTP 500"))
    one = house.account("a")

    assert [(poll.codes, poll.series, poll.drift, poll.reason, poll.began_at) for poll in one.polls] == [
        ({"none": 1}, None, (), "server", NOW - 3),
        ({"200": 1, "429": 1}, 0, ("$.data missing",), None, NOW - 2),
    ]
    assert one.requests_per_day == 288  # the last poll took one request, and there is one every five minutes


def test_what_is_odd_in_a_reading_is_said_in_words(house: House) -> None:
    notes = Diagnostics()
    notes.drift["$.data", "missing"] = 2
    notes.skipped["capped"] = 1480
    notes.left_out.add("GET /x: HTTP 404")
    house.reads("a", notes=notes, dropped=28)

    assert house.account("a").notices == (
        "28 series are left out because of max_series",
        "1,480 items left out: they are beyond what the configuration allows, such as max_customers",
        "GET /x: HTTP 404",
        "answers deviate from the vendor's documentation: $.data missing",
    )


def test_a_refused_configuration_says_why_and_shows_no_secret(house: House) -> None:
    register("an-invented-secret")
    house.telemetry.reload_status.accept(NOW - 9)
    house.telemetry.reload_status.refuse(["accounts[0].nmae: unknown key an-invented-secret"])
    refused = house.status().configuration
    house.telemetry.reload_status.accept(NOW)

    assert (refused.accepted, refused.accepted_at) == (False, NOW - 9)
    assert refused.problems == ("accounts[0].nmae: unknown key <secret>",)
    assert house.status().configuration.problems == ()


def test_the_document_can_be_read_again(house: House) -> None:
    house.reads("a", 0.5)
    house.fails("b")

    assert Status.model_validate_json(house.status().model_dump_json()) == house.status()


def test_one_that_works_but_for_an_item_that_keeps_failing_says_so(house: House) -> None:
    house.reads("a", 0.5)
    key = ("netnut", "a")
    (state,) = house.store[key].slices.values()
    house.store.record_success(key, replace(state, failure=ServerFailed("HTTP 500", asked="GET https://x/1")))
    one = house.account("a")

    assert (one.state, one.reason, one.error) == ("failing", "server", "GET https://x/1: HTTP 500")
    assert (one.failing_since, one.failures, one.shown_until) == (None, 0, NOW + 60)
