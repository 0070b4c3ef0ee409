"""What the page must show of a world of IONOS Cloud's."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from expectation import ANYTHING, Key, Member, Page, Values, configured_quotas, key
from fields import identifier, moment, number, rows, text, unix_day
from ionos_limits import LIMIT, RESOURCES, USED, show_limits
from world import World

QUANTITY: Final = "ionos_meter_quantity"
BEFORE: Final = "ionos_previous_month_quantity"
FAMILIES: Final = frozenset(
    {
        *(
            QUANTITY,
            BEFORE,
            "ionos_meter_info",
            "ionos_datacenter_info",
            "ionos_meter_unit_price",
            "ionos_estimated_cost",
            USED,
            LIMIT,
        ),
        *("ionos_period_start_timestamp_seconds", "ionos_period_end_timestamp_seconds"),
    }
)
_WHOLE_CONTRACT: Final = "whole contract"
_PLACE: Final = ("contract", "datacenter_id", "meter_id")

Cell = tuple[str, str, str]
"""A data centre, a meter and a unit."""


@dataclass(slots=True)
class Usage:
    """A contract's answers, put together."""

    contract: str
    cells: dict[Cell, Decimal | None]
    datacenters: dict[str, set[tuple[str, str]]]
    meters: dict[tuple[str, str], set[str]]
    unknown: list[dict[str, str]]
    unclear: list[dict[str, str]]
    start: Values
    end: Values
    is_of_another_month: bool = False
    is_of_another_contract: bool = False
    is_without_datacenters: bool = False
    answers: int = 0


def canonical(_: World, one: Key) -> Key:
    """A series with its contract's number without leading zeros: which form the label has is open."""
    family, labels = one
    forms = {
        name: str(int(value)) if name in {"contract", "subject"} and value.isdecimal() else value
        for name, value in labels
    }
    return key(family, forms)


def read_ionos(world: World) -> list[Page]:
    first = world.today.replace(day=1)
    usages = [_usage(world, contract, first) for contract in _contracts(world)]
    page = Page()
    for usage in usages:
        _show_usage(page, usage)
        if usage.is_without_datacenters or usage.is_of_another_contract:
            page.silent_families.add(BEFORE)
        elif usage.answers:
            _show_quantities(page, _usage(world, usage.contract, (first - timedelta(days=1)).replace(day=1)), BEFORE)
        if world.settings.get("cost"):
            _show_cost(world, page, usage)
        if world.settings.get("limits") and usage.answers and not usage.is_without_datacenters:
            show_limits(world, page, usage.contract)
        elif world.settings.get("limits"):
            page.silent_families |= {USED, LIMIT}
            page.silent_quotas |= RESOURCES
    settings = [_without_zeros(setting) for setting in world.settings["quotas"]]
    members = [member for usage in usages for member in _members(usage)]
    page.show_quotas("ionos", configured_quotas(world, members, settings))
    if any(usage.is_of_another_contract or usage.is_without_datacenters or not usage.answers for usage in usages):
        page.up = None
    if any(usage.is_of_another_contract for usage in usages) and len(usages) > 1:
        page.silent_quotas |= {setting["name"] for setting in settings}
    if any(usage.is_of_another_month for usage in usages):
        _expect_another_month(page, settings)
    return [page] if page.up else [page, Page(up=False)]


def _expect_another_month(page: Page, settings: list[dict[str, Any]]) -> None:
    """Figures of another month are no figures of this month's quota; how else they are shown is open."""
    page.silent_families |= FAMILIES
    page.values = {one: values for one, values in page.values.items() if one[0] not in FAMILIES}
    page.silent_quotas |= {setting["name"] for setting in settings if setting.get("period") != "month"}
    page.up = None


def _contracts(world: World) -> list[str]:
    given = world.settings.get("contracts")
    if given is None:
        given = [str(one["contractId"]) for one in world.get("/profile").body["companies"]]
    return list(dict.fromkeys(str(int(contract)) for contract in given))


def _without_zeros(setting: Mapping[str, Any]) -> dict[str, Any]:
    match = dict(setting.get("match", {}))
    if match.get("contract", "").isdecimal():
        match["contract"] = str(int(match["contract"]))
    return {**setting, "match": match}


def _usage(world: World, contract: str, first: date) -> Usage:
    """What was answered about the month of this first day."""
    usage = Usage(contract, {}, defaultdict(set), defaultdict(set), [], [], (None,), (None,))
    period = f"{first:%Y-%m}"
    asked = world.settings.get("datacenters", [_WHOLE_CONTRACT])
    for datacenter in asked:
        path = f"/{contract}/usage"
        if datacenter != _WHOLE_CONTRACT:
            path += f"/{datacenter or 'null'}"
        answer = world.get(path, period=period)
        if answer.status == 200:
            _add_answer(first, usage, answer.body, "null" if datacenter in {None, _WHOLE_CONTRACT} else datacenter)
    return usage


def _add_answer(first: date, usage: Usage, body: Mapping[str, Any], asked: str) -> None:
    usage.answers += 1
    start, end = moment(body.get("startDate")), moment(body.get("endDate"))
    usage.start, usage.end = (start,), (end,)
    if start is not None and start != unix_day(first):
        usage.is_of_another_month = True
        usage.unknown.append({"contract": usage.contract})
        return
    if str(int(body["metadata"]["contractId"])) != usage.contract:
        usage.is_of_another_contract = True
        usage.unknown.append({"contract": usage.contract})
        return
    datacenters = rows(body.get("datacenters"))
    if datacenters is None:
        usage.is_without_datacenters = True
        usage.unknown.append({"contract": usage.contract})
        return
    found: dict[Cell, list[Decimal | None]] = defaultdict(list)
    if any(identifier(datacenter.get("id")) for datacenter in datacenters):
        asked = "null"  # beside others that are named, the one without a name is what is in none
    for datacenter in datacenters:
        name = identifier(datacenter.get("id")) or asked
        usage.datacenters[name].add((text(datacenter.get("name")), text(datacenter.get("location"))))
        _add_meters(usage, found, name, rows(datacenter.get("meters")))
    for cell, values in found.items():  # answers that overlap say the same, so they are not added up
        known = [value for value in values if value is not None]
        usage.cells[cell] = sum(known, Decimal()) if len(known) == len(values) else None


