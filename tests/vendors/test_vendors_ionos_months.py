"""IONOS Cloud's months: the one that runs and the one before, and answers that are not about what was asked."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from scripted_vendor import (
    NOW,
    Answer,
    Script,
    account_at,
    answer,
    be_impatient,
    client_of,
    lines,
    polled,
    polled_at,
    scripted,
)
from scripted_vendor import Tally as Requests

from exporter.errors import BadRequest, Malformed, NotFound, PollError
from exporter.metrics import Unreadable
from exporter.quota import Ledger, SliceFigures, read_quotas
from exporter.store.reading import Reading, sanitize
from exporter.vendors import Account
from exporter.vendors.ionos.families import IONOS_METER_QUANTITY
from exporter.vendors.ionos.month import ContractMonth, Month, MonthReply
from exporter.vendors.ionos.replies import Usage
from exporter.vendors.ionos.settings import without_leading_zeros
from exporter.vendors.poll import Poll
from exporter.vendors.reply import Diagnostics, read_reply

D1 = "11111111-1111-1111-1111-111111111111"
D2 = "22222222-2222-2222-2222-222222222222"
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
OCTOBER_2020 = {"startDate": "2020-10-01", "endDate": "2020-10-31"}


def place(quantity: object, data_center: str | None = D1) -> dict[str, Any]:
    row = {"meterId": "C01000", "meterDesc": "core", "quantity": {"quantity": quantity, "unit": "1hour"}}
    found = {"id": data_center, "name": "", "location": "", "meters": [row]}
    return found if data_center else {name: value for name, value in found.items() if name != "id"}


def month(period: str, *places: object, contract: object = 12345, **more: object) -> dict[str, Any]:
    document = {"startDate": f"{period}-01", "endDate": f"{period}-02", "datacenters": list(places)}
    return {**document, "metadata": {"contractId": contract, "customerId": 1, "reference": None}, **more}


def question(period: str, contract: str = "12345", data_center: str = "") -> str:
    return f"GET /{contract}/usage{data_center and '/'}{data_center}?period={period}"


def ionos(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    common = {"vendor": "ionos", "name": "main", "base_url": "{base_url}", "token": "${VENDOR_SECRET}"}
    return account_at(url, monkeypatch, {**common, "contracts": [12345], **settings})


def values(family: str, outcome: Reading | PollError) -> dict[str, float]:
    """A family's values by data centre."""
    found = {}
    for line in lines(outcome):
        if line.startswith(f"{family}{{"):
            series, value = line.rsplit(" ", 1)
            found[series.partition('datacenter_id="')[2].partition('"')[0]] = float(value)
    return found


QUANTITY, PREVIOUS = "ionos_meter_quantity", "ionos_previous_month_quantity"


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


async def _items(account: Account, now: datetime, kept: dict[str, Any]) -> tuple[SliceFigures, Diagnostics]:
    async with client_of(account, Requests()) as client:
        poll = Poll(client, now, kept)
        items = list(await account.read(poll))
    found = sanitize([*items, *poll.unreadable], poll.diagnostics)
    return SliceFigures(0, found.figures, now, found.unreadable, found.ended), poll.diagnostics


def read_at(account: Account, now: datetime, kept: dict[str, Any] | None = None) -> tuple[SliceFigures, Diagnostics]:
    return anyio.run(_items, account, now, {} if kept is None else kept)


QUOTA = {"name": "cores", "metric": QUANTITY, "limit": 50_000, "unit": "h", "period": "month"}


def counters(account: Account, *times: datetime) -> list[float]:
    """The quota's counter after a poll at each of the times."""
    kept: dict[str, Any] = {}
    ledger, totals = Ledger(), []
    for now in times:
        ledger = read_quotas(account, read_at(account, now, kept)[0], (), ledger).ledger
        totals += [total.value for total in ledger.totals.values()] or [0.0]
    return totals


def test_what_a_month_grows_by_after_its_end_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    november = [answer(month("2026-11", place(quantity))) for quantity in (700, 706, 720)]
    script: Script = {
        question("2026-11"): november,
        question("2026-12"): [answer(month("2026-12", place(1)))],
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, quotas=[QUOTA])
        found = counters(
            account, DECEMBER - timedelta(minutes=10), DECEMBER - timedelta(minutes=1), DECEMBER + timedelta(hours=7)
        )

    assert found == [0, 6, 21]


