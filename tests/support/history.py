"""45 days of history: exporters that poll the sandbox on virtual time, as blocks that Prometheus serves.

`python tests/history.py FOLDER` writes `FOLDER/few`, where there is one account a vendor, and `FOLDER/many`, where
there are two, and for the last six days a second exporter that polls them too. Both end at `END`, at which queries
are asked; what is in them is the same each time, but for what the process says of itself.
"""

import fcntl
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from history_declared import DECLARED
from history_session import Session, record
from history_vendors import DAY, HOUR
from servers import GENERATIONS, run_tool

from exporter.log import configure
from exporter.vendors import VENDORS

VARIANTS: Final = ("few", "many")
ACCOUNT: Final = "acme"
"""The one of which the history with few accounts is."""

# Weeks of polls have to fit into seconds: often only where it shows.
_RARELY: Final = {**dict.fromkeys((*VENDORS, *DECLARED), 12), "netnut": 4, "ionos": 6}
_SELDOM: Final = {**dict.fromkeys((*VENDORS, *DECLARED), 6), "netnut": 3, "prolifi": 8}
_OFTEN: Final = {**dict.fromkeys((*VENDORS, *DECLARED), 1), "planship": 2}
_RESTARTED: Final = 3 * DAY
_JOINED: Final = 6 * DAY
SESSIONS: Final = {
    "before": Session("exporter-a:10924", _RARELY, begins=45 * DAY, ends=_RESTARTED + HOUR, offset=41),
    "after": Session("exporter-a:10924", _OFTEN, begins=_RESTARTED, ends=0, offset=41, away=HOUR),
    "beside": Session("exporter-b:10924", _SELDOM, begins=_JOINED, ends=0, offset=173),
}
"""An exporter that was away for an hour and then asked more often; and another beside it."""

_ONE_BLOCK: Final = "--max-block-duration=39366h"


def build_once(folder: Path) -> Path:
    """The folder of the histories, written by the first of the processes that ask for it."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            (folder / "whole").touch()
    return folder


def build(folder: Path) -> None:
    """Write both histories to a folder that is not there yet; the sessions side by side."""
    for variant in VARIANTS:
        (folder / variant).mkdir(parents=True)
    # Nobody measures the coverage of what runs here: it would take twice as long.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    with (folder / "log").open("wb") as log:
        running = [
            subprocess.Popen([sys.executable, __file__, folder, session], stdout=log, stderr=log, env=environment)
            for session in SESSIONS
        ]
        codes = [one.wait() for one in running]
    if any(codes):
        raise RuntimeError((folder / "log").read_text())


def build_session(folder: Path, name: str) -> None:
    """Write what there is of one session in both histories."""
    gc.disable()
    recorder = record(SESSIONS[name])
    _write_block(recorder.write, folder / "many")
    if name != "beside":
        _write_block(lambda path: recorder.write(path, _of_few), folder / "few")


def _of_few(series: str) -> bool:
    return 'account="' not in series or f'account="{ACCOUNT}"' in series


def _write_block(write: Callable[[Path], None], data: Path) -> None:
    """Have promtool make one block of what is written, beside the data, and move it there whole."""
    with tempfile.TemporaryDirectory(dir=data.parent) as place:
        text, blocks = Path(place, "openmetrics"), Path(place, "blocks")
        write(text)
        # The oldest makes them, for all can read those.
        done = run_tool(
            "promtool", GENERATIONS[0], "tsdb", "create-blocks-from", _ONE_BLOCK, "openmetrics", text, blocks
        )
        done.check_returncode()
        for block in blocks.iterdir():
            block.rename(data / block.name)


if __name__ == "__main__":
    configure("error")
    (build if len(sys.argv) == 2 else build_session)(Path(sys.argv[1]), *sys.argv[2:])
