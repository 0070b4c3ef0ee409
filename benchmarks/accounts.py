"""Many accounts: the CPU of a scrape after one of them was polled, and the number of self-metric series per account.

The exporter runs as a separate process, as in production; one of its accounts is polled every two seconds, and each
scrape is the first after a poll. The other figure, for a hundred accounts with all series of one changed, comes
from the exporter's own code in this process, as in `render`: it includes the poll's work, but no HTTP.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from math import inf
from pathlib import Path
from typing import Final

from benchmarks.exporting import SECRET, Account, Exporter, exporting
from benchmarks.figures import Bar, Figure
from benchmarks.peers import CLIENT_LIBRARY
from benchmarks.render import NOW, cpu_seconds, library_work, places_of, samples_of
from benchmarks.scale import Scale
from benchmarks.scraping import cpu_of
from exporter.config import parse
from exporter.exposition.negotiation import Format
from exporter.exposition.page import Exposition
from exporter.metrics import Sample
from exporter.polling.pipeline import PollResult, process
from exporter.store.store import Store
from exporter.telemetry.telemetry import Telemetry
from exporter.vendors import Account as AccountSettings
from exporter.vendors.reply import Diagnostics

_MS: Final = 1000.0
_SETTLED_SECONDS: Final = 0.15
_ACCOUNTS: Final = 100
"""The number of accounts, so that one has 1 % of the series."""


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the cost of a scrape by the number of accounts, and the number of self-metric series per account."""
    own: Counter[bytes] = Counter()
    for accounts in scale.many_accounts:
        account = Account(1, buckets=1, interval="2s", accounts=accounts)
        with tempfile.TemporaryDirectory() as folder, exporting(account, Path(folder)) as exporter:
            exporter.vendor.wait_for(account.requests)
            exporter.program.wait_until_quiet()
            costs = [_after_a_poll(exporter) for _ in range(3 * scale.rounds)]
            own = own_series(exporter.page())
        bar = Bar(value_at_most=4.0)
        yield Figure.of(f"a scrape after one of {accounts:,} accounts was polled", costs, "ms", bar=bar)
    yield Figure.of("series of the exporter's own, an account", [*own.values()], "", bar=Bar(value_at_most=25.0))
    yield from _one_changed(scale)


def own_series(page: bytes) -> Counter[bytes]:
    """Return the number of self-metric series on a page, by account."""
    found: Counter[bytes] = Counter()
    for line in page.splitlines():
        if line.startswith(b"usage_exporter_") and b',account="' in line:
            found[line.partition(b',account="')[2].partition(b'"')[0]] += 1
    return found


def _after_a_poll(exporter: Exporter) -> float:
    exporter.scraper.scrape()
    exporter.vendor.wait_for(exporter.vendor.answered + 1)
    time.sleep(_SETTLED_SECONDS)
    return _MS * cpu_of(exporter.program, exporter.scraper.scrape)


class House:
    """Accounts whose poll results are made up by the benchmark, and their page."""

    def __init__(self, accounts: int) -> None:
        os.environ.update(SECRET)
        text = Account(1, accounts=accounts).configuration("http://127.0.0.1")
        self.accounts = parse(text.encode(), Path()).accounts
        self._store, self._telemetry = Store(), Telemetry(0.0)
        self._store.reconfigure({account.key: 1 for account in self.accounts})
        for account in self.accounts:
            self._telemetry.add(account)
        self._page = Exposition(self._store, self._telemetry)

    def commit(self, account: AccountSettings, samples: list[Sample]) -> None:
        """Commit the samples of a poll."""
        key, now = account.key, NOW.timestamp()
        self._store.record_attempt(key, now)
        self._telemetry.accounts[key].on_request("200", 0.1)
        result = PollResult(0, samples, Diagnostics(), None, asked_at=NOW, read_at=now, stale_at=inf)
        polled = process(account, result, self._store[key])
        self._telemetry.accounts[key].on_poll(1.0, polled.reading)
        self._store.record_success(key, polled.state, polled.account_state, 0, polled.ledger)

    def scrape(self) -> bytes:
        """Return the compressed page."""
        return b"".join(self._page.page(Format.OPENMETRICS, 0.0).gzip_parts)


def _one_changed(scale: Scale) -> Iterator[Figure]:
    each = scale.latency_series // _ACCOUNTS
    house, places, values = House(_ACCOUNTS), places_of(0, each), count(1)
    for account in house.accounts:
        house.commit(account, samples_of(places, 0.5))
    house.scrape()

    def poll_and_scrape() -> None:
        number = next(values)
        house.commit(house.accounts[7 * number % _ACCOUNTS], samples_of(places, number))
        house.scrape()

    work = library_work(_ACCOUNTS * each, each)
    ours = [_MS * cpu_seconds(poll_and_scrape) for _ in range(3 * scale.rounds)]
    theirs = [_MS * cpu_seconds(lambda: gzip.compress(work())) for _ in range(scale.rounds)]
    what = f"{_ACCOUNTS * each:,} series of {_ACCOUNTS} accounts, all of one changed: its poll and a scrape, gzip"
    yield Figure.of(what, ours, "ms", CLIENT_LIBRARY, theirs, Bar(ratio_at_most=1 / 100))
