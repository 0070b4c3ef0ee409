"""An account shows all of its vendor's metrics, some, or all but some; its quotas count what is not shown too."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporter.config import parse
from exporter.polling.pipeline import PollResult, ProcessedPoll, process, reconfigure, restore
from exporter.problems import ConfigError
from exporter.store.snapshot import Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.vendors import Account
from exporter.vendors.netnut.families import NETNUT_GB_USED, NETNUT_PLAN_GB, NETNUT_REQUESTS_USED
from exporter.vendors.reply import Diagnostics

PLAN = {"plan_id": "41", "product_type": "Residential"}
SAMPLES = [NETNUT_GB_USED(5, **PLAN), NETNUT_PLAN_GB(100, **PLAN), NETNUT_REQUESTS_USED(7, **PLAN)]
CONFIG = """
accounts:
  - vendor: netnut
    name: main
    email: a@example.com
    password: ${PASSWORD}
    families: %s
    quotas: [{name: calls, metric: netnut_requests_used, limit: 10}]
"""
USED, SIZE, REQUESTS = (sample.family.name for sample in SAMPLES)
CHOICES = {
    "{}": {USED, SIZE, REQUESTS},
    f"{{leave_out: [{REQUESTS}]}}": {USED, SIZE},
    f"{{keep: [{USED}, {SIZE}]}}": {USED, SIZE},
    f"{{leave_out: [{USED}, {SIZE}, {REQUESTS}]}}": set(),
    "{keep: [netnut_plan_active]}": set(),
}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "an-invented-secret")


def account(choice: str) -> Account:
    (one,) = parse((CONFIG % choice).encode(), Path()).accounts
    return one


def polled(one: Account) -> ProcessedPoll:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    return process(one, PollResult(0, SAMPLES, Diagnostics(), None, now, 1002.0, 2000.0), Snapshot())


def shown(snapshot: Snapshot) -> tuple[set[str], int]:
    """The metrics of the vendor's that are shown, and the series of all that are."""
    names = {getattr(family, "name", "") for state in snapshot.visible(0.0) for family in state.rendered}
    return {name for name in names if name.startswith("netnut")}, snapshot.series


@pytest.mark.parametrize(("choice", "names"), CHOICES.items())
def test_what_is_chosen_is_shown_and_quotas_are_the_same(choice: str, names: set[str]) -> None:
    one, all_of_it = polled(account(choice)), polled(account("{}"))
    snapshot = Snapshot().with_reading(0, one.state, one.account_state, one.ledger)

    assert shown(snapshot) == (names, all_of_it.state.series + all_of_it.account_state.series - 3 + len(names))  # type: ignore[union-attr]
    assert one.state.quotas == all_of_it.state.quotas
    assert one.account_state
    assert all_of_it.account_state
    assert one.account_state.quotas == all_of_it.account_state.quotas
    assert not one.is_empty


def test_a_reading_from_before_shows_no_more_than_is_chosen_now() -> None:
    before, now = polled(account("{}")), account(f"{{leave_out: [{REQUESTS}]}}")
    snapshot = Snapshot().with_reading(0, before.state, before.account_state, before.ledger)
    stored = StoredReading(1000.0, 1002.0, before.figures, before.state.quotas, before.state.contributions)

    for after in (
        reconfigure(now, snapshot),
        restore(now, Snapshot(), {0: stored}, before.ledger, 1010.0, 2000.0),
    ):
        assert shown(after) == ({USED, SIZE}, snapshot.series - 1)


PROBLEMS = {
    "{leave_out: [netnut_gb_usd]}": (
        "accounts[0].families.leave_out[0]",
        "is not a metric of netnut; did you mean netnut_gb_used?",
    ),
    "{keep: [netnut_gb_used, usage_quota_used]}": ("accounts[0].families.keep[1]", "is not a metric of netnut"),
    "{keep: [netnut_gb_used], leave_out: [netnut_plan_gb]}": (
        "accounts[0].families",
        "give keep or leave_out, not both",
    ),
    "{keep: [netnut_gb_used, netnut_gb_used]}": ("accounts[0].families.keep", "lists the same twice"),
    "{omit: [netnut_gb_used]}": ("accounts[0].families.omit", "unknown key"),
}


@pytest.mark.parametrize(("choice", "problem"), PROBLEMS.items())
def test_a_choice_that_cannot_be_is_said_with_its_place(choice: str, problem: tuple[str, str]) -> None:
    with pytest.raises(ConfigError) as refused:
        account(choice)

    assert [(one.path, one.text) for one in refused.value.problems] == [problem]
