"""What IONOS Cloud answers about a contract, and the account that asks."""

from typing import Any

import pytest
from polled_accounts import account_at, lines
from scripted_vendor import Answer, answer

from exporter.store.reading import Reading
from exporter.vendors import Account

PERIOD = {"startDate": "2026-11-01", "endDate": "2026-11-20"}
CENTRE = "a3f1b5de-1c7e-4d5a-9a53-2f3b52d2a701"


def meter(quantity: object, meter_id: str = "C01000", unit: str = "1hour") -> dict[str, Any]:
    return {"meterId": meter_id, "meterDesc": "core", "quantity": {"quantity": quantity, "unit": unit}}


def usage(*meters: object, centre: str | None = CENTRE, **more: str) -> Answer:
    place = {"id": centre, "name": "Main", "location": "de/fra", "meters": list(meters)}
    return answer({**PERIOD, "datacenters": [place], **more})


def ionos(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    credentials = {} if "username" in settings else {"token": "${VENDOR_SECRET}"}
    common = {"vendor": "ionos", "name": "main", "base_url": "{base_url}"}
    return account_at(url, monkeypatch, {**common, **credentials, **settings})


def of(family: str, outcome: object) -> list[str]:
    assert isinstance(outcome, Reading), outcome
    return [line for line in lines(outcome) if line.startswith(f"{family}{{")]
