"""An account whose polls go by a script, polled on a clock that jumps."""

from collections.abc import Iterable
from typing import Any

import anyio
from virtual_time import run_virtually, virtual_now

from exporter.client.auth import ApiKey, Auth
from exporter.errors import PollError
from exporter.metrics import Sample
from exporter.polling.jitter import jitter
from exporter.polling.poller import LONGEST_FIRST_WAIT_SECONDS, Poller
from exporter.secret import EnvironmentSecret
from exporter.store.reading import Reading
from exporter.store.store import Store
from exporter.vendors.account import Account
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.poll import Poll
from exporter.vendors.prolifi.families import PROLIFI_WINDOW_START

Step = float | BaseException
"""A poll's figure, or how it fails."""


class Scripted(Account):
    """A vendor whose polls go by a script; the last step repeats."""

    sign_ins = ()
    reported = (PROLIFI_WINDOW_START, NETNUT_GB_USED)
    base_url: str = "http://127.0.0.1:1"
    script: tuple[object, ...] = ()
    seconds: float = 0.0
    polled_at: list[float]

    @property
    def auth(self) -> Auth:
        return ApiKey(EnvironmentSecret("HOME"))

    async def read(self, poll: Poll) -> Iterable[Sample]:  # noqa: ARG002 - the script does not ask
        step = self.script[min(len(self.polled_at), len(self.script) - 1)]
        self.polled_at.append(anyio.current_time())
        await anyio.sleep(self.seconds)
        if isinstance(step, BaseException):
            raise step
        assert isinstance(step, float | int)
        return [PROLIFI_WINDOW_START(step)]


class Ignored:
    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:
        """Nobody is told."""


def scripted(
    *script: Step, interval: float = 300.0, seconds: float = 0.0, stale_after: float | None = None
) -> Scripted:
    return Scripted.model_construct(
        vendor="scripted",
        name="main",
        interval=interval,
        stale_after=stale_after,
        max_series=10,
        script=script,
        seconds=seconds,
        polled_at=[],
    )


async def nobody(path: str, **_: object) -> Any:
    raise AssertionError(path)


def run_for(seconds: float, account: Scripted) -> tuple[list[int], Store]:
    """Return when the account was polled, from its first poll on, and the store after that time."""
    store = Store([account.key])

    async def main() -> None:
        poller = Poller(account, nobody, store, Ignored(), virtual_now)
        with anyio.move_on_after(seconds + LONGEST_FIRST_WAIT_SECONDS):
            await poller.run()

    run_virtually(main)
    return [round(at - account.polled_at[0]) for at in account.polled_at], store


EARLY = 300 * jitter(("scripted", "main"))
"""The first wait is shorter, by a part that is the account's own."""
