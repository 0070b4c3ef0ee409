"""Each fault of the sandbox does on the wire what it says: asked over a real socket, looked at byte by byte."""

import gzip
import json
import re
import socket
import time
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from exporter_process import ANY_PORT, ended, running
from faulty_vendors import IONOS_KEY, PROLIFI_KEY, FaultyVendors, faulty_vendors, request_bytes
from patience import DEADLINE_SECONDS
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from exporter.sandbox import SIMULATIONS, read_fault
from exporter.sandbox.faults_body import TEXTS
from exporter.sandbox.faults_call import Call
from exporter.sandbox.faults_credentials import revoke
from exporter.sandbox.faults_kinds import KINDS
from exporter.sandbox.netnut.accounts import ACCOUNTS

PROFILE = "/ionos/billing/profile"
PRODUCTS = "/ionos/billing/32100457/products"
LIST = "/prolifi/api/v1/public/customers"
LOGIN = "/netnut/v1/auth/login"
CONTRACTS = [{"contractId": "031909628"}, {"contractId": "32100457"}]
MIB = 1 << 20


@pytest.fixture(scope="module")
def served() -> Iterator[FaultyVendors]:
    with faulty_vendors(clock=lambda: 1795262400.0) as one:
        yield one


@pytest.fixture
def vendors(served: FaultyVendors) -> Iterator[FaultyVendors]:
    yield served
    served.recover()


@pytest.fixture
def well(vendors: FaultyVendors) -> bytes:
    return vendors.ask(PROFILE, IONOS_KEY)[2]


def profile(vendors: FaultyVendors, fault: str) -> tuple[int, Message, bytes]:
    vendors.fail(f"ionos:/profile:{fault}")
    return vendors.ask(PROFILE, IONOS_KEY)


def document(vendors: FaultyVendors, fault: str, path: str = PROFILE) -> Any:
    vendors.fail(f"ionos:*:{fault}")
    return json.loads(vendors.ask(path, IONOS_KEY)[2])


