"""The exporter: its accounts with their state, telemetry and polling tasks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, NamedTuple

import anyio
import anyio.abc

from exporter.client.client import Client
from exporter.client.connections import Transport
from exporter.client.large_work import reading_turn
from exporter.client.rate_limit import RateLimiter
from exporter.config import Config
from exporter.durations import Rate
from exporter.errors import InternalError
from exporter.log import logger
from exporter.polling.pipeline import ProcessedPoll, reconfigure, restore
from exporter.polling.poller import Clock, Poller
from exporter.store.files import FolderInUse, Storage
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.store.stored_reading import StoredReading
from exporter.store.writer import SlowDisk
from exporter.telemetry.telemetry import AccountTelemetry, Telemetry
from exporter.vendors import Account
from exporter.vendors.account import Credential
from exporter.vendors.warnings import account_warnings


def open_client(
    account: Account, limiter: RateLimiter, observer: AccountTelemetry, transport: Transport | None = None
) -> Client:
    """Return a client for an account's vendor."""
    return Client(account.endpoint, limiter, observer, transport)


_MOST_NAMED: Final = 10

OpenClient = Callable[[Account, RateLimiter, AccountTelemetry], Client]


class Changes(NamedTuple):
    """The accounts that a new configuration adds, removes and changes."""

    added: list[AccountKey]
    removed: list[AccountKey]
    changed: list[AccountKey]

    def fields(self) -> dict[str, str]:
        """Return the fields of a log line: each kind of change, with its first few accounts."""
        return {kind: _listed(keys) for kind, keys in self._asdict().items() if keys}


def _listed(keys: list[AccountKey]) -> str:
    names = [f"{vendor}/{name}" for vendor, name in keys[:_MOST_NAMED]]
    return ", ".join(names) + (f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else "")


