"""The sandbox's accounts at NetNut."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.sandbox.accounts import DemoAccount, flow


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of an account, and the sub-users that the account may request."""

    email: str
    password: str
    sub_users: tuple[str, ...]


ACCOUNTS: Mapping[str, Credentials] = MappingProxyType(
    {
        name: Credentials(f"{name}@example.com", f"sandbox-{name}-password", sub_users)
        for name, sub_users in {"acme": ("90011001", "90011002"), "globex": ("90022001", "90022002")}.items()
    }
)
RESELLERS = frozenset({"acme"})
"""The accounts whose list for resellers has rows. Other accounts' lists are empty, as in NetNut's documentation."""


def demo(name: str) -> DemoAccount:
    """Return the account with this name in the demo's configuration."""
    known, secret = ACCOUNTS[name], f"{name.upper()}_NETNUT_PASSWORD"
    settings = f"""\
email: {known.email}
password: ${{{secret}}}
sub_users: {flow(known.sub_users)}
reseller: {"true" if name in RESELLERS else "false"}
"""
    return DemoAccount(settings, {secret: known.password})
