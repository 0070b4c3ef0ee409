from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from configurations import KNOWN, MINIMAL, account, problems
from kept_logging import kept_logging

from exporter import strict_yaml
from exporter.cli.main import main
from exporter.config import Config, as_yaml, load, parse
from exporter.problems import ConfigError

TWELVE = Path(__file__).parent / "bad_configs" / "twelve_mistakes.yaml"
DURATION = "write a duration with its unit, such as 30s, 5m, 1h or 1h30m"
NAME = "write up to 63 letters, digits and ._@- , the first a letter or digit"
LITERAL = "write ${NAME} of an environment variable, or use the ..._file setting; secrets are not allowed here"
UUID = "6f1c4c1e-5d55-4f0a-9a53-0c4b6fa7d0c1"
PATTERN = "write a regular expression; it has to match the whole"
ABSENT = "cannot be read (No such file or directory)"
LIST = "write a list of at least one account"


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "a-token-of-tests")


def test_every_mistake_of_a_file_is_said_at_once_with_its_place_and_without_its_value() -> None:
    folder = TWELVE.parent
    result = CliRunner().invoke(
        main, ["check", "--config.file", str(TWELVE)], env={"TWELVE_MISTAKES": "a-key-of-tests"}
    )

    assert result.exit_code == 2
    assert result.stdout == ""
    expected = [
        "2: defaults: write a mapping with all and names of vendors",
        f"5: accounts[0].name: {NAME}",
        "6: accounts[0].intervall: unknown key; did you mean interval?",
        f"8: accounts[0].password: {LITERAL}",
        f"9: accounts[0].timeout: {DURATION}",
        "10: accounts[0].base_url: must not contain a user name or password; they have their own settings",
        f"13 (ionos/main): token_file: the file {folder}/missing/token {ABSENT}",
        "14 (ionos/main): datacenters[0]: write the UUID of a data centre, or null",
        f"16 (ionos/main): tls.ca_file: the file {folder}/missing/ca.pem {ABSENT}",
        f"21 (prolifi/main): include[0]: {PATTERN}: missing ), unterminated subpattern at position 7",
        "23 (prolifi/main): name: is the name of accounts[2] too; unique per vendor",
        f"26: accounts[4].vendor: write one of {KNOWN}",
        " 12 problems found",
    ]
    assert result.stderr.splitlines() == [f"{TWELVE}:{line}" for line in expected]
    assert "shown" in TWELVE.read_text()
    assert "shown" not in result.output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["write a mapping with the key accounts"]),
        ("- a", ["write a mapping with the key accounts"]),
        ("accounts", ["write a mapping with the key accounts"]),
        ("accounts: []", [f"accounts: {LIST}"]),
        ("accounts: {vendor: netnut}", [f"accounts: {LIST}"]),
        ("acounts: []", ["acounts: unknown key; did you mean accounts?", f"accounts: {LIST}"]),
        ("accounts: [netnut]", ["accounts[0]: write a mapping with vendor, name and the vendor's settings"]),
        ("accounts: [{name: a}]", [f"accounts[0].vendor: write one of {KNOWN}"]),
        ("accounts: [{vendor: []}]", [f"accounts[0].vendor: write one of {KNOWN}"]),
        (
            "accounts: [{vendor: netnutt}]",
            [f"accounts[0].vendor: write one of {KNOWN}; did you mean netnut?"],
        ),
        ("accounts: [{vendr: netnut}]", ["accounts[0].vendr: unknown key; did you mean vendor?"]),
        (account("netnut", "stale_after: 4m"), ["accounts[0].stale_after: must be at least interval (5m)"]),
        (account("ionos", "stale_after: 59m"), ["accounts[0].stale_after: must be at least interval (1h)"]),
        (account("netnut", "sub_users: [1, 2, '1']"), ["accounts[0].sub_users: lists the same twice"]),
        (
            account("ionos", f"contracts: [31909628], datacenters: [{UUID}, {UUID.upper()}]"),
            ["accounts[0].datacenters: lists the same twice"],
        ),
        ("accounts:\n  - vendor: netnut\n    vendor: ionos", ["line 3, column 5: the key 'vendor' occurs twice here"]),
        (account("netnut", '"a\\nb": 1'), ["accounts[0].'a\\nb': unknown key"]),
        (
            account("planship").replace("client_id: b", "client_id: 'b:c'"),
            ["accounts[0].client_id: write a name without a colon, which ends it in basic authentication"],
        ),
        (account("netnut", "<<: {name: b}"), ["accounts[0].<<: unknown key"]),
    ],
)  # fmt: skip
def test_a_file_of_another_shape_is_refused(text: str, expected: list[str], tmp_path: Path) -> None:
    assert problems(text, tmp_path) == expected


