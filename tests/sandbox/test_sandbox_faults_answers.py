"""Faults of status, dates, redirects and credentials."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime

import anyio
import pytest
from faulty_vendors import IONOS_KEY, LIST, PROFILE, PROLIFI_KEY, FaultyVendors, faulty_vendors, profile
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from exporter.sandbox.faults_call import Call
from exporter.sandbox.faults_credentials import revoke
from exporter.sandbox.netnut.accounts import ACCOUNTS

LOGIN = "/netnut/v1/auth/login"


@pytest.fixture
def vendors() -> Iterator[FaultyVendors]:
    with faulty_vendors(clock=lambda: 1795262400.0) as one:
        yield one


@pytest.fixture
def well(vendors: FaultyVendors) -> bytes:
    return vendors.ask(PROFILE, IONOS_KEY)[2]


@pytest.mark.parametrize("code", [204, 301, 304, 400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 502, 503, 504])
def test_a_status_is_answered(code: int, vendors: FaultyVendors) -> None:
    status, headers, body = profile(vendors, f"status={code}")

    assert (status, headers["retry-after"]) == (code, None)
    assert bool(body) == (code not in (204, 304))


def date_of(headers: Message, name: str = "date") -> datetime:
    (value,) = headers.get_all(name, [])
    return parsedate_to_datetime(value)


@pytest.mark.parametrize(
    "asked", ["120", "-1", "1e9", "99999999999999999999", "soon", "Wed, 99 Foo 2026 00:00:00 GMT", "in 5, 6"]
)
def test_retry_after_is_sent_as_it_is_written(asked: str, vendors: FaultyVendors) -> None:
    assert profile(vendors, f"status=429;retry-after={asked}")[1]["retry-after"] == asked


@pytest.mark.parametrize(("wait", "skew"), [(120, 0), (-60, 0), (30, 86_400), (30, -7200)])
def test_retry_after_may_be_a_date_by_the_vendors_own_clock(wait: int, skew: int, vendors: FaultyVendors) -> None:
    _, headers, _ = profile(vendors, f"status=503;retry-at={wait};skew={skew}")

    assert date_of(headers, "retry-after") - date_of(headers) == timedelta(seconds=wait)
    assert abs(date_of(headers).timestamp() - time.time() - skew) < 5


def test_a_good_answer_may_be_dated_wrongly(vendors: FaultyVendors, well: bytes) -> None:
    status, headers, body = profile(vendors, "skew=-86400")

    assert (status, body) == (200, well)
    assert abs(date_of(headers).timestamp() - time.time() + 86_400) < 5


def test_a_redirect_leads_elsewhere(vendors: FaultyVendors) -> None:
    status, headers, body = profile(vendors, "redirect=http://elsewhere.invalid/path;code=307")

    assert (status, headers["location"], body) == (307, "http://elsewhere.invalid/path", b"")


@pytest.mark.parametrize(("path", "key"), [(PROFILE, IONOS_KEY), (LIST, PROLIFI_KEY)])
def test_a_revoked_key_is_refused_by_the_vendor_itself(path: str, key: dict[str, str], vendors: FaultyVendors) -> None:
    refused = vendors.ask(path, {"Authorization": "Bearer wrong"})
    vendors.fail("*:*:revoke;times=1")

    assert vendors.ask(path, key)[::2] == refused[::2]
    assert vendors.ask(path, key)[0] == 200


def test_a_revoked_key_is_kept_from_the_vendor_whichever_header_it_is_in() -> None:
    heard: list[bytes] = []

    async def vendor(scope: Scope, _: Receive, send: Send) -> None:
        heard.extend(value for _, value in scope["headers"])
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def ignore(_: Event) -> None:
        pass

    async def nothing() -> Event:
        return {"type": "http.request"}

    sent = [(b"host", b"a.example"), (b"x-api-key", b"key"), (b"Authorization", b"key"), (b"accept", b"*/*")]
    anyio.run(revoke, Call(vendor, {"type": "http", "headers": sent}, nothing, ignore, {}))

    assert heard == [b"a.example", b"*/*", b"Bearer revoked"]


@pytest.mark.parametrize("fault", ["revoke", "expired"])
def test_a_token_is_good_no_more(fault: str, vendors: FaultyVendors) -> None:
    acme = ACCOUNTS["acme"]
    login = json.dumps({"email": acme.email, "password": acme.password}).encode()
    vendors.fail(f"netnut:{'/auth/login' if fault == 'expired' else '/auth/authenticated'}:{fault};times=1")
    asked = []
    for _ in range(2):
        token = json.loads(vendors.ask(LOGIN, method="POST", body=login)[2])["token"]
        asked.append(vendors.ask("/netnut/v1/auth/authenticated", {"Authorization": token})[0])

    assert asked == [401, 200]