def _add_meters(
    usage: Usage, found: dict[Cell, list[Decimal | None]], datacenter: str, meters: list[Any] | None
) -> None:
    where = {"contract": usage.contract, "datacenter_id": datacenter}
    if meters is None:
        usage.unknown.append(where)
        return
    for meter in meters:
        meter_id, quantity = identifier(meter.get("meterId")), meter.get("quantity")
        if meter_id is None:
            usage.unknown.append(where)
        elif not isinstance(quantity, dict):
            usage.unknown.append({**where, "meter_id": meter_id})
            usage.unclear.append({"meter_id": meter_id, "unit": "", "description": text(meter.get("meterDesc"))})
        else:
            unit = text(quantity.get("unit"))
            found[datacenter, meter_id, unit].append(number(quantity.get("quantity")))
            usage.meters[meter_id, unit].add(text(meter.get("meterDesc")))


def _show_quantities(page: Page, usage: Usage, family: str) -> None:
    contract = {"contract": usage.contract}
    for (datacenter, meter, unit), value in usage.cells.items():
        labels = {**contract, "datacenter_id": datacenter, "meter_id": meter, "unit": unit}
        without_quantity = {**contract, "datacenter_id": datacenter, "meter_id": meter} in usage.unknown
        if without_quantity:  # another row of this meter has no quantity, so this is no whole sum
            page.show(family, labels, None)
        else:
            page.show_if_known(family, labels, value)


def _show_usage(page: Page, usage: Usage) -> None:
    contract = {"contract": usage.contract}
    _show_quantities(page, usage, QUANTITY)
    for (meter, unit), descriptions in usage.meters.items():
        for description in descriptions:
            labels = {**contract, "meter_id": meter, "unit": unit, "description": description}
            known = [value for (_, one, its), value in usage.cells.items() if (one, its) == (meter, unit)]
            page.show("ionos_meter_info", labels, *(ANYTHING if None in known else (Decimal(1),)))
    for unclear in usage.unclear:
        page.show("ionos_meter_info", {**contract, **unclear}, *ANYTHING)
    for datacenter, places in usage.datacenters.items():
        for name, location in places:
            labels = {**contract, "datacenter_id": datacenter, "name": name, "location": location}
            page.show("ionos_datacenter_info", labels, *(ANYTHING if not name + location else (Decimal(1),)))
    if usage.is_of_another_contract or usage.is_without_datacenters:
        page.silent_families |= {"ionos_period_start_timestamp_seconds", "ionos_period_end_timestamp_seconds"}
    else:
        page.show("ionos_period_start_timestamp_seconds", contract, *usage.start)
        page.show("ionos_period_end_timestamp_seconds", contract, *usage.end)


def _show_cost(world: World, page: Page, usage: Usage) -> None:
    answer = world.get(f"/{usage.contract}/products")
    if answer.status != 200:
        return
    offers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for product in answer.body["products"]:
        if product["term"] is None and product["unitCost"] is not None:
            offers[product["meterId"]].append(product)
    for meter, products in offers.items():
        current = [product for product in products if not product["deprecated"]]
        prices = {number(product["unitCost"].get("quantity")) for product in current}
        if None in prices and len(products) > len(current):  # whether a deprecated price stands in for it is not said
            _silence_cost(page, usage, meter)
        elif len(prices) == 1 and None not in prices:
            price = prices.pop() or Decimal()
            labels = {"contract": usage.contract, "meter_id": meter, "currency": "EUR"}
            is_open = usage.is_without_datacenters or usage.is_of_another_contract
            page.show("ionos_meter_unit_price", labels, *(ANYTHING if is_open else (price,)))
            _show_meter_cost(page, usage, labels, price, products[0]["unit"])


def _silence_cost(page: Page, usage: Usage, meter: str) -> None:
    labels = {"contract": usage.contract, "meter_id": meter, "currency": "EUR"}
    page.show("ionos_meter_unit_price", labels, *ANYTHING)
    for datacenter in usage.datacenters:
        page.show("ionos_estimated_cost", {**labels, "datacenter_id": datacenter}, *ANYTHING)


def _show_meter_cost(page: Page, usage: Usage, labels: Mapping[str, str], price: Decimal, unit: str) -> None:
    for datacenter in {cell[0] for cell in usage.cells if cell[1] == labels["meter_id"]}:
        cells = {cell: value for cell, value in usage.cells.items() if cell[:2] == (datacenter, labels["meter_id"])}
        values = [value * price for value in cells.values() if value is not None]
        family, own = "ionos_estimated_cost", {**labels, "datacenter_id": datacenter}
        if any(cell[2] != unit for cell in cells):
            page.show(family, own, *ANYTHING)  # the price is of another unit
        elif len(values) == len(cells) and {name: own[name] for name in _PLACE} not in usage.unknown:
            page.show(family, own, sum(values, Decimal()))


def _members(usage: Usage) -> Iterator[Member]:
    for labels in usage.unknown:
        yield Member(QUANTITY, labels, None, is_partial=True)
    for (datacenter, meter, unit), value in usage.cells.items():
        labels = {"contract": usage.contract, "datacenter_id": datacenter, "meter_id": meter, "unit": unit}
        yield Member(QUANTITY, labels, value)
