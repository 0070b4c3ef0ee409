"""A hook of the build: it puts the commit that is built into the package, for `usage-exporter --version`.

The commit is what USAGE_EXPORTER_REVISION says, such as in an image's build, or else git. Where neither is there, as in
what was unpacked from an sdist, the package has the one that it came with, or none.
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
    """Adds `exporter/shipped/revision` to what is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add it, unless the package is only linked to a checkout, which moves on."""
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
    if not (root / ".git").exists():  # or git would tell of a repository around it
        return ""
    try:
        done = subprocess.run(_GIT, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603 - no word is given
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
