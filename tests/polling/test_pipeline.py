"""From what a poll of a slice brought to what is shown and kept: limits and quotas over all slices."""

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from configurations import account as configuration

from exporter.config import parse
from exporter.metrics import QUOTA_FAMILIES, Sample
from exporter.polling import poller
from exporter.polling.pipeline import Brought, Polled, made
from exporter.store.snapshot import Snapshot
from exporter.vendors import Account
from exporter.vendors.prolifi.families import PROLIFI_EVENT_COUNT
from exporter.vendors.reply import Notes

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUM = "quotas: [{name: q, metric: prolifi_event_count, limit: 50}]"
SLICES = 3


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def account_of(settings: str = SUM) -> Account:
    text = configuration("prolifi", f"max_customers: {SLICES * 1000}, {settings}")
    (account,) = parse(text.encode(), Path()).accounts
    assert account.slices == SLICES
    return account


def events(number: int, count: int, value: float = 1.0) -> list[Sample]:
    return [PROLIFI_EVENT_COUNT(value, customer_id=f"c{number}-{one:04}", event_name="e") for one in range(count)]


class Polls:
    """An account that is polled slice by slice."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.snapshot = Snapshot(account.slices)

    def read(self, number: int, samples: Iterable[Sample], stale_at: float = 100.0) -> Polled:
        brought = Brought(number, samples, Notes(), None, NOW, read_at=1.0, stale_at=stale_at)
        polled = made(self.account, brought, self.snapshot)
        self.snapshot = self.snapshot.succeeded(number).read(number, polled.part, polled.whole)
        return polled

    @property
    def text(self) -> str:
        return "".join(one.plain.decode() for part in self.snapshot.shown(0.0) for one in part.blocks.values())


def used(text: str) -> list[float]:
    return [float(line.split()[-1]) for line in text.splitlines() if line.startswith("usage_quota_used{")]


def test_a_quota_that_adds_slices_up_is_shown_once_all_were_read() -> None:
    polls, shown = Polls(account_of()), []
    for number in (0, 2, 1, 0):
        polls.read(number, events(number, 5, value=1.0 + number))
        shown.append(used(polls.text))

    assert shown == [[], [], [5 * 1.0 + 5 * 2.0 + 5 * 3.0], [30.0]]


def test_max_series_is_that_of_all_slices_together() -> None:
    polls = Polls(account_of("max_series: 100"))
    for number in (0, 1, 2, 0, 1, 2):
        polls.read(number, events(number, 60))
        assert polls.snapshot.series <= 100

    assert polls.snapshot.series == 100
    assert polls.snapshot.dropped == 3 * 60 - 100


def test_a_slice_that_is_smaller_now_leaves_room_for_the_others() -> None:
    polls = Polls(account_of("max_series: 100"))
    for number, count in ((0, 90), (1, 60), (2, 0), (0, 10), (1, 60)):
        polls.read(number, events(number, count))

    assert (polls.snapshot.series, polls.snapshot.dropped) == (70, 0)


def test_quotas_are_the_last_to_be_left_out_over_slices_too() -> None:
    polls = Polls(account_of(f"max_series: 20, {SUM}"))
    for number in (0, 1, 2, 0, 1, 2):
        polls.read(number, events(number, 30))

    assert used(polls.text) == [90.0]
    assert polls.snapshot.series <= 20


def test_totals_are_stale_with_the_oldest_slice() -> None:
    polls = Polls(account_of())
    for number, stale_at in ((0, 100.0), (1, 200.0), (2, 300.0)):
        polled = polls.read(number, events(number, 1), stale_at)
    assert polled.whole
    assert polled.whole.stale_at == 100.0

    again = polls.read(0, events(0, 1), 400.0).whole
    assert again
    assert again.stale_at == 200.0


def test_a_quota_that_is_set_no_more_is_not_shown_any_more() -> None:
    polls = Polls(account_of())
    for number in range(SLICES):
        polls.read(number, events(number, 1))
    assert used(polls.text)

    polls.account = account_of("max_series: 100")
    for number in range(SLICES):
        polls.read(number, events(number, 1))

    assert not [family for family in QUOTA_FAMILIES if family.name in polls.text]


def test_what_did_not_change_is_the_same_lines() -> None:
    polls = Polls(account_of())
    first = [polls.read(number, events(number, 300)).part for number in range(SLICES)]
    again = [polls.read(number, events(number, 300)).part for number in range(SLICES)]

    for one, other in zip(first, again, strict=True):
        assert all(one.blocks[family] is other.blocks[family] for family in one.blocks)


@pytest.mark.parametrize(("count", "thread"), [(10, False), (1000, False), (1002, True), (30_000, True)])
def test_a_large_reading_is_made_in_a_thread_and_is_the_same(count: int, thread: bool) -> None:
    account, threads = account_of("max_series: 20000"), set[str]()

    def samples() -> Iterator[Sample]:
        for one in events(0, count):
            threads.add(threading.current_thread().name)
            yield one

    async def main() -> Polled:
        brought = Brought(0, samples(), Notes(), None, NOW, read_at=1.0, stale_at=100.0)
        return await poller._made(account, brought, Snapshot(SLICES))  # noqa: SLF001 - the poller's one step aside

    polled, expected = anyio.run(main), Polls(account).read(0, events(0, count))

    assert len(threads) == 1 + thread
    assert (polled.part.series, polled.part.dropped) == (expected.part.series, expected.part.dropped)
    assert {family: one.plain for family, one in polled.part.blocks.items()} == {
        family: one.plain for family, one in expected.part.blocks.items()
    }
