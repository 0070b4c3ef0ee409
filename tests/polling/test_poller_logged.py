"""What the log says of one account's polls: each change once, and now and then what lasts."""

from collections.abc import Iterable
from datetime import datetime

import pytest
from captured_logs import captured_logs
from scripted_accounts import EARLY, Scripted, Step, run_for, scripted
from structlog.testing import capture_logs
from virtual_time import START

from exporter.errors import Forbidden, ServerFailed
from exporter.metrics import Sample
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.poll import Poll


class Leaving(Scripted):
    """A vendor of whose items as many are gone as its script says."""

    async def read(self, poll: Poll) -> Iterable[Sample]:
        gone = self.script[min(len(self.polled_at), len(self.script) - 1)]
        assert isinstance(gone, int)
        poll.skip("gone", gone)
        poll.diagnostics.left_out |= {f"GET /{number}: HTTP 404" for number in range(gone)}
        return await super().read(poll)


def test_a_reading_that_is_withdrawn_is_said_once_and_so_is_its_return() -> None:
    with captured_logs() as logs:
        run_for(9000, scripted(7, *[ServerFailed("HTTP 500")] * 12, 8, stale_after=2000.0))

    said = [log["event"] for log in logs]
    assert said.count("last good reading is stale; withdrawn") == 1
    assert said[-1] == "poll recovered"


@pytest.mark.parametrize(
    ("script", "seconds", "reasons"),
    [
        ([1, 1, 1], 900, []),
        ([ServerFailed("")], 300, ["server"]),
        ([ServerFailed(""), Forbidden("")], 600, ["server", "forbidden"]),
        ([ServerFailed(""), 1, ServerFailed("")], 350, ["server", "server"]),
        ([ServerFailed("")], 6000, ["server", "server"]),
    ],
)
def test_a_failure_is_said_when_it_begins_or_changes_and_now_and_then(
    script: list[Step], seconds: float, reasons: list[str]
) -> None:
    with captured_logs() as logs:
        run_for(seconds, scripted(*script))

    assert [log["reason"] for log in logs if log["log_level"] == "warning"] == reasons


def test_items_that_are_left_out_are_named_when_their_number_changes() -> None:
    account = scripted(0, 2, 2, 1, 0, 0)
    leaving = Leaving.model_construct(**{**dict(account), "polled_at": []})
    with captured_logs() as logs:
        run_for(2000, leaving)

    told = [(log["log_level"], log["items"], log["such_as"]) for log in logs if "left out" in log["event"]]
    assert told == [
        ("warning", 2, "GET /0: HTTP 404, GET /1: HTTP 404"),
        ("warning", 1, "GET /0: HTTP 404"),
        ("info", 0, ""),
    ]


class Many(Scripted):
    """A vendor that reports as many series as its script says."""

    async def read(self, poll: Poll) -> Iterable[Sample]:
        await super().read(poll)
        number = self.script[min(len(self.polled_at), len(self.script)) - 1]
        assert isinstance(number, int)
        return [NETNUT_GB_USED(1, plan_id=str(plan), product_type="") for plan in range(number)]


def test_series_beyond_the_most_that_are_allowed_are_said_once_and_so_is_their_end() -> None:
    account = scripted(10, 12, 13, 12, 10, 10)
    with captured_logs() as logs:
        run_for(2000, Many.model_construct(**{**dict(account), "polled_at": []}))

    assert [(log["log_level"], log["event"], log["dropped"]) for log in logs if "dropped" in log] == [
        ("warning", "series dropped: max_series reached", 2),
        ("info", "no series dropped any more", 0),
    ]


class Changing(Scripted):
    """A vendor whose answers depart from its contract, and list more customers than wanted, as its script says."""

    async def read(self, poll: Poll) -> Iterable[Sample]:
        departs = self.script[min(len(self.polled_at), len(self.script) - 1)]
        if departs:
            poll.diagnostics.drift["data.plan_gb", "type"] += 1
            poll.skip("capped", 3)
        return await super().read(poll)


def test_what_is_well_again_is_no_warning() -> None:
    account = scripted(0, 1, 1, 0, 0)
    with captured_logs() as logs:
        run_for(2000, Changing.model_construct(**{**dict(account), "polled_at": []}))

    assert [(log["log_level"], log["event"]) for log in logs if log["event"] != "first poll succeeded"] == [
        ("warning", "responses deviate from the vendor's documentation"),
        ("warning", "customers are left out because of max_customers"),
        ("info", "responses match the documentation again"),
        ("info", "no customer is left out any more"),
    ]


def test_a_recovery_is_said_once() -> None:
    with captured_logs() as logs:
        run_for(1000, scripted(1, ServerFailed(""), 1, 1))

    assert [log["failures"] for log in logs if log["log_level"] == "info"] == [0, 1]


def test_a_failure_is_logged_with_what_comes_next_and_its_end_with_how_long_it_took() -> None:
    with captured_logs() as logs:
        run_for(1000, scripted(7, Forbidden("HTTP 403"), 8))

    failed, recovered = (log for log in logs if log["event"] == "poll recovered" or "reason" in log)
    began = datetime.fromisoformat(failed["next_attempt"]).timestamp() - START
    assert failed["event"] == "poll failed; last good reading shown until it is stale"
    assert began == pytest.approx(EARLY + 300, abs=3)
    assert datetime.fromisoformat(failed["shown_until"]).timestamp() == pytest.approx(START + 3600, abs=3)
    assert recovered["failed_for"] == "5m"


def test_what_was_withdrawn_is_not_said_to_be_shown() -> None:
    with captured_logs() as logs:
        run_for(20_000, scripted(7, *[ServerFailed("HTTP 500")] * 60, stale_after=2000.0))

    first, *reminders = (log for log in logs if "reason" in log)
    assert first["event"] == "poll failed; last good reading shown until it is stale"
    assert [log["event"] for log in reminders][-1] == "poll failed; nothing shown"
    assert "shown_until" not in reminders[-1]


def test_each_poll_is_logged_at_level_debug() -> None:
    with capture_logs() as logs:
        run_for(EARLY + 10, scripted(7, ServerFailed("HTTP 500")))

    polled = [log for log in logs if log["event"] == "polled"]
    assert [(log["log_level"], log.get("series"), log.get("reason")) for log in polled] == [
        ("debug", 1, None),
        ("debug", None, "server"),
    ]
