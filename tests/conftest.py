"""What every test may use, and how the tests are spread over processes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from exporter_process import ANY_PORT, Running, running
from history import VARIANTS, build_once
from history_prometheus import ENGINES, Prometheus, serving
from hypothesis import settings
from patience import SCALE, TEST_SECONDS
from servers import GENERATIONS, server

# How long an example takes says nothing here: the machine may be busy. `thorough` is for runs by night or by hand.
settings.register_profile("quick", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

LIVE_FOLDER = Path(__file__).parent / "live"
LIVE_FIXTURES = {"generation", "histories"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bound each test, mark those that need real servers, and keep those together that share a fixture."""
    for item in items:
        timeout = item.get_closest_marker("timeout")
        item.add_marker(pytest.mark.timeout(SCALE * timeout.args[0] if timeout else TEST_SECONDS), append=False)
        if LIVE_FOLDER in item.path.parents or LIVE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.live)
        if group := shared_by(item):
            item.add_marker(pytest.mark.xdist_group(group))


def shared_by(item: pytest.Item) -> str | None:
    """What a test shares with others: the name of a fixture of ours for the session, else its module, else nothing.

    Each generation of servers has its own.
    """
    fixtures = getattr(item, "_fixtureinfo", None)
    definitions = [found[-1] for found in fixtures.name2fixturedefs.values()] if fixtures else []
    shared = [one for one in definitions if one.baseid and one.scope != "function" and one.argname != "generation"]
    of_session = sorted(one.argname for one in shared if one.scope == "session")
    name = of_session[0] if of_session else item.path.stem if shared else None
    call = getattr(item, "callspec", None)
    generations = [call.params[one] for one in ("generation", "histories") if one in call.params] if call else []
    return "-".join([name, *generations]) if name else None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    """Which generation of servers the test runs against; it runs against each."""
    return str(request.param)


@pytest.fixture(scope="session", params=ENGINES)
def histories(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Prometheus]]:
    """45 days of history by its variant, in servers of one kind."""
    server("promtool", GENERATIONS[0])
    folder = tmp_path_factory.getbasetemp()
    built = build_once((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "history")
    with ExitStack() as stack:
        yield {
            variant: stack.enter_context(serving(request.param, tmp_path_factory.mktemp(variant), built / variant))
            for variant in VARIANTS
        }


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The vendors' APIs, simulated by a process of their own."""
    with running(tmp_path_factory.mktemp("sandbox"), "sandbox", ANY_PORT) as one:
        yield one
