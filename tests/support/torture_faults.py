"""The calls that can fail: each is counted, and the one of a number fails, or is cancelled where it waits."""

import builtins
import errno
import fcntl
import io
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import anyio
import anyio.to_thread
import pytest

OURS: Final = ("MainThread", "storage", "files", "AnyIO worker thread")
"""Threads of the exporter; the vendor and the client are in others."""
FAULTS: Final[dict[str, tuple[Any, Exception]]] = {
    "connect": (socket.socket, ConnectionRefusedError(errno.ECONNREFUSED, "refused")),
    "recv": (socket.socket, ConnectionResetError(errno.ECONNRESET, "reset")),
    "recv_into": (socket.socket, ConnectionResetError(errno.ECONNRESET, "reset")),
    "send": (socket.socket, BrokenPipeError(errno.EPIPE, "broken pipe")),
    "accept": (socket.socket, OSError(errno.EMFILE, "too many open files")),
    "open": (os, OSError(errno.EMFILE, "too many open files")),
    "stat": (os, OSError(errno.EIO, "input/output error")),
    "write": (os, OSError(errno.ENOSPC, "no space left on device")),
    "fsync": (os, OSError(errno.EIO, "input/output error")),
    "unlink": (os, OSError(errno.EIO, "input/output error")),
    "flock": (fcntl, OSError(errno.ENOLCK, "no locks available")),
    "io.open": (io, OSError(errno.EMFILE, "too many open files")),
    "run_sync": (anyio.to_thread, RuntimeError("can't start new thread")),
}


class Faults:
    """The calls since it was armed; the one of a number fails."""

    def __init__(self, fails_at: int = 0) -> None:
        self.calls: list[str] = []
        self._fails_at = fails_at
        self._is_armed = False

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Count and fail what is called meanwhile."""
        self._is_armed = True
        try:
            yield
        finally:
            self._is_armed = False

    @property
    def failed(self) -> str:
        """What failed; empty if nothing did."""
        return self.calls[self._fails_at - 1] if 0 < self._fails_at <= len(self.calls) else ""

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take the place of every call that can fail."""
        with pytest.MonkeyPatch.context() as patch:
            for name, (owner, error) in FAULTS.items():
                attribute = name.rpartition(".")[2]
                real = getattr(owner, attribute)
                patch.setattr(owner, attribute, self._counted(name, real, error))
            patch.setattr(builtins, "open", io.open)
            yield

    def _counted(self, name: str, real: Callable[..., Any], error: Exception) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            if self._is_armed and self._counts(given):
                self.calls.append(name)
                if len(self.calls) == self._fails_at:
                    raise error
            return real(*given, **options)

        return call

    def awaited(self, scope: anyio.CancelScope) -> None:
        """Count that something is waited for; at the one of the number it is cancelled, as by a reload."""
        self.calls.append("await")
        if len(self.calls) == self._fails_at:
            scope.cancel()

    @staticmethod
    def _counts(given: tuple[Any, ...]) -> bool:
        if given and isinstance(given[0], int) and len(given) > 1 and isinstance(given[1], str):
            return False  # a file that is open already becomes an object
        is_own_pipe = bool(given) and isinstance(given[0], socket.socket) and given[0].family == socket.AF_UNIX
        return not is_own_pipe and threading.current_thread().name.startswith(OURS)


class Stepped:
    """Something that is waited for, each wait of which is counted."""

    def __init__(self, awaitable: Awaitable[Any], faults: Faults, scope: anyio.CancelScope) -> None:
        self._awaitable, self._faults, self._scope = awaitable, faults, scope

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._awaitable.__await__()
        try:
            yielded = next(steps)
            while True:
                self._faults.awaited(self._scope)
                try:
                    value = yield yielded
                except BaseException as error:  # noqa: BLE001 - whatever comes goes on to whom it is for
                    yielded = steps.throw(error)
                else:
                    yielded = steps.send(value)
        except StopIteration as end:
            return end.value
