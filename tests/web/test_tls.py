"""TLS of the exporter's own server, over real sockets: who is let in, and by what."""

import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from anyio.streams.tls import TLSAttribute, TLSStream
from web_certificates import MUTUAL, TLS, Place, place, protected
from web_clients import connected

pytestmark = pytest.mark.anyio


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path)


def agreed_on(stream: TLSStream) -> ssl.SSLObject:
    return stream.extra(TLSAttribute.ssl_object)  # noqa: S610 - not Django's


def forced(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """The context, for this version only and for OpenSSL's weakest demands, so that it is the server who refuses."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


async def test_a_client_that_trusts_the_authority_is_answered_over_tls(here: Place) -> None:
    async with protected(here.write(tls_server_config=TLS)) as server, server.client(here.trust()) as http:
        answers = [await http.get(path) for path in ("/metrics", "/", "/-/healthy")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "process_cpu_seconds_total" in answers[0].text
    assert answers[0].http_version == "HTTP/1.1"


async def test_a_client_that_does_not_trust_it_goes_away_and_the_next_is_answered(here: Place, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = place(tmp_path / "other").trust()
    async with protected(here.write(tls_server_config=TLS)) as server:
        async with server.client(stranger) as http:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await http.get("/")
        async with server.client(here.trust()) as http:
            assert (await http.get("/")).status_code == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("settings", "version", "agreed"),
    [
        ({}, ssl.TLSVersion.TLSv1, ""),
        ({}, ssl.TLSVersion.TLSv1_1, ""),
        ({}, ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        ({}, ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ({"min_version": "TLS13"}, ssl.TLSVersion.TLSv1_2, ""),
        ({"min_version": "TLS13"}, ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ({"max_version": "TLS12"}, ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        ({"max_version": "TLS12"}, ssl.TLSVersion.TLSv1_3, ""),
    ],
)
async def test_a_version_is_agreed_on_or_refused(
    settings: dict[str, str], version: ssl.TLSVersion, agreed: str, here: Place
) -> None:
    async with protected(here.write(tls_server_config={**TLS, **settings})) as server:
        context = forced(here.trust(), version)
        try:
            async with connected(server.port, context) as stream:
                seen = agreed_on(stream).version()
        except ssl.SSLError as error:
            seen = error.reason

    assert seen == (agreed or "TLSV1_ALERT_PROTOCOL_VERSION")


FIRST, SECOND = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"
IN_GO = {
    FIRST: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    SECOND: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
}


@pytest.mark.parametrize(
    ("listed", "prefers", "offered", "agreed"),
    [
        ([FIRST, SECOND], True, [SECOND, FIRST], FIRST),
        ([FIRST, SECOND], False, [SECOND, FIRST], SECOND),
        ([SECOND, FIRST], True, [FIRST, SECOND], SECOND),
        ([SECOND], True, [FIRST, SECOND], SECOND),
        ([SECOND], True, [FIRST], ""),
    ],
)
async def test_a_suite_is_one_that_is_listed_in_the_order_of_who_is_preferred(
    listed: list[str], prefers: bool, offered: list[str], agreed: str, here: Place
) -> None:
    suites = {"cipher_suites": [IN_GO[one] for one in listed], "prefer_server_cipher_suites": prefers}
    context = here.trust()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(offered))
    async with protected(here.write(tls_server_config={**TLS, **suites})) as server:
        try:
            async with connected(server.port, context) as stream:
                seen = (agreed_on(stream).cipher() or ("",))[0]
        except ssl.SSLError as error:
            seen = error.reason

    assert seen == (agreed or "SSLV3_ALERT_HANDSHAKE_FAILURE")


@pytest.mark.parametrize(
    ("curve", "outcome"), [("prime256v1", "SSLV3_ALERT_HANDSHAKE_FAILURE"), ("secp384r1", "agreed")]
)
async def test_a_handshake_uses_the_curve_that_is_written(curve: str, outcome: str, here: Place) -> None:
    context = here.trust()
    context.set_ecdh_curve(curve)
    async with protected(here.write(tls_server_config={**TLS, "curve_preferences": ["CurveP384"]})) as server:
        try:
            async with connected(server.port, context):
                seen = "agreed"
        except ssl.SSLError as error:
            seen = error.reason

    assert seen == outcome


OPTIONAL = {"client_auth_type": "VerifyClientCertIfGiven"}
CLIENTS = {
    "own": ("scraper.example.com",),
    "by-address": ("10.0.0.1", "::1"),
    "of another authority": ("scraper.example.com",),
}


@pytest.mark.slow
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("settings", "shown", "status"),
    [
        ({}, "own", 200),
        ({}, "of another authority", 0),
        ({}, "", 0),
        (OPTIONAL, "own", 200),
        (OPTIONAL, "of another authority", 0),
        (OPTIONAL, "", 200),
        ({"client_allowed_sans": ["scraper.example.com"]}, "own", 200),
        ({"client_allowed_sans": ["example.com", "SCRAPER.example.com", "10.0.0.1"]}, "own", 0),
        ({"client_allowed_sans": ["x", "10.0.0.1"]}, "by-address", 200),
        ({"client_allowed_sans": ["0:0:0:0:0:0:0:1"]}, "by-address", 200),
        ({"client_allowed_sans": ["::1"]}, "by-address", 200),
        ({"client_allowed_sans": ["10.0.0.2"]}, "by-address", 0),
    ],
)
async def test_a_client_is_let_in_by_its_certificate(
    settings: dict[str, Any], shown: str, status: int, version: ssl.TLSVersion, here: Place
) -> None:
    for name, identities in CLIENTS.items():
        authority = trustme.CA() if name == "of another authority" else here.authority
        here.issue(name, *identities, authority=authority)
    context = here.trust(shown)
    context.minimum_version = context.maximum_version = version
    file = here.write(tls_server_config={**MUTUAL, **settings})
    async with protected(file) as server, server.client(context) as http:
        try:
            seen = (await http.get("/")).status_code
        except (httpx.TransportError, ssl.SSLError):
            seen = 0

    assert seen == status


async def test_a_client_without_a_certificate_is_told_so(here: Place) -> None:
    file = here.write(tls_server_config=MUTUAL)
    async with protected(file) as server, connected(server.port, here.trust()) as stream:
        with pytest.raises(ssl.SSLError) as raised:
            await stream.receive()

    assert raised.value.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED"


async def test_http_2_is_not_agreed_on(here: Place) -> None:
    context = here.trust()
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with protected(here.write(tls_server_config=TLS)) as server, connected(server.port, context) as stream:
        assert agreed_on(stream).selected_alpn_protocol() == "http/1.1"
