"""The vendors' contracts, and Prism, which holds requests and answers to them: before a vendor, or in its place."""

import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
import yaml
from page_text import page_text
from programs import eventually, running

from exporter import config
from exporter.app.run import assemble
from exporter.cli import demo
from exporter.client.client import Client
from exporter.client.rate_limit import RateLimiter
from exporter.exposition.negotiation import Format
from exporter.history.folder import Folder
from exporter.history.plan import Plan, planned
from exporter.history.run import Ended, Requests, write_history
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.telemetry.telemetry import AccountTelemetry
from exporter.vendors import VENDORS, Account
from exporter.vendors.history import DAY, Days

CONTRACTS: Final = Path(__file__).parents[1] / "contracts"
_PRISM: Final = CONTRACTS / "node_modules" / ".bin" / "prism"
_OF_THE_BODY: Final = ("content-length", "content-encoding", "transfer-encoding")
_LISTENING: Final = re.compile(r"Prism is listening on (http://\S+)")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a contract: its path with parameters in braces, those of its query, and how it may fail."""

    vendor: str
    method: str
    path: str
    query: frozenset[str]
    failures: tuple[int, ...]

    def is_at(self, path: str) -> bool:
        """Whether a path is this one with its parameters given."""
        return re.fullmatch(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(self.path)), path) is not None


def contract_path(vendor: str) -> Path:
    """Where a vendor's contract is."""
    return CONTRACTS / f"{vendor}.yaml"


def contract(vendor: str) -> dict[str, Any]:
    """A vendor's contract."""
    document = yaml.safe_load(contract_path(vendor).read_text())
    assert isinstance(document, dict)
    return document


def _calls(vendor: str) -> Iterator[Call]:
    document = contract(vendor)
    shared = document["components"].get("parameters", {})
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            given = operation.get("parameters", ())
            parameters = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in given]
            query = frozenset(one["name"] for one in parameters if one["in"] == "query")
            failures = tuple(int(status) for status in operation["responses"] if status != "200")
            yield Call(vendor, method.upper(), path, query, failures)


DESCRIBED: Final = tuple(vendor for vendor in VENDORS if contract_path(vendor).exists())
"""The vendors that have a contract."""
CALLS: Final = tuple(call for vendor in DESCRIBED for call in _calls(vendor))

