"""What `check` says of the mistakes that people make: a table of what was written, and of what is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kept_logging import kept_logging

from exporter.cli.main import main

NETNUT = "accounts:\n  - vendor: netnut\n    name: main\n    token_file: token\n"
IONOS = "accounts:\n  - vendor: ionos\n    name: main\n    token_file: token\n"
PROLIFI = "accounts:\n  - vendor: prolifi\n    name: main\n    api_key_file: token\n"
FORTY = "accounts:\n" + "".join(
    f"  - vendor: netnut\n    name: a{n}\n    timeout: {n}s\n    token_file: token\n" for n in range(1, 41)
)
PATTERN = ":9 (ionos/main): quotas[0].match.meter_id: write a regular expression; it has to match the whole"
AT_TOP = "unknown key; write it in an account, or below defaults.all for every account"
QUOTA = "    quotas:\n      - name: q\n        metric: ionos_meter_quantity\n        limit: {}\n"


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


def check(folder: Path, text: str, secret: bytes = b"an-invented-secret\n", *options: str) -> Result:
    (folder / "token").write_bytes(secret)
    (folder / "token").chmod(0o600)
    (folder / "config.yaml").write_text(text)
    return CliRunner().invoke(main, ["check", f"--config.file={folder / 'config.yaml'}", *options])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NETNUT + "    nmae: x\n", ":5 (netnut/main): nmae: unknown key; did you mean name?"),
        (NETNUT.replace("name:", "nmae:"), ":3: accounts[0].nmae: unknown key; did you mean name?"),
        (NETNUT.replace("token_file", "token_flie"),
         ":4 (netnut/main): token_flie: unknown key; did you mean token_file?"),
        (NETNUT.replace("token_file: token", "emial: a@example.com\n    password_file: token"),
         ":4 (netnut/main): emial: unknown key; did you mean email?"),
        (NETNUT.replace("token_file: token", "email: ${MY_EMAIL}\n    password_file: token"),
         ":4 (netnut/main): email: ${...} only works in secrets; write the value itself"),
        (NETNUT + "    base_url: ${URL}\n",
         ":5 (netnut/main): base_url: ${...} only works in secrets; write the value itself"),
        (NETNUT + "    rate_limit: 60/min\n",
         ":5 (netnut/main): rate_limit: write the duration with its number, such as 60/1m"),
        (NETNUT + "    rate_limit: 1/s\n",
         ":5 (netnut/main): rate_limit: write the duration with its number, such as 60/1s"),
        *((IONOS + QUOTA.format(limit),
           ":8 (ionos/main): quotas[0].limit: write a number in digits only, such as 50000 or 0.5")
          for limit in ("1e4", "50_000", "50,000", "50k")),
        (NETNUT + "    proxy_url: proxy:3128\n",
         ":5 (netnut/main): proxy_url: write a URL such as http://proxy.example.com:3128; SOCKS is not supported"),
        (NETNUT + "    proxy_url: socks5://proxy:1080\n",
         ":5 (netnut/main): proxy_url: write a URL such as http://proxy.example.com:3128; SOCKS is not supported"),
        (NETNUT + "    ca_file: ca.pem\n", ":5 (netnut/main): ca_file: unknown key; write it below tls"),
        (IONOS + QUOTA.format(5) + "        match: {meter_id: 'C0.*('}\n",
         f"{PATTERN}: missing ), unterminated subpattern at position 5"),
        (IONOS + QUOTA.format(5) + "        match: {meter_id: '*'}\n",
         f"{PATTERN}: for anything, write .*"),
        (IONOS + QUOTA.format(5).replace("ionos_meter_quantity", "netnut_gb_used"),
         ":7 (ionos/main): quotas[0].metric: is not a metric of ionos; write one of ionos_meter_quantity,"),
        (IONOS + QUOTA.format(5).replace("quantity", "info"),
         ":7 (ionos/main): quotas[0].metric: is not an amount that can be used up: an _info is always 1,"),
        *((PROLIFI + f"    discover: {flag}\n",
           ":5 (prolifi/main): discover: write true or false, in small letters and without quotes")
          for flag in ("True", "yes", '"true"')),
        ('accounts:\n  - vendor: "netnut\n    name: main\n    token_file: "token"\n', ":2: the quote is not closed"),
        (NETNUT.replace("name: main", "name:main"), ":3: write a space after the colon"),
        (NETNUT.replace("    name", "\u00a0   name"), ":3: a no-break space; write a plain one"),
        (f"global: {{}}\n{NETNUT}", f":1: global: {AT_TOP}"),
        (f"interval: 5m\n{NETNUT}", f":1: interval: {AT_TOP}"),
        (IONOS + QUOTA.format(5) + "        match: {meter_id: \u201cC0.*\u201d}\n",
         ":9 (ionos/main): quotas[0].match.meter_id: begins with a typographic quote; write a plain one, ' or \""),
        ("accounts:\n  - vendor: netnut\n    token_file: token\n", ":2: accounts[0].name: is missing"),
        (NETNUT + "\tinterval: 5m\n", ":5:1: a tab; indent with spaces"),
        (IONOS.replace("    token_file: token\n", ""),
         ":2 (ionos/main): no credentials: give username and password, or token (or a secret's _file)"),
        (IONOS + "    stale_after: 59m\n", ":5 (ionos/main): stale_after: must be at least interval (1h)"),
        (IONOS + QUOTA.format(5).replace("ionos_meter_quantity", "ionos_estimated_cost"),
         ":7 (ionos/main): quotas[0].metric: is only available with cost; set that on the account"),
        (IONOS + "    interval: &often 5m\n", ":5:15: anchors are not supported; write each value out"),
        (IONOS + QUOTA.format(5) + "        match: {meter: C}\n",
         ":9 (ionos/main): quotas[0].match.meter: is not a label of ionos_meter_quantity; write contract,"),
        (IONOS + QUOTA.format(5) + "        by: [plan]\n",
         ":9 (ionos/main): quotas[0].by[0]: is not a label of ionos_meter_quantity; write contract,"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_line_and_account(text: str, said: str, tmp_path: Path) -> None:
    result = check(tmp_path, text)

    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"{tmp_path / 'config.yaml'}{said}")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("timeot: 27s", "timeot: unknown key; did you mean timeout?"),
        ("timeout: 27", "timeout: write a duration with its unit, such as 30s, 5m, 1h or 1h30m"),
    ],
)
def test_a_mistake_in_the_27th_of_40_accounts_is_said_as_in_the_first(wrong: str, said: str, tmp_path: Path) -> None:
    result = check(tmp_path, FORTY.replace("timeout: 27s", wrong))

    assert result.stderr == f"{tmp_path / 'config.yaml'}:108 (netnut/a27): {said}\n"


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (b"'a-quoted-one", "begins with a quote, which becomes part of it"),
        (b"IONOS_TOKEN=abcdefgh", "looks like NAME=value; only the value belongs there"),
    ],
)
def test_a_secret_that_looks_odd_is_warned_of(secret: bytes, said: str, tmp_path: Path) -> None:
    result = check(tmp_path, IONOS, secret)

    assert (result.exit_code, result.stderr) == (0, "")
    assert f"warning: ionos/main: token_file: the file {tmp_path / 'token'} {said}\n" in result.stdout
    assert secret.decode() not in result.stdout


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (b"a-token-and-a-blank \n", "a token must consist of visible ASCII characters; begins or ends with a space"),
        ("\ufeffa-token".encode(), "begins with a byte order mark; save it as UTF-8 without one"),
    ],
)
def test_a_secret_that_cannot_be_sent_is_a_mistake(secret: bytes, said: str, tmp_path: Path) -> None:
    result = check(tmp_path, IONOS, secret)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path / 'config.yaml'}:4 (ionos/main): token_file: ")
    assert said in result.stderr


PASSWORD = NETNUT.replace("token_file: token", "email: ops@example.com\n    password_file: token")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NETNUT + "    timeout: 10m\n",
         "netnut/main: timeout (10m) is longer than interval (5m): a slow vendor delays the next poll"),
        (NETNUT + NETNUT.removeprefix("accounts:\n").replace("main", "other"),
         "netnut/main and netnut/other sign in with the same credentials, and share one rate"),
        (IONOS + QUOTA.format(5) + "        period: {every: 30d, from: 2999-01-01}\n",
         "ionos/main: quota q: its period begins on a future day, 2999-01-01"),
    ],
)  # fmt: skip
def test_what_is_risky_is_a_warning(text: str, said: str, tmp_path: Path) -> None:
    result = check(tmp_path, text)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == [f"warning: {said}"]


def test_a_password_with_a_blank_at_its_end_may_be_meant(tmp_path: Path) -> None:
    result = check(tmp_path, PASSWORD, b"a password with one \n")

    assert result.exit_code == 0
    assert "begins or ends with a space, which becomes part of it" in result.stdout


@pytest.mark.parametrize(("mode", "said"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o644, 1)])
def test_a_file_that_others_can_read_is_warned_of_with_what_to_do(mode: int, said: int, tmp_path: Path) -> None:
    check(tmp_path, IONOS)
    (tmp_path / "token").chmod(mode)
    result = CliRunner().invoke(main, ["check", f"--config.file={tmp_path / 'config.yaml'}"])

    told = f"token_file: the file can be read by users other than its owner: chmod 600 {tmp_path / 'token'}\n"
    assert result.stdout.count(f"warning: ionos/main: {told}") == said


def test_problems_are_in_the_order_of_their_lines_and_counted(tmp_path: Path) -> None:
    result = check(tmp_path, NETNUT + "    timeout: 1\n    zzz: 1\n    interval: 1\n" + "defaults: 3\n")
    *lines, last = result.stderr.splitlines()

    assert [int(line.removeprefix(f"{tmp_path / 'config.yaml'}:").split(" ")[0].rstrip(":")) for line in lines] == [
        5,
        6,
        7,
        8,
    ]
    assert last == f"{tmp_path / 'config.yaml'}: 4 problems found"


def test_a_plan_says_what_polling_takes(tmp_path: Path) -> None:
    many = "    discover: true\n    max_customers: 400\n    interval: 1h\n"
    result = check(tmp_path, PROLIFI + many + NETNUT.removeprefix("accounts:\n"), b"a-secret\n", "--plan")

    assert [" ".join(line.split()) for line in result.stdout.splitlines()[1:4]] == [
        "VENDOR ACCOUNT INTERVAL SLICES CALLS/POLL CALLS/HOUR CALLS/DAY LIMIT OF LIMIT",
        "prolifi main 1h 1 404 404 9,696 1000/1m 1%",
        "netnut main 5m 1",
    ]
