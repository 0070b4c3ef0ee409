"""An account at a declared vendor: it reads itself as its file says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar, Final

from exporter.client.auth import Auth
from exporter.errors import Malformed
from exporter.metrics import Family, Item, Unreadable
from exporter.vendors.account import Account
from exporter.vendors.declared.replies import Getter
from exporter.vendors.declared.rows import Chain, Metric, Place, any_partial, chains, items, once_each
from exporter.vendors.declared.templates import DATES, ITEM, filled
from exporter.vendors.origin import DECLARED, Origin
from exporter.vendors.paging import PageInfo, Pages, Question
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll
from exporter.vendors.reply import Reply

_MOST_ITEMS: Final = 10_000
_MOST_ROWS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Request:
    """A request, compiled.

    Attributes:
        path: a template.
        params: templates.
        body: None for a GET; texts in it are templates.
        model: what its answer is read as.
        levels: how to get from an answer to its rows, and from a row to those in it.
        key: what tells rows apart; empty where nothing does.
        metrics: what rows are made into.
        pages: how the list is read; None where there is one answer.
        said: where a page says what the next one is, and whether there is one.
        as_of: the time that a row's figures reach to.
        for_each: what it is asked for: the name of a setting or of an earlier request; empty for once.
        of_keys: whether that is an earlier request.
        name: what later requests call it.
        is_optional: whether it is an extra.
        is_dated: whether it says which month it asks about.

    """

    path: str
    params: Mapping[str, str]
    body: Mapping[str, object] | None
    model: type[Reply]
    levels: tuple[Getter, ...]
    key: tuple[Place, ...]
    metrics: tuple[Metric, ...]
    pages: Pages | None
    said: tuple[Getter | None, Getter | None]
    as_of: Place | None
    for_each: str
    of_keys: bool
    name: str
    is_optional: bool
    is_dated: bool

    def key_of(self, row: Chain) -> tuple[Hashable, ...]:
        """Return what tells a row from others."""
        return tuple(place(row) for place in self.key)

    def hidden(self, constants: dict[str, str]) -> list[Unreadable]:
        """Say that rows cannot be read."""
        return [metric.hidden(constants) for metric in self.metrics if metric.expected]


@dataclass(frozen=True, slots=True)
class Made:
    """What a request's answers are made into: metrics, and the keys that later requests ask about."""

    items: list[Item]
    keys: list[str]


class DeclaredAccount(Account):
    """What accounts of declared vendors have in common; a class for each is made of its file."""

    origin: ClassVar[Origin] = DECLARED
    requests: ClassVar[tuple[Request, ...]] = ()
    sign_in: ClassVar[Callable[[Any], Auth]]
    """From an account to how it signs in."""
    plain_settings: ClassVar[tuple[str, ...]] = ()
    """The settings that can stand in a request: one value, and no secret."""

    @property
    def auth(self) -> Auth:
        """How the file says that requests are signed."""
        return type(self).sign_in(self)

    @property
    def dated_families(self) -> Collection[Family]:
        """The figures that are asked for by their month."""
        return [metric.family for request in self.requests if request.is_dated for metric in request.metrics]

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return what the requests of the file bring, one request after the other."""
        constants = {name: make(poll.now) for name, make in DATES.items()}
        constants |= {name: str(getattr(self, name)) for name in self.plain_settings if getattr(self, name) is not None}
        found: list[Made] = []
        keys: dict[str, list[str]] = {}
        for request in self.requests:
            made = await self._made(request, constants, keys, poll)
            keys[request.name] = [key for one in made for key in one.keys]
            found += made
        return chain.from_iterable(one.items for one in found)

    async def _made(
        self, request: Request, constants: dict[str, str], keys: Mapping[str, list[str]], poll: Poll
    ) -> list[Made]:
        if not request.for_each:
            if not request.is_optional:
                return [await _read(request, constants, poll)]
            made = await poll.attempt(
                lambda: _read(request, constants, poll), needed=False, hides=lambda: request.hidden(constants)
            )
            return [made] if isinstance(made, Made) else []

        def with_item(item: str) -> dict[str, str]:
            return {**constants, ITEM: item}

        asked = list(dict.fromkeys(keys[request.for_each] if request.of_keys else getattr(self, request.for_each)))
        if len(asked) > _MOST_ITEMS:
            poll.skip("capped", len(asked) - _MOST_ITEMS)
            poll.unreadable += [one for item in asked[_MOST_ITEMS:] for one in request.hidden(with_item(item))]
        made_of_each = await poll.gather(
            asked[:_MOST_ITEMS],
            lambda item: _read(request, with_item(item), poll),
            needed=not request.is_optional,
            hides=lambda item: request.hidden(with_item(item)),
        )
        return [made for _, made in made_of_each]


async def _read(request: Request, constants: dict[str, str], poll: Poll) -> Made:
    """Return what one question is made into, all of its pages together."""
    rows: list[Chain] = []
    is_partial = False
    question = _question(request, constants)
    answers = (
        await _pages(request, request.pages, question, poll) if request.pages else [await _ask(request, question, poll)]
    )
    for answer in answers:
        rows += chains(answer, request.levels)
        is_partial = is_partial or any_partial(answer, request.levels)
    if request.key:
        rows, repeats = once_each(rows, request.key_of, request.metrics)
        asked_twice = (len(answers) - 1) * request.pages.following.overlap if request.pages else 0
        poll.skip("duplicate", max(0, repeats - asked_twice))
    if request.as_of:
        reached = [moment for moment in map(request.as_of, rows) if moment is not None]
        poll.as_of = min(reached if poll.as_of is None else [*reached, poll.as_of], default=None)
    metrics = request.metrics
    if is_partial:
        poll.unreadable += request.hidden(constants)
        metrics = tuple(metric for metric in metrics if not metric.is_sum)
    keys = [str(request.key[0](row)) for row in rows] if request.name and request.key else []
    return Made(list(items(rows, metrics, constants)), keys)


async def _pages(request: Request, pages: Pages, first: Question, poll: Poll) -> list[Reply]:
    """Return the pages of a list.

    Raises:
        PollError: one of them cannot be read, or it has no end.

    """
    link, more = request.said
    found: list[Reply] = []
    count = 0

    def info_of(page: Reply) -> PageInfo:
        return PageInfo(
            len(chains(page, request.levels)),
            link(page) if link else None,
            more(page) if more else None,
            any_partial(page, request.levels),
        )

    reading = pages.read(
        first,
        lambda question: _ask(request, question, poll),
        lambda page: [request.key_of(row) for row in chains(page, request.levels)],
        info_of,
    )
    async with aclosing(reading) as listed:
        async for page in listed:
            found.append(page)
            count += len(chains(page, request.levels))
            if count > _MOST_ROWS:
                raise Malformed(f"a list without end: more than {_MOST_ROWS} rows", asked=first.asked)
    return found


async def _ask(request: Request, question: Question, poll: Poll) -> Reply:
    if question.body is None:
        return await poll.get(request.model, question.path, question.params or None)
    return await poll.post(request.model, question.path, question.body)


def _question(request: Request, constants: Mapping[str, str]) -> Question:
    """Return the question with its names replaced; in the path each value is one segment."""
    params = {name: filled(text, constants) for name, text in request.params.items()}
    body = request.body and {
        name: filled(value, constants) if isinstance(value, str) else value for name, value in request.body.items()
    }
    if request.body is not None and body is None:
        body = {}
    return Question(filled(request.path, constants, segment), params, body)
