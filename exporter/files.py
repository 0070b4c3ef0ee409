"""Reads files that users name, without blocking: a file may be a pipe, and a mount may hang."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final, TypeVar

import anyio
import anyio.from_thread
from anyio.lowlevel import RunVar, current_token

_T = TypeVar("_T")
_MOST_IDLE: Final = 8
_under_way: Final[RunVar[dict[Hashable, anyio.Event]]] = RunVar("reads under way")


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return the first `limit` bytes of a regular file.

    Pipes and devices are refused at once, because reading them could block forever.

    Raises:
        OSError: the file cannot be read, or is not a regular file.

    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return file.read(limit)


class _Thread:
    """A thread that runs jobs, one after another. The thread does not keep the process from exiting."""

    idle: Final[list[_Thread]] = []

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._work, name="files", daemon=True).start()

    @classmethod
    def start(cls, job: Callable[[], None]) -> None:
        """Run a job in an idle thread. If no thread is idle, run the job in a new thread."""
        try:
            thread = cls.idle.pop()
        except IndexError:
            thread = cls()
        thread._jobs.put(job)

    def _work(self) -> None:
        while True:
            self._jobs.get()()
            if len(self.idle) >= _MOST_IDLE:
                return
            self.idle.append(self)


async def read_in_thread(what: Hashable, read: Callable[[], _T]) -> _T:
    """Run the function `read` in a thread, and return the result. The thread does not keep the process from exiting.

    Args:
        what: identifies the work. Calls with equal values run one after another, so that a hanging mount blocks only
            one thread.
        read: the function to run.

    """
    try:
        under_way = _under_way.get()
    except LookupError:
        under_way = {}
        _under_way.set(under_way)
    while what in under_way:
        await under_way[what].wait()
    done, token = anyio.Event(), current_token()
    outcome, errors = list[_T](), list[BaseException]()

    def on_done() -> None:
        del under_way[what]
        done.set()

    def work() -> None:
        try:
            outcome.append(read())
        except BaseException as error:  # noqa: BLE001 - raised again in the waiting task
            errors.append(error)
        with suppress(RuntimeError):  # the loop is closed, so nobody is waiting
            anyio.from_thread.run_sync(on_done, token=token)

    _Thread.start(work)
    under_way[what] = done
    await done.wait()
    if errors:
        raise errors[0]
    return outcome[0]
