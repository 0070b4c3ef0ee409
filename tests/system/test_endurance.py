"""A little of what `make soak` does to an exporter: kills, and things that come and go."""

from pathlib import Path

import pytest
from endurance import come_and_go, kill_again_and_again

pytestmark = pytest.mark.slow


def test_no_kill_makes_a_counter_fall_or_a_reading_older(tmp_path: Path) -> None:
    assert kill_again_and_again(4, tmp_path)["kills"] == 4


def test_ids_that_come_and_go_leave_nothing(tmp_path: Path) -> None:
    come_and_go(8, tmp_path)
