"""45 days of the sandbox's world, for each vendor: the counters are what was used, whatever happens to the exporter.

It is killed at any moment, also within a poll, and goes on from its storage; the account is divided into other slices;
a customer leaves. What was used is told from the vendor's own figures, series by series: the highest of each period.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import httpx
import pytest
from page_text import page_text
from virtual_time import START, run_virtually, virtual_now

from exporter.app.exporter import Exporter, open_client
from exporter.cli import demo
from exporter.config import parse
from exporter.sandbox import World, make_app
from exporter.sandbox.accounts import stable_id
from exporter.store.files import Storage
from exporter.store.stored_reading import StoredReading
from exporter.vendors import Account

pytestmark = pytest.mark.slow

DAY: Final = 86_400.0
DAYS: Final = 45
EVERY: Final = 4 * 3600.0
LIVES: Final = 15
LEAVES_AT: Final = 20 * DAY
LEAVING: Final = {"prolifi": stable_id("prolifi", "acme", "2"), "planship": "team/blue"}

Series = dict[str, str]
FIGURES: Final = {
    "netnut": ("netnut_gb_used", ("traffic",)),
    "ionos": ("ionos_meter_quantity", ("core-hours",)),
    "prolifi": ("prolifi_entitlement_used", ("api_calls", "documents", "all")),
    "planship": ("planship_lever_usage", ("api-calls", "monthly-invoices")),
}
ALL: Final = (
    "    quotas: [{name: all, metric: prolifi_entitlement_used, match: {feature: 'api_calls|documents'}, limit: 1,"
    " period: plan}]\n"
)


OF_PLANS: Final = "    quotas:\n" + "".join(
    f"      - {{name: {lever}, metric: planship_lever_usage, match: {{lever: {lever}}}, by: [customer_id],"
    " limit: 1, period: plan}\n"
    for lever in ("api-calls", "monthly-invoices")
)


class Direct(Storage):
    """A storage that writes at once: no thread, which a clock that jumps would not wait for."""

    async def store(self, account: Account, number: int, stored: StoredReading, *, is_complete: bool = False) -> None:
        self._store(account, number, stored, is_complete=is_complete)


class Vendors(httpx.AsyncBaseTransport):
    """The sandbox, which takes a while to answer, and which a customer leaves."""

    def __init__(self) -> None:
        self._app = httpx.ASGITransport(app=make_app(World(clock=virtual_now)))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.sleep(0.2)
        has_left = virtual_now() - START >= LEAVES_AT
        path = request.url.path
        if has_left and any(f"/customers/{one}" in path for one in LEAVING.values()):
            return httpx.Response(404, json={}, request=request)
        answer = await self._app.handle_async_request(request)
        if not (has_left and path.endswith("/public/customers")):
            return answer
        await answer.aread()
        document = answer.json()
        document["data"] = [row for row in document["data"] if row["id"] != LEAVING["prolifi"]]
        document["pagination"]["total"] = len(document["data"])
        return httpx.Response(200, json=document, request=request)


def samples(page: str, name: str) -> Iterator[tuple[Series, float]]:
    for labels, value in re.findall(rf"^{name}{{(.*)}} (\S+)$", page, re.MULTILINE):
        yield dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)


class Truth:
    """What was used of each series: the highest figure of each period, less what there was at first."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, ...], float] = {}
        self.peaks: dict[tuple[str, ...], list[float]] = {}

    def see(self, family: str, page: str) -> None:
        is_first = not self.peaks
        for labels, value in samples(page, family):
            key = tuple(labels.values())
            peaks = self.peaks.setdefault(key, [value])
            if is_first:
                self.first[key] = value
            if value < peaks[-1] / 2:  # corrections are small
                peaks.append(value)
            peaks[-1] = max(peaks[-1], value)
        for labels, value in samples(page, "ionos_previous_month_quantity"):
            key = tuple(labels.values())
            if key in self.peaks and len(self.peaks[key]) > 1:
                self.peaks[key][-2] = max(self.peaks[key][-2], value)

    @property
    def used(self) -> dict[tuple[str, ...], float]:
        return {key: sum(peaks) - self.first.get(key, 0.0) for key, peaks in self.peaks.items()}


