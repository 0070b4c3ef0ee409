"""What vendors call the subjects of quotas: shown beside their ids, and never in place of them."""

from collections.abc import Iterable, Sequence

import pytest
from quota_samples import Watched, company, entitlement, meter, quotas_of, read_account, resource, setting

from exporter.metrics import MAX_LABEL_CHARACTERS, Family, Item, Sample, figures_of
from exporter.metrics.quota import QUOTA_SUBJECT_INFO
from exporter.quota.names import Names
from exporter.vendors.ionos.families import IONOS_CONTRACT_INFO, IONOS_DATACENTER_INFO
from exporter.vendors.prolifi.families import PROLIFI_ENTITLEMENT_INFO
from exporter.vendors.quotas import NameSource

PROJECT = Family("acme_project_info", "What a project is called.", labels=("project", "name"))
REGION = Family("acme_region_info", "Where a region is.", labels=("region", "place", "country"))
SOURCES = (NameSource("project", PROJECT), NameSource("region", REGION, "place"))
SAMPLES = (
    PROJECT(1, project="p1", name="Shop"),
    PROJECT(1, project="p2", name="Shop"),
    PROJECT(1, project="p3", name="p3"),
    PROJECT(1, project="p4", name=""),
    PROJECT(1, project="p5", name="One"),
    PROJECT(1, project="p5", name="Another"),
    REGION(1, region="r1", place="Frankfurt", country="de"),
    REGION(1, region="p1", place="Nowhere", country=""),
)
NAMED = "names: true"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


@pytest.mark.parametrize(
    ("labels", "values", "name"),
    [
        pytest.param(["project"], ["p1"], "Shop", id="a name"),
        pytest.param(["project"], ["p2"], "Shop", id="the name of another, too"),
        pytest.param(["project"], ["p3"], "", id="its own id"),
        pytest.param(["project"], ["p4"], "", id="an empty name"),
        pytest.param(["project"], ["p5"], "", id="two names"),
        pytest.param(["project"], ["p9"], "", id="nobody says"),
        pytest.param(["region"], ["r1"], "Frankfurt", id="a label of another name has it"),
        pytest.param(["project", "region"], ["p1", "r1"], "Shop, Frankfurt", id="two ids"),
        pytest.param(["region", "project"], ["r1", "p1"], "Frankfurt, Shop", id="in the order of the subject"),
        pytest.param(["project", "region"], ["p9", "r1"], "Frankfurt", id="one of two"),
        pytest.param(["project", "kind"], ["p1", "p2"], "Shop", id="an id of something else"),
        pytest.param([], [], "", id="no id"),
    ],
)
def test_a_subject_is_called_what_its_ids_are_called(labels: list[str], values: list[str], name: str) -> None:
    assert Names(SOURCES, figures_of(SAMPLES)).of(labels, values) == name


@pytest.mark.parametrize("names", [Names(), Names(SOURCES), Names((), figures_of(SAMPLES))])
def test_without_sources_or_figures_nothing_has_a_name(names: Names) -> None:
    assert not names.of(["project"], ["p1"])


def names_of(quotas: Watched) -> dict[tuple[str, str], str]:
    """The names on the page by quota and subject."""
    found = [one.labels for one in quotas.samples if one.family is QUOTA_SUBJECT_INFO]
    names = {(quota, subject): name for _, quota, subject, _, name in found}
    assert len(found) == len(names)
    return names


SHOP = IONOS_CONTRACT_INFO(1, contract="1", reference="Shop")
PLACE = {"contract": "1", "location": "de/fra"}
PLACES = [IONOS_DATACENTER_INFO(1, datacenter_id=one, name=name, **PLACE) for one, name in (("d", "Web"), ("e", "Web"))]


