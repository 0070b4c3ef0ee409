"""What becomes of polls when clocks do not go on evenly: rows of the design's table of faults."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
import trio.lowlevel
import trio.testing
from page_text import own_lines, value_of
from virtual_exporter import demo_config
from virtual_time import run_virtually, virtual_now

from exporter.app.exporter import open_client
from exporter.app.run import Parts, assemble
from exporter.cli import demo
from exporter.sandbox import World, make_app
from exporter.vendors import VENDORS

pytestmark = pytest.mark.slow

DAY = 86_400.0


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)


def own(parts: Parts, name: str) -> dict[str, float]:
    """What the exporter counts of each account."""
    said = own_lines(parts.store, parts.telemetry, anyio.current_time())
    found = {one: value_of(said, f"usage_exporter_{name}", vendor=one, account="acme") for one in VENDORS}
    assert None not in found.values()
    return {vendor: value or 0.0 for vendor, value in found.items()}


def polls_around(
    event: Callable[[], None], clock: Callable[[], float], seconds: float, failing: Collection[str] = ()
) -> list[dict[str, float]]:
    """Let all accounts be polled for an hour; count the polls until then, and those within seconds of the event.

    Those that are `failing` after it are these, and no others.
    """
    counts: list[dict[str, float]] = []

    async def main() -> None:
        transport = httpx.ASGITransport(app=make_app(World(clock=virtual_now)))
        async with (
            assemble(demo_config("5m"), clock, partial(open_client, transport=transport)) as parts,
            anyio.create_task_group() as tasks,
        ):
            for _, poller in parts.pollers:
                tasks.start_soon(poller.run)
            await anyio.sleep(3600)
            before = own(parts, "polls_total")
            event()
            await anyio.sleep(seconds)
            after = own(parts, "polls_total")
            counts.extend([before, {vendor: after[vendor] - before[vendor] for vendor in VENDORS}])
            assert {vendor for vendor, up in own(parts, "account_up").items() if not up} == set(failing)
            tasks.cancel_scope.cancel()

    run_virtually(main)
    return counts


@pytest.mark.parametrize(
    ("jump", "failing"),
    [
        (-DAY, set()),
        (DAY, set()),
        (40 * DAY, set()),
        pytest.param(-20 * 365 * DAY, {"ionos"}, id="to a month before the contract"),
    ],
)
def test_wall_clock_jumps_and_polls_go_on_as_they_were(jump: float, failing: set[str]) -> None:
    shift = 0.0

    def set_clock() -> None:
        nonlocal shift
        shift = jump

    before, after = polls_around(set_clock, lambda: virtual_now() + shift, 1800, failing)

    assert before == pytest.approx(dict.fromkeys(VENDORS, 12), abs=1)
    polled = {vendor: count for vendor, count in after.items() if vendor not in failing}  # the rest backs off
    assert polled == pytest.approx(dict.fromkeys(polled, 6), abs=1)


def test_after_a_long_suspend_there_is_one_poll_and_not_a_burst() -> None:
    def sleep_on() -> None:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        clock.jump(3 * DAY)

    _, after = polls_around(sleep_on, virtual_now, 30)

    assert after == dict.fromkeys(VENDORS, 1)


class Straddled:
    """A sandbox under whose first calls about usage the time moves on; it records what is asked."""

    def __init__(self, at: datetime) -> None:
        self.now = at.timestamp()
        self.asked: list[str] = []
        self._app = make_app(World(clock=lambda: self.now))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/usage") and scope["query_string"]:
            self.asked.append(scope["query_string"].decode())
            self.now += 2
        await self._app(scope, receive, send)


@pytest.mark.parametrize(
    ("at", "months", "next_months"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), ("2026-10", "2026-11"), ("2026-11", "2026-12")),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), ("2026-11", "2026-12"), ("2026-12", "2027-01")),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), ("2028-01", "2028-02"), ("2028-02", "2028-03")),
        (datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC), ("2026-11", "2026-12"), ("2026-11", "2026-12")),
    ],
)
def test_month_rollover_at_utc_and_a_poll_that_straddles(
    at: datetime, months: tuple[str, str], next_months: tuple[str, str]
) -> None:
    vendors = Straddled(at)
    asked: list[set[str]] = []

    async def main() -> None:
        opened = partial(open_client, transport=httpx.ASGITransport(app=vendors))
        async with assemble(demo_config("5m"), lambda: vendors.now, opened) as parts:
            for _ in range(2):
                for account, poller in parts.pollers:
                    if account.vendor in ("ionos", "prolifi"):
                        vendors.now, vendors.asked = at.timestamp() + 60 * len(asked), []
                        assert (await poller.poll()).up
                        asked.append(set(vendors.asked))
                        assert len(vendors.asked) >= 2

    anyio.run(main)
    days = [datetime.fromtimestamp(at.timestamp() + 60 * poll, UTC).date() for poll in range(4)]
    start = f"start_date={next_months[1]}-01"
    assert asked[0] == {f"period={month}" for month in months}
    assert asked[1] == {f"{start}&end_date={days[1]}"}
    assert asked[2:] == [{f"period={month}" for month in next_months}, {f"{start}&end_date={days[3]}"}]