def configuration(vendor: str, seconds: float, slices: int) -> str:
    text = demo.configuration("http://127.0.0.1:1", "4h", ["acme"])
    text = "accounts:\n" + next(one for one in re.split(r"(?=  - vendor: )", text) if f"vendor: {vendor}\n" in one)
    if vendor == "prolifi":
        text += f"    max_customers: {5 * slices}\n" + ALL
    text += OF_PLANS if vendor == "planship" else ""
    if vendor == "planship" and seconds >= LEAVES_AT:
        text = text.replace('"team/blue", ', "")
    return text


class Lives:
    """An exporter that lives again and again; what was used meanwhile, and the last value of each counter."""

    def __init__(self, vendor: str, folder: Path) -> None:
        self.vendor, self.folder, self.transport = vendor, folder, Vendors()
        self.family, self.names = FIGURES[vendor]
        self.truth, self.counters = Truth(), defaultdict[tuple[str, str], float](float)
        self.dice = random.Random(7)  # noqa: S311 - the same in each run

    async def all(self) -> None:
        ends = (self.dice.uniform(0, DAYS * DAY) for _ in range(LIVES))
        for until in sorted([*ends, LEAVES_AT - 60, DAYS * DAY]):
            while anyio.current_time() < until:
                await self.one(until)
        await self.one(anyio.current_time() + 1)  # what a counter holds comes with the reading after the first

    async def one(self, until: float) -> None:
        slices = self.dice.randint(1, 3)
        config = parse(configuration(self.vendor, anyio.current_time(), slices).encode(), Path())
        storage = Direct(self.folder)
        exporter = Exporter(virtual_now, partial(open_client, transport=self.transport), storage)
        exporter.apply_config(config)
        async with exporter.poller(config.accounts[0]) as poller:
            while anyio.current_time() < until:
                is_killed = self.dice.random() < 0.1
                with anyio.move_on_after(self.dice.uniform(0, 2.5) if is_killed else 900) as scope:
                    await poller.poll()
                self.look(exporter)
                if scope.cancelled_caught:
                    break
                await anyio.sleep(EVERY)
        storage.close()

    def look(self, exporter: Exporter) -> None:
        page = page_text(exporter.store, exporter.telemetry, anyio.current_time())
        self.truth.see(self.family, page)
        for labels, value in samples(page, "usage_quota_consumed_total"):
            if (name := labels["quota"]) in self.names:
                subject = name, labels["subject"]
                assert value >= self.counters[subject]
                self.counters[subject] = value


@pytest.mark.parametrize("vendor", FIGURES)
def test_counters_are_what_was_used_over_kills_slices_and_somebody_who_leaves(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("exporter.vendors.customers._SLICE", 5)

    lives = Lives(vendor, tmp_path)
    run_virtually(lives.all)

    counters, used_of = lives.counters, lives.truth.used
    assert counters
    for (name, subject), counted in counters.items():
        used = sum(value for key, value in used_of.items() if is_of(vendor, name, subject, key))
        assert counted == pytest.approx(used), (name, subject)
    assert sum(counters.values()) > 1000


def is_of(vendor: str, name: str, subject: str, key: tuple[str, ...]) -> bool:
    """Whether a series, of which the label values are known in their order on the page, is of a quota's subject."""
    if vendor == "netnut":
        return "/".join(key[1:]) == subject
    if vendor == "ionos":
        return subject in key and any(value.startswith("C0") for value in key)
    if vendor == "prolifi":
        return key[2] in {"api_calls", "documents"} if name == "all" else key[1:] == (subject, name)
    return {name, subject} <= set(key)
