"""The page against readers that share no code with the exporter, on random worlds of each vendor.

`make worlds` compares a thousand of each vendor.
"""

from datetime import date
from typing import Final

import pytest
from compare_worlds import VENDORS, compare_many
from comparison import Vendor

TODAY: Final = date(2026, 11, 21)
WORLDS: Final = 40
NOT_YET: Final = frozenset(
    {
        *("partial_sums", "sub_user_periods", "shared_plan_id", "rows_disagree", "end_as_day", "none_asked_for"),
        *("sub_user_names", "array_envelope", "nested_plans"),
        *("answers_overlap", "id_not_repeated", "other_period", "other_contract", "match_leading_zero"),
        *("commitment_only", "two_prices", "two_units"),
        *("no_end_date", "limit_minus_one", "limit_zero", "event_twice", "no_event_readable"),
        *("subscription_limits", "bucket_limits", "not_renewing", "left_minus_one"),
    }
)
"""Quirks that the exporter does not show rightly yet. The list only becomes shorter."""


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_the_page_shows_what_an_independent_reader_expects(vendor: Vendor) -> None:
    result = compare_many(vendor, 0, WORLDS, NOT_YET)
    assert not result.differences, "\n".join(map(str, result.differences))
    assert result.worlds == WORLDS
    assert result.values > 20 * WORLDS


def test_quirks_that_are_not_shown_rightly_yet_are_known() -> None:
    assert {name for vendor in VENDORS for name in vendor.quirks} >= NOT_YET


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_every_quirk_of_a_world_has_its_description(vendor: Vendor) -> None:
    used = {name for seed in range(300) for name in vendor.world(seed, TODAY, frozenset()).quirks}
    expectations = {"partial_sums", "sub_user_periods", "none_asked_for", "subscription_limits", "bucket_limits"}
    assert used == vendor.quirks.keys() - expectations
