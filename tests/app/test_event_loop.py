"""A resolver that does not answer holds up neither other names nor the end."""

import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from patience import DEADLINE_SECONDS

from exporter.app.event_loop import EventLoop

ADDRESS = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))


class Resolver:
    """Answers every name but those that begin with `dead`, and `gone`, which it does not know."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.over = threading.Event()

    def __call__(self, name: bytes, *_: Any) -> list[tuple[Any, ...]]:
        host = name.decode()
        self.asked.append(host)
        if host.startswith("dead"):
            self.over.wait(2 * DEADLINE_SECONDS)
            self.answered.append(host)
        if host == "gone":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [ADDRESS]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    one = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", one)
    yield one
    one.over.set()


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    return anyio.run(main, backend_options={"loop_factory": EventLoop})


def test_a_name_is_answered_and_an_unknown_one_is_an_error(resolver: Resolver) -> None:
    async def main() -> None:
        assert await anyio.getaddrinfo("alive", 80) == [ADDRESS]
        with pytest.raises(socket.gaierror):
            await anyio.getaddrinfo("gone", 80)

    run(main)
    assert resolver.asked == ["alive", "gone"]


def test_a_dead_resolver_is_asked_once_for_all_and_keeps_no_other_name_waiting(resolver: Resolver) -> None:
    async def ask(host: str) -> None:
        with anyio.move_on_after(0.2):
            await anyio.getaddrinfo(host, 80)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(ask, f"dead-{number % 50}")
            with anyio.fail_after(DEADLINE_SECONDS):
                assert await anyio.getaddrinfo("alive", 80) == [ADDRESS]

    run(main)
    assert len(resolver.asked) == 51


@pytest.mark.usefixtures("resolver")
def test_a_resolver_that_does_not_answer_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.app.event_loop._PATIENCE_SECONDS", 0.1)

    async def main() -> None:
        with anyio.fail_after(DEADLINE_SECONDS), pytest.raises(socket.gaierror, match="no resolver answered in time"):
            await anyio.getaddrinfo("dead", 80)

    run(main)


def test_the_end_does_not_wait_for_a_dead_resolver(resolver: Resolver) -> None:
    async def main() -> None:
        with anyio.move_on_after(0.1):
            await anyio.getaddrinfo("dead", 80)

    run(main)

    assert not resolver.answered
    assert resolver.asked == ["dead"]


def test_an_answer_that_comes_after_the_end_is_nobodys(resolver: Resolver) -> None:
    async def main() -> None:
        with anyio.move_on_after(0.05):
            await anyio.getaddrinfo("dead", 80)

    run(main)
    resolver.over.set()
    for thread in threading.enumerate():
        if thread.name == "resolver":
            thread.join(DEADLINE_SECONDS)

    assert not [thread for thread in threading.enumerate() if thread.name == "resolver"]


def test_what_is_waited_for_comes_when_the_machine_has_slept_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.app.event_loop._LONGEST_DOZE_SECONDS", 0.01)
    slept, read = 0.0, time.clock_gettime

    def clock(which: int) -> float:
        return read(which) + slept

    async def main() -> None:
        nonlocal slept
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 8 * 3600)
            await anyio.sleep(0.01)
            slept = 8 * 3600.0
        assert anyio.current_time() - began >= 8 * 3600

    monkeypatch.setattr(time, "clock_gettime", clock)
    run(main)


def test_the_clock_counts_what_the_machine_slept() -> None:
    async def main() -> None:
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        now = anyio.current_time()
        assert before <= now <= time.clock_gettime(time.CLOCK_BOOTTIME)

    run(main)
