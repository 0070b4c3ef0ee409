"""Access to an exporter's pages, with settings from a file in the format of `promtool --http.config.file`.

The section `basic_auth` has username, and either password or password_file. The section `tls_config` may have ca_file,
cert_file, key_file and insecure_skip_verify.
"""

from __future__ import annotations

import base64
import ssl
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from exporter.errors import SecretUnreadable
from exporter.problems import ConfigError, Problem, read_document
from exporter.secret import FileSecret, register

_PATIENCE_SECONDS: Final = 30
_MAX_BYTES: Final = 64 * 1024 * 1024
_KEYS: Final = {
    "basic_auth": {"username", "password", "password_file"},
    "tls_config": {"ca_file", "cert_file", "key_file", "insecure_skip_verify"},
}


class HTTPConfig:
    """The password that a client sends, and the client's TLS settings."""

    def __init__(self, authorization: str = "", context: ssl.SSLContext | None = None) -> None:
        self.authorization = authorization
        self.context = context or ssl.create_default_context()


class NoAnswer(Exception):  # noqa: N818 - it is what a person reads
    """A page could not be fetched. The message gives the reason."""


def load_http_config(path: Path) -> HTTPConfig:
    """Return the settings in a file. Relative paths in the file start at the file's folder.

    Raises:
        ConfigError: the file is invalid.

    """
    document = read_document(path)
    if problems := list(_problems({} if document is None else document)):
        raise ConfigError(problems)
    found = document if isinstance(document, dict) else {}
    return HTTPConfig(
        _authorization(found.get("basic_auth") or {}, path.parent), _context(found.get("tls_config") or {}, path.parent)
    )


def _problems(document: object) -> list[Problem]:
    if not isinstance(document, dict):
        return [Problem("", "write a mapping with basic_auth or tls_config")]
    problems = [Problem(str(key), "unknown key") for key in document if key not in _KEYS]
    for section, known in _KEYS.items():
        given = document.get(section) or {}
        if not isinstance(given, dict):
            problems.append(Problem(section, "write a mapping"))
            continue
        problems += [Problem(f"{section}.{key}", "unknown key") for key in given if key not in known]
        for key in known & given.keys():
            kind, message = (bool, "write true or false") if key == "insecure_skip_verify" else (str, "write text")
            if not isinstance(given[key], kind):
                problems.append(Problem(f"{section}.{key}", message))
    login, passwords = document.get("basic_auth"), {"password", "password_file"}
    if isinstance(login, dict) and login and ("username" not in login or len(passwords & login.keys()) != 1):
        problems.append(Problem("basic_auth", "give username, and password or password_file"))
    return problems


def _authorization(given: dict[str, str], folder: Path) -> str:
    if not given:
        return ""
    try:
        password = given["password"] if "password" in given else FileSecret(folder / given["password_file"]).read()
    except SecretUnreadable as error:
        raise ConfigError([Problem("basic_auth.password_file", str(error))]) from None
    pair = f"{given['username']}:{register(password)}".encode()
    return f"Basic {register(base64.b64encode(pair).decode())}"


def _context(given: dict[str, str], folder: Path) -> ssl.SSLContext:
    files = {key: folder / value for key, value in given.items() if key.endswith("_file")}
    try:
        context = ssl.create_default_context(cafile=files.get("ca_file"))
        if "cert_file" in files:
            context.load_cert_chain(files["cert_file"], files.get("key_file"))
    except (OSError, ssl.SSLError):
        raise ConfigError([Problem("tls_config", "a file in it cannot be read, or is not PEM")]) from None
    if given.get("insecure_skip_verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def fetch(url: str, config: HTTPConfig) -> bytes:
    """Return the body of a page of an exporter.

    Raises:
        NoAnswer: there is no answer, or the answer is an error.

    """
    if not url.startswith(("http://", "https://")):
        raise NoAnswer("write a URL such as http://127.0.0.1:10924")
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=config.context))
    try:
        request = Request(url, headers={"Authorization": config.authorization} if config.authorization else {})  # noqa: S310 - the scheme was checked
        with opener.open(request, timeout=_PATIENCE_SECONDS) as answer:
            return bytes(answer.read(_MAX_BYTES))
    except HTTPError as error:
        error.close()
        raise NoAnswer(_refusal(error.code)) from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        message = getattr(reason, "verify_message", None) or getattr(reason, "strerror", None) or str(reason)
        hint = "; is an exporter running there?" if isinstance(reason, ConnectionRefusedError) else ""
        raise NoAnswer(f"{message}{hint}") from None
    except (HTTPException, ValueError):
        raise NoAnswer("the server does not speak HTTP") from None


def _refusal(code: int) -> str:
    known = {
        401: "it asks for a password: give one with --http.config.file",
        404: "the server is not an exporter of this version",
    }
    return known.get(code, f"HTTP {code}")
