"""One thread that writes files, one after the other: nothing waits for a disk that does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

import anyio
import anyio.from_thread
import anyio.lowlevel

_PATIENCE_SECONDS: Final = 2.0
"""How long one file may take."""

Job = Callable[[], None]


class Writer:
    """Runs jobs in a thread of its own, which does not keep the process from ending."""

    def __init__(self, patience: float = _PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._began: float | None = None

    @property
    def _is_hung(self) -> bool:
        began = self._began
        return began is not None and time.monotonic() - began > self._patience

    async def run(self, job: Job) -> None:
        """Run a job, and return when it is done.

        Raises:
            OSError: it failed, or took too long, or one before it still does. A job that took too long may be done
                later; one that has not begun is dropped.

        """
        if self._is_hung:
            raise TimeoutError(0, "the disk does not answer")
        done, outcome, token = anyio.Event(), list[BaseException](), anyio.lowlevel.current_token()
        is_wanted = True

        def work() -> None:
            if not is_wanted:
                return
            try:
                job()
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                outcome.append(error)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                anyio.from_thread.run_sync(done.set, token=token)

        self._start()
        self._jobs.put(work)
        try:
            with anyio.fail_after(self._patience):
                await done.wait()
        except TimeoutError:
            raise TimeoutError(0, "the disk does not answer") from None
        finally:
            is_wanted = False
        if outcome:
            raise outcome[0]

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="storage", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            self._began = time.monotonic()
            job()
            self._began = None
