"""Lists in pages: by the link, the cursor, the offset or the number of the next page.

Only what belongs into a query or a body is taken from an answer: never a host, and never a path.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from exporter.errors import Conflict, Malformed

_LONGEST: Final = 8192
"""Characters of a link or a cursor at most."""
_MOST_PARAMETERS: Final = 100

_PageT = TypeVar("_PageT")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a GET, or a POST where there is a body."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None

    @property
    def asked(self) -> str:
        """The method and the path, for an error."""
        return f"{'GET' if self.body is None else 'POST'} {self.path}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says of the next one.

    Attributes:
        received: how many rows it has.
        next: the next one's link or cursor, if it has one.
        more: whether there is one; None where it does not say.
        is_partial: whether there are rows of it that could not be read, and are not among those received.

    """

    received: int
    next: object = None
    more: bool | None = None
    is_partial: bool = False

    def is_short(self, size: int | None) -> bool:
        """Whether it has fewer rows than a full page, and does not say that there are more."""
        return size is not None and self.more is None and not self.is_partial and self.received < size


class Following(Protocol):
    """How the next page is asked for.

    Attributes:
        overlap: rows that a page has again from the end of the one before, so that a list that moved is seen.

    """

    @property
    def overlap(self) -> int:
        """Rows that a page has again."""
        ...

    def next(self, question: Question, page: Said) -> Question | None:
        """Return the question for the page after this one; None where it is the last.

        Args:
            question: what this page answers.
            page: what it says of the next one.

        Raises:
            Malformed: what it says cannot be asked.

        """
        ...


@dataclass(frozen=True, slots=True)
class ByLink:
    """A page has the URL of the next one, of which the query is taken."""

    overlap: int = 0

    def next(self, question: Question, page: Said) -> Question | None:
        """Return the same question with the link's query."""
        if page.next is None or page.next == "":
            return None
        try:
            query = urlsplit(_text(page.next)).query
            params = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
        except ValueError:
            raise Malformed("the next page's link is no URL", asked=question.asked) from None
        if not params:  # with it the first page would be asked for again, and look like the last
            raise Malformed("the next page's link has no query", asked=question.asked)
        return replace(question, params=params)


@dataclass(frozen=True, slots=True)
class ByCursor:
    """A page has what is sent to get the next one, in the query or in the body."""

    name: str
    in_body: bool = False
    overlap: int = 0

    def next(self, question: Question, page: Said) -> Question | None:
        """Return the same question with the cursor."""
        if page.next is None or page.next == "":
            return None
        try:
            cursor = _text(page.next)
        except ValueError:
            raise Malformed("the next page's cursor is no text", asked=question.asked) from None
        if self.in_body:
            return replace(question, body={**(question.body or {}), self.name: cursor})
        return replace(question, params={**question.params, self.name: cursor})


@dataclass(frozen=True, slots=True)
class ByOffset:
    """A page is asked for by how many rows stand before it, less one: a row that leaves moves all that follow."""

    name: str
    size: int | None = None
    overlap: int = 1

    def next(self, question: Question, page: Said) -> Question | None:
        """Return the same question, further on by the rows received; a page of the overlap alone is the last."""
        read = int(question.params.get(self.name, "0"))
        overlap = self.overlap if read else 0
        if page.received <= overlap or page.is_short(self.size):
            return None
        return replace(question, params={**question.params, self.name: str(read + page.received - self.overlap)})


@dataclass(frozen=True, slots=True)
class ByPage:
    """A page is asked for by its number."""

    name: str
    first: int = 1
    size: int | None = None
    overlap: int = 0

    def next(self, question: Question, page: Said) -> Question | None:
        """Return the same question with the next number; a page that is not full is the last, if it does not say."""
        if (page.received == 0 and not page.more) or page.is_short(self.size):
            return None
        number = int(question.params.get(self.name, str(self.first)))
        return replace(question, params={**question.params, self.name: str(number + 1)})


@dataclass(frozen=True, slots=True)
class Pages:
    """How a list is read.

    Attributes:
        following: how the next page is asked for.
        most: a list of more pages is taken for one without end.

    """

    following: Following
    most: int = 1000

    async def read(
        self,
        first: Question,
        ask: Callable[[Question], Awaitable[_PageT]],
        keys_of: Callable[[_PageT], Collection[Hashable]],
        said_of: Callable[[_PageT], Said],
    ) -> AsyncGenerator[_PageT]:
        """Yield the pages of a list, the last of which is the one that says so, or whose rows were all there before.

        An empty page that leads to another is not the last: vendors filter what they have cut into pages.

        Args:
            first: the question for the first page.
            ask: asks a question.
            keys_of: what tells the rows of a page apart, one key for each.
            said_of: what a page says of the next one.

        Raises:
            Malformed: the list has no end.
            Conflict: it moved while it was read.
            PollError: a page cannot be read.

        """
        question: Question | None = first
        seen: set[Hashable] = set()
        for number in range(self.most):
            if question is None:
                return
            page = await ask(question)
            keys = list(keys_of(page))
            if number and self.following.overlap and keys and keys[0] not in seen:  # what stood before it left
                raise Conflict("the list moved while it was read", asked=question.asked)
            yield page
            before = len(seen)
            seen.update(keys)
            said = said_of(page)
            if said.more is False or (number and keys and len(seen) == before):
                return
            asked, question = question, self.following.next(question, said)
            if question == asked and not keys:
                question = None
            if question is None and said.more:
                raise Malformed("there are more pages, and the answer does not say which", asked=asked.asked)
        if question is not None:
            raise Malformed(f"a list without end: more than {self.most} pages", asked=first.asked)


def _text(said: object) -> str:
    if isinstance(said, int) and not isinstance(said, bool):
        return str(said)
    if not isinstance(said, str) or len(said) > _LONGEST or not said.isprintable():
        raise ValueError("expected text of a bounded length")
    return said
