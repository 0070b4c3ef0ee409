"""Finds the files that declare vendors. This module is cheap to import, unlike the modules that read the files."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Final

from exporter.problems import Problem

MOST_FILES: Final = 200


def vendor_files(patterns: object, directory: Path) -> tuple[list[Path], list[Problem]]:
    """Return the files that match patterns, in the order of the patterns, and the problems with the patterns."""
    if patterns is None:
        return [], []
    if not isinstance(patterns, list) or not all(
        isinstance(one, str) and one.isprintable() and one for one in patterns
    ):
        return [], [Problem("vendor_files", "write a list of files or patterns, such as vendors/*.yaml")]
    files: dict[Path, None] = {}
    found = []
    for index, pattern in enumerate(patterns):
        matching = sorted(glob.glob(str(directory / pattern)))  # noqa: PTH207 - a pattern may be absolute
        if not matching:
            found.append(Problem(f"vendor_files[{index}]", "no such file"))
        files.update(dict.fromkeys(map(Path, matching)))
    if len(files) > MOST_FILES:
        return [], [*found, Problem("vendor_files", f"more than {MOST_FILES} files")]
    return list(files), found
