"""The web configuration file: what it can say, as promtool reads it too, and what is refused for which reason."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from servers import GENERATIONS, run_tool
from web_certificates import HASH, MUTUAL, PASSWORD, TLS, Place, place_with_bad_files, problems, tls

from exporter.web.values import CIPHERS, CLIENT_AUTH, CURVES

ROOT = Path(__file__).parents[2]
USERS = {"prometheus": HASH}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
    "X-XSS-Protection": "1; mode=block",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_with_bad_files(tmp_path_factory.mktemp("web"))


def headers(name: str, value: object) -> dict[str, Any]:
    return {"http_server_config": {"headers": {name: value}}}


def user(name: object, hashed: object) -> dict[str, Any]:
    return {"basic_auth_users": {name: hashed}}


def promtool(file: Path, generation: str) -> bool:
    """Whether promtool finds a web configuration valid."""
    return run_tool("promtool", generation, "check", "web-config", file).returncode == 0


def is_usable(curve: str) -> bool:
    """Whether this Python can use a curve; Debian 12's does not know X25519."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ecdh_curve(CURVES[curve])
    except ssl.SSLError:
        return False
    return True


GOOD: list[dict[str, Any]] = [
    tls(),
    tls(min_version="TLS12", max_version="TLS13"),
    tls(min_version="TLS13"),
    tls(max_version="TLS12"),
    tls(client_auth_type="NoClientCert"),
    tls(client_auth_type="VerifyClientCertIfGiven", client_ca_file="ca.crt"),
    tls(**MUTUAL),
    *(tls(cipher_suites=[suite]) for suite in CIPHERS),
    tls(cipher_suites=list(CIPHERS)),
    tls(prefer_server_cipher_suites=False),
    tls(prefer_server_cipher_suites=True),
    *(tls(curve_preferences=[curve]) for curve in CURVES if is_usable(curve)),
    {"http_server_config": {"http2": False}},
    {"http_server_config": {"headers": HEADERS}},
    headers("X-Frame-Options", "sameorigin"),
    headers("X-XSS-Protection", ""),
    {"basic_auth_users": USERS},
    {"basic_auth_users": {"alice": HASH.replace("$2b$04$", "$2y$10$"), "Bob Ö": HASH.replace("$2b$04$", "$2a$15$")}},
    {**tls(), "http_server_config": {"http2": False, "headers": HEADERS}, "basic_auth_users": USERS},
]


@pytest.mark.parametrize("sections", GOOD, ids=str)
def test_a_good_file_is_taken_and_promtool_agrees(sections: dict[str, Any], here: Place, generation: str) -> None:
    file = here.write(**sections)

    assert problems(file) == []
    assert promtool(file, generation)


