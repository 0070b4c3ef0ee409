"""A contract's usage in a month, combined from one or several answers.

If several answers contain the same data centre, its figures come from one answer, and are never added up. Within an
answer, a meter's rows in one data centre are added up by unit. If a row cannot be read, there is no sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exporter.metrics import EndedPeriod, Item
from exporter.vendors.ionos import families
from exporter.vendors.ionos.replies import OUTSIDE, DataCenter, Usage
from exporter.vendors.ionos.settings import contract_label
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll
from exporter.vendors.reply import is_partial

_DAY: Final = timedelta(days=1)

Cell = tuple[str, str, str]
"""The key of a quantity: data centre, meter and unit."""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, in UTC. `str(month)` is the value of the vendor's parameter `period`."""

    start: datetime

    @classmethod
    def from_time(cls, moment: datetime) -> Month:
        """Return the month that contains a time (UTC)."""
        return cls(moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0))

    @property
    def end(self) -> datetime:
        """The start of the next month."""
        return Month.from_time(self.start + 31 * _DAY).start

    @property
    def previous(self) -> Month:
        """The previous month."""
        return Month.from_time(self.start - _DAY)

    def has_start(self, day: datetime) -> bool:
        """Whether a reply whose period starts on `day` is about this month. `day` may be midnight in any time zone."""
        return self.start - _DAY < day < self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m}"


@dataclass(frozen=True, slots=True)
class MonthReply:
    """One answer about a contract's month.

    Attributes:
        asked: the data centre requested; None for the whole contract.
        usage: the answer; None if it is about another contract or month.

    """

    asked: str | None
    usage: Usage | None

    def data_centers(self) -> dict[str, list[DataCenter]]:
        """Return the answer's data centres by id. If no row has an id, all rows are about the requested data centre."""
        found = self.usage.datacenters if self.usage else []
        has_ids = any(one.id for one in found)
        unnamed = OUTSIDE if self.asked is None or has_ids else self.asked
        by_id: dict[str, list[DataCenter]] = defaultdict(list)
        for one in found:
            by_id[one.id or unnamed].append(one)
        return by_id


@dataclass(frozen=True, slots=True)
class ContractMonth:
    """A contract's usage in a month.

    Attributes:
        quantities: the readable quantities, by data centre, meter and unit.
        unreadable: the known labels of quantities that exist but cannot be read.
        data_centers: the data centres, by id.

    """

    quantities: Mapping[Cell, float]
    unreadable: Sequence[Mapping[str, str]]
    data_centers: Mapping[str, Sequence[DataCenter]]

    @classmethod
    def from_replies(cls, replies: Iterable[MonthReply]) -> ContractMonth:
        """Combine answers.

        A data centre's figures come from the answer to the request for that data centre. If there is no such answer,
        the figures come from the first answer that includes the data centre.
        """
        data_centers: dict[str, list[DataCenter]] = {}
        unreadable: list[Mapping[str, str]] = []
        for reply in replies:
            if reply.usage is None:
                unreadable.append({} if reply.asked is None else {"datacenter_id": reply.asked})
            elif is_partial(reply.usage.datacenters):
                unreadable.append({})
            for name, found in reply.data_centers().items():
                if name not in data_centers or name == reply.asked:
                    data_centers[name] = found
        quantities: dict[Cell, float] = {}
        for name, found in data_centers.items():
            known, missing = _quantities(found)
            quantities |= {(name, *key): value for key, value in known.items()}
            unreadable += [{"datacenter_id": name, **labels} for labels in missing]
        return cls(quantities, unreadable, data_centers)


async def read_month(poll: Poll, contract: str, data_center: str | None, month: Month) -> MonthReply:
    """Request a contract's usage in a month. An answer about another month or contract is drift, and is not used."""
    path = f"/{segment(contract)}/usage" + (f"/{segment(data_center)}" if data_center else "")
    usage = await poll.get(Usage, path, {"period": str(month)})
    number = usage.metadata.contract_id if usage.metadata else None
    drift = []
    if number is not None and contract_label(number) != contract_label(contract):
        drift.append("metadata.contract_id")
    if usage.start_date is not None and not month.has_start(usage.start_date):
        drift.append("$.start_date")
    poll.diagnostics.drift.update((field, "value") for field in drift)
    return MonthReply(data_center, None if drift else usage)


