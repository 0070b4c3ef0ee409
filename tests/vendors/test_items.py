"""Items that are asked about one by one: one that keeps failing costs the reading only itself after some polls."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import anyio
import pytest
from polled_accounts import NOW

from exporter.errors import BadRequest, Forbidden, NotFound, PollError, RateLimited, ServerFailed, TimedOut
from exporter.metrics import Family
from exporter.vendors.items import Streaks
from exporter.vendors.poll import Poll

USED = Family("used", "What a customer used.", labels=("customer",))
FAILURES = {"5": ServerFailed, "t": TimedOut, "f": Forbidden, "b": BadRequest, "g": NotFound, "r": RateLimited}
ABC = ("a", "b", "c")


async def ask(*_: Any, **__: Any) -> Any:
    return {}


class Account:
    """Polls an account whose customers answer as a script says, a character a poll: `.` is an answer."""

    def __init__(self, script: Mapping[str, str], patience: float = 300, *, needed: bool = True) -> None:
        self.script, self.patience, self.needed = script, patience, needed
        self.failing: dict[str, Streaks] = {}
        self.asked: list[str] = []

    def poll(self, number: int) -> tuple[str, Poll]:
        """Return who is in the reading, or how the poll failed; polls are two minutes apart."""
        poll = Poll(ask, NOW + timedelta(minutes=2 * number), patience=self.patience, failing=self.failing)
        self.asked = []

        async def read(customer: str) -> str:
            self.asked.append(customer)
            said = self.script[customer]
            if (kind := said[min(number, len(said) - 1)]) != ".":
                raise FAILURES[kind]("it failed")
            return customer

        async def main() -> str:
            found = await poll.gather(
                self.script, read, needed=self.needed, hides=lambda customer: [USED.unreadable(customer=customer)]
            )
            return "".join(customer for customer, _ in found)

        try:
            return anyio.run(main), poll
        except PollError as error:
            return error.reason, poll

    def polls(self, count: int) -> list[str]:
        return [self.poll(number)[0] for number in range(count)]


def of(*said: str) -> dict[str, str]:
    return dict(zip(ABC, said, strict=False))


@pytest.mark.parametrize(
    ("script", "polls"),
    [
        (of(".", ".5", "."), ["abc", "server", "server", "server", "ac", "ac"]),
        (of("5", ".", "."), ["server", "server", "server", "bc", "bc", "bc"]),
        (of("t", ".", "."), ["timeout", "timeout", "timeout", "bc", "bc", "bc"]),
        (of("f", ".", "."), ["forbidden", "forbidden", "forbidden", "bc", "bc", "bc"]),
        (of("b", ".", "."), ["bad_request", "bad_request", "bad_request", "bc", "bc", "bc"]),
        (of("r", ".", "."), ["rate_limited"] * 6),
        (of("5555.", ".", "."), ["server", "server", "server", "bc", "abc", "abc"]),
        (of("55.5", ".", "."), ["server", "server", "abc", "server", "server", "server"]),
        (of("5", "5", "5"), ["server"] * 6),
        (of("555555.", "555555.", "555555."), ["server"] * 6),
        (of("5", "5", "."), ["server", "server", "server", "c", "c", "c"]),
        (of("5", "g", "."), ["server", "server", "server", "c", "c", "c"]),
        (of("5", ".....5", "."), ["server", "server", "server", "bc", "bc", "server"]),
        ({"a": "5"}, ["server"] * 6),
    ],
    ids=[
        *("one begins to fail", "one fails from the first poll", "no answer", "forbidden", "a bad request"),
        *("the rate is no customer's", "one is back", "one fails now and then", "all fail", "all fail for a while"),
        *("two of three", "one fails and one is gone", "another fails later", "nobody else"),
    ],
)
def test_an_item_that_keeps_failing_while_others_answer_is_left_out_after_some_polls(
    script: Mapping[str, str], polls: list[str]
) -> None:
    assert Account(script).polls(6) == polls


def test_what_is_left_out_is_counted_named_and_missing_in_sums_and_the_failure_is_told() -> None:
    account = Account(of("5", ".", "."))
    account.polls(3)
    found, poll = account.poll(3)

    assert found == "bc"
    assert dict(poll.diagnostics.skipped) == {"failing": 1}
    assert poll.diagnostics.left_out == {"it failed"}
    assert poll.unreadable == [USED.unreadable(customer="a")]
    assert isinstance(poll.failure, ServerFailed)


@pytest.mark.parametrize(("patience", "first"), [(0, 1), (100, 3), (600, 5), (1200, 10)])
def test_the_last_reading_stands_for_as_long_as_it_may(patience: float, first: int) -> None:
    polls = Account(of("5", ".", "."), patience).polls(12)

    assert polls == ["server"] * first + ["bc"] * (12 - first)


@pytest.mark.parametrize(
    ("script", "polls"),
    [
        (of("5", ".", "."), ["server", "server", "server", "bc", "bc"]),
        (of("f", "f", "."), ["c", "c", "c", "c", "c"]),
        (of("5", "5", "5"), ["server", "server", "server", "", ""]),
        (of("5555.", "5555.", "5555."), ["server", "server", "server", "", "abc"]),
        ({"a": "5"}, ["server", "server", "server", "", ""]),
    ],
    ids=["one", "refused for good", "all", "all for a while", "the only one"],
)
def test_extras_that_keep_failing_are_left_out_even_if_all_do(script: Mapping[str, str], polls: list[str]) -> None:
    assert Account(script, needed=False).polls(5) == polls


def asked_by(script: Mapping[str, str], polls: int, *, needed: bool = True) -> Sequence[int]:
    account = Account(script, needed=needed)
    counts = []
    for number in range(polls):
        account.poll(number)
        counts.append(len(account.asked))
    return counts


@pytest.mark.parametrize("needed", [True, False])
def test_an_outage_costs_a_few_requests_a_poll(needed: bool) -> None:
    many = {f"customer {number}": "5" for number in range(1000)}

    assert max(asked_by(many, 30, needed=needed)) <= 12  # those that were begun at once


def test_many_of_many_that_fail_are_found_in_few_polls() -> None:
    script = {f"{number:03} ": "5" if number % 3 == 0 else "." for number in range(300)}
    found, _ = (account := Account(script)).poll(0)
    assert found == "server"
    polls = [account.poll(number)[0] for number in range(1, 8)]

    assert polls[-1].split() == [f"{number:03}" for number in range(300) if number % 3]
