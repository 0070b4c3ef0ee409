"""What becomes of a poll when a vendor has more to tell than anybody: rows of the design's table of faults."""

import re
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from captured_logs import captured_logs
from faulty_vendors import FaultyVendors, fails, faulty_vendors, watched
from patience import DEADLINE_SECONDS

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PLANS = "netnut:/customer/usage/myusage"


@pytest.fixture
def vendors() -> Iterator[FaultyVendors]:
    at = time.time()
    with faulty_vendors(clock=lambda: at) as one:
        yield one


async def test_label_cardinality_explosion(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"timeout": "10s", "max_series": 5000}
    async with watched(vendors.url, monkeypatch, netnut=settings) as exporter:
        await exporter.poll()
        vendors.fail(f"{PLANS}:rows=2000")
        shown: list[list[str]] = []
        with captured_logs() as logs:
            for _ in range(2):
                assert all(one.up for one in (await exporter.poll()).values())
                shown.append([s for s in exporter.page().splitlines() if re.match("(netnut|usage_quota)_", s)])

        assert shown[0] == shown[1]
        assert exporter.own("account_series", "netnut") == 5000
        dropped = exporter.own("series_dropped", "netnut")
        assert dropped is not None
        assert dropped > 5000
        assert [log["vendor"] for log in logs if log["log_level"] == "warning"] == ["netnut"]
        vendors.recover()
        await fails(exporter, vendors, f"{PLANS}:rows=100000", "too_large", polls=1)


async def test_a_hundred_thousand_customers(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"max_customers": 150, "entitlements": False}
    async with watched(vendors.url, monkeypatch, ("netnut", "prolifi"), prolifi=settings) as exporter:
        vendors.fail("prolifi:*:customers=100000")
        after = await exporter.poll()

        assert all(one.up for one in after.values())
        customers = {
            re.findall(r'customer_id="([^"]+)"', series)[0]
            for series in exporter.figures("prolifi")
            if "customer_id" in series
        }
        assert len(customers) == 150
        assert exporter.own("customers_dropped", "prolifi") == 99_850
        assert exporter.own("items_skipped_total", "prolifi", reason="capped") == 99_850
        assert exporter.own("requests_total", "prolifi", code="200") == 152


async def test_paging_that_never_ends(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, Any] = {"include": ["nobody"], "interval": "2s", "stale_after": "2s"}
    async with watched(vendors.url, monkeypatch, ("netnut", "prolifi"), prolifi=settings) as exporter:
        vendors.fail("prolifi:*:endless-pages")
        with anyio.fail_after(DEADLINE_SECONDS):
            after = await exporter.poll()

        assert [vendor for vendor, one in after.items() if not one.up] == ["prolifi"]
        assert exporter.own("poll_failures_total", "prolifi", reason="timeout") == 1


async def test_paging_that_repeats(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(vendors.url, monkeypatch, ("netnut", "prolifi")) as exporter:
        await exporter.poll()
        before = exporter.figures("prolifi")
        vendors.fail("prolifi:/customers:repeating-pages")
        after = await exporter.poll()

        assert after["prolifi"].up
        assert exporter.figures("prolifi") == before
        assert vendors.calls == 2
