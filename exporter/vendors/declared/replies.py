"""Makes reply models from the paths in a vendor's file.

Field types, diagnostics and limits are the same as for built-in vendors.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, Final

from pydantic import AfterValidator

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
    lenient,
)
from exporter.vendors.values import read_end, read_number, read_percent

Getter = Callable[[Any], Any]
"""A function that returns one value in a reply. The result is None if the value is absent."""


def _unix_time(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(read_number(value), UTC)
    except (OverflowError, OSError):
        raise ValueError("expected a time in seconds") from None


Kind = str | frozenset[str]
"""The kind of a value: a name in `_KINDS`, or the set of values that mean success."""


def _refuse(*, unless: bool) -> None:
    if not unless:
        raise Refused("the vendor answered 200, but reports a failure")


def _flag_of_success(value: bool | None) -> bool | None:
    _refuse(unless=value is not False)
    return value


def _nothing(value: object) -> None:
    _refuse(unless=value in (None, False, "", 0, [], {}))


def _scalar(value: object) -> str:
    if not isinstance(value, str | int):
        raise ValueError("expected text, a whole number or a flag")  # noqa: TRY004 - pydantic collects ValueError only
    return str(value).lower() if isinstance(value, bool) else str(value)


def _word_of_success(values: frozenset[str]) -> tuple[Any, Any]:
    def check(status: str | None) -> str | None:
        _refuse(unless=status is None or status in values)
        return status

    return Annotated[lenient(_scalar), AfterValidator(check)], None


_KINDS: Final[dict[str, tuple[Any, Any]]] = {
    "number": (Number, MaybeNumber),
    "percent": (lenient(read_percent), MaybePercent),
    "limit": (MaybeNumber, MaybeNumber),
    "flag": (Flag, MaybeFlag),
    "time": (Time, MaybeTime),
    "end": (End, lenient(read_end, nullable=True)),
    "unix_time": (lenient(_unix_time), lenient(_unix_time, nullable=True)),
    "text": (Text, MaybeText),
    "identifier": (LenientId, MaybeId),
    "key": (RequiredId, RequiredId),
    "next": (Any, Any),
    "failed": (Annotated[Any, AfterValidator(_nothing)], Annotated[Any, AfterValidator(_nothing)]),
    "succeeded": (Annotated[Flag, AfterValidator(_flag_of_success)], MaybeFlag),
}
"""Two field types for each kind: for fields that must have a value, and for fields that may be null or missing."""


def _types_of(kind: Kind) -> tuple[Any, Any]:
    return _KINDS[kind] if isinstance(kind, str) else _word_of_success(kind)


_GENERIC: Final[tuple[Any, Any, Any]] = (LenientList, LenientObject, MaybeLenientObject)
"""The field types that contain another model."""


@dataclass(slots=True)
class Shape:
    """Builds the model of an object in a reply. Add all fields, then call `model`.

    Attributes:
        title: the object's path in the document. The metric of drift shows this path in the label `field`.
        needed: whether the enclosing object is unreadable without this object.

    """

    title: str
    needed: bool = False
    _fields: dict[tuple[str, Kind, bool, bool], str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _types: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    _parts: dict[str, tuple[str, Shape]] = field(default_factory=dict)

    def add(self, path: str, kind: Kind, *, optional: bool = False, nullable: bool = False) -> Getter:
        """Add the value at a path, and return its getter.

        A value of kind `key` is required, and so are the objects that enclose the value. An optional value may be null
        or missing. A nullable value may be null, but not missing.
        """
        optional = optional or kind == "limit"
        return self._add(path.split("."), kind, (), optional=optional, nullable=nullable or optional)

    def _add(self, steps: list[str], kind: Kind, way: tuple[str, ...], *, optional: bool, nullable: bool) -> Getter:
        first, *rest = steps
        if rest:
            name, part = self._part(first, needed=kind == "key")
            return part._add(rest, kind, (*way, name), optional=optional, nullable=nullable)  # noqa: SLF001 - of the same class
        name = self._fields.setdefault((first, kind, optional, nullable), self._free_name(first))
        self._names.setdefault(name, first)
        kinds = _types_of(kind)
        default = () if kind == "key" else (None if optional else MISSING,)
        self._types[name] = (kinds[nullable], default)
        return _getter((*way, name))

    def rows(self, path: str) -> tuple[Getter, Shape]:
        """Add a required list of rows at a path. Return the list's getter, and a builder for the rows' model."""
        *around, last = path.split(".")
        shape: Shape = self
        way: tuple[str, ...] = ()
        for step in around:
            name, shape = shape._part(step, needed=True)
            way = (*way, name)
        name = shape._free_name(last)  # noqa: SLF001 - as above
        shape._names[name] = last  # noqa: SLF001 - as above
        rows = Shape(path)
        shape._parts[f"{last}[]"] = name, rows  # noqa: SLF001 - as above
        return _getter((*way, name)), rows

    def _part(self, name: str, *, needed: bool) -> tuple[str, Shape]:
        if name not in self._parts:
            title = name if self.title == "$" else f"{self.title}.{name}"
            self._parts[name] = self._free_name(name), Shape(title)
            self._names[self._parts[name][0]] = name
        self._parts[name][1].needed |= needed
        return self._parts[name]

    def _free_name(self, name: str) -> str:
        """Return an unused field name for the model: if possible, the name in the reply."""
        plain = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_")
        is_usable = (
            plain == name
            and bool(plain)
            and not plain[0].isdigit()
            and not hasattr(Reply, plain)
            and plain not in self._names
        )
        return plain if is_usable else f"f{len(self._names)}_{plain}"

    @property
    def _optional(self) -> bool:
        """Whether all fields are optional, including the fields of nested objects."""
        return all(default == (None,) for _, default in self._types.values()) and all(
            part._optional  # noqa: SLF001 - of the same class
            for _, part in self._parts.values()
        )

    def model(self) -> type[Reply]:
        """Return the model with all added fields."""
        annotations: dict[str, Any] = {}
        defaults: dict[str, Any] = {}
        for name, (kind, default) in self._types.items():
            annotations[name] = kind
            if default:
                defaults[name] = default[0]
        for key, (name, part) in self._parts.items():
            inner: Any = part.model()
            rows, usual_part, maybe_part = _GENERIC
            if key.endswith("[]"):
                annotations[name] = rows[inner]
            elif part.needed:
                annotations[name] = inner
            else:
                annotations[name] = maybe_part[inner] if part._optional else usual_part[inner]  # noqa: SLF001 - as above
                defaults[name] = None if part._optional else MISSING  # noqa: SLF001 - as above
        contents = {"__annotations__": annotations, "__module__": __name__, **defaults}
        settings = {"title": self.title, "alias_generator": self._names.__getitem__}
        return types.new_class("DeclaredReply", (Reply,), settings, lambda names: names.update(contents))


def _getter(way: tuple[str, ...]) -> Getter:
    if len(way) == 1:
        return attrgetter(way[0])

    def get(reply: Any) -> Any:
        for name in way:
            if reply is None:
                return None
            reply = getattr(reply, name)
        return reply

    return get
