"""The tutorial of a vendor in a YAML file works as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from kept_logging import kept_logging

from exporter import config
from exporter.cli.main import main
from exporter.vendors.declared.templates import DATES

PAGE = (Path(__file__).parents[2] / "docs" / "declared-vendors.md").read_text()


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


def blocks(language: str) -> list[str]:
    """The blocks of the tutorial in a language, without their indentation."""
    found = re.findall(rf"^   ```{language}\n(.*?)^   ```$", PAGE, re.DOTALL | re.MULTILINE)
    return ["".join(line[3:] + "\n" for line in block.splitlines()) for block in found]


def test_the_tutorials_files_fit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor, configuration = blocks("yaml")
    _, replies = blocks("json")
    (tmp_path / "vendors").mkdir()
    file = tmp_path / "vendors" / "acme.yaml"
    file.write_text(vendor)
    file.with_suffix(".replies.json").write_text(replies)

    result = CliRunner().invoke(
        main, ["vendor", "check", str(file), "--replies", str(file.with_suffix(".replies.json"))]
    )

    assert result.exit_code == 0, result.output
    assert 'acme_gb_used{account="check",project="web"} 12.5' in result.stdout
    assert (
        'usage_quota_limit{account="check",vendor="acme",quota="traffic",subject="web",unit="GB"} 100.0'
        in result.stdout
    )
    monkeypatch.setenv("ACME_API_KEY", "an-invented-secret")
    assert [one.key for one in config.parse(configuration.encode(), tmp_path).accounts] == [("acme", "main")]


def test_every_date_is_named() -> None:
    assert [name for name in DATES if f"`{{{name}}}`" not in PAGE] == []
