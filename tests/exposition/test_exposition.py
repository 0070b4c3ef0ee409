"""From snapshots to the page, read back by parsers that are not ours."""

import gzip
from collections.abc import Callable, Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector
from readings import checked, kept

from exporter.exposition.negotiation import Format
from exporter.exposition.page import Exposition
from exporter.metrics import Family, clean_label, figures_of
from exporter.metrics.quota import QUOTA_CONSUMED
from exporter.store.changes import Changes
from exporter.store.reading import Reading
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store
from exporter.textformat.lines import sample_lines
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.planship.families import PLANSHIP_LEVER_BUCKET_USAGE

PARSERS: dict[Format, Callable[[str], Iterable[Metric]]] = {
    Format.TEXT: parse_text,
    Format.OPENMETRICS: parse_openmetrics,
}


class Things:
    """An exporter that says nothing of its accounts, and of itself that it has three things."""

    state = 0
    process: Collector = CollectorRegistry()

    def __init__(self) -> None:
        self.changes = Changes()
        self.registry = CollectorRegistry()
        Gauge("own_things", "Things.", registry=self.registry).set(3)

    def lines(self, _account: AccountKey, _snapshot: Snapshot, _now: float) -> Mapping[Family, bytes]:
        return {}


def exposition_of(*accounts: tuple[str, Reading]) -> Exposition:
    store = Store([("planship", name) for name, _ in accounts])
    for name, reading in accounts:
        store.record_success(("planship", name), kept(reading, name, stale_at=100.0))
    return Exposition(store, Things())


def page_of(*accounts: tuple[str, Reading], form: Format = Format.TEXT, now: float = 0.0) -> bytes:
    return b"".join(exposition_of(*accounts).page(form, now).text())


def bucket(value: float, name: str) -> Reading:
    return checked(
        [PLANSHIP_LEVER_BUCKET_USAGE(value, product="p", customer_id="c", lever="l", bucket=name)], max_series=10
    )


@pytest.mark.parametrize("form", Format)
@given(value=st.floats(allow_nan=False, allow_infinity=False), label=st.text())
def test_what_was_read_is_what_the_page_says(form: Format, value: float, label: str) -> None:
    body = page_of(("main", bucket(value, label)), form=form).decode()

    (family,) = [one for one in PARSERS[form](body) if one.name == "planship_lever_bucket_usage"]
    (sample,) = family.samples
    assert sample.value == value
    assert sample.labels == {
        "account": "main",
        "product": "p",
        "customer_id": "c",
        "lever": "l",
        "bucket": clean_label(label),
    }
    assert family.documentation == PLANSHIP_LEVER_BUCKET_USAGE.help
    assert family.type == "gauge"


def test_the_page_is_these_bytes() -> None:
    assert page_of(("b", bucket(1, 'say "hi"\n')), ("a", bucket(2.5, "back\\slash"))).decode() == (
        f"# HELP planship_lever_bucket_usage {PLANSHIP_LEVER_BUCKET_USAGE.help}\n"
        "# TYPE planship_lever_bucket_usage gauge\n"
        'planship_lever_bucket_usage{account="b",product="p",customer_id="c",lever="l",bucket="say \\"hi\\"\\n"} 1.0\n'
        'planship_lever_bucket_usage{account="a",product="p",customer_id="c",lever="l",bucket="back\\\\slash"} 2.5\n'
        "# HELP own_things Things.\n"
        "# TYPE own_things gauge\n"
        "own_things 3.0\n"
    )


def test_openmetrics_ends_with_its_end_and_has_the_same_sample_lines() -> None:
    text = page_of(("main", bucket(1, "x"))).decode()
    openmetrics = page_of(("main", bucket(1, "x")), form=Format.OPENMETRICS).decode()

    assert openmetrics.endswith("# EOF\n")
    assert openmetrics.count("# EOF") == 1
    assert [line for line in text.splitlines() if "planship" in line] == [
        line for line in openmetrics.splitlines() if "planship" in line
    ]


def test_a_counters_header_is_of_the_format_and_its_sample_lines_are_the_same() -> None:
    figures = figures_of([QUOTA_CONSUMED(7, vendor="netnut", quota="traffic", subject="41", unit="GB")])
    total = Reading(figures)
    text, openmetrics = (page_of(("main", total), form=form).decode().splitlines() for form in Format)

    assert text[1:3] == [
        "# TYPE usage_quota_consumed_total counter",
        'usage_quota_consumed_total{account="main",vendor="netnut",quota="traffic",subject="41",unit="GB"} 7.0',
    ]
    assert openmetrics[1:3] == ["# TYPE usage_quota_consumed counter", text[2]]
    body = "\n".join([*openmetrics, ""])
    (family,) = [one for one in PARSERS[Format.OPENMETRICS](body) if one.name == "usage_quota_consumed"]
    assert (family.type, [one.value for one in family.samples]) == ("counter", [7.0])


def test_a_family_has_one_header_however_many_accounts_have_it() -> None:
    body = page_of(("a", bucket(1, "x")), ("b", bucket(2, "x"))).decode()

    assert body.count("# TYPE planship_lever_bucket_usage") == 1


def test_a_stale_reading_is_not_on_the_page() -> None:
    assert b"planship" in page_of(("main", bucket(1, "x")), now=99.9)
    assert b"planship" not in page_of(("main", bucket(1, "x")), now=100.0)


def test_readers_share_the_vendors_part_until_a_reading_changes_or_goes_stale() -> None:
    store = Store([("planship", "main")])
    exposition = Exposition(store, Things())
    store.record_success(("planship", "main"), kept(bucket(1, "x"), stale_at=100.0))
    first, again = [exposition.page(Format.TEXT, now).sections[0] for now in (0.0, 99.0)]
    store.record_success(("planship", "main"), kept(bucket(2, "x"), stale_at=200.0))
    changed, stale = [b"".join(exposition.page(Format.TEXT, now).text()) for now in (100.0, 200.0)]

    assert first is again
    assert (changed.count(b"} 2.0\n"), stale.count(b"planship")) == (1, 0)


def test_the_page_packs_to_the_same_bytes_and_back() -> None:
    page, again = [exposition_of(("main", bucket(1, "x"))).page(Format.TEXT, 0.0) for _ in range(2)]

    packed = b"".join(page.gzip_parts)
    assert packed == b"".join(again.gzip_parts)
    assert gzip.decompress(packed) == b"".join(page.text())
    assert page.length == len(gzip.decompress(packed))


def test_a_sample_is_read_whatever_its_number_looks_like() -> None:
    for value, text in [
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (5e-324, "5e-324"),
        (-0.0, "-0.0"),
        (2.0**53, "9007199254740992.0"),
    ]:
        lines = sample_lines(NETNUT_GB_USED.name, NETNUT_GB_USED.labels, [(("1", "x"), value)], 'account="main"')
        assert lines == f'netnut_gb_used{{account="main",plan_id="1",product_type="x"}} {text}\n'.encode()
