"""Configurations for tests: the least that each vendor needs, and what is said of a bad one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from exporter import strict_yaml
from exporter.config import parse
from exporter.problems import ConfigError
from exporter.vendors import VENDORS

KNOWN = ", ".join(VENDORS)
"""The vendors, as a problem lists them."""
UUID = "6f1c4c1e-5d55-4f0a-9a53-0c4b6fa7d0c1"


def _minimal(vendor: str) -> str:
    """Return the settings of a vendor's example in one line; what they take from the environment is in TOKEN."""
    settings = strict_yaml.load(re.sub(r"\$\{\w+\}", "${TOKEN}", VENDORS[vendor].example).encode())
    assert isinstance(settings, dict)
    own = ", ".join(f"{name}: {json.dumps(value)}" for name, value in settings.items())
    return f"vendor: {vendor}, name: a, {own}".replace('"${TOKEN}"', "'${TOKEN}'")


MINIMAL = {
    **{vendor: _minimal(vendor) for vendor in VENDORS},
    # Those that tests change as text.
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
