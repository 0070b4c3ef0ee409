"""The sandbox's accounts at Prolifi."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.sandbox.accounts import ACCOUNTS as NAMES
from exporter.sandbox.accounts import DemoAccount


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of an account."""

    key: str


ACCOUNTS: Mapping[str, Credentials] = MappingProxyType({name: Credentials(f"pk_test_sandbox_{name}") for name in NAMES})


def demo(name: str) -> DemoAccount:
    """Return the account with this name in the demo's configuration."""
    secret = f"{name.upper()}_PROLIFI_API_KEY"
    settings = f"""\
api_key: ${{{secret}}}
discover: true
window: month
entitlements: true
names: true
"""
    return DemoAccount(settings, {secret: ACCOUNTS[name].key})
