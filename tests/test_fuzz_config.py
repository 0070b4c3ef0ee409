"""Whatever stands in a configuration: it is one that can be used, or it is refused with every problem in our words."""

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from configurations import MINIMAL, UUID
from hypothesis import example, given
from hypothesis import strategies as st
from polled_accounts import NOW, Tally, client_of

from exporter import strict_yaml
from exporter.config import Config, parse
from exporter.durations import read_duration, read_rate, write_duration
from exporter.problems import ConfigError
from exporter.vendors import VENDORS
from exporter.vendors.periods import CalendarPeriod, read_period
from exporter.vendors.quotas import ConfiguredQuota
from exporter.vendors.settings.warnings import account_warnings

pytestmark = pytest.mark.slow

CANARY = "CaNaRy"
PLACES = frozenset({"password_file", "token_file", "api_key_file", "client_secret_file", "ca_file"})
"""What these hold may be said: where a secret is, or a certificate."""
PATTERNS = (
    ".*",
    "(",
    "[a",
    "a{2,1}",
    "a{99999999999}",
    "(" * 3000 + ")" * 3000,
    "(?P<a>",
    "\\1",
    "(?i",
    "(?<=a+)",
    "a**",
)
URLS = ("https://h", "http://h", "http://[", "http://h:99999999", "http://u:p@h", "http://\u212a", "https://h/..")
WORDS = st.sampled_from(
    (
        *("", ".", "..", "a", "null", "true", "5m", "1s", "366d", "99999999999y", "60/1m", "0/1m", "9/0s", "${TOKEN}"),
        *("month", "plan", "none", "all", UUID, "2026-01-15", "2026-02-30", "0001-01-01", "9999-12-31", "${", "\x00"),
        *("ionos_meter_quantity", "netnut_gb_used", "planship_lever_usage", "prolifi_event_count", "unit", "meter_id"),
        *("\ud800", "x" * 300, *PATTERNS, *URLS),
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=9) | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def nearly(kind: type[Any], others: st.SearchStrategy[Any] = VALUES) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(kind.model_fields, others))


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, Any]:
    """An account that could do, with some settings replaced: by anything, or by something like what belongs there."""
    vendor = draw(st.sampled_from(sorted(VENDORS)))
    account: Any = strict_yaml.load(f"{{{MINIMAL[vendor]}}}".encode())
    fields = sorted(set(VENDORS[vendor].model_fields) - PLACES)
    account |= draw(st.dictionaries(st.sampled_from(fields), VALUES, max_size=3))
    if draw(st.booleans()):
        account["quotas"] = draw(st.lists(nearly(ConfiguredQuota, WORDS | VALUES), max_size=2) | VALUES)
    if draw(st.integers(0, 3)) == 0:
        account[draw(st.text(max_size=9))] = draw(VALUES)
    return {**account, "vendor": draw(st.sampled_from((*[vendor] * 9, CANARY, "")))}


def configuration(text: bytes) -> Config | ConfigError:
    with pytest.MonkeyPatch.context() as monkeypatch, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of patterns that will mean something else one day
        monkeypatch.setenv("TOKEN", "a-token-of-tests")
        try:
            return parse(text, Path("/absent"))
        except ConfigError as error:
            return error


def is_sound(found: Config | ConfigError) -> bool:
    """Whether it is a configuration with accounts, or problems that can be printed."""
    if isinstance(found, Config):
        return bool(found.accounts)
    return bool(found.problems) and all(line.isprintable() for line in str(found).split("\n"))


@given(st.lists(accounts(), min_size=1, max_size=2))
def test_accounts_of_any_settings_can_be_used_or_are_refused_without_their_values(
    entries: list[dict[str, Any]],
) -> None:
    found = configuration(strict_yaml.dump({"accounts": entries}).encode("utf-8", "surrogatepass"))

    assert is_sound(found)
    if isinstance(found, ConfigError):
        shown = {key for entry in entries for key in entry} | {str(entry.get("quotas")) for entry in entries}
        assert CANARY not in str(found) or any(CANARY in one for one in shown)
        return
    for account in found.accounts:
        assert account.host
        assert account.stale_seconds >= account.interval > 0
        assert list(account_warnings(account)) is not None
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("TOKEN", "a-token-of-tests")
            assert account.auth == account.auth
        client_of(account, Tally())


@given(
    st.lists(
        st.sampled_from(
            (
                *(
                    "accounts:",
                    "\n",
                    "\n  ",
                    "\n  - ",
                    "- ",
                    "vendor: ionos",
                    "name: a",
                    "token: ${TOKEN}",
                    "contracts: ",
                ),
                *(
                    "&a ",
                    "*a",
                    "!!str ",
                    "<<: ",
                    "? ",
                    ": ",
                    "[",
                    "]",
                    "{",
                    "}",
                    ",",
                    "|\n",
                    ">-\n",
                    "'",
                    '"',
                    "#",
                    "~",
                    "=",
                ),
                *(
                    "---\n",
                    "...\n",
                    "%YAML 1.2\n",
                    "\t",
                    "\ufeff",
                    "\u2028",
                    "\x85",
                    "\\u",
                    "\x00",
                    "12345",
                    "0x10",
                    "1e3",
                ),
            )
        ),
        max_size=25,
    ).map("".join)
)
@example("accounts: [{vendor: ionos, name: a, token: '${TOKEN}', quotas: [{match: {unit: 'a{99999999999}'}}]}]")
@example("accounts: " + "[" * 31 + "]" * 31)
@example("{" * 100_000)
def test_pieces_of_yaml_are_a_configuration_or_refused(text: str) -> None:
    assert is_sound(configuration(text.encode()))


@pytest.mark.parametrize("vendor", VENDORS)
@given(data=st.data())
def test_a_good_file_that_is_spoilt_somewhere_is_read_or_refused(vendor: str, data: st.DataObject) -> None:
    text = bytearray(f"accounts:\n  - {{{MINIMAL[vendor]}, interval: 5m, tls: {{}}}}\n".encode())
    assert isinstance(configuration(bytes(text)), Config)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        text[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))

    assert is_sound(configuration(bytes(text)))


@given(VALUES | WORDS | st.fixed_dictionaries({"every": WORDS, "from": WORDS}))
def test_any_period_is_one_that_now_is_in_or_refused(value: object) -> None:
    try:
        period = read_period(value)
    except ValueError:
        return
    if not isinstance(period, str):
        span = period.span_at(NOW)
        assert span.start is not None
        assert span.end is not None
        assert span.start <= NOW.timestamp() < span.end


@given(st.integers(1, 31), st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds are naive
def test_months_follow_each_other_without_a_gap(day: int, now: datetime) -> None:
    span = CalendarPeriod(day=day).span_at(now)

    assert span.start is not None
    assert span.end is not None
    assert span.start <= now.timestamp() < span.end
    assert CalendarPeriod(day=day).span_at(datetime.fromtimestamp(span.end, UTC)).start == span.end


@given(st.integers(1, 10**12).map(lambda milliseconds: milliseconds / 1000))
def test_a_duration_is_read_as_it_is_written(seconds: float) -> None:
    assert read_duration(write_duration(seconds)) == pytest.approx(seconds)


@given(st.text(st.sampled_from("0123456789/ymdhsw. \u0663"), max_size=12))
def test_any_rate_is_one_or_refused(text: str) -> None:
    try:
        rate = read_rate(text)
    except ValueError:
        return
    assert rate.requests > 0
    assert rate.seconds > 0
