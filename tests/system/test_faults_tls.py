"""What becomes of a poll when the vendor's certificate is not to be trusted: it never goes on without."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from faulty_vendors import FaultyVendors, faulty_vendors, reason_of, watched
from programs import program

pytestmark = pytest.mark.anyio

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, `ca` and `other`, and what the first one signed: good, expired, and for another host."""
    folder, openssl = tmp_path_factory.mktemp("certificates"), program("openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        run("req", "-x509", *KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    for name, address, days in (("good", "127.0.0.1", "2"), ("expired", "127.0.0.1", "-1"), ("strange", "::1", "2")):
        run("req", "-new", *KEY, "-subj", "/CN=vendor", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / "extensions").write_text(f"subjectAltName=IP:{address}\n")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-extfile", "extensions", "-days", days)
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signing)
    return folder


@dataclass
class TLSVendor:
    """Speaks TLS with a certificate, and answers 503 to whoever accepts that."""

    port: int
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def tls_vendor(folder: Path, name: str) -> Iterator[TLSVendor]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        one = TLSVendor(listening.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                one.connections += 1
                with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                    one.heard.append(secured.recv(65_536))
                    secured.sendall(UNAVAILABLE)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield one
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def vendors() -> Iterator[FaultyVendors]:
    with faulty_vendors() as one:
        yield one


@pytest.mark.parametrize(
    ("certificate", "trusted", "reason", "why"),
    [
        pytest.param("good", "ca", "server", "HTTP 503", id="trusted, so that the others fail for what is wrong"),
        pytest.param("expired", "ca", "tls", "certificate has expired", id="expired"),
        pytest.param("strange", "ca", "tls", "IP address mismatch", id="wrong host"),
        pytest.param("good", "other", "tls", "unable to get local issuer certificate", id="unknown CA"),
        pytest.param("good", None, "tls", "unable to get local issuer certificate", id="not among the usual CAs"),
    ],
)
async def test_tls_expired_or_wrong_host_or_unknown_ca(  # noqa: PLR0913, PLR0917 - a row of the table, and three fixtures
    certificate: str,
    trusted: str | None,
    reason: str,
    why: str,
    certificates: Path,
    vendors: FaultyVendors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("exporter.client.retry._FIRST_RETRY_SECONDS", 0.01)
    with tls_vendor(certificates, certificate) as server:
        moved: dict[str, Any] = {"base_url": f"https://127.0.0.1:{server.port}"}
        moved |= {"tls": {"ca_file": str(certificates / f"{trusted}.pem")}} if trusted else {}
        async with watched(vendors.url, monkeypatch, ionos=moved) as exporter:
            after = await exporter.poll()

    assert {name: reason_of(one) for name, one in after.items()} == {**dict.fromkeys(after, ""), "ionos": reason}
    assert why in str(after["ionos"].error)
    tried_again = reason == "server"
    assert (server.connections, len([one for one in server.heard if one])) == ((3, 3) if tried_again else (1, 0))


async def test_tls_to_a_plain_port(vendors: FaultyVendors, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = {"base_url": vendors.url.replace("http:", "https:") + "/ionos/billing"}
    async with watched(vendors.url, monkeypatch, ionos=moved) as exporter:
        after = await exporter.poll()

    assert {name: reason_of(one) for name, one in after.items()} == {**dict.fromkeys(after, ""), "ionos": "tls"}
