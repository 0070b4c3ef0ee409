"""The public API for vendors that are packaged as wheels. Other modules are private.

The constant `API` is the version of this API. It is incremented with each incompatible change.

A vendor is a class that derives from `Account`, declares `api: ClassVar = 1`, and is an entry point of the group
`usage_exporter.vendors`. docs/vendor-wheels.md has a complete example.
"""

from __future__ import annotations

from exporter.client.auth import ApiKey, Auth, Basic, Login
from exporter.durations import Rate
from exporter.errors import BadRequest, Conflict, Forbidden, Malformed, NotFound, PollError, Refused, Unauthorized
from exporter.metrics import EndedPeriod, Family, Item, Rest, Sample, Unreadable
from exporter.secret import Secret
from exporter.vendors.account import Account
from exporter.vendors.class_checks import API
from exporter.vendors.paging import ByCursor, ByLink, ByOffset, ByPage, PageInfo, Pages, Question
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll
from exporter.vendors.quotas import NativeQuota, PlanPeriod
from exporter.vendors.reply import (
    MISSING,
    CamelReply,
    End,
    Flag,
    LenientId,
    LenientList,
    LenientMap,
    LenientObject,
    MaybeFlag,
    MaybeId,
    MaybeLenientObject,
    MaybeNumber,
    MaybePercent,
    MaybeText,
    MaybeTime,
    Number,
    Reply,
    RequiredId,
    Text,
    Time,
    is_partial,
    lenient,
)
from exporter.vendors.settings.types import (
    Duration,
    Identifier,
    SecretFromEnvironment,
    SecretFromFile,
    Settings,
    Url,
    UserName,
)

__all__ = [
    "API",
    "MISSING",
    "Account",
    "ApiKey",
    "Auth",
    "BadRequest",
    "Basic",
    "ByCursor",
    "ByLink",
    "ByOffset",
    "ByPage",
    "CamelReply",
    "Conflict",
    "Duration",
    "End",
    "EndedPeriod",
    "Family",
    "Flag",
    "Forbidden",
    "Identifier",
    "Item",
    "LenientId",
    "LenientList",
    "LenientMap",
    "LenientObject",
    "Login",
    "Malformed",
    "MaybeFlag",
    "MaybeId",
    "MaybeLenientObject",
    "MaybeNumber",
    "MaybePercent",
    "MaybeText",
    "MaybeTime",
    "NativeQuota",
    "NotFound",
    "Number",
    "PageInfo",
    "Pages",
    "PlanPeriod",
    "Poll",
    "PollError",
    "Question",
    "Rate",
    "Refused",
    "Reply",
    "RequiredId",
    "Rest",
    "Sample",
    "Secret",
    "SecretFromEnvironment",
    "SecretFromFile",
    "Settings",
    "Text",
    "Time",
    "Unauthorized",
    "Unreadable",
    "Url",
    "UserName",
    "is_partial",
    "lenient",
    "segment",
]