IN_TLS = "tls_server_config."
IN_HEADERS = "http_server_config.headers."
NOT_THERE = "cannot be read (No such file or directory)"
USELESS_AUTHORITY = (
    f"{IN_TLS}client_auth_type: write RequireAndVerifyClientCert, or leave client_ca_file out: alone it does nothing"
)
BAD_HASH = "write the bcrypt hash of a password, which begins with $2b$ or $2y$; not the password itself"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"tls_server_confg": TLS}, "tls_server_confg: unknown key; did you mean tls_server_config?"),
    (tls(cert_fil="x"), f"{IN_TLS}cert_fil: unknown key; did you mean cert_file?"),
    (tls(cert_file=None), f"{IN_TLS}cert_file: is missing"),
    (tls(key_file=None), f"{IN_TLS}key_file: is missing"),
    (tls(cert_file="nowhere"), f"{IN_TLS}cert_file: the file HERE/nowhere {NOT_THERE}"),
    (tls(key_file="nowhere"), f"{IN_TLS}key_file: the file HERE/nowhere {NOT_THERE}"),
    (tls(cert_file="."), f"{IN_TLS}cert_file: the file HERE cannot be read (Is a directory)"),
    (tls(cert_file="junk"), f"{IN_TLS}cert_file: the file HERE/junk holds no certificate in PEM"),
    (tls(cert_file="empty"), f"{IN_TLS}cert_file: the file HERE/empty holds no certificate in PEM"),
    (tls(key_file="junk"), f"{IN_TLS}key_file: the file HERE/junk holds no private key in PEM"),
    (tls(key_file="server.crt"), f"{IN_TLS}key_file: the file HERE/server.crt holds no private key in PEM"),
    (tls(key_file="other.key"), f"{IN_TLS}key_file: the file HERE/other.key holds the key of another certificate"),
    (
        tls(key_file="encrypted.key"),
        f"{IN_TLS}key_file: the file HERE/encrypted.key is encrypted, and the exporter cannot ask for its password",
    ),
    (tls(client_auth_type="Always"), f"{IN_TLS}client_auth_type: write one of {', '.join(CLIENT_AUTH)}"),
    (tls(client_ca_file="ca.crt"), USELESS_AUTHORITY),
    (tls(**{**MUTUAL, "client_ca_file": "nowhere"}), f"{IN_TLS}client_ca_file: the file HERE/nowhere {NOT_THERE}"),
    (tls(min_version="TLS14"), f"{IN_TLS}min_version: write one of TLS12, TLS13"),
    (tls(max_version="1.2"), f"{IN_TLS}max_version: write one of TLS12, TLS13"),
    (tls(cipher_suites=["AES128-SHA"]), f"{IN_TLS}cipher_suites: write one of {', '.join(CIPHERS)}"),
    (tls(cipher_suites={"TLS_AES": 1}), f"{IN_TLS}cipher_suites: write a list of at least one"),
    (tls(curve_preferences=["P256"]), f"{IN_TLS}curve_preferences: write one of {', '.join(CURVES)}"),
    (tls(prefer_server_cipher_suites="maybe"), f"{IN_TLS}prefer_server_cipher_suites: write true or false"),
    ({"http_server_config": {"http3": True}}, "http_server_config.http3: unknown key; did you mean http2?"),
    ({"http_server_config": {"http2": "maybe"}}, "http_server_config.http2: write true or false"),
    (headers("Server", "x"), f"{IN_HEADERS}Server: unknown key"),
    (
        headers("x-frame-options", "deny"),
        f"{IN_HEADERS}x-frame-options: unknown key; did you mean X-Frame-Options?",
    ),
    (headers("X-Frame-Options", "DENY"), f"{IN_HEADERS}X-Frame-Options: write deny or sameorigin"),
    (headers("X-Content-Type-Options", "x"), f"{IN_HEADERS}X-Content-Type-Options: write nosniff"),
    (user("alice", ""), f"basic_auth_users.alice: {BAD_HASH}"),
    (user("alice", PASSWORD), f"basic_auth_users.alice: {BAD_HASH}"),
    (user("alice", HASH[:40]), f"basic_auth_users.alice: {BAD_HASH}"),
    (
        user("alice", HASH.replace("$04$", "$03$")),
        "basic_auth_users.alice: was hashed at a cost below 4, which bcrypt does not have",
    ),
    (user("alice", HASH.replace("$2b$", "$3b$")), f"basic_auth_users.alice: {BAD_HASH}"),
    (user(HASH, "alice"), f"basic_auth_users[0]: {BAD_HASH}"),
]  # fmt: skip


@pytest.mark.parametrize(("sections", "problem"), WRONG, ids=lambda one: str(one)[:60])
def test_a_wrong_file_is_refused_with_its_path_and_promtool_agrees(
    sections: dict[str, Any], problem: str, here: Place, generation: str
) -> None:
    file = here.write(**sections)

    assert problems(file) == [problem]
    assert not promtool(file, generation)


