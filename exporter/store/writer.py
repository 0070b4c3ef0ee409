"""A single writer thread for all files, so that polls do not wait long for an unresponsive disk."""

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

_PATIENCE_SECONDS: Final = 1.0
"""How long a poll waits for a write."""
_HUNG_SECONDS: Final = 10.0
"""How long a write may take before the disk is considered unresponsive."""

Job = Callable[[], None]


class SlowDisk(TimeoutError):  # noqa: N818 - it says what the disk is
    """A write is taking longer than a poll is willing to wait for it. The write may still complete."""


class Writer:
    """Runs jobs in its own daemon thread, which does not keep the process from exiting."""

    def __init__(self, patience: float = _PATIENCE_SECONDS, hung: float = _HUNG_SECONDS) -> None:
        self._patience = patience
        self._hung = hung
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._began: float | None = None

    async def run(self, job: Job) -> None:
        """Run a job, and return when the job is done.

        Raises:
            OSError: the job failed, or the thread has been busy for too long. A job that has begun may complete
                later. A job that has not begun is dropped.

        """
        self._raise_if_busy()
        done, outcome, token = anyio.Event(), list[BaseException](), anyio.lowlevel.current_token()
        is_wanted = True

        def work() -> None:
            if not is_wanted:
                return
            try:
                job()
            except Exception as error:  # noqa: BLE001 - raised again in the waiting task
                outcome.append(error)
            self._began = None  # before the caller continues, so that the next job does not find the disk busy
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                anyio.from_thread.run_sync(done.set, token=token)

        self._start()
        self._jobs.put(work)
        try:
            while not done.is_set():
                with anyio.move_on_after(self._patience):
                    await done.wait()
                if not done.is_set():
                    self._raise_if_busy()
        finally:
            is_wanted = False
        if outcome:
            raise outcome[0]

    def _raise_if_busy(self) -> None:
        began = self._began
        seconds = 0.0 if began is None else time.monotonic() - began
        if seconds >= self._hung:
            raise TimeoutError(0, "the disk does not respond")
        if seconds >= self._patience:
            raise SlowDisk(0, "the disk is slow")

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
