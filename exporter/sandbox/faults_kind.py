"""A kind of fault: what it does, and which value and options it takes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.sandbox.faults_call import Call

_LONGEST_SECONDS = 1e9
_MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Word:
    """A value that may stand after an `=`: its name, its reader, its default, and whether the value is needed.

    For a wrong text, the function `read` raises a `ValueError` whose message says what to write.
    """

    name: str
    read: Callable[[str], Any]
    default: Any = None
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. Its meaning is the first line of the docstring of `act`."""

    act: Callable[[Call], Awaitable[None]]
    value: Word | None = None
    options: Mapping[str, Word] = field(default_factory=dict)

    @property
    def meaning(self) -> str:
        """The kind's meaning, as a sentence."""
        return (self.act.__doc__ or "").partition("\n")[0]

    def read(self, value: str | None, options: Mapping[str, str]) -> dict[str, Any]:
        """Return the parsed options of a fault by name, and the fault's value under the name `value`.

        Missing options and a missing value are replaced by their defaults.

        Raises:
            ValueError: the value or the options do not fit this kind. The message says what to write.

        """
        if value is not None and self.value is None:
            raise ValueError("only options may follow its name")
        if unknown := sorted(options.keys() - self.options.keys()):
            known = ", ".join([*self.options, "times"])
            raise ValueError(f"unknown option {unknown[0]}; write one of: {known}")
        given = {"value": value, **options}
        words = {**({"value": self.value} if self.value else {}), **self.options}
        return {name: _read(name, word, given.get(name)) for name, word in words.items()}


def _read(name: str, word: Word, given: str | None) -> Any:
    if given is None and word.needed:
        raise ValueError(f"write ={word.name} after its name" if name == "value" else f"write ;{name}={word.name} too")
    if given is None:
        return word.default
    try:
        return word.read(given)
    except ValueError as error:
        raise ValueError(f"{name} {given[:40]!r}: {error}") from None


def read_seconds(text: str) -> float:
    """Return a number of seconds, at least 0."""
    return _number(float, text, "seconds", 0, _LONGEST_SECONDS)


def read_shift(text: str) -> float:
    """Return a number of seconds from now, negative for the past."""
    return _number(float, text, "seconds, negative for the past", -_LONGEST_SECONDS, _LONGEST_SECONDS)


def read_count(text: str) -> int:
    """Return a whole number, at least 1."""
    return int(_number(int, text, f"a whole number from 1 to {_MOST:,}", 1, _MOST))


def _number(kind: type[float], text: str, expected: str, least: float, most: float) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ValueError(f"write {expected}")
    return number