def test_a_name_is_unique_per_vendor_only(tmp_path: Path) -> None:
    both = f"accounts:\n- {{{MINIMAL['netnut']}}}\n- {{{MINIMAL['ionos']}}}\n"

    assert [one.key for one in parse(both.encode(), tmp_path).accounts] == [("netnut", "a"), ("ionos", "a")]
    assert problems(f"{both}- {{{MINIMAL['netnut']}}}\n", tmp_path) == [
        "accounts[2].name: is the name of accounts[0] too; unique per vendor"
    ]


def test_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "secret").write_text("s3cret-in-a-folder")
    (tmp_path / "conf" / "config.yaml").write_text("accounts: [{vendor: netnut, name: a, token_file: secret}]")
    monkeypatch.chdir(tmp_path)

    (one,) = load(Path("conf/config.yaml")).accounts

    assert one.secret("token").read() == "s3cret-in-a-folder"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda _: None, "cannot be read: No such file or directory"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_its_name(
    make: Callable[[Path], None], problem: str, tmp_path: Path
) -> None:
    make(tmp_path / "config.yaml")

    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "config.yaml")

    assert str(raised.value) == f"{tmp_path / 'config.yaml'} {problem}"


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"#" * (strict_yaml.MAX_BYTES + 1))

    with pytest.raises(ConfigError, match=r"config.yaml: larger than 8388608 bytes\Z"):
        load(tmp_path / "config.yaml")


def test_a_configuration_cannot_be_changed(tmp_path: Path) -> None:
    config = parse(account("netnut").encode(), tmp_path)

    assert isinstance(config, Config)
    with pytest.raises(ValueError, match="frozen"):
        config.accounts[0].name = "b"  # type: ignore[misc]  # which is what is tested


SHOWN = """
accounts:
  - vendor: netnut
    name: a
    email: ops@example.com
    password_file: password
    interval: 90s
    rate_limit: 60/1m
    tls: {insecure_skip_verify: true}
    quotas:
      - {name: a, metric: netnut_gb_used, limit: 5, period: month}
      - {name: b, metric: netnut_gb_used, limit: 5, period: plan, match: {plan_id: "4.*"}, by: [plan_id]}
      - {name: c, metric: netnut_gb_used, limit: 5, period: {every: 30d, from: 2026-01-15}}
      - {name: d, metric: netnut_gb_used, limit: 5, period: {every: quarter, from: 2026-01-31}}
      - {name: e, metric: netnut_gb_used, limit: 5, period: {every: 2y, from: 2026-01-01}}
  - {vendor: ionos, name: a, token: "${TOKEN}", contracts: [31909628]}
  - {vendor: prolifi, name: a, api_key: "${TOKEN}", discover: true}
  - vendor: planship
    name: a
    client_id: b
    client_secret: "${TOKEN}"
    customers: ["c/d"]
    products: [{slug: p, levers: [l]}]
"""


def test_a_configuration_can_be_shown_whole_without_its_secrets_and_is_the_same_when_read_again(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a-password-of-tests")
    config = parse(SHOWN.encode(), tmp_path)

    text = as_yaml(config)

    assert parse(text.encode(), Path("/")) == config
    assert "a-token-of-tests" not in text
    assert "a-password-of-tests" not in text
    assert f"password_file: {tmp_path / 'password'}" in text
    assert "token: ${TOKEN}" in text
    assert "timeout: 30s" in text
