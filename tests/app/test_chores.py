"""What an exporter does besides polling."""

from pathlib import Path

import anyio
import pytest
from patience import DEADLINE_SECONDS

from exporter.app import chores
from exporter.app.exporter import Exporter
from exporter.quota import Ledger, QuotaId, Total
from exporter.sharding import Shard
from exporter.status.pace import Paces
from exporter.store.files import Storage
from exporter.store.observations import Observation, Observations
from exporter.store.snapshot import Snapshot

KEY, QUOTA = ("netnut", "main"), QuotaId("traffic", "41", "GB")


def test_what_was_seen_of_counters_is_stored_once_it_can_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another process writes to the folder at first."""
    monkeypatch.setattr(chores, "_PACES_SECONDS", 0.01)
    other, storage, exporter = Storage(tmp_path), Storage(tmp_path), Exporter()
    exporter.store.reconfigure({KEY: 1})
    exporter.store.restore(KEY, Snapshot(ledger=Ledger(totals={QUOTA: Total(5.0, 1.0)})))

    async def main() -> None:
        await other.store_observations(Shard(), {}, 1.0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(chores.observe_counters, exporter, paces, storage, lambda: 7.0)
            with anyio.fail_after(DEADLINE_SECONDS):
                while not paces.observations:  # noqa: ASYNC110 - nobody tells of it
                    await anyio.sleep(0.01)
                assert storage.observations(Shard()) == {}
                other.close()
                while not storage.observations(Shard()):  # noqa: ASYNC110 - the same
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()

    paces = Paces()
    anyio.run(main)

    assert storage.observations(Shard()) == {
        (KEY, QUOTA): Observations(1.0, Observation(7.0, 5.0), Observation(7.0, 5.0))
    }
