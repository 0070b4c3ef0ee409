"""Types of settings that only IONOS has."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import PlainValidator

from exporter.vendors.quotas import ConfiguredQuota
from exporter.vendors.settings.types import is_uuid, json_schema

_CONTRACT: Final = re.compile("[0-9]{5,10}")
_LEADING_ZEROS: Final = re.compile(r"(^|[|(]|\(\?:)0+(?=[0-9])")


def contract_label(number: str) -> str:
    """Return a contract number without leading zeros. The vendor writes leading zeros only in some answers."""
    return number.lstrip("0") or number


def without_leading_zeros(pattern: str) -> str:
    """Return a regular expression with the leading zeros removed from each alternative."""
    return _LEADING_ZEROS.sub(r"\1", pattern)


def with_contract_label(quota: ConfiguredQuota) -> ConfiguredQuota:
    """Return the quota with leading zeros removed from its `match` on `contract`. The label has no leading zeros."""
    match = dict(quota.match)
    if "contract" in match:
        match["contract"] = without_leading_zeros(match["contract"])
    return quota.model_copy(update={"match": match})


def _contract_number(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _CONTRACT.fullmatch(text):
        raise ValueError("write a contract number: 5 to 10 digits")
    return text


def _data_center(value: object) -> str:
    text = "null" if value is None else value
    if not isinstance(text, str) or not (text == "null" or is_uuid(text)):
        raise ValueError("write the UUID of a data centre, or null")
    return text.lower()


ContractNumber = Annotated[
    str,
    PlainValidator(_contract_number),
    json_schema("contract number", anyOf=[{"type": "string", "pattern": "^[0-9]{5,10}$"}, {"type": "integer"}]),
]
"""An IONOS contract number. Leading zeros are kept."""
DataCenterId = Annotated[
    str,
    PlainValidator(_data_center),
    json_schema("data centre", anyOf=[{"type": "string", "format": "uuid"}, {"const": "null"}, {"type": "null"}]),
]
"""An IONOS data centre's UUID, or `null` for the resources that are in no data centre."""