Prefer = Callable[[Call, int], str]
"""What is preferred as the answer to a call, as Prism reads it from a header; the number is the request's own."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was made, the call that it is, and what Prism finds wrong with it or with its answer."""

    vendor: str
    request: str
    call: Call | None
    query: frozenset[str]
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll of every account came to: what is known then, the page in each format, and what was asked."""

    accounts: Mapping[AccountKey, Snapshot]
    pages: Mapping[Format, str]
    exchanges: tuple[Exchange, ...]


class _Overheard(httpx.AsyncBaseTransport):
    """A transport of which every exchange is noted."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, vendor: str, url: str, noted: list[Exchange], prefer: Prefer | None
    ) -> None:
        self._inner = inner
        self._vendor = vendor
        self._mounted = urlsplit(url).path
        self._noted = noted
        self._prefer = prefer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        vendor = self._vendor
        path = request.url.raw_path.decode().partition("?")[0].removeprefix(self._mounted)
        asked = f"{request.method} {path}"
        call = next(
            (one for one in CALLS if (one.vendor, one.method) == (vendor, request.method) and one.is_at(path)), None
        )
        if self._prefer and call:
            request.headers["Prefer"] = self._prefer(call, zlib.crc32(asked.encode()))
        response = await self._inner.handle_async_request(request)
        if self._prefer:
            response = await _about_what_was_asked(request, response)
        query = frozenset(request.url.params)
        self._noted.append(Exchange(vendor, asked, call, query, tuple(await _violations(response))))
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _about_what_was_asked(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """A mock's answer as one about the month and the contract that the question names."""
    period, contract = request.url.params.get("period"), request.headers.get("X-Contract-Number")
    if (period is None and contract is None) or response.status_code != HTTPStatus.OK:
        return response
    document = json.loads(await response.aread())
    if period:
        document["startDate"] = f"{period}-01"
        document["metadata"]["contractId"] = request.url.path.removesuffix("/").split("/usage")[0].rpartition("/")[2]
    else:
        document["items"][0]["properties"]["contractNumber"] = int(contract)
    headers = {name: value for name, value in response.headers.items() if name not in _OF_THE_BODY}
    return httpx.Response(response.status_code, headers=headers, json=document)


async def _violations(response: httpx.Response) -> list[str]:
    """What Prism says in a header of what is wrong, or in an answer of its own where it cannot go on."""
    told = json.loads(response.headers.get("sl-violations", "[]"))
    found = [f"{'.'.join(map(str, one.get('location', ())))}: {one['message']}" for one in told]
    if response.headers.get("content-type", "").startswith("application/problem+json"):
        found.append((await response.aread()).decode())
    return found


def poll_all(
    urls: Mapping[str, str],
    prefer: Prefer | None = None,
    transport: Callable[[], httpx.AsyncBaseTransport] = httpx.AsyncHTTPTransport,
) -> Polled:
    """Poll once every account of contracts/accounts.yaml whose vendor has a URL, there."""
    noted: list[Exchange] = []

    def open_client(account: Account, limiter: RateLimiter, observer: AccountTelemetry) -> Client:
        return Client(
            account.endpoint,
            limiter,
            observer,
            _Overheard(transport(), account.vendor, urls[account.vendor], noted, prefer),
        )

    async def poll() -> Polled:
        async with assemble(_accounts(urls), open_client=open_client) as parts:
            async with anyio.create_task_group() as tasks:
                for _, poller in parts.pollers:
                    tasks.start_soon(poller.poll)
            now = anyio.current_time()
            pages = {form: page_text(parts.store, parts.telemetry, now, form) for form in Format}
            return Polled(dict(parts.store), pages, tuple(noted))

    with pytest.MonkeyPatch.context() as patch:
        for name, value in demo.environment().items():
            patch.setenv(name, value)
        return anyio.run(poll)


def write_histories(
    urls: Mapping[str, str],
    folder: Path,
    transport: Callable[[], httpx.AsyncBaseTransport] = httpx.AsyncHTTPTransport,
) -> tuple[Mapping[AccountKey, Ended], Sequence[Exchange]]:
    """Write yesterday and today of every such account that has a past; how each ended, and what was asked."""
    noted: list[Exchange] = []
    now = datetime.now(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)

    async def write() -> dict[AccountKey, Ended]:
        plan = planned(_accounts(urls).accounts, (), Plan(days=Days(today - DAY, today), asked_at=now, step=3600))
        opened = Folder.opened(folder, plan)
        opened.begin()
        return {
            account.key: await write_history(
                account,
                opened,
                Requests(),
                lambda _: None,
                transport=_Overheard(transport(), account.vendor, urls[account.vendor], noted, None),
            )
            for account in plan.accounts
        }

    with pytest.MonkeyPatch.context() as patch:
        for name, value in demo.environment().items():
            patch.setenv(name, value)
        return anyio.run(write), noted


def _accounts(urls: Mapping[str, str]) -> config.Config:
    written = yaml.safe_load((CONTRACTS / "accounts.yaml").read_text())["accounts"]
    accounts = [
        {**one, "base_url": urls[one["vendor"]] + one.get("base_url", "")} for one in written if one["vendor"] in urls
    ]
    return config.parse(json.dumps({"accounts": accounts}).encode(), CONTRACTS)


@contextmanager
def mocks(folder: Path) -> Iterator[Mapping[str, str]]:
    """Prism in the place of every vendor: its URL by vendor."""
    with _prisms(folder, {vendor: ("mock", str(contract_path(vendor)), "--errors") for vendor in DESCRIBED}) as urls:
        yield urls


@contextmanager
def proxies(folder: Path, upstream: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Prism in front of every vendor: its URL by vendor. It passes all on, and says in a header what is wrong."""
    commands = {vendor: ("proxy", str(contract_path(vendor)), url) for vendor, url in upstream.items()}
    with _prisms(folder, commands) as urls:
        yield urls


@contextmanager
def _prisms(folder: Path, commands: Mapping[str, tuple[str, ...]]) -> Iterator[Mapping[str, str]]:
    """Start them all at once, wait for each, and end them."""
    if not _PRISM.exists() or not shutil.which("node"):
        pytest.skip("Prism is not here: scripts/fetch-prism fetches it, and needs Node.js with npm")
    logs = {vendor: folder / f"{vendor}.log" for vendor in commands}
    with ExitStack() as stack:
        for vendor, command in commands.items():
            stack.enter_context(running(str(_PRISM), *command, "--port=0", log=logs[vendor]))
        yield {vendor: eventually(partial(_urls, log))[0] for vendor, log in logs.items()}


def _urls(log: Path) -> list[str]:
    """Where Prism listens, once it does."""
    return _LISTENING.findall(log.read_text())
