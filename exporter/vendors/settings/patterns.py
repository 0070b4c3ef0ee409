"""Setting types with a syntax of their own: regular expressions, label names and label values."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import PlainValidator

from exporter.metrics import OWN_FAMILIES, QUOTA_FAMILIES
from exporter.vendors.settings.types import json_schema

_LABEL: Final = "[a-zA-Z_][a-zA-Z0-9_]{0,62}"
_TAKEN_LABELS: Final = frozenset(
    {"account", "alertname", "instance", "job", "le", "quantile", "severity"}
    | {label for family in (*OWN_FAMILIES, *QUOTA_FAMILIES) for label in family.labels}
)
"""Labels that the exporter, the scrape or the rules add to series or alerts."""
_LONGEST_LABEL: Final = 128
_PATTERN: Final = "write a regular expression; it has to match the whole"
_IN_PATTERN: Final = re.compile(r"""['"\\?<]|(?<=range) """)
"""Matches the place where an error message of `re` begins to quote the expression."""


def _read_label_name(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_LABEL, value) or value.startswith("__"):
        raise ValueError("write the name of a label: letters, digits and _, not beginning with a digit")
    if value in _TAKEN_LABELS:
        raise ValueError("is a label that series or alerts already have; write another")
    return value


def _read_label_value(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("write text, in quotes if it looks like a number, true, false or null")  # noqa: TRY004 - as for every wrong value
    if not value.isprintable() or not 1 <= len(value) <= _LONGEST_LABEL:
        raise ValueError(f"write up to {_LONGEST_LABEL} printable characters")
    return value


def read_pattern(value: object) -> str:
    """Return the value if it is a valid regular expression.

    Raises:
        ValueError: the expression is invalid.

    """
    if not isinstance(value, str):
        raise ValueError(_PATTERN)  # noqa: TRY004 - pydantic collects ValueError only
    if value.startswith("*"):
        raise ValueError(f"{_PATTERN}: for anything, write .*")
    try:
        re.compile(value)
    except re.error as error:
        message = _IN_PATTERN.split(error.msg)[0].strip(" ,")
        raise ValueError(f"{_PATTERN}: {message} at position {(error.pos or 0) + 1}") from None
    except (OverflowError, RecursionError):
        raise ValueError(_PATTERN) from None
    return value


LabelName = Annotated[str, PlainValidator(_read_label_name), json_schema("label name", type="string", pattern=_LABEL)]
"""The name of a label that the operator adds."""
LabelValue = Annotated[
    str, PlainValidator(_read_label_value), json_schema("label value", type="string", minLength=1, maxLength=128)
]
"""The value of a label that the operator adds."""
Pattern = Annotated[str, PlainValidator(read_pattern), json_schema("regular expression", type="string", format="regex")]
"""A regular expression that has to match the whole text, as in PromQL."""
