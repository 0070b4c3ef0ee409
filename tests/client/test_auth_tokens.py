"""Tokens from a sign-in, on a clock that jumps: shared, replaced, doubted, and tried again after a refusal."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import pytest
from trio.testing import MockClock

from exporter.client.auth import Login, TokenSource
from exporter.errors import PollError, ServerFailed, Unauthorized
from exporter.secret import EnvironmentSecret

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
