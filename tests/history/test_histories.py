"""Whole histories against the sandbox: the figures, the counters, and what an interruption costs."""

import gzip
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from virtual_time import run_virtually
from written_histories import NOW, Samples, config, contents, plan, world, write

from exporter.cli import demo
from exporter.history.folder import Folder
from exporter.history.plan import WrongRequest, midnight
from exporter.sandbox.prolifi.api import _Customer, _Prolifi
from exporter.store.files import Storage
from exporter.vendors.history import DAY

pytestmark = pytest.mark.slow

FIRST, LAST = "2026-10-28", "2026-11-04"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)


class Broken(httpx.AsyncBaseTransport):
    """A vendor that fails at some of its requests, told by their numbers."""

    def __init__(self, inner: httpx.AsyncBaseTransport, failing: Iterator[bool], status: int) -> None:
        self._inner, self._failing, self._status = inner, failing, status

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if next(self._failing):
            return httpx.Response(self._status, headers={"Retry-After": "7"})
        return await self._inner.handle_async_request(request)


def at(day: str) -> int:
    return int(midnight(day).timestamp())


CUSTOMER = _Customer("acme", 1)


def events(name: str, first: str, until: str) -> int:
    """The true number of a customer's events from one midnight to another."""
    told = _Prolifi(world())
    counts = [told._events(CUSTOMER, name, at(day)) for day in (first, until)]  # noqa: SLF001 - nobody else knows it
    return counts[1] - counts[0]


def test_a_day_shows_what_the_day_before_ended_with(tmp_path: Path) -> None:
    ((ended, _),) = write(tmp_path / "out", plan(config("prolifi"), FIRST, LAST, step=3600))

    samples = Samples(tmp_path / "out")
    counts = samples.of("prolifi_event_count", CUSTOMER.id, "api_call")
    as_of = samples.of("usage_exporter_data_timestamp_seconds")

    assert (ended.error, ended.outcome.files) == (None, 8)
    assert counts[at("2026-10-28")] == counts[at("2026-10-29") - 3600] == events("api_call", "2026-10-01", "2026-10-28")
    assert counts[at("2026-11-01")] == events("api_call", "2026-10-01", "2026-11-01")
    assert counts[at("2026-11-02")] == events("api_call", "2026-11-01", "2026-11-02")
    assert counts[at("2026-11-04")] == events("api_call", "2026-11-01", "2026-11-04")
    assert as_of[at("2026-11-03") + 3600] == at("2026-11-03")


def test_a_counter_goes_on_over_the_end_of_a_month(tmp_path: Path) -> None:
    write(tmp_path / "out", plan(config("prolifi"), FIRST, LAST, step=3600))

    counter = Samples(tmp_path / "out").of("usage_quota_consumed_total", CUSTOMER.id)

    assert list(counter.values()) == sorted(counter.values())
    assert counter[at(FIRST)] == 0
    assert counter[at(LAST)] == sum(
        events(name, FIRST, LAST) for name in ("api_call", "document_rendered", "export_run")
    )


def test_an_ionos_month_is_its_days_added_up(tmp_path: Path) -> None:
    ((ended, _),) = write(tmp_path / "out", plan(config("ionos"), FIRST, LAST, step=3600))

    samples = Samples(tmp_path / "out")
    contract = 'contract="31909628"', 'meter_id="R01000"', "6dd5739d"
    quantity = samples.of("ionos_meter_quantity", *contract)
    subject = "ionos/31909628/6dd5739d-4665-5f98-8916-1ad3f4f377c2/1/R01000"
    place = next(one for one in samples.series if "ionos_datacenter_info" in one and "6dd5739d" in one)

    def used(first: str, until: str) -> float:
        size = world().between(0.5, 2.0, f"{subject}/size")
        return world().billed(subject, at(first), at(until)) * 32 * 24 * size

    assert (ended.error, ended.outcome.left_out) == (None, set())
    assert quantity[at("2026-10-28")] == pytest.approx(used("2026-10-01", "2026-10-28"), abs=1e-4)
    assert quantity[at("2026-11-01")] == pytest.approx(used("2026-10-01", "2026-11-01"), abs=1e-4)
    assert quantity[at("2026-11-03")] == pytest.approx(used("2026-11-01", "2026-11-03"), abs=1e-4)
    previous = samples.of("ionos_previous_month_quantity", *contract)
    assert previous[at("2026-11-03")] == pytest.approx(used("2026-10-01", "2026-11-01"), abs=1e-3)
    assert 'location="de/txl"' in place
    assert "ionos_estimated_cost" in samples.families()
    assert samples.of("ionos_period_end_timestamp_seconds", contract[0])[at("2026-11-03")] == at("2026-11-02")