def test_refuse_closes_without_a_byte(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:*:refuse")

    assert vendors.raw(PROFILE) == b""


def test_hang_says_nothing_until_the_client_goes_and_then_lets_go(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:*:hang")
    with vendors.connect() as connection:
        connection.sendall(request_bytes(PROFILE, IONOS_KEY))
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(DEADLINE_SECONDS)

        assert connection.recv(1) == b""


def test_hang_for_seconds_answers_then(vendors: FaultyVendors, well: bytes) -> None:
    began = time.monotonic()
    status, _, body = profile(vendors, "hang=0.3")

    assert (status, body) == (200, well)
    assert time.monotonic() - began >= 0.3


def test_drip_sends_byte_after_byte(vendors: FaultyVendors, well: bytes) -> None:
    vendors.fail("ionos:*:drip=0.01")
    with vendors.connect() as connection:
        connection.sendall(request_bytes(PROFILE, IONOS_KEY))
        arrived = [(time.monotonic(), part) for part in iter(lambda: connection.recv(1 << 16), b"")]

    assert b"".join(part for _, part in arrived).endswith(b"\r\n\r\n" + well)
    assert arrived[-1][0] - arrived[0][0] >= 0.01 * (len(well) - 1)
    assert len(arrived) > 5  # parts that arrive while this process waits its turn are read as one


def test_cut_ends_properly_in_the_middle_of_the_body(vendors: FaultyVendors, well: bytes) -> None:
    vendors.fail("ionos:*:cut")
    head, _, body = vendors.raw(PROFILE, IONOS_KEY).partition(b"\r\n\r\n")

    assert f"content-length: {len(well)}".encode() in head.lower()
    assert body == well[: len(well) // 2]


def test_reset_ends_by_a_reset_in_the_middle_of_the_body(vendors: FaultyVendors, well: bytes) -> None:
    vendors.fail("ionos:*:reset")
    with vendors.connect() as connection:
        connection.sendall(request_bytes(PROFILE, IONOS_KEY))
        received = connection.recv(1 << 16)
        while not received.endswith(well[: len(well) // 2]):
            received += connection.recv(1 << 16)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)

    assert received.endswith(b"\r\n\r\n" + well[: len(well) // 2])


def test_garbage_is_no_http(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:*:garbage")

    assert vendors.raw(PROFILE) == b"SSH-2.0-OpenSSH_9.6\r\n"


def test_a_long_header_is_as_long_as_asked_for(vendors: FaultyVendors, well: bytes) -> None:
    _, headers, body = profile(vendors, "long-header")

    assert (len(headers["x-long"]), body) == (500_000, well)


def test_endless_goes_on_until_the_client_goes(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:*:endless")
    with vendors.connect() as connection:
        connection.sendall(request_bytes(PROFILE, IONOS_KEY))
        received = 0
        while received < 40 * MIB:
            received += len(connection.recv(MIB))

    vendors.recover()
    assert vendors.ask(PROFILE, IONOS_KEY)[0] == 200


def test_huge_is_the_document_after_so_many_mebibytes(vendors: FaultyVendors, well: bytes) -> None:
    _, _, body = profile(vendors, "huge=20")

    assert len(body) == 20 * MIB + len(well)
    assert body.strip() == well


@pytest.mark.slow
def test_a_gzip_bomb_is_small_and_unpacks_to_so_many_mebibytes(vendors: FaultyVendors) -> None:
    _, headers, body = profile(vendors, "gzip-bomb=100")

    assert headers["content-encoding"] == "gzip"
    assert len(body) < MIB / 5
    unpacker, unpacked = zlib.decompressobj(31), 0
    while not unpacker.eof:
        unpacked += len(unpacker.decompress(body, MIB))
        body = unpacker.unconsumed_tail
    assert unpacked == 100 * MIB


def test_gzip_twice_is_packed_and_packed_again(vendors: FaultyVendors, well: bytes) -> None:
    _, headers, body = profile(vendors, "gzip-twice")

    assert headers["content-encoding"] == "gzip, gzip"
    assert gzip.decompress(gzip.decompress(body)) == well


def test_what_is_said_instead_of_the_document(vendors: FaultyVendors, well: bytes) -> None:
    for fault, expected, kind in (
        ("truncate", well[: len(well) // 2], "application/json"),
        ("empty", b"", "application/json"),
        ("bom", b"\xef\xbb\xbf" + well, "application/json"),
        ("latin-1", well.replace(b'"', b'"\xe9', 1), "application/json; charset=iso-8859-1"),
        ("wrong-top", json.dumps(well.decode()).encode(), "application/json"),
    ):
        status, headers, body = profile(vendors, fault)
        assert (status, headers["content-type"], body) == (200, kind, expected), fault
        vendors.recover()


def test_html_is_a_web_page_with_200(vendors: FaultyVendors) -> None:
    status, headers, body = profile(vendors, "html")

    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"maintenance" in body


@pytest.mark.parametrize(
    ("fault", "companies"),
    [
        ("nulls;field=contractId", [{"contractId": None}, {"contractId": None}]),
        ("nulls;field=contract*,x;at-most=1", [{"contractId": None}, CONTRACTS[1]]),
        ("missing;field=contractId;at-most=1", [{}, CONTRACTS[1]]),
        ("wrong-types;field=contractId", [{"contractId": ["031909628"]}, {"contractId": ["32100457"]}]),
        ("set=-1e3;field=contractId", [{"contractId": -1000}, {"contractId": -1000}]),
        ('set="a\\nb\\u003b";field=contractId;at-most=1', [{"contractId": "a\nb;"}, CONTRACTS[1]]),
        ("nulls;field=nowhere", CONTRACTS),
    ],
)
def test_fields_are_changed(fault: str, companies: Any, vendors: FaultyVendors) -> None:
    answered = document(vendors, fault)["companies"]

    assert [{k: v for k, v in company.items() if k == "contractId"} for company in answered] == companies


def test_what_is_set_need_not_be_json(vendors: FaultyVendors) -> None:
    _, _, body = profile(vendors, "set=NaN;field=contractId;at-most=1")

    assert b'{"contractId": NaN, ' in body


def test_every_type_becomes_another(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:/customers/*:wrong-types")
    path = f"{LIST}/acme-customer-001/entitlements"
    rows = json.loads(vendors.ask(path, PROLIFI_KEY)[2])["data"]

    assert rows[2] == {
        "feature_id": ["seats"],
        "feature_name": ["Seats"],
        "is_unlimited": {"flag": True},
        "limit": None,
        "current_usage": "a lot",
        "remaining": None,
        "reset_at": None,
    }


@pytest.mark.parametrize("kind", TEXTS)
def test_names_are_hard_to_show_and_nothing_else_is(kind: str, vendors: FaultyVendors) -> None:
    before = json.loads(vendors.ask(PRODUCTS, IONOS_KEY)[2])["products"]
    after = document(vendors, f"labels={kind};at-most=3", PRODUCTS)["products"]

    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert 1 <= len(changed) <= 3
    for one, other in changed:
        assert other.keys() == one.keys()
        for name in one:
            if other[name] != one[name]:
                assert name in ("meterDesc", "type")
                assert other[name] == f"{one[name]} {TEXTS[kind]}"
    assert kind != "long" or len(json.dumps(after)) > 1_000_000


def test_rows_are_multiplied_and_told_apart(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:/customers/*:rows=5000;field=feature_id")
    rows = json.loads(vendors.ask(f"{LIST}/acme-customer-001/entitlements", PROLIFI_KEY)[2])["data"]

    assert len(rows) == len({row["feature_id"] for row in rows}) == 5000


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


def pages(vendors: FaultyVendors, most: int) -> Iterator[dict[str, Any]]:
    for number in range(most):
        page = json.loads(vendors.ask(f"{LIST}?limit=100&offset={100 * number}", PROLIFI_KEY)[2])
        yield page
        if not page["pagination"]["has_more"]:
            return


def test_a_hundred_thousand_customers_are_listed_each_once_and_have_figures(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:*:customers=100000")
    last = json.loads(vendors.ask(f"{LIST}?limit=100&offset=99900", PROLIFI_KEY)[2])
    first, second = list(pages(vendors, 2))
    ids = {row["id"] for page in (first, second, last) for row in page["data"]}

    assert [len(page["data"]) for page in (first, second, last)] == [100, 100, 100]
    assert len(ids) == 300
    assert [page["pagination"]["has_more"] for page in (first, second, last)] == [True, True, False]
    assert first["pagination"]["total"] == 100_000
    for customer in (first["data"][0], last["data"][99]):
        assert vendors.ask(f"{LIST}/{customer['id']}/usage", PROLIFI_KEY)[0] == 200


def test_pages_without_end_bring_news_for_ever(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:/customers:endless-pages")
    ids = [row["id"] for page in pages(vendors, 30) for row in page["data"]]

    assert len(ids) == len(set(ids)) == 3000


def test_pages_that_repeat_bring_no_news(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:/customers:repeating-pages")
    read = list(pages(vendors, 5))

    assert len(read) == 5
    assert all(page["data"] == read[0]["data"] for page in read)


def test_a_fault_is_of_its_vendor_and_path_and_used_up(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:/*/products:status=503;times=2")
    vendors.fail("ion*:/*:status=409;times=1")
    asked = [vendors.ask(path, IONOS_KEY)[0] for path in (PRODUCTS, PROFILE, PRODUCTS, PRODUCTS, PROFILE)]

    assert asked == [503, 409, 503, 200, 200]
    assert vendors.ask(LIST, PROLIFI_KEY)[0] == 200


def test_faults_are_added_told_and_cleared_over_http(vendors: FaultyVendors) -> None:
    ask = partial(vendors.ask, "/-/faults")
    added, _, body = ask(method="POST", body=b"ionos:/profile:status=503;times=2\n\nprolifi:*:empty\n")
    vendors.ask(PROFILE, IONOS_KEY)
    one, other = json.loads(ask()[2])

    assert (added, len(json.loads(body)), body[-1:]) == (201, 2, b"\n")
    assert one | {"number": 0} == {"number": 0, "fault": "ionos:/profile:status=503;times=2", "calls": 1, "left": 1}
    assert other | {"number": 0} == {"number": 0, "fault": "prolifi:*:empty", "calls": 0, "left": None}
    assert vendors.ask(f"/-/faults/{one['number']}", method="DELETE")[0] == 204
    assert vendors.ask(PROFILE, IONOS_KEY)[0] == 200
    assert json.loads(ask()[2]) == [other]
    assert vendors.ask(f"/-/faults/{one['number']}", method="DELETE")[0] == 404
    assert (ask(method="DELETE")[0], json.loads(ask()[2])) == (204, [])


def test_a_mistake_among_faults_adds_none(vendors: FaultyVendors) -> None:
    status, _, body = vendors.ask("/-/faults", method="POST", body=b"ionos:*:empty\nionos:*:emptiness")

    assert (status, json.loads(vendors.ask("/-/faults")[2])) == (400, [])
    assert json.loads(body)["detail"].startswith("unknown fault 'emptiness'; write one of: refuse, ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "write VENDOR:PATH:FAULT, such as 'netnut:*:status=503;times=3'"),
        ("netnut:status=503", "write VENDOR:PATH:FAULT, such as 'netnut:*:status=503;times=3'"),
        ("netnut:/x:", "write VENDOR:PATH:FAULT, such as 'netnut:*:status=503;times=3'"),
        ("nobody:*:empty", f"unknown vendor 'nobody'; write one of: {', '.join(SIMULATIONS)}, *"),
        ("netnut:customer:empty", "write a path that begins with / or *"),
        ("*:*:status", "status: write =CODE after its name"),
        ("*:*:status=600", "status: value '600': write a status of HTTP from 200, such as 503"),
        ("*:*:status=100", "status: value '100': write a status of HTTP from 200, such as 503"),
        ("*:*:status=503;times=0", "status: write a whole number from 1"),
        ("*:*:status=503;often=3", "status: unknown option often; write one of: retry-after, retry-at, skew, times"),
        ("*:*:status=503;retry-after", "status: write retry-after=VALUE after the ;"),
        ("*:*:status=503;retry-after=a\nb", "status: retry-after 'a\\nb': write visible ASCII characters"),
        ("*:*:empty=1", "empty: only options may follow its name"),
        ("*:*:hang=long", "hang: value 'long': write seconds"),
        ("*:*:hang=nan", "hang: value 'nan': write seconds"),
        ("*:*:skew=1e12", "skew: value '1e12': write seconds, negative for the past"),
        ("*:*:redirect=elsewhere", "redirect: value 'elsewhere': write a URL, such as http://127.0.0.1:1/"),
        ("*:*:set=1", "set: write ;field=NAMES too"),
        ("*:*:labels=odd", f"labels: value 'odd': write one of: {', '.join(TEXTS)}"),
    ],
)
def test_what_is_no_fault_is_told_with_what_to_write(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        read_fault(text)


def test_every_kind_says_what_it_does_in_a_sentence() -> None:
    for name, kind in KINDS.items():
        assert kind.meaning.endswith("."), name
        assert kind.meaning[0].isupper(), name


@pytest.mark.slow
def test_a_sandbox_is_started_with_faults_which_its_help_lists(tmp_path: Path) -> None:
    options = ("--fault=ionos:/profile:status=503;retry-after=7;times=1", "--fault=prolifi:*:html")
    with running(tmp_path, "sandbox", ANY_PORT, *options) as sandbox:
        told = json.loads(sandbox.get("/-/faults")[1])
        failed, there = sandbox.get(PROFILE)[0], sandbox.get(PROFILE)[0]
        assert sandbox.stop() == 0

    assert [one["fault"] for one in told] == [option.removeprefix("--fault=") for option in options]
    assert (failed, there) == (503, 401)
    listed = ended("sandbox", "--help").stdout.partition("Faults:")[2]
    assert set(re.findall(r"^  ([a-z0-9-]+)", listed, re.MULTILINE)) >= set(KINDS)
