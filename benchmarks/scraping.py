"""A client that requests a page as Prometheus does, on one connection, kept open as long as the server allows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Final
from urllib.parse import urlsplit

from benchmarks.processes import Program

_OPENMETRICS: Final = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
_TEXT: Final = "text/plain;version=0.0.4"
_TIMEOUT_SECONDS: Final = 300.0
_SETTLED_SECONDS: Final = 0.02
"""The time for a program to come to rest after its answer: until then, the kernel may not yet count its CPU time."""


class Ask(Enum):
    """The headers of a request: Accept and Accept-Encoding."""

    OPENMETRICS_GZIP = (_OPENMETRICS, "gzip")
    OPENMETRICS_PLAIN = (_OPENMETRICS, "identity")
    TEXT_GZIP = (_TEXT, "gzip")
    TEXT_PLAIN = (_TEXT, "identity")

    @property
    def words(self) -> str:
        """The description of the headers in a table."""
        return self.name.lower().replace("_", ", ")


AS_PROMETHEUS: Final = Ask.OPENMETRICS_GZIP


@dataclass(slots=True)
class Scraper:
    """Requests one page repeatedly."""

    url: str
    _connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_TIMEOUT_SECONDS)

    def scrape(self, ask: Ask = AS_PROMETHEUS) -> bytes:
        """Return the page as sent, compressed or not.

        Raises:
            HTTPException: the answer is not a page.
            OSError: there was no answer.

        """
        answer = self._get(ask)
        body = answer.read()
        if answer.status != 200:  # noqa: PLR2004 - OK
            raise HTTPException(f"{self.url} answered {answer.status}")
        return body

    def _get(self, ask: Ask) -> HTTPResponse:
        accept, encoding = ask.value
        headers = {"Accept": accept, "Accept-Encoding": encoding, "X-Prometheus-Scrape-Timeout-Seconds": "10"}
        try:
            self._connection.request("GET", urlsplit(self.url).path, headers=headers)
            return self._connection.getresponse()
        except (HTTPException, OSError):
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def cpu_of(program: Program, work: Callable[[], object], times: int = 1) -> float:
    """Return the CPU seconds that a program spends on work requested by this process."""
    before = program.cpu_seconds
    for _ in range(times):
        work()
    time.sleep(_SETTLED_SECONDS)
    return (program.cpu_seconds - before) / times
