"""Real programs, started for a test and ended with it."""

import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import pytest
from patience import DEADLINE_SECONDS

_PAUSE_SECONDS: Final = 0.05

T = TypeVar("T")


def program(name: str) -> str:
    """The path of a program of this machine; the test is skipped without it."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not on the PATH")
    return path


def eventually(look: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
    """What `look` finds, as soon as that is true; an error of the network is nothing yet."""
    deadline = time.monotonic() + seconds
    while True:
        error: Exception | None = None
        try:
            if found := look():
                return found
        except OSError as problem:
            error = problem
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing within {seconds} s") from error
        time.sleep(_PAUSE_SECONDS)


def fetch(url: str, headers: Mapping[str, str] | None = None) -> str:
    """The text that a URL on this machine answers."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - http to this machine
    with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - the same
        return str(answer.read().decode())


def free_port() -> int:
    """A port that nobody listens on for now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def running(*command: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that writes to `log`; it is asked to end, and made to."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
