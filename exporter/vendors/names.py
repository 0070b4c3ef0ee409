"""Checks of the names of vendors, metrics and labels. Each error message says what to write."""

from __future__ import annotations

import re
from typing import Final

_LABEL: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_RESERVED_LABELS: Final = frozenset({"account", "vendor", "job", "instance", "le", "quantile"})
_RESERVED_VENDORS: Final = frozenset({"usage", "exporter", "process", "python", "scrape", "go", "promhttp", "up"})
_NO_GAUGE: Final = re.compile(r".*_(total|bucket|created|info)")


def read_vendor(value: object) -> str:
    """Return the value if it is a valid vendor name.

    Raises:
        ValueError: the name is invalid, or is a prefix of metrics that do not come from vendors.

    """
    if not isinstance(value, str) or not re.fullmatch("[a-z][a-z0-9_]{0,39}", value):
        raise ValueError("write up to 40 lowercase letters, digits and _, beginning with a letter")
    if value in _RESERVED_VENDORS:
        raise ValueError("is a prefix of other metrics; write another name")
    return value


def read_metric(value: object) -> str:
    """Return the value if it is a valid name of a gauge.

    Raises:
        ValueError: the name is invalid.

    """
    if not isinstance(value, str) or not re.fullmatch("[a-z][a-z0-9_]{0,119}", value):
        raise ValueError("write up to 120 lowercase letters, digits and _, beginning with a letter")
    if _NO_GAUGE.fullmatch(value):
        raise ValueError("must not end in _total, _bucket, _created or _info: it is a gauge")
    return value


def read_label(value: object) -> str:
    """Return the value if it is the name of a label that a vendor may set.

    Raises:
        ValueError: the name is invalid or reserved.

    """
    if not isinstance(value, str) or not _LABEL.fullmatch(value):
        raise ValueError("write a label of lowercase letters, digits and _")
    if value in _RESERVED_LABELS or value.startswith("__"):
        raise ValueError("is a label that the exporter or Prometheus sets; write another")
    return value
