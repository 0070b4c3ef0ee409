"""Programs under measurement: started for a benchmark, and ended with it. Needs Linux."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

ROOT: Final = Path(__file__).parent.parent
PATIENCE_SECONDS: Final = 600.0

_LOOK_SECONDS: Final = 0.02
_QUIET_SECONDS: Final = 0.3
_QUIET_SHARE: Final = 0.02
_TERM_SECONDS: Final = 10.0
_SCHED_CLOCK: Final = 2
_BYTES: Final = {"kB": 1024}
_NO_BYTECODE: Final = "PYTHONDONTWRITEBYTECODE"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Program:
    """A running program."""

    pid: int

    @property
    def cpu_seconds(self) -> float:
        """The CPU time of all the program's threads so far, including kernel time; its clock counts nanoseconds."""
        return time.clock_gettime((~self.pid << 3) | _SCHED_CLOCK)

    @property
    def resident_bytes(self) -> int:
        """The program's current resident memory."""
        return self._status("VmRSS")

    @property
    def peak_bytes(self) -> int:
        """The program's peak resident memory."""
        return self._status("VmHWM")

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == field:
                amount, unit = value.split()
                return int(amount) * _BYTES[unit]
        raise LookupError(field)

    def wait_until_quiet(self) -> None:
        """Wait until the program has been almost idle for a moment."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            before = self.cpu_seconds
            time.sleep(_QUIET_SECONDS)
            if self.cpu_seconds - before < _QUIET_SHARE * _QUIET_SECONDS:
                return
        raise TimeoutError("the program never came to rest")


def python(module: str, *arguments: object) -> tuple[str, ...]:
    """Return the command that runs a module of this repository."""
    return (sys.executable, "-m", module, *map(str, arguments))


def found(name: str) -> str | None:
    """Return the path of a program; None if it is neither installed nor fetched by `scripts/fetch-servers`."""
    fetched = str(ROOT / ".venv" / "servers" / "current" / "bin")
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", fetched)))


def as_installed(module: str, *arguments: object) -> tuple[str, ...]:
    """Return the command that runs a module without packages that only development has."""
    return python("benchmarks.as_installed", module, *arguments)


@contextmanager
def running(command: tuple[str, ...], log: Path, env: Mapping[str, str] | None = None) -> Iterator[Program]:
    """Run a server, which is terminated at the end, and killed if necessary."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=_environment(env), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield Program(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_TERM_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True, slots=True)
class Ended:
    """The resources that a finished program used; times in seconds."""

    wall: float
    cpu: float


def run_to_end(command: tuple[str, ...], env: Mapping[str, str] | None = None) -> Ended:
    """Run a program to its end, and return the resources it used.

    Raises:
        RuntimeError: the program failed.

    """
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(env), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed with {process.returncode}")
    return Ended(wall, usage.ru_utime + usage.ru_stime)


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """Return a program's environment, which allows bytecode to be written, since an installed package has it too."""
    return {name: value for name, value in os.environ.items() if name != _NO_BYTECODE} | dict(more or {})


def eventually(look: Callable[[], _T], pause: float = _LOOK_SECONDS) -> _T:
    """Return the result of `look` as soon as it is true; network errors count as not yet.

    Raises:
        TimeoutError: the result stayed false for a long time.

    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if result := look():
                return result
        except OSError:
            pass
        time.sleep(pause)
    raise TimeoutError("nothing came in a long time")


def free_port() -> int:
    """Return a local port on which nothing listens at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])
