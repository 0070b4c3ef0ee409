"""A poller that is cancelled while it is about to go on: it touches nothing of what may be forgotten by then."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import anyio
import pytest
from virtual_time import run_virtually, virtual_now

from exporter.client.auth import ApiKey, Auth
from exporter.errors import PollError
from exporter.metrics import Sample
from exporter.polling.poller import Poller
from exporter.secret import EnvironmentSecret
from exporter.store.reading import Reading
from exporter.store.store import Store
from exporter.vendors.account import Account
from exporter.vendors.poll import Poll


class Forgotten(Account):
    """An account that is cancelled and forgotten while its vendor's answer is read, without a wait after that."""

    sign_ins = ()
    reported = ()
    base_url: str = "http://127.0.0.1:1"
    forget: Any = None

    @property
    def auth(self) -> Auth:
        return ApiKey(EnvironmentSecret("HOME"))

    async def read(self, poll: Poll) -> Iterable[Sample]:  # noqa: ARG002 - it does not ask
        self.forget()
        return []


class Told:
    def __init__(self) -> None:
        self.polls = 0

    def on_poll(self, seconds: float, outcome: Reading | PollError) -> None:  # noqa: ARG002 - how many is all
        self.polls += 1


async def nobody(path: str, **_: object) -> Any:
    raise AssertionError(path)


def cancelled(work: Callable[[Poller], Coroutine[Any, Any, object]], *, known: bool) -> tuple[Store, Told]:
    """Cancel the work of a poller whose account is forgotten before it begins, or, if it is known, in its poll."""
    store, told = Store([("scripted", "main")] if known else ()), Told()

    async def main() -> None:
        with anyio.CancelScope() as scope:

            def forget() -> None:
                scope.cancel()
                store.reconfigure({})

            account = Forgotten.model_construct(
                vendor="scripted", name="main", interval=300.0, stale_after=None, max_series=10, forget=forget
            )
            if not known:
                forget()
            await work(Poller(account, nobody, store, told, virtual_now))
        assert scope.cancelled_caught

    run_virtually(main)
    return store, told


@pytest.mark.parametrize("work", [Poller.run, Poller.poll])
@pytest.mark.parametrize("known", [True, False])
def test_a_cancelled_poller_leaves_the_store_alone(
    work: Callable[[Poller], Coroutine[Any, Any, object]], known: bool
) -> None:
    store, told = cancelled(work, known=known)

    assert (list(store), told.polls) == ([], 0)
