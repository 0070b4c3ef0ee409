"""The sandbox's accounts at IONOS Cloud."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.sandbox.accounts import DemoAccount


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an account signs in with, and what it may request."""

    username: str
    password: str
    token: str
    contracts: tuple[str, ...]


ACCOUNTS: Mapping[str, Credentials] = MappingProxyType(
    {
        name: Credentials(f"{name}@example.com", f"sandbox-{name}-password", f"sandbox-{name}-token", contracts)
        for name, contracts in {"acme": ("031909628", "32100457"), "globex": ("33200881",)}.items()
    }
)


def demo(name: str) -> DemoAccount:
    """Return an account in the configuration of the demo."""
    secret = f"{name.upper()}_IONOS_TOKEN"
    settings = f"""\
token: ${{{secret}}}
cost: true
quotas:
  - name: core-hours
    metric: ionos_meter_quantity
    match: {{meter_id: "C0.*"}}
    by: [contract]
    limit: 20000
    unit: core_hours
    period: month
"""
    return DemoAccount(settings, {secret: ACCOUNTS[name].token})
