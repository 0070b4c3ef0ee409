"""The rate limiters: one per credential, shared by all accounts that use the credential."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from exporter.client.rate_limit import RateLimiter
from exporter.durations import Rate
from exporter.vendors import Account
from exporter.vendors.account import Credential

_RateOf = tuple[Rate | None, Rate | None, float]
"""The rate configured for an account, the rate assumed for its vendor, and this process's share of the rate."""


class Limiters:
    """The rate limiters of all polled accounts."""

    def __init__(self) -> None:
        self._limiters: dict[Credential, RateLimiter] = {}
        self._rates: dict[Credential, _RateOf] = {}

    def __getitem__(self, credential: Credential) -> RateLimiter:
        return self._limiters[credential]

    def keep(self, accounts: Iterable[Account]) -> None:
        """Keep limiters for exactly these accounts. If several share a credential, the first account's rate applies."""
        limiters, rates = dict[Credential, RateLimiter](), dict[Credential, _RateOf]()
        for account in accounts:
            credential, rate = account.credential, (account.rate_limit, account.assumed_rate, account.rate_share)
            if credential in limiters:
                continue
            limiter = self._limiters.get(credential) or RateLimiter(*rate)
            if self._rates.get(credential) != rate:
                limiter.configure(*rate)
            limiters[credential], rates[credential] = limiter, rate
        self._limiters, self._rates = limiters, rates

    def checkpoint(self) -> Callable[[], None]:
        """Save the current limiters and rates, and return a function that restores them."""
        limiters, rates = self._limiters, self._rates

        def undo() -> None:
            self._limiters, self._rates = limiters, rates
            for credential, limiter in limiters.items():
                limiter.configure(*rates[credential])

        return undo
