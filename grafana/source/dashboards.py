"""The bundled dashboards, and their text."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.source import exporter, overview, quota, quotas_listed, vendor
from grafana.source.board import Board
from grafana.source.vendor_boards import GENERIC, OWN

FOLDER: Final = Path(__file__).resolve().parents[1] / "dashboards"

_BOARDS: Final[dict[str, Callable[[], Board]]] = {
    "overview": overview.board,
    "quotas": quotas_listed.board,
    "quota": quota.board,
    **{name: import_module(f"grafana.source.{name}").board for name in OWN},
    GENERIC: vendor.board,
    "exporter": exporter.board,
}


def texts() -> dict[Path, str]:
    """Return the file name and text of every dashboard."""
    return {FOLDER / f"{name}.json": text(board().dashboard()) for name, board in _BOARDS.items()}


def document(dashboard: Dashboard) -> Any:
    """Return a dashboard as a JSON document."""
    written = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    panels = [one for row in written["panels"] for one in (row, *(row.get("panels") or ()))]
    of_panels = [link for one in panels for link in one.get("links") or ()]
    of_values = [link for one in panels for link in one.get("fieldConfig", {}).get("defaults", {}).get("links") or ()]
    for control in (*written["links"], *written["annotations"]["list"], *of_panels, *of_values):
        control.pop("placement", None)
    return written


def text(dashboard: Dashboard) -> str:
    """Return a dashboard as text that only changes if the dashboard does."""
    return json.dumps(document(dashboard), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every dashboard, and remove files of dashboards that no longer exist."""
    written = texts()
    for path in set(FOLDER.glob("*.json")) - written.keys():
        path.unlink()
    for path, content in written.items():
        path.write_text(content, encoding="utf-8")
