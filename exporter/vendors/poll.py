"""What the house and a vendor know of each other: a vendor is an `Account` that reads itself through a `Poll`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote

import anyio

from exporter.client.rate_limit import MAX_IN_FLIGHT
from exporter.errors import Malformed, NotFound, PollError, Refused, TooLarge
from exporter.metrics import Unreadable
from exporter.vendors.reply import Diagnostics, ReplyT, SkipReason, read_reply

MOST_ITEMS: Final = 100_000
"""Items of lists that the answers of one poll hold together, unless the account may have as many series."""
_MAX_LEFT_OUT: Final = 5
_LONGEST_SEGMENT: Final = 256

_ItemT = TypeVar("_ItemT")
_ReadT = TypeVar("_ReadT")


class Fetch(Protocol):
    """What a poll needs from the network: what one JSON document says."""

    async def __call__(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        read: Callable[[object], _ReadT],
    ) -> _ReadT:
        """Return what `read` makes of the answer to a GET, or to a POST where there is a body.

        Raises:
            PollError: there is no such document.

        """
        ...


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of an account's customers that one poll is about; by default all of them."""

    number: int = 0
    total: int = 1

    @property
    def is_first(self) -> bool:
        """Whether what is of the account as a whole is read with this slice."""
        return self.number == 0


@dataclass(slots=True)
class Poll:
    """One poll of one account, or of a slice of it, under way.

    Attributes:
        fetch: how the vendor is asked.
        now: when the poll began (UTC); the period asked about is taken from it, once.
        cache: what polls of this account leave for later ones, by name, each with the time it was read.
        diagnostics: what was noticed so far.
        as_of: the time the vendor says its figures reach to, if it does.
        slice: which customers it is about.
        unreadable: series of items that were left out and exist.
        unwanted: how many items were read and left out on purpose, as they are not what was asked for.
        most_items: how many items of lists its answers may hold together.
        used: the names of what was kept, or is from now on, that this poll asked for.
        spread: the seconds over which its requests are begun evenly; 0 for as soon as may be.

    """

    fetch: Fetch
    now: datetime
    cache: dict[str, tuple[datetime, Any]] = field(default_factory=dict)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    as_of: datetime | None = None
    slice: Slice = Slice()
    unreadable: list[Unreadable] = field(default_factory=list)
    unwanted: int = 0
    spread: float = 0.0
    most_items: int = MOST_ITEMS
    used: set[str] = field(default_factory=set)

    async def get(self, model: type[ReplyT], path: str, params: Mapping[str, str] | None = None) -> ReplyT:
        """Return what a GET answers, read as `model`."""
        with self._reading(model, f"GET {path}") as read:
            return await self.fetch(path, params=params, read=read)

    async def post(self, model: type[ReplyT], path: str, body: Mapping[str, object]) -> ReplyT:
        """Return what a POST that only reads answers, read as `model`."""
        with self._reading(model, f"POST {path}") as read:
            return await self.fetch(path, body=body, read=read)

    @contextmanager
    def _reading(self, model: type[ReplyT], asked: str) -> Iterator[Callable[[object], ReplyT]]:
        """Read a document as `model`, maybe in a thread, with notes of its own: others are read meanwhile.

        Raises:
            TooLarge: the documents of this poll hold more items than any.

        """
        notes = Diagnostics()
        try:
            yield lambda document: read_reply(model, document, notes, asked)
        finally:
            self.diagnostics.add(notes)
        if self.diagnostics.items > self.most_items:
            raise TooLarge(f"the answers of one poll hold more than {self.most_items} items", asked=asked)

    def skip(self, reason: SkipReason, count: int = 1) -> None:
        """Note that items were left out."""
        if count:
            self.diagnostics.skipped[reason] += count

    def leave_out(self, reason: SkipReason, text: str) -> None:
        """Note that an item was left out, and what a person should know of it."""
        self.skip(reason)
        if len(self.diagnostics.left_out) < _MAX_LEFT_OUT:
            self.diagnostics.left_out.add(text)

    async def attempt(
        self,
        read: Callable[[], Awaitable[_ReadT]],
        absent_errors: tuple[type[PollError], ...] = (NotFound,),
        *,
        needed: bool = True,
        hides: Callable[[], Iterable[Unreadable]] = lambda: (),
    ) -> _ReadT | PollError:
        """Return what `read` says of one item, or why it is left out, which is counted; options are those of `gather`.

        Raises:
            PollError: it failed in a way that is the whole poll's failure.

        """
        try:
            return await read()
        except PollError as error:
            reason = _skip_reason(error, absent_errors, needed=needed)
            if reason is None:
                raise
            self.leave_out(reason, str(error))
            if reason != "gone":
                self.unreadable.extend(hides())
            return error

    async def gather(  # noqa: PLR0913 - each is an option of how items are read
        self,
        items: Iterable[_ItemT],
        read: Callable[[_ItemT], Awaitable[_ReadT]],
        absent_errors: tuple[type[PollError], ...] = (NotFound,),
        *,
        needed: bool = True,
        share: float = 1.0,
        hides: Callable[[_ItemT], Iterable[Unreadable]] = lambda _: (),
    ) -> list[tuple[_ItemT, _ReadT]]:
        """Return each item with what `read` says of it, in their order, at most `MAX_IN_FLIGHT` at once.

        An item that is gone, which the vendor says by one of `absent_errors`, or whose reply cannot be read,
        is left out and counted, unless that leaves none. Items that are not `needed` are extras, which cost the poll
        nothing but themselves where the vendor refuses them for good; a failure that may pass is one of the whole
        poll, since the last good reading has them still. They are begun evenly over their `share` of the poll's spread.
        Of an item that is left out and not gone, `hides` says which series are missing.

        Raises:
            PollError: one item failed in another way, or every item did that is needed.

        """

        async def attempt(item: _ItemT) -> _ReadT | PollError:
            return await self.attempt(lambda: read(item), absent_errors, needed=needed, hides=lambda: hides(item))

        asked = list(items)
        outcomes = await _concurrently(asked, attempt, self.spread * share)
        results = [(one, found) for one, found in zip(asked, outcomes, strict=True) if not isinstance(found, PollError)]
        left_out = [found for found in outcomes if isinstance(found, PollError)]
        if needed and left_out and not results:
            raise left_out[0]
        return results

    async def optional(self, read: Callable[[], Awaitable[_ReadT]]) -> _ReadT | None:
        """Return what `read` says, or None where the vendor refuses it for good: one extra."""
        found = await self.attempt(read, needed=False)
        return None if isinstance(found, PollError) else found

    async def cached(self, seconds: float, name: str, read: Callable[[], Awaitable[_ReadT]]) -> _ReadT:
        """Return what `read` said last, asking again only when that is `seconds` old."""
        self.used.add(name)
        if name in self.cache:
            read_at, value = self.cache[name]
            if 0 <= (self.now - read_at).total_seconds() < seconds:
                return value  # type: ignore[no-any-return]  # kept under this name by this very call
        value = await read()
        self.cache[name] = (self.now, value)
        return value


