"""The guide to a vendor in a wheel says all that there is, as it is."""

import re
from pathlib import Path

from exporter import vendor_api

PAGE = (Path(__file__).parents[2] / "docs" / "vendor-wheels.md").read_text()
TABLE = PAGE.partition("## The API")[2]


def test_every_name_that_a_vendor_may_use_is_told_with_what_it_is_for() -> None:
    told = [name for row in re.findall(r"(?m)^\| (`.*?) \|", TABLE) for name in re.findall("`(.*?)`", row)]

    assert sorted(told) == sorted(vendor_api.__all__)


def test_the_api_is_the_one_that_the_guide_is_about() -> None:
    assert f"`API` is {vendor_api.API}" in PAGE
