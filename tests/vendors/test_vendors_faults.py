"""The same questions asked of every vendor: what becomes of a poll when the vendor, or the network, fails."""

import gzip
from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from polled_accounts import NOW, Tally, account_at, page, polled
from recorded_replies import expected_page, recorded_replies, recorded_script, recorded_settings, recorded_sign_in
from scripted_vendor import Answer, Scripted, ScriptedVendor, answer, scripted

from exporter.client.auth import ApiKey, Login
from exporter.client.body import MAX_BODY_BYTES
from exporter.client.retry import ATTEMPTS
from exporter.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    PollError,
    ProtocolBroken,
    RateLimited,
    Redirected,
    ServerFailed,
    TimedOut,
    TooLarge,
    Unauthorized,
    Undecodable,
)
from exporter.vendors import VENDORS, Account

pytestmark = pytest.mark.slow

SIGN_INS = {vendor: call for vendor in VENDORS if (call := recorded_sign_in(vendor))}
KEYS = [vendor for vendor in VENDORS if vendor not in SIGN_INS]
CUT_SHORT = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"data": ['
GARBAGE = b"SSH-2.0-OpenSSH_9.6\r\n"
LONG_HEADER = b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 500_000 + b"\r\nContent-Length: 2\r\n\r\n{}"
LATIN_1 = b'{"data": "\xe9"}'
GZIPPED = {"Content-Encoding": "gzip"}
ZEROS = gzip.compress(bytes(MAX_BODY_BYTES + 1))


def in_seconds(seconds: int) -> dict[str, str]:
    """Return the headers of an answer that asks to wait until a point in time, seconds after its own Date."""
    until = NOW + timedelta(seconds=seconds)
    return {"Date": format_datetime(NOW, usegmt=True), "Retry-After": format_datetime(until, usegmt=True)}


FAILING: dict[str, tuple[Answer, type[PollError]]] = {
    "400": (Answer(400), BadRequest),
    "403": (Answer(403), Forbidden),
    "404": (Answer(404), NotFound),
    "410": (Answer(410), NotFound),
    "408": (Answer(408), TimedOut),
    "409": (Answer(409), Conflict),
    "422": (Answer(422), BadRequest),
    "500": (Answer(500), ServerFailed),
    "503": (Answer(503), ServerFailed),
    "a redirect without a place": (Answer(302), Redirected),
    "not modified": (Answer(304, b"", {"Location": "http://["}), Redirected),
    "no content": (Answer(204, b""), Undecodable),
    "nothing": (Answer(200, b""), Undecodable),
    "a web page": (Answer(200, b"<html>down for maintenance</html>", {"Content-Type": "text/html"}), Undecodable),
    "half a document": (Answer(200, b'{"success": true, "data": [{"id": 1'), Undecodable),
    "two byte order marks": (Answer(200, 2 * b"\xef\xbb\xbf" + b"{}"), Undecodable),
    "Latin-1": (Answer(200, LATIN_1, {"Content-Type": "application/json; charset=iso-8859-1"}), Undecodable),
    "not a number": (Answer(200, b'{"data": NaN}'), Undecodable),
    "nested too deep": (Answer(200, b"[" * 100_000), Undecodable),
    "a string": (answer("fine"), Malformed),
    "a number": (answer(7), Malformed),
    "null": (answer(None), Malformed),
    "a list": (answer([]), Malformed),
    "brotli": (Answer(200, b"{}", {"Content-Encoding": "br"}), Undecodable),
    "gzip twice": (Answer(200, b"{}", {"Content-Encoding": "gzip, gzip"}), Undecodable),
    "broken gzip": (Answer(200, b"{}", GZIPPED), Undecodable),
    "half of a gzip": (Answer(200, ZEROS[:100], GZIPPED), Undecodable),
    "too much": (Answer(200, b" " * (MAX_BODY_BYTES + 1)), TooLarge),
    "much announced": (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}"), TooLarge),
    "much in little": (Answer(200, ZEROS, GZIPPED), TooLarge),
    "a reset within the body": (Answer(raw=CUT_SHORT, reset=True), ProtocolBroken),
    "an end within the body": (Answer(raw=CUT_SHORT), ProtocolBroken),
    "another protocol": (Answer(raw=GARBAGE), ProtocolBroken),
    "an endless header": (Answer(raw=LONG_HEADER), ProtocolBroken),
    "no answer": (Answer(raw=b""), ProtocolBroken),
}
PASSING: dict[str, Answer] = {
    "408": Answer(408),
    "409": Answer(409),
    "429": Answer(429),
    "429 for a second": Answer(429, headers={"Retry-After": "1"}),
    "429 until a second later": Answer(429, headers=in_seconds(1)),
    "500": Answer(500),
    "503": Answer(503),
    "a reset within the body": Answer(raw=CUT_SHORT, reset=True),
    "an end within the body": Answer(raw=CUT_SHORT),
    "another protocol": Answer(raw=GARBAGE),
    "silence": Answer(hangs=True),
}
every_vendor = pytest.mark.parametrize("vendor", VENDORS)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are our own choice are short here; those that a vendor asks for are not."""
    monkeypatch.setattr("exporter.client.retry._FIRST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr("exporter.client.retry._FIRST_RATE_LIMITED_SECONDS", 0.01)


def questions(vendor: str) -> list[str]:
    """Return what the vendor is asked, but for signing in; a failure of the first fails every poll."""
    return [key for key in recorded_script(vendor) if key != SIGN_INS.get(vendor)]


def failing(vendor: str, given: Scripted) -> dict[str, Sequence[Scripted]]:
    """Return a script by which one may sign in, and every question gets the same answer."""
    return {**recorded_script(vendor), **{key: [given] for key in questions(vendor)}}


def passing(vendor: str, *given: Scripted) -> dict[str, Sequence[Scripted]]:
    """Return a script by which the first question gets other answers at first, and all else is well."""
    script = recorded_script(vendor)
    first = questions(vendor)[0]
    return {**script, first: [*given, *script[first]]}


def tokens(vendor: str, account: Account) -> list[Scripted]:
    """Return the answers to two sign-ins, each with a token of its own: requests at the same time share the second."""
    assert isinstance(account.auth, Login)
    reply = recorded_replies(vendor)[SIGN_INS[vendor]]
    return [answer({**reply, account.auth.token_field: f"token-{number}"}) for number in (1, 2)]


def account_of(vendor: str, server: ScriptedVendor, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    return account_at(server.url, monkeypatch, {**recorded_settings(vendor), **settings})


def most_asked(vendor: str, server: ScriptedVendor) -> int:
    return max(server.asked(key) for key in questions(vendor))


@every_vendor
@pytest.mark.parametrize(("given", "kind"), FAILING.values(), ids=FAILING)
def test_a_failure_that_stays_fails_the_poll_and_is_retried_only_if_it_may_pass(
    vendor: str, given: Answer, kind: type[PollError], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(failing(vendor, given)) as server:
        account = account_of(vendor, server, monkeypatch)
        outcome = polled(account)

    doubted = isinstance(account.auth, Login) and given.status in {400, 401, 403}
    assert type(outcome) is kind, outcome
    assert most_asked(vendor, server) == (2 if doubted else ATTEMPTS if kind.retried else 1)


@every_vendor
@pytest.mark.parametrize("given", PASSING.values(), ids=PASSING)
def test_a_failure_that_passes_leaves_no_trace(vendor: str, given: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally()
    with scripted(passing(vendor, given)) as server:
        account = account_of(vendor, server, monkeypatch, timeout="2s" if given.hangs else "30s")
        outcome = polled(account, tally=tally)

    assert page(account, outcome) == expected_page(vendor)
    assert server.asked(questions(vendor)[0]) == 2
    assert tally.sign_ins == (vendor in SIGN_INS)


@every_vendor
@pytest.mark.parametrize("headers", [{"Retry-After": "600"}, in_seconds(600)], ids=["seconds", "date"])
def test_a_long_wait_that_the_vendor_asks_for_ends_the_poll_at_once(
    vendor: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(failing(vendor, Answer(429, headers=headers))) as server:
        outcome = polled(account_of(vendor, server, monkeypatch))

    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after == 600
    assert most_asked(vendor, server) == 1


@every_vendor
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_takes_no_credentials_elsewhere(
    vendor: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(recorded_script(vendor)) as elsewhere:
        moved = Answer(status, headers={"Location": f"{elsewhere.url}/moved?to=here"})
        with scripted(failing(vendor, moved)) as server:
            outcome = polled(account_of(vendor, server, monkeypatch))

    assert isinstance(outcome, Redirected)
    assert str(outcome).endswith(f": HTTP {status}, which is not followed")
    assert elsewhere.requests == []


@pytest.mark.parametrize("vendor", SIGN_INS)
def test_a_revoked_token_is_replaced_once_and_the_reading_is_whole(
    vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(passing(vendor, Answer(401))) as server:
        account = account_of(vendor, server, monkeypatch)
        outcome = polled(account)

    assert page(account, outcome) == expected_page(vendor)
    assert server.asked(SIGN_INS[vendor]) == 2


@pytest.mark.parametrize("vendor", SIGN_INS)
def test_a_token_that_is_never_accepted_costs_one_more_sign_in(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = failing(vendor, Answer(401))
    with scripted(script) as server:
        account = account_of(vendor, server, monkeypatch)
        script[SIGN_INS[vendor]] = tokens(vendor, account)
        outcome = polled(account)

    assert isinstance(outcome, Unauthorized)
    assert server.asked(SIGN_INS[vendor]) == 2


@pytest.mark.parametrize("vendor", KEYS)
def test_a_key_that_is_refused_is_not_sent_again(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(passing(vendor, Answer(401))) as server:
        account = account_of(vendor, server, monkeypatch)
        outcome = polled(account)

    assert isinstance(outcome, Unauthorized)
    assert not isinstance(account.auth, Login)
    assert [request.key for request in server.requests] == questions(vendor)[:1]


@pytest.mark.parametrize("vendor", KEYS)
def test_a_key_that_was_rotated_meanwhile_is_taken(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def rotated(_: object) -> Answer:
        monkeypatch.setenv("VENDOR_SECRET", "rotated-secret")
        return Answer(401)

    with scripted(passing(vendor, rotated)) as server:
        account = account_of(vendor, server, monkeypatch)
        outcome = polled(account)

    assert page(account, outcome) == expected_page(vendor)
    assert not isinstance(account.auth, Login)
    header = account.auth.header_name.lower() if isinstance(account.auth, ApiKey) else "authorization"
    before, *after = [request.headers[header] for request in server.requests]
    assert before != account.auth.header()
    assert set(after) == {account.auth.header()}
