"""The wheel: what it holds, that it works alone, and that it knows the commit it was built from."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from exporter import __version__

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone_and_is_built_the_same_twice(tmp_path: Path) -> None:
    built = []
    for name in ("one", "two"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / name],
            cwd=ROOT,
            env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
            check=True,
            capture_output=True,
        )
        (wheel,) = (tmp_path / name).iterdir()
        built.append(wheel.read_bytes())
    with zipfile.ZipFile(wheel) as archive:
        folders = {name.split("/", 1)[0] for name in archive.namelist()}
        modules = {name for name in archive.namelist() if name.startswith("exporter/")}

    assert built[0] == built[1]
    assert folders == {"exporter", f"usage_exporter-{__version__}.dist-info"}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "exporter").rglob("*.py")} <= modules
    others = {name for name in modules if not name.endswith((".py", "py.typed", "/revision"))}
    assert {name for name in others if not name.startswith("exporter/shipped/")} == set()
    assert len(others) == 4 + len(list((ROOT / "grafana" / "dashboards").glob("*.json")))


@pytest.mark.slow
def test_the_wheel_installed_alone_brings_everything(tmp_path: Path) -> None:
    """Without the checkout: another folder, and a path of the wheel and of what it requires."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    commit = {**os.environ, "USAGE_EXPORTER_REVISION": "0123456789ab"}
    subprocess.run(build, cwd=ROOT, env=commit, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", "from exporter.__main__ import main; main()", *arguments]
        env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
        done = subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, text=True)
        return done.stdout

    where = "import exporter; print(exporter.__file__)"
    assert (
        str(tmp_path)
        in subprocess.run(
            [sys.executable, "-c", where], cwd=tmp_path / "site", check=True, capture_output=True, text=True
        ).stdout
    )
    assert len(run("dashboards", "boards").splitlines()) == len(list((ROOT / "grafana" / "dashboards").glob("*.json")))
    assert {file.name for file in (tmp_path / "boards").iterdir()} == {
        file.name for file in (ROOT / "grafana" / "dashboards").glob("*.json")
    }
    assert run("example") == (ROOT / "config.example.yaml").read_text()
    assert run("example", "alertmanager") == (ROOT / "prometheus" / "alertmanager.yml").read_text()
    assert yaml.safe_load(run("rules"))["groups"]
    assert "usage_quota_used" in run("metrics")
    assert run("--version").startswith(f"usage-exporter, version {__version__} (revision 0123456789ab, Python 3.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "revision"), [("", "{commit}"), ("# changed\n", "{commit}-dirty"), (None, "{commit}")]
)
def test_what_is_built_from_git_knows_its_commit(change: str | None, revision: str, tmp_path: Path) -> None:
    """A checkout, one with changes, and an sdist of one: git is asked where there is one, and only when building."""
    checkout = tmp_path / "checkout"
    for source in ("exporter", "grafana/dashboards", "deploy", "prometheus", "scripts"):
        shutil.copytree(ROOT / source, checkout / source, ignore=shutil.ignore_patterns("__pycache__"))
    for source in ("pyproject.toml", "README.md", "LICENSE", "config.example.yaml"):
        shutil.copy(ROOT / source, checkout)
    git = ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    commit = subprocess.check_output([*git, "rev-parse", "--short=12", "HEAD"], text=True)
    if change:
        (checkout / "README.md").write_text(change)
    folder = checkout if change is not None else _unpacked_sdist(checkout, tmp_path)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"], cwd=folder,
                   check=True, capture_output=True)  # fmt: skip
    (wheel,) = (tmp_path / "dist").iterdir()

    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("exporter/shipped/revision").decode() == revision.format(commit=commit.strip()) + "\n"


def _unpacked_sdist(checkout: Path, folder: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder / "sdist")]
    subprocess.run(build, cwd=checkout, check=True, capture_output=True)
    (sdist,) = (folder / "sdist").iterdir()
    (folder / "unpacked").mkdir()
    subprocess.run(["tar", "-xf", sdist, "-C", folder / "unpacked"], check=True)
    (unpacked,) = (folder / "unpacked").iterdir()
    return unpacked
