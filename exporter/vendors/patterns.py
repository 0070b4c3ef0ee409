"""Texts of a configuration that have a form of their own: regular expressions, and names of labels."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import PlainValidator

from exporter.vendors.settings import json_schema

_LABEL: Final = "[a-zA-Z_][a-zA-Z0-9_]{0,62}"
_TAKEN_LABELS: Final = ("account", "instance", "job", "vendor")
_PATTERN: Final = "write a regular expression; it has to match the whole"
_IN_PATTERN: Final = re.compile(r"""['"\\?<]|(?<=range) """)
"""Where an error of `re` begins to repeat the expression."""


def _read_label_name(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_LABEL, value) or value.startswith("__"):
        raise ValueError("write the name of a label: letters, digits and _, the first no digit")
    if value in _TAKEN_LABELS:
        raise ValueError(
            f"is a label that every series may have already; write another than {', '.join(_TAKEN_LABELS)}"
        )
    return value


def read_pattern(value: object) -> str:
    """Return a regular expression that can be used.

    Raises:
        ValueError: it is none.

    """
    if not isinstance(value, str):
        raise ValueError(_PATTERN)  # noqa: TRY004 - pydantic collects ValueError only
    if value.startswith("*"):
        raise ValueError(f"{_PATTERN}: for anything, write .*")
    try:
        re.compile(value)
    except re.error as error:
        said = _IN_PATTERN.split(error.msg)[0].strip(" ,")
        raise ValueError(f"{_PATTERN}: {said} at position {(error.pos or 0) + 1}") from None
    except (OverflowError, RecursionError):
        raise ValueError(_PATTERN) from None
    return value


LabelName = Annotated[str, PlainValidator(_read_label_name), json_schema("label name", type="string", pattern=_LABEL)]
"""The name of a label that the operator adds."""
Pattern = Annotated[str, PlainValidator(read_pattern), json_schema("regular expression", type="string", format="regex")]
"""A regular expression that has to match the whole, as in PromQL."""
