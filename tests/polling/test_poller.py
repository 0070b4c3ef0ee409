"""One account's loop on a clock that jumps: when it asks, and what is shown meanwhile."""

from asyncio import CancelledError
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise, repeat
from typing import Any

import anyio
import pytest
from captured_logs import captured_logs
from structlog.testing import capture_logs
from virtual_time import START, run_virtually, virtual_now

from exporter.client.auth import ApiKey, Auth
from exporter.errors import Forbidden, PollError, RateLimited, ServerFailed
from exporter.metrics import Sample
from exporter.polling.jitter import jitter
from exporter.polling.poller import LONGEST_FIRST_WAIT_SECONDS, Poller
from exporter.secret import EnvironmentSecret
from exporter.sharding import Shard
from exporter.store.reading import Reading
from exporter.store.snapshot import Snapshot
from exporter.store.store import Store
from exporter.vendors.account import Account
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi.families import PROLIFI_WINDOW_START

Step = float | BaseException
"""A poll's figure, or how it fails."""


class Scripted(Account):
    """A vendor whose polls go by a script; the last step repeats."""

    sign_ins = ()
    reported = (PROLIFI_WINDOW_START, NETNUT_GB_USED)
    base_url: str = "http://127.0.0.1:1"
    script: tuple[object, ...] = ()
    seconds: float = 0.0
    polled_at: list[float]

    @property
    def auth(self) -> Auth:
        return ApiKey(EnvironmentSecret("HOME"))

    async def read(self, poll: Poll) -> Iterable[Sample]:  # noqa: ARG002 - the script does not ask
        step = self.script[min(len(self.polled_at), len(self.script) - 1)]
        self.polled_at.append(anyio.current_time())
        await anyio.sleep(self.seconds)
        if isinstance(step, BaseException):
            raise step
        assert isinstance(step, float | int)
        return [PROLIFI_WINDOW_START(step)]


class Leaving(Scripted):
    """A vendor of whose items as many are gone as its script says."""

    async def read(self, poll: Poll) -> Iterable[Sample]:
        gone = self.script[min(len(self.polled_at), len(self.script) - 1)]
        assert isinstance(gone, int)
        poll.skip("gone", gone)
        poll.diagnostics.left_out |= {f"GET /{number}: HTTP 404" for number in range(gone)}
        return await super().read(poll)


class Endless(Scripted):
    """A vendor whose reading has no end."""

    async def read(self, poll: Poll) -> Iterable[Sample]:  # noqa: ARG002 - it does not ask
        return repeat(PROLIFI_WINDOW_START(1.0))


class Ignored:
    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:
        """Nobody is told."""


def scripted(
    *script: Step, interval: float = 300.0, seconds: float = 0.0, stale_after: float | None = None
) -> Scripted:
    return Scripted.model_construct(
        vendor="scripted",
        name="main",
        interval=interval,
        stale_after=stale_after,
        max_series=10,
        script=script,
        seconds=seconds,
        polled_at=[],
    )


async def nobody(path: str, **_: object) -> Any:
    raise AssertionError(path)


def run_for(seconds: float, account: Scripted) -> tuple[list[int], Store]:
    """Return when the account was polled, from its first poll on, and the store after that time."""
    store = Store([account.key])

    async def main() -> None:
        poller = Poller(account, nobody, store, Ignored(), virtual_now)
        with anyio.move_on_after(seconds + LONGEST_FIRST_WAIT_SECONDS):
            await poller.run()

    run_virtually(main)
    return [round(at - account.polled_at[0]) for at in account.polled_at], store


EARLY = 300 * jitter(("scripted", "main"))
"""The first wait is shorter, by a part that is the account's own."""


