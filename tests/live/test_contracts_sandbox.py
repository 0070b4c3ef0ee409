"""What the exporter asks and the sandbox answers are held to the vendors' contracts by Prism, which stands between."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from exporter_process import ANY_PORT
from exporter_process import running as exporter_running
from prism import DESCRIBED, Polled, poll_all, proxies, write_histories

from exporter.sandbox import SIMULATIONS

pytestmark = pytest.mark.slow

MOUNTED = {vendor: SIMULATIONS[vendor].path for vendor in DESCRIBED}

# Where the sandbox departs from a contract on purpose: vendor and request, and what Prism says of its answer.
QUIRKS = {
    # globex is answered as NetNut documents this call, which is how it documents the sign-in: without rows.
    ("netnut", "POST /customer/usage/"): (
        "response.body: Response body must have required property 'data'",
        "response.body: Response body must NOT have additional properties; found 'token'",
    ),
}


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("contracts")
    with (
        exporter_running(folder, "sandbox", ANY_PORT) as sandbox,
        proxies(folder, {vendor: sandbox.url + path for vendor, path in MOUNTED.items()}) as urls,
    ):
        yield urls


@pytest.fixture(scope="module")
def polled(urls: Mapping[str, str]) -> Polled:
    return poll_all(urls)


def test_every_request_and_every_answer_keeps_the_contract_but_for_the_quirks(polled: Polled) -> None:
    found = [((one.vendor, one.request), one.violations) for one in polled.exchanges if one.violations]

    assert sorted(found) == sorted(QUIRKS.items())


def test_every_account_is_read_whole_through_prism(polled: Polled) -> None:
    assert {key: str(one.error) for key, one in polled.accounts.items() if not one.up} == {}
    for key, snapshot in polled.accounts.items():
        without_rows = key == ("netnut", "globex")
        assert snapshot.series
        assert snapshot.diagnostics.skipped == ({"schema": 1} if without_rows else {})
        assert set(snapshot.diagnostics.drift) == ({("$.data", "missing")} if without_rows else set())


def test_every_request_and_every_answer_of_a_history_keeps_the_contract(
    urls: Mapping[str, str], tmp_path: Path
) -> None:
    ended, exchanges = write_histories(urls, tmp_path / "out")

    found = {((one.vendor, one.request), one.violations) for one in exchanges if one.violations}
    assert found <= set(QUIRKS.items())
    assert {key: str(one.error) for key, one in ended.items() if one.error} == {}
    assert all(one.outcome.files for one in ended.values())
