"""Configurations for tests: the least that each vendor needs, and what is said of a bad one."""

from pathlib import Path
from typing import Any

import pytest

from exporter.config import parse
from exporter.problems import ConfigError

UUID = "6f1c4c1e-5d55-4f0a-9a53-0c4b6fa7d0c1"
MINIMAL = {
    "netnut": "vendor: netnut, name: a, token: '${TOKEN}'",
    "ionos": "vendor: ionos, name: a, token: '${TOKEN}'",
    "prolifi": "vendor: prolifi, name: a, api_key: '${TOKEN}', discover: true",
    "planship": "vendor: planship, name: a, client_id: b, client_secret: '${TOKEN}',"
    " customers: [c], products: [{slug: p, levers: [l]}]",
}


def problems(text: str, directory: Path) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse(text.encode(), directory)
    return str(raised.value).splitlines()


def account(vendor: str, settings: str = "") -> str:
    return f"accounts: [{{{MINIMAL[vendor]}{', ' if settings else ''}{settings}}}]"


def parsed(text: str, directory: Path = Path()) -> Any:
    (one,) = parse(text.encode(), directory).accounts
    return one
