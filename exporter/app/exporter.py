"""The exporter: all accounts, with their state, telemetry and polling tasks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.abc

from exporter.app.changes import Changes, renames
from exporter.app.limiters import Limiters
from exporter.client.client import Client
from exporter.client.connections import Transport
from exporter.client.large_work import reading_turn
from exporter.client.rate_limit import RateLimiter
from exporter.config import Config
from exporter.errors import InternalError
from exporter.log import logger
from exporter.polling.pipeline import ProcessedPoll, reconfigure, restore
from exporter.polling.poller import Clock, Poller
from exporter.store.files import FolderInUse, Storage
from exporter.store.relabel import relabel, rename
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.store.stored_reading import StoredReading
from exporter.store.writer import SlowDisk
from exporter.telemetry.telemetry import AccountTelemetry, Telemetry
from exporter.vendors import Account


def open_client(
    account: Account, limiter: RateLimiter, observer: AccountTelemetry, transport: Transport | None = None
) -> Client:
    """Return a client for an account's vendor."""
    return Client(account.endpoint, limiter, observer, transport)


OpenClient = Callable[[Account, RateLimiter, AccountTelemetry], Client]


class Exporter:
    """All accounts of an exporter, with their state, telemetry and polling tasks.

    Attributes:
        store: the snapshot of each account.
        telemetry: the telemetry of each account and of the process.
        config: the configuration that was applied last.

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
        self._limiters = Limiters()
        self._polled: dict[AccountKey, anyio.CancelScope] = {}
        self._pollers: dict[AccountKey, Poller] = {}
        self._write_failing: set[AccountKey] = set()
        if storage and (warning := storage.warning):
            logger.warning(warning)

    def apply_config(self, config: Config) -> list[Account]:
        """Apply a configuration, and return the accounts that are new or changed.

        A changed or renamed account keeps its readings and counters, unless it now signs in as another user or to
        another host.
        """
        before = {key: one.account for key, one in self.telemetry.accounts.items()}
        wanted = {account.key: account for account in config.accounts}
        for key, old in list(renames(before, config.accounts)):
            self.store.rename(old, key, rename(wanted[key], self.store[old]))
            self.telemetry.rename(old, wanted[key])
            before[key] = before.pop(old)
        self.store.reconfigure({key: account.slice_count for key, account in wanted.items()})
        self._limiters.keep(config.accounts)
        for key in before.keys() - wanted.keys():
            self.telemetry.remove(key)
        changed = [account for key, account in wanted.items() if account != before.get(key)]
        for account in changed:
            if (old_account := before.get(account.key)) and old_account.credential != account.credential:
                self.store.reset(account.key)
            self.telemetry.add(account)
            snapshot = self.store[account.key]
            if self._storage and not snapshot.has_reading:
                self._restore(account, self._storage)
            elif old_account:
                self.store.restore(account.key, reconfigure(account, relabel(old_account, account, snapshot)))
        self.config = config
        self.telemetry.shard = config.shard
        return changed

    def _checkpoint(self) -> Callable[[], None]:
        """Save the current state, except for the polling tasks, and return a function that restores it."""
        config, undo_parts = self.config, [one.checkpoint() for one in (self.store, self.telemetry, self._limiters)]

        def undo() -> None:
            self.config = config
            for undo_part in undo_parts:
                undo_part()

        return undo

    @asynccontextmanager
    async def poller(self, account: Account) -> AsyncIterator[Poller]:
        """Open the poller of an account in the applied configuration. On exit, close the poller's connections."""
        limiter = self._limiters[account.credential]
        observer = self.telemetry.accounts[account.key]
        persist = partial(self._persist, account, self._storage, observer) if self._storage else None
        async with self._open_client(account, limiter, observer) as client:
            yield Poller(
                account, client, self.store, observer, self._clock, persist=persist, rest=client.rest, turn=reading_turn
            )

    def _restore(self, account: Account, storage: Storage) -> None:
        """Restore the readings that an earlier process stored for an account. Readings keep their original times."""
        stored = storage.read(account)
        for reason in stored.invalid:
            self.telemetry.accounts[account.key].on_set_aside(reason)
            _log_storage(account, "stored reading is invalid; set aside", reason)
        for reason in dict.fromkeys(stored.refused):
            _log_storage(account, "what is stored under the former name cannot be taken over", reason)
        for error in stored.errors:
            _log_storage(account, "stored reading cannot be read", error.strerror)
        fresh_until = anyio.current_time() + account.stale_seconds
        before = self.store[account.key]
        self.store.restore(
            account.key, restore(account, before, stored.readings, stored.ledger, self._clock(), fresh_until)
        )

    async def _persist(  # noqa: PLR0913, PLR0917 - the account, its storage, and the reading
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
        if account.key in self._write_failing:
            self._write_failing.remove(account.key)
            logger.info("readings are stored again", vendor=account.vendor, account=account.name)
        return True

    def restart_polling(self, config: Config, tasks: anyio.abc.TaskGroup) -> Mapping[str, str]:
        """Apply a configuration, poll its accounts from now on, and return the changes as fields of a log line.

        Polling of unchanged accounts continues undisturbed, except that failing accounts are polled at once. If the
        configuration cannot be applied, nothing changes.
        """
        undo, before = self._checkpoint(), {key: one.account for key, one in self.telemetry.accounts.items()}
        polled = self._polled.copy()
        try:
            warnings = config.read_warnings()
            changed = {account.key for account in self.apply_config(config)}
            kept = self._polled.keys() & {account.key for account in config.accounts} - changed
            self._poll_these(config, kept, tasks)
            for account in config.accounts:
                for warning in warnings[account.key] if account.key not in kept else ():
                    logger.warning(warning, vendor=account.vendor, account=account.name)
            self.retry(kept)
            changes = Changes.between(before, {account.key: account for account in config.accounts}).fields()
            self.telemetry.reload_status.accept(self._clock())
        except Exception:
            undo()
            undisturbed = {key for key, scope in polled.items() if self._polled.get(key) is scope}
            self._poll_these(self.config, undisturbed, tasks)
            raise
        return changes

    def _poll_these(self, config: Config, kept: Collection[AccountKey], tasks: anyio.abc.TaskGroup) -> None:
        """Poll exactly the accounts of a configuration. The tasks of accounts in `kept` continue undisturbed."""
        for key in self._polled.keys() - kept:
            self._polled.pop(key).cancel()
        for account in config.accounts:
            if account.key not in self._polled:
                self._polled[account.key] = anyio.CancelScope()
                tasks.start_soon(self._poll, account, self._polled[account.key])

    def retry(self, keys: Collection[AccountKey] | None = None) -> list[AccountKey]:
        """Poll failing accounts at once, and return the polled accounts.

        If an account's vendor has asked for a wait, the account is not polled before the wait is over.

        Args:
            keys: the accounts to choose from; None for all accounts.

        """
        now = self._clock()
        failing = [key for key, snapshot in self.store if _may_be_retried(snapshot, now)]
        return [key for key in failing if (keys is None or key in keys) and self.poll_now(key)]

    def poll_now(self, key: AccountKey) -> bool:
        """Poll an account at once, even if it is failing. Return whether this exporter polls the account."""
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
            except Exception as error:  # noqa: BLE001 - one account's error must not end the polling of others
                logger.exception("account cannot be polled", vendor=account.vendor, account=account.name)
                if self._polled.get(account.key) is until:  # otherwise another task polls it, or none does
                    del self._polled[account.key]
                    self.store.record_failure(account.key, InternalError(type(error).__name__))
            finally:
                if self._polled.get(account.key) in (until, None):
                    self._pollers.pop(account.key, None)


def _may_be_retried(snapshot: Snapshot, now: float) -> bool:
    """Whether an account is failing and does not have to wait any longer at its vendor's request."""
    error, began = snapshot.error, snapshot.attempted_at
    if error is None:
        return False
    return error.retry_after is None or began is None or began + error.retry_after <= now


def _log_storage(account: Account, message: str, error: str | None) -> None:
    logger.warning(message, vendor=account.vendor, account=account.name, error=error)
