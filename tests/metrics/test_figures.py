"""Figures: the values of samples, by family and label values."""

from exporter.metrics import figures_of
from exporter.vendors.netnut.families import NETNUT_GB_USED, NETNUT_PLAN_GB
from exporter.vendors.prolifi.families import PROLIFI_WINDOW_START

PLAN = {"plan_id": "41", "product_type": "Residential"}
OTHER = {"plan_id": "42", "product_type": ""}


def test_samples_become_figures_by_family_and_labels_and_the_last_of_a_series_counts() -> None:
    samples = [
        NETNUT_GB_USED(1, **PLAN),
        NETNUT_PLAN_GB(9, **PLAN),
        NETNUT_GB_USED(2, **OTHER),
        PROLIFI_WINDOW_START(7),
        NETNUT_GB_USED(3, **PLAN),
    ]

    assert figures_of(samples) == {
        NETNUT_GB_USED: {("41", "Residential"): 3, ("42", ""): 2},
        NETNUT_PLAN_GB: {("41", "Residential"): 9},
        PROLIFI_WINDOW_START: {(): 7},
    }
