"""A vendor's recorded answers, and altered copies of them with one change each, for trial polls."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from exporter.client.endpoint import url_of
from exporter.errors import NotFound, PollError, RateLimited, ServerFailed, Undecodable

_MAX_BYTES: Final = 8 * 1024 * 1024
_FORM: Final = (
    'write {"now": "2026-11-21T12:00:00Z", "settings": {...}, "replies": {"GET /path?query": {...}},'
    ' "links": {"GET /path?query": "/path?next"}}, without links if answers have no Link headers'
)
_REMOVED: Final = object()
_WRONG: Final[Mapping[str, object]] = {"null": None, "missing": _REMOVED, "a list": [], "an object": {}, "true": True}

Answer = object
"""A JSON document, or an error that is raised instead of an answer."""


class RecordingError(Exception):
    """Recorded answers cannot be used. The message gives the reason, or says what to write instead."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A vendor's recorded answers.

    Attributes:
        now: the time of the recording.
        settings: the settings of the recorded account, without its secrets.
        replies: the answers, by request. The key of a request is its method and its path with the query.
        links: the URL of the next page, for each reply that has a Link header. The keys are the same as in `replies`.

    """

    now: datetime
    settings: Mapping[str, Any]
    replies: Mapping[str, Answer]
    links: Mapping[str, str] = field(default_factory=dict)


def read_recording(file: Path) -> Recording:
    """Read a file of recorded answers.

    Raises:
        RecordingError: the file cannot be read, or has no recorded answers.

    """
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            raise RecordingError(f"{file}: larger than {_MAX_BYTES} bytes")
        given = json.loads(text)
        now = datetime.fromisoformat(given["now"])
        settings, replies = dict(given.get("settings", {})), _by_key(given["replies"])
        links = {key: str(url) for key, url in _by_key(given.get("links", {})).items()}
    except OSError as error:
        raise RecordingError(f"{file} cannot be read: {error.strerror}") from None
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise RecordingError(f"{file}: {_FORM}") from None
    moment = now.astimezone(UTC) if now.tzinfo else now.replace(tzinfo=UTC)
    return Recording(moment, settings, replies, links)


def _by_key(given: Any) -> dict[str, Any]:
    return {canonical(key): value for key, value in given.items()}


def canonical(key: str) -> str:
    """Return the key of a recorded answer, with its query parameters sorted."""
    method, _, target = key.partition(" ")
    path, _, query = target.partition("?")
    return f"{method} {path}?{urlencode(sorted(parse_qsl(query, keep_blank_values=True)))}"


class Replay:
    """A `Fetch` that returns recorded answers. A request without a recorded answer raises `NotFound`."""

    def __init__(self, base_url: str, replies: Mapping[str, Answer], links: Mapping[str, str]) -> None:
        self._base_url = base_url
        self._replies = replies
        self._links = links
        self.asked: list[str] = []

    async def __call__(  # noqa: PLR0913 - the parts of a request, and what becomes of its answer
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - answers are told apart by their paths
        read: Callable[[object], Any] | None = None,
        on_next: Callable[[str], object] | None = None,
    ) -> Any:
        """Return the recorded answer to a request.

        Raises:
            PollError: the recorded answer is an error, or the request has no recorded answer.

        """
        method = "GET" if body is None else "POST"
        key = canonical(f"{method} {urlsplit(url_of(self._base_url, path)).path}?{urlencode(params or {})}")
        self.asked.append(key)
        reply = self._replies.get(key, _REMOVED)
        if reply is _REMOVED:
            raise NotFound("there is no such recorded answer", asked=key)
        if isinstance(reply, PollError):
            raise reply
        if on_next and key in self._links:
            on_next(self._links[key])
        return read(reply) if read else reply


def failing(replies: Mapping[str, Answer]) -> Iterator[tuple[str, str, Mapping[str, Answer]]]:
    """Yield (key, name, replies) for each combination of an answer and an error.

    The yielded `replies` contain every answer, except that the answer to `key` is replaced by the error `name`.
    """
    errors = {"HTTP 429": RateLimited, "HTTP 500": ServerFailed, "an HTML page": Undecodable}
    for key in replies:
        for what, error in errors.items():
            yield key, what, {**replies, key: error(what, asked=key)}


def disturbed(replies: Mapping[str, Answer]) -> Iterator[tuple[str, str, Mapping[str, Answer]]]:
    """Yield (place, name, replies) for each combination of a field and a wrong value.

    The yielded `replies` contain every answer, except that the field at `place` is wrong in the way that `name`
    describes: it is null, missing, or a value of another type.
    """
    for key, document in replies.items():
        for steps, value in _fields(document):
            place = f"{key} $" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
            for what, wrong in {**_WRONG, **({} if isinstance(value, str) else {"text": "x"})}.items():
                if value is not None and type(value) is not type(wrong):
                    yield place, what, {**replies, key: _changed(document, steps, wrong)}


def doubled(replies: Mapping[str, Answer]) -> Iterator[tuple[str, Mapping[str, Answer]]]:
    """Yield (place, replies) for each list of rows.

    The yielded `replies` contain every answer, except that the list at `place` has its rows twice.
    """
    for key, document in replies.items():
        for steps, value in _fields(document):
            if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
                place = f"{key} $" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
                yield place, {**replies, key: _changed(document, steps, [*value, *value])}


def _fields(value: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the path and the value of each field at any depth of a document."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield (*steps, name), one
            yield from _fields(one, (*steps, name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _fields(one, (*steps, index))


def _changed(document: Any, steps: tuple[str | int, ...], value: object) -> Any:
    changed = copy.deepcopy(document)
    place = changed
    *way, last = steps
    for step in way:
        place = place[step]
    if value is _REMOVED:
        del place[last]
    else:
        place[last] = copy.deepcopy(value)
    return changed