@pytest.mark.parametrize(
    "period",
    [
        "month",
        "none",
        {"every": "quarter", "from": "2026-11-01"},
        {"every": "quarter", "from": "2026-12-01"},
        {"every": "year", "from": "2026-01-01"},
        {"every": "30d", "from": "2026-11-20"},
    ],
    ids=str,
)
def test_figures_that_start_anew_each_month_are_counted_alike_whatever_the_quotas_period(
    period: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    script: Script = {
        question("2026-11"): [answer(month("2026-11", place(quantity))) for quantity in (700, 710, 715, 720)],
        question("2026-12"): [answer(month("2026-12", place(quantity))) for quantity in (5, 9)],
    }
    begins = datetime(2026, 11, 20, tzinfo=UTC)
    times = [begins - timedelta(minutes=1), begins + timedelta(minutes=1), DECEMBER + DAY / 4, DECEMBER + DAY / 2]
    with scripted(script) as server:
        found = counters(ionos(server.url, monkeypatch, quotas=[{**QUOTA, "period": period}]), *times)

    assert found == [0, 10, 15 + 5, 20 + 9]


def test_a_small_figure_of_a_new_month_is_new_use_even_if_it_is_not_below_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script: Script = {
        question("2026-11"): [answer(month("2026-11", place(quantity))) for quantity in (2, 3)],
        question("2026-12"): [answer(month("2026-12", place(quantity))) for quantity in (3, 5)],
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, quotas=[QUOTA])
        found = counters(account, DECEMBER - timedelta(minutes=1), DECEMBER + DAY / 2, DECEMBER + DAY)

    assert found == [0, 1 + 3, 1 + 5]


def test_a_meter_that_is_not_in_the_new_month_is_counted_to_the_end_of_the_old_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script: Script = {
        question("2026-11"): [answer(month("2026-11", place(quantity))) for quantity in (2900, 3000)],
        question("2026-12"): [answer(month("2026-12"))],
    }
    with scripted(script) as server:
        found = counters(
            ionos(server.url, monkeypatch, quotas=[QUOTA]), DECEMBER - timedelta(minutes=1), DECEMBER + DAY
        )

    assert found == [0, 100]


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


@pytest.mark.parametrize(
    ("contract", "reply", "drift"),
    [
        ("12345", OCTOBER_2020, {("$.start_date", "value"): 1}),
        ("12345", {"metadata": {"contractId": "55555"}}, {("metadata.contract_id", "value"): 1}),
        ("12345", {"metadata": {"contractId": [5]}}, {("metadata.contract_id", "type"): 1}),
        ("12345", {"metadata": {"contractId": "0012345"}}, {}),
        ("0012345", {"metadata": {"contractId": 12345}}, {}),
        ("12345", {"metadata": {}}, {}),
        ("12345", {"metadata": None}, {}),
        ("12345", {"startDate": "2026-11-15"}, {}),
        ("12345", {"startDate": "2026-10-31T23:00:00Z"}, {}),
        ("12345", {"startDate": None}, {("$.start_date", "null"): 1}),
    ],
)
def test_an_answer_about_another_month_or_contract_is_drift_and_is_not_shown(
    contract: str,
    reply: dict[str, object],
    drift: dict[tuple[str, str], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script: Script = {
        question("2026-11", contract): [answer(month("2026-11", place(7), **reply))],
        question("2026-11", "22222"): [answer(month("2026-11", place(3, D2), contract=22222))],
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, contracts=[contract, 22222], quotas=[QUOTA])
        figures, diagnostics = read_at(account, NOW)
        quotas = read_quotas(account, figures, (), Ledger()).whole

    is_shown = not any(kind == "value" for _, kind in drift)
    found = {labels[1]: value for labels, value in figures.figures[IONOS_METER_QUANTITY].items()}
    assert found == ({D1: 7, D2: 3} if is_shown else {D2: 3})
    assert diagnostics.drift == drift
    assert set(figures.unreadable) == (
        set() if is_shown else {Unreadable(IONOS_METER_QUANTITY, ("12345", None, None, None))}
    )
    assert [quota.used for quota in quotas.quotas] == ([10] if is_shown else [])


def test_a_month_before_that_is_another_month_s_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    script: Script = {
        question("2026-10"): [answer(month("2020-10", place(7)))],
        question("2026-11"): [answer(month("2026-11", place(1)))],
    }
    with scripted(script) as server:
        outcome = polled(ionos(server.url, monkeypatch))

    assert (values(QUANTITY, outcome), values(PREVIOUS, outcome)) == ({D1: 1}, {})


def test_an_account_with_answers_about_another_month_only_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({question("2026-11"): [answer(month("2026-10", place(7)))]}) as server:
        figures, diagnostics = read_at(ionos(server.url, monkeypatch), NOW)

    assert (dict(figures.figures), diagnostics.drift) == ({}, {("$.start_date", "value"): 1})


@pytest.mark.parametrize(
    ("given", "pattern"),
    [
        ("031909628", "31909628"),
        ("31909628", "31909628"),
        ("0031909628|32100457|031905811", "31909628|32100457|31905811"),
        ("(031909628|32100457)", "(31909628|32100457)"),
        ("(?:031909628)", "(?:31909628)"),
        ("0319.*", "319.*"),
        ("0?31909628", "0?31909628"),
        ("0", "0"),
        ("31900[0-9]{3}", "31900[0-9]{3}"),
        (".*", ".*"),
    ],
)
def test_a_pattern_loses_the_zeros_that_begin_a_number(given: str, pattern: str) -> None:
    assert without_leading_zeros(given) == pattern


@pytest.mark.parametrize("match", ["031909628", "31909628", "0319.*"])
def test_a_quota_matches_a_contract_as_the_operator_writes_it(match: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script: Script = {
        question("2026-11", "031909628"): [answer(month("2026-11", place(7), contract="031909628"))],
        question("2026-11", "22222"): [answer(month("2026-11", place(3), contract=22222))],
    }
    with scripted(script) as server:
        quota = {**QUOTA, "match": {"contract": match}, "by": ["contract"]}
        account = ionos(server.url, monkeypatch, contracts=["031909628", 22222], quotas=[quota])
        quotas = read_quotas(account, read_at(account, NOW)[0], (), Ledger()).whole.quotas

    assert [(quota.id.subject, quota.used) for quota in quotas] == [("31909628", 7)]


def test_a_contract_that_is_listed_in_two_forms_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    script: Script = {question("2026-11", "031909628"): [answer(month("2026-11", place(7), contract=31909628))]}
    with scripted(script) as server:
        outcome = polled(ionos(server.url, monkeypatch, contracts=["031909628", 31909628]))

    assert values(QUANTITY, outcome) == {D1: 7}
    assert {request.key.split("/")[1] for request in server.requests} == {"031909628"}


@pytest.mark.parametrize(
    "unreadable",
    [
        {"datacenters": [place("49000"), place("N/A", D2)]},
        {"datacenters": [place("49000"), {"id": D2, "meters": None}]},
        {"datacenters": [place("49000"), {"id": D2, "meters": [{"meterId": None}]}]},
        {"datacenters": [place("49000"), {"id": D2, "meters": [{"meterId": "C01000", "quantity": None}]}]},
        {"datacenters": [place("49000"), 5]},
        {"datacenters": [place("49000"), {**place("7"), "id": {"uuid": D2}}]},
        {"datacenters": [place("49000", None), {**place("7"), "id": True}]},
    ],
    ids=["no number", "no meters", "no id of a meter", "no quantity", "no data centre", "no id", "no id beside none"],
)
def test_a_sum_is_not_shown_where_a_part_of_it_cannot_be_read(
    unreadable: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({question("2026-11"): [answer(month("2026-11", **unreadable))]}) as server:
        account = ionos(server.url, monkeypatch, quotas=[QUOTA])
        quotas = read_quotas(account, read_at(account, NOW)[0], (), Ledger()).whole

    assert (quotas.quotas, dict(quotas.withheld)) == ((), {("cores", "unreadable"): 1})


def test_a_contract_whose_answer_cannot_be_read_at_all_fails_the_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({question("2026-11"): [answer(month("2026-11", datacenters=None))]}) as server:
        outcome = polled(ionos(server.url, monkeypatch))

    assert isinstance(outcome, Malformed)
