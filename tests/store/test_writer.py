"""One thread writes all files, and nothing waits for one that does not end."""

import threading
from collections.abc import Callable
from contextlib import suppress

import anyio
import pytest
from patience import DEADLINE_SECONDS

from exporter.store.writer import SlowDisk, Writer

pytestmark = pytest.mark.anyio


def failing(error: Exception) -> Callable[[], None]:
    def job() -> None:
        raise error

    return job


async def test_jobs_are_done_one_after_the_other_and_each_is_waited_for() -> None:
    writer, done = Writer(), list[int]()
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(writer.run, lambda number=number: done.append(number))

    assert sorted(done) == list(range(20))


async def test_what_a_job_raises_is_raised_to_whoever_waits_and_the_next_one_runs() -> None:
    writer, done = Writer(), list[str]()
    with pytest.raises(PermissionError):
        await writer.run(failing(PermissionError()))

    await writer.run(lambda: done.append("next"))

    assert done == ["next"]


async def test_while_a_job_hangs_others_fail_at_once_and_are_never_run_and_then_all_is_well() -> None:
    writer, answers = Writer(patience=0.1, hung=0.3), threading.Event()
    done, errors = list[str](), list[str]()

    def late() -> None:
        answers.wait()
        done.append("late")

    with pytest.raises(SlowDisk):
        await writer.run(late)
    for pause in (0.0, 0.3, 0.0):
        await anyio.sleep(pause)
        with pytest.raises(TimeoutError) as failed:
            await writer.run(lambda: done.append("dropped"))
        errors.append(str(failed.value.strerror))

    answers.set()
    with anyio.fail_after(DEADLINE_SECONDS):
        while "well" not in done:
            with suppress(TimeoutError):
                await writer.run(lambda: done.append("well"))
            await anyio.sleep(0.01)

    assert errors == ["the disk is slow", "the disk does not respond", "the disk does not respond"]
    assert done == ["late", "well"]
