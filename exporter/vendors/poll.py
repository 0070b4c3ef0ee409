"""The context of a poll, through which an `Account` sends its requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from exporter.errors import NotFound, PollError, TooLarge
from exporter.metrics import Unreadable
from exporter.vendors.fetch import Fetch
from exporter.vendors.items import Streaks, Trial, concurrently, skip_reason
from exporter.vendors.reply import Diagnostics, ReplyT, SkipReason, read_reply

MOST_ITEMS: Final = 100_000
"""The maximum number of list items in all answers of one poll. Accounts that allow many series have a higher limit."""
_MAX_LEFT_OUT: Final = 5

_ItemT = TypeVar("_ItemT", bound=Hashable)
_ReadT = TypeVar("_ReadT")


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of an account's customers that one poll covers; by default, all customers."""

    number: int = 0
    total: int = 1

    @property
    def is_first(self) -> bool:
        """Whether the poll of this slice also reads the account-wide figures."""
        return self.number == 0


@dataclass(slots=True)
class Poll:
    """A running poll of an account, or of one slice of an account.

    Attributes:
        fetch: sends a request to the vendor.
        now: the start of the poll (UTC), which determines the period to ask about.
        cache: values kept for later polls of this account, by name. Each value has the time at which it was read.
        diagnostics: what was recorded so far: differences from the vendor's documentation (drift), and skipped items.
        as_of: the time up to which the figures are complete, if the vendor states it.
        slice: the part of the account's customers that the poll covers.
        unreadable: series that exist but cannot be read, because an item was left out.
        unwanted: the number of items that were read, but are left out because the settings exclude these items.
        most_items: the maximum number of list items in all answers of the poll together.
        used: the names of the cached values that this poll asked for.
        spread: the seconds over which the starts of requests are spread; 0 to start requests as soon as possible.
        patience: for how many seconds an item must have been failing before the item is left out of the reading; 0 if
            no earlier reading can be shown meanwhile.
        failing: the failure streaks of items, by kind of item. The streaks are kept from poll to poll.
        failure: the failure of the first item that was left out because the item kept failing.

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
        """Send a GET, and return the answer as `model`. The path may be any path that `Fetch` allows."""
        with self._reading(model, f"GET {path}") as read:
            return await self.fetch(path, params=params, headers=headers, read=read)

    async def get_linked(
        self, model: type[ReplyT], path: str, params: Mapping[str, str] | None = None
    ) -> tuple[ReplyT, str | None]:
        """Send a GET. Return the answer as `model`, and the URL of the next page.

        The URL comes from a Link header with rel="next" (RFC 8288). The URL is None if there is no such header.
        """
        links: list[str] = []
        with self._reading(model, f"GET {path}") as read:
            reply = await self.fetch(path, params=params, read=read, on_next=links.append)
        return reply, links[-1] if links else None

    async def post(self, model: type[ReplyT], path: str, body: Mapping[str, object]) -> ReplyT:
        """Send a POST that only reads, and return the answer as `model`."""
        with self._reading(model, f"POST {path}") as read:
            return await self.fetch(path, body=body, read=read)

    @contextmanager
    def _reading(self, model: type[ReplyT], asked: str) -> Iterator[Callable[[object], ReplyT]]:
        """Yield a function that reads a document as `model`.

        The function may run in a worker thread, so its diagnostics are added to the poll's when the context exits.

        Raises:
            TooLarge: the answers of this poll together have more than `most_items` items.

        """
        notes = Diagnostics()
        try:
            yield lambda document: read_reply(model, document, notes, asked)
        finally:
            self.diagnostics.add(notes)
        if self.diagnostics.items > self.most_items:
            raise TooLarge(f"the answers of one poll contain more than {self.most_items} items", asked=asked)

    def skip(self, reason: SkipReason, count: int = 1) -> None:
        """Record that `count` items are left out for the given reason."""
        if count:
            self.diagnostics.skipped[reason] += count

    def leave_out(self, reason: SkipReason, text: str) -> None:
        """Record that one item is left out, and a text that says why."""
        self.skip(reason)
        if len(self.diagnostics.left_out) < _MAX_LEFT_OUT:
            self.diagnostics.left_out.add(text)

    def cap_customers(self, listed: int, most: int) -> None:
        """Record how many wanted customers the vendor lists. Customers beyond the maximum `most` count as left out."""
        self.diagnostics.listed = listed
        if listed > most:
            self.skip("capped", listed - most)
            self.diagnostics.left_out.add(f"{listed:,} customers match, but max_customers is {most:,}")

    async def attempt(
        self,
        read: Callable[[], Awaitable[_ReadT]],
        absent_errors: tuple[type[PollError], ...] = (NotFound,),
        *,
        needed: bool = True,
        hides: Callable[[], Iterable[Unreadable]] = lambda: (),
    ) -> _ReadT | PollError:
        """Return the result of the function `read` for one item. Return the error instead if the item is skipped.

        The options are the same as for `gather`.

        Raises:
            PollError: the failure makes the whole poll fail.

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
        """Call the function `read` for each item, concurrently. Return (item, result) for each item that was read.

        An item is skipped and counted if the item no longer exists, or if the reply cannot be read. An item that keeps
        failing while other items are answered is skipped after some polls. The results keep the order of the items.

        Args:
            items: the items to request.
            read: a function that requests one item.
            absent_errors: the errors that mean that an item no longer exists.
            needed: whether the items are required. An optional item is also skipped if the vendor permanently refuses
                the request. If it fails transiently, the poll fails, so that the last good reading is kept.
            share: the fraction of the poll's `spread` that these requests use. They start at even intervals within it.
            hides: a function that returns the series that are missing if an existing item is skipped.

        Raises:
            PollError: an item failed and cannot be skipped, or the items are needed and all of them were skipped.

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
        streaks = self.failing[kind] = self.failing.pop(kind, Streaks())  # the most recently used kind comes last
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
        """Return the result of the function `read`, which sends a request that the poll can do without.

        Returns None if the request is permanently refused or keeps failing, or if the reply cannot be read.
        """
        results = await self._each(name, [name], lambda _: read(), needed=False)
        return results[0][1] if results else None

    async def cached(self, seconds: float, name: str, read: Callable[[], Awaitable[_ReadT]]) -> _ReadT:
        """Return the result of the function `read`, or a cached result that is less than `seconds` old."""
        self.used.add(name)
        if name in self.cache:
            read_at, value = self.cache[name]
            if 0 <= (self.now - read_at).total_seconds() < seconds:
                return value  # type: ignore[no-any-return]  # cached under this name by the same call
        value = await read()
        self.cache[name] = (self.now, value)
        return value
