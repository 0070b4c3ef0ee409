"""Alert thresholds that the operator sets for individual quotas, as shares of the limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, PlainSerializer, PlainValidator

from exporter.vendors.settings.types import Settings, json_schema

_SHARE: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)%")
_MOST: Final = 1000.0

Severity = Literal["warning", "critical"]


def read_share(value: object) -> float:
    """Return a share of a limit as a ratio. The value is in percent, such as `80%`.

    Raises:
        ValueError: the value is not a percentage above 0 % and up to 1000 %.

    """
    found = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 0 < float(found[1]) <= _MOST:
        raise ValueError("write a share of the limit, such as 80%")
    return float(found[1]) / 100


def _write_share(value: float) -> str:
    return f"{value * 100:.10g}%"


Share = Annotated[
    float,
    PlainValidator(read_share),
    PlainSerializer(_write_share),
    json_schema("share", type="string", pattern=f"^{_SHARE.pattern}$"),
]


class Alerting(Settings):
    """Alert thresholds of a quota, in place of the default thresholds."""

    warn_at: Share | None = Field(
        default=None, description="Share of the limit from which UsageQuotaHigh is a warning, such as 70%."
    )
    critical_at: Share | None = Field(
        default=None, description="Share of the limit from which UsageQuotaHigh is critical, such as 90%."
    )

    def shares(self) -> Iterator[tuple[Severity, float]]:
        """Yield (severity, share) for each threshold that is set."""
        if self.warn_at is not None:
            yield "warning", self.warn_at
        if self.critical_at is not None:
            yield "critical", self.critical_at


class QuotaThreshold(Alerting):
    """Alert thresholds for all quotas of a given name.

    The thresholds apply both to quotas that the vendor reports and to quotas that the operator configures.
    """

    quota: str = Field(min_length=1, description="The label `quota` of the quotas that these thresholds apply to.")
    subject: str = Field(
        default="",
        description="The label `subject` of those quotas; if not set, any. The first entry that fits applies.",
    )

    def is_for(self, quota: str, subject: str) -> bool:
        """Whether the thresholds apply to a quota."""
        return self.quota == quota and self.subject in ("", subject)


def find_threshold_conflicts(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield (path, problem) for each conflict between an account's thresholds."""
    quotas = given.get("quotas")
    for index, quota in enumerate(quotas if isinstance(quotas, list) else ()):
        if isinstance(quota, Mapping) and _is_reversed(quota):
            yield f"quotas[{index}].warn_at", "must be below critical_at"
    entries = given.get("thresholds")
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, Mapping):
            continue
        where = f"thresholds[{index}]"
        key = str(entry.get("quota")), str(entry.get("subject", ""))
        if key in seen or (key[0], "") in seen:
            yield where, "an entry before this one is for the same quota; the first that fits counts"
        seen.add(key)
        if entry.get("warn_at") is None and entry.get("critical_at") is None:
            yield where, "write warn_at, critical_at, or both"
        elif _is_reversed(entry):
            yield f"{where}.warn_at", "must be below critical_at"


def _is_reversed(entry: Mapping[object, object]) -> bool:
    try:
        return read_share(entry.get("warn_at")) >= read_share(entry.get("critical_at"))
    except ValueError:
        return False
