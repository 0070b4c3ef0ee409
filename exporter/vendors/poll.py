"""The context of a poll: an `Account` reads itself through a `Poll`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from exporter.errors import NotFound, PollError, TooLarge
from exporter.metrics import Unreadable
from exporter.vendors.items import Streaks, Trial, concurrently, skip_reason
from exporter.vendors.reply import Diagnostics, ReplyT, SkipReason, read_reply

MOST_ITEMS: Final = 100_000
"""Items of lists that the answers of one poll hold together, unless the account may have as many series."""
_MAX_LEFT_OUT: Final = 5

_ItemT = TypeVar("_ItemT", bound=Hashable)
_ReadT = TypeVar("_ReadT")


class Fetch(Protocol):
    """What a poll needs from the network: what one JSON document says."""

    async def __call__(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        read: Callable[[object], _ReadT],
    ) -> _ReadT:
        """Return what `read` makes of the answer to a GET, or to a POST where there is a body.

        The path is below the account's base URL, or a whole URL at its host.

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
        cache: values kept for later polls of this account, by name, each with the time it was read.
        diagnostics: what was noticed so far.
        as_of: the time the vendor says its figures reach to, if it does.
        slice: which customers it is about.
        unreadable: series of items that were left out and exist.
        unwanted: how many items were read and deliberately excluded, as they were not requested.
        most_items: how many items of lists its answers may hold together.
        used: the names of what was kept, or is from now on, that this poll asked for.
        spread: the seconds over which requests start evenly; 0 for as soon as possible.
        patience: the seconds for which an item must keep failing before the reading goes on without it; 0 where no
            earlier reading can stand for this one.
        failing: what failed in the polls before, and does in this, by kind.
        failure: how an item failed without which the reading goes on.

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
    patience: float = 0.0
    failing: dict[str, Streaks] = field(default_factory=dict)
    failure: PollError | None = None

    async def get(
        self,
        model: type[ReplyT],
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ReplyT:
        """Return what a GET answers, read as `model`; the path is below the base URL, or a whole URL at its host."""
        with self._reading(model, f"GET {path}") as read:
            return await self.fetch(path, params=params, headers=headers, read=read)

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
        """Skip an item, and record why, for people."""
        self.skip(reason)
        if len(self.diagnostics.left_out) < _MAX_LEFT_OUT:
            self.diagnostics.left_out.add(text)

    def cap_customers(self, listed: int, most: int) -> None:
        """Note how many wanted customers the vendor's list has, and how many the configuration allows."""
        self.diagnostics.listed = listed
        if listed > most:
            self.skip("capped", listed - most)
            self.diagnostics.left_out.add(f"{listed:,} customers are wanted, and max_customers is {most:,}")

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
            reason = skip_reason(error, absent_errors, needed=needed)
            if reason is None:
                raise
            self.leave_out(reason, str(error))
            if reason != "gone":
                self.unreadable.extend(hides())
            return error.bare()

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
        """Return each item with what `read` says of it, in their order, some at once.

        An item that no longer exists (one of `absent_errors`), or whose reply cannot be read, is skipped and counted,
        unless no item is left. Items that are not `needed` are optional extras: if the vendor refuses them for good,
        only they are skipped; a transient failure still fails the poll, since the last good reading has them. An item
        that keeps failing while others are answered is skipped after some polls. Requests start evenly over their
        `share` of the poll's spread. For an item that exists and is skipped, `hides` returns the series that are
        missing.

        Raises:
            PollError: one item failed in another way, or every item did that is needed.

        """
        kind = getattr(read, "__qualname__", type(read).__qualname__)
        return await self._each(kind, items, read, absent_errors, needed=needed, share=share, hides=hides)

    async def _each(  # noqa: PLR0913 - those of `gather`
        self,
        kind: str,
        items: Iterable[_ItemT],
        read: Callable[[_ItemT], Awaitable[_ReadT]],
        absent_errors: tuple[type[PollError], ...] = (NotFound,),
        *,
        needed: bool = True,
        share: float = 1.0,
        hides: Callable[[_ItemT], Iterable[Unreadable]] = lambda _: (),
    ) -> list[tuple[_ItemT, _ReadT]]:
        streaks = self.failing[kind] = self.failing.pop(kind, Streaks())  # what was asked last comes last
        trial = Trial(items, streaks, self.now, self.patience, is_extra=not needed)
        found: dict[_ItemT, _ReadT | PollError] = {}

        async def attempt(item: _ItemT) -> None:
            try:
                found[item] = await self.attempt(
                    lambda: read(item), absent_errors, needed=needed, hides=lambda: hides(item)
                )
            except PollError as error:
                if not trial.goes_on(item, error):
                    raise
            else:
                trial.answered(item)

        try:
            await concurrently(trial.fresh, attempt, self.spread * share)
            await concurrently(trial.doubted, attempt, 0.0)
            if failure := trial.failure_of_all():
                raise failure
        except PollError as failure:
            if not trial.gives_up_all(failure):
                raise
        for item, error in trial.failed.items():
            self.leave_out("failing", str(error))
            self.unreadable.extend(hides(item))
            self.failure = self.failure or error
        left_out = [one for one in found.values() if isinstance(one, PollError)]
        asked = ((one, found[one]) for one in trial.items if one in found)
        results = [(one, outcome) for one, outcome in asked if not isinstance(outcome, PollError)]
        if needed and left_out and not results:
            raise left_out[0]
        return results

    async def optional(self, name: str, read: Callable[[], Awaitable[_ReadT]]) -> _ReadT | None:
        """Return what `read` says of one extra, or None where the vendor refuses it for good, or it keeps failing."""
        results = await self._each(name, [name], lambda _: read(), needed=False)
        return results[0][1] if results else None

    async def cached(self, seconds: float, name: str, read: Callable[[], Awaitable[_ReadT]]) -> _ReadT:
        """Return the cached result of `read`, or call it again once that is `seconds` old."""
        self.used.add(name)
        if name in self.cache:
            read_at, value = self.cache[name]
            if 0 <= (self.now - read_at).total_seconds() < seconds:
                return value  # type: ignore[no-any-return]  # kept under this name by this very call
        value = await read()
        self.cache[name] = (self.now, value)
        return value
