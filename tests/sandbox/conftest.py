"""The sandbox runs on both backends: tests drive it on trio's jumping clock too."""

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
