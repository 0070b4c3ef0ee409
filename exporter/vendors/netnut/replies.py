"""Models of NetNut's replies, with only the fields that are read. A missing optional field is None."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, field_validator, model_validator

from exporter.errors import Refused
from exporter.vendors.reply import (
    MISSING,
    End,
    Flag,
    LenientId,
    LenientList,
    LenientObject,
    MaybeFlag,
    MaybeId,
    MaybeNumber,
    MaybePercent,
    Number,
    Reply,
    RequiredId,
    Text,
    Time,
)

_SUB_USER_NAMES: Final = ("customer_id", "sub_user_id", "customerId", "subUserId")
"""Possible names of the field with the sub-user's id. The rows of the list for resellers are undocumented."""
_PLANS: Final = "plans"
_MAX_ROWS_NAMED: Final = 100


class Plan(Reply, title="data"):
    """One purchased plan. Amounts are in NetNut's own units.

    `has_owner` says whether the row names a sub-user. `sub_user_id` is None if the row names no sub-user, if the row
    names several sub-users, or if the id is unreadable.
    """

    id: LenientId = MISSING
    product_type: Text = MISSING
    start_date: Time = MISSING
    end_date: End = MISSING
    is_active: MaybeFlag = MISSING
    total_gb_used: Number = MISSING
    total_requests_used: Number = MISSING
    usage_percentage: MaybePercent = None
    plan_gb: MaybeNumber = None
    sub_user_id: MaybeId = None
    has_owner: bool = False

    @model_validator(mode="before")
    @classmethod
    def _with_owner(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        said = [given[name] for name in _SUB_USER_NAMES if name in given]
        owners = {str(owner): owner for owner in said if owner is not None and owner != ""}
        owner = next(iter(owners.values())) if len(owners) == 1 else list(owners) or None
        return {**given, "sub_user_id": owner, "has_owner": bool(owners)}

    @property
    def limit_gb(self) -> float | None:
        """The plan's size in GB, or None if the plan has no limit in GB.

        A size that is missing, null or 0 means that there is no limit in GB.
        """
        return self.plan_gb if self.plan_gb is not None and self.plan_gb > 0 else None


class KnownPlan(Plan):
    """A plan with an id."""

    id: RequiredId


class Envelope(Reply):
    """The field that all replies have. The field says whether the request succeeded."""

    success: Flag = MISSING

    @field_validator("success", mode="before")
    @classmethod
    def _check_success(cls, success: object) -> object:
        if _has_failed(success):
            raise Refused("NetNut answered 200 with success: false")
        return success


class Plans(Envelope):
    """The reply with the account's plans."""

    data: LenientList[KnownPlan]


class TrafficDay(Reply, title="data"):
    """A day's traffic of all plans of the account, in a unit that the vendor does not state."""

    start_date: Time = MISSING
    traffic: Number = MISSING
    request: MaybeNumber = None


class Traffic(Envelope):
    """The reply with the account's traffic by day."""

    data: LenientList[TrafficDay]


class SubUserPlans(Envelope):
    """The reply with all plans of one sub-user, whatever their status.

    A plan's `id` is optional, because rows with an unwanted status are discarded and need no id.
    """

    data: LenientList[Plan]


class ResellerPlans(Envelope):
    """The reply with all sub-users' plans.

    The format of the rows is undocumented. The reply may be a list of envelopes, and plans may be nested in the rows of
    their sub-users.
    """

    data: LenientObject[LenientList[KnownPlan]] = MISSING
    field_names: list[str] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _flatten(cls, document: object) -> object:
        envelopes: list[Any] = document if isinstance(document, list) else [document]
        if not all(isinstance(one, dict) for one in envelopes):
            return document
        rows = [row for one in envelopes for row in _rows_of(one)]
        flat: dict[str, Any] = {"field_names": _known_names([*envelopes, *rows])}
        if any(_has_failed(one.get("success")) for one in envelopes):
            flat["success"] = False
        elif envelopes and all("success" in one for one in envelopes):
            flat["success"] = envelopes[0]["success"]
        if isinstance(document, list) or isinstance(envelopes[0].get("data"), list):
            flat["data"] = [plan for row in rows for plan in _plans_of(row)]
        elif "data" in envelopes[0]:
            flat["data"] = envelopes[0]["data"]
        return flat


def _has_failed(success: object) -> bool:
    """Whether the value of `success`, which may be a flag, a text or a number, means that the request failed."""
    return str(success).lower() in {"false", "0"}


def _rows_of(envelope: dict[str, Any]) -> list[object]:
    """Return an envelope's rows.

    An object that is not an envelope is itself a row. Data that is not a list counts as one unreadable row.
    """
    if not envelope.keys() & {"data", "success"}:
        return [envelope]
    rows = envelope.get("data")
    return rows if isinstance(rows, list) else [rows]


def _plans_of(row: object) -> list[object]:
    """Return the plans nested in a row, each with the sub-user's id. A row without nested plans is itself a plan."""
    if not isinstance(row, dict) or not isinstance(row.get(_PLANS), list):
        return [row]
    owner = {name: row[name] for name in _SUB_USER_NAMES if name in row}
    return [{**owner, **plan} if isinstance(plan, dict) else plan for plan in row[_PLANS]]


def _known_names(objects: list[object]) -> list[str]:
    """Return the known field names in an answer's objects. Unknown names may be any text, and are left out."""
    known = {*Plan.model_fields, *_SUB_USER_NAMES, _PLANS, "success", "data", "token", "message"}
    found = {name for one in objects[:_MAX_ROWS_NAMED] if isinstance(one, dict) for name in one}
    return sorted(known & found)
