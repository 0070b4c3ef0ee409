"""Faults of the body: what stands instead of the document, what is changed in it, and lists that are too long."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from faulty_vendors import IONOS_KEY, LIST, PRODUCTS, PROFILE, PROLIFI_KEY, FaultyVendors, faulty_vendors, profile

from exporter.sandbox.faults_body import TEXTS

CONTRACTS = [{"contractId": "031909628"}, {"contractId": "32100457"}]


@pytest.fixture
def vendors() -> Iterator[FaultyVendors]:
    with faulty_vendors(clock=lambda: 1795262400.0) as one:
        yield one


@pytest.fixture
def well(vendors: FaultyVendors) -> bytes:
    return vendors.ask(PROFILE, IONOS_KEY)[2]


def document(vendors: FaultyVendors, fault: str, path: str = PROFILE) -> Any:
    vendors.fail(f"ionos:*:{fault}")
    return json.loads(vendors.ask(path, IONOS_KEY)[2])


def test_what_is_said_instead_of_the_document(vendors: FaultyVendors, well: bytes) -> None:
    for fault, expected, kind in (
        ("truncate", well[: len(well) // 2], "application/json"),
        ("empty", b"", "application/json"),
        ("bom", b"\xef\xbb\xbf" + well, "application/json"),
        ("latin-1", well.replace(b'"', b'"\xe9', 1), "application/json; charset=iso-8859-1"),
        ("wrong-top", json.dumps(well.decode()).encode(), "application/json"),
    ):
        status, headers, body = profile(vendors, fault)
        assert (status, headers["content-type"], body) == (200, kind, expected), fault
        vendors.recover()


def test_html_is_a_web_page_with_200(vendors: FaultyVendors) -> None:
    status, headers, body = profile(vendors, "html")

    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"maintenance" in body


@pytest.mark.parametrize(
    ("fault", "companies"),
    [
        ("nulls;field=contractId", [{"contractId": None}, {"contractId": None}]),
        ("nulls;field=contract*,x;at-most=1", [{"contractId": None}, CONTRACTS[1]]),
        ("missing;field=contractId;at-most=1", [{}, CONTRACTS[1]]),
        ("wrong-types;field=contractId", [{"contractId": ["031909628"]}, {"contractId": ["32100457"]}]),
        ("set=-1e3;field=contractId", [{"contractId": -1000}, {"contractId": -1000}]),
        ('set="a\\nb\\u003b";field=contractId;at-most=1', [{"contractId": "a\nb;"}, CONTRACTS[1]]),
        ("nulls;field=nowhere", CONTRACTS),
    ],
)
def test_fields_are_changed(fault: str, companies: Any, vendors: FaultyVendors) -> None:
    answered = document(vendors, fault)["companies"]

    assert [{k: v for k, v in company.items() if k == "contractId"} for company in answered] == companies


def test_what_is_set_need_not_be_json(vendors: FaultyVendors) -> None:
    _, _, body = profile(vendors, "set=NaN;field=contractId;at-most=1")

    assert b'{"contractId": NaN, ' in body


def test_every_type_becomes_another(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:/customers/*:wrong-types")
    path = f"{LIST}/acme-customer-001/entitlements"
    rows = json.loads(vendors.ask(path, PROLIFI_KEY)[2])["data"]

    assert rows[2] == {
        "feature_id": ["seats"],
        "feature_name": ["Seats"],
        "is_unlimited": {"flag": True},
        "limit": None,
        "current_usage": "a lot",
        "remaining": None,
        "reset_at": None,
    }


@pytest.mark.parametrize("kind", TEXTS)
def test_names_are_hard_to_show_and_nothing_else_is(kind: str, vendors: FaultyVendors) -> None:
    before = json.loads(vendors.ask(PRODUCTS, IONOS_KEY)[2])["products"]
    after = document(vendors, f"labels={kind};at-most=3", PRODUCTS)["products"]

    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert 1 <= len(changed) <= 3
    for one, other in changed:
        assert other.keys() == one.keys()
        for name in one:
            if other[name] != one[name]:
                assert name in ("meterDesc", "type")
                assert other[name] == f"{one[name]} {TEXTS[kind]}"
    assert kind != "long" or len(json.dumps(after)) > 1_000_000


def test_rows_are_multiplied_and_told_apart(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:/customers/*:rows=5000;field=feature_id")
    rows = json.loads(vendors.ask(f"{LIST}/acme-customer-001/entitlements", PROLIFI_KEY)[2])["data"]

    assert len(rows) == len({row["feature_id"] for row in rows}) == 5000


def pages(vendors: FaultyVendors, most: int) -> Iterator[dict[str, Any]]:
    for number in range(most):
        page = json.loads(vendors.ask(f"{LIST}?limit=100&offset={100 * number}", PROLIFI_KEY)[2])
        yield page
        if not page["pagination"]["has_more"]:
            return


def test_a_hundred_thousand_customers_are_listed_each_once_and_have_figures(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:*:customers=100000")
    last = json.loads(vendors.ask(f"{LIST}?limit=100&offset=99900", PROLIFI_KEY)[2])
    first, second = list(pages(vendors, 2))
    ids = {row["id"] for page in (first, second, last) for row in page["data"]}

    assert [len(page["data"]) for page in (first, second, last)] == [100, 100, 100]
    assert len(ids) == 300
    assert [page["pagination"]["has_more"] for page in (first, second, last)] == [True, True, False]
    assert first["pagination"]["total"] == 100_000
    for customer in (first["data"][0], last["data"][99]):
        assert vendors.ask(f"{LIST}/{customer['id']}/usage", PROLIFI_KEY)[0] == 200


def test_pages_without_end_bring_news_for_ever(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:/customers:endless-pages")
    ids = [row["id"] for page in pages(vendors, 30) for row in page["data"]]

    assert len(ids) == len(set(ids)) == 3000


def test_pages_that_repeat_bring_no_news(vendors: FaultyVendors) -> None:
    vendors.fail("prolifi:/customers:repeating-pages")
    read = list(pages(vendors, 5))

    assert len(read) == 5
    assert all(page["data"] == read[0]["data"] for page in read)
