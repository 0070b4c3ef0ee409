"""What becomes of a poll when a vendor or the network fails: a test for each such row of the design's table of faults.

Here are the failures of connections and answers; in test_faults_figures.py are those within an answer.
"""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from captured_logs import captured_logs
from faulty_vendors import FaultyVendors, Watched, fails, faulty_vendors, reason_of, recovers, watched
from patience import DEADLINE_SECONDS
from scripted_vendor import scripted

from exporter.app.event_loop import EventLoop
from exporter.client.auth import Login
from exporter.client.retry import LONGEST_ASKED_WAIT_SECONDS
from exporter.polling.backoff import next_delay
from exporter.vendors import VENDORS

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

USAGE = "netnut:/customer/usage/*"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": EventLoop}


@pytest.fixture
def vendors() -> Iterator[FaultyVendors]:
    with faulty_vendors() as one:
        yield one


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are our own choice are short here; those that a vendor asks for are not."""
    monkeypatch.setattr("exporter.client.retry._FIRST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr("exporter.client.retry._FIRST_RATE_LIMITED_SECONDS", 0.01)


async def unreachable(exporter: Watched, vendor: str, reason: str) -> None:
    """Poll twice: this account is not reached, in time, and no other is kept waiting for it."""
    for number in (1, 2):
        with anyio.fail_after(DEADLINE_SECONDS):
            after = await exporter.poll()
        assert {name: reason_of(one) for name, one in after.items()} == {
            name: reason * (name == vendor) for name in after
        }
        assert exporter.own("poll_failures_total", vendor, reason=reason) == number
        assert all(one.read_at for name, one in after.items() if name != vendor)


async def test_dns_failure_or_dead_resolver(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    known, over = socket.getaddrinfo, threading.Event()

    def resolve(host: Any, *others: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name == "gone.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name == "dead.invalid":
            over.wait(2 * DEADLINE_SECONDS)
        return known(host, *others, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("exporter.app.event_loop._PATIENCE_SECONDS", 0.2)
    try:
        for host, reason in (("gone.invalid", "dns"), ("dead.invalid", "dns")):
            moved = {"base_url": f"https://{host}/v1"}
            async with watched(vendors.url, monkeypatch, netnut=moved) as exporter:
                await unreachable(exporter, "netnut", reason)
    finally:
        over.set()


async def test_connect_refused_or_timeout_or_black_hole(
    vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as refusing, socket.socket() as silent, socket.socket() as waiting:
        for one in (refusing, silent):
            one.bind(("127.0.0.1", 0))
        silent.listen(0)
        waiting.connect(silent.getsockname())  # the one place in its queue: a SYN after it is dropped
        for one in (refusing, silent):
            moved = {"base_url": f"http://127.0.0.1:{one.getsockname()[1]}"}
            async with watched(vendors.url, monkeypatch, netnut=moved) as exporter:
                await unreachable(exporter, "netnut", "connect")


async def test_slow_loris_body_dripping_bytes(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await fails(exporter, vendors, f"{USAGE}:drip=0.1", "timeout", polls=1)
        await recovers(exporter, vendors)


async def test_server_hangs_after_accept(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await fails(exporter, vendors, f"{USAGE}:hang", "timeout", polls=1)
        await recovers(exporter, vendors)


@pytest.mark.parametrize("fault", ["refuse", "cut", "reset", "garbage", "long-header"])
async def test_drops_mid_body_or_garbage_status_line_or_500_kb_header(
    fault: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await fails(exporter, vendors, f"{USAGE}:{fault}", "protocol")
        assert vendors.calls == 6  # each poll tries thrice
        await recovers(exporter, vendors)


@pytest.mark.parametrize("fault", ["truncate", "html", "empty", "latin-1"])
async def test_truncated_json_or_html_error_page_with_200_or_empty_body_or_latin_1(
    fault: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        logs = await fails(exporter, vendors, f"{USAGE}:{fault}", "decode")
        assert vendors.calls == 2
        await recovers(exporter, vendors)

    (said,) = [log["error"] for log in logs if log["log_level"] == "warning"]
    kind = "called HTML" if fault == "html" else "called JSON"
    assert f": not JSON: {kind}, " in said
    assert " bytes, sha256 " in said
    assert "maintenance" not in said
    assert "Residential" not in said


async def test_a_byte_order_mark_disturbs_nobody(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await exporter.poll()
        vendors.fail("*:*:bom")
        with captured_logs() as logs:
            after = await exporter.poll()

    assert vendors.calls
    assert all(snapshot.up for snapshot in after.values())
    assert logs == []


async def test_success_false_with_200(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await fails(exporter, vendors, f'{USAGE}:set=false,"message":"out of order";field=success', "api")
        assert "out of order" not in exporter.page()
        await recovers(exporter, vendors)


@pytest.mark.parametrize(
    "fault", [pytest.param("*:revoke;times=1", id="revoked"), pytest.param("*/auth/*:expired;times=1", id="expired")]
)
async def test_401_once_costs_one_more_sign_in_and_no_reading(
    fault: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch, ("netnut", "ionos", "planship")) as exporter:
        if "revoke" in fault:
            await exporter.poll()
        vendors.fail(f"netnut:{fault}")
        vendors.fail(f"planship:{fault}")
        after = await exporter.poll()

        assert [one["left"] for one in vendors.faults.described()] == [0, 0]
        assert {name for name, one in after.items() if not one.up} == set()
        assert [exporter.own("token_refreshes_total", vendor) for vendor in ("netnut", "planship")] == [2, 2]
        assert [exporter.own("requests_total", vendor, code="401") for vendor in ("netnut", "planship")] >= [1, 1]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_401_for_ever_is_auth_with_a_login_backoff(
    vendor: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"netnut": "/customer/usage/myusage", "planship": "*/customers/*/usage/*"}.get(vendor, "*")
    async with watched(vendors.url, monkeypatch, (vendor, "ionos" if vendor == "netnut" else "netnut")) as exporter:
        await fails(exporter, vendors, f"{vendor}:{asked}:revoke", "auth")
        signed_in = exporter.own("token_refreshes_total", vendor) or 0
        (logs_in,) = [isinstance(one.auth, Login) for one, _ in exporter.parts.pollers if one.vendor == vendor]

    # At first, and once a poll; a request beside the first that is refused may begin with the new token and be refused.
    least, most = (2, 5) if logs_in else (0, 0)
    assert least <= signed_in <= most


@pytest.mark.parametrize(
    ("code", "reason", "tries"),
    [
        pytest.param(403, "forbidden", 1, id="403"),
        pytest.param(404, "not_found", 1, id="404"),
        pytest.param(409, "conflict", 3, id="409"),
        pytest.param(400, "bad_request", 1, id="400"),
        pytest.param(422, "bad_request", 1, id="422"),
        pytest.param(500, "server", 3, id="500"),
        pytest.param(503, "server", 3, id="503"),
    ],
)
async def test_403_404_409_400_422_5xx(
    code: int, reason: str, tries: int, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await fails(exporter, vendors, f"ionos:/profile:status={code}", reason)
        assert vendors.calls == 2 * tries
        error = exporter.snapshot("ionos").error
        assert (next_delay(300, 0, 3, error) >= 300) == (tries == 1)  # nothing that may pass is left for long
        await recovers(exporter, vendors, "ionos")


async def next_attempt(exporter: Watched, vendor: str) -> float:
    """Let the account's loop poll once, and return how many seconds from then the next poll is announced for."""
    (poller,) = [poller for account, poller in exporter.parts.pollers if account.vendor == vendor]
    polled = exporter.own("polls_total", vendor) or 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poller.run)
        with anyio.fail_after(DEADLINE_SECONDS):
            while (exporter.own("polls_total", vendor) or 0) == polled:  # noqa: ASYNC110 - nobody tells of it
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    at = exporter.own("poll_next_attempt_timestamp_seconds", vendor)
    assert at is not None
    return at - time.time()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        pytest.param("status=429;retry-after=400", 400, id="seconds"),
        pytest.param("status=503;retry-after=400", 400, id="503, seconds"),
        pytest.param("status=429;retry-at=400", 400, id="date"),
        pytest.param("status=429;retry-at=400;skew=-86400", 400, id="date of a clock that is a day behind"),
        pytest.param("status=503;retry-at=400;skew=86400", 400, id="date of a clock that is a day ahead"),
        pytest.param("status=429;retry-after=999999999", LONGEST_ASKED_WAIT_SECONDS, id="absurdly many seconds"),
        pytest.param("status=429;retry-at=999999999", LONGEST_ASKED_WAIT_SECONDS, id="absurdly late date"),
        pytest.param("status=429;retry-at=-60", 15, id="a date that is past"),
        pytest.param("status=429;retry-after=-400", 15, id="less than none"),
        pytest.param("status=429;retry-after=soon", 15, id="junk"),
        pytest.param("status=429", 15, id="none"),
    ],
)
async def test_429_with_retry_after_seconds_and_429_or_503_with_retry_after_http_date(
    fault: str, seconds: float, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.polling.poller.LONGEST_FIRST_WAIT_SECONDS", 0.0)
    reason = "server" if "503" in fault else "rate_limited"
    async with watched(vendors.url, monkeypatch) as exporter:
        await fails(exporter, vendors, f"ionos:/profile:{fault}", reason, polls=1)
        waited = seconds > 15
        assert vendors.calls == (1 if waited else 3)
        assert await next_attempt(exporter, "ionos") == pytest.approx(seconds if waited else 30, abs=3)


@pytest.mark.parametrize("code", [301, 304, 307])
async def test_3xx_also_to_another_host(code: int, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({}) as elsewhere:
        place = elsewhere.url.replace("127.0.0.1", "localhost")
        async with watched(vendors.url, monkeypatch) as exporter:
            logs = await fails(exporter, vendors, f"{USAGE}:redirect={place}/path?q=1;code={code}", "redirect")
            await recovers(exporter, vendors)

    assert elsewhere.connections == []
    (said,) = [log["error"] for log in logs if log["log_level"] == "warning"]
    assert said.endswith(f": HTTP {code}, which is not followed")
