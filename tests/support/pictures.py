"""Draws the pictures of the documents: the dashboards, of 45 days of history, and the exporter's landing page.

`python tests/support/pictures.py [NAME]...` draws those whose names begin so, or all; `--all-pages` draws the landing
page in every size and scheme, `--into FOLDER` somewhere else than docs/images. Grafana's panel components come by npm
from the lock in grafana/pictures into .venv/pictures; a Chromium and the servers of scripts/fetch-servers are needed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from exporter_process import ANY_PORT, Running, running
from history import build
from history_prometheus import serving
from history_session import END
from programs import eventually
from servers import NEWEST

from exporter.cli import demo
from exporter.log import configure

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "grafana" / "pictures"
PLACE: Final = ROOT / ".venv" / "pictures"
IMAGES: Final = ROOT / "docs" / "images"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

Job = dict[str, Any]

_DESK, _PHONE = 1600, 390
_DAY: Final = 86400
_CHOSEN: Final[Mapping[str, Mapping[str, list[str]]]] = {
    "quota": {"vendor": ["netnut"], "account": ["acme"], "quota": ["traffic"], "subject": ["410692/Residential"]},
    "vendor": {"vendor": ["twilio"], "metric": ["twilio_usage"]},
}
_HOURS_SHOWN: Final = {"exporter": 24}


def boards() -> Iterator[Job]:
    """Yield a job for each board, and one for the overview on a phone; without where and of what."""
    for path in sorted((ROOT / "grafana" / "dashboards").glob("*.json")):
        begin = END - 3600 * _HOURS_SHOWN.get(path.stem, 30 * 24)
        job = {"board": str(path), "window": {"start": begin, "end": END}, "chosen": _CHOSEN.get(path.stem, {})}
        yield {**job, "out": f"dashboard-{path.stem}.png", "width": _DESK, "theme": "dark"}
        if path.stem == "overview":
            yield {**job, "out": f"dashboard-{path.stem}-phone.png", "width": _PHONE, "theme": "dark"}


def pages(*, every: bool) -> Iterator[tuple[int, Job]]:
    """Yield a job for each picture of the landing page, and of how many accounts it is; without the address."""
    yield 8, {"out": "landing.png", "width": 1280, "theme": "light", "whole": False}
    yield 8, {"out": "landing-phone.png", "width": _PHONE, "theme": "dark", "whole": False}
    for accounts in (8, 60) if every else ():
        for width in (1280, _PHONE):
            for theme in ("light", "dark"):
                out = f"landing-{accounts}-{width}-{theme}.png"
                yield accounts, {"out": out, "width": width, "theme": theme}


def browser() -> str:
    """Return where a Chromium is.

    Raises:
        SystemExit: there is none; says how to get one.

    """
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("no Chromium here: install one, such as Debian's package chromium, or say where it is in CHROMIUM")
    return found


def install() -> None:
    """Put the panel components into .venv/pictures, as the lock has them, unless they are there.

    Raises:
        SystemExit: there is no npm, or it cannot fetch them.

    """
    PLACE.mkdir(parents=True, exist_ok=True)
    lock = PLACE / "package-lock.json"
    fetched = PLACE / "node_modules" / ".package-lock.json"
    is_new = lock.exists() and lock.read_bytes() == (SOURCE / lock.name).read_bytes() and fetched.exists()
    shutil.copytree(SOURCE, PLACE, dirs_exist_ok=True)
    if is_new:
        return
    if shutil.which("npm") is None:
        sys.exit("no npm here: install Node.js 20 or later with it, such as Debian's packages nodejs and npm")
    say("Fetching Grafana's panel components into .venv/pictures")
    command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    if subprocess.run(command, cwd=PLACE, check=False, stdout=subprocess.DEVNULL).returncode:
        sys.exit("npm could not fetch what draws the pictures")


def say(what: str) -> None:
    """Tell a person what takes its time."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def draw(jobs: Sequence[Job], folder: Path, chromium: str) -> None:
    """Draw pictures.

    Raises:
        SystemExit: one of them has an error in it.

    """
    file = folder / "jobs.json"
    file.write_text(json.dumps(jobs))
    done = subprocess.run(("node", "draw.mjs", file), cwd=PLACE, env={**os.environ, "CHROMIUM": chromium}, check=False)
    if done.returncode:
        sys.exit("a picture has an error in it")


def accounts(number: int, sandbox: str) -> str:
    """Return a configuration of so many accounts at a sandbox; three of them fail, each in its own way."""
    listed = yaml.safe_load(demo.configuration(sandbox, "1m"))["accounts"]
    copies = [{**one, "name": f"{one['name']}{copy or ''}"} for copy in range(number) for one in listed][:number]
    by_key = {(one["vendor"], one["name"]): one for one in copies}
    by_key["ionos", "globex"]["base_url"] = "http://127.0.0.1:9/ionos"
    by_key["netnut", "acme"]["password"] = "${WRONG_PASSWORD}"
    by_key["prolifi", "acme"]["base_url"] = f"{sandbox}/nowhere"
    return json.dumps({"accounts": copies})  # of YAML there would be anchors, which are not read


@contextmanager
def exporter(number: int, folder: Path) -> Iterator[str]:
    """Run an exporter of so many accounts, with a sandbox, until each account was polled, and give its URL."""
    folder.mkdir()
    with ExitStack() as stack:
        sandbox = stack.enter_context(running(folder, "sandbox", ANY_PORT, "--seed=7"))
        (folder / "config.yaml").write_text(accounts(number, sandbox.url))
        secrets = {**demo.environment(), "WRONG_PASSWORD": "not-this-one"}
        one = stack.enter_context(running(folder, "run", ANY_PORT, env=secrets))
        eventually(lambda: not _waiting(one))
        yield one.url


def _waiting(exporter: Running) -> int:
    """How many accounts have neither a reading nor a failure."""
    return [one["state"] for one in json.loads(exporter.get("/api/v1/status")[1])["accounts"]].count("waiting")


def main(arguments: Sequence[str]) -> None:
    """Draw what is wanted.

    Raises:
        SystemExit: something that is needed is not here, or a picture has an error in it.

    """
    parser = argparse.ArgumentParser(description="Draw the documents' pictures.")
    parser.add_argument("names", nargs="*", default=[""], help="how the files' names begin; all if not given")
    parser.add_argument("--into", type=Path, default=IMAGES, help="where to draw them")
    parser.add_argument("--all-pages", action="store_true", help="the landing page in every size and scheme too")
    parser.add_argument("--history", type=Path, help="a folder to keep the history in, and to find it the next time")
    wanted = parser.parse_args(arguments)
    begins = tuple(wanted.names)
    chromium = browser()
    install()
    configure("error")
    wanted.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        jobs = [job for job in boards() if job["out"].startswith(begins)]
        landing = [(number, job) for number, job in pages(every=wanted.all_pages) if job["out"].startswith(begins)]
        if jobs:
            history = wanted.history or folder / "history"
            if not history.exists():
                say("Writing 45 days of history")
                build(history)
            (folder / "prometheus").mkdir()
            server = stack.enter_context(serving(NEWEST, folder / "prometheus", history / "many"))
            jobs = [{**job, "prometheus": server.url} for job in jobs]
        urls = {
            number: stack.enter_context(exporter(number, folder / str(number)))
            for number in {number for number, _ in landing}
        }
        jobs += [{**job, "url": urls[number]} for number, job in landing]
        draw([{**job, "out": str((wanted.into / job["out"]).absolute())} for job in jobs], folder, chromium)


if __name__ == "__main__":
    main(sys.argv[1:])
