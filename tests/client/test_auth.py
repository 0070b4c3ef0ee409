"""How requests are signed, on a clock that jumps."""

import base64
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from trio.testing import MockClock

from exporter.client.auth import ApiKey, Basic, Login, StaticSigner, TokenSource
from exporter.errors import Malformed, PollError, SecretUnreadable, ServerFailed, Unauthorized
from exporter.secret import EnvironmentSecret, FileSecret

HOUR = 3600.0
LOGIN = Login(path="/login", token_field="token", lifetime=HOUR)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> EnvironmentSecret:
    monkeypatch.setenv("AUTH_SECRET", "s3cret")
    return EnvironmentSecret("AUTH_SECRET")


@dataclass
class SignIn:
    """Answers sign-ins one after another, each taking a second; the last answer for ever."""

    answers: list[PollError | float] = field(default_factory=lambda: [HOUR])
    at: list[float] = field(default_factory=list)

    async def __call__(self) -> tuple[str, float]:
        self.at.append(anyio.current_time())
        given = self.answers[min(len(self.at), len(self.answers)) - 1]
        await anyio.sleep(1)
        if isinstance(given, PollError):
            raise given
        return f"Bearer token-{len(self.at)}", given


def on_jumping_clock(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    anyio.run(main, backend="trio", backend_options={"clock": MockClock(autojump_threshold=0)})


async def refusal(source: TokenSource) -> type[PollError] | None:
    try:
        await source.header()
    except PollError as error:
        return type(error)
    return None


@pytest.mark.parametrize("refused", [False, True], ids=["cold", "refused"])
def test_fifty_who_ask_at_once_share_one_sign_in(refused: bool) -> None:
    sign_in, headers = SignIn(), list[str | None]()

    async def main() -> None:
        source = TokenSource(LOGIN, sign_in)
        old = await source.header() if refused else None

        async def ask() -> None:
            headers.append(await source.header(old))

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(ask)

    on_jumping_clock(main)
    assert headers == [f"Bearer token-{1 + refused}"] * 50
    assert len(sign_in.at) == 1 + refused


def test_a_token_is_used_for_its_lifetime_and_then_replaced() -> None:
    sign_in, headers = SignIn(), list[str | None]()

    async def main() -> None:
        source = TokenSource(LOGIN, sign_in)
        for wait in (0, HOUR - 1, 1, HOUR - 2):
            await anyio.sleep(wait)
            headers.append(await source.header())

    on_jumping_clock(main)
    assert headers == [f"Bearer token-{number}" for number in (1, 1, 2, 2)]


@pytest.mark.slow
def test_a_refused_sign_in_is_tried_again_ever_later_and_at_least_hourly() -> None:
    sign_in = SignIn([Unauthorized("no")])

    async def main() -> None:
        source = TokenSource(LOGIN, sign_in)
        while anyio.current_time() < 5 * HOUR:
            assert await refusal(source) is Unauthorized
            await anyio.sleep(1)

    on_jumping_clock(main)
    waits = [round(late - early) for early, late in zip(sign_in.at, sign_in.at[1:], strict=False)]
    assert waits == pytest.approx([60, 120, 240, 480, 960, 1920, 3600, 3600, 3600], abs=3)


def test_a_refused_sign_in_is_tried_at_once_with_other_credentials(
    secret: EnvironmentSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    login, sign_in = (
        replace(LOGIN, body=(("password", secret),)),
        SignIn([Unauthorized("no"), Unauthorized("no"), HOUR]),
    )
    counts: list[int] = []

    async def main() -> None:
        source = TokenSource(login, sign_in)
        for value in ("s3cret", "s3cret", "0ther", "0ther", "s3cret"):
            monkeypatch.setenv("AUTH_SECRET", value)
            await refusal(source)
            counts.append(len(sign_in.at))

    on_jumping_clock(main)
    assert counts == [1, 1, 2, 2, 3]
    assert "s3cret" not in repr(TokenSource(login, sign_in))


def test_a_sign_in_that_works_again_forgets_the_refusals() -> None:
    sign_in = SignIn([Unauthorized("no"), Unauthorized("no"), 10.0, Unauthorized("no"), 10.0])

    async def main() -> None:
        source = TokenSource(LOGIN, sign_in)
        for wait in (0, 60, 120, 10, 60):
            await anyio.sleep(wait)
            await refusal(source)

    on_jumping_clock(main)
    assert len(sign_in.at) == 5


def test_a_sign_in_that_fails_otherwise_stands_for_all_who_waited_and_is_soon_tried_again() -> None:
    sign_in = SignIn([ServerFailed("HTTP 500"), HOUR])
    refusals: list[type[PollError] | None] = []

    async def main() -> None:
        source = TokenSource(LOGIN, sign_in)

        async def ask() -> None:
            refusals.append(await refusal(source))

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(ask)
        assert len(sign_in.at) == 1
        await anyio.sleep(1)
        assert await source.header() == "Bearer token-2"

    on_jumping_clock(main)
    assert refusals == [ServerFailed] * 10


@pytest.mark.parametrize(
    ("status", "since_in_vain", "doubted"),
    [
        (401, 0, True),
        (400, None, True),
        (400, 59, False),
        (400, 60, True),
        (403, None, True),
        (403, 59, False),
        (404, None, False),
        (500, None, False),
        (200, None, False),
    ],
)
def test_an_answer_that_may_mean_much_is_about_a_token_unless_a_new_one_did_not_help(
    status: int, since_in_vain: float | None, doubted: bool
) -> None:
    async def main() -> None:
        source = TokenSource(LOGIN, SignIn())
        await source.header()
        if since_in_vain is not None:
            source.note_vain()
            await anyio.sleep(since_in_vain)
        assert source.on_status(status) is doubted

    on_jumping_clock(main)


@pytest.mark.parametrize(("age", "doubted"), [(0, False), (0.9, False), (1, True)])
def test_a_token_that_worked_is_doubted_once_it_is_not_new(age: float, doubted: bool) -> None:
    async def main() -> None:
        source = TokenSource(LOGIN, SignIn())
        await source.header()
        assert not source.on_status(200)
        await anyio.sleep(age)
        assert source.on_status(400) is doubted

    on_jumping_clock(main)


def test_a_failure_that_is_raised_again_gathers_no_traceback() -> None:
    async def main() -> None:
        source = TokenSource(LOGIN, SignIn([Unauthorized("no")]))
        depths = []
        for _ in range(20):
            with pytest.raises(Unauthorized) as caught:
                await source.header()
            depths.append(len(caught.traceback))
        assert len(set(depths[1:])) == 1

    on_jumping_clock(main)


@pytest.mark.parametrize(
    ("scheme", "answer", "header"),
    [
        ("Bearer", {"token": "abc"}, "Bearer abc"),
        ("", {"token": "abc", "success": True}, "abc"),
        ("Bearer", {"token": "abc", "expires_in": "soon", "more": None}, "Bearer abc"),
    ],
)
def test_a_token_becomes_a_header(scheme: str, answer: object, header: str) -> None:
    assert Login("/login", "token", HOUR, scheme=scheme).token(answer) == (header, HOUR)


@pytest.mark.parametrize("answer", [{}, {"token": None}, {"token": "abc", "success": False}])
def test_an_answer_without_a_token_is_a_refusal(answer: object) -> None:
    with pytest.raises(Unauthorized):
        LOGIN.token(answer)


@pytest.mark.parametrize("token", ["", 7, True, [], {}, "a b", "a\r\nX: y", "é", "\x7f", "x" * 16_385])
def test_what_cannot_be_a_token_is_not_sent_as_one(token: object) -> None:
    with pytest.raises(Malformed, match="token is not a token"):
        LOGIN.token({"token": token})


@pytest.mark.parametrize("answer", [None, [], "abc", 7, True])
def test_a_sign_in_is_answered_by_an_object(answer: object) -> None:
    with pytest.raises(Malformed):
        LOGIN.token(answer)


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        (1000, 900.0),
        (0.5, 0.45),
        (10**400, 0.9 * 30 * 24 * HOUR),
        (math.inf, 0.9 * 30 * 24 * HOUR),
        (None, HOUR),
        (0, HOUR),
        (-1, HOUR),
        (math.nan, HOUR),
        (True, HOUR),
        ("1000", HOUR),
        ([], HOUR),
    ],
)
def test_nine_tenths_of_a_granted_lifetime_are_used(expires_in: object, lifetime: float) -> None:
    login = Login("/login", "token", HOUR, lifetime_field="expires_in")

    assert login.token({"token": "abc", "expires_in": expires_in})[1] == pytest.approx(lifetime)


