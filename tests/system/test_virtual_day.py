"""A day and more of polling all vendors of the sandbox, in seconds: the clock jumps."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest
from virtual_exporter import demo_config, exporter, text_of
from virtual_time import START, run_virtually, virtual_now

from exporter.app.run import Parts
from exporter.cli import demo
from exporter.sandbox import World, make_app
from exporter.vendors import VENDORS

pytestmark = pytest.mark.slow

DAY = 86_400.0
KEYS = [(vendor, "acme") for vendor in VENDORS]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)


def run_exporter(
    seconds: float,
    look: Callable[[Parts], Coroutine[Any, Any, None]] | None = None,
    vendors: Callable[..., Any] | None = None,
    interval: str = "5m",
) -> dict[str, float]:
    """Let the exporter run for that long, `look` beside it, and return the page's values by series."""
    pages: list[str] = []

    async def main() -> None:
        async with exporter(demo_config(interval), vendors) as parts:
            with anyio.move_on_after(seconds):
                async with anyio.create_task_group() as tasks:
                    for _, poller in parts.pollers:
                        tasks.start_soon(poller.run)
                    if look:
                        tasks.start_soon(look, parts)
            pages.append(text_of(parts, anyio.current_time()))

    run_virtually(main)
    return values(pages[0])


def values(page: str) -> dict[str, float]:
    return {
        series: float(value)
        for series, value in (line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    }


def own(name: str, vendor: str, **labels: str) -> str:
    pairs = {"account": "acme", "vendor": vendor, **labels}
    return f"usage_exporter_{name}" + "{" + ",".join(f'{k}="{v}"' for k, v in sorted(pairs.items())) + "}"


def sorted_labels(page: dict[str, float]) -> dict[str, float]:
    def normal(series: str) -> str:
        name, _, labels = series.partition("{")
        return f"{name}{{{','.join(sorted(re.findall(r'[a-z_]+=.[^,}]*', labels)))}}}" if labels else name

    return {normal(series): value for series, value in page.items()}


def test_a_day_of_polls_is_on_time_and_signs_in_as_often_as_tokens_end() -> None:
    page = sorted_labels(run_exporter(DAY + 1800, interval="15m"))

    for vendor, _ in KEYS:
        assert page[own("polls_total", vendor)] == pytest.approx(DAY / 900, abs=3)
        assert page[own("account_up", vendor)] == 1
    # NetNut's tokens are used for 23 h of their 24; Planship's last 3600 s, of which nine tenths are used.
    assert page[own("token_refreshes_total", "netnut")] == 2
    assert page[own("token_refreshes_total", "planship")] == pytest.approx(DAY / 3600 / 0.9, abs=2)
    assert sum(value for series, value in page.items() if "poll_failures_total" in series) == 0
    # The vendors never had to refuse a token: none was used beyond its life.
    assert not any('code="401"' in series for series in page)


def test_usage_grows_from_poll_to_poll() -> None:
    seen: list[float] = []

    async def look(parts: Parts) -> None:
        for _ in range(12):
            await anyio.sleep(3600)
            page = values(text_of(parts, anyio.current_time()))
            seen.append(sum(value for series, value in page.items() if series.startswith("prolifi_event_count")))

    run_exporter(13 * 3600, look, interval="30m")

    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


class Outage:
    """A sandbox that answers 503 to one vendor from one time to another."""

    def __init__(self, path: str, begins: float, ends: float) -> None:
        self._app = make_app(World(clock=virtual_now))
        self._path, self._begins, self._ends = path, begins, ends

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith(self._path) and self._begins <= virtual_now() - START < self._ends:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b"<html>down for maintenance</html>"})
        else:
            await self._app(scope, receive, send)


def test_an_outage_is_one_accounts_matter_and_its_figures_go_stale_and_come_back() -> None:
    begins, ends = 1800.0, 3 * 3600.0
    moments: dict[float, tuple[bool, float, float]] = {}

    async def look(parts: Parts) -> None:
        for minutes in (29, 40, 100, 179, 190):
            await anyio.sleep_until(started + minutes * 60)
            page = sorted_labels(values(text_of(parts, anyio.current_time())))
            moments[minutes] = (
                any(series.startswith("netnut_gb_used") for series in page),
                page[own("account_up", "netnut")],
                page[own("poll_last_success_timestamp_seconds", "netnut")] - START,
            )
            assert page[own("account_up", "ionos")] == 1
            assert any(series.startswith("ionos_meter_quantity") for series in page)

    started = 0.0
    page = sorted_labels(run_exporter(3.5 * 3600, look, Outage("/netnut", begins, ends)))

    assert [(shown, up) for shown, up, _ in moments.values()] == [
        (True, 1),  # a minute before
        (True, 0),  # failing, the last good reading shown
        (False, 0),  # more than an hour old: withdrawn
        (False, 0),
        (True, 1),  # ten minutes after its end
    ]
    assert [at <= begins for _, _, at in moments.values()] == [True, True, True, True, False]
    failures = page[own("poll_failures_total", "netnut", reason="server")]
    assert failures == pytest.approx((ends - begins) / 300, rel=0.15)


def test_a_revoked_token_costs_one_sign_in_and_no_reading() -> None:
    vendors = make_app(World(clock=virtual_now))

    async def look(_parts: Parts) -> None:
        await anyio.sleep(1000)
        vendors.state.tokens.revoke_all()

    page = sorted_labels(run_exporter(3000, look, vendors))

    assert page[own("token_refreshes_total", "netnut")] == 2
    assert page[own("requests_total", "netnut", code="401")] == 1
    assert sum(value for series, value in page.items() if "poll_failures_total" in series) == 0


def test_over_the_end_of_a_month_figures_start_anew_without_a_failure() -> None:
    to_next_month = 9.5 * DAY  # from noon on the 21st to midnight before the 1st
    seen: dict[str, dict[str, float]] = {}

    async def look(parts: Parts) -> None:
        for name, at in (("before", to_next_month - 60), ("after", to_next_month + 4 * 3600)):
            await anyio.sleep_until(at)
            seen[name] = values(text_of(parts, anyio.current_time()))

    page = sorted_labels(run_exporter(to_next_month + 5 * 3600, look, interval="3h"))

    def cores(name: str) -> float:
        return sum(
            v for s, v in seen[name].items() if s.startswith("ionos_meter_quantity") and 'meter_id="C01000"' in s
        )

    assert 0 <= cores("after") < cores("before") / 50
    assert {v for s, v in seen["after"].items() if s.startswith("prolifi_window_start")} == {START - 43_200 + 10 * DAY}
    assert sum(value for series, value in page.items() if "poll_failures_total" in series) == 0
