"""What an exporter keeps over kills, and over hours in which what it reads comes and goes.

`kill_again_and_again` ends a real exporter with SIGKILL between two scrapes, again and again. `come_and_go` has it read
every second a vendor whose plans have other ids each time. Both end with `Broken` where something does not hold.
"""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from exporter_process import ANY_PORT, Running, running
from page_text import value_of
from scripted_vendor import Answer, Request, Scripted, ScriptedVendor, answer, scripted

SECRET: Final = {"VENDOR_SECRET": "an-invented-secret"}
NAME: Final = "main-157"
"""First polls are spread over a second, by account; this one comes at once."""
ACCOUNT: Final = {"vendor": "netnut", "account": NAME}
LONGEST_LIFE_SECONDS: Final = 2.0
PLANS: Final = 200
MOST_SERIES: Final = 500


class Broken(Exception):  # noqa: N818 - something that should hold does not
    """What does not hold."""


def plan(number: int, used: float) -> dict[str, object]:
    dates = {"start_date": "2026-11-01T00:00:00.000Z", "end_date": "2096-12-01T00:00:00.000Z"}
    figures = {"total_gb_used": used, "total_requests_used": 10 * used, "plan_gb": 10**9, "usage_percentage": "1"}
    return {"id": number, "product_type": "Residential", "is_active": True, **dates, **figures}


@contextmanager
def vendor_of(plans: Iterator[list[dict[str, object]]]) -> Iterator[ScriptedVendor]:
    def usage(_request: Request) -> Answer:
        return answer({"success": True, "data": next(plans)})

    script: dict[str, list[Scripted]] = {
        "POST /auth/login": [answer({"success": True, "token": "an-invented-token"})],
        "POST /customer/usage/myusage": [usage],
    }
    with scripted(script) as vendor:
        yield vendor


def configured(vendor: ScriptedVendor, folder: Path) -> tuple[str, ...]:
    """The arguments of an exporter that reads the vendor every second."""
    account = {
        "vendor": "netnut",
        "name": NAME,
        "base_url": vendor.url,
        "email": "a@example.com",
        "password": "${VENDOR_SECRET}",
        "interval": "1s",
        "max_series": MOST_SERIES,
    }
    (folder / "config.yaml").write_text(json.dumps({"accounts": [account]}))
    return "run", f"--config.file={folder / 'config.yaml'}", ANY_PORT, f"--storage.path={folder / 'storage'}"


def said(exporter: Running) -> tuple[float, float]:
    """The counter of the plan's quota, and when the reading was finished; 0 where the page has none."""
    page = exporter.get("/metrics")[1]
    quota = {"quota": "traffic", "subject": "1/Residential", "unit": "GB"}
    counter = value_of(page, "usage_quota_consumed_total", **ACCOUNT, **quota)
    return counter or 0.0, value_of(page, "usage_exporter_poll_last_success_timestamp_seconds", **ACCOUNT) or 0.0


def kill_again_and_again(times: int, folder: Path, seed: int = 1) -> dict[str, object]:
    """Kill an exporter so often, at any moment of its polls, and look at what the next one shows.

    Raises:
        Broken: a counter fell to anything but 0, or a reading is older than one that was shown.

    """
    moments, last, most = random.Random(seed), (0.0, 0.0), 0.0  # noqa: S311 - no secret
    with vendor_of([plan(1, used)] for used in map(float, count(5))) as vendor:
        arguments = configured(vendor, folder)
        for number in range(times):
            with running(folder, *arguments, env=SECRET) as exporter:
                deadline = time.monotonic() + moments.uniform(0.0, LONGEST_LIFE_SECONDS)
                while True:
                    now = said(exporter)
                    if (now[0] < last[0] and now[0]) or now[1] < last[1]:
                        raise Broken(f"after kill {number}, {now} is shown and before it {last} was")
                    last = now
                    if time.monotonic() >= deadline and now[1]:
                        break
                    time.sleep(moments.uniform(0.0, 0.02))
                exporter.process.kill()
                most = max(most, last[0])
    if not most:
        raise Broken("the counter never rose")
    return {"kills": times, "polls": vendor.asked("POST /customer/usage/myusage"), "the counter": most}


def come_and_go(seconds: float, folder: Path) -> dict[str, object]:
    """Read plans with other ids each second, and look that neither memory nor what is stored grows.

    Raises:
        Broken: it does, after the first part of the time.

    """
    shown = ([plan(first * PLANS + one, 5.0) for one in range(PLANS)] for first in count())
    with vendor_of(shown) as vendor, running(folder, *configured(vendor, folder), env=SECRET) as exporter:
        began = time.monotonic()
        sizes: list[tuple[float, int]] = []
        for share in (1 / 5, 1.0):
            time.sleep(max(0.0, began + share * seconds - time.monotonic()))
            exporter.get("/metrics")
            sizes.append((megabytes(exporter), stored(folder)))
        (before, stored_before), (after, stored_after) = sizes
        if after > 1.1 * before + 5:
            raise Broken(f"memory grew from {before:.0f} to {after:.0f} MB while ids came and went")
        if stored_after > 1.2 * stored_before + 100_000:
            raise Broken(
                f"what is stored grew from {stored_before:,} to {stored_after:,} bytes while ids came and went"
            )
        polls = vendor.asked("POST /customer/usage/myusage")
    return {"ids that came and went": polls * PLANS, "memory": [round(one) for one, _ in sizes], "stored": stored_after}


def megabytes(exporter: Running) -> float:
    """What is resident."""
    status = Path(f"/proc/{exporter.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def stored(folder: Path) -> int:
    """How many bytes the readings on the disk are, the larger slot of each."""
    return max((file.stat().st_size for file in (folder / "storage").iterdir()), default=0)
