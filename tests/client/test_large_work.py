"""Large answers and large readings take turns."""

from contextlib import AbstractAsyncContextManager

import anyio
import pytest
from virtual_time import run_virtually

from exporter.client.large_work import answer_turn, reading_turn

WORK = {"answer": answer_turn, "reading": reading_turn}


async def work(done: list[str], name: str, turn: AbstractAsyncContextManager[None]) -> None:
    async with turn:
        done.append(name)
        await anyio.sleep(1)
        done.append(name)


@pytest.mark.parametrize(
    ("asked", "in_order"),
    [
        (["answer", "answer"], ["answer", "answer"]),
        (["reading", "reading"], ["reading", "reading"]),
        (["answer", "answer", "reading"], ["answer", "reading", "answer"]),
        (["answer", "answer", "answer", "reading", "reading"], ["answer", "reading", "reading", "answer", "answer"]),
        (["reading", "answer", "reading", "answer"], ["reading", "reading", "answer", "answer"]),
    ],
)
def test_one_works_at_a_time_and_readings_go_first(asked: list[str], in_order: list[str]) -> None:
    done: list[str] = []

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for number, name in enumerate(asked):
                tasks.start_soon(work, done, name, WORK[name]())
                await anyio.sleep(0.01 * number)

    run_virtually(main)

    assert done == [name for name in in_order for _ in range(2)]


def test_a_reading_that_is_given_up_lets_answers_go_on() -> None:
    done: list[str] = []

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, done, "first", reading_turn())
            await anyio.sleep(0.1)
            tasks.start_soon(work, done, "answer", answer_turn())
            with anyio.move_on_after(0.1):
                await work(done, "given up", reading_turn())

    run_virtually(main)

    assert done == ["first", "first", "answer", "answer"]
