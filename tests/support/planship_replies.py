"""A customer of Planship's: what the vendor answers, and the account that asks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from polled_accounts import NOW, account_at
from polled_quotas import polled_quotas
from quota_samples import Watched
from scripted_vendor import Answer, Scripted, answer, scripted

from exporter.vendors import Account

TOKEN = answer({"access_token": "t", "expires_in": 3600})
CUSTOMER = "/api/v1/customers/u1"
LEVER = f"GET {CUSTOMER}/products/app/levers/clicks/usage"
ENTITLEMENTS = f"GET {CUSTOMER}/products/app/entitlements"
SUBSCRIPTIONS = f"GET {CUSTOMER}/subscriptions?product_slug=app"
Rows = Sequence[Mapping[str, object]]


def usage(total: object, buckets: object = None, subscriptions: Iterable[str] = ("s1",)) -> dict[str, Any]:
    rows = [{"usage": total, "bucket": None}]
    by_bucket = {"null": total} if buckets is None else buckets
    return {"total": total, "by_bucket": by_bucket, "by_subscription": dict.fromkeys(subscriptions, rows)}


def subscription(identifier: str = "s1", **changes: object) -> dict[str, object]:
    usual = {"is_active": True, "auto_renew": True, "renew_at": "2026-12-01", "last_renewed_at": "2026-11-01"}
    return {"subscription_id": identifier, "plan": {"slug": "pro"}, **usual, **changes}


def planship(url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Account:
    common = {
        "vendor": "planship",
        "name": "main",
        "base_url": "{base_url}",
        "client_id": "client-1",
        "client_secret": "${VENDOR_SECRET}",
        "customers": ["u1"],
        "products": [{"slug": "app", "levers": ["clicks"]}],
        "entitlements": True,
    }
    return account_at(url, monkeypatch, {**common, **settings})


def script(used: Sequence[object], left: Sequence[object], listed: Rows = ()) -> dict[str, list[Scripted]]:
    return {
        "POST /api/v1/auth/token": [TOKEN],
        LEVER: [one if isinstance(one, Answer) else answer(one) for one in used],
        ENTITLEMENTS: [answer({"clicks": one}) for one in left],
        SUBSCRIPTIONS: [answer(list(listed))],
    }


def quotas_of(
    monkeypatch: pytest.MonkeyPatch, replies: dict[str, list[Scripted]], polls: int = 1, **settings: Any
) -> Watched:
    with scripted(replies) as server:
        times = [NOW + timedelta(minutes=5 * number) for number in range(polls)]
        return polled_quotas(planship(server.url, monkeypatch, **settings), *times)
