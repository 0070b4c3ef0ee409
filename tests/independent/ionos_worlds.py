"""Random worlds of IONOS Cloud: contracts, their data centres and meters, and the price list."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, Final

import fields
import ionos_limits
from world import MISSING, UNREADABLE_TIMES, Answer, Dice, Question, Reply, World, row

QUIRKS: Final = {
    "odd_text": "names in any script, with quotes, slashes and line ends",
    "number_as_text": "a number comes as its digits",
    "unreadable_number": "a number is missing, null or no number",
    "no_quantity": "a meter without quantity",
    "no_meter_id": "a row without its meter's id",
    "no_meters": "a data centre whose meters are null or missing",
    "no_datacenters": "an answer whose data centres are null or missing",
    "meter_twice": "a meter twice in one data centre",
    "datacenter_twice": "a data centre twice in one answer",
    "two_units": "one meter in two units",
    "answers_overlap": "the answer for one data centre holds them all",
    "id_not_repeated": "the answer for a data centre does not repeat its id",
    "no_month_before": "the vendor does not know the month before",
    "datacenter_gone": "a data centre is not found",
    "other_period": "the answer is of another month",
    "other_contract": "the answer is of another contract",
    "leading_zero": "a contract number with a leading zero",
    "match_leading_zero": "a quota that matches such a number as it is written",
    "partial_sums": "a sum is not shown where a member of it cannot be read",
    "contract_twice": "the profile has a contract twice",
    "prices_refused": "the price list is refused",
    "commitment_only": "the only price is a commitment's",
    "two_prices": "two prices of one meter",
    **ionos_limits.QUIRKS,
}
_METERS: Final = {
    "C01000": "1hour",
    "C02000": "1 hour",
    "R01000": "1G*1hour",
    "S02000": "1G*30Days",
    "A01000": "30Days",
    "S3TO1100": "1G",
    "LOGS1000": "1G*30Days",
    "AIL3405O1000": "million",
    "ODD-é": "1hour",
}


def ionos_world(seed: int, today: date, off: frozenset[str]) -> World:
    dice = Dice(f"ionos {seed}", off)
    numbers = dice.random.sample(range(20_000_000, 90_000_000), dice.count(1, 3))
    contracts = [_contract(dice, number) for number in numbers]
    by_datacenter = dice.chance(0.3)
    if by_datacenter:
        del contracts[1:]
    by_profile = not by_datacenter and dice.chance(0.5)
    has_cost, has_limits = dice.chance(0.5), dice.chance(0.5)
    replies: dict[str, Reply] = {"GET /profile": Answer({"companies": _companies(dice, contracts)})}
    replies |= ionos_limits.limits_replies(dice, contracts)
    asked: list[str | None] = []
    for contract in contracts:
        datacenters = _datacenters(dice)
        own = _usage_replies(dice, contract, datacenters, today, by_datacenter=by_datacenter)
        own["/products"] = _products(dice)
        for form in {contract, str(int(contract))}:
            replies |= {f"GET /{form}{path}": reply for path, reply in own.items()}
        asked = [None if one["id"] in {None, "null"} else one["id"] for one in datacenters]
    if by_datacenter and not asked:
        by_datacenter = False
        own = _usage_replies(dice, contracts[0], [], today, by_datacenter=False)
        replies |= {f"GET /{form}/usage": own["/usage"] for form in {contracts[0], str(int(contracts[0]))}}
    settings = row(
        username=f"w{seed}@example.com",
        password="${WORLD_SECRET}",
        contracts=MISSING if by_profile else contracts,
        datacenters=list(dict.fromkeys(asked)) if by_datacenter else MISSING,
        cost=has_cost or MISSING,
        limits=has_limits or MISSING,
        cloud_api_url="{base_url}/cloudapi/v6",
        quotas=_quotas(dice, contracts),
    )
    return World("ionos", seed, today, settings, replies, frozenset(dice.quirks), off)


def _contract(dice: Dice, number: int) -> str:
    return f"0{number}" if dice.quirk("leading_zero", 0.2) else str(number)


def _companies(dice: Dice, contracts: list[str]) -> list[dict[str, Any]]:
    companies: list[dict[str, Any]] = [
        {"contractId": contract if contract[0] == "0" or dice.chance(0.5) else int(contract), "customerId": 112505406}
        for contract in contracts
    ]
    if dice.quirk("contract_twice", 0.1):
        companies.append({"contractId": contracts[0], "customerId": "0112505407", "reference": None})
    return companies


def _datacenters(dice: Dice) -> list[dict[str, Any]]:
    datacenters = [
        row(
            id=dice.uuid(),
            name=dice.text(),
            location=dice.pick(("de/fra", "us/las", "gb/lhr", None)),
            meters=_meters(dice),
        )
        for _ in range(dice.count(0, 4))
    ]
    if dice.chance(0.3):
        datacenters.append({"id": dice.pick((None, "null")), "name": "", "location": None, "meters": _meters(dice)})
    if datacenters and dice.quirk("datacenter_twice", 0.1):
        datacenters.append({**datacenters[0], "meters": _meters(dice)})
    if datacenters and dice.quirk("no_meters", 0.05):
        datacenters[0] = {name: value for name, value in datacenters[0].items() if name != "meters"}
        if dice.chance(0.5):
            datacenters[0]["meters"] = None
    return datacenters


def _meters(dice: Dice) -> list[dict[str, Any]]:
    meters = [_meter(dice, meter) for meter in dice.random.sample(list(_METERS), dice.count(0, 5))]
    if meters and dice.quirk("meter_twice", 0.12):
        meters.append(_meter(dice, dice.pick(list(_METERS))))
        meters.append(_meter(dice, meters[-1].get("meterId") or "C01000"))
    return meters


def _meter(dice: Dice, meter: str) -> dict[str, Any]:
    unit = "1G" if dice.quirk("two_units", 0.03) else _METERS[meter]
    amount = -dice.count(1, 500) if dice.chance(0.04) else dice.amount()
    quantity: Any = row(quantity=dice.figure(amount), unit=unit)
    if dice.quirk("no_quantity", 0.01):
        quantity = dice.pick((None, MISSING))
    meter_id = dice.pick((None, "", MISSING)) if dice.quirk("no_meter_id", 0.01) else meter
    return row(meterId=meter_id, meterDesc=f"what {meter} is", quantity=quantity)


def _usage_replies(
    dice: Dice, contract: str, datacenters: list[dict[str, Any]], today: date, *, by_datacenter: bool
) -> dict[str, Reply]:
    envelope = _envelope(dice, contract, today)
    if not by_datacenter:
        found: Any = datacenters
        if dice.quirk("no_datacenters", 0.02):
            found = dice.pick((None, MISSING))
        return {"/usage": _monthly(row(**envelope, datacenters=found), _before(dice, datacenters), today)}
    overlap = dice.quirk("answers_overlap", 0.15)
    replies: dict[str, Reply] = {}
    for one in datacenters:
        own = [other for other in datacenters if other["id"] == one["id"]]
        if not overlap and dice.quirk("id_not_repeated", 0.15):
            own = [{name: value for name, value in other.items() if name != "id"} for other in own]
        gone = dice.quirk("datacenter_gone", 0.05)
        path = f"/usage/{one['id'] or 'null'}"
        body = {**envelope, "datacenters": datacenters if overlap else own}
        replies[path] = Answer({}, 404) if gone else _monthly(body, _before(dice, own), today)
    return replies


def _envelope(dice: Dice, contract: str, today: date) -> dict[str, Any]:
    start = today.replace(day=1)
    if dice.quirk("other_period", 0.05):
        start = dice.pick((date(2020, 1, 1), (start - timedelta(days=1)).replace(day=1)))
    last = start.replace(day=monthrange(start.year, start.month)[1])
    number = "55555" if dice.quirk("other_contract", 0.03) else dice.pick((contract, int(contract)))
    return row(
        startDate=dice.pick(UNREADABLE_TIMES) if dice.chance(0.04) else start.isoformat(),
        endDate=dice.pick(UNREADABLE_TIMES) if dice.chance(0.04) else min(last, today).isoformat(),
        metadata={"contractId": number, "customerId": 112505406, "reference": None},
    )


def _monthly(body: dict[str, Any], before: list[dict[str, Any]] | None, today: date) -> Reply:
    """The answer for this month; the month before has data centres of its own, or is not known."""
    last_month = today.replace(day=1) - timedelta(days=1)

    def reply(question: Question) -> Answer:
        period = question.query.get("period")
        if period == f"{today:%Y-%m}":
            return Answer(body)
        if period != f"{last_month:%Y-%m}" or before is None:
            return Answer({}, 404)
        days = {"startDate": f"{period}-01", "endDate": last_month.isoformat()}
        return Answer({**body, **days, "datacenters": before})

    return reply


def _before(dice: Dice, datacenters: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """What the month before had in some of this month's data centres; None where the vendor has no such month."""
    if dice.quirk("no_month_before", 0.15):
        return None
    return [{**one, "meters": _meters(dice)} for one in datacenters if dice.chance(0.8)]