@pytest.mark.parametrize(
    ("script", "seconds", "waits"),
    [
        ([1], 0, [EARLY, 300, 300]),
        ([1], 100, [200 * jitter(("scripted", "main")) + 100, 300, 300]),
        ([1], 400, [400, 400]),
        ([1, ServerFailed("")], 0, [EARLY, 15, 30, 60, 120, 240, 300]),
        ([ServerFailed(""), 1], 0, [15, EARLY, 300]),
        ([1, Forbidden("")], 0, [EARLY, 300, 600, 1200]),
        ([1, RateLimited("", retry_after=900.0), 1], 0, [EARLY, 900, 300]),
        ([ZeroDivisionError("a bug"), 1], 0, [15, EARLY, 300]),
    ],
)
def test_polls_are_this_far_apart(script: list[Step], seconds: float, waits: list[float]) -> None:
    times, _ = run_for(sum(waits), scripted(*script, seconds=seconds))

    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx(waits, abs=1)


def test_accounts_do_not_poll_in_step() -> None:
    phases = sorted(jitter(("netnut", f"account-{number}")) for number in range(1000))

    assert all(0 <= one < 1 for one in phases)
    assert max(later - one for one, later in pairwise(phases)) < 0.02


def test_shards_do_not_poll_an_account_in_step() -> None:
    def first_poll(shard: Shard) -> float:
        part = scripted(1).for_shard(shard)
        run_for(0, part)
        return part.polled_at[0]

    times = sorted(first_poll(Shard(number, 100)) for number in range(100))

    gaps = [later - one for one, later in pairwise([0.0, *times, LONGEST_FIRST_WAIT_SECONDS])]
    assert min(gaps) >= 0
    assert max(gaps) < 0.1 * LONGEST_FIRST_WAIT_SECONDS


def test_a_failure_keeps_the_last_good_reading_and_says_so() -> None:
    _, store = run_for(330, scripted(7, ServerFailed("HTTP 500")))
    ((_, snapshot),) = store

    assert [lines.text for part in snapshot.slices.values() for lines in part.rendered.values()] == [
        b'prolifi_window_start_timestamp_seconds{account="main"} 7.0\n'
    ]
    assert (snapshot.up, snapshot.error and snapshot.error.reason) == (False, "server")


def test_last_success_moves_only_with_a_good_reading() -> None:
    _, store = run_for(1000, scripted(7, ServerFailed("HTTP 500")))
    ((_, snapshot),) = store

    assert snapshot.read_at == pytest.approx(START, abs=LONGEST_FIRST_WAIT_SECONDS)
    assert snapshot.attempted_at == pytest.approx(START + 800, abs=200)


def test_the_next_attempt_is_announced() -> None:
    times, store = run_for(1000, scripted(7, RateLimited("", retry_after=1800.0)))
    ((_, snapshot),) = store

    assert snapshot.next_attempt_at == pytest.approx(START + times[-1] + 1800, abs=LONGEST_FIRST_WAIT_SECONDS)


def test_a_reading_goes_stale_while_polls_fail() -> None:
    _, store = run_for(5000, scripted(7, ServerFailed("HTTP 500"), stale_after=2000.0))
    ((_, snapshot),) = store

    assert not snapshot.is_stale(2000.0 - 1)
    assert snapshot.is_stale(2000.0 + LONGEST_FIRST_WAIT_SECONDS)


def test_figures_are_as_old_as_the_beginning_of_their_poll() -> None:
    _, store = run_for(700, scripted(7, seconds=600, stale_after=1000.0))
    ((_, snapshot),) = store

    assert snapshot.is_visible(1000.0 - 1)
    assert not snapshot.is_visible(1000.0 + LONGEST_FIRST_WAIT_SECONDS)


def test_a_reading_that_is_withdrawn_is_said_once_and_so_is_its_return() -> None:
    with captured_logs() as logs:
        run_for(9000, scripted(7, *[ServerFailed("HTTP 500")] * 12, 8, stale_after=2000.0))

    said = [log["event"] for log in logs]
    assert said.count("last good reading is stale; withdrawn") == 1
    assert said[-1] == "poll recovered"


