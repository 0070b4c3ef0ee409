"""Faults of the list of customers: too many customers, or a list without end."""

import json
import re
from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from exporter.sandbox.accounts import account_where, stable_id
from exporter.sandbox.faults_call import Call, FaultyResponse
from exporter.sandbox.faults_kind import Kind, Word, read_count
from exporter.sandbox.prolifi.accounts import ACCOUNTS
from exporter.sandbox.sign_in import bearer

_MADE_UP = "-0000-4000-8000-5a4d60c5ad00"
_MADE_UP_ID = re.compile(rf"[0-9a-f]{{8}}{_MADE_UP}")


async def customers(call: Call) -> None:
    """List the given number of customers, page by page. Added customers are copies of the first customer."""
    await _page(call, call.given["value"])


async def endless_pages(call: Call) -> None:
    """List customers without end, page by page."""
    await _page(call, inf)


async def repeating_pages(call: Call) -> None:
    """List the first page again and again, claiming that there are more pages."""
    answer = await call.ask_vendor(query_string=_query(call, offset=0))
    document = _paged(answer)
    if document is not None:
        document["pagination"] |= {"offset": _asked(call, "offset", 0), "has_more": True, "total": None}
        answer = answer.with_body(json.dumps(document).encode())
    await call.answer(answer)


async def _page(call: Call, total: float) -> None:
    if not call.scope["path"].endswith("/customers"):
        await call.answer(await call.ask_vendor(**_as_of_a_real_one(call)))
        return
    answer = await call.ask_vendor(query_string=_query(call, offset=0))
    document = _paged(answer)
    if document is None:
        await call.answer(answer)
        return
    limit, offset = _asked(call, "limit", 20), _asked(call, "offset", 0)
    real = document["data"]
    ends = int(min(offset + limit, total))
    document["data"] = [real[n] if n < len(real) else _made_up(real[0], n) for n in range(offset, ends)]
    more, stated = ends < total, None if total == inf else total
    document["pagination"] = {"total": stated, "limit": limit, "offset": offset, "has_more": more}
    await call.answer(answer.with_body(json.dumps(document).encode()))


def _made_up(real: dict[str, Any], number: int) -> dict[str, Any]:
    return {**real, "id": f"{number:08x}{_MADE_UP}", "external_id": f"{real['external_id']}-{number}"}


def _as_of_a_real_one(call: Call) -> dict[str, Any]:
    """Return the call's path and raw path. In both, the id of the first real customer replaces a made-up id."""
    sent = dict(call.scope["headers"]).get(b"authorization", b"").decode("latin-1")
    account = account_where(ACCOUNTS, lambda known: known.key == bearer(sent)) or next(iter(ACCOUNTS))
    real = stable_id("prolifi", account, "1")
    return {
        "path": _MADE_UP_ID.sub(real, call.scope["path"]),
        "raw_path": _MADE_UP_ID.sub(real, call.scope["raw_path"].decode("latin-1")).encode("latin-1"),
    }


def _paged(answer: FaultyResponse) -> dict[str, Any] | None:
    """Return the document of a page; None if the answer is not a page."""
    document = json.loads(answer.body)
    return document if isinstance(document, dict) and "pagination" in document else None


def _query(call: Call, **changed: int) -> bytes:
    return urlencode({**dict(_asked_all(call)), **changed}).encode()


def _asked(call: Call, name: str, default: int) -> int:
    return int(dict(_asked_all(call)).get(name, default))


def _asked_all(call: Call) -> list[tuple[str, str]]:
    return parse_qsl(call.scope["query_string"].decode("latin-1"))


FAULTS: Mapping[str, Kind] = MappingProxyType(
    {
        "customers": Kind(customers, Word("COUNT", read_count, needed=True)),
        "endless-pages": Kind(endless_pages),
        "repeating-pages": Kind(repeating_pages),
    }
)
