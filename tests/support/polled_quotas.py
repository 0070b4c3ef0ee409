"""What becomes of a vendor's answers: quotas made of polls through the real client."""

from datetime import datetime
from typing import Any

import anyio
from polled_accounts import NOW, Tally, client_of
from quota_samples import Watched

from exporter.vendors import Account
from exporter.vendors.poll import Poll


def polled_quotas(account: Account, *times: datetime) -> Watched:
    """Poll once at each of the times, as one poller would."""

    async def main() -> Watched:
        kept: dict[str, tuple[datetime, Any]] = {}
        quotas = Watched(account)
        async with client_of(account, Tally()) as client:
            for now in times or (NOW,):
                poll = Poll(client, now, kept)
                items = list(await account.read(poll))
                quotas.read(0, [*items, *poll.unreadable], now)
        return quotas

    return anyio.run(main)
