"""A build hook that records the commit in the package, for `usage-exporter --version`.

The commit is taken from USAGE_EXPORTER_REVISION, as in the build of an image, or else from git. Without either, as in
an unpacked sdist, the package keeps the commit it came with, if any.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_GIT = ("git", "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty")


class RevisionHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `exporter/shipped/revision` to the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file, except to an editable installation, whose checkout changes later."""
        revision = "" if version == "editable" else _revision(Path(self.root))
        if revision:
            self._folder = tempfile.TemporaryDirectory()
            file = Path(self._folder.name, "revision")
            file.write_text(f"{revision}\n")
            build_data["force_include"][str(file)] = "exporter/shipped/revision"

    def finalize(self, *_: object) -> None:
        """Remove the file that was added."""
        if folder := getattr(self, "_folder", None):
            folder.cleanup()


def _revision(root: Path) -> str:
    if given := os.environ.get("USAGE_EXPORTER_REVISION", "").strip():
        return given
    if not (root / ".git").exists():  # else git would find a repository that encloses it
        return ""
    try:
        done = subprocess.run(_GIT, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603 - no word is given
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
