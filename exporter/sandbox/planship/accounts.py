"""The sandbox's accounts at Planship."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.sandbox.accounts import DemoAccount, flow, stable_id


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of an account, and the customers that the account may request."""

    client_id: str
    client_secret: str
    customers: tuple[str, ...]


ACCOUNTS: Mapping[str, Credentials] = MappingProxyType(
    {
        name: Credentials(f"sandbox-{name}-client", f"sandbox-{name}-secret", customers)
        for name, customers in {
            "acme": ("user+1@example.com", "team/blue", stable_id("planship", "acme", "3")),
            "globex": ("user+2@example.com", stable_id("planship", "globex", "2")),
        }.items()
    }
)


def demo(name: str) -> DemoAccount:
    """Return the account with this name in the demo's configuration."""
    known, secret = ACCOUNTS[name], f"{name.upper()}_PLANSHIP_CLIENT_SECRET"
    settings = f"""\
client_id: {known.client_id}
client_secret: ${{{secret}}}
customers: {flow(known.customers)}
products:
  - slug: invoicing
    metering_ids: [invoices]
  - slug: projects
    levers: [api-calls]
    metering_ids: [clicks]
buckets: true
subscriptions: true
entitlements: true
names: true
"""
    return DemoAccount(settings, {secret: known.client_secret})
