"""What is a level, such as the cores of a contract, over polls and a restart: it falls, and has no counter."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from quota_samples import read_account, resource

from exporter.metrics import Family, Sample
from exporter.metrics.quota import QUOTA_CONSUMED, QUOTA_LIMIT, QUOTA_USED
from exporter.polling.pipeline import PollResult, process, restore
from exporter.store.files import Storage
from exporter.store.snapshot import Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.vendors import Account
from exporter.vendors.reply import Diagnostics

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUOTAS = {QUOTA_USED, QUOTA_LIMIT, QUOTA_CONSUMED}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("TOKEN", "an-invented-secret")
    return read_account("ionos", "limits: true")


def polled(account: Account, samples: Sequence[Sample], before: Snapshot) -> tuple[Snapshot, StoredReading]:
    found = process(account, PollResult(0, samples, Diagnostics(), None, NOW, 1002.0, 2000.0), before)
    reading = StoredReading(
        1000.0, 1002.0, found.figures, found.state.quotas, found.state.contributions, found.ledger.slice_part(0)
    )
    return before.with_reading(0, found.state, found.account_state, found.ledger), reading


def shown(snapshot: Snapshot) -> set[Family]:
    rendered = {family for state in snapshot.visible(0.0) for family in state.rendered}
    return {family for family in QUOTAS if family in rendered}


def used(snapshot: Snapshot) -> list[tuple[float, float | None]]:
    return [(quota.used, quota.limit) for state in snapshot.visible(0.0) for quota in state.quotas]


def test_a_level_goes_on_after_a_restart_and_never_has_a_counter(account: Account, tmp_path: Path) -> None:
    first, reading = polled(account, resource(40, 64), Snapshot())
    storage = Storage(tmp_path)
    storage.write(account, 0, reading)
    kept = storage.read(account)
    restored = restore(account, Snapshot(), kept.readings, kept.readings[0].ledger, 1010.0, 2000.0)
    after, _ = polled(account, resource(10, 64), restored)

    assert [used(one) for one in (first, restored, after)] == [[(40.0, 64.0)], [(40.0, 64.0)], [(10.0, 64.0)]]
    assert [shown(one) for one in (first, restored, after)] == [{QUOTA_USED, QUOTA_LIMIT}] * 3
    assert [one.series for one in (first, restored, after)] == [4] * 3
    assert not after.ledger.totals
