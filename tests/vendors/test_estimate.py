"""What is said of an interval that is shorter than the calls of all customers take, and of many customers."""

from pathlib import Path

import pytest
from configurations import UUID, account

from exporter.cli.polls import poll_estimates
from exporter.config import parse
from exporter.problems import ConfigError
from exporter.sharding import Shard

IDS = [f"{UUID[:-4]}{number:04}" for number in range(2500)]
NAMES = [f"customer-{number}" for number in range(2500)]
MANY = "max_customers: 100000"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")


def prolifi(count: int, settings: str = "window: all") -> str:
    listed = f"customers: [{', '.join(IDS[:count])}], {settings}"
    return account("prolifi", listed).replace(" discover: true,", "")


def planship(count: int, settings: str, products: str = "[{slug: p, levers: [l]}]") -> str:
    plain = account("planship", settings).replace("[{slug: p, levers: [l]}]", products)
    return plain.replace("customers: [c]", f"customers: [{', '.join(NAMES[:count])}]")


def told(text: str, shard: Shard = Shard()) -> list[str]:  # noqa: B008 - it is frozen
    lines = poll_estimates(parse(text.encode(), Path()).shard_part(shard))
    return [line.removeprefix("warning: ") for line in lines]


SLOW = " if the vendor is slow"
ONLY = "; figures are shown for 1h only"
SHORT = "up to {} requests at {} a minute take {}, longer than the interval of {}{}: set an interval of at least {}"


def warning(requests: str, rate: str, takes: str, interval: str, only: str = "") -> str:
    return SHORT.format(requests, rate, takes, interval, only, takes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (account("netnut", "rate_limit: 1/1h, interval: 1m"), None),
        (account("ionos", "interval: 1s"), None),
        # How many customers there are is not known: the default of max_customers says nothing of that.
        (account("prolifi", "interval: 1s"), None),
        (account("prolifi", "interval: 1s, rate_limit: 1/1h"), None),
        (account("prolifi", "interval: 1m, max_customers: 790"), None),
        (planship(70, "interval: 70s, rate_limit: 60/1m"), None),
        (planship(39, "interval: 210s, rate_limit: 13/70s"), None),
        (account("prolifi", "interval: 1m, max_customers: 800"), ("808", "800", "1m1s", "1m")),
        (account("prolifi", "max_customers: 1000, entitlements: true"), None),
        (account("prolifi", "interval: 2m, max_customers: 1000, entitlements: true"), ("2,010", "800", "2m31s", "2m")),
        (account("prolifi", "interval: 1m, max_customers: 800, rate_limit: 1000/1m"), None),
        (account("prolifi", "max_customers: 1000, rate_limit: 2/1m"), ("1,010", "2", "8h25m", "5m", ONLY)),
        (account("prolifi", "max_customers: 1000, rate_limit: 1/7m"), ("1,010", "0.143", "4d21h50m", "5m", ONLY)),
        (prolifi(800, "interval: 1m"), None),
        (prolifi(801, "interval: 1m"), ("801", "800", "1m1s", "1m")),
        (planship(900, "interval: 1s"), None),
        (planship(60, "interval: 1m, rate_limit: 60/1m"), None),
        (planship(61, "interval: 1m, rate_limit: 60/1m"), ("61", "60", "1m1s", "1m")),
        (
            planship(
                10,
                "interval: 1m, rate_limit: 60/1m, entitlements: true, subscriptions: true",
                "[{slug: p, levers: [l, m], metering_ids: [n]}, {slug: q, levers: [l]}]",
            ),
            ("80", "60", "1m20s", "1m"),
        ),
    ],
)
def test_an_interval_that_is_too_short_is_said(text: str, said: tuple[str, ...] | None) -> None:
    expected = [f"{text.split()[2].rstrip(',')}/a: {warning(*said)}"] if said else []

    assert told(text) == expected


