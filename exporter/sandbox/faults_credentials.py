"""Faults of credentials: such as are good no more."""

import json

from exporter.sandbox.faults_call import Call

_TOKENS = ("token", "access_token")
_UNAUTHORIZED = b"Bearer revoked"


async def revoke(call: Call) -> None:
    """Refuse the credentials that this call comes with, in the vendor's own words."""
    headers = [header for header in call.scope["headers"] if header[0].lower() != b"authorization"]
    await call.answer(await call.answered(headers=[*headers, (b"authorization", _UNAUTHORIZED)]))


async def expired(call: Call) -> None:
    """Grant a token that has run out already; anything but a sign-in is answered well."""
    answer = await call.answered()
    said = json.loads(answer.body)
    ended = {name: f"{said[name]}-expired" for name in _TOKENS if isinstance(said, dict) and name in said}
    await call.answer(answer.saying(json.dumps({**said, **ended}).encode()) if ended else answer)
