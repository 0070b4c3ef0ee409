"""A vendor that is never the bottleneck: Planship's answers from a raw HTTP server, in a separate process.

`python -m benchmarks.vendor PORT BUCKETS DELAY [MISSING]`. A customer is `customer-NNNNNN` and has one lever, whose
usage is given in total and by bucket, so one answer makes 1 + BUCKETS series; with MISSING, customers with odd numbers
do not exist. Three paths are the benchmarks' own: GET /benchmark/answered returns the number of answers about
customers, GET /benchmark/connections the number of connections, and POST /benchmark/change/N raises the figures of the
first N series.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Final

_CUSTOMER: Final = re.compile(rb"customer-([0-9]+)/")
_LARGE: Final = 10_000
"""The number of buckets from which answers are cached."""
_SPREAD: Final = 2_654_435_761
_TOKEN: Final = json.dumps({"access_token": "benchmark", "token_type": "bearer", "expires_in": 3600}).encode()


class Figures:
    """The customers' usage."""

    def __init__(self, buckets: int) -> None:
        self._names = [f"team-{number:03}" for number in range(buckets)]
        self._changes: list[int] = []
        self._made: dict[tuple[int, int], bytes] = {}
        self.is_missing = False
        self.answered = self.connections = 0

    def change(self, series: int) -> None:
        """Raise the figures of the first `series` series."""
        self._changes.append(series)

    def answer(self, customer: int) -> bytes:
        """Return the answer about a customer's lever."""
        self.answered += 1
        if len(self._names) < _LARGE:
            return self._answer(customer)
        key = customer, len(self._changes)
        if key not in self._made:
            self._made = {key: self._answer(customer)}
        return self._made[key]

    def _answer(self, customer: int) -> bytes:
        first = customer * (1 + len(self._names))
        by_bucket = {name: self._figure(first + index) for index, name in enumerate(self._names, 1)}
        return json.dumps({"total": self._figure(first), "by_bucket": by_bucket, "by_subscription": {}}).encode()

    def _figure(self, series: int) -> float:
        """Return a figure of many digits, so that the page compresses no better than a real one."""
        return series * _SPREAD % 2**32 / 100 + sum(series < changed for changed in self._changes)


class Connection(asyncio.Protocol):
    """One connection. Only the heads of requests are read, since no request has a body."""

    def __init__(self, figures: Figures, delay: float) -> None:
        self._figures = figures
        self._delay = delay
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport to write to."""
        self._transport = transport
        self._is_customers = False

    def data_received(self, data: bytes) -> None:
        """Answer each request that has arrived completely."""
        *heads, self._received = (self._received + data).split(b"\r\n\r\n")
        for head in heads:
            _, path, _ = head.split(b" ", 2)
            if (customer := _CUSTOMER.search(path)) is None:
                self._write(self._plain(path))
                continue
            if not self._is_customers:
                self._is_customers = True
                self._figures.connections += 1
            if self._figures.is_missing and int(customer[1]) % 2:
                self._figures.answered += 1
                self._write(b"{}", b"404 Not Found")
            elif self._delay:
                loop = asyncio.get_running_loop()
                loop.call_later(self._delay, self._write, self._figures.answer(int(customer[1])))
            else:
                self._write(self._figures.answer(int(customer[1])))

    def _plain(self, path: bytes) -> bytes:
        if path.startswith(b"/benchmark/change/"):
            self._figures.change(int(path.rpartition(b"/")[2]))
        if path.endswith(b"/auth/token"):
            return _TOKEN
        counted = self._figures.connections if path.endswith(b"/connections") else self._figures.answered
        return str(counted).encode()

    def _write(self, body: bytes, status: bytes = b"200 OK") -> None:
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        if isinstance(self._transport, asyncio.WriteTransport) and not self._transport.is_closing():
            self._transport.write(head + body)


async def serve(port: int, figures: Figures, delay: float) -> None:
    """Serve until the process is terminated."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(figures, delay), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    known = Figures(int(sys.argv[2]))
    known.is_missing = bool(sys.argv[4:] and int(sys.argv[4]))
    asyncio.run(serve(int(sys.argv[1]), known, float(sys.argv[3])))
