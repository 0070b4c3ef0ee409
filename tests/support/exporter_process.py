"""The exporter as a process of its own, on a free port, as a person or a supervisor runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from patience import DEADLINE_SECONDS
from programs import eventually

ANY_PORT = "--web.listen-address=127.0.0.1:0"


def ended(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the exporter's that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Running:
    """A command that serves until it is told to stop."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def url(self) -> str:
        """Where it listens, as it says in its log."""
        found = re.search(r'listening"?[=:] ?"?([^"\s]+)', self.err.read_text())
        assert found, self.err.read_text()
        return f"http://{found[1]}"

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page."""
        try:
            with build_opener(ProxyHandler({})).open(self.url + path, timeout=DEADLINE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def stop(self) -> int:
        """Ask it to stop, wait until it has, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)


@contextmanager
def running(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, is_open: bool = True
) -> Iterator[Running]:
    """Run a command of the exporter's that serves; its output is kept in files of the folder.

    One that is not open to everybody is not asked whether it answers.
    """
    out, err = folder / f"{arguments[0]}.out", folder / f"{arguments[0]}.err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "exporter", *arguments],
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdout=stdout,
            stderr=stderr,
        )
    try:
        one = Running(process, out, err)
        eventually(lambda: b"listening" in err.read_bytes() or process.poll() is not None)
        eventually(lambda: not is_open or one.get("/")[0] == 200)
        yield one
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
