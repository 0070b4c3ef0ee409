"""Quota declarations: native quotas, which a vendor reports, and configured quotas, which the operator sets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import Field, PlainSerializer, PlainValidator, PrivateAttr, WithJsonSchema

from exporter.durations import DURATION_PATTERN
from exporter.metrics import Family
from exporter.vendors.periods import Period, read_period, write_period
from exporter.vendors.settings.patterns import Pattern, read_pattern
from exporter.vendors.settings.thresholds import Alerting, find_threshold_conflicts
from exporter.vendors.settings.types import Name

_UNIT: Final = "[ -~]{0,63}"
_PERIOD_SCHEMA: Final = {
    "title": "period",
    "anyOf": [
        {"enum": ["month", "plan", "none"]},
        {
            "type": "object",
            "required": ["every", "from"],
            "additionalProperties": False,
            "properties": {
                "every": {
                    "anyOf": [
                        {"enum": ["month", "quarter", "year"]},
                        {"type": "string", "pattern": DURATION_PATTERN},
                    ]
                },
                "from": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
            },
        },
    ],
}


def _read_unit(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_UNIT, value):
        raise ValueError("write up to 63 visible ASCII characters, such as GB or core_hours")
    return value


@dataclass(frozen=True, slots=True)
class NativeQuota:
    """A quota that a vendor reports.

    All families of a quota have the same labels. `name`, `subject` and `unit` are templates with label names in braces.

    Attributes:
        name: the quota's name.
        subject: the plan, customer or contract that has the quota.
        used: the family of the amount used.
        limit: the family of the limit, if the vendor reports one.
        limit_from_rest: whether the vendor reports the remaining amount instead of a limit.
        start: the family of the period's start.
        end: the family of the period's end.
        active: the family that says whether the quota is active. An inactive quota whose period has ended is dropped.
        unit: the unit; empty if the vendor does not state it.
        is_level: whether usage is an amount that is currently held, such as memory. Such an amount may also fall, so
            the quota has no pace and no counter.

    """

    name: str
    subject: str
    used: Family
    limit: Family | None = None
    limit_from_rest: bool = False
    start: Family | None = None
    end: Family | None = None
    active: Family | None = None
    unit: str = ""
    is_level: bool = False


@dataclass(frozen=True, slots=True)
class PlanPeriod:
    """Where a vendor reports the period of a figure.

    The period's dates are the values of the families `start` and `end`. Dates and figures are matched by `labels`.

    Attributes:
        labels: the labels by which dates and figures are matched.
        end: the family of the period's end.
        start: the family of the period's start.
        is_dated: whether dates and figures come in the same answer, so that figures cannot lag behind the dates.

    """

    labels: tuple[str, ...]
    end: Family
    start: Family | None = None
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class NameSource:
    """A family with the display names of a label's values.

    Attributes:
        label: the label whose values are ids.
        family: the family that has the label of the ids and the label of the names.
        name: the label whose values are the display names.

    """

    label: str
    family: Family
    name: str = "name"


def plan_period_of(family: Family, periods: Iterable[PlanPeriod]) -> PlanPeriod | None:
    """Return the `PlanPeriod` for the figures of a family; None if there is no such period.

    If the family has the labels of several periods, the period with the most labels is returned.
    """
    fitting = [one for one in periods if set(one.labels) <= set(family.labels)]
    return max(fitting, key=lambda one: len(one.labels), default=None)


class ConfiguredQuota(Alerting):
    """A quota that the operator sets for a vendor's figures."""

    name: Name = Field(
        description="The label `quota`; unique in the account. Letters, digits, and ._@- after the first."
    )
    metric: str = Field(description="The vendor's metric that is counted; its matching series are added up.")
    match: dict[str, Pattern] = Field(
        default={},
        description="Labels of the metric, each with a regular expression that must match the whole value.",
    )
    by: tuple[str, ...] = Field(
        default=(),
        description="Labels whose values distinguish subjects, each with the whole limit for itself;"
        " if not set, the account is the only subject.",
    )
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(description="Amount allowed per period.")
    unit: Annotated[str, PlainValidator(_read_unit), WithJsonSchema({"type": "string", "pattern": _UNIT})] = Field(
        default="", description="The label `unit`: what is counted."
    )
    period: Annotated[
        Period, PlainValidator(read_period), PlainSerializer(write_period), WithJsonSchema(_PERIOD_SCHEMA)
    ] = Field(
        default="none",
        description="When the figure resets: each UTC `month`; with the vendor's `plan`; at no known time"
        " (`none`); or `{every: 30d, from: 2026-01-15}`, where `every` is a duration, `month`,"
        " `quarter` or `year`; the last three, and whole years such as `1y`, follow the calendar.",
    )

    _family: Family | None = PrivateAttr(default=None)

    def __hash__(self) -> int:
        return hash(self.name)

    def with_family(self, families: Iterable[Family]) -> Self:
        """Return a copy of the quota in which `family` is the family that `metric` names."""
        quota = self.model_copy()
        quota._family = next((family for family in families if family.name == self.metric), None)  # noqa: SLF001 - new
        return quota

    @property
    def family(self) -> Family:
        """The family whose figures the quota counts.

        Raises:
            LookupError: the vendor has no family of this name.

        """
        if self._family is None:
            raise LookupError(self.metric)
        return self._family