class Exporter:
    """The accounts of an exporter with their state, telemetry and polling tasks.

    Attributes:
        store: what is known of each account.
        telemetry: what is counted for each.
        config: the configuration applied last.

    """

    def __init__(
        self,
        clock: Clock = time.time,
        open_client: OpenClient = open_client,
        storage: Storage | None = None,
    ) -> None:
        self.store = Store()
        self.telemetry = Telemetry(clock(), clock)
        self.config = Config.model_construct(accounts=())
        self._clock = clock
        self._open_client = open_client
        self._storage = storage
        self._limiters: dict[Credential, RateLimiter] = {}
        self._rates: dict[Credential, tuple[Rate | None, Rate | None, float]] = {}
        self._polled: dict[AccountKey, anyio.CancelScope] = {}
        self._pollers: dict[AccountKey, Poller] = {}
        self._write_failing: set[AccountKey] = set()
        if storage and (warning := storage.warning):
            logger.warning(warning)

    def apply_config(self, config: Config) -> list[Account]:
        """Apply a configuration, and return the accounts that are new or changed.

        A changed account keeps its readings and counters, unless it signs in as another user or to another host:
        then it is a different account of the same name.
        """
        before = {key: one.account for key, one in self.telemetry.accounts.items()}
        wanted = {account.key: account for account in config.accounts}
        self.store.reconfigure({key: account.slice_count for key, account in wanted.items()})
        self._keep_limiters(config)
        for key in before.keys() - wanted.keys():
            self.telemetry.remove(key)
        changed = [account for key, account in wanted.items() if account != before.get(key)]
        for account in changed:
            if (old := before.get(account.key)) and old.credential != account.credential:
                self.store.reset(account.key)
            self.telemetry.add(account)
            if self._storage and not self.store[account.key].has_reading:
                self._restore(account, self._storage)
            elif old:
                self.store.restore(account.key, reconfigure(account, self.store[account.key]))
        self.config = config
        self.telemetry.shard = config.shard
        self.telemetry.reload_status.accept(self._clock())
        return changed

    def _keep_limiters(self, config: Config) -> None:
        """Keep one rate limiter per credential, with the rate of its first account."""
        kept: dict[Credential, RateLimiter] = {}
        for account in config.accounts:
            if account.credential in kept:
                continue
            rate = account.rate_limit, account.assumed_rate, account.rate_share
            limiter = self._limiters.get(account.credential) or RateLimiter(*rate)
            if self._rates.get(account.credential) != rate:
                limiter.configure(*rate)
            kept[account.credential], self._rates[account.credential] = limiter, rate
        self._limiters = kept
        self._rates = {key: self._rates[key] for key in kept}

    @asynccontextmanager
    async def poller(self, account: Account) -> AsyncIterator[Poller]:
        """Open an adopted account's poller; its connections are closed on exit."""
        limiter = self._limiters[account.credential]
        observer = self.telemetry.accounts[account.key]
        persist = partial(self._persist, account, self._storage, observer) if self._storage else None
        async with self._open_client(account, limiter, observer) as client:
            yield Poller(
                account, client, self.store, observer, self._clock, persist=persist, rest=client.rest, turn=reading_turn
            )

    def _restore(self, account: Account, storage: Storage) -> None:
        """Restore what an earlier process stored of an account, at its true age."""
        stored = storage.read(account)
        for reason in stored.invalid:
            self.telemetry.accounts[account.key].on_set_aside(reason)
            _log_storage(account, "stored reading is invalid; set aside", reason)
        for error in stored.errors:
            _log_storage(account, "stored reading cannot be read", error.strerror)
        fresh_until = anyio.current_time() + account.stale_seconds
        before = self.store[account.key]
        self.store.restore(
            account.key, restore(account, before, stored.readings, stored.ledger, self._clock(), fresh_until)
        )

    async def _persist(  # noqa: PLR0913, PLR0917 - whose it is, where to, and what
        self,
        account: Account,
        storage: Storage,
        observer: AccountTelemetry,
        number: int,
        polled: ProcessedPoll,
        asked_at: float,
    ) -> bool:
        part = polled.state
        stored = StoredReading(
            asked_at,
            part.read_at,
            polled.figures,
            part.quotas,
            part.contributions,
            polled.ledger.slice_part(
                number, (one.id for one in polled.account_state.quotas) if polled.account_state else ()
            ),
            part.as_of,
            part.dropped,
        )
        try:
            await storage.store(account, number, stored, is_complete=polled.is_complete)
        except SlowDisk:
            return False
        except OSError as error:
            if not isinstance(error, FolderInUse):
                observer.on_write_failed()
            if account.key not in self._write_failing:
                _log_storage(account, "reading cannot be stored; quota counters are paused", error.strerror)
            self._write_failing.add(account.key)
            return False
        self._write_failing.discard(account.key)
        return True

    def restart_polling(self, config: Config, tasks: anyio.abc.TaskGroup) -> Changes:
        """Poll the accounts of a configuration from now on, and return what changed.

        Unchanged accounts continue undisturbed; failing ones are tried at once.
        """
        before = set(self.telemetry.accounts)
        changed = {account.key for account in self.apply_config(config)}
        kept = {account.key for account in config.accounts} - changed
        for key in self._polled.keys() - kept:
            self._polled.pop(key).cancel()
        for account in config.accounts:
            if account.key in self._polled:
                continue
            for warning in account_warnings(account):
                logger.warning(warning, vendor=account.vendor, account=account.name)
            self._polled[account.key] = anyio.CancelScope()
            tasks.start_soon(self._poll, account, self._polled[account.key])
        self.retry(kept)
        wanted = {account.key for account in config.accounts}
        return Changes(sorted(wanted - before), sorted(before - wanted), sorted(changed & before))

    def retry(self, keys: Collection[AccountKey] | None = None) -> list[AccountKey]:
        """Poll the failing ones among these accounts, or all, unless their vendor asked to wait; return them."""
        now = self._clock()
        failing = [key for key, snapshot in self.store if _may_be_retried(snapshot, now)]
        return [key for key in failing if (keys is None or key in keys) and self.poll_now(key)]

    def poll_now(self, key: AccountKey) -> bool:
        """Poll an account at once, whether it fails or not, and return whether it exists."""
        poller = self._pollers.get(key)
        if poller is not None:
            poller.poll_now()
        return poller is not None

    async def _poll(self, account: Account, until: anyio.CancelScope) -> None:
        with until:
            try:
                async with self.poller(account) as poller:
                    self._pollers[account.key] = poller
                    await poller.run()
            except Exception as error:  # noqa: BLE001 - an account that cannot be opened must not end the others
                logger.exception("account cannot be polled", vendor=account.vendor, account=account.name)
                if self._polled.get(account.key) is until:  # or it is polled no more, or by another task
                    del self._polled[account.key]
                    self.store.record_failure(account.key, InternalError(type(error).__name__))
            finally:
                if self._polled.get(account.key) in (until, None):
                    self._pollers.pop(account.key, None)


def _may_be_retried(snapshot: Snapshot, now: float) -> bool:
    """Whether an account fails and its vendor did not ask us to wait."""
    error, began = snapshot.error, snapshot.attempted_at
    if error is None:
        return False
    return error.retry_after is None or began is None or began + error.retry_after <= now


def _log_storage(account: Account, message: str, error: str | None) -> None:
    logger.warning(message, vendor=account.vendor, account=account.name, error=error)
