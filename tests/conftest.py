"""What every test may use."""

from collections.abc import Iterator

import pytest
from exporter_process import ANY_PORT, Running, running
from hypothesis import settings

# A machine that is busy is no failure: how long an example takes is not what these tests ask.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The vendors' APIs, simulated by a process of their own."""
    with running(tmp_path_factory.mktemp("sandbox"), "sandbox", ANY_PORT) as one:
        yield one
