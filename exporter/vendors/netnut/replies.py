"""What NetNut answers, as far as it is read: what may be absent is None."""

from __future__ import annotations

from pydantic import AliasChoices, Field, field_validator

from exporter.errors import Refused
from exporter.vendors.reply import (
    MISSING,
    End,
    Flag,
    Key,
    MaybeFlag,
    MaybeKey,
    MaybeNumber,
    MaybePercent,
    Number,
    Part,
    Reply,
    Rows,
    Text,
    Time,
)


class Plan(Reply, title="data"):
    """One purchased plan, in NetNut's own units."""

    id: Key
    product_type: Text = MISSING
    start_date: Time = MISSING
    end_date: End = MISSING
    is_active: MaybeFlag = MISSING
    total_gb_used: Number = MISSING
    total_requests_used: Number = MISSING
    usage_percentage: MaybePercent = None
    plan_gb: MaybeNumber = None
    sub_user_id: MaybeKey = Field(default=None, validation_alias=AliasChoices("customer_id", "sub_user_id"))

    @property
    def limit_gb(self) -> float | None:
        """The plan's size, or None where it has no such limit (missing, null, 0)."""
        return self.plan_gb if self.plan_gb is not None and self.plan_gb > 0 else None


class Answer(Reply):
    """What every reply begins with: whether the question was answered at all."""

    success: Flag = MISSING

    @field_validator("success")
    @classmethod
    def _worked(cls, success: bool | None) -> bool | None:
        if success is False:
            raise Refused("NetNut answered 200 with success: false")
        return success


class Plans(Answer):
    """The reply about one customer's plans."""

    data: Rows[Plan]


class ResellerPlans(Answer):
    """The reply about all sub-users' plans, documented without its rows."""

    data: Part[Rows[Plan]] = MISSING