def _products(dice: Dice) -> Answer:
    if dice.quirk("prices_refused", 0.08):
        return Answer({}, dice.pick((403, 404, 422)))
    products = [one for meter in dice.random.sample(list(_METERS), 7) for one in _prices(dice, meter)]
    return Answer({"liability": "none", "products": products})


def _prices(dice: Dice, meter: str) -> list[dict[str, Any]]:
    def product(cost: Any, *, term: int | None = None, deprecated: bool = False) -> dict[str, Any]:
        return {
            "meterId": meter,
            "meterDesc": f"what {meter} is",
            "unit": _METERS[meter],
            "unitCost": cost,
            "deprecated": deprecated,
            "type": "consumption" if term is None else "commitment",
            "term": term,
        }

    cost = row(quantity=dice.figure(round(dice.random.uniform(0, 2), 6)), unit="EUR")
    other = {"quantity": "0.123456789", "unit": "EUR"}
    if dice.quirk("commitment_only", 0.08):
        return [product(other, term=36)]
    if dice.quirk("two_prices", 0.06):
        return [product({"quantity": "0.5", "unit": "EUR"}), product(other)]
    if dice.chance(0.1):
        return [product(None)]
    rows = [product(cost)]
    if dice.chance(0.15) and (fields.number(cost.get("quantity")) is not None or dice.quirk("commitment_only", 0.5)):
        rows.append(product(other, term=dice.pick((12, 36))))
    if dice.chance(0.1):
        rows.append(product(other, deprecated=True))
    if dice.chance(0.1):
        rows.append(dict(rows[0]))
    dice.random.shuffle(rows)
    return rows


def _quotas(dice: Dice, contracts: list[str]) -> list[dict[str, Any]]:
    quotas = []
    for number in range(dice.count(0, 3)):
        match = dice.pick(({"meter_id": "C0.*"}, {"meter_id": "[CR]0.*", "unit": "1.*hour"}, {"unit": "1G.*30Days"}))
        contract = dice.pick(contracts)
        if dice.chance(0.2) and (contract[0] != "0" or dice.quirk("match_leading_zero", 0.5)):
            match = {**match, "contract": contract}
        by = dice.random.sample(["contract", "datacenter_id", "meter_id", "unit"], dice.count(1, 2))
        quotas.append(
            row(
                name=f"q{number}",
                metric="ionos_meter_quantity",
                match=match if dice.chance(0.7) else MISSING,
                by=by if dice.chance(0.6) else MISSING,
                limit=dice.pick((50_000, 0.25, 10**9)),
                unit=dice.pick(("core_hours", MISSING)),
                period=dice.pick(("month", "month", "none", MISSING)),
            )
        )
    return quotas
