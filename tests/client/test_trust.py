"""Which authorities are trusted, also while their file changes."""

import socket
import ssl
from pathlib import Path

import pytest
import trustme
from polled_accounts import Tally, account_with, be_impatient, client_of, error_of
from socket_servers import head_of, response, served

from exporter.client.trust import trust
from exporter.errors import TLSFailed

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


async def test_authorities_that_change_count_from_the_next_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "trusted.pem"
    ours.cert_pem.write_to_path(str(trusted))

    def serve(one: socket.socket) -> None:
        with context.wrap_socket(one, server_side=True) as wrapped:
            while True:
                head_of(wrapped)
                wrapped.sendall(response(b"{}"))

    with served(serve) as port:
        account = account_with(f"https://127.0.0.1:{port}", monkeypatch, tls={"ca_file": str(trusted)})
        async with client_of(account, Tally()) as client:
            assert await client("/") == {}
            trusted.write_text("half a file, while it is replaced")
            assert await client("/") == {}
            other.cert_pem.write_to_path(str(trusted))
            assert type(await error_of(client)) is TLSFailed
            ours.cert_pem.write_to_path(str(trusted))
            assert await client("/") == {}


def test_an_authority_that_is_named_need_not_have_a_key_identifier(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    context = trust(tmp_path / "ca.pem", insecure=False)

    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
