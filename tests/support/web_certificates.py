"""Certificates, users and web configuration files for tests, and a server that they protect."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import trustme
import yaml
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from exporter.problems import ConfigError
from exporter.store.store import Store
from exporter.telemetry.reload_status import WebReloadStatus
from exporter.telemetry.telemetry import Telemetry
from exporter.web.addresses import address_of, listen
from exporter.web.limits import Limits
from exporter.web.pages import Application
from exporter.web.protection import WebConfig
from exporter.web.server import Server

USER: Final = "prometheus"
PASSWORD: Final = "canary-13:wörd of a scrape"
HASH: Final = "$2b$04$FEiNEAMYEelUNZJEw2JoXuf9LkJcnNGSp.g3tdZGMHiDB/gkA0Phm"
OTHER_PASSWORD: Final = "canary-14 another"
OTHER_HASH: Final = "$2b$04$UhST40qDL/zEbo/UEnrwKenikSGlUUzPnwN4U89D5fCFwGcuqUIRS"
TLS: Final[Mapping[str, Any]] = {"cert_file": "server.crt", "key_file": "server.key"}
_NONE: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak no TLS, because httpx makes one for each, which takes a while."""
MUTUAL: Final[Mapping[str, Any]] = {
    **TLS,
    "client_ca_file": "ca.crt",
    "client_auth_type": "RequireAndVerifyClientCert",
}
USERS = {USER: HASH, "Bob Ö": OTHER_HASH}
SECTIONS: dict[str, Any] = {"tls_server_config": TLS, "basic_auth_users": {USER: HASH}}
FAILURES = "usage_exporter_web_config_reload_failures_total"
SUCCESSFUL = "usage_exporter_web_config_last_reload_successful"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with an authority's certificate, a server's, and the web configuration that names them."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    @property
    def file(self) -> Path:
        """The web configuration."""
        return self.folder / "web.yml"

    def write(self, **sections: Any) -> Path:
        """Write a web configuration of these sections."""
        self.file.write_text(yaml.safe_dump(sections, sort_keys=False))
        return self.file

    def issue(self, name: str, *identities: str, authority: trustme.CA | None = None) -> None:
        """Write the certificate and the key of a name; for this machine, unless for others."""
        issued = (authority or self.authority).issue_cert(*(identities or ("127.0.0.1", "localhost")))
        issued.private_key_pem.write_to_path(str(self.folder / f"{name}.key"))
        (self.folder / f"{name}.crt").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))

    def trust(self, client: str = "", authority: trustme.CA | None = None) -> ssl.SSLContext:
        """What a client goes by that trusts the authority, and shows a certificate where it has one."""
        context = ssl.create_default_context()
        (authority or self.authority).configure_trust(context)
        if client:
            context.load_cert_chain(self.folder / f"{client}.crt", self.folder / f"{client}.key")
        return context


def place(folder: Path) -> Place:
    """Return a folder with the certificates that a server needs."""
    one = Place(folder, trustme.CA())
    one.authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    one.issue("server")
    return one


@dataclass(frozen=True, slots=True)
class Protected:
    """A server that runs, what protects it, and what is said of that."""

    address: str
    protection: WebConfig
    telemetry: Telemetry
    stop: anyio.Event

    @property
    def port(self) -> int:
        """Where it listens on this machine."""
        return int(self.address.rpartition(":")[2])

    @property
    def loading(self) -> WebReloadStatus:
        """Who is told of the file."""
        return self.telemetry.web_reload_status

    def client(self, context: ssl.SSLContext | None = None) -> httpx.AsyncClient:
        """Return a client: over TLS by this context, or without."""
        scheme = "https" if context else "http"
        return httpx.AsyncClient(base_url=f"{scheme}://{self.address}", verify=context or _NONE)


@asynccontextmanager
async def protected(file: Path, limits: Limits | None = None) -> AsyncIterator[Protected]:
    """Serve the exporter's pages as a web configuration file says."""
    protection, telemetry, stop = WebConfig(file), Telemetry(0), anyio.Event()
    pages = Application(Store(), telemetry, "/metrics")
    (listening,) = listen(["127.0.0.1:0"])
    address = address_of(listening)
    async with anyio.create_task_group() as tasks:
        server = Server(protection.require_auth(pages), stop, limits or Limits(), protection.wrap_tls)
        await tasks.start(server.run, [listening])
        yield Protected(address, protection, telemetry, stop)
        stop.set()


def basic(user: str | bytes, password: str | bytes) -> dict[str, str]:
    """Return the header of HTTP basic authentication, in UTF-8."""
    parts = [part if isinstance(part, bytes) else part.encode() for part in (user, password)]
    return {"Authorization": "Basic " + b64encode(b":".join(parts)).decode()}


def place_with_bad_files(folder: Path) -> Place:
    """Return a folder with the certificates that a server needs, and with files that cannot be used."""
    one = place(folder)
    one.issue("other")
    (folder / "junk").write_text("junk")
    (folder / "empty").write_text("")
    key = load_pem_private_key((folder / "server.key").read_bytes(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    (folder / "encrypted.key").write_bytes(encrypted)
    return one


def tls(**settings: Any) -> dict[str, Any]:
    """A file with TLS; a setting that is None is left out."""
    merged = {**TLS, **settings}
    return {"tls_server_config": {key: value for key, value in merged.items() if value is not None}}


def problems(file: Path) -> list[str]:
    """What is wrong with a web configuration, each with the folder as HERE."""
    try:
        WebConfig(file)
    except ConfigError as error:
        return [str(problem).replace(str(file.parent), "HERE") for problem in error.problems]
    return []


async def refreshed(server: Protected) -> tuple[float, float]:
    """Have the files looked at; whether the last reading was accepted, and how many were not."""
    await server.protection.refresh(server.loading)
    registry = server.telemetry.registry
    return registry.get_sample_value(SUCCESSFUL) or 0, registry.get_sample_value(FAILURES) or 0
