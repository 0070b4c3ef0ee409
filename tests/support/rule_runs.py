"""Runs the tests that are prepared for the tools, which fail with what the tool says of them."""

import json
from pathlib import Path
from typing import Any

from rule_cases import for_vmalert
from servers import NEWEST, run_tool


def hold_in_prometheus(cases: list[dict[str, Any]], generation: str, folder: Path) -> None:
    """Promtool of a generation finds what the cases expect."""
    done = run_tool("promtool", generation, "test", "rules", *_written(cases, folder))
    assert done.returncode == 0, done.stdout + done.stderr


def hold_in_vmalert(cases: list[dict[str, Any]], folder: Path) -> None:
    """The same of vmalert-tool, with all cases in one run."""
    files = _written([for_vmalert(case) for case in cases], folder)
    done = run_tool("vmalert-tool", NEWEST, "unittest", *(f"--files={file}" for file in files))
    assert done.returncode == 0, done.stdout + done.stderr


def _written(cases: list[dict[str, Any]], folder: Path) -> list[Path]:
    """Write each case as a file for the engine, beside a file of its rules."""
    files = []
    for number, case in enumerate(cases):
        rules, file = folder / f"{number}-rules.yml", folder / f"{number}.yml"
        order = [group["name"] for group in case["rule_files"]]
        rules.write_text(json.dumps({"groups": case["rule_files"]}))
        shown = {key: value for key, value in case.items() if key != "all_rules"}
        file.write_text(json.dumps({**shown, "rule_files": [rules.name], "group_eval_order": order}))
        files.append(file)
    return files
