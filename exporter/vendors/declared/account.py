"""Accounts at declared vendors. An account sends the requests that the vendor's file declares."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar, Final, NamedTuple

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
    """A compiled request.

    Attributes:
        path: the template of the path.
        params: the templates of the query parameters.
        body: the body of a POST, in which texts are templates; None for a GET.
        model: the reply model of the answer.
        levels: a getter of rows for each level of nesting: first the rows of an answer, then the rows within each row.
        key: the places of the values that identify a row; empty if rows have no key.
        metrics: the metrics made from each row.
        pages: the pagination; None for a single answer.
        page_fields: a getter of the next page's link or cursor in the body, and a getter of the flag that says whether
            there are more pages. Each getter is None if the body has no such field.
        as_of: where a row states the time up to which its figures are complete.
        for_each: the setting or the earlier request that lists items. This request is sent for each item. If
            `for_each` is empty, this request is sent once.
        of_keys: whether `for_each` names an earlier request.
        name: the name by which later requests refer to this request.
        is_optional: whether the poll can succeed although the vendor refuses the request.
        is_dated: whether the request names the month of the figures.

    """

    path: str
    params: Mapping[str, str]
    body: Mapping[str, object] | None
    model: type[Reply]
    levels: tuple[Getter, ...]
    key: tuple[Place, ...]
    metrics: tuple[Metric, ...]
    pages: Pages | None
    page_fields: tuple[Getter | None, Getter | None]
    as_of: Place | None
    for_each: str
    of_keys: bool
    name: str
    is_optional: bool
    is_dated: bool

    def key_of(self, row: Chain) -> tuple[Hashable, ...]:
        """Return the key of a row."""
        return tuple(place(row) for place in self.key)

    def hidden(self, constants: dict[str, str]) -> list[Unreadable]:
        """Return an `Unreadable` for each metric that every row should have."""
        return [metric.hidden(constants) for metric in self.metrics if metric.expected]


@dataclass(frozen=True, slots=True)
class RequestResult:
    """The result of a request: metrics, keys that later requests ask about, and whether some rows are unreadable."""

    items: list[Item]
    keys: list[str]
    is_partial: bool


class _Page(NamedTuple):
    """An answer, and the URL of the next page, if the Link header states one."""

    reply: Reply
    link: str | None = None


class DeclaredAccount(Account):
    """The base class of accounts at declared vendors. Each vendor's file is compiled into a subclass."""

    origin: ClassVar[Origin] = DECLARED
    requests: ClassVar[tuple[Request, ...]] = ()
    sign_in: ClassVar[Callable[[Any], Auth]]
    """Returns the authentication of an account."""
    plain_settings: ClassVar[tuple[str, ...]] = ()
    """The settings that requests may refer to: single values that are not secrets."""

    @property
    def auth(self) -> Auth:
        """The authentication that the file declares."""
        return type(self).sign_in(self)

    @property
    def dated_families(self) -> Collection[Family]:
        """The families whose figures are requested for a UTC month."""
        return [metric.family for request in self.requests if request.is_dated for metric in request.metrics]

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Send the requests of the vendor's file one after another, and return the metrics made from the answers."""
        constants = {name: make(poll.now) for name, make in DATES.items()}
        constants |= {name: str(getattr(self, name)) for name in self.plain_settings if getattr(self, name) is not None}
        found: list[RequestResult] = []
        keys: dict[str, list[str]] = {}
        partial = set[str]()
        for request in self.requests:
            results = await self._results_of(request, constants, keys, poll)
            keys[request.name] = [key for one in results for key in one.keys]
            lacks_items = request.of_keys and request.for_each in partial  # some of its items are not known
            if lacks_items:
                poll.unreadable += request.hidden(constants)
            if lacks_items or any(one.is_partial for one in results):
                partial.add(request.name)
            found += results
        return chain.from_iterable(one.items for one in found)

    async def _results_of(
        self, request: Request, constants: dict[str, str], keys: Mapping[str, list[str]], poll: Poll
    ) -> list[RequestResult]:
        if not request.for_each:
            if not request.is_optional:
                return [await _read(request, constants, poll)]
            result = await poll.attempt(
                lambda: _read(request, constants, poll), needed=False, hides=lambda: request.hidden(constants)
            )
            return [result] if isinstance(result, RequestResult) else []

        def with_item(item: str) -> dict[str, str]:
            return {**constants, ITEM: item}

        asked = list(dict.fromkeys(keys[request.for_each] if request.of_keys else getattr(self, request.for_each)))
        if len(asked) > _MOST_ITEMS:
            poll.skip("capped", len(asked) - _MOST_ITEMS)
            poll.unreadable += [one for item in asked[_MOST_ITEMS:] for one in request.hidden(with_item(item))]
        results = await poll.gather(
            asked[:_MOST_ITEMS],
            lambda item: _read(request, with_item(item), poll),
            needed=not request.is_optional,
            hides=lambda item: request.hidden(with_item(item)),
        )
        return [result for _, result in results]


async def _read(request: Request, constants: dict[str, str], poll: Poll) -> RequestResult:
    """Send a request, read all pages of its answer, and return the result."""
    rows: list[Chain] = []
    is_partial = False
    question = _question(request, constants)
    if request.pages:
        answers = await _pages(request, request.pages, question, poll)
    else:
        answers = [(await _ask(request, question, poll)).reply]
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
    return RequestResult(list(items(rows, metrics, constants)), keys, is_partial)


async def _pages(request: Request, pages: Pages, first: Question, poll: Poll) -> list[Reply]:
    """Return the pages of a list.

    Raises:
        PollError: a page cannot be read, or the list has no end.

    """
    link, more = request.page_fields
    found: list[Reply] = []
    count = 0

    def info_of(page: _Page) -> PageInfo:
        return PageInfo(
            len(chains(page.reply, request.levels)),
            link(page.reply) if link else page.link,
            more(page.reply) if more else None,
            any_partial(page.reply, request.levels),
        )

    reading = pages.read(
        first,
        lambda question: _ask(request, question, poll),
        lambda page: [request.key_of(row) for row in chains(page.reply, request.levels)],
        info_of,
    )
    async with aclosing(reading) as listed:
        async for page, _ in listed:
            found.append(page)
            count += len(chains(page, request.levels))
            if count > _MOST_ROWS:
                raise Malformed(f"an endless list: more than {_MOST_ROWS} rows", asked=first.asked)
    return found


async def _ask(request: Request, question: Question, poll: Poll) -> _Page:
    if question.body is not None:
        return _Page(await poll.post(request.model, question.path, question.body))
    return _Page(*await poll.get_linked(request.model, question.path, question.params or None))


def _question(request: Request, constants: Mapping[str, str]) -> Question:
    """Return a request's question with the templates filled in. Each value in the path becomes one segment."""
    params = {name: filled(text, constants) for name, text in request.params.items()}
    body = request.body and {
        name: filled(value, constants) if isinstance(value, str) else value for name, value in request.body.items()
    }
    if request.body is not None and body is None:
        body = {}
    return Question(filled(request.path, constants, segment), params, body)
