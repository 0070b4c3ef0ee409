"""The sandbox's accounts at IONOS Cloud."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.requests import Request

from exporter.sandbox.accounts import DemoAccount, account_where
from exporter.sandbox.sign_in import basic, bearer


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of an account, and the contracts that the account may request."""

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


def account_of(request: Request) -> str:
    """Return the name of the account to which a request's credentials belong.

    Raises:
        HTTPException: the credentials belong to no account.

    """
    header = request.headers.get("Authorization")
    token, pair = bearer(header), basic(header)
    account = account_where(ACCOUNTS, lambda known: known.token == token or (known.username, known.password) == pair)
    if account is None:
        raise HTTPException(401, "Wrong credentials.", {"WWW-Authenticate": 'Basic realm="billing"'})
    return account


def failure(error: HTTPException) -> object:
    """Return the body of a refusal."""
    return {
        "httpStatus": error.status_code,
        "messages": [{"errorCode": str(error.status_code), "message": error.detail}],
    }


def demo(name: str) -> DemoAccount:
    """Return the account with this name in the demo's configuration."""
    secret = f"{name.upper()}_IONOS_TOKEN"
    settings = f"""\
token: ${{{secret}}}
cost: true
limits: true
names: true
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
