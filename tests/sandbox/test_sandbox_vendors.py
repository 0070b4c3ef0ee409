"""The same questions asked of every simulated vendor: an exporter can read it, and only with its credentials."""

from pathlib import Path

import anyio
import httpx
import pytest
from polled_accounts import NOW, Tally, client_of, poll_once

from exporter.cli import demo
from exporter.config import parse
from exporter.errors import PollError, Unauthorized
from exporter.sandbox import SIMULATIONS, World, make_app
from exporter.store.reading import Reading
from exporter.vendors import VENDORS, Account
from exporter.vendors.poll import Poll
from exporter.vendors.reply import Diagnostics

pytestmark = pytest.mark.parametrize("vendor", SIMULATIONS)
NAME = "acme"


def account_of(vendor: str) -> Account:
    text = demo.configuration("http://127.0.0.1:1", "5m", [NAME])
    (account,) = [one for one in parse(text.encode(), Path()).accounts if one.vendor == vendor]
    return account


def polled(account: Account) -> Reading | PollError:
    async def main() -> Reading | PollError:
        transport = httpx.ASGITransport(app=make_app(World(clock=NOW.timestamp)))
        async with client_of(account, Tally(), transport) as client:
            return await poll_once(account, Poll(client, NOW))

    return anyio.run(main)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, secret in demo.environment().items():
        monkeypatch.setenv(variable, secret)


def test_an_account_of_the_demo_shows_every_family_and_nothing_is_odd(vendor: str) -> None:
    reading = polled(account_of(vendor))

    assert isinstance(reading, Reading), reading
    assert {one.family.name for one in reading.samples} == {family.name for family in VENDORS[vendor].reported}
    assert reading.diagnostics == Diagnostics()


def test_a_moment_has_one_answer(vendor: str) -> None:
    first = polled(account_of(vendor))

    assert isinstance(first, Reading)
    assert polled(account_of(vendor)) == first


def test_other_credentials_are_refused(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in SIMULATIONS[vendor].demo(NAME).secrets:
        monkeypatch.setenv(variable, "not-the-secret-of-this-account")

    assert isinstance(polled(account_of(vendor)), Unauthorized)
