"""The sandbox's two accounts. Every credential and every identifier is invented."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import NAMESPACE_URL, uuid5


def stable_id(*words: str) -> str:
    """Return the UUID that belongs to these words, whatever the seed."""
    return str(uuid5(NAMESPACE_URL, "sandbox:" + "/".join(words)))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one account needs to sign in everywhere, and what it may ask about."""

    netnut_email: str
    netnut_password: str
    netnut_sub_users: tuple[str, ...]
    ionos_username: str
    ionos_password: str
    ionos_token: str
    ionos_contracts: tuple[str, ...]
    prolifi_key: str
    planship_client_id: str
    planship_client_secret: str
    planship_customers: tuple[str, ...]


def _account(
    name: str, *, sub_users: tuple[str, ...], contracts: tuple[str, ...], customers: tuple[str, ...]
) -> Credentials:
    return Credentials(
        netnut_email=f"{name}@example.com",
        netnut_password=f"sandbox-{name}-password",
        netnut_sub_users=sub_users,
        ionos_username=f"{name}@example.com",
        ionos_password=f"sandbox-{name}-password",
        ionos_token=f"sandbox-{name}-token",
        ionos_contracts=contracts,
        prolifi_key=f"pk_test_sandbox_{name}",
        planship_client_id=f"sandbox-{name}-client",
        planship_client_secret=f"sandbox-{name}-secret",
        planship_customers=customers,
    )


ACCOUNTS: Mapping[str, Credentials] = MappingProxyType(
    {
        "acme": _account(
            "acme",
            sub_users=("90011001", "90011002"),
            contracts=("031909628", "32100457"),
            customers=("user+1@example.com", "team/blue", stable_id("planship", "acme", "3")),
        ),
        "globex": _account(
            "globex",
            sub_users=("90022001", "90022002"),
            contracts=("33200881",),
            customers=("user+2@example.com", stable_id("planship", "globex", "2")),
        ),
    }
)


def account_where(known: Callable[[Credentials], bool]) -> str | None:
    """Return the name of the account whose credentials satisfy `known`, if there is one."""
    return next((name for name, credentials in ACCOUNTS.items() if known(credentials)), None)
