"""An account, and its readings as they are stored."""

from datetime import UTC, datetime

from exporter.metrics import Sample
from exporter.polling.pipeline import PollResult, process
from exporter.secret import EnvironmentSecret
from exporter.store.files import Storage
from exporter.store.snapshot import Snapshot
from exporter.store.stored_reading import StoredReading
from exporter.vendors.netnut.account import NetNut
from exporter.vendors.reply import Diagnostics

MAIN = NetNut.model_construct(
    vendor="netnut",
    name="main",
    email="a@example.com",
    password=EnvironmentSecret("PASSWORD"),
    base_url="https://example.com",
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAN = {"plan_id": "41", "product_type": "Residential"}


def kept(*samples: Sample) -> StoredReading:
    brought = PollResult(0, samples, Diagnostics(), as_of=500.0, asked_at=NOW, read_at=1002.0, stale_at=2000.0)
    polled = process(MAIN, brought, Snapshot())
    return StoredReading(
        1000.0,
        1002.0,
        polled.figures,
        polled.state.quotas,
        polled.state.contributions,
        polled.ledger.slice_part(0),
        500.0,
        3,
    )


def stored(storage: Storage) -> StoredReading:
    return storage.read(MAIN).readings[0]
