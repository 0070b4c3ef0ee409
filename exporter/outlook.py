"""What to expect of a configuration that is right: how long a cycle of many customers takes, and what is risky."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.config import Config


def outlook(config: Config) -> Iterator[str]:
    """Yield what a person should know before they start, a line each."""
    for account in config.accounts:
        who = f"{account.vendor}/{account.name}"
        if account.slices > 1:
            yield f"{who}: {account.cycle}"
        for caution in account.cautions():
            yield f"{who}: {caution}"
