"""What draws the pictures is fetched as its lock has it, from no registry in particular, and says what it needs."""

import json
import re
from pathlib import Path

import pictures
import pytest
from dashboard_files import FOLDER

PACKAGE = json.loads((pictures.SOURCE / "package.json").read_text())
LOCK = json.loads((pictures.SOURCE / "package-lock.json").read_text())["packages"]


def test_each_package_is_one_release_with_a_checksum_and_no_registry() -> None:
    asked = PACKAGE["dependencies"]

    assert [version for version in asked.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert LOCK[""]["dependencies"] == asked
    for place, package in LOCK.items():
        if place:
            assert package["integrity"].startswith("sha512-"), place
            assert "resolved" not in package, place


def test_each_dashboard_has_a_picture_and_the_overview_one_on_a_phone() -> None:
    drawn = [job["out"] for job in pictures.boards()]

    assert sorted(drawn) == sorted(
        [*(f"dashboard-{path.stem}.png" for path in FOLDER.iterdir()), "dashboard-overview-phone.png"]
    )


def test_the_landing_page_is_drawn_for_every_size_and_scheme() -> None:
    drawn = {(number, job["width"], job["theme"]) for number, job in pictures.pages(every=True)}

    assert drawn == {(n, width, theme) for n in (8, 60) for width in (1280, 390) for theme in ("light", "dark")}


def test_of_the_accounts_of_a_landing_page_three_fail_and_no_two_are_one() -> None:
    accounts = json.loads(pictures.accounts(60, "http://127.0.0.1:1"))["accounts"]

    assert len({(one["vendor"], one["name"]) for one in accounts}) == 60
    failing = [one for one in accounts if "nowhere" in str(one) or ":9/" in str(one) or "WRONG" in str(one)]
    assert len({one["vendor"] for one in failing}) == len(failing) == 3


def test_who_has_no_browser_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match=r"no Chromium here: install one, .* CHROMIUM"):
        pictures.browser()


def test_who_has_no_npm_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pictures, "PLACE", tmp_path / "pictures")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match=r"no npm here: install Node\.js"):
        pictures.install()
