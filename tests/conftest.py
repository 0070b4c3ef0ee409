"""What every test may use."""

import pytest
from hypothesis import settings

# A machine that is busy is no failure: how long an example takes is not what these tests ask.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
