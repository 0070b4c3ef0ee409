"""The exporter under measurement: a separate process, configured to read the benchmarks' vendor."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from math import nan
from pathlib import Path
from typing import Final
from urllib.request import ProxyHandler, Request, build_opener

from benchmarks.processes import Program, as_installed, eventually, free_port, python, running
from benchmarks.scraping import Scraper

SERIES_PER_CUSTOMER: Final = 100
_NAME: Final = "main-88"
"""First polls are spread over two seconds by account name; this account's comes at once."""
SECRET: Final = {"BENCHMARK_SECRET": "benchmark"}

_OWN: Final = re.compile(rb"(?m)^(?!#|usage_exporter_|process_|python_)")
_FIRST: Final = re.compile(rb'planship_lever_usage{[^}]*"customer-000000"[^}]*} (\S+)')
_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the exporter reads.

    Attributes:
        customers: the number of customers, one request each.
        buckets: the number of buckets of each customer's lever, one series each; 0 for the lever's own series only.
        delay: the delay of the vendor's answers, in seconds.
        interval: the time between two polls.
        timeout: the request timeout; a changed one makes a different account, which is polled at once.
        accounts: the number of accounts, each with as many customers.
        others_interval: the time between two polls of each account but the first.
        max_series: the maximum number of series per account.
        is_missing: whether the vendor knows only every other customer.
        leave_out: the metrics to hide.

    """

    customers: int
    buckets: int = SERIES_PER_CUSTOMER - 1
    delay: float = 0.0
    interval: str = "1d"
    timeout: str = "30s"
    accounts: int = 1
    others_interval: str = "1d"
    max_series: int = 10_000_000
    is_missing: bool = False
    leave_out: tuple[str, ...] = ()

    @property
    def requests(self) -> int:
        """The number of customer requests in one full reading."""
        return self.accounts * self.customers

    @property
    def series(self) -> int:
        """The number of vendor series that are shown."""
        return self.requests * (1 if self.leave_out else 1 + self.buckets)

    def configuration(self, vendor: str) -> str:
        """Return the configuration file, in JSON, which is YAML too."""
        account = {
            "vendor": "planship",
            "base_url": vendor,
            "client_id": "benchmark",
            "client_secret": "${BENCHMARK_SECRET}",
            "timeout": self.timeout,
            "stale_after": "7d",
            "max_series": self.max_series,
            "families": {"leave_out": self.leave_out},
            "buckets": self.buckets > 0,
            "customers": [f"customer-{number:06}" for number in range(self.customers)],
            "products": [{"slug": "analytics", "levers": ["monthly-events"]}],
        }
        accounts = [{**account, "name": _NAME, "interval": self.interval}]
        accounts += [
            {**account, "name": f"account-{number}", "interval": self.others_interval}
            for number in range(1, self.accounts)
        ]
        return json.dumps({"accounts": accounts})


def account_of(series: int) -> Account:
    """Return an account with this number of series, a hundred per customer."""
    return Account(max(1, series // SERIES_PER_CUSTOMER), min(series, SERIES_PER_CUSTOMER) - 1)


@dataclass(frozen=True, slots=True)
class Vendor:
    """The benchmark's view of the vendor."""

    url: str

    @property
    def answered(self) -> int:
        """The number of answers about customers so far."""
        return int(_fetch(f"{self.url}/benchmark/answered"))

    @property
    def connections(self) -> int:
        """The number of connections so far, without the benchmark's own."""
        return int(_fetch(f"{self.url}/benchmark/connections"))

    def change(self, series: int) -> None:
        """Raise the figures of the first `series` series."""
        _fetch(f"{self.url}/benchmark/change/{series}", "POST")

    def wait_for(self, answers: int) -> None:
        """Wait until the vendor has given this many answers about customers."""
        eventually(lambda: self.answered >= answers)


@dataclass(slots=True)
class Exporter:
    """The benchmark's view of the exporter."""

    program: Program
    url: str
    vendor: Vendor
    account: Account
    config: Path
    scraper: Scraper
    _timeouts: Iterator[int]

    def wait_until_read(self, answers: int = 0) -> None:
        """Wait until all customers were read after the vendor's first `answers` answers, and the exporter is idle.

        Raises:
            RuntimeError: the page does not have all the series.

        """
        self.vendor.wait_for(answers + self.account.requests)
        self.program.wait_until_quiet()
        if answers == 0 and (shown := vendor_series(self.page())) != self.account.series:
            raise RuntimeError(f"the page has {shown} of {self.account.series} series")

    def page(self) -> bytes:
        """Return the page's text, requested as Prometheus does, so that the exporter caches no other format."""
        return gzip.decompress(self.scraper.scrape())

    @property
    def first_figure(self) -> float:
        """The figure of the first series on the page; each change at the vendor raises it by 1."""
        found = _FIRST.search(self.page())
        return float(found[1]) if found else nan

    def poll_again(self) -> None:
        """Make the exporter read everything again now, and return once the new figures are on the page."""
        answers = self.vendor.answered
        account = replace(self.account, timeout=f"{next(self._timeouts)}s")
        self.config.write_text(account.configuration(self.vendor.url))
        _fetch(f"{self.url}/-/reload", "POST")
        self.wait_until_read(answers)


def vendor_series(page: bytes) -> int:
    """Return the number of vendor series on a page."""
    return len(_OWN.findall(page.rstrip(b"\n") + b"\n#"))


@contextmanager
def serving_vendor(account: Account, folder: Path) -> Iterator[Vendor]:
    """Run the vendor's process."""
    port = free_port()
    vendor = Vendor(f"http://127.0.0.1:{port}")
    command = python("benchmarks.vendor", port, account.buckets, account.delay, int(account.is_missing))
    with running(command, folder / "vendor.log"):
        eventually(lambda: _fetch(f"{vendor.url}/benchmark/answered"))
        yield vendor


@contextmanager
def exporting(account: Account, folder: Path, *options: str) -> Iterator[Exporter]:
    """Run the exporter and its vendor; the exporter serves, but may not have read anything yet."""
    with serving_vendor(account, folder) as vendor:
        port, config = free_port(), folder / "config.yaml"
        config.write_text(account.configuration(vendor.url))
        url = f"http://127.0.0.1:{port}"
        listen = f"--web.listen-address=127.0.0.1:{port}"
        command = as_installed("exporter", "run", f"--config.file={config}", listen, "--web.enable-lifecycle", *options)
        with running(command, folder / "exporter.log", SECRET) as program:
            eventually(lambda: _fetch(f"{url}/-/healthy"))
            scraper = Scraper(f"{url}/metrics")
            yield Exporter(program, url, vendor, account, config, scraper, count(31))
            scraper.close()


def _fetch(url: str, method: str = "GET") -> bytes:
    request = Request(url, method=method)  # noqa: S310 - http to this machine
    with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT_SECONDS) as answer:
        return bytes(answer.read())