@pytest.mark.parametrize("username", ["ops", "user@example.com", "Zoë", ""])
def test_basic_authentication_is_in_utf_8(username: str, secret: EnvironmentSecret) -> None:
    scheme, _, pair = Basic(username, secret).header().partition(" ")

    assert scheme == "Basic"
    assert base64.b64decode(pair).decode() == f"{username}:s3cret"


def test_a_key_stands_after_its_scheme(secret: EnvironmentSecret) -> None:
    assert (ApiKey(secret).header(), ApiKey(secret, "").header()) == ("Bearer s3cret", "s3cret")


@pytest.mark.parametrize("value", ["two words", "naïve"])
def test_a_key_that_cannot_stand_in_a_header_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_SECRET", value)
    with pytest.raises(SecretUnreadable) as caught:
        ApiKey(EnvironmentSecret("AUTH_SECRET")).header()

    assert value not in str(caught.value)


@pytest.mark.anyio
async def test_a_fixed_secret_is_read_anew_for_each_request_and_is_other_only_if_changed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("one\n")
    signer = StaticSigner(ApiKey(FileSecret(path)))
    first = await signer.header()
    same = await signer.header(refused=first)
    path.write_text("two\n")

    assert (first, same, await signer.header(refused=first)) == ("Bearer one", None, "Bearer two")
    assert (signer.on_status(401), signer.on_status(400), signer.on_status(403)) == (True, False, False)


def test_a_sign_in_has_a_body_or_basic_authentication(secret: EnvironmentSecret) -> None:
    by_body = Login("/login", "token", HOUR, body=(("email", "a@example.com"), ("password", secret)))
    by_header = Login("/login", "token", HOUR, credentials=Basic("id", secret))

    fields = {"email": "a@example.com", "password": "s3cret"}
    assert (by_body.content(), by_body.headers()) == ({"json": fields}, {})
    assert replace(by_body, encoding="form").content() == {"data": fields}
    assert (by_header.content(), list(by_header.headers())) == ({}, ["Authorization"])
