"""Answers of IONOS Cloud about another month or contract, contracts in two forms, and sums that lack a part."""

import pytest
from ionos_months import D1, D2, PREVIOUS, QUANTITY, QUOTA, ionos, month, place, question, read_at, values
from polled_accounts import NOW, polled
from scripted_vendor import Script, answer, scripted

from exporter.errors import Malformed
from exporter.metrics import Unreadable
from exporter.quota import Ledger, read_quotas
from exporter.vendors.ionos.families import IONOS_METER_QUANTITY
from exporter.vendors.ionos.settings import without_leading_zeros

OCTOBER_2020 = {"startDate": "2020-10-01", "endDate": "2020-10-31"}


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
