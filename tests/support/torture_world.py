"""A vendor whose figure can be changed, an account of it, and an exporter that shows both."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from page_text import page_text, value_of
from scripted_vendor import Answer, Scripted, ScriptedVendor, answer, scripted

from exporter.app.exporter import Exporter
from exporter.config import load
from exporter.store.files import Storage
from exporter.vendors import Account


@dataclass
class World:
    """A vendor whose plan's figure can be changed, and an account of it with a folder to keep its readings."""

    vendor: ScriptedVendor
    folder: Path
    used: list[float] = field(default_factory=lambda: [5.0])

    @property
    def config(self) -> Path:
        """The configuration's file."""
        return self.folder / "config.yaml"

    def configure(self, interval: str = "1h") -> None:
        """Write the configuration."""
        (self.folder / "password").write_text("an-invented-secret")
        account = {
            "vendor": "netnut",
            "name": "main",
            "base_url": self.vendor.url,
            "email": "a@example.com",
            "password_file": str(self.folder / "password"),
            "interval": interval,
        }
        self.config.write_text(json.dumps({"accounts": [account]}))


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Run a vendor, and write a configuration for it."""
    used = [5.0]

    def usage(_request: object) -> Answer:
        plan = {"id": 41, "product_type": "Residential", "is_active": True, "plan_gb": 100, "usage_percentage": "1"}
        dates = {"start_date": "2026-11-01T00:00:00.000Z", "end_date": "2096-12-01T00:00:00.000Z"}
        figures = {"total_gb_used": used[0], "total_requests_used": 10 * used[0]}
        return answer({"success": True, "data": [{**plan, **dates, **figures}]})

    script: dict[str, list[Scripted]] = {
        "POST /auth/login": [answer({"success": True, "token": "an-invented-token"})],
        "POST /customer/usage/myusage": [usage],
    }
    with scripted(script) as vendor:
        one = World(vendor, folder, used)
        one.configure()
        yield one


def shown(exporter: Exporter) -> tuple[float | None, float | None]:
    """What the page says is used, and what its counter says."""
    page = page_text(exporter.store, exporter.telemetry, anyio.current_time())
    of = {"account": "main", "plan_id": "41", "product_type": "Residential"}
    quota = {"vendor": "netnut", "account": "main", "subject": "41/Residential", "unit": "GB", "quota": "traffic"}
    return value_of(page, "netnut_gb_used", **of), value_of(page, "usage_quota_consumed_total", **quota)


def opened(world: World) -> tuple[Exporter, Storage, Account]:
    """An exporter that has taken its configuration up, with what was stored."""
    storage = Storage(world.folder / "storage")
    exporter = Exporter(storage=storage)
    (account,) = exporter.apply_config(load(world.config))
    return exporter, storage, account
