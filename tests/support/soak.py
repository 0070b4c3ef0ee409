"""An exporter under everything at once, for as long as it is told, and what must hold all the while.

Its vendors fail in every way that the sandbox knows, at random; the configuration is read again, good and bad; a
secret is rotated; two clients scrape, and others open connections and say nothing. For the second half of the time
one exporter is killed again and again, and what another one reads comes and goes.
`python tests/support/soak.py SECONDS` prints what it counted, and ends with 1 at the first thing that does not hold.
"""

import json
import random
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from endurance import Broken, come_and_go, kill_again_and_again
from exporter_process import Running, running
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.cli import demo
from exporter.sandbox import SIMULATIONS

OPENMETRICS: Final = "application/openmetrics-text;version=1.0.0"
SECRETS: Final = demo.environment()

# What a poll cannot survive, so that the last good reading must be shown on; most vendors get these alone.
FAILING: Final = [
    *("refuse", "hang=3", "drip", "cut", "reset", "garbage", "long-header", "endless", "huge=9", "gzip-bomb=64"),
    *("gzip-twice", "truncate", "html", "empty", "wrong-top", "redirect=http://127.0.0.1:1/", "revoke"),
    *(f"status={code}" for code in (400, 403, 404, 409, 422, 500)),
    *("status=429;retry-after=1", "status=503;retry-after=junk"),
]
# What leaves a reading that is poorer; Prolifi and Planship get these too.
SPOILING: Final = [
    *("wrong-types;at-most=2", "nulls;at-most=2", "missing;at-most=2", "rows=500", "repeating-pages"),
    *("labels=newline", "labels=nul", "labels=long", "skew=-90000", "bom", "latin-1"),
]
SECONDS_A_KILL: Final = 3.0
"""About what a start and a poll or two take: a hundred in five minutes."""
MEGABYTES: Final = 180
"""What it may grow to: an answer may be of 8 MiB before it is refused, and ten of an account are under way."""
VICTIMS: Final = {
    **dict.fromkeys(SIMULATIONS, FAILING),
    "prolifi": FAILING + SPOILING,
    "planship": FAILING + SPOILING,
}


@dataclass
class Soak:
    """What was done so far, and what was found."""

    deadline: float
    done: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    last_success: dict[str, float] = field(default_factory=dict)

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.deadline and not self.broken

    def repeat(self, seconds: float, what: Callable[[], None]) -> threading.Thread:
        """Do something again and again until the end; what does not hold, or cannot be done, ends all."""

        def loop() -> None:
            while self.goes_on:
                try:
                    what()
                except (Broken, OSError) as broken:
                    self.broken.append(str(broken))
                time.sleep(seconds * (0.5 + random.random()))  # noqa: S311 - no secret

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        return thread


def configuration(victim: str, calm: str, secret: Path, *, extra: bool) -> str:
    """Accounts at a sandbox that fails and at one that does not; one more of these at times."""
    text = demo.configuration(victim, "1s", ("acme",)).replace("interval: 1s\n", "interval: 1s\n    timeout: 2s\n")
    text = text.replace("password: ${ACME_NETNUT_PASSWORD}", f"password_file: {secret}")
    text += demo.configuration(calm, "1s", ("globex",)).removeprefix("accounts:\n")
    more = demo.configuration(calm, "5s", ("acme",)).removeprefix("accounts:\n").replace("name: acme", "name: extra")
    return text + (more if extra else "")


def post(url: str, body: bytes = b"") -> int:
    request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310 - http to this machine
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def fault(soak: Soak, sandbox: Running) -> None:
    vendor = random.choice(list(VICTIMS))  # noqa: S311 - no secret
    kind = random.choice(VICTIMS[vendor])  # noqa: S311 - the same
    times = random.randint(1, 3)  # noqa: S311 - the same
    if post(f"{sandbox.url}/-/faults", f"{vendor}:*:{kind};times={times}".encode()) != 201:
        raise Broken(f"the sandbox knows no fault {kind}")
    soak.done[f"fault {kind.partition('=')[0].partition(';')[0]}"] += 1


def reload(soak: Soak, exporter: Running, file: Path, texts: Iterator[str]) -> None:
    text = next(texts)
    file.write_text(text)
    if random.random() < 0.5:  # noqa: S311 - no secret
        exporter.process.send_signal(signal.SIGHUP)
    elif (post(f"{exporter.url}/-/reload") == 200) != text.startswith("accounts"):
        raise Broken("a reload is accepted that should not be, or the other way round")
    soak.done["reload"] += 1


def rotate(soak: Soak, secret: Path) -> None:
    if random.random() < 0.3:  # noqa: S311 - no secret
        secret.write_text("")
        time.sleep(0.05)
    new = secret.with_suffix(".new")
    new.write_text(SECRETS["ACME_NETNUT_PASSWORD"] + "\n")
    new.replace(secret)
    soak.done["rotation"] += 1


def scrape(soak: Soak, exporter: Running, accept: str) -> None:
    request = urllib.request.Request(f"{exporter.url}/metrics", headers={"Accept": accept})  # noqa: S310 - this machine
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            page = answer.read().decode()
    except OSError as error:
        raise Broken(f"a scrape failed: {error}") from None
    parse = parse_openmetrics if accept == OPENMETRICS else parse_text
    try:
        series = {
            (one.name, *sorted(one.labels.items())): one.value for family in parse(page) for one in family.samples
        }
    except ValueError as error:
        raise Broken(f"a page is not valid: {error}") from None
    look(soak, page, series, accept)
    soak.done["page"] += 1


def secrets_in(text: str) -> list[str]:
    return [name for name, value in SECRETS.items() if value in text]


def look(soak: Soak, page: str, series: dict[tuple[object, ...], float], client: str) -> None:
    """What must hold of every page."""
    if given := secrets_in(page):
        raise Broken(f"a page shows {given}")
    for key, value in series.items():
        labels: dict[str, str] = dict(one for one in key[1:] if isinstance(one, tuple))
        who = f"{labels.get('vendor')}/{labels.get('account')} to {client}"
        if key[0] == "usage_exporter_poll_last_success_timestamp_seconds" and labels["account"] != "extra":
            if value < soak.last_success.get(who, 0):
                raise Broken(f"the last success of {who} is earlier than it was")
            soak.last_success[who] = max(value, soak.last_success.get(who, 0))
        shown = key[0] == "usage_exporter_account_series" and VICTIMS[labels["vendor"]] is FAILING
        if shown and labels["account"] != "extra" and who in soak.last_success and value == 0:
            raise Broken(f"the last good reading of {who} is not shown")


def storm(soak: Soak, exporter: Running) -> None:
    host, port = exporter.url.removeprefix("http://").split(":")
    with ExitStack() as stack:
        for number in range(200):
            with suppress(OSError):
                one = stack.enter_context(socket.create_connection((host, int(port)), timeout=2))
                one.sendall(
                    (b"", b"GET /metr", b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000, b"\x00\xff\r\n\r\n")[number % 4]
                )
        time.sleep(1)
    soak.done["storm"] += 1


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
