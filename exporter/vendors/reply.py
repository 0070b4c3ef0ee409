"""Lenient reply models: readable parts are used, the rest is absent, and each deviation is recorded.

A field whose type is defined here becomes None if the field is missing, of another type, or
null where the API's contract has a value. Such a deviation is recorded as drift, and the rest
of the reply is kept. A list item that lacks a `RequiredId` is left out and counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    GetCoreSchemaHandler,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from exporter.errors import Malformed
from exporter.vendors.values import read_end, read_flag, read_id, read_number, read_percent, read_text, read_time

SkipReason = Literal["schema", "gone", "refused", "duplicate", "value", "ambiguous", "capped", "failing"]
SKIP_REASONS: Final[tuple[SkipReason, ...]] = get_args(SkipReason)
"""Why an item is left out: it cannot be read (schema), no longer exists (gone), is optional and refused by the vendor
(refused), yields a series for the second time (duplicate), has a value that is not finite (value), has no clear owner
(ambiguous), is beyond the configured maximum (capped), or keeps failing while other items are answered (failing)."""

DRIFT_KINDS: Final = ("missing", "null", "type", "value")
"""How a field deviates from the contract: it is missing, null or of another type, or contradicts the request."""

MISSING: Final[Any] = object()
"""The default of each field that the contract always has, so that a missing field is recorded as drift."""

_MOST_ITEMS: Final = 100_000
_MAX_UNREADABLE: Final = 1000


@dataclass(slots=True)
class Diagnostics:
    """Diagnostics of one poll's replies: drift and skipped items."""

    drift: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    left_out: set[str] = field(default_factory=set)
    """The reasons why items were left out, as texts. Only the first few reasons are kept."""
    items: int = field(default=0, compare=False)
    """The number of items in the lists and objects that were read, including items that are not used."""
    listed: int | None = field(default=None, compare=False)
    """The number of wanted customers in the vendor's list, even beyond the maximum; None if there is no list."""

    def add(self, others: Diagnostics) -> None:
        """Add other diagnostics to these."""
        self.drift.update(others.drift)
        self.skipped.update(others.skipped)
        self.left_out |= others.left_out
        self.items += others.items
        self.listed = others.listed if self.listed is None else self.listed


class Reply(BaseModel):
    """A JSON object in a vendor's reply.

    The model's `title` is the object's path from `$`. The label `field` of the drift metric begins with this path.
    """

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
        title="$",
        defer_build=True,  # the validator is built for the first such reply
    )


class CamelReply(Reply, alias_generator=to_camel):
    """A JSON object whose fields are in camel case."""


ReplyT = TypeVar("ReplyT", bound=BaseModel)

_building: Final = threading.Lock()


def read_reply(model: type[ReplyT], document: object, diagnostics: Diagnostics, asked: str = "") -> ReplyT:
    """Return a document as a model. The text `asked` names the request that the document answers.

    Raises:
        Malformed: a field that the model requires is missing or cannot be read.

    """
    if not model.__pydantic_complete__:
        with _building:  # another thread may build the same model
            model.model_rebuild()
    try:
        return model.model_validate(document, context=diagnostics)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem["loc"])
        raise Malformed(f"${path}: {problem['msg'].removeprefix('Value error, ')}", asked=asked) from None


