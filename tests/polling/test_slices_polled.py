"""An account that is polled in slices, on a clock that jumps: a poller, the store and the storage together."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from virtual_time import run_virtually, virtual_now

from exporter.client.auth import ApiKey, Auth
from exporter.errors import PollError, ServerFailed
from exporter.metrics import Sample, figures_of
from exporter.polling.pipeline import restore
from exporter.polling.poller import Poller
from exporter.secret import EnvironmentSecret
from exporter.store.files import Storage
from exporter.store.reading import Reading
from exporter.store.snapshot import Snapshot
from exporter.store.store import Store
from exporter.store.stored_reading import StoredReading
from exporter.vendors.account import Account
from exporter.vendors.customers import split_by_slice
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi.families import PROLIFI_EVENT_COUNT

SLICES = 3
INTERVAL = 300.0
CUSTOMERS = [f"customer-{number}" for number in range(30)]


class Sliced(Account):
    """A vendor whose figures are the clock's time, and of which some slices fail from a time on."""

    sign_ins = ()
    reported = (PROLIFI_EVENT_COUNT,)
    base_url: str = "http://127.0.0.1:1"
    failing: Mapping[int, float]
    total: int = SLICES

    @property
    def auth(self) -> Auth:
        return ApiKey(EnvironmentSecret("HOME"))

    @property
    def slice_count(self) -> int:
        return self.total

    async def read(self, poll: Poll) -> Iterable[Sample]:
        now = anyio.current_time()
        await anyio.sleep(1)
        if now >= self.failing.get(poll.slice.number, float("inf")):
            raise ServerFailed("HTTP 500")
        mine = split_by_slice(CUSTOMERS, poll.slice.total)[poll.slice.number]
        return [PROLIFI_EVENT_COUNT(now, customer_id=one, event_name="e") for one in mine]


class Ignored:
    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:
        """Nobody is told."""


def account(total: int = SLICES, **failing: float) -> Sliced:
    return Sliced.model_construct(
        vendor="scripted",
        name="main",
        interval=INTERVAL,
        stale_after=None,
        max_series=100,
        total=total,
        failing={int(number[1:]): at for number, at in failing.items()},
    )


async def nobody(path: str, **_: object) -> Any:
    raise AssertionError(path)


def looks(one: Sliced, *moments: float, store: Store | None = None) -> list[Snapshot]:
    """Poll an account, and return what is known of it at each of these times."""
    known, found = store or Store(), list[Snapshot]()
    known.reconfigure({one.key: one.slice_count})

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Poller(one, nobody, known, Ignored(), virtual_now).run)
            for moment in moments:
                await anyio.sleep_until(moment)
                found.append(known[one.key])
            tasks.cancel_scope.cancel()

    run_virtually(main)
    return found


def lines(snapshot: Snapshot, now: float = 0.0) -> list[str]:
    parts = snapshot.visible(now)
    return sorted(line for part in parts for one in part.rendered.values() for line in one.text.decode().splitlines())


def test_all_slices_are_read_soon_after_the_start() -> None:
    (snapshot,) = looks(account(), 10)

    assert len(lines(snapshot)) == len(CUSTOMERS)
    assert (snapshot.up, snapshot.read_at is not None, snapshot.series) == (True, True, len(CUSTOMERS))


def test_a_cycle_is_committed_slice_by_slice() -> None:
    moments = range(10, 400, 20)
    snapshots = looks(account(), *map(float, moments))

    fresh = [len(set(lines(snapshots[0])) - set(lines(one))) for one in snapshots]
    assert all(len(lines(one)) == len(CUSTOMERS) for one in snapshots)
    assert fresh == sorted(fresh)
    assert len(set(fresh)) == SLICES + 1
    assert fresh[-1] == len(CUSTOMERS)


def test_a_slice_that_fails_keeps_its_last_good_figures_and_the_others_go_on() -> None:
    before, after = looks(account(_1=100.0), 10.0, 800.0)

    assert len(lines(after)) == len(CUSTOMERS)
    assert after.failing == {1}
    assert (after.up, after.error and after.error.reason) == (False, "server")
    assert after.slices[1] is before.slices[1]
    assert after.slices[0] is not before.slices[0]
    assert after.slices[2] is not before.slices[2]
    assert after.read_at == before.slices[1].read_at


def test_a_slice_that_fails_for_long_is_shown_no_more_and_the_others_are() -> None:
    (late,) = looks(account(_1=100.0), 5000.0)

    assert 0 < len(lines(late, 5000.0)) < len(CUSTOMERS)
    assert late.slices[1] not in late.visible(5000.0)


@pytest.mark.parametrize("before", [1, 2, 5])
def test_while_the_slices_are_others_the_earlier_figures_are_shown_until_all_were_read(before: int) -> None:
    store = Store()
    (earlier,) = looks(account(before), 20.0, store=store)

    waiting, done = looks(account(), 0.5 + 1.0, 30.0, store=store)

    assert lines(waiting) == lines(earlier)
    assert waiting.read_at is None
    assert len(lines(done)) == len(CUSTOMERS)
    assert len(done.slices) == SLICES
    assert done.previous_slices == ()


def test_the_storage_has_each_slice_for_itself(tmp_path: Path) -> None:
    storage, one = Storage(tmp_path), account()
    for number in range(SLICES):
        figures = figures_of([PROLIFI_EVENT_COUNT(1.0 + number, customer_id=f"customer-{number}", event_name="e")])
        storage.write(one, number, StoredReading(1.0, 2.0, figures))

    found = storage.read(one)
    snapshot = restore(one, Snapshot(SLICES), found.readings, found.ledger, now=1.0, fresh_until=100.0)

    assert [line.rsplit(" ", 1)[1] for line in lines(snapshot)] == ["1.0", "2.0", "3.0"]
    assert storage.read(account(2)).readings == {}
