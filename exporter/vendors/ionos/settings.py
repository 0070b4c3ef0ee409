"""The kinds of value that only settings of IONOS have."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import PlainValidator

from exporter.vendors.quotas import ConfiguredQuota
from exporter.vendors.settings import is_uuid, json_schema

_CONTRACT: Final = re.compile("[0-9]{5,10}")
_LEADING_ZEROS: Final = re.compile(r"(^|[|(]|\(\?:)0+(?=[0-9])")


def contract_label(number: str) -> str:
    """Return a contract's number as the label has it: the vendor writes leading zeros in some answers only."""
    return number.lstrip("0") or number


def without_leading_zeros(pattern: str) -> str:
    """Return a regular expression without the zeros that begin it, or one of its alternatives, before more digits."""
    return _LEADING_ZEROS.sub(r"\1", pattern)


def with_contract_label(quota: ConfiguredQuota) -> ConfiguredQuota:
    """Let a quota's `match` name a contract as the vendor writes it; the label has no leading zeros."""
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
"""A contract's number at IONOS; leading zeros are kept."""
DataCenterId = Annotated[
    str,
    PlainValidator(_data_center),
    json_schema("data centre", anyOf=[{"type": "string", "format": "uuid"}, {"const": "null"}, {"type": "null"}]),
]
"""A data centre's UUID at IONOS, or `null` for what is in none."""