def test_a_poll_that_hangs_ends_when_its_reading_would_be_stale() -> None:
    _, store = run_for(1500, scripted(7, seconds=1e9, stale_after=1000.0))
    ((_, snapshot),) = store

    assert snapshot.error is not None
    assert snapshot.error.reason == "timeout"


@pytest.mark.parametrize("bug", [ZeroDivisionError("a bug"), SystemExit(3), CancelledError()], ids=repr)
def test_a_bug_in_a_vendor_is_counted_logged_and_survived(bug: BaseException) -> None:
    with captured_logs() as logs:
        times, store = run_for(330, scripted(bug, 7))
    ((_, snapshot),) = store

    assert snapshot.up
    assert len(times) > 1
    (line,) = [log for log in logs if log.get("exc_info")]
    assert line["event"] == "bug in the exporter, please report it"


@pytest.mark.parametrize(
    ("account", "reason"),
    [(scripted(CancelledError(), 7), "internal"), (Endless.model_construct(**dict(scripted())), "too_large")],
)
def test_a_vendor_that_cancels_itself_or_never_ends_only_fails(account: Scripted, reason: str) -> None:
    store = Store([account.key])

    async def main() -> Snapshot:
        return await Poller(account, nobody, store, Ignored()).poll()

    snapshot = anyio.run(main)

    assert snapshot.error is not None
    assert snapshot.error.reason == reason


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


def test_a_good_poll_after_none_was_tried_is_a_snapshot_that_is_up() -> None:
    _, store = run_for(1, scripted(7))
    ((_, snapshot),) = store

    assert isinstance(snapshot, Snapshot)
    assert snapshot.up


class Drifting(Scripted):
    """A vendor whose answers have no figure, and depart from its contract."""

    unwanted: int

    async def read(self, poll: Poll) -> Iterable[Sample]:
        await super().read(poll)
        poll.diagnostics.drift["data.plan_gb", "type"] += 1
        poll.unwanted += self.unwanted
        return []


@pytest.mark.parametrize(("unwanted", "reason"), [(0, "schema"), (1, None)])
def test_answers_without_any_figure_are_a_failure_unless_what_they_have_was_not_asked_for(
    unwanted: int, reason: str | None
) -> None:
    account = scripted(0)
    drifting = Drifting.model_construct(**{**dict(account), "polled_at": [], "unwanted": unwanted})
    _, store = run_for(10, drifting)

    error = store[account.key].error
    assert (error and error.reason) == reason


def asked_at(asks: list[float], account: Scripted, seconds: float) -> list[int]:
    """When the account is polled, from its first poll on, while somebody asks for a poll at these times after it."""

    async def main() -> None:
        poller = Poller(account, nobody, Store([account.key]), Ignored(), virtual_now)

        async def ask() -> None:
            first = jitter(account.key) * LONGEST_FIRST_WAIT_SECONDS
            for at in asks:
                await anyio.sleep(first + at - anyio.current_time())
                poller.poll_now()

        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                await poller.run()

    run_virtually(main)
    return [round(at - account.polled_at[0]) for at in account.polled_at]


@pytest.mark.parametrize(
    ("script", "asks", "polls"),
    [
        ([Forbidden("")], [], [0, 300]),
        ([Forbidden(""), 1], [40], [0, 40]),  # it works again: the next poll is an interval later
        ([Forbidden("")], [40, 60], [0, 40, 60]),
        ([Forbidden("")], [40, 41, 42, 43], [0, 40, 45]),  # not more often than every few seconds
        ([Forbidden("")], [1], [0, 5, 605]),
        ([1], [20], [0, 20]),  # also of one that works
    ],
)
def test_a_poll_that_is_asked_for_comes_at_once(script: list[Step], asks: list[float], polls: list[int]) -> None:
    times = asked_at(asks, scripted(*script), 320)

    assert times[: len(polls)] == polls[: len(times)]
    assert len(times) >= len([at for at in polls if at < 300])


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