def _quantities(found: Iterable[DataCenter]) -> tuple[dict[tuple[str, str], float], list[dict[str, str]]]:
    """Add up one data centre's rows by meter and unit. Return the sums, and the labels of the unreadable sums."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    unreadable = [dict[str, str]() for data_center in found if is_partial(data_center.meters)]
    meters = [meter for data_center in found for meter in data_center.meters or ()]
    for meter in meters:
        value = meter.quantity.quantity if meter.quantity else None
        if value is not None:
            sums[meter.meter_id, meter.unit or ""] += value
        elif meter.unit:
            unreadable.append({"meter_id": meter.meter_id, "unit": meter.unit})
        else:  # the row may belong to any of the meter's sums
            unreadable.append({"meter_id": meter.meter_id})
    lost = {(labels.get("meter_id"), labels.get("unit")) for labels in unreadable}
    known = {key: value for key, value in sums.items() if not {key, (key[0], None)} & lost}
    return known, unreadable


def usage_items(contract: str, month: ContractMonth) -> Iterator[Item]:
    """Yield the current month's quantities, and descriptions of the meters and data centres."""
    meters = {
        (meter.meter_id, meter.unit or ""): meter.meter_desc or ""
        for found in month.data_centers.values()
        for one in found
        for meter in one.meters or ()
    }
    for cell, quantity in month.quantities.items():
        yield families.IONOS_METER_QUANTITY(quantity, **_labels(contract, cell))
    for labels in month.unreadable:
        yield families.IONOS_METER_QUANTITY.unreadable(contract=contract, **labels)
    for (meter_id, unit), description in meters.items():
        yield families.IONOS_METER_INFO(1, contract=contract, meter_id=meter_id, description=description, unit=unit)
    for name, found in month.data_centers.items():
        last = found[-1]
        yield families.IONOS_DATACENTER_INFO(
            1, contract=contract, datacenter_id=name, name=last.name or "", location=last.location or ""
        )


def period_items(contract: str, replies: Iterable[MonthReply], poll: Poll) -> Iterable[Item]:
    """Return the series that report the first and the last day covered by the figures, as the vendor states them.

    `poll.as_of` is set to the day up to which every answer has figures.
    """
    usages = [reply.usage for reply in replies if reply.usage]
    starts = [usage.start_date for usage in usages if usage.start_date]
    ends = [usage.end_date for usage in usages if usage.end_date]
    # Whether endDate is the last day of the data or of the month is undocumented. A future day must be the last day of
    # the month.
    reached = [end for end in ends if end <= poll.now]
    if reached:
        poll.as_of = min(reached if poll.as_of is None else [*reached, poll.as_of])
    return [
        *families.IONOS_PERIOD_START.known(min(starts, default=None), contract=contract),
        *families.IONOS_PERIOD_END.known(min(ends, default=None), contract=contract),
    ]


def contract_items(contract: str, replies: Iterable[MonthReply]) -> Iterator[Item]:
    """Yield a contract's reference, if known."""
    found = (reply.usage.metadata.reference for reply in replies if reply.usage and reply.usage.metadata)
    if reference := next(filter(None, found), None):
        yield families.IONOS_CONTRACT_INFO(1, contract=contract, reference=reference)


def previous_items(contract: str, month: Month, used: ContractMonth) -> Iterator[Item]:
    """Yield an ended month's quantities. Each quantity is also yielded as an `EndedPeriod` for the quota counters."""
    start, end = month.start.timestamp(), month.end.timestamp()
    for cell, quantity in used.quantities.items():
        labels = _labels(contract, cell)
        yield families.IONOS_PREVIOUS_MONTH_QUANTITY(quantity, **labels)
        yield EndedPeriod(families.IONOS_METER_QUANTITY(quantity, **labels), start, end)
    for unreadable in used.unreadable:
        yield families.IONOS_PREVIOUS_MONTH_QUANTITY.unreadable(contract=contract, **unreadable)


def _labels(contract: str, cell: Cell) -> dict[str, str]:
    data_center_id, meter_id, unit = cell
    return {"contract": contract, "datacenter_id": data_center_id, "meter_id": meter_id, "unit": unit}
