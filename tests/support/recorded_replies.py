"""The replies that are recorded of each vendor, the account that they are of, and the page that they must give."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from polled_accounts import account_at
from scripted_vendor import Scripted, answer

from exporter import strict_yaml
from exporter.client.auth import Login
from exporter.sandbox import ACCOUNTS, SIMULATIONS
from exporter.vendors import VENDORS, Account

RECORDED = Path(__file__).parents[1] / "vendors"


def recorded_settings(vendor: str) -> dict[str, Any]:
    """Return the account that the recorded replies are of: a file's, or the sandbox's account of the demo."""
    file = RECORDED / vendor / "account.yaml"
    if file.exists():
        settings = strict_yaml.load(file.read_bytes())
        assert isinstance(settings, dict)
        return settings
    demo = strict_yaml.load(
        re.sub(r"\$\{\w+\}", "${VENDOR_SECRET}", SIMULATIONS[vendor].demo(ACCOUNTS[0]).settings).encode()
    )
    assert isinstance(demo, dict)
    base_url = urlsplit(VENDORS[vendor].model_fields["base_url"].default).path
    return {"vendor": vendor, "name": "main", "base_url": f"{{base_url}}{base_url}", **demo}


def recording(vendor: str) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((RECORDED / vendor / "replies.json").read_text())
    return recorded


def recorded_replies(vendor: str) -> dict[str, Any]:
    """Return what answers each call."""
    return {key: reply for key, reply in recording(vendor).items() if key != "fields"}


def recorded_fields(vendor: str) -> dict[str, Any]:
    """Return what the contract leaves open: under `fields` of the recording, or in a file of its own."""
    file = RECORDED / vendor / "fields.json"
    said = json.loads(file.read_text()) if file.exists() else recording(vendor).get("fields", {})
    return {"nullable": [], "keys": [], "entries": [], "loose": [], "otherwise": {}, **said}


def expected_page(vendor: str) -> str:
    """Return the lines that the recorded replies must give."""
    return (RECORDED / vendor / "expected.prom").read_text()


def sign_in_of(account: Account) -> str:
    """Return the call that an account signs in with; empty where there is none."""
    return f"POST {urlsplit(account.base_url).path}{account.auth.path}" if isinstance(account.auth, Login) else ""


def recorded_sign_in(vendor: str) -> str:
    """Return the call that the recorded account signs in with; empty where there is none."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return sign_in_of(account_at("http://127.0.0.1", monkeypatch, recorded_settings(vendor)))


def recorded_script(vendor: str) -> dict[str, list[Scripted]]:
    return {key: [answer(document)] for key, document in recorded_replies(vendor).items()}
