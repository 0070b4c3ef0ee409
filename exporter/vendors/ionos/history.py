"""IONOS Cloud's past: for the end of each day, each contract's usage since the month began.

Source:   Billing API 3.9.0: GET /{contract}/utilization/daily/{date}, a day's usage, rounded to six decimal places;
          GET /{contract}/usage?period, a month's totals; GET /{contract}/products?date, a month's prices
Limits:   a meter's daily quantities are used only if they add up to the meter's total for the month. If the vendor has
          lost a day's data, usage is unknown from that day until the month ends
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import ClassVar, Final

from exporter.errors import BadRequest, Forbidden, NotFound
from exporter.metrics import Item
from exporter.vendors.history import DAY, Days, Past
from exporter.vendors.ionos import families
from exporter.vendors.ionos.account import Ionos
from exporter.vendors.ionos.cost import PriceList, cost_items, price_items
from exporter.vendors.ionos.month import Cell, ContractMonth, Month, MonthReply, previous_items, usage_items
from exporter.vendors.ionos.replies import Products, Profile, Usage
from exporter.vendors.ionos.settings import contract_label
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll

_AGREES: Final = 0.01
"""How much the sum of a month's days may differ from the month's total, as a fraction of the total."""
_CORRECTED: Final = 0.1
"""How much the sum of past days may exceed the current month's total, as a fraction of the total.

Negative corrections made today can make the total smaller than the sum.
"""
_ROUNDED: Final = 0.001
"""The difference that is always tolerated, since each day's quantity is rounded."""
_DIGITS: Final = 9
"""The number of decimal places to which sums are rounded. The vendor's figures have six decimal places."""
_NO_DATA: Final = (NotFound, BadRequest)
"""The errors that mean that the vendor has no data for a day or a month."""
_NOTHING: Final = ContractMonth({}, (), {})


@dataclass(slots=True)
class _Running:
    """A contract's usage in a month, added up day by day.

    Attributes:
        month: the month.
        total: the usage of the whole month as the vendor reports it; None if the vendor has no data.
        previous: the usage of the whole previous month; None if the vendor has no data.
        doubted: the keys of the quantities that are disregarded because their daily values do not add up to the total.
        prices: the prices on the month's first day; None if not requested or unknown.
        quantities: the sums of the days added so far.
        unreadable: the known labels of quantities that cannot be read.
        data_centers: the ids of the data centres in the days added so far.
        reached: the last day added.
        is_whole: whether the data of every day is present. Days before the contract began do not count.

    """

    month: Month
    total: ContractMonth | None
    previous: ContractMonth | None
    doubted: AbstractSet[Cell] = frozenset()
    prices: PriceList | None = None
    quantities: dict[Cell, float] = field(default_factory=lambda: defaultdict(float))
    unreadable: list[Mapping[str, str]] = field(default_factory=list)
    data_centers: set[str] = field(default_factory=set)
    reached: datetime | None = None
    is_whole: bool = True

    def add(self, day: datetime, used: ContractMonth | None) -> None:
        """Add the next day's usage. The parameter `used` is None if the vendor has no data for the day."""
        self.reached = day
        if used is None:  # days before the contract began do not count
            self.is_whole = self.is_whole and not self.data_centers and self.previous is None
            return
        for cell, quantity in used.quantities.items():
            self.quantities[cell] += quantity
        self.unreadable += [labels for labels in used.unreadable if labels not in self.unreadable]
        self.data_centers |= used.data_centers.keys()

    def so_far(self) -> ContractMonth:
        """Return the month's usage up to the end of the last day added. Doubted quantities are unreadable."""
        known = {cell: round(added, _DIGITS) for cell, added in self.quantities.items() if cell not in self.doubted}
        doubted = [
            {"datacenter_id": center, "meter_id": meter, "unit": unit} for center, meter, unit in sorted(self.doubted)
        ]
        centers = (self.total or _NOTHING).data_centers
        there = {name: found for name, found in centers.items() if name in self.data_centers}
        return ContractMonth(known, [*self.unreadable, *doubted], there)


