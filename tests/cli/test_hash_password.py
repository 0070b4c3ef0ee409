"""`usage-exporter hash-password`: its hash lets in whoever has the password."""

from pathlib import Path

import bcrypt
import pytest
from click.testing import CliRunner

from exporter.cli.main import main
from exporter.web.settings import read
from exporter.web.values import cost_of


def test_the_hash_is_one_that_a_web_configuration_takes_and_the_password_fits(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["hash-password"], input="a wörd of tests\n")
    hashed = result.stdout.strip()
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{ops: {hashed}}}\n")

    assert (result.exit_code, result.stderr) == (0, "")
    assert bcrypt.checkpw("a wörd of tests".encode(), hashed.encode())
    assert cost_of(read(tmp_path / "web.yml").users["ops"]) == 12


@pytest.mark.parametrize(
    ("given", "said"),
    [("\n", "the password is empty"), ("x" * 73, "bcrypt uses at most 72 bytes; use a shorter password")],
)
def test_what_bcrypt_cannot_use_whole_is_refused(given: str, said: str) -> None:
    result = CliRunner().invoke(main, ["hash-password"], input=given)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{said}\n"
