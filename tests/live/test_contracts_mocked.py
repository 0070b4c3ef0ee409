"""Prism in the place of every vendor: whatever the contracts allow, a poll works or fails by a name, and is counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random

import pytest
from kept_logging import kept_logging
from polled_accounts import be_impatient
from prism import CALLS, DESCRIBED, Call, Polled, mocks, poll_all
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter import log
from exporter.errors import REASONS
from exporter.exposition.negotiation import Format
from exporter.store.reading import READING_FAMILIES

pytestmark = pytest.mark.slow

PARSERS: dict[Format, Callable[[str], Iterable[Metric]]] = {
    Format.TEXT: parse_text,
    Format.OPENMETRICS: parse_openmetrics,
}
SEEDS = range(20)
SEEDS_WITH_FAILURES = range(10)
SHARE_OF_FAILURES = 0.1
KEPT_WHOLE = {"refused", "ambiguous", "duplicate"}
"""Why items may be left out of answers that keep the contract: a refusal inside, and random ids that do not match."""

# What an account's poll comes to where every call that may be answered so is: by vendor and status.
DOCUMENTED_FAILURES = {
    ("netnut", 400): "auth",
    ("netnut", 401): "auth",
    ("ionos", 401): "auth",
    ("ionos", 403): "forbidden",
    ("ionos", 404): "not_found",
    ("ionos", 409): "conflict",
    ("ionos", 422): "bad_request",
    ("ionos", 500): "server",
    ("prolifi", 401): "auth",
    ("prolifi", 403): "forbidden",
    ("prolifi", 404): "not_found",
    ("prolifi", 422): "bad_request",
    ("prolifi", 429): "rate_limited",
    ("planship", 401): "auth",
    ("planship", 403): "forbidden",
    ("planship", 404): "not_found",
    ("planship", 422): "bad_request",
}


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with mocks(tmp_path_factory.mktemp("contracts")) as urls:
        yield urls


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    with kept_logging():
        log.configure("debug")
        yield


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_by_the_contract_are_a_reading_without_drift(
    seed: int, vendors: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    polled = poll_all(vendors, lambda _, request: f"code=200, dynamic=true, seed={seed}.{request}")

    assert_told(polled, capsys.readouterr().err)
    for (vendor, _), snapshot in polled.accounts.items():
        # NetNut may say in a 200 that it did not work.
        assert snapshot.error is None or (vendor, snapshot.error.reason) == ("netnut", "api")
        assert not snapshot.diagnostics.drift
        assert snapshot.diagnostics.skipped.keys() <= KEPT_WHOLE


@pytest.mark.parametrize("seed", SEEDS_WITH_FAILURES)
def test_answers_among_documented_failures_are_a_reading_or_a_named_failure(
    seed: int,
    vendors: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    be_impatient(monkeypatch)

    def sometimes_failed(call: Call, request: int) -> str:
        random = Random(f"{seed}.{request}")  # noqa: S311 - which calls fail is no secret
        code = random.choice(call.failures) if random.random() < SHARE_OF_FAILURES else 200
        return f"code={code}, dynamic=true, seed={seed}.{request}"

    assert_told(poll_all(vendors, sometimes_failed), capsys.readouterr().err)


@pytest.mark.parametrize(("vendor", "status"), DOCUMENTED_FAILURES)
def test_a_documented_failure_has_its_name(
    vendor: str,
    status: int,
    vendors: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    be_impatient(monkeypatch)

    def failed(call: Call, _: int) -> str:
        return f"code={status if status in call.failures else 200}, dynamic=false"

    polled = poll_all({vendor: vendors[vendor]}, failed)

    assert_told(polled, capsys.readouterr().err)
    assert {one.error.reason for one in polled.accounts.values() if one.error} == {DOCUMENTED_FAILURES[vendor, status]}
    assert [key for key, one in polled.accounts.items() if one.up] == []


def test_every_documented_failure_is_asked_for() -> None:
    assert {(call.vendor, status) for call in CALLS for status in call.failures} == DOCUMENTED_FAILURES.keys()


def test_the_examples_keep_the_contract_and_make_whole_readings(vendors: Mapping[str, str]) -> None:
    polled = poll_all(vendors, lambda *_: "code=200, dynamic=false")

    assert {vendor for vendor, _ in polled.accounts} == set(DESCRIBED)
    for snapshot in polled.accounts.values():
        assert snapshot.up, snapshot.error
        assert snapshot.series
        assert not snapshot.diagnostics.drift
        assert not snapshot.diagnostics.skipped
    assert [exchange for exchange in polled.exchanges if exchange.violations] == []


def assert_told(polled: Polled, logged: str) -> None:
    """Every poll is counted once and every failure by its name, both pages say the same, and nothing broke."""
    assert [exchange for exchange in polled.exchanges if exchange.violations] == []
    text, openmetrics = (list(parse(polled.pages[form])) for form, parse in PARSERS.items())
    assert figures(text) == figures(openmetrics)
    for (vendor, account), snapshot in polled.accounts.items():
        error = snapshot.error
        assert own(text, "account_up", vendor, account) == {"": float(error is None)}
        assert own(text, "polls_total", vendor, account) == {"": 1.0}
        counted = own(text, "poll_failures_total", vendor, account)
        assert counted == ({error.reason: 1.0} if error else {})
        assert error is None or error.reason in set(REASONS) - {"internal"}
    assert logged.count("first poll succeeded") + logged.count("poll failed") == len(polled.accounts)
    assert "Traceback" not in logged


def figures(families: list[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The values that readings put on a page, by name and labels."""
    names = {family.name for family in READING_FAMILIES}
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name in names
    }


def own(families: list[Metric], name: str, vendor: str, account: str) -> dict[str, float]:
    """The values of a metric of the exporter's own for an account, by reason."""
    return {
        sample.labels.get("reason", ""): sample.value
        for family in families
        for sample in family.samples
        if sample.name == f"usage_exporter_{name}"
        and (sample.labels["vendor"], sample.labels["account"]) == (vendor, account)
    }
