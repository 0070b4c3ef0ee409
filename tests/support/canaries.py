"""Secrets that must never be seen, each with the forms in which it could be, and vendors that give them all away."""

from __future__ import annotations

import json
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import quote, quote_plus

from exporter import strict_yaml
from exporter.vendors import VENDORS

USER: Final = "canary-user@example.com"
_LISTED: Final[dict[str, str]] = {
    "NETNUT_PASSWORD": 'canary-01/netnut "pass" + wörd\\&=%',
    "NETNUT_PASSWORD_FILE": "canary-02 netnut password from a file",
    "NETNUT_TOKEN": "canary-03.netnut+token/==",
    "IONOS_PASSWORD": "canary-04/ionos pass:wörd",
    "IONOS_TOKEN": "canary-05.ionos-token~",
    "PROLIFI_API_KEY": "pk_canary-06+prolifi",
    "PROLIFI_API_KEY_FILE": "sk_canary-07/prolifi",
    "PLANSHIP_CLIENT_SECRET": 'canary-08"planship&client\\secret',
    "PLANSHIP_CLIENT_SECRET_FILE": "canary-09 planship client secret",
}


def _others() -> Iterator[tuple[str, Any, dict[str, str]]]:
    """Yield each vendor that has no account below, with the settings of its example and its secrets by variable."""
    for vendor, model in VENDORS.items():
        if not any(name.startswith(f"{vendor.upper()}_") for name in _LISTED):
            variables = re.findall(r"\$\{(\w+)\}", model.example)
            yield (
                vendor,
                strict_yaml.load(model.example.encode()),
                {one: f"canary-{one.lower()}+{vendor}" for one in variables},
            )


SECRETS: Final[Mapping[str, str]] = _LISTED | {
    variable: secret for _, _, secrets in _others() for variable, secret in secrets.items()
}
GIVEN_OUT: Final[Mapping[str, str]] = {
    "token": "canary-10/netnut+session.token==",
    "access_token": "canary-11/planship+session.token==",
    "proxied": "canary-12-of-a-vendor",
}
"""Tokens that the vendors hand out."""


def forms(secret: str) -> set[str]:
    """Return how a secret could be written: as it is, encoded, escaped, and in a header."""
    pairs = [secret, *(f"{name}:{secret}" for name in (USER, "canary-client"))]
    encoded = {encode(pair.encode()).decode() for pair in pairs for encode in (b64encode, urlsafe_b64encode)}
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), *encoded, *escaped}


ALL_FORMS: Final = {form: name for name, secret in {**SECRETS, **GIVEN_OUT}.items() for form in sorted(forms(secret))}


def seen(text: str) -> set[str]:
    """Return the names of the secrets that a text gives away, in whatever form."""
    return {name for form, name in ALL_FORMS.items() if form in text or form.rstrip("=") in text}


BEHAVIOURS: Final = (
    "answers_well",
    "refuses_sign_in",
    "unauthorized",
    "forbidden",
    "rate_limited",
    "server_failed",
    "redirects",
    "echoes_text",
    "echoes_json",
    "says_no",
    "breaks_off",
    "speaks_no_http",
)
_STATUSES: Final = {
    "refuses_sign_in": 401,
    "unauthorized": 401,
    "forbidden": 403,
    "rate_limited": 429,
    "server_failed": 500,
    "redirects": 302,
}


heard: Final[set[str]] = set()
"""The names of the secrets that the vendors were told so far."""


