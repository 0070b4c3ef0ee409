"""What goes wrong at the sandbox's vendors in the history: slow answers, outages, refusals, an odd reply."""

from dataclasses import dataclass
from typing import Final, Literal

import anyio
import httpx

from exporter.sandbox import World
from exporter.sandbox.accounts import stable_id
from exporter.vendors import Account

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR

Fault = Literal["down", "unreachable", "refused", "busy", "gone", "drift"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """An account's trouble at its vendor.

    Attributes:
        vendor: of the account.
        account: its name.
        fault: `down` answers 503, `unreachable` not at all, `refused` 401, `busy` 429 to a third of the requests,
            `gone` 404 for one customer, `drift` leaves out a field that the contract has.
        begins: in seconds before the end of the history.
        ends: the same; 0 is the end.

    """

    vendor: str
    account: str
    fault: Fault
    begins: float
    ends: float


TROUBLES: Final = (
    Trouble("netnut", "acme", "down", 12 * DAY, 12 * DAY - 30 * HOUR),
    Trouble("ionos", "globex", "unreachable", 2 * DAY, 2 * DAY - 5 * HOUR),
    Trouble("prolifi", "acme", "gone", 13 * HOUR, 9 * HOUR),
    Trouble("prolifi", "acme", "drift", 30 * HOUR, 0),
    Trouble("netnut", "acme", "refused", 22 * HOUR, 21 * HOUR),
    Trouble("planship", "acme", "down", 16 * HOUR, 14 * HOUR),
    Trouble("prolifi", "acme", "busy", 8 * HOUR, 6 * HOUR),
    Trouble("planship", "globex", "refused", 20 * HOUR, 0),
)

_TYPICAL_SECONDS: Final = {"netnut": 0.35, "ionos": 0.9, "prolifi": 0.12, "planship": 0.18}
_OF_OTHERS: Final = 0.25
_FAILED_SHARES: Final = {503: 0.003, 429: 0.001}
_ASKED_WAIT: Final = {"Retry-After": "5"}
_GONE: Final = stable_id("prolifi", "acme", "2")
_LEFT_OUT: Final = b'"has_more"'


class VendorTransport(httpx.AsyncBaseTransport):
    """An account's way to the sandbox: it takes time, and now and then it fails; the same in each run."""

    def __init__(self, account: Account, sandbox: httpx.AsyncBaseTransport, world: World, end: float) -> None:
        self._account = account
        self._sandbox = sandbox
        self._world = world
        self._end = end
        self._requests = 0
        self._troubles = [one for one in TROUBLES if (one.vendor, one.account) == account.key]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._requests += 1
        luck = self._draw("answer")
        await anyio.sleep(self._seconds())
        left = self._end - self._world.now()
        faults = {one.fault for one in self._troubles if one.begins >= left > one.ends}
        if "unreachable" in faults:
            raise httpx.ConnectTimeout("no answer", request=request)
        refused = _refusal(faults, luck, request)
        if refused is not None:
            return httpx.Response(refused, headers=_ASKED_WAIT)
        answer = await self._sandbox.handle_async_request(request)
        return await _without_a_field(answer) if "drift" in faults else answer

    def _seconds(self) -> float:
        """How long an answer takes: about as long as is typical, and at times far longer."""
        draw = self._draw("seconds")
        return _TYPICAL_SECONDS.get(self._account.vendor, _OF_OTHERS) * (0.7 + 0.6 * draw + 3 * draw**20)

    def _draw(self, words: str) -> float:
        return self._world.draw(f"{'/'.join(self._account.key)}/{self._requests}/{words}")


def _refusal(faults: set[Fault], luck: float, request: httpx.Request) -> int | None:
    """The status of an answer that is a refusal; None where the sandbox answers."""
    if "down" in faults:
        return 503
    if "refused" in faults:
        return 401
    if "gone" in faults and f"/customers/{_GONE}/" in request.url.path:
        return 404
    if "busy" in faults and luck < 1 / 3:
        return 429
    for status, share in _FAILED_SHARES.items():
        if luck < share:
            return status
        luck -= share
    return None


async def _without_a_field(answer: httpx.Response) -> httpx.Response:
    body = await answer.aread()
    return httpx.Response(answer.status_code, stream=httpx.ByteStream(body.replace(_LEFT_OUT, b'"more"')))