@pytest.mark.parametrize(
    ("vendor", "items", "settings", "names"),
    [
        pytest.param("ionos", [*resource(5, 9), SHOP], NAMED, {("cores", "1"): "Shop"}, id="a contract"),
        pytest.param("ionos", [*resource(5, 9), SHOP], "", {}, id="not asked for"),
        pytest.param("ionos", resource(5, 9), NAMED, {}, id="a contract without a reference"),
        pytest.param(
            "prolifi",
            [*entitlement(1, 9), *entitlement(2, 9, customer="c2"), company("c1", "Shop"), company("c2", "Shop")],
            NAMED,
            {("seats", "c1"): "Shop", ("seats", "c2"): "Shop"},
            id="two of one name",
        ),
        pytest.param(
            "ionos",
            [meter(3), meter(4, datacenter_id="e"), *PLACES],
            f"{NAMED}, {setting(by='[datacenter_id]')}",
            {("q", "d"): "Web", ("q", "e"): "Web"},
            id="a quota that was set",
        ),
        pytest.param(
            "ionos",
            [meter(3), *PLACES, SHOP],
            f"{NAMED}, {setting(by='[contract, datacenter_id]')}",
            {("q", "1/d"): "Shop, Web"},
            id="a quota by two labels",
        ),
        pytest.param(
            "ionos", [meter(3), *PLACES, SHOP], f"{NAMED}, {setting()}", {}, id="a quota of the whole account"
        ),
        pytest.param(
            "prolifi",
            [*entitlement(1, 9), company("c1", "Shop")],
            f"{NAMED}, entitlements: true, " + setting(metric="prolifi_entitlement_used", by="[customer_id]"),
            {("seats", "c1"): "Shop", ("q", "c1"): "Shop"},
            id="a quota by customer, which is one slice's",
        ),
    ],
)
def test_a_quota_has_the_name_of_its_subject(
    vendor: str, items: Iterable[Item], settings: str, names: dict[tuple[str, str], str]
) -> None:
    assert names_of(quotas_of(vendor, items, settings)) == names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb\x00c\x1b[31m", "a\nb\ufffdc\ufffd[31m"),
        ('{{ $labels.account }} " \\', '{{ $labels.account }} " \\'),
        ("\ud800", "\ufffd"),
    ],
)
def test_a_hostile_name_is_cleaned_as_a_label_is(name: str, shown: str) -> None:
    quotas = quotas_of("prolifi", [*entitlement(1, 9), company("c1", name)], NAMED)

    assert names_of(quotas) == {("seats", "c1"): shown}


@pytest.mark.parametrize("by", ["[contract]", "[contract, datacenter_id]"])
def test_a_name_without_end_is_cut(by: str) -> None:
    endless = "x" * 10_000
    items = [
        meter(3),
        IONOS_CONTRACT_INFO(1, contract="1", reference=endless),
        IONOS_DATACENTER_INFO(1, datacenter_id="d", name=endless, contract="1", location=""),
    ]
    (name,) = names_of(quotas_of("ionos", items, f"{NAMED}, {setting(by=by)}")).values()

    assert len(name) == MAX_LABEL_CHARACTERS
    assert name.startswith("xxx")


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([company("c1", "Old"), company("c1", "New")], id="another"),
        pytest.param([company("c1", "Old"), None], id="none any more"),
        pytest.param([None, company("c1", "New")], id="one at last"),
    ],
)
def test_a_name_that_changes_is_another_series_of_the_same_quota(names: Sequence[Sample | None]) -> None:
    quotas = Watched(read_account("prolifi", NAMED))
    for used, name in zip((10, 14), names, strict=True):
        quotas.read(0, [*entitlement(used, 100), *([name] if name else [])])

    (quota,) = quotas.quotas
    assert names_of(quotas) == ({("seats", "c1"): names[-1].labels[-1]} if names[-1] else {})
    assert quotas.consumed == {quota.id: 4}
    assert quotas.fallen == []


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (("Seats", "Seats"), {("q", "seats"): "Seats"}),
        (("Seats", None), {("q", "seats"): "Seats"}),
        ((None, "Seats"), {("q", "seats"): "Seats"}),
        (("Seats", "Places"), {}),
        ((None, None), {}),
    ],
)
def test_a_subject_of_several_slices_has_a_name_if_they_call_it_the_same(
    said: Sequence[str | None], name: dict[tuple[str, str], str]
) -> None:
    quota = setting(metric="prolifi_entitlement_used", by="[feature]")
    quotas = Watched(read_account("prolifi", f"{NAMED}, entitlements: true, max_customers: 2000, {quota}"))
    for number, called in enumerate(said):
        customer = f"c{number}"
        info = PROLIFI_ENTITLEMENT_INFO(1, customer_id=customer, feature="seats", name=called or "")
        quotas.read(number, [*entitlement(1, 9, customer=customer), *([info] if called else [])])

    assert quotas.account.slice_count == len(said)
    assert names_of(quotas) == name
