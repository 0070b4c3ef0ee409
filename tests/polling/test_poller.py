"""One account's loop on a clock that jumps: when it asks, and what is shown meanwhile."""

from asyncio import CancelledError
from collections.abc import Iterable
from itertools import pairwise, repeat

import anyio
import pytest
from captured_logs import captured_logs
from scripted_accounts import EARLY, Ignored, Scripted, Step, nobody, run_for, scripted
from virtual_time import START, run_virtually, virtual_now

from exporter.errors import Forbidden, RateLimited, ServerFailed
from exporter.metrics import Sample
from exporter.polling.jitter import jitter
from exporter.polling.poller import LONGEST_FIRST_WAIT_SECONDS, Poller
from exporter.sharding import Shard
from exporter.store.snapshot import Snapshot
from exporter.store.store import Store
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi.families import PROLIFI_WINDOW_START


class Endless(Scripted):
    """A vendor whose reading has no end."""

    async def read(self, poll: Poll) -> Iterable[Sample]:  # noqa: ARG002 - it does not ask
        return repeat(PROLIFI_WINDOW_START(1.0))


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
