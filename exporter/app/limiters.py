"""The rate limiters: one for each credential, whoever uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from exporter.client.rate_limit import RateLimiter
from exporter.durations import Rate
from exporter.vendors import Account
from exporter.vendors.account import Credential

_RateOf = tuple[Rate | None, Rate | None, float]
"""The rate that an account has, the one that its vendor is assumed to allow, and our share of it."""


class Limiters:
    """The limiters of the accounts that are polled."""

    def __init__(self) -> None:
        self._limiters: dict[Credential, RateLimiter] = {}
        self._rates: dict[Credential, _RateOf] = {}

    def __getitem__(self, credential: Credential) -> RateLimiter:
        return self._limiters[credential]

    def keep(self, accounts: Iterable[Account]) -> None:
        """Have those of these accounts, and no others; the first account's rate is that of all with its credential."""
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
        """Return what puts them back as they are now."""
        limiters, rates = self._limiters, self._rates

        def undo() -> None:
            self._limiters, self._rates = limiters, rates
            for credential, limiter in limiters.items():
                limiter.configure(*rates[credential])

        return undo
