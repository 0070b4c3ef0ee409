"""Faults of credentials that are no longer valid."""

import json

from exporter.sandbox.faults_call import Call

_TOKENS = ("token", "access_token")
_UNAUTHORIZED = b"Bearer revoked"
_WITHOUT_CREDENTIALS = frozenset(
    {b"host", b"accept", b"accept-encoding", b"connection", b"content-type", b"content-length", b"user-agent"}
)
"""The headers that hold no credentials. Any other header may hold a vendor's key."""


async def revoke(call: Call) -> None:
    """Refuse the credentials of this call, in the vendor's own words."""
    headers = [header for header in call.scope["headers"] if header[0].lower() in _WITHOUT_CREDENTIALS]
    await call.answer(await call.ask_vendor(headers=[*headers, (b"authorization", _UNAUTHORIZED)]))


async def expired(call: Call) -> None:
    """Give each sign-in a token that has already expired."""
    answer = await call.ask_vendor()
    fields = json.loads(answer.body)
    ended = {name: f"{fields[name]}-expired" for name in _TOKENS if isinstance(fields, dict) and name in fields}
    await call.answer(answer.with_body(json.dumps({**fields, **ended}).encode()) if ended else answer)