@dataclass(frozen=True, slots=True, eq=False)
class _Lenient:
    """Reads a field, or records why it cannot be read. Valid values take a fast path in pydantic's core."""

    read: Callable[[object], object]
    fast: CoreSchema | None = None
    nullable: bool = False

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        noting = PlainValidator(self._validate).__get_pydantic_core_schema__(object, handler)
        nothing = core_schema.none_schema() if self.nullable else None
        kinds = (self._fast_schema(source, handler), nothing, noting)
        return core_schema.union_schema([kind for kind in kinds if kind is not None], mode="left_to_right")

    def _fast_schema(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema | None:
        return self.fast

    def _validate(self, value: object, info: ValidationInfo) -> object:
        return _read_or_record_drift(value, self.read, info)


class _LenientModel(_Lenient):
    """Like `_Lenient`, but for an object within a reply. The fast path is the object's own model."""

    def _fast_schema(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(next(kind for kind in get_args(source) if kind is not type(None)))


def _read_or_record_drift(value: object, read: Callable[[object], object], info: ValidationInfo) -> object:
    """Return `read(value)`. If the value is absent or cannot be read, record drift and return None."""
    kind = "missing" if value is MISSING else "null" if value is None else "type"
    if kind == "type":
        try:
            return read(value)
        except ValueError:
            pass
    _diagnostics(info).drift[_field(info), kind] += 1
    return None


def _reject(_value: object) -> object:
    raise ValueError("expected another type")


def _field(info: ValidationInfo) -> str:
    """Return a field's path in the document. The last part is the field's name in our model, not in the document."""
    title = (info.config or {}).get("title")
    return f"{title}.{info.field_name}" if title else str(info.field_name)


def _diagnostics(info: ValidationInfo) -> Diagnostics:
    return cast("Diagnostics", info.context)


def _read_items(value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
    """Read each item of a list or an object. Unreadable items are left out and counted.

    Raises:
        ValueError: the value is neither a list nor an object, is too long, or has items but no readable one.

    """
    if not isinstance(value, list | dict):
        raise ValueError("expected a list or an object")  # noqa: TRY004 - pydantic collects ValueError only
    if not value:
        return read(value)
    if len(value) > _MOST_ITEMS:
        raise ValueError(f"more than {_MOST_ITEMS} items")
    diagnostics = _diagnostics(info)
    diagnostics.items += len(value)
    drift, skipped = diagnostics.drift.copy(), diagnostics.skipped.copy()
    try:
        return read(value)
    except ValidationError:
        diagnostics.drift, diagnostics.skipped = drift, skipped
    items = ([item] for item in value) if isinstance(value, list) else ({k: v} for k, v in value.items())
    usable: list[Any] = []
    unreadable = 0
    for item in items:
        try:
            usable.append(read(item))
        except ValidationError:
            diagnostics.skipped["schema"] += 1
            unreadable += 1
            if unreadable > _MAX_UNREADABLE and not usable:
                break
    if not usable:
        raise ValueError(f"none of {len(value)} items can be read")
    if isinstance(value, list):
        return _PartialList(one for (one,) in usable)
    return _PartialMap({k: v for one in usable for k, v in one.items()})


class _PartialList(list[Any]):
    """A list without the items that could not be read."""


class _PartialMap(dict[str, Any]):
    """An object without the items that could not be read."""


def is_partial(items: object) -> bool:
    """Whether a list or an object is unreadable, or lacks items that could not be read."""
    return items is None or isinstance(items, _PartialList | _PartialMap)


_NUMBER: Final = core_schema.float_schema(strict=True, allow_inf_nan=False)
_TEXT: Final = core_schema.str_schema(strict=True)
_FLAG: Final = core_schema.bool_schema(strict=True)


def lenient(read: Callable[[object], object], *, nullable: bool = False) -> Any:
    """Return the type of a field that `read` parses. After a ValueError, the field is None, and drift is recorded."""
    return Annotated[Any, _Lenient(read, nullable=nullable)]


Number = Annotated[float | None, _Lenient(read_number, _NUMBER)]
MaybeNumber = Annotated[float | None, _Lenient(read_number, _NUMBER, nullable=True)]
MaybePercent = Annotated[float | None, _Lenient(read_percent, nullable=True)]
Time = Annotated[datetime | None, _Lenient(read_time)]
End = Annotated[datetime | None, _Lenient(read_end)]
MaybeTime = Annotated[datetime | None, _Lenient(read_time, nullable=True)]
Text = Annotated[str | None, _Lenient(read_text, _TEXT)]
MaybeText = Annotated[str | None, _Lenient(read_text, _TEXT, nullable=True)]
Flag = Annotated[bool | None, _Lenient(read_flag, _FLAG)]
MaybeId = Annotated[str | None, _Lenient(read_id, nullable=True)]
MaybeFlag = Annotated[bool | None, _Lenient(read_flag, _FLAG, nullable=True)]
LenientId = Annotated[str | None, _Lenient(read_id)]
RequiredId = Annotated[str, BeforeValidator(read_id)]


class _FirstProblem(FailFast):
    """Stops at the first unreadable item, because errors for many thousands of items would exhaust the memory."""

    __hash__ = object.__hash__


_ItemT = TypeVar("_ItemT")
LenientList = Annotated[list[_ItemT], _FirstProblem(), WrapValidator(_read_items)]
"""A list whose unreadable items are left out and counted."""
LenientMap = Annotated[dict[str, _ItemT], WrapValidator(_read_items)]
"""An object whose unreadable items are left out and counted."""
LenientObject = Annotated[_ItemT | None, _LenientModel(_reject)]
"""An object within a reply. A missing, null or otherwise unreadable object becomes None, and drift is recorded."""
MaybeLenientObject = Annotated[_ItemT | None, _LenientModel(_reject, nullable=True)]
"""Like `LenientObject`, but null is not drift."""
