"""Vendors that files declare, in the history: their recorded answers, with figures that grow over each month."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from exporter.sandbox import World
from exporter.vendors import Account

FOLDER: Final = Path(__file__).parents[2] / "declared-vendors"
NAMES: Final = ("acme", "globex")
SECRETS: Final = {"DECLARED_SECRET": "sandbox-secret"}

_QUOTAS: Final = {
    "openai": """
    quotas:
      - {name: cost, metric: openai_cost, by: [project_id, currency], limit: 60, unit: usd, period: month}
""",
    "twilio": """
    quotas:
      - {name: sms, metric: twilio_usage, match: {category: sms-outbound}, limit: 20000, unit: segments, period: month}
""",
    "sendgrid": "\n",
}
DECLARED: Final = tuple(sorted(_QUOTAS))
_SECRET_SETTINGS: Final = {"openai": "admin_key", "twilio": "auth_token", "sendgrid": "api_key"}
_BASES: Final = {"openai": "/v1", "twilio": "", "sendgrid": "/v3"}

_GROWING: Final = {
    "value": 20.0,
    "input_tokens": 90.0,
    "output_tokens": 90.0,
    "num_model_requests": 90.0,
    "usage": 20.0,
    "count": 20.0,
    "price": 20.0,
    "used": 2.2,
}
"""Fields that grow, and how many times what was recorded they are at the end of a month."""
_RESETS: Final = {"last_reset": 0, "next_reset": 1}
"""Fields that say when a month begins, and which: this one or the next."""
_LAG: Final = 1200.0
"""How old figures are that say their age, in seconds."""
_PAGES: Final = ("page", "PageToken")


def declared_accounts(url: str) -> str:
    """Return accounts at the declared vendors, to stand behind a list of others, and the files that declare them."""
    accounts = "".join(_account(vendor, name, url) for name in NAMES for vendor in DECLARED)
    return f"{accounts}vendor_files: [{json.dumps(str(FOLDER / '*.yaml'))}]\n"


def _account(vendor: str, name: str, url: str) -> str:
    settings = {
        "vendor": vendor,
        "name": name,
        "base_url": url + _BASES[vendor],
        _SECRET_SETTINGS[vendor]: "${DECLARED_SECRET}",
        **_recording(vendor)["settings"],
    }
    if vendor == "twilio":
        settings["account_sid"] = f"AC{NAMES.index(name) + 1:032}"
    first, *rest = [f"{key}: {json.dumps(value)}\n" for key, value in settings.items()]
    return f"  - {first}" + "".join(f"    {line}" for line in rest) + _QUOTAS[vendor].removeprefix("\n")


def _recording(vendor: str) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((FOLDER / f"{vendor}.replies.json").read_text())
    return recorded


class DeclaredVendor(httpx.AsyncBaseTransport):
    """Answers an account's requests with what was recorded for the same path and page, as large as the month is old."""

    def __init__(self, account: Account, world: World) -> None:
        self._key = "/".join(account.key)
        self._world = world
        self._replies = {
            _asked(key.split(" ")[1]): reply for key, reply in _recording(account.vendor)["replies"].items()
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; what was not recorded is not there."""
        reply = self._replies.get(_asked(str(request.url)))
        if reply is None:
            return httpx.Response(404)
        path = request.url.path.split("/")[-1]
        return httpx.Response(200, json=dict(self._grown(reply, path)))

    def _grown(self, reply: dict[str, Any], place: str) -> Iterator[tuple[str, Any]]:
        """Yield the fields of an object, in figures of now."""
        for name, value in reply.items():
            yield name, self._field(name, value, f"{place}/{reply.get('category', reply.get('model', ''))}")
            if name == "used":  # the rest must fit
                yield "remain", max(reply["total"] - self._field(name, value, place), 0)

    def _field(self, name: str, value: Any, place: str) -> Any:
        if isinstance(value, dict):
            return dict(self._grown(value, place))
        if isinstance(value, list):
            return [dict(self._grown(one, f"{place}/{number}")) for number, one in enumerate(value)]
        if name in _RESETS:
            today = datetime.fromtimestamp(self._world.now(), UTC)
            return f"{today + _RESETS[name] * timedelta(days=32 - today.day):%Y-%m}-01"
        if name == "as_of":
            return datetime.fromtimestamp(self._world.now() - _LAG, UTC).isoformat()
        if name in _GROWING and value is not None:
            grown = float(value) * _GROWING[name] * self._of_month(place)
            return str(round(grown, 2)) if isinstance(value, str) else type(value)(round(grown, 2))
        return value

    def _of_month(self, place: str) -> float:
        """How much of a month is over, a little ahead or behind by day."""
        now = self._world.now()
        at = datetime.fromtimestamp(now, UTC)
        begin = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
        days = (now - begin) / 86400
        whole = sum(self._daily(place, begin, day) for day in range(int(days)))
        return (whole + (days % 1) * self._daily(place, begin, int(days))) / 30

    def _daily(self, place: str, begin: float, day: int) -> float:
        weekday = datetime.fromtimestamp(begin + day * 86400, UTC).weekday()
        return self._world.between(0.6, 1.4, f"{self._key}/{place}/{begin:.0f}/{day}") * (1 if weekday < 5 else 0.3)


def _asked(url: str) -> str:
    """Return what tells the answers of a vendor apart: the end of the path, and the page."""
    parsed = httpx.URL(url)
    page = next((parsed.params[one] for one in _PAGES if one in parsed.params), "")
    return f"{parsed.path.split('/')[-1]} {page}"
