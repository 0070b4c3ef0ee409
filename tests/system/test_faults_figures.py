"""What becomes of a reading when an answer is a document, and what stands in it is wrong, odd or too much.

Each test is a row of the design's table of faults; see test_faults.py.
"""

import re
import time
from collections.abc import Iterator

import pytest
from faulty_vendors import FaultyVendors, fails, faulty_vendors, recovers, watched
from prometheus_client.parser import text_string_to_metric_families

from exporter.sandbox.faults_body import TEXTS

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PLANS = "netnut:/customer/usage/myusage"


@pytest.fixture
def vendors() -> Iterator[FaultyVendors]:
    at = time.time()
    with faulty_vendors(clock=lambda: at) as one:
        yield one


def odd(figures: dict[str, float], before: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """The series that are new or other than before, and those that are gone."""
    return (
        {series: value for series, value in figures.items() if before.get(series) != value},
        {series: value for series, value in before.items() if series not in figures},
    )


@pytest.mark.parametrize(
    "fault", ["wrong-top", "nulls;field=id", "missing;field=id", "missing;field=data", "set=[];field=id"]
)
async def test_json_top_level_wrong_type_or_nothing_usable(
    fault: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await fails(exporter, vendors, f"{PLANS}:{fault}", "schema")
        await recovers(exporter, vendors)


@pytest.mark.parametrize(
    "fault",
    [
        "netnut:/customer/*:wrong-types",
        "planship:*/customers/*:wrong-types",
        "planship:*/customers/*:nulls",
        "planship:*/customers/*:missing",
    ],
)
async def test_a_contract_of_which_nothing_is_left_takes_no_good_reading_away(
    fault: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch, ("netnut", "planship")) as exporter:
        await fails(exporter, vendors, fault, "schema")


@pytest.mark.parametrize("fault", ["missing;field=id", "nulls;field=id", "wrong-types;field=id", "set={};field=id"])
async def test_missing_field_or_null_where_a_value_is_expected_costs_its_item(
    fault: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await exporter.poll()
        before = exporter.figures("netnut")
        vendors.fail(f"{PLANS}:{fault};at-most=1")
        after = await exporter.poll()

        assert after["netnut"].up
        new, gone = odd(exporter.figures("netnut"), before)
        assert len({plan for series in gone for plan in re.findall(r'plan_id="(\d+)"', series)}) == 1
        assert all("a lot" in series for series in new)
        skipped = exporter.own("items_skipped_total", "netnut", reason="schema")
        assert skipped == (None if fault[:5] == "wrong" else 1)


@pytest.mark.parametrize("fault", ["missing", "nulls", "wrong-types"])
async def test_missing_field_or_null_costs_its_series_and_is_drift(
    fault: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = {"nulls": "null", "missing": "missing", "wrong-types": "type"}[fault]
    async with watched(vendors.url, monkeypatch) as exporter:
        await exporter.poll()
        before = exporter.figures("netnut")
        vendors.fail(f"{PLANS}:{fault};field=total_gb_used;at-most=1")
        after = await exporter.poll()

        assert after["netnut"].up
        new, gone = odd(exporter.figures("netnut"), before)
        assert (new, [series.partition("{")[0] for series in gone]) == ({}, ["netnut_gb_used"])
        assert exporter.own("contract_drift", "netnut", field="data.total_gb_used", kind=kind) == 1


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1_000"])
async def test_nan_or_infinity_is_not_json(text: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await fails(exporter, vendors, f"{PLANS}:set={text};field=total_gb_used;at-most=1", "decode")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e400", None),
        ("-12.5", -12.5),
        ("123456789012345678901234567890", 123456789012345678901234567890.0),
        ("9" * 400, None),
        ("true", None),
        ('"12.5"', 12.5),
        ('"12,5"', None),
        ('"12.5%"', None),
        ('"1_000"', None),
        ('"NaN"', None),
        ('"٣"', None),
    ],
)
async def test_1e400_negative_huge_ints_bool_and_numeric_strings(
    text: str, value: float | None, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await exporter.poll()
        before = exporter.figures("netnut")
        vendors.fail(f"{PLANS}:set={text};field=total_gb_used;at-most=1")
        assert (await exporter.poll())["netnut"].up

        new, gone = odd(exporter.figures("netnut"), before)
        (series,) = gone or new
        assert series.startswith("netnut_gb_used{")
        assert list(new.values()) == ([] if value is None else [value])
        drift = exporter.own("contract_drift", "netnut", field="data.total_gb_used", kind="type")
        assert drift == (1 if value is None else None)


async def test_nulls_are_absent_and_not_0(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(vendors.url, monkeypatch, ("netnut", "ionos", "prolifi")) as exporter:
        await exporter.poll()
        reported = [series for series in exporter.figures("prolifi") if "last_reported" in series]
        vendors.fail("prolifi:*/usage:nulls;field=last_reported_at")
        vendors.fail(f"{PLANS}:nulls;field=plan_gb,usage_percentage")
        vendors.fail("ionos:/profile:nulls;field=reference")
        after = await exporter.poll()

        assert all(one.up for one in after.values())
        figures = exporter.figures("prolifi") | exporter.figures("netnut")
        assert reported
        assert not [series for series in figures if re.match("prolifi_event_last_reported|netnut_plan_gb", series)]
        assert exporter.own("contract_drift", "prolifi", field="data.last_reported_at", kind="null") is None


async def test_duplicate_ids_and_the_same_labelset_twice(
    vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await exporter.poll()
        vendors.fail(f"{PLANS}:set=77;field=id")
        vendors.fail('netnut:*:set="x";field=nothing')
        after = await exporter.poll()
        lines = [line for line in exporter.page().splitlines() if line.startswith("netnut_gb_used{")]

        assert after["netnut"].up
        assert len(lines) == len({line.rsplit(" ", 1)[0] for line in lines}) == 2  # one a product
        duplicates = exporter.own("items_skipped_total", "netnut", reason="duplicate")
        assert duplicates is not None
        assert duplicates > 0


@pytest.mark.parametrize("kind", TEXTS)
async def test_unicode_newline_quote_backslash_nul_lone_surrogate_1_mb_label_rtl(
    kind: str, vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(vendors.url, monkeypatch) as exporter:
        await exporter.poll()
        before = {vendor: exporter.figures(vendor) for vendor in ("netnut", "ionos")}
        vendors.fail(f"{PLANS}:labels={kind}")
        vendors.fail(f"ionos:*/usage:labels={kind};field=name;at-most=2")
        after = await exporter.poll()

        assert all(one.up for one in after.values()), [one.error for one in after.values()]
        parsed = [sample for family in text_string_to_metric_families(exporter.page()) for sample in family.samples]
        for vendor, series in before.items():
            samples = [sample for sample in parsed if sample.name.startswith(f"{vendor}_")]
            assert len(samples) == len(series)
            marked = [label for sample in samples for label in sample.labels.values() if is_marked(label, kind)]
            assert marked
            assert max(map(len, marked)) <= 256


def is_marked(label: str, kind: str) -> bool:
    if kind == "long":
        return re.search("x{99}~[0-9a-f]{12}$", label) is not None
    return re.sub("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", TEXTS[kind]) in label
