"""An exporter under everything at once, for as long as it is told, and what must hold all the while.

Its vendors fail in every way that the sandbox knows, at random; the configuration is read again, good and bad; a
secret is rotated; two clients scrape, and others open connections and say nothing. For the second half of the time
one exporter is killed again and again, and what another one reads comes and goes.
`python tests/support/soak.py SECONDS` prints what it counted, and ends with 1 at the first thing that does not hold.
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from endurance import Broken, come_and_go, kill_again_and_again
from exporter_process import Running, running
from soak_work import OPENMETRICS, SECRETS, Soak, fault, reload, rotate, scrape, secrets_in, storm

from exporter.cli import demo

SECONDS_A_KILL: Final = 3.0
"""About what a start and a poll or two take: a hundred in five minutes."""
MEGABYTES: Final = 180
"""What it may grow to: an answer may be of 8 MiB before it is refused, and ten of an account are under way."""


def configuration(victim: str, calm: str, secret: Path, *, extra: bool) -> str:
    """Accounts at a sandbox that fails and at one that does not; one more of these at times."""
    text = demo.configuration(victim, "1s", ("acme",)).replace("interval: 1s\n", "interval: 1s\n    timeout: 2s\n")
    text = text.replace("password: ${ACME_NETNUT_PASSWORD}", f"password_file: {secret}")
    text += demo.configuration(calm, "1s", ("globex",)).removeprefix("accounts:\n")
    more = demo.configuration(calm, "5s", ("acme",)).removeprefix("accounts:\n").replace("name: acme", "name: extra")
    return text + (more if extra else "")


class Footprint(NamedTuple):
    """What a process takes."""

    megabytes: float
    files: int
    threads: int


def footprint(exporter: Running) -> Footprint:
    folder = Path("/proc") / str(exporter.process.pid)
    status = (folder / "status").read_text()
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+)", status)
    (threads,) = re.findall(r"Threads:\s+(\d+)", status)
    return Footprint(int(kilobytes) / 1024, len(list((folder / "fd").iterdir())), int(threads))


def texts(victim: str, calm: str, secret: Path) -> Iterator[str]:
    good = [configuration(victim, calm, secret, extra=extra) for extra in (True, False)]
    while True:
        yield from (good[0], "account: [", good[1], good[1], "{}")


def polls(exporter: Running, account: str) -> float:
    page = exporter.get("/metrics")[1]
    counts = re.findall(rf'^usage_exporter_polls_total{{vendor="\w+",account="{account}"}} (\S+)$', page, re.MULTILINE)
    return min(map(float, counts))


@contextmanager
def parts(folder: Path) -> Iterator[tuple[Running, Running, Path, Iterator[str], Path]]:
    """A sandbox that fails, the exporter, its configuration's file, what may stand in that, and a secret's file."""
    for name in ("victim", "calm", "exporter"):
        (folder / name).mkdir()
    secret, file = folder / "password", folder / "config.yaml"
    secret.write_text(SECRETS["ACME_NETNUT_PASSWORD"] + "\n")
    listen = ("--web.listen-address=127.0.0.1:0", "--log.level=error")
    with ExitStack() as stack:
        victim = stack.enter_context(running(folder / "victim", "sandbox", "--web.listen-address=127.0.0.1:0"))
        calm = stack.enter_context(running(folder / "calm", "sandbox", "--web.listen-address=127.0.0.1:0"))
        good = texts(victim.url, calm.url, secret)
        file.write_text(configuration(victim.url, calm.url, secret, extra=False))
        exporter = stack.enter_context(
            running(
                folder / "exporter", "run", f"--config.file={file}", *listen[:1], "--web.enable-lifecycle",
                f"--storage.path={folder / 'storage'}", env=SECRETS,
            )
        )  # fmt: skip
        yield victim, exporter, file, good, secret


def soaked(seconds: float, folder: Path) -> dict[str, object]:
    """Let an exporter run under everything for so many seconds, and return what was counted.

    Raises:
        Broken: something did not hold.

    """
    with parts(folder) as (victim, exporter, file, good, secret):
        time.sleep(5)
        soak, began, before = Soak(time.monotonic() + seconds), time.monotonic(), polls(exporter, "globex")
        work = [
            soak.repeat(0.5, lambda: fault(soak, victim)),
            soak.repeat(5, lambda: reload(soak, exporter, file, good)),
            soak.repeat(3, lambda: rotate(soak, secret)),
            soak.repeat(1, lambda: scrape(soak, exporter, "text/plain")),
            soak.repeat(1, lambda: scrape(soak, exporter, OPENMETRICS)),
            soak.repeat(6, lambda: storm(soak, exporter)),
        ]
        time.sleep(seconds / 3)  # Until then a process grows to its size.
        first = footprint(exporter)
        for thread in work:
            thread.join()
        pace = (polls(exporter, "globex") - before) / (time.monotonic() - began)
        time.sleep(3)
        last = footprint(exporter)
        written = {
            "the log": exporter.err.read_text(),
            "a stored file": "".join(one.read_text() for one in (folder / "storage").iterdir()),
        }
        if exporter.stop() != 0:
            soak.broken.append("it did not end well")
    if found := soak.broken + broken_at_the_end(first, last, pace, written):
        log = written["the log"]
        traceback = log.find("Traceback")
        raise Broken(
            "; ".join(found) + "\n" + (log[-3000:] if traceback < 0 else log[max(0, traceback - 500) :][:3500])
        )
    counted = {"seconds": seconds, "polls a second of an account that is well": round(pace, 2)}
    return {**counted, **dict(sorted(soak.done.items())), "first": first._asdict(), "last": last._asdict()}


def broken_at_the_end(first: Footprint, last: Footprint, pace: float, written: Mapping[str, str]) -> list[str]:
    """What does not hold after it all; `written` is what the exporter wrote, by where."""
    checks = {
        f"memory grew from {first.megabytes:.0f} to {last.megabytes:.0f} MB": last.megabytes
        > 1.25 * first.megabytes + 25,
        f"open files grew from {first.files} to {last.files}": last.files > first.files + 20,
        f"threads grew from {first.threads} to {last.threads}": last.threads > first.threads + 20,
        f"accounts that are well were polled {pace:.2f} times a second, not once": pace < 0.7,
        "there is a traceback in the log": "Traceback" in written["the log"],
        **{f"{where} has a secret": bool(secrets_in(text)) for where, text in written.items()},
    }
    return [said for said, holds_not in checks.items() if holds_not]


def endured(seconds: float, folder: Path) -> dict[str, object]:
    """Let one exporter be killed again and again while what another one reads comes and goes.

    Raises:
        Broken: something did not hold.

    """
    for name in ("killed", "coming"):
        (folder / name).mkdir()
    with ThreadPoolExecutor(2) as threads:
        killed = threads.submit(kill_again_and_again, round(seconds / SECONDS_A_KILL), folder / "killed")
        coming = threads.submit(come_and_go, seconds, folder / "coming")
        return {**killed.result(), **coming.result()}


if __name__ == "__main__":
    part = float(sys.argv[1]) / 2
    with tempfile.TemporaryDirectory() as made:
        try:
            sys.stdout.write(json.dumps({**soaked(part, Path(made)), **endured(part, Path(made))}, indent=2) + "\n")
        except Broken as error:
            sys.exit(f"does not hold: {error}")
