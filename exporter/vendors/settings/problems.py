"""Problems with settings, in the project's own words. Each problem has a setting's path, and says what to write."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, get_args, get_origin

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from exporter.durations import write_duration
from exporter.problems import Problem, join, unknown_key
from exporter.vendors.settings.types import Settings

_STEP: Final = re.compile(r"[.\[]")
_MEANT: Final = re.compile(r"unknown key; did you mean (\w+)\?")
_MAX_PROBLEMS: Final = 1000
"""The maximum number of problems listed for one account."""
_IN_OUR_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "bool_type": "write true or false, in small letters and without quotes",
    "int_type": "write a whole number in digits only, such as 50000",
    "float_type": "write a number in digits only, such as 50000 or 0.5",
    "finite_number": "write a number that is finite",
    "greater_than": "write a number greater than {gt}",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than_equal": "write a number of at most {le}",
    "literal_error": "write {expected}",
    "string_type": "write text, in quotes if it looks like a number, true, false or null",
    "string_unicode": "write text in Unicode",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "write up to 63 letters, digits and ._@- , the first a letter or digit",
    "tuple_type": "write a list",
    "too_short": "write at least one",
    "too_long": "write at most {max_length}",
    "model_type": "write a mapping",
    "dict_type": "write a mapping",
}
"""The project's texts, by pydantic's error type. Only names have patterns, so the text for a pattern is about names."""


def settings_problems(
    settings: type[Settings],
    error: ValidationError,
    known: Mapping[str, Problem],
    better: Mapping[str, Problem] | None = None,
) -> list[Problem]:
    """Return the problems with settings, sorted by path. No problem occurs twice.

    Args:
        settings: the class that the settings were read as.
        error: pydantic's error.
        known: the problems that were found earlier, by path.
        better: more helpful descriptions of problems, by path. They replace pydantic's descriptions.

    """
    found = {**known, **_found(settings, error), **(better or {})}
    explained = _parents(found) | _misspelt(found)
    reported = sorted(one for one in found.values() if one.path not in explained)
    if len(reported) <= _MAX_PROBLEMS:
        return reported
    return [
        *reported[:_MAX_PROBLEMS],
        Problem("", f"and {len(reported) - _MAX_PROBLEMS} more mistakes in this account"),
    ]


def _parents(paths: Iterable[str]) -> set[str]:
    """Return the paths that enclose a problem's path. Problems at these paths are consequences of the inner problem."""
    return {path[: mark.start()] for path in paths for mark in _STEP.finditer(path) if mark.start()}


def _misspelt(found: Mapping[str, Problem]) -> set[str]:
    """Return the paths of problems that are only consequences of a misspelt key."""
    explained: set[str] = set()
    for path, problem in found.items():
        if meant := _MEANT.fullmatch(problem.text):
            parent, name = path.rpartition(".")[0], meant[1].removesuffix("_file")
            missing = found.get(join(parent, name))
            if missing and missing.text.startswith("is missing"):
                explained.add(missing.path)
            if parent in found and name in re.findall(r"\w+", found[parent].text.partition("no credentials: ")[2]):
                explained.add(parent)
    return explained


def _found(settings: type[Settings], error: ValidationError) -> dict[str, Problem]:
    """Return pydantic's errors as problems, by path. Errors about alternatives of a union become one problem."""
    found: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        unknown = detail["type"] == "extra_forbidden"
        path, fields = _place(settings, detail["loc"], is_unknown=unknown)
        text = _unknown(settings, str(detail["loc"][-1]), fields) if unknown else _format_detail(detail)
        found[path] = Problem(path, f"{found[path].text}, or {text}" if path in found else text)
    return found


def _place(settings: type[Settings], steps: Sequence[int | str], *, is_unknown: bool) -> tuple[str, Iterable[str]]:
    """Return the path of an error, and the known keys at this path. Steps into a union's members are left out.

    Args:
        settings: the class that the settings were read as.
        steps: pydantic's location of the error, from the root.
        is_unknown: whether the last step is an unknown key.

    """
    path = ""
    known: Iterable[str] = ()
    within: Any = settings
    for number, step in enumerate(steps, 1):
        if isinstance(step, int):
            path += f"[{step}]"
        elif get_origin(within) is dict:
            path, within = join(path, step), _inner(get_args(within)[1])
        elif within is not None and (step in within.model_fields or (is_unknown and number == len(steps))):
            field = within.model_fields.get(step)
            path, known, within = join(path, step), within.model_fields, _inner(field.annotation) if field else None
    return path, known


def _inner(annotation: Any) -> Any:
    """Return the settings class or mapping that a type contains at any depth; None if the type contains neither."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation
    if get_origin(annotation) is dict:
        return annotation
    return next(filter(None, map(_inner, get_args(annotation))), None)


def _unknown(settings: type[Settings], key: str, known: Iterable[str]) -> str:
    """Return the text for an unknown key. If the key belongs one level deeper, the text names the place."""
    inner = {name: _inner(field.annotation) for name, field in settings.model_fields.items() if name != "quotas"}
    keys = {name: getattr(part, "model_fields", ()) for name, part in inner.items()}
    below = next((name for name, fields in keys.items() if key in fields and key not in known), None)
    return f"unknown key; write it below {below}" if below else unknown_key(key, known)


def _format_detail(detail: Any) -> str:
    text = _IN_OUR_WORDS.get(detail["type"])
    if text is None:
        return str(detail["msg"]).removeprefix("Value error, ")
    return text.format_map(detail.get("ctx", {})).replace("'", "")


def unknown_vendor(entry: Mapping[str, object], vendors: Iterable[str]) -> Problem:
    """Return the problem of a missing or unknown vendor."""
    vendors = list(vendors)
    near_keys = difflib.get_close_matches("vendor", entry, n=1)
    if "vendor" not in entry and near_keys:
        return Problem(near_keys[0], unknown_key(near_keys[0], ["vendor"]))
    near = difflib.get_close_matches(str(entry.get("vendor")), vendors, n=1)
    return Problem("vendor", f"write one of {', '.join(vendors)}" + (f"; did you mean {near[0]}?" if near else ""))


class SchemaGenerator(GenerateJsonSchema):
    """Generates a JSON Schema with durations in Prometheus' syntax, and without titles that only repeat the key."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - no title says more than its key
        """Return False: no field gets a title."""
        return False

    def encode_default(self, dft: object) -> Any:
        """Return a default in the configuration's syntax. Every float is a duration."""
        return write_duration(dft) if isinstance(dft, float) else super().encode_default(dft)