NO_USERS = "basic_auth_users: write each user's name and the bcrypt hash of the password, or leave it out"
VISIBLE = "write visible ASCII characters on one line"
COST = "was hashed at a cost above 15, with which anyone could keep a CPU busy"
INLINE = "is not allowed inline; write the path of its file, under the key that ends in _file"
OLD = "is too old to be safe; write TLS12 or TLS13"
UNVERIFIED = (
    "would ask for a certificate and not verify it, which Python's ssl cannot do and which keeps nobody out;"
    " write VerifyClientCertIfGiven or RequireAndVerifyClientCert"
)
NO_AUTHORITY = f"{IN_TLS}client_ca_file: is missing; it is needed to verify clients' certificates"
ONE_CURVE = "write only one, or none: Python's ssl cannot order several, and its default is good"
NOT_HERE: list[tuple[dict[str, Any], str]] = [
    (tls(min_version="TLS10"), f"{IN_TLS}min_version: {OLD}"),
    (tls(max_version="TLS11"), f"{IN_TLS}max_version: {OLD}"),
    (tls(min_version="TLS13", max_version="TLS12"), f"{IN_TLS}min_version: must not be above max_version"),
    (tls(client_auth_type="RequestClientCert"), f"{IN_TLS}client_auth_type: {UNVERIFIED}"),
    (tls(client_auth_type="RequireAnyClientCert"), f"{IN_TLS}client_auth_type: {UNVERIFIED}"),
    (tls(client_auth_type="RequireClientCert"), f"{IN_TLS}client_auth_type: {UNVERIFIED}"),
    (tls(client_auth_type="VerifyClientCertIfGiven"), NO_AUTHORITY),
    (tls(client_auth_type="RequireAndVerifyClientCert"), NO_AUTHORITY),
    (
        tls(**{**MUTUAL, "client_ca_file": "empty"}),
        f"{IN_TLS}client_ca_file: the file HERE/empty holds no certificate in PEM",
    ),
    (tls(curve_preferences=["X25519", "CurveP256"]), f"{IN_TLS}curve_preferences: {ONE_CURVE}"),
    (
        tls(cipher_suites=["TLS_AES_128_GCM_SHA256"]),
        f"{IN_TLS}cipher_suites: is a suite of TLS 1.3, whose suites cannot be chosen; list suites of TLS 1.2 only",
    ),
    (
        tls(cipher_suites=["TLS_RSA_WITH_AES_128_GCM_SHA256"]),
        f"{IN_TLS}cipher_suites: lists a suite without forward secrecy; list those that begin with TLS_ECDHE",
    ),
    ({"tls_server_config": {"min_version": "TLS13"}}, f"{IN_TLS}cert_file: is missing"),
    (
        {"http_server_config": {"http2": True}},
        "http_server_config.http2: write false, or leave it out: only HTTP/1.1 is supported, which Prometheus accepts",
    ),
    (headers("X-XSS-Protection", "1\r\nSet-Cookie: a"), f"{IN_HEADERS}X-XSS-Protection: {VISIBLE}"),
    (headers("Content-Security-Policy", "ä"), f"{IN_HEADERS}Content-Security-Policy: {VISIBLE}"),
    (user("alice", HASH.replace("$04$", "$16$")), f"basic_auth_users.alice: {COST}"),
    (user("alice", HASH.replace("$04$", "$31$")), f"basic_auth_users.alice: {COST}"),
    (user("alice", HASH[:7] + "!" * 53), f"basic_auth_users.alice: {BAD_HASH}"),
    (user("a:b", HASH), "basic_auth_users[0]: write a name without a colon, which would end the name in a request"),
    (user("", HASH), "basic_auth_users[0]: write a name without a colon, which would end the name in a request"),
    ({"basic_auth_users": {}}, NO_USERS),
    ({"basic_auth_users": None}, NO_USERS),
]  # fmt: skip


@pytest.mark.live
@pytest.mark.parametrize(("sections", "problem"), NOT_HERE, ids=lambda one: str(one)[:60])
def test_what_prometheus_servers_take_and_this_one_does_not_is_refused_with_the_reason(
    sections: dict[str, Any], problem: str, here: Place
) -> None:
    file = here.write(**sections)

    assert problem in problems(file)
    assert any(promtool(file, one) for one in GENERATIONS), "promtool refuses it too: it belongs to the table above"


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        (tls(cert="x"), f"{IN_TLS}cert: {INLINE}"),
        (tls(key="x"), f"{IN_TLS}key: {INLINE}"),
        (tls(client_ca="x"), f"{IN_TLS}client_ca: {INLINE}"),
        (
            tls(client_allowed_sans=["x"]),
            f"{IN_TLS}client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert",
        ),
        (
            tls(**MUTUAL, client_allowed_sans=[1]),
            f"{IN_TLS}client_allowed_sans: write the names, addresses or URIs that a client's certificate may have",
        ),
        ({"rate_limit": {"interval": "1s"}}, "rate_limit: cannot be set; clients are limited without it"),
    ],
    ids=lambda one: str(one)[:60],
)  # fmt: skip
def test_what_came_into_the_form_later_is_known_too(sections: dict[str, Any], problem: str, here: Place) -> None:
    assert problems(here.write(**sections)) == [problem]


def test_the_example_is_valid_and_its_paths_are_taken_from_its_folder(here: Place, generation: str) -> None:
    example = (ROOT / "deploy" / "web-config.example.yml").read_text()
    here.file.write_text(example)

    assert problems(here.file) == []
    assert promtool(here.file, generation)