class _Indiscreet(BaseHTTPRequestHandler):
    """Answers as the first segment of the path says, and repeats whatever it was told wherever there is room."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a request."""
        behaviour = self.path.split("/")[1]
        told = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        authorization = self.headers.get("Authorization", "")
        heard.update(seen(f"{authorization} {told}"))
        everything = f"{authorization} {told} {' '.join(SECRETS.values())} {' '.join(GIVEN_OUT.values())}"
        if "auth/" in self.path and behaviour != "refuses_sign_in":
            self._send(200, {"success": True, **GIVEN_OUT, "expires_in": 3600}, authorization)
        elif behaviour == "breaks_off":
            self.close_connection = True
        elif behaviour == "speaks_no_http":
            self.wfile.write(f"{everything}\r\n\r\n".encode())
            self.close_connection = True
        elif behaviour == "echoes_text":
            self._send(200, everything, authorization)
        elif behaviour == "says_no":
            self._send(200, {"success": False, "message": everything}, authorization)
        elif behaviour == "echoes_json":
            self._send(200, {"error": everything, "data": {"usage": everything}}, authorization)
        else:
            self._send(_STATUSES.get(behaviour, 200), {"success": True, "data": [], "companies": []}, authorization)

    def do_POST(self) -> None:
        """Answer a request with a body."""
        self.do_GET()

    def _send(self, status: int, body: object, told: str) -> None:
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        shown = quote(told, safe="")
        self.send_response(status, told.encode("ascii", "replace").decode())
        self.send_header("Content-Type", f"application/json; told={shown}")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Location", f"https://{shown}:{shown}@elsewhere.example/{shown}?told={shown}")
        self.send_header("WWW-Authenticate", f'Basic realm="{shown}"')
        self.send_header("Retry-After", "600" if status == HTTPStatus.TOO_MANY_REQUESTS else shown)
        self.send_header("X-RateLimit-Limit", shown)
        self.send_header("Set-Cookie", f"told={shown}")
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def indiscreet_vendors() -> Iterator[str]:
    """Serve the vendors on a free port of this machine and give their URL."""
    server = _Server(("127.0.0.1", 0), _Indiscreet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_ACCOUNTS: Final = f"""\
  - {{vendor: netnut, name: B, base_url: URL/B, interval: 1s, email: {USER}, password: "${{NETNUT_PASSWORD}}"}}
  - {{vendor: netnut, name: B-file, base_url: URL/B, interval: 1s, email: {USER}, password_file: NETNUT_PASSWORD_FILE}}
  - {{vendor: netnut, name: B-token, base_url: URL/B, interval: 1s, token: "${{NETNUT_TOKEN}}"}}
  - {{vendor: ionos, name: B, base_url: URL/B, interval: 1s, username: {USER}, password: "${{IONOS_PASSWORD}}"}}
  - {{vendor: ionos, name: B-token, base_url: WELL, cloud_api_url: URL/B, interval: 1s, token: "${{IONOS_TOKEN}}",
     contracts: [12345], limits: true, names: true}}
  - {{vendor: prolifi, name: B, base_url: URL/B, interval: 1s, api_key: "${{PROLIFI_API_KEY}}", discover: true}}
  - {{vendor: prolifi, name: B-file, base_url: URL/B, interval: 1s, api_key_file: PROLIFI_API_KEY_FILE, discover: true,
     names: true}}
  - {{vendor: planship, name: B, base_url: URL/B, interval: 1s, client_id: canary-client,
     client_secret: "${{PLANSHIP_CLIENT_SECRET}}", customers: [c], products: [{{slug: p, levers: [l]}}]}}
  - {{vendor: planship, name: B-file, base_url: URL/B, interval: 1s, client_id: canary-client,
     client_secret_file: PLANSHIP_CLIENT_SECRET_FILE, customers: [c], products: [{{slug: p, levers: [l]}}],
     names: true}}
"""


def configuration(url: str) -> str:
    """Return accounts with every secret, at a vendor of every behaviour; `SECRETS` are its variables and files."""
    return "accounts:\n" + "".join(_accounts_at(f"{url}/{one}", one) for one in BEHAVIOURS)


def _accounts_at(url: str, name: str) -> str:
    common = {"name": name, "base_url": url, "interval": "1s"}
    others = ({"vendor": vendor, **common, **settings} for vendor, settings, _ in _others())
    well = f"{url.rpartition('/')[0]}/{BEHAVIOURS[0]}"
    listed = _ACCOUNTS.replace("URL/B", url).replace("WELL", well).replace("B", name)
    return listed + "".join(f"  - {json.dumps(account)}\n" for account in others)
