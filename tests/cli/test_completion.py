"""Shell completion: the scripts that are printed, and what they ask the program."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from exporter.cli.main import main

SHELLS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


def completed(*words: str) -> list[str]:
    """What the program offers for the last word, as bash asks it."""
    env = {
        **os.environ,
        "_USAGE_EXPORTER_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("usage-exporter", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "exporter"], env=env, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_a_script_is_printed_for_each_shell(shell: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["completion", shell], prog_name="usage-exporter")

    assert (result.exit_code, result.stderr) == (0, "")
    assert f"_USAGE_EXPORTER_COMPLETE={shell}_complete" in result.stdout
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(result.stdout)
        checked = subprocess.run([*SHELLS[shell], script], check=False, capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ch"], ["check"]),
        (["check", "--pl"], ["--plan"]),
        (["run", "--log.format", ""], ["logfmt", "json"]),
        (["example", "al"], ["alertmanager"]),
    ],
)
def test_commands_flags_and_choices_are_offered(words: list[str], offered: list[str]) -> None:
    assert completed(*words) == offered
