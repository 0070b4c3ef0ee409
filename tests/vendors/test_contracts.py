"""The vendors' contracts, in our own words: which calls there are, what is sent, what is answered, and nothing else."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from prism import CALLS, CONTRACTS, DESCRIBED, Exchange, Polled, contract, contract_path, poll_all, write_histories

from exporter.sandbox import SIMULATIONS, World, make_app

Sandbox = Callable[[], httpx.AsyncBaseTransport]

MOUNTED = {vendor: f"http://127.0.0.1:1{SIMULATIONS[vendor].path}" for vendor in DESCRIBED}
MOST_WORDS = 3


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    app = make_app(World())
    return lambda: httpx.ASGITransport(app=app)


@pytest.fixture(scope="module")
def polled(sandbox: Sandbox) -> Polled:
    return poll_all(MOUNTED, transport=sandbox)


@pytest.fixture(scope="module")
def asked(polled: Polled, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Exchange]:
    """What is asked for polls and for histories."""
    ended, past = write_histories(MOUNTED, tmp_path_factory.mktemp("past") / "out", sandbox)
    assert {key for key, one in ended.items() if one.error} == set()
    return [*polled.exchanges, *past]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


def test_the_contracts_have_exactly_the_calls_that_are_made(polled: Polled, asked: Sequence[Exchange]) -> None:
    assert {one.error for one in polled.accounts.values()} == {None}
    assert [one.request for one in asked if one.call is None] == []
    assert {one.call for one in asked} == set(CALLS)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_a_call_has_exactly_the_parameters_that_are_sent(call: Any, asked: Sequence[Exchange]) -> None:
    assert call.query == frozenset().union(*(one.query for one in asked if one.call == call))


def test_a_contract_is_that_of_a_vendor_and_some_account_makes_its_calls(polled: Polled) -> None:
    contracts = {file.stem for file in CONTRACTS.glob("*.yaml")} - {"accounts"}

    assert contracts == set(DESCRIBED)
    assert {vendor for vendor, _ in polled.accounts} == contracts


@pytest.mark.parametrize("vendor", DESCRIBED)
def test_a_contract_is_structure_without_prose(vendor: str) -> None:
    written = contract_path(vendor).read_text()

    assert [line for line in written.splitlines() if line.lstrip().startswith("#")] == []
    assert [text for text in texts(contract(vendor)) if len(text.split()) > MOST_WORDS] == []


def test_the_lock_has_the_one_version_of_prism_and_names_no_registry() -> None:
    wanted = json.loads((CONTRACTS / "package.json").read_text())["dependencies"]
    locked = json.loads((CONTRACTS / "package-lock.json").read_text())["packages"]

    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, package in locked.items() if "resolved" in package] == []
    assert [name for name, package in locked.items() if name and "integrity" not in package] == []
