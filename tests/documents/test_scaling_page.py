"""What the page on scaling says of cycles and shards is what the program says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from kept_logging import kept_logging

from exporter.cli.main import main
from exporter.config import parse
from exporter.durations import write_duration

PAGE = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
((CONFIGURATION, CHECKED),) = re.findall(
    r"<!-- cycle -->\n```yaml\n(.*?)```\n\n```console\n(.*?)```\n<!-- /cycle -->", PAGE, re.DOTALL
)
CYCLES = re.findall(r"(?m)^\| ([\d,]+) \| ([\d,]+) \| (\w+) \|$", PAGE)


@pytest.fixture(autouse=True)
def unchanged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PROLIFI_API_KEY", "pk_invented_for_tests")
    with kept_logging():
        yield


def test_check_says_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(CONFIGURATION)
    command, said = CHECKED.split("\n", 1)

    checked = CliRunner().invoke(main, command.split()[2:])

    assert command.startswith("$ usage-exporter ")
    assert checked.exit_code == 0
    assert checked.output == said


@pytest.mark.parametrize(("customers", "requests", "takes"), CYCLES)
def test_a_cycle_takes_as_long_as_the_table_says(customers: str, requests: str, takes: str, tmp_path: Path) -> None:
    text = CONFIGURATION.replace("100000", customers.replace(",", ""))
    (account,) = parse(text.encode(), tmp_path).accounts

    assert f"{account.max_request_count:,}" == requests
    assert write_duration(account.estimate.request_seconds) == takes


def test_the_table_of_cycles_was_found() -> None:
    assert [customers for customers, *_ in CYCLES] == ["1,000", "10,000", "100,000"]
