"""For all tests of rules: how their tools run."""

import pytest


@pytest.fixture(autouse=True)
def _tools_that_collect_no_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth less time; each runs for seconds only."""
    monkeypatch.setenv("GOGC", "off")
    monkeypatch.setenv("GOMEMLIMIT", "1GiB")
