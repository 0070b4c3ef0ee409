"""The JSON Schema of accounts, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from exporter.vendors.account import Account
from exporter.vendors.settings.problems import SchemaGenerator
from exporter.vendors.settings.types import description_of


def account_schema(vendors: Mapping[str, type[Account]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of an account at any of the vendors, and the definitions that the schema refers to."""
    any_account: Any = Annotated[reduce(or_, vendors.values()), Field(discriminator="vendor")]
    account = TypeAdapter(any_account).json_schema(schema_generator=SchemaGenerator)
    definitions: dict[str, Any] = account.pop("$defs", {})
    for vendor, reference in account["discriminator"]["mapping"].items():
        for name, shown in definitions[reference.rpartition("/")[2]]["properties"].items():
            shown.setdefault("description", description_of(vendors[vendor], name))
    return account, definitions
