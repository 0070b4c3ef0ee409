"""How a vendor's reply is read: what is there is taken, what is not is absent, and each departure is noted.

A field of one of the types here that is missing, null where the contract has a
value, or of another type reads as None and is noted as drift; the rest of the
reply is kept. A row without its `Key` is left out and counted.

Official sources disagree on number or string (IONOS quantities, NetNut GB), so
a `Number` is a finite JSON number or a string of ASCII digits.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

from exporter.errors import Malformed

SkipReason = Literal["schema", "gone", "refused", "duplicate", "value", "ambiguous", "capped"]
SKIP_REASONS: Final[tuple[SkipReason, ...]] = get_args(SkipReason)
"""Why an item is left out: it cannot be read · it is not there · it is an extra that is refused · its series was
there already · its value is not finite · it cannot be told whose it is · it is beyond what the configuration allows."""

DRIFT_KINDS: Final = ("missing", "null", "type")

MISSING: Final[Any] = object()
"""The default of a field that the contract always has, so that its absence is noted."""

_NUMERIC: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?", re.ASCII)
_LONGEST_NUMBER: Final = 64
_MOST_ITEMS: Final = 100_000


@dataclass(slots=True)
class Notes:
    """What was noticed while the replies of one reading were read."""

    drift: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    left_out: set[str] = field(default_factory=set)
    """What the vendor said of items that were asked for by themselves and skipped; some, if there are many."""


class Reply(BaseModel):
    """A JSON object of a vendor's; `title` is its place in the document, for drift's `field`; `$` is its root."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, validate_default=True, title="$")


class CamelReply(Reply, alias_generator=to_camel):
    """A JSON object whose fields are in camel case."""


ReplyT = TypeVar("ReplyT", bound=BaseModel)


def read_reply(model: type[ReplyT], document: object, notes: Notes, asked: str = "") -> ReplyT:
    """Return the document, which is the answer to what was `asked`, as the model has it.

    Raises:
        Malformed: it lacks what the model cannot do without.

    """
    try:
        return model.model_validate(document, context=notes)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem["loc"])
        raise Malformed(f"${path}: {problem['msg'].removeprefix('Value error, ')}", asked=asked) from None


def read_number(value: object) -> float:
    """Return a finite number, given as one or as a string of ASCII digits; a bool is none."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMERIC.fullmatch(value):
        number = float(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            raise ValueError("expected a number that fits 64 bits") from None
    else:
        raise ValueError("expected a number")
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


def read_percent(value: object) -> float | None:
    """Return a percentage as a ratio; `"41.33"` and `"41.33%"` are one, an empty string says nothing."""
    if value == "":
        return None
    return read_number(value.removesuffix("%") if isinstance(value, str) else value) / 100


def read_time(value: object) -> datetime:
    """Return a point in time, given in ISO 8601; without an offset it is UTC, without a time midnight."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("expected a date or a time in ISO 8601")
    moment = datetime.fromisoformat(value)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a time from year 1 to 9999 in UTC") from None


def read_text(value: object) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise ValueError("expected a string")  # noqa: TRY004 - pydantic collects ValueError only
    return value


def read_flag(value: object) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - pydantic collects ValueError only
    return value


def read_key(value: object) -> str:
    """Return an identifier: a string that is not empty, or a whole number."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        return str(int(value))
    raise ValueError("expected an identifier")


def _noted(read: Callable[[object], object], *, nullable: bool = False) -> PlainValidator:
    """Read a field, or note why it cannot be."""

    def validate(value: object, info: ValidationInfo) -> object:
        if value is None and nullable:
            return None
        return _read_or_note(value, read, info)

    return PlainValidator(validate)


def _read_or_note(value: object, read: Callable[[object], object], info: ValidationInfo) -> object:
    """Return what `read` makes of a value, or None, noted as drift, where there is none or it cannot be read."""
    kind = "missing" if value is MISSING else "null" if value is None else "type"
    if kind == "type":
        try:
            return read(value)
        except ValueError:
            pass
    _notes(info).drift[_field(info), kind] += 1
    return None


def _field(info: ValidationInfo) -> str:
    config = info.config or {}
    rename = config.get("alias_generator")
    name = info.field_name or ""
    name = rename(name) if callable(rename) else name
    title = config.get("title")
    return f"{title}.{name}" if title else name


def _notes(info: ValidationInfo) -> Notes:
    return cast("Notes", info.context)


def _usable(value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
    """Read each item of a list or of an object; those that cannot be read are counted, unless all are."""
    if not isinstance(value, list | dict):
        raise ValueError("expected a list or an object")  # noqa: TRY004 - pydantic collects ValueError only
    if not value:
        return read(value)
    if len(value) > _MOST_ITEMS:
        raise ValueError(f"more than {_MOST_ITEMS} items")
    items = [[item] for item in value] if isinstance(value, list) else [{k: v} for k, v in value.items()]
    usable: list[Any] = []
    for item in items:
        try:
            usable.append(read(item))
        except ValidationError:
            _notes(info).skipped["schema"] += 1
    if not usable:
        raise ValueError(f"none of {len(items)} items can be read")
    return [one for (one,) in usable] if isinstance(value, list) else {k: v for one in usable for k, v in one.items()}


Number = Annotated[float | None, _noted(read_number)]
MaybeNumber = Annotated[float | None, _noted(read_number, nullable=True)]
MaybePercent = Annotated[float | None, _noted(read_percent, nullable=True)]
Time = Annotated[datetime | None, _noted(read_time)]
MaybeTime = Annotated[datetime | None, _noted(read_time, nullable=True)]
Text = Annotated[str | None, _noted(read_text)]
MaybeText = Annotated[str | None, _noted(read_text, nullable=True)]
Flag = Annotated[bool | None, _noted(read_flag)]
MaybeKey = Annotated[str | None, _noted(read_key, nullable=True)]
MaybeFlag = Annotated[bool | None, _noted(read_flag, nullable=True)]
Key = Annotated[str, BeforeValidator(read_key)]

_ItemT = TypeVar("_ItemT")
Rows = Annotated[list[_ItemT], WrapValidator(_usable)]
"""A list whose unreadable items are left out and counted."""
Entries = Annotated[dict[str, _ItemT], WrapValidator(_usable)]
"""An object of named items, read the same way."""
Part = Annotated[_ItemT | None, WrapValidator(_read_or_note)]
"""A part of the reply that is None, and noted, where it is not what it should be."""