async def _concurrently(
    items: Sequence[_ItemT], work: Callable[[_ItemT], Awaitable[_ReadT]], spread: float
) -> list[_ReadT]:
    """Return what `work` makes of each item, in their order; the first error ends the rest and is raised as it is.

    Of n items the k-th is not begun before k/n of `spread`, in seconds.
    """
    began, queue = anyio.current_time(), enumerate(items)
    results: dict[int, _ReadT] = {}
    errors: list[Exception] = []

    async def worker() -> None:
        try:
            for index, item in queue:
                if spread:
                    await anyio.sleep_until(began + spread * index / len(items))
                results[index] = await work(item)
        except Exception as error:  # noqa: BLE001 - raised again below, out of the group of tasks
            errors.append(error)
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for _ in range(MAX_IN_FLIGHT):
            tasks.start_soon(worker)
    if errors:
        raise errors[0]
    return [results[index] for index in sorted(results)]


def _skip_reason(error: PollError, absent_errors: tuple[type[PollError], ...], *, needed: bool) -> SkipReason | None:
    """Return why an item is left out of the reading, or None where its failure is the poll's."""
    if isinstance(error, absent_errors):
        return "gone"
    if isinstance(error, Malformed):
        return "schema"
    return "refused" if not needed and (not error.transient or isinstance(error, Refused)) else None


def segment(identifier: str) -> str:
    """Return an identifier as one segment of a path, percent-encoded.

    Raises:
        Malformed: it would name another path (empty, `.`, `..`, with control characters), or is longer than any.

    """
    if not is_usable_segment(identifier):
        raise Malformed("an identifier that cannot stand in a path")
    return quote(identifier, safe="")


def is_usable_segment(identifier: str) -> bool:
    """Whether an identifier can stand in a path; dots survive quoting, so `.` and `..` would climb."""
    return 0 < len(identifier) <= _LONGEST_SEGMENT and identifier not in (".", "..") and identifier.isprintable()
