"""IONOS Cloud's months: the one that runs, and the one before."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from ionos_months import D1, D2, DECEMBER, PREVIOUS, QUANTITY, ionos, month, place, question, values
from polled_accounts import be_impatient, polled, polled_at
from scripted_vendor import Answer, Script, answer, scripted

from exporter.errors import BadRequest, NotFound, PollError
from exporter.store.reading import Reading
from exporter.vendors.ionos.month import ContractMonth, Month, MonthReply
from exporter.vendors.ionos.replies import Usage
from exporter.vendors.reply import Diagnostics, read_reply


@pytest.mark.parametrize(
    ("moment", "start", "end", "previous"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), (2026, 12), (2027, 1), "2026-11"),
        (datetime(2027, 1, 31, 23, 59, tzinfo=UTC), (2027, 1), (2027, 2), "2026-12"),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), (2028, 2), (2028, 3), "2028-01"),
        (datetime(2027, 3, 1, tzinfo=UTC), (2027, 3), (2027, 4), "2027-02"),
    ],
)
def test_a_month_is_a_calendar_month(
    moment: datetime, start: tuple[int, int], end: tuple[int, int], previous: str
) -> None:
    one = Month.from_time(moment)

    assert (one.start, one.end) == (datetime(*start, 1, tzinfo=UTC), datetime(*end, 1, tzinfo=UTC))
    assert str(one.previous) == previous


@pytest.mark.parametrize(
    ("start", "is_of"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), True),
        (datetime(2026, 12, 15, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 23, tzinfo=UTC), True),
        (datetime(2026, 11, 30, tzinfo=UTC), False),
        (datetime(2026, 11, 1, tzinfo=UTC), False),
        (datetime(2027, 1, 1, tzinfo=UTC), False),
        (datetime(2020, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_month_has_the_periods_that_start_in_it(start: datetime, is_of: bool) -> None:
    assert Month.from_time(DECEMBER).has_start(start) == is_of


WHOLE = [place(960, D1), place(5, D2)]


@pytest.mark.parametrize(
    ("answers", "quantities"),
    [
        pytest.param({None: WHOLE}, {D1: 960, D2: 5}, id="one answer about the contract"),
        pytest.param({D1: WHOLE, D2: WHOLE, "null": WHOLE}, {D1: 960, D2: 5}, id="each answer holds all"),
        pytest.param({D1: [place(7, None)], D2: [place(9, None)]}, {D1: 7, D2: 9}, id="no answer repeats the id"),
        pytest.param({"null": [place(7, None)]}, {"null": 7}, id="what is in none"),
        pytest.param({None: [place(7, None)]}, {"null": 7}, id="what is in none, of the contract"),
        pytest.param({D1: [place(7, D1), place(9, None)]}, {D1: 7, "null": 9}, id="ids are repeated, and one is null"),
        pytest.param({D1: [place(7, D1), place(9, D1)]}, {D1: 16}, id="twice in one answer"),
        pytest.param({D1: [place(7, D1), place(4, D2)], D2: [place(5, D2)]}, {D1: 7, D2: 5}, id="its own answer"),
        pytest.param({D1: [place("N/A", D1)], D2: [place(7, D1), place(5, D2)]}, {D2: 5}, id="its own, unreadable"),
    ],
)
def test_a_data_centre_is_taken_from_one_answer(
    answers: Mapping[str | None, Sequence[object]], quantities: Mapping[str, float]
) -> None:
    replies = [
        MonthReply(asked, read_reply(Usage, month("2026-11", *places), Diagnostics()))
        for asked, places in answers.items()
    ]
    found = ContractMonth.from_replies(replies)

    assert {data_center: value for (data_center, _, _), value in found.quantities.items()} == quantities


def test_data_centres_whose_answers_do_not_repeat_the_id_are_named_by_the_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = {
        question("2026-11", data_center=D1): [answer(month("2026-11", place(7, None)))],
        question("2026-11", data_center=D2): [answer(month("2026-11", place(9, None)))],
        question("2026-10", data_center=D2): [answer(month("2026-10", place(90, None)))],
    }
    with scripted(script) as server:
        outcome = polled(ionos(server.url, monkeypatch, datacenters=[D1, D2]))

    assert values(QUANTITY, outcome) == {D1: 7, D2: 9}
    assert values(PREVIOUS, outcome) == {D2: 90}


def test_the_month_before_is_asked_for_with_each_poll_for_two_days_and_then_once_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script: Script = {
        question("2026-11"): [answer(month("2026-11", place(number))) for number in range(1, 9)],
        question("2026-12"): [answer(month("2026-12"))],
    }
    hours = (0, 1, 47.9, 48, 60, 71.8, 72, 95, 96.5)
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch)
        outcomes = polled_at(account, *(DECEMBER + timedelta(hours=one) for one in hours))

    assert [values(PREVIOUS, one)[D1] for one in outcomes] == [1, 2, 3, 3, 3, 3, 4, 4, 5]
    assert not any(values(QUANTITY, one) for one in outcomes)


def test_the_month_before_of_a_month_ago_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    script: Script = {
        question("2026-10"): [answer(month("2026-10", place(10)))],
        question("2026-11"): [answer(month("2026-11", place(11))), Answer(403)],
        question("2026-12"): [answer(month("2026-12", place(12)))],
    }
    with scripted(script) as server:
        outcomes = polled_at(ionos(server.url, monkeypatch), DECEMBER - timedelta(minutes=1), DECEMBER)

    assert [values(PREVIOUS, one) for one in outcomes] == [{D1: 10}, {}]
    assert [values(QUANTITY, one) for one in outcomes] == [{D1: 11}, {D1: 12}]


@pytest.mark.parametrize("failure", [Answer(403), Answer(409), Answer(500), Answer(200, b"<html>"), answer([])])
def test_a_month_before_that_cannot_be_read_costs_nothing_and_its_last_answer_stands(
    failure: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_impatient(monkeypatch)
    script: Script = {
        question("2026-11"): [answer(month("2026-11", place(8))), failure],
        question("2026-12"): [answer(month("2026-12", place(1)))],
    }
    with scripted(script) as server:
        first, second = polled_at(ionos(server.url, monkeypatch), DECEMBER, DECEMBER + timedelta(hours=1))

    assert values(PREVIOUS, first) == values(PREVIOUS, second) == {D1: 8}
    assert values(QUANTITY, second) == {D1: 1}
    assert isinstance(second, Reading)
    assert second.diagnostics.skipped == {"refused": 1}


@pytest.mark.parametrize("status", [404, 422])
def test_a_contract_without_a_month_before_has_none(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    script: Script = {
        question("2026-10"): [Answer(status)],
        question("2026-11"): [answer(month("2026-11", place(1)))],
    }
    with scripted(script) as server:
        outcome = polled(ionos(server.url, monkeypatch))

    assert isinstance(outcome, Reading)
    assert (values(QUANTITY, outcome), values(PREVIOUS, outcome), outcome.diagnostics) == ({D1: 1}, {}, Diagnostics())


@pytest.mark.parametrize(
    ("status", "age", "has_previous", "error"),
    [
        (404, timedelta(0), True, None),
        (422, timedelta(hours=47), True, None),
        (404, timedelta(hours=49), True, NotFound),
        (422, timedelta(hours=49), True, BadRequest),
        (404, timedelta(0), False, NotFound),
        (422, timedelta(0), False, BadRequest),
    ],
)
@pytest.mark.parametrize("data_center", ["", D1])
def test_a_new_month_that_the_vendor_does_not_know_yet_is_no_failure(  # noqa: PLR0913, PLR0917 - a table
    status: int,
    age: timedelta,
    has_previous: bool,
    error: type[PollError] | None,
    data_center: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script: Script = {
        question("2026-12", data_center=data_center): [Answer(status)],
        **(
            {question("2026-11", data_center=data_center): [answer(month("2026-11", place(8)))]} if has_previous else {}
        ),
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, **({"datacenters": [data_center]} if data_center else {}))
        outcome = polled(account, DECEMBER + age)

    if error:
        assert isinstance(outcome, error)
    else:
        assert (values(QUANTITY, outcome), values(PREVIOUS, outcome)) == ({}, {D1: 8})
