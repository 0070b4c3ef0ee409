"""What a price list of IONOS Cloud makes of a meter: its estimated cost, or none where a price is in doubt."""

from datetime import timedelta
from typing import Any

import pytest
from ionos_replies import CENTRE, ionos, meter, of, usage
from polled_accounts import NOW, polled_at
from scripted_vendor import answer, scripted

from exporter.metrics import Unreadable
from exporter.store.reading import Reading
from exporter.vendors.ionos.cost import PriceList, cost_items
from exporter.vendors.ionos.month import ContractMonth
from exporter.vendors.ionos.replies import Product, Products
from exporter.vendors.reply import Diagnostics, read_reply


def price(
    amount: object,
    *,
    deprecated: object = False,
    kind: object = "consumption",
    term: object = None,
    unit: str = "1hour",
) -> dict[str, Any]:
    cost = {"quantity": amount, "unit": "EUR"}
    row = {"meterId": "C01000", "unitCost": amount and cost, "deprecated": deprecated, "type": kind}
    return {**row, "term": term, "unit": unit}


@pytest.mark.parametrize(
    ("rows", "amount"),
    [
        ([price("1")], 1.0),
        ([price("1"), price("1"), price(1, unit="1 Hour")], 1.0),
        ([price("1"), price("2")], "ambiguous"),
        ([price("1"), price("1", unit="30Days")], "ambiguous"),
        ([price("1", deprecated=True), price("2")], 2.0),
        ([price("1", deprecated=True), price("2", kind="COMMITMENT")], 1.0),
        ([price("1", kind="commitment-based"), price("2")], 2.0),
        ([price("1", kind="commitment-based"), price("2", kind=None)], 2.0),
        ([price("1", kind=None, term=36), price("2", kind=None)], 2.0),
        ([price("35", term=36)], "committed"),
        ([price("35", kind="commitment-based")], "committed"),
        ([price("1", deprecated=True)], 1.0),
        ([price("1", deprecated=True), price("2", deprecated=True)], "ambiguous"),
        ([price(None), price("2", deprecated=True)], 2.0),
        ([price("free"), price("2", deprecated=None)], "ambiguous"),
        ([price("free", deprecated=True), price("2")], 2.0),
        ([price("free", term=36), price("2")], 2.0),
        ([price("free")], "ambiguous"),
        ([price(None)], None),
        ([], None),
    ],
)
def test_the_price_is_the_one_current_price_of_consumption(rows: list[object], amount: float | str | None) -> None:
    found = PriceList.from_products(read_reply(Product, row, Diagnostics()) for row in rows)

    assert {meter: price.amount for meter, price in found.prices.items()} == (
        {"C01000": amount} if isinstance(amount, float) else {}
    )
    assert found.ambiguous == ({"C01000"} if amount == "ambiguous" else set())
    assert found.committed == ({"C01000"} if amount == "committed" else set())


@pytest.mark.parametrize(
    ("rows", "costs", "drift"),
    [
        ([price("0.5")], ["4.0"], 0),
        ([price("0.5"), price("0.25")], [], 1),
        ([price("35", term=36)], [], 0),
        ([price("0.5", unit="30Days")], [], 0),
        ([price("free")], [], 1),
        ([price("0.5"), {"meterId": None}], ["4.0"], 0),
    ],
)
def test_what_a_meter_costs_is_not_shown_where_its_price_is_in_doubt(
    rows: list[object], costs: list[str], drift: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = {
        "GET /12345/usage?period=2026-11": [usage(meter(8))],
        "GET /12345/products": [answer({"products": rows})],
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, contracts=[12345], cost=True)
        outcomes = polled_at(account, NOW, NOW + timedelta(hours=1))

    for outcome in outcomes:  # the second has the price list of the first
        assert [line.rsplit(" ", 1)[1] for line in of("ionos_estimated_cost", outcome)] == costs
        assert isinstance(outcome, Reading)
        assert outcome.diagnostics.drift["products.unitCost.quantity", "value"] == drift


@pytest.mark.parametrize(
    ("rows", "unreadable"),
    [
        ([], []),
        ([price(None)], []),
        ([{**price("0.5"), "meterId": "OTHER"}], []),
        ([price("free")], ["C01000"]),
        ([{**price("0.5"), "unitCost": "0.5 EUR"}, {**price("0.5"), "meterId": "OTHER"}], ["C01000"]),
        ([{**price("0.5"), "meterId": None}, {**price("0.5"), "meterId": "OTHER"}], ["C01000"]),
        ([price("0.5"), {**price("0.5"), "meterId": None}], []),
    ],
)
def test_a_meter_whose_price_cannot_be_read_is_not_free(rows: list[object], unreadable: list[str]) -> None:
    products = read_reply(Products, {"products": rows}, Diagnostics()).products
    month = ContractMonth({(CENTRE, "C01000", "1hour"): 8.0}, [], {})
    items = list(cost_items("12345", month, PriceList.from_products(products)))

    assert [one.labels[2] for one in items if isinstance(one, Unreadable)] == unreadable


def test_prices_are_asked_for_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    script = {
        "GET /12345/usage?period=2026-11": [usage(meter(4), meter(5), meter(1, "R01000"))],
        "GET /12345/products": [answer({"products": [price("0.25")]})],
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, contracts=[12345], cost=True)
        times = [NOW + timedelta(hours=hours) for hours in (0, 1, 23.99, 24)]
        outcomes = polled_at(account, *times)

    label = f'contract="12345",datacenter_id="{CENTRE}",meter_id="C01000",currency="EUR"'
    assert [of("ionos_estimated_cost", one) for one in outcomes] == [[f"ionos_estimated_cost{{{label}}} 2.25"]] * 4
    assert server.asked("GET /12345/products") == 2