class IonosPast(Past[Ionos]):
    """The past of an account at IONOS Cloud."""

    families: ClassVar = families.FAMILIES

    def __init__(self, account: Ionos, days: Days, asked_at: datetime) -> None:
        super().__init__(account, days, asked_at)
        self._running: dict[str, _Running] = {}

    @property
    def requests(self) -> int:
        """The approximate number of requests.

        If no contracts are configured, the user's profile is assumed to list one contract.
        """
        asked = list(Days(Month.from_time(self.days.first - DAY).start, self.days.last - DAY))
        months = len({Month.from_time(day) for day in asked}) + 1
        return (len(self.account.contracts) or 1) * (len(asked) + months * (1 + self.account.cost)) + 1

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return each contract's usage from the start of the month to the end of the day that contains `poll.now`."""
        contracts = {contract_label(number): number for number in reversed(await self._contracts(poll))}

        async def items_of(label: str) -> Iterator[Item]:
            return await self._items(poll, contracts[label], label)

        found = await poll.gather(contracts, items_of, (NotFound, Forbidden))
        return chain.from_iterable(items for _, items in found)

    async def _contracts(self, poll: Poll) -> list[str]:
        if self.account.contracts:
            return list(self.account.contracts)
        return [company.contract_id for company in (await poll.get(Profile, "/profile")).companies]

    async def _items(self, poll: Poll, contract: str, label: str) -> Iterator[Item]:
        day, month = poll.now.replace(hour=0, minute=0, second=0), Month.from_time(poll.now)
        running = self._running.get(label)
        if running is None or running.month != month:
            running = self._running[label] = await self._start_month(poll, contract, month)
        is_known = running.total is not None or month.end > self.asked_at
        for one in Days(running.reached + DAY if running.reached else month.start, day) if is_known else ():
            running.add(one, await self._day(poll, contract, one))
        items: list[Iterable[Item]] = []
        if running.is_whole and running.data_centers:
            used = self._asked_for(running.so_far())
            poll.as_of = day
            items += [usage_items(label, used), families.IONOS_PERIOD_START.known(month.start, contract=label)]
            items.append(families.IONOS_PERIOD_END.known(day, contract=label))
            if running.prices:
                items += [price_items(label, running.prices), cost_items(label, used, running.prices)]
        elif not running.is_whole:
            items.append([families.IONOS_METER_QUANTITY.unreadable(contract=label)])
            poll.leave_out("refused", f"contract {label}: a day of {month} is missing: nothing is shown to its end")
        if running.previous:
            items.append(previous_items(label, month.previous, self._asked_for(running.previous)))
        return chain.from_iterable(items)

    async def _start_month(self, poll: Poll, contract: str, month: Month) -> _Running:
        total, previous = await self._total(poll, contract, month), await self._total(poll, contract, month.previous)
        doubted: AbstractSet[Cell] = frozenset()
        if total:
            doubted = await self._doubted(poll, contract, month, total)
        for cell in sorted(doubted):
            poll.leave_out("refused", f"contract {contract_label(contract)}: days of {month} do not add up: {cell[1]}")
        return _Running(month, total, previous, doubted, await self._prices(poll, contract, month))

    async def _doubted(self, poll: Poll, contract: str, month: Month, total: ContractMonth) -> AbstractSet[Cell]:
        """Return the keys of the quantities whose daily values do not add up to the month's total.

        In an ended month, the sum of the days must equal the total. In the current month, the sum may be smaller.
        """
        today = self.asked_at.replace(hour=0, minute=0, second=0, microsecond=0)
        added = _Running(month, None, None)
        for day in Days(month.start, min(month.end, today) - DAY):
            added.add(day, await self._day(poll, contract, day))
        is_over = month.end <= today and added.is_whole
        known = total.quantities
        return frozenset(
            cell for cell, used in added.quantities.items() if not _agrees(used, known.get(cell, 0.0), is_over=is_over)
        )

    async def _day(self, poll: Poll, contract: str, day: datetime) -> ContractMonth | None:
        """Request a day's usage. Returns None if the vendor has no data for the day, or answers about another day."""
        try:
            usage = await poll.get(Usage, f"/{segment(contract)}/utilization/daily/{day:%Y-%m-%d}")
        except _NO_DATA:
            return None
        if usage.start_date is not None and not abs(usage.start_date - day) < DAY:
            poll.diagnostics.drift["$.start_date", "value"] += 1
            return None
        return ContractMonth.from_replies([MonthReply(None, usage)])

    async def _total(self, poll: Poll, contract: str, month: Month) -> ContractMonth | None:
        try:
            usage = await poll.get(Usage, f"/{segment(contract)}/usage", {"period": str(month)})
        except _NO_DATA:
            return None
        if usage.start_date is not None and not month.has_start(usage.start_date):
            poll.diagnostics.drift["$.start_date", "value"] += 1
            return None
        return ContractMonth.from_replies([MonthReply(None, usage)])

    async def _prices(self, poll: Poll, contract: str, month: Month) -> PriceList | None:
        if not self.account.cost:
            return None
        question = {"date": f"{month.start:%Y-%m-%d}"}
        found = await poll.optional("prices", lambda: poll.get(Products, f"/{segment(contract)}/products", question))
        return PriceList.from_products(found.products) if found else None

    def _asked_for(self, month: ContractMonth) -> ContractMonth:
        """Return the usage in the configured data centres, or in all data centres if none are configured."""
        wanted = self.account.datacenters
        if not wanted:
            return month
        return ContractMonth(
            {cell: quantity for cell, quantity in month.quantities.items() if cell[0] in wanted},
            [labels for labels in month.unreadable if labels.get("datacenter_id") in (None, *wanted)],
            {name: found for name, found in month.data_centers.items() if name in wanted},
        )


def _agrees(added: float, total: float, *, is_over: bool) -> bool:
    """Whether the sum of days agrees with a month's total. If the month is not over, the sum may be smaller."""
    if is_over:
        return abs(added - total) <= _AGREES * abs(total) + _ROUNDED
    return added - total <= _CORRECTED * abs(total) + _ROUNDED
