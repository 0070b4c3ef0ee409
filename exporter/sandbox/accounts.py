"""The sandbox's two accounts at each vendor. Every credential and every identifier is invented."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

ACCOUNTS = ("acme", "globex")

_CredentialsT = TypeVar("_CredentialsT")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account in the demo's configuration.

    Attributes:
        settings: the vendor's own settings, as lines of YAML.
        secrets: the names and values of the environment variables that the settings refer to.

    """

    settings: str
    secrets: Mapping[str, str]


def stable_id(*words: str) -> str:
    """Return a UUID that depends only on `words`."""
    return str(uuid5(NAMESPACE_URL, "sandbox:" + "/".join(words)))


def account_where(accounts: Mapping[str, _CredentialsT], known: Callable[[_CredentialsT], bool]) -> str | None:
    """Return the name of the account whose credentials make `known` return true. Return None if there is none."""
    return next((name for name, credentials in accounts.items() if known(credentials)), None)


def flow(values: Iterable[str]) -> str:
    """Return texts as a YAML list on one line."""
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"
