"""Listening beyond this machine is warned of, unless TLS and a password protect it."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from web_certificates import HASH, MUTUAL, TLS, USER, Place, place

from exporter.web.addresses import listen
from exporter.web.exposure import warn_if_exposed
from exporter.web.protection import WebConfig

pytestmark = pytest.mark.slow


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path)


LACKING = [
    (None, "TLS, a password"),
    ({"http_server_config": {"http2": False}}, "TLS, a password"),
    ({"tls_server_config": TLS}, "a password"),
    ({"basic_auth_users": {USER: HASH}}, "TLS"),
    ({"tls_server_config": {**MUTUAL, "client_auth_type": "VerifyClientCertIfGiven"}}, "a password"),
    ({"tls_server_config": MUTUAL}, ""),
    ({"tls_server_config": TLS, "basic_auth_users": {USER: HASH}}, ""),
]


@pytest.mark.parametrize(("sections", "lacking"), LACKING, ids=str)
@pytest.mark.parametrize(
    ("addresses", "exposed"),
    [
        (["127.0.0.1:0"], False),
        (["[::1]:0", "127.0.0.2:0"], False),
        (["0.0.0.0:0"], True),
        (["127.0.0.1:0", ":0"], True),
    ],
)
def test_listening_beyond_this_machine_is_warned_of_unless_it_is_protected(
    addresses: list[str], exposed: bool, sections: dict[str, Any] | None, lacking: str, here: Place
) -> None:
    sockets = listen(addresses)
    protection = None if sections is None else WebConfig(here.write(**sections))
    with capture_logs() as logs:
        warn_if_exposed(sockets, protection)
    for one in sockets:
        one.close()

    warned = [(log["log_level"], log["without"]) for log in logs]
    assert warned == ([("warning", lacking)] if exposed and lacking else [])