@pytest.mark.parametrize(
    ("shard", "said"),
    [
        (Shard(), ("2,500", "800", "3m8s", "2m")),
        (Shard(0, 2), ("1,268", "400", "3m11s", "2m")),
        (Shard(1, 2), ("1,232", "400", "3m5s", "2m")),
    ],
)
def test_a_shard_has_its_share_of_the_customers_and_of_the_rate(shard: Shard, said: tuple[str, str, str, str]) -> None:
    assert told(prolifi(2500, "interval: 2m"), shard)[1:] == [f"prolifi/a: {warning(*said)}"]


@pytest.mark.parametrize(
    ("text", "shard", "said"),
    [
        (
            account("prolifi", f"{MANY}, interval: 3h"),
            Shard(),
            "prolifi/a: up to 100,000 customers in 100 slices, 101,000 requests, a cycle of 3h",
        ),
        (
            account("prolifi", f"{MANY}, interval: 3h, entitlements: true, rate_limit: 10000/1m"),
            Shard(),
            "prolifi/a: up to 100,000 customers in 100 slices, 201,000 requests, a cycle of 3h",
        ),
        (
            account("prolifi", f"{MANY}, interval: 3h"),
            Shard(3, 10),
            "prolifi/a: up to 10,000 customers in 10 slices, 11,000 requests, a cycle of 3h",
        ),
        (
            planship(2500, "interval: 1h"),
            Shard(),
            "planship/a: up to 2,500 customers in 3 slices, 2,500 requests, a cycle of 1h, or longer" + SLOW,
        ),
    ],
)
def test_how_long_a_cycle_of_many_customers_takes_is_said(text: str, shard: Shard, said: str) -> None:
    assert told(text, shard) == [said]


def test_a_cycle_takes_as_long_as_its_requests_where_that_is_longer_than_the_interval() -> None:
    assert told(account("prolifi", MANY)) == [
        "prolifi/a: up to 100,000 customers in 100 slices, 101,000 requests, a cycle of 2h6m15s",
        f"prolifi/a: {warning('101,000', '800', '2h6m15s', '5m', ONLY)}",
    ]


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ("interval: 1h", None),
        ("contracts: [12345]", 2),
        ("contracts: [12345, 23456], cost: true", 6),
        ("contracts: [12345, 23456], limits: true", 6),
        (f"contracts: [12345], datacenters: [{UUID}, null], cost: true, limits: true", 6),
    ],
)
def test_calls_of_contracts_are_known_where_the_contracts_are(settings: str, calls: int | None) -> None:
    (one,) = parse(account("ionos", settings).encode(), Path()).accounts

    assert one.max_request_count == calls


def test_every_warning_is_reported_with_its_account(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("an-invented-secret\n")
    (tmp_path / "token").chmod(0o644)
    text = "accounts: [{vendor: netnut, name: n, token_file: token}, {vendor: ionos, name: i, token: '${TOKEN}'}]"

    risk = "the file can be read by users other than its owner"
    assert list(poll_estimates(parse(text.encode(), tmp_path))) == [
        f"warning: netnut/n: token_file: {risk}: chmod 600 {tmp_path / 'token'}"
    ]


NEVER = "{} requests at {} a minute take {}, and figures are shown for {} only: set an interval of at least {}, and "
NEVER += "stale_after, if it is set, to twice that"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (planship(45, "rate_limit: 1/1m"), None),
        (planship(46, "rate_limit: 1/1m"), ("46", "1", "46m", "1h", "46m")),
        (planship(46, "rate_limit: 1/1m, interval: 46m"), None),
        (planship(46, "rate_limit: 1/1m, interval: 46m, stale_after: 1h"), ("46", "1", "46m", "1h", "46m")),
        (prolifi(2500, "rate_limit: 50/1m"), ("2,500", "50", "50m", "1h", "50m")),
        (account("prolifi", "max_customers: 100000"), None),
        (account("netnut", "rate_limit: 1/1h, interval: 1m"), None),
    ],
)
def test_customers_that_cannot_be_read_before_their_figures_are_too_old_are_no_configuration(
    text: str, said: tuple[str, ...] | None
) -> None:
    if said is None:
        assert parse(text.encode(), Path()).accounts
        return
    with pytest.raises(ConfigError) as raised:
        parse(text.encode(), Path())
    assert str(raised.value) == f"accounts[0].interval: {NEVER.format(*said)}"
