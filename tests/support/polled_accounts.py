"""Accounts that are polled through the real client, and the lines that this puts on the page."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from readings import checked

from exporter import config
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter, StatedLimit
from exporter.errors import PollError
from exporter.metrics import Family
from exporter.store.reading import Reading, in_page_order
from exporter.textformat.lines import label_pairs, render
from exporter.vendors import Account
from exporter.vendors.poll import Poll

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "invented-secret"


@dataclass
class Tally:
    """Who is told of requests; it counts."""

    codes: Counter[str] = field(default_factory=Counter)
    sign_ins: int = 0
    stated: list[StatedLimit] = field(default_factory=list)

    def on_request(self, code: str, seconds: float) -> None:
        assert seconds >= 0
        self.codes[code] += 1

    def on_token_refreshed(self) -> None:
        self.sign_ins += 1

    def on_stated_limit(self, stated: StatedLimit) -> None:
        self.stated.append(stated)


def account_at(url: str, monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, object]) -> Account:
    """Return the account of a configuration with these settings, `{base_url}` in them replaced."""
    monkeypatch.setenv("VENDOR_SECRET", SECRET)
    text = json.dumps({"accounts": [settings]}).replace("{base_url}", url)
    return config.parse(text.encode(), Path()).accounts[0]


def client_of(account: Account, tally: Tally, transport: httpx.AsyncBaseTransport | None = None) -> Client:
    return Client(account.endpoint, RateLimiter(account.rate_limit, account.assumed_rate), tally, transport)


async def poll_once(account: Account, poll: Poll) -> Reading | PollError:
    try:
        samples = await account.read(poll)
    except PollError as error:
        return error
    as_of = poll.as_of.timestamp() if poll.as_of else None
    return checked(samples, account.max_series, poll.diagnostics, as_of)


def polled_at(account: Account, *times: datetime, tally: Tally | None = None) -> list[Reading | PollError]:
    """Poll through the real client, once at each of the times, as one poller would."""

    async def main() -> list[Reading | PollError]:
        kept: dict[str, tuple[datetime, Any]] = {}
        async with client_of(account, tally or Tally()) as client:
            return [await poll_once(account, Poll(client, now, kept)) for now in times]

    return anyio.run(main)


def polled(account: Account, now: datetime = NOW, tally: Tally | None = None) -> Reading | PollError:
    return polled_at(account, now, tally=tally)[0]


def lines(outcome: Reading | PollError) -> list[str]:
    """Return the sample lines that a reading puts on the page, in its order, without the account."""
    text = _text("", outcome)
    return text.replace('account="",', "").replace('{account=""}', "").splitlines()


def page(account: Account, outcome: Reading | PollError) -> str:
    """Return the sample lines that a reading puts on the page, in its order."""
    return _text(account.name, outcome)


def _text(account: str, outcome: Reading | PollError) -> str:
    assert isinstance(outcome, Reading), outcome
    lines = render(label_pairs({"account": account}), outcome.figures, {})
    return b"".join(
        lines[family].text for family in in_page_order(one for one in lines if isinstance(one, Family))
    ).decode()


def be_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests be tried again at once."""
    monkeypatch.setattr("exporter.client.retry._FIRST_RETRY_SECONDS", 0.001)


def account_with(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    """Return an account of the vendor that needs the fewest settings."""
    common = {"vendor": "ionos", "name": "main", "base_url": "{base_url}", "token": "${VENDOR_SECRET}"}
    return account_at(url, monkeypatch, {**common, **settings})


async def error_of(client: Client, path: str = "/") -> PollError:
    """Return the error that a question fails with."""
    with pytest.raises(PollError) as caught:
        await client(path)
    return caught.value
