"""Likely slips in a configuration: texts that are valid but surely not meant literally."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from exporter.secret import secret_reference

_TYPOGRAPHIC: Final = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"


def slips(given: Mapping[str, object], secrets: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield (path, problem) for each likely slip in the texts of an account's settings.

    Args:
        given: the settings as read from the file.
        secrets: the settings that may refer to an environment variable.

    """
    for key, value in given.items():
        for path, text in _texts(str(key), value):
            if text[:1] and text[0] in _TYPOGRAPHIC:
                yield path, "begins with a typographic quote; write a plain one, ' or \""
            elif key not in secrets and secret_reference(text):
                yield path, "${...} only works in secrets; write the value itself"


def _texts(path: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield (path, text) for every text within the value at the path `path`."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(f"{path}[{index}]", item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(f"{path}.{key}", item)
