"""From what a poll of a slice brought to what is shown and kept: limits and quotas over all slices."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from configurations import account as configuration

from exporter.config import parse
from exporter.metrics import QUOTA_FAMILIES, EndedPeriod, Family, Item, Sample
from exporter.polling import poller
from exporter.polling.pipeline import PollResult, ProcessedPoll, process, reconfigure
from exporter.store.snapshot import Snapshot
from exporter.vendors import Account
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.prolifi.families import PROLIFI_EVENT_COUNT
from exporter.vendors.reply import Diagnostics

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUM = "quotas: [{name: q, metric: prolifi_event_count, limit: 50}]"
SLICES = 3


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def account_of(settings: str = SUM) -> Account:
    text = configuration("prolifi", f"max_customers: {SLICES * 1000}, {settings}")
    (account,) = parse(text.encode(), Path()).accounts
    assert account.slice_count == SLICES
    return account


def events(number: int, count: int, value: float = 1.0) -> list[Sample]:
    return [PROLIFI_EVENT_COUNT(value, customer_id=f"c{number}-{one:04}", event_name="e") for one in range(count)]


class Polls:
    """An account that is polled slice by slice."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.snapshot = Snapshot(account.slice_count)

    def read(self, number: int, samples: Iterable[Item], stale_at: float = 100.0) -> ProcessedPoll:
        brought = PollResult(number, samples, Diagnostics(), None, NOW, read_at=1.0, stale_at=stale_at)
        polled = process(self.account, brought, self.snapshot)
        self.snapshot = self.snapshot.with_success(number).with_reading(
            number, polled.state, polled.account_state, polled.ledger
        )
        return polled

    @property
    def text(self) -> str:
        """The page in the text format."""
        return "".join(
            lines.text.decode()
            for part in self.snapshot.visible(0.0)
            for family, lines in part.rendered.items()
            if isinstance(family, Family)
        )


STRANGE = NETNUT_GB_USED(1.0, plan_id="1", product_type="")


@pytest.mark.parametrize(
    "item",
    [
        STRANGE,
        NETNUT_GB_USED.unreadable(plan_id="1"),
        NETNUT_GB_USED.rest(1.0, plan_id="1", product_type=""),
        EndedPeriod(STRANGE, 0.0, 1.0),
    ],
    ids=lambda item: type(item).__name__,
)
def test_a_family_that_its_vendor_does_not_have_fails_loudly(item: Item) -> None:
    with pytest.raises(LookupError, match="no family of prolifi: netnut_gb_used"):
        Polls(account_of()).read(0, [*events(0, 3), item])


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


EACH = "quotas: [{name: q, metric: prolifi_event_count, by: [customer_id], limit: 50}]"


@pytest.mark.parametrize(("room", "quotas", "others"), [(100, 10, 10), (35, 10, 5), (8, 2, 2), (2, 0, 2), (1, 0, 1)])
def test_a_quota_is_shown_whole_or_not_at_all(room: int, quotas: int, others: int) -> None:
    polled = Polls(account_of(f"max_series: {room}, {EACH}")).read(0, events(0, 10))

    names = Counter(sample.family.name for sample in polled.reading.samples)
    assert names.pop("prolifi_event_count", 0) == others
    assert set(names.values()) <= {quotas}
    assert len(names) == (3 if quotas else 0)
    assert polled.reading.dropped == 40 - polled.reading.series
    assert not polled.is_empty


def test_a_reading_of_which_nothing_fits_is_not_empty() -> None:
    polls = Polls(account_of("max_series: 10"))
    polls.read(0, events(0, 10))

    assert [polls.read(1, events(1, count)).is_empty for count in (5, 0)] == [False, True]


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ("", []),
        (EACH, [1.0, 1.0]),
        (EACH.replace("50", "60"), []),
        (EACH.replace("name: q", "name: r"), []),
        (EACH.replace("by:", "match: {event_name: e}, by:"), []),
    ],
)
def test_a_quota_on_each_customer_that_is_set_otherwise_is_gone_at_once(settings: str, shown: list[float]) -> None:
    polls = Polls(account_of(EACH))
    polls.read(0, events(0, 2))

    polls.snapshot = reconfigure(account_of(settings or "max_series: 100"), polls.snapshot)

    assert used(polls.text) == shown
    assert polls.snapshot.series == len(polls.text.splitlines())


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ("max_series: 100", []),
        (SUM.replace("50", "60"), ["6.0", "0.0", "60.0"]),
        (SUM.replace("name: q", "name: r"), []),
        (SUM, ["6.0", "0.0", "50.0"]),
    ],
)
def test_a_quota_on_the_account_that_is_set_otherwise_is_right_or_gone_at_once(settings: str, lines: list[str]) -> None:
    polls = Polls(account_of())
    for number in range(SLICES):
        polls.read(number, events(number, 2))

    polls.snapshot = reconfigure(account_of(settings), polls.snapshot)

    assert [line.split()[-1] for line in polls.text.splitlines() if line.startswith("usage_quota")] == lines


def test_while_a_reading_cannot_be_stored_figures_go_on_and_counters_wait() -> None:
    account, found = account_of(f"{EACH}, discover: true".replace(", discover: true", "")), list[list[str]]()
    polls = Polls(account)
    for count, is_stored in ((5.0, True), (8.0, True), (9.0, False), (7.0, False), (12.0, True)):
        before = polls.snapshot
        polled = polls.read(0, events(0, 1, count))
        if not is_stored:
            waiting = polled.with_stored_counters(account, before.ledger)
            polls.snapshot = before.with_reading(0, waiting.state, waiting.account_state, waiting.ledger)
        found.append([line.split()[-1] for line in polls.text.splitlines() if "_used{" in line or "_total{" in line])

    assert found == [["5.0", "0.0"], ["8.0", "3.0"], ["9.0", "3.0"], ["7.0", "3.0"], ["12.0", "7.0"]]


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
    assert polled.account_state
    assert polled.account_state.stale_at == 100.0

    again = polls.read(0, events(0, 1), 400.0).account_state
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
    first = [polls.read(number, events(number, 300)).state for number in range(SLICES)]
    again = [polls.read(number, events(number, 300)).state for number in range(SLICES)]

    for one, other in zip(first, again, strict=True):
        assert all(one.rendered[family] is other.rendered[family] for family in one.rendered)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "thread"), [(10, False), (1000, False), (1002, True), (30_000, True)])
def test_a_large_reading_is_made_in_a_thread_and_is_the_same(count: int, thread: bool) -> None:
    account, threads = account_of("max_series: 20000"), set[str]()

    def samples() -> Iterator[Sample]:
        for one in events(0, count):
            threads.add(threading.current_thread().name)
            yield one

    async def main() -> ProcessedPoll:
        brought = PollResult(0, samples(), Diagnostics(), None, NOW, read_at=1.0, stale_at=100.0)
        return await poller._process_off_loop(account, brought, Snapshot(SLICES))  # noqa: SLF001 - the poller's one step aside

    polled, expected = anyio.run(main), Polls(account).read(0, events(0, count))

    assert len(threads) == 1 + thread
    assert (polled.state.series, polled.state.dropped) == (expected.state.series, expected.state.dropped)
    assert {family: one.text for family, one in polled.state.rendered.items()} == {
        family: one.text for family, one in expected.state.rendered.items()
    }
