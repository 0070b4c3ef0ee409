"""Families and their labels: what a label may hold, and that names and help texts follow the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cli.catalogue import FAMILIES
from exporter.metrics import MAX_LABEL_CHARACTERS, clean_label
from exporter.store.reading import READING_FAMILIES


@given(st.text())
def test_a_cleaned_label_stays_as_it_is_and_fits(label: str) -> None:
    cleaned = clean_label(label)

    assert len(cleaned) <= MAX_LABEL_CHARACTERS
    assert clean_label(cleaned) == cleaned
    cleaned.encode()


def test_two_long_labels_stay_two() -> None:
    one, other = clean_label("x" * 1_000_000 + "1"), clean_label("x" * 1_000_000 + "2")

    assert one != other
    assert len(one) == len(other) == MAX_LABEL_CHARACTERS


@pytest.mark.parametrize(
    ("label", "cleaned"),
    [
        ("plain", "plain"),
        ("Zürich 東京", "Zürich 東京"),
        ("nul\x00", "nul\ufffd"),
        ("tab\there", "tab\ufffdhere"),
        ("line\nend", "line\nend"),
        ("bell\x07\x7f\x85", "bell\ufffd\ufffd\ufffd"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
    ],
)
def test_a_label_is_cleaned(label: str, cleaned: str) -> None:
    assert clean_label(label) == cleaned


def test_names_and_helps_need_no_escaping_and_follow_the_rules() -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))
    for family in FAMILIES:
        assert family.name.endswith("_total") == (family.kind == "counter")
        assert family.help.endswith(".")
        assert not set(family.help) & set('\\"\n')
        assert family.summary[0].isupper()
        assert len(set(family.labels)) == len(family.labels)
    for family in READING_FAMILIES:
        assert family.name.partition("_")[0] in (family.vendor.lower().replace(" cloud", "") or "usage")
        assert ("Polled from " in family.help) == bool(family.vendor)
        assert "account" not in family.labels
        assert family.kind == "gauge" or not family.vendor
