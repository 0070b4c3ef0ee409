"""What is done to an exporter while it soaks, and what must hold of every page meanwhile."""

import random
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from endurance import Broken
from exporter_process import Running
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
