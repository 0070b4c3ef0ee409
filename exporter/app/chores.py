"""Periodic work besides polling: checking secrets, sampling counters, and a daily log line."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import anyio

from exporter.app.exporter import Exporter
from exporter.files import read_in_thread
from exporter.log import logger
from exporter.polling.poller import Clock
from exporter.status.pace import Paces
from exporter.store.files import Storage
from exporter.store.snapshot import AccountKey
from exporter.vendors import Account
from exporter.vendors.expiry import credential_expiry
from exporter.vendors.settings.secrets import file_secrets

_SECRETS_SECONDS: Final = 5.0
_PACES_SECONDS: Final = 300.0
_DAY_SECONDS: Final = 86_400.0

Stamps = Mapping[AccountKey, tuple[object, ...]]
"""For each account, values that change when one of the account's secret files is written or replaced."""


async def retry_with_new_secrets(exporter: Exporter) -> None:
    """Watch the accounts' secret files until cancelled.

    The expiry date of each account's credential is recorded at first, and again when a secret file of the account
    changes. After such a change, the account is also polled at once if it is failing.
    """
    seen: Stamps = {}
    while True:
        now = await read_in_thread("stamps of secrets", partial(_stamps, exporter.config.accounts))
        await _note_expiries(exporter, [key for key in now if now[key] != seen.get(key)])
        renewed = [key for key in now if key in seen and seen[key] != now[key] and exporter.store[key].error]
        for vendor, account in exporter.retry(renewed):
            logger.info("secret changed; polling at once", vendor=vendor, account=account)
        seen = now
        await anyio.sleep(_SECRETS_SECONDS)


async def _note_expiries(exporter: Exporter, keys: Collection[AccountKey]) -> None:
    for account in exporter.config.accounts:
        if account.key in keys:
            expiry = await read_in_thread(("expiry", account.key), partial(credential_expiry, account))
            if observer := exporter.telemetry.accounts.get(account.key):
                observer.on_credential(expiry)


def _stamps(accounts: tuple[Account, ...]) -> Stamps:
    return {account.key: tuple(secret.stamp() for secret in file_secrets(account).values()) for account in accounts}


async def observe_counters(exporter: Exporter, paces: Paces, storage: Storage | None, clock: Clock = time.time) -> None:
    """Observe the counters of all quotas at regular intervals until cancelled, and store the observations."""
    stored = paces.observations
    while True:
        await anyio.sleep(_PACES_SECONDS)
        paces.observe(exporter.store, clock())
        if storage and paces.observations != stored:
            with suppress(OSError):  # a disk error is reported when a reading is stored
                await storage.store_observations(exporter.config.shard, paces.observations, clock())
                stored = paces.observations


async def log_every_day(exporter: Exporter) -> None:
    """Log once a day that the exporter is running, and the state of its accounts."""
    before = exporter.telemetry.poll_counts()
    while True:
        await anyio.sleep(_DAY_SECONDS)
        counts = exporter.telemetry.poll_counts()
        logger.info(
            "daily summary",
            accounts=len(exporter.config.accounts),
            up=sum(snapshot.up for _, snapshot in exporter.store),
            failing=sum(snapshot.failure is not None for _, snapshot in exporter.store),
            polls=max(0, counts[0] - before[0]),
            failures=max(0, counts[1] - before[1]),
        )
        before = counts
