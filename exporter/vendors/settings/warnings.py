"""Warnings about settings of an account that are valid but risky."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from exporter.durations import write_duration
from exporter.vendors.account import Account, Credential
from exporter.vendors.periods import FixedPeriod
from exporter.vendors.quotas import missing_option
from exporter.vendors.settings.secrets import file_secrets


def account_warnings(account: Account) -> Iterator[str]:
    """Yield the warnings about an account. Each warning is one line."""
    if account.tls.insecure_skip_verify:
        yield "the vendor's certificate is not verified"
    for name, secret in file_secrets(account).items():
        if secret.others_can_read():
            yield f"{name}: the file can be read by users other than its owner: chmod 600 {secret.path}"
        for doubt in secret.doubts():
            yield f"{name}: the file {secret.path} {doubt}"
    if account.timeout > account.interval and "timeout" in account.model_fields_set:
        took, every = write_duration(account.timeout), write_duration(account.interval)
        yield f"timeout ({took}) is longer than interval ({every}): a slow vendor delays the next poll"
    for quota in account.quotas:
        if isinstance(quota.period, FixedPeriod) and quota.period.first > datetime.now(UTC):
            yield f"quota {quota.name}: its period begins on a future day, {quota.period.first:%Y-%m-%d}"
    yield from _idle_thresholds(account)
    if account.estimate.exceeds_interval:
        yield account.estimate.warning


def _idle_thresholds(account: Account) -> Iterator[str]:
    """Yield a warning for each threshold whose quota does not exist.

    If some quotas' names are known only after the first poll, there are no such warnings.
    """
    native = {one.name for one in account.native_quotas if not missing_option(one.used, dict(account))}
    names = native | {one.name for one in account.quotas}
    if any("{" in name for name in names):
        return
    for threshold in account.thresholds:
        if threshold.quota not in names:
            yield f"thresholds: there is no quota {threshold.quota}; there are {', '.join(sorted(names)) or 'none'}"


def shared_credentials(accounts: Iterable[Account]) -> Mapping[Credential, Collection[str]]:
    """Return the names of accounts that share a credential, by credential."""
    names: dict[Credential, list[str]] = {}
    for account in accounts:
        names.setdefault(account.credential, []).append(f"{account.vendor}/{account.name}")
    return {credential: found for credential, found in names.items() if len(found) > 1}
