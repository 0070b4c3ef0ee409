"""Files as the storage writes them, of whatever content."""

import hashlib
import json


def checked(document: object) -> bytes:
    body = json.dumps(document).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body
