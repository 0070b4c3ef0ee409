"""Paginated lists: by link, cursor, offset or page number.

An answer determines only query parameters and body fields of the next request, never the host or the path.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from exporter.errors import Conflict, Malformed

_LONGEST: Final = 8192
"""The maximum length of a link or a cursor, in characters."""
_MOST_PARAMETERS: Final = 100

_PageT = TypeVar("_PageT")


@dataclass(frozen=True, slots=True)
class Question:
    """A request for one page: a GET, or a POST if there is a body."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None

    @property
    def asked(self) -> str:
        """The method and the path, for error messages."""
        return f"{'GET' if self.body is None else 'POST'} {self.path}"


@dataclass(frozen=True, slots=True)
class PageInfo:
    """What a page says about the next page.

    Attributes:
        received: the number of readable rows on the page.
        next: the link or cursor of the next page; None or empty if the page has neither.
        more: whether there is a next page; None if the page does not state this.
        is_partial: whether the page has unreadable rows, which are not counted in `received`.

    """

    received: int
    next: object = None
    more: bool | None = None
    is_partial: bool = False

    def is_short(self, size: int | None) -> bool:
        """Whether the number of rows shows that this page is the last.

        A page with fewer than `size` rows is the last, unless some rows are unreadable or the page states whether there
        are more pages.
        """
        return size is not None and self.more is None and not self.is_partial and self.received < size


class Following(Protocol):
    """A way to ask for the next page.

    Attributes:
        overlap: the number of rows that a page repeats from the end of the previous page. A page that lacks these rows
            shows that the list has shifted.

    """

    @property
    def overlap(self) -> int:
        """The number of rows that a page repeats from the end of the previous page."""
        ...

    def next(self, question: Question, page: PageInfo) -> Question | None:
        """Return the question for the next page; None after the last page.

        Args:
            question: the question that this page answers.
            page: what this page says about the next page.

        Raises:
            Malformed: the link or cursor is unusable.

        """
        ...


@dataclass(frozen=True, slots=True)
class ByLink:
    """Pages by link. Each page has the URL of the next page. Only the query of this URL is used."""

    overlap: int = 0

    def next(self, question: Question, page: PageInfo) -> Question | None:
        """Return the same question with the link's query; None if the page has no link."""
        if page.next is None or page.next == "":
            return None
        try:
            query = urlsplit(_text(page.next)).query
            params = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
        except ValueError:
            raise Malformed("the next page's link is not a URL", asked=question.asked) from None
        if not params:  # else the first page would be requested again, and would look like the last
            raise Malformed("the next page's link has no query", asked=question.asked)
        return replace(question, params=params)


@dataclass(frozen=True, slots=True)
class ByCursor:
    """Pages by cursor. To ask for the next page, a page's cursor is sent as a parameter or a body field."""

    name: str
    in_body: bool = False
    overlap: int = 0

    def next(self, question: Question, page: PageInfo) -> Question | None:
        """Return the same question with the cursor; None if the page has no cursor."""
        if page.next is None or page.next == "":
            return None
        try:
            cursor = _text(page.next)
        except ValueError:
            raise Malformed("the next page's cursor is not text", asked=question.asked) from None
        if self.in_body:
            return replace(question, body={**(question.body or {}), self.name: cursor})
        return replace(question, params={**question.params, self.name: cursor})


@dataclass(frozen=True, slots=True)
class ByOffset:
    """Pages by offset. By default, a page repeats the previous page's last row, so that a shifted list is noticed."""

    name: str
    size: int | None = None
    overlap: int = 1

    def next(self, question: Question, page: PageInfo) -> Question | None:
        """Return the same question with a higher offset; None if the page is short or only repeats rows."""
        read = int(question.params.get(self.name, "0"))
        overlap = self.overlap if read else 0
        if page.received <= overlap or page.is_short(self.size):
            return None
        return replace(question, params={**question.params, self.name: str(read + page.received - self.overlap)})


@dataclass(frozen=True, slots=True)
class ByPage:
    """Pages by number."""

    name: str
    first: int = 1
    size: int | None = None
    overlap: int = 0

    def next(self, question: Question, page: PageInfo) -> Question | None:
        """Return the same question with the next page number.

        Returns None after an empty or short page, unless that page says that there are more pages.
        """
        if (page.received == 0 and not page.more) or page.is_short(self.size):
            return None
        number = int(question.params.get(self.name, str(self.first)))
        return replace(question, params={**question.params, self.name: str(number + 1)})


@dataclass(frozen=True, slots=True)
class Pages:
    """A paginated list.

    Attributes:
        following: the way to ask for the next page.
        most: the maximum number of pages; a longer list counts as endless.

    """

    following: Following
    most: int = 1000

    async def read(
        self,
        first: Question,
        ask: Callable[[Question], Awaitable[_PageT]],
        keys_of: Callable[[_PageT], Collection[Hashable]],
        info_of: Callable[[_PageT], PageInfo],
    ) -> AsyncGenerator[_PageT]:
        """Yield the pages of a list. A page is the last if it says so, has no next page, or only repeats rows.

        An empty page with a link is not the last page, since vendors may filter rows after dividing a list into pages.

        Args:
            first: the question for the first page.
            ask: a function that sends a question and returns the page.
            keys_of: a function that returns one key for each row of a page.
            info_of: a function that returns what a page says about the next page.

        Raises:
            Malformed: the list has no end, or does not say where the next page is.
            Conflict: the list shifted while it was read.
            PollError: a page cannot be read.

        """
        question: Question | None = first
        seen: set[Hashable] = set()
        for number in range(self.most):
            if question is None:
                return
            page = await ask(question)
            keys = list(keys_of(page))
            if number and self.following.overlap and keys and keys[0] not in seen:  # an earlier row was deleted
                raise Conflict("the list shifted while it was read", asked=question.asked)
            yield page
            is_repeat = bool(number and keys and seen.issuperset(keys))
            seen.update(keys)
            question = self._next(question, info_of(page), has_keys=bool(keys), is_repeat=is_repeat)
        if question is not None:
            raise Malformed(f"an endless list: more than {self.most} pages", asked=first.asked)

    def _next(self, asked: Question, info: PageInfo, *, has_keys: bool, is_repeat: bool) -> Question | None:
        """Return the question for the next page; None after the last page, even if that page has a link or cursor."""
        if is_repeat or info.more is False:
            return None
        question = self.following.next(asked, info)
        if question == asked and not has_keys:
            question = None
        if question is None and info.more:
            raise Malformed("there are more pages, but the answer does not say where", asked=asked.asked)
        return question


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise ValueError("expected text of a bounded length")
    return value