@pytest.mark.parametrize(
    ("vendor", "after"), [("ionos", 9), ("ionos", 80), ("prolifi", 2), ("prolifi", 20), ("netnut", 3)]
)
def test_what_was_interrupted_goes_on_with_the_same_bytes(tmp_path: Path, vendor: str, after: int) -> None:
    wanted = plan(config(vendor), FIRST, LAST, step=3600, gzip=True)
    ((_, whole),) = write(tmp_path / "whole", wanted)

    def broken(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return Broken(inner, itertools.chain([False] * after, itertools.repeat(True)), 401)

    ((cut, before),) = write(tmp_path / "out", wanted, wrap=broken)
    ((gone_on, rest),) = write(tmp_path / "out", wanted)

    assert cut.error is not None
    assert cut.error.reason == "auth"
    assert before + rest <= whole + 4  # those that failed, and a new sign-in
    assert (gone_on.error, contents(tmp_path / "out")) == (None, contents(tmp_path / "whole"))
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".answers")]


def test_a_history_that_is_whole_asks_nothing(tmp_path: Path) -> None:
    wanted = plan(config("ionos"), FIRST, LAST, step=3600)
    write(tmp_path / "out", wanted)

    ((ended, requests),) = write(tmp_path / "out", wanted)

    assert (ended.outcome.files, requests) == (8, 0)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_failures_that_pass_are_waited_for(tmp_path: Path, status: int) -> None:
    wanted = plan(config("ionos"), FIRST, LAST, step=3600)

    def broken(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return Broken(inner, itertools.cycle([False, False, False, True, True, True, True]), status)

    ((ended, _),) = write(tmp_path / "out", wanted, wrap=broken)

    assert (ended.error, ended.outcome.files) == (None, 8)


def test_a_contract_has_no_past_before_its_first_day(tmp_path: Path) -> None:
    write(tmp_path / "out", plan(config("ionos"), "2026-09-10", "2026-09-20", step=3600))

    quantity = Samples(tmp_path / "out").of("ionos_meter_quantity", 'contract="32100457"', 'meter_id="C06000"')

    assert f"{datetime.fromtimestamp(min(quantity), UTC):%Y-%m-%d %H:%M}" == "2026-09-18 00:00"
    assert min(quantity.values()) > 0


class Lost(httpx.AsyncBaseTransport):
    """A vendor that has nothing of some days."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *days: str) -> None:
        self._inner, self._days = inner, days

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(self._days):
            return httpx.Response(404)
        return await self._inner.handle_async_request(request)


def test_after_a_day_that_is_missing_a_month_is_not_shown_and_the_counter_has_it_at_its_end(tmp_path: Path) -> None:
    wanted = plan(config("ionos"), FIRST, LAST, step=3600)
    ((ended, _),) = write(tmp_path / "out", wanted, wrap=lambda inner: Lost(inner, "/2026-10-29"))
    write(tmp_path / "whole", wanted)

    labels = 'contract="32100457"', 'meter_id="C06000"'
    quantity = Samples(tmp_path / "out").of("ionos_meter_quantity", *labels)
    counters = [
        Samples(tmp_path / name).of("usage_quota_consumed_total", 'subject="32100457"') for name in ("out", "whole")
    ]

    assert at("2026-10-29") in quantity
    assert not {at(day) for day in ("2026-10-30", "2026-10-31", "2026-11-01")} & quantity.keys()
    assert at("2026-11-02") in quantity
    assert counters[0][at(LAST)] == pytest.approx(counters[1][at(LAST)], abs=0.01)
    assert "contract 32100457: a day of 2026-10 is missing: nothing is shown to its end" in ended.outcome.left_out


def test_traffic_of_several_plans_together_is_refused_with_the_two_numbers(tmp_path: Path) -> None:
    ((ended, _),) = write(tmp_path / "out", plan(config("netnut"), "2026-10-25", "2026-11-21", step=3600))
    samples = Samples(tmp_path / "out")

    assert any("traffic by date adds up to" in one for one in ended.outcome.left_out)
    assert samples.families() >= {"netnut_plan_gb", "netnut_gb_used", "netnut_plan_end_timestamp_seconds"}
    for series, values in samples.series.items():
        if series.startswith("netnut_gb_used"):  # only what a plan ended with
            assert len(values) == 24


def test_counters_are_handed_over_to_an_exporter_that_has_none(tmp_path: Path) -> None:
    wanted = plan(config("prolifi"), FIRST, LAST, step=3600)
    storage = Storage(tmp_path / "storage")
    (account,) = wanted.accounts

    ((first, _),) = write(tmp_path / "one", wanted, storage=storage)
    totals = storage.read(account).ledger.totals
    ((second, _),) = write(tmp_path / "two", wanted, storage=storage)
    storage.close()

    samples = Samples(tmp_path / "one")
    assert (first.handed_over, second.handed_over) == (True, False)
    assert len(totals) == 3
    for quota, total in totals.items():
        assert total.value == samples.of("usage_quota_consumed_total", quota.subject)[at(LAST)]


def test_counters_may_be_left_out(tmp_path: Path) -> None:
    write(tmp_path / "out", plan(config("prolifi"), FIRST, LAST, step=3600, counters=False))

    assert "usage_quota_used" in Samples(tmp_path / "out").families()
    assert "usage_quota_consumed_total" not in Samples(tmp_path / "out").families()


def test_a_compressed_file_is_the_same_text(tmp_path: Path) -> None:
    for name, packed in (("plain", False), ("packed", True)):
        write(tmp_path / name, plan(config("prolifi"), FIRST, FIRST, step=3600, gzip=packed))

    (plain,), (packed_,) = contents(tmp_path / "plain").values(), contents(tmp_path / "packed").values()
    assert gzip.decompress(packed_) == plain


@pytest.mark.parametrize(
    ("vendors", "days", "settings", "said"),
    [
        (("prolifi",), (FIRST, LAST), {}, "holds another history (accounts)"),
        (("ionos",), (FIRST, FIRST), {}, "holds another history (to)"),
        (("ionos",), (FIRST, LAST), {"labels": {"job": "x"}}, "holds another history (labels)"),
    ],
)
def test_a_folder_of_another_history_is_refused(
    tmp_path: Path, vendors: tuple[str, ...], days: tuple[str, str], settings: dict[str, Any], said: str
) -> None:
    Folder.opened(tmp_path / "out", plan(config("ionos"), FIRST, LAST)).begin()
    before = contents(tmp_path / "out")

    with pytest.raises(WrongRequest) as caught:
        Folder.opened(tmp_path / "out", plan(config(*vendors), *days, **settings))

    assert said in str(caught.value)
    assert contents(tmp_path / "out") == before


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    with pytest.raises(WrongRequest, match="holds other files"):
        Folder.opened(tmp_path, plan(config("ionos"), FIRST, LAST))


def test_the_time_of_asking_is_that_of_the_beginning(tmp_path: Path) -> None:
    wanted = plan(config("ionos"), FIRST, "2026-11-21")
    Folder.opened(tmp_path / "out", wanted).begin()

    later = Folder.opened(tmp_path / "out", plan(config("ionos"), FIRST, "2026-11-21", asked_at=NOW + DAY))

    assert later.plan.end == wanted.end


def test_virtual_time_is_what_it_is_said_to_be() -> None:
    async def now() -> datetime:
        return datetime.fromtimestamp(world().now(), UTC)

    assert run_virtually(now) == NOW
