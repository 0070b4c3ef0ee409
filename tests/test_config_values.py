from pathlib import Path

import pytest
from configurations import UUID, account, parsed

from exporter.config import parse
from exporter.durations import Rate
from exporter.secret import EnvironmentSecret, FileSecret
from exporter.vendors.account import Account
from exporter.vendors.ionos.account import Ionos
from exporter.vendors.netnut.account import NetNut
from exporter.vendors.planship.account import Planship, ProductSetting
from exporter.vendors.prolifi.account import Prolifi
from exporter.vendors.settings.types import TLS


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "a-token-of-tests")
    (tmp_path / "token").write_text("a-token-in-a-file\n")


@pytest.mark.parametrize(
    ("vendor", "model", "interval", "stale_after", "base_url"),
    [
        ("netnut", NetNut, 300, 3600, "https://customers-api.netnut.io/v1"),
        ("ionos", Ionos, 3600, 10_800, "https://api.ionos.com/billing"),
        ("prolifi", Prolifi, 300, 3600, "https://api.prolifi.co/api/v1/public"),
        ("planship", Planship, 300, 3600, "https://api.planship.io"),
    ],
)
def test_what_is_not_set_has_its_default(
    vendor: str, model: type[Account], interval: float, stale_after: float, base_url: str
) -> None:
    one = parsed(account(vendor))

    assert type(one) is model
    assert (one.interval, one.stale_seconds, one.base_url, one.timeout) == (interval, stale_after, base_url, 30)
    assert (one.max_series, one.rate_limit, one.proxy_url, one.allow_insecure_http) == (10_000, None, None, False)
    assert (one.tls, one.stale_after) == (TLS(ca_file=None, insecure_skip_verify=False), None)
    assert base_url == f"https://{one.host}{base_url.removeprefix(f'https://{one.host}')}"


@pytest.mark.parametrize(("interval", "seconds"), [("1s", 3600), ("20m", 3600), ("21m", 3780), ("1d", 259_200)])
def test_a_reading_is_shown_for_three_intervals_and_at_least_an_hour(interval: str, seconds: float) -> None:
    assert parsed(account("netnut", f"interval: {interval}")).stale_seconds == seconds
    assert parsed(account("netnut", f"interval: {interval}, stale_after: 2d")).stale_seconds == 172_800


def test_a_good_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    text = """\
accounts:
  - {vendor: netnut, name: 0123, email: a@b.c, password_file: token, sub_users: [90011001, 0042], plan_status: all,
     rate_limit: 60/1m30s, stale_after: 1d2h3m4s, proxy_url: "http://proxy.example.com:3128"}
  - {vendor: ionos, name: yes, username: u, password: "${TOKEN}", contracts: [031909628], cost: true,
     datacenters: [null, 6F1C4C1E-5D55-4F0A-9A53-0C4B6FA7D0C1]}
  - {vendor: prolifi, name: a@b.c, api_key: "${TOKEN}", customers: [6F1C4C1E-5D55-4F0A-9A53-0C4B6FA7D0C1], window: 7}
  - {vendor: planship, name: a, client_id: b, client_secret_file: /absent/../absent, customers: [42, team/blue],
     products: [{slug: p, levers: [l], metering_ids: [m]}], buckets: true}
"""
    (tmp_path / "secret").write_text("s3cret-in-a-file\n")
    text = text.replace("/absent/../absent", str(tmp_path / "secret"))

    netnut, ionos, prolifi, planship = parse(text.encode(), tmp_path).accounts

    assert isinstance(netnut, NetNut)
    assert (netnut.name, netnut.sub_users, netnut.plan_status) == ("0123", ("90011001", "0042"), "all")
    assert (netnut.rate_limit, netnut.stale_seconds) == (Rate(60, 90.0), 93_784)
    assert (netnut.secret("password"), netnut.token) == (FileSecret(tmp_path / "token"), None)
    assert isinstance(ionos, Ionos)
    assert (ionos.name, ionos.contracts, ionos.cost) == ("yes", ("031909628",), True)
    assert ionos.datacenters == ("null", UUID)
    assert ionos.secret("password") == EnvironmentSecret("TOKEN")
    assert isinstance(prolifi, Prolifi)
    assert (prolifi.name, prolifi.customers, prolifi.window) == ("a@b.c", (UUID,), 7)
    assert isinstance(planship, Planship)
    assert planship.customers == ("42", "team/blue")
    assert planship.products == (ProductSetting(slug="p", levers=("l",), metering_ids=("m",)),)
    assert planship.secret("client_secret") == FileSecret(tmp_path / "secret")