def find_quota_conflicts(
    vendor: str,
    given: Mapping[str, object],
    families: Iterable[Family],
    native: Iterable[NativeQuota],
    plans: Iterable[PlanPeriod],
) -> Iterator[tuple[str, str]]:
    """Yield (path, problem) for each conflict between an account's quotas and the vendor's families."""
    yield from find_threshold_conflicts(given)
    quotas, by_name = given.get("quotas"), {family.name: family for family in families}
    names = {one.name: "the vendor reports" for one in native}
    for index, quota in enumerate(quotas if isinstance(quotas, list) else ()):
        if not isinstance(quota, Mapping):
            continue
        where, name = f"quotas[{index}]", quota.get("name")
        if isinstance(name, str) and name in names:
            yield f"{where}.name", f"is the name of a quota that {names[name]} too"
        elif isinstance(name, str):
            names[name] = f"quotas[{index}] sets"
        for place, text in _find_metric_conflicts(vendor, quota, given, by_name, plans):
            yield f"{where}.{place}", text


def _find_metric_conflicts(
    vendor: str,
    quota: Mapping[str, Any],
    given: Mapping[str, object],
    families: Mapping[str, Family],
    plans: Iterable[PlanPeriod],
) -> Iterator[tuple[str, str]]:
    metric = quota.get("metric")
    if not isinstance(metric, str):
        return
    if metric not in families:
        near = difflib.get_close_matches(metric, families, n=1)
        usable = ", ".join(name for name, one in families.items() if _is_countable(one))
        instead = f"did you mean {near[0]}?" if near else f"write one of {usable}"
        yield "metric", f"is not a metric of {vendor}; {instead}"
        return
    if not _is_countable(families[metric]):
        yield "metric", "is not an amount that can be used up: an _info is always 1, and a timestamp is a time"
        return
    family = families[metric]
    if missing := missing_option(family, given):
        yield "metric", f"is only available with {missing}; set that on the account"
    yield from _find_label_conflicts(quota, family)
    if quota.get("period") == "plan":
        plan = plan_period_of(family, plans)
        if plan is None:
            yield "period", "the vendor reports no plan for this metric; write month, none or a mapping"
        elif missing := missing_option(plan.end, given):
            yield "period", f"the end of a plan is only known with {missing}; set that on the account"


def _is_countable(family: Family) -> bool:
    return not family.name.endswith(("_info", "_timestamp_seconds"))


def missing_option(family: Family, given: Mapping[str, object]) -> str:
    """Return the settings that make the vendor report a family, joined with `or`. One of these settings is enough.

    Returns an empty text if one of the settings is given, or if the family needs no setting.
    """
    options = family.option.split(", ") if family.option else []
    return "" if any(map(given.get, options)) else " or ".join(options)


def _find_label_conflicts(quota: Mapping[str, Any], family: Family) -> Iterator[tuple[str, str]]:
    unknown = f"is not a label of {family.name}; write {', '.join(family.labels) or 'none, it has no labels'}"
    match, by = quota.get("match"), quota.get("by")
    for label, pattern in match.items() if isinstance(match, Mapping) else ():
        if label not in family.labels:
            yield f"match.{label}", unknown
        else:
            try:
                read_pattern(pattern)
            except ValueError as error:
                yield f"match.{label}", str(error)
    for index, label in enumerate(by if isinstance(by, list) else ()):
        if label not in family.labels:
            yield f"by[{index}]", unknown
