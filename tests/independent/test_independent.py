"""The page against readers that share no code with the exporter, on random worlds of each vendor.

`make worlds` compares a thousand of each vendor.
"""

import re
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from compare_worlds import VENDORS, compare_many
from comparison import Vendor, compare_world
from expectation import key

pytestmark = pytest.mark.slow

HERE: Final = Path(__file__).parent
TODAY: Final = date(2026, 11, 21)
WORLDS: Final = 40


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_the_page_shows_what_an_independent_reader_expects(vendor: Vendor) -> None:
    result = compare_many(vendor, 0, WORLDS, frozenset())
    assert not result.differences, "\n".join(map(str, result.differences))
    assert result.worlds == WORLDS
    assert result.values > 20 * WORLDS


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_a_page_that_is_wrong_in_one_value_differs(vendor: Vendor) -> None:
    worlds = [vendor.world(seed, TODAY, frozenset()) for seed in range(60)]
    altered = 0
    for world in worlds:
        for page in vendor.read(world):
            right = {one: float(values[0]) for one, values in page.values.items() if values and values[0] is not None}
            own = [one for one in right if one[0] in vendor.families]
            if page.up and own:
                up = {key("usage_exporter_account_up", {"vendor": vendor.name}): 1.0}
                without = {one: value for one, value in right.items() if one != own[0]}
                assert compare_world(vendor, world, up | without)[1]
                assert compare_world(vendor, world, up | right | {own[0]: right[own[0]] * 1.001 + 1})[1]
                altered += 1
    assert altered > 20


def test_the_readers_share_no_code_with_the_exporter() -> None:
    texts = [file.read_text(encoding="utf-8") for file in HERE.glob("*.py")]
    assert not [text for text in texts if re.search(r"^\s*(from|import) exporter", text, re.MULTILINE)]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_every_quirk_of_a_world_has_its_description(vendor: Vendor) -> None:
    used = {name for seed in range(300) for name in vendor.world(seed, TODAY, frozenset()).quirks}
    expectations = {"partial_sums", "sub_user_periods", "none_asked_for", "subscription_limits", "bucket_limits"}
    assert used == vendor.quirks.keys() - expectations
